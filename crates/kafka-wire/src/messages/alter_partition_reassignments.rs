// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AlterPartitionReassignments (key 45).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AlterPartitionReassignmentsRequest`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    /// `int32`; default 60000.
    pub timeout_ms: i32,
    /// `bool` from version 1; default true.
    pub allow_replication_factor_change: bool,
    /// `[]ReassignableTopic`.
    pub topics: Vec<ReassignableTopic<'a>>,
}

impl Default for AlterPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, allow_replication_factor_change: true, topics: Vec::new() }
    }
}

impl<'a> Wire<'a> for AlterPartitionReassignmentsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.timeout_ms = from.i32()?;
        if version == 1 {
            out.allow_replication_factor_change = from.bool()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.timeout_ms);
        if version == 1 {
            to.bool(self.allow_replication_factor_change);
        } else {
            to.absent(self.allow_replication_factor_change)?;
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReassignableTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]ReassignablePartition`.
    pub partitions: Vec<ReassignablePartition>,
}

impl<'a> Wire<'a> for ReassignableTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReassignablePartition {
    /// `int32`.
    pub partition_index: i32,
    /// `[]int32`; null too; default null.
    pub replicas: Option<Vec<i32>>,
}

impl<'a> Wire<'a> for ReassignablePartition {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.replicas = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.array_or_null(self.replicas.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterPartitionReassignmentsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterPartitionReassignments);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `AlterPartitionReassignmentsResponse`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `bool` from version 1; default true; left out where there is no place for it.
    pub allow_replication_factor_change: bool,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]ReassignableTopicResponse`.
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            responses: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for AlterPartitionReassignmentsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        if version == 1 {
            out.allow_replication_factor_change = from.bool()?;
        }
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.responses = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        if version == 1 {
            to.bool(self.allow_replication_factor_change);
        }
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.responses)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReassignableTopicResponse<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]ReassignablePartitionResponse`.
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

impl<'a> Wire<'a> for ReassignableTopicResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for ReassignablePartitionResponse<'_> {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for ReassignablePartitionResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterPartitionReassignmentsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterPartitionReassignments);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}
