//! The routes about grants: who may do what.

use axum::{
    Json, Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use base::{Error, Kind, Result};
use cluster::principals::{Command, Grant, Grantee, Operation, Pattern, Permission, Resource};
use serde::{Deserialize, Serialize};

use super::{
    Context, answer,
    members::{Asked, asked, done},
};

/// One grant, in words: those of Kafka's tools, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// `User:NAME`, or `User:*` for everyone.
    pub principal: String,
    /// The address that they come from, IPv4 or IPv6, or `*`.
    pub host: String,
    /// `allow` or `deny`.
    pub permission: String,
    /// One of [`OPERATIONS`].
    pub operation: String,
    /// One of [`RESOURCES`].
    pub resource: String,
    /// `literal` or `prefixed`.
    pub pattern: String,
    /// The resource's name, the beginning of names, or `*` (literal) for all.
    pub name: String,
}

/// `POST /v1/acls/add` and `/v1/acls/remove`: one grant, or several that come or go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(Acl),
    /// Several.
    More(Vec<Acl>),
}

impl OneOrMore {
    /// Of these.
    pub fn of(mut acls: Vec<Acl>) -> OneOrMore {
        match acls.pop() {
            Some(one) if acls.is_empty() => OneOrMore::One(one),
            last => OneOrMore::More(acls.into_iter().chain(last).collect()),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Acl> {
        match self {
            OneOrMore::One(acl) => std::slice::from_ref(acl),
            OneOrMore::More(acls) => acls,
        }
        .iter()
    }
}

/// What can be done, by the words for it.
pub const OPERATIONS: [(&str, Operation); 14] = [
    ("all", Operation::All),
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("create", Operation::Create),
    ("delete", Operation::Delete),
    ("alter", Operation::Alter),
    ("describe", Operation::Describe),
    ("cluster-action", Operation::ClusterAction),
    ("describe-configs", Operation::DescribeConfigs),
    ("alter-configs", Operation::AlterConfigs),
    ("idempotent-write", Operation::IdempotentWrite),
    ("create-tokens", Operation::CreateTokens),
    ("describe-tokens", Operation::DescribeTokens),
    ("two-phase-commit", Operation::TwoPhaseCommit),
];

/// What it can be done with.
pub const RESOURCES: [(&str, Resource); 8] = [
    ("topic", Resource::Topic),
    ("group", Resource::Group),
    ("cluster", Resource::Cluster),
    ("transactional-id", Resource::TransactionalId),
    ("delegation-token", Resource::DelegationToken),
    ("user", Resource::User),
    ("keys", Resource::Keys),
    ("namespace", Resource::Namespace),
];

const PATTERNS: [(&str, Pattern); 2] = [("literal", Pattern::Literal), ("prefixed", Pattern::Prefixed)];
const PERMISSIONS: [(&str, Permission); 2] = [("allow", Permission::Allow), ("deny", Permission::Deny)];

fn kind<K: Copy>(table: &[(&str, K)], what: &str, word: &str) -> Result<K> {
    let found = table.iter().find(|(known, _)| *known == word);
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let words: Vec<&str> = table.iter().map(|(known, _)| *known).collect();
        Error::new(Kind::Invalid, format!("\"{word}\" is no {what}; it is one of {}", words.join(", ")))
    })
}

fn word<K: PartialEq>(table: &[(&'static str, K)], kind: &K) -> String {
    let found = table.iter().find(|(_, known)| known == kind);
    found.map_or_else(String::new, |(word, _)| (*word).to_owned())
}

impl Acl {
    /// As the cluster keeps it. A host that is no address stays what it is: it may be of a grant that is to be removed.
    ///
    /// # Errors
    /// `Invalid`: which word is none.
    pub fn grant(&self) -> Result<Grant> {
        let grant = Grant {
            resource: kind(&RESOURCES, "resource", &self.resource)?,
            pattern: kind(&PATTERNS, "pattern", &self.pattern)?,
            name: self.name.clone(),
            grantee: Grantee::parse(&self.principal)?,
            host: self.host.clone(),
            operation: kind(&OPERATIONS, "operation", &self.operation)?,
            permission: kind(&PERMISSIONS, "permission", &self.permission)?,
        };
        grant.check()?;
        Ok(grant)
    }

    /// In words.
    pub fn of(grant: &Grant) -> Acl {
        Acl {
            principal: grant.grantee.to_string(),
            host: grant.host.clone(),
            permission: word(&PERMISSIONS, &grant.permission),
            operation: word(&OPERATIONS, &grant.operation),
            resource: word(&RESOURCES, &grant.resource),
            pattern: word(&PATTERNS, &grant.pattern),
            name: grant.name.clone(),
        }
    }
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/v1/acls", get(async |State(context): State<Context>| Json(acls(&context))))
        .route("/v1/acls/add", post(add))
        .route("/v1/acls/remove", post(remove))
}

fn acls(context: &Context) -> Vec<Acl> {
    context.directory.grants().iter().map(Acl::of).collect()
}

async fn add(State(context): State<Context>, body: Asked<OneOrMore>) -> Response {
    let run = async || {
        let grants = asked(body)?.iter().map(|acl| acl.grant()?.proposed()).collect::<Result<_>>()?;
        context.directory.change(Command::AddGrants { grants }).await
    };
    answer(run().await.map(done))
}

async fn remove(State(context): State<Context>, body: Asked<OneOrMore>) -> Response {
    let run = async || {
        let mut grants = Vec::new();
        for acl in asked(body)?.iter() {
            let (grant, before) = (acl.grant()?, grants.len());
            grants.extend(context.directory.grants().into_iter().filter(|known| known.is_same(&grant)));
            if grants.len() == before {
                let Acl { resource, name, .. } = acl;
                let text =
                    format!("there is no such grant for {resource} {name}; \"manifold ctl acl list\" shows those that there are");
                return Err(Error::new(Kind::NotFound, text));
            }
        }
        context.directory.change(Command::RemoveGrants { grants }).await
    };
    answer(run().await.map(done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word() {
        let grant = Acl {
            principal: "User:alice".to_owned(),
            host: "*".to_owned(),
            permission: "deny".to_owned(),
            operation: "read".to_owned(),
            resource: "topic".to_owned(),
            pattern: "prefixed".to_owned(),
            name: "orders-".to_owned(),
        };
        for operation in Operation::ALL_KINDS {
            let named = Acl { operation: word(&OPERATIONS, operation), ..grant.clone() };
            assert_eq!(named.grant().unwrap().operation, *operation);
        }
        for resource in Resource::ALL_KINDS {
            let named = Acl { resource: word(&RESOURCES, resource), ..grant.clone() };
            assert_eq!(Acl::of(&named.grant().unwrap()), named);
        }
        for bad in [
            Acl { operation: "look".to_owned(), ..grant.clone() },
            Acl { principal: "alice".to_owned(), ..grant.clone() },
            Acl { name: String::new(), ..grant.clone() },
        ] {
            assert_eq!(bad.grant().unwrap_err().kind, Kind::Invalid);
        }
    }
}
