// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Fetch (key 1).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `FetchRequest`, versions 4 to 18, flexible from 12.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// `string` from version 12; null too; default null; tag 0; left out where there is no place for it.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32` until version 14; default -1.
    pub replica_id: i32,
    /// `ReplicaState` from version 15; tag 1.
    pub replica_state: ReplicaState,
    /// `int32`.
    pub max_wait_ms: i32,
    /// `int32`.
    pub min_bytes: i32,
    /// `int32`; default 0x7fffffff.
    pub max_bytes: i32,
    /// `int8`; default 0.
    pub isolation_level: i8,
    /// `int32` from version 7; default 0; left out where there is no place for it.
    pub session_id: i32,
    /// `int32` from version 7; default -1; left out where there is no place for it.
    pub session_epoch: i32,
    /// `[]FetchTopic`.
    pub topics: Vec<FetchTopic<'a>>,
    /// `[]ForgottenTopic` from version 7.
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// `string` from version 11; left out where there is no place for it.
    pub rack_id: Cow<'a, str>,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 0x7fffffff,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Cow::Borrowed(""),
        }
    }
}

impl<'a> Wire<'a> for FetchRequest<'a> {
    const BYTES_MIN: usize = 21;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 14 {
            out.replica_id = from.i32()?;
        }
        out.max_wait_ms = from.i32()?;
        out.min_bytes = from.i32()?;
        out.max_bytes = from.i32()?;
        out.isolation_level = from.i8()?;
        if version >= 7 {
            out.session_id = from.i32()?;
            out.session_epoch = from.i32()?;
        }
        out.topics = from.array()?;
        if version >= 7 {
            out.forgotten_topics_data = from.array()?;
        }
        if version >= 11 {
            out.rack_id = from.string()?;
        }
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 12 => out.cluster_id = from.string_or_null()?,
                1 if version >= 15 => out.replica_state = ReplicaState::read(from)?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 14 {
            to.i32(self.replica_id);
        } else {
            to.absent(self.replica_id == -1)?;
        }
        to.i32(self.max_wait_ms);
        to.i32(self.min_bytes);
        to.i32(self.max_bytes);
        to.i8(self.isolation_level);
        if version >= 7 {
            to.i32(self.session_id);
            to.i32(self.session_epoch);
        }
        to.array(&self.topics)?;
        if version >= 7 {
            to.array(&self.forgotten_topics_data)?;
        } else {
            to.absent(self.forgotten_topics_data.is_empty())?;
        }
        if version >= 11 {
            to.string(&self.rack_id)?;
        }
        if to.flexible() {
            let tags = to.tags();
            if self.cluster_id.is_some() {
                let at = to.tag(&tags, 0);
                to.string_or_null(self.cluster_id.as_deref())?;
                to.end_tag(at)?;
            }
            if version >= 15 {
                if self.replica_state != ReplicaState::default() {
                    let at = to.tag(&tags, 1);
                    self.replica_state.write(to)?;
                    to.end_tag(at)?;
                }
            } else {
                to.absent(self.replica_state == ReplicaState::default())?;
            }
        } else {
            to.absent(self.replica_state == ReplicaState::default())?;
        }
        Ok(())
    }
}

/// A part of [`FetchRequest`], versions 15 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// `int32`; default -1.
    pub replica_id: i32,
    /// `int64`; default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self { replica_id: -1, replica_epoch: -1 }
    }
}

