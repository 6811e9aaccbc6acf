//! Opening a journal: the table of cases of `docs/formats/journal.md`, in code.
//!
//! The chain of writes is followed from the oldest segment that the newest writes still need. Where it ends, everything behind is
//! searched: a valid header or record of a later write proves that the write which is missing had been synced, so the journal is
//! damaged and nothing is touched. Otherwise the missing write was never acknowledged, and is cut.

use std::{collections::BTreeMap, io, sync::Arc};

use base::{Disk, DiskFile, EntryId, Error, Kind, Result, ShardId};
use bytes::Bytes;

use crate::{
    Options,
    bugs::{Bug, planted},
    encode::Logged,
    format::{FLAG_HEAD, Place, RecordKind, ShardHead, WriteHeader},
    journal::{Segments, Shared},
    limits::FIRST_SEGMENT_BYTES_MAX,
    segment::{Pool, Preparer, Segment, segment_name, segment_number},
    state::{Shard, Slot, State},
    walk::{Reader, Remains, ValidWrite, Verdict},
    writer::{Next, Position, Writer},
};

/// The place that a record's CRC covers.
pub(crate) fn crc_place(place: Place) -> Place {
    match place {
        Place { owner, segment, .. } if planted(Bug::PlaceNotChecked) => Place { owner, segment, offset: 0 },
        Place { owner, offset, .. } if planted(Bug::LeftoversRevived) => Place { owner, segment: 0, offset },
        place => place,
    }
}

/// A journal as it was found, ready to go on.
pub(crate) struct Recovered {
    pub(crate) disk: Arc<dyn Disk>,
    options: Options,
    owner: u64,
    state: Option<State>,
    position: Position,
    next: Next,
    pool: Pool,
    logged: BTreeMap<ShardId, Logged>,
}

impl Recovered {
    pub(crate) fn take_state(&mut self) -> State {
        self.state.take().unwrap_or_else(|| State::new(self.options.tail_bytes))
    }

    pub(crate) fn into_writer(self, shared: Arc<Shared>) -> Writer {
        let preparer = Preparer::Inline(self.pool);
        Writer::new(shared, self.options, self.owner, self.position, self.next, preparer, self.logged)
    }
}

/// One shard while its records are followed.
#[derive(Default)]
struct Found {
    shard: Shard,
    committed: Option<EntryId>,
    /// Indexes below this one, and above what is purged, lie in segments that are no longer there.
    missing_below: u64,
}

/// Where the chain ended.
pub(crate) struct ChainEnd {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    /// Where the segment before ended, which is where a missing write should be.
    ended: (u64, u64),
    /// The last valid write.
    pub(crate) last: Option<WriteHeader>,
    pub(crate) closed: bool,
    pub(crate) remains: Remains,
    /// The write that was begun, when its header is readable.
    pub(crate) broken: Option<String>,
}

impl ChainEnd {
    fn begin(segment: u64) -> Self {
        let remains = Remains::default();
        Self { segment, offset: 0, ended: (segment, 0), last: None, closed: false, remains, broken: None }
    }
}

/// The segment files of a directory, open.
pub(crate) struct Files {
    pub(crate) files: BTreeMap<u64, Box<dyn DiskFile>>,
    pub(crate) owner: u64,
}

/// What recovery and inspection say about damage.
pub(crate) fn damaged(segment: u64, offset: u64, why: &str) -> Error {
    let message = format!(
        "journal damaged: {} at offset {offset}: {why}. Nothing was changed. Acknowledged writes may lie behind the damage, so the \
         node does not start: look with `manifold inspect journal`, then restore this node from its peers or a snapshot",
        segment_name(segment)
    );
    Error::new(Kind::Corrupt, message)
}

pub(crate) fn unreadable(error: &io::Error) -> Error {
    Error::new(Kind::Unavailable, format!("the journal could not be opened: {error}"))
}

