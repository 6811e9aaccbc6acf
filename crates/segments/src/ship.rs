//! Segments on their way between nodes: a file is sent as it is, and received under another name until it is known to be whole.

use std::{io, sync::Arc};

use base::{DiskFile, Error, Kind, Result};
use bytes::Bytes;

use crate::{
    error::{conflict, damaged, failed_io},
    key::{SegmentId, received_name},
    limits::PIECE_BYTES,
    meta::SegmentMeta,
    run::{Placed, Run},
    segment::Segment,
    store::Store,
    yard::Yard,
};

/// A live segment that is being sent. It holds the file, whatever becomes of the segment meanwhile.
pub struct Export {
    segment: Arc<Segment>,
    position: u64,
}

impl Export {
    /// What the receiver is to compare with.
    pub fn meta(&self) -> SegmentMeta {
        self.segment.meta
    }

    /// The next piece of the file, at most 1 MiB; `None` at its end. What was sent is not checked here but where it is received.
    ///
    /// # Errors
    /// `Corrupt` if the file is shorter than it was; `Unavailable` if the disk refused.
    pub fn next_piece(&mut self) -> Result<Option<Bytes>> {
        let left = self.segment.meta.length - self.position;
        if left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES))];
        self.segment.read_at(&mut piece, self.position)?;
        self.position += piece.len() as u64;
        Ok(Some(Bytes::from(piece)))
    }
}

/// A segment that is being received. Dropped unfinished, its file is removed.
pub struct Import {
    yard: Arc<Yard>,
    meta: SegmentMeta,
    file: Box<dyn DiskFile>,
    position: u64,
    begun: u64,
    is_finished: bool,
}

/// What there is to do for a segment that another node has.
pub enum Arrival {
    /// It is to be sent.
    Begun(Import),
    /// It is here.
    Here(Hold),
}

/// Keeps a segment's file until it is adopted: one that was live when it was asked for may be merged away before, and one that was
/// received goes when nobody adopts it.
pub struct Hold {
    _live: Option<Arc<Segment>>,
    _received: Option<Received>,
}

struct Received {
    yard: Arc<Yard>,
    id: SegmentId,
}

impl Hold {
    fn received(yard: &Arc<Yard>, id: SegmentId) -> Hold {
        Hold { _live: None, _received: Some(Received { yard: yard.clone(), id }) }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.yard.let_go(self.id);
    }
}

impl Store {
    /// Begins to send a live segment.
    ///
    /// # Errors
    /// `NotFound` if it is not live.
    pub fn export(&self, id: SegmentId) -> Result<Export> {
        Ok(Export { segment: self.live_segment(id)?, position: 0 })
    }

    /// Begins to receive a segment, unless this node has it, live or received before.
    ///
    /// # Errors
    /// `Conflict` if it has another one of the same id, or is receiving it; `Unavailable` if the disk refused.
    pub fn import(&self, meta: SegmentMeta) -> Result<Arrival> {
        let other = || conflict(meta.id, "is here with other bytes");
        if let Some(segment) = self.segment(meta.id) {
            return if segment.meta == meta {
                Ok(Arrival::Here(Hold { _live: Some(segment), _received: None }))
            } else {
                Err(other())
            };
        }
        // A file that was received and verified, and waits for its commit.
        if self.yard.hold_with_others(meta.id) {
            let hold = Hold::received(&self.yard, meta.id);
            return Segment::open(&self.yard, meta).map(|_| Arrival::Here(hold)).map_err(|_| other());
        }
        let name = received_name(meta.id);
        let disk = &self.yard.disk;
        let create = || {
            if disk.list()?.contains(&name) {
                return Ok(None);
            }
            disk.open(&name, true).map(Some)
        };
        let file = create().map_err(|error: io::Error| failed_io(meta.id, &error))?;
        let file = file.ok_or_else(|| conflict(meta.id, "is being received already"))?;
        Ok(Arrival::Begun(Import { yard: self.yard.clone(), meta, file, position: 0, begun: 0, is_finished: false }))
    }
}

