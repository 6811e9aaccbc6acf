//! `HOST:PORT`, lists of `NAME=HOST:PORT`, and URLs, as people write them.

use std::{collections::BTreeMap, net::IpAddr};

/// Members that a cluster is founded with at most: a quorum of more costs each write more than the failures it outlives are worth.
pub(crate) const FOUNDERS_MAX: usize = 7;

/// Where something is reached: a name or an IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without the brackets that an IPv6 address has in text.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Endpoint {
    /// Reads `host:port`, `1.2.3.4:port` or `[::1]:port`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "is not HOST:PORT; write it like n1.example.org:7480, 10.0.0.1:7480 or [fd00::1]:7480";
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let port = port.parse().ok().filter(|_| port.bytes().all(|digit| digit.is_ascii_digit())).ok_or(EXPECTED)?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let fits = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_host(host),
        };
        match (fits, port) {
            (true, 0) => Err("has port 0, where nobody can be reached; give the port that is listened on".to_owned()),
            (true, _) => Ok(Self { host: bracketed.unwrap_or(host).to_owned(), port }),
            (false, _) => Err(EXPECTED.to_owned()),
        }
    }

    /// The address, unless the host is a name.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether only this machine can reach it: names are not looked up, since what they mean may change.
    pub(crate) fn is_loopback(&self) -> bool {
        self.ip().map_or_else(|| self.host.eq_ignore_ascii_case("localhost"), |ip| ip.to_canonical().is_loopback())
    }
}

/// A name of DNS, or an IPv4 address.
fn is_host(text: &str) -> bool {
    let letters = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    text.len() <= 253 && text.split('.').all(|label| (1..=63).contains(&label.len()) && letters(label))
}

/// A member's name where it stands before `=` in a list.
pub(crate) fn member_name(text: &str) -> Result<(), String> {
    let fits = !text.is_empty() && text.len() <= 255 && !text.chars().any(|letter| letter.is_control() || ",= ".contains(letter));
    let problem = || format!("names a member \"{text}\"; a name there has 1 to 255 bytes without spaces, commas and \"=\"");
    if fits { Ok(()) } else { Err(problem()) }
}

/// One `NAME=HOST:PORT`.
pub(crate) fn member(text: &str) -> Result<(String, String), String> {
    let (name, address) = text.split_once('=').ok_or("is not NAME=HOST:PORT")?;
    member_name(name)?;
    Endpoint::parse(address).map_err(|problem| format!("says that {name} is at \"{address}\", which {problem}"))?;
    Ok((name.to_owned(), address.to_owned()))
}

/// `NAME=HOST:PORT,…`; empty: none.
pub(crate) fn members(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut members = BTreeMap::new();
    for entry in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let (name, address) = member(entry).map_err(|problem| match entry.contains('=') {
            true => problem,
            false => "is no list of members; write it like n1=10.0.0.1:7480,n2=10.0.0.2:7480,n3=10.0.0.3:7480".to_owned(),
        })?;
        if let Some((other, _)) = members.iter().find(|(_, known)| **known == address) {
            return Err(format!("gives {other} and {name} the same address, {address}"));
        }
        if members.insert(name.clone(), address).is_some() {
            return Err(format!("names {name} twice"));
        }
    }
    if members.len() > FOUNDERS_MAX {
        return Err(format!("lists {} members; a cluster is founded with {FOUNDERS_MAX} at most", members.len()));
    }
    Ok(members)
}

/// `URL,…`; empty: none. As etcd has it: a scheme, a host, a port, and nothing behind.
pub(crate) fn urls(text: &str) -> Result<Vec<String>, String> {
    let url = |url: &str| {
        let problem = || format!("has \"{url}\", which is no URL like http://n1.example.org:2379");
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).ok_or_else(problem)?;
        Endpoint::parse(rest).map_err(|_| problem())?;
        Ok(url.to_owned())
    };
    text.split(',').map(str::trim).filter(|_| !text.is_empty()).map(url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read() {
        let good = [
            ("n1.example.org:7480", "n1.example.org", 7480),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("[fd00::1]:65535", "fd00::1", 65535),
            ("manifold-0.manifold_x:7480", "manifold-0.manifold_x", 7480),
        ];
        for (text, host, port) in good {
            assert_eq!(Endpoint::parse(text), Ok(Endpoint { host: host.to_owned(), port }), "{text}");
        }
        for text in [
            "",
            "n1",
            ":7480",
            "n1:",
            "n1:0",
            "n1:65536",
            "n1:+1",
            "fd00::1:7480",
            "[n1]:1",
            "[::1]",
            "a b:1",
            "http://n1:1",
            "n..1:1",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_without_asking_anyone() {
        for (text, loopback) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("localhost:1", true),
            ("LocalHost:1", true),
            ("0.0.0.0:1", false),
            ("localhost.example.org:1", false),
            ("10.0.0.1:1", false),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn lists_of_members_are_read() {
        assert_eq!(members(""), Ok(BTreeMap::new()));
        let read = members("n2=b:1, n1=a:1").unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("n1".into(), "a:1".into()), ("n2".into(), "b:1".into())]);
        let eight: Vec<String> = (0..8).map(|number| format!("n{number}=h{number}:1")).collect();
        let bad = [
            ("n1", "is no list of members"),
            ("n1=a:1,", "is no list of members"),
            ("=a:1", "names a member \"\""),
            ("n1=a:1,n1=b:1", "names n1 twice"),
            ("n1=a:1,n2=a:1", "gives n1 and n2 the same address, a:1"),
            ("n1=a", "says that n1 is at \"a\", which is not HOST:PORT"),
            ("n1=a:0", "has port 0"),
            ("n 1=a:1", "names a member \"n 1\""),
            (eight.join(",").leak(), "lists 8 members; a cluster is founded with 7 at most"),
        ];
        for (text, expected) in bad {
            let problem = members(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn urls_are_read() {
        assert_eq!(urls(""), Ok(Vec::new()));
        assert_eq!(urls("http://a:1,https://[::1]:2").unwrap(), ["http://a:1", "https://[::1]:2"]);
        for text in ["a:1", "http://a", "http://a:1/", "http://a:1,", "ftp://a:1"] {
            assert!(urls(text).is_err(), "{text}");
        }
    }
}
