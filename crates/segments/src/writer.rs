//! Writes one segment in one pass, in bounded memory beside its run table.

use std::{io, sync::Arc};

use base::{Disk, DiskFile, Error, Kind, Result};

use crate::{
    batch::{BatchHead, COVERED_FROM},
    error::failed_io,
    format::{HEADER_BYTES, Mark, NO_MARKS, RUN_BYTES, RunEntry, TRAILER_BYTES, Trailer, encode_header, encode_marks},
    key::{PartitionKey, SegmentId, file_name},
    limits::{BLOCK_BYTES, RUN_BYTES_MAX, RUNS_MAX, WRITE_BACK_BYTES, WRITE_BYTES},
    meta::SegmentMeta,
};

/// A segment that is being written. Nothing names its file before the caller's commit; dropped unfinished, it is removed.
pub struct Writer {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    id: SegmentId,
    generation: u32,
    buffer: Vec<u8>,
    /// Bytes that were handed to the disk, and of those the ones that it was told to begin with.
    written: u64,
    begun: u64,
    table: Vec<RunEntry>,
    marks: Vec<u8>,
    run: Option<OpenRun>,
    is_finished: bool,
    has_failed: bool,
}

/// The run that is being written.
struct OpenRun {
    entry: RunEntry,
    blocks: Vec<Mark>,
}

impl OpenRun {
    fn new(partition: PartitionKey, head: &BatchHead, position: u64) -> OpenRun {
        let entry = RunEntry {
            partition,
            length: 0,
            base_offset: head.base_offset,
            last_offset: head.base_offset - 1,
            max_timestamp: head.max_timestamp,
            position,
            batches: 0,
            marks: NO_MARKS,
            check: 0,
        };
        OpenRun { entry, blocks: Vec::new() }
    }

    fn goes_on_with(&self, partition: &PartitionKey, head: &BatchHead) -> bool {
        self.entry.partition == *partition
            && self.entry.last_offset + 1 == head.base_offset
            && self.entry.length as usize + head.bytes <= RUN_BYTES_MAX as usize
    }

    fn add(&mut self, head: &BatchHead, bytes: &[u8]) {
        let entry = &mut self.entry;
        let is_full = self.blocks.last().is_none_or(|block| entry.length - block.position >= BLOCK_BYTES);
        entry.max_timestamp = entry.max_timestamp.max(head.max_timestamp);
        if is_full {
            let max_timestamp = entry.max_timestamp;
            self.blocks.push(Mark { base_offset: head.base_offset, max_timestamp, position: entry.length, check: 0 });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.max_timestamp = entry.max_timestamp;
            block.check = crc32c::crc32c_append(block.check, &bytes[..COVERED_FROM]);
        }
        entry.last_offset = head.last_offset;
        entry.batches += 1;
        entry.length += u32::try_from(head.bytes).expect("a batch is smaller than a run may be");
    }

    /// The entry for the run table; its marks, if it has any, are added to `marks`.
    fn close(mut self, marks: &mut Vec<u8>) -> RunEntry {
        match self.blocks.as_slice() {
            [block] => self.entry.check = block.check,
            blocks => {
                self.entry.marks = u32::try_from(marks.len()).expect("marks are far fewer than bytes of runs");
                self.entry.check = encode_marks(blocks, marks);
            }
        }
        self.entry
    }
}

impl Writer {
    /// Begins the file of `id`. `generation` is 0 for a settle, and one more than that of its sources for a merge.
    pub(crate) fn begin(disk: Arc<dyn Disk>, id: SegmentId, generation: u32) -> Result<Writer> {
        // What lies there under this name was left by a process that died: no commit names it.
        let create = || {
            let file = disk.open(&file_name(id), true)?;
            file.set_len(0)?;
            Ok(file)
        };
        let file = create().map_err(|error: io::Error| failed_io(id, &error))?;
        let mut buffer = Vec::with_capacity(WRITE_BYTES);
        buffer.extend_from_slice(&encode_header(id));
        Ok(Writer {
            disk,
            file,
            id,
            generation,
            buffer,
            written: 0,
            begun: 0,
            table: Vec::new(),
            marks: Vec::new(),
            run: None,
            is_finished: false,
            has_failed: false,
        })
    }

