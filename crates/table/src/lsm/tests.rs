//! What the tree does to its files, looked at from inside.

use std::collections::BTreeMap;

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
