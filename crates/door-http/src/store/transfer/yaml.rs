//! Reading YAML: a mapping of namespaces to mappings of keys, or of keys alone. Anchors are not read, so nothing grows.

use bytes::Bytes;
use config::ValueType;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use super::{
    super::{entries::invalid, json::DEPTH_MAX},
    item::{Item, binary},
};
use crate::problem::Problem;

/// A value as YAML has it.
enum Node {
    Scalar { text: String, is_plain: bool, tag: Option<String> },
    Mapping(Vec<(String, Node)>),
    Sequence(Vec<Node>),
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    line: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> Problem {
        invalid(format!("the YAML {what}, at line {}", self.line)).with("line", self.line)
    }

    fn next(&mut self) -> Result<Event<'a>, Problem> {
        match self.events.next() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => {
                let line = error.marker().line();
                Err(invalid(format!("the YAML is not as it should be: {error}")).with("line", line))
            }
            None => Err(self.wrong("ends too early")),
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH_MAX {
            return Err(self.wrong(&format!("is deeper than {DEPTH_MAX}")));
        }
        match event {
            Event::Scalar(text, style, 0, tag) => Ok(Node::Scalar {
                text: text.into_owned(),
                is_plain: style == ScalarStyle::Plain,
                tag: tag.as_ref().map(|tag| tag.suffix.clone()),
            }),
            Event::SequenceStart(0, None) => {
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Ok(Node::Sequence(nodes)),
                        event => nodes.push(self.node(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(0, None) => {
                let mut pairs = Vec::new();
                loop {
                    match self.next()? {
                        Event::MappingEnd => return Ok(Node::Mapping(pairs)),
                        Event::Scalar(key, _, 0, _) => {
                            let event = self.next()?;
                            pairs.push((key.into_owned(), self.node(event, depth + 1)?));
                        }
                        _ => return Err(self.wrong("has a key that is no text")),
                    }
                }
            }
            Event::Alias(_) | Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                Err(self.wrong("has an anchor, an alias or a tag where none is read"))
            }
            _ => Err(self.wrong("is something else than one document")),
        }
    }
}

/// Reads a document.
pub(crate) fn read(text: &str, namespace: Option<&str>) -> Result<Vec<Item>, Problem> {
    let mut reader = Reader { events: Parser::new_from_str(text), line: 0 };
    let root = loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd => return Ok(Vec::new()),
            event => break reader.node(event, 0)?,
        }
    };
    if !matches!((reader.next()?, reader.next()?), (Event::DocumentEnd, Event::StreamEnd)) {
        return Err(reader.wrong("has more than one document"));
    }
    let shape =
        || invalid("the YAML is a mapping of namespaces to mappings of keys, or of keys where the namespace is a parameter");
    let Node::Mapping(pairs) = root else { return Err(shape()) };
    if let Some(namespace) = namespace {
        return pairs.into_iter().map(|(key, node)| item(namespace, key, node)).collect();
    }
    let mut items = Vec::new();
    for (namespace, node) in pairs {
        match node {
            Node::Mapping(pairs) => {
                for (key, node) in pairs {
                    items.push(item(&namespace, key, node)?);
                }
            }
            // A namespace without keys.
            Node::Scalar { text, is_plain: true, .. } if text.is_empty() || text == "~" => {}
            _ => return Err(shape()),
        }
    }
    Ok(items)
}

fn item(namespace: &str, key: String, node: Node) -> Result<Item, Problem> {
    let wrong = |what: &str| invalid(format!("the key {} in {namespace} {what}", key.escape_debug()));
    let (value_type, value) = match node {
        Node::Scalar { text, tag: Some(tag), .. } if tag == "binary" => {
            (ValueType::Binary, binary(&text).ok_or_else(|| wrong("is no Base64"))?)
        }
        Node::Scalar { text, tag: Some(tag), .. } if tag == "json" => (ValueType::Json, Bytes::from(text)),
        Node::Scalar { text, is_plain: true, tag: None } => plain(text).ok_or_else(|| wrong("is null: leave it out"))?,
        Node::Scalar { text, tag, .. } if tag.as_deref().is_none_or(|tag| tag == "str") => (ValueType::String, Bytes::from(text)),
        Node::Scalar { tag, .. } => return Err(wrong(&format!("has the tag {}, which is not read", tag.unwrap_or_default()))),
        node => (ValueType::Json, Bytes::from(value(node).to_string())),
    };
    super::super::entries::check(value_type, &value)?;
    Ok(Item { namespace: namespace.to_owned(), key, value_type, value })
}

