//! Consumers, which now and then ask where a partition ends, or for old records to go.

use std::time::Duration;

use base::Kind;
use replica::{
    runtime,
    streams::{Found as Answer, StreamShard},
};
use segments::Retention;
use stream::{Command, Reply};

use super::{Line, Span, any, any_partition, leading, partition, records::records, span};
use crate::{clients::Desk, cluster::tell, dice::Dice, matrix::Operation};

/// Records that a trim leaves.
const KEPT: i64 = 60;
/// Bytes of one read, about.
const READ_BYTES: usize = 300;
/// Bytes that a partition may keep at most, as a topic's settings say it.
const RETAINED_BYTES: u64 = 32 << 10;

/// One consumer of one partition.
pub(crate) async fn consumer(desk: Desk) {
    let dice = Dice::new(runtime::random_u64());
    let number = any_partition(&dice);
    let mut offset = 0;
    while runtime::now() < desk.until {
        runtime::sleep(Duration::from_millis(1 + dice.below(desk.think_ms))).await;
        let Some(line) = any(&desk, &dice) else { continue };
        match dice.below(100) {
            0..70 => offset = fetch(&desk, &line, number, offset).await,
            70..82 => ends(&desk, &line, number).await,
            82..92 => watermark(&desk, &dice, number).await,
            92..96 => retain(&desk, &dice, number).await,
            _ => trim(&desk, &dice, &line, number).await,
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
        let answer = shard.read(partition(number), offset, READ_BYTES, true).await;
        (answer, span(&shard, number).log_start)
    };
    match line.within(work).await {
        Some((Ok(Answer::Batches(found)), _)) => {
            note(desk, line.house.name(), number, offset, &found.pieces.concat());
            found.next
        }
        Some((Ok(Answer::BelowStart), log_start)) => {
            let trimmed = desk.streams().trimmed(number);
            if log_start > trimmed {
                desk.complain(format!("{} begins at {log_start}, and nobody trimmed beyond {trimmed}", line.house.name()));
            }
            log_start
        }
        Some((Err(error), _)) if error.kind == Kind::Corrupt => {
            desk.complain(format!("{} cannot read {number}/{offset}: {error}", line.house.name()));
            offset
        }
        // A follower may lie behind what another node showed.
        Some((Ok(Answer::AtEnd | Answer::BeyondEnd | Answer::Unknown) | Err(_), _)) | None => offset,
    }
}

/// Each offset holds what it held for whoever saw it first.
fn note(desk: &Desk, who: &str, number: u32, offset: i64, bytes: &[u8]) {
    let mut diary = desk.streams();
    let mut complaints = Vec::new();
    let mut expected = None;
    for (at, found) in records(bytes, &mut complaints) {
        if expected.is_some_and(|expected| expected != at) || expected.is_none() && at > offset {
            complaints.push(format!("{who} has {at} where {} should be in {number}", expected.unwrap_or(offset)));
        }
        expected = Some(at + 1);
        let (known, first) = diary.seen.entry((number, at)).or_insert_with(|| (found, who.to_owned()));
        if *known != found {
            complaints.push(format!("{number}/{at} is {found:?} on {who} and was {known:?} on {first}"));
        }
    }
    drop(diary);
    complaints.into_iter().for_each(|complaint| desk.complain(complaint));
}

/// Where a partition ends and begins, behind a barrier: what was acknowledged before lies between.
async fn ends(desk: &Desk, line: &Line, number: u32) {
    let _in_flight = desk.matrix.begin(Operation::Ends);
    let (shard, known) = (line.shard.clone(), desk.streams().known(number));
    let work = async move {
        shard.barrier().await.ok()?;
        Some(span(&shard, number))
    };
    let Some(Some(now)) = line.within(work).await else { return };
    if !now.reaches(known) {
        desk.complain(format!("{} says that {number} is {now:?}, and {known:?} was known before", line.house.name()));
    }
    desk.streams().learn(number, now);
}

/// What a leader says without a barrier, as it answers a Fetch: it never falls for those who follow leaders from term to term.
async fn watermark(desk: &Desk, dice: &Dice, number: u32) {
    let Some((line, _)) = leading(desk, dice) else { return };
    let _in_flight = desk.matrix.begin(Operation::Watermark);
    let (shard, told) = (line.shard.clone(), desk.streams().told.get(&number).cloned().unwrap_or_default());
    let work = async move {
        let leadership = shard.leadership();
        leadership.is_here.then(|| (leadership.term, span(&shard, number)))
    };
    let Some(Some((term, now))) = line.within(work).await else { return };
    if let Some((other, before)) = told.range(..=term).find(|(_, before)| !now.reaches(**before)) {
        let name = line.house.name();
        desk.complain(format!("{name} leads in term {term}, and {number} is {now:?} there; in term {other} it was {before:?}"));
    }
    desk.streams().told.entry(number).or_default().entry(term).or_default().raise(now);
}

/// Lets a leader look whether a partition has more than it may keep. What stays is that much at least.
async fn retain(desk: &Desk, dice: &Dice, number: u32) {
    let Some((line, _)) = leading(desk, dice) else { return };
    let _in_flight = desk.matrix.begin(Operation::Retain);
    let (shard, bytes) = (line.shard.clone(), dice.below(RETAINED_BYTES));
    let work = async move {
        let retention = Retention { bytes_max: Some(bytes), ..Retention::default() };
        let cuts = shard.retention_cuts(vec![(partition(number), retention)]).await.ok()?;
        let cut = cuts.first().map(|(_, cut)| *cut)?;
        Some((cut, bytes_from(&shard, number, cut).await?))
    };
    let Some(Some((cut, left))) = line.within(work).await else { return };
    if left < bytes {
        let name = line.house.name();
        desk.complain(format!("{name} wants {number} to begin at {cut} with {left} bytes left, and {bytes} were to stay"));
    }
    tell(format!("{number} keeps what is behind {cut}"));
    propose_trim(desk, &line, number, cut).await;
}

/// Bytes of the batches from `offset` on.
async fn bytes_from(shard: &StreamShard, number: u32, mut offset: i64) -> Option<u64> {
    let mut bytes = 0;
    loop {
        match shard.read(partition(number), offset, usize::MAX, true).await.ok()? {
            Answer::Batches(found) => {
                bytes += found.bytes as u64;
                offset = found.next;
            }
            Answer::AtEnd => return Some(bytes),
            Answer::BeyondEnd | Answer::BelowStart | Answer::Unknown => return None,
        }
    }
}

/// Asks for old records to go: most often all but the last ones, sometimes all, sometimes what went long ago.
async fn trim(desk: &Desk, dice: &Dice, line: &Line, number: u32) {
    let _in_flight = desk.matrix.begin(Operation::Trim);
    let Span { log_start, end } = line.span(number);
    let wanted = match dice.below(10) {
        0 => end,
        1..3 => log_start / 2,
        _ => end - KEPT,
    };
    if wanted <= 0 {
        return;
    }
    tell(format!("{number} is trimmed to {wanted}"));
    propose_trim(desk, line, number, wanted).await;
}

async fn propose_trim(desk: &Desk, line: &Line, number: u32, log_start: i64) {
    {
        let mut diary = desk.streams();
        let trimmed = diary.trimmed.entry(number).or_default();
        *trimmed = log_start.max(*trimmed);
    }
    match line.ask(Command::Trim { partition: partition(number), log_start }).await {
        Some(Ok(Reply::Trimmed { log_start })) => desk.streams().learn(number, Span { log_start, end: log_start }),
        // What became of it is seen by readers.
        None => {}
        other => desk.complain(format!("{} was asked to trim {number} to {log_start}, and says {other:?}", line.house.name())),
    }
}
