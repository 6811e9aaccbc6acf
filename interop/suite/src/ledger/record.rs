//! What a record of the ledger says: whose it is, which one, and a hash of all that.

use crate::random::Random;

/// A record's name: no two have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// One life of a producer.
    pub producer: u64,
    /// Ascends for each producer and partition.
    pub serial: u64,
}

/// Bytes before the padding: producer, serial, partition, hash.
const HEAD_BYTES: usize = 28;

/// FNV-1a (RFC 9923).
fn hash(parts: [&[u8]; 2]) -> u64 {
    let bytes = parts.into_iter().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The content of a record, in printable bytes.
pub fn content(entry: Entry, partition: i32, padding: u64, random: &mut Random) -> Vec<u8> {
    let padding: Vec<u8> = (0..padding).map(|_| b'a' + random.below(26) as u8).collect();
    let mut head = Vec::with_capacity(HEAD_BYTES + padding.len());
    head.extend_from_slice(&entry.producer.to_be_bytes());
    head.extend_from_slice(&entry.serial.to_be_bytes());
    head.extend_from_slice(&partition.to_be_bytes());
    let hash = hash([&head, &padding]);
    head.extend_from_slice(&hash.to_be_bytes());
    head.extend_from_slice(&padding);
    head
}

/// What a record says; the error says what is wrong with it.
pub fn parse(value: &[u8], partition: i32) -> Result<Entry, String> {
    let Some((head, padding)) = value.split_at_checked(HEAD_BYTES) else {
        return Err(format!("a record of {} bytes", value.len()));
    };
    let (said, hashed) = head.split_at(HEAD_BYTES - 8);
    if hashed != hash([said, padding]).to_be_bytes() {
        return Err("its hash is wrong".to_owned());
    }
    let number = |at: usize| u64::from_be_bytes(*head[at..].first_chunk().expect("the head is whole"));
    let written = i32::from_be_bytes(*head[16..].first_chunk().expect("the head is whole"));
    if written != partition {
        return Err(format!("it was written to partition {written}"));
    }
    Ok(Entry { producer: number(0), serial: number(8) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_it_is_and_no_changed_byte_passes() {
        let entry = Entry { producer: 7, serial: 1 << 40 };
        let value = content(entry, 3, 20, &mut Random::new(1));
        assert_eq!(parse(&value, 3), Ok(entry));
        assert!(parse(&value, 4).is_err());
        assert!(parse(&value[..10], 3).is_err());
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 1;
            assert!(parse(&changed, 3).is_err(), "byte {at}");
        }
    }
}
