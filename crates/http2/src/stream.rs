//! One stream, from its request's head until both sides have ended it, and the map of those that are open.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
};

use bytes::Bytes;

/// An open stream.
pub(crate) struct Stream {
    /// The other side may still send.
    pub(crate) receiving: bool,
    /// Bytes that the other side may still send.
    pub(crate) receive_window: i64,
    /// Bytes that came and were not taken by the owner yet.
    pub(crate) held: u32,
    /// Bytes taken that the other side was not told of yet.
    pub(crate) taken: u32,
    /// Bytes of the body that were announced and have not come.
    pub(crate) content_left: Option<u64>,
    /// Bytes that this side may still send.
    pub(crate) send_window: i64,
    /// Data that waits for a window, or for its turn.
    pub(crate) queue: VecDeque<Bytes>,
    pub(crate) queued: usize,
    /// The end that follows what is queued.
    pub(crate) end: Option<End>,
    /// It stands in the line of those that can send.
    pub(crate) in_line: bool,
    /// Its owner was told that it takes no more, and waits to hear that it does.
    pub(crate) full: bool,
    /// How often the connection rested while the other side gave no room for what is queued.
    pub(crate) rests: u32,
}

/// How this side's part of a stream ends.
pub(crate) enum End {
    /// With the last data.
    Data,
    /// With these fields.
    Trailers(Vec<(Bytes, Bytes)>),
}

impl Stream {
    pub(crate) fn new(receive_window: u32, send_window: i64, receiving: bool, content_left: Option<u64>) -> Self {
        Self {
            receiving,
            receive_window: i64::from(receive_window),
            held: 0,
            taken: 0,
            content_left,
            send_window,
            queue: VecDeque::new(),
            queued: 0,
            end: None,
            in_line: false,
            full: false,
            rests: 0,
        }
    }

    /// Whether there is something that could be written now, as far as this stream is concerned.
    pub(crate) fn can_send(&self) -> bool {
        if self.queued > 0 { self.send_window > 0 } else { self.end.is_some() }
    }
}

/// The open streams by number.
pub(crate) type Streams = HashMap<u32, Stream, BuildHasherDefault<Spread>>;

/// Spreads stream numbers over a table. There are never more streams than this side allows, so nobody gains by collisions.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        // 2^64 over the golden ratio (Knuth, volume 3, section 6.4).
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}
