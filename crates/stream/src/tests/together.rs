//! Readers beside a machine that applies, trims and settles.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::support::*;
use crate::{Machine, Place};

/// Reads on from where it is, as a fetcher does. Answers how many batches it saw.
fn follow(machine: &Machine, is_over: &AtomicBool) -> u64 {
    let (id, mut next, mut seen) = (partition(0), 0, 0);
    loop {
        let was_over = is_over.load(Relaxed);
        match machine.locate(id, next) {
            Place::Unsettled(batch) => assert!(batch.base_offset <= next && next <= batch.last_offset),
            // Trimmed or settled: on to what is left in the journal.
            Place::BelowStart | Place::Settled => {
                let info = machine.partition(id).expect("it is never dropped");
                assert!(
                    next < info.unsettled_start && info.log_start <= info.unsettled_start && info.unsettled_start <= info.end
                );
                next = info.unsettled_start;
                continue;
            }
            Place::AtEnd | Place::Unknown if was_over => return seen,
            Place::AtEnd | Place::Unknown => std::thread::yield_now(),
            Place::BeyondEnd => panic!("an end never falls"),
        }
        for batch in machine.run(id, next, 1_000) {
            assert!(batch.base_offset <= next, "without gaps");
            next = batch.last_offset + 1;
            seen += 1;
        }
    }
}

#[test]
fn readers_see_every_batch_once_and_no_gap() {
    let mut house = House::new();
    let is_over = AtomicBool::new(false);
    let machine = house.machine.clone();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| follow(&machine, &is_over))).collect();
        for number in 0..5_000 {
            house.append(partition(0), Batch { records: 1 + number % 3, ..Batch::default() }).expect("success");
            match number % 500 {
                250 => house.settle(),
                400 => drop(house.run(trim(partition(0), i64::from(number)))),
                _ => {}
            }
        }
        is_over.store(true, Relaxed);
        for reader in readers {
            assert!(reader.join().expect("no reader fails") > 0);
        }
    });
}
