//! Keys in words, as people and programs say them.

use base::{Error, Kind, Result};
use cluster::principals::keys::{ApiKey, Operation, Operations, Rate, Rights, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::moment::readable;

/// What stands for all namespaces.
const ALL: &str = "*";

/// How often a key may be used, on each node by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests a second in the long run.
    #[serde(alias = "perSecond")]
    pub per_second: u32,
    /// Requests at once after a rest; as many as in a second if it is not said.
    #[serde(default)]
    pub burst: Option<u32>,
}

/// A rate of nothing is refused here: in a command it would be none, and so no limit at all.
pub(crate) fn rate(limit: Option<Limit>) -> Result<Option<Rate>> {
    let Some(Limit { per_second, burst }) = limit else { return Ok(None) };
    let burst = burst.unwrap_or(per_second);
    if per_second == 0 || burst == 0 {
        return Err(Error::new(Kind::Invalid, "a key's rate and its burst are at least 1; leave both out for none"));
    }
    Ok(Some(Rate { per_second, burst }))
}

/// Rights in words. `operations`: all of the role's if there are none; `namespaces`: all if there are none, or one is `*`.
pub(crate) fn rights(role: &str, operations: &[String], namespaces: &[String]) -> Result<Rights> {
    let invalid = |text: String| Error::new(Kind::Invalid, text);
    let role = Role::from_name(role).ok_or_else(|| {
        invalid(format!("\"{}\" is no role; it is one of {}", role.escape_default(), join(Role::ALL.map(Role::name))))
    })?;
    let operation = |name: &String| {
        Operation::from_name(name).ok_or_else(|| {
            let all = join(Operation::ALL.map(Operation::name));
            invalid(format!("\"{}\" is no operation; it is one of {all}", name.escape_default()))
        })
    };
    let some: Operations = operations.iter().map(operation).collect::<Result<_>>()?;
    if let Some(more) = some.iter().find(|operation| !role.operations().contains(*operation)) {
        return Err(invalid(format!("the role {role} has not the operation {}: choose a greater role", more.name())));
    }
    let mut paths: Vec<String> = namespaces.iter().map(|path| path.trim_matches('/').to_owned()).collect();
    if paths.iter().any(|path| path == ALL) {
        paths.clear();
    }
    paths.sort_unstable();
    paths.dedup();
    Ok(Rights { role, operations: Some(some).filter(|some| !some.is_empty()), namespaces: paths })
}

fn join<const N: usize>(words: [&str; N]) -> String {
    words.join(", ")
}

/// How a key stands at this time.
pub(crate) fn standing(key: &ApiKey, now_ms: u64) -> &'static str {
    match key {
        _ if key.is_revoked() => "revoked",
        _ if key.is_expired(now_ms) => "expired",
        _ => "good",
    }
}

/// The namespaces that a key is for; `*`: all.
pub(crate) fn namespaces(key: &ApiKey) -> Vec<String> {
    match &key.terms.rights.namespaces[..] {
        [] => vec![ALL.to_owned()],
        some => some.to_vec(),
    }
}

/// What a key lets do.
pub(crate) fn operations(key: &ApiKey) -> Vec<&'static str> {
    key.terms.rights.operations().iter().map(Operation::name).collect()
}

/// A key without its secret, as the API shows it.
pub(super) fn shown(key: &ApiKey, now_ms: u64) -> Value {
    let time = |ms: u64| (ms != 0).then(|| readable(ms));
    let former_until = key.former.map(|(_, until)| until).filter(|until| *until > now_ms);
    json!({
        "id": key.id.to_string(),
        "name": key.terms.name,
        "owner": &*key.terms.owner,
        "prefix": key.secret.prefix,
        "role": key.terms.rights.role.name(),
        "operations": operations(key),
        "namespaces": namespaces(key),
        "state": standing(key, now_ms),
        "imported": key.is_imported,
        "createdAt": readable(key.created_ms),
        "expiresAt": time(key.terms.expires_ms),
        "rotatedAt": time(key.rotated_ms),
        "formerUntil": former_until.and_then(time),
        "revokedAt": time(key.revoked_ms),
        "rate": key.terms.rate.map(|rate| json!({ "perSecond": rate.per_second, "burst": rate.burst })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn rights_are_said_in_words() {
        let all = rights("viewer", &[], &[]).unwrap();
        assert_eq!(all, Rights::of(Role::Viewer));
        assert_eq!(rights("viewer", &[], &words(&["a", "*"])).unwrap(), all);
        let some = rights("editor", &words(&["write"]), &words(&["/teams/b/", "teams/a", "teams/a"])).unwrap();
        assert_eq!(some.namespaces, ["teams/a", "teams/b"]);
        assert!(some.allow(Operation::Write, Some("teams/a/x")) && !some.allow(Operation::Read, Some("teams/a")));
        for (role, operations, said) in [
            ("boss", &[][..], "\"boss\" is no role; it is one of viewer, editor, publisher, admin"),
            ("viewer", &["look"], "\"look\" is no operation; it is one of read, audit, write,"),
            ("viewer", &["write"], "the role viewer has not the operation write"),
        ] {
            let error = rights(role, &words(operations), &[]).unwrap_err();
            assert!(error.kind == Kind::Invalid && error.message.contains(said), "{error}");
        }
    }
}
