//! Why a peer is turned away.

use std::fmt;

/// The reason of a refused handshake. The number is what travels and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The peer belongs to another cluster.
    WrongCluster = 1,
    /// The node that was reached is not the one that was dialled.
    WrongNode = 2,
    /// The peer was removed from the cluster.
    Removed = 3,
    /// The peer is not a member, and none is awaited.
    Unknown = 4,
    /// No protocol version is spoken by both.
    Version = 5,
    /// The certificate is not that of the node that the handshake names.
    Identity = 6,
    /// What came is not a handshake.
    Malformed = 7,
    /// Too many connections are open.
    Full = 8,
    /// TLS failed: another secret, another authority, or no TLS at all. Never travels as a number.
    Tls = 9,
    /// The handshake took too long. Never travels.
    Timeout = 10,
}

impl Refusal {
    /// All reasons, for metrics.
    pub const ALL: [Self; 10] = [
        Self::WrongCluster,
        Self::WrongNode,
        Self::Removed,
        Self::Unknown,
        Self::Version,
        Self::Identity,
        Self::Malformed,
        Self::Full,
        Self::Tls,
        Self::Timeout,
    ];

    /// The word for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongCluster => "wrong_cluster",
            Self::WrongNode => "wrong_node",
            Self::Removed => "removed",
            Self::Unknown => "unknown",
            Self::Version => "version",
            Self::Identity => "identity",
            Self::Malformed => "malformed",
            Self::Full => "full",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize - 1
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused handshake: the reason, the text, and which side said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: Refusal,
    pub(crate) text: String,
    pub(crate) by_peer: bool,
}

impl Refused {
    pub(crate) fn here(reason: Refusal, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), by_peer: false }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.by_peer { "the peer refused" } else { "refused" };
        write!(f, "{who} ({}): {}", self.reason, self.text)
    }
}

impl std::error::Error for Refused {}
