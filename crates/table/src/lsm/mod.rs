//! The settled tree on disk.
//!
//! Its records lie in sorted table files, written and read by `lsm-tree`'s tables; which files make up the tree, and the mark
//! they were settled with, is said by one small file, the **manifest**. A settle writes its changes into new files, syncs them
//! and replaces the manifest: that is its commit, so a crash leaves the tree before it or after it, mark included.
//!
//! - **Reads** hold a version (the list of files). Nothing they hold is waited for by a settle or a merge, and nothing that a
//!   settle or a merge holds is waited for by them; files that fell out of use are removed by whoever writes next.
//! - **Records that only grow** in their family (versions by revision) go straight to the bottom of the tree and are never
//!   rewritten. Others are merged when that pays, see [`merge`].
//! - **Dropping a range** forgets the files that lie in it, and hides by the manifest what lies in files that reach beyond it.
//! - **Damage** is found before it is believed: the manifest, each file's table of contents and each block have checksums.
//!
//! The library's own tree is not used: it keeps what belongs together and what does not in the same files, unlinks and syncs
//! under the lock that its readers take, deletes files that a damaged manifest does not name, and does not look at the
//! checksum of that manifest. `docs/decisions/0002-settled-state.md` has the figures.

mod error;
mod file;
mod manifest;
mod merge;
mod read;
mod stage;
mod version;
mod writer;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use base::{Disk, Error, Kind, Result, disk::RealDisk};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use self::{
    error::{damaged, failed_io},
    file::{TableFile, Yard},
    manifest::{Entry, Hidden, MANIFEST, Manifest, Place},
    merge::Step,
    read::Moment,
    stage::Staging,
    version::{Placed, Version},
    writer::{Files, Record, family},
};
use crate::{
    Change, Mark, Snapshot, Stage, Staged, Tree,
    limits::{MERGE_LAYERS_MIN, MERGE_STEP_BYTES},
    stage::{Content, refusal},
};
pub(crate) use stage::StagedTables;

/// Called by whoever settles or merges after so many bytes were handed to the disk; it may hold them up for a while.
#[derive(Clone)]
pub struct Pace(pub Arc<dyn Fn(u64) + Send + Sync>);

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pace")
    }
}

/// Budgets of a tree.
#[derive(Clone, Debug)]
pub struct TreeOptions {
    /// Bytes of the block cache.
    pub cache_bytes: u64,
    /// Bytes of one table file, about.
    pub table_bytes: u64,
    /// Bytes that one step of merging reads, about.
    pub merge_step_bytes: u64,
    /// How many settles' records for the same keys lie over one another before merging them is considered.
    pub merge_layers: usize,
    /// Holds settling and merging back beside a busy disk.
    pub pace: Pace,
}

impl Default for TreeOptions {
    fn default() -> Self {
        TreeOptions {
            cache_bytes: 8 << 20,
            table_bytes: 64 << 20,
            merge_step_bytes: MERGE_STEP_BYTES,
            merge_layers: MERGE_LAYERS_MIN,
            pace: Pace(Arc::new(|_| {})),
        }
    }
}

/// What only the one who writes needs.
struct Counters {
    next_seq: u64,
    /// A write failed. What is on disk has to be read again before anything else is written.
    has_failed: bool,
}

/// The settled tree on disk. One directory, one process: the caller holds the directory's lock.
pub struct LsmTree {
    yard: Arc<Yard>,
    options: TreeOptions,
    writing: Mutex<Counters>,
    current: RwLock<Arc<Version>>,
}

impl LsmTree {
    /// Opens the tree in `dir`, which is created when missing.
    ///
    /// # Errors
    /// `Corrupt`: files are damaged or missing. `Unsupported`: another build's format. `Unavailable`: the disk refused.
    pub fn open(dir: &Path, options: TreeOptions) -> Result<Arc<LsmTree>> {
        let disk = RealDisk::open(dir).map_err(failed_io)?;
        let names = disk.list().map_err(failed_io)?;
        let manifest = match Manifest::load(&disk, &names)? {
            Some(manifest) => manifest,
            None => first_manifest(&disk, &names)?,
        };
        let yard = Yard::new(disk, options.cache_bytes, options.pace.clone(), manifest.next_id);
        let tables = manifest.tables.iter().map(|entry| placed(&yard, entry.clone())).collect::<Result<Vec<_>>>()?;
        for id in names.iter().filter_map(|name| file::id_of(name)) {
            // Left by a settle, a merge or a stage that did not come to its commit.
            if manifest.tables.iter().all(|entry| entry.id != id) {
                yard.remove(id)?;
            }
        }
        let version = Version::new(manifest.mark, manifest.hidden, tables);
        if !version.is_ordered() {
            return Err(damaged("its tables overlap"));
        }
        let counters = Counters { next_seq: manifest.next_seq, has_failed: false };
        Ok(Arc::new(LsmTree { yard, options, writing: Mutex::new(counters), current: RwLock::new(Arc::new(version)) }))
    }

    fn current(&self) -> Arc<Version> {
        self.current.read().clone()
    }

    /// Runs one writing step. After a failed one there is no other: what is on disk is read again at the next start.
    fn write<T>(&self, step: impl FnOnce(&mut Counters, &Version) -> Result<T>) -> Result<T> {
        let mut counters = self.writing.lock();
        if counters.has_failed {
            let message = "an earlier write of the settled tree failed: see to the disk, then start the node again";
            return Err(Error::new(Kind::Unavailable, message));
        }
        let current = self.current();
        let result = self.yard.clear().and_then(|()| step(&mut counters, &current));
        drop(current);
        let result = result.and_then(|answer| self.yard.clear().map(|()| answer));
        // The caller's own mistake is found before anything is committed, and changes nothing.
        counters.has_failed = result.as_ref().is_err_and(|error| !matches!(error.kind, Kind::Invalid | Kind::Precondition));
        result
    }

