//! A disk in memory that lies on demand.
//!
//! It keeps, for every file, what a program sees and what would be there after a power failure, and for the directory the
//! names that are durable and the changes that are not. [`MemoryDisk::crash`] makes the disk that the next start would find,
//! for one [`Ending`] and one seed; [`MemoryDisk::damage`] rots bytes; [`MemoryDisk::inject`] lets a call fail. Pages are
//! shared between a disk and its copies, so that a copy at every step of a workload costs little.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use parking_lot::Mutex;

use super::{Disk, DiskFile, Space};

const PAGE_BYTES: usize = 4096;
const SECTOR_BYTES: usize = 512;
const SECTORS_A_PAGE: usize = PAGE_BYTES / SECTOR_BYTES;

type Page = Arc<[u8; PAGE_BYTES]>;

/// How a power failure treats what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// All of it reached the disk.
    NothingLost,
    /// None of it did.
    UnsyncedLost,
    /// It arrived in order, up to some 512-byte sector.
    Torn512,
    /// It arrived in order, up to some 4096-byte block.
    Torn4096,
    /// Any of its sectors arrived, others did not.
    Reordered,
    /// All arrived, but one sector of it reads as zeros.
    Zeroed,
    /// All arrived, but one block of it holds what was there before.
    Stale,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Ending; 7] = [
        Ending::NothingLost,
        Ending::UnsyncedLost,
        Ending::Torn512,
        Ending::Torn4096,
        Ending::Reordered,
        Ending::Zeroed,
        Ending::Stale,
    ];
}

/// Damage to bytes that were synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Damage {
    /// The sector reads as zeros.
    Zeroed,
    /// One bit of the sector is the other one.
    Flipped,
    /// The 4096-byte block holds what it held before its last sync.
    Stale,
    /// The 4096-byte block holds another block of the same file (a misdirected write).
    Misdirected,
}

/// What an injected fault makes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The next write fails with this raw error number, having written nothing.
    Write(i32),
    /// The next sync of a file fails with this raw error number; what it covered is not durable and never will be by a repetition.
    Sync(i32),
    /// Every write and sync fails with this raw error number from now on.
    All(i32),
}

/// What just happened to the disk, for an observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Bytes were written to a file, unsynced.
    Write,
    /// A file was synced.
    Sync,
    /// A file was created, renamed, removed, cut or grown, unsynced.
    Name,
    /// The directory was synced.
    SyncDir,
}

#[derive(Clone, Debug, Default)]
struct File {
    pages: Vec<Page>,
    len: u64,
    durable: Vec<Page>,
    durable_len: u64,
    /// What a page held before the sync that made it what it is.
    before: BTreeMap<usize, Page>,
    /// Sectors written since the last sync, in the order of their first write.
    dirty: Vec<u64>,
    dirty_set: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Created(String, u64),
    Renamed(String, String),
    Removed(String),
}

#[derive(Clone)]
struct Inner {
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    changes: Vec<NameChange>,
    next_file: u64,
    /// Open handles by file: a removed file lives as long as one.
    handles: BTreeMap<u64, usize>,
    space: Option<u64>,
    faults: Vec<Fault>,
    zero: Page,
}

type Observer = Arc<dyn Fn(Event, &MemoryDisk) + Send + Sync>;

/// The disk. Cheap to clone: clones are the same disk; [`MemoryDisk::copy`] makes another one.
#[derive(Clone)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
    observer: Arc<Mutex<Option<Observer>>>,
}

impl Default for MemoryDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryDisk {
    /// An empty disk without a limit.
    pub fn new() -> Self {
        Self::from_inner(Inner {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            next_file: 1,
            handles: BTreeMap::new(),
            space: None,
            faults: Vec::new(),
            zero: Arc::new([0; PAGE_BYTES]),
        })
    }

    fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(Mutex::new(inner)), observer: Arc::new(Mutex::new(None)) }
    }

    /// Another disk with the same content, durable and not, without the observer.
    pub fn copy(&self) -> MemoryDisk {
        let mut inner = self.inner.lock().clone();
        inner.handles.clear();
        Self::from_inner(inner)
    }

    /// Calls `observer` after every change, from the thread that made it.
    pub fn observe(&self, observer: impl Fn(Event, &MemoryDisk) + Send + Sync + 'static) {
        *self.observer.lock() = Some(Arc::new(observer));
    }

    /// Limits the disk to so many bytes in all: writes that grow it past them fail with ENOSPC.
    pub fn limit(&self, bytes: Option<u64>) {
        self.inner.lock().space = bytes;
    }

    /// Lets a later call fail. Faults of a kind are used up in the order in which they were injected.
    pub fn inject(&self, fault: Fault) {
        self.inner.lock().faults.push(fault);
    }

    /// Takes back the faults that were injected and have not struck.
    pub fn heal(&self) {
        self.inner.lock().faults.clear();
    }

    /// Bytes that are written and not synced.
    pub fn unsynced(&self) -> u64 {
        let inner = self.inner.lock();
        inner.files.values().map(|f| (f.dirty.len() * SECTOR_BYTES) as u64).sum()
    }

    /// The disk that the next start finds after a power failure now. The choices that `ending` leaves open follow from `seed`.
    pub fn crash(&self, ending: Ending, seed: u64) -> MemoryDisk {
        let inner = self.inner.lock();
        let mut dice = Dice(seed);
        let names = inner.names_after(ending, &mut dice);
        let unsynced: Vec<(u64, u64)> =
            inner.files.iter().flat_map(|(id, file)| file.dirty.iter().map(|sector| (*id, *sector))).collect();
        let arrived = arrivals(&unsynced, ending, &mut dice);
        let kept: BTreeSet<u64> = names.values().copied().collect();
        let mut files = BTreeMap::new();
        let mut at = 0;
        for (id, file) in &inner.files {
            let mine = &arrived[at..at + file.dirty.len()];
            at += file.dirty.len();
            if kept.contains(id) {
                files.insert(*id, file.after(ending, mine, &inner.zero));
            }
        }
        Self::from_inner(Inner {
            files,
            durable_names: names.clone(),
            names,
            changes: Vec::new(),
            next_file: inner.next_file,
            handles: BTreeMap::new(),
            space: inner.space,
            faults: Vec::new(),
            zero: inner.zero.clone(),
        })
    }

    /// Rots the sector (for `Stale` and `Misdirected`: the block) of `name` that holds `offset`, seen and durable alike. `false` if that changed no byte.
    pub fn damage(&self, name: &str, offset: u64, damage: Damage, seed: u64) -> bool {
        let mut inner = self.inner.lock();
        let zero = inner.zero.clone();
        let Some(id) = inner.names.get(name).copied() else { return false };
        let Some(file) = inner.files.get_mut(&id) else { return false };
        let index = (offset as usize) / PAGE_BYTES;
        if index >= file.pages.len() {
            return false;
        }
        let mut page = *file.pages[index];
        let start = (offset as usize % PAGE_BYTES) / SECTOR_BYTES * SECTOR_BYTES;
        let mut dice = Dice(seed);
        match damage {
            Damage::Zeroed => page[start..start + SECTOR_BYTES].fill(0),
            Damage::Flipped => {
                let bit = dice.below((SECTOR_BYTES * 8) as u64) as usize;
                page[start + bit / 8] ^= 1 << (bit % 8);
            }
            Damage::Stale => page = **file.before.get(&index).unwrap_or(&zero),
            Damage::Misdirected => page = *file.pages[dice.below(file.pages.len() as u64) as usize],
        }
        let changed = page != *file.pages[index];
        let page = Arc::new(page);
        file.pages[index] = page.clone();
        if index < file.durable.len() {
            file.durable[index] = page;
        }
        changed
    }

    fn notify(&self, event: Event) {
        let observer = self.observer.lock().clone();
        if let Some(observer) = observer {
            observer(event, self);
        }
    }
}

/// Which of the unsynced sectors reached the disk.
fn arrivals(unsynced: &[(u64, u64)], ending: Ending, dice: &mut Dice) -> Vec<bool> {
    let count = unsynced.len();
    let mut arrived = vec![true; count];
    if count == 0 {
        return arrived;
    }
    match ending {
        Ending::NothingLost => {}
        Ending::UnsyncedLost => arrived.fill(false),
        Ending::Torn512 => arrived[dice.below(count as u64) as usize..].fill(false),
        Ending::Torn4096 => {
            let mut cut = dice.below(count as u64) as usize;
            let block = |at: usize| (unsynced[at].0, unsynced[at].1 / SECTORS_A_PAGE as u64);
            while cut > 0 && block(cut - 1) == block(cut) {
                cut -= 1;
            }
            arrived[cut..].fill(false);
        }
        Ending::Reordered => arrived.iter_mut().for_each(|a| *a = dice.below(2) == 0),
        Ending::Zeroed => arrived[dice.below(count as u64) as usize] = false,
        Ending::Stale => {
            let (file, sector) = unsynced[dice.below(count as u64) as usize];
            for (at, other) in unsynced.iter().enumerate() {
                arrived[at] = (other.0, other.1 / SECTORS_A_PAGE as u64) != (file, sector / SECTORS_A_PAGE as u64);
            }
        }
    }
    arrived
}

