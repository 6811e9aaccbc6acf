//! What clients did and saw, for the oracle to read.

use std::time::Duration;

/// What a write was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A key that only this client writes, once.
    Put {
        /// The key.
        key: String,
    },
    /// The deletion of such a key.
    Delete {
        /// The key.
        key: String,
    },
    /// A counter raised by compare and swap, and in the same transaction a key that says so.
    Count {
        /// The key that says so; its name holds counter and value.
        key: String,
    },
    /// A key on a lease.
    Lease {
        /// The key.
        key: String,
        /// Seconds granted.
        ttl: u64,
        /// When the grant was asked for: the lease ends no earlier than this plus `ttl`.
        since: Duration,
    },
}

impl Deed {
    /// The key that the deed changed.
    pub fn key(&self) -> &str {
        match self {
            Deed::Put { key } | Deed::Delete { key } | Deed::Count { key } | Deed::Lease { key, .. } => key,
        }
    }
}

/// A write and what became of it.
#[derive(Clone, Debug)]
pub struct Write {
    /// What.
    pub deed: Deed,
    /// When it was sent.
    pub start: Duration,
    /// When the answer came.
    pub end: Duration,
    /// Its revision if it was acknowledged; `None`: nobody knows whether it happened.
    pub revision: Option<i64>,
}

/// A linearizable read of a key that only the reader writes.
#[derive(Clone, Debug)]
pub struct Read {
    /// When it was sent.
    pub start: Duration,
    /// The header's revision.
    pub revision: i64,
}

/// One change that a watcher saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it came.
    pub at: Duration,
    /// Its revision.
    pub revision: i64,
    /// The key.
    pub key: String,
    /// Put or deletion.
    pub is_put: bool,
}

/// Everything that was written down in one run.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// Writes, in the order of their answers.
    pub writes: Vec<Write>,
    /// Reads, in the order of their answers.
    pub reads: Vec<Read>,
    /// What the watcher saw, in order.
    pub seen: Vec<Seen>,
    /// The revision after which the watcher began.
    pub watched_from: i64,
    /// Operations refused with a definite error.
    pub refused: u64,
    /// Complaints found on the way.
    pub complaints: Vec<String>,
}
