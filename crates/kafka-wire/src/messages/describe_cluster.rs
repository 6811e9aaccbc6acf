// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeCluster (key 60).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeClusterRequest`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    /// `bool`.
    pub include_cluster_authorized_operations: bool,
    /// `int8` from version 1; default 1.
    pub endpoint_type: i8,
    /// `bool` from version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self { include_cluster_authorized_operations: false, endpoint_type: 1, include_fenced_brokers: false }
    }
}

impl<'a> Wire<'a> for DescribeClusterRequest {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.include_cluster_authorized_operations = from.bool()?;
        if version >= 1 {
            out.endpoint_type = from.i8()?;
        }
        if version == 2 {
            out.include_fenced_brokers = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            to.i8(self.endpoint_type);
        } else {
            to.absent(self.endpoint_type == 1)?;
        }
        if version == 2 {
            to.bool(self.include_fenced_brokers);
        } else {
            to.absent(!self.include_fenced_brokers)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeClusterRequest {
    const API: Option<ApiKey> = Some(ApiKey::DescribeCluster);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeClusterResponse`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8` from version 1; default 1.
    pub endpoint_type: i8,
    /// `string`.
    pub cluster_id: Cow<'a, str>,
    /// `int32`; default -1.
    pub controller_id: i32,
    /// `[]DescribeClusterBroker`.
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    /// `int32`; default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: Cow::Borrowed(""),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribeClusterResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        if version >= 1 {
            out.endpoint_type = from.i8()?;
        }
        out.cluster_id = from.string()?;
        out.controller_id = from.i32()?;
        out.brokers = from.array()?;
        out.cluster_authorized_operations = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        if version >= 1 {
            to.i8(self.endpoint_type);
        } else {
            to.absent(self.endpoint_type == 1)?;
        }
        to.string(&self.cluster_id)?;
        to.i32(self.controller_id);
        to.array(&self.brokers)?;
        to.i32(self.cluster_authorized_operations);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeClusterResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeClusterBroker<'a> {
    /// `int32`.
    pub broker_id: i32,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int32`.
    pub port: i32,
    /// `string`; null too; default null.
    pub rack: Option<Cow<'a, str>>,
    /// `bool` from version 2.
    pub is_fenced: bool,
}

impl<'a> Wire<'a> for DescribeClusterBroker<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.broker_id = from.i32()?;
        out.host = from.string()?;
        out.port = from.i32()?;
        out.rack = from.string_or_null()?;
        if version == 2 {
            out.is_fenced = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.broker_id);
        to.string(&self.host)?;
        to.i32(self.port);
        to.string_or_null(self.rack.as_deref())?;
        if version == 2 {
            to.bool(self.is_fenced);
        } else {
            to.absent(!self.is_fenced)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeClusterResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeCluster);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}
