//! What stands around messages on a connection: a size of four bytes, and a header.

use std::fmt;

use crate::{
    api::Api,
    decoder::Decoder,
    encoder::Encoder,
    error::{Error, Kind, Result},
    message::Message,
    messages::ApiKey,
};

/// Bytes of the size before each request and response.
pub const SIZE_BYTES: usize = 4;

/// Why a size is not that of a request. All of them end the connection, before anything was allocated for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Below zero.
    Negative,
    /// Zero: a request has a header at least.
    Empty,
    /// More than the connection allows.
    TooLarge {
        /// What it says.
        bytes: u32,
    },
    /// It is the beginning of an HTTP request: somebody took the wrong port.
    Http,
    /// It is the beginning of a TLS handshake: the client wants TLS and this port does not.
    Tls,
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameFault::Negative => f.write_str("the request's size is negative"),
            FrameFault::Empty => f.write_str("the request's size is 0"),
            FrameFault::TooLarge { bytes } => write!(f, "the request's size, {bytes} bytes, is more than allowed"),
            FrameFault::Http => f.write_str("this port speaks Kafka's protocol, not HTTP"),
            FrameFault::Tls => f.write_str("a TLS handshake came to a port without TLS"),
        }
    }
}

impl std::error::Error for FrameFault {}

/// How many bytes follow a size, from one to `bytes_max` (`socket.request.max.bytes`, 100 MiB in Kafka).
pub fn frame_bytes(size: [u8; SIZE_BYTES], bytes_max: u32) -> Result<usize, FrameFault> {
    match &size {
        b"GET " | b"HEAD" | b"POST" | b"PUT " | b"OPTI" | b"PRI " => return Err(FrameFault::Http),
        // A handshake record of TLS 1.x (RFC 8446, section 5.1) shorter than 16 KiB; as a size it would be 352 MiB and more.
        [0x16, 0x03, 0..=4, 0..=0x40] => return Err(FrameFault::Tls),
        _ => {}
    }
    match i32::from_be_bytes(size) {
        0 => Err(FrameFault::Empty),
        bytes => match u32::try_from(bytes) {
            Ok(bytes) if bytes > bytes_max => Err(FrameFault::TooLarge { bytes }),
            Ok(bytes) => Ok(bytes as usize),
            Err(_) => Err(FrameFault::Negative),
        },
    }
}

/// A request without its size, and the bytes that follow it.
pub type Split<'a> = (&'a [u8], &'a [u8]);

/// The first request of what was read; none if it is not all there.
pub fn split_frame(bytes: &[u8], bytes_max: u32) -> Result<Option<Split<'_>>, FrameFault> {
    let Some((size, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    Ok(rest.split_at_checked(frame_bytes(*size, bytes_max)?))
}

/// A request's header, and its body, not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What it asks.
    pub api: &'static Api,
    /// In which version, which need not exist ([`Api::has`]). ApiVersions is answered even then, in version 0 and with
    /// UNSUPPORTED_VERSION (KIP-511); others end the connection.
    pub version: i16,
    /// What its answer repeats.
    pub correlation_id: i32,
    /// Which client says it is.
    pub client_id: Option<&'a str>,
    /// The message, in `version`.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads the header of a request, of whatever version ([`Api::request_header_version`]).
    pub fn parse(frame: &'a [u8]) -> Result<Request<'a>> {
        let mut from = Decoder::new(frame, 0, false);
        let (key, version, correlation_id) = (from.i16()?, from.i16()?, from.i32()?);
        let api = ApiKey::from_code(key).ok_or(Error::new(Kind::Api, 0))?.api();
        let header_version = api.request_header_version(version);
        // The client id is written as in versions that are not flexible, the tags after it are not (KIP-482).
        let client_id = from.text_or_null()?;
        if header_version >= 2 {
            from.set_flexible();
            from.skip_tags()?;
        }
        Ok(Request { api, version, correlation_id, client_id, body: &frame[from.position()..] })
    }

    /// The body as the message `M`, which must be that of the API. Bytes behind it are not looked at.
    pub fn decode<M: Message<'a>>(&self) -> Result<M> {
        assert_eq!(M::API, Some(self.api.key), "a request is decoded as what it is");
        M::decode_first(self.body, self.version)
    }
}

/// Appends an answer to `out`: size, header and message. After an error `out` is as before.
pub fn respond<'m, M: Message<'m>>(correlation_id: i32, version: i16, message: &M, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; SIZE_BYTES]);
    response_header(M::API, correlation_id, version, out);
    finish(start, message.encode(version, out), out)
}

/// Appends a request to `out`, as a client does: size, header and message. After an error `out` is as before.
pub fn ask<'m, M: Message<'m>>(
    correlation_id: i32,
    version: i16,
    client_id: Option<&str>,
    message: &M,
    out: &mut Vec<u8>,
) -> Result<()> {
    let api = M::API.ok_or(Error::new(Kind::Api, 0))?.api();
    let start = out.len();
    out.extend_from_slice(&[0; SIZE_BYTES]);
    let mut to = Encoder::new(out, 0, api.request_header_version(version) >= 2);
    to.i16(api.key.code());
    to.i16(version);
    to.i32(correlation_id);
    let header = to.classic_string_or_null(client_id);
    to.no_tags();
    finish(start, header.and_then(|()| message.encode(version, out)), out)
}

/// The header of an answer: its correlation id, and no tags in flexible versions.
pub(crate) fn response_header(api: Option<ApiKey>, correlation_id: i32, version: i16, out: &mut Vec<u8>) {
    out.extend_from_slice(&correlation_id.to_be_bytes());
    if api.is_some_and(|api| api.api().response_header_version(version) >= 1) {
        out.push(0);
    }
}

/// Puts the size before what was written, or takes all of it back.
fn finish(start: usize, written: Result<()>, out: &mut Vec<u8>) -> Result<()> {
    let size = i32::try_from(out.len() - start - SIZE_BYTES).map_err(|_| Error::new(Kind::TooLong, out.len() - start));
    match written.and(size) {
        Ok(size) => {
            out[start..start + SIZE_BYTES].copy_from_slice(&size.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}
