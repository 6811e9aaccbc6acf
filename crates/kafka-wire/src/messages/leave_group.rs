// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! LeaveGroup (key 13).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `LeaveGroupRequest`, versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LeaveGroupRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string` until version 2.
    pub member_id: Cow<'a, str>,
    /// `[]MemberIdentity` from version 3.
    pub members: Vec<MemberIdentity<'a>>,
}

impl<'a> Wire<'a> for LeaveGroupRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        if version <= 2 {
            out.member_id = from.string()?;
        }
        if version >= 3 {
            out.members = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        if version <= 2 {
            to.string(&self.member_id)?;
        } else {
            to.absent(self.member_id.is_empty())?;
        }
        if version >= 3 {
            to.array(&self.members)?;
        } else {
            to.absent(self.members.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`LeaveGroupRequest`], versions 3 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MemberIdentity<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string`; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for MemberIdentity<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.member_id = from.string()?;
        out.group_instance_id = from.string_or_null()?;
        if version == 5 {
            out.reason = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.member_id)?;
        to.string_or_null(self.group_instance_id.as_deref())?;
        if version == 5 {
            to.string_or_null(self.reason.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for LeaveGroupRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::LeaveGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `LeaveGroupResponse`, versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LeaveGroupResponse<'a> {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `[]MemberResponse` from version 3.
    pub members: Vec<MemberResponse<'a>>,
}

impl<'a> Wire<'a> for LeaveGroupResponse<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        out.error_code = from.i16()?;
        if version >= 3 {
            out.members = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        to.i16(self.error_code);
        if version >= 3 {
            to.array(&self.members)?;
        } else {
            to.absent(self.members.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`LeaveGroupResponse`], versions 3 to 5.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string`; null too.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `int16`.
    pub error_code: i16,
}

impl Default for MemberResponse<'_> {
    fn default() -> Self {
        Self { member_id: Cow::Borrowed(""), group_instance_id: Some(Cow::Borrowed("")), error_code: 0 }
    }
}

impl<'a> Wire<'a> for MemberResponse<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.member_id = from.string()?;
        out.group_instance_id = from.string_or_null()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.member_id)?;
        to.string_or_null(self.group_instance_id.as_deref())?;
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for LeaveGroupResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::LeaveGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 4;
}
