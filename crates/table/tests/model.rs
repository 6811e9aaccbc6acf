//! One property: whatever is put, deleted, settled, dropped, snapshotted and reopened, a table over either tree answers like a
//! plain map.

#![allow(clippy::unwrap_used, reason = "in a test it is a failure that says where")]

use std::{collections::BTreeMap, sync::Arc};

use base::EntryId;
use bytes::Bytes;
use proptest::prelude::*;
use table::{Change, Direction, LsmTree, Mark, MemoryTree, Snapshot, Table, Tree, TreeOptions, Warm};

type Model = BTreeMap<Bytes, Bytes>;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u16),
    Delete(u8),
    /// Seal, write more, then settle with these extra changes and this dropped range.
    Settle {
        between: Vec<(u8, u16)>,
        extra: Vec<(u8, Option<u16>)>,
        dropped: Option<(u8, u8)>,
    },
    Maintain,
    Snapshot,
    Reopen,
    Range(u8, u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let write = || (any::<u8>(), any::<u16>());
    prop_oneof![
        6 => write().prop_map(|(key, value)| Step::Put(key, value)),
        2 => any::<u8>().prop_map(Step::Delete),
        2 => (
            prop::collection::vec(write(), 0..4),
            prop::collection::vec((any::<u8>(), any::<Option<u16>>()), 0..4),
            prop::option::weighted(0.4, (any::<u8>(), any::<u8>())),
        ).prop_map(|(between, extra, dropped)| Step::Settle { between, extra, dropped }),
        1 => Just(Step::Maintain),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Reopen),
        2 => (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(from, to, back)| Step::Range(from, to, back)),
    ]
}

/// Keys of four families.
fn key(n: u8) -> Bytes {
    Bytes::from(format!("k{:04}{n:03}", n / 64))
}

/// Every third value is long enough that a few of them fill a table file.
fn value(n: u16) -> Bytes {
    Bytes::from(n.to_be_bytes().repeat(if n.is_multiple_of(3) { 400 } else { 1 }))
}

/// A table, what it should hold, and snapshots with what they should hold.
struct Case {
    table: Table,
    model: Model,
    settled: (Model, Mark),
    held: Vec<(Arc<dyn Snapshot>, Model, Mark)>,
    index: u64,
}

impl Case {
    fn new(tree: Arc<dyn Tree>) -> Case {
        Case { table: Table::new(tree), model: Model::new(), settled: Default::default(), held: Vec::new(), index: 0 }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Put(k, v) => self.put(*k, *v),
            Step::Delete(k) => {
                self.table.delete(key(*k));
                self.model.remove(&key(*k));
            }
            Step::Settle { between, extra, dropped } => self.settle(between, extra, *dropped),
            Step::Maintain => while self.table.tree().maintain(u64::MAX).unwrap() {},
            Step::Snapshot => {
                let snapshot = self.table.tree().snapshot();
                self.held.push((snapshot, self.settled.0.clone(), self.settled.1.clone()));
            }
            Step::Reopen => {}
            Step::Range(from, to, back) => self.check_range(*from, *to, *back),
        }
    }

    fn put(&mut self, k: u8, v: u16) {
        self.table.put(key(k), value(v));
        self.model.insert(key(k), value(v));
    }

    fn settle(&mut self, between: &[(u8, u16)], extra: &[(u8, Option<u16>)], dropped: Option<(u8, u8)>) {
        self.index += 1;
        let mark = Mark { applied: Some(EntryId { term: 3, index: self.index }), membership: key(self.index as u8) };
        let mut at_seal = self.model.clone();
        let sealed = self.table.seal(mark.clone()).unwrap();
        assert!(self.table.seal(mark.clone()).is_none(), "one sealed overlay at a time");
        for (k, v) in between {
            self.put(*k, *v);
        }
        // Extras touch only keys that nobody writes meanwhile, as reclaiming does.
        let written: Vec<Bytes> = between.iter().map(|(k, _)| key(*k)).collect();
        let extra: BTreeMap<Bytes, Option<Bytes>> =
            extra.iter().map(|(k, v)| (key(*k), v.map(value))).filter(|(k, _)| !written.contains(k)).collect();
        for (k, v) in &extra {
            for model in [&mut at_seal, &mut self.model] {
                match v {
                    Some(v) => model.insert(k.clone(), v.clone()),
                    None => model.remove(k),
                };
            }
        }
        let dropped: Vec<(Bytes, Bytes)> = dropped.iter().map(|(a, b)| (key(*a.min(b)), key(*a.max(b)))).collect();
        for (from, to) in &dropped {
            at_seal.retain(|k, _| k < from || k >= to);
            self.model.retain(|k, _| k < from || k >= to || written.contains(k));
        }
        self.table.settle(sealed, extra.into_iter().collect::<Vec<Change>>(), &dropped).unwrap();
        self.settled = (at_seal, mark);
    }

    fn check_range(&self, a: u8, b: u8, back: bool) {
        let (from, to) = (key(a.min(b)), key(a.max(b)));
        let mut wanted: Vec<(Bytes, Bytes)> = match from < to {
            true => self.model.range(from.clone()..to.clone()).map(|(k, v)| (k.clone(), v.clone())).collect(),
            false => Vec::new(),
        };
        if back {
            wanted.reverse();
        }
        let direction = if back { Direction::Backward } else { Direction::Forward };
        let found: Vec<(Bytes, Bytes)> = self.table.range(from, to, direction).map(Result::unwrap).collect();
        assert_eq!(found, wanted);
    }

    fn check(&self) {
        self.check_range(0, 255, false);
        self.check_range(0, 255, true);
        for n in 0..=255 {
            let wanted = self.model.get(&key(n));
            assert_eq!(self.table.get(&key(n)).unwrap().as_ref(), wanted);
            match self.table.get_warm(&key(n)) {
                Warm::Found(value) => assert_eq!(Some(&value), wanted),
                Warm::Absent => assert_eq!(None, wanted),
                Warm::Cold => {}
            }
        }
        for (snapshot, model, mark) in &self.held {
            assert_eq!(snapshot.mark(), mark);
            let all: Model =
                snapshot.range(Bytes::new(), Bytes::from_static(b"\xff"), Direction::Forward).map(Result::unwrap).collect();
            assert_eq!(&all, model);
        }
    }
}

