// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! FindCoordinator (key 10).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `FindCoordinatorRequest`, versions 0 to 6, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FindCoordinatorRequest<'a> {
    /// `string` until version 3.
    pub key: Cow<'a, str>,
    /// `int8` from version 1; default 0.
    pub key_type: i8,
    /// `[]string` from version 4.
    pub coordinator_keys: Vec<Cow<'a, str>>,
}

impl<'a> Wire<'a> for FindCoordinatorRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version <= 3 {
            out.key = from.string()?;
        }
        if version >= 1 {
            out.key_type = from.i8()?;
        }
        if version >= 4 {
            out.coordinator_keys = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version <= 3 {
            to.string(&self.key)?;
        } else {
            to.absent(self.key.is_empty())?;
        }
        if version >= 1 {
            to.i8(self.key_type);
        } else {
            to.absent(self.key_type == 0)?;
        }
        if version >= 4 {
            to.array(&self.coordinator_keys)?;
        } else {
            to.absent(self.coordinator_keys.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for FindCoordinatorRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::FindCoordinator);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `FindCoordinatorResponse`, versions 0 to 6, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `int16` until version 3.
    pub error_code: i16,
    /// `string` in versions 1 to 3; null too; left out where there is no place for it.
    pub error_message: Option<Cow<'a, str>>,
    /// `int32` until version 3.
    pub node_id: i32,
    /// `string` until version 3.
    pub host: Cow<'a, str>,
    /// `int32` until version 3.
    pub port: i32,
    /// `[]Coordinator` from version 4.
    pub coordinators: Vec<Coordinator<'a>>,
}

impl Default for FindCoordinatorResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            coordinators: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for FindCoordinatorResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        if version <= 3 {
            out.error_code = from.i16()?;
        }
        if (1..=3).contains(&version) {
            out.error_message = from.string_or_null()?;
        }
        if version <= 3 {
            out.node_id = from.i32()?;
            out.host = from.string()?;
            out.port = from.i32()?;
        }
        if version >= 4 {
            out.coordinators = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        if version <= 3 {
            to.i16(self.error_code);
        } else {
            to.absent(self.error_code == 0)?;
        }
        if (1..=3).contains(&version) {
            to.string_or_null(self.error_message.as_deref())?;
        }
        if version <= 3 {
            to.i32(self.node_id);
            to.string(&self.host)?;
            to.i32(self.port);
        } else {
            to.absent(self.node_id == 0)?;
            to.absent(self.host.is_empty())?;
            to.absent(self.port == 0)?;
        }
        if version >= 4 {
            to.array(&self.coordinators)?;
        } else {
            to.absent(self.coordinators.is_empty())?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`FindCoordinatorResponse`], versions 4 to 6.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// `string`.
    pub key: Cow<'a, str>,
    /// `int32`.
    pub node_id: i32,
    /// `string`.
    pub host: Cow<'a, str>,
    /// `int32`.
    pub port: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for Coordinator<'_> {
    fn default() -> Self {
        Self {
            key: Cow::Borrowed(""),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Wire<'a> for Coordinator<'a> {
    const BYTES_MIN: usize = 14;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.key = from.string()?;
        out.node_id = from.i32()?;
        out.host = from.string()?;
        out.port = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.key)?;
        to.i32(self.node_id);
        to.string(&self.host)?;
        to.i32(self.port);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for FindCoordinatorResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::FindCoordinator);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const FLEXIBLE_FROM: i16 = 3;
}
