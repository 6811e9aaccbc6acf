//! Writing sorted records into table files, cut by family and by size.

use std::sync::Arc;

use base::{Disk, Result};
use bytes::Bytes;
use lsm_tree::{InternalValue, SeqNo, ValueType, config::BloomConstructionPolicy, table::Writer};

use super::{
    error::{failed, failed_io},
    file::{self, Yard},
    manifest::{Entry, Place},
};
use crate::{
    limits::{FAMILY_BYTES, FAMILY_CUTS_MAX, PACE_BYTES},
    stage::check_pair,
};

/// One record, as a table holds it.
pub(super) struct Record {
    pub(super) key: Bytes,
    /// `None`: deleted.
    pub(super) value: Option<Bytes>,
    /// Relative to the base of the file it is written to.
    pub(super) seq: SeqNo,
}

/// The key's family.
pub(super) fn family(key: &[u8]) -> &[u8] {
    &key[..key.len().min(FAMILY_BYTES)]
}

/// A file being written.
struct Open {
    writer: Writer,
    entry: Entry,
    bytes: u64,
    /// As many of them were written when the disk was last told to begin, and how long the file was then.
    begun: (u64, u64),
}

/// Writes records in the order of their keys. Nothing it wrote belongs to the tree until a manifest names it.
pub(super) struct Files {
    yard: Arc<Yard>,
    file_bytes_max: u64,
    base: u64,
    clean: u64,
    open: Option<Open>,
    done: Vec<Entry>,
    ids: Vec<u64>,
    last: Option<Bytes>,
    cuts: usize,
}

impl Files {
    /// Files for a settle: their records have the sequence number `base`.
    pub(super) fn of_settle(yard: &Arc<Yard>, file_bytes_max: u64, base: u64) -> Files {
        Files {
            yard: yard.clone(),
            file_bytes_max,
            base,
            clean: 0,
            open: None,
            done: Vec::new(),
            ids: Vec::new(),
            last: None,
            cuts: 0,
        }
    }

    /// Files for a merge: their records have numbers of their own, and none was dropped up to `clean`.
    pub(super) fn of_merge(yard: &Arc<Yard>, file_bytes_max: u64, clean: u64) -> Files {
        Files { clean, ..Files::of_settle(yard, file_bytes_max, 0) }
    }

    /// Files for a state that replaces the tree: it is older than every settle that comes after, so its records have number 0.
    pub(super) fn of_stage(yard: &Arc<Yard>, file_bytes_max: u64) -> Files {
        Files::of_settle(yard, file_bytes_max, 0)
    }

    /// Where the file under way goes, if `key` belongs into it.
    pub(super) fn place_of(&self, key: &[u8]) -> Option<Place> {
        let open = self.open.as_ref()?;
        // What a bottom table may hold was judged by its first key's family.
        let may_cut = self.may_cut() || open.entry.place == Place::Bottom;
        let splits = may_cut && family(key) != family(&open.entry.first);
        (!splits && open.bytes < self.file_bytes_max).then_some(open.entry.place)
    }

    /// Whether further families may have files of their own.
    pub(super) fn may_cut(&self) -> bool {
        self.cuts < FAMILY_CUTS_MAX
    }

    /// Writes one record; if it begins a file, that file goes to `place`.
    pub(super) fn write(&mut self, record: Record, place: Place) -> Result<()> {
        check_pair(self.last.as_ref(), &record.key, record.value.as_ref().map_or(0, Bytes::len))?;
        if self.place_of(&record.key).is_none() {
            self.cut(&record.key, place)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let (key, bytes) = (record.key, record.value.as_ref().map_or(0, Bytes::len));
        let kind = if record.value.is_some() { ValueType::Value } else { ValueType::Tombstone };
        let entry = &mut open.entry;
        entry.records += 1;
        entry.tombstones += u64::from(record.value.is_none());
        let seq = self.base + record.seq;
        entry.seqs = (entry.seqs.0.min(seq), entry.seqs.1.max(seq));
        entry.last = key.clone();
        open.bytes += (key.len() + bytes) as u64;
        self.last = Some(key.clone());
        let value = record.value.unwrap_or_default();
        open.writer.write(InternalValue::from_components(key, value, record.seq, kind)).map_err(failed)?;
        if open.bytes - open.begun.0 >= PACE_BYTES {
            // By the file's length: what is advised for once must not be advised for again when it is clean, or it leaves memory.
            open.begun = (open.bytes, self.yard.pace(open.entry.id, open.begun.1)?);
        }
        Ok(())
    }

    fn cut(&mut self, first: &Bytes, place: Place) -> Result<()> {
        if self.last.as_ref().is_some_and(|last| family(last) != family(first)) {
            self.cuts += 1;
        }
        self.finish_open()?;
        let id = self.yard.take_id();
        self.ids.push(id);
        // A bottom table is read only for what lies in its range, and mostly for what is there: it does without a filter.
        let bits = if place == Place::Bottom { 0.0 } else { 10.0 };
        let writer = Writer::new(self.yard.path(id), id, 0).map_err(failed)?;
        let writer = writer.use_partitioned_index().use_bloom_policy(BloomConstructionPolicy::BitsPerKey(bits));
        let entry = Entry {
            id,
            place,
            base: self.base,
            seqs: (u64::MAX, 0),
            clean: self.clean,
            records: 0,
            tombstones: 0,
            file_bytes: 0,
            checksum: 0,
            first: first.clone(),
            last: first.clone(),
            trim: Bytes::new(),
        };
        self.open = Some(Open { writer, entry, bytes: 0, begun: (0, 0) });
        Ok(())
    }

    fn finish_open(&mut self) -> Result<()> {
        let Some(Open { writer, mut entry, .. }) = self.open.take() else { return Ok(()) };
        // The library syncs the file and the directory.
        if let Some((_, checksum)) = writer.finish().map_err(failed)? {
            let file = self.yard.disk.open(&file::name(entry.id), false).map_err(failed_io)?;
            (entry.checksum, entry.file_bytes) = (checksum.into_u128(), file.len().map_err(failed_io)?);
            // Keys of records may share large buffers; what is kept does not.
            (entry.first, entry.last) = (Bytes::copy_from_slice(&entry.first), Bytes::copy_from_slice(&entry.last));
            self.done.push(entry);
        }
        Ok(())
    }

    /// All that was written, durable.
    pub(super) fn finish(&mut self) -> Result<Vec<Entry>> {
        self.finish_open()?;
        Ok(std::mem::take(&mut self.done))
    }

    /// Removes what was written. What cannot be removed now goes at the next start.
    pub(super) fn abandon(&mut self) {
        self.open = None;
        for id in self.ids.drain(..) {
            let _ = self.yard.remove(id);
        }
    }
}
