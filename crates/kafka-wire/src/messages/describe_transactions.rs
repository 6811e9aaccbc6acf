// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeTransactions (key 65).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeTransactionsRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeTransactionsRequest<'a> {
    /// `[]string`.
    pub transactional_ids: Vec<Cow<'a, str>>,
}

impl<'a> Wire<'a> for DescribeTransactionsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_ids = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.transactional_ids)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeTransactionsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeTransactions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeTransactionsResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeTransactionsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]TransactionState`.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Wire<'a> for DescribeTransactionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.transaction_states = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.transaction_states)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTransactionsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TransactionState<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `string`.
    pub transaction_state: Cow<'a, str>,
    /// `int32`.
    pub transaction_timeout_ms: i32,
    /// `int64`.
    pub transaction_start_time_ms: i64,
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `[]TopicData`.
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Wire<'a> for TransactionState<'a> {
    const BYTES_MIN: usize = 28;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.transactional_id = from.string()?;
        out.transaction_state = from.string()?;
        out.transaction_timeout_ms = from.i32()?;
        out.transaction_start_time_ms = from.i64()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string(&self.transactional_id)?;
        to.string(&self.transaction_state)?;
        to.i32(self.transaction_timeout_ms);
        to.i64(self.transaction_start_time_ms);
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTransactionsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicData<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeTransactionsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeTransactions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
