//! Records as clients send them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use super::content::{Content, Headers, Text};
use crate::{limits::RECORDS_IN_JSON_MAX, object::Object};

/// One record, borrowed from the body that it came in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incoming<'a> {
    /// Which topic; none where the path says it.
    #[serde(borrow, default)]
    pub(crate) topic: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) partition: Option<u32>,
    #[serde(borrow, default)]
    pub(crate) key: Content<'a>,
    /// None is a tombstone, and has to be said.
    #[serde(borrow)]
    pub(crate) value: Content<'a>,
    #[serde(borrow, default)]
    pub(crate) headers: Headers<'a>,
    /// In ms since 1970; none: now.
    #[serde(default)]
    pub(crate) timestamp: Option<Timestamp>,
}

/// `{"records": [...]}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Many<'a> {
    #[serde(borrow)]
    pub(crate) records: List<'a>,
}

/// At most [`RECORDS_IN_JSON_MAX`] records.
#[derive(Debug, Default)]
pub(crate) struct List<'a>(pub(crate) Vec<Incoming<'a>>);

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) i64);

/// How the refusal of a list begins that is too long.
pub(crate) const TOO_MANY: &str = "there are more records than one JSON body may have";

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ms = u64::deserialize(from)?;
        i64::try_from(ms).map(Timestamp).map_err(|_| D::Error::custom("a timestamp is in milliseconds since 1970"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut records = Vec::new();
        while let Some(Object(record)) = list.next_element()? {
            if records.len() == RECORDS_IN_JSON_MAX {
                return Err(A::Error::custom(TOO_MANY));
            }
            records.push(record);
        }
        Ok(List(records))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        serde_json::from_str::<Incoming<'_>>(text).expect_err(text).to_string()
    }

    #[test]
    fn a_record_has_its_fields_and_no_others() {
        let text = r#"{"topic":"t","partition":3,"key":"k","value":"v","headers":{"h":"1"},"timestamp":5}"#;
        let record: Incoming<'_> = serde_json::from_str(text).expect("parses");
        assert_eq!(record.topic.map(|topic| topic.0.into_owned()).as_deref(), Some("t"));
        assert_eq!((record.partition, record.timestamp), (Some(3), Some(Timestamp(5))));
        assert_eq!((record.key.bytes(), record.value.bytes()), (Some(&b"k"[..]), Some(&b"v"[..])));
        assert_eq!(record.headers.0.len(), 1);
        let tombstone: Incoming<'_> = serde_json::from_str(r#"{"value":null}"#).expect("parses");
        assert_eq!(tombstone.value.bytes(), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, named) in [
            (r#"{"key":"k"}"#, "missing field `value`"),
            (r#"{"value":"v","valu":1}"#, "unknown field `valu`"),
            (r#"{"value":"v","value":"w"}"#, "duplicate field `value`"),
            (r#"{"value":"v","partition":-1}"#, "u32"),
            (r#"{"value":"v","timestamp":-1}"#, "u64"),
            (r#"{"value":"v","timestamp":18446744073709551615}"#, "milliseconds"),
            (r#"{"value":"\udfff"}"#, "surrogate"),
            (r#"{"value":1e400}"#, "out of range"),
        ] {
            let said = error(text);
            assert!(said.contains(named) && said.contains("line 1 column "), "{text}: {said}");
        }
        let deep = format!("{{\"value\":{}", "[".repeat(100_000));
        assert!(error(&deep).contains("column"));
    }

    #[test]
    fn a_list_has_an_end() {
        let list = |count: usize| format!("{{\"records\":[{}]}}", vec![r#"{"value":""}"#; count].join(","));
        let full = list(RECORDS_IN_JSON_MAX);
        let full: Many<'_> = serde_json::from_str(&full).expect("fits");
        assert_eq!(full.records.0.len(), RECORDS_IN_JSON_MAX);
        let long = list(RECORDS_IN_JSON_MAX + 1);
        assert!(serde_json::from_str::<Many<'_>>(&long).expect_err("is too long").to_string().starts_with(TOO_MANY));
    }
}
