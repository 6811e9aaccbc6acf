//! Giving back what compaction made unreachable.
//!
//! Changes are written once, in the order of revisions, and dropped in that order. The **floor** is the revision up to which
//! they are gone; the state of every key at the floor lies apart, as `s` records. Moving the floor up to G folds the changes
//! of (floor, G] into that state: the last change of a key up to G replaces its `s` record (or deletes it), and the
//! superseded versions that ended by then lose their `i` record. So at any time:
//!
//! - a version written after the floor has its value in its own change;
//! - a version written before it and still readable was current at the floor, and has its value in `s`.
//!
//! A slice ends somewhere before the goal, and some of its last changes are superseded between there and the goal. Large
//! values among them are not moved into `s`: nobody can read them any more, and to move much only to delete it would take
//! room on a disk that is being emptied because it is full.
//!
//! G stays below the compaction mark, so that the changes at the mark itself can still be watched, and not beyond any
//! reader's pin. Everything is read from the tree as settled before: what an unsettled entry says may not decide what is
//! dropped, since a restart would come back without it.

use std::{collections::BTreeMap, sync::atomic::Ordering::Relaxed};

use base::Result;
use bytes::Bytes;
use table::{Change, Direction, Snapshot};

use crate::{
    bugs::{Bug, planted},
    error::damaged,
    history::read_version,
    limits::RECLAIM_DEAD_BYTES_MIN,
    machine::{Inner, Reclaimable},
    record::{At, Compaction, Content, Settled, Version, decode_superseded},
};

/// Names of the marks.
pub(crate) const COMPACTED: &str = "compacted";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const ALARMS: &str = "alarms";

/// How far reclaiming is.
#[derive(Debug)]
pub(crate) struct Reclaim {
    /// Changes up to here are gone, with what was written and superseded up to it.
    floor: Compaction,
    /// The floor that the settle under way brings.
    next: Option<Compaction>,
    /// The last compaction.
    mark: Option<Compaction>,
    /// Move the floor up to here, however little that gives.
    target: i64,
}

impl Reclaim {
    pub(crate) fn new(floor: Compaction, mark: Option<Compaction>) -> Reclaim {
        Reclaim { floor, next: None, mark, target: 0 }
    }

    /// What was asked for before the state was replaced.
    pub(crate) fn keep_target(&mut self, before: &Reclaim) {
        self.target = before.target;
    }

    /// A compaction was applied.
    pub(crate) fn compacted(&mut self, mark: Compaction) {
        self.mark = Some(mark);
    }

    /// Whether enough is dead before the mark.
    fn pays(&self, dead_bytes_min: u64) -> bool {
        self.mark.is_some_and(|mark| mark.superseded.saturating_sub(self.floor.superseded) >= dead_bytes_min)
    }

    /// Sets out for the mark if that pays. Answers how far to go.
    fn aim(&mut self, dead_bytes_min: u64) -> i64 {
        if self.target <= self.floor.revision && self.pays(dead_bytes_min) {
            self.target = self.mark.map_or(0, |mark| last_dead(mark.revision));
        }
        self.target
    }
}

/// New values of table keys, or their deletions.
type Changed = BTreeMap<Bytes, Option<Bytes>>;

/// A key's last change in a slice.
struct Last {
    at: At,
    version: Version,
    /// Whether the key has an `s` record.
    was_settled: bool,
}

/// The last change that a compaction at `mark` makes unreachable: the one at the mark can still be watched.
fn last_dead(mark: i64) -> i64 {
    if planted(Bug::RevisionForgotten) { mark } else { mark - 1 }
}

impl Inner {
    pub(crate) fn force_reclaim(&self) {
        let compacted = self.state.read().compacted;
        let mut reclaim = self.reclaim.lock();
        reclaim.target = reclaim.target.max(last_dead(compacted));
    }

    pub(crate) fn wants_reclaim(&self) -> bool {
        let (lowest, dead_bytes_min) = (self.pins.lowest(), self.dead_bytes_min());
        let mut reclaim = self.reclaim.lock();
        let floor = reclaim.floor.revision;
        reclaim.aim(dead_bytes_min) > floor && lowest.is_none_or(|lowest| lowest > floor)
    }

    /// Bytes that have to be dead for reclaiming to pay. Moving the floor writes what is alive once more, so that it should not
    /// be done for much less; a disk that is filling up cannot wait so long.
    fn dead_bytes_min(&self) -> u64 {
        let live = self.state.read().bytes;
        let share = if self.is_disk_tight.load(Relaxed) { live / 4 } else { live.saturating_mul(2) };
        share.max(RECLAIM_DEAD_BYTES_MIN).min(self.options.reclaim_bytes)
    }

    pub(crate) fn reclaimed(&self) {
        let mut reclaim = self.reclaim.lock();
        if let Some(next) = reclaim.next.take() {
            reclaim.floor = next;
        }
    }

