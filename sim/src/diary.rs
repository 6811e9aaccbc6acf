//! What clients did and saw, for the oracle to read.

use std::{collections::BTreeMap, time::Duration};

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
    },
}

impl Deed {
    /// The key that the deed changed.
    pub fn key(&self) -> &str {
        match self {
            Deed::Put { key } | Deed::Delete { key } | Deed::Count { key } | Deed::Lease { key } => key,
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
    /// Through which node.
    pub node: String,
}

/// A linearizable read of one key.
#[derive(Clone, Debug)]
pub struct Read {
    /// When it was sent.
    pub start: Duration,
    /// The header's revision.
    pub revision: i64,
    /// The key.
    pub key: String,
    /// The key's last change by the answer; 0: the key is not there.
    pub mod_revision: i64,
    /// Through which node.
    pub node: String,
}

/// A lease with a key on it, by true time.
#[derive(Clone, Debug)]
pub struct LeaseLife {
    /// Seconds granted.
    pub ttl: u64,
    /// When the grant was asked for.
    pub granted: Duration,
    /// When renewals that were acknowledged were asked for.
    pub renewed: Vec<Duration>,
    /// When somebody asked for its end, whatever came of that.
    pub revoked: Option<Duration>,
    /// When it was first said not to exist.
    pub denied: Option<Duration>,
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

/// What one watcher saw without a gap that it was told of.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Which watcher.
    pub watcher: String,
    /// The revision after which it begins.
    pub from: i64,
    /// The last revision that it answers for; `None`: everything, to the end.
    pub to: Option<i64>,
    /// What it saw, in order.
    pub seen: Vec<Seen>,
}

/// Everything that was written down in one run.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// Writes, in the order of their answers.
    pub writes: Vec<Write>,
    /// Reads, in the order of their answers.
    pub reads: Vec<Read>,
    /// Leases by key.
    pub leases: BTreeMap<String, LeaseLife>,
    /// What the watchers saw.
    pub sights: Vec<Sight>,
    /// Operations that were begun.
    pub begun: u64,
    /// Operations refused with a definite error.
    pub refused: u64,
    /// Operations whose outcome nobody knows.
    pub unknown: u64,
    /// Complaints found on the way.
    pub complaints: Vec<String>,
}
