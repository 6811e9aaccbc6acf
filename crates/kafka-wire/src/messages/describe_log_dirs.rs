// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeLogDirs (key 35).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeLogDirsRequest`, versions 1 to 5, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest<'a> {
    /// `[]DescribableLogDirTopic`; null too.
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

impl Default for DescribeLogDirsRequest<'_> {
    fn default() -> Self {
        Self { topics: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for DescribeLogDirsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topics = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array_or_null(self.topics.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeLogDirsRequest`], versions 1 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribableLogDirTopic<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for DescribableLogDirTopic<'a> {
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

impl<'a> Message<'a> for DescribeLogDirsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeLogDirs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=5;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `DescribeLogDirsResponse`, versions 1 to 5, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeLogDirsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16` from version 3; left out where there is no place for it.
    pub error_code: i16,
    /// `[]DescribeLogDirsResult`.
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

impl<'a> Wire<'a> for DescribeLogDirsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        if version >= 3 {
            out.error_code = from.i16()?;
        }
        out.results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        if version >= 3 {
            to.i16(self.error_code);
        }
        to.array(&self.results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeLogDirsResponse`], versions 1 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`.
    pub log_dir: Cow<'a, str>,
    /// `[]DescribeLogDirsTopic`.
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// `int64` from version 4; default -1; left out where there is no place for it.
    pub total_bytes: i64,
    /// `int64` from version 4; default -1; left out where there is no place for it.
    pub usable_bytes: i64,
    /// `bool` from version 5; default false; left out where there is no place for it.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            log_dir: Cow::Borrowed(""),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> Wire<'a> for DescribeLogDirsResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.log_dir = from.string()?;
        out.topics = from.array()?;
        if version >= 4 {
            out.total_bytes = from.i64()?;
            out.usable_bytes = from.i64()?;
        }
        if version == 5 {
            out.is_cordoned = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        to.string(&self.log_dir)?;
        to.array(&self.topics)?;
        if version >= 4 {
            to.i64(self.total_bytes);
            to.i64(self.usable_bytes);
        }
        if version == 5 {
            to.bool(self.is_cordoned);
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeLogDirsResponse`], versions 1 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeLogDirsTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]DescribeLogDirsPartition`.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl<'a> Wire<'a> for DescribeLogDirsTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partitions = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partitions)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeLogDirsResponse`], versions 1 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeLogDirsPartition {
    /// `int32`.
    pub partition_index: i32,
    /// `int64`.
    pub partition_size: i64,
    /// `int64`.
    pub offset_lag: i64,
    /// `bool`.
    pub is_future_key: bool,
}

impl<'a> Wire<'a> for DescribeLogDirsPartition {
    const BYTES_MIN: usize = 21;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.partition_size = from.i64()?;
        out.offset_lag = from.i64()?;
        out.is_future_key = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i64(self.partition_size);
        to.i64(self.offset_lag);
        to.bool(self.is_future_key);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeLogDirsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeLogDirs);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=5;
    const FLEXIBLE_FROM: i16 = 2;
}
