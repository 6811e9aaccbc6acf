// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! IncrementalAlterConfigs (key 44).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `IncrementalAlterConfigsRequest`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct IncrementalAlterConfigsRequest<'a> {
    /// `[]AlterConfigsResource`.
    pub resources: Vec<AlterConfigsResource<'a>>,
    /// `bool`.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for IncrementalAlterConfigsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.resources = from.array()?;
        out.validate_only = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.resources)?;
        to.bool(self.validate_only);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`IncrementalAlterConfigsRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterConfigsResource<'a> {
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `[]AlterableConfig`.
    pub configs: Vec<AlterableConfig<'a>>,
}

impl<'a> Wire<'a> for AlterConfigsResource<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        out.configs = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.array(&self.configs)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`IncrementalAlterConfigsRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int8`.
    pub config_operation: i8,
    /// `string`; null too.
    pub value: Option<Cow<'a, str>>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), config_operation: 0, value: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for AlterableConfig<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.config_operation = from.i8()?;
        out.value = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i8(self.config_operation);
        to.string_or_null(self.value.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for IncrementalAlterConfigsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::IncrementalAlterConfigs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `IncrementalAlterConfigsResponse`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]AlterConfigsResourceResponse`.
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

impl<'a> Wire<'a> for IncrementalAlterConfigsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.responses = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.responses)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`IncrementalAlterConfigsResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
}

impl Default for AlterConfigsResourceResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")), resource_type: 0, resource_name: Cow::Borrowed("") }
    }
}

impl<'a> Wire<'a> for AlterConfigsResourceResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for IncrementalAlterConfigsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::IncrementalAlterConfigs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}
