// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ShareGroupHeartbeat (key 76).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ShareGroupHeartbeatRequest`, versions 1 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareGroupHeartbeatRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `int32`.
    pub member_epoch: i32,
    /// `string`; null too; default null.
    pub rack_id: Option<Cow<'a, str>>,
    /// `[]string`; null too; default null.
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Wire<'a> for ShareGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.member_id = from.string()?;
        out.member_epoch = from.i32()?;
        out.rack_id = from.string_or_null()?;
        out.subscribed_topic_names = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.group_id)?;
        to.string(&self.member_id)?;
        to.i32(self.member_epoch);
        to.string_or_null(self.rack_id.as_deref())?;
        to.array_or_null(self.subscribed_topic_names.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ShareGroupHeartbeatRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=1;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `ShareGroupHeartbeatResponse`, versions 1 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ShareGroupHeartbeatResponse<'a> {
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

impl<'a> Wire<'a> for ShareGroupHeartbeatResponse<'a> {
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

/// A part of [`ShareGroupHeartbeatResponse`], versions 1 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Assignment {
    /// `[]TopicPartitions`.
    pub topic_partitions: Vec<TopicPartitions>,
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

/// A part of [`ShareGroupHeartbeatResponse`], versions 1 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicPartitions {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TopicPartitions {
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

impl<'a> Message<'a> for ShareGroupHeartbeatResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ShareGroupHeartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=1;
    const FLEXIBLE_FROM: i16 = 1;
}