impl Inner {
    fn names_after(&self, ending: Ending, dice: &mut Dice) -> BTreeMap<String, u64> {
        let kept = match ending {
            Ending::NothingLost | Ending::Zeroed | Ending::Stale => self.changes.len(),
            Ending::UnsyncedLost => 0,
            Ending::Torn512 | Ending::Torn4096 | Ending::Reordered => dice.below(self.changes.len() as u64 + 1) as usize,
        };
        let mut names = self.durable_names.clone();
        for change in &self.changes[..kept] {
            match change {
                NameChange::Created(name, id) => {
                    names.insert(name.clone(), *id);
                }
                NameChange::Renamed(from, to) => {
                    if let Some(id) = names.remove(from) {
                        names.insert(to.clone(), id);
                    }
                }
                NameChange::Removed(name) => {
                    names.remove(name);
                }
            }
        }
        names
    }

    fn fault(&mut self, write: bool) -> io::Result<()> {
        let found = self.faults.iter().position(|fault| match fault {
            Fault::Write(_) => write,
            Fault::Sync(_) => !write,
            Fault::All(_) => true,
        });
        match found {
            None => Ok(()),
            Some(at) => {
                let code = match self.faults[at] {
                    Fault::All(code) => code,
                    Fault::Write(code) | Fault::Sync(code) => {
                        self.faults.remove(at);
                        code
                    }
                };
                Err(io::Error::from_raw_os_error(code))
            }
        }
    }

    fn used(&self) -> u64 {
        self.names.values().filter_map(|id| self.files.get(id)).map(|file| file.len).sum()
    }

    fn forget_unnamed(&mut self) {
        let kept: BTreeSet<u64> = self.names.values().chain(self.durable_names.values()).copied().collect();
        self.files.retain(|id, _| kept.contains(id) || self.handles.contains_key(id));
    }
}

impl File {
    /// The file after a power failure in which these of its dirty sectors arrived.
    fn after(&self, ending: Ending, arrived: &[bool], zero: &Page) -> File {
        let mut len = self.durable_len;
        if ending != Ending::UnsyncedLost {
            len = if self.len < len && arrived.iter().all(|a| *a) { self.len } else { len.max(self.len) };
        }
        let count = (len as usize).div_ceil(PAGE_BYTES);
        let mut pages: Vec<Page> = (0..count).map(|at| self.durable.get(at).unwrap_or(zero).clone()).collect();
        for (sector, arrived) in self.dirty.iter().zip(arrived) {
            let index = *sector as usize / SECTORS_A_PAGE;
            if index >= pages.len() || (!arrived && ending != Ending::Zeroed) {
                continue;
            }
            let start = (*sector as usize % SECTORS_A_PAGE) * SECTOR_BYTES;
            let page = Arc::make_mut(&mut pages[index]);
            if *arrived {
                let seen = self.pages.get(index).unwrap_or(zero);
                page[start..start + SECTOR_BYTES].copy_from_slice(&seen[start..start + SECTOR_BYTES]);
            } else {
                page[start..start + SECTOR_BYTES].fill(0);
            }
        }
        File {
            durable: pages.clone(),
            pages,
            len,
            durable_len: len,
            before: self.before.clone(),
            dirty: Vec::new(),
            dirty_set: BTreeSet::new(),
        }
    }

    fn resize(&mut self, len: u64, zero: &Page) {
        let count = (len as usize).div_ceil(PAGE_BYTES);
        if len < self.len {
            self.pages.truncate(count);
            let rest = len as usize % PAGE_BYTES;
            if rest != 0
                && let Some(last) = self.pages.last_mut()
            {
                Arc::make_mut(last)[rest..].fill(0);
            }
        }
        self.pages.resize_with(count, || zero.clone());
        self.len = len;
    }

    fn write(&mut self, buf: &[u8], offset: u64, zero: &Page) {
        if buf.is_empty() {
            return;
        }
        let end = offset + buf.len() as u64;
        if end > self.len {
            self.resize(end, zero);
        }
        let mut done = 0;
        while done < buf.len() {
            let at = offset as usize + done;
            let (index, start) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let part = (PAGE_BYTES - start).min(buf.len() - done);
            if part == PAGE_BYTES && buf[done..done + part].iter().all(|b| *b == 0) {
                self.pages[index] = zero.clone();
            } else {
                Arc::make_mut(&mut self.pages[index])[start..start + part].copy_from_slice(&buf[done..done + part]);
            }
            done += part;
        }
        for sector in offset / SECTOR_BYTES as u64..end.div_ceil(SECTOR_BYTES as u64) {
            if self.dirty_set.insert(sector) {
                self.dirty.push(sector);
            }
        }
    }

