//! Fixed API keys from a file of their owner's.

use std::{fs::File, io::Read, path::Path};

use door_http::keys::{FixedKey, read_fixed_keys};

/// The setting that names the file.
pub(super) const IMPORT_KEYS: &str = "import-keys";

/// Far more than anybody writes by hand.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The keys in a file that nobody else may read. An empty path: none.
pub(super) fn from_file(path: &str) -> Result<Vec<FixedKey>, String> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    gate::private::check_mode(Path::new(path), &file)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes >= FILE_BYTES_MAX) {
        return Err("is too long".to_owned());
    }
    read_fixed_keys(&text)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_and_no_message_repeats_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let text = path.to_str().unwrap();
        assert!(from_file(text).unwrap_err().starts_with("cannot be read: "));
        fs::write(&path, "suite confman_dev_abc123 admin\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(from_file(text).unwrap_err().starts_with("can be read by others (mode 0644)"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(from_file(text).unwrap().len(), 1);
        fs::write(&path, "suite confman_dev_abc123\n").unwrap();
        let problem = from_file(text).unwrap_err();
        assert!(problem.starts_with("line 1 is not") && !problem.contains("abc123"), "{problem}");
        assert_eq!(from_file("").unwrap(), []);
    }
}
