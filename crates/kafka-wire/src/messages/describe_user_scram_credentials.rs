// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeUserScramCredentials (key 50).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeUserScramCredentialsRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    /// `[]UserName`; null too.
    pub users: Option<Vec<UserName<'a>>>,
}

impl Default for DescribeUserScramCredentialsRequest<'_> {
    fn default() -> Self {
        Self { users: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.users = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array_or_null(self.users.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeUserScramCredentialsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UserName<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
}

impl<'a> Wire<'a> for UserName<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeUserScramCredentialsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeUserScramCredentials);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeUserScramCredentialsResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]DescribeUserScramCredentialsResult`.
    pub results: Vec<DescribeUserScramCredentialsResult<'a>>,
}

impl Default for DescribeUserScramCredentialsResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(Cow::Borrowed("")), results: Vec::new() }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeUserScramCredentialsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResult<'a> {
    /// `string`.
    pub user: Cow<'a, str>,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]CredentialInfo`.
    pub credential_infos: Vec<CredentialInfo>,
}

impl Default for DescribeUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self { user: Cow::Borrowed(""), error_code: 0, error_message: Some(Cow::Borrowed("")), credential_infos: Vec::new() }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsResult<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.user = from.string()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.credential_infos = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.user)?;
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.credential_infos)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeUserScramCredentialsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CredentialInfo {
    /// `int8`.
    pub mechanism: i8,
    /// `int32`.
    pub iterations: i32,
}

impl<'a> Wire<'a> for CredentialInfo {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.mechanism = from.i8()?;
        out.iterations = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.mechanism);
        to.i32(self.iterations);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeUserScramCredentialsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeUserScramCredentials);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
