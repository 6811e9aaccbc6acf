//! What an append costs: `cargo run --release -p stream --example apply`, with a number of appends if it is not 200,000.
//!
//! Prints nanoseconds of processor time for applying an append of a 16 KiB batch, for the flush before a settle by record, and the
//! bytes of memory for each unsettled batch.

#![expect(clippy::disallowed_methods, reason = "a measurement reads what the system says of the process")]

use std::{hint::black_box, sync::Arc};

use base::{EntryId, ShardId};
use bytes::{BufMut, Bytes, BytesMut};
use stream::{Command, Entry, Machine, Options, PartitionId, TopicId};
use table::{Mark, MemoryTree, Table};

const BATCH_BYTES: usize = 16 << 10;
const RECORDS: i32 = 64;
/// Appends that are made before they are timed together: so many bytes are settled at once.
const ROUND: u64 = 4_000;

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn busy_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedstat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn batch(producer: i64, sequence: i32) -> Bytes {
    let mut batch = BytesMut::zeroed(BATCH_BYTES);
    let mut head = &mut batch[..];
    head.put_i64(0);
    head.put_i32(i32::try_from(BATCH_BYTES - 12).unwrap_or_default());
    head.put_i32(-1);
    head.put_u8(2);
    head.put_u32(0x1234_5678 ^ sequence.unsigned_abs());
    head.put_i16(0);
    head.put_i32(RECORDS - 1);
    head.put_i64(1_700_000_000_000);
    head.put_i64(1_700_000_000_000);
    head.put_i64(producer);
    head.put_i16(0);
    head.put_i32(if producer < 0 { -1 } else { sequence });
    head.put_i32(RECORDS);
    batch.freeze()
}

#[derive(Clone, Copy, PartialEq)]
enum Producers {
    None,
    OneEach,
    /// Each batch comes from another one: past the limit the oldest one is forgotten with each append.
    Fresh,
}

struct Costs {
    append_ns: u64,
    flush_ns: u64,
    memory: u64,
}

fn measure(partitions: u64, producers: Producers, appends: u64) -> Costs {
    let table = Table::new(Arc::new(MemoryTree::default()));
    let machine = Machine::open(ShardId(1), table.clone(), Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let (mut append_ns, mut flush_ns, mut records, mut memory) = (0, 0, 0, 0);
    // The first rounds bring partitions and producers into being, and are not timed.
    let known = if producers == Producers::Fresh { Options::default().producers_max as u64 } else { partitions };
    let warm = known.div_ceil(ROUND).max(1);
    for round in 0..warm + appends.div_ceil(ROUND) {
        let commands: Vec<(Entry, Command)> = (round * ROUND..(round + 1) * ROUND)
            .map(|number| {
                let partition = u32::try_from(number % partitions).unwrap_or_default();
                let sequence = i32::try_from(number / partitions).unwrap_or_default() * RECORDS;
                let producer = match producers {
                    Producers::None => -1,
                    Producers::OneEach => 1_000 + i64::from(partition),
                    Producers::Fresh => i64::try_from(number).unwrap_or_default(),
                };
                let entry = Entry { id: EntryId { term: 1, index: number }, time_ms: number, position: 25 };
                let partition = PartitionId { topic: TopicId(0x1234_5678_9abc_def0_1234), partition };
                (entry, Command::Append { term: 0, partition, batch: batch(producer, sequence) })
            })
            .collect();
        let start = busy_ns();
        for (entry, command) in commands {
            let applied = black_box(machine.apply(entry, command));
            assert!(applied.reply.is_ok(), "{:?}", applied.reply);
        }
        let applied = busy_ns();
        memory = machine.index_memory() / ROUND;
        let (_, settling) = machine.begin_settle(u64::MAX);
        let before = busy_ns();
        machine.flush();
        let flushed = busy_ns();
        if let Some(sealed) = table.seal(Mark::default()) {
            table.settle(sealed, Vec::new(), &[]).unwrap_or_else(|error| panic!("{error}"));
        }
        machine.settled(settling);
        if round >= warm {
            append_ns += applied - start;
            flush_ns += flushed - before;
            records += partitions.min(ROUND);
            records += match producers {
                Producers::None => 0,
                Producers::OneEach => partitions.min(ROUND),
                Producers::Fresh => ROUND,
            };
        }
    }
    let appends = appends.div_ceil(ROUND) * ROUND;
    Costs { append_ns: append_ns / appends, flush_ns: flush_ns / records, memory }
}

fn main() {
    let appends: u64 = std::env::args().nth(1).and_then(|appends| appends.parse().ok()).unwrap_or(200_000);
    let kinds = [(Producers::None, "no producer"), (Producers::OneEach, "idempotent"), (Producers::Fresh, "new producers")];
    for partitions in [1, 16, 10_000] {
        for (producers, name) in kinds {
            let costs = measure(partitions, producers, appends);
            println!(
                "{partitions:6} partitions, {name:13}: {:5} ns an append, {:5} ns a record flushed, {:4} bytes a batch unsettled",
                costs.append_ns, costs.flush_ns, costs.memory
            );
        }
    }
}
