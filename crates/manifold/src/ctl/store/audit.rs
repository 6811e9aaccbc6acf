//! `ctl audit`.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::{answer, arguments::AuditCommand, ask::Ask, items, print, text, verify};
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

/// Records of one page of an export.
const PAGE: &str = "1000";

pub(crate) fn run(data_dir: &Path, json: bool, command: AuditCommand) -> Outcome {
    match command {
        AuditCommand::List { namespace, key, actor, action, from, to, limit } => {
            let ask = Ask::new(data_dir, "GET", "/api/v1/audit").with("namespace", namespace).with("key", key);
            let ask = ask.with("actor", actor).with("action", action).with("from", from).with("to", to);
            answer(json, &ask.with("limit", Some(limit.to_string())).tell()?.json()?, list)
        }
        AuditCommand::Checkpoint { file } => checkpoint(data_dir, json, file.as_deref()),
        AuditCommand::Export { file } => export(data_dir, file.as_deref()),
        AuditCommand::Verify { export, checkpoints, key } => {
            let verified = verify::verify(&export, &checkpoints, &key)?;
            answer(json, &verified, |verified| {
                let (records, checkpoints) = (text(verified, "records"), text(verified, "checkpoints"));
                format!("{records} records are what {checkpoints} checkpoints say.\n")
            })
        }
    }
}

fn list(records: &Value) -> String {
    let row = |one: &Value| {
        let [position, when, who, what, namespace, key] =
            ["position", "timestamp", "actor", "action", "namespace", "key"].map(|name| text(one, name));
        [position, when, who, what, namespace, key, text(one, "comment")]
    };
    let headings = ["POSITION", "WHEN", "WHO", "WHAT", "NAMESPACE", "KEY", "COMMENT"];
    table(headings, &items(records).iter().map(row).collect::<Vec<_>>())
}

fn checkpoint(data_dir: &Path, json: bool, file: Option<&Path>) -> Outcome {
    let told = Ask::new(data_dir, "GET", "/api/v1/audit/checkpoint").tell()?.json()?;
    let (note, verifier, size) = (text(&told, "note"), text(&told, "verifier"), text(&told, "size"));
    let Some(file) = file else {
        return if json { answer(json, &told, |_| String::new()) } else { print(note.as_bytes()) };
    };
    let failed = |error: io::Error| Failure::new(Code::Failed, format!("{} cannot be written: {error}", file.display()));
    File::create_new(file).and_then(|mut out| out.write_all(note.as_bytes())).map_err(failed)?;
    let shown = json!({ "file": file, "size": told["size"], "verifier": verifier });
    answer(json, &shown, |_| {
        let file = file.display();
        format!("{file} is the root of {size} records, signed. Keep it elsewhere, with its verifier:\n{verifier}\n")
    })
}

/// Writes the whole trail, a record a line.
fn export(data_dir: &Path, file: Option<&Path>) -> Outcome {
    let failed = |error: io::Error| Failure::new(Code::Failed, format!("the export cannot be written: {error}"));
    let mut out: Box<dyn Write> = match file {
        Some(file) => Box::new(BufWriter::new(File::create_new(file).map_err(failed)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let mut cursor = None;
    loop {
        let ask = Ask::new(data_dir, "GET", "/api/v1/audit").with("order", Some("oldest")).with("raw", Some("1"));
        let told = ask.with("limit", Some(PAGE)).with("cursor", cursor).tell()?;
        for record in items(&told.json()?) {
            writeln!(out, "{record}").map_err(failed)?;
        }
        cursor = told.header("x-next-cursor").map(str::to_owned);
        if cursor.is_none() {
            return out.flush().map_err(failed);
        }
    }
}
