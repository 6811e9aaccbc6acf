//! Members of one group. One at a time owns it, and commits; who takes it over begins its next generation.

use std::time::Duration;

use bytes::Bytes;
use replica::runtime;
use stream::{Command, GroupState, Member, OffsetCommit, OffsetItem, Refusal, Reply};

use super::{Line, any, leading, partition};
use crate::{clients::Desk, dice::Dice, matrix::Operation};

/// The group.
pub(super) const GROUP: &[u8] = b"group";
/// The partition of which it commits offsets.
pub(super) const PARTITION: u32 = 0;
/// Longest pause between two commits, in pauses of other clients.
const PAUSES: u64 = 2;

struct Consumer {
    desk: Desk,
    dice: Dice,
    name: Bytes,
    /// The generation that it owns, as far as it knows.
    generation: Option<i32>,
}

/// One member, by number.
pub(crate) async fn member(desk: Desk, number: u64) {
    let dice = Dice::new(runtime::random_u64());
    let mut consumer = Consumer { desk, dice, name: Bytes::from(format!("member {number}")), generation: None };
    while runtime::now() < consumer.desk.until {
        let pause = 1 + consumer.dice.below(PAUSES * consumer.desk.think_ms);
        runtime::sleep(Duration::from_millis(pause)).await;
        match (consumer.generation, consumer.dice.below(100)) {
            (_, 0..25) => consumer.look().await,
            (Some(generation), 25..) => consumer.commit(generation).await,
            // Others go on for a while before they are turned out.
            (None, 25..40) => consumer.take_over().await,
            (None, _) => {}
        }
    }
}

impl Consumer {
    /// Joins as the only member, as a coordinator stores it.
    async fn take_over(&mut self) {
        let Some((line, term)) = leading(&self.desk, &self.dice) else { return };
        let _in_flight = self.desk.matrix.begin(Operation::Join);
        let known = line.shard.machine().group_state(GROUP).map_or(0, |(state, _)| state.generation);
        let member = Member { id: self.name.clone(), session_timeout_ms: 10_000, ..Member::default() };
        let state = GroupState {
            generation: known + 1,
            protocol_type: Some(Bytes::from_static(b"consumer")),
            leader: Some(self.name.clone()),
            members: vec![member],
            ..GroupState::default()
        };
        match line.ask(Command::GroupStore { term, group: Bytes::from_static(GROUP), state }).await {
            Some(Ok(_)) => {
                self.generation = Some(known + 1);
                let mut diary = self.desk.streams();
                diary.generation = diary.generation.max(known + 1);
            }
            Some(Err(Refusal::Fenced | Refusal::StaleGeneration)) | None => {}
            Some(Err(refusal)) => self.desk.complain(format!("{} was asked to store the group: {refusal:?}", line.house.name())),
        }
    }

    /// Commits the next offset, and repeats that until it knows what became of it.
    async fn commit(&mut self, generation: i32) {
        let offset = {
            let mut diary = self.desk.streams();
            diary.commit += 1;
            diary.commit
        };
        while runtime::now() < self.desk.until {
            if let Some((line, term)) = leading(&self.desk, &self.dice) {
                let _in_flight = self.desk.matrix.begin(Operation::Commit);
                let newest = self.desk.streams().generation;
                match line.ask(self.commit_of(term, generation, offset)).await {
                    Some(Ok(Reply::Done)) if newest > generation => self.desk.complain(format!(
                        "{:?} of generation {generation} committed on {}, and {newest} had begun",
                        self.name,
                        line.house.name()
                    )),
                    Some(Ok(Reply::Done)) => {
                        {
                            let mut diary = self.desk.streams();
                            diary.committed = diary.committed.max(offset);
                        }
                        if self.dice.chance(10) {
                            self.commit_late(&line, term, generation).await;
                        }
                        return;
                    }
                    Some(Err(Refusal::UnknownMember | Refusal::IllegalGeneration)) => {
                        self.generation = None;
                        return;
                    }
                    Some(Err(Refusal::Fenced)) | None => {}
                    other => self.desk.complain(format!("{} answered a commit with {other:?}", line.house.name())),
                }
            }
            runtime::sleep(Duration::from_millis(20 + self.dice.below(200))).await;
        }
    }

    /// What the coordinator of an earlier term was told and proposes only now changes nothing, whoever leads.
    async fn commit_late(&self, line: &Line, term: u64, generation: i32) {
        let _in_flight = self.desk.matrix.begin(Operation::Fence);
        match line.ask(self.commit_of(term.saturating_sub(1), generation, 0)).await {
            Some(Err(Refusal::Fenced)) | None => {}
            other => self.desk.complain(format!(
                "a commit of the term before {term} was proposed late, and {} says {other:?}",
                line.house.name()
            )),
        }
    }

    fn commit_of(&self, term: u64, generation: i32, offset: i64) -> Command {
        let item = OffsetItem { partition: partition(PARTITION), offset, leader_epoch: -1, metadata: Bytes::new() };
        Command::OffsetCommit(OffsetCommit {
            term,
            group: Bytes::from_static(GROUP),
            generation,
            member: self.name.clone(),
            retention_ms: -1,
            offsets: vec![item],
            ..OffsetCommit::default()
        })
    }

    /// What is committed, and by whose generation, behind a barrier: neither goes back.
    async fn look(&self) {
        let Some(line) = any(&self.desk, &self.dice) else { return };
        let _in_flight = self.desk.matrix.begin(Operation::Committed);
        let (shard, (committed, generation)) = (line.shard.clone(), {
            let diary = self.desk.streams();
            (diary.committed, diary.generation)
        });
        let work = async move {
            shard.barrier().await.ok()?;
            Some((super::judge::committed(&shard), shard.machine().group_state(GROUP).map_or(0, |(state, _)| state.generation)))
        };
        let Some(Some(now)) = line.within(work).await else { return };
        if now.0 < committed || now.1 < generation {
            self.desk.complain(format!(
                "{} says that the group has committed {} in generation {}, and it was {committed} in {generation}",
                line.house.name(),
                now.0,
                now.1
            ));
        }
        let mut diary = self.desk.streams();
        (diary.committed, diary.generation) = (diary.committed.max(now.0), diary.generation.max(now.1));
    }
}