/// A scalar without quotes is what it looks like (YAML 1.2, section 10.2). `None`: null.
fn plain(text: String) -> Option<(ValueType, Bytes)> {
    let value_type = match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "true" | "false" => ValueType::Boolean,
        text if ValueType::Number.check(text.as_bytes()).is_ok() => ValueType::Number,
        _ => ValueType::String,
    };
    Some((value_type, Bytes::from(text)))
}

fn value(node: Node) -> Value {
    match node {
        Node::Sequence(nodes) => Value::Array(nodes.into_iter().map(value).collect()),
        Node::Mapping(pairs) => Value::Object(pairs.into_iter().map(|(key, node)| (key, value(node))).collect::<Map<_, _>>()),
        Node::Scalar { text, is_plain: true, tag: None } => match plain(text) {
            None => Value::Null,
            Some((ValueType::Boolean, text)) => Value::Bool(*text == *b"true"),
            Some((ValueType::Number, text)) => number(&text),
            Some((_, text)) => Value::String(String::from_utf8_lossy(&text).into_owned()),
        },
        Node::Scalar { text, .. } => Value::String(text),
    }
}

fn number(text: &[u8]) -> Value {
    serde_json::from_slice::<Number>(text)
        .map_or_else(|_| Value::String(String::from_utf8_lossy(text).into_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String, ValueType, String)> {
        let items = read(text, None).unwrap_or_else(|problem| panic!("{}: {text}", problem.detail));
        let shown = |item: Item| (item.namespace, item.key, item.value_type, String::from_utf8_lossy(&item.value).into_owned());
        items.into_iter().map(shown).collect()
    }

    #[test]
    fn documents_as_people_write_them() {
        let text = "# all of it\nteams/a:\n  name: plain words\n  quoted: \"5\"\n  port: 8080\n  on: true\n  list: [1, \"2\", {a: null}]\n\
                    other:\n  long: |\n    two\n    lines\nempty:\n";
        let one = |namespace: &str, key: &str, value_type, value: &str| {
            (namespace.to_owned(), key.to_owned(), value_type, value.to_owned())
        };
        let expected = [
            one("teams/a", "name", ValueType::String, "plain words"),
            one("teams/a", "quoted", ValueType::String, "5"),
            one("teams/a", "port", ValueType::Number, "8080"),
            one("teams/a", "on", ValueType::Boolean, "true"),
            one("teams/a", "list", ValueType::Json, "[1,\"2\",{\"a\":null}]"),
            one("other", "long", ValueType::String, "two\nlines\n"),
        ];
        assert_eq!(shown(text), expected);
        assert_eq!(shown(""), []);
    }

    #[test]
    fn what_could_grow_or_mean_two_things_is_refused() {
        let deep = format!("a:\n  b: {}1{}", "[".repeat(1_000), "]".repeat(1_000));
        for text in [
            "a:\n  b: &x 1\n  c: *x\n",
            "a: &a [x]\nb: *a\n",
            "- a\n",
            "a: 1\n",
            "a:\n  b: null\n",
            "a:\n  b: !colour red\n",
            "a:\n  b: !binary \"*\"\n",
            "a:\n  b: !json \"{\"\n",
            "a: {b: 1}\n---\nc: {d: 1}\n",
            "a: [\n",
            &deep,
        ] {
            assert!(read(text, None).is_err(), "{}", &text[..text.len().min(40)]);
        }
    }
}
