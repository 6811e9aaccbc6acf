//! A process that settles, merges, drops, stages whole states and puts them into place without pause is killed, again and again.
//! What the next start finds is the tree as it was after the settle or replacement that its mark names: none that returned is
//! missing, none is there in part, and nothing is left of what was only staged.

#![allow(clippy::unwrap_used, reason = "in a test it is a failure that says where")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use base::EntryId;
use bytes::Bytes;
use table::{Change, Direction, LsmTree, Mark, Staged, Table, Tree, TreeOptions};

const KILLS: u64 = 40;
const DIRECTORY: &str = "TABLE_KILLS_DIRECTORY";

type Model = BTreeMap<Bytes, Bytes>;

fn open(dir: &Path) -> Arc<LsmTree> {
    let options = TreeOptions {
        cache_bytes: 1 << 20,
        table_bytes: 64 << 10,
        merge_step_bytes: 48 << 10,
        merge_layers: 2,
        ..TreeOptions::default()
    };
    LsmTree::open(dir, options).unwrap()
}

/// Numbers that look random, always the same for one seed.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    }
}

fn appended(number: u64) -> Bytes {
    Bytes::from(format!("space-v{number:012}"))
}

/// What settle number `index` does: a function of the number alone.
struct Settle {
    changes: BTreeMap<Bytes, Option<Bytes>>,
    extra: BTreeMap<Bytes, Option<Bytes>>,
    dropped: Vec<(Bytes, Bytes)>,
    mark: Mark,
}

impl Settle {
    fn numbered(index: u64) -> Settle {
        let mut draw = numbers(index);
        let mut changes = BTreeMap::new();
        for n in 0..20 {
            let value = Bytes::from(vec![draw(256) as u8; 200 + draw(1500) as usize]);
            changes.insert(appended(index * 20 + n), Some(value));
        }
        for _ in 0..60 {
            let value = (draw(4) > 0).then(|| Bytes::from(format!("{index}-{}", draw(1 << 40))));
            changes.insert(Bytes::from(format!("space-c{:04}", draw(600))), value);
        }
        let extra =
            (0..5).map(|_| (Bytes::from(format!("space-c{:04}", draw(600))), Some(Bytes::from(format!("extra {index}")))));
        let extra = extra.collect();
        let dropped = if index.is_multiple_of(7) {
            vec![(appended(0), appended((index * 20).saturating_sub(150) + draw(40)))]
        } else {
            Vec::new()
        };
        Settle { changes, extra, dropped, mark: Settle::mark(index) }
    }

    /// So often the whole state is replaced instead; it is staged while the settles before go on.
    fn is_replacement(index: u64) -> bool {
        index.is_multiple_of(5)
    }

    /// The state of replacement number `index`: several files of it.
    fn state(index: u64) -> Model {
        let mut draw = numbers(index);
        let kept = (0..200).map(|n| appended((index * 20).saturating_sub(200) + n));
        let mut state: Model = kept.map(|key| (key, Bytes::from(vec![draw(256) as u8; 300 + draw(1500) as usize]))).collect();
        state.extend((0..300).map(|_| {
            let key = Bytes::from(format!("space-c{:04}", draw(600)));
            (key, Bytes::from(format!("state {index}-{}", draw(1 << 40))))
        }));
        state
    }

    fn mark(index: u64) -> Mark {
        Mark { applied: Some(EntryId { term: 7, index }), membership: Bytes::from(format!("members {index}")) }
    }

    fn apply(&self, model: &mut Model) {
        for (key, value) in self.changes.iter().chain(&self.extra) {
            match value {
                Some(value) => model.insert(key.clone(), value.clone()),
                None => model.remove(key),
            };
        }
        for (from, to) in &self.dropped {
            model.retain(|key, _| key < from || key >= to);
        }
    }
}

