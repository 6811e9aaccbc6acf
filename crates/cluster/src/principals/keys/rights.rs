//! What a key lets its holder do: a role, less what it leaves out, in some namespaces.

use std::fmt;

use base::{Error, Kind, Result};

use crate::limits::{NAMESPACE_BYTES_MAX, NAMESPACES_PER_KEY_MAX};

/// What is done with the configuration store. Not Kafka's [`Operation`](super::super::Operation): that is what grants speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Operation {
    /// To see namespaces, keys, values and versions, and to watch them.
    Read = 0,
    /// To see the audit trail.
    Audit = 1,
    /// To change keys.
    Write = 2,
    /// To approve and release what others have drafted.
    Publish = 3,
    /// To create, alter and delete namespaces.
    Manage = 4,
    /// To create, rotate and revoke keys that may do no more than oneself.
    Keys = 5,
    /// What is about the store as a whole: snapshots, checkpoints.
    Operate = 6,
}

impl Operation {
    /// All of them, in the order of their numbers.
    pub const ALL: [Operation; 7] = [
        Operation::Read,
        Operation::Audit,
        Operation::Write,
        Operation::Publish,
        Operation::Manage,
        Operation::Keys,
        Operation::Operate,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Audit => "audit",
            Operation::Write => "write",
            Operation::Publish => "publish",
            Operation::Manage => "manage",
            Operation::Keys => "keys",
            Operation::Operate => "operate",
        }
    }

    /// The one that this word is for.
    pub fn from_name(name: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations(u16);

impl Operations {
    const ALL: u16 = (1 << Operation::ALL.len()) - 1;

    /// None at all.
    pub const fn none() -> Operations {
        Operations(0)
    }

    pub(crate) fn from_bits(bits: u16) -> Option<Operations> {
        (bits & !Self::ALL == 0).then_some(Operations(bits))
    }

    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has this one.
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }

    /// Whether it has all of the other's.
    pub fn covers(self, other: Operations) -> bool {
        other.0 & !self.0 == 0
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Operations) -> Operations {
        Operations(self.0 & other.0)
    }

    /// Its members, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(move |operation| self.contains(*operation))
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Operations {
        Operations(operations.into_iter().fold(0, |bits, operation| bits | 1 << operation as u8))
    }
}

/// What somebody is there for. Each may do what the one before may, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Reads.
    Viewer = 1,
    /// Writes, too.
    Editor = 2,
    /// Publishes, too.
    Publisher = 3,
    /// Does everything.
    Admin = 4,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Editor, Role::Publisher, Role::Admin];

    /// What it may do.
    pub fn operations(self) -> Operations {
        let up_to = |last: Operation| Operation::ALL.into_iter().filter(|operation| *operation <= last).collect();
        match self {
            Role::Viewer => up_to(Operation::Audit),
            Role::Editor => up_to(Operation::Write),
            Role::Publisher => up_to(Operation::Publish),
            Role::Admin => up_to(Operation::Operate),
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Publisher => "publisher",
            Role::Admin => "admin",
        }
    }

    /// The one that this word is for.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    pub(crate) fn from_code(code: u8) -> Option<Role> {
        Role::ALL.into_iter().find(|role| *role as u8 == code)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a key lets its holder do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What they are there for.
    pub role: Role,
    /// Only these of the role's operations; `None`: all that it has, also those that it will have in later builds.
    pub operations: Option<Operations>,
    /// Only in these namespaces and in those below them: `teams` covers `teams/payments`, not `teamsters`. Empty: in all.
    pub namespaces: Vec<String>,
}

impl Rights {
    /// All that a role has, everywhere.
    pub fn of(role: Role) -> Rights {
        Rights { role, operations: None, namespaces: Vec::new() }
    }

    /// The operations that are left of the role's.
    pub fn operations(&self) -> Operations {
        let all = self.role.operations();
        self.operations.map_or(all, |some| some.and(all))
    }

    /// Whether `operation` may be done in `namespace`; `None`: in all of them together, or in what is in none.
    pub fn allow(&self, operation: Operation, namespace: Option<&str>) -> bool {
        self.operations().contains(operation) && self.reach(namespace)
    }

    /// Whether `operation` may be done in at least one namespace.
    pub fn allow_somewhere(&self, operation: Operation) -> bool {
        self.operations().contains(operation)
    }

    /// Whether all that `other` allows is allowed here.
    pub fn cover(&self, other: &Rights) -> bool {
        let reach_all = match &other.namespaces[..] {
            [] => self.reach(None),
            some => some.iter().all(|namespace| self.reach(Some(namespace))),
        };
        self.operations().covers(other.operations()) && reach_all
    }

    fn reach(&self, namespace: Option<&str>) -> bool {
        self.namespaces.is_empty() || namespace.is_some_and(|path| self.namespaces.iter().any(|scope| is_within(path, scope)))
    }

    /// Whether they are some. `Invalid` otherwise.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |text: String| Err(Error::new(Kind::Invalid, text));
        if self.operations().is_empty() {
            return invalid(format!("the role {} has none of the key's operations: it could do nothing", self.role));
        }
        if self.namespaces.len() > NAMESPACES_PER_KEY_MAX {
            return invalid(format!("a key has {NAMESPACES_PER_KEY_MAX} namespaces at most: make several keys"));
        }
        let is_path = |path: &String| path.len() <= NAMESPACE_BYTES_MAX && path.split('/').all(is_part);
        match self.namespaces.iter().find(|path| !is_path(path)) {
            Some(path) => invalid(format!("\"{}\" is no path of a namespace, such as teams/payments", path.escape_default())),
            None => Ok(()),
        }
    }
}

/// What a path may have between slashes, as the configuration store says it.
fn is_part(part: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(part, "" | "." | "..") && part.bytes().all(is_usual)
}

/// Whether `path` is `scope` or lies below it.
fn is_within(path: &str, scope: &str) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
