//! What callers of a store are refused with. The hall's own words are etcd's; this is the table from those to the store's.

use base::{Error, Kind};

use crate::{lanes::stopped, post::no_leader};

/// An error of the way to the log and back, in the words of a store: what surely was not done is `Unavailable` or `Overloaded`, what
/// may have been done is `Deadline`.
pub(super) fn in_own_words(error: Error) -> Error {
    match error.kind {
        Kind::Overloaded => {
            Error::new(Kind::Overloaded, "more waits to be written than may wait, and nothing was done: slow down and repeat")
        }
        Kind::Unavailable if error == no_leader() => {
            let text = "nobody leads the configuration store's shard now, and nothing was done: repeat in a moment";
            Error::new(Kind::Unavailable, text)
        }
        Kind::Unavailable if error == stopped() => stopping(),
        // Whatever else went wrong on the way there or back.
        Kind::Unavailable => no_answer(),
        _ => error,
    }
}

/// Nothing came of it in time.
pub(super) fn no_answer() -> Error {
    let text = "there was no answer in time, and whether it was done is not known: repeat it with the same idempotency key, or read \
                what came of it";
    Error::new(Kind::Deadline, text)
}

/// A read waited for what does not come.
pub(super) fn too_far_behind(position: u64) -> Error {
    Error::new(Kind::Deadline, format!("position {position} was not reached on this node in time: go to another one, or repeat"))
}

/// A linearizable read was not confirmed.
pub(super) fn not_confirmed() -> Error {
    Error::new(Kind::Deadline, "too few members confirmed in time that this read is the latest: repeat in a moment")
}

pub(super) fn stopping() -> Error {
    Error::new(Kind::Unavailable, "this node is stopping, and nothing was done: go to another one")
}

/// It went into the log, perhaps, and then nobody was there to hear what came of it.
pub(super) fn stopped_meanwhile() -> Error {
    Error::new(Kind::Deadline, "this node stopped meanwhile, and whether it was done is not known: go to another one and look")
}

pub(super) fn no_space() -> Error {
    let text = "a member's disk is nearly full, and nothing was done: give it room, or delete something";
    Error::new(Kind::Overloaded, text)
}

pub(super) fn not_upgraded() -> Error {
    let text = "the cluster still writes the formats of an earlier build, which has no configuration store: finish the upgrade with \
                `manifold ctl upgrade --finish`";
    Error::new(Kind::Precondition, text)
}
