//! How connections between nodes are protected.

use std::{io, path::PathBuf, sync::Arc};

use crate::{ClusterSecret, tls::Tls};

/// How connections between nodes are protected.
#[derive(Clone, Debug)]
pub enum Security {
    /// Not at all. Allowed only where every address is a loopback address.
    Plain,
    /// Mutual TLS 1.3 with certificates that each node makes for itself out of the shared secret. A certificate names the
    /// node and the cluster; clocks do not matter.
    Secret(ClusterSecret),
    /// Mutual TLS 1.3 with given PEM files, which are read again when they change. Every certificate that the authority signs
    /// is taken for a node's, so the authority should be the cluster's own.
    Files {
        /// The authority's certificates.
        ca: PathBuf,
        /// The node's certificate, and those between it and the authority.
        cert: PathBuf,
        /// The node's key.
        key: PathBuf,
    },
}

impl Security {
    /// Whether it could be used now: files are read, so that a mistake is told before anything else is done.
    ///
    /// # Errors
    ///
    /// What is wrong with which file.
    pub fn check(&self) -> io::Result<()> {
        // Certificates out of files name neither a cluster nor a node, and those out of a secret can be made for any.
        Tls::new(self, 1, 1, &Arc::default()).map(drop)
    }
}
