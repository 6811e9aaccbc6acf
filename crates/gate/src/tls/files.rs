//! What the files hold, and the configuration that it makes.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, ServerSessionMemoryCache, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};

use super::{ClientAuth, TlsFiles, TlsOptions};
use crate::{limits, private};

/// What tells that a file is another one: place, times of writing and of any change, length, mode.
type Stamp = Option<(u64, u64, [i64; 4], u64, u32)>;

/// The stamps of all files.
#[derive(PartialEq)]
pub(super) struct Stamps([Stamp; 4]);

impl Stamps {
    pub(super) fn of(files: &TlsFiles) -> Self {
        let stamp = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
            Some((metadata.dev(), metadata.ino(), times, metadata.len(), metadata.mode()))
        };
        let given = [Some(&files.cert), Some(&files.key), files.client_ca.as_ref(), files.crl.as_ref()];
        Self(given.map(|path| stamp(path?)))
    }
}

/// What the files held.
#[derive(PartialEq)]
pub(super) struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
    crl: Option<Vec<u8>>,
}

impl Contents {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, String> {
        let optional = |path: &Option<_>| path.as_deref().map(|path| read(path, |_| Ok(()))).transpose();
        Ok(Self {
            cert: read(&files.cert, |_| Ok(()))?,
            key: read(&files.key, |file| private::check_mode(&files.key, file))?,
            client_ca: optional(&files.client_ca)?,
            crl: optional(&files.crl)?,
        })
    }

    /// What the server speaks with them. An error names the file that is at fault.
    pub(super) fn config(&self, options: &TlsOptions) -> Result<ServerConfig, String> {
        let files = &options.files;
        let chain = certificates(&files.cert, &self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| unusable(&files.key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = builder.map_err(|error| error.to_string())?;
        let builder = match self.clients(options)? {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(clients),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            let key = files.key.display();
            format!("{}: with the key in {key}: {error}", files.cert.display())
        })?;
        config.alpn_protocols = options.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config.session_storage = match options.client_auth {
            ClientAuth::None => ServerSessionMemoryCache::new(limits::SESSIONS_KEPT),
            ClientAuth::Request | ClientAuth::Require => {
                config.send_tls13_tickets = 0;
                Arc::new(NoServerSessionStorage {})
            }
        };
        Ok(config)
    }

    fn clients(&self, options: &TlsOptions) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
        let (TlsFiles { client_ca, crl, .. }, auth) = (&options.files, options.client_auth);
        if auth == ClientAuth::None {
            return Ok(None);
        }
        let (Some(path), Some(pem)) = (client_ca, &self.client_ca) else {
            return Err(format!("the {} door asks for client certificates and has no authority for them", options.door));
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path, pem)? {
            roots.add(certificate).map_err(|error| unusable(path, &error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let (Some(path), Some(pem)) = (crl, &self.crl) {
            builder = builder.with_crls(revocations(path, pem)?);
        }
        if auth == ClientAuth::Request {
            builder = builder.allow_unauthenticated();
        }
        let at_fault = crl.as_ref().unwrap_or(path);
        builder.build().map(Some).map_err(|error| unusable(at_fault, &error))
    }
}

/// A whole file, after `check` was content with it.
fn read(path: &Path, check: impl FnOnce(&File) -> Result<(), String>) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| unusable(path, &error))?;
    check(&file).map_err(|problem| format!("{} {problem}", path.display()))?;
    let mut bytes = Vec::new();
    let limit = limits::CERTIFICATE_FILE_BYTES_MAX;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unusable(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(unusable(path, &format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    sections(path, CertificateDer::pem_slice_iter(pem).collect(), "certificate")
}

fn revocations(path: &Path, pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    sections(path, CertificateRevocationListDer::pem_slice_iter(pem).collect(), "revocation list")
}

fn sections<T>(path: &Path, read: Result<Vec<T>, rustls::pki_types::pem::Error>, what: &str) -> Result<Vec<T>, String> {
    let found = read.map_err(|error| unusable(path, &error))?;
    if found.is_empty() { Err(unusable(path, &format!("it holds no {what} in PEM"))) } else { Ok(found) }
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}
