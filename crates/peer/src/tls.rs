//! TLS between nodes: whose certificate is good, and whose it is.

use std::{io, net::SocketAddr, sync::Arc};

use base::{ClusterId, NodeId};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    server::{ParsedCertificate, WebPkiClientVerifier},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::{
    Security,
    certificates::{self, node_name},
    counts::Counters,
    files::Files,
    handshake::{Failed, tls_refused},
    refusal::{Refusal, Refused},
    wire::Wire,
};

/// How this node secures its connections.
pub(crate) enum Tls {
    Plain,
    Secret(Configs),
    Files(Files),
}

/// Both sides' settings out of one set of certificates.
#[derive(Clone)]
pub(crate) struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(security: &Security, cluster: ClusterId, node: NodeId, counters: &Arc<Counters>) -> io::Result<Self> {
        Ok(match security {
            Security::Plain => Self::Plain,
            Security::Secret(secret) => {
                let made = certificates::from_secret(secret, cluster, node).map_err(io::Error::other)?;
                Self::Secret(Configs::new(vec![made.ca], vec![made.leaf], made.key).map_err(io::Error::other)?)
            }
            Security::Files { ca, cert, key } => {
                Self::Files(Files::open(ca.clone(), cert.clone(), key.clone(), counters.clone())?)
            }
        })
    }

    /// Refuses an address that may be reached from outside when nothing protects what is sent there.
    pub(crate) fn check_address(&self, address: SocketAddr) -> io::Result<()> {
        if !matches!(self, Self::Plain) || address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let text = format!(
            "{address} is not a loopback address, and peers talk in plain there: give the nodes a cluster secret or certificates"
        );
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    fn configs(&self) -> Option<Configs> {
        match self {
            Self::Plain => None,
            Self::Secret(configs) => Some(configs.clone()),
            Self::Files(files) => Some(files.current()),
        }
    }

    /// The dialling side of TLS, if there is TLS.
    pub(crate) async fn connect(&self, stream: TcpStream) -> Result<Wire, Failed> {
        let Some(configs) = self.configs() else { return Ok(Wire::Plain(stream)) };
        let name = ServerName::try_from("manifold").expect("a DNS name");
        let stream = TlsConnector::from(configs.client).connect(name, stream).await;
        stream.map(|stream| Wire::Tls(Box::new(TlsStream::Client(stream)))).map_err(|error| tls_refused(&error).into())
    }

    /// The accepting side of TLS, if there is TLS.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Result<Wire, Failed> {
        let Some(configs) = self.configs() else { return Ok(Wire::Plain(stream)) };
        let stream = TlsAcceptor::from(configs.server).accept(stream).await;
        stream.map(|stream| Wire::Tls(Box::new(TlsStream::Server(stream)))).map_err(|error| tls_refused(&error).into())
    }

    /// Whether the peer's certificate is that of `node`, where certificates name nodes.
    pub(crate) fn check_identity(&self, wire: &Wire, cluster: ClusterId, node: NodeId) -> Result<(), Refused> {
        let (Self::Secret(_), Wire::Tls(stream)) = (self, wire) else { return Ok(()) };
        let name = ServerName::try_from(node_name(cluster, node)).expect("a DNS name");
        let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let named = leaf.map(|leaf| ParsedCertificate::try_from(leaf).and_then(|leaf| verify_server_name(&leaf, &name)));
        match named {
            Some(Ok(())) => Ok(()),
            _ => Err(Refused::here(
                Refusal::Identity,
                format!("the certificate is not that of node {node:x} of cluster {cluster:x}"),
            )),
        }
    }
}

impl Configs {
    pub(crate) fn new(
        ca: Vec<CertificateDer<'static>>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in ca {
            roots.add(certificate)?;
        }
        let roots = Arc::new(roots);
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
        let clients = clients.map_err(|error| rustls::Error::General(error.to_string()))?;
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain.clone(), key.clone_key())?;
        // A resumed session would go on with a certificate that is not valid any more.
        server.send_tls13_tickets = 0;
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Chain { roots, provider }))
            .with_client_auth_cert(chain, key)?;
        client.resumption = Resumption::disabled();
        client.enable_sni = false;
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }
}

/// Verifies that a server's certificate comes from the authority. Nodes are dialled at addresses that change, so whose it is, is
/// looked at in the handshake, where a refusal can be told.
#[derive(Debug)]
struct Chain {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Chain {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let leaf = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&leaf, &self.roots, intermediates, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("peers speak TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

#[cfg(test)]
mod tests;