impl Files {
    pub(crate) fn open(disk: &dyn Disk, owner: u64) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for name in disk.list()? {
            if let Some(number) = segment_number(&name) {
                files.insert(number, disk.open(&name, false)?);
            }
        }
        Ok(Self { files, owner })
    }

    pub(crate) fn reader(&self, number: u64) -> io::Result<Reader<'_>> {
        let file = self.files.get(&number).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Reader::new(&**file, number, self.owner)
    }

    /// The oldest segment that the newest writes still need: what the last whole write of the newest segment with a head says.
    pub(crate) fn first_needed(&self) -> Result<Option<u64>> {
        for number in self.files.keys().rev() {
            let mut reader = self.reader(*number).map_err(|error| unreadable(&error))?;
            let mut offset = 0;
            let mut first = None;
            while let Verdict::Valid(write) = reader.write_at(offset).map_err(|error| unreadable(&error))? {
                first = first.max(Some(write.header.first));
                offset += write.header.write_bytes();
            }
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// Where to begin: at the oldest needed segment or, before anything was ever synced, at the oldest file.
    pub(crate) fn start(&self, first: Option<u64>) -> Result<Option<u64>> {
        let oldest = self.files.keys().next().copied();
        match (first, oldest) {
            (None, Some(oldest)) if oldest > 1 => {
                Err(damaged(oldest, 0, "no segment has a readable head, and older ones are gone"))
            }
            (first, oldest) => Ok(first.or(oldest)),
        }
    }

    /// Follows the chain from segment `first`, handing every whole write to `visit`; then searches what is behind its end.
    pub(crate) fn follow(&self, first: u64, mut visit: impl FnMut(&ValidWrite) -> Result<()>) -> Result<ChainEnd> {
        let mut end = ChainEnd::begin(first);
        let fail = |error: io::Error| unreadable(&error);
        if !self.files.contains_key(&first) {
            return Err(damaged(first, 0, "the segment is missing"));
        }
        let mut reader = self.reader(first).map_err(fail)?;
        loop {
            match reader.write_at(end.offset).map_err(fail)? {
                Verdict::Valid(write) => {
                    check_chain(&end, &write.header, reader.len)?;
                    visit(&write)?;
                    end.closed = write.records.last().is_some_and(|record| record.header.kind == RecordKind::Closing);
                    end.offset += write.header.write_bytes();
                    end.last = Some(write.header);
                    end.broken = None;
                    continue;
                }
                Verdict::Version(version) => return Err(other_version(end.segment, end.offset, version)),
                Verdict::Broken(_, why) => end.broken = end.broken.or(Some(why)),
                Verdict::Elsewhere(header) => check_elsewhere(&end, &header, self.owner)?,
                Verdict::Absent => {}
            }
            match self.next_head(&end)? {
                Some(_) if end.last.is_none() && !planted(Bug::ChainNotChecked) => {
                    return Err(damaged(first, 0, "the head of the oldest segment that is needed is not whole"));
                }
                Some(next) => {
                    reader = next;
                    end.ended = (end.segment, end.offset);
                    end.segment = reader.number;
                    end.offset = 0;
                }
                None => break,
            }
        }
        self.search(&mut end)?;
        Ok(end)
    }

    /// The next segment whose head is whole.
    fn next_head(&self, end: &ChainEnd) -> Result<Option<Reader<'_>>> {
        for number in self.files.range(end.segment + 1..).map(|(number, _)| *number) {
            let mut reader = self.reader(number).map_err(|error| unreadable(&error))?;
            match reader.write_at(0).map_err(|error| unreadable(&error))? {
                Verdict::Valid(_) => {
                    let missing = (end.segment + 1..number).find(|number| !self.files.contains_key(number));
                    return missing.map_or(Ok(Some(reader)), |missing| Err(damaged(missing, 0, "the segment is missing")));
                }
                Verdict::Version(version) => return Err(other_version(number, 0, version)),
                Verdict::Elsewhere(header) => {
                    check_elsewhere(&ChainEnd::begin(number), &header, self.owner)?;
                }
                Verdict::Broken(..) | Verdict::Absent => {}
            }
        }
        Ok(None)
    }

    /// Searches everything behind the end of the chain, and checks that no file is missing or cut.
    fn search(&self, end: &mut ChainEnd) -> Result<()> {
        let expected = end.last.as_ref().map_or(1, |last| last.number + 1);
        for number in self.files.range(end.segment..).map(|(number, _)| *number) {
            let mut reader = self.reader(number).map_err(|error| unreadable(&error))?;
            let from = if number == end.segment { end.offset } else { 0 };
            reader.remains(from, expected, &mut end.remains).map_err(|error| unreadable(&error))?;
        }
        if let Some((segment, offset)) = end.remains.later
            && !planted(Bug::MiddleCutAsTorn)
        {
            let why = format!(
                "write {expected} is not whole, though a later one is valid ({} at offset {offset}), so it had been synced",
                segment_name(segment)
            );
            return Err(damaged(end.segment, end.offset, &why));
        }
        let Some(last) = &end.last else { return Ok(()) };
        for number in last.first..=last.end {
            let Some(file) = self.files.get(&number) else {
                return Err(damaged(number, 0, "the segment is missing"));
            };
            let len = file.len().map_err(|error| unreadable(&error))?;
            let wanted = if number == last.end { last.end_bytes } else { 0 };
            if len < wanted {
                return Err(damaged(number, len, &format!("the file ends here but had {wanted} bytes")));
            }
        }
        Ok(())
    }
}

