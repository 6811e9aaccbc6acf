//! The records of one request on their way: where each goes, and what became of it.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use bytes::Bytes;
use cluster::{catalogue::Topic, settings::TopicSettings};
use futures_util::future::join_all;
use kafka_wire::batch;
use replica::{
    Lane, runtime,
    streams::{Submitted, partition_of_key},
};
use stream::{Command, Refusal, Reply};
use tokio::time::Instant;

use super::{
    Shared,
    packing::{Packed, Packing},
    record::{Incoming, Timestamp},
};
use crate::{
    limits::{ACKNOWLEDGE_TIMEOUT, TOPICS_IN_REQUEST_MAX},
    problem::{OUTCOME, Problem, Reason},
    room::Share,
};

/// The records of one request.
pub(crate) struct Delivery {
    shared: Arc<Shared>,
    /// The topic of records that name none.
    topic: Option<Box<str>>,
    topics: Vec<Named>,
    packing: Packing,
    ready: Vec<Packed>,
    batches: Vec<Batch>,
    records: Vec<Slot>,
    problems: Vec<Problem>,
    windows: VecDeque<Window>,
}

/// A topic that records of this request named.
struct Named {
    name: Box<str>,
    found: Result<Found, u32>,
}

struct Found {
    topic: Arc<Topic>,
    settings: Arc<TopicSettings>,
    /// Where this request's records without a key go.
    keyless: Option<u32>,
}

struct Batch {
    topic: u32,
    partition: u32,
    outcome: Sent,
}

#[derive(Clone, Copy)]
enum Sent {
    /// Nothing is known of it yet.
    UnderWay,
    /// The offset of its first record.
    At(i64),
    /// By the problem's number.
    Failed(u32),
}

/// Where a record is.
#[derive(Clone, Copy)]
enum Slot {
    /// In a batch, at a place.
    In(u32, u32),
    /// Nowhere, by the problem's number.
    Refused(u32),
}

/// Batches that were submitted together.
struct Window {
    batches: Vec<(u32, Submitted)>,
    give_up: Instant,
    /// The room that they take.
    _share: Option<Share>,
}

/// How many records are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) appended: usize,
    pub(crate) under_way: usize,
    /// Certainly not appended.
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
}

