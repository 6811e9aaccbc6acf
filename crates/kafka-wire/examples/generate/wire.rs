//! The Rust that reads and writes one structure.

use crate::{
    emit::{default_value, snake, type_name},
    model::{Field, Message, Range, Struct, Type},
};

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
pub(crate) fn condition(range: Range, outer: Range) -> Option<String> {
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
pub(crate) fn wire(message: &Message, one: &Struct) -> String {
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
        text += &format!("{tag} {guard} => out.{} = {},", snake(&field.name), read_value(field));
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
            None => inside += &format!("if {set} {{ {write} }}"),
            Some(when) if field.ignorable => inside += &format!("if {when} && {set} {{ {write} }}"),
            Some(when) => {
                inside += &format!("if {when} {{ if {set} {{ {write} }} }} else {{ to.absent({})?; }}", is_default(field));
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
