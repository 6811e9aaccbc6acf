//! `ctl consume`: records become lines.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, BufWriter, IsTerminal, Write},
    thread::sleep,
    time::Instant,
};

use kafka_wire::{
    ErrorCode,
    batch::Batches,
    messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData},
};

use super::{
    client::{Client, leader_of, patiently},
    fault::Fault,
    groups,
    interrupt::Interrupt,
    limits::{FETCH_BYTES, FETCH_PARTITION_BYTES, FETCH_WAIT_MS, INFLATED_BYTES_MAX, RETRY_FOR, RETRY_WAIT_MAX},
    membership::Membership,
    place::{EARLIEST, LATEST, Place},
    record_text::{self, Format},
    reset,
};
use crate::{
    config::readable,
    ctl::progress,
    exit::{Code, Failure, Outcome},
    log,
};

/// Later versions name topics by their ids.
const FETCH_NEWEST: i16 = 12;

/// What is read, and how far.
pub(super) struct Options {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) from: Place,
    pub(super) group: Option<String>,
    pub(super) count: Option<u64>,
    pub(super) exit_at_end: bool,
    pub(super) format: Format,
}

/// Reads and prints until there is a reason to stop; a group's offsets are committed behind what was printed.
pub(super) fn consume(client: &mut Client, options: &Options) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let topic = patiently(|| client.topic(&options.topic))?;
    let partitions = topic.chosen(options.partition)?;
    let (positions, ends) = begin(client, options, &partitions)?;
    let mut membership = match &options.group {
        None => None,
        Some(group) => Some(Membership::join(client, group, &topic.name, &partitions)?),
    };
    let left = options.count.unwrap_or(u64::MAX);
    let (leaders, topic, since) = (topic.leaders(), topic.name, Instant::now());
    let mut consumer = Consumer { client, topic, leaders, positions, ends, left, records: 0, bytes: 0, since };
    let outcome = consumer.run(options, membership.as_mut(), &interrupt);
    let Some(mut membership) = membership else { return outcome.map(|_| ()) };
    // What nobody read is not committed: it comes again.
    let committed = match &outcome {
        Ok(true) => membership.commit(consumer.client, &consumer.positions),
        _ => Ok(()),
    };
    let left = membership.leave(consumer.client);
    outcome.map(|_| ()).and(committed).and(left)
}

type Offsets = BTreeMap<i32, i64>;

/// Where each partition is read from, and where it ends now, if that is where to stop.
fn begin(client: &mut Client, options: &Options, partitions: &[i32]) -> Outcome<(Offsets, Option<Offsets>)> {
    let (mut positions, ends) = reset::targets(client, &options.topic, partitions, options.from)?;
    if let Some(group) = &options.group {
        let committed = groups::committed(client, group)?;
        for (partition, position) in &mut positions {
            *position = committed.get(&(options.topic.clone(), *partition)).copied().unwrap_or(*position);
        }
    }
    Ok((positions, options.exit_at_end.then_some(ends)))
}

struct Consumer<'c> {
    client: &'c mut Client,
    topic: String,
    leaders: BTreeMap<i32, Option<i32>>,
    /// The next offset of each partition, behind what was printed.
    positions: Offsets,
    ends: Option<Offsets>,
    /// Records that may still be printed.
    left: u64,
    records: u64,
    bytes: u64,
    since: Instant,
}