impl<'a> Wire<'a> for ReplicaState {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.replica_id = from.i32()?;
        out.replica_epoch = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.replica_id);
        to.i64(self.replica_epoch);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchRequest`], versions 4 to 18.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FetchTopic<'a> {
    /// `string` until version 12; left out where there is no place for it.
    pub topic: Cow<'a, str>,
    /// `uuid` from version 13; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]FetchPartition`.
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Wire<'a> for FetchTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 12 {
            out.topic = from.string()?;
        }
        if version >= 13 {
            out.topic_id = from.uuid()?;
        }
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 12 {
            to.string(&self.topic)?;
        }
        if version >= 13 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchRequest`], versions 4 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    /// `int32`.
    pub partition: i32,
    /// `int32` from version 9; default -1; left out where there is no place for it.
    pub current_leader_epoch: i32,
    /// `int64`.
    pub fetch_offset: i64,
    /// `int32` from version 12; default -1.
    pub last_fetched_epoch: i32,
    /// `int64` from version 5; default -1; left out where there is no place for it.
    pub log_start_offset: i64,
    /// `int32`.
    pub partition_max_bytes: i32,
    /// `uuid` from version 17; tag 0; left out where there is no place for it.
    pub replica_directory_id: Uuid,
    /// `int64` from version 18; default 9223372036854775807; tag 1; left out where there is no place for it.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: 9223372036854775807,
        }
    }
}

impl<'a> Wire<'a> for FetchPartition {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition = from.i32()?;
        if version >= 9 {
            out.current_leader_epoch = from.i32()?;
        }
        out.fetch_offset = from.i64()?;
        if version >= 12 {
            out.last_fetched_epoch = from.i32()?;
        }
        if version >= 5 {
            out.log_start_offset = from.i64()?;
        }
        out.partition_max_bytes = from.i32()?;
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 17 => out.replica_directory_id = from.uuid()?,
                1 if version == 18 => out.high_watermark = from.i64()?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition);
        if version >= 9 {
            to.i32(self.current_leader_epoch);
        }
        to.i64(self.fetch_offset);
        if version >= 12 {
            to.i32(self.last_fetched_epoch);
        } else {
            to.absent(self.last_fetched_epoch == -1)?;
        }
        if version >= 5 {
            to.i64(self.log_start_offset);
        }
        to.i32(self.partition_max_bytes);
        if to.flexible() {
            let tags = to.tags();
            if version >= 17 && self.replica_directory_id != Uuid::ZERO {
                let at = to.tag(&tags, 0);
                to.uuid(self.replica_directory_id);
                to.end_tag(at)?;
            }
            if version == 18 && self.high_watermark != 9223372036854775807 {
                let at = to.tag(&tags, 1);
                to.i64(self.high_watermark);
                to.end_tag(at)?;
            }
        }
        Ok(())
    }
}

/// A part of [`FetchRequest`], versions 7 to 18.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ForgottenTopic<'a> {
    /// `string` until version 12; left out where there is no place for it.
    pub topic: Cow<'a, str>,
    /// `uuid` from version 13; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for ForgottenTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 12 {
            out.topic = from.string()?;
        }
        if version >= 13 {
            out.topic_id = from.uuid()?;
        }
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 12 {
            to.string(&self.topic)?;
        }
        if version >= 13 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for FetchRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Fetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
    const FLEXIBLE_FROM: i16 = 12;
}

/// `FetchResponse`, versions 4 to 18, flexible from 12.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FetchResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16` from version 7; left out where there is no place for it.
    pub error_code: i16,
    /// `int32` from version 7; default 0.
    pub session_id: i32,
    /// `[]FetchableTopicResponse`.
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// `[]NodeEndpoint` from version 16; tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for FetchResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        if version >= 7 {
            out.error_code = from.i16()?;
            out.session_id = from.i32()?;
        }
        out.responses = from.array()?;
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 16 => out.node_endpoints = from.array()?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        if version >= 7 {
            to.i16(self.error_code);
            to.i32(self.session_id);
        } else {
            to.absent(self.session_id == 0)?;
        }
        to.array(&self.responses)?;
        if to.flexible() {
            let tags = to.tags();
            if version >= 16 {
                if !self.node_endpoints.is_empty() {
                    let at = to.tag(&tags, 0);
                    to.array(&self.node_endpoints)?;
                    to.end_tag(at)?;
                }
            } else {
                to.absent(self.node_endpoints.is_empty())?;
            }
        } else {
            to.absent(self.node_endpoints.is_empty())?;
        }
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 4 to 18.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FetchableTopicResponse<'a> {
    /// `string` until version 12; left out where there is no place for it.
    pub topic: Cow<'a, str>,
    /// `uuid` from version 13; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]PartitionData`.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Wire<'a> for FetchableTopicResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 12 {
            out.topic = from.string()?;
        }
        if version >= 13 {
            out.topic_id = from.uuid()?;
        }
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 12 {
            to.string(&self.topic)?;
        }
        if version >= 13 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 4 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int64`.
    pub high_watermark: i64,
    /// `int64`; default -1.
    pub last_stable_offset: i64,
    /// `int64` from version 5; default -1; left out where there is no place for it.
    pub log_start_offset: i64,
    /// `EpochEndOffset` from version 12; tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// `LeaderIdAndEpoch` from version 12; tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// `SnapshotId` from version 12; tag 2.
    pub snapshot_id: SnapshotId,
    /// `[]AbortedTransaction`; null too.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// `int32` from version 11; default -1.
    pub preferred_read_replica: i32,
    /// `records`; null too.
    pub records: Option<&'a [u8]>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: None,
        }
    }
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 30;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.high_watermark = from.i64()?;
        out.last_stable_offset = from.i64()?;
        if version >= 5 {
            out.log_start_offset = from.i64()?;
        }
        out.aborted_transactions = from.array_or_null()?;
        if version >= 11 {
            out.preferred_read_replica = from.i32()?;
        }
        out.records = from.records_or_null()?;
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 12 => out.diverging_epoch = EpochEndOffset::read(from)?,
                1 if version >= 12 => out.current_leader = LeaderIdAndEpoch::read(from)?,
                2 if version >= 12 => out.snapshot_id = SnapshotId::read(from)?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.i64(self.high_watermark);
        to.i64(self.last_stable_offset);
        if version >= 5 {
            to.i64(self.log_start_offset);
        }
        to.array_or_null(self.aborted_transactions.as_deref())?;
        if version >= 11 {
            to.i32(self.preferred_read_replica);
        } else {
            to.absent(self.preferred_read_replica == -1)?;
        }
        to.bytes_or_null(self.records)?;
        if to.flexible() {
            let tags = to.tags();
            if self.diverging_epoch != EpochEndOffset::default() {
                let at = to.tag(&tags, 0);
                self.diverging_epoch.write(to)?;
                to.end_tag(at)?;
            }
            if self.current_leader != LeaderIdAndEpoch::default() {
                let at = to.tag(&tags, 1);
                self.current_leader.write(to)?;
                to.end_tag(at)?;
            }
            if self.snapshot_id != SnapshotId::default() {
                let at = to.tag(&tags, 2);
                self.snapshot_id.write(to)?;
                to.end_tag(at)?;
            }
        } else {
            to.absent(
                self.diverging_epoch == EpochEndOffset::default()
                    && self.current_leader == LeaderIdAndEpoch::default()
                    && self.snapshot_id == SnapshotId::default(),
            )?;
        }
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 12 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// `int32`; default -1.
    pub epoch: i32,
    /// `int64`; default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { epoch: -1, end_offset: -1 }
    }
}

impl<'a> Wire<'a> for EpochEndOffset {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.epoch = from.i32()?;
        out.end_offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.epoch);
        to.i64(self.end_offset);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 12 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`; default -1.
    pub leader_id: i32,
    /// `int32`; default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
}

