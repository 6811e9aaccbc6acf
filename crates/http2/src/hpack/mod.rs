//! Header compression (RFC 7541).

mod decoder;
mod encoder;
mod huffman;
mod integer;
mod table;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;

use bytes::Bytes;

use crate::field::Field;

/// A header block that cannot be read; the connection's tables are no longer the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It ends within a field.
    Truncated,
    /// A number that no limit allows.
    Number,
    /// An index that stands for nothing.
    Index,
    /// A text that is not Huffman code.
    Huffman,
    /// The table's size is changed where it may not, or beyond what was allowed.
    Resize,
}

#[cfg(test)]
mod tests;
