//! Producers and consumers of streams, and what must hold of what they did.
//!
//! Each producer is idempotent: it has an id of its own, numbers its records, and repeats a batch until it knows what became of it.
//! Consumers read anywhere and go on behind what they have seen. Every offset of a partition holds one record for ever, whoever is
//! asked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base::ShardId;
use bytes::Bytes;
use kafka_wire::batch::{Batch, BatchBuilder, Codec, Producer};
use replica::{
    Lane, runtime,
    streams::{Found, StreamShard},
};
use stream::{Appended, Command, PartitionId, Refusal, Reply, TopicId};

use crate::{
    clients::Desk,
    cluster::tell,
    dice::Dice,
    house::{House, Serving},
    matrix::Operation,
};

/// The shard that holds them: every cluster has it.
const SHARD: ShardId = ShardId(1);
const TOPIC: TopicId = TopicId(0x5713);
const PARTITIONS: u64 = 3;
/// Records of one batch at most.
const RECORDS_MAX: u64 = 4;
/// Records that a trim leaves.
const KEPT: i64 = 60;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A record by who wrote it.
type Origin = (i64, i32);

/// All records of a node, by partition and offset.
type Held = BTreeMap<(u32, i64), Origin>;

/// A batch that was acknowledged.
#[derive(Clone, Debug)]
struct Acknowledged {
    partition: u32,
    base_offset: i64,
    producer: i64,
    base_sequence: i32,
    records: i32,
    at: Duration,
}

/// What producers and consumers wrote down.
#[derive(Default)]
pub(crate) struct StreamDiary {
    acknowledged: Vec<Acknowledged>,
    /// What was seen at an offset of a partition, first by whom.
    seen: BTreeMap<(u32, i64), (Origin, String)>,
    /// Up to where somebody asked for records to go.
    trimmed: BTreeMap<u32, i64>,
}

/// A node, its process and its shard.
struct Line {
    house: House,
    serving: Serving,
    shard: StreamShard,
}

async fn line(desk: &Desk, dice: &Dice) -> Option<Line> {
    let house = desk.cluster.any_serving(dice)?.clone();
    let (serving, (node, _)) = (house.serving_now()?, house.node()?);
    Some(Line { shard: node.stream_shard(SHARD)?, house, serving })
}

impl Line {
    /// The answer to a command; `None`: nobody knows what became of it, or it was surely not done.
    async fn ask(&self, command: Command) -> Option<Result<Reply, Refusal>> {
        let shard = self.shard.clone();
        let work = async move {
            let submitted = shard.submit(Lane::Normal, &command).ok()?;
            submitted.await.ok()
        };
        tokio::select! {
            biased;
            answer = self.house.within(&self.serving, work) => answer?,
            () = runtime::sleep(PATIENCE) => None,
        }
    }
}

fn partition(number: u32) -> PartitionId {
    PartitionId { topic: TOPIC, partition: number }
}

/// One producer.
pub(crate) async fn producer(desk: Desk) {
    let dice = Dice::new(runtime::random_u64());
    let Some(id) = take_id(&desk, &dice).await else { return };
    let number = u32::try_from(dice.below(PARTITIONS)).expect("a small number");
    let mut sequence = 0;
    while runtime::now() < desk.until {
        runtime::sleep(Duration::from_millis(1 + dice.below(desk.think_ms))).await;
        let records = i32::try_from(1 + dice.below(RECORDS_MAX)).expect("a small number");
        desk.begun();
        let _in_flight = desk.matrix.begin(Operation::Append);
        let batch = batch(id, sequence, records);
        let Some(appended) = append(&desk, &dice, number, batch).await else { return };
        let acknowledged = Acknowledged {
            partition: number,
            base_offset: appended.base_offset,
            producer: id,
            base_sequence: sequence,
            records,
            at: runtime::now(),
        };
        desk.streams().acknowledged.push(acknowledged);
        sequence += records;
    }
}

async fn take_id(desk: &Desk, dice: &Dice) -> Option<i64> {
    while runtime::now() < desk.until {
        if let Some(line) = line(desk, dice).await
            && let Some(Ok(Reply::Producers { first, .. })) = line.ask(Command::AllocateProducers { count: 1 }).await
        {
            return Some(first);
        }
        runtime::sleep(Duration::from_millis(100)).await;
    }
    None
}

fn batch(producer: i64, base_sequence: i32, records: i32) -> Bytes {
    let producer_of = Producer { id: producer, epoch: 0, base_sequence, transactional: false };
    let mut builder = BatchBuilder::new(Codec::None).producer(producer_of);
    for record in 0..records {
        let value = format!("{producer}/{}", base_sequence + record);
        builder.push(1_000 + i64::from(base_sequence), None, Some(value.as_bytes()), &[]);
    }
    builder.finish().into()
}

