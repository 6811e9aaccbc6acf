//! Who this node is: the file `node` of its data directory, a few lines of text with a checksum.

use base::{ClusterId, Disk, Error, Kind, NodeId, Result};

use crate::runtime;

/// The file's name.
const FILE: &str = "node";
/// Where it is written before it takes its name.
const FILE_NEW: &str = "node.new";
/// The version of the whole data directory's layout that this build writes and reads.
const FORMAT: u64 = 1;
/// Far more than the file has.
const FILE_BYTES_MAX: u64 = 4096;

/// Ids of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster it belongs to.
    pub cluster_id: ClusterId,
    /// The node.
    pub node_id: NodeId,
}

impl Identity {
    /// Draws the ids of a new node in a new cluster; neither is zero.
    pub fn draw() -> Identity {
        Identity { cluster_id: runtime::random_u64().max(1), node_id: runtime::random_u64().max(1) }
    }

    /// Reads the identity; `None` if the directory has none yet.
    pub fn load(disk: &dyn Disk) -> Result<Option<Identity>> {
        let file = match disk.open(FILE, false) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error.to_string())),
        };
        let len = file.len().map_err(|error| unreadable(&error.to_string()))?;
        let mut text = vec![0; usize::try_from(len.min(FILE_BYTES_MAX)).expect("bounded above")];
        file.read_at(&mut text, 0).map_err(|error| unreadable(&error.to_string()))?;
        parse(&String::from_utf8_lossy(&text)).map(Some)
    }

    /// Writes the identity durably.
    pub fn store(&self, disk: &dyn Disk) -> Result<()> {
        let write = || {
            let file = disk.open(FILE_NEW, true)?;
            file.set_len(0)?;
            file.write_at(self.text().as_bytes(), 0)?;
            file.sync_data()?;
            disk.rename(FILE_NEW, FILE)?;
            disk.sync_dir()
        };
        write().map_err(|error: std::io::Error| Error::new(Kind::Unavailable, format!("cannot write the file {FILE}: {error}")))
    }

    fn text(&self) -> String {
        let body = format!("format = {FORMAT}\ncluster_id = {:016x}\nnode_id = {:016x}\n", self.cluster_id, self.node_id);
        format!("{body}checksum = {:08x}\n", crc32c::crc32c(body.as_bytes()))
    }
}

fn unreadable(why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the file {FILE} in the data directory cannot be used ({why}); restore it from a backup"))
}

fn parse(text: &str) -> Result<Identity> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
        line.map(str::trim).ok_or_else(|| unreadable(&format!("it has no {name}")))
    };
    let format = field("format")?;
    if format != FORMAT.to_string() {
        return Err(Error::new(
            Kind::Corrupt,
            format!("the data directory has format {format}, this build reads {FORMAT}: use the build that wrote it"),
        ));
    }
    let number = |name: &str| u64::from_str_radix(field(name)?, 16).map_err(|_| unreadable(&format!("its {name} is no number")));
    let identity = Identity { cluster_id: number("cluster_id")?, node_id: number("node_id")? };
    if identity.text() == text { Ok(identity) } else { Err(unreadable("its checksum does not match")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: Identity = Identity { cluster_id: 0xc1, node_id: 0xa2 };

    #[test]
    fn reads_what_it_writes() {
        assert_eq!(parse(&EXAMPLE.text()).unwrap(), EXAMPLE);
    }

    #[test]
    fn a_changed_letter_is_noticed_and_another_format_is_named() {
        let text = EXAMPLE.text();
        assert!(parse(&text.replace("a2", "a3")).unwrap_err().message.contains("checksum"));
        assert!(parse(&text[..30]).is_err());
        assert!(parse("").is_err());
        assert!(parse(&text.replace("format = 1", "format = 2")).unwrap_err().message.contains("format 2"));
    }
}
