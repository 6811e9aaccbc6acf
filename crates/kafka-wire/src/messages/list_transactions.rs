// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ListTransactions (key 66).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ListTransactionsRequest`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    /// `[]string`.
    pub state_filters: Vec<Cow<'a, str>>,
    /// `[]int64`.
    pub producer_id_filters: Vec<i64>,
    /// `int64` from version 1; default -1.
    pub duration_filter: i64,
    /// `string` from version 2; null too; default null.
    pub transactional_id_pattern: Option<Cow<'a, str>>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self { state_filters: Vec::new(), producer_id_filters: Vec::new(), duration_filter: -1, transactional_id_pattern: None }
    }
}

impl<'a> Wire<'a> for ListTransactionsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.state_filters = from.array()?;
        out.producer_id_filters = from.array()?;
        if version >= 1 {
            out.duration_filter = from.i64()?;
        }
        if version == 2 {
            out.transactional_id_pattern = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.array(&self.state_filters)?;
        to.array(&self.producer_id_filters)?;
        if version >= 1 {
            to.i64(self.duration_filter);
        } else {
            to.absent(self.duration_filter == -1)?;
        }
        if version == 2 {
            to.string_or_null(self.transactional_id_pattern.as_deref())?;
        } else {
            to.absent(self.transactional_id_pattern.is_none())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListTransactionsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListTransactions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `ListTransactionsResponse`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListTransactionsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `[]string`.
    pub unknown_state_filters: Vec<Cow<'a, str>>,
    /// `[]TransactionState`.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Wire<'a> for ListTransactionsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.unknown_state_filters = from.array()?;
        out.transaction_states = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.array(&self.unknown_state_filters)?;
        to.array(&self.transaction_states)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ListTransactionsResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TransactionState<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `int64`.
    pub producer_id: i64,
    /// `string`.
    pub transaction_state: Cow<'a, str>,
}

impl<'a> Wire<'a> for TransactionState<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.producer_id = from.i64()?;
        out.transaction_state = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.transactional_id)?;
        to.i64(self.producer_id);
        to.string(&self.transaction_state)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListTransactionsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListTransactions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}
