//! `ctl key`: who comes in at the HTTP door. A key's text is printed when it is made or rotated, and never again.

use std::path::Path;

use door_http::{
    admin::keys::{Chosen, Create, Holder, Key, Shown, Text},
    keys::{Limit, Permitted},
};

use super::{client, streams, users::secret_line};
use crate::{
    arguments::{KeyArguments, KeyCommand},
    exit::Outcome,
    table::table,
};

/// Milliseconds of a second.
const SECOND_MS: u128 = 1_000;

pub(super) fn run(data_dir: &Path, json: bool, command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Create(given) => super::answer(json, &create(data_dir, given)?, made),
        KeyCommand::List { revoked } => {
            let mut keys: Vec<Key> = client::ask(data_dir, "/v1/keys")?;
            keys.retain(|key| revoked || key.revoked_ms.is_none());
            super::answer(json, &keys, |keys| to_text(keys))
        }
        KeyCommand::Rotate { key, grace } => {
            let grace_seconds = u64::try_from(grace.as_millis().div_ceil(SECOND_MS)).unwrap_or(u64::MAX);
            let shown: Shown = client::tell(data_dir, "/v1/keys/rotate", &Chosen { key, grace_seconds })?;
            super::answer(json, &shown, made)
        }
        KeyCommand::Revoke { key } => {
            let revoked: Key = client::tell(data_dir, "/v1/keys/revoke", &Chosen { key, grace_seconds: 0 })?;
            super::answer(json, &revoked, |key| format!("{} lets nobody in any more, for good.\n", key.name))
        }
        KeyCommand::Whoami { key_file } => {
            let secret = secret_line(key_file.as_deref(), "Key: ", "key")?;
            let holder: Holder = client::tell(data_dir, "/v1/keys/whoami", &Text { secret })?;
            super::answer(json, &holder, whoami)
        }
    }
}

fn create(data_dir: &Path, given: KeyArguments) -> Outcome<Shown> {
    let KeyArguments { name, role, owner, operations, namespaces, expires, rate, burst } = given;
    let valid_seconds = expires.map(|expires| u64::try_from(expires.as_millis().div_ceil(SECOND_MS)).unwrap_or(u64::MAX));
    let rate = rate.map(|per_second| Limit { per_second, burst });
    let create = Create { name, owner, role, operations, namespaces, valid_seconds, rate };
    client::tell(data_dir, "/v1/keys/create", &create)
}

/// The text alone on stdout, so that it can be piped; what is said about it goes to stderr.
fn made(Shown { key, secret }: &Shown) -> String {
    let until = key.expires_ms.map_or_else(|| "for good".to_owned(), |ms| format!("until {}", time(ms)));
    let former = key.former_until_ms.map_or_else(String::new, |ms| format!(" Its former text is good until {}.", time(ms)));
    let (name, role) = (&key.name, &key.role);
    eprintln!("The key {name} ({role}, {until}) is shown now and never again; send it as X-Api-Key.{former}");
    format!("{secret}\n")
}

fn time(ms: u64) -> String {
    streams::readable_time(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn whoami(Holder { key, permitted }: &Holder) -> String {
    let row = |Permitted { operation, namespaces, except }: &Permitted| {
        let except = if except.is_empty() { "-".to_owned() } else { except.join(",") };
        [operation.clone(), namespaces.join(","), except]
    };
    let rows = permitted.iter().map(row).collect::<Vec<_>>();
    to_text(std::slice::from_ref(key)) + "\n" + &table(["MAY", "IN NAMESPACES", "EXCEPT IN"], &rows)
}

fn to_text(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "There are no keys. The first one is made by: manifold ctl key create NAME --role admin\n".to_owned();
    }
    let row = |key: &Key| {
        let rate = key.rate.map_or_else(
            || "-".to_owned(),
            |limit| match limit.burst {
                Some(burst) if burst != limit.per_second => format!("{}/s, {burst} at once", limit.per_second),
                _ => format!("{}/s", limit.per_second),
            },
        );
        [
            key.id.clone(),
            key.name.clone(),
            key.owner.clone(),
            key.role.clone(),
            key.standing.clone(),
            key.operations.join(","),
            key.namespaces.join(","),
            rate,
            key.expires_ms.map_or_else(|| "-".to_owned(), time),
            format!("{}...", key.prefix),
        ]
    };
    let heads = ["ID", "NAME", "OWNER", "ROLE", "STANDING", "OPERATIONS", "NAMESPACES", "RATE", "EXPIRES", "BEGINS WITH"];
    table(heads, &keys.iter().map(row).collect::<Vec<_>>())
}
