//! What changes the cluster's own state.

use base::{ClusterId, NodeId, Result};
use bytes::{BufMut, Bytes};

use crate::{
    KeyspaceEntry, LEVEL_FIRST, Member, catalogue,
    codec::{Reader, V3, V4, V5, damaged, put_keyspace, put_members, put_text, put_texts},
    principals,
};

/// A command to the cluster machine. Repeating one that was done is done again without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The cluster's id, the number of data shards and the first members, once and for all.
    ///
    /// Without effect when repeated with the same id and shards, except that the members are taken if there are none yet: a
    /// build that wrote version 1 may have stopped between the two. With other numbers: `Conflict`.
    ///
    /// The cluster begins at the least of the levels of formats that the members read, as far as they say so here.
    Found {
        /// Never zero.
        cluster: ClusterId,
        /// At least one.
        data_shards: u32,
        /// Active ones, [`VOTERS_MAX`](crate::limits::VOTERS_MAX) at most. Empty only in version 1, where they follow.
        members: Vec<Member>,
    },
    /// Version 1's way to add an active member or rename one: read from logs written then, never proposed.
    NameMember {
        /// Whom.
        id: NodeId,
        /// Its name.
        name: String,
    },
    /// Adds a joining member. `Conflict` if its name, address or id is known, its id was removed, or another change is under way.
    AddMember {
        /// Drawn by who proposes.
        id: NodeId,
        /// Unique unless it is empty.
        name: String,
        /// Where peers will reach it, `host:port`.
        address: String,
    },
    /// A member announces itself at its start.
    ///
    /// `Conflict` if it was here before with another incarnation (its disk was lost) or its address is another's, `NotFound` if
    /// it is not known, `Precondition` if it was removed.
    ///
    /// In version 2 without name and level.
    Started {
        /// Who.
        id: NodeId,
        /// Drawn with its data directory; not zero.
        incarnation: u64,
        /// Where peers reach it; empty: as it was.
        address: String,
        /// Where clients reach it.
        client_urls: Vec<String>,
        /// Its name; empty: as it was. One that is another's is left out.
        name: String,
        /// The greatest level of formats that its build reads. `Unsupported` if that is below the cluster's.
        level: u32,
    },
    /// A joining member has its place in every shard.
    Activate {
        /// Whom.
        id: NodeId,
    },
    /// A member is reached elsewhere. `Conflict` if another one has that address.
    UpdateMember {
        /// Whom.
        id: NodeId,
        /// Where peers reach it, `host:port`.
        address: String,
    },
    /// A member is to leave every shard. `Conflict` while another change is under way, unless the member is itself joining;
    /// `Precondition` if no active one would be left.
    RemoveMember {
        /// Whom.
        id: NodeId,
    },
    /// A leaving member is gone from every shard. Its id never comes back.
    ForgetMember {
        /// Whom.
        id: NodeId,
    },
    /// A member is about to be stopped, or no longer.
    Drain {
        /// Whom.
        id: NodeId,
        /// Whether it shall lead nothing.
        drained: bool,
    },
    /// A member leaves and another one joins in its place, with the same name or address if need be.
    ///
    /// Allowed while others leave: if a member dies for good in the midst of a removal that needs it, this is the way on.
    /// `Conflict` while another one joins, unless that is the one who leaves.
    Replace {
        /// Who leaves.
        dead: NodeId,
        /// Who joins; drawn by who proposes.
        id: NodeId,
        /// The name of the one who joins.
        name: String,
        /// Where peers will reach it, `host:port`.
        address: String,
    },
    /// Creates a key space; without effect if the same one exists.
    CreateKeyspace(KeyspaceEntry),
    /// From here on everybody may write formats of this level; without effect if that is so already.
    ///
    /// `Precondition` while a member has not said that it reads them. There is no way back.
    Raise {
        /// The level.
        level: u32,
    },
    /// The quorum was lost for good, and an operator made the cluster go on with what one member had: the others are removed.
    ///
    /// Written by that member's recovery, never proposed. It has a new cluster id, so that nobody takes the others, should they
    /// come back, for members. `NotFound` if the member is not known.
    Recover {
        /// Who goes on.
        id: NodeId,
        /// The cluster's id from now on; not zero.
        cluster: ClusterId,
    },
    /// Changes the catalogue of topics. Of level 2.
    Catalogue(catalogue::Command),
    /// Changes who is known and what they may do. Of level 2, about keys of level 3.
    Principals(principals::Command),
}

