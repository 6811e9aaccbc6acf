// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeTopicPartitions (key 75).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeTopicPartitionsRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// `[]TopicRequest`.
    pub topics: Vec<TopicRequest<'a>>,
    /// `int32`; default 2000.
    pub response_partition_limit: i32,
    /// `Cursor`; null too; default null.
    pub cursor: Option<RequestCursor<'a>>,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topics = from.array()?;
        out.response_partition_limit = from.i32()?;
        out.cursor = from.or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.topics)?;
        to.i32(self.response_partition_limit);
        to.or_null(self.cursor.as_ref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicRequest<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
}

impl<'a> Wire<'a> for TopicRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestCursor<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `int32`.
    pub partition_index: i32,
}

impl<'a> Wire<'a> for RequestCursor<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_name = from.string()?;
        out.partition_index = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic_name)?;
        to.i32(self.partition_index);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeTopicPartitions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `DescribeTopicPartitionsResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DescribeTopicPartitionsResponseTopic`.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    /// `Cursor`; null too; default null.
    pub next_cursor: Option<ResponseCursor<'a>>,
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponse<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.topics = from.array()?;
        out.next_cursor = from.or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.topics)?;
        to.or_null(self.next_cursor.as_ref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`.
    pub topic_id: Uuid,
    /// `bool`; default false.
    pub is_internal: bool,
    /// `[]DescribeTopicPartitionsResponsePartition`.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// `int32`; default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponseTopic<'a> {
    const BYTES_MIN: usize = 26;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.name = from.string_or_null()?;
        out.topic_id = from.uuid()?;
        out.is_internal = from.bool()?;
        out.partitions = from.array()?;
        out.topic_authorized_operations = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.name.as_deref())?;
        to.uuid(self.topic_id);
        to.bool(self.is_internal);
        to.array(&self.partitions)?;
        to.i32(self.topic_authorized_operations);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// `int16`.
    pub error_code: i16,
    /// `int32`.
    pub partition_index: i32,
    /// `int32`.
    pub leader_id: i32,
    /// `int32`; default -1.
    pub leader_epoch: i32,
    /// `[]int32`.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`.
    pub isr_nodes: Vec<i32>,
    /// `[]int32`; null too; default null.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// `[]int32`; null too; default null.
    pub last_known_elr: Option<Vec<i32>>,
    /// `[]int32`.
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponsePartition {
    const BYTES_MIN: usize = 20;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.partition_index = from.i32()?;
        out.leader_id = from.i32()?;
        out.leader_epoch = from.i32()?;
        out.replica_nodes = from.array()?;
        out.isr_nodes = from.array()?;
        out.eligible_leader_replicas = from.array_or_null()?;
        out.last_known_elr = from.array_or_null()?;
        out.offline_replicas = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.i32(self.partition_index);
        to.i32(self.leader_id);
        to.i32(self.leader_epoch);
        to.array(&self.replica_nodes)?;
        to.array(&self.isr_nodes)?;
        to.array_or_null(self.eligible_leader_replicas.as_deref())?;
        to.array_or_null(self.last_known_elr.as_deref())?;
        to.array(&self.offline_replicas)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseCursor<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `int32`.
    pub partition_index: i32,
}

impl<'a> Wire<'a> for ResponseCursor<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_name = from.string()?;
        out.partition_index = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic_name)?;
        to.i32(self.partition_index);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeTopicPartitions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
