//! The crash sweep: many lives of a journal, cut short at every write and every sync with every ending that a disk has, and
//! recovered. Nothing acknowledged may be missing, nothing served may differ from what was submitted, and what is found must be a
//! state that the journal really was in. Damage to synced bytes that have a later valid write must be refused.
//!
//! The same sweep, run with a planted bug, must find it: that proves that the alarms ring.

#[path = "sweep/model.rs"]
mod model;
#[path = "sweep/workload.rs"]
mod workload;

use std::sync::Arc;

use base::{
    Disk, EntryId, Kind, ShardId,
    disk::{Damage, Ending, Event, MemoryDisk},
};
use journal::{
    Entry, Journal, Record,
    bugs::{Bug, plant},
    inspect::{Inspection, Role, WriteVerdict},
    segment_name,
};

use model::{Unit, apply, digest, served};
use workload::{Dice, Point, Run, options};

const WORKLOADS: u64 = 64;
const WRITES: u64 = 32;
const RECOVERIES_MIN: u64 = 100_000;
const DAMAGES: [Damage; 4] = [Damage::Zeroed, Damage::Flipped, Damage::Stale, Damage::Misdirected];

/// What one sweep did.
#[derive(Default, Debug)]
struct Tally {
    recoveries: u64,
    cut: u64,
    refused: u64,
}

fn open(disk: &MemoryDisk) -> base::Result<(Journal, journal::Writer)> {
    Journal::open_owned(Arc::new(disk.clone()), options(), 7)
}

/// Recovers from one ending at one point.
fn recover(run: &Run, point: &Point, ending: Ending, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let disk = point.disk.crash(ending, seed);
    tally.recoveries += 1;
    let (journal, mut writer) = open(&disk).map_err(|error| format!("a crash is refused: {error}"))?;
    let found = served(&journal)?;
    let at = position(run, point, digest(&found))?;
    if at < point.submitted {
        tally.cut += 1;
    }
    if seed.is_multiple_of(4) {
        go_on(&disk, &journal, &mut writer, found, seed, tally)?;
    }
    Ok(())
}

/// How many units the recovered state is made of.
fn position(run: &Run, point: &Point, found: u64) -> Result<usize, String> {
    let allowed = &run.digests[point.acked..=point.submitted];
    if let Some(at) = allowed.iter().position(|digest| *digest == found) {
        return Ok(point.acked + at);
    }
    match run.digests.iter().position(|digest| *digest == found) {
        Some(at) if at < point.acked => Err(format!("acknowledged records are lost: {at} of {} are there", point.acked)),
        Some(at) => Err(format!("{at} records are there, but only {} were submitted", point.submitted)),
        None => Err("the recovered state is none that the journal was in".into()),
    }
}

/// After a recovery the journal must be usable, and a second crash must not bring back what the first one cut.
fn go_on(
    disk: &MemoryDisk,
    journal: &Journal,
    writer: &mut journal::Writer,
    found: model::Shards,
    seed: u64,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut states = vec![found.clone()];
    let mut shards = found;
    let mut dice = Dice(seed);
    let mut synced = 0;
    for round in 0..3u64 {
        let shard = ShardId(dice.below(4) as u32);
        let next = journal.state(shard).last.map_or(0, |last| last.index + 1);
        let entry =
            Entry { id: EntryId { term: 1 << 20, index: next }, payload: vec![round as u8; dice.below(900) as usize].into() };
        apply(&mut shards, &Unit::Entry(shard, entry.clone()));
        states.push(shards.clone());
        journal.submit(Record::Append(shard, vec![entry]), None);
        writer.write().map_err(|error| format!("a write after a recovery failed: {error}"))?;
        if round < 2 {
            writer.sync().map_err(|error| format!("a sync after a recovery failed: {error}"))?;
            synced += 1;
        }
    }
    for ending in [Ending::UnsyncedLost, Ending::Reordered] {
        tally.recoveries += 1;
        let (again, _writer) = open(&disk.crash(ending, seed)).map_err(|error| format!("a second crash is refused: {error}"))?;
        let found = digest(&served(&again)?);
        if !states[synced..].iter().any(|state| digest(state) == found) {
            return Err("after a second crash the state is none that the journal was in".into());
        }
    }
    Ok(())
}

