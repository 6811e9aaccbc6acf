//! Reads the diaries at the end: every acknowledged write is there, none happened twice, revisions never went back, reads were
//! linearizable, the watchers missed nothing, and no lease ended early.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kv::KeyValue;

use crate::diary::{Deed, Diary, LeaseLife, Sight, Write};

/// The fastest clock of a node, in thousandths of true time: a lease may end so much earlier by true time.
const FASTEST: u32 = 1100;

/// What does not fit together; empty when all does.
pub fn judge(diary: &Diary, state: &[KeyValue]) -> Vec<String> {
    let mut complaints = diary.complaints.clone();
    let state: BTreeMap<String, &KeyValue> = state.iter().map(|kv| (String::from_utf8_lossy(&kv.key).into_owned(), kv)).collect();
    judge_final_state(diary, &state, &mut complaints);
    judge_counters(&state, &mut complaints);
    judge_order(diary, &mut complaints);
    for sight in &diary.sights {
        judge_sight(diary, sight, &mut complaints);
    }
    let history = History::of(&diary.sights, &mut complaints);
    judge_reads(diary, &history, &mut complaints);
    judge_leases(diary, &history, &mut complaints);
    complaints
}

fn judge_final_state(diary: &Diary, state: &BTreeMap<String, &KeyValue>, complaints: &mut Vec<String>) {
    let maybe_deleted: BTreeSet<&str> =
        diary.writes.iter().filter(|write| matches!(write.deed, Deed::Delete { .. })).map(|write| write.deed.key()).collect();
    for write in &diary.writes {
        let found = state.get(write.deed.key());
        match (&write.deed, write.revision) {
            (Deed::Put { key } | Deed::Count { key }, Some(revision)) if !maybe_deleted.contains(key.as_str()) => match found {
                None => complaints.push(format!("lost: {key}, acknowledged by {} at revision {revision}", write.node)),
                Some(kv) if kv.mod_revision != revision || kv.version != 1 => complaints
                    .push(format!("{key} was acknowledged at {revision}, is at {} with version {}", kv.mod_revision, kv.version)),
                Some(_) => {}
            },
            (Deed::Put { key } | Deed::Count { key }, None) if found.is_some_and(|kv| kv.version != 1) => {
                complaints.push(format!("{key}, of unknown fate, happened twice"));
            }
            (Deed::Delete { key }, Some(_)) if found.is_some() => complaints.push(format!("{key} was deleted and is there")),
            (Deed::Lease { key }, _) if found.is_some() => complaints.push(format!("{key} outlived its lease")),
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
        let known = before(write.start);
        if *revision <= known {
            let (key, node) = (write.deed.key(), &write.node);
            complaints.push(format!("{key} got revision {revision} from {node}, and {known} was acknowledged before it began"));
        }
    }
    for read in &diary.reads {
        let known = before(read.start);
        if read.revision < known {
            let (at, node, revision) = (read.start, &read.node, read.revision);
            complaints
                .push(format!("a read at {at:?} from {node} saw revision {revision}, older than {known}, acknowledged before"));
        }
    }
}

/// A watcher saw each change once, in order, and every acknowledged write among them.
fn judge_sight(diary: &Diary, sight: &Sight, complaints: &mut Vec<String>) {
    let watcher = &sight.watcher;
    let mut last = (sight.from, BTreeSet::new());
    for seen in &sight.seen {
        let (revision, key) = (seen.revision, seen.key.as_str());
        if revision < last.0 || revision <= sight.from {
            complaints.push(format!("{watcher} saw revision {revision} after {}", last.0));
        }
        if revision > last.0 {
            last = (revision, BTreeSet::new());
        }
        if !last.1.insert(key) {
            complaints.push(format!("{watcher} saw {key} at revision {revision} twice"));
        }
    }
    let seen: BTreeMap<(i64, &str), bool> =
        sight.seen.iter().map(|seen| ((seen.revision, seen.key.as_str()), seen.is_put)).collect();
    for write in &diary.writes {
        let in_sight = |revision: &i64| *revision > sight.from && sight.to.is_none_or(|to| *revision <= to);
        let Some(revision) = write.revision.filter(in_sight) else { continue };
        let (key, is_put) = (write.deed.key(), !matches!(write.deed, Deed::Delete { .. }));
        match seen.get(&(revision, key)) {
            None => complaints.push(format!("{watcher} missed {key} at revision {revision}")),
            Some(was_put) if *was_put != is_put => {
                complaints.push(format!("{watcher} saw the wrong change of {key} at revision {revision}"));
            }
            Some(_) => {}
        }
    }
}

/// What all watchers saw together: the order of all changes, as far as it was seen.
struct History<'a> {
    /// Changes of a key by revision: whether it was put, and when somebody first saw it.
    changes: BTreeMap<&'a str, BTreeMap<i64, (bool, Duration)>>,
    /// Ranges of revisions in which nothing was missed, `from` excluded.
    covered: Vec<(i64, i64)>,
}

