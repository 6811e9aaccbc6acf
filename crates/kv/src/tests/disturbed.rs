//! Reads in whose middle everything is overwritten, compacted and reclaimed, or replaced by the state of a replica where that
//! happened.

use std::sync::Arc;

use base::{KeyspaceId, Result};
use bytes::Bytes;
use parking_lot::Mutex;
use table::{Change, Direction, Mark, MemoryTree, Pair, Snapshot, Stage, Staged, Table, Tree};

use super::support::*;
use crate::{Cold, Command, DeleteRequest, Entry, Machine, Operation, PutRequest, RangeRequest, Txn};

type Hook = Arc<Mutex<Option<(usize, Box<dyn FnOnce() + Send>)>>>;

/// A tree whose n-th read is preceded by something else.
struct Hooked {
    tree: Arc<MemoryTree>,
    hook: Hook,
}

struct HookedMoment {
    moment: Arc<dyn Snapshot>,
    hook: Hook,
}

fn pull(hook: &Hook) {
    let due = {
        let mut hook = hook.lock();
        match hook.take() {
            Some((0, work)) => Some(work),
            Some((reads, work)) => {
                *hook = Some((reads - 1, work));
                None
            }
            None => None,
        }
    };
    if let Some(work) = due {
        work();
    }
}

impl Snapshot for HookedMoment {
    fn mark(&self) -> &Mark {
        self.moment.mark()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        pull(&self.hook);
        self.moment.get(key)
    }

    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        pull(&self.hook);
        self.moment.range(from, to, direction)
    }
}

impl Tree for Hooked {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(HookedMoment { moment: self.tree.snapshot(), hook: self.hook.clone() })
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        self.tree.settle(changes, dropped, mark)
    }

    fn maintain(&self, room_bytes: u64) -> Result<bool> {
        self.tree.maintain(room_bytes)
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        self.tree.stage()
    }

    fn replace(&self, staged: Staged) -> Result<()> {
        self.tree.replace(staged)
    }

    fn disk_bytes(&self) -> u64 {
        self.tree.disk_bytes()
    }

    fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        self.tree.verify(read)
    }
}

/// Some keys with some history, compacted at revision 4, all of it settled.
fn past() -> Arc<MemoryTree> {
    let mut house = House::new();
    for round in 0..4 {
        for key in ["a", "b", "c", "d", "e"] {
            house.put(key, &format!("{key} in round {round}"));
        }
        house.delete("d");
        house.do_it(Command::Put(PutRequest { ignore_value: true, ..put_request("a", "") }));
    }
    for number in 0..2_500 {
        house.put("busy", &format!("{number}"));
    }
    house.do_it(compact(4));
    house.reclaim_all();
    house.settle(0);
    house.tree
}

/// Changes every key, forgets everything before, and does so again.
fn upheaval(machine: &Machine, table: &Table) {
    let entry = Entry { id: base::EntryId { term: 1, index: 1 << 40 }, time_ms: 0 };
    for round in 0..2 {
        for key in ["a", "b", "c", "busy"] {
            assert!(machine.apply(entry, put(key, &format!("after {round}"))).reply.is_ok());
        }
        assert!(machine.apply(entry, delete("e", "f")).reply.is_ok());
        assert!(machine.apply(entry, compact(machine.revision())).reply.is_ok());
        machine.force_reclaim();
        for _ in 0..3 {
            let sealed = table.seal(Mark::default()).expect("one at a time");
            let (changes, dropped) = machine.reclaim(1 << 30).expect("reclaims");
            table.settle(sealed, changes, &dropped).expect("settles");
            machine.reclaimed();
        }
    }
}

fn opened(tree: Arc<dyn Tree>) -> (Machine, Table) {
    let table = Table::new(tree);
    (Machine::open(SPACE, table.clone(), options()).expect("opens"), table)
}

