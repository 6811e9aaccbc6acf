//! Keys whose texts people chose, from a file.
//!
//! The file is JSON, a list of objects with `name`, `key`, `role` and, if wanted, `operations`, `namespaces`, `owner` and `rate`; or
//! it has a line for each key: its name, its text, its role and, if wanted, namespaces with commas between.

use std::{collections::HashSet, fmt};

use base::{Kind, Result};
use cluster::principals::keys::{Command, Secret, Terms};
use replica::runtime;
use serde::Deserialize;

use super::{
    desk::change,
    doorkeeper::look_at,
    text::{draw_id, secret_of},
    words::{Limit, rate, rights},
};
use crate::{Directory, limits::FIXED_KEY_BYTES, object::Object};

/// A key of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct FixedKey {
    terms: Terms,
    secret: Secret,
}

impl FixedKey {
    /// Whether it is there as the file says.
    pub fn is_there(&self, directory: &dyn Directory) -> bool {
        let FixedKey { terms, secret } = self;
        let is_so = look_at(directory, |principals| {
            principals.keys().named(&terms.name).is_some_and(|key| {
                let is_former = key.former.is_some_and(|(former, _)| former == secret.hash);
                key.is_imported && key.terms == *terms && (key.secret.hash == secret.hash || is_former)
            })
        });
        is_so.unwrap_or(false)
    }
}

impl fmt::Debug for FixedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedKey").field("name", &self.terms.name).finish_non_exhaustive()
    }
}

/// What became of the keys of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Names of those that are there now as the file says, and were not before.
    pub changed: Vec<String>,
    /// How many were so already.
    pub unchanged: usize,
    /// Names of those that cannot be, and why.
    pub refused: Vec<(String, String)>,
}

/// As JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    key: String,
    role: String,
    #[serde(default)]
    operations: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    rate: Option<Limit>,
}

impl Entry {
    /// From a line.
    fn of_line(line: &str) -> Result<Entry, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (name, key, role, namespaces) = match words[..] {
            [name, key, role] => (name, key, role, ""),
            [name, key, role, namespaces] => (name, key, role, namespaces),
            _ => return Err("is not a name, a key, a role and perhaps namespaces with commas between".to_owned()),
        };
        let namespaces = namespaces.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        let (name, key, role) = (name.to_owned(), key.to_owned(), role.to_owned());
        Ok(Entry { name, key, role, operations: Vec::new(), namespaces, owner: None, rate: None })
    }

    fn fixed(self) -> Result<FixedKey, String> {
        let Entry { name, key, role, operations, namespaces, owner, rate: limit } = self;
        let (least, most) = (FIXED_KEY_BYTES.start(), FIXED_KEY_BYTES.end());
        if !FIXED_KEY_BYTES.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("has a key that is not {least} to {most} printable ASCII characters without spaces"));
        }
        let rights = rights(&role, &operations, &namespaces).map_err(|error| format!("is not right: {error}"))?;
        let rate = rate(limit).map_err(|error| format!("is not right: {error}"))?;
        let owner = owner.unwrap_or_else(|| name.clone()).into();
        let terms = Terms { name, owner, rights, expires_ms: 0, rate };
        Ok(FixedKey { terms, secret: secret_of(&key) })
    }
}

/// Reads a file's text. A message says where it is wrong, and repeats no key.
///
/// # Errors
/// What is wrong, without its subject, the file.
pub fn read_fixed_keys(text: &str) -> Result<Vec<FixedKey>, String> {
    let keys = if text.trim_start().starts_with('[') { of_json(text) } else { of_lines(text) }?;
    let (mut names, mut hashes) = (HashSet::new(), HashSet::new());
    for FixedKey { terms, secret } in &keys {
        if !names.insert(&terms.name) {
            return Err(format!("has two keys with the name \"{}\"", terms.name.escape_default()));
        }
        if !hashes.insert(secret.hash.0) {
            return Err(format!("has the same key twice, the second time as \"{}\"", terms.name.escape_default()));
        }
    }
    Ok(keys)
}

