// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! SyncGroup (key 14).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `SyncGroupRequest`, versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SyncGroupRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int32`.
    pub generation_id: i32,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 3; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `[]SyncGroupRequestAssignment`.
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

impl<'a> Wire<'a> for SyncGroupRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.generation_id = from.i32()?;
        out.member_id = from.string()?;
        if version >= 3 {
            out.group_instance_id = from.string_or_null()?;
        }
        if version == 5 {
            out.protocol_type = from.string_or_null()?;
            out.protocol_name = from.string_or_null()?;
        }
        out.assignments = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        to.i32(self.generation_id);
        to.string(&self.member_id)?;
        if version >= 3 {
            to.string_or_null(self.group_instance_id.as_deref())?;
        } else {
            to.absent(self.group_instance_id.is_none())?;
        }
        if version == 5 {
            to.string_or_null(self.protocol_type.as_deref())?;
            to.string_or_null(self.protocol_name.as_deref())?;
        }
        to.array(&self.assignments)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`SyncGroupRequest`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `bytes`.
    pub assignment: Cow<'a, [u8]>,
}

impl Default for SyncGroupRequestAssignment<'_> {
    fn default() -> Self {
        Self { member_id: Cow::Borrowed(""), assignment: Cow::Borrowed(&[]) }
    }
}

impl<'a> Wire<'a> for SyncGroupRequestAssignment<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.member_id = from.string()?;
        out.assignment = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.member_id)?;
        to.bytes(&self.assignment)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SyncGroupRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SyncGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `SyncGroupResponse`, versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `bytes`.
    pub assignment: Cow<'a, [u8]>,
}

impl Default for SyncGroupResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, protocol_type: None, protocol_name: None, assignment: Cow::Borrowed(&[]) }
    }
}

impl<'a> Wire<'a> for SyncGroupResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        out.error_code = from.i16()?;
        if version == 5 {
            out.protocol_type = from.string_or_null()?;
            out.protocol_name = from.string_or_null()?;
        }
        out.assignment = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        to.i16(self.error_code);
        if version == 5 {
            to.string_or_null(self.protocol_type.as_deref())?;
            to.string_or_null(self.protocol_name.as_deref())?;
        }
        to.bytes(&self.assignment)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for SyncGroupResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::SyncGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 4;
}