/// Repeats a batch through any node until somebody says what became of it; `None` when time is over.
async fn append(desk: &Desk, dice: &Dice, number: u32, batch: Bytes) -> Option<Appended> {
    let mut tries = 0;
    while runtime::now() < desk.until {
        tries += 1;
        if let Some(line) = line(desk, dice).await {
            let command = Command::Append { term: 0, partition: partition(number), batch: batch.clone() };
            match line.ask(command).await {
                Some(Ok(Reply::Appended(appended))) => {
                    if appended.is_duplicate && tries == 1 {
                        desk.complain(format!("{} calls a batch a duplicate that was sent once", line.house.name()));
                    }
                    return Some(appended);
                }
                Some(Ok(other)) => desk.complain(format!("an append was answered with {other:?}")),
                Some(Err(Refusal::Fenced)) | None => {}
                Some(Err(refusal)) => desk.complain(format!("an append was refused: {refusal:?}, at try {tries}")),
            }
        }
        runtime::sleep(Duration::from_millis(20 + dice.below(200))).await;
    }
    None
}

/// One consumer, which now and then asks where a partition ends, or for old records to go.
pub(crate) async fn consumer(desk: Desk) {
    let dice = Dice::new(runtime::random_u64());
    let number = u32::try_from(dice.below(PARTITIONS)).expect("a small number");
    let mut offset = 0;
    while runtime::now() < desk.until {
        runtime::sleep(Duration::from_millis(1 + dice.below(desk.think_ms))).await;
        let Some(line) = line(&desk, &dice).await else { continue };
        match dice.below(100) {
            0..80 => offset = fetch(&desk, &line, number, offset).await,
            80..97 => ends(&desk, &line, number).await,
            _ => trim(&desk, &line, number).await,
        }
    }
}

async fn fetch(desk: &Desk, line: &Line, number: u32, offset: i64) -> i64 {
    let _in_flight = desk.matrix.begin(Operation::Fetch);
    let shard = line.shard.clone();
    // A door does not open before its node has recovered.
    if !shard.is_recovered() {
        return offset;
    }
    let work = async move {
        let found = shard.read(partition(number), offset, 300, true).await.ok()?;
        Some((found, shard.machine().partition(partition(number)).map_or(0, |info| info.log_start)))
    };
    let answer = tokio::select! {
        biased;
        answer = line.house.within(&line.serving, work) => answer.flatten(),
        () = runtime::sleep(PATIENCE) => None,
    };
    match answer {
        Some((Found::Batches(found), _)) => {
            note(desk, line.house.name(), number, offset, &found.pieces.concat());
            found.next
        }
        Some((Found::BelowStart, log_start)) => {
            let trimmed = desk.streams().trimmed.get(&number).copied().unwrap_or(0);
            if log_start > trimmed {
                desk.complain(format!("{} begins at {log_start}, and nobody trimmed beyond {trimmed}", line.house.name()));
            }
            log_start
        }
        // A follower may lie behind what another node showed.
        Some((Found::AtEnd | Found::BeyondEnd | Found::Unknown, _)) | None => offset,
    }
}

/// Each offset holds what it held for whoever saw it first.
fn note(desk: &Desk, who: &str, number: u32, offset: i64, bytes: &[u8]) {
    let mut diary = desk.streams();
    let mut complaints = Vec::new();
    let mut expected = None;
    for (at, origin) in records(bytes, &mut complaints) {
        if expected.is_some_and(|expected| expected != at) || expected.is_none() && at > offset {
            complaints.push(format!("{who} has {at} where {} should be in {number}", expected.unwrap_or(offset)));
        }
        expected = Some(at + 1);
        let (known, first) = diary.seen.entry((number, at)).or_insert_with(|| (origin, who.to_owned()));
        if *known != origin {
            complaints.push(format!("{number}/{at} is {origin:?} on {who} and was {known:?} on {first}"));
        }
    }
    drop(diary);
    complaints.into_iter().for_each(|complaint| desk.complain(complaint));
}

/// Every record: its offset and who wrote it.
fn records(mut bytes: &[u8], complaints: &mut Vec<String>) -> Vec<(i64, Origin)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let Ok(Some((batch, rest))) = Batch::split(bytes) else {
            complaints.push("a batch is cut".to_owned());
            break;
        };
        if !batch.crc_is_right() {
            complaints.push(format!("the CRC of the batch at {} is wrong", batch.base_offset()));
        }
        for (delta, record) in batch.records(batch.payload()).enumerate() {
            let delta = i32::try_from(delta).expect("a small number");
            let origin = (batch.producer_id(), batch.base_sequence() + delta);
            let value = record.ok().and_then(|record| record.value.map(<[u8]>::to_vec)).unwrap_or_default();
            if value != format!("{}/{}", origin.0, origin.1).into_bytes() {
                complaints.push(format!("{origin:?} holds {:?}", String::from_utf8_lossy(&value)));
            }
            found.push((batch.base_offset() + i64::from(delta), origin));
        }
        bytes = rest;
    }
    found
}