    /// Whose file it is.
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// Bytes so far, without marks and run table.
    pub fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends one or more whole batches of `partition`, as they are to be served. They must come in the order of (partition,
    /// offset); where offsets do not go on, another run begins.
    ///
    /// # Errors
    /// `Invalid` if `bytes` are not whole batches with those offsets and that timestamp; `OutOfRange` if the segment has as many
    /// runs as it may have; `Unavailable` if the disk refused, which is final.
    ///
    /// # Panics
    /// If partition and offset do not ascend: the caller sorts.
    pub fn push(
        &mut self,
        partition: PartitionKey,
        base_offset: i64,
        last_offset: i64,
        max_timestamp: i64,
        bytes: &[u8],
    ) -> Result<()> {
        check_whole(base_offset, last_offset, max_timestamp, bytes)?;
        if self.has_failed {
            return Err(Error::new(Kind::Unavailable, format!("segment {} could not be written before", self.id)));
        }
        let before = self.run.as_ref().map(|run| (run.entry.partition, run.entry.last_offset));
        assert!(
            before.is_none_or(|before| before < (partition, base_offset)),
            "batches come in the order of partition and offset"
        );
        let mut rest = bytes;
        while let Some(head) = BatchHead::decode(rest) {
            self.batch(partition, &head, rest)?;
            rest = &rest[head.bytes..];
        }
        Ok(())
    }

    fn batch(&mut self, partition: PartitionKey, head: &BatchHead, bytes: &[u8]) -> Result<()> {
        if !self.run.as_ref().is_some_and(|run| run.goes_on_with(&partition, head)) {
            self.close_run();
            if self.table.len() >= RUNS_MAX as usize {
                return Err(Error::new(Kind::OutOfRange, format!("segment {} has as many runs as it may have", self.id)));
            }
            self.run = Some(OpenRun::new(partition, head, self.bytes()));
        }
        if let Some(run) = &mut self.run {
            run.add(head, bytes);
        }
        self.append(&bytes[..head.bytes])
    }

    fn close_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.table.push(run.close(&mut self.marks));
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > WRITE_BYTES {
            self.flush()?;
        }
        if bytes.len() < WRITE_BYTES {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.write(&buffer);
        buffer.clear();
        self.buffer = buffer;
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_at(bytes, self.written) {
            self.has_failed = true;
            return Err(failed_io(self.id, &error));
        }
        self.written += bytes.len() as u64;
        if self.written - self.begun >= WRITE_BACK_BYTES {
            // Advice, which a file system may not take: the sync at the end is what counts.
            let _ = self.file.begin_write_back(self.begun, self.written - self.begun);
            self.begun = self.written;
        }
        Ok(())
    }

    /// Ends the file and makes it durable, its name included. `None`, and no file, if nothing was pushed.
    ///
    /// # Errors
    /// `Unavailable` if the disk refused; the file is removed then.
    pub fn finish(mut self) -> Result<Option<SegmentMeta>> {
        self.close_run();
        if self.table.is_empty() {
            return Ok(None);
        }
        let meta = self.end()?;
        let synced = self.file.sync_data().and_then(|()| self.disk.sync_dir());
        synced.map_err(|error| failed_io(self.id, &error))?;
        self.is_finished = true;
        Ok(Some(meta))
    }

    /// Writes marks, run table and trailer.
    fn end(&mut self) -> Result<SegmentMeta> {
        let marks_at = self.bytes();
        let marks = std::mem::take(&mut self.marks);
        self.append(&marks)?;
        let table_at = self.bytes();
        let mut table_check = 0;
        let table = std::mem::take(&mut self.table);
        let mut bytes = Vec::with_capacity(RUN_BYTES * 1024);
        for runs in table.chunks(1024) {
            bytes.clear();
            runs.iter().for_each(|run| run.encode(&mut bytes));
            table_check = crc32c::crc32c_append(table_check, &bytes);
            self.append(&bytes)?;
        }
        let runs = u32::try_from(table.len()).expect("the number of runs was held against its limit");
        let length = self.bytes() + TRAILER_BYTES as u64;
        let (id, generation) = (self.id, self.generation);
        let trailer = Trailer { id, generation, marks_at, table_at, length, runs, table_check };
        let bytes = trailer.encode();
        debug_assert!(marks_at > HEADER_BYTES as u64, "a run has bytes");
        self.append(&bytes)?;
        self.flush()?;
        Ok(trailer.meta(&bytes))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now goes at the next start.
            let _ = self.disk.remove(&file_name(self.id));
        }
    }
}

/// Checks that `bytes` are whole batches, one behind the other, from `base_offset` to `last_offset`.
fn check_whole(base_offset: i64, last_offset: i64, max_timestamp: i64, bytes: &[u8]) -> Result<()> {
    let (mut rest, mut next, mut first, mut latest) = (bytes, 0, None, i64::MIN);
    while let Some(head) = BatchHead::decode(rest) {
        if head.base_offset < next {
            break;
        }
        first = first.or(Some(head.base_offset));
        next = head.last_offset + 1;
        latest = latest.max(head.max_timestamp);
        rest = &rest[head.bytes..];
    }
    let is_whole = rest.is_empty() && first == Some(base_offset) && next - 1 == last_offset && latest == max_timestamp;
    let message = "what is to be settled is not whole record batches with the offsets and the timestamp that were said";
    if is_whole { Ok(()) } else { Err(Error::new(Kind::Invalid, message)) }
}
