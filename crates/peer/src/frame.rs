//! Frames: bytes to frames and back, without I/O. The layout is drawn in `docs/formats/peer.md`.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{Channel, limits};

/// Bytes of a frame's head.
pub(crate) const HEAD_BYTES: usize = 28;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A request that wants one answer.
    Call = 1,
    /// The answer to a call.
    Answer = 2,
    /// A call was not carried out, or failed: an error kind and a text.
    Failure = 3,
    /// A stream begins; the body is the credit that its opener grants.
    Open = 4,
    /// A message of a stream.
    Message = 5,
    /// More of a stream's messages may be sent; the body says how many bytes.
    Credit = 6,
    /// The sender of a stream's direction is done.
    End = 7,
    /// The sender of a stream's direction broke off.
    Abort = 8,
    /// The receiver of a stream's direction takes no more.
    Stop = 9,
    /// Is anybody there.
    Ping = 10,
    /// Yes.
    Pong = 11,
}

impl FrameKind {
    fn from_code(code: u8) -> Option<Self> {
        use FrameKind::{Abort, Answer, Call, Credit, End, Failure, Message, Open, Ping, Pong, Stop};
        [Call, Answer, Failure, Open, Message, Credit, End, Abort, Stop, Ping, Pong].into_iter().find(|kind| *kind as u8 == code)
    }

    /// Bytes that the body of such a frame may have.
    fn body_bytes_max(self, channel: Channel) -> usize {
        match self {
            Self::Call | Self::Answer | Self::Message => channel.frame_bytes_max(),
            Self::Failure => FAILURE_BYTES_MAX,
            Self::Open | Self::Credit => 4,
            Self::End | Self::Abort | Self::Stop | Self::Ping | Self::Pong => 0,
        }
    }
}

/// Bytes of a failure's body: an error kind and its text.
pub(crate) const FAILURE_BYTES_MAX: usize = 4096;

/// The flags that this version knows: none yet. A frame with another one is refused, since it may mean something else then.
const FLAGS_KNOWN: u8 = 0;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    /// The number of the call or the stream; a ping's is the sender's own.
    pub(crate) id: u64,
    /// Of calls and opened streams: the shard, opaque here.
    pub(crate) shard: u32,
    /// Of calls and opened streams: what it is, opaque here.
    pub(crate) message: u8,
    pub(crate) body: Bytes,
}

impl Frame {
    /// A frame that names a call or a stream and nothing else.
    pub(crate) fn bare(kind: FrameKind, id: u64) -> Self {
        Self { kind, id, shard: 0, message: 0, body: Bytes::new() }
    }

    /// What the frame counts where bytes are bounded.
    pub(crate) fn cost(&self) -> usize {
        self.body.len() + limits::FRAME_COST_BYTES
    }

    /// The head, checksums included.
    pub(crate) fn head(&self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        let mut out = &mut head[..];
        // Whoever makes a frame keeps to its channel's limit, far below 4 GiB.
        out.put_u32_le(self.body.len() as u32);
        out.put_u8(self.kind as u8);
        out.put_u8(FLAGS_KNOWN);
        out.put_u8(self.message);
        out.put_u8(0);
        out.put_u64_le(self.id);
        out.put_u32_le(self.shard);
        let check = crc32c::crc32c(&head[..20]);
        head[20..24].copy_from_slice(&check.to_le_bytes());
        let check = crc32c::crc32c_append(crc32c::crc32c(&head[..24]), &self.body);
        head[24..].copy_from_slice(&check.to_le_bytes());
        head
    }
}

/// Why bytes are not a frame. The connection ends then: after a wrong byte nothing that follows can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadFrame {
    /// The head's checksum is wrong.
    Head,
    /// The checksum over head and body is wrong.
    Body,
    /// A longer body than frames of this kind have on this channel.
    Length(u32),
    /// A kind or a flag that this version does not have.
    Kind(u8),
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("the checksum of a frame's head is wrong"),
            Self::Body => f.write_str("the checksum of a frame is wrong"),
            Self::Length(length) => write!(f, "a frame of {length} bytes is longer than this channel's frames"),
            Self::Kind(code) => write!(f, "a frame of unknown kind or flags {code}"),
        }
    }
}

/// Takes frames out of bytes as they arrive.
#[derive(Debug)]
pub(crate) struct Parser {
    channel: Channel,
    bytes: BytesMut,
}

impl Parser {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { channel, bytes: BytesMut::new() }
    }

    /// Where the next read goes, with room for the rest of the frame that is arriving, once its head has been checked.
    pub(crate) fn room(&mut self) -> &mut BytesMut {
        let whole =
            self.bytes.first_chunk().and_then(|head| self.check_head(head).ok()).map_or(0, |(_, length)| HEAD_BYTES + length);
        let missing = whole.saturating_sub(self.bytes.len());
        self.bytes.reserve(missing.max(limits::READ_BYTES));
        &mut self.bytes
    }

    /// The next whole frame, if it has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, BadFrame> {
        let Some(head) = self.bytes.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let (kind, length) = self.check_head(head)?;
        let whole = HEAD_BYTES + length;
        if self.bytes.len() < whole {
            return Ok(None);
        }
        let check = crc32c::crc32c_append(crc32c::crc32c(&self.bytes[..24]), &self.bytes[HEAD_BYTES..whole]);
        if check.to_le_bytes() != self.bytes[24..HEAD_BYTES] {
            return Err(BadFrame::Body);
        }
        let mut head = &self.bytes[6..20];
        let message = head.get_u8();
        head.advance(1);
        let (id, shard) = (head.get_u64_le(), head.get_u32_le());
        Ok(Some(Frame { kind, id, shard, message, body: self.take_body(whole) }))
    }

    /// The kind and the length of the body, of a head that is as it was sent.
    fn check_head(&self, head: &[u8; HEAD_BYTES]) -> Result<(FrameKind, usize), BadFrame> {
        let mut fields = &head[..];
        let (length, code, flags, _message, reserved) =
            (fields.get_u32_le(), fields.get_u8(), fields.get_u8(), fields.get_u8(), fields.get_u8());
        if crc32c::crc32c(&head[..20]).to_le_bytes() != head[20..24] {
            return Err(BadFrame::Head);
        }
        let kind = FrameKind::from_code(code).ok_or(BadFrame::Kind(code))?;
        if flags & !FLAGS_KNOWN != 0 || reserved != 0 {
            return Err(BadFrame::Kind(flags));
        }
        if length as usize > kind.body_bytes_max(self.channel) {
            return Err(BadFrame::Length(length));
        }
        Ok((kind, length as usize))
    }

    /// A short body is copied, so that it does not hold on to the whole read that brought it.
    fn take_body(&mut self, whole: usize) -> Bytes {
        if whole - HEAD_BYTES <= limits::COPY_BYTES_MAX {
            let body = Bytes::copy_from_slice(&self.bytes[HEAD_BYTES..whole]);
            self.bytes.advance(whole);
            return body;
        }
        let mut frame = self.bytes.split_to(whole);
        if whole > limits::READ_BYTES {
            // What was taken for a long frame goes with it, or an idle connection would keep it. Little is left behind it.
            self.bytes = BytesMut::from(&self.bytes[..]);
        }
        frame.advance(HEAD_BYTES);
        frame.freeze()
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests;
