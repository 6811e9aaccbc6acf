//! One property: whatever is put, deleted, settled, dropped, snapshotted and reopened, a table over either tree answers like a
//! plain map.

#![allow(clippy::unwrap_used, reason = "in a test it is a failure that says where")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use base::EntryId;
use bytes::Bytes;
use proptest::prelude::*;
use table::{Change, Direction, LsmTree, Mark, MemoryTree, Pair, Snapshot, Stage, Table, Tree, TreeOptions, Warm};

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
    /// A state begins to arrive; one that was arriving is given up.
    Arrive(BTreeMap<u8, u16>),
    /// So many more pairs of it arrive.
    Push(usize),
    /// It is whole, and replaces everything, perhaps while a settle is under way.
    Install {
        while_settling: bool,
    },
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
        1 => prop::collection::btree_map(any::<u8>(), any::<u16>(), 0..60).prop_map(Step::Arrive),
        2 => (0..30usize).prop_map(Step::Push),
        2 => any::<bool>().prop_map(|while_settling| Step::Install { while_settling }),
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

/// A state that arrives: what is still to come, and all of it.
struct Arriving {
    stage: Box<dyn Stage>,
    to_come: VecDeque<Pair>,
    whole: Model,
}

/// A table, what it should hold, and snapshots with what they should hold.
struct Case {
    table: Table,
    model: Model,
    settled: (Model, Mark),
    held: Vec<(Arc<dyn Snapshot>, Model, Mark)>,
    /// Tables as they were before they were replaced.
    before: Vec<(Table, Model)>,
    arriving: Option<Arriving>,
    index: u64,
}

impl Case {
    fn new(tree: Arc<dyn Tree>) -> Case {
        Case {
            table: Table::new(tree),
            model: Model::new(),
            settled: Default::default(),
            held: Vec::new(),
            before: Vec::new(),
            arriving: None,
            index: 0,
        }
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
            Step::Arrive(whole) => {
                let whole: Model = whole.iter().map(|(k, v)| (key(*k), value(*v))).collect();
                let (stage, to_come) = (self.table.tree().stage().unwrap(), whole.clone().into_iter().collect());
                self.arriving = Some(Arriving { stage, to_come, whole });
            }
            Step::Push(pairs) => {
                if let Some(arriving) = &mut self.arriving {
                    arriving.push(*pairs);
                }
            }
            Step::Install { while_settling } => self.install(*while_settling),
        }
    }

    fn install(&mut self, while_settling: bool) {
        let Some(mut arriving) = self.arriving.take() else { return };
        arriving.push(usize::MAX);
        self.index += 1;
        let mark = Mark { applied: Some(EntryId { term: 4, index: self.index }), membership: key(1) };
        let staged = arriving.stage.finish(mark.clone()).unwrap();
        assert_eq!(staged.mark(), &mark);
        self.check();
        let sealed = while_settling.then(|| self.table.seal(Mark::default()).unwrap());
        self.before.push((self.table.hold(), self.model.clone()));
        self.table.replace(staged).unwrap();
        if let Some(sealed) = sealed {
            let extra = vec![(key(0), Some(value(1)))];
            assert!(!self.table.settle(sealed, extra, &[(key(0), key(255))]).unwrap(), "what it would settle is gone");
        }
        assert_eq!(self.table.unsettled_memory(), 0);
        self.model = arriving.whole;
        self.settled = (self.model.clone(), mark);
        assert_eq!(self.table.tree().snapshot().mark(), &self.settled.1);
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
        check_range(&self.table, &self.model, (a, b), back);
    }

    fn check(&self) {
        check_table(&self.table, &self.model);
        for (snapshot, model, mark) in &self.held {
            assert_eq!(snapshot.mark(), mark);
            let all: Model =
                snapshot.range(Bytes::new(), Bytes::from_static(b"\xff"), Direction::Forward).map(Result::unwrap).collect();
            assert_eq!(&all, model);
        }
        for (table, model) in &self.before {
            check_table(table, model);
        }
    }
}

impl Arriving {
    fn push(&mut self, pairs: usize) {
        for pair in self.to_come.drain(..pairs.min(self.to_come.len())) {
            self.stage.push(pair).unwrap();
        }
    }
}

fn check_range(table: &Table, model: &Model, (a, b): (u8, u8), back: bool) {
    let (from, to) = (key(a.min(b)), key(a.max(b)));
    let mut wanted: Vec<(Bytes, Bytes)> = match from < to {
        true => model.range(from.clone()..to.clone()).map(|(k, v)| (k.clone(), v.clone())).collect(),
        false => Vec::new(),
    };
    if back {
        wanted.reverse();
    }
    let direction = if back { Direction::Backward } else { Direction::Forward };
    let found: Vec<(Bytes, Bytes)> = table.range(from, to, direction).map(Result::unwrap).collect();
    assert_eq!(found, wanted);
}

