//! All that somebody may do, for people and programs who want to know before they try.

use cluster::principals::{ANY, Grant, Grantee, Host, Pattern, Permission, Principals, Resource, keys::Operation};
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Standing, granted_as};

/// An operation and where it may be done. A path that ends in `*` stands for all that begin with what is before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permitted {
    /// What may be done.
    pub operation: String,
    /// Where; for what is about the store as a whole: `*`.
    pub namespaces: Vec<String>,
    /// Where it may not be done all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Everything, for those whose rights are not limited.
const ALL: &str = "*";

pub(super) fn permitted(caller: &Caller, principals: &Principals) -> Vec<Permitted> {
    Operation::ALL.into_iter().filter_map(|operation| of(caller, principals, operation)).collect()
}

fn of(caller: &Caller, principals: &Principals, operation: Operation) -> Option<Permitted> {
    let (resource, granted) = granted_as(operation);
    let is_admin = principals.user(&caller.principal).is_some_and(|user| user.enabled && user.is_admin);
    let speaks = |grant: &&Grant| {
        let is_theirs = match &grant.grantee {
            Grantee::Everyone => true,
            Grantee::User(name) => **name == *caller.principal,
        };
        let is_from = match Host::of(&grant.host) {
            Host::Any => true,
            Host::Address(address) => caller.address.is_none_or(|from| from.to_canonical() == address),
            Host::Unreadable => grant.permission == Permission::Deny,
        };
        let is_of_it = [granted, cluster::principals::Operation::All].contains(&grant.operation);
        is_theirs && is_from && is_of_it && grant.resource == resource && !is_admin
    };
    let named = |permission: Permission| {
        let mut paths: Vec<String> =
            principals.grants().filter(speaks).filter(|grant| grant.permission == permission).map(path).collect();
        paths.dedup();
        paths
    };
    let namespaces = match &caller.standing {
        Standing::Operator => {
            return Some(Permitted { operation: operation.name().to_owned(), namespaces: all(), except: Vec::new() });
        }
        Standing::Key { key, .. } => match &key.terms.rights {
            rights if !rights.allow_somewhere(operation) => return None,
            rights if rights.namespaces.is_empty() => all(),
            // What is about the store as a whole is not in a namespace.
            _ if operation == Operation::Operate => return None,
            rights => rights.namespaces.iter().flat_map(|scope| [scope.clone(), format!("{scope}/*")]).collect(),
        },
        Standing::User { .. } if is_admin => all(),
        Standing::User { .. } => named(Permission::Allow),
    };
    let except = named(Permission::Deny);
    let is_nowhere = namespaces.is_empty() || except.iter().any(|path| path == ALL);
    (!is_nowhere).then(|| Permitted { operation: operation.name().to_owned(), namespaces, except })
}

fn all() -> Vec<String> {
    vec![ALL.to_owned()]
}

fn path(grant: &Grant) -> String {
    match grant.pattern {
        _ if grant.resource == Resource::Cluster => ALL.to_owned(),
        Pattern::Literal if grant.name == ANY => ALL.to_owned(),
        Pattern::Literal => grant.name.clone(),
        Pattern::Prefixed => format!("{}*", grant.name),
    }
}
