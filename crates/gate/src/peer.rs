//! Who is on the other side of a connection.

use std::net::SocketAddr;

use crate::tls::ClientCertificate;

/// The other side of a connection, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it connects from.
    pub address: SocketAddr,
    /// What its TLS handshake said; `None`: it speaks plain text.
    pub tls: Option<TlsPeer>,
}

/// What a TLS handshake says of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsPeer {
    /// The name under which the client looked for the server (RFC 6066, section 3), in lower case; `None`: by address, or it did
    /// not say.
    pub server_name: Option<String>,
    /// The protocol that was agreed on (RFC 7301), as `h2`; `None`: the client offered none.
    pub protocol: Option<Vec<u8>>,
    /// The verified certificate; `None`: it showed none, where it need not.
    pub certificate: Option<ClientCertificate>,
}

impl Peer {
    /// The verified certificate, if there is one.
    #[must_use]
    pub fn certificate(&self) -> Option<&ClientCertificate> {
        self.tls.as_ref()?.certificate.as_ref()
    }

    /// The distinguished name in the verified certificate, as Kafka prints it: `CN=alice,OU=dev,O=acme`.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        Some(self.certificate()?.subject.as_str())
    }
}
