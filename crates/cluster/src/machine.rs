//! The cluster's own state, and what changes it.

use std::collections::BTreeMap;

use base::{ClusterId, Error, Kind, NodeId, Result};
use bytes::{BufMut, Bytes};
use table::{Direction, Table};

use crate::{Command, KeyspaceEntry, Member, Reply};

/// Keys of the cluster machine begin with key space 0, which no key space has.
const PREFIX: [u8; 4] = [0; 4];
const FOUND: u8 = b'f';
const MEMBER: u8 = b'm';
const KEYSPACE: u8 = b'k';

/// The machine. One task applies; what it holds is small.
pub struct Machine {
    table: Table,
    found: Option<(ClusterId, u32)>,
    members: BTreeMap<NodeId, Member>,
    keyspaces: BTreeMap<String, KeyspaceEntry>,
}

impl Machine {
    /// Reads what is settled in `table`.
    pub fn open(table: Table) -> Result<Machine> {
        let mut machine = Machine { table: table.clone(), found: None, members: BTreeMap::new(), keyspaces: BTreeMap::new() };
        let mut end = PREFIX;
        end[3] = 1;
        for pair in table.range(Bytes::copy_from_slice(&PREFIX), Bytes::copy_from_slice(&end), Direction::Forward) {
            machine.learn(Command::decode(pair?.1)?);
        }
        Ok(machine)
    }

    /// Applies one command, in log order.
    pub fn apply(&mut self, command: Command) -> Result<Reply> {
        self.check(&command)?;
        self.table.put(table_key(&command), command.encode());
        self.learn(command);
        Ok(Reply::Done)
    }

    /// The cluster's id and the number of data shards, once it is founded.
    pub fn found(&self) -> Option<(ClusterId, u32)> {
        self.found
    }

    /// Members by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Key spaces by name.
    pub fn keyspaces(&self) -> impl Iterator<Item = &KeyspaceEntry> {
        self.keyspaces.values()
    }

    fn check(&self, command: &Command) -> Result<()> {
        match command {
            Command::Found { cluster, data_shards } => {
                if *cluster == 0 || *data_shards == 0 {
                    return Err(Error::new(Kind::Invalid, "a cluster's id and its number of data shards are not zero"));
                }
                if self.found.is_some_and(|found| found != (*cluster, *data_shards)) {
                    return Err(Error::new(Kind::Conflict, "the cluster is founded already, with other numbers"));
                }
            }
            Command::Member(member) => {
                if member.id == 0 {
                    return Err(Error::new(Kind::Invalid, "a member's id is not zero"));
                }
            }
            Command::CreateKeyspace(entry) => self.check_keyspace(entry)?,
        }
        Ok(())
    }

    fn check_keyspace(&self, entry: &KeyspaceEntry) -> Result<()> {
        let shards = self.found.map_or(0, |(_, shards)| shards);
        if entry.id.0 == 0 || entry.shard.0 == 0 || entry.shard.0 > shards {
            return Err(Error::new(Kind::Invalid, "a key space has an id from 1 and lives in a data shard that exists"));
        }
        let same_id = self.keyspaces.values().find(|known| known.id == entry.id);
        let same_name = self.keyspaces.get(&entry.name);
        if same_id.or(same_name).is_some_and(|known| known != entry) {
            return Err(Error::new(Kind::Conflict, "a key space with this name or id exists already"));
        }
        Ok(())
    }

    fn learn(&mut self, command: Command) {
        match command {
            Command::Found { cluster, data_shards } => self.found = Some((cluster, data_shards)),
            Command::Member(member) => {
                self.members.insert(member.id, member);
            }
            Command::CreateKeyspace(entry) => {
                self.keyspaces.insert(entry.name.clone(), entry);
            }
        }
    }
}

fn table_key(command: &Command) -> Bytes {
    let mut key = PREFIX.to_vec();
    match command {
        Command::Found { .. } => key.put_u8(FOUND),
        Command::Member(member) => {
            key.put_u8(MEMBER);
            key.put_u64(member.id);
        }
        Command::CreateKeyspace(entry) => {
            key.put_u8(KEYSPACE);
            key.put_slice(entry.name.as_bytes());
        }
    }
    Bytes::from(key)
}
