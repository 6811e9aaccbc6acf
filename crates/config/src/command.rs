//! What travels through the log to a configuration store, and what apply answers.

use base::EntryId;
use bytes::Bytes;

use crate::{
    audit::NamespaceId,
    request::{Context, Operation, Refused, Transaction},
    value::Hash,
};

/// One command of a batch. Encoded with a version; see `docs/formats/config.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Change something, together with its audit records.
    Write(Transaction),
    /// Keep a piece of a large value. It goes again if no version points at it within an hour.
    PutChunk {
        /// 1 byte to 1 MiB.
        bytes: Bytes,
    },
    /// Record an attempt that was refused. Who proposes it sees to it that they are not too many.
    Refused(Refused),
    /// Begin an import. The same again changes nothing.
    ImportBegin {
        /// Drawn at random by who proposes it; not 0.
        import: u64,
        /// Who and why; all records of the import carry it.
        context: Context,
    },
    /// Stage a part of an import: durable, and seen by nobody. A part that is there already changes nothing.
    ImportPart {
        /// Which import.
        import: u64,
        /// Parts count from 0.
        part: u32,
        /// Puts and deletions of keys.
        items: Vec<Operation>,
    },
    /// Make an import visible, all of it at one moment. A large one is made ready in slices: see `ImportAdvance`. Until it is
    /// visible other changes, and records of refusals, are answered `Overloaded`. Of one that is done, it says so again.
    ImportCommit {
        /// Which.
        import: u64,
    },
    /// The next slice of the import that is being made visible. Without effect if there is none.
    ImportAdvance {
        /// Which.
        import: u64,
    },
    /// Forget an import that was not committed.
    ImportAbort {
        /// Which.
        import: u64,
    },
    /// Forget versions that are too old, as [`Machine::expired`](crate::Machine::expired) found them.
    Trim(Trim),
    /// Clean up after deletions, and what was left behind, some of it.
    Sweep,
}

/// What of a namespace's past is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trim {
    /// Where. Without effect on keys if the namespace is another by now.
    pub namespace: NamespaceId,
    /// Changes of the path that were looked at: those before this ordinal.
    pub through: u64,
    /// Which.
    pub items: Vec<TrimItem>,
}

/// What of a key's past is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrimItem {
    /// Which.
    pub key: String,
    /// The first version to keep. The current one stays; a key that is deleted goes for good if all its versions do.
    pub keep_from: u64,
}

/// The entry a command travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// The proposing leader's time in ms, never below that of the entry before.
    pub time_ms: u64,
}

/// What a command that was done answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Of a write.
    Written(Written),
    /// Of a chunk: its name.
    Chunk(Hash),
    /// Of a refusal that was recorded: its position.
    Recorded {
        /// The number of the record.
        position: u64,
    },
    /// Of an import.
    Import(Progress),
    /// How many versions, or other things, were forgotten.
    Forgotten {
        /// So many.
        count: u64,
    },
    /// Done, with nothing to say.
    Done,
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its first position.
    pub first: u64,
    /// Its last position: what to read at least, and what to watch from.
    pub last: u64,
    /// Its time in ms.
    pub time_ms: u64,
    /// Of each operation, in their order: where it is in the history. Empty if an answer of more than 100 of them is given again.
    pub changes: Vec<Changed>,
    /// Whether the answer is the one to an earlier request with the same idempotency key. Nothing was done now.
    pub is_repeated: bool,
}

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its position: the ETag.
    pub position: u64,
    /// The version that it made of its key or namespace; 0: the namespace is gone.
    pub version: u64,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Items that are staged.
    pub items: u64,
    /// Items that are ready to be shown.
    pub ready: u64,
    /// Its positions, first and last, once it is visible; until then it has to be advanced.
    pub visible: Option<(u64, u64)>,
}
