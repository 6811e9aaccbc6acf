// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DeleteTopics (key 20).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DeleteTopicsRequest`, versions 1 to 6, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteTopicsRequest<'a> {
    /// `[]DeleteTopicState` from version 6.
    pub topics: Vec<DeleteTopicState<'a>>,
    /// `[]string` until version 5; left out where there is no place for it.
    pub topic_names: Vec<Cow<'a, str>>,
    /// `int32`.
    pub timeout_ms: i32,
}

impl<'a> Wire<'a> for DeleteTopicsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version == 6 {
            out.topics = from.array()?;
        }
        if version <= 5 {
            out.topic_names = from.array()?;
        }
        out.timeout_ms = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version == 6 {
            to.array(&self.topics)?;
        } else {
            to.absent(self.topics.is_empty())?;
        }
        if version <= 5 {
            to.array(&self.topic_names)?;
        }
        to.i32(self.timeout_ms);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteTopicsRequest`], versions 6 to 6.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteTopicState<'a> {
    /// `string`; null too; default null.
    pub name: Option<Cow<'a, str>>,
    /// `uuid`.
    pub topic_id: Uuid,
}

impl<'a> Wire<'a> for DeleteTopicState<'a> {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string_or_null()?;
        out.topic_id = from.uuid()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string_or_null(self.name.as_deref())?;
        to.uuid(self.topic_id);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteTopicsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteTopics);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=6;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `DeleteTopicsResponse`, versions 1 to 6, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteTopicsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DeletableTopicResult`.
    pub responses: Vec<DeletableTopicResult<'a>>,
}

impl<'a> Wire<'a> for DeleteTopicsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.responses = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.responses)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteTopicsResponse`], versions 1 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    /// `string`; null from version 6.
    pub name: Option<Cow<'a, str>>,
    /// `uuid` from version 6; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `int16`.
    pub error_code: i16,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for DeletableTopicResult<'_> {
    fn default() -> Self {
        Self { name: Some(Cow::Borrowed("")), topic_id: Uuid::ZERO, error_code: 0, error_message: None }
    }
}

impl<'a> Wire<'a> for DeletableTopicResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.name = if version == 6 { from.string_or_null()? } else { Some(from.string()?) };
        if version == 6 {
            out.topic_id = from.uuid()?;
        }
        out.error_code = from.i16()?;
        if version >= 5 {
            out.error_message = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version == 6 {
            to.string_or_null(self.name.as_deref())?;
        } else {
            to.string_not_null(self.name.as_deref())?;
        }
        if version == 6 {
            to.uuid(self.topic_id);
        }
        to.i16(self.error_code);
        if version >= 5 {
            to.string_or_null(self.error_message.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteTopicsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteTopics);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=6;
    const FLEXIBLE_FROM: i16 = 4;
}
