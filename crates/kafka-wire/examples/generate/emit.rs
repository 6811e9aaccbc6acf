//! The Rust that the generator writes.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::model::{Api, Field, Message, Range, Struct, Type};

const FIRST_LINE: &str = "// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.\n";

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
        writeln!(modules, "pub mod {};", snake(&api.name)).unwrap();
        let Some(key) = api.key else { continue };
        known += 1;
        let (name, request) = (&api.name, &api.messages[0]);
        let Range { min, max } = request.versions;
        let flexible = flexible_from(request);
        writeln!(keys, "/// `{name}`, versions {min} to {max}.\n{name} = {key},").unwrap();
        writeln!(codes, "{key} => Some(ApiKey::{name}),").unwrap();
        writeln!(rows, "Api {{ key: ApiKey::{name}, name: {name:?}, min: {min}, max: {max}, flexible_from: {flexible} }},")
            .unwrap();
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
        writeln!(text, "/// {}\npub {}: {},", field_doc(one, field), snake(&field.name), field_type(message, field)).unwrap();
    }
    text += "}\n";
    if !natural {
        let elided = if one.borrows { "<'_>" } else { "" };
        write!(text, "\nimpl Default for {}{elided} {{ fn default() -> Self {{ Self {{", one.name).unwrap();
        for field in &one.fields {
            write!(text, "{}: {},", snake(&field.name), default_value(field)).unwrap();
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
        write!(doc, "; null{}", if field.nullable == field.versions { " too".to_owned() } else { span(field.nullable) }).unwrap();
    }
    if let Some(default) = field.default.as_ref().filter(|default| !default.is_empty()) {
        write!(doc, "; default {default}").unwrap();
    }
    if let Some(tag) = field.tag {
        write!(doc, "; tag {tag}").unwrap();
    }
    if field.ignorable && field.versions != one.versions {
        doc += "; left out where there is no place for it";
    }
    doc + "."
}

