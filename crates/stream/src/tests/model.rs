//! The machine against a model that keeps everything and is never in a hurry, over random histories with settles, restarts and
//! replaced states; and a replica that settles against one that never does.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    random::{Sequence, Step, group, step, topic},
    support::*,
};
use crate::{
    Appended, BatchRef, Command, Committed, Entry, Group, GroupState, Machine, Moved, OffsetCommit, Options, PartitionId, Place,
    Position,
    Refusal::{self, *},
    Reply, TopicId,
    codec::APPEND_HEAD_BYTES,
    digest::chained_batch,
    limits::EXPIRED_PER_APPLY_MAX,
};

const OPTIONS: Options = Options { producers_max: 5, producer_expiry_ms: 100, groups_bytes_max: 1_500 };
const SEQUENCES: i64 = 1 << 31;

#[derive(Default)]
struct Partition {
    log_start: i64,
    batches: Vec<BatchRef>,
    chain: u64,
}

impl Partition {
    fn end(&self) -> i64 {
        self.batches.last().map_or(0, |batch| batch.last_offset + 1)
    }

    fn epoch(&self) -> i32 {
        self.batches.last().map_or(0, |batch| batch.leader_epoch)
    }

    /// Where each epoch begins, as far as it is kept.
    fn epochs(&self) -> Vec<(i32, i64)> {
        let mut starts: Vec<(i32, i64)> = Vec::new();
        for batch in &self.batches {
            if starts.last().is_none_or(|(epoch, _)| *epoch != batch.leader_epoch) {
                starts.push((batch.leader_epoch, batch.base_offset));
            }
        }
        while starts.len() > 1 && starts[1].1 <= self.log_start {
            starts.remove(0);
        }
        starts.iter().map(|(epoch, start)| (*epoch, self.log_start.max(*start))).collect()
    }

    fn epoch_end(&self, epoch: i32) -> (i32, i64) {
        let starts = self.epochs();
        let floor = starts.iter().rev().find(|(known, _)| *known <= epoch);
        let higher = starts.iter().find(|(known, _)| *known > epoch);
        match (floor, higher) {
            _ if epoch == -1 => (-1, -1),
            (Some((known, _)), None) if *known == epoch => (epoch, self.end()),
            (_, None) => (-1, -1),
            (None, Some((_, start))) => (epoch, *start),
            (Some((known, _)), Some((_, start))) => (*known, *start),
        }
    }
}

/// A batch of a producer, its sequence counted on without beginning again.
#[derive(Clone, Copy)]
struct Sent {
    from: i64,
    to: i64,
    offset: i64,
}

struct Producer {
    partition: PartitionId,
    id: i64,
    epoch: i16,
    sent: Vec<Sent>,
    time_ms: u64,
}

impl Producer {
    fn next(&self) -> i64 {
        self.sent.last().map_or(0, |sent| sent.to)
    }

    fn judge(&self, epoch: i16, sequence: i32, records: i32) -> Result<Option<Sent>, Refusal> {
        if epoch != self.epoch {
            return match epoch {
                _ if epoch < self.epoch => Err(InvalidProducerEpoch),
                _ if sequence == 0 => Ok(None),
                _ => Err(OutOfOrderSequence),
            };
        }
        let (recent, records) = (self.sent.len().saturating_sub(5), i64::from(records));
        let is_same = |sent: &&Sent| sent.from % SEQUENCES == i64::from(sequence) && sent.to - sent.from == records;
        if let Some(sent) = self.sent[recent..].iter().find(is_same) {
            return Ok(Some(*sent));
        }
        let behind = (self.next() - i64::from(sequence)).rem_euclid(SEQUENCES);
        if behind == 0 {
            return Ok(None);
        }
        let from = self.next() - behind;
        let was_taken = from >= self.sent[0].from && from + records <= self.sent[recent].from;
        Err(if was_taken { DuplicateSequence } else { OutOfOrderSequence })
    }
}

#[derive(Default)]
struct Model {
    partitions: BTreeMap<PartitionId, Partition>,
    /// The longest idle one first.
    producers: Vec<Producer>,
    groups: BTreeMap<Bytes, Group>,
    allocated: i64,
}

