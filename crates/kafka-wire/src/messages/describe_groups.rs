// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeGroups (key 15).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeGroupsRequest`, versions 0 to 6, flexible from 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeGroupsRequest<'a> {
    /// `[]string`.
    pub groups: Vec<Cow<'a, str>>,
    /// `bool` from version 3.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for DescribeGroupsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.groups = from.array()?;
        if version >= 3 {
            out.include_authorized_operations = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.array(&self.groups)?;
        if version >= 3 {
            to.bool(self.include_authorized_operations);
        } else {
            to.absent(!self.include_authorized_operations)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeGroupsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_FROM: i16 = 5;
}

/// `DescribeGroupsResponse`, versions 0 to 6, flexible from 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeGroupsResponse<'a> {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for DescribeGroupsResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        out.groups = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        to.array(&self.groups)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeGroupsResponse`], versions 0 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string` from version 6; null too; default null.
    pub error_message: Option<Cow<'a, str>>,
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub group_state: Cow<'a, str>,
    /// `string`.
    pub protocol_type: Cow<'a, str>,
    /// `string`.
    pub protocol_data: Cow<'a, str>,
    /// `[]DescribedGroupMember`.
    pub members: Vec<DescribedGroupMember<'a>>,
    /// `int32` from version 3; default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            protocol_type: Cow::Borrowed(""),
            protocol_data: Cow::Borrowed(""),
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribedGroup<'a> {
    const BYTES_MIN: usize = 12;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        if version == 6 {
            out.error_message = from.string_or_null()?;
        }
        out.group_id = from.string()?;
        out.group_state = from.string()?;
        out.protocol_type = from.string()?;
        out.protocol_data = from.string()?;
        out.members = from.array()?;
        if version >= 3 {
            out.authorized_operations = from.i32()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        if version == 6 {
            to.string_or_null(self.error_message.as_deref())?;
        } else {
            to.absent(self.error_message.is_none())?;
        }
        to.string(&self.group_id)?;
        to.string(&self.group_state)?;
        to.string(&self.protocol_type)?;
        to.string(&self.protocol_data)?;
        to.array(&self.members)?;
        if version >= 3 {
            to.i32(self.authorized_operations);
        } else {
            to.absent(self.authorized_operations == -2147483648)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeGroupsResponse`], versions 0 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroupMember<'a> {
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 4; null too; default null; left out where there is no place for it.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// `string`.
    pub client_id: Cow<'a, str>,
    /// `string`.
    pub client_host: Cow<'a, str>,
    /// `bytes`.
    pub member_metadata: Cow<'a, [u8]>,
    /// `bytes`.
    pub member_assignment: Cow<'a, [u8]>,
}

impl Default for DescribedGroupMember<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            member_metadata: Cow::Borrowed(&[]),
            member_assignment: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Wire<'a> for DescribedGroupMember<'a> {
    const BYTES_MIN: usize = 7;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.member_id = from.string()?;
        if version >= 4 {
            out.group_instance_id = from.string_or_null()?;
        }
        out.client_id = from.string()?;
        out.client_host = from.string()?;
        out.member_metadata = from.bytes()?;
        out.member_assignment = from.bytes()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.member_id)?;
        if version >= 4 {
            to.string_or_null(self.group_instance_id.as_deref())?;
        }
        to.string(&self.client_id)?;
        to.string(&self.client_host)?;
        to.bytes(&self.member_metadata)?;
        to.bytes(&self.member_assignment)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeGroupsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_FROM: i16 = 5;
}
