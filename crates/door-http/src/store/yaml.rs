//! Writing YAML 1.2: blocks for people, texts in double quotes, which JSON's escapes are valid in.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use config::ValueType;

use super::{entries::Entry, time};

/// Writes a text as a scalar in double quotes. What JSON leaves as it is and YAML does not print is escaped, too.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let from = out.len();
    serde_json::to_writer(&mut *out, text).expect("writing to memory cannot fail");
    let is_odd = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_odd) {
        let written = String::from_utf8(out.split_off(from)).expect("JSON is UTF-8");
        for c in written.chars() {
            if is_odd(c) {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to memory cannot fail");
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

/// Writes a value: texts and bytes in quotes, the others as they are. JSON is YAML.
pub(crate) fn put_value(out: &mut Vec<u8>, value_type: ValueType, value: &[u8]) {
    match (value_type, std::str::from_utf8(value)) {
        (ValueType::Number | ValueType::Boolean, Ok(text)) => out.extend_from_slice(text.as_bytes()),
        (ValueType::String | ValueType::Json, Ok(text)) => put_text(out, text),
        _ => {
            out.extend_from_slice(b"!!binary \"");
            out.extend_from_slice(STANDARD.encode(value).as_bytes());
            out.push(b'"');
        }
    }
}

/// Writes a key, line by line.
pub(crate) fn put_entry(out: &mut Vec<u8>, entry: &Entry<'_>, value: &[u8]) {
    let mut text = |name: &str, text: &str| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        put_text(out, text);
        out.push(b'\n');
    };
    text("namespace", entry.namespace);
    text("key", entry.key);
    out.extend_from_slice(b"value: ");
    put_value(out, entry.value_type, value);
    writeln!(out, "\ntype: {}\nversion: {}", entry.value_type.name(), entry.version).expect("writing to memory cannot fail");
    writeln!(out, "updatedAt: \"{}\"", time::text(entry.time_ms)).expect("writing to memory cannot fail");
    out.extend_from_slice(b"updatedBy: ");
    put_text(out, entry.author);
    writeln!(out, "\nposition: {}", entry.position).expect("writing to memory cannot fail");
}
