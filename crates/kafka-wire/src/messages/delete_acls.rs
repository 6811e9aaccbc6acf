// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DeleteAcls (key 31).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DeleteAclsRequest`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteAclsRequest<'a> {
    /// `[]DeleteAclsFilter`.
    pub filters: Vec<DeleteAclsFilter<'a>>,
}

impl<'a> Wire<'a> for DeleteAclsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.filters = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.filters)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteAclsRequest`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter<'a> {
    /// `int8`.
    pub resource_type_filter: i8,
    /// `string`; null too.
    pub resource_name_filter: Option<Cow<'a, str>>,
    /// `int8`; default 3.
    pub pattern_type_filter: i8,
    /// `string`; null too.
    pub principal_filter: Option<Cow<'a, str>>,
    /// `string`; null too.
    pub host_filter: Option<Cow<'a, str>>,
    /// `int8`.
    pub operation: i8,
    /// `int8`.
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter<'_> {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(Cow::Borrowed("")),
            pattern_type_filter: 3,
            principal_filter: Some(Cow::Borrowed("")),
            host_filter: Some(Cow::Borrowed("")),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for DeleteAclsFilter<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.resource_type_filter = from.i8()?;
        out.resource_name_filter = from.string_or_null()?;
        out.pattern_type_filter = from.i8()?;
        out.principal_filter = from.string_or_null()?;
        out.host_filter = from.string_or_null()?;
        out.operation = from.i8()?;
        out.permission_type = from.i8()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.resource_type_filter);
        to.string_or_null(self.resource_name_filter.as_deref())?;
        to.i8(self.pattern_type_filter);
        to.string_or_null(self.principal_filter.as_deref())?;
        to.string_or_null(self.host_filter.as_deref())?;
        to.i8(self.operation);
        to.i8(self.permission_type);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteAclsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteAcls);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `DeleteAclsResponse`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteAclsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DeleteAclsFilterResult`.
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

impl<'a> Wire<'a> for DeleteAclsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.filter_results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.filter_results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteAclsResponse`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]DeleteAclsMatchingAcl`.
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

impl Default for DeleteAclsFilterResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")), matching_acls: Vec::new() }
    }
}

impl<'a> Wire<'a> for DeleteAclsFilterResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.matching_acls = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.matching_acls)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteAclsResponse`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `int8`; default 3.
    pub pattern_type: i8,
    /// `string`.
    pub principal: Cow<'a, str>,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int8`.
    pub operation: i8,
    /// `int8`.
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            pattern_type: 3,
            principal: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for DeleteAclsMatchingAcl<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        out.pattern_type = from.i8()?;
        out.principal = from.string()?;
        out.host = from.string()?;
        out.operation = from.i8()?;
        out.permission_type = from.i8()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.i8(self.pattern_type);
        to.string(&self.principal)?;
        to.string(&self.host)?;
        to.i8(self.operation);
        to.i8(self.permission_type);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteAclsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteAcls);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}