/// A whole write must be the one that follows the last.
fn check_chain(end: &ChainEnd, header: &WriteHeader, file_bytes: u64) -> Result<()> {
    if file_bytes < header.segment_bytes {
        let why = format!("the file has {file_bytes} bytes but had {}", header.segment_bytes);
        return Err(damaged(end.segment, file_bytes, &why));
    }
    if (end.offset == 0) != header.is_head() {
        return Err(damaged(end.segment, end.offset, "a segment's head and only it says that it is one"));
    }
    let Some(last) = &end.last else { return Ok(()) };
    if planted(Bug::ChainNotChecked) || planted(Bug::PlaceNotChecked) || planted(Bug::LeftoversRevived) {
        return Ok(());
    }
    if header.number == u64::MAX {
        return Err(damaged(end.segment, end.offset, "the last number that a write can have"));
    }
    if header.number != last.number + 1 || header.previous_crc != last.crc {
        let here = segment_name(end.segment);
        let why = format!(
            "write {} should be here, but what follows {} is write {} in {here} at offset {}",
            last.number + 1,
            last.number,
            header.number,
            end.offset
        );
        let (segment, offset) = match end.ended {
            _ if end.offset > 0 => (end.segment, end.offset),
            (full, offset) if offset >= last.segment_bytes => (full + 1, 0),
            ended => ended,
        };
        return Err(damaged(segment, offset, &why));
    }
    Ok(())
}

/// A header of another place is what a recycled file held before, unless it cannot have been.
fn check_elsewhere(end: &ChainEnd, header: &WriteHeader, owner: u64) -> Result<()> {
    if header.owner != owner {
        let why = format!("it belongs to the journal of node {:x}, not of {owner:x}", header.owner);
        return Err(damaged(end.segment, end.offset, &why));
    }
    if header.segment > end.segment {
        let why = format!("the file holds {}: it was renamed or copied", segment_name(header.segment));
        return Err(damaged(end.segment, end.offset, &why));
    }
    Ok(())
}

fn other_version(segment: u64, offset: u64, version: u16) -> Error {
    let message = format!(
        "{} at offset {offset} is written in format {version}, and this version of manifold reads format {}: start the version that wrote it",
        segment_name(segment),
        crate::format::VERSION
    );
    Error::new(Kind::Unsupported, message)
}

/// Everything the chain says about the shards.
#[derive(Default)]
pub(crate) struct Replay {
    shards: BTreeMap<ShardId, Found>,
}

