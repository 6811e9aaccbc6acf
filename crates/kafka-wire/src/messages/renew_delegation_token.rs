// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! RenewDelegationToken (key 39).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `RenewDelegationTokenRequest`, versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct RenewDelegationTokenRequest<'a> {
    /// `bytes`.
    pub hmac: Cow<'a, [u8]>,
    /// `int64`.
    pub renew_period_ms: i64,
}

impl Default for RenewDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self { hmac: Cow::Borrowed(&[]), renew_period_ms: 0 }
    }
}

impl<'a> Wire<'a> for RenewDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.hmac = from.bytes()?;
        out.renew_period_ms = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.bytes(&self.hmac)?;
        to.i64(self.renew_period_ms);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for RenewDelegationTokenRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::RenewDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `RenewDelegationTokenResponse`, versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RenewDelegationTokenResponse {
    /// `int16`.
    pub error_code: i16,
    /// `int64`.
    pub expiry_timestamp_ms: i64,
    /// `int32`.
    pub throttle_time_ms: i32,
}

impl<'a> Wire<'a> for RenewDelegationTokenResponse {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.expiry_timestamp_ms = from.i64()?;
        out.throttle_time_ms = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.i64(self.expiry_timestamp_ms);
        to.i32(self.throttle_time_ms);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for RenewDelegationTokenResponse {
    const API: Option<ApiKey> = Some(ApiKey::RenewDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 2;
}
