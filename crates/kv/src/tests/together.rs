//! One who applies, one who settles, and readers, all at once.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use super::support::*;
use crate::{Cold, Command, Compare, Comparison, Machine, Operation, RangeRequest, Txn, event::Changes};

const KEYS: i64 = 1_500;

fn key(number: i64) -> String {
    format!("key {number:06}")
}

/// A transaction that gives a moving third of the keys one value, and deletes and creates others.
fn rewrite(round: i64) -> Command {
    let operations = (0..KEYS).filter(|number| (number + round) % 3 == 0).map(|number| {
        let put = put_request(&key(number), &format!("{round} of {number}"));
        Operation::Put(put)
    });
    let gone = crate::DeleteRequest { span: span(&key(round % KEYS), &key(round % KEYS + 40)), prev_kv: true };
    let none: Vec<Compare> = vec![compare("none", "", Comparison::Equal, crate::CompareTarget::Create(0))];
    Command::Txn(Txn {
        compare: none,
        success: std::iter::once(Operation::Delete(gone)).chain(operations).collect(),
        failure: vec![],
    })
}

/// Reads everything at one revision several times, in several ways, while it gets older.
fn read_one_revision(machine: &Machine) {
    let (first, at) = machine.range(&all(), Cold::Allow).expect("may read").expect("the latest can be read");
    let request = RangeRequest { revision: at, ..all() };
    for _ in 0..3 {
        match machine.range(&request, Cold::Allow).expect("may read") {
            Ok((again, _)) => assert_eq!(again, first, "revision {at} changed"),
            Err(error) => assert!(error.message.contains("compacted"), "{error}"),
        }
        let mut parts = Vec::new();
        let told = machine.range_chunks(&request, 10_000, &mut |part, _| {
            parts.extend(part.kvs);
            true
        });
        match told {
            Ok(()) => assert_eq!(parts, first.kvs, "revision {at} changed"),
            Err(error) => assert!(error.message.contains("compacted"), "{error}"),
        }
    }
}

/// Follows the changes and checks that no revision is missing.
fn follow(machine: &Machine, next: &mut i64) {
    match machine.history(*next, i64::MAX, &all().span, 50_000) {
        Ok((changes, upto)) => {
            let revisions: Vec<i64> = changes.iter().map(|changes: &Changes| changes.revision).collect();
            assert_eq!(revisions, (*next..=upto).collect::<Vec<_>>(), "every revision has changes");
            *next = upto + 1;
        }
        Err(error) => {
            assert!(error.message.contains("compacted"), "{error}");
            *next = machine.compact_revision();
        }
    }
}

#[test]
fn readers_see_one_revision_while_everything_moves() {
    let house = Mutex::new(House::new());
    let machine = house.lock().expect("whole").machine.clone();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                read_one_revision(&machine);
            }
        });
        scope.spawn(|| {
            let mut next = 2;
            while !done.load(SeqCst) {
                follow(&machine, &mut next);
            }
        });
        scope.spawn(|| {
            while !done.load(SeqCst) {
                machine.force_reclaim();
                let (table, sealed) = {
                    let house = house.lock().expect("whole");
                    let mark = table::Mark { applied: Some(house.entry.id), ..table::Mark::default() };
                    (house.table.clone(), house.table.seal(mark))
                };
                let (changes, dropped) = machine.reclaim(100_000).expect("reclaims");
                table.settle(sealed.expect("one at a time"), changes, &dropped).expect("settles");
                machine.reclaimed();
            }
        });
        for round in 0..150 {
            let owed = {
                let mut house = house.lock().expect("whole");
                house.apply(rewrite(round)).reply.expect("succeeds")
            };
            if round % 4 == 0 {
                let revision = machine.revision() - 2;
                // Two of the first are refused.
                let _ = house.lock().expect("whole").run(compact(revision));
            }
            let owed = machine.resolve(owed, Cold::Allow).unwrap_or_else(|_| panic!("it may read"));
            let crate::Reply::Txn(reply) = owed.expect("what is owed is there") else { panic!("a transaction's answer") };
            let crate::OperationReply::Delete(gone) = &reply.replies[0] else { panic!("the deletion's answer") };
            assert!(gone.prev_kvs.iter().all(|kv| !kv.value.is_empty()));
        }
        done.store(true, SeqCst);
    });
}
