//! `ctl config`.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use serde_json::{Value, json};

use super::{
    answer,
    arguments::{Change, ConfigCommand, Key},
    ask::{Ask, key_of, keys_of},
    edit, items, print, text, transfer,
};
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

pub(crate) fn run(data_dir: &Path, json: bool, command: ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::List { namespace, prefix } => {
            let ask = Ask::new(data_dir, "GET", keys_of(&namespace)).with("prefix", Some(prefix)).with("values", Some("0"));
            answer(json, &ask.tell()?.json()?, list)
        }
        ConfigCommand::Get { key, at } => {
            let accept = if json { "application/json" } else { "application/octet-stream" };
            let ask = Ask::new(data_dir, "GET", key_of(&key.namespace, &key.key)).with("at", at);
            let told = ask.header("accept", Some(accept)).tell()?;
            if json {
                return answer(json, &told.json()?, |_| String::new());
            }
            print(&told.body)?;
            // A prompt begins on a line of its own.
            if rustix::termios::isatty(io::stdout()) && !told.body.ends_with(b"\n") { print(b"\n") } else { Ok(()) }
        }
        ConfigCommand::Set { key, value, file, value_type, change } => {
            let value = match (value, file) {
                (Some(value), _) => value.into_bytes(),
                (None, Some(file)) => {
                    fs::read(&file).map_err(|error| Failure::new(Code::Failed, format!("{}: {error}", file.display())))?
                }
                (None, None) => stdin()?,
            };
            let written = put(data_dir, &key, value, &value_type, &change)?;
            answer(json, &written, |written| {
                format!("{} in {} is at version {} now.\n", key.key, key.namespace, text(written, "version"))
            })
        }
        ConfigCommand::Delete { key, change } => {
            changing(Ask::new(data_dir, "DELETE", key_of(&key.namespace, &key.key)), &change).tell()?;
            let gone = json!({ "namespace": key.namespace, "deleted": key.key });
            answer(json, &gone, |_| format!("{} in {} is gone; its versions stay.\n", key.key, key.namespace))
        }
        ConfigCommand::Edit { key, comment } => edit::edit(data_dir, json, &key, comment),
        ConfigCommand::Diff { key, from, to } => {
            let number = |number: Option<u64>| number.map(|number| number.to_string());
            let path = format!("{}/diff", key_of(&key.namespace, &key.key));
            let ask = Ask::new(data_dir, "GET", path).with("from", number(from)).with("to", number(to));
            answer(json, &ask.tell()?.json()?, |told| told["unified"].as_str().map_or_else(binary, str::to_owned))
        }
        ConfigCommand::Log { key, limit } => {
            let path = format!("{}/versions", key_of(&key.namespace, &key.key));
            answer(json, &Ask::new(data_dir, "GET", path).with("limit", Some(limit.to_string())).tell()?.json()?, log)
        }
        ConfigCommand::Rollback { key, version, change } => {
            let path = format!("{}/rollback", key_of(&key.namespace, &key.key));
            let body = json!({ "toVersion": version, "comment": change.comment });
            let told = changing(Ask::new(data_dir, "POST", path), &change).body(body.to_string()).tell()?;
            answer(json, &told.json()?, |written| {
                let now = text(written, "version");
                format!("{} in {} is at version {now} now, with the value of version {version}.\n", key.key, key.namespace)
            })
        }
        ConfigCommand::Watch { namespace, key, prefix, since } => {
            let since = since.map(|since| since.to_string());
            let ask = Ask::new(data_dir, "GET", "/api/v1/watch");
            let ask = ask.with("namespace", namespace).with("key", key).with("prefix", prefix).with("since", since);
            transfer::watch(ask, json)
        }
        ConfigCommand::Import { file, format, namespace, mode, dry_run, comment } => {
            let asked = transfer::Import { file, format, namespace, mode, dry_run, comment };
            transfer::import(data_dir, json, asked)
        }
        ConfigCommand::Export { file, format, namespace } => transfer::export(data_dir, file.as_deref(), format, namespace),
    }
}

fn binary() -> String {
    "one of both is no text: read both with \"manifold ctl config get --at\"\n".to_owned()
}

fn stdin() -> Outcome<Vec<u8>> {
    let mut value = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut value);
    read.map_err(|error| Failure::new(Code::Failed, format!("stdin cannot be read: {error}")))?;
    Ok(value)
}

fn changing<'a>(ask: Ask<'a>, change: &Change) -> Ask<'a> {
    ask.header("if-match", change.if_match.map(|position| format!("\"{position}\""))).with("comment", change.comment.as_deref())
}

pub(super) fn put(data_dir: &Path, key: &Key, value: Vec<u8>, value_type: &str, change: &Change) -> Outcome<Value> {
    let ask = Ask::new(data_dir, "PUT", key_of(&key.namespace, &key.key)).with("type", Some(value_type));
    let ask = changing(ask, change).header("content-type", Some("application/octet-stream")).body(value);
    ask.header("prefer", Some("return=minimal")).tell()?.json()
}

fn list(keys: &Value) -> String {
    let row = |one: &Value| ["key", "type", "version", "bytes", "updatedAt"].map(|name| text(one, name));
    table(["KEY", "TYPE", "VERSION", "BYTES", "UPDATED"], &items(keys).iter().map(row).collect::<Vec<_>>())
}

fn log(versions: &Value) -> String {
    let row = |one: &Value| {
        let [version, updated, by, bytes] = ["version", "updatedAt", "updatedBy", "bytes"].map(|name| text(one, name));
        let what = match (&one["deleted"], &one["restored"]) {
            (Value::Bool(true), _) => "deleted".to_owned(),
            (_, Value::Number(version)) => format!("version {version} again"),
            _ => text(one, "type"),
        };
        [version, updated, by, bytes, what, text(one, "comment")]
    };
    table(["VERSION", "WHEN", "WHO", "BYTES", "WHAT", "COMMENT"], &items(versions).iter().map(row).collect::<Vec<_>>())
}
