//! `manifold ctl`: asking a running node over its socket, taking a backup, bringing one back.

mod client;
mod restore;
mod save;
mod show;

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    arguments::{Ctl, CtlCommand, MemberCommand, SnapshotCommand},
    exit::{Code, Failure, Outcome},
};

/// Runs one command.
pub(crate) fn run(ctl: Ctl) -> Outcome {
    let Ctl { data_dir, json, command } = ctl;
    match command {
        CtlCommand::Status => {
            let status = client::ask(&data_dir, "/v1/status")?;
            answer(json, &status, show::status)
        }
        CtlCommand::Member(MemberCommand::List) => {
            let members = client::ask(&data_dir, "/v1/members")?;
            answer(json, &members, |members: &Vec<_>| show::members(members))
        }
        CtlCommand::Snapshot(SnapshotCommand::Save { file }) => {
            let saved = save::save(&data_dir, &file)?;
            answer(json, &saved, save::Saved::to_text)
        }
        CtlCommand::Restore { file } => {
            let restored = restore::restore(&file, &data_dir)?;
            answer(json, &restored, restore::Restored::to_text)
        }
    }
}

fn answer<T: Serialize>(json: bool, what: &T, to_text: impl FnOnce(&T) -> String) -> Outcome {
    let text = if json {
        let text = serde_json::to_string_pretty(what);
        text.map_err(|error| Failure::new(Code::Failed, format!("the answer cannot be written as JSON: {error}")))? + "\n"
    } else {
        to_text(what)
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read as much as they wanted (`head`) is not a failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Code::Failed, format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
