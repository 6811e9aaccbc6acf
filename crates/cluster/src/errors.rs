//! What the machine refuses. Where etcd refuses the same, the text is etcd's own (`api/v3rpc/rpctypes/error.go`), since client
//! libraries compare texts.

use base::{Error, Kind};

use crate::{Member, MemberStanding};

/// There is no such member, or no longer.
pub fn member_not_found() -> Error {
    Error::new(Kind::NotFound, "etcdserver: member not found")
}

/// The id is in use.
pub fn member_id_exists() -> Error {
    Error::new(Kind::Conflict, "etcdserver: member ID already exist")
}

/// The address is in use.
pub fn address_exists() -> Error {
    Error::new(Kind::Conflict, "etcdserver: Peer URLs already exists")
}

/// The address is none.
pub fn address_invalid() -> Error {
    Error::new(Kind::Invalid, "etcdserver: given member URLs are invalid")
}

/// Nobody would be left to vote.
pub fn not_enough_members() -> Error {
    Error::new(Kind::Precondition, "etcdserver: re-configuration failed due to not enough started members")
}

/// The name is in use.
pub(crate) fn name_exists(name: &str) -> Error {
    Error::new(Kind::Conflict, format!("a member named {name} exists already"))
}

/// The id was in use once.
pub(crate) fn id_was_removed() -> Error {
    Error::new(Kind::Conflict, "a member with this id was removed, and an id never comes back: add it under a new one")
}

/// A removed member starts.
pub fn member_removed() -> Error {
    let text = "this member was removed from the cluster: add it anew and start it with an empty data directory";
    Error::new(Kind::Precondition, text)
}

/// A member starts with another data directory than it had.
pub(crate) fn disk_lost() -> Error {
    let text = "the member was here before with other data, so its disk was lost: replace it by a new member";
    Error::new(Kind::Conflict, text)
}

/// A member cannot read what the others write.
pub fn level_too_low(level: u32, in_force: u32) -> Error {
    let text = format!(
        "this build reads formats up to level {level}, and the cluster writes level {in_force}: start a build as new as the other members'"
    );
    Error::new(Kind::Unsupported, text)
}

/// A command is of a level that the cluster does not write yet.
pub fn level_not_written(level: u32, in_force: u32) -> Error {
    let text = format!(
        "this needs formats of level {level}, and the cluster writes level {in_force}: upgrade every member, then run \"manifold ctl upgrade --finish\""
    );
    Error::new(Kind::Precondition, text)
}

/// Not every member reads the level that is to be written.
pub(crate) fn level_not_read(member: &Member, level: u32) -> Error {
    let Member { id, name, level: reads, .. } = member;
    let text = format!(
        "member {id:x} ({name}) reads formats up to level {reads}, not {level}: start it with the new build first, or remove it"
    );
    Error::new(Kind::Precondition, text)
}

/// One change of membership at a time.
pub(crate) fn under_way(other: &Member) -> Error {
    let Member { id, name, .. } = other;
    let (what, until) = match other.standing {
        MemberStanding::Leaving => ("is being taken out", "it is gone"),
        _ => ("is joining", "it has joined, or remove it"),
    };
    let text = format!("member {id:x} ({name}) {what}, and changes go one at a time: try again when {until}");
    Error::new(Kind::Conflict, text)
}

/// The step does not fit where the member stands.
pub(crate) fn standing_differs(wanted: &'static str) -> Error {
    Error::new(Kind::Precondition, wanted)
}

pub(crate) fn invalid(text: &'static str) -> Error {
    Error::new(Kind::Invalid, text)
}
