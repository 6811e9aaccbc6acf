//! TLS of a door: who the server says that it is, and whose certificates it takes.
//!
//! A [`Tls`] is made from PEM files and gives each handshake the configuration that holds at that moment. TLS 1.2 and 1.3 are
//! spoken (RFC 5246, RFC 8446). The files are looked at every few seconds; whole new ones are used from the next handshake on, and
//! connections that exist are left alone. Files that cannot be used leave the former ones in force.
//!
//! Client certificates are verified up to one of the given authorities, with every certificate on the way held against the
//! revocation lists, if there are any: then each authority on the way must have one. Where client certificates are asked for, no
//! session is resumed: it would go on with a certificate that may have been revoked since.

mod certificate;
mod files;
mod name;
mod principal;
pub(crate) mod refusal;

pub use certificate::ClientCertificate;
pub use principal::PrincipalRules;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::time::sleep;

use crate::{counts::count, limits};
use files::{Contents, Stamps};

/// The PEM files of a door's TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// The key of the certificate: PKCS #8, SEC 1 or PKCS #1. Nobody else may read it.
    pub key: PathBuf,
    /// The authorities whose client certificates are taken.
    pub client_ca: Option<PathBuf>,
    /// Revocation lists of these authorities, and of those between them and the clients.
    pub crl: Option<PathBuf>,
}

/// Whether clients are asked for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// They are not.
    #[default]
    None,
    /// They are; who shows none comes in without, and who shows a bad one does not come in.
    Request,
    /// They are, and who shows none does not come in.
    Require,
}

/// How one door speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// The door's name, for messages.
    pub door: &'static str,
    /// The files.
    pub files: TlsFiles,
    /// Whether clients are asked for certificates. Anything but `None` needs `client_ca`.
    pub client_auth: ClientAuth,
    /// The protocols to agree on (RFC 7301), the best first. Empty: none is agreed on. A client that offers only others is refused.
    pub protocols: &'static [&'static [u8]],
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What was known.
    Same,
    /// New ones, which are used from now on.
    Renewed,
    /// New ones that cannot be used: the former ones stay.
    Kept,
}

/// How a door speaks TLS right now. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    options: TlsOptions,
    state: Mutex<State>,
    renewed: AtomicU64,
    kept: AtomicU64,
}

struct State {
    config: Arc<ServerConfig>,
    /// The files that were read last, good or bad.
    stamps: Stamps,
    /// What they held, or why they could not be read.
    contents: Result<Contents, String>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub fn open(options: TlsOptions) -> io::Result<Self> {
        let stamps = Stamps::of(&options.files);
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        let contents = Contents::read(&options.files).map_err(invalid)?;
        let config = contents.config(&options).map_err(invalid)?;
        let state = State { config: Arc::new(config), stamps, contents: Ok(contents) };
        Ok(Self(Arc::new(Inner { options, state: Mutex::new(state), renewed: AtomicU64::new(0), kept: AtomicU64::new(0) })))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.0.state.lock().config.clone()
    }

    /// The door's name.
    #[must_use]
    pub fn door(&self) -> &'static str {
        self.0.options.door
    }

    /// Looks at the files now. It reads them only if they were written, replaced or given another mode since the last look.
    /// Blocks while it reads.
    pub fn look(&self) -> Look {
        let Inner { options, state, renewed, kept } = &*self.0;
        let stamps = Stamps::of(&options.files);
        if state.lock().stamps == stamps {
            return Look::Same;
        }
        // Handshakes go on meanwhile.
        let contents = Contents::read(&options.files);
        let made = contents.as_ref().map_err(Clone::clone).and_then(|contents| contents.config(options));
        let mut state = state.lock();
        if contents.is_ok() {
            state.stamps = stamps;
        }
        if state.contents == contents {
            return Look::Same;
        }
        state.contents = contents;
        match made {
            Ok(config) => {
                state.config = Arc::new(config);
                count(renewed);
                tracing::info!("the certificates of the {} door were read anew", options.door);
                Look::Renewed
            }
            Err(error) => {
                count(kept);
                tracing::warn!(
                    "the new certificates of the {} door cannot be used and the former ones stay: {error}",
                    options.door
                );
                Look::Kept
            }
        }
    }

    /// Looks at the files every [`limits::CERTIFICATES_LOOK`], without an end.
    pub async fn watch(self) {
        loop {
            sleep(limits::CERTIFICATES_LOOK).await;
            let tls = self.clone();
            // A look that panicked or was cancelled is followed by another.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    }

    /// How often new files were taken into use.
    #[must_use]
    pub fn renewed(&self) -> u64 {
        self.0.renewed.load(Ordering::Relaxed)
    }

    /// How often new files could not be used.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.0.kept.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
