//! Table files: opened after what the library would believe unchecked was checked, and removed when nobody reads them.

use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use base::{Disk, DiskFile, Result, disk::RealDisk};
use lsm_tree::{Cache, Checksum, DescriptorTable, GlobalTableId, SeqNo, Table, checksum::ChecksummedWriter};
use parking_lot::Mutex;

use super::{
    Pace,
    error::{damaged, failed, failed_io},
    manifest::Entry,
};
use crate::limits::{MERGE_CACHE_BYTES, OPEN_FILES_MAX};

const SUFFIX: &str = ".table";
/// The library's number of a tree, by which it tells trees that share a cache apart; ours share none.
const TREE: u64 = 0;
/// Magic, version, kind of checksum, checksum, position and length: the end of a table file.
const TRAILER_BYTES: u64 = 4 + 1 + 1 + 16 + 8 + 8;
const TRAILER_HEAD: &[u8] = b"SFA!\x01\x00";
/// A table of contents is a few short names with their places.
const CONTENTS_BYTES_MAX: u64 = 4096;

/// The directory of a tree, and what its table files share.
pub(super) struct Yard {
    pub(super) disk: RealDisk,
    pace: Pace,
    cache: Arc<Cache>,
    open_files: Arc<DescriptorTable>,
    /// Files that nobody reads any more, to be removed by whoever writes next: a reader does not wait for that.
    gone: Mutex<Vec<(u64, u64)>>,
    bytes: AtomicU64,
    next_id: AtomicU64,
}

impl Yard {
    pub(super) fn new(disk: RealDisk, cache_bytes: u64, pace: Pace, next_id: u64) -> Arc<Yard> {
        Arc::new(Yard {
            disk,
            pace,
            cache: Arc::new(Cache::with_capacity_bytes(cache_bytes)),
            open_files: Arc::new(DescriptorTable::new(OPEN_FILES_MAX)),
            gone: Mutex::default(),
            bytes: AtomicU64::new(0),
            next_id: AtomicU64::new(next_id),
        })
    }

    /// A number that no file has had. Whoever settles and those who stage write files at the same time.
    pub(super) fn take_id(&self) -> u64 {
        self.next_id.fetch_add(1, Relaxed)
    }

    /// No file has this number yet, or a greater one.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.load(Relaxed)
    }

    pub(super) fn path(&self, id: u64) -> PathBuf {
        self.disk.path().join(name(id))
    }

    /// Bytes of table files, those included that wait to be removed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Lets the disk begin with what a file that is being written holds beyond `from`, instead of meeting the whole of it at the
    /// end, in front of everything else; then keeps the pace. Answers how long the file is.
    pub(super) fn pace(&self, id: u64, from: u64) -> Result<u64> {
        let file = self.disk.open(&name(id), false).map_err(failed_io)?;
        let length = file.len().map_err(failed_io)?;
        // Advice, which a file system may not take: the sync at the file's end is what counts.
        let _ = file.begin_write_back(from, length.saturating_sub(from));
        (self.pace.0)(length.saturating_sub(from));
        Ok(length)
    }

    /// Removes a file that no manifest names.
    pub(super) fn remove(&self, id: u64) -> Result<()> {
        self.disk.remove(&name(id)).map_err(failed_io)
    }

    /// Removes what nobody reads any more.
    pub(super) fn clear(&self) -> Result<()> {
        let gone = std::mem::take(&mut *self.gone.lock());
        for (id, bytes) in gone {
            self.remove(id)?;
            self.open_files.remove_for_table(&GlobalTableId::from((TREE, id)));
            self.bytes.fetch_sub(bytes, Relaxed);
        }
        Ok(())
    }

    fn checked(&self, entry: &Entry) -> Result<()> {
        let file = self.disk.open(&name(entry.id), false).map_err(failed_io)?;
        if file.len().map_err(failed_io)? != entry.file_bytes {
            return Err(damaged(format!("{} does not have its length", name(entry.id))));
        }
        check_contents(&*file, entry.file_bytes, entry.id)
    }

    fn table(&self, entry: &Entry, cache: Arc<Cache>, open_files: Option<Arc<DescriptorTable>>, pin: bool) -> Result<Table> {
        let checksum = Checksum::from_raw(entry.checksum);
        Table::recover(self.path(entry.id), checksum, entry.base, TREE, cache, open_files, pin, false).map_err(failed)
    }

    /// Reads the whole file and compares it with the manifest.
    pub(super) fn verify(&self, entry: &Entry, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        let file = self.disk.open(&name(entry.id), false).map_err(failed_io)?;
        let mut sum = ChecksummedWriter::new(std::io::sink());
        let mut chunk = vec![0; 1 << 20];
        let mut offset = 0;
        while offset < entry.file_bytes {
            let length = usize::try_from(entry.file_bytes - offset).map_or(chunk.len(), |left| left.min(chunk.len()));
            file.read_at(&mut chunk[..length], offset).map_err(failed_io)?;
            sum.write_all(&chunk[..length]).map_err(failed_io)?;
            offset += length as u64;
            read(length as u64)?;
        }
        let intact = sum.checksum().into_u128() == entry.checksum;
        if intact { Ok(()) } else { Err(damaged(format!("{} does not match its checksum", name(entry.id)))) }
    }
}

