//! Copies of a tree are damaged in every file and at many places. Whatever is answered from then on is right or an error that
//! says `Corrupt`: never a wrong value, a missing pair or a panic.

#![allow(clippy::unwrap_used, reason = "in a test it is a failure that says where")]
#![expect(clippy::disallowed_methods, reason = "files are damaged behind the tree's back")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base::{EntryId, Kind, Result};
use bytes::Bytes;
use table::{Change, Direction, LsmTree, Mark, Tree, TreeOptions};

type Model = BTreeMap<Bytes, Bytes>;

fn options() -> TreeOptions {
    TreeOptions {
        cache_bytes: 1 << 20,
        table_bytes: 16 << 10,
        merge_step_bytes: 24 << 10,
        merge_layers: 3,
        ..TreeOptions::default()
    }
}

fn appended(number: u32) -> Bytes {
    Bytes::from(format!("space-v{number:012}"))
}

/// A tree with bottom and young tables, one trimmed by a merge under way, tombstones, and a dropped range still hidden.
fn build(dir: &Path) -> (Model, Mark) {
    let tree = LsmTree::open(dir, options()).unwrap();
    let mut model = Model::new();
    let mut mark = Mark::default();
    for index in 0..12_u32 {
        let mut changes: BTreeMap<Bytes, Option<Bytes>> = BTreeMap::new();
        for n in 0..6 {
            changes.insert(appended(index * 6 + n), Some(Bytes::from(vec![(index * 7 + n) as u8; 700])));
        }
        for n in 0..40 {
            let value = (n % 5 > 0).then(|| Bytes::from(format!("value {index} of {n}").repeat(4)));
            changes.insert(Bytes::from(format!("space-c{:03}", (n * 37 + index * 11) % 120)), value);
        }
        let dropped = if index == 9 { vec![(appended(0), appended(27))] } else { Vec::new() };
        for (key, value) in &changes {
            match value {
                Some(value) => model.insert(key.clone(), value.clone()),
                None => model.remove(key),
            };
        }
        for (from, to) in &dropped {
            model.retain(|key, _| key < from || key >= to);
        }
        mark = Mark { applied: Some(EntryId { term: 2, index: index.into() }), membership: Bytes::from_static(b"members") };
        tree.settle(&mut changes.into_iter().collect::<Vec<Change>>().into_iter(), &dropped, &mark).unwrap();
        if index == 7 {
            assert!(tree.maintain(u64::MAX).unwrap());
        }
    }
    (model, mark)
}

/// A tree that was replaced by a staged state, and settled since.
fn build_replaced(dir: &Path) -> (Model, Mark) {
    let (mut model, _) = build(dir);
    let tree = LsmTree::open(dir, options()).unwrap();
    model.retain(|key, _| key.last().is_some_and(|digit| !digit.is_multiple_of(3)));
    model.extend((0..40).map(|n| (appended(1000 + n), Bytes::from(vec![n as u8; 900]))));
    let mark = Mark { applied: Some(EntryId { term: 3, index: 90 }), membership: Bytes::from_static(b"others") };
    tree.replace_by(&mut model.clone().into_iter().map(Ok), &mark).unwrap();
    let mark = Mark { applied: Some(EntryId { term: 3, index: 91 }), ..mark };
    let changes: Vec<Change> = model.keys().step_by(7).map(|key| (key.clone(), Some(Bytes::from_static(b"since")))).collect();
    model.extend(changes.iter().map(|(key, _)| (key.clone(), Bytes::from_static(b"since"))));
    tree.settle(&mut changes.into_iter(), &[], &mark).unwrap();
    (model, mark)
}

/// Reads all there is, before and after merging: what is answered must be right, and merging must not turn damage into a tree
/// that looks sound. Answers the last error.
fn read(dir: &Path, model: &Model, mark: &Mark) -> Result<()> {
    let tree = LsmTree::open(dir, options())?;
    let outcome = compare(&tree, model, mark);
    while let Ok(true) = tree.maintain(u64::MAX) {}
    let merged = compare(&tree, model, mark);
    drop(tree);
    let reopened = LsmTree::open(dir, options()).and_then(|tree| compare(&tree, model, mark));
    if outcome.is_err() {
        assert!(merged.is_err() && reopened.is_err(), "merging hid the damage: {outcome:?} {merged:?} {reopened:?}");
    }
    outcome.and(merged).and(reopened)
}

