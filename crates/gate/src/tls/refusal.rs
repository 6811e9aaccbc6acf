//! Why a handshake failed, in words that say what to look at.

use std::io;

use rustls::{AlertDescription, Error, PeerIncompatible};

use crate::counts::Reason;

/// The reason and its text. `None`: the client just left.
pub(crate) fn of(error: &io::Error) -> Option<(Reason, String)> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let reason = reason(error);
    let text = match reason {
        Reason::NoCertificate => "the client shows no certificate, and this door requires one".to_owned(),
        Reason::Certificate => format!("the client's certificate is not taken: {error}"),
        Reason::Version => format!("the client speaks neither TLS 1.2 nor 1.3: {error}"),
        Reason::Untrusted => {
            format!(
                "the client does not take this server's certificate: {error}; does it know the authority, and the name it dials?"
            )
        }
        _ => format!("the TLS handshake failed: {error}"),
    };
    Some((reason, text))
}

fn reason(error: &Error) -> Reason {
    use PeerIncompatible::{
        ServerDoesNotSupportTls12Or13, SupportedVersionsExtensionRequired, Tls12NotOffered, Tls12NotOfferedOrEnabled,
    };
    match error {
        Error::NoCertificatesPresented => Reason::NoCertificate,
        Error::InvalidCertificate(_) | Error::InvalidCertRevocationList(_) => Reason::Certificate,
        Error::PeerIncompatible(
            ServerDoesNotSupportTls12Or13 | SupportedVersionsExtensionRequired | Tls12NotOffered | Tls12NotOfferedOrEnabled,
        ) => Reason::Version,
        Error::AlertReceived(alert) if is_about_certificate(*alert) => Reason::Untrusted,
        Error::AlertReceived(AlertDescription::ProtocolVersion) => Reason::Version,
        _ => Reason::Handshake,
    }
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription::{
        BadCertificate, CertificateExpired, CertificateRevoked, CertificateUnknown, UnknownCA, UnsupportedCertificate,
    };
    matches!(
        alert,
        BadCertificate | CertificateExpired | CertificateRevoked | CertificateUnknown | UnknownCA | UnsupportedCertificate
    )
}