fn of_json(text: &str) -> Result<Vec<FixedKey>, String> {
    // The parser's own words may repeat what it found, which may be a key.
    let entries: Vec<Object<Entry>> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!(
            "is no list of keys from line {line}, column {column} on: each is an object with name, key, role and, if wanted, \
             operations, namespaces, owner, rate"
        )
    })?;
    let numbered = entries.into_iter().zip(1..);
    numbered.map(|(Object(entry), number)| entry.fixed().map_err(|problem| format!("key {number} {problem}"))).collect()
}

fn of_lines(text: &str) -> Result<Vec<FixedKey>, String> {
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    lines
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| Entry::of_line(line).and_then(Entry::fixed).map_err(|problem| format!("line {number} {problem}")))
        .collect()
}

/// Brings the cluster's keys to what a file says; those that it does not name stay as they are. Repeating it changes nothing.
///
/// # Errors
/// Why it cannot be done now: there is no leader, or the cluster does not write keys yet (`Precondition`).
pub async fn import(directory: &dyn Directory, keys: &[FixedKey]) -> Result<Imported> {
    let mut imported = Imported::default();
    for fixed in keys {
        if fixed.is_there(directory) {
            imported.unchanged += 1;
            continue;
        }
        let FixedKey { terms, secret } = fixed.clone();
        let name = terms.name.clone();
        let command = Command::Import { id: draw_id(), terms, secret, time_ms: runtime::wall_ms() };
        match change(directory, command).await {
            Ok(()) => imported.changed.push(name),
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
                imported.refused.push((name, error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(imported)
}

#[cfg(test)]
mod tests {
    use cluster::principals::keys::{Operation, Role};

    use super::*;

    #[test]
    fn a_file_has_lines_or_json() {
        let lines = "# the suite's\nadmin  confman_dev_abc123  admin\n\nreader confman_dev_reader viewer teams/a,teams/b\n";
        let json = r#" [{"name": "admin", "key": "confman_dev_abc123", "role": "admin"},
            {"name": "reader", "key": "confman_dev_reader", "role": "viewer", "namespaces": ["teams/a", "/teams/b/"]}]"#;
        let read = read_fixed_keys(lines).unwrap();
        assert_eq!(read_fixed_keys(json).unwrap(), read);
        assert_eq!(read.iter().map(|key| key.terms.rights.role).collect::<Vec<_>>(), [Role::Admin, Role::Viewer]);
        assert!(read[1].terms.rights.allow(Operation::Read, Some("teams/b")));
        assert_eq!((&*read[0].terms.owner, &*read[0].secret.prefix), ("admin", "conf"));
        assert_eq!(read_fixed_keys("").unwrap(), []);
        let more = r#"[{"name": "a", "key": "12345678", "role": "editor", "operations": ["write"], "owner": "ann",
            "rate": {"perSecond": 5}}]"#;
        let more = &read_fixed_keys(more).unwrap()[0].terms;
        assert_eq!((&*more.owner, more.rate.unwrap().burst), ("ann", 5));
    }

    #[test]
    fn what_is_wrong_is_told_without_repeating_a_key() {
        for (text, said) in [
            ("a hunter2-hunter2", "line 1 is not a name, a key, a role"),
            ("\na hunter2-hunter2 boss", "line 2 is not right: \"boss\" is no role"),
            ("a hunter2 admin", "line 1 has a key that is not 8 to 512"),
            ("a hunter2-hunter2 admin\na hunter2-hunter3 admin", "two keys with the name \"a\""),
            ("a hunter2-hunter2 admin\nb hunter2-hunter2 admin", "the same key twice, the second time as \"b\""),
            (r#"[{"name": "a", "key": "hunter2-hunter2"}]"#, "from line 1, column 40 on"),
            (r#"[{"name": "a", "key": "hunter2-hunter2", "role": ["hunter2"]}]"#, "from line 1, column"),
            (r#"["hunter2-hunter2"]"#, "from line 1, column"),
            (r#"[{"name": "a", "key": "hünter2-hunter2", "role": "admin"}]"#, "key 1 has a key that is not"),
        ] {
            let problem = read_fixed_keys(text).unwrap_err();
            assert!(problem.contains(said) && !problem.contains("nter2"), "{problem}");
        }
        assert!(!format!("{:?}", read_fixed_keys("a hunter2-hunter2 admin").unwrap()).contains("nter2"));
    }
}
