//! Members of the cluster as Kafka's clients know them: a number, a host, a port, and the rack where it stands.

use base::NodeId;
use cluster::Member;

/// How a member says where its Kafka door is, among the places where clients reach it.
const SCHEME: &str = "kafka://";

/// How it says, at the same place, in which rack it stands. Earlier builds look for other schemes, and so pass over it.
const RACK: &str = "rack:";

/// A member with an open door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) node: NodeId,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
}

/// The place of a Kafka door as a member tells it to the others.
pub fn url(host: &str, port: u16) -> String {
    if host.contains(':') { format!("{SCHEME}[{host}]:{port}") } else { format!("{SCHEME}{host}:{port}") }
}

/// The rack of a node as a member tells it to the others.
pub fn rack_url(rack: &str) -> String {
    format!("{RACK}{rack}")
}

/// The number that clients know a member by: nodes have longer ones.
pub(crate) fn number(node: NodeId) -> i32 {
    i32::try_from(node & 0x7fff_ffff).expect("31 bits fit")
}

impl Broker {
    pub(crate) fn number(&self) -> i32 {
        number(self.node)
    }

    /// The member as a broker; `None` if it has no open door, or has not said where.
    pub(crate) fn of(member: &Member) -> Option<Broker> {
        let place = member.client_urls.iter().find_map(|url| url.strip_prefix(SCHEME))?;
        let (host, port) = place.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let rack = member.client_urls.iter().find_map(|url| url.strip_prefix(RACK)).map(ToOwned::to_owned);
        Some(Broker { node: member.id, host: host.to_owned(), port: port.parse().ok()?, rack })
    }
}

#[cfg(test)]
mod tests {
    use cluster::MemberStanding;

    use super::*;

    #[test]
    fn a_member_says_where_its_door_is() {
        let mut member = Member::new(0xffff_ffff_0000_0007, "n1".to_owned(), "n1:7480".to_owned(), MemberStanding::Active);
        assert_eq!(Broker::of(&member), None);
        member.client_urls = vec!["http://n1:2379".to_owned(), "kafka://[::1]:9092".to_owned()];
        let broker = Broker::of(&member).expect("has a door");
        assert_eq!((broker.host.as_str(), broker.port, broker.number(), broker.rack), ("::1", 9092, 7, None));
        member.client_urls.push(rack_url("a: 1/?"));
        assert_eq!(Broker::of(&member).and_then(|broker| broker.rack).as_deref(), Some("a: 1/?"), "any text");
    }
}
