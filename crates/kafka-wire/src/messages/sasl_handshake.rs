// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! SaslHandshake (key 17).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `SaslHandshakeRequest`, versions 0 to 1, never flexible.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SaslHandshakeRequest<'a> {
    /// `string`.
    pub mechanism: Cow<'a, str>,
}

impl<'a> Wire<'a> for SaslHandshakeRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.mechanism = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.mechanism)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SaslHandshakeRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SaslHandshake);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}

/// `SaslHandshakeResponse`, versions 0 to 1, never flexible.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SaslHandshakeResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `[]string`.
    pub mechanisms: Vec<Cow<'a, str>>,
}

impl<'a> Wire<'a> for SaslHandshakeResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.mechanisms = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.array(&self.mechanisms)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SaslHandshakeResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SaslHandshake);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
