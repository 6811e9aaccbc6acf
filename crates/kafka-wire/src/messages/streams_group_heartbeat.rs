// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! StreamsGroupHeartbeat (key 88).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `StreamsGroupHeartbeatRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `int32`.
    pub member_epoch: i32,
    /// `int32`.
    pub endpoint_information_epoch: i32,
    /// `string`; null too; default null.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`; default -1.
    pub rebalance_timeout_ms: i32,
    /// `Topology`; null too; default null.
    pub topology: Option<Topology<'a>>,
    /// `[]TaskIds`; null too; default null.
    pub active_tasks: Option<Vec<RequestTaskIds<'a>>>,
    /// `[]TaskIds`; null too; default null.
    pub standby_tasks: Option<Vec<RequestTaskIds<'a>>>,
    /// `[]TaskIds`; null too; default null.
    pub warmup_tasks: Option<Vec<RequestTaskIds<'a>>>,
    /// `string`; null too; default null.
    pub process_id: Option<Cow<'a, str>>,
    /// `Endpoint`; null too; default null.
    pub user_endpoint: Option<RequestEndpoint<'a>>,
    /// `[]KeyValue`; null too; default null.
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    /// `[]TaskOffset`; null too; default null.
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    /// `[]TaskOffset`; null too; default null.
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    /// `bool`; default false.
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 27;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.member_id = from.string()?;
        out.member_epoch = from.i32()?;
        out.endpoint_information_epoch = from.i32()?;
        out.instance_id = from.string_or_null()?;
        out.rack_id = from.string_or_null()?;
        out.rebalance_timeout_ms = from.i32()?;
        out.topology = from.or_null()?;
        out.active_tasks = from.array_or_null()?;
        out.standby_tasks = from.array_or_null()?;
        out.warmup_tasks = from.array_or_null()?;
        out.process_id = from.string_or_null()?;
        out.user_endpoint = from.or_null()?;
        out.client_tags = from.array_or_null()?;
        out.task_offsets = from.array_or_null()?;
        out.task_end_offsets = from.array_or_null()?;
        out.shutdown_application = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.group_id)?;
        to.string(&self.member_id)?;
        to.i32(self.member_epoch);
        to.i32(self.endpoint_information_epoch);
        to.string_or_null(self.instance_id.as_deref())?;
        to.string_or_null(self.rack_id.as_deref())?;
        to.i32(self.rebalance_timeout_ms);
        to.or_null(self.topology.as_ref())?;
        to.array_or_null(self.active_tasks.as_deref())?;
        to.array_or_null(self.standby_tasks.as_deref())?;
        to.array_or_null(self.warmup_tasks.as_deref())?;
        to.string_or_null(self.process_id.as_deref())?;
        to.or_null(self.user_endpoint.as_ref())?;
        to.array_or_null(self.client_tags.as_deref())?;
        to.array_or_null(self.task_offsets.as_deref())?;
        to.array_or_null(self.task_end_offsets.as_deref())?;
        to.bool(self.shutdown_application);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Topology<'a> {
    /// `int32`.
    pub epoch: i32,
    /// `[]Subtopology`.
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Wire<'a> for Topology<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.epoch = from.i32()?;
        out.subtopologies = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.epoch);
        to.array(&self.subtopologies)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Subtopology<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `[]string`.
    pub source_topics: Vec<Cow<'a, str>>,
    /// `[]string`.
    pub source_topic_regex: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// `[]string`.
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    /// `[]CopartitionGroup`.
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Wire<'a> for Subtopology<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.subtopology_id = from.string()?;
        out.source_topics = from.array()?;
        out.source_topic_regex = from.array()?;
        out.state_changelog_topics = from.array()?;
        out.repartition_sink_topics = from.array()?;
        out.repartition_source_topics = from.array()?;
        out.copartition_groups = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.subtopology_id)?;
        to.array(&self.source_topics)?;
        to.array(&self.source_topic_regex)?;
        to.array(&self.state_changelog_topics)?;
        to.array(&self.repartition_sink_topics)?;
        to.array(&self.repartition_source_topics)?;
        to.array(&self.copartition_groups)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CopartitionGroup {
    /// `[]int16`.
    pub source_topics: Vec<i16>,
    /// `[]int16`.
    pub source_topic_regex: Vec<i16>,
    /// `[]int16`.
    pub repartition_source_topics: Vec<i16>,
}

impl<'a> Wire<'a> for CopartitionGroup {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.source_topics = from.array()?;
        out.source_topic_regex = from.array()?;
        out.repartition_source_topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.source_topics)?;
        to.array(&self.source_topic_regex)?;
        to.array(&self.repartition_source_topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct KeyValue<'a> {
    /// `string`.
    pub key: Cow<'a, str>,
    /// `string`.
    pub value: Cow<'a, str>,
}

