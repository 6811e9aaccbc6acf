// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ListGroups (key 16).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ListGroupsRequest`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListGroupsRequest<'a> {
    /// `[]string` from version 4.
    pub states_filter: Vec<Cow<'a, str>>,
    /// `[]string` from version 5.
    pub types_filter: Vec<Cow<'a, str>>,
}

impl<'a> Wire<'a> for ListGroupsRequest<'a> {
    const BYTES_MIN: usize = 0;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 4 {
            out.states_filter = from.array()?;
        }
        if version == 5 {
            out.types_filter = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 4 {
            to.array(&self.states_filter)?;
        } else {
            to.absent(self.states_filter.is_empty())?;
        }
        if version == 5 {
            to.array(&self.types_filter)?;
        } else {
            to.absent(self.types_filter.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListGroupsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `ListGroupsResponse`, versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListGroupsResponse<'a> {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `[]ListedGroup`.
    pub groups: Vec<ListedGroup<'a>>,
}

impl<'a> Wire<'a> for ListGroupsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        out.error_code = from.i16()?;
        out.groups = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        to.i16(self.error_code);
        to.array(&self.groups)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ListGroupsResponse`], versions 0 to 5.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListedGroup<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `string`.
    pub protocol_type: Cow<'a, str>,
    /// `string` from version 4; left out where there is no place for it.
    pub group_state: Cow<'a, str>,
    /// `string` from version 5; left out where there is no place for it.
    pub group_type: Cow<'a, str>,
}

impl<'a> Wire<'a> for ListedGroup<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.protocol_type = from.string()?;
        if version >= 4 {
            out.group_state = from.string()?;
        }
        if version == 5 {
            out.group_type = from.string()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.group_id)?;
        to.string(&self.protocol_type)?;
        if version >= 4 {
            to.string(&self.group_state)?;
        }
        if version == 5 {
            to.string(&self.group_type)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ListGroupsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ListGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const FLEXIBLE_FROM: i16 = 3;
}
