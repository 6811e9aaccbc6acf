//! Looks at segment files without a commit that names them, and changes nothing.

use std::sync::Arc;

use base::{Disk, Result};

use crate::{
    error::failed_io,
    format::{RunEntry, RunTable},
    key::{SegmentId, file_name, segment_of},
    meta::SegmentMeta,
    segment::read_ends,
    ship::verify,
    yard::Yard,
};

/// The segments whose files lie in a directory, by id, and what each says of itself: whether it is live only a commit knows.
///
/// # Errors
/// `Unavailable` if the directory cannot be read. A damaged file is an error in its place.
pub fn segments(disk: &dyn Disk) -> Result<Vec<(SegmentId, Result<SegmentMeta>)>> {
    let names = disk.list().map_err(|error| failed_io("directory", &error))?;
    let mut ids: Vec<SegmentId> = names.iter().filter_map(|name| segment_of(name)).collect();
    ids.sort_unstable();
    Ok(ids.into_iter().map(|id| (id, read_ends(disk, &file_name(id), id).map(|(_, _, meta)| meta))).collect())
}

/// The runs of a segment, by partition and offset.
///
/// # Errors
/// `Corrupt`, `Unsupported` or `Unavailable`, as when it is opened.
pub fn runs(disk: &dyn Disk, id: SegmentId) -> Result<Vec<RunEntry>> {
    let (file, trailer, _) = read_ends(disk, &file_name(id), id)?;
    Ok(RunTable::read(&*file, &trailer)?.entries().collect())
}

/// Reads all of a segment and checks it against itself; the bytes of its batches.
///
/// # Errors
/// As [`runs`], and `Corrupt` for a damaged batch.
pub fn check(disk: &Arc<dyn Disk>, id: SegmentId) -> Result<u64> {
    let (_, _, meta) = read_ends(&**disk, &file_name(id), id)?;
    verify(&Yard::new(disk.clone()), &file_name(id), meta, &mut |_| Ok(()))
}
