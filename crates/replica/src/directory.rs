//! The data directory on a machine's disk: its lock, its identity, its journal and its trees.
//!
//! ```text
//! DIR/LOCK       held while a process uses the directory
//! DIR/node       the identity
//! DIR/journal/   the journal's segments
//! DIR/shards/N/  the settled tree of shard N
//! ```

use std::{fs, io, path::Path, sync::Arc};

use base::{Error, Kind, Result, ShardId, disk::RealDisk};
use journal::Writer;
use table::{LsmTree, Pair, Tree, TreeOptions};

use crate::{
    identity::Identity,
    node::{Failure, NodeOptions, NodeParts},
    pace::Pace,
};

const LOCK: &str = "LOCK";
const JOURNAL: &str = "journal";
const SHARDS: &str = "shards";
/// The shard that a backup of the default key space is restored into.
const RESTORED_SHARD: ShardId = ShardId(1);

/// Locks the directory and opens what is in it. The lock is held until the returned parts, and the threads they start, are gone.
pub(crate) fn open(options: &NodeOptions) -> Result<NodeParts> {
    let dir = &options.data_dir;
    let lock = lock(dir)?;
    let root = real_disk(dir)?;
    let identity = match Identity::load(&root)? {
        Some(identity) => identity,
        None => first_identity(dir, &root)?,
    };
    let shards = dir.join(SHARDS);
    let pace = Pace::default();
    let tree_options = tree_options(options.tree_cache_bytes(), pace.clone());
    Ok(NodeParts {
        journal_disk: Arc::new(real_disk(&dir.join(JOURNAL))?),
        trees: Arc::new(move |shard| open_tree(&shards, shard, tree_options.clone())),
        identity,
        pace,
        drive: Box::new(move |writer, failure| drive(writer, failure, lock)),
    })
}

/// Makes a data directory from a backup's pairs, offline: a new cluster of one with the old key space's content.
pub fn restore(options: &NodeOptions, pairs: &mut dyn Iterator<Item = Result<Pair>>) -> Result<()> {
    let dir = &options.data_dir;
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::new(Kind::Precondition, format!("{} is not empty; give a new or an empty directory", dir.display())));
    }
    let _lock = lock(dir)?;
    let tree = open_tree(&dir.join(SHARDS), RESTORED_SHARD, tree_options(options.tree_cache_bytes(), Pace::default()))?;
    tree.replace_by(pairs, &table::Mark::default())?;
    let root = real_disk(dir)?;
    // The identity comes last: a directory without one was never restored to the end, and says so when it is opened.
    Identity::draw().store(&root)
}

fn first_identity(dir: &Path, root: &RealDisk) -> Result<Identity> {
    for part in [JOURNAL, SHARDS] {
        if fs::read_dir(dir.join(part)).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::new(
                Kind::Corrupt,
                format!(
                    "{} holds data but no file `node`: it was left by a restore that did not end, or the file was lost; \
                     restore again into an empty directory, or bring the file back",
                    dir.display()
                ),
            ));
        }
    }
    let identity = Identity::draw();
    identity.store(root)?;
    Ok(identity)
}

#[expect(clippy::disallowed_methods, reason = "the lock is the machine's: the simulator hands in its parts and locks nothing")]
fn lock(dir: &Path) -> Result<fs::File> {
    let cannot =
        |error: io::Error| Error::new(Kind::Unavailable, format!("cannot use the data directory {}: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(cannot)?;
    let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK)).map_err(cannot)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => {
            let message = format!("{} is in use by another process: stop it, or give another --data-dir", dir.display());
            Err(Error::new(Kind::Conflict, message))
        }
        Err(fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn real_disk(dir: &Path) -> Result<RealDisk> {
    RealDisk::open(dir).map_err(|error| Error::new(Kind::Unavailable, format!("cannot open {}: {error}", dir.display())))
}

/// Settling and merging rest after each piece as long as the log's writes need the disk.
#[expect(clippy::disallowed_methods, reason = "the machine's own trees are written by threads that may block")]
fn tree_options(cache_bytes: u64, pace: Pace) -> TreeOptions {
    let rest = move |bytes| {
        if let Some(time) = pace.rest(bytes) {
            std::thread::sleep(time);
        }
    };
    TreeOptions { cache_bytes, pace: table::Pace(Arc::new(rest)), ..TreeOptions::default() }
}

fn open_tree(shards: &Path, shard: ShardId, options: TreeOptions) -> Result<Arc<dyn Tree>> {
    let dir = shards.join(shard.0.to_string());
    Ok(LsmTree::open(&dir, options)? as Arc<dyn Tree>)
}

/// Runs the journal's writer on a thread of its own, which also holds the directory's lock.
fn drive(writer: Writer, failure: Failure, lock: fs::File) {
    let failed = failure.clone();
    let run = move || {
        if let Err(error) = writer.run() {
            failure
                .report(format!("the journal could not be written ({error}); what is on disk is read again at the next start"));
        }
        drop(lock);
    };
    if let Err(error) = std::thread::Builder::new().name("journal".to_owned()).spawn(run) {
        failed.report(format!("cannot start the journal's thread: {error}"));
    }
}
