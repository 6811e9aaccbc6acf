//! Files that the kernel's cache has forgotten, and how fast the disk gives them.

use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

/// Read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Writes back what is in the kernel's cache of every file below a folder, and drops it there.
pub(crate) fn forget(folder: &Path) -> io::Result<()> {
    each_file(folder, &mut |file| {
        // What is not on the disk yet cannot be dropped.
        file.sync_all()?;
        Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
    })
}

/// MiB a second at which the disk gives the files below a folder, one after the other, once they are forgotten.
pub(crate) fn disk_speed(folder: &Path) -> io::Result<f64> {
    forget(folder)?;
    let mut buffer = vec![0; PIECE_BYTES];
    let (begin, mut bytes) = (Instant::now(), 0_u64);
    each_file(folder, &mut |mut file| {
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                n => bytes += n as u64,
            }
        }
    })?;
    Ok(bytes as f64 / f64::from(1 << 20) / begin.elapsed().as_secs_f64())
}

fn each_file(folder: &Path, look: &mut impl FnMut(File) -> io::Result<()>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            each_file(&entry.path(), look)?;
        } else if kind.is_file() {
            look(File::open(entry.path())?)?;
        }
    }
    Ok(())
}
