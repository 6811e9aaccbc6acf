// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ShareFetch (key 78).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ShareFetchRequest`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchRequest<'a> {
    /// `string`; null too; default null.
    pub group_id: Option<Cow<'a, str>>,
    /// `string`; null too.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`.
    pub share_session_epoch: i32,
    /// `int32`.
    pub max_wait_ms: i32,
    /// `int32`.
    pub min_bytes: i32,
    /// `int32`; default 0x7fffffff.
    pub max_bytes: i32,
    /// `int32`.
    pub max_records: i32,
    /// `int32`.
    pub batch_size: i32,
    /// `int8` from version 2; default 0; left out where there is no place for it.
    pub share_acquire_mode: i8,
    /// `bool` from version 2; default false.
    pub is_renew_ack: bool,
    /// `[]FetchTopic`.
    pub topics: Vec<FetchTopic>,
    /// `[]ForgottenTopic`.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

impl Default for ShareFetchRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Cow::Borrowed("")),
            share_session_epoch: 0,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 0x7fffffff,
            max_records: 0,
            batch_size: 0,
            share_acquire_mode: 0,
            is_renew_ack: false,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for ShareFetchRequest<'a> {
    const BYTES_MIN: usize = 29;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string_or_null()?;
        out.member_id = from.string_or_null()?;
        out.share_session_epoch = from.i32()?;
        out.max_wait_ms = from.i32()?;
        out.min_bytes = from.i32()?;
        out.max_bytes = from.i32()?;
        out.max_records = from.i32()?;
        out.batch_size = from.i32()?;
        if version == 2 {
            out.share_acquire_mode = from.i8()?;
            out.is_renew_ack = from.bool()?;
        }
        out.topics = from.array()?;
        out.forgotten_topics_data = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string_or_null(self.group_id.as_deref())?;
        to.string_or_null(self.member_id.as_deref())?;
        to.i32(self.share_session_epoch);
        to.i32(self.max_wait_ms);
        to.i32(self.min_bytes);
        to.i32(self.max_bytes);
        to.i32(self.max_records);
        to.i32(self.batch_size);
        if version == 2 {
            to.i8(self.share_acquire_mode);
            to.bool(self.is_renew_ack);
        } else {
            to.absent(!self.is_renew_ack)?;
        }
        to.array(&self.topics)?;
        to.array(&self.forgotten_topics_data)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FetchTopic {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]FetchPartition`.
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Wire<'a> for FetchTopic {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_id = from.uuid()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.uuid(self.topic_id);
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FetchPartition {
    /// `int32`.
    pub partition_index: i32,
    /// `[]AcknowledgementBatch`.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl<'a> Wire<'a> for FetchPartition {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.acknowledgement_batches = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.array(&self.acknowledgement_batches)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AcknowledgementBatch {
    /// `int64`.
    pub first_offset: i64,
    /// `int64`.
    pub last_offset: i64,
    /// `[]int8`.
    pub acknowledge_types: Vec<i8>,
}

impl<'a> Wire<'a> for AcknowledgementBatch {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.first_offset = from.i64()?;
        out.last_offset = from.i64()?;
        out.acknowledge_types = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.first_offset);
        to.i64(self.last_offset);
        to.array(&self.acknowledge_types)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ForgottenTopic {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for ForgottenTopic {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_id = from.uuid()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.uuid(self.topic_id);
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ShareFetchRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareFetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `ShareFetchResponse`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareFetchResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`.
    pub acquisition_lock_timeout_ms: i32,
    /// `[]ShareFetchableTopicResponse`.
    pub responses: Vec<ShareFetchableTopicResponse<'a>>,
    /// `[]NodeEndpoint`.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for ShareFetchResponse<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.acquisition_lock_timeout_ms = from.i32()?;
        out.responses = from.array()?;
        out.node_endpoints = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.i32(self.acquisition_lock_timeout_ms);
        to.array(&self.responses)?;
        to.array(&self.node_endpoints)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareFetchableTopicResponse<'a> {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]PartitionData`.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Wire<'a> for ShareFetchableTopicResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_id = from.uuid()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.uuid(self.topic_id);
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PartitionData<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `int16`.
    pub acknowledge_error_code: i16,
    /// `string`; null too; default null.
    pub acknowledge_error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch`.
    pub current_leader: LeaderIdAndEpoch,
    /// `records`.
    pub records: &'a [u8],
    /// `[]AcquiredRecords`.
    pub acquired_records: Vec<AcquiredRecords>,
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 22;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.acknowledge_error_code = from.i16()?;
        out.acknowledge_error_message = from.string_or_null()?;
        out.current_leader = LeaderIdAndEpoch::read(from)?;
        out.records = from.records()?;
        out.acquired_records = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.i16(self.acknowledge_error_code);
        to.string_or_null(self.acknowledge_error_message.as_deref())?;
        self.current_leader.write(to)?;
        to.bytes(self.records)?;
        to.array(&self.acquired_records)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LeaderIdAndEpoch {
    /// `int32`.
    pub leader_id: i32,
    /// `int32`.
    pub leader_epoch: i32,
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

/// A part of [`ShareFetchResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AcquiredRecords {
    /// `int64`.
    pub first_offset: i64,
    /// `int64`.
    pub last_offset: i64,
    /// `int16`.
    pub delivery_count: i16,
}

impl<'a> Wire<'a> for AcquiredRecords {
    const BYTES_MIN: usize = 19;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.first_offset = from.i64()?;
        out.last_offset = from.i64()?;
        out.delivery_count = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.first_offset);
        to.i64(self.last_offset);
        to.i16(self.delivery_count);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareFetchResponse`], versions 1 to 2.
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

impl<'a> Message<'a> for ShareFetchResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareFetch);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}
