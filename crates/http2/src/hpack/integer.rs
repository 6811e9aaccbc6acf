//! HPACK's numbers (RFC 7541, section 5.1): a prefix of some bits, and bytes of seven bits where that is not enough.

use super::Broken;

/// A number that needs more bytes behind its prefix is no length or index that anybody means: 2^28 is far beyond every limit.
const CONTINUATIONS_MAX: u32 = 4;

/// Reads a number whose prefix is the lower `prefix_bits` of the first byte; moves `bytes` behind it.
pub(super) fn read(bytes: &mut &[u8], prefix_bits: u32) -> Result<usize, Broken> {
    let (first, mut rest) = bytes.split_first().ok_or(Broken::Truncated)?;
    let mask = u8::MAX >> (8 - prefix_bits);
    let mut value = usize::from(first & mask);
    if value == usize::from(mask) {
        let mut shift = 0;
        loop {
            let (next, after) = rest.split_first().ok_or(Broken::Truncated)?;
            rest = after;
            value += usize::from(next & 0x7f) << shift;
            shift += 7;
            if next & 0x80 == 0 {
                break;
            }
            if shift == 7 * CONTINUATIONS_MAX {
                return Err(Broken::Number);
            }
        }
    }
    *bytes = rest;
    Ok(value)
}

/// Writes a number behind `flags`, which are the upper bits of its first byte.
pub(super) fn write(out: &mut Vec<u8>, flags: u8, prefix_bits: u32, value: usize) {
    let mask = (1_usize << prefix_bits) - 1;
    if value < mask {
        out.push(flags | value.to_le_bytes()[0]);
        return;
    }
    out.push(flags | mask.to_le_bytes()[0]);
    let mut left = value - mask;
    while left >= 0x80 {
        out.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    out.push(left.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7541, appendix C.1.
    #[test]
    fn the_rfcs_examples_and_the_edges() {
        for (value, prefix, bytes) in [(10, 5, &[10][..]), (1337, 5, &[31, 154, 10]), (42, 8, &[42]), (31, 5, &[31, 0])] {
            let mut out = Vec::new();
            write(&mut out, 0, prefix, value);
            assert_eq!(out, bytes);
            let mut rest = &out[..];
            assert_eq!(read(&mut rest, prefix).ok(), Some(value));
            assert!(rest.is_empty());
        }
        assert_eq!(read(&mut &[][..], 5), Err(Broken::Truncated));
        assert_eq!(read(&mut &[31, 0x80][..], 5), Err(Broken::Truncated));
        assert_eq!(read(&mut &[31, 0xff, 0xff, 0xff, 0xff, 0][..], 5), Err(Broken::Number));
    }
}
