//! Small files of the data directory: lines of text under a checksum, replaced as a whole.

use std::io;

use base::{Disk, Error, Kind, Result};

/// Far more than any of them has.
const BYTES_MAX: u64 = 1 << 16;
/// The last line's name.
const CHECKSUM: &str = "checksum";

/// The text of file `name`; `None` if there is none.
pub(crate) fn load(disk: &dyn Disk, name: &str) -> io::Result<Option<String>> {
    let file = match disk.open(name, false) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = vec![0; usize::try_from(file.len()?.min(BYTES_MAX)).expect("bounded above")];
    file.read_at(&mut text, 0)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// Replaces file `name`; durable when it returns.
pub(crate) fn store(disk: &dyn Disk, name: &str, text: &str) -> Result<()> {
    let write = || {
        let new = format!("{name}.new");
        let file = disk.open(&new, true)?;
        file.set_len(0)?;
        file.write_at(text.as_bytes(), 0)?;
        file.sync_data()?;
        disk.rename(&new, name)?;
        disk.sync_dir()
    };
    write().map_err(|error: io::Error| Error::new(Kind::Unavailable, format!("cannot write the file {name}: {error}")))
}

/// Removes file `name`, if there is one; durable when it returns.
pub(crate) fn remove(disk: &dyn Disk, name: &str) -> Result<()> {
    let remove = || match disk.remove(name) {
        Ok(()) => disk.sync_dir(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    remove().map_err(|error| Error::new(Kind::Unavailable, format!("cannot remove the file {name}: {error}")))
}

/// Lines with the checksum behind them.
pub(crate) fn seal(lines: String) -> String {
    let checksum = crc32c::crc32c(lines.as_bytes());
    format!("{lines}{CHECKSUM} = {checksum:08x}\n")
}

/// Whether a text is whole.
pub(crate) fn is_sealed(text: &str) -> bool {
    let lines = text.rfind(CHECKSUM).map(|at| &text[..at]);
    lines.is_some_and(|lines| seal(lines.to_owned()) == text)
}

/// The value of the line `name = value`.
pub(crate) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('=')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use base::disk::MemoryDisk;

    use super::*;

    #[test]
    fn a_paper_is_whole_or_not() {
        let text = seal("a = 1\nbc = x y\n".to_owned());
        assert!(is_sealed(&text));
        assert_eq!((field(&text, "a"), field(&text, "bc"), field(&text, "b")), (Some("1"), Some("x y"), None));
        for cut in 0..text.len() {
            assert!(!is_sealed(&text[..cut]), "cut at {cut}");
        }
        assert!(!is_sealed(&text.replace('1', "2")) && !is_sealed(&format!("{text}\n")));
    }

    #[test]
    fn a_paper_is_replaced_and_removed() {
        let disk = MemoryDisk::new();
        assert_eq!(load(&disk, "p").unwrap(), None);
        store(&disk, "p", "long text").unwrap();
        store(&disk, "p", "short").unwrap();
        assert_eq!(load(&disk, "p").unwrap().as_deref(), Some("short"));
        remove(&disk, "p").unwrap();
        remove(&disk, "p").unwrap();
        assert_eq!(load(&disk, "p").unwrap(), None);
    }
}
