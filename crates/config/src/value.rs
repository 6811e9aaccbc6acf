//! Values and their types.

use base::Result;
use bytes::Bytes;
use ring::digest::SHA256;
use serde::de::IgnoredAny;

use crate::{
    error::invalid,
    limits::{CHUNK_BYTES_MAX, CUT_BYTES, INLINE_BYTES_MAX, VALUE_BYTES_MAX, VALUE_CHUNKS_MAX},
};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(ring::digest::digest(&SHA256, bytes).as_ref());
    hash
}

/// What the bytes of a value are. They are kept as they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueType {
    /// UTF-8.
    #[default]
    String,
    /// A number as JSON writes it (RFC 8259, section 6).
    Number,
    /// `true` or `false`.
    Boolean,
    /// A JSON text (RFC 8259).
    Json,
    /// Anything.
    Binary,
}

impl ValueType {
    /// All of them, in the order of their numbers in the formats.
    pub const ALL: [ValueType; 5] =
        [ValueType::String, ValueType::Number, ValueType::Boolean, ValueType::Json, ValueType::Binary];

    /// As the HTTP door says it.
    pub fn name(self) -> &'static str {
        match self {
            ValueType::String => "string",
            ValueType::Number => "number",
            ValueType::Boolean => "boolean",
            ValueType::Json => "json",
            ValueType::Binary => "binary",
        }
    }

    /// The type with this name.
    pub fn named(name: &str) -> Option<ValueType> {
        ValueType::ALL.into_iter().find(|value_type| value_type.name() == name)
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            ValueType::String => 0,
            ValueType::Number => 1,
            ValueType::Boolean => 2,
            ValueType::Json => 3,
            ValueType::Binary => 4,
        }
    }

    pub(crate) fn numbered(number: u8) -> Option<ValueType> {
        ValueType::ALL.get(usize::from(number)).copied()
    }

    /// Whether `bytes` are a value of this type. Of a value in chunks this is the door's to ask, since only the door sees it
    /// whole.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check(self, bytes: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(bytes);
        match (self, text) {
            (ValueType::Binary, _) | (ValueType::String, Ok(_)) | (ValueType::Boolean, Ok("true" | "false")) => Ok(()),
            (ValueType::Number, Ok(text)) if is_number(text) => Ok(()),
            (ValueType::Json, Ok(text)) if serde_json::from_str::<IgnoredAny>(text).is_ok() => Ok(()),
            _ => Err(invalid(match self {
                ValueType::Number => "the value is not a number as JSON writes it: correct it, or write it as a string",
                ValueType::Boolean => "the value is neither true nor false: correct it, or write it as a string",
                ValueType::Json => "the value is not JSON: correct it, or write it as a string",
                ValueType::String | ValueType::Binary => "the value is not UTF-8: write it as binary",
            })),
        }
    }
}

/// RFC 8259, section 6.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// A value on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// In the command; at most 64 KiB.
    Inline(Bytes),
    /// Put before, piece by piece.
    Chunks {
        /// SHA-256 of each chunk, in order.
        chunks: Vec<Hash>,
        /// Bytes of all of them.
        bytes: u64,
        /// SHA-256 of all of them, reckoned by the door: nobody sees the value whole while it is applied.
        hash: Hash,
    },
}

impl Value {
    /// How long it is.
    pub fn bytes(&self) -> u64 {
        match self {
            Value::Inline(value) => value.len() as u64,
            Value::Chunks { bytes, .. } => *bytes,
        }
    }

    /// Its chunks.
    pub fn chunks(&self) -> &[Hash] {
        match self {
            Value::Inline(_) => &[],
            Value::Chunks { chunks, .. } => chunks,
        }
    }

    pub(crate) fn hash(&self) -> Hash {
        match self {
            Value::Inline(value) => sha256(value),
            Value::Chunks { hash, .. } => *hash,
        }
    }

    /// Cuts a value that is too long for one command: what to put first, and what to write then.
    pub fn cut(bytes: &Bytes) -> (Vec<Bytes>, Value) {
        if bytes.len() <= INLINE_BYTES_MAX {
            return (Vec::new(), Value::Inline(bytes.clone()));
        }
        let cuts = (0..bytes.len()).step_by(CUT_BYTES);
        let chunks: Vec<Bytes> = cuts.map(|at| bytes.slice(at..bytes.len().min(at + CUT_BYTES))).collect();
        let hashes = chunks.iter().map(|chunk| sha256(chunk)).collect();
        (chunks, Value::Chunks { chunks: hashes, bytes: bytes.len() as u64, hash: sha256(bytes) })
    }

    /// What can be said of it without state.
    pub(crate) fn check(&self, value_type: ValueType) -> Result<()> {
        match self {
            Value::Inline(value) if value.len() > INLINE_BYTES_MAX => Err(invalid(format!(
                "a value of more than {INLINE_BYTES_MAX} bytes is put in chunks of at most {CHUNK_BYTES_MAX} before it is written"
            ))),
            Value::Inline(value) => value_type.check(value),
            Value::Chunks { bytes, .. } if *bytes > VALUE_BYTES_MAX => Err(invalid(format!(
                "a value has at most {VALUE_BYTES_MAX} bytes: keep what is larger elsewhere and write down where"
            ))),
            Value::Chunks { chunks, .. } if chunks.is_empty() || chunks.len() > VALUE_CHUNKS_MAX => {
                Err(invalid(format!("a value in chunks has 1 to {VALUE_CHUNKS_MAX} of them")))
            }
            Value::Chunks { .. } if matches!(value_type, ValueType::Number | ValueType::Boolean) => {
                Err(invalid("a number or a boolean is never so long that it needs chunks"))
            }
            Value::Chunks { .. } => Ok(()),
        }
    }
}
