//! What must hold in the end: every node holds the same trail, it says what everybody was told, and nothing else.

use std::{collections::BTreeMap, time::Duration};

use config::{Action, AuditQuery, Cold, Content, ListQuery, Machine, NamespaceId, Order, Record, merkle, value::Hash};
use replica::runtime;

use super::{Asked, BULK, Fate, Look, NAMESPACES, StoreDiary};
use crate::clients::Desk;

/// Within how long all nodes have to hold the same once nobody writes, and no import may be half done.
const AGREE_MAX: Duration = Duration::from_secs(20);

/// Everything that a node holds.
#[derive(PartialEq, Eq)]
struct Held {
    records: Vec<Record>,
    root: Hash,
    keys: Vec<(String, config::Stored, Option<Hash>)>,
}

/// In the end: every node holds the same, and the trail says what became of every request.
pub(crate) async fn judge(desk: &Desk) -> Vec<String> {
    let mut complaints = Vec::new();
    if let Err(complaint) = agree(desk).await {
        return vec![complaint];
    }
    let mut first: Option<(String, Held)> = None;
    for house in desk.cluster.houses() {
        let store = house.node().and_then(|(node, _)| node.config_store().ok());
        let held = store.ok_or_else(|| "it does not serve".to_owned()).and_then(|store| held(store.machine()));
        let held = match held {
            Ok(held) => held,
            Err(error) => {
                complaints.push(format!("{} does not give its configuration: {error}", house.name()));
                continue;
            }
        };
        match &first {
            None => first = Some((house.name().to_owned(), held)),
            Some((other, known)) if held != *known => {
                complaints.push(format!("{} and {other} hold other configurations", house.name()));
            }
            Some(_) => {}
        }
    }
    let Some((_, held)) = first else { return complaints };
    let diary = desk.stores();
    judge_trail(&held, &mut complaints);
    judge_versions(&held.records, &mut complaints);
    judge_requests(&diary, &held.records, &mut complaints);
    judge_order(&diary.asked, &mut complaints);
    judge_looks(&diary, &held.records, &mut complaints);
    judge_shown(&diary, &held.records, &mut complaints);
    judge_keys(&held, &mut complaints);
    complaints
}

/// Waits until all nodes are equally far and no import is half done.
async fn agree(desk: &Desk) -> Result<(), String> {
    let give_up = runtime::now() + AGREE_MAX;
    loop {
        let stores = desk.cluster.houses().iter().map(|house| house.node().and_then(|(node, _)| node.config_store().ok()));
        let places: Vec<Option<(u64, Option<u64>)>> =
            stores.map(|store| store.map(|store| (store.position(), store.machine().publishing()))).collect();
        let is_done = places.iter().all(|place| place.is_some_and(|(_, publishing)| publishing.is_none()));
        if is_done && places.windows(2).all(|two| two[0] == two[1]) {
            return Ok(());
        }
        if runtime::now() >= give_up {
            return Err(format!("the configuration stores do not come to the same end: {places:?}"));
        }
        runtime::sleep(Duration::from_millis(100)).await;
    }
}

fn held(machine: &Machine) -> Result<Held, String> {
    let told = |error: base::Error| error.to_string();
    let mut records = Vec::new();
    let mut query = AuditQuery { order: Order::OldestFirst, limit: 1_000, ..AuditQuery::default() };
    loop {
        let page = machine.audit(&query).map_err(told)?;
        records.extend(page.records.into_iter().map(|audited| audited.record));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let mut keys = Vec::new();
    for namespace in NAMESPACES.iter().chain(&[BULK]) {
        let query = ListQuery { namespace: (*namespace).to_owned(), ..ListQuery::default() };
        let page = match machine.list(&query, Cold::Allow) {
            Some(Ok(page)) => page,
            Some(Err(error)) if error.kind == base::Kind::NotFound => continue,
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("a read that may use the disk is refused it".to_owned()),
        };
        for stored in page.items {
            let value = value(machine, &stored.content).map_err(told)?;
            keys.push(((*namespace).to_owned(), stored, value.map(|value| config::sha256(&value))));
        }
    }
    Ok(Held { records, root: machine.root(machine.position()).map_err(told)?, keys })
}

/// The whole value; `None`: a chunk of it is missing.
fn value(machine: &Machine, content: &Content) -> base::Result<Option<Vec<u8>>> {
    Ok(match content {
        Content::Inline(value) => Some(value.to_vec()),
        Content::Chunks(chunks) => {
            let chunks = chunks.iter().map(|chunk| machine.chunk(chunk)).collect::<base::Result<Option<Vec<_>>>>()?;
            chunks.map(|chunks| chunks.concat())
        }
        Content::Deleted | Content::Gone | Content::Omitted => None,
    })
}

/// Positions follow each other without a gap, times do not go back, and the records are the leaves of the root that is told.
fn judge_trail(held: &Held, complaints: &mut Vec<String>) {
    let (mut position, mut time_ms) = (0, 0);
    for record in &held.records {
        if record.position != position + 1 || record.time_ms < time_ms {
            complaints
                .push(format!("record {} of time {} follows {position} of time {time_ms}", record.position, record.time_ms));
        }
        (position, time_ms) = (record.position, record.time_ms);
    }
    let leaves: Vec<Hash> = held.records.iter().map(Record::leaf_hash).collect();
    if root(&leaves) != held.root {
        complaints.push(format!("the root of {position} records is not the one of what they say"));
    }
}

/// RFC 6962, section 2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        leaves => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            merkle::node_hash(&root(left), &root(right))
        }
    }
}

