//! API keys: what programs show at the HTTP door instead of a name and a password.
//!
//! A key belongs to a principal, its owner, and lets do what its [`Rights`] say, and no more than that: they are the key's own and
//! are not granted. What is denied to the owner by a grant is denied to its keys, and so is everything if the owner is a user who is
//! disabled; the door asks for both.
//!
//! Only a hash of each key is kept, and keys are found by it, whether their secret was drawn here or comes from a file.

mod codec;
mod command;
mod key;
mod rights;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{Error, Kind, Result};

pub use command::Command;
pub use key::{ApiKey, Hash, KeyId, Rate, Secret, Standing, Terms};
pub use rights::{Operation, Operations, Rights, Role};

pub(crate) use codec::{put_key, read_key};
pub(super) use command::{CREATE, REVOKE};

use self::key::check_secret;
use super::patterns::Map;
use crate::limits::{KEYS_MAX, REVOKED_KEYS_MAX};

/// All keys.
#[derive(Default)]
pub struct Keys {
    keys: BTreeMap<KeyId, Arc<ApiKey>>,
    /// By the beginnings of their secrets' hashes, former ones, too.
    found: Map<u64, Vec<KeyId>>,
    /// Those that are not revoked.
    named: BTreeMap<String, KeyId>,
    /// Those that are, the oldest first.
    revoked: BTreeSet<(u64, KeyId)>,
}

/// What a command comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kept: Option<ApiKey>,
    pub(super) forgotten: Option<KeyId>,
}

impl Change {
    fn keep(key: ApiKey) -> Change {
        Change { kept: Some(key), forgotten: None }
    }
}

impl Keys {
    /// Whether there is none that lets anybody in, but for those that are expired.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The key with this id.
    pub fn get(&self, id: KeyId) -> Option<&Arc<ApiKey>> {
        self.keys.get(&id)
    }

    /// The key that is called so and is not revoked.
    pub fn named(&self, name: &str) -> Option<&Arc<ApiKey>> {
        self.keys.get(self.named.get(name)?)
    }

