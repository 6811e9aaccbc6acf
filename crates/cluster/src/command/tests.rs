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
        Command::Found { cluster: 1, data_shards: 2, members: vec![Member { level: 2, ..member() }] },
    ]
    .into_iter()
    .chain(topics().into_iter().map(Command::Catalogue))
    .chain(access().into_iter().map(Command::Principals))
    .collect()
}

fn topics() -> Vec<catalogue::Command> {
    use catalogue::Command::*;
    let change = || catalogue::ConfigChange {
        seen: 3,
        delete: vec!["a".into()],
        set: vec![("b".into(), "1".into()), ("b".into(), String::new())],
    };
    let configs = [("cleanup.policy", "compact"), ("x", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    vec![
        CreateTopic {
            id: u128::MAX - 1,
            name: "t".into(),
            shards: vec![ShardId(1), ShardId(2)],
            configs: configs.into(),
            created_ms: 5,
            internal: true,
            keyspace: Some(KeyspaceId(1)),
        },
        CreatePartitions { id: 7, seen: 2, count: 3, shards: vec![ShardId(1)] },
        AlterTopicConfig { id: 7, change: change() },
        DeleteTopic { id: 7 },
        TopicDropped { shard: ShardId(2), id: 7 },
        AlterBrokerConfig { change: change() },
    ]
}

fn grant() -> principals::Grant {
    use principals::*;
    Grant {
        resource: Resource::Topic,
        pattern: Pattern::Prefixed,
        name: "in.".into(),
        grantee: Grantee::User("ann".into()),
        host: "*".into(),
        operation: Operation::Read,
        permission: Permission::Allow,
    }
}

fn access() -> Vec<principals::Command> {
    use principals::{Command::*, Credential, Grant, Grantee, Mechanism};
    let credential = Credential {
        mechanism: Mechanism::ScramSha256,
        iterations: 4_096,
        salt: Bytes::from_static(b"salt"),
        stored_key: vec![1; 32].into(),
        server_key: vec![2; 32].into(),
    };
    vec![
        SetUser { name: "ann".into(), enabled: true, is_admin: false, time_ms: 5 },
        RemoveUser { name: "ann".into() },
        SetCredential { name: "ann".into(), credential, time_ms: 6 },
        RemoveCredential { name: "ann".into(), mechanism: Mechanism::ScramSha512, time_ms: 7 },
        AddGrants { grants: vec![grant(), Grant { grantee: Grantee::Everyone, ..grant() }] },
        RemoveGrants { grants: vec![grant()] },
    ]
}

/// The examples of `docs/formats/cluster.md`, byte for byte.
#[test]
fn encodes_the_drawing() {
    assert_eq!(&Command::CreateKeyspace(keyspace()).encode()[..], b"\x03\x03\x01\0\0\0\x01\0\0\0\x07\0\0\0default");
    let add = Command::AddMember { id: 9, name: "n2".into(), address: "n2:7".into() };
    assert_eq!(&add.encode()[..], b"\x03\x04\x09\0\0\0\0\0\0\0\x02\0\0\0n2\x04\0\0\0n2:7");
    let create = catalogue::Command::CreateTopic {
        id: 7,
        name: "t".into(),
        shards: vec![ShardId(1), ShardId(2)],
        configs: [("a".to_owned(), "b".to_owned())].into(),
        created_ms: 5,
        internal: false,
        keyspace: None,
    };
    let drawing = [
        &b"\x04\x0e\x01\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0t"[..],
        b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0a\x01\0\0\0b",
        b"\x05\0\0\0\0\0\0\0\0\0\0\0\0",
    ];
    assert_eq!(Command::Catalogue(create).encode(), drawing.concat());
    let add = principals::Command::AddGrants { grants: vec![grant()] };
    let drawing = [&b"\x04\x0f\x05\x01\0\0\0\x02\x04\x03\x03"[..], b"\x03\0\0\0in.\x03\0\0\0ann\x01\0\0\0*"];
    assert_eq!(Command::Principals(add).encode(), drawing.concat());
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
    let future = Command::decode(Bytes::from_static(b"\x06\x01")).unwrap_err();
    assert!(future.kind == Kind::Unsupported && future.message.contains("version 6, this build reads 1 to 5"), "{future}");
    for unknown in [&b"\x03\x10"[..], b"\x04\x10", b"\x04\x0e\x07", b"\x04\x0f\x07"] {
        assert_eq!(Command::decode(Bytes::from_static(unknown)).unwrap_err().kind, Kind::Corrupt);
    }
}

/// What a build of level 1 reads is written as it was; what it does not read has a version that it refuses, also where only a
/// detail is new to it: a cluster that begins at level 2.
#[test]
fn each_command_has_one_version() {
    for command in examples() {
        let is_new = matches!(command, Command::Catalogue(_) | Command::Principals(_));
        let begins_later = matches!(&command, Command::Found { members, .. } if members.iter().all(|member| member.level == 2));
        let version = if is_new || begins_later { 4 } else { 3 };
        assert_eq!(command.encode()[0], version, "{command:?}");
        assert_eq!(command.level(), if is_new { 2 } else { 1 }, "{command:?}");
        let mut other = command.encode().to_vec();
        other[0] = 7 - version;
        assert_eq!(Command::decode(other.into()).unwrap_err().kind, Kind::Corrupt, "{command:?}");
    }
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
    for (kind, len) in [(CATALOGUE, 17), (PRINCIPALS, 1)] {
        for sub in 1..=6 {
            let mut command = vec![4, kind, sub];
            command.extend(vec![0; len]);
            command.extend([0xff; 64]);
            assert!(Command::decode(command.into()).is_err());
        }
    }
    let mut name = vec![3, NAME_MEMBER];
    name.extend([1; 8]);
    name.extend([0xff; 6]);
    assert!(Command::decode(name.into()).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(kind in 0..17_u8, version in 0..6_u8, rest in proptest::collection::vec(0..4_u8, 0..80)) {
        let mut data = vec![version, kind];
        data.extend(rest);
        if let Ok(command) = Command::decode(Bytes::from(data.clone())) {
            proptest::prop_assert!(version < 3 || command.encode() == data);
        }
    }
}
