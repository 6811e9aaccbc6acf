//! The cluster's own state, and what changes it.

mod checks;

use std::collections::BTreeMap;

use base::{ClusterId, Error, Kind, NodeId, Result};
use table::{Direction, Table};

use crate::{
    Command, KeyspaceEntry, LEVEL_FIRST, Member, MemberStanding, Reply,
    catalogue::{Catalogue, Surroundings},
    command::least_level,
    errors,
    limits::{MEMBERS_MAX, REMOVED_MAX},
    principals::Principals,
    record::{self, Record},
};
use checks::{check_address, check_client_urls, check_founders, check_name, check_newcomer, zero_id};

/// The machine. One task applies; what it holds is small.
///
/// Once there are members, one of them is active or joins: whatever is under way, somebody is meant to stay. And as long as
/// nobody joins, anyone can be replaced: whoever is lost in the midst of a change, there is a way on.
pub struct Machine {
    table: Table,
    found: Option<(ClusterId, u32)>,
    members: BTreeMap<NodeId, Member>,
    /// Ids of removed members by the number of their removal, the last ones.
    removed: BTreeMap<u64, NodeId>,
    keyspaces: BTreeMap<String, KeyspaceEntry>,
    level: u32,
    catalogue: Catalogue,
    principals: Principals,
}

impl Machine {
    /// Reads what is settled in `table`.
    pub fn open(table: Table) -> Result<Machine> {
        let mut machine = Machine {
            table: table.clone(),
            found: None,
            members: BTreeMap::new(),
            removed: BTreeMap::new(),
            keyspaces: BTreeMap::new(),
            level: LEVEL_FIRST,
            catalogue: Catalogue::new(table.clone()),
            principals: Principals::new(table.clone()),
        };
        let (from, to) = record::keys();
        for pair in table.range(from, to, Direction::Forward) {
            machine.learn(Record::decode(pair?.1)?);
        }
        machine.catalogue.check_whole()?;
        Ok(machine)
    }

    /// Applies one command, in log order.
    pub fn apply(&mut self, command: Command) -> Result<Reply> {
        self.check_level(&command)?;
        match command {
            Command::Found { cluster, data_shards, members } => self.found_cluster(cluster, data_shards, members)?,
            Command::NameMember { id, name } => self.name_member(id, name)?,
            Command::AddMember { id, name, address } => self.add_member(id, name, address)?,
            Command::Started { id, incarnation, address, client_urls, name, level } => {
                self.started(id, incarnation, address, client_urls, name, level)?;
            }
            Command::Activate { id } => self.activate(id)?,
            Command::UpdateMember { id, address } => self.update_member(id, address)?,
            Command::RemoveMember { id } => self.remove_member(id)?,
            Command::ForgetMember { id } => self.forget_member(id)?,
            Command::Drain { id, drained } => {
                let member = self.known(id)?.clone();
                self.keep(Record::Member(Member { drained, ..member }));
            }
            Command::Replace { dead, id, name, address } => self.replace(dead, id, name, address)?,
            Command::CreateKeyspace(entry) => {
                self.check_keyspace(&entry)?;
                self.keep(Record::Keyspace(entry));
            }
            Command::Raise { level } => self.raise(level)?,
            Command::Recover { id, cluster } => self.recover(id, cluster)?,
            Command::Catalogue(command) => {
                let data_shards = self.found.map_or(0, |(_, shards)| shards);
                self.catalogue.apply(command, &Surroundings { data_shards, keyspaces: &self.keyspaces })?;
            }
            Command::Principals(command) => self.principals.apply(command)?,
        }
        Ok(Reply::Done)
    }

    /// Whether `command` may be proposed at the cluster's level of formats. Who proposes asks first: a member whose build is
    /// older ends when it finds in its log what it cannot read. `Precondition` if it may not.
    pub fn check_level(&self, command: &Command) -> Result<()> {
        let level = command.level();
        if level > self.level { Err(errors::level_not_written(level, self.level)) } else { Ok(()) }
    }

    /// The cluster's id and the number of data shards, once it is founded.
    pub fn found(&self) -> Option<(ClusterId, u32)> {
        self.found
    }

    /// The level of formats that may be written.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Members by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The member with this id.
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// Ids that were members and shall not come back, in the order of their removal; the last [`REMOVED_MAX`] ones.
    pub fn removed(&self) -> impl Iterator<Item = NodeId> {
        self.removed.values().copied()
    }

    /// Whether this id was a member and shall not come back.
    pub fn is_removed(&self, id: NodeId) -> bool {
        self.removed().any(|removed| removed == id)
    }

    /// Key spaces by name.
    pub fn keyspaces(&self) -> impl Iterator<Item = &KeyspaceEntry> {
        self.keyspaces.values()
    }

    /// The topics.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Who is known, and what they may do.
    pub fn principals(&self) -> &Principals {
        &self.principals
    }

