//! The shared handle: submit, read, ask.

use std::{collections::BTreeMap, io, sync::Arc};

use base::{Disk, EntryId, Error, Kind, Result, ShardId};
use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use crate::{
    Done, Entry, Options, Record, ShardState, SpaceState, Writer,
    encode::check_size,
    format::{Place, RecordHeader, RecordKind, record_bytes, record_crc},
    limits::{READ_RUN_BYTES, SEGMENT_BYTES_MIN, SPACE_ALARM_PERCENT},
    recovery,
    segment::{RESERVE_NAME, Segment},
    state::State,
};

/// What handle and writer share.
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) owner: u64,
    pub(crate) state: Mutex<State>,
    pub(crate) wake: Condvar,
}

/// The shared handle of the journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

impl Journal {
    /// Opens and recovers a journal without an owner; see [`Journal::open_owned`].
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<(Journal, Writer)> {
        Self::open_owned(disk, options, 0)
    }

    /// Opens and recovers the journal of `owner` (a node's id), creating it in an empty directory. `Corrupt` with a message
    /// that says what to do when a damaged middle, a missing segment or another owner's segment is found; `Unsupported` when
    /// it was written in another format; `Unavailable` when the disk cannot be read or written.
    pub fn open_owned(disk: Arc<dyn Disk>, options: Options, owner: u64) -> Result<(Journal, Writer)> {
        if options.segment_bytes < SEGMENT_BYTES_MIN || options.segment_bytes > u64::from(u32::MAX) / 2 {
            let message = format!("journal segment size must lie between {SEGMENT_BYTES_MIN} bytes and 2 GiB");
            return Err(Error::new(Kind::Invalid, message));
        }
        let mut recovered = recovery::recover(disk, options, owner)?;
        let shared = Arc::new(Shared {
            disk: recovered.disk.clone(),
            owner,
            state: Mutex::new(recovered.take_state()),
            wake: Condvar::new(),
        });
        let writer = recovered.into_writer(shared.clone());
        Ok((Journal { shared }, writer))
    }

    /// Queues one record; order of calls is order on disk. Reads see it at once. `done` is called when it is durable.
    ///
    /// # Panics
    /// When entries do not continue the shard's log: that is a defect of the caller, and nothing after it could be right.
    pub fn submit(&self, record: Record, done: Option<Done>) {
        let refusal = {
            let mut state = self.shared.state.lock();
            match state.refusal().or_else(|| check_size(&record).err()) {
                Some(error) => Some((error, done)),
                None => {
                    state.enqueue(record, done);
                    if state.writer_sleeps || state.writer_waits && !state.queue.is_empty() {
                        state.writer_waits = false;
                        state.writer_sleeps = false;
                        self.shared.wake.notify_one();
                    }
                    if let Some(task) = state.writer_task.take() {
                        task.wake();
                    }
                    None
                }
            }
        };
        if let Some((error, Some(done))) = refusal {
            done(Err(error));
        }
    }

    /// Entries of `[from, to)` that the shard holds, ascending, at most `bytes_max` of payload but at least one if there is any.
    pub fn read(&self, shard: ShardId, from: u64, to: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        let wanted = self.find(shard, from, to, bytes_max)?;
        let mut entries = Vec::with_capacity(wanted.len());
        let mut at = 0;
        while at < wanted.len() {
            match &wanted[at].1 {
                Source::Memory(payload) => {
                    entries.push(Entry { id: wanted[at].0, payload: payload.clone() });
                    at += 1;
                }
                Source::Disk(segment, offset) => {
                    at += self.read_run(shard, segment, u64::from(*offset), &wanted[at..], &mut entries)?;
                }
            }
        }
        Ok(entries)
    }

    /// The payload of the entry at `index`, if memory has it.
    pub fn recent(&self, shard: ShardId, index: u64) -> Option<Bytes> {
        self.shared.state.lock().shards.get(&shard)?.recent(index).cloned()
    }

    /// What to read, and from where.
    fn find(&self, shard: ShardId, from: u64, to: u64, bytes_max: usize) -> io::Result<Vec<(EntryId, Source, u32)>> {
        let state = self.shared.state.lock();
        let Some(found) = state.shards.get(&shard) else { return Ok(Vec::new()) };
        let held = found.held();
        let mut wanted = Vec::new();
        let mut bytes = 0;
        for index in from.max(held.start)..to.min(held.end) {
            let Some(slot) = found.slot(index) else { break };
            bytes += slot.length as usize;
            if bytes > bytes_max && !wanted.is_empty() {
                break;
            }
            let source = match (found.recent(index), slot.segment()) {
                (Some(payload), _) => Source::Memory(payload.clone()),
                (None, Some(number)) => {
                    let segment = state.segments.get(&number).ok_or_else(|| {
                        io::Error::new(io::ErrorKind::NotFound, format!("journal segment {number} is not open"))
                    })?;
                    Source::Disk(segment.clone(), slot.offset)
                }
                (None, None) => unreachable!("an entry that is not written is in memory"),
            };
            wanted.push((EntryId { term: slot.term, index }, source, slot.length));
        }
        Ok(wanted)
    }

