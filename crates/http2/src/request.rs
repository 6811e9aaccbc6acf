//! A request's head (RFC 9113, section 8.3.1).

use bytes::Bytes;

use crate::{
    field::{Class, Field},
    limits::FIELDS_MAX,
};

/// A request's head, known to be well formed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `:method`.
    pub method: Bytes,
    /// `:scheme`; empty for CONNECT.
    pub scheme: Bytes,
    /// `:authority`; empty if the client gave none.
    pub authority: Bytes,
    /// `:path`; empty for CONNECT.
    pub path: Bytes,
    /// All other fields, in order.
    pub fields: Vec<Field>,
}

/// Why a header block is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It breaks the rules.
    Malformed,
    /// It is larger than this side takes.
    TooLarge,
}

/// Makes a head of fields as they are decoded.
pub(crate) struct Builder {
    request: Request,
    /// Which pseudo fields came.
    seen: [bool; 4],
    content_length: Option<u64>,
    bytes_left: usize,
    refusal: Option<Refusal>,
}

impl Builder {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let request = Request { fields: Vec::with_capacity(8), ..Request::default() };
        Self { request, seen: [false; 4], content_length: None, bytes_left: bytes_max, refusal: None }
    }

    pub(crate) fn take(&mut self, field: &Field) {
        match self.bytes_left.checked_sub(field.bytes()) {
            Some(left) if self.request.fields.len() < FIELDS_MAX => self.bytes_left = left,
            _ => self.refusal = Some(Refusal::TooLarge),
        }
        // What is refused already is decoded to its end, but not kept.
        if self.refusal.is_none() && !self.place(field) {
            self.refusal = Some(Refusal::Malformed);
        }
    }

    fn place(&mut self, field: &Field) -> bool {
        match field.class {
            Class::Method => self.pseudo(0, field),
            Class::Scheme => self.pseudo(1, field),
            Class::Authority => self.pseudo(2, field),
            Class::Path => self.pseudo(3, field),
            Class::Plain => self.keep(field),
            Class::ContentLength => {
                let length = content_length(&field.value);
                let agrees = length.is_some() && self.content_length.is_none_or(|before| length == Some(before));
                self.content_length = length;
                agrees && self.keep(field)
            }
            Class::Malformed => false,
        }
    }

    fn keep(&mut self, field: &Field) -> bool {
        self.request.fields.push(field.clone());
        true
    }

    /// Each at most once, and none behind other fields.
    fn pseudo(&mut self, number: usize, field: &Field) -> bool {
        let first = !std::mem::replace(&mut self.seen[number], true) && self.request.fields.is_empty();
        let places = [&mut self.request.method, &mut self.request.scheme, &mut self.request.authority, &mut self.request.path];
        *places[number] = field.value.clone();
        first
    }

    /// The head, and the length that its body announces.
    pub(crate) fn finish(self) -> Result<(Request, Option<u64>), Refusal> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None if is_whole(&self.request, self.seen) => Ok((self.request, self.content_length)),
            None => Err(Refusal::Malformed),
        }
    }
}

fn is_whole(request: &Request, seen: [bool; 4]) -> bool {
    match (&request.method[..], seen) {
        (b"CONNECT", [true, false, true, false]) => true,
        (b"CONNECT", _) => false,
        (method, [true, true, _, true]) => !method.is_empty() && is_path(method, &request.path),
        _ => false,
    }
}

fn is_path(method: &[u8], path: &[u8]) -> bool {
    path.first() == Some(&b'/') || (method == b"OPTIONS" && path == b"*")
}

fn content_length(value: &[u8]) -> Option<u64> {
    let digits = (1..=19).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    digits.then(|| value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Whether fields may stand at a message's end: no pseudo fields, nothing malformed.
pub(crate) fn is_trailer(field: &Field) -> bool {
    matches!(field.class, Class::Plain | Class::ContentLength)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 3] = [(":method", "POST"), (":scheme", "http"), (":path", "/a")];

    fn build(fields: &[(&'static str, &'static str)]) -> Result<(Request, Option<u64>), Refusal> {
        let mut builder = Builder::new(1000);
        for (name, value) in fields {
            builder.take(&Field::from_static(name, value));
        }
        builder.finish()
    }

    #[test]
    fn a_whole_head_is_taken() {
        let (request, length) = build(&[&WHOLE[..], &[("te", "trailers"), ("content-length", "12")]].concat()).unwrap();
        assert_eq!((&request.method[..], &request.path[..], length), (&b"POST"[..], &b"/a"[..], Some(12)));
        assert_eq!(request.fields.len(), 2);
        assert!(build(&[(":method", "CONNECT"), (":authority", "a:1")]).is_ok());
        assert!(build(&[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*")]).is_ok());
    }

    #[test]
    fn malformed_heads_are_refused() {
        let more: [&[(&str, &str)]; 8] = [
            &[(":path", "/b")],
            &[(":status", "200")],
            &[("a", "b"), (":authority", "c")],
            &[("connection", "close")],
            &[("Upper", "x")],
            &[("content-length", "1"), ("content-length", "2")],
            &[("content-length", "+1")],
            &[("content-length", "")],
        ];
        for more in more {
            assert_eq!(build(&[&WHOLE[..], more].concat()), Err(Refusal::Malformed), "{more:?}");
        }
        for without in 0..3 {
            let mut fields = WHOLE.to_vec();
            fields.remove(without);
            assert_eq!(build(&fields), Err(Refusal::Malformed));
        }
        for fields in [
            &[(":method", "POST"), (":scheme", "http"), (":path", "")][..],
            &[(":method", "POST"), (":scheme", "http"), (":path", "*")],
            &[(":method", "CONNECT"), (":scheme", "http"), (":authority", "a"), (":path", "/")],
        ] {
            assert_eq!(build(fields), Err(Refusal::Malformed), "{fields:?}");
        }
    }

    #[test]
    fn a_large_head_is_refused_whatever_else_is_wrong() {
        let many = vec![("name", "value"); 30];
        assert_eq!(build(&[&WHOLE[..], &many].concat()), Err(Refusal::TooLarge));
    }
}