    fn found_cluster(&mut self, cluster: ClusterId, data_shards: u32, members: Vec<Member>) -> Result<()> {
        if cluster == 0 || data_shards == 0 {
            return Err(errors::invalid("a cluster's id and its number of data shards are not zero"));
        }
        if self.found.is_some_and(|found| found != (cluster, data_shards)) {
            return Err(Error::new(Kind::Conflict, "the cluster is founded already, with other numbers"));
        }
        check_founders(&members)?;
        if self.found.is_none() {
            self.keep(Record::Founded { cluster, data_shards });
        }
        if self.members.is_empty() {
            let level = least_level(&members);
            members.into_iter().for_each(|member| self.keep(Record::Member(member)));
            if level > self.level {
                self.keep(Record::Level(level));
            }
        }
        Ok(())
    }

    fn name_member(&mut self, id: NodeId, name: String) -> Result<()> {
        if id == 0 {
            return Err(zero_id());
        }
        let new = || Member::new(id, "", "", MemberStanding::Active);
        let member = self.members.get(&id).cloned().unwrap_or_else(new);
        self.keep(Record::Member(Member { name, ..member }));
        Ok(())
    }

    fn add_member(&mut self, id: NodeId, name: String, address: String) -> Result<()> {
        check_newcomer(id, &name, &address)?;
        if self.has_come(id, &name, &address) {
            return Ok(());
        }
        self.check_unknown(id, &name, &address, id)?;
        if let Some(other) = self.members.values().find(|member| member.standing != MemberStanding::Active) {
            return Err(errors::under_way(other));
        }
        if self.members.is_empty() {
            return Err(Error::new(Kind::Precondition, "the cluster is not founded yet: try again when it is"));
        }
        self.keep(Record::Member(Member::new(id, name, address, MemberStanding::Joining)));
        Ok(())
    }

    fn started(
        &mut self,
        id: NodeId,
        incarnation: u64,
        address: String,
        client_urls: Vec<String>,
        name: String,
        level: u32,
    ) -> Result<()> {
        if incarnation == 0 {
            return Err(errors::invalid("an incarnation is not zero"));
        }
        check_client_urls(&client_urls)?;
        if self.is_removed(id) {
            return Err(errors::member_removed());
        }
        let mut member = self.known(id)?.clone();
        if member.incarnation != 0 && member.incarnation != incarnation {
            return Err(errors::disk_lost());
        }
        check_name(&name)?;
        // Those who say nothing read what a cluster begins with.
        if level.max(LEVEL_FIRST) < self.level {
            return Err(errors::level_too_low(level, self.level));
        }
        if !address.is_empty() {
            self.check_move(&member, &address)?;
            member.address = address;
        }
        let stays = |other: &&Member| other.id != id && other.standing != MemberStanding::Leaving;
        if !name.is_empty() && !self.members.values().filter(stays).any(|other| other.name == name) {
            member.name = name;
        }
        self.keep(Record::Member(Member { incarnation, client_urls, level, ..member }));
        Ok(())
    }

    fn raise(&mut self, level: u32) -> Result<()> {
        if let Some(member) = self.members.values().find(|member| member.level.max(LEVEL_FIRST) < level) {
            return Err(errors::level_not_read(member, level));
        }
        if level > self.level {
            self.keep(Record::Level(level));
        }
        Ok(())
    }

    fn recover(&mut self, id: NodeId, cluster: ClusterId) -> Result<()> {
        let member = self.known(id)?.clone();
        let shards = self.found.map_or(0, |(_, shards)| shards);
        if cluster == 0 || shards == 0 {
            return Err(errors::invalid("only a cluster that was founded can be recovered, and its id is not zero"));
        }
        let others: Vec<NodeId> = self.members.keys().copied().filter(|other| *other != id).collect();
        others.into_iter().for_each(|other| self.remove(other));
        self.keep(Record::Member(Member { standing: MemberStanding::Active, drained: false, ..member }));
        self.keep(Record::Founded { cluster, data_shards: shards });
        Ok(())
    }

    fn activate(&mut self, id: NodeId) -> Result<()> {
        let member = self.known(id)?.clone();
        if member.standing == MemberStanding::Leaving {
            return Err(errors::standing_differs("the member is being taken out: add another one instead"));
        }
        self.keep(Record::Member(Member { standing: MemberStanding::Active, ..member }));
        Ok(())
    }

    fn update_member(&mut self, id: NodeId, address: String) -> Result<()> {
        let member = self.known(id)?.clone();
        self.check_move(&member, &address)?;
        self.keep(Record::Member(Member { address, ..member }));
        Ok(())
    }

    fn remove_member(&mut self, id: NodeId) -> Result<()> {
        let member = self.known(id)?.clone();
        let changing = self.members.values().find(|other| other.standing != MemberStanding::Active);
        if let Some(other) = changing
            && member.standing == MemberStanding::Active
        {
            return Err(errors::under_way(other));
        }
        let stays = |other: &Member| other.id != id && other.standing == MemberStanding::Active;
        if member.standing != MemberStanding::Leaving && !self.members.values().any(stays) {
            return Err(errors::not_enough_members());
        }
        self.keep(Record::Member(Member { standing: MemberStanding::Leaving, ..member }));
        Ok(())
    }

