// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeConfigs (key 32).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeConfigsRequest`, versions 1 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeConfigsRequest<'a> {
    /// `[]DescribeConfigsResource`.
    pub resources: Vec<DescribeConfigsResource<'a>>,
    /// `bool`; default false.
    pub include_synonyms: bool,
    /// `bool` from version 3; default false.
    pub include_documentation: bool,
}

impl<'a> Wire<'a> for DescribeConfigsRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.resources = from.array()?;
        out.include_synonyms = from.bool()?;
        if version >= 3 {
            out.include_documentation = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.array(&self.resources)?;
        to.bool(self.include_synonyms);
        if version >= 3 {
            to.bool(self.include_documentation);
        } else {
            to.absent(!self.include_documentation)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeConfigsRequest`], versions 1 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `[]string`; null too.
    pub configuration_keys: Option<Vec<Cow<'a, str>>>,
}

impl Default for DescribeConfigsResource<'_> {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: Cow::Borrowed(""), configuration_keys: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResource<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        out.configuration_keys = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.array_or_null(self.configuration_keys.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeConfigsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeConfigs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=4;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `DescribeConfigsResponse`, versions 1 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeConfigsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DescribeConfigsResult`.
    pub results: Vec<DescribeConfigsResult<'a>>,
}

impl<'a> Wire<'a> for DescribeConfigsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeConfigsResponse`], versions 1 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `[]DescribeConfigsResourceResult`.
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

impl Default for DescribeConfigsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            configs: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResult<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        out.configs = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.array(&self.configs)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeConfigsResponse`], versions 1 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `string`; null too.
    pub value: Option<Cow<'a, str>>,
    /// `bool`.
    pub read_only: bool,
    /// `int8`; default -1.
    pub config_source: i8,
    /// `bool`.
    pub is_sensitive: bool,
    /// `[]DescribeConfigsSynonym`.
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// `int8` from version 3; default 0; left out where there is no place for it.
    pub config_type: i8,
    /// `string` from version 3; null too; left out where there is no place for it.
    pub documentation: Option<Cow<'a, str>>,
}

impl Default for DescribeConfigsResourceResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResourceResult<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.name = from.string()?;
        out.value = from.string_or_null()?;
        out.read_only = from.bool()?;
        out.config_source = from.i8()?;
        out.is_sensitive = from.bool()?;
        out.synonyms = from.array()?;
        if version >= 3 {
            out.config_type = from.i8()?;
            out.documentation = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.name)?;
        to.string_or_null(self.value.as_deref())?;
        to.bool(self.read_only);
        to.i8(self.config_source);
        to.bool(self.is_sensitive);
        to.array(&self.synonyms)?;
        if version >= 3 {
            to.i8(self.config_type);
            to.string_or_null(self.documentation.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeConfigsResponse`], versions 1 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `string`; null too.
    pub value: Option<Cow<'a, str>>,
    /// `int8`.
    pub source: i8,
}

impl Default for DescribeConfigsSynonym<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), value: Some(Cow::Borrowed("")), source: 0 }
    }
}

impl<'a> Wire<'a> for DescribeConfigsSynonym<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.value = from.string_or_null()?;
        out.source = from.i8()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.string_or_null(self.value.as_deref())?;
        to.i8(self.source);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeConfigsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeConfigs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=4;
    const FLEXIBLE_FROM: i16 = 4;
}
