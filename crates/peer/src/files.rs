//! Certificates in files, read again when they change.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::SystemTime,
};

use parking_lot::Mutex;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{
    counts::{Counters, count},
    tls::Configs,
};

/// Three PEM files and what was last read from them.
pub(crate) struct Files {
    ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
    loaded: Mutex<Loaded>,
    counters: Arc<Counters>,
}

struct Loaded {
    configs: Configs,
    /// Of the files that were looked at last, good or bad.
    stamp: Stamp,
}

/// What tells that a file is another: when it was written, and its length.
type Stamp = [Option<(SystemTime, u64)>; 3];

impl Files {
    pub(crate) fn open(ca: PathBuf, cert: PathBuf, key: PathBuf, counters: Arc<Counters>) -> io::Result<Self> {
        let stamp = stamp([&ca, &cert, &key]);
        let configs = load(&ca, &cert, &key)?;
        Ok(Self { ca, cert, key, loaded: Mutex::new(Loaded { configs, stamp }), counters })
    }

    /// What the files say now. Files that cannot be used leave the former certificates in use, which is told once and counted.
    /// Called at each dial and each accepted connection: three calls of `stat`.
    pub(crate) fn current(&self) -> Configs {
        let stamp = stamp([&self.ca, &self.cert, &self.key]);
        let mut loaded = self.loaded.lock();
        if loaded.stamp != stamp {
            loaded.stamp = stamp;
            match load(&self.ca, &self.cert, &self.key) {
                Ok(configs) => {
                    tracing::info!("the peer certificates in {} were read anew", self.cert.display());
                    loaded.configs = configs;
                }
                Err(error) => self.keep(&self.counters.bad_files, &error),
            }
        }
        loaded.configs.clone()
    }

    fn keep(&self, counter: &AtomicU64, error: &io::Error) {
        count(counter);
        tracing::warn!("the new peer certificates cannot be used and the former ones stay: {error}");
    }
}

fn stamp(paths: [&Path; 3]) -> Stamp {
    paths.map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn load(ca: &Path, cert: &Path, key: &Path) -> io::Result<Configs> {
    let roots = certificates(ca)?;
    let chain = certificates(cert)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    Configs::new(roots, chain, private).map_err(|error| unusable(cert, &error))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(unusable(path, &"it holds no certificate in PEM")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
}
