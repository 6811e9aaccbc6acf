//! What the tree does to its files, looked at from inside.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use base::EntryId;

use super::*;
use crate::Direction;

fn options() -> TreeOptions {
    TreeOptions {
        cache_bytes: 1 << 20,
        table_bytes: 64 << 10,
        merge_step_bytes: 100 << 10,
        merge_layers: 3,
        ..TreeOptions::default()
    }
}

fn versioned(number: u32) -> Bytes {
    Bytes::from(format!("____v{number:010}"))
}

fn current(number: u32) -> Bytes {
    Bytes::from(format!("____c{number:010}"))
}

fn settle(tree: &LsmTree, changes: Vec<Change>, dropped: &[(Bytes, Bytes)]) {
    tree.settle(&mut changes.into_iter(), dropped, &Mark::default()).unwrap();
}

fn put(key: Bytes, bytes: usize, fill: u8) -> Change {
    (key, Some(Bytes::from(vec![fill; bytes])))
}

fn all(snapshot: &dyn Snapshot) -> BTreeMap<Bytes, Bytes> {
    let range = snapshot.range(Bytes::from_static(b"_"), Bytes::from_static(b"`"), Direction::Forward);
    range.map(Result::unwrap).collect()
}

fn ids(tables: &[Placed]) -> Vec<u64> {
    tables.iter().map(|table| table.file.entry.id).collect()
}

fn merge_all(tree: &LsmTree) -> usize {
    let steps = (0..1000).take_while(|_| tree.maintain(u64::MAX).unwrap()).count();
    assert!(steps < 1000, "merging comes to an end");
    steps
}

/// The drawing's example is what is written.
#[test]
fn the_manifest_is_as_drawn() {
    let manifest = Manifest {
        next_id: 3,
        next_seq: 9,
        mark: Mark { applied: Some(EntryId { term: 5, index: 258 }), membership: Bytes::from_static(b"m") },
        hidden: vec![Hidden { from: Bytes::from_static(b"a"), to: Bytes::from_static(b"b"), before: 8 }],
        tables: vec![Entry {
            id: 2,
            place: Place::Bottom,
            base: 8,
            seqs: (8, 8),
            clean: 0,
            records: 4,
            tombstones: 1,
            file_bytes: 1024,
            checksum: 0x0123_4567_89ab_cdef,
            first: Bytes::from_static(b"ab"),
            last: Bytes::from_static(b"cd"),
            trim: Bytes::new(),
        }],
    };
    let page = include_str!("../../../../docs/formats/table.md");
    let (_, example) = page.rsplit_once("```text\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let drawn: Vec<u8> = example
        .lines()
        .flat_map(|line| line.split('|').next().unwrap_or_default().split_whitespace())
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    let written = manifest.encode();
    let hex: Vec<String> = written.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(drawn, written, "{}", hex.join(" "));
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(dir.path()).unwrap();
    manifest.store(&disk).unwrap();
    assert_eq!(Manifest::load(&disk, &disk.list().unwrap()).unwrap(), Some(manifest));
}

#[test]
fn what_is_appended_is_never_rewritten() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let mut appended = Vec::new();
    for round in 0..20 {
        let mut changes: Vec<Change> = (0..50).map(|n| put(current((n * 7 + round) % 300), 80, n as u8)).collect();
        changes.sort();
        changes.extend((0..40).map(|n| put(versioned(round * 40 + n), 4096, n as u8)));
        settle(&tree, changes, &[]);
        merge_all(&tree);
        let version = tree.current();
        let (mine, others): (Vec<Placed>, Vec<Placed>) =
            version.bottom.iter().cloned().partition(|table| family(table.first()) == b"____v");
        assert!(ids(&mine).starts_with(&appended), "{appended:?} became {:?}", ids(&mine));
        appended = ids(&mine);
        assert!(others.iter().all(|table| family(table.last()) == b"____c"), "a file has records of one family");
    }
    assert_eq!(all(&*tree.snapshot()).len(), 800 + 300);
}

