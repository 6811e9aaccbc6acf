//! Why bytes are not a message, or a message cannot be written as bytes.

use std::fmt;

/// What was wrong. A server closes the connection on most of these, as Kafka does: what follows in the stream cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The bytes end before the message does, or a length points beyond them.
    Short,
    /// Bytes are left after the message.
    Trailing,
    /// A count says more elements than the bytes that are left can hold.
    Count,
    /// The message would take more memory than its bytes justify ([`crate::limits::DECODED_BYTES_PER_BYTE`]).
    Memory,
    /// A length below zero that does not mean null.
    Negative,
    /// Null where the version has no null.
    Null,
    /// A varint of more bytes than its type needs.
    Varint,
    /// A text that is not UTF-8, or longer than 32,767 bytes.
    Text,
    /// Tags that do not ascend, too many of them, or one whose size is not what its field takes.
    Tags,
    /// A marker of a nullable structure that is neither -1 nor 1.
    Marker,
    /// A version that the message does not have.
    Version,
    /// An API key that is not known here.
    Api,
    /// To be written: a field is set that this version does not have and that may not be left out.
    Absent,
    /// To be written: something is longer than the version can say.
    TooLong,
}

/// A fault and where it is: so many bytes into what was read, or into what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was wrong.
    pub kind: Kind,
    /// Bytes from the start of the message, at most `u32::MAX`.
    pub position: u32,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: Kind, position: usize) -> Self {
        Self { kind, position: u32::try_from(position).unwrap_or(u32::MAX) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            Kind::Short => "the message ends early",
            Kind::Trailing => "bytes follow the message",
            Kind::Count => "a count is larger than the bytes that follow it",
            Kind::Memory => "the message would take too much memory",
            Kind::Negative => "a length is negative",
            Kind::Null => "null where the version has none",
            Kind::Varint => "a varint is too long",
            Kind::Text => "a text is not UTF-8 or too long",
            Kind::Tags => "tagged fields out of order, too many, or of a wrong size",
            Kind::Marker => "a nullable structure's marker is neither -1 nor 1",
            Kind::Version => "the message has no such version",
            Kind::Api => "no such API key",
            Kind::Absent => "a field is set that the version does not have",
            Kind::TooLong => "something is too long for the version",
        };
        write!(f, "{text} (at byte {})", self.position)
    }
}

impl std::error::Error for Error {}