/// What became of a record.
pub(crate) enum Became<'a> {
    /// Its topic, its partition, its offset.
    Appended(&'a str, u32, i64),
    Failed(&'a Problem),
}

impl Delivery {
    pub(crate) fn new(shared: Arc<Shared>, topic: Option<&str>) -> Delivery {
        Delivery {
            shared,
            topic: topic.map(Box::from),
            topics: Vec::new(),
            packing: Packing::default(),
            ready: Vec::new(),
            batches: Vec::new(),
            records: Vec::new(),
            problems: Vec::new(),
            windows: VecDeque::new(),
        }
    }

    /// How many records there are, those that were refused too.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// How many windows are under way.
    pub(crate) fn windows(&self) -> usize {
        self.windows.len()
    }

    /// How many different problems there were.
    pub(crate) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// How many records are in which state.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for slot in &self.records {
            let failed = match slot {
                Slot::Refused(problem) => *problem,
                Slot::In(batch, _) => match self.batches[*batch as usize].outcome {
                    Sent::At(_) => {
                        tally.appended += 1;
                        continue;
                    }
                    Sent::UnderWay => {
                        tally.under_way += 1;
                        continue;
                    }
                    Sent::Failed(problem) => problem,
                },
            };
            match self.problems[failed as usize].is_outcome_unknown() {
                true => tally.unknown += 1,
                false => tally.refused += 1,
            }
        }
        tally
    }

    /// Whether a topic of these records has the time of appending as their timestamp.
    pub(crate) fn is_append_time(&self) -> bool {
        self.topics.iter().any(|named| named.found.as_ref().is_ok_and(|found| found.settings.is_append_time()))
    }

    /// The first problem.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.problems.first()
    }

    /// Takes a record: it is packed, or it is known why not. `now` is in ms since 1970: the time of those that say none, and what
    /// the time of others is held against.
    pub(crate) async fn add(&mut self, record: &Incoming<'_>, now: i64) {
        let named = match self.topic_of(record) {
            Ok(name) => match self.topics.iter().rposition(|topic| *topic.name == *name) {
                Some(named) => Ok(named),
                None => {
                    let name = Box::from(name);
                    self.look_up(name).await
                }
            },
            Err(problem) => Err(problem),
        };
        let packed = named.and_then(|named| self.pack(named, record, now).map_err(|problem| self.problem_of(named, problem)));
        match packed {
            Ok(slot) => self.records.push(slot),
            Err(problem) => self.refuse(problem),
        }
    }

    /// Counts a record in that cannot be taken.
    pub(crate) fn refuse(&mut self, problem: Problem) {
        let number = self.note(problem);
        self.records.push(Slot::Refused(number));
    }

    fn topic_of<'r>(&'r self, record: &'r Incoming<'_>) -> Result<&'r str, Problem> {
        match (record.topic.as_ref().map(|topic| &*topic.0), self.topic.as_deref()) {
            (Some(named), Some(path)) if named != path => Err(Problem::new(
                Reason::Malformed,
                format!("the record names a topic that is not the path's, {path}: leave it out"),
            )),
            (_, Some(path)) => Ok(path),
            (Some(named), None) => Ok(named),
            (None, None) => Err(Problem::new(Reason::Malformed, "the record has no topic: say it as \"topic\"")),
        }
    }

    async fn look_up(&mut self, name: Box<str>) -> Result<usize, Problem> {
        if self.topics.len() == TOPICS_IN_REQUEST_MAX {
            let text = format!("one request names at most {TOPICS_IN_REQUEST_MAX} topics: split it");
            return Err(Problem::new(Reason::TooLarge, text));
        }
        let found = match self.shared.find_or_create(&name).await {
            Ok(topic) => Ok(Found { settings: self.shared.topics.settings(&topic), topic, keyless: None }),
            Err(problem) => Err(self.note(problem)),
        };
        self.topics.push(Named { name, found });
        Ok(self.topics.len() - 1)
    }

    fn note(&mut self, problem: Problem) -> u32 {
        self.shared.meters.refused(problem.reason);
        self.problems.push(problem);
        number(self.problems.len() - 1)
    }

    /// A problem of a record, with the name of its topic.
    fn problem_of(&self, named: usize, problem: Problem) -> Problem {
        problem.with("topic", &*self.topics[named].name)
    }

    fn pack(&mut self, named: usize, record: &Incoming<'_>, now: i64) -> Result<Slot, Problem> {
        let found = match &mut self.topics[named].found {
            Ok(found) => found,
            Err(problem) => return Ok(Slot::Refused(*problem)),
        };
        let partition = found.partition_for(record, &self.shared)?;
        let timestamp = found.timestamp_for(record, now)?;
        let (target, bytes_max) = ((number(named), partition), found.settings.max_message_bytes);
        let packed = self.packing.add(target, record, timestamp, bytes_max, number(self.batches.len()), &mut self.ready);
        let packed = packed.map_err(|bytes| {
            let text =
                format!("the record takes {bytes} bytes and the topic's max.message.bytes is {bytes_max}: make it smaller");
            Problem::new(Reason::TooLarge, text)
        })?;
        if packed.is_new {
            self.batches.push(Batch { topic: number(named), partition, outcome: Sent::UnderWay });
        }
        Ok(Slot::In(packed.batch, packed.place))
    }

    /// Sends all that was packed on its way; `share` is the room that it takes until its outcome is known.
    pub(crate) fn send(&mut self, share: Option<Share>) {
        let mut ready = std::mem::take(&mut self.ready);
        self.packing.close(&mut ready);
        let mut window =
            Window { batches: Vec::with_capacity(ready.len()), give_up: Instant::now() + ACKNOWLEDGE_TIMEOUT, _share: share };
        for packed in ready {
            let at = packed.number;
            match self.submit(packed) {
                Ok(submitted) => window.batches.push((at, submitted)),
                Err(problem) => self.fail(at, problem),
            }
        }
        if !window.batches.is_empty() {
            self.windows.push_back(window);
        }
    }

    fn submit(&self, Packed { target: (named, partition), mut bytes, .. }: Packed) -> Result<Submitted, Problem> {
        let found = self.topics[named as usize].found.as_ref();
        let found = found.map_err(|_| Problem::new(Reason::Broken, "a batch has no topic"))?;
        let place = self.shared.topics.place(&found.topic, partition).map_err(|error| Problem::of_error(&error))?;
        if place.shard.leadership().leader.is_none() {
            return Err(no_leader());
        }
        if found.settings.is_append_time() {
            batch::set_log_append_time(&mut bytes, wall_ms());
        }
        // Any node passes it on to whoever leads.
        let command = Command::Append { term: 0, partition: place.id, batch: Bytes::from(bytes) };
        place.shard.submit(Lane::Normal, &command).map_err(|error| Problem::of_error(&error))
    }

    fn fail(&mut self, batch: u32, problem: Problem) {
        let Batch { topic, partition, .. } = self.batches[batch as usize];
        let problem = self.problem_of(topic as usize, problem).with("partition", partition);
        let number = self.note(problem);
        self.batches[batch as usize].outcome = Sent::Failed(number);
    }

    /// Waits until the outcome of the oldest window is known.
    pub(crate) async fn settle_oldest(&mut self) {
        let Some(window) = self.windows.pop_front() else { return };
        let give_up = window.give_up;
        let wait = |(at, submitted): (u32, Submitted)| async move { (at, tokio::time::timeout_at(give_up, submitted).await) };
        for (at, outcome) in join_all(window.batches.into_iter().map(wait)).await {
            match outcome {
                Ok(Ok(Ok(Reply::Appended(appended)))) => self.batches[at as usize].outcome = Sent::At(appended.base_offset),
                Ok(Ok(Ok(_))) => self.fail(at, Problem::new(Reason::Broken, "an append was answered as something else")),
                Ok(Ok(Err(refusal))) => self.fail(at, of_refusal(refusal)),
                Ok(Err(_)) => self.fail(at, unknown(Reason::Unavailable, "the node stopped, or gave up waiting")),
                Err(_) => self.fail(at, unknown(Reason::Deadline, "it was not acknowledged in time")),
            }
        }
    }

    /// Waits until the outcome of everything is known.
    pub(crate) async fn settle(&mut self) {
        while !self.windows.is_empty() {
            self.settle_oldest().await;
        }
    }

    /// What became of a record, when all is settled.
    pub(crate) fn outcome(&self, at: usize) -> Became<'_> {
        let problem = match self.records[at] {
            Slot::Refused(problem) => problem,
            Slot::In(batch, place) => {
                let Batch { topic, partition, outcome } = &self.batches[batch as usize];
                match outcome {
                    Sent::At(base) => {
                        return Became::Appended(&self.topics[*topic as usize].name, *partition, base + i64::from(place));
                    }
                    Sent::Failed(problem) => *problem,
                    Sent::UnderWay => unreachable!("outcomes are asked for when all are known"),
                }
            }
        };
        Became::Failed(&self.problems[problem as usize])
    }
}

