//! The Rust that the generator writes.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    fill::filler,
    model::{Api, Field, Message, Range, Struct, Type},
    wire::wire,
};

pub(crate) const FIRST_LINE: &str =
    "// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.\n";

/// Every generated file: its path from the crate's folder, and its text.
pub(crate) fn files(apis: &[Api]) -> Vec<(String, String)> {
    let mut files = vec![
        ("src/messages/mod.rs".to_owned(), formatted(&index(apis))),
        ("tests/messages/filler.rs".to_owned(), formatted(&filler(apis))),
    ];
    for api in apis {
        files.push((format!("src/messages/{}.rs", snake(&api.name)), formatted(&api_file(api))));
    }
    files
}

fn formatted(text: &str) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt comes with the toolchain");
    rustfmt.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("rustfmt reads");
    let output = rustfmt.wait_with_output().expect("rustfmt ends");
    assert!(output.status.success(), "rustfmt refuses:\n{text}");
    String::from_utf8(output.stdout).expect("rustfmt writes UTF-8")
}

/// The list of files and the table of APIs.
fn index(apis: &[Api]) -> String {
    let mut modules = String::new();
    let (mut keys, mut codes, mut rows, mut known) = (String::new(), String::new(), String::new(), 0);
    for api in apis {
        modules += &format!("pub mod {};\n", snake(&api.name));
        let Some(key) = api.key else { continue };
        known += 1;
        let (name, request) = (&api.name, &api.messages[0]);
        let Range { min, max } = request.versions;
        let flexible = flexible_from(request);
        keys += &format!("/// `{name}`, versions {min} to {max}.\n{name} = {key},\n");
        codes += &format!("{key} => Some(ApiKey::{name}),\n");
        rows += &format!("Api {{ key: ApiKey::{name}, name: {name:?}, min: {min}, max: {max}, flexible_from: {flexible} }},\n");
    }
    format!(
        "{FIRST_LINE}
//! Kafka 4.3's messages between clients and brokers, one file an API.

#![allow(clippy::field_reassign_with_default, reason = \"a message is read into its defaults, which other versions keep\")]

use crate::api::Api;

{modules}
/// Which question a request asks (KIP-35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {{ {keys} }}

impl ApiKey {{
    /// The key that is written as `code`.
    pub const fn from_code(code: i16) -> Option<ApiKey> {{
        match code {{ {codes} _ => None }}
    }}
}}

/// Every API that there is a codec for, by key.
pub const APIS: [Api; {known}] = [{rows}];
"
    )
}

fn flexible_from(message: &Message) -> String {
    if message.flexible.is_empty() { "i16::MAX".to_owned() } else { message.flexible.min.to_string() }
}

fn api_file(api: &Api) -> String {
    let mut body = String::new();
    for message in &api.messages {
        for one in &message.structs {
            body += &definition(message, one);
            body += &wire(message, one);
        }
        body += &message_traits(api, message);
    }
    let cow = if body.contains("Cow<") { "use std::borrow::Cow;" } else { "" };
    let uuid = if body.contains("Uuid") { "Uuid," } else { "" };
    let key = if api.key.is_some() { "messages::ApiKey," } else { "" };
    let title = match api.key {
        Some(key) => format!("{} (key {key}).", api.name),
        None => "What stands before every request and response.".to_owned(),
    };
    format!(
        "{FIRST_LINE}
//! {title}

{cow}

use crate::{{{uuid} decoder::Decoder, encoder::Encoder, error::Result, {key} message::{{Message, Wire}}}};

{body}"
    )
}

fn definition(message: &Message, one: &Struct) -> String {
    let Range { min, max } = one.versions;
    let doc = if one.name == message.name {
        let flexible = match message.flexible {
            range if range.is_empty() => "never flexible".to_owned(),
            range => format!("flexible from {}", range.min),
        };
        format!("`{}`, versions {min} to {max}, {flexible}.", one.name)
    } else {
        format!("A part of [`{}`], versions {min} to {max}.", message.name)
    };
    let natural = one.fields.iter().all(|field| is_natural(&default_value(field)));
    let derived = if natural { ", Default" } else { "" };
    let mut text = format!("\n/// {doc}\n#[derive(Clone, Debug, PartialEq{derived})]\npub struct {} {{\n", type_name(one));
    for field in &one.fields {
        text += &format!("/// {}\npub {}: {},\n", field_doc(one, field), snake(&field.name), field_type(message, field));
    }
    text += "}\n";
    if !natural {
        let elided = if one.borrows { "<'_>" } else { "" };
        text += &format!("\nimpl Default for {}{elided} {{ fn default() -> Self {{ Self {{", one.name);
        for field in &one.fields {
            text += &format!("{}: {},", snake(&field.name), default_value(field));
        }
        text += "} } }\n";
    }
    text
}

