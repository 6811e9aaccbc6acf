//! A segment file's own bytes: header, marks, run table, trailer. `docs/formats/segments.md` draws them.

use base::{DiskFile, Result};
use bytes::{Buf, BufMut};

use crate::{
    error::{damaged, failed_io, unknown_version},
    key::{PartitionKey, SegmentId},
    limits::{BLOCK_BYTES, RUN_BYTES_MAX, RUNS_MAX},
    meta::SegmentMeta,
};

/// The format that this build writes, and the only one it reads.
pub const VERSION: u32 = 1;
/// Bytes of a header: data begins behind it.
pub const HEADER_BYTES: usize = 32;
/// Bytes of a trailer, the last of a file.
pub const TRAILER_BYTES: usize = 72;
/// Bytes of one run in the run table.
pub const RUN_BYTES: usize = 72;
/// Bytes of one mark.
pub const MARK_BYTES: usize = 24;
/// A list of marks begins with their count.
pub const MARK_COUNT_BYTES: usize = 4;
/// In the place of a run's marks: it has one block and none.
pub const NO_MARKS: u32 = u32::MAX;

const HEADER_MAGIC: &[u8; 8] = b"MFSEGMNT";
const TRAILER_MAGIC: &[u8; 8] = b"MFSEGEND";
/// Header and trailer begin with magic, version and CRC, in every version.
const PREFIX_BYTES: usize = 16;

/// One run as the run table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEntry {
    /// Whose batches.
    pub partition: PartitionKey,
    /// Bytes of its batches.
    pub length: u32,
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record. All between the two are in the run.
    pub last_offset: i64,
    /// The greatest timestamp, in ms.
    pub max_timestamp: i64,
    /// Where in the file its batches begin.
    pub position: u64,
    /// How many batches.
    pub batches: u32,
    /// Where its list of marks begins, counted from the first list; [`NO_MARKS`] for a run of one block.
    pub marks: u32,
    /// CRC-32C of the list of marks; of a run of one block, that block's CRC.
    pub check: u32,
}

/// One block of a long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Offset of the block's first record.
    pub base_offset: i64,
    /// The greatest timestamp of the run up to the end of the block, in ms.
    pub max_timestamp: i64,
    /// Where the block begins, counted from the run's first byte.
    pub position: u32,
    /// The block's CRC: CRC-32C of the first 21 bytes of each of its batches. The batches' own CRCs lie in those and cover the rest.
    pub check: u32,
}

/// Where a file's parts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Whose file it is.
    pub id: SegmentId,
    /// How often its bytes were merged at most; 0: written by a settle.
    pub generation: u32,
    /// Where data ends and the lists of marks begin.
    pub marks_at: u64,
    /// Where the lists of marks end and the run table begins.
    pub table_at: u64,
    /// The file's length.
    pub length: u64,
    /// How many runs.
    pub runs: u32,
    /// CRC-32C of the run table.
    pub table_check: u32,
}

/// The header of `id`'s file.
pub fn encode_header(id: SegmentId) -> [u8; HEADER_BYTES] {
    let mut out = Vec::with_capacity(HEADER_BYTES);
    put_prefix(&mut out, HEADER_MAGIC);
    out.put_u64_le(id.owner);
    out.put_u64_le(id.sequence);
    seal(&mut out);
    out.try_into().expect("a header has its length")
}

fn put_prefix(out: &mut Vec<u8>, magic: &[u8; 8]) {
    out.put_slice(magic);
    out.put_u32_le(VERSION);
    out.put_u32_le(0);
}

/// The CRC of a header or trailer: of everything but itself.
pub(crate) fn prefix_check(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[PREFIX_BYTES..])
}

pub(crate) fn seal(bytes: &mut [u8]) {
    let check = prefix_check(bytes);
    bytes[12..PREFIX_BYTES].copy_from_slice(&check.to_le_bytes());
}

/// Magic and CRC must be right before the version is believed.
fn check_prefix(id: SegmentId, bytes: &[u8], magic: &[u8; 8], what: &str) -> Result<()> {
    let (version, check) = ((&bytes[8..]).get_u32_le(), (&bytes[12..]).get_u32_le());
    if bytes[..8] != magic[..] || prefix_check(bytes) != check {
        return Err(damaged(id, format!("its {what} does not match its checksum")));
    }
    if version == VERSION { Ok(()) } else { Err(unknown_version(id, version, VERSION)) }
}