/// Versions of a key count up by one, each over the one before; only one that was deleted may begin anew, once it is forgotten.
fn judge_versions(records: &[Record], complaints: &mut Vec<String>) {
    let mut last: BTreeMap<(NamespaceId, &str), &Record> = BTreeMap::new();
    for record in records {
        let Some(key) = record.key.as_deref().filter(|_| record.is_change()) else { continue };
        let before = last.insert((record.namespace_id, key), record);
        let was_there = before.filter(|before| before.action != Action::ConfigDeleted);
        let follows = record.version == before.map_or(0, |before| before.version) + 1;
        let is_anew = before.is_some() && was_there.is_none() && record.version == 1;
        let replaces = (record.replaced, record.before) == was_there.map_or((0, None), |there| (there.version, there.after));
        if !(follows || is_anew) || !replaces {
            complaints.push(format!("{record:?} follows {before:?}"));
        }
    }
}

/// Each request is there once if it was acknowledged, where it was said to be; not at all if it was refused; once at most otherwise.
fn judge_requests(diary: &StoreDiary, records: &[Record], complaints: &mut Vec<String>) {
    let mut by_request: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        by_request.entry(&record.request_id).or_default().push(record);
    }
    for asked in &diary.asked {
        let found = by_request.remove(asked.id.as_str()).unwrap_or_default();
        let place = found.first().zip(found.last()).map(|(first, last)| (first.first, last.position));
        match asked.fate {
            Fate::Done(first, last) if place != Some((first, last)) => complaints.push(format!(
                "lost: {}, acknowledged by {} at {first} to {last}, and its records are {place:?}",
                asked.id, asked.node
            )),
            Fate::Refused if place.is_some() => {
                complaints.push(format!("{} was refused by {} and is at {place:?}", asked.id, asked.node));
            }
            _ => {}
        }
        judge_transaction(asked, &found, complaints);
    }
    // Imports that were staged and given up leave none; a client that was in the midst of asking has noted nothing.
    for (request, found) in by_request {
        let is_whole = found.last().is_some_and(|last| last.closes) && found.iter().all(|record| record.first == found[0].first);
        if !is_whole {
            complaints.push(format!("{request} is there in part: {found:?}"));
        }
    }
}

fn judge_transaction(asked: &Asked, found: &[&Record], complaints: &mut Vec<String>) {
    let Some(first) = found.first() else { return };
    let is_one =
        found.iter().zip(first.first..).all(|(record, position)| (record.first, record.position) == (first.first, position));
    let closes = found.iter().position(|record| record.closes) == Some(found.len() - 1);
    if !is_one || !closes {
        complaints.push(format!("{} happened twice, or in part: {found:?}", asked.id));
    }
    let Some((namespace, key, hash)) = &asked.target else { return };
    let is_it = |record: &&&Record| record.namespace == *namespace && record.key.as_ref() == Some(key) && record.after == *hash;
    match found.iter().find(is_it) {
        None => complaints.push(format!("{asked:?} wrote something else: {found:?}")),
        Some(record) if asked.expected.is_some_and(|expected| expected != record.replaced) => {
            complaints.push(format!("{asked:?} was to replace one version, and replaced {}", record.replaced));
        }
        Some(_) => {}
    }
}

/// The last position that was acknowledged before some time.
struct Acknowledged(Vec<(Duration, u64)>);