    /// All of them by id, those that were revoked lately, too.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Arc<ApiKey>> {
        self.keys.values()
    }

    /// The key whose holder sent what has this hash, and what it is worth at this time, ms since 1970.
    pub fn find(&self, hash: &Hash, now_ms: u64) -> Option<(&Arc<ApiKey>, Standing)> {
        let key = self.holder(hash)?;
        Some((key, key.standing(hash, now_ms)))
    }

    fn holder(&self, hash: &Hash) -> Option<&Arc<ApiKey>> {
        let candidates = self.found.get(&hash.beginning())?.iter().filter_map(|id| self.keys.get(id));
        let has_it = |key: &&Arc<ApiKey>| {
            let is_former = key.former.is_some_and(|(former, _)| former.is(hash));
            key.secret.hash.is(hash) | is_former
        };
        candidates.into_iter().find(has_it)
    }

    /// What a command comes to; nothing is changed yet.
    pub(super) fn plan(&self, command: Command) -> Result<Change> {
        match command {
            Command::Create { id, terms, secret, time_ms } => self.create(id, terms, secret, time_ms, false),
            Command::Import { id, terms, secret, time_ms } => self.import(id, terms, secret, time_ms),
            Command::Rotate { id, secret, former_until_ms, time_ms } => self.rotate(id, secret, former_until_ms, time_ms),
            Command::Revoke { id, time_ms } => self.revoke(id, time_ms),
        }
    }

    fn create(&self, id: KeyId, terms: Terms, secret: Secret, time_ms: u64, is_imported: bool) -> Result<Change> {
        terms.check()?;
        check_secret(&secret)?;
        if id.0 == 0 {
            return Err(Error::new(Kind::Invalid, "a key's id is not zero"));
        }
        if let Some(known) = self.keys.get(&id) {
            let is_same = known.terms == terms && known.secret == secret && known.is_imported == is_imported;
            let text = "a key with this id exists already: try again with another one";
            return if is_same { Ok(Change::default()) } else { Err(Error::new(Kind::Conflict, text)) };
        }
        if self.named.contains_key(&terms.name) {
            let text = format!("there is a key \"{}\" already: choose another name, or rotate or revoke that one", terms.name);
            return Err(Error::new(Kind::Conflict, text));
        }
        self.check_unused(&secret)?;
        if self.named.len() >= KEYS_MAX {
            return Err(Error::new(Kind::Precondition, format!("there are {KEYS_MAX} keys at most: revoke some first")));
        }
        Ok(Change::keep(ApiKey {
            id,
            terms,
            secret,
            former: None,
            is_imported,
            created_ms: time_ms,
            rotated_ms: 0,
            revoked_ms: 0,
        }))
    }

    fn import(&self, id: KeyId, terms: Terms, secret: Secret, time_ms: u64) -> Result<Change> {
        let by_secret = self.holder(&secret.hash);
        if let Some(key) = by_secret.filter(|key| key.is_revoked()) {
            let text = format!(
                "the key \"{}\" was revoked, and a file does not bring it back: take it out of the file, or give it another secret",
                key.terms.name
            );
            return Err(Error::new(Kind::Conflict, text));
        }
        let by_name = self.named(&terms.name);
        if by_secret.zip(by_name).is_some_and(|(one, another)| one.id != another.id) {
            return Err(in_use());
        }
        let Some(known) = by_secret.or(by_name) else { return self.create(id, terms, secret, time_ms, true) };
        if !known.is_imported {
            let text = format!("the key \"{}\" was not imported, so a file does not change it", known.terms.name);
            return Err(Error::new(Kind::Conflict, text));
        }
        terms.check()?;
        check_secret(&secret)?;
        let mut key = ApiKey { terms, ..ApiKey::clone(known) };
        // A secret that was rotated away since is left so, or a file would undo it at each start.
        if by_secret.is_none() {
            (key.secret, key.former, key.rotated_ms) = (secret, None, time_ms);
        }
        Ok(if key == **known { Change::default() } else { Change::keep(key) })
    }

    fn rotate(&self, id: KeyId, secret: Secret, former_until_ms: u64, time_ms: u64) -> Result<Change> {
        let key = self.known(id)?;
        check_secret(&secret)?;
        if key.is_revoked() || key.is_expired(time_ms) {
            let what = if key.is_revoked() { "revoked" } else { "expired" };
            return Err(Error::new(Kind::Precondition, format!("the key is {what}: make another one instead")));
        }
        if key.secret.hash == secret.hash {
            return Ok(Change::default());
        }
        self.check_unused(&secret)?;
        // Kept also if it is not good any more: who still sends it is told why.
        let former = Some((key.secret.hash, former_until_ms));
        Ok(Change::keep(ApiKey { secret, former, rotated_ms: time_ms, ..ApiKey::clone(key) }))
    }

    fn revoke(&self, id: KeyId, time_ms: u64) -> Result<Change> {
        let key = self.known(id)?;
        if key.is_revoked() {
            return Ok(Change::default());
        }
        let forgotten = if self.revoked.len() < REVOKED_KEYS_MAX { None } else { self.revoked.first().map(|(_, id)| *id) };
        Ok(Change { kept: Some(ApiKey { revoked_ms: time_ms.max(1), ..ApiKey::clone(key) }), forgotten })
    }

    fn known(&self, id: KeyId) -> Result<&Arc<ApiKey>> {
        let missing =
            || Error::new(Kind::NotFound, format!("there is no key {id}: \"manifold ctl key list\" shows those that there are"));
        self.keys.get(&id).ok_or_else(missing)
    }

    fn check_unused(&self, secret: &Secret) -> Result<()> {
        if self.holder(&secret.hash).is_some() { Err(in_use()) } else { Ok(()) }
    }

    /// Takes a key as it is from now on.
    pub(super) fn learn(&mut self, key: ApiKey) {
        let id = key.id;
        self.forget(id);
        for hash in hashes(&key) {
            self.found.entry(hash.beginning()).or_default().push(id);
        }
        if key.is_revoked() {
            self.revoked.insert((key.revoked_ms, id));
        } else {
            self.named.insert(key.terms.name.clone(), id);
        }
        self.keys.insert(id, Arc::new(key));
    }

    pub(super) fn forget(&mut self, id: KeyId) {
        let Some(key) = self.keys.remove(&id) else { return };
        for hash in hashes(&key) {
            if let Some(found) = self.found.get_mut(&hash.beginning()) {
                found.retain(|known| *known != id);
                if found.is_empty() {
                    self.found.remove(&hash.beginning());
                }
            }
        }
        if key.is_revoked() {
            self.revoked.remove(&(key.revoked_ms, id));
        } else {
            self.named.remove(&key.terms.name);
        }
    }
}

fn hashes(key: &ApiKey) -> impl Iterator<Item = Hash> {
    [Some(key.secret.hash), key.former.map(|(hash, _)| hash)].into_iter().flatten()
}

fn in_use() -> Error {
    Error::new(Kind::Conflict, "another key has this secret: give each its own")
}

#[cfg(test)]
mod tests;