/// Fewer cases than proptest would run, since each syncs files many times; `PROPTEST_CASES` asks for another number.
fn config() -> ProptestConfig {
    let known = ProptestConfig::default();
    let is_asked_for = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if is_asked_for { known.cases } else { 48 }, ..known }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_table_answers_like_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let options = TreeOptions { cache_bytes: 1 << 20, table_bytes: 4 << 10, merge_step_bytes: 6 << 10, merge_layers: 2, ..TreeOptions::default() };
        let mut memory = Arc::new(MemoryTree::default());
        let mut on_disk = Case::new(LsmTree::open(dir.path(), options.clone()).unwrap());
        let mut in_memory = Case::new(memory.clone());
        for step in &steps {
            if matches!(step, Step::Reopen) {
                // What is not settled is gone, as after a crash; the log would bring it back.
                let (settled, index) = (on_disk.settled.clone(), on_disk.index);
                drop(on_disk);
                on_disk = Case::new(LsmTree::open(dir.path(), options.clone()).unwrap());
                memory = memory.crash_image();
                in_memory = Case::new(memory.clone());
                for case in [&mut on_disk, &mut in_memory] {
                    let snapshot = case.table.tree().snapshot();
                    prop_assert_eq!(snapshot.mark(), &settled.1);
                    (case.model, case.settled, case.index) = (settled.0.clone(), settled.clone(), index);
                }
            }
            on_disk.run(step);
            in_memory.run(step);
            on_disk.check();
            in_memory.check();
        }
    }
}

/// Installing a snapshot replaces everything at once.
#[test]
fn replacing_leaves_nothing_of_the_old() {
    let dir = tempfile::tempdir().unwrap();
    for tree in [LsmTree::open(dir.path(), TreeOptions::default()).unwrap() as Arc<dyn Tree>, Arc::new(MemoryTree::default())] {
        let mut case = Case::new(tree.clone());
        for n in 0..100 {
            case.put(n, u16::from(n));
        }
        case.settle(&[], &[], None);
        let mark = Mark { applied: Some(EntryId { term: 9, index: 9 }), membership: Bytes::from_static(b"m") };
        let fresh = [(key(7), value(700)), (key(200), value(3))];
        tree.replace(&mut fresh.clone().into_iter().map(Ok), &mark).unwrap();
        let snapshot = tree.snapshot();
        assert_eq!(snapshot.mark(), &mark);
        let all: Vec<_> =
            snapshot.range(Bytes::new(), Bytes::from_static(b"\xff"), Direction::Forward).map(Result::unwrap).collect();
        assert_eq!(all, fresh);
        let broken = [Ok((key(1), value(1))), Err(base::Error::new(base::Kind::Corrupt, "cut"))];
        assert!(tree.replace(&mut broken.into_iter(), &Mark::default()).is_err());
        assert_eq!(tree.snapshot().mark(), &mark, "a replacement that fails changes nothing");
    }
}
