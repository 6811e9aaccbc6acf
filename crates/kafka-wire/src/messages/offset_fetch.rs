// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! OffsetFetch (key 9).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `OffsetFetchRequest`, versions 1 to 10, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// `string` until version 7.
    pub group_id: Cow<'a, str>,
    /// `[]OffsetFetchRequestTopic` until version 7; null in versions 2 to 7.
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    /// `[]OffsetFetchRequestGroup` from version 8.
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// `bool` from version 7; default false.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest<'_> {
    fn default() -> Self {
        Self { group_id: Cow::Borrowed(""), topics: Some(Vec::new()), groups: Vec::new(), require_stable: false }
    }
}

impl<'a> Wire<'a> for OffsetFetchRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 7 {
            out.group_id = from.string()?;
            out.topics = if version >= 2 { from.array_or_null()? } else { Some(from.array()?) };
        }
        if version >= 8 {
            out.groups = from.array()?;
        }
        if version >= 7 {
            out.require_stable = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 7 {
            to.string(&self.group_id)?;
            if version >= 2 {
                to.array_or_null(self.topics.as_deref())?;
            } else {
                to.array_not_null(self.topics.as_deref())?;
            }
        } else {
            to.absent(self.group_id.is_empty())?;
            to.absent(self.topics.as_deref().is_some_and(|value| value.is_empty()))?;
        }
        if version >= 8 {
            to.array(&self.groups)?;
        } else {
            to.absent(self.groups.is_empty())?;
        }
        if version >= 7 {
            to.bool(self.require_stable);
        } else {
            to.absent(!self.require_stable)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetFetchRequest`], versions 1 to 7.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchRequestTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]int32`.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Wire<'a> for OffsetFetchRequestTopic<'a> {
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

/// A part of [`OffsetFetchRequest`], versions 8 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string` from version 9; null too; default null; left out where there is no place for it.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32` from version 9; default -1; left out where there is no place for it.
    pub member_epoch: i32,
    /// `[]OffsetFetchRequestTopics`; null too.
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

impl Default for OffsetFetchRequestGroup<'_> {
    fn default() -> Self {
        Self { group_id: Cow::Borrowed(""), member_id: None, member_epoch: -1, topics: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for OffsetFetchRequestGroup<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        if version >= 9 {
            out.member_id = from.string_or_null()?;
            out.member_epoch = from.i32()?;
        }
        out.topics = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        if version >= 9 {
            to.string_or_null(self.member_id.as_deref())?;
            to.i32(self.member_epoch);
        }
        to.array_or_null(self.topics.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetFetchRequest`], versions 8 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchRequestTopics<'a> {
    /// `string` until version 9; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Wire<'a> for OffsetFetchRequestTopics<'a> {
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
        out.partition_indexes = from.array()?;
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
        to.array(&self.partition_indexes)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for OffsetFetchRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetFetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=10;
    const FLEXIBLE_FROM: i16 = 6;
}

/// `OffsetFetchResponse`, versions 1 to 10, flexible from 6.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchResponse<'a> {
    /// `int32` from version 3; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]OffsetFetchResponseTopic` until version 7.
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// `int16` in versions 2 to 7; default 0; left out where there is no place for it.
    pub error_code: i16,
    /// `[]OffsetFetchResponseGroup` from version 8.
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = from.i32()?;
        }
        if version <= 7 {
            out.topics = from.array()?;
        }
        if (2..=7).contains(&version) {
            out.error_code = from.i16()?;
        }
        if version >= 8 {
            out.groups = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 3 {
            to.i32(self.throttle_time_ms);
        }
        if version <= 7 {
            to.array(&self.topics)?;
        } else {
            to.absent(self.topics.is_empty())?;
        }
        if (2..=7).contains(&version) {
            to.i16(self.error_code);
        }
        if version >= 8 {
            to.array(&self.groups)?;
        } else {
            to.absent(self.groups.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetFetchResponse`], versions 1 to 7.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchResponseTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]OffsetFetchResponsePartition`.
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponseTopic<'a> {
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

/// A part of [`OffsetFetchResponse`], versions 1 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub committed_offset: i64,
    /// `int32` from version 5; default -1; left out where there is no place for it.
    pub committed_leader_epoch: i32,
    /// `string`; null too.
    pub metadata: Option<Cow<'a, str>>,
    /// `int16`.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: 0,
        }
    }
}

impl<'a> Wire<'a> for OffsetFetchResponsePartition<'a> {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.committed_offset = from.i64()?;
        if version >= 5 {
            out.committed_leader_epoch = from.i32()?;
        }
        out.metadata = from.string_or_null()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        to.i64(self.committed_offset);
        if version >= 5 {
            to.i32(self.committed_leader_epoch);
        }
        to.string_or_null(self.metadata.as_deref())?;
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetFetchResponse`], versions 8 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchResponseGroup<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `[]OffsetFetchResponseTopics`.
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    /// `int16`; default 0.
    pub error_code: i16,
}

impl<'a> Wire<'a> for OffsetFetchResponseGroup<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.topics = from.array()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.group_id)?;
        to.array(&self.topics)?;
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`OffsetFetchResponse`], versions 8 to 10.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OffsetFetchResponseTopics<'a> {
    /// `string` until version 9; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]OffsetFetchResponsePartitions`.
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponseTopics<'a> {
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

/// A part of [`OffsetFetchResponse`], versions 8 to 10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub committed_offset: i64,
    /// `int32`; default -1.
    pub committed_leader_epoch: i32,
    /// `string`; null too.
    pub metadata: Option<Cow<'a, str>>,
    /// `int16`.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: 0,
        }
    }
}

impl<'a> Wire<'a> for OffsetFetchResponsePartitions<'a> {
    const BYTES_MIN: usize = 20;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.committed_offset = from.i64()?;
        out.committed_leader_epoch = from.i32()?;
        out.metadata = from.string_or_null()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i64(self.committed_offset);
        to.i32(self.committed_leader_epoch);
        to.string_or_null(self.metadata.as_deref())?;
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for OffsetFetchResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::OffsetFetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=10;
    const FLEXIBLE_FROM: i16 = 6;
}
