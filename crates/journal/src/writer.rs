//! The writing half: takes what waits, writes it, syncs it, and only then tells anyone.

use std::{
    collections::BTreeMap,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use base::{Clock, EntryId, ShardId};

use crate::{
    Done, Options, Pace, Record,
    bugs::{Bug, planted},
    encode::{Encoder, Fit, Logged, fit, queued_bytes, shard_of, too_large},
    format::{FLAG_HEAD, Place, RECORD_HEADER_BYTES, RecordKind, WRITE_HEADER_BYTES, WriteHeader, record_bytes},
    journal::Shared,
    limits::{BLOCK_BYTES, IDLE_MS, PACE_LOOK_MS},
    pace::Pacer,
    segment::{Preparer, Segment},
    state::{Effect, Queued, State},
};

/// Where the next write goes.
pub(crate) struct Position {
    /// `None`: the next write begins a new segment.
    pub(crate) segment: Option<Arc<Segment>>,
    pub(crate) offset: u64,
    pub(crate) number: u64,
    pub(crate) previous_crc: u32,
    /// The newest segment number in use, prepared or not.
    pub(crate) newest: u64,
    /// The oldest segment that is not yet given back.
    pub(crate) first: u64,
    /// Whether the last write was a closing one.
    pub(crate) closed: bool,
}

/// Which segment comes next.
pub(crate) enum Next {
    /// Nobody asked for it.
    None,
    /// It is being made.
    Asked,
    /// It is there.
    Ready(Arc<Segment>),
}

/// A write that is not synced yet.
struct InFlight {
    effects: Vec<Effect>,
    dones: Vec<Done>,
    segment: Arc<Segment>,
    first: u64,
}

/// The records of one write, before their place is known.
#[derive(Default)]
struct Batch {
    queued: Vec<Queued>,
    hints: Vec<(ShardId, EntryId)>,
    dones: Vec<Done>,
    closing: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.hints.is_empty() && self.dones.is_empty() && !self.closing
    }
}

