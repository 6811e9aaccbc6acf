//! How a fetch names a topic.

use std::sync::Arc;

/// A topic's name, or from version 13 on its id (KIP-516). Whether there is such a topic is the reader's business, which reports
/// UNKNOWN_TOPIC_ID for the partition; the session keeps it, and the answer follows once the topic is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// By name.
    Name(Arc<str>),
    /// By the 16 bytes of its UUID.
    Id([u8; 16]),
}