#[test]
fn a_dropped_range_is_hidden_at_once_and_its_space_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    for round in 0..10 {
        settle(&tree, (0..40).map(|n| put(versioned(round * 40 + n), 4096, n as u8)).collect(), &[]);
    }
    let full = tree.disk_bytes();
    let before = tree.snapshot();
    settle(&tree, vec![put(versioned(400), 10, 0)], &[(versioned(0), versioned(350))]);
    assert_eq!(all(&*tree.snapshot()).keys().next(), Some(&versioned(350)));
    assert_eq!(tree.snapshot().get(&versioned(349)).unwrap(), None);
    // A reader keeps what it reads; the space comes back with the first writing step after it.
    assert_eq!(all(&*before).len(), 400);
    assert!(tree.disk_bytes() >= full);
    drop(before);
    tree.maintain(u64::MAX).unwrap();
    assert!(tree.disk_bytes() < full / 4, "{} of {full} bytes are left", tree.disk_bytes());
    // A key of the range that comes again is there again.
    settle(&tree, vec![put(versioned(345), 10, 1)], &[]);
    drop(tree);
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let keys: Vec<Bytes> = all(&*tree.snapshot()).into_keys().collect();
    assert_eq!(keys[..2], [versioned(345), versioned(350)]);
}

#[test]
fn ranges_that_stay_hidden_are_scrubbed_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, (0..2000).map(|n| put(versioned(n), 100, n as u8)).collect(), &[]);
    for round in 0..30 {
        let dropped = (versioned(round * 50 + 10), versioned(round * 50 + 20));
        settle(&tree, Vec::new(), &[dropped]);
        merge_all(&tree);
        assert!(tree.current().hidden.len() <= crate::limits::HIDDEN_RANGES_MAX);
        assert_eq!(all(&*tree.snapshot()).len(), 2000 - 10 * (round as usize + 1));
    }
}

#[test]
fn merging_goes_in_bounded_steps_and_nothing_moves_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = LsmTree::open(dir.path(), options()).unwrap();
    let mut model: BTreeMap<Bytes, Bytes> = BTreeMap::new();
    let mut steps = 0;
    for round in 0..12_u32 {
        let mut changes: BTreeMap<Bytes, Option<Bytes>> = BTreeMap::new();
        for n in 0..150 {
            let key = current((n * 131 + round * 17) % 1000);
            changes.insert(key, (n % 9 > 0).then(|| Bytes::from(vec![round as u8; 1000])));
        }
        for (key, value) in &changes {
            match value {
                Some(value) => model.insert(key.clone(), value.clone()),
                None => model.remove(key),
            };
        }
        settle(&tree, changes.into_iter().collect(), &[]);
        assert_eq!(all(&*tree.snapshot()), model);
        // At most two steps between settles, so that some come while a merge is under way; and a restart within one.
        for _ in 0..2 {
            let held = tree.snapshot();
            steps += usize::from(tree.maintain(u64::MAX).unwrap());
            assert_eq!(all(&*tree.snapshot()), model);
            assert_eq!(all(&*held), model);
        }
        if round % 4 == 3 {
            drop(tree);
            tree = LsmTree::open(dir.path(), options()).unwrap();
            assert_eq!(all(&*tree.snapshot()), model);
        }
    }
    steps += merge_all(&tree);
    assert_eq!(all(&*tree.snapshot()), model);
    assert!(steps > 12, "{steps} steps");
    for (key, value) in &model {
        assert_eq!(tree.snapshot().get(key).unwrap().as_ref(), Some(value));
    }
}

#[test]
fn a_commit_that_fails_is_the_last_one() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, vec![put(current(1), 10, 1)], &[]);
    std::fs::create_dir(dir.path().join("manifest.new")).unwrap();
    let refused = tree.settle(&mut [put(current(2), 10, 2)].into_iter(), &[], &Mark::default());
    assert_eq!(refused.unwrap_err().kind, Kind::Unavailable);
    std::fs::remove_dir(dir.path().join("manifest.new")).unwrap();
    assert_eq!(tree.maintain(u64::MAX).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(all(&*tree.snapshot()).into_keys().collect::<Vec<_>>(), [current(1)]);
    drop(tree);
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, vec![put(current(3), 10, 3)], &[]);
    assert_eq!(all(&*tree.snapshot()).into_keys().collect::<Vec<_>>(), [current(1), current(3)]);
}