fn type_name(one: &Struct) -> String {
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
fn default_value(field: &Field) -> String {
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

/// Whether a field has its default value.
fn is_default(field: &Field) -> String {
    let (name, value) = (format!("self.{}", snake(&field.name)), default_value(field));
    match (&field.kind, value.as_str()) {
        (_, "None") => format!("{name}.is_none()"),
        (Type::Number("bool"), "false") => format!("!{name}"),
        (Type::Number("bool"), _) => name,
        (_, value) if value.starts_with("Some(") => match &field.kind {
            Type::Text | Type::Bytes | Type::Array(_) => format!("{name}.as_deref().is_some_and(|value| value.is_empty())"),
            kind => panic!("{}: {kind:?} may be null and is not by default", field.name),
        },
        (Type::Text | Type::Bytes | Type::Records | Type::Array(_), _) => format!("{name}.is_empty()"),
        (_, value) => format!("{name} == {value}"),
    }
}

/// Whether a field has another value.
fn is_set(field: &Field) -> String {
    let default = is_default(field);
    match default.strip_prefix('!') {
        Some(set) => set.to_owned(),
        None if default.contains(" == ") => default.replace(" == ", " != "),
        None if default.ends_with("is_none()") => default.replace("is_none()", "is_some()"),
        None => format!("!{default}"),
    }
}

/// A condition on the version that tells `range` within `outer`, if there is one to tell.
fn condition(range: Range, outer: Range) -> Option<String> {
    match (range.min <= outer.min, range.max >= outer.max) {
        (true, true) => None,
        _ if range.min == range.max => Some(format!("version == {}", range.min)),
        (false, true) => Some(format!("version >= {}", range.min)),
        (true, false) => Some(format!("version <= {}", range.max)),
        (false, false) => Some(format!("({}..={}).contains(&version)", range.min, range.max)),
    }
}

fn method(field: &Field) -> &'static str {
    match &field.kind {
        Type::Number(name) => name,
        Type::Uuid => "uuid",
        Type::Text if field.classic => "classic_string",
        Type::Text => "string",
        Type::Bytes => "bytes",
        Type::Records => "records",
        Type::Array(_) => "array",
        Type::Struct(_) => "",
    }
}

/// The expression that reads a field's value.
fn read_value(field: &Field) -> String {
    let method = method(field);
    let (plain, nullable) = match &field.kind {
        Type::Struct(name) => (format!("{name}::read(from)?"), "from.or_null()?".to_owned()),
        _ => (format!("from.{method}()?"), format!("from.{method}_or_null()?")),
    };
    match condition(field.nullable, field.versions) {
        _ if field.nullable.is_empty() => plain,
        None => nullable,
        Some(when) => format!("if {when} {{ {nullable} }} else {{ Some({plain}) }}"),
    }
}

/// The statement that writes a field's value.
fn write_value(field: &Field) -> String {
    let (method, name) = (method(field), format!("self.{}", snake(&field.name)));
    if field.nullable.is_empty() {
        return match &field.kind {
            Type::Number(_) | Type::Uuid => format!("to.{method}({name});"),
            Type::Struct(_) => format!("{name}.write(to)?;"),
            Type::Records => format!("to.bytes({name})?;"),
            _ => format!("to.{method}(&{name})?;"),
        };
    }
    let nullable = match &field.kind {
        Type::Struct(_) => format!("to.or_null({name}.as_ref())?;"),
        Type::Records => format!("to.bytes_or_null({name})?;"),
        _ => format!("to.{method}_or_null({name}.as_deref())?;"),
    };
    match condition(field.nullable, field.versions) {
        None => nullable,
        Some(when) => format!("if {when} {{ {nullable} }} else {{ to.{method}_not_null({name}.as_deref())?; }}"),
    }
}

/// How a structure is read and written.
fn wire(message: &Message, one: &Struct) -> String {
    let (read, write) = (read_body(one), write_body(message, one));
    let asks = |body: &str| ["if version", "(&version)"].iter().any(|question| body.contains(question));
    let version = |body: &str, from: &str| match asks(body) {
        true => format!("let version = {from}.version();"),
        false => String::new(),
    };
    format!(
        "
impl<'a> Wire<'a> for {} {{
    const BYTES_MIN: usize = {};

    fn read(from: &mut Decoder<'a>) -> Result<Self> {{ {} {read} }}

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {{ {} {write} Ok(()) }}
}}
",
        type_name(one),
        bytes_min(message, one),
        version(&read, "from"),
        version(&write, "to"),
    )
}

fn read_body(one: &Struct) -> String {
    let plain = one.fields.iter().filter(|field| field.tag.is_none());
    let reads = plain.map(|field| {
        let read = format!("out.{} = {};", snake(&field.name), read_value(field));
        (condition(field.versions, one.versions), read, String::new())
    });
    let mut text = format!("let mut out = Self::default(); {}", statements(reads));
    let tagged = tagged(one);
    if tagged.is_empty() {
        return text + "from.skip_tags()?; Ok(out)";
    }
    text += "let mut tags = from.tags()?; while let Some(tag) = from.tag(&mut tags)? { match tag {";
    for field in tagged {
        let guard = condition(field.versions, one.versions).map_or(String::new(), |when| format!("if {when}"));
        let tag = field.tag.unwrap_or_default();
        write!(text, "{tag} {guard} => out.{} = {},", snake(&field.name), read_value(field)).unwrap();
    }
    text + "_ => from.skip_tag(), } from.end_tag(&tags)?; } Ok(out)"
}

/// Statements under their conditions, neighbours with one condition together, with what is done in other versions.
fn statements(parts: impl Iterator<Item = (Option<String>, String, String)>) -> String {
    let mut groups: Vec<(Option<String>, String, String)> = Vec::new();
    for (when, then, other) in parts {
        match groups.last_mut().filter(|group| group.0 == when) {
            Some(group) => {
                group.1 += &then;
                group.2 += &other;
            }
            None => groups.push((when, then, other)),
        }
    }
    let text = groups.into_iter().map(|(when, then, other)| match when {
        None => then,
        Some(when) if other.is_empty() => format!("if {when} {{ {then} }}"),
        Some(when) => format!("if {when} {{ {then} }} else {{ {other} }}"),
    });
    text.collect()
}

fn tagged(one: &Struct) -> Vec<&Field> {
    let mut tagged: Vec<&Field> = one.fields.iter().filter(|field| field.tag.is_some()).collect();
    tagged.sort_by_key(|field| field.tag);
    tagged
}

fn write_body(message: &Message, one: &Struct) -> String {
    let plain = one.fields.iter().filter(|field| field.tag.is_none());
    let text = statements(plain.map(|field| {
        let other = if field.ignorable { String::new() } else { format!("to.absent({})?;", is_default(field)) };
        (condition(field.versions, one.versions), write_value(field), other)
    }));
    let tagged = tagged(one);
    if tagged.is_empty() {
        return text + "to.no_tags();";
    }
    let mut inside = String::new();
    for field in &tagged {
        let tag = field.tag.unwrap_or_default();
        let write = write_value(field);
        let write = format!("let at = to.tag(&tags, {tag}); {write} to.end_tag(at)?;");
        let set = is_set(field);
        match condition(field.versions, Range { min: message.flexible.min, ..one.versions }.and(one.versions)) {
            None => write!(inside, "if {set} {{ {write} }}").unwrap(),
            Some(when) if field.ignorable => write!(inside, "if {when} && {set} {{ {write} }}").unwrap(),
            Some(when) => {
                write!(inside, "if {when} {{ if {set} {{ {write} }} }} else {{ to.absent({})?; }}", is_default(field)).unwrap();
            }
        }
    }
    let strict: Vec<String> = tagged.iter().filter(|field| !field.ignorable).map(|field| is_default(field)).collect();
    let other = match strict.is_empty() || one.versions.min >= message.flexible.min {
        true => String::new(),
        false => format!("else {{ to.absent({})?; }}", strict.join(" && ")),
    };
    format!("{text} if to.flexible() {{ let tags = to.tags(); {inside} }} {other}")
}

/// The fewest bytes of a structure in any of its versions.
fn bytes_min(message: &Message, one: &Struct) -> usize {
    let Range { min, max } = one.versions;
    let fewest = (min..=max).map(|version| bytes_at(message, one, version)).min().expect("it has a version");
    // A whole message may be empty; what an array counts may not.
    assert!(fewest > 0 || one.name == message.name, "{} may take no bytes", one.name);
    fewest
}

fn bytes_at(message: &Message, one: &Struct, version: i16) -> usize {
    let flexible = message.flexible.has(version);
    let fields = one.fields.iter().filter(|field| field.tag.is_none() && field.versions.has(version));
    let bytes = |field: &Field| match &field.kind {
        Type::Number("bool" | "i8") => 1,
        Type::Number("i16" | "u16") => 2,
        Type::Number("i32") => 4,
        Type::Number(_) => 8,
        Type::Uuid => 16,
        Type::Text if field.classic || !flexible => 2,
        Type::Struct(_) if field.nullable.has(version) => 1,
        Type::Struct(name) => {
            let inner = message.structs.iter().find(|one| one.name == *name).expect("the structure is defined");
            bytes_at(message, inner, version)
        }
        _ if flexible => 1,
        _ => 4,
    };
    fields.map(bytes).sum::<usize>() + usize::from(flexible)
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

/// For tests: how every structure is filled by chance, and the list of all messages.
fn filler(apis: &[Api]) -> String {
    let (mut body, mut list) = (String::new(), String::new());
    for api in apis {
        let module = snake(&api.name);
        for message in &api.messages {
            writeln!(list, "{module}::{},", message.name).unwrap();
            for one in &message.structs {
                body += &fill(&module, one);
            }
        }
    }
    format!(
        "{FIRST_LINE}
//! Fills every message by chance, with what its version has.

#![allow(clippy::field_reassign_with_default, reason = \"what a version does not have keeps its default\")]

use kafka_wire::messages::*;

use crate::chance::{{Chance, Fill}};

macro_rules! every_message {{ ($run:ident) => {{ $run!({list}) }} }}
pub(crate) use every_message;

{body}"
    )
}

fn fill(module: &str, one: &Struct) -> String {
    let lifetime = if one.borrows { "<'static>" } else { "" };
    let mut text = String::new();
    for field in &one.fields {
        let name = snake(&field.name);
        let mut set = match condition(field.nullable, field.versions) {
            Some(when) if !field.nullable.is_empty() => {
                format!("out.{name} = if {when} {{ Fill::fill(chance, version) }} else {{ Some(Fill::fill(chance, version)) }};")
            }
            _ => format!("out.{name} = Fill::fill(chance, version);"),
        };
        if let Some(when) = condition(field.versions, one.versions) {
            set = format!("if {when} {{ {set} }}");
        }
        text += &set;
    }
    format!(
        "
impl Fill for {module}::{}{lifetime} {{
    fn fill(chance: &mut Chance, version: i16) -> Self {{ let mut out = Self::default(); {text} out }}
}}
",
        one.name
    )
}

/// `PartitionMaxBytes` as `partition_max_bytes`.
fn snake(name: &str) -> String {
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
