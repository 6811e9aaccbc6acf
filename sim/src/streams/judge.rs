//! What must hold in the end.

use std::{collections::BTreeMap, sync::Arc};

use replica::{
    Node,
    streams::{Found as Answer, Leadership, StreamShard},
};

use super::{
    Acknowledged, Held, Line, Origin, PARTITIONS, SHARD, StreamDiary,
    members::{GROUP, PARTITION},
    partition,
    records::records,
    span,
};
use crate::clients::Desk;

/// Bytes of one read, about.
const READ_BYTES: usize = 4_096;

/// In the end: every node holds the same, every acknowledged record once and where it was said to be, nothing twice, and nothing of
/// what was to go.
pub(crate) async fn judge(desk: &Desk) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut first: Option<(String, Held)> = None;
    for house in desk.cluster.houses() {
        let Some(line) = Line::to(house) else {
            complaints.push(format!("{} does not give its streams", house.name()));
            continue;
        };
        let all = everything(&line, &mut complaints).await;
        judge_node(desk, &line, &all, &mut complaints);
        match &first {
            None => first = Some((house.name().to_owned(), all)),
            Some((other, known)) if *known != all => complaints.push(format!("{} and {other} hold other streams", house.name())),
            Some(_) => {}
        }
    }
    let Some((_, all)) = first else { return complaints };
    judge_state(&desk.streams(), &all, &mut complaints);
    judge_order(&all, &mut complaints);
    complaints
}

/// What a node says of its partitions and of the group is what was acknowledged, and fits what it holds.
fn judge_node(desk: &Desk, line: &Line, all: &Held, complaints: &mut Vec<String>) {
    let (diary, name) = (desk.streams(), line.house.name());
    for number in 0..PARTITIONS {
        let (now, known) = (line.span(number), diary.known(number));
        if !now.reaches(known) {
            complaints.push(format!("{name} ends with {number} as {now:?}, and {known:?} was known before"));
        }
        if now.log_start > diary.trimmed(number) {
            complaints.push(format!("{name} ends with {number} as {now:?}, and nobody trimmed beyond {}", diary.trimmed(number)));
        }
        judge_epochs(line, number, all, complaints);
    }
    let committed = committed(&line.shard);
    if committed < diary.committed || committed > diary.commit {
        complaints.push(format!("{name} ends with {committed} committed, of {} and {} tried", diary.committed, diary.commit));
    }
}

/// How far streams are on a node.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// In which term it says that it leads.
    pub(crate) leads: Option<u64>,
    /// Where partitions begin and end, and what the group has committed: nothing of it falls while the node runs, nor from leader to
    /// leader.
    pub(crate) places: Vec<i64>,
}

impl Progress {
    pub(crate) fn of(node: &Node) -> Option<Progress> {
        let shard = node.stream_shard(SHARD)?;
        let spans = (0..PARTITIONS).map(|number| span(&shard, number));
        let places = spans.flat_map(|span| [span.log_start, span.end]).chain([committed(&shard)]).collect();
        let Leadership { is_here, term, .. } = shard.leadership();
        Some(Progress { leads: is_here.then_some(term), places })
    }

    /// Whether nothing is less than it was.
    pub(crate) fn reaches(&self, before: &[i64]) -> bool {
        self.places.iter().zip(before).all(|(now, before)| now >= before)
    }
}

/// What the group has committed; 0 if nothing.
pub(super) fn committed(shard: &StreamShard) -> i64 {
    let offsets = shard.machine().offsets(GROUP, Some(&[partition(PARTITION)])).unwrap_or_default();
    offsets.first().map_or(0, |(_, committed)| committed.offset)
}

/// What is said of leader epochs is what stands in the batches, and those never fall.
fn judge_epochs(line: &Line, number: u32, all: &Held, complaints: &mut Vec<String>) {
    let (machine, name) = (line.shard.machine(), line.house.name());
    // Of each epoch, the first offset and the one behind the last.
    let mut epochs: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
    for ((_, offset), found) in all.range((number, 0)..=(number, i64::MAX)) {
        let epoch = found.leader_epoch;
        if epochs.last_key_value().is_some_and(|(last, _)| *last > epoch) {
            complaints.push(format!("{name} holds {number}/{offset} of epoch {epoch} behind a later one"));
        }
        let told = machine.epoch_at(partition(number), *offset);
        if told != Some(epoch) {
            complaints.push(format!("{name} holds {number}/{offset} of epoch {epoch}, and calls it one of {told:?}"));
        }
        epochs.entry(epoch).or_insert((*offset, 0)).1 = offset + 1;
    }
    for (epoch, (_, end)) in epochs {
        let told = machine.epoch_end(partition(number), epoch);
        if told != Some((epoch, end)) {
            complaints.push(format!("{name} says that epoch {epoch} of {number} ended at {told:?}, and it did at {end}"));
        }
    }
}

fn judge_state(diary: &StreamDiary, all: &Held, complaints: &mut Vec<String>) {
    for Acknowledged { partition, base_offset, origin, records } in &diary.acknowledged {
        for record in 0..*records {
            let offset = base_offset + i64::from(record);
            let origin = Origin { sequence: origin.sequence + record, ..*origin };
            let is_trimmed = offset < diary.trimmed(*partition);
            match all.get(&(*partition, offset)) {
                Some(found) if found.origin == origin => {}
                None if is_trimmed => {}
                other => complaints.push(format!("lost: {origin:?}, acknowledged at {partition}/{offset}, where {other:?} is")),
            }
        }
    }
    for ((number, offset), (seen, who)) in &diary.seen {
        if let Some(found) = all.get(&(*number, *offset)).filter(|found| *found != seen) {
            complaints.push(format!("{number}/{offset} is {found:?} in the end and was {seen:?} on {who}"));
        }
    }
}

/// Each producer's records are there once and in its order, without a gap, one epoch after the other.
fn judge_order(all: &Held, complaints: &mut Vec<String>) {
    let mut last: BTreeMap<i64, (Origin, (u32, i64))> = BTreeMap::new();
    for (place, found) in all {
        let origin = found.origin;
        if let Some((before, where_before)) = last.insert(origin.producer, (origin, *place)) {
            let follows = origin.epoch == before.epoch && origin.sequence == before.sequence + 1;
            let begins = origin.epoch > before.epoch && origin.sequence == 0;
            if place.0 != where_before.0 || !(follows || begins) {
                complaints.push(format!("{origin:?} is at {place:?}, behind {before:?} at {where_before:?}"));
            }
        }
    }
}

/// All that a node holds of all partitions.
async fn everything(line: &Line, complaints: &mut Vec<String>) -> Held {
    let shard = Arc::new(line.shard.clone());
    let mut all = BTreeMap::new();
    for number in 0..PARTITIONS {
        let now = span(&shard, number);
        let mut offset = now.log_start;
        while offset < now.end {
            let reading = shard.clone();
            let answer = line.within(async move { reading.read(partition(number), offset, READ_BYTES, true).await }).await;
            let Some(Ok(Answer::Batches(found))) = answer else {
                let name = line.house.name();
                complaints.push(format!("{name} has nothing at {number}/{offset}, and ends at {}: {answer:?}", now.end));
                break;
            };
            let mut expected = offset;
            for (at, found) in records(&found.pieces.concat(), complaints) {
                if at != expected && at > offset {
                    complaints.push(format!("{} has {at} where {expected} should be in {number}", line.house.name()));
                }
                expected = at + 1;
                // Of a batch that the log start cuts in two, the first records are gone.
                if at >= now.log_start {
                    all.insert((number, at), found);
                }
            }
            offset = found.next;
        }
    }
    all
}
