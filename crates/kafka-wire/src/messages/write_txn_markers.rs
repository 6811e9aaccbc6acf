// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! WriteTxnMarkers (key 27).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `WriteTxnMarkersRequest`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WriteTxnMarkersRequest<'a> {
    /// `[]WritableTxnMarker`.
    pub markers: Vec<WritableTxnMarker<'a>>,
}

impl<'a> Wire<'a> for WriteTxnMarkersRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.markers = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.markers)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WritableTxnMarker<'a> {
    /// `int64`.
    pub producer_id: i64,
    /// `int16`.
    pub producer_epoch: i16,
    /// `bool`.
    pub transaction_result: bool,
    /// `[]WritableTxnMarkerTopic`.
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    /// `int32`.
    pub coordinator_epoch: i32,
    /// `int8` from version 2; default 0; left out where there is no place for it.
    pub transaction_version: i8,
}

impl<'a> Wire<'a> for WritableTxnMarker<'a> {
    const BYTES_MIN: usize = 17;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.producer_id = from.i64()?;
        out.producer_epoch = from.i16()?;
        out.transaction_result = from.bool()?;
        out.topics = from.array()?;
        out.coordinator_epoch = from.i32()?;
        if version == 2 {
            out.transaction_version = from.i8()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i64(self.producer_id);
        to.i16(self.producer_epoch);
        to.bool(self.transaction_result);
        to.array(&self.topics)?;
        to.i32(self.coordinator_epoch);
        if version == 2 {
            to.i8(self.transaction_version);
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersRequest`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WritableTxnMarkerTopic<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]int32`.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Wire<'a> for WritableTxnMarkerTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.partition_indexes = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.array(&self.partition_indexes)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for WriteTxnMarkersRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::WriteTxnMarkers);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `WriteTxnMarkersResponse`, versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WriteTxnMarkersResponse<'a> {
    /// `[]WritableTxnMarkerResult`.
    pub markers: Vec<WritableTxnMarkerResult<'a>>,
}

impl<'a> Wire<'a> for WriteTxnMarkersResponse<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.markers = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.markers)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WritableTxnMarkerResult<'a> {
    /// `int64`.
    pub producer_id: i64,
    /// `[]WritableTxnMarkerTopicResult`.
    pub topics: Vec<WritableTxnMarkerTopicResult<'a>>,
}

impl<'a> Wire<'a> for WritableTxnMarkerResult<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.producer_id = from.i64()?;
        out.topics = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i64(self.producer_id);
        to.array(&self.topics)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WritableTxnMarkerTopicResult<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `[]WritableTxnMarkerPartitionResult`.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl<'a> Wire<'a> for WritableTxnMarkerTopicResult<'a> {
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

/// A part of [`WriteTxnMarkersResponse`], versions 1 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct WritableTxnMarkerPartitionResult {
    /// `int32`.
    pub partition_index: i32,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for WritableTxnMarkerPartitionResult {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.partition_index = from.i32()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.partition_index);
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for WriteTxnMarkersResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::WriteTxnMarkers);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 1;
}
