//! Requests: header blocks and data.

use bytes::Bytes;

use super::{Block, Connection, Leaving, Phase};
use crate::{
    Code, Event, Fault,
    frame::{self, Head},
    limits::{BLOCK_FACTOR, CONTINUATIONS_MAX},
    request::{Builder, Refusal, Request, is_trailer},
    stream::Stream,
};

type Taken = Result<Option<Event>, Fault>;

impl Connection {
    pub(super) fn take_headers(&mut self, head: Head, payload: &[u8]) -> Taken {
        if head.stream.is_multiple_of(2) {
            return Err(Fault::protocol("a request on a stream that is not a client's"));
        }
        let (fragment, depends_on) = frame::fragment(head, payload)?;
        if !head.has(frame::END_HEADERS) {
            return self.begin_block(head, fragment).map(|()| None);
        }
        let taken = self.take_block(head, fragment)?;
        if depends_on != Some(head.stream) {
            return Ok(taken);
        }
        // The block was decoded all the same, so that the table stays the same on both sides.
        let known = self.streams.contains_key(&head.stream);
        let event = self.fail(head.stream, Code::PROTOCOL_ERROR)?;
        let is_new = matches!(taken, Some(Event::Request { .. }));
        Ok(event.filter(|_| known && !is_new))
    }

    fn begin_block(&mut self, head: Head, fragment: &[u8]) -> Result<(), Fault> {
        let mut block = Block { head, bytes: Vec::new(), continuations: 0 };
        self.extend_block(&mut block, fragment)?;
        self.block = Some(block);
        Ok(())
    }

    fn extend_block(&self, block: &mut Block, fragment: &[u8]) -> Result<(), Fault> {
        let bytes_max = BLOCK_FACTOR * self.settings.header_list_bytes_max as usize;
        if block.bytes.len() + fragment.len() > bytes_max {
            return Err(Fault::calm("a header block that does not end"));
        }
        block.bytes.extend_from_slice(fragment);
        Ok(())
    }

    pub(super) fn take_continuation(&mut self, head: Head, payload: &[u8]) -> Taken {
        let Some(mut block) = self.block.take().filter(|block| block.head.stream == head.stream) else {
            return Err(Fault::protocol("a continuation of nothing"));
        };
        block.continuations += 1;
        if block.continuations > CONTINUATIONS_MAX {
            return Err(Fault::calm("a header block in too many frames"));
        }
        self.extend_block(&mut block, payload)?;
        if head.has(frame::END_HEADERS) {
            return self.take_block(block.head, &block.bytes);
        }
        self.block = Some(block);
        Ok(None)
    }

    /// A header block that has come whole: a request, or the end of one.
    fn take_block(&mut self, head: Head, block: &[u8]) -> Taken {
        if head.stream > self.last_stream {
            let request = self.decode_request(block)?;
            return self.open(head, request);
        }
        let is_trailers = self.decode_trailers(block)?;
        match self.streams.get(&head.stream) {
            Some(stream) if !stream.receiving => self.fail(head.stream, Code::STREAM_CLOSED),
            Some(_) if !is_trailers || !head.has(frame::END_STREAM) => self.fail(head.stream, Code::PROTOCOL_ERROR),
            Some(_) => self.end_request(head.stream, Bytes::new()),
            // They may have been on their way when this side ended the stream.
            None if self.ended_early.contains(&head.stream) => Ok(None),
            None => Err(Fault::new(Code::STREAM_CLOSED, "headers on a stream that is closed")),
        }
    }

    fn decode_request(&mut self, block: &[u8]) -> Result<Result<(Request, Option<u64>), Refusal>, Fault> {
        let mut builder = Builder::new(self.settings.header_list_bytes_max as usize);
        let decoded = self.decoder.decode(block, |field| builder.take(field));
        decoded.map_err(|_| Fault::new(Code::COMPRESSION_ERROR, "a header block that cannot be decoded"))?;
        Ok(builder.finish())
    }

    fn decode_trailers(&mut self, block: &[u8]) -> Result<bool, Fault> {
        let mut all_trailers = true;
        let decoded = self.decoder.decode(block, |field| all_trailers &= is_trailer(field));
        decoded.map_err(|_| Fault::new(Code::COMPRESSION_ERROR, "a header block that cannot be decoded"))?;
        Ok(all_trailers)
    }

