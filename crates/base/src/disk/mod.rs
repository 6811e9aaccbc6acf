//! Disks, handed in: a directory of flat files with positioned reads and writes.

mod memory;
mod real;
#[cfg(test)]
mod tests;

use std::io;

pub use memory::{Damage, Ending, Event, Fault, MemoryDisk};
pub use real::RealDisk;

/// A directory of files, addressed by plain names without separators.
pub trait Disk: Send + Sync + 'static {
    /// Names of all files, in no order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens `name` for reading and writing; creates it empty when it is missing and `create` is set.
    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, replacing `to`.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations, renames and removals durable.
    fn sync_dir(&self) -> io::Result<()>;

    /// Bytes free for this process, and bytes in all, of the file system underneath.
    fn space(&self) -> io::Result<Space>;
}

/// What a file system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// Fills `buf` from `offset`; an error of kind `UnexpectedEof` if the file ends before.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `buf` at `offset`.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;

    /// `fdatasync`: everything written to this file is durable when it returns.
    fn sync_data(&self) -> io::Result<()>;

    /// Lets the disk begin to write what is in memory of this range, without waiting for it: nothing is durable for it.
    fn begin_write_back(&self, _offset: u64, _len: u64) -> io::Result<()> {
        Ok(())
    }

    /// The file's length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts or grows the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
}
