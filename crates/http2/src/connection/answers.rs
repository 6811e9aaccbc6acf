//! Answers: heads, data, ends, and what is written of them when.

use bytes::{Buf, Bytes};

use super::{Connection, Phase};
use crate::{
    Code, frame,
    limits::{OUTPUT_BYTES, QUEUED_BYTES_PER_STREAM},
    stream::{End, Stream},
};

/// Fields that the owner hands in: name and value.
type Fields<'a> = &'a [(&'a [u8], &'a [u8])];

impl Connection {
    /// Sends an answer's head; with `end` that is all of it. `false`: the stream is gone.
    pub fn respond(&mut self, stream: u32, status: u16, fields: Fields<'_>, end: bool) -> bool {
        if !self.streams.contains_key(&stream) {
            return false;
        }
        self.write_head(stream, status, fields, end);
        if end {
            self.end_answer(stream);
        }
        true
    }

    /// Sends a whole answer whose body is `length` bytes that `body` appends. They are written straight to the output if the
    /// windows allow all of them in one frame. `false`: the stream is gone, and `body` was not called.
    pub fn answer(
        &mut self,
        number: u32,
        fields: Fields<'_>,
        length: usize,
        body: impl FnOnce(&mut Vec<u8>),
        trailers: Fields<'_>,
    ) -> bool {
        let Some(stream) = self.streams.get_mut(&number) else { return false };
        let window = stream.send_window.min(self.send_window);
        let fits = length <= self.peer.frame_bytes_max && i64::try_from(length).is_ok_and(|length| length <= window);
        self.write_head(number, 200, fields, false);
        if !fits || self.output.len() > OUTPUT_BYTES {
            let mut data = Vec::with_capacity(length);
            body(&mut data);
            self.send(number, Bytes::from(data));
            self.finish(number, trailers);
            return true;
        }
        let out = self.output.buffer();
        frame::head(out, length, frame::DATA, 0, number);
        let before = out.len();
        body(out);
        assert_eq!(out.len() - before, length, "the body has the length that was announced");
        // The window is a number of 31 bits, and the length is within it.
        self.send_window -= length as i64;
        self.calm.data();
        self.write_trailers(number, trailers);
        self.end_answer(number);
        true
    }

    /// How many bytes a stream takes now; `None` if it is gone. A stream that takes nothing shows in
    /// [`Connection::next_with_room`] when it does again.
    pub fn capacity(&mut self, stream: u32) -> Option<usize> {
        let stream = self.streams.get_mut(&stream)?;
        let room = QUEUED_BYTES_PER_STREAM.saturating_sub(stream.queued);
        stream.full = room == 0;
        Some(room)
    }

    /// A stream that was full and takes data again.
    pub fn next_with_room(&mut self) -> Option<u32> {
        self.roomy.pop()
    }

    /// Queues data of an answer. More than [`Connection::capacity`] is taken too: a message is not cut.
    pub fn send(&mut self, number: u32, data: Bytes) -> bool {
        let Some(stream) = self.streams.get_mut(&number) else { return false };
        debug_assert!(stream.end.is_none(), "nothing follows the end");
        if !data.is_empty() {
            stream.queued += data.len();
            stream.queue.push_back(data);
            Self::stand_in_line(&mut self.line, number, stream);
        }
        true
    }

    /// Ends an answer behind what is queued, with trailers if there are any.
    pub fn finish(&mut self, number: u32, trailers: Fields<'_>) -> bool {
        let Some(stream) = self.streams.get_mut(&number) else { return false };
        if stream.queued == 0 && !trailers.is_empty() {
            self.write_trailers(number, trailers);
            self.end_answer(number);
            return true;
        }
        let owned = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        let fields: Vec<_> = trailers.iter().map(|(name, value)| (owned(name), owned(value))).collect();
        stream.end = Some(if fields.is_empty() { End::Data } else { End::Trailers(fields) });
        Self::stand_in_line(&mut self.line, number, stream);
        true
    }

    /// Gives a stream up. What was queued is dropped.
    pub fn reset(&mut self, stream: u32, code: Code) {
        if self.remove(stream) {
            frame::numbers(self.output.buffer(), frame::RST_STREAM, stream, [code.0]);
            self.note_early_end(stream);
        }
    }

    /// Streams that have had something to send while the connection rested so many times, and no window to send any of it: the
    /// other side asks and does not take.
    pub fn stalled(&self, rests: u32) -> Vec<u32> {
        self.streams.iter().filter(|(_, stream)| stream.rests >= rests).map(|(number, _)| *number).collect()
    }

