//! HTTP/2 frames and header blocks, as far as a gRPC client in a hurry needs them (RFC 9113, RFC 7541).

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Message bytes.
pub(crate) const DATA: u8 = 0;
/// A header block.
pub(crate) const HEADERS: u8 = 1;
/// A stream's end, at once.
pub(crate) const RST_STREAM: u8 = 3;
/// Parameters.
pub(crate) const SETTINGS: u8 = 4;
/// A question whether we are there.
pub(crate) const PING: u8 = 6;
/// More room for data.
pub(crate) const WINDOW_UPDATE: u8 = 8;

/// Data frames carry at most this: what every server takes without being asked.
const FRAME_BYTES_MAX: usize = 16_384;
/// The window that we offer on each stream.
pub(crate) const STREAM_WINDOW: u32 = 1 << 24;

/// Appends a frame's head.
pub(crate) fn head(out: &mut BytesMut, len: usize, kind: u8, flags: u8, stream: u32) {
    out.put_u8((len >> 16) as u8);
    out.put_u16(len as u16);
    out.put_u8(kind);
    out.put_u8(flags);
    out.put_u32(stream);
}

/// Appends what a client says first: the preface, no push, wide windows.
pub(crate) fn hello(out: &mut BytesMut) {
    out.put_slice(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    head(out, 12, SETTINGS, 0, 0);
    out.put_u16(2); // no push
    out.put_u32(0);
    out.put_u16(4); // window of each stream
    out.put_u32(STREAM_WINDOW);
    head(out, 4, WINDOW_UPDATE, 0, 0);
    out.put_u32((1 << 30) - 65_535);
}

/// Appends a window update.
pub(crate) fn more_room(out: &mut BytesMut, stream: u32, bytes: u32) {
    head(out, 4, WINDOW_UPDATE, 0, stream);
    out.put_u32(bytes);
}

/// The header block of a request: the first on a connection fills the peer's dynamic table, later ones are indexes into it.
pub(crate) fn request_block(first: bool, path: &str, authority: &str) -> Vec<u8> {
    if !first {
        // :method POST, :scheme http, and the four entries that the first block added (newest has index 62).
        return vec![0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62];
    }
    let mut h = vec![0x83, 0x86];
    let mut literal = |name: Result<u8, &str>, value: &str| {
        match name {
            Ok(index) => h.push(0x40 | index),
            Err(text) => {
                h.push(0x40);
                h.push(text.len() as u8);
                h.extend_from_slice(text.as_bytes());
            }
        }
        h.push(value.len() as u8);
        h.extend_from_slice(value.as_bytes());
    };
    literal(Ok(4), path);
    literal(Ok(1), authority);
    literal(Ok(31), "application/grpc");
    literal(Err("te"), "trailers");
    h
}

/// Appends a message as data frames, gRPC's five bytes before it.
pub(crate) fn message(out: &mut BytesMut, message: &[u8], stream: u32, last: bool) {
    let mut whole = Vec::with_capacity(message.len() + 5);
    whole.push(0);
    whole.extend_from_slice(&(message.len() as u32).to_be_bytes());
    whole.extend_from_slice(message);
    let mut parts = whole.chunks(FRAME_BYTES_MAX).peekable();
    while let Some(part) = parts.next() {
        head(out, part.len(), DATA, u8::from(last && parts.peek().is_none()), stream);
        out.put_slice(part);
    }
}

/// One frame that was read.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Its type.
    pub(crate) kind: u8,
    /// Its flags.
    pub(crate) flags: u8,
    /// Its stream.
    pub(crate) stream: u32,
    /// What it carries.
    pub(crate) payload: Bytes,
}

/// Takes a whole frame off the input, if one is there.
pub(crate) fn take(input: &mut BytesMut) -> Option<Frame> {
    if input.len() < 9 {
        return None;
    }
    let len = (input[0] as usize) << 16 | (input[1] as usize) << 8 | input[2] as usize;
    if input.len() < 9 + len {
        return None;
    }
    let (kind, flags) = (input[3], input[4]);
    let stream = u32::from_be_bytes([input[5], input[6], input[7], input[8]]) & 0x7fff_ffff;
    input.advance(9);
    Some(Frame { kind, flags, stream, payload: input.split_to(len).freeze() })
}
