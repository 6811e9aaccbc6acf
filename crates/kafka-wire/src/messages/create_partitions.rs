// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! CreatePartitions (key 37).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `CreatePartitionsRequest`, versions 0 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatePartitionsRequest<'a> {
    /// `[]CreatePartitionsTopic`.
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    /// `int32`.
    pub timeout_ms: i32,
    /// `bool`.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for CreatePartitionsRequest<'a> {
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

/// A part of [`CreatePartitionsRequest`], versions 0 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitionsTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int32`.
    pub count: i32,
    /// `[]CreatePartitionsAssignment`; null too.
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), count: 0, assignments: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for CreatePartitionsTopic<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.count = from.i32()?;
        out.assignments = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i32(self.count);
        to.array_or_null(self.assignments.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreatePartitionsRequest`], versions 0 to 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatePartitionsAssignment {
    /// `[]int32`.
    pub broker_ids: Vec<i32>,
}

impl<'a> Wire<'a> for CreatePartitionsAssignment {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.broker_ids = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.broker_ids)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreatePartitionsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreatePartitions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `CreatePartitionsResponse`, versions 0 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatePartitionsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]CreatePartitionsTopicResult`.
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
}

impl<'a> Wire<'a> for CreatePartitionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreatePartitionsResponse`], versions 0 to 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatePartitionsTopicResult<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for CreatePartitionsTopicResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreatePartitionsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreatePartitions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    const FLEXIBLE_FROM: i16 = 2;
}
