//! A key on its way in or out, and the forms it travels in.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use config::ValueType;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{
    call::Call,
    entries::{self, Parsed, invalid},
    json,
    path::malformed,
    yaml,
};
use crate::{object, problem::Problem};

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) namespace: String,
    pub(crate) key: String,
    pub(crate) value_type: ValueType,
    pub(crate) value: Bytes,
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A key a line, as JSON.
    Lines,
    /// A mapping of namespaces to mappings of keys to values.
    Yaml,
    /// `NAME=value`, of one namespace.
    Env,
}

impl Format {
    pub(crate) const NAMES: &'static [&'static str] = &["jsonl", "yaml", "env"];

    /// By the parameter, or else by the content type that is said, or by the one that is accepted.
    pub(crate) fn of(call: &Call, media: Option<&str>) -> Result<Format, Problem> {
        match (call.query.text("format"), media) {
            (Some("jsonl"), _) => Ok(Format::Lines),
            (Some("yaml"), _) => Ok(Format::Yaml),
            (Some("env"), _) => Ok(Format::Env),
            (Some(_), _) => Err(malformed("format is jsonl, yaml or env")),
            (None, Some("application/yaml" | "application/x-yaml" | "text/yaml")) => Ok(Format::Yaml),
            (None, _) => Ok(Format::Lines),
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::Lines => "application/x-ndjson",
            Format::Yaml => "application/yaml",
            Format::Env => "text/plain; charset=utf-8",
        }
    }
}

/// A line. What an export or a list says beside is passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line<'a> {
    namespace: Option<String>,
    key: String,
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(rename = "type")]
    value_type: Option<String>,
    #[serde(rename = "version")]
    _version: Option<u64>,
    #[serde(rename = "position")]
    _position: Option<u64>,
    #[serde(rename = "updatedAt")]
    _updated_at: Option<String>,
    #[serde(rename = "updatedBy")]
    _updated_by: Option<String>,
}

/// Reads a line.
pub(crate) fn read_line(line: &Bytes, namespace: Option<&str>) -> Result<Item, Problem> {
    let given: Line<'_> = object::read(line)?;
    let missing = || invalid("say the key's namespace in its line, or the namespace of all of them as a parameter");
    let namespace = given.namespace.or_else(|| namespace.map(str::to_owned)).ok_or_else(missing)?;
    let Parsed { value, value_type } = entries::parse(given.value, given.value_type.as_deref(), line)?;
    Ok(Item { namespace, key: given.key, value_type, value })
}

/// Writes a line.
pub(crate) fn put_line(out: &mut Vec<u8>, item: &Item) {
    out.push(b'{');
    json::text(out, "namespace", &item.namespace);
    json::text(out, "key", &item.key);
    json::text(out, "type", item.value_type.name());
    json::value(out, "value", item.value_type, &item.value);
    out.extend_from_slice(b"}\n");
}

/// Writes a line of a namespace's mapping.
pub(crate) fn put_yaml(out: &mut Vec<u8>, item: &Item) {
    out.extend_from_slice(b"  ");
    yaml::put_text(out, &item.key);
    out.extend_from_slice(b": ");
    if item.value_type == ValueType::Json {
        out.extend_from_slice(b"!json ");
    }
    yaml::put_value(out, item.value_type, &item.value);
    out.push(b'\n');
}

/// Whether a shell takes this name of a variable.
pub(crate) fn is_name(key: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    key.bytes().enumerate().all(|(place, byte)| is_start(byte) || place > 0 && byte.is_ascii_digit()) && !key.is_empty()
}

