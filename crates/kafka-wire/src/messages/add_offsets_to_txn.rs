// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AddOffsetsToTxn (key 25).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AddOffsetsToTxnRequest`, versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddOffsetsToTxnRequest<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `string`.
    pub group_id: Cow<'a, str>,
}

impl<'a> Wire<'a> for AddOffsetsToTxnRequest<'a> {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        out.group_id = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.transactional_id)?;
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        to.string(&self.group_id)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AddOffsetsToTxnRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AddOffsetsToTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `AddOffsetsToTxnResponse`, versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddOffsetsToTxnResponse {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for AddOffsetsToTxnResponse {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AddOffsetsToTxnResponse {
    const API: Option<ApiKey> = Some(ApiKey::AddOffsetsToTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 3;
}