fn check_table(table: &Table, model: &Model) {
    check_range(table, model, (0, 255), false);
    check_range(table, model, (0, 255), true);
    for n in 0..=255 {
        let wanted = model.get(&key(n));
        assert_eq!(table.get(&key(n)).unwrap().as_ref(), wanted);
        match table.get_warm(&key(n)) {
            Warm::Found(value) => assert_eq!(Some(&value), wanted),
            Warm::Absent => assert_eq!(None, wanted),
            Warm::Cold => {}
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

fn trees(dir: &std::path::Path) -> [Arc<dyn Tree>; 2] {
    [LsmTree::open(dir, TreeOptions::default()).unwrap(), Arc::new(MemoryTree::default())]
}

/// Restoring a backup replaces everything at once.
#[test]
fn replacing_leaves_nothing_of_the_old() {
    let dir = tempfile::tempdir().unwrap();
    for tree in trees(dir.path()) {
        let mut case = Case::new(tree.clone());
        for n in 0..100 {
            case.put(n, u16::from(n));
        }
        case.settle(&[], &[], None);
        let mark = Mark { applied: Some(EntryId { term: 9, index: 9 }), membership: Bytes::from_static(b"m") };
        let fresh = [(key(7), value(700)), (key(200), value(3))];
        tree.replace_by(&mut fresh.clone().into_iter().map(Ok), &mark).unwrap();
        let snapshot = tree.snapshot();
        assert_eq!(snapshot.mark(), &mark);
        let all: Vec<_> =
            snapshot.range(Bytes::new(), Bytes::from_static(b"\xff"), Direction::Forward).map(Result::unwrap).collect();
        assert_eq!(all, fresh);
        let broken = [Ok((key(1), value(1))), Err(base::Error::new(base::Kind::Corrupt, "cut"))];
        let refused = tree.replace_by(&mut broken.into_iter(), &Mark::default()).unwrap_err();
        assert_eq!(refused.kind, base::Kind::Corrupt, "the reader's own error is told");
        assert_eq!(tree.snapshot().mark(), &mark, "a replacement that fails changes nothing");
    }
}

#[test]
fn a_stage_refuses_what_a_tree_cannot_hold_and_is_over_then() {
    let dir = tempfile::tempdir().unwrap();
    let long = Bytes::from(vec![b'k'; table::KEY_BYTES_MAX + 1]);
    for tree in trees(dir.path()) {
        for wrong in [key(5), key(4), Bytes::new(), long.clone()] {
            let mut stage = tree.stage().unwrap();
            stage.push((key(5), value(5))).unwrap();
            assert_eq!(stage.push((wrong, value(1))).unwrap_err().kind, base::Kind::Invalid);
            assert_eq!(stage.push((key(6), value(6))).unwrap_err().kind, base::Kind::Precondition);
            assert_eq!(stage.finish(Mark::default()).unwrap_err().kind, base::Kind::Precondition);
        }
        tree.settle(&mut [(key(1), Some(value(1)))].into_iter(), &[], &Mark::default()).unwrap();
        assert_eq!(tree.snapshot().get(&key(1)).unwrap(), Some(value(1)), "the tree goes on");
    }
}

#[test]
fn what_was_staged_in_another_tree_is_refused() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let all: Vec<Arc<dyn Tree>> = dirs.iter().flat_map(|dir| trees(dir.path())).collect();
    for (number, tree) in all.iter().enumerate() {
        let table = Table::new(tree.clone());
        table.put(key(1), value(1));
        for (_, other) in all.iter().enumerate().filter(|(other, _)| *other != number) {
            let staged = other.stage().unwrap().finish(Mark::default()).unwrap();
            assert_eq!(table.replace(staged).unwrap_err().kind, base::Kind::Invalid);
        }
        assert_eq!(table.get(&key(1)).unwrap(), Some(value(1)), "the table is as it was");
        let sealed = table.seal(Mark::default()).unwrap();
        assert!(table.settle(sealed, Vec::new(), &[]).unwrap());
    }
}

/// A crash within the replacement leaves one state or the other.
#[test]
fn an_interrupted_replacement_is_there_or_is_not() {
    for leaves in [table::Interrupted::Before, table::Interrupted::After] {
        let tree = Arc::new(MemoryTree::default());
        tree.replace_by(&mut [Ok((key(1), value(1)))].into_iter(), &Mark::default()).unwrap();
        let table = Table::new(tree.clone());
        let mut stage = tree.stage().unwrap();
        stage.push((key(2), value(2))).unwrap();
        let staged = stage.finish(Mark::default()).unwrap();
        tree.interrupt_next_settle(leaves);
        assert_eq!(table.replace(staged).unwrap_err().kind, base::Kind::Unavailable);
        let found = tree.crash_image().snapshot();
        let has = |n| found.get(&key(n)).unwrap().is_some();
        assert_eq!((has(1), has(2)), (leaves == table::Interrupted::Before, leaves == table::Interrupted::After));
    }
}