    fn sync(&mut self, zero: &Page) {
        let touched: BTreeSet<usize> = self.dirty.iter().map(|sector| *sector as usize / SECTORS_A_PAGE).collect();
        self.durable.resize_with(self.pages.len(), || zero.clone());
        for index in touched {
            if index < self.pages.len() {
                let old = std::mem::replace(&mut self.durable[index], self.pages[index].clone());
                self.before.insert(index, old);
            }
        }
        self.durable_len = self.len;
        self.dirty.clear();
        self.dirty_set.clear();
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.inner.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner.lock();
        let known = inner.names.get(name).copied();
        let id = match known {
            Some(id) => id,
            None if !create => return Err(io::Error::new(io::ErrorKind::NotFound, format!("no file {name}"))),
            None => {
                let id = inner.next_file;
                inner.next_file += 1;
                inner.files.insert(id, File::default());
                inner.names.insert(name.to_owned(), id);
                inner.changes.push(NameChange::Created(name.to_owned(), id));
                id
            }
        };
        *inner.handles.entry(id).or_default() += 1;
        drop(inner);
        if known.is_none() {
            self.notify(Event::Name);
        }
        Ok(Box::new(MemoryFile { disk: self.clone(), id }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let id = inner.names.remove(from).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no file {from}")))?;
        inner.names.insert(to.to_owned(), id);
        inner.changes.push(NameChange::Renamed(from.to_owned(), to.to_owned()));
        drop(inner);
        self.notify(Event::Name);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner.lock();
        inner.names.remove(name).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no file {name}")))?;
        inner.changes.push(NameChange::Removed(name.to_owned()));
        drop(inner);
        self.notify(Event::Name);
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut inner = self.inner.lock();
        inner.fault(false)?;
        inner.durable_names = inner.names.clone();
        inner.changes.clear();
        inner.forget_unnamed();
        drop(inner);
        self.notify(Event::SyncDir);
        Ok(())
    }

    fn space(&self) -> io::Result<Space> {
        let inner = self.inner.lock();
        let total = inner.space.unwrap_or(1 << 40);
        Ok(Space { free: total.saturating_sub(inner.used()), total })
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    id: u64,
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let mut inner = self.disk.inner.lock();
        if let Some(count) = inner.handles.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                inner.handles.remove(&self.id);
            }
        }
    }
}

impl MemoryFile {
    /// Runs `change` on the file.
    fn with<T>(&self, change: impl FnOnce(&mut File, &Page) -> T) -> T {
        let mut inner = self.disk.inner.lock();
        let zero = inner.zero.clone();
        match inner.files.get_mut(&self.id) {
            Some(file) => change(file, &zero),
            None => change(&mut File::default(), &zero),
        }
    }

    fn grow_allowed(&self, end: u64) -> io::Result<()> {
        const ENOSPC: i32 = 28;
        let inner = self.disk.inner.lock();
        let len = inner.files.get(&self.id).map_or(0, |file| file.len);
        match inner.space {
            Some(total) if end > len && inner.used() + (end - len) > total => Err(io::Error::from_raw_os_error(ENOSPC)),
            _ => Ok(()),
        }
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.with(|file, _| {
            if offset.saturating_add(buf.len() as u64) > file.len {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends before"));
            }
            let mut done = 0;
            while done < buf.len() {
                let at = offset as usize + done;
                let (index, start) = (at / PAGE_BYTES, at % PAGE_BYTES);
                let part = (PAGE_BYTES - start).min(buf.len() - done);
                buf[done..done + part].copy_from_slice(&file.pages[index][start..start + part]);
                done += part;
            }
            Ok(())
        })
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.disk.inner.lock().fault(true)?;
        self.grow_allowed(offset + buf.len() as u64)?;
        self.with(|file, zero| file.write(buf, offset, zero));
        self.disk.notify(Event::Write);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.disk.inner.lock();
        if let Err(error) = inner.fault(false) {
            // As kernels do: the pages count as clean now, so no later sync will bring them to the disk.
            if let Some(file) = inner.files.get_mut(&self.id) {
                file.dirty.clear();
                file.dirty_set.clear();
            }
            return Err(error);
        }
        drop(inner);
        self.with(|file, zero| file.sync(zero));
        self.disk.notify(Event::Sync);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|file, _| file.len))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.grow_allowed(len)?;
        self.with(|file, zero| file.resize(len, zero));
        self.disk.notify(Event::Name);
        Ok(())
    }
}

/// A stream of numbers that follows from a seed (splitmix64, Steele et al., OOPSLA 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }
}
