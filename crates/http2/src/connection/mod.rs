//! A connection: frames in, events out; answers in, frames out.

mod answers;
mod control;
mod requests;

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    Code, Event, Fault, Settings,
    calm::Calm,
    frame::{self, Head, PREFACE, STREAM_MAX, WINDOW_DEFAULT},
    hpack::{Decoder, Encoder},
    limits::ENDED_EARLY_MAX,
    output::Output,
    settings::PeerSettings,
    stream::{Stream, Streams},
};

/// A server's side of one connection.
pub struct Connection {
    settings: Settings,
    peer: PeerSettings,
    phase: Phase,
    streams: Streams,
    /// The greatest stream that the other side opened.
    last_stream: u32,
    /// A header block that has not come whole.
    block: Option<Block>,
    decoder: Decoder,
    encoder: Encoder,
    /// Bytes that the other side may still send on all streams together, and those taken that it was not told of.
    receive_window: i64,
    taken: u32,
    send_window: i64,
    /// Streams that can send, in turn. Ended ones are skipped.
    line: VecDeque<u32>,
    /// Streams whose owner waits for room, and for which there is some.
    roomy: Vec<u32>,
    /// Streams that this side ended while the other was still sending, oldest first.
    ended_early: VecDeque<u32>,
    calm: Calm,
    frames: u64,
    leaving: Leaving,
    output: Output,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Preface,
    FirstSettings,
    Open,
    Closed,
}

/// How far this side is in closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// The other side was told, but streams may be on their way; this comes to an end when a ping comes back.
    Announced,
    /// New streams are not looked at.
    Left,
}

/// A header block in several frames.
struct Block {
    head: Head,
    bytes: Vec<u8>,
    continuations: u32,
}

impl Connection {
    /// A connection that was just accepted. Its settings are in the output at once.
    pub fn new(settings: Settings) -> Self {
        assert!(settings.stream_window >= WINDOW_DEFAULT && settings.connection_window >= WINDOW_DEFAULT, "windows only grow");
        let mut output = Output::default();
        let out = output.buffer();
        let entries = settings.entries();
        frame::head(out, 6 * entries.len(), frame::SETTINGS, 0, 0);
        for (setting, value) in entries {
            out.extend_from_slice(&setting.to_be_bytes());
            out.extend_from_slice(&value.to_be_bytes());
        }
        if settings.connection_window > WINDOW_DEFAULT {
            frame::numbers(out, frame::WINDOW_UPDATE, 0, [settings.connection_window - WINDOW_DEFAULT]);
        }
        Self {
            peer: PeerSettings::default(),
            phase: Phase::Preface,
            streams: Streams::default(),
            last_stream: 0,
            block: None,
            decoder: Decoder::new(),
            encoder: Encoder::new(settings.known_fields),
            receive_window: i64::from(settings.connection_window),
            taken: 0,
            send_window: i64::from(WINDOW_DEFAULT),
            line: VecDeque::new(),
            roomy: Vec::new(),
            ended_early: VecDeque::new(),
            calm: Calm::new(),
            frames: 0,
            leaving: Leaving::No,
            output,
            settings,
        }
    }

