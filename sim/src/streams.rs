//! Producers and consumers of streams, the members of a group, and what must hold of what they did.
//!
//! Each producer is idempotent: it has an id of its own, numbers its records, and repeats a batch until it knows what became of it.
//! Now and then it begins anew under the next epoch, and what it was before goes on for a while. Consumers read anywhere and go on
//! behind what they have seen; they also do what a leader does by itself, as letting old records go. Members of one group take it
//! from each other and commit offsets. Every offset of a partition holds one record for ever, whoever is asked.

mod consumers;
mod judge;
mod members;
mod producers;
mod records;

use std::{collections::BTreeMap, time::Duration};

use base::ShardId;
use replica::{
    Lane, runtime,
    streams::{Leadership, StreamShard},
};
use stream::{Command, PartitionId, Refusal, Reply, TopicId};

pub(crate) use self::{
    consumers::consumer,
    judge::{Progress, judge},
    members::member,
    producers::producer,
};
use crate::{
    clients::Desk,
    dice::Dice,
    house::{House, Serving},
};

/// The shard that holds them: every cluster has it.
const SHARD: ShardId = ShardId(1);
const TOPIC: TopicId = TopicId(0x5713);
const PARTITIONS: u32 = 3;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A record by who wrote it: in the order in which one producer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    producer: i64,
    epoch: i16,
    sequence: i32,
}

/// A record where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    origin: Origin,
    leader_epoch: i32,
}

/// All records of a node, by partition and offset.
type Held = BTreeMap<(u32, i64), Found>;

/// A batch that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Acknowledged {
    partition: u32,
    base_offset: i64,
    origin: Origin,
    records: i32,
}

impl Acknowledged {
    fn end(&self) -> i64 {
        self.base_offset + i64::from(self.records)
    }
}

/// The first offset of a partition that is kept, and the one behind the last: neither ever falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    log_start: i64,
    end: i64,
}

impl Span {
    fn raise(&mut self, other: Span) {
        self.log_start = self.log_start.max(other.log_start);
        self.end = self.end.max(other.end);
    }

    fn reaches(&self, other: Span) -> bool {
        self.log_start >= other.log_start && self.end >= other.end
    }
}

/// What producers, consumers and members wrote down.
#[derive(Default)]
pub(crate) struct StreamDiary {
    acknowledged: Vec<Acknowledged>,
    /// What was seen at an offset of a partition, first by whom.
    seen: BTreeMap<(u32, i64), (Found, String)>,
    /// Up to where somebody asked for records to go.
    trimmed: BTreeMap<u32, i64>,
    /// What was acknowledged of a partition, or read behind a barrier: nobody who asks later hears of less.
    known: BTreeMap<u32, Span>,
    /// What leaders said without a barrier, by their term.
    told: BTreeMap<u32, BTreeMap<u64, Span>>,
    /// The last commit that somebody tried.
    commit: i64,
    /// The last commit that was acknowledged, or read behind a barrier.
    committed: i64,
    /// The last generation of the group that was acknowledged.
    generation: i32,
}

impl StreamDiary {
    fn known(&self, number: u32) -> Span {
        self.known.get(&number).copied().unwrap_or_default()
    }

    fn learn(&mut self, number: u32, span: Span) {
        self.known.entry(number).or_default().raise(span);
    }

    fn trimmed(&self, number: u32) -> i64 {
        self.trimmed.get(&number).copied().unwrap_or(0)
    }
}

/// A node, its process and its shard.
struct Line {
    house: House,
    serving: Serving,
    shard: StreamShard,
}

/// Any node that serves.
fn any(desk: &Desk, dice: &Dice) -> Option<Line> {
    Line::to(desk.cluster.any_serving(dice)?)
}

/// A node that says that it leads, and in which term: there may be two who do.
fn leading(desk: &Desk, dice: &Dice) -> Option<(Line, u64)> {
    let leads = |house: &House| {
        let line = Line::to(house)?;
        let Leadership { is_here, term, .. } = line.shard.leadership();
        is_here.then_some((line, term))
    };
    let mut leaders: Vec<(Line, u64)> = desk.cluster.houses().iter().filter_map(leads).collect();
    let chosen = usize::try_from(dice.below(leaders.len().max(1) as u64)).expect("an index below a handful");
    (chosen < leaders.len()).then(|| leaders.swap_remove(chosen))
}

impl Line {
    fn to(house: &House) -> Option<Line> {
        let (serving, (node, _)) = (house.serving_now()?, house.node()?);
        Some(Line { shard: node.stream_shard(SHARD)?, house: house.clone(), serving })
    }

    /// The answer to a command; `None`: nobody knows what became of it, or it was surely not done.
    async fn ask(&self, command: Command) -> Option<Result<Reply, Refusal>> {
        let shard = self.shard.clone();
        let work = async move {
            let submitted = shard.submit(Lane::Normal, &command).ok()?;
            submitted.await.ok()
        };
        self.within(work).await?
    }

    /// What comes of work inside the process; `None`: it ended, or took too long.
    async fn within<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        tokio::select! {
            biased;
            answer = self.house.within(&self.serving, work) => answer,
            () = runtime::sleep(PATIENCE) => None,
        }
    }

    fn span(&self, number: u32) -> Span {
        span(&self.shard, number)
    }
}

fn partition(number: u32) -> PartitionId {
    PartitionId { topic: TOPIC, partition: number }
}

fn span(shard: &StreamShard, number: u32) -> Span {
    let info = shard.machine().partition(partition(number));
    info.map_or_else(Span::default, |info| Span { log_start: info.log_start, end: info.end })
}

fn any_partition(dice: &Dice) -> u32 {
    u32::try_from(dice.below(u64::from(PARTITIONS))).expect("a small number")
}
