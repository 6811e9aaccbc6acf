//! Bytes of commands and of the table's records. `docs/formats/cluster.md` draws them.

use base::{Error, KeyspaceId, Kind, Result, ShardId};
use bytes::{Buf, BufMut, Bytes};

use crate::{Command, KeyspaceEntry, Member};

/// The version this build writes and the only one it reads.
const VERSION: u8 = 1;

const FOUND: u8 = 1;
const MEMBER: u8 = 2;
const KEYSPACE: u8 = 3;

fn damaged() -> Error {
    Error::new(Kind::Corrupt, "a record of the cluster's own state is damaged: restore this node from a backup or its peers")
}

impl Command {
    /// Its encoding, which is also that of the table's record it leads to.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        match self {
            Command::Found { cluster, data_shards } => {
                out.put_u8(FOUND);
                out.put_u64_le(*cluster);
                out.put_u32_le(*data_shards);
            }
            Command::Member(Member { id, name }) => {
                out.put_u8(MEMBER);
                out.put_u64_le(*id);
                put_text(&mut out, name);
            }
            Command::CreateKeyspace(KeyspaceEntry { id, name, shard }) => {
                out.put_u8(KEYSPACE);
                out.put_u32_le(id.0);
                out.put_u32_le(shard.0);
                put_text(&mut out, name);
            }
        }
        Bytes::from(out)
    }

    /// Decodes; an unknown version or kind, or bytes too many or too few, are `Corrupt`.
    pub fn decode(mut data: Bytes) -> Result<Command> {
        let version = data.try_get_u8().map_err(|_| damaged())?;
        if version != VERSION {
            return Err(Error::new(Kind::Corrupt, format!("a cluster record has version {version}, this build reads {VERSION}")));
        }
        let kind = data.try_get_u8().map_err(|_| damaged())?;
        let command = match kind {
            FOUND => {
                let cluster = data.try_get_u64_le().map_err(|_| damaged())?;
                let data_shards = data.try_get_u32_le().map_err(|_| damaged())?;
                Command::Found { cluster, data_shards }
            }
            MEMBER => {
                let id = data.try_get_u64_le().map_err(|_| damaged())?;
                Command::Member(Member { id, name: get_text(&mut data)? })
            }
            KEYSPACE => {
                let id = KeyspaceId(data.try_get_u32_le().map_err(|_| damaged())?);
                let shard = ShardId(data.try_get_u32_le().map_err(|_| damaged())?);
                Command::CreateKeyspace(KeyspaceEntry { id, name: get_text(&mut data)?, shard })
            }
            _ => return Err(damaged()),
        };
        if data.is_empty() { Ok(command) } else { Err(damaged()) }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u16_le(u16::try_from(text.len()).expect("names are checked to be short before they become commands"));
    out.put_slice(text.as_bytes());
}

fn get_text(data: &mut Bytes) -> Result<String> {
    let len = usize::from(data.try_get_u16_le().map_err(|_| damaged())?);
    if len > data.len() {
        return Err(damaged());
    }
    String::from_utf8(data.split_to(len).into()).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> [Command; 3] {
        [
            Command::Found { cluster: 0x0102, data_shards: 4 },
            Command::Member(Member { id: 7, name: "n1".into() }),
            Command::CreateKeyspace(KeyspaceEntry { id: KeyspaceId(1), name: "default".into(), shard: ShardId(1) }),
        ]
    }

    /// The example of `docs/formats/cluster.md`, byte for byte.
    #[test]
    fn encodes_the_drawing() {
        let drawing = b"\x01\x03\x01\0\0\0\x01\0\0\0\x07\0default";
        assert_eq!(&examples()[2].encode()[..], drawing);
    }

    #[test]
    fn decodes_what_it_encodes_and_refuses_the_rest() {
        for command in examples() {
            let data = command.encode();
            assert_eq!(Command::decode(data.clone()).unwrap(), command);
            for cut in 0..data.len() {
                assert!(Command::decode(data.slice(..cut)).is_err());
            }
            let mut longer = data.to_vec();
            longer.push(0);
            assert!(Command::decode(longer.into()).is_err());
        }
        assert!(Command::decode(Bytes::from_static(b"\x02\x01")).unwrap_err().message.contains("version 2"));
    }
}