    /// Reads neighbours in one segment with one call; gives how many.
    fn read_run(
        &self,
        shard: ShardId,
        segment: &Arc<Segment>,
        start: u64,
        wanted: &[(EntryId, Source, u32)],
        entries: &mut Vec<Entry>,
    ) -> io::Result<usize> {
        let mut end = start;
        let mut count = 0;
        for (_, source, length) in wanted {
            let Source::Disk(other, offset) = source else { break };
            let after = u64::from(*offset) + record_bytes(*length as usize) as u64;
            let near = u64::from(*offset) >= end && after - start <= READ_RUN_BYTES as u64;
            if count > 0 && (other.number != segment.number || !near) {
                break;
            }
            end = after;
            count += 1;
        }
        let mut bytes = vec![0; (end - start) as usize];
        segment.file.read_at(&mut bytes, start)?;
        let bytes = Bytes::from(bytes);
        for (id, source, length) in &wanted[..count] {
            let Source::Disk(_, offset) = source else { break };
            let at = (u64::from(*offset) - start) as usize;
            let place = Place { owner: self.shared.owner, segment: segment.number, offset: u64::from(*offset) };
            let payload = check_entry(place, shard, *id, &bytes.slice(at..at + record_bytes(*length as usize)), *length)?;
            entries.push(Entry { id: *id, payload });
        }
        Ok(count)
    }

    /// The id of the entry at `index`, without its payload.
    pub fn entry_id(&self, shard: ShardId, index: u64) -> Option<EntryId> {
        self.shared.state.lock().shards.get(&shard)?.entry_id(index)
    }

    /// Bytes of the entries behind `index`.
    pub fn bytes_after(&self, shard: ShardId, index: u64) -> u64 {
        self.shared.state.lock().shards.get(&shard).map_or(0, |shard| shard.bytes_after(index))
    }

    /// What is known of a shard.
    pub fn state(&self, shard: ShardId) -> ShardState {
        self.shared.state.lock().shards.get(&shard).map(crate::state::Shard::state).unwrap_or_default()
    }

    /// Shards that have any record here.
    pub fn shards(&self) -> Vec<ShardId> {
        self.shared.state.lock().shards.keys().copied().collect()
    }

    /// The shard whose oldest entry pins the oldest segment, and how many bytes the journal occupies in all.
    pub fn pressure(&self) -> (Option<ShardId>, u64) {
        let state = self.shared.state.lock();
        let bytes = state.segments.values().map(|segment| segment.bytes).sum();
        (state.oldest().map(|(_, shard)| shard), bytes)
    }

    /// Why records are refused, if they are: a write or a sync failed, or the journal is closed.
    pub fn refusal(&self) -> Option<io::Error> {
        self.shared.state.lock().refusal()
    }

    /// Whether the writer is gone, after [`Journal::close`] or a failure.
    pub fn has_ended(&self) -> bool {
        self.shared.state.lock().ended
    }

    /// Whether the disk keeps up, for whoever looks from time to time.
    pub fn pulse(&self) -> Pulse {
        let state = self.shared.state.lock();
        Pulse { writes: state.writes_done, is_waiting: !state.queue.is_empty() || state.writes_begun != state.writes_done }
    }

    /// How full the file system is, with the alarm at [`SPACE_ALARM_PERCENT`].
    pub fn space(&self) -> io::Result<SpaceState> {
        self.space_with_alarm_at(SPACE_ALARM_PERCENT)
    }

    /// How full the file system is, with the alarm at `percent` used.
    pub fn space_with_alarm_at(&self, percent: u8) -> io::Result<SpaceState> {
        let space = self.shared.disk.space()?;
        let used = u128::from(space.total.saturating_sub(space.free));
        let alarm = used * 100 >= u128::from(space.total) * u128::from(percent);
        let reserve = self.shared.disk.open(RESERVE_NAME, false).is_ok();
        Ok(SpaceState { free: space.free, total: space.total, alarm, reserve })
    }

    /// Frees the reserve file, so that a full disk has room for the purges and settles that make more. It comes back at the
    /// next start that has room for it.
    pub fn release_reserve(&self) -> io::Result<()> {
        match self.shared.disk.remove(RESERVE_NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.and_then(|()| self.shared.disk.sync_dir()),
        }
    }

    /// Ends the writer after everything queued is durable and a closing record is written. What is submitted later is refused.
    pub fn close(&self) {
        let mut state = self.shared.state.lock();
        state.closing = true;
        state.writer_waits = false;
        state.writer_sleeps = false;
        self.shared.wake.notify_all();
    }
}

/// What [`Journal::pulse`] saw: a disk that has the same number of writes behind it while something waits has not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Writes synced since the start.
    pub writes: u64,
    /// Whether anything is not synced yet.
    pub is_waiting: bool,
}

enum Source {
    Memory(Bytes),
    Disk(Arc<Segment>, u32),
}

/// The payload of a record that must be this entry.
fn check_entry(place: Place, shard: ShardId, id: EntryId, bytes: &Bytes, length: u32) -> io::Result<Bytes> {
    let header = RecordHeader::decode(bytes);
    let end = crate::format::RECORD_HEADER_BYTES + length as usize;
    let right = header.is_some_and(|header| {
        header.kind == RecordKind::Append
            && header.length == length
            && header.shard == shard.0
            && header.id == Some(id)
            && header.crc == record_crc(recovery::crc_place(place), &bytes[..end])
    });
    if right {
        return Ok(bytes.slice(crate::format::RECORD_HEADER_BYTES..end));
    }
    let message = format!(
        "journal segment {} at offset {}: entry {id} of {shard} is damaged; run `manifold inspect journal`",
        place.segment, place.offset
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

pub(crate) type Segments = BTreeMap<u64, Arc<Segment>>;