impl<'a> Wire<'a> for LeaderIdAndEpoch {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.leader_id = from.i32()?;
        out.leader_epoch = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.leader_id);
        to.i32(self.leader_epoch);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 12 to 18.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    /// `int64`; default -1.
    pub end_offset: i64,
    /// `int32`; default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self { end_offset: -1, epoch: -1 }
    }
}

impl<'a> Wire<'a> for SnapshotId {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.end_offset = from.i64()?;
        out.epoch = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.end_offset);
        to.i32(self.epoch);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 4 to 18.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AbortedTransaction {
    /// `int64`.
    pub producer_id: i64,
    /// `int64`.
    pub first_offset: i64,
}

impl<'a> Wire<'a> for AbortedTransaction {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.producer_id = from.i64()?;
        out.first_offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.producer_id);
        to.i64(self.first_offset);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FetchResponse`], versions 16 to 18.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NodeEndpoint<'a> {
    /// `int32`.
    pub node_id: i32,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int32`.
    pub port: i32,
    /// `string`; null too; default null.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for NodeEndpoint<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.node_id = from.i32()?;
        out.host = from.string()?;
        out.port = from.i32()?;
        out.rack = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.node_id);
        to.string(&self.host)?;
        to.i32(self.port);
        to.string_or_null(self.rack.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for FetchResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Fetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
    const FLEXIBLE_FROM: i16 = 12;
}
