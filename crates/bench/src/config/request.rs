//! Requests that are encoded once and patched before they are sent.
//!
//! A key's name is the first half of its value: who sent it, and which one it is. All of it has a fixed width, so that nothing moves. In
//! Base64 48 bytes, the head of a value, are 64 characters; a name is padded by nothing either, since it has 72 bytes.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::place::{Dialect, Place};
use crate::payload::{self, HEAD_BYTES, Stamp};

/// Digits of a number in a name.
const DIGITS: usize = 16;
/// Characters of a value's head in Base64.
const HEAD_CHARACTERS: usize = HEAD_BYTES / 3 * 4;

/// Under which key, in which namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) namespace: u64,
    pub(crate) producer: u64,
    pub(crate) serial: u64,
}

impl Name {
    /// Who wrote under a key, and which write it was, by its name.
    pub(crate) fn stamp(key: &str) -> Option<Stamp> {
        let (producer, serial) = key.as_bytes().split_at_checked(DIGITS)?;
        let number = |digits: &[u8]| if digits.len() == DIGITS { payload::number(digits) } else { None };
        Some(Stamp { producer: number(producer)?, serial: number(serial)?, intact: true })
    }

    pub(crate) fn key(&self) -> String {
        format!("{:016x}{:016x}", self.producer, self.serial)
    }
}

/// The request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    marks: Marks,
    value: Option<Value>,
}

/// Where names are in it.
#[derive(Clone, Debug)]
enum Marks {
    Store {
        namespace: usize,
        key: usize,
    },
    /// The whole name, and where it is in Base64.
    Gateway {
        name: Vec<u8>,
        at: usize,
    },
}

/// The value of a write, as it is, and where it is in the request.
#[derive(Clone, Debug)]
struct Value {
    payload: Vec<u8>,
    filler_hash: u64,
    producer: u64,
    at: usize,
}

