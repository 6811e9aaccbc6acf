// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Produce (key 0).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ProduceRequest`, versions 3 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ProduceRequest<'a> {
    /// `string`; null too; default null.
    pub transactional_id: Option<Cow<'a, str>>,
    /// `int16`.
    pub acks: i16,
    /// `int32`.
    pub timeout_ms: i32,
    /// `[]TopicProduceData`.
    pub topic_data: Vec<TopicProduceData<'a>>,
}

impl<'a> Wire<'a> for ProduceRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.transactional_id = from.string_or_null()?;
        out.acks = from.i16()?;
        out.timeout_ms = from.i32()?;
        out.topic_data = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string_or_null(self.transactional_id.as_deref())?;
        to.i16(self.acks);
        to.i32(self.timeout_ms);
        to.array(&self.topic_data)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ProduceRequest`], versions 3 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicProduceData<'a> {
    /// `string` until version 12; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 13; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]PartitionProduceData`.
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

impl<'a> Wire<'a> for TopicProduceData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 12 {
            out.name = from.string()?;
        }
        if version == 13 {
            out.topic_id = from.uuid()?;
        }
        out.partition_data = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 12 {
            to.string(&self.name)?;
        }
        if version == 13 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partition_data)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ProduceRequest`], versions 3 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PartitionProduceData<'a> {
    /// `int32`.
    pub index: i32,
    /// `records`; null too.
    pub records: Option<&'a [u8]>,
}

impl<'a> Wire<'a> for PartitionProduceData<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.index = from.i32()?;
        out.records = from.records_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.index);
        to.bytes_or_null(self.records)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ProduceRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Produce);
    const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
    const FLEXIBLE_FROM: i16 = 9;
}

/// `ProduceResponse`, versions 3 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ProduceResponse<'a> {
    /// `[]TopicProduceResponse`.
    pub responses: Vec<TopicProduceResponse<'a>>,
    /// `int32`; default 0.
    pub throttle_time_ms: i32,
    /// `[]NodeEndpoint` from version 10; tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for ProduceResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.responses = from.array()?;
        out.throttle_time_ms = from.i32()?;
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 10 => out.node_endpoints = from.array()?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.array(&self.responses)?;
        to.i32(self.throttle_time_ms);
        if to.flexible() {
            let tags = to.tags();
            if version >= 10 {
                if !self.node_endpoints.is_empty() {
                    let at = to.tag(&tags, 0);
                    to.array(&self.node_endpoints)?;
                    to.end_tag(at)?;
                }
            } else {
                to.absent(self.node_endpoints.is_empty())?;
            }
        } else {
            to.absent(self.node_endpoints.is_empty())?;
        }
        Ok(())
    }
}

/// A part of [`ProduceResponse`], versions 3 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TopicProduceResponse<'a> {
    /// `string` until version 12; left out where there is no place for it.
    pub name: Cow<'a, str>,
    /// `uuid` from version 13; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `[]PartitionProduceResponse`.
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

impl<'a> Wire<'a> for TopicProduceResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 12 {
            out.name = from.string()?;
        }
        if version == 13 {
            out.topic_id = from.uuid()?;
        }
        out.partition_responses = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 12 {
            to.string(&self.name)?;
        }
        if version == 13 {
            to.uuid(self.topic_id);
        }
        to.array(&self.partition_responses)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ProduceResponse`], versions 3 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    /// `int32`.
    pub index: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int64`.
    pub base_offset: i64,
    /// `int64`; default -1.
    pub log_append_time_ms: i64,
    /// `int64` from version 5; default -1; left out where there is no place for it.
    pub log_start_offset: i64,
    /// `[]BatchIndexAndErrorMessage` from version 8; left out where there is no place for it.
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// `string` from version 8; null too; default null; left out where there is no place for it.
    pub error_message: Option<Cow<'a, str>>,
    /// `LeaderIdAndEpoch` from version 10; tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl<'a> Wire<'a> for PartitionProduceResponse<'a> {
    const BYTES_MIN: usize = 22;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.index = from.i32()?;
        out.error_code = from.i16()?;
        out.base_offset = from.i64()?;
        out.log_append_time_ms = from.i64()?;
        if version >= 5 {
            out.log_start_offset = from.i64()?;
        }
        if version >= 8 {
            out.record_errors = from.array()?;
            out.error_message = from.string_or_null()?;
        }
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 10 => out.current_leader = LeaderIdAndEpoch::read(from)?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.index);
        to.i16(self.error_code);
        to.i64(self.base_offset);
        to.i64(self.log_append_time_ms);
        if version >= 5 {
            to.i64(self.log_start_offset);
        }
        if version >= 8 {
            to.array(&self.record_errors)?;
            to.string_or_null(self.error_message.as_deref())?;
        }
        if to.flexible() {
            let tags = to.tags();
            if version >= 10 {
                if self.current_leader != LeaderIdAndEpoch::default() {
                    let at = to.tag(&tags, 0);
                    self.current_leader.write(to)?;
                    to.end_tag(at)?;
                }
            } else {
                to.absent(self.current_leader == LeaderIdAndEpoch::default())?;
            }
        } else {
            to.absent(self.current_leader == LeaderIdAndEpoch::default())?;
        }
        Ok(())
    }
}

/// A part of [`ProduceResponse`], versions 8 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// `int32`.
    pub batch_index: i32,
    /// `string`; null too; default null.
    pub batch_index_error_message: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for BatchIndexAndErrorMessage<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.batch_index = from.i32()?;
        out.batch_index_error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.batch_index);
        to.string_or_null(self.batch_index_error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ProduceResponse`], versions 10 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// `int32`; default -1.
    pub leader_id: i32,
    /// `int32`; default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
}

impl<'a> Wire<'a> for LeaderIdAndEpoch {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.leader_id = from.i32()?;
        out.leader_epoch = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.leader_id);
        to.i32(self.leader_epoch);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ProduceResponse`], versions 10 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NodeEndpoint<'a> {
    /// `int32`.
    pub node_id: i32,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int32`.
    pub port: i32,
    /// `string`; null too; default null.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for NodeEndpoint<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.node_id = from.i32()?;
        out.host = from.string()?;
        out.port = from.i32()?;
        out.rack = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.node_id);
        to.string(&self.host)?;
        to.i32(self.port);
        to.string_or_null(self.rack.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ProduceResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Produce);
    const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
    const FLEXIBLE_FROM: i16 = 9;
}
