//! Which partition a record goes to when nobody says.

/// The partition of a key among `partitions`, which is not 0: where Kafka's Java client puts it, so that a key stays in one
/// partition whichever door its records come in by.
///
/// It is the 32-bit MurmurHash2 with Kafka's seed, its sign bit cleared, modulo the number of partitions.
pub fn partition_of_key(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

fn murmur2(bytes: &[u8]) -> u32 {
    // Keys are shorter than 2^32 bytes; of a longer one the lowest bits of its length count, as in any 32-bit variant.
    let mut hash = SEED ^ bytes.len() as u32;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        mixed ^= mixed >> SHIFT;
        hash = hash.wrapping_mul(MULTIPLIER) ^ mixed.wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let last = rest.iter().rev().fold(0_u32, |last, byte| last << 8 | u32::from(*byte));
        hash = (hash ^ last).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of all lengths modulo 4, with the hashes that Kafka's own clients give them.
    const KNOWN: [(&str, i32); 6] = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ];

    #[test]
    fn hashes_are_those_of_the_java_client() {
        for (key, hash) in KNOWN {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_negative_hash_loses_its_sign_bit_and_not_its_sign() {
        assert_eq!(partition_of_key(b"21", 7), ((-973_932_308_i32).cast_unsigned() & 0x7fff_ffff) % 7);
        assert_eq!(partition_of_key(b"abc", 10), 7);
        assert!((0..1_000_u32).all(|key| partition_of_key(&key.to_le_bytes(), 3) < 3));
        assert_eq!(partition_of_key(b"anything", 1), 0);
    }
}
