//! The tree on disk: an `lsm-tree` that is only ever written by ingestion, so that its version switch is the commit point.
//!
//! Values from [`BLOB_BYTES_MIN`] on lie in blob files beside the sorted tables, so that merging tables moves small records and
//! never rewrites them. A dropped range becomes one tombstone for each of its keys within the same ingestion, and a blob file
//! without live values is removed. The library's own seqnos are not trusted across a settle: a snapshot reads at the seqno that
//! was published together with the mark, so it never sees data of one settle under the mark of another.

use std::{collections::BTreeMap, iter::Peekable, path::Path, sync::Arc};

use base::{EntryId, Error, Kind, Result};
use bytes::{Buf, BufMut, Bytes};
use lsm_tree::{
    AbstractTree, AnyTree, Guard, KvSeparationOptions, SequenceNumberCounter, UserKey, UserValue, config::CompressionPolicy,
};
use parking_lot::Mutex;

use crate::{Change, Direction, Mark, Pair, Snapshot, Tree};

/// Keys that begin like this are the tree's own.
const MARK_KEY: &[u8] = b"\xff\xff\xff\xffmark";
/// The version of the mark, and with it of the layout, that this build writes and the only one it reads.
const VERSION: u8 = 1;
/// Values of at least so many bytes lie in blob files.
const BLOB_BYTES_MIN: u32 = 256;
/// Share of dead bytes at which a blob file's live values are moved out of it.
const BLOB_STALE_SHARE: f32 = 0.5;
/// Runs in the first level that make a merge worth while.
const FIRST_LEVEL_RUNS: u8 = 4;

/// Budgets of a tree.
#[derive(Clone, Debug)]
pub struct TreeOptions {
    /// Bytes of the block cache.
    pub cache_bytes: u64,
    /// Bytes of one table file.
    pub table_bytes: u64,
}

impl Default for TreeOptions {
    fn default() -> Self {
        TreeOptions { cache_bytes: 8 << 20, table_bytes: 64 << 20 }
    }
}

/// Seqnos that snapshots read at, with their number: merging keeps what the oldest needs.
type Readers = Arc<Mutex<BTreeMap<u64, usize>>>;

/// What a snapshot taken now reads: the mark, and the seqno that belongs to it.
struct Published {
    mark: Mark,
    seqno: u64,
}

/// The tree.
pub struct LsmTree {
    tree: AnyTree,
    next: SequenceNumberCounter,
    published: Mutex<Published>,
    readers: Readers,
    options: TreeOptions,
}

fn failed(error: lsm_tree::Error) -> Error {
    let message = format!("the settled tree cannot be read or written ({error:?}): restore this node from a backup or its peers");
    Error::new(Kind::Corrupt, message)
}

impl LsmTree {
    /// Opens the tree in `dir`, which is created when missing. The caller holds the directory's lock.
    pub fn open(dir: &Path, options: TreeOptions) -> Result<Arc<LsmTree>> {
        let (next, visible) = (SequenceNumberCounter::default(), SequenceNumberCounter::default());
        let separation = KvSeparationOptions::default()
            .separation_threshold(BLOB_BYTES_MIN)
            .staleness_threshold(BLOB_STALE_SHARE)
            .age_cutoff(1.0)
            .file_target_size(options.table_bytes);
        let tree = lsm_tree::Config::new(dir, next.clone(), visible.clone())
            .data_block_compression_policy(CompressionPolicy::disabled())
            .index_block_compression_policy(CompressionPolicy::disabled())
            .use_cache(Arc::new(lsm_tree::Cache::with_capacity_bytes(options.cache_bytes)))
            .with_kv_separation(Some(separation))
            .open()
            .map_err(failed)?;
        let first = tree.get_highest_persisted_seqno().map_or(0, |seqno| seqno + 1);
        next.fetch_max(first);
        visible.fetch_max(first);
        let mark = match tree.get(MARK_KEY, first).map_err(failed)? {
            Some(record) => decode_mark(Bytes::from(record))?,
            None if tree.current_version().table_count() == 0 => Mark::default(),
            None => {
                return Err(Error::new(
                    Kind::Corrupt,
                    "the settled tree has no mark: restore this node from a backup or its peers",
                ));
            }
        };
        let published = Mutex::new(Published { mark, seqno: first });
        Ok(Arc::new(LsmTree { tree, next, published, readers: Readers::default(), options }))
    }

    /// Below this seqno merging may forget what is overwritten.
    fn oldest_needed(&self) -> u64 {
        // The published seqno is looked at first: a snapshot taken meanwhile reads at it or at a later one.
        let published = self.published.lock().seqno;
        let oldest = self.readers.lock().keys().next().copied().unwrap_or(published);
        oldest.min(published).saturating_sub(1)
    }

    /// The keys of `[from, to)` as they are now, without reading their values.
    fn keys(&self, from: &Bytes, to: &Bytes) -> impl Iterator<Item = Result<Bytes>> + use<> {
        let seqno = self.next.get();
        self.tree.range(from.as_ref()..to.as_ref(), seqno, None).map(|item| item.key().map(Bytes::from).map_err(failed))
    }
}

/// Changes merged with the tombstones of dropped ranges, both ascending; a change inside a dropped range is dropped too.
struct Merged<'a, C: Iterator<Item = Change>, I: Iterator<Item = Result<Bytes>>> {
    changes: Peekable<C>,
    gone: Peekable<I>,
    dropped: &'a [(Bytes, Bytes)],
}

