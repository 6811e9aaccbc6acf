use base::{KeyspaceId, Kind, ShardId};

use super::*;
use crate::MemberStanding;

fn member() -> Member {
    Member {
        client_urls: vec!["http://n1:2379".into()],
        incarnation: 5,
        drained: true,
        level: 1,
        ..Member::new(7, "n1", "n1:7000", MemberStanding::Active)
    }
}

fn keyspace() -> KeyspaceEntry {
    KeyspaceEntry { id: KeyspaceId(1), name: "default".into(), shard: ShardId(1) }
}

fn examples() -> Vec<Command> {
    let (id, name, address) = (9, || "n2".to_owned(), || "n2:7000".to_owned());
    let client_urls = vec!["http://n2:2379".into(), String::new()];
    vec![
        Command::Found {
            cluster: 0x0102,
            data_shards: 4,
            members: vec![member(), Member::new(9, "", "", MemberStanding::Joining)],
        },
        Command::NameMember { id, name: name() },
        Command::CreateKeyspace(keyspace()),
        Command::AddMember { id, name: name(), address: address() },
        Command::Started { id, incarnation: 3, address: address(), client_urls, name: name(), level: 2 },
        Command::Activate { id },
        Command::UpdateMember { id, address: address() },
        Command::RemoveMember { id },
        Command::ForgetMember { id },
        Command::Drain { id, drained: true },
        Command::Replace { dead: 7, id, name: name(), address: address() },
        Command::Raise { level: 2 },
        Command::Recover { id, cluster: 0x0102 },
    ]
}

/// The examples of `docs/formats/cluster.md`, byte for byte.
#[test]
fn encodes_the_drawing() {
    assert_eq!(&Command::CreateKeyspace(keyspace()).encode()[..], b"\x03\x03\x01\0\0\0\x01\0\0\0\x07\0\0\0default");
    let add = Command::AddMember { id: 9, name: "n2".into(), address: "n2:7".into() };
    assert_eq!(&add.encode()[..], b"\x03\x04\x09\0\0\0\0\0\0\0\x02\0\0\0n2\x04\0\0\0n2:7");
}

#[test]
fn decodes_what_it_encodes_and_refuses_the_rest() {
    for command in examples() {
        let data = command.encode();
        assert_eq!(Command::decode(data.clone()).unwrap(), command);
        for cut in 0..data.len() {
            assert_eq!(Command::decode(data.slice(..cut)).unwrap_err().kind, Kind::Corrupt);
        }
        let mut longer = data.to_vec();
        longer.push(0);
        assert!(Command::decode(longer.into()).is_err());
    }
    let future = Command::decode(Bytes::from_static(b"\x04\x01")).unwrap_err();
    assert!(future.kind == Kind::Unsupported && future.message.contains("version 4, this build reads 1 to 3"), "{future}");
    assert!(Command::decode(Bytes::from_static(b"\x03\x0e")).is_err());
}

/// What builds wrote that knew version 1 only.
#[test]
fn reads_version_1() {
    let decode = |data: &'static [u8]| Command::decode(Bytes::from_static(data));
    let found = Command::Found { cluster: 0x0102, data_shards: 4, members: Vec::new() };
    assert_eq!(decode(b"\x01\x01\x02\x01\0\0\0\0\0\0\x04\0\0\0").unwrap(), found);
    let name = Command::NameMember { id: 7, name: "n1".into() };
    assert_eq!(decode(b"\x01\x02\x07\0\0\0\0\0\0\0\x02\0n1").unwrap(), name);
    assert_eq!(decode(b"\x01\x03\x01\0\0\0\x01\0\0\0\x07\0default").unwrap(), Command::CreateKeyspace(keyspace()));
    assert!(decode(b"\x01\x06\x07\0\0\0\0\0\0\0").is_err(), "version 1 had three kinds");
}

/// Version 2 had neither levels nor a name in what a member says at its start, and no kinds above 11.
#[test]
fn reads_version_2() {
    let decode = |data: &'static [u8]| Command::decode(Bytes::from_static(data));
    let started = Command::Started {
        id: 9,
        incarnation: 3,
        address: "n2:7".into(),
        client_urls: vec!["u".into()],
        name: String::new(),
        level: 0,
    };
    let bytes = b"\x02\x05\x09\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x04\0\0\0n2:7\x01\0\0\0\x01\0\0\0u";
    assert_eq!(decode(bytes).unwrap(), started);
    assert!(decode(b"\x02\x0c\x01\0\0\0").is_err());
}

/// A count or a length that promises more than follows costs nothing.
#[test]
fn counts_and_lengths_are_not_believed() {
    let mut found = vec![3, FOUND];
    found.extend([0; 12]);
    found.extend([0xff; 4]);
    assert!(Command::decode(found.into()).is_err());
    let mut started = vec![3, STARTED];
    started.extend([0; 20]);
    started.extend([0xff; 4]);
    started.extend([0; 64]);
    assert!(Command::decode(started.into()).is_err());
    let mut name = vec![3, NAME_MEMBER];
    name.extend([1; 8]);
    name.extend([0xff; 6]);
    assert!(Command::decode(name.into()).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(kind in 0..16_u8, version in 0..5_u8, rest in proptest::collection::vec(0..4_u8, 0..80)) {
        let mut data = vec![version, kind];
        data.extend(rest);
        if let Ok(command) = Command::decode(Bytes::from(data.clone())) {
            proptest::prop_assert!(version < 3 || command.encode() == data);
        }
    }
}
