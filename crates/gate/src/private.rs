//! Files that hold a secret.

use std::{fs::File, os::unix::fs::MetadataExt, path::Path};

/// Whether nobody else may read a file that holds a secret.
///
/// As `ssh` looks at its keys: a file of one's own is nobody else's to read. One that another owner gave us, as systemd and
/// Kubernetes do, may be read by a group, which is how they let us.
///
/// # Errors
/// A sentence without its subject, the file: that others can read it, and the command that takes that away.
pub fn check_mode(path: &Path, file: &File) -> Result<(), String> {
    let metadata = file.metadata().map_err(|error| format!("cannot be looked at: {error}"))?;
    let own = metadata.uid() == rustix::process::geteuid().as_raw();
    let (others, mode) = if own { (0o077, "600") } else { (0o007, "640") };
    if metadata.mode() & others == 0 {
        return Ok(());
    }
    let (path, found) = (path.display(), metadata.mode() & 0o7777);
    Err(format!("can be read by others (mode {found:04o}); take that away with: chmod {mode} {path}"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_file_of_ones_own_is_nobody_elses_to_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, fits) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o610, false)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let checked = check_mode(file.path(), file.as_file());
            assert_eq!(checked.is_ok(), fits, "{mode:o}: {checked:?}");
            let path = file.path().display();
            let expected = format!("can be read by others (mode {mode:04o}); take that away with: chmod 600 {path}");
            assert!(checked.is_ok() || checked == Err(expected));
        }
    }
}