    /// Takes whole frames from the beginning of `input` up to the first that the owner has to know of. `None`: more bytes have
    /// to be read.
    pub fn receive(&mut self, input: &mut BytesMut) -> Option<Event> {
        if self.phase == Phase::Preface {
            match self.take_preface(input) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(fault) => return Some(self.close(fault)),
            }
        }
        while self.phase != Phase::Closed {
            let head = Head::read(input)?;
            if head.length > self.settings.frame_bytes_max as usize {
                return Some(self.close(Fault::size("a frame larger than allowed")));
            }
            let whole = frame::HEAD_BYTES + head.length;
            if input.len() < whole {
                return None;
            }
            self.frames += 1;
            let outcome = match head.kind {
                frame::DATA => self.take_data(head, take_payload(input, whole)),
                _ => {
                    let outcome = self.take_frame(head, &input[frame::HEAD_BYTES..whole]);
                    input.advance(whole);
                    outcome
                }
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(event)) => return Some(event),
                Err(fault) => return Some(self.close(fault)),
            }
        }
        input.clear();
        None
    }

    fn take_preface(&mut self, input: &mut BytesMut) -> Result<bool, Fault> {
        let come = input.len().min(PREFACE.len());
        if input[..come] != PREFACE[..come] {
            return Err(Fault::protocol("this is not HTTP/2"));
        }
        if come < PREFACE.len() {
            return Ok(false);
        }
        input.advance(PREFACE.len());
        self.phase = Phase::FirstSettings;
        Ok(true)
    }

    fn take_frame(&mut self, head: Head, payload: &[u8]) -> Result<Option<Event>, Fault> {
        if self.phase == Phase::FirstSettings {
            if head.kind != frame::SETTINGS || head.has(frame::ACK) {
                return Err(Fault::protocol("the preface is not followed by settings"));
            }
            self.phase = Phase::Open;
        }
        if self.block.is_some() && head.kind != frame::CONTINUATION {
            return Err(Fault::protocol("a header block is interrupted"));
        }
        match head.kind {
            frame::HEADERS => self.take_headers(head, payload),
            frame::CONTINUATION => self.take_continuation(head, payload),
            frame::RST_STREAM => self.take_reset(head, payload),
            frame::WINDOW_UPDATE => self.take_window_update(head, payload),
            frame::SETTINGS => self.take_settings(head, payload).map(|()| None),
            frame::PING => self.take_ping(head, payload),
            frame::PRIORITY => self.take_priority(head, payload),
            frame::GOAWAY => self.take_goaway(head, payload),
            frame::PUSH_PROMISE => Err(Fault::protocol("a client may not push")),
            _ => self.calm.useless_frame().map(|()| None),
        }
    }

    /// What is to be written to the other side.
    pub fn output(&self) -> &[u8] {
        self.output.bytes()
    }

    /// Says that so many bytes of the output were written.
    pub fn written(&mut self, count: usize) {
        self.output.take(count);
    }

    /// Asks for a sign of life; it comes as [`Event::Pong`].
    pub fn ping(&mut self) {
        if self.phase != Phase::Closed {
            frame::head(self.output.buffer(), 8, frame::PING, 0, 0);
            self.output.buffer().extend_from_slice(&[0; 8]);
        }
    }

    /// Says that time has passed: budgets of useless work are full again. To be called every so many seconds, not more often.
    pub fn rest(&mut self) {
        self.calm.rest();
        for stream in self.streams.values_mut() {
            stream.rests = if stream.queued > 0 { stream.rests + 1 } else { 0 };
        }
    }

    /// Announces the end: streams that are open are still served, and so are those on their way until a ping came back.
    pub fn leave(&mut self) {
        if self.phase != Phase::Closed && self.leaving == Leaving::No {
            self.leaving = Leaving::Announced;
            frame::numbers(self.output.buffer(), frame::GOAWAY, 0, [STREAM_MAX, Code::NO_ERROR.0]);
            self.ping();
        }
    }

    /// Whether nothing remains to be done but to write the output.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Closed || (self.leaving == Leaving::Left && self.streams.is_empty())
    }

    /// Ends the connection for a reason of the owner's.
    pub fn abort(&mut self, code: Code) {
        let _ = self.close(Fault::new(code, "ended by the server"));
    }

    /// How many whole frames have come so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Ends the connection: everything on it is dropped, and the other side is told why.
    fn close(&mut self, fault: Fault) -> Event {
        if self.phase != Phase::Closed {
            self.phase = Phase::Closed;
            self.streams.clear();
            self.line.clear();
            self.roomy.clear();
            self.block = None;
            frame::numbers(self.output.buffer(), frame::GOAWAY, 0, [self.last_stream, fault.code.0]);
        }
        Event::Closed(fault)
    }

    /// Ends a stream for a fault on it, which is counted.
    fn fail(&mut self, stream: u32, code: Code) -> Result<Option<Event>, Fault> {
        self.calm.fault()?;
        frame::numbers(self.output.buffer(), frame::RST_STREAM, stream, [code.0]);
        self.note_early_end(stream);
        Ok(self.remove(stream).then_some(Event::Reset { stream, code }))
    }

    /// Forgets a stream; what its owner did not take is given back to the connection's window.
    fn remove(&mut self, stream: u32) -> bool {
        let Some(removed) = self.streams.remove(&stream) else { return false };
        self.give_back(removed.held);
        true
    }

    fn note_early_end(&mut self, stream: u32) {
        if self.ended_early.len() == ENDED_EARLY_MAX {
            self.ended_early.pop_front();
        }
        self.ended_early.push_back(stream);
    }

    /// Gives the connection's window back, in pieces of at least half of it.
    fn give_back(&mut self, bytes: u32) {
        self.taken += bytes;
        if self.taken >= self.settings.connection_window / 2 {
            self.receive_window += i64::from(self.taken);
            frame::numbers(self.output.buffer(), frame::WINDOW_UPDATE, 0, [self.taken]);
            self.taken = 0;
        }
    }

    fn stand_in_line(line: &mut VecDeque<u32>, number: u32, stream: &mut Stream) {
        if !stream.in_line && stream.can_send() {
            stream.in_line = true;
            line.push_back(number);
        }
    }
}

/// A frame's payload as a slice of what was read.
fn take_payload(input: &mut BytesMut, whole: usize) -> Bytes {
    let mut frame = input.split_to(whole).freeze();
    frame.advance(frame::HEAD_BYTES);
    frame
}

#[cfg(test)]
mod tests;
