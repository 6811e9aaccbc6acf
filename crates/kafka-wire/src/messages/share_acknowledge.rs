// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ShareAcknowledge (key 79).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ShareAcknowledgeRequest`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest<'a> {
    /// `string`; null too; default null.
    pub group_id: Option<Cow<'a, str>>,
    /// `string`; null too.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`.
    pub share_session_epoch: i32,
    /// `bool` from version 2; default false.
    pub is_renew_ack: bool,
    /// `[]AcknowledgeTopic`.
    pub topics: Vec<AcknowledgeTopic>,
}

impl Default for ShareAcknowledgeRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Cow::Borrowed("")),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for ShareAcknowledgeRequest<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string_or_null()?;
        out.member_id = from.string_or_null()?;
        out.share_session_epoch = from.i32()?;
        if version == 2 {
            out.is_renew_ack = from.bool()?;
        }
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string_or_null(self.group_id.as_deref())?;
        to.string_or_null(self.member_id.as_deref())?;
        to.i32(self.share_session_epoch);
        if version == 2 {
            to.bool(self.is_renew_ack);
        } else {
            to.absent(!self.is_renew_ack)?;
        }
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AcknowledgeTopic {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]AcknowledgePartition`.
    pub partitions: Vec<AcknowledgePartition>,
}

impl<'a> Wire<'a> for AcknowledgeTopic {
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

/// A part of [`ShareAcknowledgeRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AcknowledgePartition {
    /// `int32`.
    pub partition_index: i32,
    /// `[]AcknowledgementBatch`.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl<'a> Wire<'a> for AcknowledgePartition {
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

/// A part of [`ShareAcknowledgeRequest`], versions 1 to 2.
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

impl<'a> Message<'a> for ShareAcknowledgeRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareAcknowledge);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `ShareAcknowledgeResponse`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareAcknowledgeResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32` from version 2; left out where there is no place for it.
    pub acquisition_lock_timeout_ms: i32,
    /// `[]ShareAcknowledgeTopicResponse`.
    pub responses: Vec<ShareAcknowledgeTopicResponse<'a>>,
    /// `[]NodeEndpoint`.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for ShareAcknowledgeResponse<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        if version == 2 {
            out.acquisition_lock_timeout_ms = from.i32()?;
        }
        out.responses = from.array()?;
        out.node_endpoints = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        if version == 2 {
            to.i32(self.acquisition_lock_timeout_ms);
        }
        to.array(&self.responses)?;
        to.array(&self.node_endpoints)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]PartitionData`.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Wire<'a> for ShareAcknowledgeTopicResponse<'a> {
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

/// A part of [`ShareAcknowledgeResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PartitionData<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch`.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 17;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.current_leader = LeaderIdAndEpoch::read(from)?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        self.current_leader.write(to)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeResponse`], versions 1 to 2.
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

/// A part of [`ShareAcknowledgeResponse`], versions 1 to 2.
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

impl<'a> Message<'a> for ShareAcknowledgeResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareAcknowledge);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}
