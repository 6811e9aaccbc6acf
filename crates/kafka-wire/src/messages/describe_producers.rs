// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeProducers (key 61).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeProducersRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeProducersRequest<'a> {
    /// `[]TopicRequest`.
    pub topics: Vec<TopicRequest<'a>>,
}

impl<'a> Wire<'a> for DescribeProducersRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeProducersRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicRequest<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]int32`.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Wire<'a> for TopicRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partition_indexes = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partition_indexes)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeProducersRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeProducers);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeProducersResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeProducersResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]TopicResponse`.
    pub topics: Vec<TopicResponse<'a>>,
}

impl<'a> Wire<'a> for DescribeProducersResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeProducersResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicResponse<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]PartitionResponse`.
    pub partitions: Vec<PartitionResponse<'a>>,
}

impl<'a> Wire<'a> for TopicResponse<'a> {
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

/// A part of [`DescribeProducersResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PartitionResponse<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]ProducerState`.
    pub active_producers: Vec<ProducerState>,
}

impl<'a> Wire<'a> for PartitionResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.active_producers = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.active_producers)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeProducersResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerState {
    /// `int64`.
    pub producer_id: i64,
    /// `int32`.
    pub producer_epoch: i32,
    /// `int32`; default -1.
    pub last_sequence: i32,
    /// `int64`; default -1.
    pub last_timestamp: i64,
    /// `int32`.
    pub coordinator_epoch: i32,
    /// `int64`; default -1.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

impl<'a> Wire<'a> for ProducerState {
    const BYTES_MIN: usize = 37;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i32()?;
        out.last_sequence = from.i32()?;
        out.last_timestamp = from.i64()?;
        out.coordinator_epoch = from.i32()?;
        out.current_txn_start_offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.producer_id);
        to.i32(self.producer_epoch);
        to.i32(self.last_sequence);
        to.i64(self.last_timestamp);
        to.i32(self.coordinator_epoch);
        to.i64(self.current_txn_start_offset);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeProducersResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeProducers);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
