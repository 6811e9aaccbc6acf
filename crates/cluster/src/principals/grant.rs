//! A grant: that a principal may, or may not, do something with some resources.
//!
//! Grants have the shape of Kafka's ACL bindings, so that Kafka's calls and tools manage them; the numbers of kinds are Kafka's
//! (`ResourceType`, `PatternType`, `AclOperation`, `AclPermissionType`).

use std::fmt;

use base::{Error, Kind, Result};

use super::{host::Host, user::check_user_name};
use crate::limits::{HOST_BYTES_MAX, RESOURCE_NAME_BYTES_MAX};

/// What stands for all: names of a literal pattern, hosts, and users.
pub const ANY: &str = "*";

/// One grant. Two are the same if all of them is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// What kind of resource.
    pub resource: Resource,
    /// How `name` says which ones.
    pub pattern: Pattern,
    /// A name, the beginning of names, or `*` (literal) for all.
    pub name: String,
    /// Whom it is for.
    pub grantee: Grantee,
    /// The address that they come from, as text without a port, or `*`; [`Host`] reads it.
    pub host: String,
    /// What is to be done.
    pub operation: Operation,
    /// Whether they may.
    pub permission: Permission,
}

/// Whom a grant is for: Kafka's principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Whoever asks: `User:*`.
    Everyone,
    /// Who signed in by this name; it need not be a [user](super::User), since TLS certificates give names, too.
    User(String),
}

impl Grantee {
    /// Reads Kafka's text, `User:NAME` or `User:*`. `Invalid` if it is none.
    pub fn parse(text: &str) -> Result<Grantee> {
        match text.strip_prefix("User:") {
            Some(ANY) => Ok(Grantee::Everyone),
            Some(name) if !name.is_empty() => Ok(Grantee::User(name.to_owned())),
            _ => Err(Error::new(Kind::Invalid, "a principal is written User:NAME, or User:* for everyone")),
        }
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grantee::Everyone => write!(f, "User:{ANY}"),
            Grantee::User(name) => write!(f, "User:{name}"),
        }
    }
}

/// A kind of resource. Those above 63 are not Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Resource {
    /// A topic, by its name.
    Topic = 2,
    /// A consumer group, by its id.
    Group = 3,
    /// The cluster, whose name is `kafka-cluster`.
    Cluster = 4,
    /// A transactional id.
    TransactionalId = 5,
    /// A delegation token, by its id.
    DelegationToken = 6,
    /// A user, as `User:NAME`.
    User = 7,
    /// Keys of a key space: its name, a slash, and the key.
    Keys = 64,
    /// A namespace of the configuration store, by its name.
    Namespace = 65,
}

/// How a grant's name is compared with a resource's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Pattern {
    /// They are the same, or the grant's is `*`.
    Literal = 3,
    /// The resource's begins with the grant's.
    Prefixed = 4,
}

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Operation {
    /// Everything.
    All = 2,
    /// Also lets describe.
    Read = 3,
    /// Also lets describe.
    Write = 4,
    /// To create.
    Create = 5,
    /// Also lets describe.
    Delete = 6,
    /// Also lets describe.
    Alter = 7,
    /// To see that it exists and what it is.
    Describe = 8,
    /// What brokers do among themselves.
    ClusterAction = 9,
    /// To see its settings.
    DescribeConfigs = 10,
    /// Also lets see the settings.
    AlterConfigs = 11,
    /// To produce idempotently.
    IdempotentWrite = 12,
    /// To create tokens of a user.
    CreateTokens = 13,
    /// To see tokens of a user.
    DescribeTokens = 14,
    /// To take part in a transaction that another system decides (KIP-939).
    TwoPhaseCommit = 15,
}

/// Whether it may be done. What is denied is denied whatever else is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Permission {
    /// It may not.
    Deny = 2,
    /// It may.
    Allow = 3,
}

/// Numbers of a kind's members, in Kafka's protocol and in records.
macro_rules! codes {
    ($kind:ident: $($member:ident),+) => {
        impl $kind {
            /// All of them.
            pub const ALL_KINDS: &[$kind] = &[$($kind::$member),+];

            /// Its number.
            pub fn code(self) -> u8 {
                self as u8
            }

            /// The one with this number.
            pub fn from_code(code: u8) -> Option<$kind> {
                $kind::ALL_KINDS.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

codes!(Resource: Topic, Group, Cluster, TransactionalId, DelegationToken, User, Keys, Namespace);
codes!(Pattern: Literal, Prefixed);
codes!(
    Operation: All,
    Read,
    Write,
    Create,
    Delete,
    Alter,
    Describe,
    ClusterAction,
    DescribeConfigs,
    AlterConfigs,
    IdempotentWrite,
    CreateTokens,
    DescribeTokens,
    TwoPhaseCommit
);
codes!(Permission: Deny, Allow);

impl Grant {
    /// As a door proposes it: [checked](Grant::check), and its host in the one way in which it is written. A door that takes
    /// several asks for each, since a command is refused whole.
    ///
    /// # Errors
    /// `Invalid`: it is none, or its host is neither `*` nor an address. The machine does not ask for that: commands of earlier
    /// builds, in the log and from members that are not upgraded yet, are to come to the same everywhere.
    pub fn proposed(self) -> Result<Grant> {
        self.check()?;
        Ok(Grant { host: Host::parse(&self.host)?.to_string(), ..self })
    }

    /// Whether they say the same, though their hosts may be written in two ways.
    pub fn is_same(&self, other: &Grant) -> bool {
        let rest = |grant: &Grant| Grant { host: String::new(), ..grant.clone() };
        self.is_from(&other.host) && rest(self) == rest(other)
    }

    /// Whether its host is this one, however it is written.
    pub fn is_from(&self, host: &str) -> bool {
        self.host == host || (Host::of(host) != Host::Unreadable && Host::of(host) == Host::of(&self.host))
    }

    /// Whether it is one, whatever its host means. `Invalid` otherwise.
    pub fn check(&self) -> Result<()> {
        let invalid = |text: String| Err(Error::new(Kind::Invalid, text));
        if self.name.is_empty() {
            return invalid("Resource name should not be empty".to_owned());
        }
        if self.name.len() > RESOURCE_NAME_BYTES_MAX {
            return invalid(format!("a grant's resource name has {RESOURCE_NAME_BYTES_MAX} bytes at most"));
        }
        if self.host.is_empty() || self.host.len() > HOST_BYTES_MAX {
            return invalid(format!("a grant's host has 1 to {HOST_BYTES_MAX} bytes: an address, or {ANY} for all"));
        }
        match &self.grantee {
            Grantee::Everyone => Ok(()),
            Grantee::User(name) => check_user_name(name),
        }
    }
}
