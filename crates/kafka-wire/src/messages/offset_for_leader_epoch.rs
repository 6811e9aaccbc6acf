// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! OffsetForLeaderEpoch (key 23).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `OffsetForLeaderEpochRequest`, versions 2 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// `int32` from version 3; default -2; left out where there is no place for it.
    pub replica_id: i32,
    /// `[]OffsetForLeaderTopic`.
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
}

impl Default for OffsetForLeaderEpochRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -2, topics: Vec::new() }
    }
}

impl<'a> Wire<'a> for OffsetForLeaderEpochRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 3 {
            out.replica_id = from.i32()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 3 {
            to.i32(self.replica_id);
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetForLeaderEpochRequest`], versions 2 to 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetForLeaderTopic<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]OffsetForLeaderPartition`.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl<'a> Wire<'a> for OffsetForLeaderTopic<'a> {
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

/// A part of [`OffsetForLeaderEpochRequest`], versions 2 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderPartition {
    /// `int32`.
    pub partition: i32,
    /// `int32`; default -1.
    pub current_leader_epoch: i32,
    /// `int32`.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl<'a> Wire<'a> for OffsetForLeaderPartition {
    const BYTES_MIN: usize = 12;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition = from.i32()?;
        out.current_leader_epoch = from.i32()?;
        out.leader_epoch = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition);
        to.i32(self.current_leader_epoch);
        to.i32(self.leader_epoch);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for OffsetForLeaderEpochRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetForLeaderEpoch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=4;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `OffsetForLeaderEpochResponse`, versions 2 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]OffsetForLeaderTopicResult`.
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

impl<'a> Wire<'a> for OffsetForLeaderEpochResponse<'a> {
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

/// A part of [`OffsetForLeaderEpochResponse`], versions 2 to 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetForLeaderTopicResult<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]EpochEndOffset`.
    pub partitions: Vec<EpochEndOffset>,
}

impl<'a> Wire<'a> for OffsetForLeaderTopicResult<'a> {
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

/// A part of [`OffsetForLeaderEpochResponse`], versions 2 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// `int16`.
    pub error_code: i16,
    /// `int32`.
    pub partition: i32,
    /// `int32`; default -1.
    pub leader_epoch: i32,
    /// `int64`; default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl<'a> Wire<'a> for EpochEndOffset {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.partition = from.i32()?;
        out.leader_epoch = from.i32()?;
        out.end_offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.i32(self.partition);
        to.i32(self.leader_epoch);
        to.i64(self.end_offset);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for OffsetForLeaderEpochResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetForLeaderEpoch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=4;
    const FLEXIBLE_FROM: i16 = 4;
}