impl<'a> Wire<'a> for KeyValue<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.key = from.string()?;
        out.value = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.key)?;
        to.string(&self.value)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicInfo<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int32`.
    pub partitions: i32,
    /// `int16`.
    pub replication_factor: i16,
    /// `[]KeyValue`.
    pub topic_configs: Vec<KeyValue<'a>>,
}

impl<'a> Wire<'a> for TopicInfo<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partitions = from.i32()?;
        out.replication_factor = from.i16()?;
        out.topic_configs = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i32(self.partitions);
        to.i16(self.replication_factor);
        to.array(&self.topic_configs)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestEndpoint<'a> {
    /// `string`.
    pub host: Cow<'a, str>,
    /// `uint16`.
    pub port: u16,
}

impl<'a> Wire<'a> for RequestEndpoint<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.host = from.string()?;
        out.port = from.u16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.host)?;
        to.u16(self.port);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TaskOffset<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `int32`.
    pub partition: i32,
    /// `int64`.
    pub offset: i64,
}

impl<'a> Wire<'a> for TaskOffset<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.subtopology_id = from.string()?;
        out.partition = from.i32()?;
        out.offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.subtopology_id)?;
        to.i32(self.partition);
        to.i64(self.offset);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestTaskIds<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for RequestTaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.subtopology_id = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.subtopology_id)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for StreamsGroupHeartbeatRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::StreamsGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `StreamsGroupHeartbeatResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `int32`.
    pub member_epoch: i32,
    /// `int32`.
    pub heartbeat_interval_ms: i32,
    /// `int32`.
    pub acceptable_recovery_lag: i32,
    /// `int32`.
    pub task_offset_interval_ms: i32,
    /// `[]Status`; null too.
    pub status: Option<Vec<Status<'a>>>,
    /// `[]TaskIds`; null too; default null.
    pub active_tasks: Option<Vec<ResponseTaskIds<'a>>>,
    /// `[]TaskIds`; null too; default null.
    pub standby_tasks: Option<Vec<ResponseTaskIds<'a>>>,
    /// `[]TaskIds`; null too; default null.
    pub warmup_tasks: Option<Vec<ResponseTaskIds<'a>>>,
    /// `int32`.
    pub endpoint_information_epoch: i32,
    /// `[]EndpointToPartitions`; null too; default null.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

impl Default for StreamsGroupHeartbeatResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag: 0,
            task_offset_interval_ms: 0,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupHeartbeatResponse<'a> {
    const BYTES_MIN: usize = 34;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.member_id = from.string()?;
        out.member_epoch = from.i32()?;
        out.heartbeat_interval_ms = from.i32()?;
        out.acceptable_recovery_lag = from.i32()?;
        out.task_offset_interval_ms = from.i32()?;
        out.status = from.array_or_null()?;
        out.active_tasks = from.array_or_null()?;
        out.standby_tasks = from.array_or_null()?;
        out.warmup_tasks = from.array_or_null()?;
        out.endpoint_information_epoch = from.i32()?;
        out.partitions_by_user_endpoint = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.string(&self.member_id)?;
        to.i32(self.member_epoch);
        to.i32(self.heartbeat_interval_ms);
        to.i32(self.acceptable_recovery_lag);
        to.i32(self.task_offset_interval_ms);
        to.array_or_null(self.status.as_deref())?;
        to.array_or_null(self.active_tasks.as_deref())?;
        to.array_or_null(self.standby_tasks.as_deref())?;
        to.array_or_null(self.warmup_tasks.as_deref())?;
        to.i32(self.endpoint_information_epoch);
        to.array_or_null(self.partitions_by_user_endpoint.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EndpointToPartitions<'a> {
    /// `Endpoint`.
    pub user_endpoint: ResponseEndpoint<'a>,
    /// `[]TopicPartition`.
    pub active_partitions: Vec<TopicPartition<'a>>,
    /// `[]TopicPartition`.
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

impl<'a> Wire<'a> for EndpointToPartitions<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.user_endpoint = ResponseEndpoint::read(from)?;
        out.active_partitions = from.array()?;
        out.standby_partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        self.user_endpoint.write(to)?;
        to.array(&self.active_partitions)?;
        to.array(&self.standby_partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Status<'a> {
    /// `int8`.
    pub status_code: i8,
    /// `string`.
    pub status_detail: Cow<'a, str>,
}

impl<'a> Wire<'a> for Status<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.status_code = from.i8()?;
        out.status_detail = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i8(self.status_code);
        to.string(&self.status_detail)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicPartition<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TopicPartition<'a> {
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

/// A part of [`StreamsGroupHeartbeatResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseTaskIds<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for ResponseTaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.subtopology_id = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.subtopology_id)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseEndpoint<'a> {
    /// `string`.
    pub host: Cow<'a, str>,
    /// `uint16`.
    pub port: u16,
}

impl<'a> Wire<'a> for ResponseEndpoint<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.host = from.string()?;
        out.port = from.u16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.host)?;
        to.u16(self.port);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for StreamsGroupHeartbeatResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::StreamsGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
