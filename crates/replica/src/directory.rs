//! The data directory on a machine's disk: its lock, its identity, its journal and its trees.
//!
//! ```text
//! DIR/LOCK       held while a process uses the directory
//! DIR/node       the identity
//! DIR/peers      where the other members are
//! DIR/journal/   the journal's segments
//! DIR/shards/N/  the settled tree of shard N
//! DIR/damaged/   what was left when the node had to be rebuilt from its peers
//! ```

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::{Disk, Error, Kind, Result, ShardId, disk::RealDisk};
use journal::{Pace, Writer};
use table::{LsmTree, Pair, Tree, TreeOptions};
use tokio::net::TcpListener;

use crate::{
    identity::Identity,
    members::Roster,
    network,
    node::{Failure, NodeOptions, NodeParts},
    options::{PeerOptions, Start},
    rebuild::{self, Order},
    recover, runtime,
};

const LOCK: &str = "LOCK";
const JOURNAL: &str = "journal";
const SHARDS: &str = "shards";
const STREAMS: &str = "streams";
const ASIDE: &str = "damaged";
/// The shard that a backup of the default key space is restored into.
const RESTORED_SHARD: ShardId = ShardId(1);

/// A data directory that this process has to itself.
#[derive(Debug)]
pub struct Held {
    dir: PathBuf,
    lock: fs::File,
    home: RealDisk,
    identity: Identity,
}

/// Locks the directory and reads who the node is; a new one becomes somebody.
///
/// # Errors
/// `Conflict` while another process has it; `Unsupported` if another build wrote it; `Precondition` if a recovery has begun there
/// and not ended.
pub fn hold(options: &NodeOptions, start: &Start) -> Result<Held> {
    let dir = options.data_dir.clone();
    let lock = lock(&dir)?;
    let home = real_disk(&dir)?;
    recover::check_done(&home)?;
    let identity = match Identity::load(&home)? {
        Some(identity) => identity,
        None => first_identity(&dir, &home, start, &options.name)?,
    };
    Ok(Held { dir, lock, home, identity })
}

/// Locks the directory of a node that there is, for work offline.
pub(crate) fn hold_known(dir: &Path) -> Result<Held> {
    let missing = || Error::new(Kind::Precondition, format!("{} is no data directory of a node", dir.display()));
    if !dir.is_dir() {
        return Err(missing());
    }
    let lock = lock(dir)?;
    let home = real_disk(dir)?;
    let identity = Identity::load(&home)?.ok_or_else(missing)?;
    Ok(Held { dir: dir.to_owned(), lock, home, identity })
}

