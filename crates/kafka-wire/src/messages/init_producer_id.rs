// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! InitProducerId (key 22).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `InitProducerIdRequest`, versions 0 to 5, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    /// `string`; null too.
    pub transactional_id: Option<Cow<'a, str>>,
    /// `int32`.
    pub transaction_timeout_ms: i32,
    /// `int64` from version 3; default -1.
    pub producer_id: i64,
    /// `int16` from version 3; default -1.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self { transactional_id: Some(Cow::Borrowed("")), transaction_timeout_ms: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl<'a> Wire<'a> for InitProducerIdRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.transactional_id = from.string_or_null()?;
        out.transaction_timeout_ms = from.i32()?;
        if version >= 3 {
            out.producer_id = from.i64()?;
            out.producer_epoch = from.i16()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string_or_null(self.transactional_id.as_deref())?;
        to.i32(self.transaction_timeout_ms);
        if version >= 3 {
            to.i64(self.producer_id);
            to.i16(self.producer_epoch);
        } else {
            to.absent(self.producer_id == -1)?;
            to.absent(self.producer_epoch == -1)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for InitProducerIdRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::InitProducerId);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `InitProducerIdResponse`, versions 0 to 6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int64`; default -1.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `int64` from version 6; default -1.
    pub ongoing_txn_producer_id: i64,
    /// `int16` from version 6; default -1.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl<'a> Wire<'a> for InitProducerIdResponse {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        if version == 6 {
            out.ongoing_txn_producer_id = from.i64()?;
            out.ongoing_txn_producer_epoch = from.i16()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        if version == 6 {
            to.i64(self.ongoing_txn_producer_id);
            to.i16(self.ongoing_txn_producer_epoch);
        } else {
            to.absent(self.ongoing_txn_producer_id == -1)?;
            to.absent(self.ongoing_txn_producer_epoch == -1)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for InitProducerIdResponse {
    const API: Option<ApiKey> = Some(ApiKey::InitProducerId);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_FROM: i16 = 2;
}
