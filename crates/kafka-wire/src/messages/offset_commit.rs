// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! OffsetCommit (key 8).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `OffsetCommitRequest`, versions 2 to 10, flexible from 8.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int32`; default -1.
    pub generation_id_or_member_epoch: i32,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 7; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `int64` until version 4; default -1; left out where there is no place for it.
    pub retention_time_ms: i64,
    /// `[]OffsetCommitRequestTopic`.
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            generation_id_or_member_epoch: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for OffsetCommitRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.generation_id_or_member_epoch = from.i32()?;
        out.member_id = from.string()?;
        if version >= 7 {
            out.group_instance_id = from.string_or_null()?;
        }
        if version <= 4 {
            out.retention_time_ms = from.i64()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        to.i32(self.generation_id_or_member_epoch);
        to.string(&self.member_id)?;
        if version >= 7 {
            to.string_or_null(self.group_instance_id.as_deref())?;
        } else {
            to.absent(self.group_instance_id.is_none())?;
        }
        if version <= 4 {
            to.i64(self.retention_time_ms);
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetCommitRequest`], versions 2 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetCommitRequestTopic<'a> {
    /// `string` until version 9; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]OffsetCommitRequestPartition`.
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
}

impl<'a> Wire<'a> for OffsetCommitRequestTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 9 {
            out.name = from.string()?;
        }
        if version == 10 {
            out.topic_id = from.uuid()?;
        }
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 9 {
            to.string(&self.name)?;
        }
        if version == 10 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetCommitRequest`], versions 2 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub committed_offset: i64,
    /// `int32` from version 6; default -1; left out where there is no place for it.
    pub committed_leader_epoch: i32,
    /// `string`; null too.
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for OffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for OffsetCommitRequestPartition<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.committed_offset = from.i64()?;
        if version >= 6 {
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
        if version >= 6 {
            to.i32(self.committed_leader_epoch);
        }
        to.string_or_null(self.committed_metadata.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for OffsetCommitRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetCommit);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=10;
    const FLEXIBLE_FROM: i16 = 8;
}

/// `OffsetCommitResponse`, versions 2 to 10, flexible from 8.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetCommitResponse<'a> {
    /// `int32` from version 3; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]OffsetCommitResponseTopic`.
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

impl<'a> Wire<'a> for OffsetCommitResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = from.i32()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 3 {
            to.i32(self.throttle_time_ms);
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetCommitResponse`], versions 2 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetCommitResponseTopic<'a> {
    /// `string` until version 9; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]OffsetCommitResponsePartition`.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl<'a> Wire<'a> for OffsetCommitResponseTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 9 {
            out.name = from.string()?;
        }
        if version == 10 {
            out.topic_id = from.uuid()?;
        }
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 9 {
            to.string(&self.name)?;
        }
        if version == 10 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetCommitResponse`], versions 2 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetCommitResponsePartition {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for OffsetCommitResponsePartition {
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

impl<'a> Message<'a> for OffsetCommitResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetCommit);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=10;
    const FLEXIBLE_FROM: i16 = 8;
}