/// The writing half, for one thread (or one task of the simulator).
pub struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    pub(crate) owner: u64,
    pub(crate) position: Position,
    pub(crate) next: Next,
    pub(crate) preparer: Preparer,
    pub(crate) logged: BTreeMap<ShardId, Logged>,
    buffer: Vec<u8>,
    /// Who waits for the write that is being made.
    dones: Vec<Done>,
    in_flight: Option<InFlight>,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        options: Options,
        owner: u64,
        position: Position,
        next: Next,
        preparer: Preparer,
        logged: BTreeMap<ShardId, Logged>,
    ) -> Self {
        Self { shared, options, owner, position, next, preparer, logged, buffer: Vec::new(), dones: Vec::new(), in_flight: None }
    }

    /// Runs until [`crate::Journal::close`], waiting for records. An error means that a write or a sync failed: end the process.
    pub fn run(self) -> io::Result<()> {
        self.keep_running(None)
    }

    /// The same, with the distance between writes that the disk wants, which `pace` tells everyone.
    pub fn run_at_pace(self, pace: Pace, clock: &dyn Clock) -> io::Result<()> {
        self.keep_running(Some((Pacer::new(pace), clock)))
    }

    fn keep_running(mut self, pace: Option<(Pacer, &dyn Clock)>) -> io::Result<()> {
        let result = self.run_until_closed(pace);
        if let Err(error) = &result {
            self.fail(error);
        }
        result
    }

    fn run_until_closed(&mut self, mut pace: Option<(Pacer, &dyn Clock)>) -> io::Result<()> {
        let pool = std::mem::replace(&mut self.preparer, Preparer::Ended);
        self.preparer = pool.into_background()?;
        self.preparer.reserve(self.options.reserve_bytes)?;
        loop {
            if let Some((pacer, clock)) = &mut pace {
                self.keep_distance(pacer, *clock);
            }
            if self.write()? {
                self.sync()?;
                if let Some((pacer, clock)) = &mut pace {
                    pacer.done(clock.monotonic());
                }
                continue;
            }
            let mut state = self.shared.state.lock();
            if !state.queue.is_empty() {
                continue;
            }
            if state.closing {
                drop(state);
                self.idle()?;
                return Ok(());
            }
            state.writer_waits = true;
            let quiet = self.position.closed && !state.hints;
            state.writer_sleeps = quiet;
            if quiet {
                self.shared.wake.wait(&mut state);
            } else {
                let timeout = self.shared.wake.wait_for(&mut state, Duration::from_millis(IDLE_MS));
                if timeout.timed_out() && state.queue.is_empty() {
                    state.writer_waits = false;
                    drop(state);
                    self.idle()?;
                    continue;
                }
            }
            state.writer_waits = false;
            state.writer_sleeps = false;
        }
    }

    /// Waits, if something waits, until the pace allows the next write. A full one gains nothing by waiting, and a vote is urgent.
    fn keep_distance(&self, pacer: &mut Pacer, clock: &dyn Clock) {
        let mut state = self.shared.state.lock();
        if state.queue.is_empty() {
            return;
        }
        loop {
            let now = clock.monotonic();
            let Some(earliest) = pacer.earliest(now) else { break };
            if state.closing || state.is_urgent(self.options.write_bytes_max) {
                break;
            }
            self.shared.wake.wait_for(&mut state, (earliest - now).min(Duration::from_millis(PACE_LOOK_MS)));
        }
        pacer.started(clock.monotonic());
    }

    /// For the simulator: writes what waits, without syncing. `false` if nothing waited (an idle journal then may call [`Writer::idle`]).
    pub fn write(&mut self) -> io::Result<bool> {
        let batch = self.take(false);
        if batch.is_empty() {
            return Ok(false);
        }
        self.put(batch).inspect_err(|error| self.fail(error))?;
        Ok(true)
    }

    /// For the simulator: ready when records wait.
    pub fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.state.lock();
        if !state.queue.is_empty() {
            return Poll::Ready(());
        }
        state.writer_task = Some(context.waker().clone());
        Poll::Pending
    }

    /// For the simulator: syncs what was written and calls the `Done`s.
    pub fn sync(&mut self) -> io::Result<()> {
        let Some(in_flight) = self.in_flight.take() else { return Ok(()) };
        let mut synced = in_flight.segment.file.sync_data();
        if synced.is_err() && planted(Bug::SyncRetried) {
            synced = in_flight.segment.file.sync_data();
        }
        if let Err(error) = synced {
            self.in_flight = Some(in_flight);
            self.fail(&error);
            return Err(error);
        }
        let freed = {
            let mut state = self.shared.state.lock();
            state.complete(in_flight.segment.number, in_flight.effects);
            release_below(&mut state, in_flight.first)
        };
        for done in in_flight.dones {
            done(Ok(()));
        }
        self.position.first = in_flight.first;
        let result = if freed.is_empty() { Ok(()) } else { self.preparer.release(freed) };
        result.and_then(|()| self.prepare_ahead()).inspect_err(|error| self.fail(error))
    }

    /// What a quiet journal does: writes the hints that wait and a closing record, synced. Nothing if it did already.
    pub fn idle(&mut self) -> io::Result<()> {
        self.sync()?;
        if self.position.closed && !self.shared.state.lock().hints {
            return Ok(());
        }
        let batch = self.take(true);
        self.put(batch).inspect_err(|error| self.fail(error))?;
        self.sync()
    }

    /// Takes what waits, at most `write_bytes_max` of it but at least one record.
    fn take(&mut self, closing: bool) -> Batch {
        let max = self.options.write_bytes_max.min(usize::try_from(self.options.segment_bytes / 2).unwrap_or(usize::MAX));
        let mut state = self.shared.state.lock();
        let mut batch = Batch { closing, ..Batch::default() };
        let mut room = max;
        while let Some(queued) = state.queue.pop_front() {
            match fit(queued, &mut room, batch.queued.is_empty()) {
                Fit::Whole(queued) => batch.queued.push(queued),
                Fit::Part(queued, rest) => {
                    batch.queued.push(queued);
                    state.queue.push_front(rest);
                    break;
                }
                Fit::Later(queued) => {
                    state.queue.push_front(queued);
                    break;
                }
            }
        }
        postpone_votes(&mut batch.queued, &mut state);
        if batch.queued.is_empty() && !closing {
            return batch;
        }
        if state.hints && state.queue.is_empty() {
            state.hints = false;
            batch.dones = std::mem::take(&mut state.hint_dones);
        }
        state.writes_begun += 1;
        for (id, shard) in &state.shards {
            let logged = self.logged.get(id).and_then(|logged| logged.committed);
            if let Some(committed) = shard.committed()
                && logged < Some(committed)
            {
                batch.hints.push((*id, committed));
            }
        }
        drop(state);
        plant_order(&mut batch.queued);
        batch
    }

    /// Encodes and writes a batch.
    fn put(&mut self, mut batch: Batch) -> io::Result<()> {
        assert!(self.in_flight.is_none(), "one write is in flight; sync it before the next");
        self.dones.extend(batch.queued.iter_mut().filter_map(|queued| queued.done.take()));
        self.dones.append(&mut batch.dones);
        let records: usize = batch.queued.iter().map(|queued| queued_bytes(&queued.record)).sum();
        let hints = (batch.hints.len() + usize::from(batch.closing)) * RECORD_HEADER_BYTES;
        let head = self.place_write((WRITE_HEADER_BYTES + records + hints) as u64)?;
        let segment = self.position.segment.clone().ok_or_else(|| io::Error::other("no segment to write to"))?;
        self.buffer.clear();
        self.buffer.resize(WRITE_HEADER_BYTES, 0);
        let mut encoder = Encoder {
            place: Place { owner: self.owner, segment: segment.number, offset: self.position.offset },
            number: self.position.number,
            out: &mut self.buffer,
            records: 0,
            records_crc: 0,
        };
        if head {
            for (shard, logged) in &self.logged {
                encoder.record(RecordKind::Head, shard.0, None, &logged.head().encode());
            }
        }
        let mut effects = Vec::with_capacity(batch.queued.len());
        for queued in batch.queued.drain(..) {
            let logged = self.logged.entry(shard_of(&queued.record)).or_default();
            encoder.queued(queued, logged, &mut effects);
        }
        for (shard, committed) in batch.hints {
            encoder.record(RecordKind::Committed, shard.0, Some(committed), &[]);
            self.logged.entry(shard).or_default().committed = Some(committed);
        }
        if batch.closing {
            encoder.record(RecordKind::Closing, 0, None, &[]);
        }
        let (records, records_crc) = (encoder.records, encoder.records_crc);
        let first = self.first_needed(segment.number);
        self.finish(&segment, head, records, records_crc, first)?;
        if planted(Bug::AckBeforeSync) {
            for done in self.dones.drain(..) {
                done(Ok(()));
            }
        }
        self.position.closed = batch.closing;
        self.in_flight = Some(InFlight { effects, dones: std::mem::take(&mut self.dones), segment, first });
        if planted(Bug::PurgeBeforeSync) {
            self.release_early()?;
        }
        Ok(())
    }

    /// Completes the header, pads and writes.
    fn finish(&mut self, segment: &Segment, head: bool, records: u32, records_crc: u32, first: u64) -> io::Result<()> {
        let length = u32::try_from(self.buffer.len() - WRITE_HEADER_BYTES).map_err(|_| too_large())?;
        let (end, end_bytes) = match &self.next {
            Next::Ready(next) => (next.number, next.bytes),
            Next::None | Next::Asked => (segment.number, segment.bytes),
        };
        let header = WriteHeader {
            flags: if head { FLAG_HEAD } else { 0 },
            length,
            number: self.position.number,
            segment: segment.number,
            offset: self.position.offset,
            owner: self.owner,
            first,
            end,
            segment_bytes: segment.bytes,
            end_bytes,
            records,
            records_crc,
            previous_crc: self.position.previous_crc,
            crc: 0,
        };
        let crc = header.encode(&mut self.buffer);
        self.buffer.resize(self.buffer.len().next_multiple_of(BLOCK_BYTES as usize), 0);
        segment.file.write_at(&self.buffer, self.position.offset)?;
        self.position.offset += self.buffer.len() as u64;
        self.position.number += 1;
        self.position.previous_crc = crc;
        Ok(())
    }

    /// Makes sure that a write of so many bytes has room, in a new segment if needed; `true` if it is that segment's first.
    fn place_write(&mut self, bytes: u64) -> io::Result<bool> {
        if let Some(segment) = &self.position.segment
            && self.position.offset + bytes.next_multiple_of(BLOCK_BYTES) <= segment.bytes
        {
            return Ok(self.position.offset == 0);
        }
        let heads: usize = self.logged.values().map(|logged| record_bytes(logged.head().encode().len())).sum();
        let needed = (bytes + heads as u64).next_multiple_of(BLOCK_BYTES);
        let mut next = match std::mem::replace(&mut self.next, Next::None) {
            Next::Ready(segment) => Some(segment),
            Next::Asked => self.preparer.take(true)?,
            Next::None => None,
        };
        if next.as_ref().is_none_or(|segment| segment.bytes < needed) {
            if let Some(small) = next.take() {
                // It stays, empty: recovery passes over it, and it is given back with its neighbours.
                self.shared.state.lock().segments.insert(small.number, small);
            }
            next = self.make_now(needed.max(self.options.segment_bytes))?;
        }
        let segment = next.ok_or_else(|| io::Error::other("no segment was made"))?;
        self.position.newest = self.position.newest.max(segment.number);
        let mut state = self.shared.state.lock();
        state.segments.insert(segment.number, segment.clone());
        state.current = segment.number;
        drop(state);
        self.position.segment = Some(segment);
        self.position.offset = 0;
        Ok(true)
    }

    fn make_now(&mut self, bytes: u64) -> io::Result<Option<Arc<Segment>>> {
        let number = self.position.newest + 1;
        self.position.newest = number;
        match self.preparer.begin(number, bytes)? {
            Some(segment) => Ok(Some(segment)),
            None => self.preparer.take(true),
        }
    }

    /// Asks for the next segment once the current one is half full.
    fn prepare_ahead(&mut self) -> io::Result<()> {
        match &self.next {
            Next::Ready(_) => return Ok(()),
            Next::Asked => {
                if let Some(segment) = self.preparer.take(false)? {
                    self.next = Next::Ready(segment);
                }
                return Ok(());
            }
            Next::None => {}
        }
        let half = self.position.segment.as_ref().is_some_and(|segment| self.position.offset * 2 >= segment.bytes);
        if half {
            let number = self.position.newest + 1;
            self.position.newest = number;
            self.next = match self.preparer.begin(number, self.options.segment_bytes)? {
                Some(segment) => Next::Ready(segment),
                None => Next::Asked,
            };
        }
        Ok(())
    }

    /// The oldest segment that durable state needs, never going back.
    fn first_needed(&self, current: u64) -> u64 {
        let state = self.shared.state.lock();
        let oldest = state.oldest().map_or(current, |(pin, _)| pin.min(current));
        oldest.max(self.position.first)
    }

    /// The planted bug: gives back what a purge frees before that purge is durable.
    fn release_early(&mut self) -> io::Result<()> {
        let freed = {
            let mut state = self.shared.state.lock();
            let current = state.current;
            for shard in state.shards.values_mut() {
                shard.pin = shard.slot(shard.held().start).map(|slot| slot.segment().unwrap_or(current));
            }
            let first = state.oldest().map_or(current, |(pin, _)| pin.min(current));
            release_below(&mut state, first)
        };
        self.preparer.release(freed)
    }

    /// Latches a failure and tells everyone who waits.
    fn fail(&mut self, error: &io::Error) {
        let mut dones: Vec<Done> = self.in_flight.take().map(|in_flight| in_flight.dones).unwrap_or_default();
        dones.append(&mut self.dones);
        {
            let mut state = self.shared.state.lock();
            if state.failed.is_none() {
                state.failed = Some((error.kind(), format!("the journal could not be written: {error}")));
            }
            dones.extend(state.queue.drain(..).filter_map(|queued| queued.done));
            dones.append(&mut state.hint_dones);
        }
        for done in dones {
            done(Err(io::Error::new(error.kind(), format!("the journal could not be written: {error}"))));
        }
    }
}

