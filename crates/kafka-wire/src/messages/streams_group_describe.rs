// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! StreamsGroupDescribe (key 89).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `StreamsGroupDescribeRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct StreamsGroupDescribeRequest<'a> {
    /// `[]string`.
    pub group_ids: Vec<Cow<'a, str>>,
    /// `bool`.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for StreamsGroupDescribeRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_ids = from.array()?;
        out.include_authorized_operations = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.group_ids)?;
        to.bool(self.include_authorized_operations);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for StreamsGroupDescribeRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::StreamsGroupDescribe);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `StreamsGroupDescribeResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct StreamsGroupDescribeResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for StreamsGroupDescribeResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.groups = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.groups)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub group_state: Cow<'a, str>,
    /// `int32`.
    pub group_epoch: i32,
    /// `int32`.
    pub assignment_epoch: i32,
    /// `Topology`; null too; default null.
    pub topology: Option<Topology<'a>>,
    /// `[]Member`.
    pub members: Vec<Member<'a>>,
    /// `int32`; default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribedGroup<'a> {
    const BYTES_MIN: usize = 20;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.group_id = from.string()?;
        out.group_state = from.string()?;
        out.group_epoch = from.i32()?;
        out.assignment_epoch = from.i32()?;
        out.topology = from.or_null()?;
        out.members = from.array()?;
        out.authorized_operations = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.string(&self.group_id)?;
        to.string(&self.group_state)?;
        to.i32(self.group_epoch);
        to.i32(self.assignment_epoch);
        to.or_null(self.topology.as_ref())?;
        to.array(&self.members)?;
        to.i32(self.authorized_operations);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Topology<'a> {
    /// `int32`.
    pub epoch: i32,
    /// `[]Subtopology`; null too; default null.
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

impl<'a> Wire<'a> for Topology<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.epoch = from.i32()?;
        out.subtopologies = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.epoch);
        to.array_or_null(self.subtopologies.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Subtopology<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `[]string`.
    pub source_topics: Vec<Cow<'a, str>>,
    /// `[]string`.
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// `[]TopicInfo`.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Wire<'a> for Subtopology<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.subtopology_id = from.string()?;
        out.source_topics = from.array()?;
        out.repartition_sink_topics = from.array()?;
        out.state_changelog_topics = from.array()?;
        out.repartition_source_topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.subtopology_id)?;
        to.array(&self.source_topics)?;
        to.array(&self.repartition_sink_topics)?;
        to.array(&self.state_changelog_topics)?;
        to.array(&self.repartition_source_topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Member<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `int32`.
    pub member_epoch: i32,
    /// `string`; null too; default null.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub rack_id: Option<Cow<'a, str>>,
    /// `string`.
    pub client_id: Cow<'a, str>,
    /// `string`.
    pub client_host: Cow<'a, str>,
    /// `int32`.
    pub topology_epoch: i32,
    /// `string`.
    pub process_id: Cow<'a, str>,
    /// `Endpoint`; null too; default null.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// `[]KeyValue`.
    pub client_tags: Vec<KeyValue<'a>>,
    /// `[]TaskOffset`.
    pub task_offsets: Vec<TaskOffset<'a>>,
    /// `[]TaskOffset`.
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    /// `Assignment`.
    pub assignment: Assignment<'a>,
    /// `Assignment`.
    pub target_assignment: Assignment<'a>,
    /// `bool`.
    pub is_classic: bool,
}

impl<'a> Wire<'a> for Member<'a> {
    const BYTES_MIN: usize = 28;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.member_id = from.string()?;
        out.member_epoch = from.i32()?;
        out.instance_id = from.string_or_null()?;
        out.rack_id = from.string_or_null()?;
        out.client_id = from.string()?;
        out.client_host = from.string()?;
        out.topology_epoch = from.i32()?;
        out.process_id = from.string()?;
        out.user_endpoint = from.or_null()?;
        out.client_tags = from.array()?;
        out.task_offsets = from.array()?;
        out.task_end_offsets = from.array()?;
        out.assignment = Assignment::read(from)?;
        out.target_assignment = Assignment::read(from)?;
        out.is_classic = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.member_id)?;
        to.i32(self.member_epoch);
        to.string_or_null(self.instance_id.as_deref())?;
        to.string_or_null(self.rack_id.as_deref())?;
        to.string(&self.client_id)?;
        to.string(&self.client_host)?;
        to.i32(self.topology_epoch);
        to.string(&self.process_id)?;
        to.or_null(self.user_endpoint.as_ref())?;
        to.array(&self.client_tags)?;
        to.array(&self.task_offsets)?;
        to.array(&self.task_end_offsets)?;
        self.assignment.write(to)?;
        self.target_assignment.write(to)?;
        to.bool(self.is_classic);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Endpoint<'a> {
    /// `string`.
    pub host: Cow<'a, str>,
    /// `uint16`.
    pub port: u16,
}

impl<'a> Wire<'a> for Endpoint<'a> {
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

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
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

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Assignment<'a> {
    /// `[]TaskIds`.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`.
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Wire<'a> for Assignment<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.active_tasks = from.array()?;
        out.standby_tasks = from.array()?;
        out.warmup_tasks = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.active_tasks)?;
        to.array(&self.standby_tasks)?;
        to.array(&self.warmup_tasks)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TaskIds<'a> {
    /// `string`.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TaskIds<'a> {
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

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
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

/// A part of [`StreamsGroupDescribeResponse`], versions 0 to 0.
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

impl<'a> Message<'a> for StreamsGroupDescribeResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::StreamsGroupDescribe);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
