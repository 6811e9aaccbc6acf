//! Producers.

use std::{collections::VecDeque, time::Duration};

use replica::runtime;
use stream::{Appended, Command, Refusal, Reply};

use super::{Acknowledged, Origin, Span, any, any_partition, leading, partition, records::batch};
use crate::{clients::Desk, dice::Dice, matrix::Operation};

/// Records of one batch at most.
const RECORDS_MAX: u64 = 4;
/// Batches of a producer that a broker remembers, as Kafka's does.
const REMEMBERED: usize = 5;
/// How long a producer that is about to end waits for what it sent.
const LAST_WAIT_MS: u64 = 30;

struct Writer {
    desk: Desk,
    dice: Dice,
    partition: u32,
    /// What it writes next.
    next: Origin,
    /// Its last batches of this epoch.
    last: VecDeque<Acknowledged>,
}

/// One producer, in one partition.
pub(crate) async fn producer(desk: Desk) {
    let dice = Dice::new(runtime::random_u64());
    let Some(producer) = take_id(&desk, &dice).await else { return };
    let (partition, next) = (any_partition(&dice), Origin { producer, epoch: 0, sequence: 0 });
    let mut writer = Writer { desk, dice, partition, next, last: VecDeque::new() };
    while runtime::now() < writer.desk.until {
        runtime::sleep(Duration::from_millis(1 + writer.dice.below(writer.desk.think_ms))).await;
        let outcome = match writer.dice.below(100) {
            0..4 => writer.begin_anew().await,
            4..12 => {
                writer.repeat().await;
                Some(())
            }
            _ => writer.write().await,
        };
        if outcome.is_none() {
            return;
        }
    }
}

async fn take_id(desk: &Desk, dice: &Dice) -> Option<i64> {
    while runtime::now() < desk.until {
        if let Some(line) = any(desk, dice)
            && let Some(Ok(Reply::Producers { first, .. })) = line.ask(Command::AllocateProducers { count: 1 }).await
        {
            return Some(first);
        }
        runtime::sleep(Duration::from_millis(100)).await;
    }
    None
}

impl Writer {
    fn count(&self) -> i32 {
        i32::try_from(1 + self.dice.below(RECORDS_MAX)).expect("a small number")
    }

    /// Writes the next batch; `None` when time is over.
    async fn write(&mut self) -> Option<()> {
        let records = self.count();
        self.desk.begun();
        let _in_flight = self.desk.matrix.begin(Operation::Append);
        let appended = self.append(records).await?;
        self.acknowledged(appended, records);
        Some(())
    }

    fn acknowledged(&mut self, appended: Appended, records: i32) {
        let batch = Acknowledged { partition: self.partition, base_offset: appended.base_offset, origin: self.next, records };
        let mut diary = self.desk.streams();
        diary.acknowledged.push(batch);
        diary.learn(self.partition, Span { log_start: 0, end: batch.end() });
        drop(diary);
        self.last.push_back(batch);
        if self.last.len() > REMEMBERED {
            self.last.pop_front();
        }
        self.next.sequence += records;
    }

    /// Repeats the next batch through any node, or one that leads, until somebody says what became of it; `None` when time is over.
    async fn append(&self, records: i32) -> Option<Appended> {
        let (desk, batch) = (&self.desk, batch(self.next, records));
        let mut tries = 0;
        while runtime::now() < desk.until {
            tries += 1;
            // Kafka's door says in which term it took a batch, others do not.
            let leader = if self.dice.chance(50) { leading(desk, &self.dice) } else { None };
            if let Some((line, term)) = leader.or_else(|| Some((any(desk, &self.dice)?, 0))) {
                let command = Command::Append { term, partition: partition(self.partition), batch: batch.clone() };
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
            runtime::sleep(Duration::from_millis(20 + self.dice.below(200))).await;
        }
        None
    }

    /// Sends a batch again that was acknowledged, as one whose answer was lost: it is told where that one lies.
    async fn repeat(&self) {
        let Some(chosen) = usize::try_from(self.dice.below(self.last.len().max(1) as u64)).ok() else { return };
        let (Some(one), Some(line)) = (self.last.get(chosen), any(&self.desk, &self.dice)) else { return };
        let _in_flight = self.desk.matrix.begin(Operation::Repeat);
        let batch = batch(one.origin, one.records);
        match line.ask(Command::Append { term: 0, partition: partition(self.partition), batch }).await {
            Some(Ok(Reply::Appended(appended))) if appended.is_duplicate && appended.base_offset == one.base_offset => {}
            None => {}
            other => self.desk.complain(format!("{one:?} was sent again, and {} says {other:?}", line.house.name())),
        }
    }

    /// Ends, perhaps in the middle of a batch, and begins under the next epoch. What it was before does not know that, and is kept
    /// from going on. `None` when time is over.
    async fn begin_anew(&mut self) -> Option<()> {
        if self.dice.chance(50) {
            self.abandon().await;
        }
        let before = self.next;
        self.last.clear();
        self.next = Origin { epoch: before.epoch + 1, sequence: 0, ..before };
        self.write().await?;
        let Some(line) = any(&self.desk, &self.dice) else { return Some(()) };
        let _in_flight = self.desk.matrix.begin(Operation::Fence);
        let batch = batch(before, self.count());
        match line.ask(Command::Append { term: 0, partition: partition(self.partition), batch }).await {
            Some(Err(Refusal::InvalidProducerEpoch)) | None => {}
            other => self.desk.complain(format!(
                "{before:?} went on after {:?} was acknowledged: {} says {other:?}",
                self.last.front(),
                line.house.name()
            )),
        }
        Some(())
    }

    /// Sends the next batch and does not wait to hear what became of it.
    async fn abandon(&self) {
        let Some(line) = any(&self.desk, &self.dice) else { return };
        let batch = batch(self.next, self.count());
        let command = Command::Append { term: 0, partition: partition(self.partition), batch };
        tokio::select! {
            biased;
            _ = line.ask(command) => {}
            () = runtime::sleep(Duration::from_millis(self.dice.below(LAST_WAIT_MS))) => {}
        }
    }
}
