// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ConsumerGroupHeartbeat (key 68).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ConsumerGroupHeartbeatRequest`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `int32`.
    pub member_epoch: i32,
    /// `string`; null too; default null.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`; default -1.
    pub rebalance_timeout_ms: i32,
    /// `[]string`; null too; default null.
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
    /// `string` from version 1; null too; default null.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub server_assignor: Option<Cow<'a, str>>,
    /// `[]TopicPartitions`; null too; default null.
    pub topic_partitions: Option<Vec<RequestTopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl<'a> Wire<'a> for ConsumerGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.member_id = from.string()?;
        out.member_epoch = from.i32()?;
        out.instance_id = from.string_or_null()?;
        out.rack_id = from.string_or_null()?;
        out.rebalance_timeout_ms = from.i32()?;
        out.subscribed_topic_names = from.array_or_null()?;
        if version == 1 {
            out.subscribed_topic_regex = from.string_or_null()?;
        }
        out.server_assignor = from.string_or_null()?;
        out.topic_partitions = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        to.string(&self.member_id)?;
        to.i32(self.member_epoch);
        to.string_or_null(self.instance_id.as_deref())?;
        to.string_or_null(self.rack_id.as_deref())?;
        to.i32(self.rebalance_timeout_ms);
        to.array_or_null(self.subscribed_topic_names.as_deref())?;
        if version == 1 {
            to.string_or_null(self.subscribed_topic_regex.as_deref())?;
        } else {
            to.absent(self.subscribed_topic_regex.is_none())?;
        }
        to.string_or_null(self.server_assignor.as_deref())?;
        to.array_or_null(self.topic_partitions.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupHeartbeatRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestTopicPartitions {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for RequestTopicPartitions {
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

impl<'a> Message<'a> for ConsumerGroupHeartbeatRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ConsumerGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `ConsumerGroupHeartbeatResponse`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub member_id: Option<Cow<'a, str>>,
    /// `int32`.
    pub member_epoch: i32,
    /// `int32`.
    pub heartbeat_interval_ms: i32,
    /// `Assignment`; null too; default null.
    pub assignment: Option<Assignment>,
}

impl<'a> Wire<'a> for ConsumerGroupHeartbeatResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.member_id = from.string_or_null()?;
        out.member_epoch = from.i32()?;
        out.heartbeat_interval_ms = from.i32()?;
        out.assignment = from.or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.string_or_null(self.member_id.as_deref())?;
        to.i32(self.member_epoch);
        to.i32(self.heartbeat_interval_ms);
        to.or_null(self.assignment.as_ref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupHeartbeatResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Assignment {
    /// `[]TopicPartitions`.
    pub topic_partitions: Vec<ResponseTopicPartitions>,
}

impl<'a> Wire<'a> for Assignment {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.topic_partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupHeartbeatResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseTopicPartitions {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for ResponseTopicPartitions {
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

impl<'a> Message<'a> for ConsumerGroupHeartbeatResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ConsumerGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}