impl Replay {
    /// Applies one whole write.
    pub(crate) fn apply(&mut self, write: &ValidWrite, first_of_all: bool) -> Result<()> {
        for record in &write.records {
            let payload = &write.bytes[record.payload.clone()];
            let wrong = |why: &str| damaged(write.header.segment, record.offset, why);
            if record.header.kind == RecordKind::Closing {
                continue;
            }
            let found = self.shards.entry(ShardId(record.header.shard)).or_default();
            let id = || record.header.id.ok_or_else(|| wrong("a record lacks its entry"));
            match record.header.kind {
                RecordKind::Append => {
                    let id = id()?;
                    let offset = u32::try_from(record.offset).map_err(|_| wrong("an offset past 4 GiB"))?;
                    if !found.shard.continues(id.index) || id.index == u64::MAX {
                        return Err(wrong(&format!("entry {id} does not follow {:?}", found.shard.last)));
                    }
                    let slot = Slot::written(id.term, write.header.segment, offset, record.header.length);
                    found.shard.push(id, slot, None);
                }
                RecordKind::Truncate => {
                    found.shard.truncate(record.header.id);
                    found.missing_below = found.missing_below.min(record.header.id.map_or(0, |id| id.index.saturating_add(1)));
                }
                RecordKind::Purge => {
                    found.shard.purge(id()?);
                }
                RecordKind::Vote => found.shard.vote = Some(Bytes::copy_from_slice(payload)),
                RecordKind::Committed => found.committed = found.committed.max(Some(id()?)),
                RecordKind::Head => {
                    let head = ShardHead::decode(payload).ok_or_else(|| wrong("a head that cannot be read"))?;
                    if write.header.flags & FLAG_HEAD == 0 {
                        return Err(wrong("a head in the middle of a segment"));
                    }
                    if first_of_all {
                        found.begin(head);
                    } else {
                        found.check(&head).map_err(|why| wrong(&why))?;
                    }
                }
                RecordKind::Closing => {}
            }
        }
        Ok(())
    }

    /// The shards, complete: whatever is neither purged nor there was lost.
    pub(crate) fn finish(self, at: &ChainEnd) -> Result<(BTreeMap<ShardId, Shard>, BTreeMap<ShardId, Logged>)> {
        let mut shards = BTreeMap::new();
        let mut logged = BTreeMap::new();
        for (id, mut found) in self.shards {
            let kept = found.shard.purged.map_or(0, |purged| purged.index.saturating_add(1));
            if found.missing_below > kept {
                let why = format!("entries {kept} to {} of {id} are in no segment", found.missing_below - 1);
                return Err(damaged(at.segment, at.offset, &why));
            }
            found.shard.recovered(found.committed);
            let shard = &found.shard;
            let state = shard.state();
            logged.insert(id, Logged { vote: state.vote, purged: state.purged, committed: state.committed, last: state.last });
            shards.insert(id, found.shard);
        }
        Ok((shards, logged))
    }
}

impl Found {
    /// What the oldest segment's head says: older entries are elsewhere, or nowhere.
    fn begin(&mut self, head: ShardHead) {
        self.shard.vote = head.vote;
        self.shard.purged = head.purged;
        self.shard.last = head.last;
        self.committed = head.committed;
        if head.last > head.purged {
            self.missing_below = head.last.map_or(0, |last| last.index.saturating_add(1));
        }
    }

    /// A later head repeats what was followed so far.
    fn check(&mut self, head: &ShardHead) -> std::result::Result<(), String> {
        if planted(Bug::HeadWithoutVote) || planted(Bug::CommittedNotClamped) || planted(Bug::ChainNotChecked) {
            return Ok(());
        }
        if head.last != self.shard.last || head.purged != self.shard.purged || head.vote != self.shard.vote {
            return Err("the segment's head does not repeat what came before it".into());
        }
        Ok(())
    }
}

