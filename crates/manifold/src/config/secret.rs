//! Where the cluster's secret comes from: a file of its owner's, or a variable. Never the command line, which `ps` shows.

use std::{fs::File, io::Read, path::Path};

use replica::ClusterSecret;

/// The setting that names the secret's file. Its variable is the one that is not like its flag: it holds the secret itself.
pub(crate) const SECRET: &str = "cluster-secret";

/// What the text of every secret begins with. Whoever gives one where a file is named has shown it already; it is not repeated.
const TEXT_PREFIX: &str = "manifold-secret-";

/// Far more than a secret has.
const FILE_BYTES_MAX: u64 = 4096;

/// Whether a text that was given is, or was meant to be, the secret itself, so that no message may repeat it.
pub(crate) fn is_secret(text: &str) -> bool {
    text.contains(TEXT_PREFIX)
}

/// The secret that the variable holds.
pub(crate) fn from_variable(text: &str) -> Result<ClusterSecret, String> {
    ClusterSecret::parse(text).map_err(|error| {
        format!("holds no secret: {error}. This variable is the secret itself; a file is named with --{SECRET}, or by that key")
    })
}

/// The secret in a file that nobody else may read.
pub(crate) fn from_file(path: &str) -> Result<ClusterSecret, String> {
    if is_secret(path) {
        let advice = "make another with \"manifold ctl secret new FILE\" and give the file's name";
        return Err(format!("is to name a file, and this is the secret itself, which others may have seen by now; {advice}"));
    }
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}; \"manifold ctl secret new {path}\" makes one");
    let file = File::open(path).map_err(unreadable)?;
    gate::private::check_mode(Path::new(path), &file)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    ClusterSecret::parse(&text)
        .map_err(|error| format!("holds no secret: {error}. \"manifold ctl secret new\" writes such a file"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secret = ClusterSecret::generate();
        fs::write(&path, format!("{}\n", secret.reveal())).unwrap();
        let path = path.to_str().unwrap();
        for (mode, fits) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o666, false)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            match from_file(path) {
                Ok(read) => assert!(fits && read == secret, "mode {mode:o}"),
                Err(problem) => {
                    let expected = format!("can be read by others (mode {mode:04o}); take that away with: chmod 600 {path}");
                    assert!(!fits && problem == expected, "mode {mode:o}: {problem}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_never_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret").to_str().unwrap().to_owned();
        assert!(from_file(&path).unwrap_err().contains(&format!("\"manifold ctl secret new {path}\" makes one")));
        let half = &ClusterSecret::generate().reveal()[..40];
        fs::write(&path, half).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for problem in [from_file(&path).unwrap_err(), from_file(half).unwrap_err(), from_variable(half).unwrap_err()] {
            assert!(!problem.contains(&half[20..]), "{problem}");
        }
        assert!(from_variable(&path).unwrap_err().contains("This variable is the secret itself"));
        assert!(from_variable("").is_err());
    }
}
