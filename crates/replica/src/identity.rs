//! Who this node is: the file `node` of its data directory, a few lines of text with a checksum.

use std::collections::BTreeMap;

use base::{ClusterId, Disk, Error, Kind, NodeId, Result};

use crate::{
    options::{Start, Ticket},
    paper, runtime,
};

/// The file's name.
const FILE: &str = "node";
/// The version of the whole data directory's layout that this build writes.
const FORMAT: u64 = 3;
/// The one before, which did not say whether the node had begun.
const FORMAT_UNBEGUN: u64 = 2;
/// The first one, without incarnation and founders: a node that founded a cluster of one.
const FORMAT_ALONE: u64 = 1;

/// Ids of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster it belongs to.
    pub cluster_id: ClusterId,
    /// The node.
    pub node_id: NodeId,
    /// Drawn with the data directory: a node that comes back with another one has lost what it had acknowledged.
    pub incarnation: u64,
    /// Who founded the cluster, if this node is one of them: they begin every shard with the same first entry.
    pub founders: Vec<NodeId>,
    /// Whether it has come so far that its journal holds something: if there is none later, it was lost.
    pub begun: bool,
}

impl Identity {
    /// The identity of a node whose data directory is new.
    ///
    /// # Errors
    /// `Invalid` if `name` is not among those who are to found the cluster.
    pub fn begin(start: &Start, name: &str) -> Result<Identity> {
        let incarnation = runtime::random_u64().max(1);
        match start {
            Start::Alone => {
                let (cluster_id, node_id) = (runtime::random_u64().max(1), runtime::random_u64().max(1));
                Ok(Identity { cluster_id, node_id, incarnation, founders: vec![node_id], begun: false })
            }
            Start::Found { members, token } => {
                let cluster_id = cluster_of(members, token);
                if !members.contains_key(name) {
                    let text = format!("--cluster does not name this node, {name}: give the same list to every member");
                    return Err(Error::new(Kind::Invalid, text));
                }
                let founders = founders(members, token).into_keys().collect();
                Ok(Identity { cluster_id, node_id: member_of(cluster_id, name), incarnation, founders, begun: false })
            }
            Start::Join(ticket) => {
                let Ticket { cluster_id, node_id, .. } = *ticket;
                Ok(Identity { cluster_id, node_id, incarnation, founders: Vec::new(), begun: false })
            }
        }
    }

    /// Reads the identity; `None` if the directory has none yet.
    pub fn load(disk: &dyn Disk) -> Result<Option<Identity>> {
        let text = paper::load(disk, FILE).map_err(|error| unreadable(&error.to_string()))?;
        text.map(|text| parse(&text)).transpose()
    }

    /// Writes the identity durably.
    pub fn store(&self, disk: &dyn Disk) -> Result<()> {
        paper::store(disk, FILE, &self.text())
    }

    fn text(&self) -> String {
        let begun = u8::from(self.begun);
        paper::seal(format!("{}begun = {begun}\n", self.lines(FORMAT)))
    }

    fn lines(&self, format: u64) -> String {
        let Identity { cluster_id, node_id, incarnation, founders, begun: _ } = self;
        let founders: Vec<String> = founders.iter().map(|id| format!("{id:016x}")).collect();
        let founders = founders.join(" ");
        format!(
            "format = {format}\ncluster_id = {cluster_id:016x}\nnode_id = {node_id:016x}\nincarnation = {incarnation:016x}\n\
             founders = {founders}\n"
        )
    }
}

/// The cluster that these members found: the same for all who are told the same.
fn cluster_of(members: &BTreeMap<String, String>, token: &str) -> ClusterId {
    let pairs = members.iter().flat_map(|(name, address)| [name.as_str(), address.as_str()]);
    digest(std::iter::once(token).chain(pairs))
}

fn member_of(cluster: ClusterId, name: &str) -> NodeId {
    digest([format!("{cluster:016x}").as_str(), name].into_iter())
}

/// Who founds the cluster: name and address by id.
pub(crate) fn founders(members: &BTreeMap<String, String>, token: &str) -> BTreeMap<NodeId, (String, String)> {
    let cluster = cluster_of(members, token);
    members.iter().map(|(name, address)| (member_of(cluster, name), (name.clone(), address.clone()))).collect()
}

/// FNV-1a of the texts and their lengths (RFC 9923), never zero: an id, no secret.
fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        for byte in (text.len() as u64).to_le_bytes().into_iter().chain(text.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash.max(1)
}

fn unreadable(why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the file {FILE} in the data directory cannot be used ({why}); restore it from a backup"))
}

