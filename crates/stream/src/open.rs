//! Reading the state from what is settled.

use base::Result;
use bytes::Bytes;
use table::{Direction, Pair, Table};

use crate::{
    error::damaged,
    partition::Partition,
    producer::Producer,
    record::{
        counter_key, decode_counter, decode_group, decode_offset, group_of, groups, offset_of, offsets, partition_of, partitions,
        producer_of, producers,
    },
    state::State,
};

/// Reads everything. Nothing is unsettled in it: what the log holds beyond is applied again.
pub(crate) fn read(table: &Table) -> Result<State> {
    let mut state = State::default();
    for pair in family(table, partitions()) {
        let (key, record) = pair?;
        let id = partition_of(&key).ok_or_else(|| damaged("the key of a partition cannot be read"))?;
        state.partitions.insert(Partition::decode(id, record)?);
    }
    read_producers(table, &mut state)?;
    for pair in family(table, groups()) {
        let (key, record) = pair?;
        let name = group_of(&key).ok_or_else(|| damaged("the key of a group cannot be read"))?;
        // A record of its own: what the tree gave may be a slice of a whole block.
        let (stored_ms, group) = decode_group(Bytes::copy_from_slice(&record))?;
        state.groups.put_state(name, group, stored_ms, record.len());
    }
    for pair in family(table, offsets()) {
        let (key, record) = pair?;
        let (name, id) = offset_of(&key).ok_or_else(|| damaged("the key of an offset cannot be read"))?;
        if !state.groups.put_offset(name, id, decode_offset(record)?) {
            return Err(damaged("an offset belongs to no group"));
        }
    }
    if let Some(record) = table.get(&counter_key())? {
        state.allocated = decode_counter(record)?;
    }
    Ok(state)
}

fn family(table: &Table, (from, to): (Bytes, Bytes)) -> impl Iterator<Item = Result<Pair>> {
    table.range(from, to, Direction::Forward)
}

/// They come in the order in which they were last heard of, which is the one in which they are forgotten.
fn read_producers(table: &Table, state: &mut State) -> Result<()> {
    let mut read = Vec::new();
    for pair in family(table, producers()) {
        let (key, record) = pair?;
        let (id, producer) = producer_of(&key).ok_or_else(|| damaged("the key of a producer cannot be read"))?;
        let partition = state.partitions.find(id).ok_or_else(|| damaged("a producer belongs to no partition"))?;
        read.push(Producer::decode(producer, partition, record)?);
    }
    read.sort_unstable_by_key(|producer| producer.written);
    for producer in read {
        state.producers.insert(&mut state.partitions, producer);
    }
    Ok(())
}
