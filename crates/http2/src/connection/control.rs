//! Frames that steer: settings, windows, pings, resets.

use super::{Connection, Leaving};
use crate::{
    Code, Event, Fault,
    frame::{self, Head, STREAM_MAX, WINDOW_MAX},
};

type Taken = Result<Option<Event>, Fault>;

impl Connection {
    pub(super) fn take_settings(&mut self, head: Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(Fault::protocol("settings of a stream"));
        }
        self.calm.useless_frame()?;
        if head.has(frame::ACK) {
            return if payload.is_empty() { Ok(()) } else { Err(Fault::size("an acknowledgement that says something")) };
        }
        if !payload.len().is_multiple_of(6) {
            return Err(Fault::size("settings that are cut off"));
        }
        let before = self.peer.stream_window;
        self.peer.take(payload)?;
        if let Some(bytes) = self.peer.header_table_bytes {
            self.encoder.resize(bytes);
        }
        frame::head(self.output.buffer(), 0, frame::SETTINGS, frame::ACK, 0);
        self.move_windows(self.peer.stream_window - before)
    }

    /// A new initial window moves those of all open streams, also below zero (RFC 9113, section 6.9.2).
    fn move_windows(&mut self, by: i64) -> Result<(), Fault> {
        if by == 0 {
            return Ok(());
        }
        for (number, stream) in &mut self.streams {
            stream.send_window += by;
            if stream.send_window > WINDOW_MAX {
                return Err(Fault::flow("a setting moves a window beyond 2^31-1"));
            }
            Self::stand_in_line(&mut self.line, *number, stream);
        }
        Ok(())
    }

    pub(super) fn take_window_update(&mut self, head: Head, payload: &[u8]) -> Taken {
        if payload.len() != 4 {
            return Err(Fault::size("a window update of another length than four"));
        }
        self.calm.useless_frame()?;
        let more = i64::from(frame::number(payload) & STREAM_MAX);
        if head.stream == 0 {
            self.send_window += more;
            return match more {
                0 => Err(Fault::protocol("a window update of nothing")),
                _ if self.send_window > WINDOW_MAX => Err(Fault::flow("a window beyond 2^31-1")),
                _ => Ok(None),
            };
        }
        self.must_have_been_opened(head.stream)?;
        // Updates may cross with the end of their stream.
        let Some(stream) = self.streams.get_mut(&head.stream) else { return Ok(None) };
        stream.send_window += more;
        if more == 0 {
            return self.fail(head.stream, Code::PROTOCOL_ERROR);
        }
        if stream.send_window > WINDOW_MAX {
            return self.fail(head.stream, Code::FLOW_CONTROL_ERROR);
        }
        Self::stand_in_line(&mut self.line, head.stream, stream);
        Ok(None)
    }

    pub(super) fn take_ping(&mut self, head: Head, payload: &[u8]) -> Taken {
        if head.stream != 0 {
            return Err(Fault::protocol("a ping of a stream"));
        }
        if payload.len() != 8 {
            return Err(Fault::size("a ping of another length than eight"));
        }
        self.calm.useless_frame()?;
        if !head.has(frame::ACK) {
            let out = self.output.buffer();
            frame::head(out, payload.len(), frame::PING, frame::ACK, 0);
            out.extend_from_slice(payload);
            return Ok(None);
        }
        if self.leaving == Leaving::Announced {
            self.leaving = Leaving::Left;
            frame::numbers(self.output.buffer(), frame::GOAWAY, 0, [self.last_stream, Code::NO_ERROR.0]);
        }
        Ok(Some(Event::Pong))
    }

    pub(super) fn take_reset(&mut self, head: Head, payload: &[u8]) -> Taken {
        if payload.len() != 4 {
            return Err(Fault::size("a reset of another length than four"));
        }
        self.must_have_been_opened(head.stream)?;
        if !self.remove(head.stream) {
            self.calm.useless_frame()?;
            return Ok(None);
        }
        self.calm.reset()?;
        Ok(Some(Event::Reset { stream: head.stream, code: Code(frame::number(payload)) }))
    }

    /// Priorities are read and ignored (RFC 9113, section 5.3.2), but for a stream that depends on itself.
    pub(super) fn take_priority(&mut self, head: Head, payload: &[u8]) -> Taken {
        if head.stream == 0 {
            return Err(Fault::protocol("a priority of no stream"));
        }
        self.calm.useless_frame()?;
        if payload.len() != 5 {
            return self.fail(head.stream, Code::FRAME_SIZE_ERROR);
        }
        if frame::number(payload) & STREAM_MAX == head.stream {
            return self.fail(head.stream, Code::PROTOCOL_ERROR);
        }
        Ok(None)
    }

    pub(super) fn take_goaway(&mut self, head: Head, payload: &[u8]) -> Taken {
        if head.stream != 0 {
            return Err(Fault::protocol("a farewell of a stream"));
        }
        let code = payload.get(4..8).ok_or(Fault::size("a farewell that is cut off"))?;
        self.calm.useless_frame()?;
        Ok(Some(Event::Leaving(Code(frame::number(code)))))
    }

    /// Refuses what speaks of a stream that was never opened.
    pub(super) fn must_have_been_opened(&self, stream: u32) -> Result<(), Fault> {
        let opened = stream % 2 == 1 && stream <= self.last_stream;
        if opened { Ok(()) } else { Err(Fault::protocol("a frame of a stream that is not open")) }
    }
}
