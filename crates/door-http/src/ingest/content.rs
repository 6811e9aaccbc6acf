//! Keys, values and headers as JSON has them: strings, `{"base64": "..."}` for bytes that are no text, `null`.

use std::{borrow::Cow, fmt};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// What is written carries padding; what is read may come without.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The bytes of a key or a value, borrowed from the body where it has no escapes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Content<'a>(pub(crate) Option<Cow<'a, [u8]>>);

/// Headers in their order; names may repeat.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers<'a>(pub(crate) Vec<(Text<'a>, Content<'a>)>);

/// A text, borrowed from the body where it has no escapes.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Content<'_> {
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, {\"base64\": \"...\"} or null")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content(Some(Cow::Borrowed(text.as_bytes()))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content(Some(Cow::Owned(text.as_bytes().to_vec()))))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Content(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let wrong = || A::Error::custom("bytes are given as {\"base64\": \"...\"}");
        let Some((name, text)) = map.next_entry::<Text<'de>, Text<'de>>()? else { return Err(wrong()) };
        if name.0 != "base64" || map.next_key::<Text<'de>>()?.is_some() {
            return Err(wrong());
        }
        let bytes = BASE64.decode(text.0.as_bytes()).map_err(|error| A::Error::custom(format!("is no base64: {error}")))?;
        Ok(Content(Some(Cow::Owned(bytes))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers: {\"name\": \"value\"}, or [[\"name\", \"value\"]] where names repeat")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers: Vec<(Text<'de>, Content<'de>)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<Text<'de>, Content<'de>>()? {
            if headers.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom("a header is there twice: give headers as a list of pairs"));
            }
            headers.push((name, value));
            if headers.len() > crate::limits::HEADERS_IN_RECORD_MAX {
                return Err(A::Error::custom("a record has too many headers"));
            }
        }
        Ok(Headers(headers))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut headers = Vec::new();
        while let Some(pair) = list.next_element::<(Text<'de>, Content<'de>)>()? {
            headers.push(pair);
            if headers.len() > crate::limits::HEADERS_IN_RECORD_MAX {
                return Err(A::Error::custom("a record has too many headers"));
            }
        }
        Ok(Headers(headers))
    }
}

/// Writes bytes as JSON: a string if they are text, else base64.
pub(crate) fn write(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => out.extend_from_slice(b"null"),
        Some((_, Ok(text))) => write_text(out, text),
        Some((bytes, Err(_))) => {
            out.extend_from_slice(b"{\"base64\":\"");
            out.extend_from_slice(BASE64.encode(bytes).as_bytes());
            out.extend_from_slice(b"\"}");
        }
    }
}

/// Writes a text as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<Option<Vec<u8>>, String> {
        let content: Content<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(content.bytes().map(<[u8]>::to_vec))
    }

    #[test]
    fn text_is_borrowed_unless_it_has_escapes() {
        let plain: Content<'_> = serde_json::from_str("\"plain\"").expect("parses");
        assert!(matches!(plain.0, Some(Cow::Borrowed(b"plain"))));
        assert_eq!(parsed(r#""a\n\u00e9""#), Ok(Some("a\né".as_bytes().to_vec())));
        assert_eq!(parsed("null"), Ok(None));
        assert_eq!(parsed(r#"{"base64":"AP8="}"#), Ok(Some(vec![0, 255])));
        assert_eq!(parsed(r#"{"base64":"AP8"}"#), Ok(Some(vec![0, 255])), "without its padding");
    }

    #[test]
    fn what_is_neither_text_nor_bytes_is_refused() {
        for text in [
            "1",
            "true",
            "[]",
            "{}",
            r#"{"base32":"A"}"#,
            r#"{"base64":"AP8=","more":"x"}"#,
            r#"{"base64":"*"}"#,
            r#"{"base64":1}"#,
            r#""\ud800""#,
            "1e400",
            "NaN",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn headers_keep_their_order_and_repeat_only_in_a_list() {
        let names = |text: &str| -> Option<Vec<String>> {
            let headers: Headers<'_> = serde_json::from_str(text).ok()?;
            Some(headers.0.into_iter().map(|(name, _)| name.0.into_owned()).collect())
        };
        assert_eq!(names(r#"{"b":"1","a":null}"#), Some(vec!["b".to_owned(), "a".to_owned()]));
        assert_eq!(names(r#"[["a","1"],["a",{"base64":"AA=="}]]"#), Some(vec!["a".to_owned(), "a".to_owned()]));
        assert_eq!(names("null"), Some(Vec::new()));
        for wrong in [r#"{"a":"1","a":"2"}"#, r#"[["a"]]"#, r#"[["a","b","c"]]"#, r#""a""#, "[1]"] {
            assert_eq!(names(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40))) {
            let mut out = Vec::new();
            write(&mut out, bytes.as_deref());
            let text = String::from_utf8(out).expect("JSON is text");
            prop_assert_eq!(parsed(&text), Ok(bytes));
        }
    }
}
