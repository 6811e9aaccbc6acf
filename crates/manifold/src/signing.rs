//! The key that signs checkpoints of the audit trail: one that is given, or this node's own.
//!
//! A node's own key is made at its first start and lies in its data directory, where nobody else may read it. Nodes of one cluster
//! sign the same roots, each with its own key, unless they are given one and the same.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use ::config::checkpoint::Ed25519Signer;
use base::ClusterId;
use door_http::Signing;

use crate::{
    config::Config,
    exit::{Code, Failure, Outcome},
};

/// A node's own key, in its data directory.
const FILE: &str = "audit-signing.key";
const SEED_BYTES: usize = 32;
/// Digits, and an end of the line.
const FILE_BYTES_MAX: u64 = 128;

/// Opens the key that is given, or the node's own.
pub(crate) fn open(config: &Config, cluster: ClusterId) -> Outcome<Signing> {
    let failure = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::new(Code::Configuration, format!("the key that signs the audit trail, {}, {error}", path.display()))
    };
    let own = config.data_dir.join(FILE);
    let path = config.audit_key.as_deref().unwrap_or(&own);
    let seed = match read(path) {
        Ok(None) if config.audit_key.is_none() => {
            make(path).map_err(|error| failure(path, &format!("cannot be written: {error}")))?
        }
        Ok(None) => return Err(failure(path, &"is not there")),
        Ok(Some(seed)) => seed,
        Err(error) => return Err(failure(path, &error)),
    };
    let name = format!("manifold-{cluster:x}");
    let signer = Ed25519Signer::from_seed(&name, &seed).map_err(|error| failure(path, &error))?;
    Ok(Signing { origin: format!("manifold/{cluster:x}/config/default"), signer: Arc::new(signer) })
}

/// The secret bytes in a file; `None`: there is no such file.
fn read(path: &Path) -> Result<Option<[u8; SEED_BYTES]>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    gate::private::check_mode(path, &file)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    let digits = text.trim();
    let seed: Option<Vec<u8>> = (digits.len() == 2 * SEED_BYTES && digits.is_ascii())
        .then(|| (0..SEED_BYTES).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()).collect())
        .flatten();
    let seed = seed.and_then(|seed| seed.try_into().ok());
    seed.map(Some)
        .ok_or_else(|| format!("holds no key: {} hexadecimal digits, as of: openssl rand -hex {SEED_BYTES}", 2 * SEED_BYTES))
}

fn make(path: &Path) -> io::Result<[u8; SEED_BYTES]> {
    let mut seed = [0; SEED_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let digits: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    // A crash leaves the whole key or none.
    let newborn = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&newborn)?;
    writeln!(file, "{digits}")?;
    file.sync_all()?;
    std::fs::rename(&newborn, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_nodes_own_key_is_made_once_and_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        let key = |config: &Config| open(config, 0xc1).map(|signing| (signing.origin.clone(), signing.signer.public_key()));
        let first = key(&config).unwrap();
        assert_eq!(first.0, "manifold/c1/config/default");
        assert_eq!(key(&config).unwrap(), first);
        let path = folder.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(key(&config).unwrap_err().message.contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "no digits").unwrap();
        assert!(key(&config).unwrap_err().message.contains("openssl rand -hex 32"));
        let given = Config { audit_key: Some(folder.path().join("none")), ..config };
        assert!(key(&given).unwrap_err().message.contains("is not there"));
    }
}