impl Acknowledged {
    fn of(asked: &[Asked]) -> Acknowledged {
        let done = |asked: &Asked| match asked.fate {
            Fate::Done(_, last) => Some((asked.end, last)),
            Fate::Refused | Fate::Unknown => None,
        };
        let mut ends: Vec<(Duration, u64)> = asked.iter().filter_map(done).collect();
        ends.sort_unstable();
        let mut greatest = 0;
        for (_, last) in &mut ends {
            greatest = greatest.max(*last);
            *last = greatest;
        }
        Acknowledged(ends)
    }

    fn before(&self, start: Duration) -> u64 {
        match self.0.partition_point(|(end, _)| *end < start) {
            0 => 0,
            number => self.0[number - 1].1,
        }
    }
}

/// What was acknowledged before another request began has an earlier position.
fn judge_order(asked: &[Asked], complaints: &mut Vec<String>) {
    let acknowledged = Acknowledged::of(asked);
    for one in asked {
        let before = acknowledged.before(one.start);
        if let Fate::Done(first, _) = one.fate
            && first <= before
        {
            complaints.push(format!("{} is at {first}, and {before} was acknowledged before it began", one.id));
        }
    }
}

/// A read shows a moment at which nothing is half done, no older than what was acknowledged before it began, and the key as the trail
/// says that it was then.
fn judge_looks(diary: &StoreDiary, records: &[Record], complaints: &mut Vec<String>) {
    let acknowledged = Acknowledged::of(&diary.asked);
    let mut changes: BTreeMap<(&str, &str), Vec<&Record>> = BTreeMap::new();
    let mut ends: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for record in records {
        if record.action == Action::NamespaceDeleted {
            ends.entry(&record.namespace).or_default().push(record.position);
        }
        if let Some(key) = record.key.as_deref().filter(|_| record.is_change()) {
            changes.entry((record.namespace.as_str(), key)).or_default().push(record);
        }
    }
    for look in &diary.looks {
        let before = acknowledged.before(look.start);
        if look.position < before {
            complaints.push(format!("{} shows {look:?}, older than {before}, acknowledged before it began", look.node));
        }
        let last = changes.get(&(look.namespace.as_str(), look.key.as_str()));
        let last = last.and_then(|changes| changes.iter().rev().find(|change| change.position <= look.position));
        let end = ends.get(look.namespace.as_str()).and_then(|ends| ends.iter().rev().find(|end| **end <= look.position));
        let is_there = |change: &&&Record| change.after.is_some() && end.is_none_or(|end| *end < change.position);
        let expected = last.filter(is_there).and_then(|change| Some((change.position, change.after?)));
        if look.found != expected {
            complaints.push(format!("{} shows {look:?}, and the trail says {expected:?}", look.node));
        }
        judge_moment(look, records, complaints);
    }
}

fn judge_moment(look: &Look, records: &[Record], complaints: &mut Vec<String>) {
    let at = usize::try_from(look.position).ok().and_then(|position| records.get(position.checked_sub(1)?));
    if let Some(record) = at.filter(|record| !record.closes) {
        complaints.push(format!("{} shows {look:?}, a part of what is done at once: {record:?}", look.node));
    }
}

/// Whatever record or root was shown to anybody is the one that is there in the end.
fn judge_shown(diary: &StoreDiary, records: &[Record], complaints: &mut Vec<String>) {
    let leaves: Vec<Hash> = records.iter().map(Record::leaf_hash).collect();
    for (position, (leaf, who)) in &diary.leaves {
        let place = usize::try_from(*position).unwrap_or(usize::MAX);
        if leaves.get(place.wrapping_sub(1)) != Some(leaf) {
            complaints.push(format!("{who} showed another record at {position} than is there in the end"));
        }
    }
    for (size, (told, who)) in &diary.roots {
        let size = usize::try_from(*size).unwrap_or(usize::MAX);
        if leaves.get(..size).is_none_or(|leaves| root(leaves) != *told) {
            complaints.push(format!("{who} told a root of {size} records that is another in the end"));
        }
    }
}

/// The keys are what the trail says that they are, and their values are whole.
fn judge_keys(held: &Held, complaints: &mut Vec<String>) {
    let by_position: BTreeMap<u64, &Record> = held.records.iter().map(|record| (record.position, record)).collect();
    for (namespace, stored, value) in &held.keys {
        let record = by_position.get(&stored.position);
        let is_told = record.is_some_and(|record| {
            record.namespace == *namespace && record.key.as_ref() == Some(&stored.key) && record.after == Some(stored.hash)
        });
        if !is_told || *value != Some(stored.hash) {
            complaints.push(format!("{namespace} holds {stored:?}, and the trail says {record:?}"));
        }
    }
}
