// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! TxnOffsetCommit (key 28).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `TxnOffsetCommitRequest`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    /// `string`.
    pub transactional_id: Cow<'a, str>,
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `int32` from version 3; default -1.
    pub generation_id: i32,
    /// `string` from version 3.
    pub member_id: Cow<'a, str>,
    /// `string` from version 3; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `[]TxnOffsetCommitRequestTopic`.
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Cow::Borrowed(""),
            group_id: Cow::Borrowed(""),
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for TxnOffsetCommitRequest<'a> {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.transactional_id = from.string()?;
        out.group_id = from.string()?;
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        if version >= 3 {
            out.generation_id = from.i32()?;
            out.member_id = from.string()?;
            out.group_instance_id = from.string_or_null()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.transactional_id)?;
        to.string(&self.group_id)?;
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        if version >= 3 {
            to.i32(self.generation_id);
            to.string(&self.member_id)?;
            to.string_or_null(self.group_instance_id.as_deref())?;
        } else {
            to.absent(self.generation_id == -1)?;
            to.absent(self.member_id.is_empty())?;
            to.absent(self.group_instance_id.is_none())?;
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`TxnOffsetCommitRequest`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]TxnOffsetCommitRequestPartition`.
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> Wire<'a> for TxnOffsetCommitRequestTopic<'a> {
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

/// A part of [`TxnOffsetCommitRequest`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub committed_offset: i64,
    /// `int32` from version 2; default -1; left out where there is no place for it.
    pub committed_leader_epoch: i32,
    /// `string`; null too.
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for TxnOffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for TxnOffsetCommitRequestPartition<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.committed_offset = from.i64()?;
        if version >= 2 {
            out.committed_leader_epoch = from.i32()?;
        }
        out.committed_metadata = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        to.i64(self.committed_offset);
        if version >= 2 {
            to.i32(self.committed_leader_epoch);
        }
        to.string_or_null(self.committed_metadata.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for TxnOffsetCommitRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::TxnOffsetCommit);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `TxnOffsetCommitResponse`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TxnOffsetCommitResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]TxnOffsetCommitResponseTopic`.
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
}

impl<'a> Wire<'a> for TxnOffsetCommitResponse<'a> {
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

/// A part of [`TxnOffsetCommitResponse`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]TxnOffsetCommitResponsePartition`.
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl<'a> Wire<'a> for TxnOffsetCommitResponseTopic<'a> {
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

/// A part of [`TxnOffsetCommitResponse`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TxnOffsetCommitResponsePartition {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for TxnOffsetCommitResponsePartition {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for TxnOffsetCommitResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::TxnOffsetCommit);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}
