//! Distinguished names (RFC 5280, section 4.1.2.4), written as Java's `X500Principal.getName` writes them, which is what Kafka's
//! access rules hold: RFC 2253, and where that leaves a choice, Java's.

use std::fmt::{self, Write};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const GENERAL_STRING: u8 = 0x1b;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// Attributes that have a word (RFC 2253, section 2.3, and what Java knows beside it); the others are written as their numbers.
const WORDS: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "STREET"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    // 0.9.2342.19200300.100.1.25 and .1
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
];

/// A distinguished name, its parts in the order of the certificate: the most general first.
pub(super) struct Name<'a> {
    /// Each one or, rarely, several attributes.
    parts: Vec<Vec<Attribute<'a>>>,
}

struct Attribute<'a> {
    /// Its word, or its identifier as numbers.
    kind: String,
    has_word: bool,
    /// The value with its head.
    encoded: &'a [u8],
    /// The value, if it is a text.
    text: Option<String>,
}

impl<'a> Name<'a> {
    /// Reads the content of a name: what stands behind its own head. `None` if it is none.
    pub(super) fn read(mut der: &'a [u8]) -> Option<Self> {
        let mut parts = Vec::new();
        while !der.is_empty() {
            let mut set = expect(&mut der, SET)?;
            let mut part = Vec::new();
            while !set.is_empty() {
                part.push(Attribute::read(expect(&mut set, SEQUENCE)?)?);
            }
            parts.push(part);
        }
        Some(Self { parts })
    }

    /// The most specific common name that is a text.
    pub(super) fn common_name(&self) -> Option<String> {
        let mut attributes = self.parts.iter().rev().flatten();
        attributes.find(|attribute| attribute.kind == "CN")?.text.clone()
    }
}

impl<'a> Attribute<'a> {
    fn read(mut der: &'a [u8]) -> Option<Self> {
        let identifier = expect(&mut der, OBJECT_IDENTIFIER)?;
        let word = WORDS.iter().find(|(known, _)| *known == identifier).map(|(_, word)| (*word).to_owned());
        let has_word = word.is_some();
        let kind = word.or_else(|| numbers(identifier))?;
        let encoded = der;
        let (tag, value) = element(&mut der)?;
        der.is_empty().then(|| Self { kind, has_word, encoded, text: text(tag, value) })
    }
}

/// Takes the next element off: its tag and its content. Lengths are held against what is there.
fn element<'a>(der: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, length], mut rest) = der.split_first_chunk()?;
    let length = match length {
        0..=0x7f => usize::from(length),
        0x81 | 0x82 => {
            let (bytes, after) = rest.split_at_checked(usize::from(length - 0x80))?;
            rest = after;
            bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some((tag, content))
}

fn expect<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    element(der).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

fn text(tag: u8, value: &[u8]) -> Option<String> {
    let units = |width| value.len().is_multiple_of(width).then(|| value.chunks_exact(width));
    match tag {
        UTF8_STRING => String::from_utf8(value.to_vec()).ok(),
        PRINTABLE_STRING | TELETEX_STRING | IA5_STRING | GENERAL_STRING => Some(value.iter().copied().map(char::from).collect()),
        BMP_STRING => {
            let units: Vec<u16> = units(2)?.map(|unit| u16::from_be_bytes([unit[0], unit[1]])).collect();
            String::from_utf16(&units).ok()
        }
        UNIVERSAL_STRING => {
            units(4)?.map(|unit| char::from_u32(u32::from_be_bytes([unit[0], unit[1], unit[2], unit[3]]))).collect()
        }
        _ => None,
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().rev().enumerate() {
            formatter.write_str(if place == 0 { "" } else { "," })?;
            for (place, attribute) in part.iter().enumerate() {
                formatter.write_str(if place == 0 { "" } else { "+" })?;
                attribute.fmt(formatter)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=", self.kind)?;
        if let Some(text) = self.text.as_ref().filter(|_| self.has_word) {
            return escaped(text, formatter);
        }
        formatter.write_char('#')?;
        self.encoded.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What would be read as part of the notation stands behind a backslash, and so do spaces at either end.
fn escaped(text: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (before, after) = (text.len() - text.trim_start_matches(' ').len(), text.trim_end_matches(' ').len());
    for (place, letter) in text.char_indices() {
        match letter {
            '\0' => formatter.write_str("\\00")?,
            ' ' if place < before || place >= after => formatter.write_str("\\ ")?,
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => write!(formatter, "\\{letter}")?,
            _ => formatter.write_char(letter)?,
        }
    }
    Ok(())
}

/// An object identifier as numbers with points (X.690, section 8.19). `None` if it is none, or has a number above 2^64: cut off, it
/// would be another's.
fn numbers(identifier: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut value: u64 = 0;
    for byte in identifier {
        value = value.checked_mul(0x80)? | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        let written = if out.is_empty() {
            let top = (value / 40).min(2);
            write!(out, "{top}.{}", value - top * 40)
        } else {
            write!(out, ".{value}")
        };
        written.ok()?;
        value = 0;
    }
    identifier.last().is_some_and(|last| last & 0x80 == 0).then_some(out)
}

#[cfg(test)]
mod tests;