/// Recovers the journal in `disk`.
pub(crate) fn recover(disk: Arc<dyn Disk>, options: Options, owner: u64) -> Result<Recovered> {
    let pool = Pool::new(disk.clone(), options.segment_bytes);
    pool.tidy().map_err(|error| unreadable(&error))?;
    let files = Files::open(&*disk, owner).map_err(|error| unreadable(&error))?;
    let newest = files.files.keys().next_back().copied().unwrap_or(0);
    let Some(start) = files.start(files.first_needed()?)? else {
        return fresh(disk, options, owner, pool, 0);
    };
    let mut replay = Replay::default();
    let mut begun = false;
    let end = files.follow(start, |write| {
        let result = replay.apply(write, !begun);
        begun = true;
        result
    })?;
    let Some(last) = end.last.clone() else {
        return fresh(disk, options, owner, pool, newest);
    };
    let (shards, logged) = replay.finish(&end)?;
    Assembly { disk, options, owner, pool, files, last, end, newest }.go_on(shards, logged)
}

/// A journal without any write: either new, or its first write never arrived.
fn fresh(disk: Arc<dyn Disk>, options: Options, owner: u64, mut pool: Pool, newest: u64) -> Result<Recovered> {
    let number = newest + 1;
    let bytes = options.segment_bytes.min(FIRST_SEGMENT_BYTES_MAX);
    let segment = pool.prepare(number, bytes).map_err(|error| unreadable(&error))?;
    let mut state = State::new(options.tail_bytes);
    let files = Files::open(&*disk, owner).map_err(|error| unreadable(&error))?;
    state.segments = open_segments(files, 0).map_err(|error| unreadable(&error))?;
    state.segments.insert(number, segment.clone());
    state.current = number;
    let position =
        Position { segment: Some(segment), offset: 0, number: 1, previous_crc: 0, newest: number, first: 1, closed: true };
    let next = Next::None;
    Ok(Recovered { disk, options, owner, state: Some(state), position, next, pool, logged: BTreeMap::new() })
}

fn open_segments(files: Files, first: u64) -> io::Result<Segments> {
    let mut segments = BTreeMap::new();
    for (number, file) in files.files {
        if number >= first {
            segments.insert(number, Arc::new(Segment { number, bytes: file.len()?, file }));
        }
    }
    Ok(segments)
}

/// Puts together what a recovered journal goes on with.
struct Assembly {
    disk: Arc<dyn Disk>,
    options: Options,
    owner: u64,
    pool: Pool,
    files: Files,
    last: WriteHeader,
    end: ChainEnd,
    newest: u64,
}

impl Assembly {
    fn go_on(self, shards: BTreeMap<ShardId, Shard>, logged: BTreeMap<ShardId, Logged>) -> Result<Recovered> {
        let fail = |error: io::Error| unreadable(&error);
        let Assembly { disk, options, owner, mut pool, files, last, end, newest } = self;
        // What was found may so far be in the kernel's memory only; nobody may act on it before it is durable.
        for file in files.files.range(last.segment.saturating_sub(1)..).map(|(_, file)| file) {
            file.sync_data().map_err(fail)?;
        }
        disk.sync_dir().map_err(fail)?;
        let all = open_segments(files, 0).map_err(fail)?;
        let (old, mut segments): (Segments, Segments) = all.into_iter().partition(|(number, _)| *number < last.first);
        pool.release(old.into_values().collect()).map_err(fail)?;
        let clean = end.remains.begun.is_none();
        let mut next = Next::None;
        let mut segment = None;
        if clean {
            segment = segments.get(&last.segment).cloned();
            if newest == last.segment + 1
                && let Some(prepared) = segments.remove(&newest)
            {
                next = Next::Ready(prepared);
            }
        }
        let mut state = State::new(options.tail_bytes);
        state.segments = segments;
        state.current = last.segment;
        state.shards = shards;
        let position = Position {
            segment,
            offset: end.offset,
            number: last.number + 1,
            previous_crc: last.crc,
            newest,
            first: last.first,
            closed: end.closed,
        };
        Ok(Recovered { disk, options, owner, state: Some(state), position, next, pool, logged })
    }
}
