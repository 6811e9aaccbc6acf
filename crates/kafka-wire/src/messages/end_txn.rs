// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! EndTxn (key 26).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `EndTxnRequest`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EndTxnRequest<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `bool`.
    pub committed: bool,
}

impl<'a> Wire<'a> for EndTxnRequest<'a> {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        out.committed = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.transactional_id)?;
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        to.bool(self.committed);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for EndTxnRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::EndTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `EndTxnResponse`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int64` from version 5; default -1; left out where there is no place for it.
    pub producer_id: i64,
    /// `int16` from version 5; default -1; left out where there is no place for it.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl<'a> Wire<'a> for EndTxnResponse {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        if version == 5 {
            out.producer_id = from.i64()?;
            out.producer_epoch = from.i16()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        if version == 5 {
            to.i64(self.producer_id);
            to.i16(self.producer_epoch);
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for EndTxnResponse {
    const API: Option<ApiKey> = Some(ApiKey::EndTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}