fn compare(tree: &LsmTree, model: &Model, mark: &Mark) -> Result<()> {
    let snapshot = tree.snapshot();
    assert_eq!(snapshot.mark(), mark);
    let mut outcome = Ok(());
    let (from, to) = (Bytes::from_static(b"s"), Bytes::from_static(b"t"));
    for direction in [Direction::Forward, Direction::Backward] {
        let mut wanted: Box<dyn Iterator<Item = (&Bytes, &Bytes)>> = match direction {
            Direction::Forward => Box::new(model.iter()),
            Direction::Backward => Box::new(model.iter().rev()),
        };
        let mut failure = None;
        for pair in snapshot.range(from.clone(), to.clone(), direction) {
            match pair {
                Ok((key, value)) => assert_eq!(wanted.next(), Some((&key, &value))),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => outcome = Err(error),
            None => assert_eq!(wanted.next(), None, "a range ended early and said nothing"),
        }
    }
    let absent = [appended(3), Bytes::from_static(b"space-c999"), Bytes::from_static(b"space")];
    for key in model.keys().chain(&absent) {
        match snapshot.get(key) {
            Ok(value) => assert_eq!(value.as_ref(), model.get(key)),
            Err(error) => outcome = Err(error),
        }
    }
    outcome
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

struct Bench {
    sound: tempfile::TempDir,
    model: Model,
    mark: Mark,
    found: usize,
    cases: usize,
}

impl Bench {
    fn new() -> Bench {
        Bench::of(build)
    }

    fn of(build: impl FnOnce(&Path) -> (Model, Mark)) -> Bench {
        let sound = tempfile::tempdir().unwrap();
        let (model, mark) = build(sound.path());
        Bench { sound, model, mark, found: 0, cases: 0 }
    }

    /// Damages a copy and reads it.
    fn damage(&mut self, damage: impl FnOnce(&Path)) -> Result<()> {
        let copy = tempfile::tempdir().unwrap();
        for file in files(self.sound.path()) {
            fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        }
        damage(copy.path());
        let outcome = read(copy.path(), &self.model, &self.mark);
        self.cases += 1;
        if let Err(error) = &outcome {
            self.found += 1;
            assert_eq!(error.kind, Kind::Corrupt, "{error}");
            assert!(error.message.contains("restore this node"), "{error}");
        }
        outcome
    }

    /// Damages the bytes of one file.
    fn change(&mut self, file: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let name = file.file_name().unwrap().to_owned();
        self.damage(|copy| {
            let mut bytes = fs::read(copy.join(&name)).unwrap();
            change(&mut bytes);
            fs::write(copy.join(&name), bytes).unwrap();
        })
    }
}

#[test]
fn a_sound_copy_reads_well() {
    let mut bench = Bench::new();
    bench.damage(|_| {}).unwrap();
    let names: Vec<String> =
        files(bench.sound.path()).iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(names.len() > 8, "{names:?}");
}

#[test]
fn a_flipped_bit_is_an_error_or_does_not_matter() {
    let mut bench = Bench::new();
    for file in files(bench.sound.path()) {
        let length = fs::metadata(&file).unwrap().len() as usize;
        let is_manifest = file.file_name().is_some_and(|name| name == "manifest");
        let step = if is_manifest { 3 } else { 149 };
        for at in (0..length).step_by(step).chain((length.saturating_sub(200)..length).step_by(3)) {
            let outcome = bench.change(&file, |bytes| bytes[at] ^= 1 << (at % 8));
            assert!(!is_manifest || outcome.is_err(), "byte {at} of the manifest");
        }
    }
    // What a flip may hit unseen: bytes that nobody reads, such as filters of keys that are there, and fields of a file's end.
    assert!(bench.found * 10 > bench.cases * 8, "{} of {} flips were seen", bench.found, bench.cases);
}

#[test]
fn a_replaced_tree_is_guarded_like_any_other() {
    let mut bench = Bench::of(build_replaced);
    bench.damage(|_| {}).unwrap();
    for file in files(bench.sound.path()) {
        let length = fs::metadata(&file).unwrap().len() as usize;
        for at in (0..length).step_by(449) {
            let _ = bench.change(&file, |bytes| bytes[at] ^= 1 << (at % 8));
        }
        assert!(bench.change(&file, |bytes| bytes.truncate(length / 2)).is_err());
        let name = file.file_name().unwrap().to_owned();
        assert!(bench.damage(|copy| fs::remove_file(copy.join(&name)).unwrap()).is_err(), "{} removed", file.display());
    }
    assert!(bench.found * 10 > bench.cases * 8, "{} of {} damages were seen", bench.found, bench.cases);
}

/// What rots between staging and replacing is an error when it is read, not a wrong value.
#[test]
fn what_was_staged_and_rotted_is_an_error() {
    let model: Model = (0..300).map(|n| (appended(n), Bytes::from(vec![n as u8; 300]))).collect();
    let mark = Mark { applied: Some(EntryId { term: 3, index: 90 }), membership: Bytes::new() };
    for at in (0..20_000).step_by(997) {
        let dir = tempfile::tempdir().unwrap();
        let tree = LsmTree::open(dir.path(), options()).unwrap();
        let mut stage = tree.stage().unwrap();
        model.clone().into_iter().for_each(|pair| stage.push(pair).unwrap());
        let staged = stage.finish(mark.clone()).unwrap();
        let tables = files(dir.path()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "table"));
        for file in tables {
            let mut bytes = fs::read(&file).unwrap();
            let place = at % bytes.len();
            bytes[place] ^= 0x40;
            fs::write(&file, bytes).unwrap();
        }
        tree.replace(staged).unwrap();
        if let Err(error) = compare(&tree, &model, &mark) {
            assert_eq!(error.kind, Kind::Corrupt, "{error}");
        }
    }
}

#[test]
fn sectors_and_ends_that_are_lost_are_errors() {
    let mut bench = Bench::new();
    for file in files(bench.sound.path()) {
        let length = fs::metadata(&file).unwrap().len() as usize;
        for at in (0..length).step_by(512) {
            let _ = bench.change(&file, |bytes| {
                let end = (at + 512).min(length);
                bytes[at..end].fill(0);
            });
        }
        for cut in [0, 1, length / 3, length / 2, length - 40, length - 1] {
            assert!(bench.change(&file, |bytes| bytes.truncate(cut)).is_err(), "{} cut to {cut}", file.display());
        }
        assert!(bench.change(&file, |bytes| bytes.push(0)).is_err(), "{} grown", file.display());
        let name = file.file_name().unwrap().to_owned();
        assert!(bench.damage(|copy| fs::remove_file(copy.join(&name)).unwrap()).is_err(), "{} removed", file.display());
    }
}

#[test]
fn a_file_in_the_place_of_another_is_an_error() {
    let mut bench = Bench::new();
    let tables: Vec<PathBuf> =
        files(bench.sound.path()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "table")).collect();
    for pair in tables.windows(2) {
        let other = fs::read(&pair[0]).unwrap();
        assert!(bench.change(&pair[1], |bytes| *bytes = other).is_err());
    }
}

#[test]
fn what_only_verification_sees_it_sees() {
    let bench = Bench::new();
    for file in files(bench.sound.path()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "table")) {
        let bytes = fs::read(&file).unwrap();
        let tree = LsmTree::open(bench.sound.path(), options()).unwrap();
        tree.verify(&mut |_| Ok(())).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            fs::write(&file, damaged).unwrap();
            assert_eq!(tree.verify(&mut |_| Ok(())).unwrap_err().kind, Kind::Corrupt);
        }
        fs::write(&file, bytes).unwrap();
    }
}

#[test]
fn another_format_is_refused_by_name() {
    let bench = Bench::new();
    let manifest = bench.sound.path().join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[8] = 2;
    let end = bytes.len() - 4;
    let checksum = crc32c::crc32c(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&manifest, bytes).unwrap();
    let error = LsmTree::open(bench.sound.path(), options()).err().unwrap();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.message.contains("format 2"), "{error}");
}
