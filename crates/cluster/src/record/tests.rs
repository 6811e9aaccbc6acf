use base::{KeyspaceId, Kind, ShardId};

use super::*;
use crate::MemberStanding;

fn member() -> Member {
    Member {
        client_urls: vec!["http://n1".into()],
        incarnation: 0x0b,
        level: 1,
        ..Member::new(7, "n1", "n1:7", MemberStanding::Active)
    }
}

fn examples() -> [Record; 13] {
    let grant = principals::Grant {
        resource: principals::Resource::Keys,
        pattern: principals::Pattern::Literal,
        name: "default/a".into(),
        grantee: principals::Grantee::Everyone,
        host: "10.0.0.1".into(),
        operation: principals::Operation::All,
        permission: principals::Permission::Deny,
    };
    [
        Record::Founded { cluster: 0x0102, data_shards: 4 },
        Record::Member(member()),
        Record::Keyspace(KeyspaceEntry { id: KeyspaceId(1), name: "default".into(), shard: ShardId(1) }),
        Record::Removed { sequence: 1, id: 8 },
        Record::Level(2),
        Record::Catalogue(catalogue::Record::Topic {
            id: 7,
            name: "t".into(),
            created_ms: 5,
            internal: false,
            keyspace: Some(KeyspaceId(1)),
            config_version: 1,
            configs: [("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())].into(),
        }),
        Record::Catalogue(catalogue::Record::Places { id: 7, shards: [ShardId(1), ShardId(2)].into() }),
        Record::Catalogue(catalogue::Record::Brokers { version: 3, configs: [("a".to_owned(), "b".to_owned())].into() }),
        Record::Catalogue(catalogue::Record::Dropped { shard: ShardId(2), id: 7 }),
        Record::Catalogue(catalogue::Record::Version(9)),
        Record::Principals(principals::Record::User(user())),
        Record::Principals(principals::Record::Grant(grant)),
        Record::Principals(principals::Record::Version(8)),
    ]
}

fn user() -> principals::User {
    let credential = |mechanism: principals::Mechanism| principals::Credential {
        mechanism,
        iterations: 4_096,
        salt: Bytes::from_static(b"salt"),
        stored_key: vec![1; mechanism.hash_bytes()].into(),
        server_key: vec![2; mechanism.hash_bytes()].into(),
    };
    principals::User {
        name: "ann".into(),
        enabled: true,
        is_admin: false,
        created_ms: 5,
        changed_ms: 6,
        credentials: principals::Mechanism::ALL.into_iter().map(|mechanism| (mechanism, credential(mechanism))).collect(),
    }
}

/// The example of `docs/formats/cluster.md`, byte for byte.
#[test]
fn encodes_the_drawing() {
    let drawing = [
        &b"\x03m\x07\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\x01\0\x01\0\0\0"[..],
        b"\x02\0\0\0n1\x04\0\0\0n1:7\x01\0\0\0\x09\0\0\0http://n1",
    ];
    assert_eq!(Record::Member(member()).encode(), drawing.concat());
    let places = b"\x04w\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\0\0";
    assert_eq!(&examples()[6].encode()[..], places);
    let bare = principals::User { credentials: std::collections::BTreeMap::new(), ..user() };
    let drawing = b"\x04u\x03\0\0\0ann\x01\0\x05\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(&Record::Principals(principals::Record::User(bare)).encode()[..], drawing);
}

/// Lists whose order is given are not read in another one: each state has one encoding.
#[test]
fn what_is_out_of_order_or_double_is_damaged() {
    let swapped = |record: Record, from: &[u8], to: &[u8]| {
        let data = record.encode().to_vec();
        let at = data.windows(from.len()).position(|window| window == from).unwrap();
        Record::decode([&data[..at], to, &data[at + from.len()..]].concat().into()).map_err(|why| why.kind)
    };
    let settings = |name: u8| [1, 0, 0, 0, name];
    assert_eq!(swapped(examples()[5].clone(), &settings(b'c'), &settings(b'a')), Err(Kind::Corrupt));
    assert_eq!(swapped(examples()[5].clone(), &settings(b'a'), &settings(b'd')), Err(Kind::Corrupt));
    assert!(swapped(examples()[5].clone(), &settings(b'c'), &settings(b'd')).is_ok());
    // A second credential of the same mechanism.
    assert_eq!(swapped(examples()[10].clone(), &[2, 0, 0x10, 0, 0], &[1, 0, 0x10, 0, 0]), Err(Kind::Corrupt));
    assert_eq!(swapped(examples()[10].clone(), &[2, 0, 0x10, 0, 0], &[3, 0, 0x10, 0, 0]), Err(Kind::Corrupt));
}

/// What a build of level 1 wrote it finds again as it was.
#[test]
fn each_record_has_one_version() {
    for (nth, record) in examples().into_iter().enumerate() {
        let mut data = record.encode().to_vec();
        assert_eq!(data[0], if nth < 5 { 3 } else { 4 });
        data[0] = 7 - data[0];
        assert_eq!(Record::decode(data.into()).unwrap_err().kind, Kind::Corrupt);
    }
}

#[test]
fn decodes_what_it_encodes_and_refuses_the_rest() {
    for record in examples() {
        let data = record.encode();
        assert_eq!(Record::decode(data.clone()).unwrap(), record);
        for cut in 0..data.len() {
            assert_eq!(Record::decode(data.slice(..cut)).unwrap_err().kind, Kind::Corrupt);
        }
        let mut longer = data.to_vec();
        longer.push(0);
        assert!(Record::decode(longer.into()).is_err());
        let (from, to) = keys();
        assert!(from <= record.key() && record.key() < to);
    }
    let future = Record::decode(Bytes::from_static(b"\x06m")).unwrap_err();
    assert!(future.kind == Kind::Unsupported && future.message.contains("version 6, this build reads 1 to 5"), "{future}");
}

/// Keys never change their place: records of all versions lie under the same ones.
#[test]
fn keys_are_those_of_version_1() {
    let keys = examples().map(|record| record.key());
    assert_eq!(keys[0], b"\0\0\0\0f"[..]);
    assert_eq!(keys[1], b"\0\0\0\0m\0\0\0\0\0\0\0\x07"[..]);
    assert_eq!(keys[2], b"\0\0\0\0kdefault"[..]);
    assert_eq!(keys[3], b"\0\0\0\0r\0\0\0\0\0\0\0\x01"[..]);
    assert_eq!(keys[4], b"\0\0\0\0l"[..]);
    assert_eq!(keys[5], b"\0\0\0\0t\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07"[..]);
    assert_eq!(keys[8], b"\0\0\0\0d\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07"[..]);
    assert_eq!(keys[10], b"\0\0\0\0uann"[..]);
    assert_eq!(keys[11], b"\0\0\0\0g\x40\x03\x02\x02\x09\0\0\0default/a\x01\0\0\0*\x08\0\0\x0010.0.0.1"[..]);
    assert!(keys[5] < keys[6], "a topic is known before the places of its partitions");
}

/// A member without a level.
#[test]
fn reads_version_2() {
    let bytes = b"\x02m\x07\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\x01\0\x02\0\0\0n1\x04\0\0\0n1:7\x01\0\0\0\x09\0\0\0http://n1";
    assert_eq!(Record::decode(Bytes::from_static(bytes)).unwrap(), Record::Member(Member { level: 0, ..member() }));
    assert!(Record::decode(Bytes::from_static(b"\x02l\x01\0\0\0")).is_err());
}

#[test]
fn reads_version_1() {
    let decode = |data: &'static [u8]| Record::decode(Bytes::from_static(data)).unwrap();
    assert_eq!(decode(b"\x01\x01\x02\x01\0\0\0\0\0\0\x04\0\0\0"), examples()[0]);
    let old = Member::new(7, "n1", "", MemberStanding::Active);
    assert_eq!(decode(b"\x01\x02\x07\0\0\0\0\0\0\0\x02\0n1"), Record::Member(old));
    assert_eq!(decode(b"\x01\x03\x01\0\0\0\x01\0\0\0\x07\0default"), examples()[2]);
}