/// Checks that `bytes` are the header of `id`'s file.
pub(crate) fn check_header(id: SegmentId, bytes: &[u8; HEADER_BYTES]) -> Result<()> {
    check_prefix(id, bytes, HEADER_MAGIC, "header")?;
    let mut rest = &bytes[PREFIX_BYTES..];
    let found = SegmentId { owner: rest.get_u64_le(), sequence: rest.get_u64_le() };
    if found == id { Ok(()) } else { Err(damaged(id, format!("it begins as segment {found}"))) }
}

impl Trailer {
    /// Its bytes.
    pub fn encode(&self) -> [u8; TRAILER_BYTES] {
        let mut out = Vec::with_capacity(TRAILER_BYTES);
        put_prefix(&mut out, TRAILER_MAGIC);
        for number in [self.id.owner, self.id.sequence, self.marks_at, self.table_at, self.length] {
            out.put_u64_le(number);
        }
        for number in [self.runs, self.table_check, self.generation, 0] {
            out.put_u32_le(number);
        }
        seal(&mut out);
        out.try_into().expect("a trailer has its length")
    }

    /// The trailer in `bytes`, of a file with `length` bytes that is to be `id`'s. What it says of places fits the length.
    pub(crate) fn decode(id: SegmentId, bytes: &[u8; TRAILER_BYTES], length: u64) -> Result<Trailer> {
        check_prefix(id, bytes, TRAILER_MAGIC, "trailer")?;
        let mut rest = &bytes[PREFIX_BYTES..];
        let trailer = Trailer {
            id: SegmentId { owner: rest.get_u64_le(), sequence: rest.get_u64_le() },
            marks_at: rest.get_u64_le(),
            table_at: rest.get_u64_le(),
            length: rest.get_u64_le(),
            runs: rest.get_u32_le(),
            table_check: rest.get_u32_le(),
            generation: rest.get_u32_le(),
        };
        let zero = rest.get_u32_le();
        if trailer.id != id {
            return Err(damaged(id, format!("it ends as segment {}", trailer.id)));
        }
        let table_bytes = u64::from(trailer.runs) * RUN_BYTES as u64;
        let table_end = trailer.table_at.checked_add(table_bytes).and_then(|end| end.checked_add(TRAILER_BYTES as u64));
        let fits = trailer.length == length
            && table_end == Some(length)
            && (HEADER_BYTES as u64..=trailer.table_at).contains(&trailer.marks_at)
            && trailer.table_at - trailer.marks_at < u64::from(NO_MARKS)
            && trailer.runs <= RUNS_MAX
            && zero == 0;
        if fits { Ok(trailer) } else { Err(damaged(id, "its trailer does not fit its length")) }
    }

    /// What a commit says of this file.
    pub(crate) fn meta(&self, bytes: &[u8; TRAILER_BYTES]) -> SegmentMeta {
        SegmentMeta {
            id: self.id,
            length: self.length,
            data_bytes: self.marks_at - HEADER_BYTES as u64,
            runs: self.runs,
            generation: self.generation,
            checksum: (&bytes[12..]).get_u32_le(),
        }
    }
}

impl RunEntry {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_slice(&self.partition.to_bytes());
        out.put_u32_le(self.length);
        for number in [self.base_offset, self.last_offset, self.max_timestamp] {
            out.put_i64_le(number);
        }
        out.put_u64_le(self.position);
        for number in [self.batches, self.marks, self.check, 0] {
            out.put_u32_le(number);
        }
    }

    /// The entry in these [`RUN_BYTES`] bytes.
    fn decode(mut bytes: &[u8]) -> RunEntry {
        let mut partition = [0; PartitionKey::BYTES];
        bytes.copy_to_slice(&mut partition);
        RunEntry {
            partition: PartitionKey::from_bytes(partition),
            length: bytes.get_u32_le(),
            base_offset: bytes.get_i64_le(),
            last_offset: bytes.get_i64_le(),
            max_timestamp: bytes.get_i64_le(),
            position: bytes.get_u64_le(),
            batches: bytes.get_u32_le(),
            marks: bytes.get_u32_le(),
            check: bytes.get_u32_le(),
        }
    }

    /// What holds of a run by itself.
    fn is_sane(&self) -> bool {
        let offsets = self.last_offset.checked_sub(self.base_offset).is_some_and(|span| span >= 0);
        offsets
            && self.base_offset >= 0
            && self.last_offset < i64::MAX
            && (1..=RUN_BYTES_MAX).contains(&self.length)
            && self.batches > 0
            && u64::from(self.batches) <= u64::from(self.length) / crate::batch::HEAD_BYTES as u64
    }

    /// Bytes that its list of marks can have at most: every block but the last has [`BLOCK_BYTES`] or more.
    pub(crate) fn marks_bytes_max(length: u32) -> usize {
        MARK_COUNT_BYTES + (length / BLOCK_BYTES + 1) as usize * MARK_BYTES
    }
}