/// The library allocates for as many sections as a file's table of contents says before it looks at the checksum of that table.
fn check_contents(file: &dyn DiskFile, length: u64, id: u64) -> Result<()> {
    let broken = || damaged(format!("the table of contents of {} is broken", name(id)));
    let trailer_at = length.checked_sub(TRAILER_BYTES).ok_or_else(broken)?;
    let mut trailer = [0; TRAILER_BYTES as usize];
    file.read_at(&mut trailer, trailer_at).map_err(failed_io)?;
    let (head, rest) = trailer.split_at(TRAILER_HEAD.len());
    let (checksum, rest) = rest.split_at(16);
    let (position, size) = rest.split_at(8);
    let position = u64::from_le_bytes(position.try_into().expect("eight bytes were split off"));
    let size = u64::from_le_bytes(size.try_into().expect("eight bytes are left"));
    let fits = position.checked_add(size).is_some_and(|end| end == trailer_at) && size <= CONTENTS_BYTES_MAX;
    if head != TRAILER_HEAD || !fits {
        return Err(broken());
    }
    let mut contents = vec![0; usize::try_from(size).map_err(|_| broken())?];
    file.read_at(&mut contents, position).map_err(failed_io)?;
    let mut sum = ChecksummedWriter::new(std::io::sink());
    sum.write_all(&contents).map_err(failed_io)?;
    if sum.checksum().into_u128().to_le_bytes() == checksum { Ok(()) } else { Err(broken()) }
}

/// The name of a table's file.
pub(super) fn name(id: u64) -> String {
    format!("{id}{SUFFIX}")
}

/// The table that a file name belongs to.
pub(super) fn id_of(name: &str) -> Option<u64> {
    name.strip_suffix(SUFFIX)?.parse().ok()
}

/// One table file. The last one who reads it hands it over for removal, once it is no part of the tree any more.
pub(super) struct TableFile {
    pub(super) entry: Entry,
    pub(super) table: Table,
    yard: Arc<Yard>,
    is_gone: AtomicBool,
}

impl TableFile {
    /// Opens a table that a manifest names, or is about to.
    pub(super) fn open(yard: &Arc<Yard>, entry: Entry) -> Result<Arc<TableFile>> {
        yard.checked(&entry)?;
        let table = yard.table(&entry, yard.cache.clone(), Some(yard.open_files.clone()), true)?;
        let range = &table.metadata.key_range;
        let itself = table.id() == entry.id && range.min()[..] == entry.first[..] && range.max()[..] == entry.last[..];
        if !itself || table.metadata.item_count != entry.records {
            return Err(damaged(format!("{} is not the file that belongs there", name(entry.id))));
        }
        yard.bytes.fetch_add(entry.file_bytes, Relaxed);
        Ok(Arc::new(TableFile { entry, table, yard: yard.clone(), is_gone: AtomicBool::new(false) }))
    }

    /// A second handle, whose reads do not disturb the cache.
    pub(super) fn aside(&self) -> Result<Table> {
        let cache = Arc::new(Cache::with_capacity_bytes(MERGE_CACHE_BYTES));
        self.yard.table(&self.entry, cache, None, false)
    }

    /// It is no part of the tree any more: remove it once nobody reads it.
    pub(super) fn retire(&self) {
        self.is_gone.store(true, Relaxed);
    }

    pub(super) fn get(&self, key: &[u8], hash: u64) -> Result<Option<lsm_tree::InternalValue>> {
        self.table.get(key, SeqNo::MAX, hash).map_err(failed)
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if self.is_gone.load(Relaxed) {
            self.yard.gone.lock().push((self.entry.id, self.entry.file_bytes));
        }
    }
}