/// Another replica of `past` has seen the upheaval and settled; its state takes the place of this one's.
fn installation(machine: &Machine, table: &Table, past: &MemoryTree) {
    let tree = past.crash_image();
    let (other, others_table) = opened(tree.clone());
    upheaval(&other, &others_table);
    table.replace(copy(&*tree.snapshot(), &**table.tree())).expect("replaces");
    machine.reload().expect("loads");
    assert_eq!(machine.revision(), other.revision());
    assert_eq!(reads(machine, &all()), reads(&other, &all()), "who begins to read now reads the new state");
    assert_eq!(machine.hash_kv(0), other.hash_kv(0));
}

/// Asks a machine that knows no value yet, once in peace and then with something in between before its first, second, ... read.
fn steady<T: PartialEq + std::fmt::Debug>(ask: impl Fn(&Machine) -> T) {
    let past = past();
    let (calm, _) = opened(past.crash_image());
    let wants = ask(&calm);
    for reads in 0..8 {
        for is_installation in [false, true] {
            let hook = Hook::default();
            let (machine, table) = opened(Arc::new(Hooked { tree: past.crash_image(), hook: hook.clone() }));
            let (disturbed, before) = (machine.clone(), past.crash_image());
            let disturb = move || match is_installation {
                true => installation(&disturbed, &table, &before),
                false => upheaval(&disturbed, &table),
            };
            *hook.lock() = Some((reads, Box::new(disturb)));
            assert_eq!(ask(&machine), wants, "disturbed before read {reads}, by an installation: {is_installation}");
        }
    }
}

fn reads(machine: &Machine, request: &RangeRequest) -> Vec<crate::KeyValue> {
    machine.range(request, Cold::Allow).expect("may read").expect("is there").0.kvs
}

#[test]
fn the_latest_and_old_revisions() {
    assert_eq!(SPACE, KeyspaceId(7));
    steady(|machine| reads(machine, &all()));
    steady(|machine| reads(machine, &RangeRequest { revision: 4, ..all() }));
    steady(|machine| reads(machine, &RangeRequest { revision: 20, ..all() }));
    steady(|machine| reads(machine, &RangeRequest { revision: 20, ..one("b") }));
}

#[test]
fn parts() {
    for revision in [0, 20] {
        steady(|machine| {
            let mut kvs = Vec::new();
            let told = machine.range_chunks(&RangeRequest { revision, ..all() }, 10, &mut |part, _| {
                kvs.extend(part.kvs);
                true
            });
            (told, kvs)
        });
    }
}

#[test]
fn history_and_earlier_states() {
    steady(|machine| machine.history(4, i64::MAX, &all().span, usize::MAX).map(|(changes, _)| changes));
    let before = |main, sub| crate::Revision { main, sub };
    steady(|machine| machine.previous(&bytes("a"), before(8, 0)));
    steady(|machine| machine.previous(&bytes("b"), before(3, 0)));
}

#[test]
fn digests() {
    steady(|machine| machine.hash_kv(machine.revision().min(2_000)).map(|(digest, at, _)| (digest, at)));
}

#[test]
fn transactions_that_read() {
    let question = Txn {
        success: vec![Operation::Range(all()), Operation::Range(RangeRequest { revision: 12, ..all() })],
        ..Txn::default()
    };
    steady(|machine| machine.read_txn(&question, Cold::Allow).expect("may read").map(|(reply, _)| reply));
}

#[test]
fn answers_that_are_owed() {
    let txn = txn(
        vec![],
        vec![
            Operation::Range(RangeRequest { revision: 12, ..all() }),
            Operation::Delete(DeleteRequest { span: span("a", "c"), prev_kv: true }),
            Operation::Put(PutRequest { prev_kv: true, ..put_request("c", "") }),
            Operation::Range(RangeRequest { sort_target: crate::SortTarget::Value, ..all() }),
        ],
        vec![],
    );
    let entry = Entry { id: base::EntryId { term: 1, index: 1 << 30 }, time_ms: 0 };
    steady(|machine| {
        let owed = machine.apply(entry, txn.clone()).reply.expect("succeeds");
        machine.resolve(owed, Cold::Allow).unwrap_or_else(|_| panic!("it may read"))
    });
}
