//! Who is at the other end of a connection.

use std::{net::IpAddr, sync::Arc};

use gate::{Peer, tls::PrincipalRules};

/// Kafka's name for somebody who did not say who they are.
const ANONYMOUS: &str = "ANONYMOUS";

/// Who asks, and from where, as grants name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The name, without `User:`.
    pub(crate) principal: Arc<str>,
    /// Whether they proved that it is theirs, by a password or a certificate.
    pub(crate) is_known: bool,
    /// The address; one of IPv4 as such, whatever the socket is.
    pub(crate) host: IpAddr,
}

impl Identity {
    /// Who a connection's own layers say that it is: the name in its certificate, or nobody.
    ///
    /// # Errors
    /// No rule takes the certificate's name, which ends the connection as with Kafka.
    pub(crate) fn of(peer: &Peer, rules: &PrincipalRules) -> Result<Identity, String> {
        let principal = match peer.subject() {
            Some(subject) => rules.apply(subject).ok_or_else(|| format!("no rule makes a principal of \"{subject}\""))?,
            None => ANONYMOUS.to_owned(),
        };
        let is_known = peer.subject().is_some();
        Ok(Identity { principal: principal.into(), is_known, host: peer.address.ip().to_canonical() })
    }
}

#[cfg(test)]
mod tests {
    use gate::{TlsPeer, tls::ClientCertificate};

    use super::*;

    fn peer(subject: Option<&str>) -> Peer {
        let certificate =
            subject.map(|subject| ClientCertificate { subject: subject.to_owned(), ..ClientCertificate::default() });
        let address = "[::ffff:10.0.0.7]:4711".parse().expect("an address");
        Peer { address, tls: Some(TlsPeer { certificate, ..TlsPeer::default() }) }
    }

    #[test]
    fn a_certificate_gives_a_name_by_the_rules() {
        let rules = PrincipalRules::parse("RULE:^CN=([a-z]+),.*$/$1/U").expect("rules");
        let named = Identity::of(&peer(Some("CN=alice,O=acme")), &rules).expect("a rule takes it");
        assert_eq!((&*named.principal, named.is_known, named.host), ("ALICE", true, IpAddr::from([10, 0, 0, 7])));
        let plain = Identity::of(&peer(Some("CN=alice,O=acme")), &PrincipalRules::default()).expect("as it is");
        assert_eq!(&*plain.principal, "CN=alice,O=acme");
        assert!(Identity::of(&peer(Some("O=acme")), &rules).is_err(), "no rule takes it");
        let nobody = Identity::of(&peer(None), &rules).expect("nobody");
        assert_eq!((&*nobody.principal, nobody.is_known), ("ANONYMOUS", false));
    }
}
