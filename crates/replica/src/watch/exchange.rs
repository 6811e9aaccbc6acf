//! What is asked of a stream of watches, and what it answers.

use base::Error;
use bytes::Bytes;
use kv::request::Span;

/// Bounds of one stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// Bytes of events above which a response is split, for watches that allow it.
    pub fragment_bytes: usize,
    /// Watches open at once.
    pub watches_max: usize,
}

/// A watch as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The id wanted; 0 takes the next free one.
    pub id: i64,
    /// Which keys.
    pub span: Span,
    /// The first revision wanted; 0 is the next one.
    pub start: i64,
    /// Leave puts out.
    pub no_put: bool,
    /// Leave deletions out.
    pub no_delete: bool,
    /// Answer the states before.
    pub prev_kv: bool,
    /// Split responses that are too large.
    pub fragment: bool,
    /// Report progress when idle.
    pub progress_notify: bool,
}

/// What goes to the client, in this order.
#[derive(Debug)]
pub enum Output {
    /// A watch begins.
    Created {
        /// Its id.
        id: i64,
        /// The key space's revision.
        revision: i64,
    },
    /// A watch is refused; its response has id -1.
    Refused {
        /// The key space's revision.
        revision: i64,
        /// Why, in etcd's words where etcd refuses too.
        reason: &'static str,
    },
    /// The client ended a watch.
    Canceled {
        /// Its id.
        id: i64,
        /// The key space's revision.
        revision: i64,
    },
    /// What a watch would need is compacted; it is over.
    Compacted {
        /// Its id.
        id: i64,
        /// The compaction mark: the first revision that can still be watched from.
        compact_revision: i64,
    },
    /// Events of a watch.
    Events {
        /// Its id.
        id: i64,
        /// For the header.
        revision: i64,
        /// The events as fields 11 of a `WatchResponse`.
        body: Bytes,
        /// More of the same follows.
        fragment: bool,
    },
    /// Everything up to `revision` was delivered: to one watch, or, with id -1, to all of the stream.
    Progress {
        /// The watch, or -1.
        id: i64,
        /// The revision.
        revision: i64,
    },
    /// The stream cannot go on.
    Failed(Error),
}
