// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! SaslAuthenticate (key 36).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `SaslAuthenticateRequest`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    /// `bytes`.
    pub auth_bytes: Cow<'a, [u8]>,
}

impl Default for SaslAuthenticateRequest<'_> {
    fn default() -> Self {
        Self { auth_bytes: Cow::Borrowed(&[]) }
    }
}

impl<'a> Wire<'a> for SaslAuthenticateRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.auth_bytes = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.bytes(&self.auth_bytes)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SaslAuthenticateRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SaslAuthenticate);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `SaslAuthenticateResponse`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `bytes`.
    pub auth_bytes: Cow<'a, [u8]>,
    /// `int64` from version 1; default 0; left out where there is no place for it.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")), auth_bytes: Cow::Borrowed(&[]), session_lifetime_ms: 0 }
    }
}

impl<'a> Wire<'a> for SaslAuthenticateResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.auth_bytes = from.bytes()?;
        if version >= 1 {
            out.session_lifetime_ms = from.i64()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.bytes(&self.auth_bytes)?;
        if version >= 1 {
            to.i64(self.session_lifetime_ms);
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SaslAuthenticateResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SaslAuthenticate);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}
