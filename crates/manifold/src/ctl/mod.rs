//! `manifold ctl`: asking a running node over its socket, changing its cluster, taking a backup, bringing one back, and working with
//! its streams.

mod acls;
mod client;
mod keys;
mod lead;
pub(crate) mod members;
mod progress;
mod recover;
mod restore;
mod save;
mod scrub;
mod secret;
mod show;
pub(crate) mod store;
pub(crate) mod streams;
mod upgrade;
mod users;

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use crate::{
    arguments::{AclCommand, Ctl, CtlCommand, MemberCommand, SecretCommand, SnapshotCommand, UserCommand},
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
        CtlCommand::Member(command) => member(&data_dir, json, command),
        CtlCommand::User(command) => user(&data_dir, json, command),
        CtlCommand::Acl(command) => acl(&data_dir, json, command),
        CtlCommand::Key(command) => keys::run(&data_dir, json, command),
        CtlCommand::Drain { member, off, wait } => {
            let changed = lead::drain(&data_dir, member.as_deref(), off, wait)?;
            answer(json, &changed, members::Changed::to_text)
        }
        CtlCommand::MoveLeader { member, shard } => {
            let moved = lead::move_leader(&data_dir, &member, shard)?;
            answer(json, &moved, lead::Moved::to_text)
        }
        CtlCommand::Scrub => {
            let scrubbed = scrub::scrub(&data_dir)?;
            answer(json, &scrubbed, scrub::Scrubbed::to_text)
        }
        CtlCommand::Upgrade { finish } => {
            let upgrade = upgrade::upgrade(&data_dir, finish)?;
            answer(json, &upgrade, upgrade::Upgrade::to_text)
        }
        CtlCommand::Recover { dry_run, yes } => {
            let recovered = recover::recover(&data_dir, dry_run, yes)?;
            answer(json, &recovered, recover::Recovered::to_text)
        }
        CtlCommand::Secret(SecretCommand::New { file }) => {
            let made = secret::new(file)?;
            answer(json, &made, secret::Made::to_text)
        }
        CtlCommand::Snapshot(SnapshotCommand::Save { file }) => {
            let saved = save::save(&data_dir, &file)?;
            answer(json, &saved, save::Saved::to_text)
        }
        CtlCommand::Ns(command) => store::namespaces(&data_dir, json, command),
        CtlCommand::Config(command) => store::config(&data_dir, json, command),
        CtlCommand::Audit(command) => store::audit(&data_dir, json, command),
        CtlCommand::Topic(topic) => streams::topic(&data_dir, json, topic),
        CtlCommand::Group(group) => streams::group(&data_dir, json, group),
        CtlCommand::Produce(produce) => streams::produce(&data_dir, json, produce),
        CtlCommand::Consume(consume) => streams::consume(&data_dir, json, consume),
        CtlCommand::Restore { file } => {
            let restored = restore::restore(&file, &data_dir)?;
            answer(json, &restored, restore::Restored::to_text)
        }
    }
}

fn member(data_dir: &Path, json: bool, command: MemberCommand) -> Outcome {
    let awaited = match command {
        MemberCommand::List => {
            return answer(json, &members::list(data_dir)?, |members| show::members(members));
        }
        MemberCommand::Remove { member, yes } => {
            return answer(json, &members::remove(data_dir, &member, yes)?, members::Changed::to_text);
        }
        MemberCommand::Update { member, address } => {
            return answer(json, &members::update(data_dir, &member, address)?, members::Changed::to_text);
        }
        MemberCommand::Add { member } => members::add(data_dir, member)?,
        MemberCommand::Replace { dead, member } => members::replace(data_dir, &dead, member)?,
        MemberCommand::Ticket { member } => members::ticket(data_dir, &member)?,
    };
    answer(json, &awaited, members::Awaited::to_text)
}

fn user(data_dir: &Path, json: bool, command: UserCommand) -> Outcome {
    let changed = match command {
        UserCommand::List => return answer(json, &users::list(data_dir)?, |users| users::to_text(users)),
        UserCommand::Add { name, admin, password_file } => users::add(data_dir, name, admin, password_file.as_deref())?,
        UserCommand::Password { name, password_file } => users::set_password(data_dir, name, password_file.as_deref())?,
        UserCommand::Remove { name } => users::remove(data_dir, name)?,
        UserCommand::Disable { name } => users::disable(data_dir, name)?,
        UserCommand::Enable { name } => users::enable(data_dir, name)?,
    };
    answer(json, &changed, users::Changed::to_text)
}

fn acl(data_dir: &Path, json: bool, command: AclCommand) -> Outcome {
    let changed = match command {
        AclCommand::List => return answer(json, &acls::list(data_dir)?, |acls| acls::to_text(acls)),
        AclCommand::Add(given) => acls::add(data_dir, given)?,
        AclCommand::Remove(given) => acls::remove(data_dir, given)?,
    };
    answer(json, &changed, acls::Changed::to_text)
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
