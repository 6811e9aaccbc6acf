// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Metadata (key 3).

use std::borrow::Cow;

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `MetadataRequest`, versions 0 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    /// `[]MetadataRequestTopic`; null from version 1.
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// `bool` from version 4; default true.
    pub allow_auto_topic_creation: bool,
    /// `bool` in versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// `bool` from version 8.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> Wire<'a> for MetadataRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.topics = if version >= 1 { from.array_or_null()? } else { Some(from.array()?) };
        if version >= 4 {
            out.allow_auto_topic_creation = from.bool()?;
        }
        if (8..=10).contains(&version) {
            out.include_cluster_authorized_operations = from.bool()?;
        }
        if version >= 8 {
            out.include_topic_authorized_operations = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.array_or_null(self.topics.as_deref())?;
        } else {
            to.array_not_null(self.topics.as_deref())?;
        }
        if version >= 4 {
            to.bool(self.allow_auto_topic_creation);
        } else {
            to.absent(self.allow_auto_topic_creation)?;
        }
        if (8..=10).contains(&version) {
            to.bool(self.include_cluster_authorized_operations);
        } else {
            to.absent(!self.include_cluster_authorized_operations)?;
        }
        if version >= 8 {
            to.bool(self.include_topic_authorized_operations);
        } else {
            to.absent(!self.include_topic_authorized_operations)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`MetadataRequest`], versions 0 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `string`; null from version 10.
    pub name: Option<Cow<'a, str>>,
}

impl Default for MetadataRequestTopic<'_> {
    fn default() -> Self {
        Self { topic_id: Uuid::ZERO, name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for MetadataRequestTopic<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 10 {
            out.topic_id = from.uuid()?;
        }
        out.name = if version >= 10 { from.string_or_null()? } else { Some(from.string()?) };
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 10 {
            to.uuid(self.topic_id);
        }
        if version >= 10 {
            to.string_or_null(self.name.as_deref())?;
        } else {
            to.string_not_null(self.name.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for MetadataRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Metadata);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=13;
    const FLEXIBLE_FROM: i16 = 9;
}

/// `MetadataResponse`, versions 0 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// `int32` from version 3; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]MetadataResponseBroker`.
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    /// `string` from version 2; null too; default null; left out where there is no place for it.
    pub cluster_id: Option<Cow<'a, str>>,
    /// `int32` from version 1; default -1; left out where there is no place for it.
    pub controller_id: i32,
    /// `[]MetadataResponseTopic`.
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// `int32` in versions 8 to 10; default -2147483648.
    pub cluster_authorized_operations: i32,
    /// `int16` from version 13; left out where there is no place for it.
    pub error_code: i16,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: -2147483648,
            error_code: 0,
        }
    }
}

impl<'a> Wire<'a> for MetadataResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = from.i32()?;
        }
        out.brokers = from.array()?;
        if version >= 2 {
            out.cluster_id = from.string_or_null()?;
        }
        if version >= 1 {
            out.controller_id = from.i32()?;
        }
        out.topics = from.array()?;
        if (8..=10).contains(&version) {
            out.cluster_authorized_operations = from.i32()?;
        }
        if version == 13 {
            out.error_code = from.i16()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 3 {
            to.i32(self.throttle_time_ms);
        }
        to.array(&self.brokers)?;
        if version >= 2 {
            to.string_or_null(self.cluster_id.as_deref())?;
        }
        if version >= 1 {
            to.i32(self.controller_id);
        }
        to.array(&self.topics)?;
        if (8..=10).contains(&version) {
            to.i32(self.cluster_authorized_operations);
        } else {
            to.absent(self.cluster_authorized_operations == -2147483648)?;
        }
        if version == 13 {
            to.i16(self.error_code);
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`MetadataResponse`], versions 0 to 13.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MetadataResponseBroker<'a> {
    /// `int32`.
    pub node_id: i32,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int32`.
    pub port: i32,
    /// `string` from version 1; null too; default null; left out where there is no place for it.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for MetadataResponseBroker<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.node_id = from.i32()?;
        out.host = from.string()?;
        out.port = from.i32()?;
        if version >= 1 {
            out.rack = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.node_id);
        to.string(&self.host)?;
        to.i32(self.port);
        if version >= 1 {
            to.string_or_null(self.rack.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`MetadataResponse`], versions 0 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null from version 12.
    pub name: Option<Cow<'a, str>>,
    /// `uuid` from version 10; left out where there is no place for it.
    pub topic_id: Uuid,
    /// `bool` from version 1; default false; left out where there is no place for it.
    pub is_internal: bool,
    /// `[]MetadataResponsePartition`.
    pub partitions: Vec<MetadataResponsePartition>,
    /// `int32` from version 8; default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for MetadataResponseTopic<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.name = if version >= 12 { from.string_or_null()? } else { Some(from.string()?) };
        if version >= 10 {
            out.topic_id = from.uuid()?;
        }
        if version >= 1 {
            out.is_internal = from.bool()?;
        }
        out.partitions = from.array()?;
        if version >= 8 {
            out.topic_authorized_operations = from.i32()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        if version >= 12 {
            to.string_or_null(self.name.as_deref())?;
        } else {
            to.string_not_null(self.name.as_deref())?;
        }
        if version >= 10 {
            to.uuid(self.topic_id);
        }
        if version >= 1 {
            to.bool(self.is_internal);
        }
        to.array(&self.partitions)?;
        if version >= 8 {
            to.i32(self.topic_authorized_operations);
        } else {
            to.absent(self.topic_authorized_operations == -2147483648)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`MetadataResponse`], versions 0 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    /// `int16`.
    pub error_code: i16,
    /// `int32`.
    pub partition_index: i32,
    /// `int32`.
    pub leader_id: i32,
    /// `int32` from version 7; default -1; left out where there is no place for it.
    pub leader_epoch: i32,
    /// `[]int32`.
    pub replica_nodes: Vec<i32>,
    /// `[]int32`.
    pub isr_nodes: Vec<i32>,
    /// `[]int32` from version 5; left out where there is no place for it.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for MetadataResponsePartition {
    const BYTES_MIN: usize = 18;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.partition_index = from.i32()?;
        out.leader_id = from.i32()?;
        if version >= 7 {
            out.leader_epoch = from.i32()?;
        }
        out.replica_nodes = from.array()?;
        out.isr_nodes = from.array()?;
        if version >= 5 {
            out.offline_replicas = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        to.i32(self.partition_index);
        to.i32(self.leader_id);
        if version >= 7 {
            to.i32(self.leader_epoch);
        }
        to.array(&self.replica_nodes)?;
        to.array(&self.isr_nodes)?;
        if version >= 5 {
            to.array(&self.offline_replicas)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for MetadataResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Metadata);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=13;
    const FLEXIBLE_FROM: i16 = 9;
}