/// Answer of the cluster machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done, or it was so already.
    Done,
}

const FOUND: u8 = 1;
const NAME_MEMBER: u8 = 2;
const CREATE_KEYSPACE: u8 = 3;
const ADD_MEMBER: u8 = 4;
const STARTED: u8 = 5;
const ACTIVATE: u8 = 6;
const UPDATE_MEMBER: u8 = 7;
const REMOVE_MEMBER: u8 = 8;
const FORGET_MEMBER: u8 = 9;
const DRAIN: u8 = 10;
const REPLACE: u8 = 11;
const RAISE: u8 = 12;
const RECOVER: u8 = 13;
const CATALOGUE: u8 = 14;
const PRINCIPALS: u8 = 15;

/// The greatest kinds of versions 1 and 2.
const V1_KIND_MAX: u8 = CREATE_KEYSPACE;
const V2_KIND_MAX: u8 = REPLACE;

/// The level of formats that came with version 4.
const V4_LEVEL: u32 = 2;

/// The level of formats that came with version 5.
const V5_LEVEL: u32 = 3;

impl Command {
    /// The least level of formats at which it may be proposed: builds that read less cannot read it.
    ///
    /// [`Machine::check_level`](crate::Machine::check_level) says whether the cluster is there.
    pub fn level(&self) -> u32 {
        match self {
            // It is the one that brings the level; founders whose builds are older are to end rather than apply it without.
            Command::Found { .. } => LEVEL_FIRST,
            _ => match self.version() {
                V5 => V5_LEVEL,
                V4 => V4_LEVEL,
                _ => LEVEL_FIRST,
            },
        }
    }

    fn version(&self) -> u8 {
        match self {
            Command::Found { members, .. } if least_level(members) >= V4_LEVEL => V4,
            Command::Principals(principals::Command::Key(_)) => V5,
            Command::Catalogue(_) | Command::Principals(_) => V4,
            _ => V3,
        }
    }