impl<'a> History<'a> {
    fn of(sights: &'a [Sight], complaints: &mut Vec<String>) -> History<'a> {
        let mut history = History { changes: BTreeMap::new(), covered: Vec::new() };
        for sight in sights {
            for seen in &sight.seen {
                let known = history.changes.entry(&seen.key).or_default().entry(seen.revision).or_insert((seen.is_put, seen.at));
                if known.0 != seen.is_put {
                    complaints.push(format!("watchers saw different changes of {} at revision {}", seen.key, seen.revision));
                }
                known.1 = known.1.min(seen.at);
            }
            if let Some(last) = sight.to.or(sight.seen.last().map(|seen| seen.revision)) {
                history.covered.push((sight.from, last));
            }
        }
        history
    }

    fn covers(&self, from: i64, to: i64) -> bool {
        self.covered.iter().any(|(begin, end)| *begin <= from && to <= *end)
    }
}

/// What a read found was the key's last change at the revision of its answer.
fn judge_reads(diary: &Diary, history: &History<'_>, complaints: &mut Vec<String>) {
    for read in &diary.reads {
        if read.mod_revision > read.revision {
            complaints.push(format!("a read at revision {} found {} of {}", read.revision, read.key, read.mod_revision));
        }
        // What it found is itself looked up only where somebody saw it.
        if !history.covers(read.mod_revision.max(1), read.revision) {
            continue;
        }
        let changes = history.changes.get(read.key.as_str());
        let last = changes.and_then(|changes| changes.range(..=read.revision).next_back());
        let between = last.filter(|(revision, _)| **revision > read.mod_revision);
        let is_right = match between {
            None => true,
            // It was deleted, and is not there.
            Some((_, (is_put, _))) => read.mod_revision == 0 && !is_put,
        };
        if !is_right {
            complaints.push(format!(
                "a read of {} from {} at revision {} found revision {}, and watchers saw {between:?}",
                read.key, read.node, read.revision, read.mod_revision
            ));
        }
    }
}

fn judge_leases(diary: &Diary, history: &History<'_>, complaints: &mut Vec<String>) {
    for (key, life) in &diary.leases {
        let ended = history.changes.get(key.as_str()).and_then(|changes| changes.values().find(|(is_put, _)| !is_put));
        if let Some((_, at)) = ended {
            judge_end(key, life, *at, complaints);
        }
        if let Some(denied) = life.denied
            && life.revoked.is_none_or(|revoked| revoked > denied)
            && denied < lasts_until(life, denied)
        {
            complaints.push(format!("at {denied:?} {key} was said to have no lease any more, too early"));
        }
    }
}

/// The key was seen to be gone at `at`, which is a little after it went.
fn judge_end(key: &str, life: &LeaseLife, at: Duration, complaints: &mut Vec<String>) {
    let was_revoked = life.revoked.is_some_and(|revoked| revoked <= at);
    if !was_revoked && at < lasts_until(life, at) {
        complaints.push(format!("{key} ended with its lease too early, at {at:?}: {life:?}"));
    }
    if let Some(renewed) = life.renewed.iter().find(|renewed| **renewed > at) {
        complaints.push(format!("the lease of {key} was renewed at {renewed:?}, and had ended by {at:?}: {life:?}"));
    }
}

/// Until when a lease lasts at least, by what was asked for before `at` and acknowledged.
fn lasts_until(life: &LeaseLife, at: Duration) -> Duration {
    let last = life.renewed.iter().filter(|renewed| **renewed <= at).max().copied().unwrap_or(life.granted);
    last.max(life.granted) + Duration::from_secs(life.ttl) * 1000 / FASTEST
}