/// Where a partition ends, behind a barrier: what was acknowledged before lies below.
async fn ends(desk: &Desk, line: &Line, number: u32) {
    let _in_flight = desk.matrix.begin(Operation::Ends);
    let (shard, start) = (line.shard.clone(), runtime::now());
    let work = async move {
        shard.barrier().await.ok()?;
        Some(shard.machine().partition(partition(number)).map_or(0, |info| info.end))
    };
    let answer = tokio::select! {
        biased;
        answer = line.house.within(&line.serving, work) => answer.flatten(),
        () = runtime::sleep(PATIENCE) => None,
    };
    let Some(end) = answer else { return };
    let diary = desk.streams();
    let before = diary.acknowledged.iter().filter(|one| one.partition == number && one.at < start);
    let beyond = before.max_by_key(|one| one.base_offset).filter(|one| one.base_offset + i64::from(one.records) > end).cloned();
    drop(diary);
    if let Some(one) = beyond {
        desk.complain(format!("{} says that {number} ends at {end}, and {one:?} was acknowledged before", line.house.name()));
    }
}

async fn trim(desk: &Desk, line: &Line, number: u32) {
    let _in_flight = desk.matrix.begin(Operation::Trim);
    let end = line.shard.machine().partition(partition(number)).map_or(0, |info| info.end);
    let log_start = end - KEPT;
    if log_start <= 0 {
        return;
    }
    {
        let mut diary = desk.streams();
        let trimmed = diary.trimmed.entry(number).or_default();
        *trimmed = log_start.max(*trimmed);
    }
    tell(format!("{number} is trimmed to {log_start}"));
    // What became of it is seen by readers.
    line.ask(Command::Trim { partition: partition(number), log_start }).await;
}

/// In the end: every node holds the same, every acknowledged record once and where it was said to be, and nothing twice.
pub(crate) async fn judge(desk: &Desk) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut first: Option<(String, Held)> = None;
    for house in desk.cluster.houses() {
        let Some(all) = everything(house, &mut complaints).await else {
            complaints.push(format!("{} does not give its streams", house.name()));
            continue;
        };
        match &first {
            None => first = Some((house.name().to_owned(), all)),
            Some((other, known)) if *known != all => complaints.push(format!("{} and {other} hold other streams", house.name())),
            Some(_) => {}
        }
    }
    let Some((_, all)) = first else { return complaints };
    judge_state(&desk.streams(), &all, &mut complaints);
    complaints
}

fn judge_state(diary: &StreamDiary, all: &Held, complaints: &mut Vec<String>) {
    for one in &diary.acknowledged {
        for record in 0..one.records {
            let (offset, origin) = (one.base_offset + i64::from(record), (one.producer, one.base_sequence + record));
            let is_trimmed = offset < diary.trimmed.get(&one.partition).copied().unwrap_or(0);
            match all.get(&(one.partition, offset)) {
                Some(found) if *found == origin => {}
                None if is_trimmed => {}
                other => {
                    complaints.push(format!("lost: {origin:?}, acknowledged at {}/{offset}, where {other:?} is", one.partition))
                }
            }
        }
    }
    for ((number, offset), (origin, who)) in &diary.seen {
        if let Some(found) = all.get(&(*number, *offset)).filter(|found| *found != origin) {
            complaints.push(format!("{number}/{offset} is {found:?} in the end and was {origin:?} on {who}"));
        }
    }
    let mut places: BTreeMap<Origin, (u32, i64)> = BTreeMap::new();
    for (place, origin) in all {
        if let Some(other) = places.insert(*origin, *place) {
            complaints.push(format!("{origin:?} is at {other:?} and at {place:?}"));
        }
    }
}

/// All that a node holds of all partitions.
async fn everything(house: &House, complaints: &mut Vec<String>) -> Option<Held> {
    let (serving, (node, _)) = (house.serving_now()?, house.node()?);
    let shard = Arc::new(node.stream_shard(SHARD)?);
    let mut all = BTreeMap::new();
    for number in 0..u32::try_from(PARTITIONS).expect("a small number") {
        let Some(info) = shard.machine().partition(partition(number)) else { continue };
        let mut offset = info.log_start;
        while offset < info.end {
            let reading = shard.clone();
            let found = house.within(&serving, async move { reading.read(partition(number), offset, 4_096, true).await }).await?;
            let Ok(Found::Batches(found)) = found else {
                complaints.push(format!("{} has nothing at {number}/{offset}, and ends at {}", house.name(), info.end));
                break;
            };
            let mut expected = offset;
            for (at, origin) in records(&found.pieces.concat(), complaints) {
                if at != expected && at > offset {
                    complaints.push(format!("{} has {at} where {expected} should be in {number}", house.name()));
                }
                expected = at + 1;
                // Of a batch that the log start cuts in two, the first records are gone.
                if at >= info.log_start {
                    all.insert((number, at), origin);
                }
            }
            offset = found.next;
        }
    }
    Some(all)
}