    pub(crate) fn reclaim(&self, bytes_max: usize) -> Result<Reclaimable> {
        let nothing = (Vec::new(), Vec::new());
        // What an earlier settle would have brought that came to nothing is not to be believed.
        self.reclaim.lock().next = None;
        let settled = self.table.settled();
        let Some(record) = settled.get(&self.keys.mark(COMPACTED))? else { return Ok(nothing) };
        let mark = Compaction::decode(&record).ok_or_else(|| damaged("the compaction mark cannot be read"))?;
        let dead_bytes_min = self.dead_bytes_min();
        let (floor, target) = {
            let mut reclaim = self.reclaim.lock();
            (reclaim.floor, reclaim.aim(dead_bytes_min))
        };
        let goal = target.min(last_dead(mark.revision)).min(self.pins.lowest().unwrap_or(i64::MAX));
        if goal <= floor.revision {
            return Ok(nothing);
        }
        let (changes, reached) = self.fold(&*settled, floor.revision, goal, bytes_max)?;
        let next = progress(floor, mark, reached);
        self.reclaim.lock().next = Some(next);
        let mut changes: Vec<Change> = changes.into_iter().collect();
        changes.push((self.keys.mark(FLOOR), Some(next.encode())));
        changes.sort_by(|a, b| a.0.cmp(&b.0));
        Ok((changes, vec![self.keys.versions(0, reached + 1)]))
    }

    /// Folds whole revisions of `(floor, goal]`, about `bytes_max` of changes. Answers how far it came.
    fn fold(&self, settled: &dyn Snapshot, floor: i64, goal: i64, bytes_max: usize) -> Result<(Changed, i64)> {
        let mut changes = Changed::new();
        let mut last: BTreeMap<Bytes, Last> = BTreeMap::new();
        let (mut bytes, mut reached) = (0, floor);
        let (from, to) = self.keys.versions(floor + 1, goal + 1);
        let mut stopped = false;
        for pair in settled.range(from, to, Direction::Forward) {
            let (table_key, record) = pair?;
            let (at, version) = read_version(&table_key, &record)?;
            if at.main > reached && bytes >= bytes_max {
                stopped = true;
                break;
            }
            reached = at.main;
            bytes += record.len();
            if let Some(prev) = version.prev {
                changes.insert(self.keys.superseded(&version.key, prev), None);
            }
            let before = last.get(&version.key).map(|last| last.was_settled);
            let was_settled = before.unwrap_or_else(|| version.prev.is_some_and(|prev| prev.main <= floor));
            last.insert(version.key.clone(), Last { at, version, was_settled });
        }
        for (key, last) in last {
            if stopped && self.is_dead(settled, &last, goal)? {
                continue;
            }
            let settled_key = self.keys.settled(&key);
            if let Some((origin, value)) = self.value_of(settled, floor, &last)? {
                changes.insert(settled_key, Some(Settled { at: last.at, origin, value }.encode()));
            } else if last.was_settled {
                changes.insert(settled_key, None);
            }
        }
        Ok((changes, if stopped { reached } else { goal }))
    }

    /// Whether a key's last change in a slice has a large value that is superseded up to the goal, by a change that does not
    /// keep it.
    fn is_dead(&self, settled: &dyn Snapshot, last: &Last, goal: i64) -> Result<bool> {
        let key = &last.version.key;
        match &last.version.content {
            Content::Value(value) if value.len() >= self.options.fold_look_bytes => {}
            _ => return Ok(false),
        }
        let Some(record) = settled.get(&self.keys.superseded(key, last.at))? else { return Ok(false) };
        let (end, _) = decode_superseded(&record, last.at).ok_or_else(|| damaged("an earlier version cannot be read"))?;
        if end > goal {
            return Ok(false);
        }
        let (from, to) = self.keys.versions(end, end + 1);
        for pair in settled.range(from, to, Direction::Forward) {
            let (table_key, record) = pair?;
            let (_, next) = read_version(&table_key, &record)?;
            if next.key == *key && next.content == Content::Origin(last.at) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The value of a key's last change and where it was written; `None` for a deletion.
    fn value_of(&self, settled: &dyn Snapshot, floor: i64, last: &Last) -> Result<Option<(At, Bytes)>> {
        let origin = match &last.version.content {
            Content::Tombstone => return Ok(None),
            Content::Value(value) => return Ok(Some((last.at, value.clone()))),
            Content::Origin(origin) => *origin,
        };
        let missing = || damaged("the value that a change kept is missing");
        let value = if origin.main > floor {
            let record = settled.get(&self.keys.version(origin))?.ok_or_else(missing)?;
            match Version::decode(&record).ok_or_else(missing)?.content {
                Content::Value(value) => value,
                Content::Origin(_) | Content::Tombstone => return Err(missing()),
            }
        } else {
            let record = settled.get(&self.keys.settled(&last.version.key))?.ok_or_else(missing)?;
            Settled::decode(&record).filter(|record| record.origin == origin).ok_or_else(missing)?.value
        };
        Ok(Some((origin, value)))
    }
}

/// What was written and superseded up to `reached`: in proportion, exact at the mark.
fn progress(floor: Compaction, mark: Compaction, reached: i64) -> Compaction {
    let whole = u128::from(mark.revision.abs_diff(floor.revision + 1)).max(1);
    let part = u128::from(reached.abs_diff(floor.revision)).min(whole);
    let share = |from: u64, to: u64| {
        let step = u128::from(to.saturating_sub(from)) * part / whole;
        from + u64::try_from(step).expect("a part of a u64")
    };
    Compaction {
        revision: reached,
        written: share(floor.written, mark.written),
        superseded: share(floor.superseded, mark.superseded),
    }
}
