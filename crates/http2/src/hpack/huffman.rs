//! HPACK's Huffman code (RFC 7541, appendix B).
//!
//! The code is canonical: within one length codes count up in the order of their symbols, and each length begins where the one
//! before it ended. So the lengths alone are the table, and the rest is derived when this is compiled.

use super::Broken;

/// Bits of each symbol's code; the last one is the end of string.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

const SYMBOLS: usize = 257;
const END_OF_STRING: u16 = 256;
const BITS_MAX: usize = 30;
/// Codes up to this length are found by one look into a table.
const SHORT_BITS: usize = 9;

/// What one length's codes are.
#[derive(Clone, Copy)]
struct Length {
    /// The first code behind those of this length, aligned to the left of 32 bits.
    end: u32,
    /// The first code, right-aligned, and the place of its symbol in [`Tables::symbols`].
    first: u32,
    place: u32,
}

struct Tables {
    /// By length, from 1 bit on; the first entry is unused.
    lengths: [Length; BITS_MAX + 1],
    /// Symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// By the next bits: symbol and length, or a length of zero where the code is longer.
    short: [(u8, u8); 1 << SHORT_BITS],
}

static TABLES: Tables = tables();

const fn tables() -> Tables {
    let nothing = Length { end: 0, first: 0, place: 0 };
    let mut tables = Tables { lengths: [nothing; BITS_MAX + 1], symbols: [0; SYMBOLS], short: [(0, 0); 1 << SHORT_BITS] };
    let (mut code, mut place, mut bits) = (0_u32, 0, 1);
    while bits <= BITS_MAX {
        code <<= 1;
        let (first, first_place) = (code, place);
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == bits {
                tables.symbols[place] = symbol as u16;
                if bits <= SHORT_BITS {
                    let from = (code as usize) << (SHORT_BITS - bits);
                    let mut at = 0;
                    while at < 1 << (SHORT_BITS - bits) {
                        tables.short[from + at] = (symbol as u8, bits as u8);
                        at += 1;
                    }
                }
                code += 1;
                place += 1;
            }
            symbol += 1;
        }
        // The last length's end is 2^32, one more than fits; every 32 bits are below it.
        let end = if bits == BITS_MAX { u32::MAX } else { code << (32 - bits) };
        tables.lengths[bits] = Length { end, first, place: first_place as u32 };
        bits += 1;
    }
    tables
}

/// Appends the decoded text to `out`.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    // No code is shorter than five bits.
    out.reserve(coded.len() * 8 / 5);
    let mut input = coded.iter();
    let (mut window, mut held) = (0_u64, 0_usize);
    loop {
        while held <= 32 {
            let Some(byte) = input.next() else { break };
            window |= u64::from(*byte) << (56 - held);
            held += 8;
        }
        if held == 0 {
            return Ok(());
        }
        let next = u32::try_from(window >> 32).expect("32 bits are left of 64 shifted by 32");
        let (symbol, bits) = look_up(next);
        if bits > held {
            return padding(next, held);
        }
        if symbol == END_OF_STRING {
            return Err(Broken::Huffman);
        }
        out.push(symbol.to_le_bytes()[0]);
        window <<= bits;
        held -= bits;
    }
}

/// The symbol that the bits begin with, and its length.
fn look_up(next: u32) -> (u16, usize) {
    let (symbol, bits) = TABLES.short[(next >> (32 - SHORT_BITS)) as usize];
    if bits > 0 {
        return (u16::from(symbol), usize::from(bits));
    }
    let mut bits = SHORT_BITS + 1;
    while bits < BITS_MAX && next >= TABLES.lengths[bits].end {
        bits += 1;
    }
    let length = TABLES.lengths[bits];
    (TABLES.symbols[(length.place + ((next >> (32 - bits)) - length.first)) as usize], bits)
}

/// What is left at the end is less than a byte, all ones.
fn padding(next: u32, held: usize) -> Result<(), Broken> {
    let ones = next >> (32 - held) == (1 << held) - 1;
    if held < 8 && ones { Ok(()) } else { Err(Broken::Huffman) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    /// Encodes by the lengths alone, as the code is described.
    fn encode(text: &[u8]) -> Vec<u8> {
        let codes = codes();
        let (mut out, mut bits) = (Vec::new(), String::new());
        for byte in text {
            let (code, length) = codes[usize::from(*byte)];
            bits.push_str(&format!("{code:032b}")[32 - length..]);
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        for byte in bits.as_bytes().chunks(8) {
            out.push(u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap());
        }
        out
    }

    fn codes() -> Vec<(u32, usize)> {
        let mut order: Vec<usize> = (0..SYMBOLS).collect();
        order.sort_by_key(|symbol| (LENGTHS[*symbol], *symbol));
        let (mut codes, mut code, mut length) = (vec![(0, 0); SYMBOLS], 0_u32, 0);
        for symbol in order {
            code <<= LENGTHS[symbol] - length;
            length = LENGTHS[symbol];
            codes[symbol] = (code, usize::from(length));
            code += 1;
        }
        codes
    }

    /// RFC 7541, appendices C.4 and C.6.
    #[test]
    fn the_rfcs_examples() {
        let cases: [(&[u8], &str); 5] = [
            (&[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff], "www.example.com"),
            (&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], "no-cache"),
            (&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf], "custom-value"),
            (&[0x64, 0x02], "302"),
            (
                &[
                    0xd0, 0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44, 0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b, 0x81, 0x66, 0xe0, 0x82,
                    0xa6, 0x2d, 0x1b, 0xff,
                ],
                "Mon, 21 Oct 2013 20:13:21 GMT",
            ),
        ];
        for (coded, text) in cases {
            assert_eq!(decoded(coded).unwrap(), text.as_bytes());
            assert_eq!(encode(text.as_bytes()), coded);
        }
    }

    #[test]
    fn every_byte_comes_back_alone_and_beside_others() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decoded(&encode(&all)).unwrap(), all);
        for byte in all {
            assert_eq!(decoded(&encode(&[byte])).unwrap(), [byte]);
            assert_eq!(decoded(&encode(&[b'a', byte, b'0'])).unwrap(), [b'a', byte, b'0']);
        }
    }

    #[test]
    fn the_end_of_string_and_wrong_padding_are_errors() {
        assert_eq!(decoded(&[]).unwrap(), b"");
        // The end of string; eight bits of padding; padding of zeros.
        for wrong in [&[0xff, 0xff, 0xff, 0xff][..], &[0xff], &[0x07, 0xff], &[0x00]] {
            assert_eq!(decoded(wrong), Err(Broken::Huffman), "{wrong:?}");
        }
    }
}
