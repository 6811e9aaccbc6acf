// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Heartbeat (key 12).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `HeartbeatRequest`, versions 0 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HeartbeatRequest<'a> {
    /// `string`.
    pub group_id: Cow<'a, str>,
    /// `int32`.
    pub generation_id: i32,
    /// `string`.
    pub member_id: Cow<'a, str>,
    /// `string` from version 3; null too; default null.
    pub group_instance_id: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> for HeartbeatRequest<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.group_id = from.string()?;
        out.generation_id = from.i32()?;
        out.member_id = from.string()?;
        if version >= 3 {
            out.group_instance_id = from.string_or_null()?;
        }
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
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for HeartbeatRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::Heartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 4;
}

/// `HeartbeatResponse`, versions 0 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HeartbeatResponse {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
}

impl<'a> Wire<'a> for HeartbeatResponse {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        out.error_code = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        to.i16(self.error_code);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for HeartbeatResponse {
    const API: Option<ApiKey> = Some(ApiKey::Heartbeat);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 4;
}