#[test]
fn what_cannot_be_settled_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let long = Bytes::from(vec![b'_'; crate::KEY_BYTES_MAX + 1]);
    for changes in [
        vec![put(current(2), 1, 0), put(current(1), 1, 0)],
        vec![put(current(2), 1, 0), put(current(2), 1, 0)],
        vec![put(Bytes::new(), 1, 0)],
        vec![put(current(1), 1, 0), put(long, 1, 0)],
    ] {
        let refused = tree.settle(&mut changes.into_iter(), &[], &Mark::default()).unwrap_err();
        assert_eq!(refused.kind, Kind::Invalid);
    }
    assert!(all(&*tree.snapshot()).is_empty());
    settle(&tree, vec![put(Bytes::from(vec![b'_'; crate::KEY_BYTES_MAX]), 1, 0)], &[]);
    assert_eq!(all(&*tree.snapshot()).len(), 1);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "files of refused settles are removed");
}

#[test]
fn many_families_share_files_past_the_limit_and_still_read_well() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let mut model = BTreeMap::new();
    for round in 0..8_u32 {
        let changes: BTreeMap<Bytes, Option<Bytes>> = (0..300)
            .map(|n| (Bytes::from(format!("_{:04}{}", n / 2, (n + round) % 5)), Some(Bytes::from(vec![round as u8; 30]))))
            .collect();
        model.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone().unwrap())));
        settle(&tree, changes.into_iter().collect(), &[]);
        merge_all(&tree);
        assert_eq!(all(&*tree.snapshot()), model);
    }
}

fn files(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| file::id_of(name).is_some()).count()
}

fn stage(tree: &LsmTree, keys: std::ops::Range<u32>) -> Box<dyn Stage> {
    let mut stage = tree.stage().unwrap();
    keys.for_each(|n| stage.push((current(n), Bytes::from(vec![n as u8; 1000]))).unwrap());
    stage
}

fn mark(index: u64) -> Mark {
    Mark { applied: Some(EntryId { term: 1, index }), membership: Bytes::new() }
}

#[test]
fn a_stage_disturbs_neither_settling_nor_merging_nor_another_stage() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let mut model: BTreeMap<Bytes, Bytes> = BTreeMap::new();
    let mut stages = [tree.stage().unwrap(), tree.stage().unwrap()];
    for n in 0..1200_u32 {
        for (stage, from) in stages.iter_mut().zip([0, 10_000]) {
            stage.push((current(from + n), Bytes::from(vec![n as u8; 1000]))).unwrap();
        }
        if n.is_multiple_of(100) {
            let changes: Vec<Change> = (0..60).map(|k| put(current(k * 17 + n), 500, n as u8)).collect();
            model.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone().unwrap())));
            settle(&tree, changes, &[]);
            merge_all(&tree);
            assert_eq!(all(&*tree.snapshot()), model);
        }
    }
    let before = tree.snapshot();
    let [first, second] = stages.map(|stage| stage.finish(mark(1)).unwrap());
    tree.replace(first).unwrap();
    assert_eq!(all(&*tree.snapshot()).into_keys().collect::<Vec<_>>(), (0..1200).map(current).collect::<Vec<_>>());
    tree.replace(second).unwrap();
    assert_eq!(all(&*tree.snapshot()).into_keys().next(), Some(current(10_000)));
    assert_eq!(all(&*before), model, "who pinned the state before reads it");
    drop(before);
    // What comes after wins over what was staged, whichever file has the greater number.
    settle(&tree, vec![put(current(10_005), 1, 7), (current(10_006), None)], &[(current(10_100), current(10_200))]);
    merge_all(&tree);
    drop(tree);
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    let found = all(&*tree.snapshot());
    assert_eq!(found.len(), 1200 - 1 - 100);
    assert_eq!(found.get(&current(10_005)), Some(&Bytes::from_static(&[7])));
    assert_eq!(files(dir.path()), tree.current().tables().count(), "nothing is left of what was replaced");
}

