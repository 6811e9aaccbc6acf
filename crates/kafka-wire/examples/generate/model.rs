//! Kafka's field tables, read into what the generator writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What Kafka 4.3 brokers advertise to clients, in order of their keys. Left out are the keys between brokers, controllers and
/// coordinators of share groups (64, 80, 81, 83 to 87) and telemetry (71, 72), which needs a plugin. Key 27 is also an
/// operator's, who aborts a transaction with it.
const KEYS: &[i64] = &[
    0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
    37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 55, 57, 60, 61, 65, 66, 68, 69, 74, 75, 76, 77, 78, 79, 88, 89,
    90, 91, 92,
];

/// Versions from the first to the last; none if the first is above the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Range {
    pub(crate) const NONE: Range = Range { min: 0, max: -1 };

    fn parse(text: &str) -> Range {
        let number = |text: &str| text.parse().expect("a version");
        match text.split_once('-') {
            _ if text == "none" => Range::NONE,
            Some((min, max)) => Range { min: number(min), max: number(max) },
            None => match text.strip_suffix('+') {
                Some(min) => Range { min: number(min), max: i16::MAX },
                None => Range { min: number(text), max: number(text) },
            },
        }
    }

    pub(crate) fn and(self, other: Range) -> Range {
        let both = Range { min: self.min.max(other.min), max: self.max.min(other.max) };
        if both.is_empty() { Range::NONE } else { both }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.min > self.max
    }

    pub(crate) fn has(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// A number, by its name in Rust and in the codec.
    Number(&'static str),
    Uuid,
    Text,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Type>),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) type_text: String,
    /// Within those of its structure.
    pub(crate) versions: Range,
    pub(crate) nullable: Range,
    pub(crate) default: Option<String>,
    pub(crate) ignorable: bool,
    pub(crate) tag: Option<u32>,
    /// Its length has two bytes in flexible versions too.
    pub(crate) classic: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) versions: Range,
    pub(crate) fields: Vec<Field>,
    /// Whether it borrows from the bytes.
    pub(crate) borrows: bool,
}

/// A request, a response or a header with its structures, itself first.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) versions: Range,
    pub(crate) flexible: Range,
    pub(crate) structs: Vec<Struct>,
}

/// The messages of one key; no key for the headers.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) key: Option<i64>,
    pub(crate) name: String,
    pub(crate) messages: Vec<Message>,
}

/// All APIs by key, the headers first.
pub(crate) fn apis(table: &str) -> Vec<Api> {
    let table: Value = serde_json::from_str(table).expect("the table is JSON");
    let mut apis = BTreeMap::new();
    for message in table.as_array().expect("the table is an array") {
        let key = message["apiKey"].as_i64();
        let wanted = match key {
            Some(key) => KEYS.contains(&key),
            None => message["type"] == "header",
        };
        if wanted {
            let api = apis.entry(key).or_insert_with(|| Api { key, name: String::new(), messages: Vec::new() });
            api.messages.push(read_message(message));
        }
    }
    let mut apis: Vec<Api> = apis.into_values().collect();
    for api in &mut apis {
        api.messages.sort_by(|a, b| a.name.cmp(&b.name));
        api.name = match api.key {
            Some(_) => api.messages[0].name.trim_end_matches("Request").to_owned(),
            None => "Header".to_owned(),
        };
        tell_apart(&mut api.messages);
    }
    apis
}

fn read_message(message: &Value) -> Message {
    let text = |key: &str| message[key].as_str().unwrap_or_default();
    let name = text("name").to_owned();
    let mut versions = Range::parse(text("validVersions"));
    if message["latestVersionUnstable"] == true {
        versions.max -= 1;
    }
    let mut structs = Vec::new();
    read_struct(&name, &message["fields"], versions, &mut structs);
    for common in message["commonStructs"].as_array().into_iter().flatten() {
        let range = Range::parse(common["versions"].as_str().unwrap_or_default()).and(versions);
        read_struct(common["name"].as_str().unwrap_or_default(), &common["fields"], range, &mut structs);
    }
    mark_borrowing(&mut structs);
    Message { name, versions, flexible: Range::parse(text("flexibleVersions")).and(versions), structs }
}

