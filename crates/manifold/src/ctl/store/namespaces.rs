//! `ctl ns`.

use std::{
    io::{self, BufRead, Write},
    path::Path,
};

use serde_json::{Map, Value, json};

use super::{
    answer,
    arguments::NamespaceCommand,
    ask::{Ask, encoded},
    items, print, text,
};
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

fn path_of(path: &str) -> String {
    format!("/api/v1/namespaces/{}", encoded(path))
}

pub(crate) fn run(data_dir: &Path, json: bool, command: NamespaceCommand) -> Outcome {
    match command {
        NamespaceCommand::List { prefix } => {
            let told = Ask::new(data_dir, "GET", "/api/v1/namespaces").with("prefix", Some(prefix)).tell()?;
            answer(json, &told.json()?, list)
        }
        NamespaceCommand::Get { path } => answer(json, &Ask::new(data_dir, "GET", path_of(&path)).tell()?.json()?, one),
        NamespaceCommand::Set { path, description, owner, keep, audit_values } => {
            let mut settings = Map::new();
            settings.extend(keep.map(|keep| ("versionsKept".to_owned(), keep.into())));
            settings.extend(audit_values.map(|mode| ("auditsValues".to_owned(), (mode == "on").into())));
            let mut body = Map::new();
            body.extend(description.map(|text| ("description".to_owned(), text.into())));
            body.extend(owner.map(|text| ("owner".to_owned(), text.into())));
            if !settings.is_empty() {
                body.insert("settings".to_owned(), Value::Object(settings));
            }
            let ask = Ask::new(data_dir, "PUT", path_of(&path)).body(Value::Object(body).to_string());
            answer(json, &ask.tell()?.json()?, one)
        }
        NamespaceCommand::Delete { path, yes } => {
            let info = Ask::new(data_dir, "GET", path_of(&path)).tell()?.json()?;
            if !yes && !confirmed(&path, &text(&info, "keys"))? {
                return Err(Failure::new(Code::Failed, "nothing was deleted"));
            }
            Ask::new(data_dir, "DELETE", path_of(&path)).tell()?;
            answer(json, &json!({ "deleted": path }), |_| format!("{path} is gone, and so are its keys.\n"))
        }
    }
}

fn confirmed(path: &str, keys: &str) -> Outcome<bool> {
    print(
        format!("{path} has {keys} keys, which go with it and cannot be brought back. Type its path to delete it: ").as_bytes(),
    )?;
    let mut line = String::new();
    let read = io::stdout().flush().and_then(|()| io::stdin().lock().read_line(&mut line));
    read.map_err(|error| Failure::new(Code::Failed, format!("stdin cannot be read: {error}; say --yes instead")))?;
    Ok(line.trim() == path)
}

fn list(namespaces: &Value) -> String {
    let row = |one: &Value| ["path", "keys", "owner", "description"].map(|name| text(one, name));
    let rows: Vec<[String; 4]> = items(namespaces).iter().map(row).collect();
    if rows.is_empty() {
        return "There are no namespaces. The first key of one creates it, and so does: manifold ctl ns set PATH\n".to_owned();
    }
    table(["NAMESPACE", "KEYS", "OWNER", "DESCRIPTION"], &rows)
}

fn one(info: &Value) -> String {
    let names = ["path", "description", "owner", "keys", "version", "position", "createdAt", "updatedAt"];
    let mut rows: Vec<[String; 2]> = names.iter().map(|name| [(*name).to_owned(), text(info, name)]).collect();
    let settings = &info["settings"];
    rows.extend(["versionsKept", "versionAgeMs", "auditsValues"].map(|name| [name.to_owned(), text(settings, name)]));
    table(["", ""], &rows).trim_start().to_owned()
}