    /// Its encoding.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![self.version(), self.kind()];
        match self {
            Command::Found { cluster, data_shards, members } => {
                out.put_u64_le(*cluster);
                out.put_u32_le(*data_shards);
                put_members(&mut out, members);
            }
            Command::NameMember { id, name } => {
                out.put_u64_le(*id);
                put_text(&mut out, name);
            }
            Command::AddMember { id, name, address } => put_newcomer(&mut out, *id, name, address),
            Command::Started { id, incarnation, address, client_urls, name, level } => {
                out.put_u64_le(*id);
                out.put_u64_le(*incarnation);
                put_text(&mut out, address);
                put_texts(&mut out, client_urls);
                put_text(&mut out, name);
                out.put_u32_le(*level);
            }
            Command::Activate { id } | Command::RemoveMember { id } | Command::ForgetMember { id } => out.put_u64_le(*id),
            Command::UpdateMember { id, address } => {
                out.put_u64_le(*id);
                put_text(&mut out, address);
            }
            Command::Drain { id, drained } => {
                out.put_u64_le(*id);
                out.put_u8(u8::from(*drained));
            }
            Command::Replace { dead, id, name, address } => {
                out.put_u64_le(*dead);
                put_newcomer(&mut out, *id, name, address);
            }
            Command::CreateKeyspace(entry) => put_keyspace(&mut out, entry),
            Command::Raise { level } => out.put_u32_le(*level),
            Command::Recover { id, cluster } => {
                out.put_u64_le(*id);
                out.put_u64_le(*cluster);
            }
            Command::Catalogue(command) => command.put(&mut out),
            Command::Principals(command) => command.put(&mut out),
        }
        Bytes::from(out)
    }

    fn kind(&self) -> u8 {
        match self {
            Command::Found { .. } => FOUND,
            Command::NameMember { .. } => NAME_MEMBER,
            Command::AddMember { .. } => ADD_MEMBER,
            Command::Started { .. } => STARTED,
            Command::Activate { .. } => ACTIVATE,
            Command::UpdateMember { .. } => UPDATE_MEMBER,
            Command::RemoveMember { .. } => REMOVE_MEMBER,
            Command::ForgetMember { .. } => FORGET_MEMBER,
            Command::Drain { .. } => DRAIN,
            Command::Replace { .. } => REPLACE,
            Command::CreateKeyspace(_) => CREATE_KEYSPACE,
            Command::Raise { .. } => RAISE,
            Command::Recover { .. } => RECOVER,
            Command::Catalogue(_) => CATALOGUE,
            Command::Principals(_) => PRINCIPALS,
        }
    }

    /// Decodes; an unknown version is `Unsupported`; an unknown kind, or bytes too many or too few, are `Corrupt`.
    pub fn decode(data: Bytes) -> Result<Command> {
        let mut read = Reader::new(data)?;
        let kind = read.u8()?;
        if (read.version == 1 && kind > V1_KIND_MAX) || (read.version == 2 && kind > V2_KIND_MAX) {
            return Err(damaged());
        }
        let command = match kind {
            FOUND => {
                let (cluster, data_shards) = (read.u64()?, read.u32()?);
                let members = if read.version == 1 { Vec::new() } else { read.members()? };
                Command::Found { cluster, data_shards, members }
            }
            NAME_MEMBER => Command::NameMember { id: read.u64()?, name: read.text()? },
            CREATE_KEYSPACE => Command::CreateKeyspace(read.keyspace()?),
            ADD_MEMBER => Command::AddMember { id: read.u64()?, name: read.text()?, address: read.text()? },
            STARTED => {
                let (id, incarnation, address, client_urls) = (read.u64()?, read.u64()?, read.text()?, read.texts()?);
                let (name, level) = if read.version == 2 { (String::new(), 0) } else { (read.text()?, read.u32()?) };
                Command::Started { id, incarnation, address, client_urls, name, level }
            }
            ACTIVATE => Command::Activate { id: read.u64()? },
            UPDATE_MEMBER => Command::UpdateMember { id: read.u64()?, address: read.text()? },
            REMOVE_MEMBER => Command::RemoveMember { id: read.u64()? },
            FORGET_MEMBER => Command::ForgetMember { id: read.u64()? },
            DRAIN => Command::Drain { id: read.u64()?, drained: read.flag()? },
            REPLACE => Command::Replace { dead: read.u64()?, id: read.u64()?, name: read.text()?, address: read.text()? },
            RAISE => Command::Raise { level: read.u32()? },
            RECOVER => Command::Recover { id: read.u64()?, cluster: read.u64()? },
            CATALOGUE => Command::Catalogue(catalogue::Command::read(&mut read)?),
            PRINCIPALS => Command::Principals(principals::Command::read(&mut read)?),
            _ => return Err(damaged()),
        };
        // From version 3 on each command has one version that it is written in.
        if read.version >= V3 && read.version != command.version() {
            return Err(damaged());
        }
        read.end(command)
    }
}

/// The least level that one of the founding members reads; those who do not say read what every build does.
pub(crate) fn least_level(members: &[Member]) -> u32 {
    members.iter().map(|member| member.level).min().unwrap_or_default().max(LEVEL_FIRST)
}

fn put_newcomer(out: &mut Vec<u8>, id: NodeId, name: &str, address: &str) {
    out.put_u64_le(id);
    put_text(out, name);
    put_text(out, address);
}

#[cfg(test)]
mod tests;
