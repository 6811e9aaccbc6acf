//! Reads the diaries at the end: every acknowledged write is there, none happened twice, revisions never went back, reads were
//! linearizable, the watcher missed nothing, and no lease ended early.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kv::KeyValue;

use crate::diary::{Deed, Diary, Seen, Write};

/// What does not fit together; empty when all does.
pub fn judge(diary: &Diary, state: &[KeyValue]) -> Vec<String> {
    let mut complaints = diary.complaints.clone();
    let state: BTreeMap<String, &KeyValue> = state.iter().map(|kv| (String::from_utf8_lossy(&kv.key).into_owned(), kv)).collect();
    judge_final_state(diary, &state, &mut complaints);
    judge_counters(&state, &mut complaints);
    judge_order(diary, &mut complaints);
    judge_watch(diary, &mut complaints);
    complaints
}

fn judge_final_state(diary: &Diary, state: &BTreeMap<String, &KeyValue>, complaints: &mut Vec<String>) {
    let maybe_deleted: BTreeSet<&str> =
        diary.writes.iter().filter(|write| matches!(write.deed, Deed::Delete { .. })).map(|write| write.deed.key()).collect();
    for write in &diary.writes {
        let found = state.get(write.deed.key());
        match (&write.deed, write.revision) {
            (Deed::Put { key } | Deed::Count { key }, Some(revision)) if !maybe_deleted.contains(key.as_str()) => match found {
                None => complaints.push(format!("lost: {key}, acknowledged at revision {revision}")),
                Some(kv) if kv.mod_revision != revision || kv.version != 1 => complaints
                    .push(format!("{key} was acknowledged at {revision}, is at {} with version {}", kv.mod_revision, kv.version)),
                Some(_) => {}
            },
            (Deed::Put { key } | Deed::Count { key }, None) if found.is_some_and(|kv| kv.version != 1) => {
                complaints.push(format!("{key}, of unknown fate, happened twice"));
            }
            (Deed::Delete { key }, Some(_)) if found.is_some() => complaints.push(format!("{key} was deleted and is there")),
            (Deed::Lease { key, .. }, _) if found.is_some() => complaints.push(format!("{key} outlived its lease")),
            _ => {}
        }
    }
    for (key, kv) in state {
        let expected = key.rsplit('/').next().unwrap_or_default();
        if key.starts_with("u/") && kv.value[..] != *expected.as_bytes() {
            complaints.push(format!("{key} holds {:?}", String::from_utf8_lossy(&kv.value)));
        }
    }
}

/// A counter and the keys that say who raised it changed in one transaction: values 1 to N, each claimed once.
fn judge_counters(state: &BTreeMap<String, &KeyValue>, complaints: &mut Vec<String>) {
    for (key, kv) in state.range("k/".to_owned().."k0".to_owned()) {
        let value: u64 = String::from_utf8_lossy(&kv.value).parse().unwrap_or(0);
        let prefix = format!("t/{}/", &key[2..]);
        let mut claims: Vec<u64> =
            state.keys().filter_map(|claim| claim.strip_prefix(&prefix)?.split('/').next()?.parse().ok()).collect();
        claims.sort_unstable();
        if claims != (1..=value).collect::<Vec<_>>() {
            complaints.push(format!("counter {key} is {value}, claimed by {claims:?}"));
        }
        if kv.version != i64::try_from(value).unwrap_or(-1) {
            complaints.push(format!("counter {key} is {value} with version {}", kv.version));
        }
    }
}

/// Acknowledged writes have revisions of their own, in the order of real time; a read is no older than what was
/// acknowledged before it began.
fn judge_order(diary: &Diary, complaints: &mut Vec<String>) {
    let mut acknowledged: Vec<(&Write, i64)> = diary.writes.iter().filter_map(|write| Some((write, write.revision?))).collect();
    let revisions: BTreeSet<i64> = acknowledged.iter().map(|(_, revision)| *revision).collect();
    if revisions.len() != acknowledged.len() {
        complaints.push("two acknowledged writes share a revision".to_owned());
    }
    acknowledged.sort_by_key(|(write, _)| write.end);
    let mut greatest = Vec::with_capacity(acknowledged.len());
    let mut max = 0;
    for (write, revision) in &acknowledged {
        max = max.max(*revision);
        greatest.push((write.end, max));
    }
    let before = |start: Duration| match greatest.partition_point(|(end, _)| *end < start) {
        0 => 0,
        n => greatest[n - 1].1,
    };
    for (write, revision) in &acknowledged {
        if *revision <= before(write.start) {
            complaints.push(format!("{} got revision {revision}, lower than one acknowledged before it began", write.deed.key()));
        }
    }
    for read in &diary.reads {
        if read.revision < before(read.start) {
            complaints.push(format!("a read at {:?} saw revision {}, older than acknowledged", read.start, read.revision));
        }
    }
}

/// The watcher saw each change once, in order, and every acknowledged write among them; no leased key went early.
fn judge_watch(diary: &Diary, complaints: &mut Vec<String>) {
    let mut last = (diary.watched_from, BTreeSet::new());
    for Seen { revision, key, .. } in &diary.seen {
        if *revision < last.0 {
            complaints.push(format!("the watcher saw revision {revision} after {}", last.0));
        }
        if *revision > last.0 {
            last = (*revision, BTreeSet::new());
        }
        if !last.1.insert(key) {
            complaints.push(format!("the watcher saw {key} at revision {revision} twice"));
        }
    }
    let seen: BTreeMap<(i64, &str), &Seen> = diary.seen.iter().map(|seen| ((seen.revision, seen.key.as_str()), seen)).collect();
    for write in &diary.writes {
        let Some(revision) = write.revision.filter(|revision| *revision > diary.watched_from) else { continue };
        match seen.get(&(revision, write.deed.key())) {
            None => complaints.push(format!("the watcher missed {} at revision {revision}", write.deed.key())),
            Some(seen) if seen.is_put == matches!(write.deed, Deed::Delete { .. }) => {
                complaints.push(format!("the watcher saw the wrong change of {} at revision {revision}", write.deed.key()));
            }
            Some(_) => {}
        }
    }
    let leases: BTreeMap<&str, Duration> = diary
        .writes
        .iter()
        .filter_map(|write| match &write.deed {
            Deed::Lease { key, ttl, since } => Some((key.as_str(), *since + Duration::from_secs(*ttl))),
            _ => None,
        })
        .collect();
    for seen in diary.seen.iter().filter(|seen| !seen.is_put) {
        if leases.get(seen.key.as_str()).is_some_and(|end| seen.at < *end) {
            complaints.push(format!("{} ended with its lease too early, at {:?}", seen.key, seen.at));
        }
    }
}
