//! Merging: young tables that overlap go down to the bottom, step by step, each step bounded.
//!
//! Tables of one family that overlap make a **group**. A group is merged with what it overlaps at the bottom once it holds as
//! many bytes as that (so each record is rewritten about once for each doubling, and a family takes at most twice its size) or
//! once it has so many layers that reads suffer. Records that are only ever appended never overlap: they lie at the bottom from
//! the start and are never rewritten.
//!
//! A step stops at the first key past its budget. What was merged up to there is cut off its inputs by a trim in the manifest,
//! and the next step goes on from there with the same layers: those up to the newest one that was trimmed.

use std::collections::BTreeSet;

use base::Result;
use bytes::Bytes;
use lsm_tree::{InternalValue, SeqNo, UserKey, merge::Merger};

use super::{
    error::failed,
    manifest::Place,
    version::{Placed, Version},
    writer::{Files, Record},
};
use crate::limits::{HIDDEN_RANGES_MAX, MERGE_LAYERS_FACTOR};

/// What a step does.
pub(super) enum Step {
    /// Tables that overlap nothing older go to the bottom as they are; those of them that only delete go away.
    Sink(BTreeSet<u64>),
    /// These are merged into bottom tables.
    Merge(Vec<Placed>),
}

/// Overlapping young tables.
#[derive(Default)]
struct Group {
    tables: Vec<Placed>,
    last: Bytes,
}

impl Group {
    fn layers(&self) -> usize {
        self.tables.iter().map(Placed::rank).collect::<BTreeSet<_>>().len()
    }

    /// The newest layer of a merge under way.
    fn under_way(&self) -> Option<SeqNo> {
        self.tables.iter().filter(|table| !table.trim.is_empty()).map(Placed::rank).max()
    }
}

/// The next step, if one pays.
pub(super) fn next_step(version: &Version, layers_min: usize) -> Option<Step> {
    let sinking = sinking(version);
    if !sinking.is_empty() {
        return Some(Step::Sink(sinking));
    }
    let mut best: Option<(f64, Vec<Placed>)> = None;
    for group in groups(version) {
        let under_way = group.under_way();
        let bottom = bottom_under(version, &group.tables);
        let score = if under_way.is_some() { f64::INFINITY } else { score(&group, &bottom, layers_min) };
        if score > 0.0 && best.as_ref().is_none_or(|(known, _)| score > *known) {
            let is_older = |table: &Placed| under_way.is_none_or(|newest| table.rank() <= newest);
            let mut inputs: Vec<Placed> = group.tables.into_iter().filter(is_older).collect();
            inputs.extend(bottom_under(version, &inputs));
            best = Some((score, inputs));
        }
    }
    best.map(|(_, inputs)| Step::Merge(inputs)).or_else(|| scrub(version))
}

/// How much a merge of the group pays; nothing if it does not.
fn score(group: &Group, bottom: &[Placed], layers_min: usize) -> f64 {
    let bytes = |tables: &[Placed]| tables.iter().map(|table| table.file.entry.file_bytes).sum::<u64>();
    let share = bytes(&group.tables) as f64 / bytes(bottom).max(1) as f64;
    let layers = group.layers();
    if layers >= layers_min * MERGE_LAYERS_FACTOR || (layers >= layers_min && share >= 1.0) { share } else { 0.0 }
}

fn sinking(version: &Version) -> BTreeSet<u64> {
    let mut sinking = BTreeSet::new();
    for (at, run) in version.young.iter().enumerate() {
        let older = || version.young[at + 1..].iter().chain([&version.bottom]).flat_map(|run| run.iter());
        for table in run.iter() {
            if !older().any(|other| other.overlaps(table.first(), table.last())) {
                sinking.insert(table.file.entry.id);
            }
        }
    }
    sinking
}

fn groups(version: &Version) -> Vec<Group> {
    let mut young: Vec<Placed> = version.young.iter().flat_map(|run| run.iter()).cloned().collect();
    young.sort_by(|a, b| a.first().cmp(b.first()));
    let mut groups: Vec<Group> = Vec::new();
    for table in young {
        match groups.last_mut() {
            Some(group) if *table.first() <= group.last => {
                group.last = group.last.clone().max(table.last().clone());
                group.tables.push(table);
            }
            _ => groups.push(Group { last: table.last().clone(), tables: vec![table] }),
        }
    }
    groups
}

