//! Replacing a tree as a whole by a state that arrives piece by piece.

use base::{Error, Kind, Result};
use bytes::Bytes;

use crate::{KEY_BYTES_MAX, Mark, Pair, VALUE_BYTES_MAX, lsm::StagedTables, memory::StagedPairs};

/// A state on its way into a tree. It arrives over minutes, while the tree goes on settling, merging and answering, and nobody
/// sees it before [`Tree::replace`](crate::Tree::replace).
///
/// A stage that is dropped leaves nothing behind, nor does one that a crash ends. Dropping one may wait for the disk.
pub trait Stage: Send {
    /// Adds the next pair; keys strictly ascend. May wait for the disk. The tree as it stands takes its room until it is
    /// replaced: whoever stages needs that much free space beside it.
    ///
    /// # Errors
    /// `Invalid` for a key out of order or a pair that a table cannot hold; `Unavailable` if the disk refused. The stage is of
    /// no more use then.
    fn push(&mut self, pair: Pair) -> Result<()>;

    /// Ends it. What was staged is durable when this returns, and still no part of the tree.
    ///
    /// # Errors
    /// As [`Stage::push`], and `Corrupt` if what was written cannot be read.
    fn finish(self: Box<Self>, mark: Mark) -> Result<Staged>;
}

/// A whole state beside a tree, which [`Tree::replace`](crate::Tree::replace) makes the tree. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Staged {
    pub(crate) mark: Mark,
    pub(crate) content: Content,
}

/// What each kind of tree staged.
#[derive(Debug)]
pub(crate) enum Content {
    Tables(StagedTables),
    Pairs(StagedPairs),
}

impl Staged {
    /// How far the state is.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }
}

/// Whether a pair may come after `last`.
pub(crate) fn check_pair(last: Option<&Bytes>, key: &Bytes, value_bytes: usize) -> Result<()> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX || value_bytes > VALUE_BYTES_MAX {
        let message = format!("a key of a table has 1 to {KEY_BYTES_MAX} bytes and its value at most {VALUE_BYTES_MAX}");
        return Err(Error::new(Kind::Invalid, message));
    }
    if last.is_some_and(|last| last >= key) { Err(refusal::out_of_order()) } else { Ok(()) }
}

/// Refusals that all trees share.
pub(crate) mod refusal {
    use base::{Error, Kind};

    pub(crate) fn out_of_order() -> Error {
        Error::new(Kind::Invalid, "what goes into a tree must come in ascending order of keys, each key once")
    }

    pub(crate) fn foreign() -> Error {
        Error::new(Kind::Invalid, "what was staged belongs to another tree: stage it in the one that it should replace")
    }

    pub(crate) fn broken_stage() -> Error {
        Error::new(Kind::Precondition, "an earlier pair of this state was refused: begin a new stage")
    }
}