/// The run table of a file, whole and checked.
#[derive(Debug)]
pub(crate) struct RunTable {
    bytes: Vec<u8>,
}

impl RunTable {
    /// Reads and checks it: right CRC, runs in order, and their batches and marks fill the file without a gap.
    pub(crate) fn read(file: &dyn DiskFile, trailer: &Trailer) -> Result<RunTable> {
        let mut bytes = vec![0; trailer.runs as usize * RUN_BYTES];
        file.read_at(&mut bytes, trailer.table_at).map_err(|error| failed_io(trailer.id, &error))?;
        if crc32c::crc32c(&bytes) != trailer.table_check {
            return Err(damaged(trailer.id, "its run table does not match its checksum"));
        }
        let table = RunTable { bytes };
        if table.fits(trailer) { Ok(table) } else { Err(damaged(trailer.id, "its run table does not fit its file")) }
    }

    fn fits(&self, trailer: &Trailer) -> bool {
        let (mut position, mut marks) = (HEADER_BYTES as u64, 0_u64);
        let mut before: Option<RunEntry> = None;
        let marks_bytes = trailer.table_at - trailer.marks_at;
        for run in self.entries() {
            let follows = before.is_none_or(|before| {
                before.partition < run.partition || (before.partition == run.partition && before.last_offset < run.base_offset)
            });
            let has_marks = run.marks != NO_MARKS;
            // A list has two marks or more; where exactly it ends is known when it is read.
            let marks_fit = !has_marks
                || (u64::from(run.marks) >= marks
                    && u64::from(run.marks) + (MARK_COUNT_BYTES + 2 * MARK_BYTES) as u64 <= marks_bytes
                    && run.length > BLOCK_BYTES);
            if !follows || !run.is_sane() || run.position != position || !marks_fit {
                return false;
            }
            position += u64::from(run.length);
            if has_marks {
                marks = u64::from(run.marks) + (MARK_COUNT_BYTES + 2 * MARK_BYTES) as u64;
            }
            before = Some(run);
        }
        position == trailer.marks_at
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = RunEntry> {
        self.bytes.chunks_exact(RUN_BYTES).map(RunEntry::decode)
    }
}

/// Appends a list of marks; gives its CRC.
pub(crate) fn encode_marks(marks: &[Mark], out: &mut Vec<u8>) -> u32 {
    let start = out.len();
    out.put_u32_le(u32::try_from(marks.len()).expect("a run has fewer blocks than bytes"));
    for mark in marks {
        out.put_i64_le(mark.base_offset);
        out.put_i64_le(mark.max_timestamp);
        out.put_u32_le(mark.position);
        out.put_u32_le(mark.check);
    }
    crc32c::crc32c(&out[start..])
}

/// The list at the start of `bytes`, if its CRC is `check` and its marks are in order.
pub(crate) fn decode_marks(mut bytes: &[u8], check: u32) -> Option<Vec<Mark>> {
    let whole = bytes;
    let count = bytes.try_get_u32_le().ok()? as usize;
    let end = MARK_COUNT_BYTES.checked_add(count.checked_mul(MARK_BYTES)?)?;
    if count < 2 || crc32c::crc32c(whole.get(..end)?) != check {
        return None;
    }
    let marks: Vec<Mark> = (0..count)
        .map(|_| Mark {
            base_offset: bytes.get_i64_le(),
            max_timestamp: bytes.get_i64_le(),
            position: bytes.get_u32_le(),
            check: bytes.get_u32_le(),
        })
        .collect();
    let ordered = marks.windows(2).all(|pair| {
        let span = u64::from(pair[1].position).checked_sub(u64::from(pair[0].position));
        pair[0].base_offset < pair[1].base_offset
            && pair[0].max_timestamp <= pair[1].max_timestamp
            && span.is_some_and(|span| span >= u64::from(BLOCK_BYTES))
    });
    (ordered && marks[0].position == 0).then_some(marks)
}