#[test]
fn what_was_staged_and_is_not_wanted_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, vec![put(current(1), 10, 1)], &[]);
    let empty = (files(dir.path()), tree.disk_bytes());
    let half = stage(&tree, 0..500);
    // Another thread writes it: on a busy machine this test once looked before that thread had begun.
    let late = Instant::now() + Duration::from_secs(20);
    while files(dir.path()) == empty.0 {
        assert!(Instant::now() < late, "nothing is written of what is staged");
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(half);
    assert_eq!((files(dir.path()), tree.disk_bytes()), empty);
    let whole = stage(&tree, 0..500).finish(mark(1)).unwrap();
    assert!(tree.disk_bytes() > 500_000);
    assert_eq!(all(&*tree.snapshot()).len(), 1, "nobody sees it");
    drop(whole);
    assert_eq!((files(dir.path()), tree.disk_bytes()), empty);
    let mut refused = stage(&tree, 0..500);
    assert_eq!(refused.push((current(0), Bytes::new())).unwrap_err().kind, Kind::Invalid);
    assert_eq!((files(dir.path()), tree.disk_bytes()), empty, "it is gone before it is dropped");
    drop(refused);
    // A crash is a copy of the directory: its next start removes what was only staged.
    let (half, whole) = (stage(&tree, 0..500), stage(&tree, 0..500).finish(mark(1)).unwrap());
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let reopened = LsmTree::open(copy.path(), options()).unwrap();
    assert_eq!((files(copy.path()), all(&*reopened.snapshot()).len()), (1, 1));
    drop((half, whole));
}

#[test]
fn a_state_without_pairs_replaces_too() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, (0..300).map(|n| put(current(n), 1000, 1)).collect(), &[]);
    tree.replace(tree.stage().unwrap().finish(mark(3)).unwrap()).unwrap();
    assert!(all(&*tree.snapshot()).is_empty());
    assert_eq!((tree.snapshot().mark(), files(dir.path())), (&mark(3), 0));
}

#[test]
fn a_disk_that_refuses_a_stage_does_not_end_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, vec![put(current(1), 10, 1)], &[]);
    // The next file's name is taken.
    let taken = dir.path().join(file::name(tree.yard.next_id()));
    std::fs::write(&taken, "not a table").unwrap();
    let mut stage = tree.stage().unwrap();
    let pushed = (0..5000).try_for_each(|n| stage.push((current(n), Bytes::from(vec![n as u8; 1000]))));
    assert!(pushed.is_err(), "it is told before the end");
    assert!(stage.finish(mark(1)).is_err());
    settle(&tree, vec![put(current(2), 10, 2)], &[]);
    tree.replace(super::tests::stage(&tree, 0..500).finish(mark(1)).unwrap()).unwrap();
    assert_eq!(all(&*tree.snapshot()).len(), 500);
}

/// The manifest may have taken hold although its writing failed: what it names has to be there at the next start.
#[test]
fn a_replacement_whose_commit_fails_leaves_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    settle(&tree, vec![put(current(1), 10, 1)], &[]);
    let staged = stage(&tree, 0..500).finish(mark(1)).unwrap();
    let before = files(dir.path());
    std::fs::create_dir(dir.path().join("manifest.new")).unwrap();
    assert_eq!(tree.replace(staged).unwrap_err().kind, Kind::Unavailable);
    std::fs::remove_dir(dir.path().join("manifest.new")).unwrap();
    assert_eq!(files(dir.path()), before);
    assert_eq!(all(&*tree.snapshot()).len(), 1);
    assert_eq!(tree.maintain(u64::MAX).unwrap_err().kind, Kind::Unavailable, "the disk has to be read again");
    drop(tree);
    let tree = LsmTree::open(dir.path(), options()).unwrap();
    assert_eq!((all(&*tree.snapshot()).len(), files(dir.path())), (1, 1));
}