impl Request {
    /// A write of values of this size.
    pub(crate) fn put(place: &Place, producer: u64, value_bytes: usize) -> Request {
        let mut payload = payload::blank(producer, value_bytes);
        payload::set_producer(&mut payload, producer);
        let filler_hash = payload::filler_hash(&payload);
        let (mut request, to_end) = match place.dialect {
            Dialect::Store => {
                let before = r#"{"value":""#;
                let text = [before.as_bytes(), &payload, br#"","type":"string"}"#].concat();
                // The answer of the other dialect has no value either.
                (Request::of_key(place, "PUT", "", "Prefer: return=minimal\r\n", &text), text.len() - before.len())
            }
            Dialect::Gateway => {
                let before = format!(r#"{{"key":"{}","value":""#, STANDARD.encode(name(place)));
                let text = format!("{before}{}\"}}", STANDARD.encode(&payload));
                (Request::of_gateway(place, "/v3/kv/put", text.as_bytes()), text.len() - before.len())
            }
        };
        let at = request.bytes.len() - to_end;
        request.value = Some(Value { payload, filler_hash, producer, at });
        request
    }

    /// A read of one key.
    pub(crate) fn get(place: &Place, is_local: bool) -> Request {
        match place.dialect {
            Dialect::Store => {
                let query = if is_local { "?consistency=local" } else { "?consistency=linearizable" };
                Request::of_key(place, "GET", query, "", b"")
            }
            Dialect::Gateway => {
                let serializable = if is_local { r#","serializable":true"# } else { "" };
                let text = format!(r#"{{"key":"{}"{serializable}}}"#, STANDARD.encode(name(place)));
                Request::of_gateway(place, "/v3/kv/range", text.as_bytes())
            }
        }
    }

    fn of_key(place: &Place, method: &str, query: &str, headers: &str, body: &[u8]) -> Request {
        let target = format!("{}/config/{:032x}", place.resource(0), 0);
        let length = (method == "PUT").then_some(body.len() as u64);
        let mut bytes = place.head(method, &format!("{target}{query}"), headers, length).into_bytes();
        bytes.extend_from_slice(body);
        let end = method.len() + 1 + target.len();
        let key = end - 2 * DIGITS;
        Request { bytes, marks: Marks::Store { namespace: key - "/config/".len() - DIGITS, key }, value: None }
    }

    fn of_gateway(place: &Place, target: &str, body: &[u8]) -> Request {
        let mut bytes = place.head("POST", target, "", Some(body.len() as u64)).into_bytes();
        let at = bytes.len() + r#"{"key":""#.len();
        bytes.extend_from_slice(body);
        Request { bytes, marks: Marks::Gateway { name: name(place), at }, value: None }
    }

    /// The whole request for a key; a write's value is that of the key.
    pub(crate) fn patched(&mut self, name: Name) -> &[u8] {
        self.patched_with(name, name.serial)
    }

    /// The same with a value that says another serial.
    pub(crate) fn patched_with(&mut self, name: Name, serial: u64) -> &[u8] {
        let bytes = &mut self.bytes;
        match &mut self.marks {
            Marks::Store { namespace, key } => {
                payload::hexadecimal(&mut bytes[*namespace..*namespace + DIGITS], name.namespace);
                payload::hexadecimal(&mut bytes[*key..*key + DIGITS], name.producer);
                payload::hexadecimal(&mut bytes[*key + DIGITS..*key + 2 * DIGITS], name.serial);
                if let Some(value) = &self.value {
                    let place = value.at..value.at + value.payload.len();
                    payload::set_serial(&mut bytes[place], value.producer, serial, value.filler_hash);
                }
            }
            Marks::Gateway { name: raw, at } => {
                let (key, namespace) = (raw.len() - 2 * DIGITS, raw.len() - 3 * DIGITS - 1);
                payload::hexadecimal(&mut raw[namespace..namespace + DIGITS], name.namespace);
                payload::hexadecimal(&mut raw[key..key + DIGITS], name.producer);
                payload::hexadecimal(&mut raw[key + DIGITS..], name.serial);
                encode(raw, &mut bytes[*at..*at + raw.len() / 3 * 4]);
                if let Some(value) = &mut self.value {
                    payload::set_serial(&mut value.payload, value.producer, serial, value.filler_hash);
                    encode(&value.payload[..HEAD_BYTES], &mut bytes[value.at..value.at + HEAD_CHARACTERS]);
                }
            }
        }
        &self.bytes
    }
}

/// A key's whole name in the other dialect, with nothing in it yet: 72 bytes.
fn name(place: &Place) -> Vec<u8> {
    format!("{}/{:032x}", place.path(0), 0).into_bytes()
}

/// Base64 of what needs no padding.
fn encode(bytes: &[u8], out: &mut [u8]) {
    let written = STANDARD.encode_slice(bytes, out).expect("three bytes are four characters, and the place has as many");
    assert!(bytes.len().is_multiple_of(3) && written == bytes.len() / 3 * 4, "nothing is padded");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::place::tests::place;

    fn parts(bytes: &[u8]) -> (String, String) {
        let text = String::from_utf8(bytes.to_vec()).expect("it is text");
        let (head, body) = text.split_once("\r\n\r\n").expect("it has a head");
        if !body.is_empty() {
            assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{head}");
        }
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn a_write_to_the_store_is_patched_where_it_lies() {
        let mut request = Request::put(&place(Dialect::Store), 7, 100);
        for serial in [0, 1, u64::MAX] {
            let (head, body) = parts(request.patched(Name { namespace: 3, producer: 7, serial }));
            let target = format!("bench-000000000000000a%2F0000000000000003/config/0000000000000007{serial:016x}");
            assert!(head.starts_with(&format!("PUT /api/v1/namespaces/{target} HTTP/1.1\r\nHost: h:1\r\n")), "{head}");
            assert!(head.contains("\r\nX-Api-Key: secret\r\n") && head.contains("\r\nPrefer: return=minimal\r\n"), "{head}");
            let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            let value = json["value"].as_str().expect("a text");
            assert_eq!(value.len(), 100);
            assert_eq!(payload::read(value.as_bytes()), Some(Stamp { producer: 7, serial, intact: true }));
            assert_eq!(Name::stamp(&value[..32]), Some(Stamp { producer: 7, serial, intact: true }));
        }
    }

    #[test]
    fn a_write_to_the_gateway_says_the_same() {
        for bytes in [48, 49, 50, 51, 100] {
            let mut request = Request::put(&place(Dialect::Gateway), 7, bytes);
            let (head, body) = parts(request.patched_with(Name { namespace: 3, producer: 7, serial: 9 }, 10));
            assert!(head.starts_with("POST /v3/kv/put HTTP/1.1\r\n"), "{head}");
            let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            let decoded = |name: &str| STANDARD.decode(json[name].as_str().expect("a text")).expect("Base64");
            let key = "bench-000000000000000a/0000000000000003/00000000000000070000000000000009";
            assert_eq!(decoded("key"), key.as_bytes());
            assert_eq!(decoded("value").len(), bytes);
            assert_eq!(payload::read(&decoded("value")), Some(Stamp { producer: 7, serial: 10, intact: true }));
        }
    }

    #[test]
    fn reads_say_how_fresh_they_are() {
        let name = Name { namespace: 1, producer: 2, serial: 3 };
        for (is_local, store, gateway) in [(false, "?consistency=linearizable ", "\"}"), (true, "?consistency=local ", "true}")] {
            let (head, body) = parts(Request::get(&place(Dialect::Store), is_local).patched(name));
            assert!(head.contains(&format!("{}{store}", name.key())) && body.is_empty(), "{head}");
            let (_, body) = parts(Request::get(&place(Dialect::Gateway), is_local).patched(name));
            assert!(body.ends_with(gateway), "{body}");
        }
        for foreign in ["", "0", "000000000000000g0000000000000000", "00000000000000000000000000000000f"] {
            assert_eq!(Name::stamp(foreign), None);
        }
    }
}
