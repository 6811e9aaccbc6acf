// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DeleteGroups (key 42).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DeleteGroupsRequest`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteGroupsRequest<'a> {
    /// `[]string`.
    pub groups_names: Vec<Cow<'a, str>>,
}

impl<'a> Wire<'a> for DeleteGroupsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.groups_names = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.groups_names)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteGroupsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `DeleteGroupsResponse`, versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeleteGroupsResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]DeletableGroupResult`.
    pub results: Vec<DeletableGroupResult<'a>>,
}

impl<'a> Wire<'a> for DeleteGroupsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.results = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.results)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DeleteGroupsResponse`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeletableGroupResult<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for DeletableGroupResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.group_id)?;
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DeleteGroupsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DeleteGroups);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 2;
}
