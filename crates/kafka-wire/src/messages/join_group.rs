// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! JoinGroup (key 11).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `JoinGroupRequest`, versions 0 to 9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int32`.
    pub session_timeout_ms: i32,
    /// `int32` from version 1; default -1; left out where there is no place for it.
    pub rebalance_timeout_ms: i32,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 5; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`.
    pub protocol_type: Cow<'a, str>,
    /// `[]JoinGroupRequestProtocol`.
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// `string` from version 8; null too; default null; left out where there is no place for it.
    pub reason: Option<Cow<'a, str>>,
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            protocol_type: Cow::Borrowed(""),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl<'a> Wire<'a> for JoinGroupRequest<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.session_timeout_ms = from.i32()?;
        if version >= 1 {
            out.rebalance_timeout_ms = from.i32()?;
        }
        out.member_id = from.string()?;
        if version >= 5 {
            out.group_instance_id = from.string_or_null()?;
        }
        out.protocol_type = from.string()?;
        out.protocols = from.array()?;
        if version >= 8 {
            out.reason = from.string_or_null()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        to.i32(self.session_timeout_ms);
        if version >= 1 {
            to.i32(self.rebalance_timeout_ms);
        }
        to.string(&self.member_id)?;
        if version >= 5 {
            to.string_or_null(self.group_instance_id.as_deref())?;
        } else {
            to.absent(self.group_instance_id.is_none())?;
        }
        to.string(&self.protocol_type)?;
        to.array(&self.protocols)?;
        if version >= 8 {
            to.string_or_null(self.reason.as_deref())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`JoinGroupRequest`], versions 0 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `bytes`.
    pub metadata: Cow<'a, [u8]>,
}

impl Default for JoinGroupRequestProtocol<'_> {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), metadata: Cow::Borrowed(&[]) }
    }
}

impl<'a> Wire<'a> for JoinGroupRequestProtocol<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.metadata = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.bytes(&self.metadata)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for JoinGroupRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::JoinGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=9;
    const FLEXIBLE_FROM: i16 = 6;
}

/// `JoinGroupResponse`, versions 0 to 9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// `int32` from version 2; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `int32`; default -1.
    pub generation_id: i32,
    /// `string` from version 7; null too; default null; left out where there is no place for it.
    pub protocol_type: Option<Cow<'a, str>>,
    /// `string`; null from version 7.
    pub protocol_name: Option<Cow<'a, str>>,
    /// `string`.
    pub leader: Cow<'a, str>,
    /// `bool` from version 9; default false.
    pub skip_assignment: bool,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `[]JoinGroupResponseMember`.
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Cow::Borrowed("")),
            leader: Cow::Borrowed(""),
            skip_assignment: false,
            member_id: Cow::Borrowed(""),
            members: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for JoinGroupResponse<'a> {
    const BYTES_MIN: usize = 15;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 2 {
            out.throttle_time_ms = from.i32()?;
        }
        out.error_code = from.i16()?;
        out.generation_id = from.i32()?;
        if version >= 7 {
            out.protocol_type = from.string_or_null()?;
        }
        out.protocol_name = if version >= 7 { from.string_or_null()? } else { Some(from.string()?) };
        out.leader = from.string()?;
        if version == 9 {
            out.skip_assignment = from.bool()?;
        }
        out.member_id = from.string()?;
        out.members = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 2 {
            to.i32(self.throttle_time_ms);
        }
        to.i16(self.error_code);
        to.i32(self.generation_id);
        if version >= 7 {
            to.string_or_null(self.protocol_type.as_deref())?;
        }
        if version >= 7 {
            to.string_or_null(self.protocol_name.as_deref())?;
        } else {
            to.string_not_null(self.protocol_name.as_deref())?;
        }
        to.string(&self.leader)?;
        if version == 9 {
            to.bool(self.skip_assignment);
        } else {
            to.absent(!self.skip_assignment)?;
        }
        to.string(&self.member_id)?;
        to.array(&self.members)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`JoinGroupResponse`], versions 0 to 9.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponseMember<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 5; null too; default null; left out where there is no place for it.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `bytes`.
    pub metadata: Cow<'a, [u8]>,
}

impl Default for JoinGroupResponseMember<'_> {
    fn default() -> Self {
        Self { member_id: Cow::Borrowed(""), group_instance_id: None, metadata: Cow::Borrowed(&[]) }
    }
}

impl<'a> Wire<'a> for JoinGroupResponseMember<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.member_id = from.string()?;
        if version >= 5 {
            out.group_instance_id = from.string_or_null()?;
        }
        out.metadata = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.member_id)?;
        if version >= 5 {
            to.string_or_null(self.group_instance_id.as_deref())?;
        }
        to.bytes(&self.metadata)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for JoinGroupResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::JoinGroup);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=9;
    const FLEXIBLE_FROM: i16 = 6;
}
