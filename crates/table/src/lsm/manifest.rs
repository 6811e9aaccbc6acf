//! The manifest: what the tree holds, in one file that is replaced as a whole. Its replacement is the commit of a settle.
//!
//! `docs/formats/table.md` draws it.

use base::{Disk, EntryId, Error, Kind, Result};
use bytes::{Buf, BufMut, Bytes};

use super::error::{damaged, failed_io};
use crate::Mark;

/// The file's name, and the name under which the next one is written.
pub(super) const MANIFEST: &str = "manifest";
const MANIFEST_NEW: &str = "manifest.new";
const MAGIC: &[u8; 8] = b"MFTABLES";
/// The format that this build writes, and the only one it reads.
const FORMAT: u32 = 1;
/// Magic, format, length.
const HEAD_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;

/// Where a table lies among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// May overlap others; what was settled later wins.
    Young,
    /// Overlaps no other bottom table, and everything young wins over it.
    Bottom,
}

/// A table file as the manifest knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) place: Place,
    /// Added to the sequence number of every record in the file.
    pub(super) base: u64,
    /// Smallest and greatest sequence number of its records.
    pub(super) seqs: (u64, u64),
    /// Ranges that were dropped up to this sequence number have no records in it.
    pub(super) clean: u64,
    pub(super) records: u64,
    pub(super) tombstones: u64,
    pub(super) file_bytes: u64,
    /// xxh3-128 of the whole file.
    pub(super) checksum: u128,
    pub(super) first: Bytes,
    pub(super) last: Bytes,
    /// Keys below it were merged away already and are not part of the table any more; empty: all of them count.
    pub(super) trim: Bytes,
}

/// A dropped range whose records may still lie in tables: those with a smaller sequence number are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) from: Bytes,
    pub(super) to: Bytes,
    pub(super) before: u64,
}

/// What the tree holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) next_id: u64,
    pub(super) next_seq: u64,
    pub(super) mark: Mark,
    pub(super) hidden: Vec<Hidden>,
    pub(super) tables: Vec<Entry>,
}

impl Manifest {
    /// Reads the manifest; `None` when there is none.
    pub(super) fn load(disk: &dyn Disk, names: &[String]) -> Result<Option<Manifest>> {
        if !names.iter().any(|name| name == MANIFEST) {
            return Ok(None);
        }
        let file = disk.open(MANIFEST, false).map_err(failed_io)?;
        let length = file.len().map_err(failed_io)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| damaged("its manifest is too long"))?];
        file.read_at(&mut bytes, 0).map_err(failed_io)?;
        Manifest::decode(Bytes::from(bytes)).map(Some)
    }

    /// Replaces the manifest: durable when it returns.
    pub(super) fn store(&self, disk: &dyn Disk) -> Result<()> {
        let bytes = self.encode();
        let write = || {
            let file = disk.open(MANIFEST_NEW, true)?;
            file.set_len(0)?;
            file.write_at(&bytes, 0)?;
            file.sync_data()?;
            disk.rename(MANIFEST_NEW, MANIFEST)?;
            disk.sync_dir()
        };
        write().map_err(failed_io)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.put_u32_le(FORMAT);
        out.put_u32_le(0);
        out.put_u64_le(self.next_id);
        out.put_u64_le(self.next_seq);
        let applied = self.mark.applied.unwrap_or_default();
        out.put_u8(u8::from(self.mark.applied.is_some()));
        out.put_u64_le(applied.term);
        out.put_u64_le(applied.index);
        put_bytes(&mut out, &self.mark.membership);
        put_count(&mut out, self.hidden.len());
        for hidden in &self.hidden {
            out.put_u64_le(hidden.before);
            put_bytes(&mut out, &hidden.from);
            put_bytes(&mut out, &hidden.to);
        }
        put_count(&mut out, self.tables.len());
        for table in &self.tables {
            table.encode(&mut out);
        }
        let body = u32::try_from(out.len() - HEAD_BYTES).expect("a manifest names fewer tables than fill 4 GiB");
        out[12..HEAD_BYTES].copy_from_slice(&body.to_le_bytes());
        let checksum = crc32c::crc32c(&out);
        out.put_u32_le(checksum);
        out
    }

    fn decode(bytes: Bytes) -> Result<Manifest> {
        let torn = || damaged("its manifest does not match its checksum");
        if bytes.len() < HEAD_BYTES + CHECKSUM_BYTES || bytes[..8] != MAGIC[..] {
            return Err(torn());
        }
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if crc32c::crc32c(content).to_le_bytes() != checksum {
            return Err(torn());
        }
        let mut body = bytes.slice(8..bytes.len() - CHECKSUM_BYTES);
        let (format, length) = (body.get_u32_le(), body.get_u32_le());
        if format != FORMAT {
            let message = format!(
                "the settled tree has format {format}, and this build reads format {FORMAT} only: use the build that wrote it"
            );
            return Err(Error::new(Kind::Unsupported, message));
        }
        if length as usize != body.len() {
            return Err(torn());
        }
        Manifest::decode_body(&mut body).filter(|_| body.is_empty()).ok_or_else(torn)
    }

    fn decode_body(body: &mut Bytes) -> Option<Manifest> {
        let (next_id, next_seq) = (body.try_get_u64_le().ok()?, body.try_get_u64_le().ok()?);
        let known = body.try_get_u8().ok()?;
        let applied = EntryId { term: body.try_get_u64_le().ok()?, index: body.try_get_u64_le().ok()? };
        let membership = take_bytes(body)?;
        let mark = Mark { applied: (known == 1).then_some(applied), membership };
        let hidden = (0..body.try_get_u32_le().ok()?)
            .map(|_| Some(Hidden { before: body.try_get_u64_le().ok()?, from: take_bytes(body)?, to: take_bytes(body)? }))
            .collect::<Option<_>>()?;
        let tables = (0..body.try_get_u32_le().ok()?).map(|_| Entry::decode(body)).collect::<Option<_>>()?;
        Some(Manifest { next_id, next_seq, mark, hidden, tables })
    }
}

impl Entry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64_le(self.id);
        out.put_u8(match self.place {
            Place::Young => 0,
            Place::Bottom => 1,
        });
        for number in [self.base, self.seqs.0, self.seqs.1, self.clean, self.records, self.tombstones, self.file_bytes] {
            out.put_u64_le(number);
        }
        out.put_u128_le(self.checksum);
        for key in [&self.first, &self.last, &self.trim] {
            put_bytes(out, key);
        }
    }

    fn decode(body: &mut Bytes) -> Option<Entry> {
        Some(Entry {
            id: body.try_get_u64_le().ok()?,
            place: match body.try_get_u8().ok()? {
                0 => Place::Young,
                1 => Place::Bottom,
                _ => return None,
            },
            base: body.try_get_u64_le().ok()?,
            seqs: (body.try_get_u64_le().ok()?, body.try_get_u64_le().ok()?),
            clean: body.try_get_u64_le().ok()?,
            records: body.try_get_u64_le().ok()?,
            tombstones: body.try_get_u64_le().ok()?,
            file_bytes: body.try_get_u64_le().ok()?,
            checksum: body.try_get_u128_le().ok()?,
            first: take_bytes(body)?,
            last: take_bytes(body)?,
            trim: take_bytes(body)?,
        })
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.put_u32_le(u32::try_from(count).expect("fewer than 2^32 tables and ranges fit into memory"));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.put_slice(bytes);
}

fn take_bytes(body: &mut Bytes) -> Option<Bytes> {
    let length = body.try_get_u32_le().ok()? as usize;
    (length <= body.len()).then(|| body.split_to(length))
}
