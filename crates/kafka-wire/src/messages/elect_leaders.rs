// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ElectLeaders (key 43).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ElectLeadersRequest`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest<'a> {
    /// `int8` from version 1.
    pub election_type: i8,
    /// `[]TopicPartitions`; null too.
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    /// `int32`; default 60000.
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self { election_type: 0, topic_partitions: Some(Vec::new()), timeout_ms: 60000 }
    }
}

impl<'a> Wire<'a> for ElectLeadersRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.election_type = from.i8()?;
        }
        out.topic_partitions = from.array_or_null()?;
        out.timeout_ms = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i8(self.election_type);
        } else {
            to.absent(self.election_type == 0)?;
        }
        to.array_or_null(self.topic_partitions.as_deref())?;
        to.i32(self.timeout_ms);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ElectLeadersRequest`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicPartitions<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]int32`.
    pub partitions: Vec<i32>,
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
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

impl<'a> Message<'a> for ElectLeadersRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ElectLeaders);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `ElectLeadersResponse`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ElectLeadersResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16` from version 1.
    pub error_code: i16,
    /// `[]ReplicaElectionResult`.
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

impl<'a> Wire<'a> for ElectLeadersResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        if version >= 1 {
            out.error_code = from.i16()?;
        }
        out.replica_election_results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        if version >= 1 {
            to.i16(self.error_code);
        } else {
            to.absent(self.error_code == 0)?;
        }
        to.array(&self.replica_election_results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ElectLeadersResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReplicaElectionResult<'a> {
    /// `string`.
    pub topic: Cow<'a, str>,
    /// `[]PartitionResult`.
    pub partition_result: Vec<PartitionResult<'a>>,
}

impl<'a> Wire<'a> for ReplicaElectionResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.topic = from.string()?;
        out.partition_result = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.topic)?;
        to.array(&self.partition_result)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ElectLeadersResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// `int32`.
    pub partition_id: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self { partition_id: 0, error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for PartitionResult<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_id = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_id);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ElectLeadersResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ElectLeaders);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}