impl Model {
    fn apply(&mut self, entry: Entry, command: &Command) -> (Result<Reply, Refusal>, Vec<PartitionId>) {
        for _ in 0..EXPIRED_PER_APPLY_MAX {
            if self.producers.first().is_some_and(|oldest| oldest.time_ms + OPTIONS.producer_expiry_ms <= entry.time_ms) {
                self.producers.remove(0);
            }
        }
        let mut moved = Vec::new();
        let reply = match command {
            Command::Append { partition, batch, .. } => self.append(entry, *partition, batch, &mut moved),
            Command::Trim { partition, log_start } => self.trim(*partition, *log_start, &mut moved),
            Command::Drop { topic, partitions } => {
                let is_meant = |id: &PartitionId| {
                    id.topic == *topic && partitions.as_ref().is_none_or(|numbers| numbers.contains(&id.partition))
                };
                self.groups.values_mut().for_each(|group| group.offsets.retain(|id, _| !is_meant(id)));
                self.producers.retain(|producer| !is_meant(&producer.partition));
                moved = self.partitions.keys().filter(|id| is_meant(id)).copied().collect();
                self.partitions.retain(|id, _| !is_meant(id));
                Ok(Reply::Forgotten { count: moved.len() })
            }
            Command::AllocateProducers { count: 0 } => Err(InvalidCount),
            Command::AllocateProducers { count } => {
                let first = (i64::from(SHARD.0) << 48) + self.allocated;
                self.allocated += i64::from(*count);
                Ok(Reply::Producers { first, count: *count })
            }
            Command::GroupStore { term, .. } if *term != entry.id.term => Err(Fenced),
            Command::GroupStore { group: name, state, .. } => {
                let mut changed = Model { groups: self.groups.clone(), ..Model::default() };
                let group = changed.groups.entry(name.clone()).or_default();
                let is_stale = self.groups.contains_key(name) && state.generation < group.state.generation;
                (group.state, group.stored_ms) = (state.clone(), entry.time_ms);
                if is_stale { Err(StaleGeneration) } else { self.grow(changed) }
            }
            Command::OffsetCommit(commit) => self.commit(entry, commit),
            Command::OffsetDelete { group, partitions } => self.group(group).map(|group| {
                let before = group.offsets.len();
                group.offsets.retain(|id, _| !partitions.contains(id));
                Reply::Forgotten { count: before - group.offsets.len() }
            }),
            Command::GroupDelete { group } => match self.group(group) {
                Ok(found) if found.state.members.is_empty() => {
                    self.groups.remove(group);
                    Ok(Reply::Done)
                }
                found => Err(found.err().unwrap_or(NonEmptyGroup)),
            },
            Command::ExpireOffsets { term, .. } if *term != entry.id.term => Err(Fenced),
            Command::ExpireOffsets { group: name, retention_ms, offsets, .. } => self.group(name).cloned().map(|mut group| {
                let before = group.offsets.len();
                let is_left = group.state.members.is_empty() && group.state.protocol_type.is_some();
                let (is_old, stored_ms) = (|since: u64, kept: u64| entry.time_ms >= since + kept, group.stored_ms);
                group.offsets.retain(|id, committed| {
                    let is_old = match committed.retention_ms {
                        -1 => is_old(committed.time_ms, *retention_ms) && (!is_left || is_old(stored_ms, *retention_ms)),
                        own => is_old(committed.time_ms, own.cast_unsigned()),
                    };
                    !is_old || !offsets.contains(&(*id, committed.position))
                });
                let count = before - group.offsets.len();
                if group.offsets.is_empty() && group.state.members.is_empty() {
                    self.groups.remove(name);
                } else {
                    self.groups.insert(name.clone(), group);
                }
                Reply::Forgotten { count }
            }),
        };
        (reply, moved)
    }

    /// What all groups take, as the options count it.
    fn bytes(&self) -> u64 {
        let bytes = |(name, group): (&Bytes, &Group)| {
            let record = crate::record::encode_group(0, &group.state).len();
            let offsets = group.offsets.values().map(|committed| 160 + committed.metadata.len() as u64).sum::<u64>();
            256 + (2 * name.len() + record) as u64 + offsets
        };
        self.groups.iter().map(bytes).sum()
    }