impl Import {
    /// Appends the next piece.
    ///
    /// # Errors
    /// `Invalid` if it goes beyond the segment's length; `Unavailable` if the disk refused.
    pub fn push(&mut self, piece: &[u8]) -> Result<()> {
        let end = self.position.checked_add(piece.len() as u64).filter(|end| *end <= self.meta.length);
        let end = end.ok_or_else(|| Error::new(Kind::Invalid, format!("segment {} is longer than was said", self.meta.id)))?;
        self.file.write_at(piece, self.position).map_err(|error| failed_io(self.meta.id, &error))?;
        self.position = end;
        if end - self.begun >= crate::limits::WRITE_BACK_BYTES {
            // Advice, which a file system may not take.
            let _ = self.file.begin_write_back(self.begun, end - self.begun);
            self.begun = end;
        }
        Ok(())
    }

    /// Makes it durable, checks every byte of it, and gives it its name. It is not live before it is committed and adopted, and its
    /// file goes if that does not happen while it is held.
    ///
    /// # Errors
    /// `Corrupt` if it is not the segment that was promised; `Unavailable` if the disk refused. Its file is removed then.
    pub fn finish(mut self) -> Result<Hold> {
        let id = self.meta.id;
        if self.position != self.meta.length {
            return Err(damaged(id, "it ended before its length"));
        }
        self.file.sync_data().map_err(|error| failed_io(id, &error))?;
        verify(&self.yard, &received_name(id), self.meta, &mut |_| Ok(()))?;
        let disk = &self.yard.disk;
        self.yard.hold_as(id, &received_name(id)).map_err(|error| failed_io(id, &error))?;
        self.is_finished = true;
        let hold = Hold::received(&self.yard, id);
        disk.sync_dir().map_err(|error| failed_io(id, &error))?;
        Ok(hold)
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now goes at the next start.
            let _ = self.yard.disk.remove(&received_name(self.meta.id));
        }
    }
}

impl Store {
    /// Reads all of a live segment and checks every byte: header, trailer, run table, lists of blocks, and batches. `pace` is told of
    /// every piece in bytes, and may make it rest or give up. Gives the bytes of batches.
    ///
    /// # Errors
    /// `Corrupt` if anything is not what was written; `NotFound` if it is not live; `Unavailable` if the disk refused; whatever
    /// `pace` refuses with.
    pub fn verify(&self, id: SegmentId, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<u64> {
        let segment = self.live_segment(id)?;
        verify(&self.yard, &crate::key::file_name(id), segment.meta, pace)
    }
}

/// Reads all of the file `name`, which is to be `meta`'s.
pub(crate) fn verify(yard: &Arc<Yard>, name: &str, meta: SegmentMeta, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<u64> {
    let (segment, table) = Segment::open_as(yard, name, meta)?;
    segment.hold(name)?;
    let (mut bytes, mut marks_end) = (0, 0);
    for entry in table.entries() {
        let placed = Placed { run: Run::new(&entry, 0), segment: segment.clone() };
        let (batches, marks_bytes) = verify_run(&placed, entry.marks == marks_end, pace)?;
        if batches != u64::from(entry.batches) {
            return Err(placed.damaged("the number of batches is not the one that was written"));
        }
        marks_end += marks_bytes;
        bytes += u64::from(entry.length);
    }
    let is_filled = u64::from(marks_end) == segment.table_at - segment.marks_at;
    if is_filled { Ok(bytes) } else { Err(damaged(meta.id, "there is something between its runs and its run table")) }
}

/// Checks all of a run; its batches, and the bytes of its list of marks.
fn verify_run(placed: &Placed, marks_follow: bool, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<(u64, u32)> {
    let blocks = placed.blocks_uncached()?;
    let marks_bytes = blocks.marks_bytes();
    if marks_bytes > 0 && !marks_follow {
        return Err(placed.damaged("the list of blocks does not lie where it belongs"));
    }
    let (mut at, mut batches, mut latest) = (0, 0, i64::MIN);
    while at < blocks.count() {
        let group = blocks.group(at, u64::MAX);
        let checked = placed.read(&blocks, group.clone())?;
        batches += checked.batches.len() as u64;
        for block in group.clone() {
            let last = blocks.get(block).last_offset;
            let until = checked.batches.iter().take_while(|found| found.head.last_offset <= last);
            latest = until.map(|found| found.head.max_timestamp).fold(latest, i64::max);
            if latest != blocks.max_timestamp(block) {
                return Err(placed.damaged("a timestamp is not the one that was written"));
            }
        }
        at = group.end;
        pace(checked.bytes.len() as u64)?;
    }
    Ok((batches, marks_bytes))
}