    fn forget_member(&mut self, id: NodeId) -> Result<()> {
        if self.is_removed(id) {
            return Ok(());
        }
        if self.known(id)?.standing != MemberStanding::Leaving {
            return Err(errors::standing_differs("the member is not being taken out: remove it first"));
        }
        self.remove(id);
        Ok(())
    }

    /// Forgets a member, but not that it was one.
    fn remove(&mut self, id: NodeId) {
        self.members.remove(&id);
        self.table.delete(record::member_key(id));
        let sequence = self.removed.last_key_value().map_or(1, |(last, _)| last + 1);
        self.keep(Record::Removed { sequence, id });
        while self.removed.len() > REMOVED_MAX
            && let Some((oldest, _)) = self.removed.pop_first()
        {
            self.table.delete(record::removed_key(oldest));
        }
    }

    fn replace(&mut self, dead: NodeId, id: NodeId, name: String, address: String) -> Result<()> {
        check_newcomer(id, &name, &address)?;
        let leaves = |member: &Member| member.standing == MemberStanding::Leaving;
        let dead_leaves = self.is_removed(dead) || self.members.get(&dead).is_some_and(leaves);
        if dead_leaves && self.has_come(id, &name, &address) {
            return Ok(());
        }
        let member = self.known(dead)?.clone();
        self.check_unknown(id, &name, &address, dead)?;
        let joining = |other: &&Member| other.standing == MemberStanding::Joining && other.id != dead;
        if let Some(other) = self.members.values().find(joining) {
            return Err(errors::under_way(other));
        }
        self.keep(Record::Member(Member { standing: MemberStanding::Leaving, ..member }));
        self.keep(Record::Member(Member::new(id, name, address, MemberStanding::Joining)));
        Ok(())
    }

    fn known(&self, id: NodeId) -> Result<&Member> {
        self.members.get(&id).ok_or_else(errors::member_not_found)
    }

    /// Whether this very member was added before and did not leave since.
    fn has_come(&self, id: NodeId, name: &str, address: &str) -> bool {
        let is_same = |known: &Member| known.name == name && known.address == address;
        self.members.get(&id).is_some_and(|known| is_same(known) && known.standing != MemberStanding::Leaving)
    }

    /// Nothing of a newcomer is in use, but for what `replaced` gives up to it.
    fn check_unknown(&self, id: NodeId, name: &str, address: &str, replaced: NodeId) -> Result<()> {
        if self.is_removed(id) {
            return Err(errors::id_was_removed());
        }
        if self.members.contains_key(&id) {
            return Err(errors::member_id_exists());
        }
        if self.members.len() >= MEMBERS_MAX {
            let text = format!("a cluster has {MEMBERS_MAX} members at most: remove one first");
            return Err(Error::new(Kind::Precondition, text));
        }
        let mut others = self.members.values().filter(|other| other.id != replaced);
        if others.clone().any(|other| !name.is_empty() && other.name == name) {
            return Err(errors::name_exists(name));
        }
        if others.any(|other| other.address == address) {
            return Err(errors::address_exists());
        }
        Ok(())
    }

    /// Whether `member` may be reached at `address` from now on. One who leaves may have given its address to who replaces it.
    fn check_move(&self, member: &Member, address: &str) -> Result<()> {
        check_address(address)?;
        let stays = |other: &Member| other.id != member.id && other.standing != MemberStanding::Leaving;
        let is_taken = self.members.values().any(|other| stays(other) && other.address == address);
        if is_taken && member.address != address { Err(errors::address_exists()) } else { Ok(()) }
    }

    fn check_keyspace(&self, entry: &KeyspaceEntry) -> Result<()> {
        let shards = self.found.map_or(0, |(_, shards)| shards);
        if entry.id.0 == 0 || entry.shard.0 == 0 || entry.shard.0 > shards {
            return Err(errors::invalid("a key space has an id from 1 and lives in a data shard that exists"));
        }
        let same_id = self.keyspaces.values().find(|known| known.id == entry.id);
        let same_name = self.keyspaces.get(&entry.name);
        if same_id.or(same_name).is_some_and(|known| known != entry) {
            return Err(Error::new(Kind::Conflict, "a key space with this name or id exists already"));
        }
        Ok(())
    }

    /// Writes a record and learns it.
    fn keep(&mut self, record: Record) {
        self.table.put(record.key(), record.encode());
        self.learn(record);
    }

    fn learn(&mut self, record: Record) {
        match record {
            Record::Founded { cluster, data_shards } => self.found = Some((cluster, data_shards)),
            Record::Member(member) => {
                self.members.insert(member.id, member);
            }
            Record::Keyspace(entry) => {
                self.keyspaces.insert(entry.name.clone(), entry);
            }
            Record::Removed { sequence, id } => {
                self.removed.insert(sequence, id);
            }
            Record::Level(level) => self.level = level,
            Record::Catalogue(record) => self.catalogue.learn(record),
            Record::Principals(record) => self.principals.learn(record),
        }
    }
}

#[cfg(test)]
mod tests;
