// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ListOffsets (key 2).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ListOffsetsRequest`, versions 1 to 11, flexible from 6.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListOffsetsRequest<'a> {
    /// `int32`.
    pub replica_id: i32,
    /// `int8` from version 2.
    pub isolation_level: i8,
    /// `[]ListOffsetsTopic`.
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// `int32` from version 10; left out where there is no place for it.
    pub timeout_ms: i32,
}

impl<'a> Wire<'a> for ListOffsetsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.replica_id = from.i32()?;
        if version >= 2 {
            out.isolation_level = from.i8()?;
        }
        out.topics = from.array()?;
        if version >= 10 {
            out.timeout_ms = from.i32()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.replica_id);
        if version >= 2 {
            to.i8(self.isolation_level);
        } else {
            to.absent(self.isolation_level == 0)?;
        }
        to.array(&self.topics)?;
        if version >= 10 {
            to.i32(self.timeout_ms);
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ListOffsetsRequest`], versions 1 to 11.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListOffsetsTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]ListOffsetsPartition`.
    pub partitions: Vec<ListOffsetsPartition>,
}

impl<'a> Wire<'a> for ListOffsetsTopic<'a> {
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

/// A part of [`ListOffsetsRequest`], versions 1 to 11.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    /// `int32`.
    pub partition_index: i32,
    /// `int32` from version 4; default -1; left out where there is no place for it.
    pub current_leader_epoch: i32,
    /// `int64`.
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl<'a> Wire<'a> for ListOffsetsPartition {
    const BYTES_MIN: usize = 12;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        if version >= 4 {
            out.current_leader_epoch = from.i32()?;
        }
        out.timestamp = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        if version >= 4 {
            to.i32(self.current_leader_epoch);
        }
        to.i64(self.timestamp);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListOffsetsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListOffsets);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=11;
    const FLEXIBLE_FROM: i16 = 6;
}

/// `ListOffsetsResponse`, versions 1 to 11, flexible from 6.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListOffsetsResponse<'a> {
    /// `int32` from version 2; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]ListOffsetsTopicResponse`.
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
}

impl<'a> Wire<'a> for ListOffsetsResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 2 {
            out.throttle_time_ms = from.i32()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 2 {
            to.i32(self.throttle_time_ms);
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ListOffsetsResponse`], versions 1 to 11.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListOffsetsTopicResponse<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]ListOffsetsPartitionResponse`.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

impl<'a> Wire<'a> for ListOffsetsTopicResponse<'a> {
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

/// A part of [`ListOffsetsResponse`], versions 1 to 11.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int64`; default -1.
    pub timestamp: i64,
    /// `int64`; default -1.
    pub offset: i64,
    /// `int32` from version 4; default -1.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, timestamp: -1, offset: -1, leader_epoch: -1 }
    }
}

impl<'a> Wire<'a> for ListOffsetsPartitionResponse {
    const BYTES_MIN: usize = 22;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.timestamp = from.i64()?;
        out.offset = from.i64()?;
        if version >= 4 {
            out.leader_epoch = from.i32()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.i64(self.timestamp);
        to.i64(self.offset);
        if version >= 4 {
            to.i32(self.leader_epoch);
        } else {
            to.absent(self.leader_epoch == -1)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListOffsetsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListOffsets);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=11;
    const FLEXIBLE_FROM: i16 = 6;
}