    fn open(&mut self, head: Head, request: Result<(Request, Option<u64>), Refusal>) -> Taken {
        self.last_stream = head.stream;
        if self.leaving == Leaving::Left {
            // The other side was told that these are not looked at, and may try them elsewhere.
            self.note_early_end(head.stream);
            return Ok(None);
        }
        if self.streams.len() >= self.settings.streams_max as usize {
            return self.fail(head.stream, Code::REFUSED_STREAM);
        }
        let (receiving, stream) = (!head.has(frame::END_STREAM), head.stream);
        match request {
            Ok((_, Some(1..))) if !receiving => self.fail(stream, Code::PROTOCOL_ERROR),
            Ok((request, length)) => {
                let opened = Stream::new(self.settings.stream_window, self.peer.stream_window, receiving, length);
                self.streams.insert(stream, opened);
                Ok(Some(Event::Request { stream, request, end: !receiving }))
            }
            Err(Refusal::Malformed) => self.fail(stream, Code::PROTOCOL_ERROR),
            Err(Refusal::TooLarge) => {
                self.calm.fault()?;
                let opened = Stream::new(self.settings.stream_window, self.peer.stream_window, receiving, None);
                self.streams.insert(stream, opened);
                // RFC 6585, section 5: Request Header Fields Too Large.
                self.respond(stream, 431, &[], true);
                Ok(None)
            }
        }
    }

    pub(super) fn take_data(&mut self, head: Head, payload: Bytes) -> Taken {
        if self.phase != Phase::Open || self.block.is_some() {
            return Err(Fault::protocol("data where settings or headers have to come"));
        }
        self.must_have_been_opened(head.stream)?;
        let (before, length) = frame::unpadded(head, &payload)?;
        let (bytes, end) = (i64::try_from(payload.len()).unwrap_or(i64::MAX), head.has(frame::END_STREAM));
        self.receive_window -= bytes;
        if self.receive_window < 0 {
            return Err(Fault::flow("more data than the connection's window"));
        }
        if length > 0 {
            self.calm.data()
        } else if !end {
            self.calm.useless_frame()?
        }
        let all = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let Some(stream) = self.streams.get_mut(&head.stream).filter(|stream| stream.receiving) else {
            self.give_back(all);
            return self.refuse_data(head.stream);
        };
        stream.receive_window -= bytes;
        stream.held += all;
        if stream.receive_window < 0 {
            return self.fail(head.stream, Code::FLOW_CONTROL_ERROR);
        }
        let content = u64::try_from(length).unwrap_or(u64::MAX);
        if let Some(left) = stream.content_left {
            match left.checked_sub(content) {
                Some(left) => stream.content_left = Some(left),
                None => return self.fail(head.stream, Code::PROTOCOL_ERROR),
            }
        }
        let data = if length == payload.len() { payload } else { payload.slice(before..before + length) };
        // Padding is taken as soon as it came.
        self.release(head.stream, all as usize - length);
        if end {
            return self.end_request(head.stream, data);
        }
        if data.is_empty() {
            return Ok(None);
        }
        Ok(Some(Event::Data { stream: head.stream, data, end }))
    }

    /// Data on a stream that takes none.
    fn refuse_data(&mut self, stream: u32) -> Taken {
        if !self.streams.contains_key(&stream) && self.ended_early.contains(&stream) {
            return Ok(None);
        }
        self.fail(stream, Code::STREAM_CLOSED)
    }

    fn end_request(&mut self, number: u32, data: Bytes) -> Taken {
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(None) };
        if stream.content_left.is_some_and(|left| left > 0) {
            return self.fail(number, Code::PROTOCOL_ERROR);
        }
        stream.receiving = false;
        Ok(Some(Event::Data { stream: number, data, end: true }))
    }

    /// Says that the owner has taken so many bytes of a stream's data; the other side may send as many again. It is told when
    /// half of a window was used.
    pub fn release(&mut self, number: u32, bytes: usize) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(stream.held);
        stream.held -= bytes;
        if stream.receiving {
            stream.taken += bytes;
            if stream.taken >= self.settings.stream_window / 2 {
                stream.receive_window += i64::from(stream.taken);
                frame::numbers(self.output.buffer(), frame::WINDOW_UPDATE, number, [stream.taken]);
                stream.taken = 0;
            }
        }
        self.give_back(bytes);
    }
}
