// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AlterShareGroupOffsets (key 91).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AlterShareGroupOffsetsRequest`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `[]AlterShareGroupOffsetsRequestTopic`.
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.group_id)?;
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterShareGroupOffsetsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `[]AlterShareGroupOffsetsRequestPartition`.
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsRequestTopic<'a> {
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

/// A part of [`AlterShareGroupOffsetsRequest`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsRequestPartition {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub start_offset: i64,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsRequestPartition {
    const BYTES_MIN: usize = 13;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.start_offset = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i64(self.start_offset);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterShareGroupOffsetsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterShareGroupOffsets);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `AlterShareGroupOffsetsResponse`, versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]AlterShareGroupOffsetsResponseTopic`.
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.responses = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.responses)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterShareGroupOffsetsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    /// `string`.
    pub topic_name: Cow<'a, str>,
    /// `uuid`.
    pub topic_id: Uuid,
    /// `[]AlterShareGroupOffsetsResponsePartition`.
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponseTopic<'a> {
    const BYTES_MIN: usize = 19;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic_name = from.string()?;
        out.topic_id = from.uuid()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic_name)?;
        to.uuid(self.topic_id);
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterShareGroupOffsetsResponse`], versions 0 to 0.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponsePartition<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterShareGroupOffsetsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterShareGroupOffsets);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_FROM: i16 = 0;
}
