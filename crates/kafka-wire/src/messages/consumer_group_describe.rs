// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ConsumerGroupDescribe (key 69).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ConsumerGroupDescribeRequest`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ConsumerGroupDescribeRequest<'a> {
    /// `[]string`.
    pub group_ids: Vec<Cow<'a, str>>,
    /// `bool`.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for ConsumerGroupDescribeRequest<'a> {
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

impl<'a> Message<'a> for ConsumerGroupDescribeRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ConsumerGroupDescribe);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `ConsumerGroupDescribeResponse`, versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ConsumerGroupDescribeResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupDescribeResponse<'a> {
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

/// A part of [`ConsumerGroupDescribeResponse`], versions 0 to 1.
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
    /// `string`.
    pub assignor_name: Cow<'a, str>,
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
            assignor_name: Cow::Borrowed(""),
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
        out.assignor_name = from.string()?;
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
        to.string(&self.assignor_name)?;
        to.array(&self.members)?;
        to.i32(self.authorized_operations);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupDescribeResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string`; null too; default null.
    pub instance_id: Option<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub rack_id: Option<Cow<'a, str>>,
    /// `int32`.
    pub member_epoch: i32,
    /// `string`.
    pub client_id: Cow<'a, str>,
    /// `string`.
    pub client_host: Cow<'a, str>,
    /// `[]string`.
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    /// `string`; null too; default null.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// `Assignment`.
    pub assignment: Assignment<'a>,
    /// `Assignment`.
    pub target_assignment: Assignment<'a>,
    /// `int8` from version 1; default -1; left out where there is no place for it.
    pub member_type: i8,
}

impl Default for Member<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::Borrowed(""),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

impl<'a> Wire<'a> for Member<'a> {
    const BYTES_MIN: usize = 16;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.member_id = from.string()?;
        out.instance_id = from.string_or_null()?;
        out.rack_id = from.string_or_null()?;
        out.member_epoch = from.i32()?;
        out.client_id = from.string()?;
        out.client_host = from.string()?;
        out.subscribed_topic_names = from.array()?;
        out.subscribed_topic_regex = from.string_or_null()?;
        out.assignment = Assignment::read(from)?;
        out.target_assignment = Assignment::read(from)?;
        if version == 1 {
            out.member_type = from.i8()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.member_id)?;
        to.string_or_null(self.instance_id.as_deref())?;
        to.string_or_null(self.rack_id.as_deref())?;
        to.i32(self.member_epoch);
        to.string(&self.client_id)?;
        to.string(&self.client_host)?;
        to.array(&self.subscribed_topic_names)?;
        to.string_or_null(self.subscribed_topic_regex.as_deref())?;
        self.assignment.write(to)?;
        self.target_assignment.write(to)?;
        if version == 1 {
            to.i8(self.member_type);
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupDescribeResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicPartitions<'a> {
    /// `uuid`.
    pub topic_id: Uuid,
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
    const BYTES_MIN: usize = 19;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_id = from.uuid()?;
        out.topic_name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.uuid(self.topic_id);
        to.string(&self.topic_name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ConsumerGroupDescribeResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Assignment<'a> {
    /// `[]TopicPartitions`.
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

impl<'a> Wire<'a> for Assignment<'a> {
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

impl<'a> Message<'a> for ConsumerGroupDescribeResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ConsumerGroupDescribe);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 0;
}
