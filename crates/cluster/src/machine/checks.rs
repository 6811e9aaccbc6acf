//! What is asked of the members that a command names, whatever the cluster's state.

use base::{Error, Kind, NodeId, Result};

use crate::{
    Member, MemberStanding, errors,
    limits::{ADDRESS_BYTES_MAX, CLIENT_URLS_MAX, NAME_BYTES_MAX, URL_BYTES_MAX, VOTERS_MAX},
};

pub(super) fn zero_id() -> Error {
    errors::invalid("a member's id is not zero")
}

pub(super) fn check_newcomer(id: NodeId, name: &str, address: &str) -> Result<()> {
    if id == 0 {
        return Err(zero_id());
    }
    check_name(name)?;
    check_address(address)
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if name.len() > NAME_BYTES_MAX {
        let text = format!("a member's name is longer than {NAME_BYTES_MAX} bytes");
        return Err(Error::new(Kind::Invalid, text));
    }
    Ok(())
}

/// What a host and a port are is for those to say who connect there.
pub(super) fn check_address(address: &str) -> Result<()> {
    if address.is_empty() || address.len() > ADDRESS_BYTES_MAX { Err(errors::address_invalid()) } else { Ok(()) }
}

pub(super) fn check_client_urls(urls: &[String]) -> Result<()> {
    if urls.len() > CLIENT_URLS_MAX || urls.iter().any(|url| url.len() > URL_BYTES_MAX) {
        let text = format!("a member has {CLIENT_URLS_MAX} client URLs of {URL_BYTES_MAX} bytes at most");
        return Err(Error::new(Kind::Invalid, text));
    }
    Ok(())
}

pub(super) fn check_founders(founders: &[Member]) -> Result<()> {
    if founders.len() > VOTERS_MAX {
        let text = format!("a cluster is founded with {VOTERS_MAX} members at most: add further ones later");
        return Err(Error::new(Kind::Invalid, text));
    }
    for (nth, member) in founders.iter().enumerate() {
        if member.id == 0 {
            return Err(zero_id());
        }
        check_name(&member.name)?;
        check_client_urls(&member.client_urls)?;
        if member.standing != MemberStanding::Active {
            return Err(errors::invalid("a cluster is founded with active members"));
        }
        // A cluster of one needs no peers, and no address.
        if founders.len() > 1 || !member.address.is_empty() {
            check_address(&member.address)?;
        }
        let is_like = |other: &Member| other.id == member.id || other.name == member.name || other.address == member.address;
        if founders[..nth].iter().any(is_like) {
            return Err(errors::invalid("two of the founding members have the same id, name or address"));
        }
    }
    Ok(())
}