    /// Commits `version`: durable when it returns.
    fn commit(&self, counters: &Counters, before: &Version, version: Version) -> Result<()> {
        assert!(version.is_ordered(), "tables at the bottom, and those of one settle, do not overlap");
        version.manifest(self.yard.next_id(), counters.next_seq).store(&self.yard.disk)?;
        let staying: BTreeSet<u64> = version.tables().map(|table| table.file.entry.id).collect();
        for table in before.tables().filter(|table| !staying.contains(&table.file.entry.id)) {
            table.file.retire();
        }
        let old = std::mem::replace(&mut *self.current.write(), Arc::new(version));
        drop(old);
        Ok(())
    }

    /// Writes files by `write`, and opens them; removes them again if that fails.
    fn fill<T>(&self, mut files: Files, write: impl FnOnce(&mut Files) -> Result<T>) -> Result<(T, Vec<Placed>)> {
        let written = write(&mut files).and_then(|answer| Ok((answer, files.finish()?)));
        let opened = written.and_then(|(answer, entries)| {
            let tables = entries.into_iter().map(|entry| placed(&self.yard, entry)).collect::<Result<Vec<_>>>()?;
            Ok((answer, tables))
        });
        opened.inspect_err(|_| files.abandon())
    }

    /// Files for the next settle, and its sequence number.
    fn next_settle(&self, counters: &mut Counters) -> (Files, u64) {
        let seq = counters.next_seq;
        counters.next_seq += 1;
        (Files::of_settle(&self.yard, self.options.table_bytes, seq), seq)
    }
}

/// A tree without files gets its manifest before its first file, so that files without a manifest mean that it was lost.
fn first_manifest(disk: &RealDisk, names: &[String]) -> Result<Manifest> {
    if let Some(name) = names.iter().find(|name| !name.starts_with(MANIFEST)) {
        return Err(damaged(format!("its manifest is missing, but there is {name}")));
    }
    let manifest = Manifest { next_id: 1, next_seq: 1, ..Manifest::default() };
    manifest.store(disk)?;
    Ok(manifest)
}

fn placed(yard: &Arc<Yard>, entry: Entry) -> Result<Placed> {
    let (place, trim) = (entry.place, entry.trim.clone());
    Ok(Placed::new(TableFile::open(yard, entry)?, place, trim))
}

/// Writes the changes of a settle outside of what it drops.
fn write_changes(
    files: &mut Files,
    version: &Version,
    changes: &mut dyn Iterator<Item = Change>,
    dropped: &[(Bytes, Bytes)],
) -> Result<()> {
    for (key, value) in changes {
        if dropped.iter().any(|(from, to)| key >= *from && key < *to) {
            continue;
        }
        let place = match files.place_of(&key) {
            Some(place) => place,
            None if files.may_cut() && version.appends(&key, version::end_of(family(&key)).as_deref()) => Place::Bottom,
            None => Place::Young,
        };
        // Where nothing lies before, there is nothing to delete.
        if value.is_some() || place == Place::Young {
            files.write(Record { key, value, seq: 0 }, place)?;
        }
    }
    Ok(())
}

impl Tree for LsmTree {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(Moment(self.current()))
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        let dropped: Vec<(Bytes, Bytes)> = dropped.iter().filter(|(from, to)| from < to).cloned().collect();
        self.write(|counters, current| {
            let (files, seq) = self.next_settle(counters);
            let ((), written) = self.fill(files, |files| write_changes(files, current, changes, &dropped))?;
            let (mut tables, hidden): (Vec<Placed>, Vec<Hidden>) = current.without(&dropped, seq);
            tables.extend(written);
            self.commit(counters, current, Version::new(mark.clone(), hidden, tables))
        })
    }

    fn maintain(&self, room_bytes: u64) -> Result<bool> {
        self.write(|counters, current| {
            let version = match merge::next_step(current, self.options.merge_layers) {
                None => return Ok(false),
                Some(Step::Sink(ids)) => merge::sink(current, &ids),
                Some(Step::Merge(inputs)) => {
                    let clean = counters.next_seq - 1;
                    let files = Files::of_merge(&self.yard, self.options.table_bytes, clean);
                    let step_bytes = self.options.merge_step_bytes.min(room_bytes / 4);
                    let merge = |files: &mut Files| merge::merge(current, &inputs, step_bytes, files);
                    let (stopped, outputs) = self.fill(files, merge)?;
                    merge::merged(current, &inputs, stopped.as_ref(), outputs)
                }
            };
            self.commit(counters, current, version)?;
            Ok(true)
        })
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Staging::begin(&self.yard, self.options.table_bytes)?))
    }

    fn replace(&self, staged: Staged) -> Result<()> {
        let Staged { mark, content: Content::Tables(tables) } = staged else { return Err(refusal::foreign()) };
        if !tables.are_of(&self.yard) {
            return Err(refusal::foreign());
        }
        self.write(|counters, current| {
            // From here on the manifest may name them, even if its writing fails: they are not removed any more.
            self.commit(counters, current, Version::new(mark, Vec::new(), tables.take()))
        })
    }

    fn disk_bytes(&self) -> u64 {
        self.yard.bytes()
    }

    fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        let version = self.current();
        version.tables().try_for_each(|table| self.yard.verify(&table.file.entry, read))
    }
}
