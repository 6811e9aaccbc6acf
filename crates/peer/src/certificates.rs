//! Certificates that a node makes for itself out of the cluster's secret.
//!
//! The secret gives an Ed25519 key, the same on every node; with it each node is its own authority and signs one certificate, for
//! a key that it makes anew at each start and that never leaves the process.

use base::{ClusterId, NodeId};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::ClusterSecret;

/// What PKCS #8 puts before the seed of an Ed25519 key (RFC 8410, section 7).
const PKCS8_ED25519: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A node's certificate and what it is verified against.
pub(crate) struct Made {
    pub(crate) ca: CertificateDer<'static>,
    pub(crate) leaf: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The name in a node's certificate.
pub(crate) fn node_name(cluster: ClusterId, node: NodeId) -> String {
    format!("n-{node:016x}.c-{cluster:016x}.manifold")
}

/// The certificates of `node`.
pub(crate) fn from_secret(secret: &ClusterSecret, cluster: ClusterId, node: NodeId) -> Result<Made, rcgen::Error> {
    let ca_key = [&PKCS8_ED25519[..], &secret.derive(b"certificate authority")].concat();
    let ca_key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(ca_key))?;
    let mut ca = params(Vec::new(), "manifold cluster")?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let ca_certificate = ca.self_signed(&ca_key)?;

    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let mut leaf = params(vec![node_name(cluster, node)], "manifold node")?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(Made { ca: ca_certificate.der().clone(), leaf: leaf.der().clone(), key })
}

/// Valid at any time that a clock may show, so that a wrong one keeps no node out.
fn params(names: Vec<String>, subject: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    Ok(params)
}