/// The bottom tables that overlap the span of `tables`.
fn bottom_under(version: &Version, tables: &[Placed]) -> Vec<Placed> {
    let first = tables.iter().map(Placed::first).min();
    let last = tables.iter().map(Placed::last).max();
    let Some((first, last)) = first.zip(last) else { return Vec::new() };
    version.bottom.iter().filter(|table| table.overlaps(first, last)).cloned().collect()
}

/// A table that is rewritten to get rid of a range that is only hidden.
fn scrub(version: &Version) -> Option<Step> {
    if version.hidden.len() <= HIDDEN_RANGES_MAX {
        return None;
    }
    let range = version.hidden.first()?;
    let table = version.bottom.iter().find(|table| table.is_touched_by(range))?;
    Some(Step::Merge(vec![table.clone()]))
}

/// Tables sunk.
pub(super) fn sink(version: &Version, ids: &BTreeSet<u64>) -> Version {
    let tables = version.tables().filter_map(|table| {
        let entry = &table.file.entry;
        if !ids.contains(&entry.id) {
            return Some(table.clone());
        }
        let deletes_only = entry.tombstones == entry.records;
        (!deletes_only).then(|| Placed { place: Place::Bottom, ..table.clone() })
    });
    Version::new(version.mark.clone(), version.hidden.clone(), tables.collect())
}

/// Merges `inputs` into `files`, until it has read `bytes_max`. Answers the key where it stopped, `None` at the end.
pub(super) fn merge(version: &Version, inputs: &[Placed], bytes_max: u64, files: &mut Files) -> Result<Option<Bytes>> {
    let mut last: Option<UserKey> = None;
    let mut bytes = 0;
    for record in Merger::new(sources(inputs)?) {
        let record = record.map_err(failed)?;
        let key = &record.key.user_key;
        let is_older = last.as_ref() == Some(key);
        if !is_older && bytes >= bytes_max {
            return Ok(Some(Bytes::copy_from_slice(key)));
        }
        bytes += (key.len() + record.value.len()) as u64;
        if is_older {
            continue;
        }
        last = Some(key.clone());
        if !record.is_tombstone() && !version.hides(key, record.key.seqno) {
            let seq = record.key.seqno;
            files.write(
                Record { key: Bytes::from(record.key.user_key), value: Some(Bytes::from(record.value)), seq },
                Place::Bottom,
            )?;
        }
    }
    Ok(None)
}

type Source = Box<dyn Iterator<Item = lsm_tree::Result<InternalValue>>>;

/// One source for each young table, and one for all bottom tables, which are opened one after another.
fn sources(inputs: &[Placed]) -> Result<Vec<Source>> {
    let (young, bottom): (Vec<Placed>, Vec<Placed>) = inputs.iter().cloned().partition(|table| table.place == Place::Young);
    let mut sources = young.iter().map(open).collect::<Result<Vec<Source>>>()?;
    let lazily = bottom.into_iter().flat_map(|table| match open(&table) {
        Ok(records) => records,
        Err(error) => Box::new(std::iter::once(Err(lsm_tree::Error::Io(std::io::Error::other(error))))) as Source,
    });
    sources.push(Box::new(lazily));
    Ok(sources)
}

fn open(table: &Placed) -> Result<Source> {
    let aside = table.file.aside()?;
    Ok(Box::new(aside.range(UserKey::from(table.first().clone())..)))
}

/// The version after a merge: `inputs` are gone, or trimmed to where it stopped, and `outputs` are there.
pub(super) fn merged(version: &Version, inputs: &[Placed], stopped: Option<&Bytes>, outputs: Vec<Placed>) -> Version {
    let ids: BTreeSet<u64> = inputs.iter().map(|table| table.file.entry.id).collect();
    let left = version.tables().filter_map(|table| {
        if !ids.contains(&table.file.entry.id) {
            return Some(table.clone());
        }
        let stopped = stopped.filter(|key| **key <= *table.last())?;
        let trim = if stopped > table.first() { stopped.clone() } else { table.trim.clone() };
        Some(Placed { trim, ..table.clone() })
    });
    let tables: Vec<Placed> = left.chain(outputs).collect();
    let mut hidden = version.hidden.clone();
    hidden.retain(|range| tables.iter().any(|table| table.is_touched_by(range)));
    Version::new(version.mark.clone(), hidden, tables)
}