/// The victim: not a test by itself, but what the test below starts in another process.
#[test]
fn settle_until_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let tree = open(Path::new(&dir));
    let first = tree.snapshot().mark().applied.map_or(0, |id| id.index) + 1;
    let table = Table::new(tree.clone());
    let mut out = std::io::stdout().lock();
    writeln!(out, "settled {}", first - 1).unwrap();
    let mut staging: Option<std::thread::JoinHandle<Staged>> = None;
    for index in first.. {
        let (settle, tree) = (Settle::numbered(index), tree.clone());
        let next = index.next_multiple_of(5);
        let staged = staging.take().unwrap_or_else(|| std::thread::spawn(move || stage(&*tree, next)));
        if Settle::is_replacement(index) {
            table.replace(staged.join().unwrap()).unwrap();
            writeln!(out, "settled {index}").unwrap();
            out.flush().unwrap();
            continue;
        }
        staging = Some(staged);
        for (key, value) in settle.changes {
            match value {
                Some(value) => table.put(key, value),
                None => table.delete(key),
            }
        }
        let sealed = table.seal(settle.mark).unwrap();
        table.settle(sealed, settle.extra.into_iter().collect::<Vec<Change>>(), &settle.dropped).unwrap();
        writeln!(out, "settled {index}").unwrap();
        out.flush().unwrap();
        while table.tree().maintain(u64::MAX).unwrap() {}
    }
}

fn stage(tree: &dyn Tree, index: u64) -> Staged {
    let mut stage = tree.stage().unwrap();
    Settle::state(index).into_iter().for_each(|pair| stage.push(pair).unwrap());
    stage.finish(Settle::mark(index)).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the victim is a process of its own, and it has to be given time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Lets a victim run for a while, kills it, and answers the last settle that it said was done.
fn kill_one(dir: &Path, lifetime: Duration) -> u64 {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "settle_until_killed", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let settled = |line: &String| line.rsplit_once("settled ").map(|(_, index)| index.parse::<u64>().unwrap());
    let first = lines.find_map(|line| settled(&line)).expect("the victim opens the tree");
    wait(lifetime);
    victim.kill().unwrap();
    victim.wait().unwrap();
    lines.filter_map(|line| settled(&line)).last().unwrap_or(first)
}

fn check(dir: &Path, model: &mut Model, known: &mut u64, acknowledged: u64) {
    let tree = open(dir);
    let snapshot = tree.snapshot();
    let found = snapshot.mark().applied.map_or(0, |id| id.index);
    assert!((acknowledged..=acknowledged + 1).contains(&found), "settle {acknowledged} had returned, the mark says {found}");
    for index in *known + 1..=found {
        match Settle::is_replacement(index) {
            true => *model = Settle::state(index),
            false => Settle::numbered(index).apply(model),
        }
    }
    *known = found;
    if found > 0 {
        assert_eq!(*snapshot.mark(), Settle::mark(found));
    }
    let (from, to) = (Bytes::from_static(b"s"), Bytes::from_static(b"t"));
    let all: Vec<_> = snapshot.range(from.clone(), to.clone(), Direction::Forward).map(Result::unwrap).collect();
    assert_eq!(all, model.clone().into_iter().collect::<Vec<_>>());
    let mut backward: Vec<_> = snapshot.range(from, to, Direction::Backward).map(Result::unwrap).collect();
    backward.reverse();
    assert_eq!(backward, all);
    for (key, value) in model.iter() {
        assert_eq!(snapshot.get(key).unwrap().as_ref(), Some(value));
    }
    tree.verify(&mut |_| Ok(())).unwrap();
    // Nothing is left over of what the victim had under way.
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>();
    assert!(files < tree.disk_bytes() + (64 << 10), "{files} bytes lie there, {} belong to the tree", tree.disk_bytes());
}

#[test]
fn a_settle_that_is_killed_is_there_or_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut draw = numbers(4);
    let (mut model, mut known) = (Model::new(), 0);
    for _ in 0..KILLS {
        let lifetime = Duration::from_micros(500 + draw(60_000));
        let acknowledged = kill_one(dir.path(), lifetime);
        check(dir.path(), &mut model, &mut known, acknowledged);
    }
    assert!(known >= KILLS / 2, "the victims came to settle only {known} times");
}