impl Drop for Writer {
    /// A writer that goes away answers everyone who still waits.
    fn drop(&mut self) {
        let waiting = {
            let state = self.shared.state.lock();
            !state.queue.is_empty() || !state.hint_dones.is_empty() || self.in_flight.is_some() || !state.closing
        };
        if waiting {
            self.fail(&io::Error::other("its writer has ended"));
        }
        self.shared.state.lock().ended = true;
    }
}

/// Takes the segments below `first` out of the state.
fn release_below(state: &mut State, first: u64) -> Vec<Arc<Segment>> {
    let kept = state.segments.split_off(&first);
    std::mem::replace(&mut state.segments, kept).into_values().collect()
}

/// The planted bug that lets votes wait for the write after that of the entries beside them.
fn postpone_votes(queued: &mut Vec<Queued>, state: &mut State) {
    if planted(Bug::VoteAfterAppend) && queued.iter().any(|queued| matches!(queued.record, Record::Append(..))) {
        for vote in queued.extract_if(.., |queued| matches!(queued.record, Record::Vote(..))) {
            state.queue.push_front(vote);
        }
    }
}

/// The planted bug that puts records of one write into the wrong order.
fn plant_order(queued: &mut [Queued]) {
    if planted(Bug::TruncateAfterAppend) {
        queued.sort_by_key(|queued| matches!(queued.record, Record::Truncate(..)));
    }
}
