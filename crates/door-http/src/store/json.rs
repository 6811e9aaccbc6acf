//! Writing JSON by hand, where that is done for every request.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
pub(crate) use config::json::{flag, hash, name, null, number, text, time, value};
use futures_util::stream;

use crate::{limits::PIECE_BYTES, room::Share};

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
    use config::ValueType;
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
