//! Frames (RFC 9113, sections 4 and 6).

use crate::Fault;

/// What every client says first (RFC 9113, section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const HEAD_BYTES: usize = 9;
pub(crate) const FRAME_BYTES_DEFAULT: u32 = 16_384;
pub(crate) const WINDOW_DEFAULT: u32 = 65_535;
pub(crate) const WINDOW_MAX: i64 = (1 << 31) - 1;
pub(crate) const STREAM_MAX: u32 = (1 << 31) - 1;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const WITH_PRIORITY: u8 = 0x20;

/// What stands before every frame's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) length: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    /// Reads a head; `None` if it has not come whole.
    pub(crate) fn read(bytes: &[u8]) -> Option<Head> {
        let head: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        // The highest bit is reserved, and ignored.
        let stream = number(&head[5..]) & STREAM_MAX;
        Some(Head { length, kind: head[3], flags: head[4], stream })
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Four bytes as a number.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Where the content of a payload lies that may be padded: the bytes before it and its length.
pub(crate) fn unpadded(head: Head, payload: &[u8]) -> Result<(usize, usize), Fault> {
    if !head.has(PADDED) {
        return Ok((0, payload.len()));
    }
    let (padding, rest) = payload.split_first().ok_or(Fault::size("a padded frame without a length of padding"))?;
    let length = rest.len().checked_sub(usize::from(*padding)).ok_or(Fault::protocol("more padding than frame"))?;
    Ok((1, length))
}

/// The part of a header block that a HEADERS frame carries, and the stream it depends on, if it says so.
pub(crate) fn fragment(head: Head, payload: &[u8]) -> Result<(&[u8], Option<u32>), Fault> {
    let (before, length) = unpadded(head, payload)?;
    let content = &payload[before..before + length];
    if !head.has(WITH_PRIORITY) {
        return Ok((content, None));
    }
    let (priority, fragment) = content.split_at_checked(5).ok_or(Fault::size("a priority that is cut off"))?;
    Ok((fragment, Some(number(priority) & STREAM_MAX)))
}

/// Writes a frame's head.
pub(crate) fn head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    debug_assert!(length < 1 << 24, "frames are cut to the size that the other side takes");
    let [_, high, middle, low] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let [a, b, c, d] = stream.to_be_bytes();
    out.extend_from_slice(&[high, middle, low, kind, flags, a, b, c, d]);
}

/// Writes a frame whose payload is numbers of four bytes.
pub(crate) fn numbers<const N: usize>(out: &mut Vec<u8>, kind: u8, stream: u32, numbers: [u32; N]) {
    head(out, 4 * N, kind, 0, stream);
    for number in numbers {
        out.extend_from_slice(&number.to_be_bytes());
    }
}
