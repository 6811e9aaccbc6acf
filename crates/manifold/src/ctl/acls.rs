//! `ctl acl`: who may do what.

use std::path::Path;

use door_http::admin::{acls::Acl, members::Done};
use serde::Serialize;

use super::client;
use crate::{arguments::AclArguments, exit::Outcome, table::table};

/// The cluster's name among resources.
const CLUSTER: &str = "kafka-cluster";

/// What was done.
#[derive(Serialize)]
pub(super) struct Changed {
    #[serde(flatten)]
    acl: Acl,
    #[serde(skip)]
    done: &'static str,
}

impl Changed {
    pub(super) fn to_text(&self) -> String {
        let Acl { principal, permission, operation, resource, pattern, name, .. } = &self.acl;
        format!("{}: {permission} {principal} {operation} {resource} {name} ({pattern}).\n", self.done)
    }
}

fn acl(given: AclArguments) -> Acl {
    let AclArguments { principal, operation, topic, group, cluster, transactional_id, prefixed, deny, host } = given;
    let named = [("topic", topic), ("group", group), ("transactional-id", transactional_id)];
    let (resource, name) = named
        .into_iter()
        .find_map(|(resource, name)| Some((resource, name?)))
        // The command line demands one of them.
        .unwrap_or_else(|| ("cluster", if cluster { CLUSTER.to_owned() } else { String::new() }));
    Acl {
        principal: if principal.starts_with("User:") { principal } else { format!("User:{principal}") },
        host,
        permission: if deny { "deny" } else { "allow" }.to_owned(),
        operation,
        resource: resource.to_owned(),
        pattern: if prefixed { "prefixed" } else { "literal" }.to_owned(),
        name,
    }
}

pub(super) fn add(data_dir: &Path, given: AclArguments) -> Outcome<Changed> {
    let acl = acl(given);
    let Done {} = client::tell(data_dir, "/v1/acls/add", &acl)?;
    Ok(Changed { acl, done: "Added" })
}

pub(super) fn remove(data_dir: &Path, given: AclArguments) -> Outcome<Changed> {
    let acl = acl(given);
    let Done {} = client::tell(data_dir, "/v1/acls/remove", &acl)?;
    Ok(Changed { acl, done: "Removed" })
}

pub(super) fn list(data_dir: &Path) -> Outcome<Vec<Acl>> {
    client::ask(data_dir, "/v1/acls")
}

pub(super) fn to_text(acls: &[Acl]) -> String {
    if acls.is_empty() {
        return "There are no grants: only administrators may do anything where grants are enforced.\n".to_owned();
    }
    let row = |acl: &Acl| {
        let Acl { principal, host, permission, operation, resource, pattern, name } = acl;
        [principal, permission, operation, resource, name, pattern, host].map(Clone::clone)
    };
    let heads = ["PRINCIPAL", "PERMISSION", "OPERATION", "RESOURCE", "NAME", "PATTERN", "HOST"];
    table(heads, &acls.iter().map(row).collect::<Vec<_>>())
}
