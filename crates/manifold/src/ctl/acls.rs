//! `ctl acl`: who may do what.

use std::path::Path;

use door_http::admin::{
    acls::{Acl, OneOrMore},
    members::Done,
};
use serde::Serialize;

use super::client;
use crate::{arguments::AclArguments, exit::Outcome, table::table};

/// The cluster's name among resources.
const CLUSTER: &str = "kafka-cluster";

/// What was done.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Changed {
    acls: OneOrMore,
    #[serde(skip)]
    done: &'static str,
}

impl Changed {
    pub(super) fn to_text(&self) -> String {
        let line = |acl: &Acl| {
            let Acl { principal, permission, operation, resource, pattern, name, .. } = acl;
            format!("{}: {permission} {principal} {operation} {resource} {name} ({pattern}).\n", self.done)
        };
        self.acls.iter().map(line).collect()
    }
}

/// What is given is said of each resource that is named.
fn acls(given: AclArguments) -> OneOrMore {
    let AclArguments { principal, operation, topic, group, cluster, transactional_id, namespace, keys, prefixed, deny, host } =
        given;
    let named = [
        ("topic", topic),
        ("group", group),
        ("transactional-id", transactional_id),
        ("namespace", namespace),
        ("keys", keys),
        ("cluster", cluster.then(|| CLUSTER.to_owned())),
    ];
    let principal = if principal.starts_with("User:") { principal } else { format!("User:{principal}") };
    let acl = |(resource, name): (&str, Option<String>)| {
        Some(Acl {
            principal: principal.clone(),
            host: host.clone(),
            permission: if deny { "deny" } else { "allow" }.to_owned(),
            operation: operation.clone(),
            resource: resource.to_owned(),
            pattern: if prefixed { "prefixed" } else { "literal" }.to_owned(),
            name: name?,
        })
    };
    // The command line demands one of them.
    OneOrMore::of(named.into_iter().filter_map(acl).collect())
}

pub(super) fn add(data_dir: &Path, given: AclArguments) -> Outcome<Changed> {
    let acls = acls(given);
    let Done {} = client::tell(data_dir, "/v1/acls/add", &acls)?;
    Ok(Changed { acls, done: "Added" })
}

pub(super) fn remove(data_dir: &Path, given: AclArguments) -> Outcome<Changed> {
    let acls = acls(given);
    let Done {} = client::tell(data_dir, "/v1/acls/remove", &acls)?;
    Ok(Changed { acls, done: "Removed" })
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
