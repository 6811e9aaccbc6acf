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

fn examples() -> [Record; 5] {
    [
        Record::Founded { cluster: 0x0102, data_shards: 4 },
        Record::Member(member()),
        Record::Keyspace(KeyspaceEntry { id: KeyspaceId(1), name: "default".into(), shard: ShardId(1) }),
        Record::Removed { sequence: 1, id: 8 },
        Record::Level(2),
    ]
}

/// The example of `docs/formats/cluster.md`, byte for byte.
#[test]
fn encodes_the_drawing() {
    let drawing = [
        &b"\x03m\x07\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\x01\0\x01\0\0\0"[..],
        b"\x02\0\0\0n1\x04\0\0\0n1:7\x01\0\0\0\x09\0\0\0http://n1",
    ];
    assert_eq!(Record::Member(member()).encode(), drawing.concat());
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
    let future = Record::decode(Bytes::from_static(b"\x04m")).unwrap_err();
    assert!(future.kind == Kind::Unsupported && future.message.contains("version 4, this build reads 1 to 3"), "{future}");
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
