//! Certificates for tests, made anew each time.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use super::super::{ClientAuth, TlsFiles, TlsOptions};

/// One that signs certificates.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// PKCS #8.
    pub(super) key: Vec<u8>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(super) fn server(&self) -> Pair {
        self.server_with(&KeyPair::generate().unwrap())
    }

    pub(super) fn server_with(&self, key: &KeyPair) -> Pair {
        let mut params = params("server");
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, key)
    }

    pub(super) fn client(&self, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = params("alice");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        self.sign(params, &KeyPair::generate().unwrap())
    }

    /// Another authority under this one.
    pub(super) fn intermediate(&self, serial: u64) -> (Self, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = params("intermediate");
        params.serial_number = Some(serial.into());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        (Self { certificate: certificate.clone(), issuer: Issuer::new(params, key) }, certificate)
    }

    fn sign(&self, params: CertificateParams, key: &KeyPair) -> Pair {
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        Pair { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }

    /// A revocation list.
    pub(super) fn revoke(&self, serials: &[u64]) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2025, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "acme");
    params.distinguished_name.push(DnType::OrganizationalUnitName, "dev");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A door's files, in a directory of their own.
pub(super) struct House {
    directory: tempfile::TempDir,
    pub(super) authority: Authority,
}

impl House {
    pub(super) fn new() -> Self {
        let house = Self { directory: tempfile::tempdir().unwrap(), authority: Authority::new("authority") };
        house.write_server(&house.authority.server());
        house.write("ca.pem", &pem("CERTIFICATE", &house.authority.certificate));
        house
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a whole file in the place of what was there, which only its owner may read.
    pub(super) fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    pub(super) fn write_server(&self, server: &Pair) {
        self.write("cert.pem", &pem("CERTIFICATE", &server.chain[0]));
        self.write("key.pem", &pem("PRIVATE KEY", &server.key));
    }

    pub(super) fn options(&self, client_auth: ClientAuth) -> TlsOptions {
        let client_ca = (client_auth != ClientAuth::None).then(|| self.path("ca.pem"));
        let files = TlsFiles { cert: self.path("cert.pem"), key: self.path("key.pem"), client_ca, crl: None };
        TlsOptions { door: "test", files, client_auth, protocols: &[b"h2", b"http/1.1"] }
    }

    pub(super) fn options_with_crl(&self, lists: &[Vec<u8>]) -> TlsOptions {
        self.write("crl.pem", &lists.iter().map(|list| pem("X509 CRL", list)).collect::<String>());
        let mut options = self.options(ClientAuth::Require);
        options.files.crl = Some(self.path("crl.pem"));
        options
    }
}

/// A client that trusts `authority` and shows the certificate that is given.
pub(super) fn client(authority: &Authority, shows: Option<&Pair>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let mut config = match shows {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.key.clone()));
            builder.with_client_auth_cert(pair.chain.clone(), key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// What an old format holds: the content of a PKCS #8 key without its envelope.
pub(super) fn inside(key: &KeyPair, header: usize) -> Vec<u8> {
    key.serialize_der()[header..].to_vec()
}