    /// Moves queued data to the output as far as windows allow and the output has room. Streams take turns, a frame each.
    pub fn pump(&mut self) {
        while self.output.len() < OUTPUT_BYTES {
            let Some(number) = self.line.pop_front() else { return };
            let Some(stream) = self.streams.get_mut(&number) else { continue };
            stream.in_line = false;
            if stream.queued > 0 && self.send_window <= 0 {
                // All wait for the connection, in the order in which they stand.
                stream.in_line = true;
                self.line.push_front(number);
                return;
            }
            if stream.can_send() {
                self.send_turn(number);
            }
        }
    }

    /// One stream's turn: a frame of data, or the end.
    fn send_turn(&mut self, number: u32) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        if stream.queued > 0 {
            let allowed = usize::try_from(stream.send_window.min(self.send_window)).unwrap_or(0);
            let data = next_piece(stream, allowed.min(self.peer.frame_bytes_max));
            let last = stream.queued == 0 && matches!(stream.end, Some(End::Data));
            let length = i64::try_from(data.len()).unwrap_or(i64::MAX);
            stream.send_window -= length;
            stream.rests = 0;
            self.send_window -= length;
            let out = self.output.buffer();
            frame::head(out, data.len(), frame::DATA, if last { frame::END_STREAM } else { 0 }, number);
            out.extend_from_slice(&data);
            self.calm.data();
            if stream.full && stream.queued < QUEUED_BYTES_PER_STREAM {
                stream.full = false;
                self.roomy.push(number);
            }
            if last {
                return self.end_answer(number);
            }
        }
        if stream.queued > 0 {
            return Self::stand_in_line(&mut self.line, number, stream);
        }
        match stream.end.take() {
            None => {}
            Some(End::Data) => {
                frame::head(self.output.buffer(), 0, frame::DATA, frame::END_STREAM, number);
                self.end_answer(number);
            }
            Some(End::Trailers(fields)) => {
                let fields: Vec<(&[u8], &[u8])> = fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();
                self.write_trailers(number, &fields);
                self.end_answer(number);
            }
        }
    }

    /// This side's part of a stream is done. A request that nobody reads to its end is broken off without blame (RFC 9113,
    /// section 8.1).
    fn end_answer(&mut self, number: u32) {
        self.calm.answered();
        if self.streams.get(&number).is_some_and(|stream| stream.receiving) {
            frame::numbers(self.output.buffer(), frame::RST_STREAM, number, [Code::NO_ERROR.0]);
            self.note_early_end(number);
        }
        self.remove(number);
    }

    fn write_head(&mut self, number: u32, status: u16, fields: Fields<'_>, end: bool) {
        let flags = if end { frame::END_STREAM } else { 0 };
        self.write_block(number, flags, |encoder, out| {
            encoder.status(out, status);
            fields.iter().for_each(|(name, value)| encoder.field(out, name, value));
        });
    }

    fn write_trailers(&mut self, number: u32, fields: Fields<'_>) {
        self.write_block(number, frame::END_STREAM, |encoder, out| {
            encoder.begin(out);
            fields.iter().for_each(|(name, value)| encoder.field(out, name, value));
        });
    }

    /// Writes a header block, in several frames if it is larger than one may be.
    fn write_block(&mut self, number: u32, flags: u8, write: impl FnOnce(&mut crate::hpack::Encoder, &mut Vec<u8>)) {
        debug_assert_ne!(self.phase, Phase::Closed, "a closed connection has no streams");
        let frame_bytes_max = self.peer.frame_bytes_max;
        let out = self.output.buffer();
        let start = out.len();
        frame::head(out, 0, frame::HEADERS, flags | frame::END_HEADERS, number);
        write(&mut self.encoder, out);
        let length = out.len() - start - frame::HEAD_BYTES;
        if length <= frame_bytes_max {
            let [_, high, middle, low] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
            out[start..start + 3].copy_from_slice(&[high, middle, low]);
            return;
        }
        let block = out.split_off(start + frame::HEAD_BYTES);
        out.truncate(start);
        let mut pieces = block.chunks(frame_bytes_max).peekable();
        let (mut kind, mut flags) = (frame::HEADERS, flags);
        while let Some(piece) = pieces.next() {
            let end = if pieces.peek().is_none() { frame::END_HEADERS } else { 0 };
            frame::head(out, piece.len(), kind, flags | end, number);
            out.extend_from_slice(piece);
            (kind, flags) = (frame::CONTINUATION, 0);
        }
    }
}

/// The next bytes of what is queued, at most `bytes_max`, from one piece of it.
fn next_piece(stream: &mut Stream, bytes_max: usize) -> Bytes {
    let Some(front) = stream.queue.front_mut() else { return Bytes::new() };
    let data = if front.len() <= bytes_max {
        stream.queue.pop_front().unwrap_or_default()
    } else {
        let data = front.slice(..bytes_max);
        front.advance(bytes_max);
        data
    };
    stream.queued -= data.len();
    data
}