fn field_doc(one: &Struct, field: &Field) -> String {
    let mut doc = format!("`{}`", field.type_text);
    let span = |range: Range| match (range.min == one.versions.min, range.max == one.versions.max) {
        (true, true) => String::new(),
        (false, true) => format!(" from version {}", range.min),
        (true, false) => format!(" until version {}", range.max),
        (false, false) => format!(" in versions {} to {}", range.min, range.max),
    };
    doc += &span(field.versions);
    if !field.nullable.is_empty() {
        doc += &format!("; null{}", if field.nullable == field.versions { " too".to_owned() } else { span(field.nullable) });
    }
    if let Some(default) = field.default.as_ref().filter(|default| !default.is_empty()) {
        doc += &format!("; default {default}");
    }
    if let Some(tag) = field.tag {
        doc += &format!("; tag {tag}");
    }
    if field.ignorable && field.versions != one.versions {
        doc += "; left out where there is no place for it";
    }
    doc + "."
}

pub(crate) fn type_name(one: &Struct) -> String {
    if one.borrows { format!("{}<'a>", one.name) } else { one.name.clone() }
}

fn base_type(message: &Message, kind: &Type) -> String {
    match kind {
        Type::Number(name) => (*name).to_owned(),
        Type::Uuid => "Uuid".to_owned(),
        Type::Text => "Cow<'a, str>".to_owned(),
        Type::Bytes => "Cow<'a, [u8]>".to_owned(),
        Type::Records => "&'a [u8]".to_owned(),
        Type::Struct(name) => type_name(message.structs.iter().find(|one| one.name == *name).expect("the structure is defined")),
        Type::Array(element) => format!("Vec<{}>", base_type(message, element)),
    }
}

fn field_type(message: &Message, field: &Field) -> String {
    let base = base_type(message, &field.kind);
    if field.nullable.is_empty() { base } else { format!("Option<{base}>") }
}

/// Kafka's default: what is written in the table, else zero and empty, which for what may be null is not null, except records.
pub(crate) fn default_value(field: &Field) -> String {
    let nullable = !field.nullable.is_empty();
    let value = match (&field.kind, field.default.as_deref()) {
        (_, Some("null")) => return "None".to_owned(),
        (Type::Records, None) if nullable => return "None".to_owned(),
        (Type::Number("bool"), default) => default.unwrap_or("false").to_owned(),
        (Type::Number("f64"), None) => "0.0".to_owned(),
        (Type::Number(_), default) => default.unwrap_or("0").to_owned(),
        (Type::Uuid, None) => "Uuid::ZERO".to_owned(),
        (Type::Text, default) => format!("Cow::Borrowed({:?})", default.unwrap_or_default()),
        (Type::Bytes, None) => "Cow::Borrowed(&[])".to_owned(),
        (Type::Records, None) => "&[]".to_owned(),
        (Type::Array(_), None) => "Vec::new()".to_owned(),
        (Type::Struct(name), None) => format!("{name}::default()"),
        (kind, default) => panic!("{}: {kind:?} with default {default:?}", field.name),
    };
    if nullable { format!("Some({value})") } else { value }
}

fn is_natural(value: &str) -> bool {
    let plain = ["0", "0.0", "false", "None", "Uuid::ZERO", "Cow::Borrowed(\"\")", "&[]", "Vec::new()"];
    plain.contains(&value) || (value.ends_with("::default()") && !value.starts_with("Some"))
}

fn message_traits(api: &Api, message: &Message) -> String {
    let key = if api.key.is_some() { format!("Some(ApiKey::{})", api.name) } else { "None".to_owned() };
    let key_type = if api.key.is_some() { "ApiKey" } else { "crate::messages::ApiKey" };
    let Range { min, max } = message.versions;
    format!(
        "
impl<'a> Message<'a> for {} {{
    const API: Option<{key_type}> = {key};
    const VERSIONS: std::ops::RangeInclusive<i16> = {min}..={max};
    const FLEXIBLE_FROM: i16 = {};
}}
",
        type_name(&message.structs[0]),
        flexible_from(message),
    )
}

/// `PartitionMaxBytes` as `partition_max_bytes`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = before.is_some_and(|before| !before.is_uppercase()) || after.is_some_and(|after| after.is_lowercase());
        if letter.is_uppercase() && at > 0 && begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    if ["match", "type"].contains(&out.as_str()) { format!("r#{out}") } else { out }
}
