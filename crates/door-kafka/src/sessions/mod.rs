//! Fetch sessions (KIP-227): a consumer names its partitions once, and then only what changed about them.
//!
//! A fetch is three steps. [`Sessions::begin`] takes the request, finds its session and says which partitions are to be read;
//! the caller reads them, in that order; [`Sessions::finish`] takes what was found and says what the answer has: everything for a
//! full fetch, and for one that goes on with a session what is news.
//!
//! A full fetch (epoch 0) asks for a session and gets one if there is room; the session that it names, if any, is closed. The
//! following ones carry the session's id and epochs 1, 2, 3 and so on, back to 1 after the largest. A fetch with epoch -1 has no
//! session, and closes the one that it names. A session that has lost its last partition is closed.
//!
//! A session belongs to the principal who began it: ids and epochs are small numbers, which others may see or guess. To anybody else it
//! is not there: they neither go on with it nor close it, and learn nothing of its epoch.
//!
//! What was sent moves to the end of its session's order, so that partitions that always have more to give do not starve the
//! others when the answer's bytes are used up.
//!
//! A session of many partitions is idle in most of them. It remembers which are *due*: those that the request named, those that had
//! more to give than was sent, and those with an error. Whoever reads hears of the others when they move, and says so: whatever it
//! listens with is kept with the session between two requests ([`Sessions::take_listening`]), and is lost with it.
//!
//! Kafka's fetches of followers, which may push consumers' sessions out, do not exist here. A session of more partitions than
//! [`crate::limits`] allows is not given, and one that grows past them is closed: its consumer begins again with a full fetch.

mod cache;
mod context;
mod partition;
mod request;
mod session;
mod topic;

#[cfg(test)]
mod tests;

pub use cache::Sessions;
pub use context::{Fetch, Slot};
pub use request::{Due, FetchAnswer, FetchReply, FetchRequest, Outcome, Wanted};
pub use topic::Topic;
