// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! What stands before every request and response.

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
};

/// `RequestHeader`, versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestHeader<'a> {
    /// `int16`.
    pub request_api_key: i16,
    /// `int16`.
    pub request_api_version: i16,
    /// `int32`.
    pub correlation_id: i32,
    /// `string`; null too.
    pub client_id: Option<Cow<'a, str>>,
}

impl Default for RequestHeader<'_> {
    fn default() -> Self {
        Self { request_api_key: 0, request_api_version: 0, correlation_id: 0, client_id: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for RequestHeader<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.request_api_key = from.i16()?;
        out.request_api_version = from.i16()?;
        out.correlation_id = from.i32()?;
        out.client_id = from.classic_string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.request_api_key);
        to.i16(self.request_api_version);
        to.i32(self.correlation_id);
        to.classic_string_or_null(self.client_id.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for RequestHeader<'a> {
    const API: Option<crate::messages::ApiKey> = None;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `ResponseHeader`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseHeader {
    /// `int32`.
    pub correlation_id: i32,
}

impl<'a> Wire<'a> for ResponseHeader {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.correlation_id = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.correlation_id);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ResponseHeader {
    const API: Option<crate::messages::ApiKey> = None;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}
