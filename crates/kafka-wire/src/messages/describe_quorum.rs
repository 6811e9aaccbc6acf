// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeQuorum (key 55).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeQuorumRequest`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeQuorumRequest<'a> {
    /// `[]TopicData`.
    pub topics: Vec<RequestTopicData<'a>>,
}

impl<'a> Wire<'a> for DescribeQuorumRequest<'a> {
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

/// A part of [`DescribeQuorumRequest`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestTopicData<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`.
    pub partitions: Vec<RequestPartitionData>,
}

impl<'a> Wire<'a> for RequestTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic_name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumRequest`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestPartitionData {
    /// `int32`.
    pub partition_index: i32,
}

impl<'a> Wire<'a> for RequestPartitionData {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeQuorumRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeQuorum);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeQuorumResponse`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string` from version 2; null too; left out where there is no place for it.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]TopicData`.
    pub topics: Vec<ResponseTopicData<'a>>,
    /// `[]Node` from version 2.
    pub nodes: Vec<Node<'a>>,
}

impl Default for DescribeQuorumResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")), topics: Vec::new(), nodes: Vec::new() }
    }
}

impl<'a> Wire<'a> for DescribeQuorumResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        if version == 2 {
            out.error_message = from.string_or_null()?;
        }
        out.topics = from.array()?;
        if version == 2 {
            out.nodes = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        if version == 2 {
            to.string_or_null(self.error_message.as_deref())?;
        }
        to.array(&self.topics)?;
        if version == 2 {
            to.array(&self.nodes)?;
        } else {
            to.absent(self.nodes.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseTopicData<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `[]PartitionData`.
    pub partitions: Vec<ResponsePartitionData<'a>>,
}

impl<'a> Wire<'a> for ResponseTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic_name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePartitionData<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string` from version 2; null too; left out where there is no place for it.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32`.
    pub leader_id: i32,
    /// `int32`.
    pub leader_epoch: i32,
    /// `int64`.
    pub high_watermark: i64,
    /// `[]ReplicaState`.
    pub current_voters: Vec<ReplicaState>,
    /// `[]ReplicaState`.
    pub observers: Vec<ReplicaState>,
}

impl Default for ResponsePartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for ResponsePartitionData<'a> {
    const BYTES_MIN: usize = 25;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        if version == 2 {
            out.error_message = from.string_or_null()?;
        }
        out.leader_id = from.i32()?;
        out.leader_epoch = from.i32()?;
        out.high_watermark = from.i64()?;
        out.current_voters = from.array()?;
        out.observers = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.partition_index);
        to.i16(self.error_code);
        if version == 2 {
            to.string_or_null(self.error_message.as_deref())?;
        }
        to.i32(self.leader_id);
        to.i32(self.leader_epoch);
        to.i64(self.high_watermark);
        to.array(&self.current_voters)?;
        to.array(&self.observers)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`], versions 2 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Node<'a> {
    /// `int32`.
    pub node_id: i32,
    /// `[]Listener`.
    pub listeners: Vec<Listener<'a>>,
}

impl<'a> Wire<'a> for Node<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.node_id = from.i32()?;
        out.listeners = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.node_id);
        to.array(&self.listeners)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`], versions 2 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Listener<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `uint16`.
    pub port: u16,
}

impl<'a> Wire<'a> for Listener<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.host = from.string()?;
        out.port = from.u16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.string(&self.host)?;
        to.u16(self.port);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// `int32`.
    pub replica_id: i32,
    /// `uuid` from version 2.
    pub replica_directory_id: Uuid,
    /// `int64`.
    pub log_end_offset: i64,
    /// `int64` from version 1; default -1; left out where there is no place for it.
    pub last_fetch_timestamp: i64,
    /// `int64` from version 1; default -1; left out where there is no place for it.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl<'a> Wire<'a> for ReplicaState {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.replica_id = from.i32()?;
        if version == 2 {
            out.replica_directory_id = from.uuid()?;
        }
        out.log_end_offset = from.i64()?;
        if version >= 1 {
            out.last_fetch_timestamp = from.i64()?;
            out.last_caught_up_timestamp = from.i64()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.replica_id);
        if version == 2 {
            to.uuid(self.replica_directory_id);
        } else {
            to.absent(self.replica_directory_id == Uuid::ZERO)?;
        }
        to.i64(self.log_end_offset);
        if version >= 1 {
            to.i64(self.last_fetch_timestamp);
            to.i64(self.last_caught_up_timestamp);
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeQuorumResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeQuorum);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}
