//! Segment files: made of zeros once, then used again under a new number.

use std::{
    io,
    sync::{Arc, mpsc},
};

use base::{Disk, DiskFile};

use crate::{
    bugs::{Bug, planted},
    limits::{SPARE_SEGMENTS_MAX, ZERO_PIECE_BYTES},
};

/// Name of the file that is freed when the disk is full.
pub(crate) const RESERVE_NAME: &str = "reserve";
const MAKING_PREFIX: &str = "making-";
const SEGMENT_PREFIX: &str = "segment-";

/// The file name of a segment.
pub fn segment_name(number: u64) -> String {
    format!("{SEGMENT_PREFIX}{number:012}")
}

/// The number in a segment's file name.
pub fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(SEGMENT_PREFIX)?;
    if !(12..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| segment_name(*number) == name)
}

/// One segment file, open.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) file: Box<dyn DiskFile>,
}

/// Makes segments, and keeps a few freed ones for it.
pub(crate) struct Pool {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    spares: Vec<String>,
}

impl Pool {
    pub(crate) fn new(disk: Arc<dyn Disk>, segment_bytes: u64) -> Self {
        Self { disk, segment_bytes, spares: Vec::new() }
    }

    /// Removes what an interrupted preparation left.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        for name in self.disk.list()? {
            if name.starts_with(MAKING_PREFIX) {
                self.disk.remove(&name)?;
            }
        }
        Ok(())
    }

    /// A segment file of `bytes`, whose content cannot be taken for a write of this number. Durable when it returns, name and all.
    /// On a full disk the reserve makes room for it.
    pub(crate) fn prepare(&mut self, number: u64, bytes: u64) -> io::Result<Arc<Segment>> {
        let name = segment_name(number);
        let spare = if bytes == self.segment_bytes { self.spares.pop() } else { None };
        match spare {
            Some(spare) => self.disk.rename(&spare, &name)?,
            None => match self.make(number, bytes) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull && self.remove_reserve()? => self.make(number, bytes)?,
                other => other?,
            },
        }
        if !planted(Bug::DirectoryNotSynced) {
            self.disk.sync_dir()?;
        }
        let file = self.disk.open(&name, false)?;
        Ok(Arc::new(Segment { number, bytes, file }))
    }

    /// Makes a segment file of zeros.
    fn make(&self, number: u64, bytes: u64) -> io::Result<()> {
        let making = format!("{MAKING_PREFIX}{number:012}");
        let file = self.disk.open(&making, true)?;
        fill_with_zeros(&*file, bytes)?;
        drop(file);
        self.disk.rename(&making, &segment_name(number))
    }

    /// `true` if there was a reserve to remove.
    fn remove_reserve(&self) -> io::Result<bool> {
        match self.disk.remove(RESERVE_NAME) {
            Ok(()) => self.disk.sync_dir().map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes back segments that nothing needs any more: some are kept, others are removed, as are those that a reader still holds.
    pub(crate) fn release(&mut self, segments: Vec<Arc<Segment>>) -> io::Result<()> {
        for segment in segments {
            let name = segment_name(segment.number);
            let fits = segment.bytes == self.segment_bytes && self.spares.len() < SPARE_SEGMENTS_MAX;
            if fits && Arc::strong_count(&segment) == 1 {
                self.spares.push(name);
            } else {
                self.disk.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Makes the reserve file, unless it is there or the disk has no room for twice its size. A disk that fills up meanwhile is
    /// no failure: there is no reserve then.
    pub(crate) fn reserve(&self, bytes: u64) -> io::Result<()> {
        let present = self.disk.open(RESERVE_NAME, false).and_then(|file| file.len()).is_ok_and(|len| len >= bytes);
        if bytes == 0 || present || self.disk.space()?.free < bytes.saturating_mul(2) {
            return Ok(());
        }
        let file = self.disk.open(RESERVE_NAME, true)?;
        match fill_with_zeros(&*file, bytes) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => self.remove_reserve().map(drop),
            other => other.and_then(|()| self.disk.sync_dir()),
        }
    }
}

fn fill_with_zeros(file: &dyn DiskFile, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; ZERO_PIECE_BYTES.min(usize::try_from(bytes).unwrap_or(ZERO_PIECE_BYTES))];
    let mut offset = 0;
    while offset < bytes {
        let part = (bytes - offset).min(zeros.len() as u64);
        file.write_at(&zeros[..part as usize], offset)?;
        file.sync_data()?;
        offset += part;
    }
    Ok(())
}

enum Job {
    Prepare { number: u64, bytes: u64 },
    Release(Vec<Arc<Segment>>),
    Reserve(u64),
}

/// Who prepares: the writer itself, step by step, or a thread beside it so that the write path never waits.
pub(crate) enum Preparer {
    Inline(Pool),
    Background { jobs: mpsc::Sender<Errand>, made: mpsc::Receiver<io::Result<Arc<Segment>>> },
    Ended,
}

/// A job for the thread; opaque outside.
pub(crate) struct Errand(Job);

impl Preparer {
    /// Moves the pool to a thread of its own.
    pub(crate) fn into_background(self) -> io::Result<Self> {
        let Preparer::Inline(mut pool) = self else { return Ok(self) };
        let (jobs, todo) = mpsc::channel::<Errand>();
        let (done, made) = mpsc::channel();
        std::thread::Builder::new().name("journal-prepare".into()).spawn(move || {
            for Errand(job) in todo {
                let answer = match job {
                    Job::Prepare { number, bytes } => Some(pool.prepare(number, bytes)),
                    Job::Release(segments) => pool.release(segments).err().map(Err),
                    Job::Reserve(bytes) => pool.reserve(bytes).err().map(Err),
                };
                if let Some(answer) = answer
                    && done.send(answer).is_err()
                {
                    return;
                }
            }
        })?;
        Ok(Preparer::Background { jobs, made })
    }

    /// Asks for a segment; [`Preparer::take`] gives it.
    pub(crate) fn begin(&mut self, number: u64, bytes: u64) -> io::Result<Option<Arc<Segment>>> {
        match self {
            Preparer::Inline(pool) => pool.prepare(number, bytes).map(Some),
            _ => self.send(Job::Prepare { number, bytes }).map(|()| None),
        }
    }

    /// The segment that was asked for; waits for it if `wait` is set.
    pub(crate) fn take(&mut self, wait: bool) -> io::Result<Option<Arc<Segment>>> {
        match self {
            Preparer::Inline(_) | Preparer::Ended => Ok(None),
            Preparer::Background { made, .. } if wait => made.recv().unwrap_or_else(|_| Err(gone())).map(Some),
            Preparer::Background { made, .. } => match made.try_recv() {
                Ok(segment) => segment.map(Some),
                Err(mpsc::TryRecvError::Empty) => Ok(None),
                Err(mpsc::TryRecvError::Disconnected) => Err(gone()),
            },
        }
    }

    pub(crate) fn release(&mut self, segments: Vec<Arc<Segment>>) -> io::Result<()> {
        match self {
            Preparer::Inline(pool) => pool.release(segments),
            _ => self.send(Job::Release(segments)),
        }
    }

    pub(crate) fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        match self {
            Preparer::Inline(pool) => pool.reserve(bytes),
            _ => self.send(Job::Reserve(bytes)),
        }
    }

    fn send(&mut self, job: Job) -> io::Result<()> {
        match self {
            Preparer::Background { jobs, .. } => jobs.send(Errand(job)).map_err(|_| gone()),
            Preparer::Inline(_) | Preparer::Ended => Ok(()),
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that prepares journal segments has ended")
}
