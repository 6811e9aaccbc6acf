// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ListConfigResources (key 74).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ListConfigResourcesRequest`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListConfigResourcesRequest {
    /// `[]int8` from version 1.
    pub resource_types: Vec<i8>,
}

impl<'a> Wire<'a> for ListConfigResourcesRequest {
    const BYTES_MIN: usize = 1;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version == 1 {
            out.resource_types = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version == 1 {
            to.array(&self.resource_types)?;
        } else {
            to.absent(self.resource_types.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListConfigResourcesRequest {
    const API: Option<ApiKey> = Some(ApiKey::ListConfigResources);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `ListConfigResourcesResponse`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListConfigResourcesResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `[]ConfigResource`.
    pub config_resources: Vec<ConfigResource<'a>>,
}

impl<'a> Wire<'a> for ListConfigResourcesResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.config_resources = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.array(&self.config_resources)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ListConfigResourcesResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource<'a> {
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `int8` from version 1; default 16; left out where there is no place for it.
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self { resource_name: Cow::Borrowed(""), resource_type: 16 }
    }
}

impl<'a> Wire<'a> for ConfigResource<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.resource_name = from.string()?;
        if version == 1 {
            out.resource_type = from.i8()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.resource_name)?;
        if version == 1 {
            to.i8(self.resource_type);
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListConfigResourcesResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListConfigResources);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}
