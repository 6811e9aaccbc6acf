//! Whose certificate it is.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::name::Name;

/// What a client's certificate says of it. The certificate was verified before anything is read out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The subject's distinguished name as Kafka prints it (RFC 2253, the most specific part first): `CN=alice,OU=dev,O=acme`.
    /// Empty if the subject is.
    pub subject: String,
    /// The subject's common name, the most specific if there are several, as etcd takes it.
    pub common_name: Option<String>,
    /// DNS names among the subject's alternative names.
    pub dns_names: Vec<String>,
    /// URIs among them, as `spiffe://acme/ns/dev/sa/alice`.
    pub uris: Vec<String>,
}

impl ClientCertificate {
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let unreadable = |why: &dyn std::fmt::Display| format!("the client's certificate cannot be read: {why}");
        let certificate = EndEntityCert::try_from(der).map_err(|error| unreadable(&error))?;
        let name = Name::read(certificate.subject()).ok_or_else(|| unreadable(&"its subject is no distinguished name"))?;
        Ok(Self {
            subject: name.to_string(),
            common_name: name.common_name(),
            dns_names: certificate.valid_dns_names().map(str::to_owned).collect(),
            uris: certificate.valid_uri_names().map(str::to_owned).collect(),
        })
    }
}
