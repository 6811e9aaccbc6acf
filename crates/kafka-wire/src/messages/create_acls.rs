// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! CreateAcls (key 30).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `CreateAclsRequest`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreateAclsRequest<'a> {
    /// `[]AclCreation`.
    pub creations: Vec<AclCreation<'a>>,
}

impl<'a> Wire<'a> for CreateAclsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.creations = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.creations)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateAclsRequest`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation<'a> {
    /// `int8`.
    pub resource_type: i8,
    /// `string`.
    pub resource_name: Cow<'a, str>,
    /// `int8`; default 3.
    pub resource_pattern_type: i8,
    /// `string`.
    pub principal: Cow<'a, str>,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int8`.
    pub operation: i8,
    /// `int8`.
    pub permission_type: i8,
}

impl Default for AclCreation<'_> {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            resource_pattern_type: 3,
            principal: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for AclCreation<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.resource_type = from.i8()?;
        out.resource_name = from.string()?;
        out.resource_pattern_type = from.i8()?;
        out.principal = from.string()?;
        out.host = from.string()?;
        out.operation = from.i8()?;
        out.permission_type = from.i8()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.resource_type);
        to.string(&self.resource_name)?;
        to.i8(self.resource_pattern_type);
        to.string(&self.principal)?;
        to.string(&self.host)?;
        to.i8(self.operation);
        to.i8(self.permission_type);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreateAclsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateAcls);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `CreateAclsResponse`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreateAclsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]AclCreationResult`.
    pub results: Vec<AclCreationResult<'a>>,
}

impl<'a> Wire<'a> for CreateAclsResponse<'a> {
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

/// A part of [`CreateAclsResponse`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreationResult<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AclCreationResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for AclCreationResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreateAclsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateAcls);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}