impl<C: Iterator<Item = Change>, I: Iterator<Item = Result<Bytes>>> Iterator for Merged<'_, C, I> {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Result<Change>> {
        let is_dropped = |key: &Bytes| self.dropped.iter().any(|(from, to)| key >= from && key < to);
        while self.changes.next_if(|(key, _)| is_dropped(key)).is_some() {}
        let gone_first = match (self.changes.peek(), self.gone.peek()) {
            (_, None) => false,
            (None, Some(_)) | (_, Some(Err(_))) => true,
            (Some((key, _)), Some(Ok(gone))) => gone < key,
        };
        if gone_first {
            return self.gone.next().map(|key| key.map(|key| (key, None)));
        }
        self.changes.next().map(Ok)
    }
}

fn encode_mark(mark: &Mark) -> Vec<u8> {
    let mut out = vec![VERSION, u8::from(mark.applied.is_some())];
    let id = mark.applied.unwrap_or_default();
    out.put_u64_le(id.term);
    out.put_u64_le(id.index);
    out.put_slice(&mark.membership);
    out
}

fn decode_mark(mut data: Bytes) -> Result<Mark> {
    let damaged =
        || Error::new(Kind::Corrupt, "the settled tree's mark is damaged: restore this node from a backup or its peers");
    let version = data.try_get_u8().map_err(|_| damaged())?;
    if version != VERSION {
        return Err(Error::new(Kind::Corrupt, format!("the settled tree has version {version}, this build reads {VERSION}")));
    }
    let known = data.try_get_u8().map_err(|_| damaged())?;
    let term = data.try_get_u64_le().map_err(|_| damaged())?;
    let index = data.try_get_u64_le().map_err(|_| damaged())?;
    Ok(Mark { applied: (known == 1).then_some(EntryId { term, index }), membership: data })
}

impl Tree for LsmTree {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        let published = self.published.lock();
        *self.readers.lock().entry(published.seqno).or_default() += 1;
        let (tree, readers) = (self.tree.clone(), self.readers.clone());
        Arc::new(Moment { tree, seqno: published.seqno, mark: published.mark.clone(), readers })
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        let mut ranges = dropped.to_vec();
        ranges.sort();
        let gone = ranges.iter().flat_map(|(from, to)| self.keys(from, to)).peekable();
        let mut ingestion = self.tree.ingestion().map_err(failed)?;
        for change in (Merged { changes: changes.peekable(), gone, dropped }) {
            match change? {
                (key, Some(value)) => ingestion.write(UserKey::from(key), UserValue::from(value)),
                (key, None) => ingestion.write_tombstone(UserKey::from(key)),
            }
            .map_err(failed)?;
        }
        ingestion.write(UserKey::from(MARK_KEY), UserValue::from(encode_mark(mark))).map_err(failed)?;
        ingestion.finish().map_err(failed)?;
        *self.published.lock() = Published { mark: mark.clone(), seqno: self.next.get() };
        Ok(())
    }

    fn maintain(&self) -> Result<bool> {
        let before = self.tree.current_version().id();
        let strategy = lsm_tree::compaction::Leveled::default()
            .with_table_target_size(self.options.table_bytes)
            .with_l0_threshold(FIRST_LEVEL_RUNS);
        self.tree.compact(Arc::new(strategy), self.oldest_needed()).map_err(failed)?;
        Ok(self.tree.current_version().id() != before)
    }

    fn replace(&self, pairs: &mut dyn Iterator<Item = Result<Pair>>, mark: &Mark) -> Result<()> {
        // Everything that is here is dropped in the same step, but for what comes again.
        let mut failure = None;
        let mut fresh = pairs.map_while(|pair| pair.map_err(|error| failure = Some(error)).ok()).peekable();
        let mut here = self.keys(&Bytes::new(), &Bytes::from_static(MARK_KEY)).peekable();
        let mut ingestion = self.tree.ingestion().map_err(failed)?;
        loop {
            let stale = match (fresh.peek(), here.peek()) {
                (None, None) => break,
                (Some((key, _)), Some(Ok(old))) => old < key,
                (None, Some(_)) | (_, Some(Err(_))) => true,
                (Some(_), None) => false,
            };
            if stale {
                if let Some(old) = here.next() {
                    ingestion.write_tombstone(UserKey::from(old?)).map_err(failed)?;
                }
            } else if let Some((key, value)) = fresh.next() {
                here.next_if(|old| old.as_ref().is_ok_and(|old| *old == key));
                ingestion.write(UserKey::from(key), UserValue::from(value)).map_err(failed)?;
            }
        }
        drop(fresh);
        if let Some(error) = failure {
            // Nothing was registered: the tables written so far are leftovers that the next start removes.
            return Err(error);
        }
        ingestion.write(UserKey::from(MARK_KEY), UserValue::from(encode_mark(mark))).map_err(failed)?;
        ingestion.finish().map_err(failed)?;
        *self.published.lock() = Published { mark: mark.clone(), seqno: self.next.get() };
        Ok(())
    }

    fn disk_bytes(&self) -> u64 {
        self.tree.disk_space()
    }
}

struct Moment {
    tree: AnyTree,
    seqno: u64,
    mark: Mark,
    readers: Readers,
}

impl Drop for Moment {
    fn drop(&mut self) {
        let mut readers = self.readers.lock();
        if let Some(count) = readers.get_mut(&self.seqno) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.seqno);
            }
        }
    }
}

impl Snapshot for Moment {
    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.tree.get(key, self.seqno).map_err(failed)?.map(Bytes::from))
    }

    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        let items = self.tree.range(from.as_ref()..to.as_ref(), self.seqno, None);
        let pair = |item: lsm_tree::IterGuardImpl| {
            let (key, value) = item.into_inner().map_err(failed)?;
            Ok((Bytes::from(key), Bytes::from(value)))
        };
        match direction {
            Direction::Forward => Box::new(items.map(pair)),
            Direction::Backward => Box::new(items.rev().map(pair)),
        }
    }
}
