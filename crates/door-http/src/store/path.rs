//! Paths and queries: cut before they are decoded, so that what is encoded never separates.

use std::borrow::Cow;

use super::routes::Parameter;
use crate::problem::{Problem, Reason};

/// Decodes `%xx`; `None` if there is something else behind a percent sign, or what comes out is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
/// Encodes what cannot stand in a segment of a path or in a query by itself.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    out
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the parameters that are `known`, each at most once.
    pub(crate) fn parse(text: Option<&str>, known: &[Parameter]) -> Result<Query, Problem> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for part in text.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decoded = |text: &str| {
                let text = text.replace('+', " ");
                let wrong = || malformed("the query has something else than two digits behind a percent sign, or is not UTF-8");
                decode(&text).map(Cow::into_owned).ok_or_else(wrong)
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            // What is not known is passed over: proxies and caches add their own.
            if !known.iter().any(|parameter| parameter.name == name) {
                continue;
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(malformed(format!("the parameter {name} is there twice: leave one out")));
            }
            parameters.push((name, value));
        }
        Ok(Query(parameters))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let wrong = |_| malformed(format!("{name} is a number from 0 on"));
        self.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// `1` or `true`, `0` or `false`; by itself it is true.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        match self.text(name) {
            None => Ok(default),
            Some("" | "1" | "true") => Ok(true),
            Some("0" | "false") => Ok(false),
            Some(_) => Err(malformed(format!("{name} is 1 or 0"))),
        }
    }

    /// A number of things of a list; what is too large is cut down.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let limit = self.number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(most));
        Ok(limit.map_or(default, |limit| limit.clamp(1, most)))
    }
}

pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(Reason::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::routes::Type, *};

    const LIMIT: Parameter = Parameter { name: "limit", kind: Type::Number, says: "" };
    const PREFIX: Parameter = Parameter { name: "prefix", kind: Type::Text, says: "" };
    const FLAG: Parameter = Parameter { name: "flag", kind: Type::Flag, says: "" };

    #[test]
    fn only_whole_and_valid_escapes_are_decoded() {
        assert_eq!(decode("teams%2Fpayments").as_deref(), Some("teams/payments"));
        assert!(matches!(decode("plain"), Some(Cow::Borrowed("plain"))));
        for wrong in ["%", "%2", "%zz", "%c0%af", "a%ff", "%+1"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parameters_are_known_and_there_once() {
        let query = Query::parse(Some("limit=5&prefix=a%26b+c&&flag"), &[LIMIT, PREFIX, FLAG]).unwrap();
        assert_eq!((query.text("prefix"), query.text("none")), (Some("a&b c"), None));
        assert_eq!((query.limit(1, 3).unwrap(), query.number("limit").unwrap()), (3, Some(5)));
        assert!(query.flag("flag", false).unwrap() && query.flag("none", true).unwrap());
        assert!(Query::parse(Some("other=1"), &[LIMIT]).unwrap().0.is_empty());
        for wrong in ["limit=1&limit=2", "limit=%zz"] {
            assert_eq!(Query::parse(Some(wrong), &[LIMIT]).unwrap_err().reason, Reason::Malformed, "{wrong}");
        }
        let query = Query::parse(Some("limit=-1"), &[LIMIT]).unwrap();
        assert!(query.number("limit").is_err() && query.flag("limit", true).is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert!(!encoded.contains('/'));
            let decoded = decode(&encoded);
            prop_assert_eq!(decoded.as_deref(), Some(&*text));
        }
    }
}