    /// Whether the groups may be what `changed` has; then they are.
    fn grow(&mut self, changed: Model) -> Result<Reply, Refusal> {
        if changed.bytes() > self.bytes() && changed.bytes() > OPTIONS.groups_bytes_max {
            return Err(NoRoom);
        }
        self.groups = changed.groups;
        Ok(Reply::Done)
    }

    fn group(&mut self, name: &Bytes) -> Result<&mut Group, Refusal> {
        self.groups.get_mut(name).ok_or(UnknownGroup)
    }

    fn append(&mut self, entry: Entry, id: PartitionId, batch: &Bytes, moved: &mut Vec<PartitionId>) -> Result<Reply, Refusal> {
        let number = |at: usize| i32::from_be_bytes(batch[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| i64::from_be_bytes(batch[at..at + 8].try_into().expect("eight bytes"));
        let (records, sequence, producer) = (number(57), number(53), long(43));
        let epoch = i16::from_be_bytes([batch[51], batch[52]]);
        if batch[22] & 0x30 != 0 {
            return Err(Unsupported);
        }
        let (log_start, end, before) = self.partitions.get(&id).map_or((0, 0, 0), |p| (p.log_start, p.end(), p.epoch()));
        let known = self.producers.iter().position(|known| known.partition == id && known.id == producer);
        if let Some(known) = known
            && let Some(sent) = self.producers[known].judge(epoch, sequence, records)?
        {
            let last_offset = sent.offset + (sent.to - sent.from) - 1;
            let again = Appended { base_offset: sent.offset, last_offset, log_start, epoch: before, is_duplicate: true };
            return Ok(Reply::Appended(again));
        }
        let leader_epoch = before.max(i32::try_from(entry.id.term - 1).expect("small"));
        let (crc, last_offset) = (number(17).cast_unsigned(), end + i64::from(records) - 1);
        let partition = self.partitions.entry(id).or_default();
        partition.chain = chained_batch(partition.chain, crc, batch.len());
        partition.batches.push(BatchRef {
            base_offset: end,
            last_offset,
            max_timestamp: long(35),
            index: entry.id.index,
            position: entry.position + APPEND_HEAD_BYTES,
            length: u32::try_from(batch.len()).expect("small"),
            crc,
            leader_epoch,
        });
        if producer >= 0 {
            let known = known.map(|known| self.producers.remove(known)).filter(|known| known.epoch == epoch);
            let sent = known.map_or(Vec::new(), |known| known.sent);
            let from = sent.last().map_or(i64::from(sequence), |sent: &Sent| sent.to);
            let sent = [sent, vec![Sent { from, to: from + i64::from(records), offset: end }]].concat();
            if self.producers.len() >= OPTIONS.producers_max {
                self.producers.remove(0);
            }
            self.producers.push(Producer { partition: id, id: producer, epoch, sent, time_ms: entry.time_ms });
        }
        moved.push(id);
        Ok(Reply::Appended(Appended { base_offset: end, last_offset, log_start, epoch: leader_epoch, is_duplicate: false }))
    }

    fn trim(&mut self, id: PartitionId, log_start: i64, moved: &mut Vec<PartitionId>) -> Result<Reply, Refusal> {
        let partition = self.partitions.get_mut(&id).ok_or(UnknownPartition)?;
        let wanted = if log_start == -1 { partition.end() } else { log_start.min(partition.end()) };
        if wanted > partition.log_start {
            partition.log_start = wanted;
            moved.push(id);
        }
        Ok(Reply::Trimmed { log_start: partition.log_start })
    }

    fn commit(&mut self, entry: Entry, commit: &OffsetCommit) -> Result<Reply, Refusal> {
        if commit.term != entry.id.term {
            return Err(Fenced);
        }
        let mut changed = Model { groups: self.groups.clone(), ..Model::default() };
        match self.groups.get(&commit.group).map(|group| &group.state) {
            None if commit.generation >= 0 => return Err(IllegalGeneration),
            None => {
                let fresh = Group { stored_ms: entry.time_ms, ..Group::default() };
                changed.groups.insert(commit.group.clone(), fresh);
            }
            Some(state) => may_commit(state, commit)?,
        }
        for item in &commit.offsets {
            let committed = Committed {
                offset: item.offset,
                leader_epoch: item.leader_epoch,
                metadata: item.metadata.clone(),
                time_ms: entry.time_ms,
                retention_ms: commit.retention_ms,
                position: Position { index: entry.id.index, at: entry.position },
            };
            changed.group(&commit.group)?.offsets.insert(item.partition, committed);
        }
        self.grow(changed)
    }
}

fn may_commit(state: &GroupState, commit: &OffsetCommit) -> Result<(), Refusal> {
    let is_anonymous = commit.member.is_empty() && commit.instance.is_none();
    let ids: Vec<&Bytes> = state.members.iter().map(|member| &member.id).collect();
    if commit.generation < 0 && (ids.is_empty() || is_anonymous) {
        return if ids.is_empty() { Ok(()) } else { Err(UnknownMember) };
    }
    if commit.instance.is_some() {
        match state.members.iter().find(|member| member.instance == commit.instance) {
            None => return Err(UnknownMember),
            Some(member) if member.id != commit.member => return Err(FencedInstance),
            Some(_) => {}
        }
    }
    match ids.contains(&&commit.member) {
        false => Err(UnknownMember),
        true if commit.generation != state.generation => Err(IllegalGeneration),
        true => Ok(()),
    }
}

/// Two replicas, of which one never settles, and what they should be.
struct World {
    model: Model,
    often: House,
    never: House,
    settled: u64,
    slow: Option<(Seal, u64, usize)>,
    applied: u32,
    /// Whether the last step was the first command of its entry.
    may_go_beside: bool,
}

fn name(who: u8) -> String {
    format!("m{who}")
}

fn members(members: &[(u8, bool)]) -> Vec<crate::Member> {
    let mut all: Vec<(u8, bool)> = members.to_vec();
    all.sort_unstable();
    all.dedup_by_key(|(who, _)| *who);
    let instance = |(who, is_static): (u8, bool)| is_static.then(|| format!("i{who}"));
    all.into_iter().map(|who| member(&name(who.0), instance(who).as_deref())).collect()
}

impl World {
    fn new() -> World {
        World {
            model: Model::default(),
            often: House::with(OPTIONS),
            never: House::with(OPTIONS),
            settled: 0,
            slow: None,
            applied: 0,
            may_go_beside: false,
        }
    }

    fn apply(&mut self, command: Command) {
        self.applied += 1;
        let is_beside = self.may_go_beside && self.applied.is_multiple_of(3);
        self.may_go_beside = !is_beside;
        let run = if is_beside { House::apply_beside } else { House::apply };
        let applied = run(&mut self.often, command.clone());
        let entry = self.often.entry;
        let entry = Entry { position: entry.position + if is_beside { 1_000 } else { 0 }, ..entry };
        let (reply, moved) = self.model.apply(entry, &command);
        assert_eq!((&applied.reply, applied.moved.as_slice()), (&reply, &moved[..]), "{command:?}");
        assert_eq!(matches!(applied.moved, Moved::Nothing), moved.is_empty());
        assert_eq!(run(&mut self.never, command), applied);
        assert_eq!(self.often.table.digest(), self.never.table.digest(), "replicas that applied the same agree");
    }

    fn finish_slow(&mut self) {
        if let Some((seal, upto, _)) = self.slow.take()
            && self.often.finish(seal)
        {
            self.settled = upto;
        }
    }

    fn step(&mut self, step: Step) {
        if let Some((_, _, left)) = &mut self.slow {
            match left.checked_sub(1) {
                Some(less) => *left = less,
                None => self.finish_slow(),
            }
        }
        match step {
            Step::Append { .. } | Step::Trim(..) | Step::Command(_) | Step::Store(..) | Step::Commit(..) | Step::Expire(..) => {
                let command = self.command(step);
                self.apply(command);
            }
            other => {
                self.may_go_beside = false;
                self.disturb(other);
            }
        }
    }

    fn disturb(&mut self, step: Step) {
        match step {
            Step::Term => [&mut self.often, &mut self.never].into_iter().for_each(|house| house.entry.id.term += 2),
            Step::Time(ms) => [&mut self.often, &mut self.never].into_iter().for_each(|house| house.entry.time_ms += ms),
            Step::Settle => {
                self.finish_slow();
                self.often.settle();
                self.settled = self.often.entry.id.index;
            }
            Step::SettleSlowly(steps) => {
                self.finish_slow();
                self.slow = Some((self.often.seal(), self.often.entry.id.index, steps));
            }
            Step::Flush(count) => {
                self.often.machine.flush_some(count);
            }
            Step::Restart => {
                // A settle under way did not become durable.
                self.slow = None;
                self.often.restart();
            }
            Step::Install => self.often.install(),
            _ => {
                self.check(&self.often.machine, self.settled);
                self.check(&self.never.machine, 0);
            }
        }
        assert_eq!(self.often.table.digest(), self.never.table.digest());
    }

    fn command(&self, step: Step) -> Command {
        let term = self.often.entry.id.term;
        let generation = |name: &Bytes| self.model.groups.get(name).map_or(0, |group| group.state.generation);
        match step {
            Step::Append { partition, producer, epoch, sequence, records, timestamp, attributes } => {
                let batch = Batch { records, timestamp, attributes, crc: self.applied, ..Batch::default() };
                let id = topic(partition);
                let Some(producer) = producer else { return append(id, batch) };
                let known = self.model.producers.iter().find(|known| known.partition == id && known.id == producer);
                let epoch = (known.map_or(0, |known| known.epoch) + epoch).max(0);
                let wrapped = |sequence: i64| i32::try_from(sequence.rem_euclid(SEQUENCES)).expect("31 bits");
                let next = known.map_or(0, Producer::next);
                let (sequence, records) = match (sequence, known) {
                    (Sequence::Again(back), Some(known)) if back < known.sent.len() => {
                        let sent = known.sent[known.sent.len() - 1 - back];
                        (wrapped(sent.from), i32::try_from(sent.to - sent.from).expect("small"))
                    }
                    (Sequence::Next(first), None) => (first, records),
                    (Sequence::Beside(far), _) => (wrapped(next + far), records),
                    (Sequence::Exactly(sequence), _) => (sequence, records),
                    _ => (wrapped(next), records),
                };
                append(id, Batch { producer, epoch, sequence, records, ..batch })
            }
            Step::Trim(partition, from_end) => {
                let end = self.model.partitions.get(&topic(partition)).map_or(0, Partition::end);
                trim(topic(partition), from_end.map_or(-1, |far| end + far))
            }
            Step::Store(number, far, who, other_term) => {
                let group = group(number);
                let state = group_state(generation(&group) + far, &members(&who));
                Command::GroupStore { term: term + other_term, group, state }
            }
            Step::Commit(number, who, instance, far, partitions, other_term) => {
                let group = group(number);
                let mut made = commit(term + other_term, "", -1, &who.map_or(String::new(), name), topic(0), 0);
                made.generation = far.map_or(-1, |far| generation(&group) + far);
                made.instance = instance.map(|who| bytes(&format!("i{who}")));
                let item = |number: &u32| crate::OffsetItem {
                    partition: topic(*number),
                    offset: i64::from(self.applied),
                    ..made.offsets[0].clone()
                };
                made.offsets = partitions.iter().map(item).collect();
                Command::OffsetCommit(OffsetCommit { group, ..made })
            }
            Step::Expire(number, is_stale, retention_ms, other_term) => {
                let group = group(number);
                let offsets = self.model.groups.get(&group).map_or(Vec::new(), |group| {
                    let seen = |committed: &Committed| Position {
                        index: committed.position.index - u64::from(is_stale && committed.offset % 2 == 0),
                        ..committed.position
                    };
                    group.offsets.iter().map(|(id, committed)| (*id, seen(committed))).collect()
                });
                Command::ExpireOffsets { term: term + other_term, group, retention_ms, offsets }
            }
            Step::Command(command) => command,
            other => panic!("{other:?} is no command"),
        }
    }

    fn check(&self, machine: &Machine, settled: u64) {
        let model = &self.model;
        let ids: Vec<PartitionId> = machine.partitions().iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, model.partitions.keys().copied().collect::<Vec<_>>());
        let mut unsettled = 0;
        for (id, partition) in &model.partitions {
            unsettled += check_partition(machine, *id, partition, settled);
        }
        assert_eq!(machine.unsettled_bytes(), unsettled);
        assert_eq!(machine.producers_remembered(), model.producers.len());
        for (id, _) in machine.partitions() {
            let mut known: Vec<_> = model.producers.iter().filter(|known| known.partition == id).collect();
            known.sort_unstable_by_key(|known| known.id);
            let known: Vec<_> = known.iter().map(|known| (known.id, known.epoch, (known.next() - 1) % SEQUENCES)).collect();
            let found = machine.producers(id);
            let found: Vec<_> = found.iter().map(|found| (found.id, found.epoch, i64::from(found.last_sequence))).collect();
            assert_eq!(found, known);
        }
        let names: Vec<Bytes> = machine.groups().into_iter().map(|group| group.name).collect();
        assert_eq!(names, model.groups.keys().cloned().collect::<Vec<_>>());
        assert_eq!(machine.groups_bytes(), model.bytes());
        for (name, group) in &model.groups {
            assert_eq!(machine.group(name).as_ref(), Some(group));
        }
        let kept = model.groups.values().flat_map(|group| group.offsets.keys().map(|id| id.topic));
        let found: BTreeSet<TopicId> = machine.offset_topics().into_iter().collect();
        assert_eq!(found, kept.collect());
    }
}

/// Answers how many bytes are unsettled.
fn check_partition(machine: &Machine, id: PartitionId, partition: &Partition, settled: u64) -> u64 {
    let info = machine.partition(id).expect("is known");
    let end = partition.end();
    let bytes: u64 = partition.batches.iter().map(|batch| u64::from(batch.length)).sum();
    assert_eq!((info.log_start, info.end, info.epoch), (partition.log_start, end, partition.epoch()));
    assert_eq!((info.chain, info.bytes), (partition.chain, bytes));
    assert_eq!(info.max_timestamp, partition.batches.iter().map(|batch| batch.max_timestamp).max().unwrap_or(-1));
    let is_unsettled = |batch: &&BatchRef| batch.index > settled && batch.last_offset >= partition.log_start;
    let unsettled: Vec<BatchRef> = partition.batches.iter().filter(is_unsettled).copied().collect();
    let unsettled_start = unsettled.first().map_or(end, |batch| batch.base_offset.max(partition.log_start));
    assert_eq!(info.unsettled_start, unsettled_start);
    for offset in -1..=end + 1 {
        let holding = unsettled.iter().position(|batch| (batch.base_offset..=batch.last_offset).contains(&offset));
        let place = match holding {
            _ if offset < partition.log_start => Place::BelowStart,
            _ if offset > end => Place::BeyondEnd,
            _ if offset == end => Place::AtEnd,
            Some(at) => Place::Unsettled(unsettled[at]),
            None => Place::Settled,
        };
        assert_eq!(machine.locate(id, offset), place);
        let run = holding.filter(|_| offset >= partition.log_start).map_or(&[][..], |at| &unsettled[at..]);
        assert_eq!(machine.run(id, offset, u64::MAX), run);
    }
    for epoch in -1..=partition.epoch() + 1 {
        assert_eq!(machine.epoch_end(id, epoch), Some(partition.epoch_end(epoch)), "epoch {epoch}");
    }
    let greatest = unsettled.iter().map(|batch| batch.max_timestamp).max();
    assert_eq!(machine.greatest_timestamp(id, 0), greatest);
    let after = unsettled.iter().find(|batch| batch.max_timestamp >= 15);
    assert_eq!(machine.first_at_or_after(id, 0, 15).as_ref(), after);
    unsettled.iter().map(|batch| u64::from(batch.length)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_does_what_the_model_does(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.step(Step::Check);
    }
}
