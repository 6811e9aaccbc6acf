//! What names a partition and a segment.

use std::fmt;

/// A partition: the topic's id and the partition's number, ordered by topic, then number. 20 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey([u8; PartitionKey::BYTES]);

impl PartitionKey {
    /// Bytes of its encoding.
    pub const BYTES: usize = 20;

    /// The partition `partition` of the topic with the id `topic` (a UUID as Kafka's, KIP-516).
    pub fn new(topic: u128, partition: u32) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&topic.to_be_bytes());
        bytes[16..].copy_from_slice(&partition.to_be_bytes());
        Self(bytes)
    }

    /// The topic's id.
    pub fn topic(&self) -> u128 {
        u128::from_be_bytes(self.0[..16].try_into().expect("sixteen bytes"))
    }

    /// The partition's number in its topic.
    pub fn partition(&self) -> u32 {
        u32::from_be_bytes(self.0[16..].try_into().expect("four bytes"))
    }

    /// Topic and number, big-endian, so that bytes are ordered as keys are.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }

    /// The key with these bytes: every 20 bytes are one.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}/{}", self.topic(), self.partition())
    }
}

impl fmt::Debug for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A segment, over all nodes: the same id means the same bytes, wherever the file lies.
///
/// Who writes a segment gives it the node's id and a number that this node never used before, not even for a segment that is gone
/// since: another node may still hold it. So the counter belongs into the commit that names the segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId {
    /// The node that wrote it.
    pub owner: u64,
    /// Its number among those that this node wrote.
    pub sequence: u64,
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:016x}", self.owner, self.sequence)
    }
}

const PREFIX: &str = "segment-";
const PREFIX_RECEIVED: &str = "receiving-";

/// The name of a segment's file.
pub fn file_name(id: SegmentId) -> String {
    format!("{PREFIX}{id}")
}

/// The name of a file that is being received and is not known to be whole.
pub(crate) fn received_name(id: SegmentId) -> String {
    format!("{PREFIX_RECEIVED}{id}")
}

/// The segment that a file name belongs to; `None` for any other name.
pub fn segment_of(name: &str) -> Option<SegmentId> {
    let (owner, sequence) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let id = SegmentId { owner: number(owner)?, sequence: number(sequence)? };
    (file_name(id) == name).then_some(id)
}

/// Whether this room made a file of that name.
pub(crate) fn is_ours(name: &str) -> bool {
    segment_of(name).is_some() || name.starts_with(PREFIX_RECEIVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_their_bytes() {
        let keys = [PartitionKey::new(0, 255), PartitionKey::new(0, 256), PartitionKey::new(1, 0), PartitionKey::new(1 << 90, 0)];
        assert!(keys.is_sorted());
        assert_eq!((keys[1].topic(), keys[1].partition(), size_of::<PartitionKey>()), (0, 256, 20));
        assert_eq!(PartitionKey::from_bytes(keys[3].to_bytes()), keys[3]);
    }

    #[test]
    fn only_what_this_room_wrote_bears_its_names() {
        let id = SegmentId { owner: 0xA11CE, sequence: 7 };
        assert_eq!(file_name(id), "segment-00000000000a11ce-0000000000000007");
        assert_eq!(segment_of(&file_name(id)), Some(id));
        assert!(is_ours(&received_name(id)) && is_ours(&file_name(id)));
        for other in ["segment-1-2", "segment-000000000001", "segment-00000000000A11CE-0000000000000007", "reserve", ""] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
