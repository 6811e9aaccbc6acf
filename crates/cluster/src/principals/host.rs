//! Where a grant says that who asks comes from.

use std::{fmt, net::IpAddr};

use base::{Error, Kind, Result};

use super::grant::ANY;

/// What a grant's host means. One address is written in many ways, so that texts are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `*`: wherever they come from.
    Any,
    /// This address. An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address.
    Address(IpAddr),
    /// Text that is neither, which earlier builds took. It may be meant for anybody: what it denies is denied to everyone, and
    /// what it allows is allowed to nobody.
    Unreadable,
}

impl Host {
    /// Reads what is kept.
    pub fn of(text: &str) -> Host {
        match text.parse::<IpAddr>() {
            Ok(address) => Host::Address(address.to_canonical()),
            Err(_) if text == ANY => Host::Any,
            Err(_) => Host::Unreadable,
        }
    }

    /// Reads what is new. `Invalid` if it is neither `*` nor an IPv4 or IPv6 address.
    pub fn parse(text: &str) -> Result<Host> {
        match Host::of(text) {
            Host::Unreadable => {
                let text = "a grant's host is an IPv4 or IPv6 address without a port, or * for all; names and networks are not looked up";
                Err(Error::new(Kind::Invalid, text))
            }
            host => Ok(host),
        }
    }
}

impl fmt::Display for Host {
    /// The one way in which it is written here (RFC 5952).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Any => f.write_str(ANY),
            Host::Address(address) => address.fmt(f),
            Host::Unreadable => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for (one, other, written) in [
            ("::1", "0:0:0:0:0:0:0:1", "::1"),
            ("2001:DB8::A", "2001:db8:0:0:0:0:0:a", "2001:db8::a"),
            ("::ffff:10.0.0.7", "10.0.0.7", "10.0.0.7"),
            ("::ffff:a00:7", "10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(Host::of(one), Host::of(other));
            assert_eq!((Host::parse(one).unwrap().to_string(), Host::of(other).to_string()), (written.into(), written.into()));
        }
        assert_ne!(Host::of("::10.0.0.7"), Host::of("10.0.0.7"), "it is not mapped");
        assert_eq!((Host::of("*"), Host::parse("*").unwrap().to_string()), (Host::Any, "*".to_owned()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", " ::1", "localhost", "10.0.0", "10.0.0.0/8", "010.0.0.1", "[::1]", "10.0.0.1:80", "fe80::1%eth0", "**"] {
            assert_eq!((Host::of(text), Host::parse(text).unwrap_err().kind), (Host::Unreadable, Kind::Invalid), "{text}");
        }
    }
}
