//! Who a client is by its certificate, from a real handshake to what is decided.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, in real time")]

mod house;

use std::{borrow::Cow, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use cluster::principals::{Operation, Resource};
use door_kafka::SecurityOptions;
use gate::tls::{ClientAuth, Tls, TlsFiles, TlsOptions};
use house::{Client, House};
use kafka_wire::{
    ErrorCode,
    message::Message,
    messages::create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse},
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    },
};

const TOPIC: Option<i16> = Some(ErrorCode::TopicAuthorizationFailed as i16);

/// Signs certificates.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key in PKCS #8.
type Pair = (CertificateDer<'static>, Vec<u8>);

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "acme");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = params("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Pair {
        let mut params = params(name);
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key.serialize_der())
    }

    fn client(&self, name: &str) -> Pair {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The TLS of a door that this authority vouches for, and that asks for certificates of its clients.
    fn tls(&self, dir: &Path) -> Tls {
        let (certificate, key) = self.sign("server", ExtendedKeyUsagePurpose::ServerAuth);
        let write = |name: &str, label: &str, der: &[u8]| {
            let path = dir.join(name);
            fs::write(&path, format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let files = TlsFiles {
            cert: write("cert.pem", "CERTIFICATE", &certificate),
            key: write("key.pem", "PRIVATE KEY", &key),
            client_ca: Some(write("ca.pem", "CERTIFICATE", &self.certificate)),
            crl: None,
        };
        Tls::open(TlsOptions { door: "test", files, client_auth: ClientAuth::Request, protocols: &[] }).unwrap()
    }

    /// A client that trusts this authority and shows a certificate, or none.
    async fn dial(&self, house: &House, shows: Option<&Pair>) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let config = match shows {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.clone()));
                config.with_client_auth_cert(vec![certificate.clone()], key).unwrap()
            }
        };
        let stream = TcpStream::connect(house.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Client::over(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
    }
}

/// The code for a new topic; `None`: the connection is closed.
async fn creates(client: &mut Client, name: &'static str) -> Option<i16> {
    let topic =
        CreatableTopic { name: Cow::Borrowed(name), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
    let request = CreateTopicsRequest { topics: vec![topic], validate_only: false, timeout_ms: 5000 };
    let body = client.ask(5, &request).await?;
    Some(CreateTopicsResponse::decode(&body, 5).unwrap().topics[0].error_code)
}

/// Names of certificates were only tested on peers that were made up: nothing saw one come out of a handshake and decide something.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificates_name_decides_what_its_client_may_do() {
    let (dir, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.tls(dir.path());
    let security = SecurityOptions { authorization: true, ..SecurityOptions::default() };
    let house = House::open_with(security, |porch| porch.with_tls(tls)).await;
    house.grant("CN=alice,O=acme", Operation::Create, Resource::Topic, "orders").await;
    let (alice, bob) = (authority.client("alice"), authority.client("bob"));
    let mut open = authority.dial(&house, Some(&alice)).await;
    assert_eq!(creates(&mut open, "orders").await, Some(0));
    assert_eq!(creates(&mut open, "bills").await, TOPIC, "it is granted for one topic");
    assert_eq!(creates(&mut authority.dial(&house, Some(&bob)).await, "orders").await, TOPIC, "and to one name");
    let mut nobody = authority.dial(&house, None).await;
    assert_eq!(creates(&mut nobody, "letters").await, TOPIC);
    house.grant("ANONYMOUS", Operation::Create, Resource::Topic, "letters").await;
    assert_eq!(creates(&mut nobody, "letters").await, Some(0), "who shows no certificate is nobody");
    let mut plain = house.client().await;
    assert_eq!(creates(&mut plain, "letters").await, None, "in plain text nobody comes in");

    // The same name by an authority that is not known. In TLS 1.3 a client is done before it is judged.
    let forged = Authority::new().client("alice");
    assert_eq!(creates(&mut authority.dial(&house, Some(&forged)).await, "orders").await, None);

    // A name that is disabled is kept out, and those that are in go.
    house.set_enabled("CN=alice,O=acme", false).await;
    let begin = Instant::now();
    assert!(open.is_closed().await && begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(creates(&mut authority.dial(&house, Some(&alice)).await, "orders").await, None);
    house.set_enabled("CN=alice,O=acme", true).await;
    let exists = Some(ErrorCode::TopicAlreadyExists as i16);
    assert_eq!(creates(&mut authority.dial(&house, Some(&alice)).await, "orders").await, exists, "its grants are there still");
    house.close().await;
}
