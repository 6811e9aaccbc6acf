//! What the journal must hold: the queue applied record by record to a plain map.

use std::collections::BTreeMap;

use base::{EntryId, ShardId};
use bytes::Bytes;
use journal::{Entry, Journal, Record};

/// One shard of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) vote: Option<Bytes>,
    pub(crate) purged: Option<EntryId>,
    pub(crate) last: Option<EntryId>,
    pub(crate) entries: BTreeMap<u64, Entry>,
}

pub(crate) type Shards = BTreeMap<ShardId, Shard>;

/// The part of a record that reaches the disk whole or not at all.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    Entry(ShardId, Entry),
    Truncate(ShardId, Option<EntryId>),
    Purge(ShardId, EntryId),
    Vote(ShardId, Bytes),
}

/// The units of a record, in order.
pub(crate) fn units(record: &Record) -> Vec<Unit> {
    match record {
        Record::Append(shard, entries) => entries.iter().map(|entry| Unit::Entry(*shard, entry.clone())).collect(),
        Record::Truncate(shard, last) => vec![Unit::Truncate(*shard, *last)],
        Record::Purge(shard, upto) => vec![Unit::Purge(*shard, *upto)],
        Record::Vote(shard, vote) => vec![Unit::Vote(*shard, vote.clone())],
        Record::Committed(..) => Vec::new(),
    }
}

pub(crate) fn apply(shards: &mut Shards, unit: &Unit) {
    match unit {
        Unit::Entry(shard, entry) => {
            let shard = shards.entry(*shard).or_default();
            shard.last = Some(entry.id);
            shard.entries.insert(entry.id.index, entry.clone());
        }
        Unit::Truncate(shard, last) => {
            let shard = shards.entry(*shard).or_default();
            let end = last.map_or(0, |id| id.index + 1);
            drop(shard.entries.split_off(&end));
            if shard.last.is_some_and(|id| id.index >= end) {
                shard.last = last.or(shard.purged);
            }
        }
        Unit::Purge(shard, upto) => {
            let shard = shards.entry(*shard).or_default();
            shard.entries = shard.entries.split_off(&(upto.index + 1));
            shard.purged = Some(*upto);
            if shard.last.is_none_or(|id| id.index <= upto.index) {
                shard.last = Some(*upto);
            }
        }
        Unit::Vote(shard, vote) => shards.entry(*shard).or_default().vote = Some(vote.clone()),
    }
}

/// A number that two different states do not share.
pub(crate) fn digest(shards: &Shards) -> u64 {
    let mut hash = Hash(0xCBF2_9CE4_8422_2325);
    for (id, shard) in shards {
        // A shard of which only an undone truncation is known looks like one that is not known.
        if *shard == Shard::default() {
            continue;
        }
        hash.number(u64::from(id.0));
        hash.bytes(shard.vote.as_deref().unwrap_or(b"none"));
        hash.id(shard.purged);
        hash.id(shard.last);
        for entry in shard.entries.values() {
            hash.id(Some(entry.id));
            hash.bytes(&entry.payload);
        }
    }
    hash.0
}

struct Hash(u64);

impl Hash {
    fn number(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.number(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        chunks.remainder().iter().for_each(|byte| self.number(u64::from(*byte)));
    }

    fn id(&mut self, id: Option<EntryId>) {
        let id = id.unwrap_or(EntryId { term: u64::MAX, index: u64::MAX });
        self.number(id.term);
        self.number(id.index);
    }
}

/// What an open journal serves, in the shape of the model. An error says which promise is broken.
pub(crate) fn served(journal: &Journal) -> Result<Shards, String> {
    let mut shards = Shards::new();
    for id in journal.shards() {
        let state = journal.state(id);
        let entries = journal.read(id, 0, u64::MAX, usize::MAX).map_err(|error| format!("a read failed: {error}"))?;
        if state.flushed != state.last {
            return Err(format!("recovered {id} up to {:?}, but flushed is {:?}", state.last, state.flushed));
        }
        if state.committed > state.last {
            return Err(format!("{id}: committed {:?} lies beyond the last entry {:?}", state.committed, state.last));
        }
        if let Some(committed) = state.committed
            && state.purged < Some(committed)
            && journal.entry_id(id, committed.index) != Some(committed)
        {
            return Err(format!("{id}: committed {committed} is not in the log"));
        }
        for entry in &entries {
            if journal.entry_id(id, entry.id.index) != Some(entry.id) {
                return Err(format!("{id}: {} is read but not known", entry.id));
            }
        }
        let entries = entries.into_iter().map(|entry| (entry.id.index, entry)).collect();
        shards.insert(id, Shard { vote: state.vote, purged: state.purged, last: state.last, entries });
    }
    Ok(shards)
}