fn read_struct(name: &str, fields: &Value, versions: Range, structs: &mut Vec<Struct>) {
    let at = structs.len();
    structs.push(Struct { name: name.to_owned(), versions, fields: Vec::new(), borrows: false });
    for value in fields.as_array().into_iter().flatten() {
        let field = read_field(value, versions);
        if field.versions.is_empty() {
            continue;
        }
        if value["fields"].is_array() {
            read_struct(field.type_text.trim_start_matches("[]"), &value["fields"], field.versions, structs);
        }
        structs[at].fields.push(field);
    }
}

fn read_field(value: &Value, within: Range) -> Field {
    let range = |key: &str| value[key].as_str().map_or(Range::NONE, Range::parse);
    let type_text = value["type"].as_str().unwrap_or_default().to_owned();
    let versions = range("versions").and(within);
    let tag = value["tag"].as_u64().map(|tag| tag as u32);
    assert!(tag.is_none() || range("taggedVersions").and(within) == versions, "{value}: a tag for some versions only");
    Field {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        kind: read_type(&type_text),
        type_text,
        versions,
        nullable: range("nullableVersions").and(versions),
        default: match &value["default"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        },
        // "ignorable" is a boolean, or the text of one.
        ignorable: value["ignorable"] == true || value["ignorable"] == "true",
        tag,
        classic: value["flexibleVersions"] == "none",
    }
}

fn read_type(text: &str) -> Type {
    match text {
        "bool" => Type::Number("bool"),
        "int8" => Type::Number("i8"),
        "int16" => Type::Number("i16"),
        "uint16" => Type::Number("u16"),
        "int32" => Type::Number("i32"),
        "int64" => Type::Number("i64"),
        "float64" => Type::Number("f64"),
        "uuid" => Type::Uuid,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        other => match other.strip_prefix("[]") {
            Some(element) => Type::Array(Box::new(read_type(element))),
            None => Type::Struct(other.to_owned()),
        },
    }
}

/// A structure borrows if one of its fields does.
fn mark_borrowing(structs: &mut [Struct]) {
    fn borrows(kind: &Type, known: &BTreeSet<String>) -> bool {
        match kind {
            Type::Text | Type::Bytes | Type::Records => true,
            Type::Struct(name) => known.contains(name),
            Type::Array(element) => borrows(element, known),
            Type::Number(_) | Type::Uuid => false,
        }
    }
    let mut known = BTreeSet::new();
    loop {
        let before = known.len();
        for one in structs.iter_mut() {
            one.borrows = one.fields.iter().any(|field| borrows(&field.kind, &known));
            if one.borrows {
                known.insert(one.name.clone());
            }
        }
        if known.len() == before {
            return;
        }
    }
}

/// Structures of a request and its response that have one name get the direction before it.
fn tell_apart(messages: &mut [Message]) {
    let names = |message: &Message| message.structs.iter().map(|one| one.name.clone()).collect::<BTreeSet<_>>();
    let Some((first, second)) = messages.first().zip(messages.get(1)) else { return };
    let twice: BTreeSet<String> = names(first).intersection(&names(second)).cloned().collect();
    for message in messages {
        let direction = if message.name.ends_with("Request") { "Request" } else { "Response" };
        let rename = |name: &mut String| {
            if twice.contains(name) {
                *name = format!("{direction}{name}");
            }
        };
        for one in &mut message.structs {
            rename(&mut one.name);
            for field in &mut one.fields {
                match &mut field.kind {
                    Type::Struct(name) => rename(name),
                    Type::Array(element) => {
                        if let Type::Struct(name) = &mut **element {
                            rename(name);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
