//! Who is known to the platform, and what they may do, on all doors alike.
//!
//! A [`User`] signs in with credentials, which whoever proposes computes: no password is ever in the log. What a principal may do
//! is said by [`Grant`]s in the shape of Kafka's ACLs, for its topics and groups and for our own resources beside them. A
//! principal need not be a user: names that TLS certificates give are granted alike. Programs may act for a principal by
//! [keys], which say themselves what they are for.
//!
//! [`Principals::access`] answers questions; [`Principals::version`] rises with each change, so that doors keep answers until
//! then. etcd's own users and roles are none of these: they live in their key space.

mod access;
mod codec;
mod command;
mod grant;
mod host;
pub mod keys;
mod patterns;
mod record;
mod user;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use base::{Error, Kind, Result};
use table::Table;

pub use access::{Access, Decision, Question};
pub use command::Command;
pub use grant::{ANY, Grant, Grantee, Operation, Pattern, Permission, Resource};
pub use host::Host;
pub(crate) use record::Record;
pub use user::{Credential, Mechanism, User, check_user_name};

use self::keys::Keys;
use crate::limits::{GRANTS_MAX, GRANTS_PER_COMMAND_MAX, USERS_MAX};

/// The users and their grants.
pub struct Principals {
    table: Table,
    users: BTreeMap<String, User>,
    grants: BTreeSet<Grant>,
    access: Arc<Access>,
    keys: Keys,
}

impl Principals {
    pub(crate) fn new(table: Table) -> Principals {
        Principals { table, users: BTreeMap::new(), grants: BTreeSet::new(), access: Arc::default(), keys: Keys::default() }
    }

    /// Rises with each change of a user, a credential, a grant or a key. The same on all replicas that are equally far.
    pub fn version(&self) -> u64 {
        self.access.version()
    }

    /// The user with this name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// Users in the order of their names, those behind `after` (a name that need not exist); all of them without.
    pub fn users(&self, after: Option<&str>) -> impl Iterator<Item = &User> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.users.range::<str, _>((from, Bound::Unbounded)).map(|(_, user)| user)
    }

    /// What a user signs in with by this mechanism. `None` also for one that is disabled: it cannot sign in.
    pub fn credential(&self, name: &str, mechanism: Mechanism) -> Option<&Credential> {
        self.users.get(name).filter(|user| user.enabled)?.credentials.get(&mechanism)
    }

    /// All grants, in one order.
    pub fn grants(&self) -> impl ExactSizeIterator<Item = &Grant> {
        self.grants.iter()
    }

    /// Whether this very grant is there.
    pub fn has_grant(&self, grant: &Grant) -> bool {
        self.grants.contains(grant)
    }

    /// The API keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Who may do what, as of now.
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    pub(crate) fn apply(&mut self, command: Command) -> Result<()> {
        let is_changed = match command {
            Command::SetUser { name, enabled, is_admin, time_ms } => {
                self.change_user(name, time_ms, |user| (user.enabled, user.is_admin) = (enabled, is_admin))?
            }
            Command::RemoveUser { name } => self.remove_user(&name),
            Command::SetCredential { name, credential, time_ms } => {
                credential.check()?;
                self.change_user(name, time_ms, |user| {
                    user.credentials.insert(credential.mechanism, credential);
                })?
            }
            Command::RemoveCredential { name, mechanism, time_ms } => {
                let has_it = self.users.get(&name).is_some_and(|user| user.credentials.contains_key(&mechanism));
                has_it
                    && self.change_user(name, time_ms, |user| {
                        user.credentials.remove(&mechanism);
                    })?
            }
            Command::AddGrants { grants } => self.add_grants(grants)?,
            Command::RemoveGrants { grants } => self.remove_grants(&grants)?,
            Command::Key(command) => self.change_key(command)?,
        };
        if is_changed {
            self.keep(Record::Version(self.version() + 1));
        }
        Ok(())
    }

    /// Changes a user, or makes one. Whether that made a difference.
    fn change_user(&mut self, name: String, time_ms: u64, change: impl FnOnce(&mut User)) -> Result<bool> {
        let before = self.users.get(&name);
        if before.is_none() {
            check_user_name(&name)?;
            if self.users.len() >= USERS_MAX {
                let text = format!("there are {USERS_MAX} users at most: remove one first");
                return Err(Error::new(Kind::Precondition, text));
            }
        }
        let new = || User {
            name,
            enabled: true,
            is_admin: false,
            created_ms: time_ms,
            changed_ms: time_ms,
            credentials: BTreeMap::new(),
        };
        let mut user = before.cloned().unwrap_or_else(new);
        change(&mut user);
        if before == Some(&user) {
            return Ok(false);
        }
        self.keep(Record::User(User { changed_ms: time_ms, ..user }));
        Ok(true)
    }

    fn remove_user(&mut self, name: &str) -> bool {
        let is_changed = self.users.remove(name).is_some();
        if is_changed {
            self.access_mut().remove_user(name);
            self.table.delete(record::user_key(name));
        }
        is_changed
    }

    fn add_grants(&mut self, grants: Vec<Grant>) -> Result<bool> {
        check_count(&grants)?;
        grants.iter().try_for_each(Grant::check)?;
        let new: BTreeSet<Grant> = grants.into_iter().filter(|grant| !self.grants.contains(grant)).collect();
        if self.grants.len() + new.len() > GRANTS_MAX {
            return Err(Error::new(Kind::Precondition, format!("there are {GRANTS_MAX} grants at most: remove some first")));
        }
        let is_changed = !new.is_empty();
        new.into_iter().for_each(|grant| self.keep(Record::Grant(grant)));
        Ok(is_changed)
    }

    fn remove_grants(&mut self, grants: &[Grant]) -> Result<bool> {
        check_count(grants)?;
        let mut is_changed = false;
        for grant in grants {
            if self.grants.remove(grant) {
                self.access_mut().remove(grant);
                self.table.delete(record::grant_key(grant));
                is_changed = true;
            }
        }
        Ok(is_changed)
    }

    fn change_key(&mut self, command: keys::Command) -> Result<bool> {
        let keys::Change { kept, forgotten } = self.keys.plan(command)?;
        let is_changed = kept.is_some() || forgotten.is_some();
        if let Some(id) = forgotten {
            self.keys.forget(id);
            self.table.delete(record::api_key_key(id));
        }
        if let Some(key) = kept {
            self.keep(Record::Key(key));
        }
        Ok(is_changed)
    }

    /// Writes a record and learns it.
    fn keep(&mut self, record: Record) {
        let whole = crate::record::Record::Principals(record.clone());
        self.table.put(whole.key(), whole.encode());
        self.learn(record);
    }

    fn access_mut(&mut self) -> &mut Access {
        Arc::make_mut(&mut self.access)
    }

    pub(crate) fn learn(&mut self, record: Record) {
        match record {
            Record::User(user) => {
                self.access_mut().set_user(&user);
                self.users.insert(user.name.clone(), user);
            }
            Record::Grant(grant) => {
                if !self.grants.contains(&grant) {
                    self.access_mut().add(&grant);
                    self.grants.insert(grant);
                }
            }
            Record::Version(version) => self.access_mut().set_version(version),
            Record::Key(key) => self.keys.learn(key),
        }
    }
}

fn check_count(grants: &[Grant]) -> Result<()> {
    if grants.len() > GRANTS_PER_COMMAND_MAX {
        let text = format!("one command adds or removes {GRANTS_PER_COMMAND_MAX} grants at most: make several of it");
        return Err(Error::new(Kind::Invalid, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