/// Writes a variable, quoted as a shell reads it. A key that no variable can be called is a comment.
pub(crate) fn put_env(out: &mut Vec<u8>, item: &Item) {
    let text = std::str::from_utf8(&item.value).ok().filter(|text| !text.contains('\0'));
    let Some(text) = text.filter(|_| is_name(&item.key) && item.value_type != ValueType::Binary) else {
        out.extend_from_slice(format!("# {} cannot be a variable\n", item.key.escape_debug()).as_bytes());
        return;
    };
    out.extend_from_slice(item.key.as_bytes());
    out.extend_from_slice(b"=\"");
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' | b'\\' | b'$' | b'`' => out.extend_from_slice(&[b'\\', byte]),
            byte => out.push(byte),
        }
    }
    out.extend_from_slice(b"\"\n");
}

/// Reads variables, as files for containers and shells have them. All are strings.
pub(crate) fn read_env(text: &str, namespace: Option<&str>) -> Result<Vec<Item>, Problem> {
    let namespace = namespace.ok_or_else(|| invalid("variables have no namespaces: say one as a parameter"))?;
    let mut items = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| invalid(format!("line {} {what}", number + 1)).with("line", number + 1);
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=').ok_or_else(|| wrong("is not NAME=value"))?;
        let key = key.trim();
        if !is_name(key) {
            return Err(wrong("has a name that no variable can have"));
        }
        let value = unquoted(value.trim()).ok_or_else(|| wrong("has a quote without its end, or something behind it"))?;
        items.push(Item {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            value_type: ValueType::String,
            value: value.into(),
        });
    }
    Ok(items)
}

fn unquoted(text: &str) -> Option<String> {
    let Some(quote) = text.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else {
        // A comment begins behind a space.
        return Some(text.split(" #").next().unwrap_or_default().trim_end().to_owned());
    };
    let mut out = String::new();
    let mut rest = text[1..].chars();
    while let Some(c) = rest.next() {
        match c {
            _ if c == quote => {
                let behind = rest.as_str().trim_start();
                return (behind.is_empty() || behind.starts_with('#')).then_some(out);
            }
            '\\' if quote == '"' => match rest.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

/// A binary value of YAML.
pub(super) fn binary(text: &str) -> Option<Bytes> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(key: &str, value_type: ValueType, value: &[u8]) -> Item {
        Item { namespace: "a/b".to_owned(), key: key.to_owned(), value_type, value: Bytes::copy_from_slice(value) }
    }

    fn some() -> impl Strategy<Value = Item> {
        let key = "[a-z][a-z.\u{e4}\"' :#-]{0,8}";
        prop_oneof![
            (key, any::<String>()).prop_map(|(key, text)| item(&key, ValueType::String, text.as_bytes())),
            (key, any::<i32>()).prop_map(|(key, number)| item(&key, ValueType::Number, number.to_string().as_bytes())),
            (key, any::<bool>()).prop_map(|(key, is)| item(&key, ValueType::Boolean, is.to_string().as_bytes())),
            (key, any::<String>()).prop_map(|(key, text)| {
                item(&key, ValueType::Json, serde_json::json!({ "a": [text, 1.5, null] }).to_string().as_bytes())
            }),
            (key, any::<Vec<u8>>()).prop_map(|(key, bytes)| item(&key, ValueType::Binary, &bytes)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported(items in proptest::collection::vec(some(), 1..8)) {
            let mut seen = std::collections::HashSet::new();
            let items: Vec<Item> = items.into_iter().filter(|item| seen.insert(item.key.clone())).collect();
            let mut lines = Vec::new();
            items.iter().for_each(|item| put_line(&mut lines, item));
            let read: Vec<Item> = String::from_utf8(lines).expect("is text").lines()
                .map(|line| read_line(&Bytes::from(line.to_owned()), None).expect("is a line")).collect();
            prop_assert_eq!(&read, &items);
            let mut yaml = b"\"a/b\":\n".to_vec();
            items.iter().for_each(|item| put_yaml(&mut yaml, item));
            let text = String::from_utf8(yaml).expect("is text");
            let read = super::super::yaml::read(&text, None);
            prop_assert_eq!(read.map_err(|problem| (problem.detail, text)), Ok(items));
        }

        #[test]
        fn variables_come_back(value in "[^\0]*") {
            let value = value.replace('\r', " ");
            let one = item("NAME", ValueType::String, value.as_bytes());
            let mut out = Vec::new();
            put_env(&mut out, &one);
            let text = String::from_utf8(out).expect("is text");
            prop_assert_eq!(read_env(&text, Some("a/b")).map_err(|problem| problem.detail), Ok(vec![one]));
        }
    }

    #[test]
    fn variables_as_people_write_them() {
        let text = "# comment\nexport A=1\nB='x $y' # why\nC=\"a\\nb\"\nD=plain # why\n\nE=\n";
        let items = read_env(text, Some("n")).expect("are variables");
        let pairs: Vec<(&str, &[u8])> = items.iter().map(|item| (&*item.key, &*item.value)).collect();
        assert_eq!(pairs, [("A", &b"1"[..]), ("B", b"x $y"), ("C", b"a\nb"), ("D", b"plain"), ("E", b"")]);
        for wrong in ["A", "1A=b", "A.B=c", "A=\"b", "A='b'c"] {
            assert!(read_env(wrong, Some("n")).is_err(), "{wrong}");
        }
        assert!(read_env("A=1", None).is_err());
        let mut out = Vec::new();
        put_env(&mut out, &item("a.b", ValueType::String, b"x"));
        assert_eq!(out, b"# a.b cannot be a variable\n");
    }
}
