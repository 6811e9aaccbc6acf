//! Records as they are printed.

use std::io::{self, Write};

use kafka_wire::batch::Record;
use serde_json::{Map, Value, json};

use super::place::readable_time;

/// How a record is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Partition and offset, time, key, value and headers; what is no text is escaped
    Text,
    /// One object a line; what is no text is in base64
    Json,
    /// The value's bytes alone, and a line's end
    Value,
}

/// Prints one record; in colour only to a person.
pub(super) fn write(out: &mut impl Write, format: Format, colour: bool, partition: i32, record: &Record<'_>) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(text(colour, partition, record).as_bytes()),
        Format::Json => {
            serde_json::to_writer(&mut *out, &object(partition, record))?;
            out.write_all(b"\n")
        }
        Format::Value => {
            out.write_all(record.value.unwrap_or_default())?;
            out.write_all(b"\n")
        }
    }
}

fn text(colour: bool, partition: i32, record: &Record<'_>) -> String {
    let (dim, bold, plain) = if colour { ("\x1b[2m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    let key = record.key.map_or_else(|| "-".to_owned(), printable);
    let value = record.value.map_or_else(|| format!("{dim}(none){plain}"), printable);
    let header = |header: kafka_wire::batch::Header<'_>| {
        format!("{}={}", printable(header.key), header.value.map_or_else(|| "-".to_owned(), printable))
    };
    let headers: Vec<String> = record.headers.clone().map(header).collect();
    let headers = if headers.is_empty() { String::new() } else { format!("  {dim}{{{}}}{plain}", headers.join(", ")) };
    let time = readable_time(record.timestamp);
    format!("{dim}{partition}:{}  {time}{plain}  {bold}{key}{plain}  {value}{headers}\n", record.offset)
}

fn object(partition: i32, record: &Record<'_>) -> Value {
    let mut object = Map::new();
    object.insert("partition".to_owned(), partition.into());
    object.insert("offset".to_owned(), record.offset.into());
    object.insert("timestamp".to_owned(), record.timestamp.into());
    content(&mut object, "key", record.key);
    content(&mut object, "value", record.value);
    let header = |header: kafka_wire::batch::Header<'_>| {
        let mut object = Map::new();
        object.insert("key".to_owned(), json!(String::from_utf8_lossy(header.key)));
        content(&mut object, "value", header.value);
        Value::Object(object)
    };
    if record.headers.len() > 0 {
        object.insert("headers".to_owned(), record.headers.clone().map(header).collect());
    }
    Value::Object(object)
}

/// A field of text or null, or another one beside it in base64.
fn content(object: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(std::str::from_utf8) {
        None => object.insert(name.to_owned(), Value::Null),
        Some(Ok(text)) => object.insert(name.to_owned(), text.into()),
        Some(Err(_)) => object.insert(format!("{name}_base64"), base64(bytes.unwrap_or_default()).into()),
    };
}

/// Text without anything that a terminal would obey.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() { out.extend(letter.escape_default()) } else { out.push(letter) }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, place| word << 8 | u32::from(chunk.get(place).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_wire::batch::{Batch, BatchBuilder, Codec};

    fn printed(format: Format, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)]) -> String {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(1_795_870_800_250, key, value, headers);
        let bytes = builder.finish();
        let (batch, _) = Batch::split(&bytes).unwrap().unwrap();
        let content = batch.inflate(1 << 20).unwrap();
        let mut out = Vec::new();
        write(&mut out, format, false, 3, &batch.records(&content).next().unwrap().unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_record_is_a_line() {
        let headers: &[(&str, Option<&[u8]>)] = &[("trace", Some(b"7")), ("empty", None)];
        assert_eq!(
            printed(Format::Text, Some(b"k"), Some(b"v\x1b[2J\xff"), headers),
            "3:0  2026-11-28T13:00:00.250Z  k  v\\u{1b}[2J\\xff  {trace=7, empty=-}\n"
        );
        assert_eq!(printed(Format::Text, None, None, &[]), "3:0  2026-11-28T13:00:00.250Z  -  (none)\n");
        assert_eq!(printed(Format::Value, Some(b"k"), Some(b"v"), headers), "v\n");
    }

    #[test]
    fn a_record_is_an_object() {
        let json: Value = serde_json::from_str(&printed(Format::Json, None, Some(b"\xff\xfe"), &[("h", Some(b"x"))])).unwrap();
        let expected = json!({
            "partition": 3, "offset": 0, "timestamp": 1_795_870_800_250_i64, "key": null, "value_base64": "//4=",
            "headers": [{ "key": "h", "value": "x" }],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn base64_is_the_standard_one() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
