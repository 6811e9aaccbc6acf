//! Writing JSON by hand, where that is done for every request or record: members of an object, one after the other.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::value::{Hash, ValueType};

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;
/// From the first of March of the year 0 to 1970: years begin in March here, so that a leap day is the last one of its year.
pub const DAYS_TO_1970: i64 = 719_468;
/// Days of 400 years.
pub const DAYS_OF_ERA: i64 = 146_097;

/// Writes a text as a JSON string.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    // Blocks are looked at as a whole, which the processor does many bytes at a time.
    let is_plain =
        |block: &[u8]| block.iter().fold(true, |plain, &byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'));
    if text.as_bytes().chunks(256).all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, text).expect("writing to memory cannot fail");
    }
}

/// Writes a number.
pub fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes `"name":` behind what there is of an object.
pub fn name(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A member whose value is a text.
pub fn text(out: &mut Vec<u8>, called: &str, text: &str) {
    name(out, called);
    put_text(out, text);
}

/// One that is a number.
pub fn number(out: &mut Vec<u8>, called: &str, value: u64) {
    name(out, called);
    put_number(out, value);
}

/// One that is true or false.
pub fn flag(out: &mut Vec<u8>, called: &str, is_so: bool) {
    name(out, called);
    out.extend_from_slice(if is_so { b"true" } else { b"false" });
}

/// One that is null.
pub fn null(out: &mut Vec<u8>, called: &str) {
    name(out, called);
    out.extend_from_slice(b"null");
}

/// One that is a time, ms since 1970, as RFC 3339 writes it.
pub fn time(out: &mut Vec<u8>, called: &str, ms: u64) {
    name(out, called);
    out.push(b'"');
    put_time(out, ms);
    out.push(b'"');
}

/// One that is a hash, in hexadecimal.
pub fn hash(out: &mut Vec<u8>, called: &str, hash: &Hash) {
    name(out, called);
    out.push(b'"');
    hash.iter().for_each(|byte| write!(out, "{byte:02x}").expect("writing to memory cannot fail"));
    out.push(b'"');
}

/// One that is a value: as text, or as Base64 if it is binary.
pub fn value(out: &mut Vec<u8>, called: &str, value_type: ValueType, bytes: &[u8]) {
    name(out, called);
    match std::str::from_utf8(bytes) {
        Ok(text) if value_type != ValueType::Binary => put_text(out, text),
        _ => {
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.push(b'"');
        }
    }
}

/// Writes a time, ms since 1970, such as `2026-01-31T23:59:59.000Z`.
pub fn put_time(out: &mut Vec<u8>, ms: u64) {
    let (year, month, day) = date(i64::try_from(ms / DAY_MS).unwrap_or(0));
    let of_day = ms % DAY_MS;
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    if !(0..=9_999).contains(&year) {
        write!(out, "{year:04}").expect("writing to memory cannot fail");
    } else {
        put_digits(out, year.unsigned_abs(), 4);
    }
    let parts = [(b'-', month.unsigned_abs(), 2), (b'-', day.unsigned_abs(), 2), (b'T', hour, 2), (b':', minute, 2)];
    for (mark, number, digits) in parts.into_iter().chain([(b':', second, 2), (b'.', of_day % 1_000, 3)]) {
        out.push(mark);
        put_digits(out, number, digits);
    }
    out.push(b'Z');
}

/// Writes the last so many digits of a number.
fn put_digits(out: &mut Vec<u8>, number: u64, digits: u32) {
    (0..digits).rev().for_each(|place| out.push(b'0' + u8::try_from(number / 10_u64.pow(place) % 10).expect("a digit")));
}

/// The date of a day since 1970: year, month, day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}