impl Held {
    pub(crate) fn home(&self) -> &RealDisk {
        &self.home
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn journal_disk(&self) -> Result<RealDisk> {
        real_disk(&self.dir.join(JOURNAL))
    }

    pub(crate) fn tree(&self, options: &NodeOptions, shard: ShardId) -> Result<Arc<dyn Tree>> {
        open_tree(&self.dir.join(SHARDS), shard, tree_options(options.tree_cache_bytes(), Pace::default()))
    }

    /// Whether the node has to begin anew.
    pub(crate) fn order(&self) -> Result<Option<Order>> {
        Order::load(&self.home)
    }

    /// Gets a new place from the other members, and puts the old data aside.
    pub(crate) async fn rebuild(self, order: Order, name: &str, address: &str, peers: &PeerOptions) -> Result<Held> {
        if order.is_taken(&self.identity) {
            order.end(&self.home)?;
            return Ok(self);
        }
        tracing::warn!(why = order.why, "recovering: this node lost its data and is rebuilt from the other members");
        let known = rebuild::known_book(&self.home).unwrap_or_default();
        let mut others = Roster::begin(&peers.start, &self.identity.founders, &known).members;
        others.retain(|id, address| *id != self.identity.node_id && !address.is_empty());
        if others.is_empty() {
            let text = format!("this node lost its data ({}), and no other member is known to be rebuilt from", order.why);
            return Err(Error::new(Kind::Precondition, text));
        }
        // Nobody comes in: under the old id there is nobody any more.
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let closed = closed.map_err(|error| Error::new(Kind::Unavailable, format!("the system gives no port: {error}")))?;
        let maker = network::wire(closed, name.to_owned(), peers.security.clone(), 0);
        order.ask(&self.identity, name, address, &others, maker).await?;
        runtime::spawn_blocking(move || {
            put_aside(&self.dir, &self.home)?;
            let identity = order.take(&self.home, &self.identity, &others)?;
            Ok(Held { identity, ..self })
        })
        .await
    }

    /// Opens what is in the directory. The lock is held until the returned parts, and the threads they start, are gone.
    pub(crate) fn parts(self, options: &NodeOptions) -> Result<NodeParts> {
        let Held { dir, lock, home, identity } = self;
        let (shards, streams) = (dir.join(SHARDS), dir.join(STREAMS));
        let pace = Pace::default();
        let tree_options = tree_options(options.tree_cache_bytes(), pace.clone());
        let keeping = pace.clone();
        Ok(NodeParts {
            home: Arc::new(home),
            journal_disk: Arc::new(real_disk(&dir.join(JOURNAL))?),
            trees: Arc::new(move |shard| open_tree(&shards, shard, tree_options.clone())),
            segments: Arc::new(move |shard| Ok(Arc::new(real_disk(&streams.join(shard.0.to_string()))?) as Arc<dyn Disk>)),
            identity,
            network: None,
            pace,
            drive: Box::new(move |writer, failure| drive(writer, failure, keeping, lock)),
        })
    }
}

/// Moves what is left of the data out of the way, for a person to look at; where there is little room, only the journal.
#[expect(clippy::disallowed_methods, reason = "whole directories of the machine: the simulator has none")]
fn put_aside(dir: &Path, home: &RealDisk) -> Result<()> {
    let aside = dir.join(ASIDE);
    let put = || {
        let is_there = |part: &&str| fs::read_dir(dir.join(part)).is_ok_and(|mut entries| entries.next().is_some());
        if ![JOURNAL, SHARDS, STREAMS].iter().any(is_there) {
            // Put aside before, by a start that did not come further.
            return Ok(());
        }
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(&aside)?,
        }
        for part in [JOURNAL, SHARDS, STREAMS] {
            match fs::rename(dir.join(part), aside.join(part)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        home.sync_dir()?;
        let space = home.space()?;
        if space.free < space.total - space.free {
            for part in [SHARDS, STREAMS] {
                match fs::remove_dir_all(aside.join(part)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        home.sync_dir()
    };
    put()
        .map_err(|error: io::Error| Error::new(Kind::Unavailable, format!("the damaged data could not be put aside: {error}")))?;
    tracing::info!(directory = %aside.display(), "what was left of the data was put aside; it can be deleted");
    Ok(())
}

/// Whether the data directory's node is to be rebuilt from the other members at its next start.
pub fn rebuild_is_due(data_dir: &Path) -> bool {
    data_dir.is_dir() && real_disk(data_dir).is_ok_and(|home| Order::load(&home).is_ok_and(|order| order.is_some()))
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
    Identity::begin(&Start::Alone, &options.name)?.store(&root)
}

fn first_identity(dir: &Path, root: &RealDisk, start: &Start, name: &str) -> Result<Identity> {
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
    let identity = Identity::begin(start, name)?;
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
fn drive(writer: Writer, failure: Failure, pace: Pace, lock: fs::File) {
    let failed = failure.clone();
    let run = move || {
        if let Err(error) = writer.run_at_pace(pace, runtime::system_clock()) {
            failure
                .report(format!("the journal could not be written ({error}); what is on disk is read again at the next start"));
        }
        drop(lock);
    };
    if let Err(error) = std::thread::Builder::new().name("journal".to_owned()).spawn(run) {
        failed.report(format!("cannot start the journal's thread: {error}"));
    }
}
