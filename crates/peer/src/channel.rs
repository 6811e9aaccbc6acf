//! What a connection is for.

use std::fmt;

use crate::limits;

/// One of the connections to a peer. Each has its own, so that small messages never wait behind bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Heartbeats, votes, read barriers.
    Small,
    /// Log entries.
    Bulk,
    /// Requests of clients that another node serves.
    Forward,
    /// Settled state.
    Snapshot,
}

impl Channel {
    /// All channels, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Small, Self::Bulk, Self::Forward, Self::Snapshot];

    /// Bytes of the largest body that a frame may have here.
    pub const fn frame_bytes_max(self) -> usize {
        match self {
            Self::Small => limits::SMALL_FRAME_BYTES_MAX,
            Self::Bulk | Self::Forward => limits::LARGE_FRAME_BYTES_MAX,
            Self::Snapshot => limits::SNAPSHOT_FRAME_BYTES_MAX,
        }
    }

    /// Bytes that may wait to be written on one connection.
    pub(crate) const fn outbox_bytes_max(self) -> usize {
        limits::OUTBOX_FRAMES * (self.frame_bytes_max() + limits::FRAME_COST_BYTES)
    }

    /// The word for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Bulk => "bulk",
            Self::Forward => "forward",
            Self::Snapshot => "snapshot",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    pub(crate) const fn code(self) -> u8 {
        self as u8 + 1
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
