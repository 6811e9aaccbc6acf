// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! CreateTopics (key 19).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `CreateTopicsRequest`, versions 2 to 7, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    /// `[]CreatableTopic`.
    pub topics: Vec<CreatableTopic<'a>>,
    /// `int32`; default 60000.
    pub timeout_ms: i32,
    /// `bool`; default false.
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest<'_> {
    fn default() -> Self {
        Self { topics: Vec::new(), timeout_ms: 60000, validate_only: false }
    }
}

impl<'a> Wire<'a> for CreateTopicsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topics = from.array()?;
        out.timeout_ms = from.i32()?;
        out.validate_only = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.topics)?;
        to.i32(self.timeout_ms);
        to.bool(self.validate_only);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`], versions 2 to 7.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatableTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int32`.
    pub num_partitions: i32,
    /// `int16`.
    pub replication_factor: i16,
    /// `[]CreatableReplicaAssignment`.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// `[]CreatableTopicConfig`.
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

impl<'a> Wire<'a> for CreatableTopic<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.num_partitions = from.i32()?;
        out.replication_factor = from.i16()?;
        out.assignments = from.array()?;
        out.configs = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i32(self.num_partitions);
        to.i16(self.replication_factor);
        to.array(&self.assignments)?;
        to.array(&self.configs)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`], versions 2 to 7.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatableReplicaAssignment {
    /// `int32`.
    pub partition_index: i32,
    /// `[]int32`.
    pub broker_ids: Vec<i32>,
}

impl<'a> Wire<'a> for CreatableReplicaAssignment {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.broker_ids = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.array(&self.broker_ids)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`], versions 2 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `string`; null too.
    pub value: Option<Cow<'a, str>>,
}

impl Default for CreatableTopicConfig<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), value: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for CreatableTopicConfig<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.value = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.string_or_null(self.value.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreateTopicsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateTopics);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=7;
    const FLEXIBLE_FROM: i16 = 5;
}

/// `CreateTopicsResponse`, versions 2 to 7, flexible from 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreateTopicsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]CreatableTopicResult`.
    pub topics: Vec<CreatableTopicResult<'a>>,
}

impl<'a> Wire<'a> for CreateTopicsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateTopicsResponse`], versions 2 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `uuid` from version 7; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `int16` from version 5; tag 0; left out where there is no place for it.
    pub topic_config_error_code: i16,
    /// `int32` from version 5; default -1; left out where there is no place for it.
    pub num_partitions: i32,
    /// `int16` from version 5; default -1; left out where there is no place for it.
    pub replication_factor: i16,
    /// `[]CreatableTopicConfigs` from version 5; null too; left out where there is no place for it.
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl<'a> Wire<'a> for CreatableTopicResult<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.name = from.string()?;
        if version == 7 {
            out.topic_id = from.uuid()?;
        }
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        if version >= 5 {
            out.num_partitions = from.i32()?;
            out.replication_factor = from.i16()?;
            out.configs = from.array_or_null()?;
        }
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 5 => out.topic_config_error_code = from.i16()?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.name)?;
        if version == 7 {
            to.uuid(self.topic_id);
        }
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        if version >= 5 {
            to.i32(self.num_partitions);
            to.i16(self.replication_factor);
            to.array_or_null(self.configs.as_deref())?;
        }
        if to.flexible() {
            let tags = to.tags();
            if self.topic_config_error_code != 0 {
                let at = to.tag(&tags, 0);
                to.i16(self.topic_config_error_code);
                to.end_tag(at)?;
            }
        }
        Ok(())
    }
}

/// A part of [`CreateTopicsResponse`], versions 5 to 7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `string`; null too.
    pub value: Option<Cow<'a, str>>,
    /// `bool`.
    pub read_only: bool,
    /// `int8`; default -1.
    pub config_source: i8,
    /// `bool`.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), value: Some(Cow::Borrowed("")), read_only: false, config_source: -1, is_sensitive: false }
    }
}

impl<'a> Wire<'a> for CreatableTopicConfigs<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.value = from.string_or_null()?;
        out.read_only = from.bool()?;
        out.config_source = from.i8()?;
        out.is_sensitive = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.string_or_null(self.value.as_deref())?;
        to.bool(self.read_only);
        to.i8(self.config_source);
        to.bool(self.is_sensitive);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreateTopicsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateTopics);
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=7;
    const FLEXIBLE_FROM: i16 = 5;
}
