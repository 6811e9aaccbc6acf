//! What every record carries: who sent it, which one it is, and a hash of that and of all its bytes.
//!
//! ```text
//!  0 producer  16 hexadecimal digits
//! 16 serial    16 hexadecimal digits, counted from 0 for each producer
//! 32 hash      16 hexadecimal digits, of the producer, the serial and what follows
//! 48 filler    letters and digits, up to the record's size
//! ```
//!
//! It is text, so that the same payload goes into a Kafka batch and into a JSON string, and fixed in width, so that a template is
//! patched where it lies. The filler of a place in a template never changes: its hash is computed once.

/// Bytes before the filler; a payload has at least these.
pub(crate) const HEAD_BYTES: usize = 48;

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const FILLER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What a payload says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Who sent it.
    pub(crate) producer: u64,
    /// Which one it is.
    pub(crate) serial: u64,
    /// Whether the hash is that of the bytes.
    pub(crate) intact: bool,
}

/// A payload for one place of a template: filler that depends on the place, and room for the head.
pub(crate) fn blank(place: u64, bytes: usize) -> Vec<u8> {
    assert!(bytes >= HEAD_BYTES, "a payload has its head");
    let mut out = vec![b'0'; HEAD_BYTES];
    let mut state = mix(place);
    while out.len() < bytes {
        state = mix(state);
        out.push(FILLER[(state >> 59) as usize]);
    }
    out
}

/// The hash of a payload's filler.
pub(crate) fn filler_hash(payload: &[u8]) -> u64 {
    let mut hash = payload.len() as u64;
    let mut words = payload[HEAD_BYTES..].chunks_exact(8);
    for word in &mut words {
        let word = u64::from_le_bytes(word.try_into().expect("a chunk has eight bytes"));
        hash = step(hash, word);
    }
    words.remainder().iter().fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}

/// Writes who sends a payload.
pub(crate) fn set_producer(payload: &mut [u8], producer: u64) {
    hexadecimal(&mut payload[..16], producer);
}

/// Writes which one a payload is, and its hash. The producer and the filler's hash are those that it has.
pub(crate) fn set_serial(payload: &mut [u8], producer: u64, serial: u64, filler_hash: u64) {
    hexadecimal(&mut payload[16..32], serial);
    hexadecimal(&mut payload[32..HEAD_BYTES], hash(producer, serial, filler_hash));
}

/// Reads a payload; none if it has another shape, and so is nobody's of ours.
pub(crate) fn read(payload: &[u8]) -> Option<Stamp> {
    let head = payload.get(..HEAD_BYTES)?;
    let (producer, serial, told) = (number(&head[..16])?, number(&head[16..32])?, number(&head[32..])?);
    Some(Stamp { producer, serial, intact: told == hash(producer, serial, filler_hash(payload)) })
}

fn hash(producer: u64, serial: u64, filler_hash: u64) -> u64 {
    mix(step(step(filler_hash, producer), serial))
}

/// For each word a bijection of the hash, and for each hash one of the word: one changed word changes the result.
fn step(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The finalizer of splitmix64 (Steele, Lea, Flood, 2014).
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// Writes a number as 16 hexadecimal digits.
pub(crate) fn hexadecimal(out: &mut [u8], number: u64) {
    for (place, digit) in out.iter_mut().enumerate() {
        *digit = DIGITS[(number >> (60 - 4 * place) & 15) as usize];
    }
}

/// Reads hexadecimal digits.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamped(place: u64, bytes: usize, producer: u64, serial: u64) -> Vec<u8> {
        let mut payload = blank(place, bytes);
        let filler = filler_hash(&payload);
        set_producer(&mut payload, producer);
        set_serial(&mut payload, producer, serial, filler);
        payload
    }

    #[test]
    fn the_drawing_s_places_are_right() {
        let payload = stamped(0, 60, 0xa, 0xb);
        assert_eq!(&payload[..32], b"000000000000000a000000000000000b");
        assert_eq!(payload.len(), 60);
        assert!(payload[HEAD_BYTES..].iter().all(|byte| FILLER.contains(byte)));
    }

    proptest! {
        #[test]
        fn one_changed_bit_anywhere_is_seen(
            place: u64, producer: u64, serial: u64, bytes in HEAD_BYTES..400, at: prop::sample::Index, bit in 0..8_u32,
        ) {
            let mut payload = stamped(place, bytes, producer, serial);
            prop_assert_eq!(read(&payload), Some(Stamp { producer, serial, intact: true }));
            let at = at.index(bytes);
            payload[at] ^= 1_u8 << bit;
            prop_assert!(read(&payload).is_none_or(|stamp| !stamp.intact));
        }

        #[test]
        fn one_byte_less_or_more_is_seen(place: u64, producer: u64, serial: u64, bytes in HEAD_BYTES + 1..400) {
            let mut payload = stamped(place, bytes, producer, serial);
            let last = payload.pop().expect("it has bytes");
            prop_assert!(read(&payload).is_none_or(|stamp| !stamp.intact));
            payload.extend([last, b'a']);
            prop_assert!(read(&payload).is_none_or(|stamp| !stamp.intact));
        }
    }
}