fn parse(text: &str) -> Result<Identity> {
    let field = |name: &str| paper::field(text, name).ok_or_else(|| unreadable(&format!("it has no {name}")));
    let number = |name: &str| u64::from_str_radix(field(name)?, 16).map_err(|_| unreadable(&format!("its {name} is no number")));
    let format = field("format")?;
    let Some(format) = [FORMAT_ALONE, FORMAT_UNBEGUN, FORMAT].into_iter().find(|known| format == known.to_string()) else {
        return Err(Error::new(
            Kind::Unsupported,
            format!(
                "the data directory has format {format}, this build reads {FORMAT_ALONE} to {FORMAT}: use the build that wrote it"
            ),
        ));
    };
    let (cluster_id, node_id) = (number("cluster_id")?, number("node_id")?);
    if format == FORMAT_ALONE {
        let lines = format!("format = {FORMAT_ALONE}\ncluster_id = {cluster_id:016x}\nnode_id = {node_id:016x}\n");
        let identity = Identity { cluster_id, node_id, incarnation: node_id, founders: vec![node_id], begun: false };
        return if paper::seal(lines) == text { Ok(identity) } else { Err(unreadable("its checksum does not match")) };
    }
    let founders = field("founders")?.split_whitespace().map(|id| u64::from_str_radix(id, 16));
    let founders = founders.collect::<Result<Vec<_>, _>>().map_err(|_| unreadable("its founders are no numbers"))?;
    let begun = format == FORMAT && number("begun")? == 1;
    let identity = Identity { cluster_id, node_id, incarnation: number("incarnation")?, founders, begun };
    let whole = if format == FORMAT { identity.text() } else { paper::seal(identity.lines(format)) };
    if whole == text { Ok(identity) } else { Err(unreadable("its checksum does not match")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Identity {
        Identity { cluster_id: 0xc1, node_id: 0xa2, incarnation: 0x1234, founders: vec![0xa1, 0xa2], begun: true }
    }

    /// The example of `docs/formats/node.md`.
    #[test]
    fn writes_the_drawing() {
        let drawing = "format = 3\ncluster_id = 00000000000000c1\nnode_id = 00000000000000a2\nincarnation = 0000000000001234\n\
                       founders = 00000000000000a1 00000000000000a2\nbegun = 1\nchecksum = 0eaa98bf\n";
        assert_eq!(example().text(), drawing);
    }

    #[test]
    fn reads_what_it_writes_and_what_was_written_before() {
        assert_eq!(parse(&example().text()).unwrap(), example());
        let joined = Identity { founders: Vec::new(), ..example() };
        assert_eq!(parse(&joined.text()).unwrap(), joined);
        let before = "format = 1\ncluster_id = 00000000000000c1\nnode_id = 00000000000000a2\n";
        let known = parse(&paper::seal(before.to_owned())).unwrap();
        assert_eq!(known, Identity { incarnation: 0xa2, founders: vec![0xa2], begun: false, ..example() });
        let before = "format = 2\ncluster_id = 00000000000000c1\nnode_id = 00000000000000a2\nincarnation = 0000000000001234\n\
                      founders = 00000000000000a1 00000000000000a2\nchecksum = 6725b71b\n";
        assert_eq!(parse(before).unwrap(), Identity { begun: false, ..example() });
    }

    #[test]
    fn a_changed_letter_is_noticed_and_another_format_is_named() {
        let text = example().text();
        assert!(parse(&text.replace("00a2\n", "00a3\n")).unwrap_err().message.contains("checksum"));
        assert!(parse(&text[..30]).is_err());
        assert!(parse("").is_err());
        assert!(parse(&text.replace("format = 3", "format = 4")).unwrap_err().message.contains("format 4"));
    }

    #[test]
    fn all_founders_come_to_the_same_ids() {
        let members: BTreeMap<String, String> =
            ["n1", "n2", "n3"].iter().map(|name| ((*name).to_owned(), format!("{name}:7480"))).collect();
        let start = |token: &str| Start::Found { members: members.clone(), token: token.to_owned() };
        let all: Vec<Identity> = ["n1", "n2", "n3"].iter().map(|name| Identity::begin(&start("t"), name).unwrap()).collect();
        assert!(all.iter().all(|one| one.cluster_id == all[0].cluster_id && one.founders == all[0].founders));
        let ids: std::collections::BTreeSet<NodeId> = all.iter().map(|one| one.node_id).collect();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), all[0].founders);
        assert_ne!(Identity::begin(&start("u"), "n1").unwrap().cluster_id, all[0].cluster_id);
        assert_eq!(Identity::begin(&start("t"), "n4").unwrap_err().kind, Kind::Invalid);
    }
}
