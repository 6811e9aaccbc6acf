//! The Rust that fills messages by chance, for tests.

use crate::{
    emit::{FIRST_LINE, snake},
    model::{Api, Struct},
    wire::condition,
};

/// How every structure is filled by chance, and the list of all messages.
pub(crate) fn filler(apis: &[Api]) -> String {
    let (mut body, mut list) = (String::new(), String::new());
    for api in apis {
        let module = snake(&api.name);
        for message in &api.messages {
            list += &format!("{module}::{},\n", message.name);
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
