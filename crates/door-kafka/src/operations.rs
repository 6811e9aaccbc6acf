//! What a client may do, where it asks for that: one bit for each operation, by its number in Kafka's ACLs (KIP-430).

use cluster::principals::{Operation, Resource};

use crate::authorization::{Authority, CLUSTER};

const READ: i32 = 1 << 3;
const WRITE: i32 = 1 << 4;
const CREATE: i32 = 1 << 5;
const DELETE: i32 = 1 << 6;
const ALTER: i32 = 1 << 7;
const DESCRIBE: i32 = 1 << 8;
const CLUSTER_ACTION: i32 = 1 << 9;
const DESCRIBE_CONFIGS: i32 = 1 << 10;
const ALTER_CONFIGS: i32 = 1 << 11;
const IDEMPOTENT_WRITE: i32 = 1 << 12;

/// Nobody asked.
pub(crate) const NOT_ASKED: i32 = i32::MIN;

/// On the cluster, if it was asked.
pub(crate) fn of_cluster(authority: &Authority, asked: bool) -> i32 {
    let all = CREATE | ALTER | DESCRIBE | CLUSTER_ACTION | DESCRIBE_CONFIGS | ALTER_CONFIGS | IDEMPOTENT_WRITE;
    match asked {
        false => NOT_ASKED,
        // Who may not describe it is told of nothing.
        true if !authority.may(Resource::Cluster, Operation::Describe, CLUSTER) => 0,
        true => authority.among(all, Resource::Cluster, ""),
    }
}

/// On a topic, if it was asked.
pub(crate) fn of_topic(authority: &Authority, asked: bool, name: &str) -> i32 {
    let all = READ | WRITE | CREATE | DELETE | ALTER | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS;
    if asked { authority.among(all, Resource::Topic, name) } else { NOT_ASKED }
}

/// On a history, if it was asked, of who may read it: nobody may do more.
pub(crate) fn of_history(asked: bool) -> i32 {
    if asked { READ | DESCRIBE | DESCRIBE_CONFIGS } else { NOT_ASKED }
}

/// On a group, if it was asked.
pub(crate) fn of_group(authority: &Authority, asked: bool, name: &str) -> i32 {
    let all = READ | DELETE | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS;
    if asked { authority.among(all, Resource::Group, name) } else { NOT_ASKED }
}
