//! What travels through the log to a key space, and what apply answers.

use base::EntryId;

use crate::request::{DeleteReply, DeleteRequest, PutReply, PutRequest, Txn, TxnReply};

/// One command of a batch. Encoded with a version; see `docs/formats/kv.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Write one key.
    Put(PutRequest),
    /// Delete a span.
    Delete(DeleteRequest),
    /// A transaction.
    Txn(Txn),
    /// Create a lease; the id is never 0 here (the leader drew one).
    LeaseGrant {
        /// Positive.
        id: i64,
        /// Seconds.
        ttl: i64,
    },
    /// End a lease and delete its keys, at one revision.
    LeaseRevoke {
        /// Which.
        id: i64,
    },
    /// The leader of `term` saw these leases expire. Each is its own revision; without effect if the shard's term is another.
    LeaseExpire {
        /// The proposer's term.
        term: u64,
        /// Which.
        ids: Vec<i64>,
    },
    /// The leader of `term` records remaining times, so that a change of leader does not extend long leases by much.
    LeaseCheckpoint {
        /// The proposer's term.
        term: u64,
        /// `(lease, seconds remaining)`.
        remaining: Vec<(i64, i64)>,
    },
    /// Forget what was superseded at or before this revision.
    Compact {
        /// See etcd.
        revision: i64,
    },
    /// Raise or clear an alarm of a member.
    Alarm {
        /// Member, or 0 for every one on clearing.
        member: u64,
        /// etcd's number: 1 NOSPACE, 2 CORRUPT.
        alarm: i32,
        /// Raise or clear.
        raise: bool,
    },
}

/// The entry a command travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its term and index.
    pub id: EntryId,
    /// The leader's wall clock, never below the last one.
    pub time_ms: u64,
}

/// What apply answers to one command, after values it owed were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Of a write.
    Put(PutReply),
    /// Of a deletion.
    Delete(DeleteReply),
    /// Of a transaction.
    Txn(TxnReply),
    /// Of a grant: id and TTL in seconds.
    LeaseGrant {
        /// The lease.
        id: i64,
        /// Seconds, after etcd's lower bound.
        ttl: i64,
    },
    /// Done, with nothing to say.
    Done,
    /// Alarms of this key space after the command: `(member, alarm)`.
    Alarms(Vec<(u64, i32)>),
}