/// Rots synced bytes of a write that has a later one: the journal must refuse.
fn damage(point: &Point, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let disk = point.disk.crash(Ending::UnsyncedLost, seed);
    let mut dice = Dice(seed);
    let inspection = Inspection::open(&disk).map_err(|error| format!("inspection failed: {error}"))?;
    let mut writes = Vec::new();
    for row in inspection.segments().map_err(|error| format!("inspection failed: {error}"))? {
        if row.role != Role::Needed {
            continue;
        }
        for write in inspection.writes(row.number).map_err(|error| error.to_string())? {
            let write = write.map_err(|error| error.to_string())?;
            if let (WriteVerdict::Whole, Some(header)) = (&write.verdict, &write.header) {
                writes.push((row.number, write.offset, header.write_bytes()));
            }
        }
    }
    writes.pop();
    if writes.is_empty() {
        return Ok(());
    }
    let (segment, offset, bytes) = writes[dice.below(writes.len() as u64) as usize];
    let offset = offset + dice.below(bytes / 512) * 512;
    let kind = DAMAGES[dice.below(4) as usize];
    if !disk.damage(&segment_name(segment), offset, kind, seed) {
        return Ok(());
    }
    tally.recoveries += 1;
    let before: Vec<String> = disk.list().map_err(|error| error.to_string())?;
    match open(&disk) {
        Err(error) if error.kind == Kind::Corrupt && error.message.contains("manifold inspect journal") => {
            tally.refused += 1;
            let after = disk.list().map_err(|error| error.to_string())?;
            if before == after && disk.unsynced() == 0 { Ok(()) } else { Err("a refusal changed the disk".into()) }
        }
        Err(error) => Err(format!("{kind:?} at {segment}/{offset}: the wrong refusal: {error}")),
        Ok(_) => Err(format!("synced bytes are {kind:?} at {segment}/{offset}, and the journal is served or cut")),
    }
}

/// Sweeps one workload; the error names the point.
fn sweep(seed: u64, writes: u64, tally: &mut Tally) -> Result<(), String> {
    let run = workload::run(seed, writes);
    for (number, point) in run.points.iter().enumerate() {
        let mut dice = Dice(seed << 32 | number as u64);
        let place = |ending: &dyn std::fmt::Debug, seed: u64, what: String| {
            format!("{what}\n  workload {seed}, point {number} ({:?}), {ending:?}", point.event)
        };
        for ending in Ending::ALL.into_iter().chain([Ending::Reordered]) {
            let chosen = dice.next();
            recover(&run, point, ending, chosen, tally).map_err(|what| place(&ending, seed, what))?;
        }
        if point.event == Event::Sync {
            let chosen = dice.next();
            damage(point, chosen, tally).map_err(|what| place(&"damage", seed, what))?;
        }
    }
    Ok(())
}

/// The seeds to sweep: all, or the one that `SWEEP_SEED` names.
#[expect(clippy::disallowed_methods, reason = "a failure is seen again by naming its seed")]
fn seeds() -> std::ops::Range<u64> {
    match std::env::var("SWEEP_SEED").ok().and_then(|seed| seed.parse::<u64>().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..WORKLOADS,
    }
}

#[test]
fn no_crash_loses_or_changes_anything() {
    let mut tally = Tally::default();
    let seeds = seeds();
    let all = seeds.end - seeds.start == WORKLOADS;
    for seed in seeds {
        if let Err(what) = sweep(seed, WRITES, &mut tally) {
            panic!("{what}\n  again: SWEEP_SEED={seed} cargo test --profile sim -p journal --test crash_sweep no_crash");
        }
    }
    println!(
        "{} recoveries, {} cut a write that was never acknowledged, {} refused damage",
        tally.recoveries, tally.cut, tally.refused
    );
    if all {
        assert!(tally.recoveries >= RECOVERIES_MIN, "only {} recoveries", tally.recoveries);
        assert!(tally.cut > 1000 && tally.refused > 1000, "the sweep must reach both sides: {tally:?}");
    }
}

const BUGS: [Bug; 12] = [
    Bug::AckBeforeSync,
    Bug::PlaceNotChecked,
    Bug::MiddleCutAsTorn,
    Bug::LeftoversRevived,
    Bug::VoteAfterAppend,
    Bug::HeaderOnly,
    Bug::PurgeBeforeSync,
    Bug::TruncateAfterAppend,
    Bug::ChainNotChecked,
    Bug::DirectoryNotSynced,
    Bug::HeadWithoutVote,
    Bug::CommittedNotClamped,
];

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for bug in BUGS {
        let mut tally = Tally::default();
        plant(Some(bug));
        let caught = (0..WORKLOADS / 2).find_map(|seed| {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sweep(seed, WRITES, &mut tally)));
            match result {
                Ok(Ok(())) => None,
                Ok(Err(what)) => Some(what),
                Err(panic) => Some(format!("a panic: {}", panic.downcast_ref::<String>().map_or("", String::as_str))),
            }
        });
        plant(None);
        match caught {
            Some(what) => println!("{bug:?}: caught after {} recoveries: {what}", tally.recoveries),
            None => missed.push(bug),
        }
    }
    std::panic::set_hook(silent);
    assert!(missed.is_empty(), "planted and not found: {missed:?}");
}