impl Found {
    fn partition_for(&mut self, record: &Incoming<'_>, shared: &Shared) -> Result<u32, Problem> {
        let count = u32::try_from(self.topic.partitions()).unwrap_or(u32::MAX);
        match (record.partition, record.key.bytes()) {
            (Some(partition), _) if partition < count => Ok(partition),
            (Some(partition), _) => {
                let text = format!("there is no partition {partition}: the topic has 0 to {}", count - 1);
                Err(Problem::new(Reason::UnknownPartition, text))
            }
            (None, Some(key)) => Ok(partition_of_key(key, count)),
            (None, None) => Ok(*self.keyless.get_or_insert_with(|| shared.turn.fetch_add(1, Relaxed) % count)),
        }
    }

    /// The record's own, within what its topic allows, or `now`.
    fn timestamp_for(&self, record: &Incoming<'_>, now: i64) -> Result<i64, Problem> {
        let Some(Timestamp(timestamp)) = record.timestamp else { return Ok(now) };
        match self.settings.timestamps(now) {
            Some((earliest, latest)) if !(earliest..=latest).contains(&timestamp) => {
                let text = format!(
                    "the topic takes timestamps from {} to {latest} now (message.timestamp.before.max.ms and after.max.ms), and \
                     the record's is {timestamp}",
                    earliest.max(0)
                );
                Err(Problem::new(Reason::InvalidTimestamp, text))
            }
            _ => Ok(timestamp),
        }
    }
}

/// Now, in ms since 1970.
pub(crate) fn wall_ms() -> i64 {
    i64::try_from(runtime::wall_ms()).unwrap_or(i64::MAX)
}

fn number(count: usize) -> u32 {
    // Records of a request are fewer, and so is everything that is counted of them.
    u32::try_from(count).expect("a request has fewer than 2^32 records")
}

fn no_leader() -> Problem {
    Problem::new(
        Reason::NoLeader,
        "nobody leads the partition now; nothing was appended: repeat in a moment, or with another node",
    )
}

fn unknown(reason: Reason, why: &str) -> Problem {
    let text = format!("{why}: whether it was appended is not known, so repeating it may append it twice");
    Problem::new(reason, text).with(OUTCOME, "unknown")
}

fn of_refusal(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::UnknownPartition => Problem::new(Reason::UnknownTopic, "the topic was deleted meanwhile; nothing was appended"),
        Refusal::Exhausted => Problem::new(Reason::Conflict, "the partition has no offsets left: use another one"),
        other => Problem::new(Reason::Broken, format!("the batch was refused ({other:?}); nothing was appended")),
    }
}
