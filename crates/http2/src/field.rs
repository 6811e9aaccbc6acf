//! Header fields, and what they are to HTTP/2 (RFC 9113, section 8.2).

use bytes::Bytes;

/// What a field counts beside its bytes (RFC 7541, section 4.1).
const OVERHEAD_BYTES: usize = 32;

/// A header field. Its bytes are shared with the table that it came from, so that a clone copies none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, lower case.
    pub name: Bytes,
    /// The value.
    pub value: Bytes,
    pub(crate) class: Class,
}

/// What a field is to the framing of a message. Found out once, when a field is first seen, and remembered with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Method,
    Scheme,
    Authority,
    Path,
    ContentLength,
    Plain,
    /// No message may carry it.
    Malformed,
}

impl Field {
    /// A field; whether it is one that a message may carry is found out here.
    pub fn new(name: Bytes, value: Bytes) -> Self {
        let class = class(&name, &value);
        Self { name, value, class }
    }

    pub(crate) fn from_static(name: &'static str, value: &'static str) -> Self {
        Self::new(Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes()))
    }

    /// The same name with another value.
    pub(crate) fn with_value(&self, value: Bytes) -> Self {
        Self::new(self.name.clone(), value)
    }

    /// Its size as limits count it.
    pub(crate) fn bytes(&self) -> usize {
        self.name.len() + self.value.len() + OVERHEAD_BYTES
    }
}

fn class(name: &[u8], value: &[u8]) -> Class {
    if !is_value(value) {
        return Class::Malformed;
    }
    match name {
        b":method" => Class::Method,
        b":scheme" => Class::Scheme,
        b":authority" => Class::Authority,
        b":path" => Class::Path,
        b"content-length" => Class::ContentLength,
        b"te" if value != b"trailers" => Class::Malformed,
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => Class::Malformed,
        _ if is_name(name) => Class::Plain,
        _ => Class::Malformed,
    }
}

/// A token without capital letters (RFC 9110, section 5.6.2).
fn is_name(name: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token)
}

/// Without line ends and zeros, and without space around it (RFC 9113, section 8.2.1).
fn is_value(value: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    !value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) && !is_space(value.first()) && !is_space(value.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_judged() {
        let of = |name: &'static str, value: &'static str| Field::from_static(name, value).class;
        assert_eq!(of(":path", "/"), Class::Path);
        assert_eq!(of("te", "trailers"), Class::Plain);
        assert_eq!(of("x-good_1", "a b\tc"), Class::Plain);
        for (name, value) in [
            ("X-Bad", "1"),
            ("", "1"),
            ("a b", "1"),
            (":status", "200"),
            ("te", "gzip"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("x", "a\r\nb"),
            ("x", " a"),
            ("x", "a\t"),
            ("x", "\0"),
        ] {
            assert_eq!(of(name, value), Class::Malformed, "{name}: {value:?}");
        }
    }
}
