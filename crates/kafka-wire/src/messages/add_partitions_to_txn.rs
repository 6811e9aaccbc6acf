// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AddPartitionsToTxn (key 24).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AddPartitionsToTxnRequest`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// `[]AddPartitionsToTxnTransaction` from version 4.
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    /// `string` until version 3.
    pub v3_and_below_transactional_id: Cow<'a, str>,
    /// `int64` until version 3.
    pub v3_and_below_producer_id: i64,
    /// `int16` until version 3.
    pub v3_and_below_producer_epoch: i16,
    /// `[]AddPartitionsToTxnTopic` until version 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 4 {
            out.transactions = from.array()?;
        }
        if version <= 3 {
            out.v3_and_below_transactional_id = from.string()?;
            out.v3_and_below_producer_id = from.i64()?;
            out.v3_and_below_producer_epoch = from.i16()?;
            out.v3_and_below_topics = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 4 {
            to.array(&self.transactions)?;
        } else {
            to.absent(self.transactions.is_empty())?;
        }
        if version <= 3 {
            to.string(&self.v3_and_below_transactional_id)?;
            to.i64(self.v3_and_below_producer_id);
            to.i16(self.v3_and_below_producer_epoch);
            to.array(&self.v3_and_below_topics)?;
        } else {
            to.absent(self.v3_and_below_transactional_id.is_empty())?;
            to.absent(self.v3_and_below_producer_id == 0)?;
            to.absent(self.v3_and_below_producer_epoch == 0)?;
            to.absent(self.v3_and_below_topics.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnRequest`], versions 4 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `bool`; default false.
    pub verify_only: bool,
    /// `[]AddPartitionsToTxnTopic`.
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTransaction<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        out.verify_only = from.bool()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.transactional_id)?;
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        to.bool(self.verify_only);
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnRequest`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AddPartitionsToTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `AddPartitionsToTxnResponse`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16` from version 4; left out where there is no place for it.
    pub error_code: i16,
    /// `[]AddPartitionsToTxnResult` from version 4.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    /// `[]AddPartitionsToTxnTopicResult` until version 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        if version >= 4 {
            out.error_code = from.i16()?;
            out.results_by_transaction = from.array()?;
        }
        if version <= 3 {
            out.results_by_topic_v3_and_below = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        if version >= 4 {
            to.i16(self.error_code);
            to.array(&self.results_by_transaction)?;
        } else {
            to.absent(self.results_by_transaction.is_empty())?;
        }
        if version <= 3 {
            to.array(&self.results_by_topic_v3_and_below)?;
        } else {
            to.absent(self.results_by_topic_v3_and_below.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnResponse`], versions 4 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnResult<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `[]AddPartitionsToTxnTopicResult`.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.topic_results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.transactional_id)?;
        to.array(&self.topic_results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnResponse`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]AddPartitionsToTxnPartitionResult`.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.results_by_partition = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.results_by_partition)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnResponse`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AddPartitionsToTxnPartitionResult {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub partition_error_code: i16,
}

impl<'a> Wire<'a> for AddPartitionsToTxnPartitionResult {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.partition_error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.partition_error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AddPartitionsToTxn);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}
