//! One live segment's file.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use base::{Disk, DiskFile, Result};
use parking_lot::Mutex;

use crate::{
    error::{damaged, failed_io},
    format::{HEADER_BYTES, RunTable, TRAILER_BYTES, Trailer, check_header},
    key::{SegmentId, file_name},
    meta::SegmentMeta,
    yard::Yard,
};

/// A segment that was opened. The last one who reads it hands its file over for removal, once it is no part of the store any more.
pub(crate) struct Segment {
    pub(crate) meta: SegmentMeta,
    pub(crate) yard: Arc<Yard>,
    /// Which opening this is.
    pub(crate) number: u64,
    pub(crate) marks_at: u64,
    pub(crate) table_at: u64,
    handle: Mutex<Option<Arc<dyn DiskFile>>>,
    is_gone: AtomicBool,
}

/// Reads header and trailer of the file `name`, which is to be `id`'s: whose file it is, and that its parts fit.
pub(crate) fn read_ends(disk: &dyn Disk, name: &str, id: SegmentId) -> Result<(Box<dyn DiskFile>, Trailer, SegmentMeta)> {
    let failed = |error: std::io::Error| failed_io(id, &error);
    let file = disk.open(name, false).map_err(failed)?;
    let length = file.len().map_err(failed)?;
    if length < (HEADER_BYTES + TRAILER_BYTES) as u64 {
        return Err(damaged(id, "its file is too short"));
    }
    let mut header = [0; HEADER_BYTES];
    file.read_at(&mut header, 0).map_err(failed)?;
    check_header(id, &header)?;
    let mut trailer = [0; TRAILER_BYTES];
    file.read_at(&mut trailer, length - TRAILER_BYTES as u64).map_err(failed)?;
    let decoded = Trailer::decode(id, &trailer, length)?;
    let meta = decoded.meta(&trailer);
    Ok((file, decoded, meta))
}

impl Segment {
    /// Opens the file `name`, which a commit calls `meta`, and reads its run table. Batches and marks are not read.
    pub(crate) fn open_as(yard: &Arc<Yard>, name: &str, meta: SegmentMeta) -> Result<(Arc<Segment>, RunTable)> {
        let (file, trailer, found) = read_ends(&*yard.disk, name, meta.id)?;
        if found != meta {
            return Err(damaged(meta.id, "its file is not the one that was committed"));
        }
        let table = RunTable::read(&*file, &trailer)?;
        let segment = Segment {
            meta,
            yard: yard.clone(),
            number: yard.take_number(),
            marks_at: trailer.marks_at,
            table_at: trailer.table_at,
            handle: Mutex::default(),
            is_gone: AtomicBool::new(false),
        };
        Ok((Arc::new(segment), table))
    }

    /// Opens the segment that a commit calls `meta`.
    pub(crate) fn open(yard: &Arc<Yard>, meta: SegmentMeta) -> Result<(Arc<Segment>, RunTable)> {
        Segment::open_as(yard, &file_name(meta.id), meta)
    }

    /// Opens its file by another name than its own, for as long as this opening lives.
    pub(crate) fn hold(&self, name: &str) -> Result<()> {
        let file = self.yard.disk.open(name, false).map_err(|error| failed_io(self.id(), &error))?;
        *self.handle.lock() = Some(Arc::from(file));
        Ok(())
    }

    pub(crate) fn id(&self) -> SegmentId {
        self.meta.id
    }

    /// Reads its run table again.
    pub(crate) fn table(&self) -> Result<RunTable> {
        Segment::open(&self.yard, self.meta).map(|(_, table)| table)
    }

    /// Its open file.
    pub(crate) fn file(self: &Arc<Self>) -> Result<Arc<dyn DiskFile>> {
        let mut handle = self.handle.lock();
        if let Some(file) = &*handle {
            return Ok(file.clone());
        }
        let file = self.yard.disk.open(&file_name(self.id()), false).map_err(|error| failed_io(self.id(), &error))?;
        let file: Arc<dyn DiskFile> = Arc::from(file);
        *handle = Some(file.clone());
        drop(handle);
        self.yard.note_opened(self);
        Ok(file)
    }

    /// Lets go of its file; who reads next opens it again.
    pub(crate) fn close(&self) {
        *self.handle.lock() = None;
    }

    #[cfg(test)]
    pub(crate) fn is_open(&self) -> bool {
        self.handle.lock().is_some()
    }

    pub(crate) fn read_at(self: &Arc<Self>, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.file()?.read_at(buffer, offset).map_err(|error| failed_io(self.id(), &error))
    }

    /// It is no part of the store any more: its file goes once nobody reads it.
    pub(crate) fn retire(&self) {
        self.is_gone.store(true, Relaxed);
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.is_gone.load(Relaxed) {
            self.yard.note_gone(self.id());
        }
    }
}
