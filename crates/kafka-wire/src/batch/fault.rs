//! Why a batch is refused.

use std::fmt;

use crate::error_code::ErrorCode;

/// What is wrong with a batch, or with what should be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no whole batch.
    Empty,
    /// There is more than one.
    Many,
    /// The length says less than a header.
    Length,
    /// A format from before Kafka 0.11.
    OldFormat,
    /// A format that is not known.
    UnknownFormat,
    /// The CRC is not that of the bytes.
    Crc,
    /// The batch, or its content once inflated, is larger than allowed.
    TooLarge,
    /// The codec is not known.
    Codec,
    /// Zstd where the version of the request does not have it (KIP-110).
    Zstd,
    /// A producer gave an offset.
    BaseOffset,
    /// The count of records is not positive, or not that of the offsets.
    Count,
    /// A producer sent a control batch.
    Control,
    /// A producer id without epoch or sequence, or a transaction without a producer id.
    Producer,
    /// The content does not inflate.
    Compression,
    /// A record, by its place in the batch, is not one, or has another offset than its place says.
    Record {
        /// From 0.
        index: u32,
    },
    /// Bytes follow the last record.
    Trailing,
    /// A producer says that its timestamps are the broker's.
    TimestampType,
    /// Records that are refused one by one, the first [`crate::limits::RECORD_FAULTS_MAX`] of them.
    Records(Vec<RecordFault>),
}

/// A record that is refused, and why; what a produce answer lists as `RecordErrors` from version 8 on (KIP-467).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// Its place in the batch, from 0.
    pub index: u32,
    /// What is wrong with it.
    pub kind: RecordFaultKind,
}

/// What is wrong with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFaultKind {
    /// It has no key and the topic is compacted.
    NoKey,
    /// Its timestamp is too far from now.
    Timestamp,
}

impl Fault {
    /// The code that a produce answer gives, as Kafka's `LogValidator` and `ProduceRequest` choose it. What does not inflate and
    /// unknown codecs, for which Kafka has no code of their own, are records that stay invalid however often they are sent.
    pub fn code(&self) -> ErrorCode {
        match self {
            Fault::Length | Fault::UnknownFormat | Fault::Crc => ErrorCode::CorruptMessage,
            Fault::TooLarge => ErrorCode::MessageTooLarge,
            Fault::Zstd => ErrorCode::UnsupportedCompressionType,
            Fault::TimestampType => ErrorCode::InvalidTimestamp,
            Fault::Records(faults) if faults.iter().any(|fault| fault.kind == RecordFaultKind::Timestamp) => {
                ErrorCode::InvalidTimestamp
            }
            _ => ErrorCode::InvalidRecord,
        }
    }
}

impl fmt::Display for RecordFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordFaultKind::NoKey => "a record of a compacted topic needs a key",
            RecordFaultKind::Timestamp => "the timestamp is out of the allowed range",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Fault::Empty => "there is no whole record batch",
            Fault::Many => "there is more than one record batch",
            Fault::Length => "the batch's length is less than its header",
            Fault::OldFormat => "the message format is older than version 2",
            Fault::UnknownFormat => "the message format is not known",
            Fault::Crc => "the batch's CRC is wrong",
            Fault::TooLarge => "the batch is larger than allowed",
            Fault::Codec => "the compression codec is not known",
            Fault::Zstd => "zstd needs version 7 of Produce or later",
            Fault::BaseOffset => "the batch's base offset must be 0",
            Fault::Count => "the batch's count of records and its offsets do not agree",
            Fault::Control => "clients may not write control records",
            Fault::Producer => "the batch's producer id, epoch and sequence do not agree",
            Fault::Compression => "the batch's content cannot be decompressed",
            Fault::Record { index } => return write!(f, "record {index} of the batch is damaged or out of order"),
            Fault::Trailing => "bytes follow the batch's last record",
            Fault::TimestampType => "a producer may not say that timestamps are the broker's",
            Fault::Records(faults) => return write!(f, "{} records were refused", faults.len()),
        };
        f.write_str(text)
    }
}

impl std::error::Error for Fault {}
