//! Working with the configuration store from the node: `ctl ns`, `ctl config`, `ctl audit`.

pub(crate) mod arguments;
mod ask;
mod audit;
mod edit;
mod keys;
mod namespaces;
mod transfer;
mod verify;

pub(crate) use self::{audit::run as audit, keys::run as config, namespaces::run as namespaces};

use std::io::{self, Write};

use serde_json::Value;

use crate::exit::{Code, Failure, Outcome};

/// A text of an answer; nothing if it has none.
fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes to stdout. Whoever read as much as they wanted (`head`) is not a failure.
fn print(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Code::Failed, format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// JSON for programs, or what `to_text` makes of it.
fn answer(json: bool, value: &Value, to_text: impl FnOnce(&Value) -> String) -> Outcome {
    let text = if json { format!("{value:#}\n") } else { to_text(value) };
    print(text.as_bytes())
}

/// The elements of a list.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