impl Consumer<'_> {
    /// True: everything that was printed has been taken.
    fn run(&mut self, options: &Options, mut membership: Option<&mut Membership>, interrupt: &Interrupt) -> Outcome<bool> {
        let stdout = io::stdout();
        let colour = log::colour(&stdout);
        // On a terminal the records themselves show that it goes on.
        let mut progress = (!stdout.is_terminal()).then(progress::Line::new);
        let mut out = BufWriter::with_capacity(64 << 10, stdout.lock());
        let print = |partition: i32, record: &kafka_wire::batch::Record<'_>, out: &mut dyn Write| {
            let mut line = Vec::new();
            record_text::write(&mut line, options.format, colour, partition, record).and_then(|()| out.write_all(&line))
        };
        let mut trouble = None;
        while self.left > 0 && !interrupt.is_asked() && !self.is_at_end() {
            let fetched = self.round(&mut |partition, record| print(partition, record, &mut out));
            match fetched.and_then(|fault| out.flush().map(|()| fault).map_err(Stop::from)) {
                Ok(None) => trouble = None,
                Ok(Some(fault)) => self.recover(fault, trouble.get_or_insert_with(Instant::now))?,
                Err(Stop::Unread) => return Ok(false),
                Err(Stop::Failed(failure)) => return Err(failure),
            }
            if let Some(membership) = &mut membership {
                membership.tick(self.client, &self.positions)?;
            }
            if let Some(line) = &mut progress {
                line.show(|| self.pace());
            }
        }
        Ok(true)
    }

    fn is_at_end(&self) -> bool {
        let Some(ends) = &self.ends else { return false };
        self.positions.iter().all(|(partition, position)| ends.get(partition).is_none_or(|end| position >= end))
    }

    fn pace(&self) -> String {
        let seconds = self.since.elapsed().as_secs_f64().max(0.001);
        let (rate, bytes) = (self.records as f64 / seconds, self.bytes as f64 / seconds / 1e6);
        format!("{} records, {}, {rate:.0} records/s, {bytes:.2} MB/s", self.records, readable(self.bytes))
    }

    /// Waits, and asks anew who leads; gives up when that has gone on for long.
    fn recover(&mut self, fault: Fault, since: &Instant) -> Outcome {
        if !fault.is_transient() || since.elapsed() >= RETRY_FOR {
            return Err(fault.into());
        }
        sleep(RETRY_WAIT_MAX / 4);
        // Whoever cannot be asked now may be asked the next time.
        if let Ok(topic) = self.client.topic(&self.topic) {
            self.leaders = topic.leaders();
        }
        Ok(())
    }

    /// Asks every leader once, and prints what comes. The fault is of those that gave nothing.
    fn round(&mut self, print: &mut Print<'_>) -> Result<Option<Fault>, Stop> {
        let mut faults = Vec::new();
        let mut by_leader: BTreeMap<i32, Vec<FetchPartition>> = BTreeMap::new();
        for (partition, position) in &self.positions {
            if self.ends.as_ref().and_then(|ends| ends.get(partition)).is_some_and(|end| position >= end) {
                continue;
            }
            match leader_of(&self.leaders, &self.topic, *partition) {
                Ok(leader) => by_leader.entry(leader).or_default().push(FetchPartition {
                    partition: *partition,
                    fetch_offset: *position,
                    partition_max_bytes: FETCH_PARTITION_BYTES,
                    ..FetchPartition::default()
                }),
                Err(fault) => faults.push(fault),
            }
        }
        let mut asked = Vec::new();
        for (leader, partitions) in by_leader {
            let question = question(&self.topic, partitions);
            match self.client.broker(leader).and_then(|broker| broker.send(&question, FETCH_NEWEST)) {
                Ok(()) => asked.push(leader),
                Err(fault) => faults.push(fault),
            }
        }
        let mut stopped = Ok(());
        for leader in asked {
            if stopped.is_err() {
                self.client.forget(leader);
                continue;
            }
            match self.answered(leader, print, &mut faults) {
                Ok(()) => {}
                Err(Ended::Fault(fault)) => {
                    self.client.forget(leader);
                    faults.push(fault);
                }
                Err(Ended::Stop(stop)) => stopped = Err(stop),
            }
        }
        stopped?;
        faults.sort_by_key(Fault::is_transient);
        Ok(faults.into_iter().next())
    }

    /// Reads and prints one broker's answer.
    fn answered(&mut self, leader: i32, print: &mut Print<'_>, faults: &mut Vec<Fault>) -> Result<(), Ended> {
        let answer = self.client.broker(leader).and_then(super::connection::Connection::receive).map_err(Ended::Fault)?;
        let told: FetchResponse<'_> = answer.read().map_err(Ended::Fault)?;
        Fault::check(told.error_code, None, format_args!("topic {}", self.topic)).map_err(Ended::Fault)?;
        for data in told.responses.iter().flat_map(|topic| &topic.partitions) {
            let index = data.partition_index;
            if data.error_code == ErrorCode::OffsetOutOfRange as i16 {
                self.find_place(index).map_err(Ended::Stop)?;
                continue;
            }
            match Fault::check(data.error_code, None, format_args!("{}, partition {index}", self.topic)) {
                Ok(()) => self.print_partition(data, print).map_err(Ended::Stop)?,
                Err(fault) => faults.push(fault),
            }
        }
        Ok(())
    }

    /// What was next is gone, by age or by `topic trim`: goes on with the first record that is there, and says so.
    fn find_place(&mut self, index: i32) -> Result<(), Stop> {
        let of = |timestamp: i64| BTreeMap::from([(index, timestamp)]);
        let start = self.client.offsets(&self.topic, &of(EARLIEST))?.get(&index).copied().unwrap_or(0);
        let end = self.client.offsets(&self.topic, &of(LATEST))?.get(&index).copied().unwrap_or(0);
        let position = self.positions.entry(index).or_default();
        let place = if *position < start { start } else { end };
        // Whoever does not hear this still sees the offsets.
        let _ = writeln!(
            io::stderr(),
            "manifold: {} has no offset {position} in partition {index} (any more), which has {start} to {end}; it goes on at {place}",
            self.topic
        );
        *position = place;
        Ok(())
    }

    /// Prints a partition's records from its position on.
    fn print_partition(&mut self, data: &PartitionData<'_>, print: &mut Print<'_>) -> Result<(), Stop> {
        let index = data.partition_index;
        let damaged = |what: &dyn std::fmt::Display| {
            Stop::Failed(Failure::new(Code::Damaged, format!("partition {index} gives a batch that is damaged: {what}")))
        };
        let Some(position) = self.positions.get_mut(&index) else { return Ok(()) };
        let end = self.ends.as_ref().and_then(|ends| ends.get(&index)).copied().unwrap_or(i64::MAX);
        for batch in Batches::new(data.records.unwrap_or_default()) {
            let batch = batch.map_err(|fault| damaged(&fault))?;
            if !batch.crc_is_right() {
                return Err(damaged(&"its checksum is another one"));
            }
            let content = if batch.is_control() {
                Cow::Borrowed(&[][..])
            } else {
                batch.inflate(INFLATED_BYTES_MAX).map_err(|fault| damaged(&fault))?
            };
            let records = (!batch.is_control()).then(|| batch.records(&content));
            for record in records.into_iter().flatten() {
                let record = record.map_err(|fault| damaged(&fault))?;
                if record.offset < *position {
                    continue;
                }
                if self.left == 0 || record.offset >= end {
                    return Ok(());
                }
                print(index, &record)?;
                *position = record.offset + 1;
                self.left -= 1;
                self.records += 1;
                self.bytes += (record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len)) as u64;
            }
            *position = (*position).max(batch.last_offset().saturating_add(1));
        }
        Ok(())
    }
}

type Print<'p> = dyn FnMut(i32, &kafka_wire::batch::Record<'_>) -> io::Result<()> + 'p;

fn question(topic: &str, partitions: Vec<FetchPartition>) -> FetchRequest<'_> {
    FetchRequest {
        max_wait_ms: FETCH_WAIT_MS,
        min_bytes: 1,
        max_bytes: FETCH_BYTES,
        topics: vec![FetchTopic { topic: Cow::Borrowed(topic), partitions, ..FetchTopic::default() }],
        ..FetchRequest::default()
    }
}

/// Why nothing more is printed.
enum Stop {
    /// Whoever read as much as they wanted (`head`) is not a failure.
    Unread,
    Failed(Failure),
}

/// Why no more of an answer is looked at: the broker's fault, or the end of all.
enum Ended {
    Fault(Fault),
    Stop(Stop),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Stop::Unread;
        }
        Stop::Failed(Failure::new(Code::Failed, format!("stdout cannot be written: {error}")))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}
