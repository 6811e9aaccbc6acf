//! What each side tells the other beforehand (RFC 9113, section 6.5).

use crate::{
    Fault,
    error::Code,
    frame::{self, FRAME_BYTES_DEFAULT, WINDOW_DEFAULT, WINDOW_MAX},
};

/// What an owner chooses for its connections.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Streams that the other side may have open at once.
    pub streams_max: u32,
    /// Bytes that may be on their way on one stream; at least HTTP/2's default of 65,535.
    pub stream_window: u32,
    /// Bytes that may be on their way on all streams together; at least 65,535.
    pub connection_window: u32,
    /// Greatest frame taken, 16,384 to 16,777,215.
    pub frame_bytes_max: u32,
    /// Bytes of one request's header fields, each with 32 on top.
    pub header_list_bytes_max: u32,
    /// Response fields that are worth remembering on the other side: name and value.
    pub known_fields: &'static [(&'static str, &'static str)],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            streams_max: 100,
            stream_window: WINDOW_DEFAULT,
            connection_window: WINDOW_DEFAULT,
            frame_bytes_max: FRAME_BYTES_DEFAULT,
            header_list_bytes_max: 16 * 1024,
            known_fields: &[],
        }
    }
}

pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
pub(crate) const ENABLE_PUSH: u16 = 2;
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
pub(crate) const MAX_FRAME_SIZE: u16 = 5;
pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 6;

impl Settings {
    /// The values with which a connection begins.
    pub(crate) fn entries(&self) -> [(u16, u32); 4] {
        [
            (MAX_CONCURRENT_STREAMS, self.streams_max),
            (INITIAL_WINDOW_SIZE, self.stream_window),
            (MAX_FRAME_SIZE, self.frame_bytes_max),
            (MAX_HEADER_LIST_SIZE, self.header_list_bytes_max),
        ]
    }
}

/// What the other side said, or HTTP/2's defaults until it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerSettings {
    pub(crate) stream_window: i64,
    pub(crate) frame_bytes_max: usize,
    pub(crate) header_table_bytes: Option<usize>,
}

impl Default for PeerSettings {
    fn default() -> Self {
        let window = i64::from(WINDOW_DEFAULT);
        Self { stream_window: window, frame_bytes_max: FRAME_BYTES_DEFAULT as usize, header_table_bytes: None }
    }
}

impl PeerSettings {
    /// Takes the values of one frame in their order; unknown ones are ignored.
    pub(crate) fn take(&mut self, payload: &[u8]) -> Result<(), Fault> {
        for entry in payload.chunks_exact(6) {
            let value = frame::number(&entry[2..]);
            match u16::from_be_bytes([entry[0], entry[1]]) {
                HEADER_TABLE_SIZE => self.header_table_bytes = Some(value as usize),
                ENABLE_PUSH if value > 1 => return Err(Fault::protocol("a setting that is neither yes nor no")),
                INITIAL_WINDOW_SIZE => {
                    if i64::from(value) > WINDOW_MAX {
                        return Err(Fault::new(Code::FLOW_CONTROL_ERROR, "a window beyond 2^31-1"));
                    }
                    self.stream_window = i64::from(value);
                }
                MAX_FRAME_SIZE => {
                    if !(FRAME_BYTES_DEFAULT..1 << 24).contains(&value) {
                        return Err(Fault::protocol("a frame size out of its bounds"));
                    }
                    self.frame_bytes_max = value as usize;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
