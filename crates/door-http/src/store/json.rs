//! Writing JSON by hand, where that is done for every request.

use std::io::Write;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use config::{Hash, ValueType};
use futures_util::stream;

use super::time;
use crate::{limits::PIECE_BYTES, room::Share};

/// Writes a text as a JSON string.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, text).expect("writing to memory cannot fail");
    }
}

pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
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
pub(crate) fn name(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

pub(crate) fn text(out: &mut Vec<u8>, called: &str, text: &str) {
    name(out, called);
    put_text(out, text);
}

pub(crate) fn number(out: &mut Vec<u8>, called: &str, value: u64) {
    name(out, called);
    put_number(out, value);
}

pub(crate) fn flag(out: &mut Vec<u8>, called: &str, is_so: bool) {
    name(out, called);
    out.extend_from_slice(if is_so { b"true" } else { b"false" });
}

pub(crate) fn null(out: &mut Vec<u8>, called: &str) {
    name(out, called);
    out.extend_from_slice(b"null");
}

pub(crate) fn time(out: &mut Vec<u8>, called: &str, ms: u64) {
    name(out, called);
    out.push(b'"');
    time::put(out, ms);
    out.push(b'"');
}

pub(crate) fn hash(out: &mut Vec<u8>, called: &str, hash: &Hash) {
    name(out, called);
    out.push(b'"');
    hash.iter().for_each(|byte| write!(out, "{byte:02x}").expect("writing to memory cannot fail"));
    out.push(b'"');
}

/// Writes a value: as text, or as base64 if it is binary.
pub(crate) fn value(out: &mut Vec<u8>, called: &str, value_type: ValueType, bytes: &[u8]) {
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

/// How deep JSON may be: what reads it anywhere does so by recursion.
pub(crate) const DEPTH_MAX: usize = 128;

/// Where JSON that is valid is too deep, if it is.
pub(crate) fn too_deep(json: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (place, byte) in json.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Some(place);
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// What `put` writes of each thing, as an array.
pub(crate) fn array<T>(things: impl IntoIterator<Item = T>, mut put: impl FnMut(&mut Vec<u8>, T)) -> Vec<u8> {
    let mut out = vec![b'['];
    for thing in things {
        if out.len() > 1 {
            out.push(b',');
        }
        put(&mut out, thing);
    }
    out.push(b']');
    out
}

/// JSON that is well.
pub(crate) fn ok(out: Vec<u8>) -> Response {
    of_type("application/json", Body::from(out))
}

pub(crate) fn of_type(content_type: &'static str, body: Body) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

/// A body that counts as under way until it is sent.
pub(crate) fn held(bytes: Bytes, share: Share) -> Body {
    let pieces = stream::unfold((bytes, share), async |(mut rest, share)| {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, share)))
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(too_deep(nested(DEPTH_MAX).as_bytes()), None);
        assert_eq!(too_deep(nested(DEPTH_MAX + 1).as_bytes()), Some(DEPTH_MAX));
        let text = format!(r#"{{"a\\\"{}": 1}}"#, "[".repeat(1_000));
        assert_eq!(too_deep(text.as_bytes()), None, "{text}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_json(called in "[a-z]{1,8}", said in any::<String>(), count in any::<u64>()) {
            let mut out = vec![b'{'];
            text(&mut out, &called, &said);
            number(&mut out, "count", count);
            value(&mut out, "value", ValueType::String, said.as_bytes());
            out.push(b'}');
            let read: serde_json::Value = serde_json::from_slice(&out).expect("is JSON");
            prop_assert_eq!(read["count"].as_u64(), Some(count));
            prop_assert_eq!(read["value"].as_str(), Some(&*said));
        }
    }
}
