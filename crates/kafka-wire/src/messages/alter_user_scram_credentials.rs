// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AlterUserScramCredentials (key 51).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AlterUserScramCredentialsRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterUserScramCredentialsRequest<'a> {
    /// `[]ScramCredentialDeletion`.
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    /// `[]ScramCredentialUpsertion`.
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

impl<'a> Wire<'a> for AlterUserScramCredentialsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.deletions = from.array()?;
        out.upsertions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.deletions)?;
        to.array(&self.upsertions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterUserScramCredentialsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ScramCredentialDeletion<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int8`.
    pub mechanism: i8,
}

impl<'a> Wire<'a> for ScramCredentialDeletion<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.mechanism = from.i8()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i8(self.mechanism);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterUserScramCredentialsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int8`.
    pub mechanism: i8,
    /// `int32`.
    pub iterations: i32,
    /// `bytes`.
    pub salt: Cow<'a, [u8]>,
    /// `bytes`.
    pub salted_password: Cow<'a, [u8]>,
}

impl Default for ScramCredentialUpsertion<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            mechanism: 0,
            iterations: 0,
            salt: Cow::Borrowed(&[]),
            salted_password: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Wire<'a> for ScramCredentialUpsertion<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.mechanism = from.i8()?;
        out.iterations = from.i32()?;
        out.salt = from.bytes()?;
        out.salted_password = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i8(self.mechanism);
        to.i32(self.iterations);
        to.bytes(&self.salt)?;
        to.bytes(&self.salted_password)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterUserScramCredentialsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterUserScramCredentials);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `AlterUserScramCredentialsResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterUserScramCredentialsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]AlterUserScramCredentialsResult`.
    pub results: Vec<AlterUserScramCredentialsResult<'a>>,
}

impl<'a> Wire<'a> for AlterUserScramCredentialsResponse<'a> {
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

/// A part of [`AlterUserScramCredentialsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsResult<'a> {
    /// `string`.
    pub user: Cow<'a, str>,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AlterUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self { user: Cow::Borrowed(""), error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for AlterUserScramCredentialsResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.user = from.string()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.user)?;
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterUserScramCredentialsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterUserScramCredentials);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
