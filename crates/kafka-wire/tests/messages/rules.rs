//! What Kafka's field tables say beside types: defaults, fields that may be left out, nulls, tags; and what is never believed.

use std::borrow::Cow;

use kafka_wire::{
    Uuid,
    decoder::Decoder,
    error::{Error, Kind},
    message::Message,
    messages::{
        create_topics::{CreatableTopic, CreateTopicsRequest},
        describe_groups::DescribeGroupsRequest,
        fetch::{FetchRequest, FetchTopic},
        metadata::{MetadataRequest, MetadataRequestTopic},
        offset_fetch::OffsetFetchRequest,
    },
};

fn encoded<'m, M: Message<'m>>(message: &M, version: i16) -> Result<Vec<u8>, Kind> {
    let mut out = b"before".to_vec();
    let result = message.encode(version, &mut out);
    assert_eq!(&out[..6], b"before");
    assert!(result.is_ok() || out.len() == 6, "an error leaves nothing behind");
    result.map(|()| out.split_off(6)).map_err(|error| error.kind)
}

#[test]
fn defaults_are_the_tables() {
    let fetch = FetchRequest::default();
    assert_eq!((fetch.replica_id, fetch.max_bytes, fetch.session_epoch, fetch.cluster_id), (-1, i32::MAX, -1, None));
    assert_eq!(CreateTopicsRequest::default().timeout_ms, 60_000);
    assert!(MetadataRequest::default().allow_auto_topic_creation);
    assert_eq!(MetadataRequest::default().topics, Some(vec![]), "what may be null is not null by default");
}

#[test]
fn a_field_without_a_place_is_an_error_unless_it_may_be_left_out() {
    let metadata = MetadataRequest { allow_auto_topic_creation: false, ..MetadataRequest::default() };
    assert_eq!(encoded(&metadata, 3), Err(Kind::Absent));
    assert!(encoded(&metadata, 4).is_ok());
    let fetch = FetchRequest { session_id: 5, ..FetchRequest::default() };
    assert_eq!(encoded(&fetch, 6), encoded(&FetchRequest::default(), 6));
    assert_ne!(encoded(&fetch, 7), encoded(&FetchRequest::default(), 7));
}

#[test]
fn nulls_have_versions() {
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert_eq!(encoded(&all, 0), Err(Kind::Null));
    assert_eq!(encoded(&all, 1), Ok(vec![0xff; 4]));
    assert_eq!(MetadataRequest::decode(&[0xff; 4], 1).unwrap().topics, None);
    assert_eq!(MetadataRequest::decode(&[0xff; 4], 0), Err(Error { kind: Kind::Null, position: 4 }));
    let group = OffsetFetchRequest { topics: None, ..OffsetFetchRequest::default() };
    assert_eq!(encoded(&group, 1), Err(Kind::Null));
    assert!(encoded(&group, 2).is_ok());
}

#[test]
fn negative_lengths_are_no_nulls() {
    assert_eq!(MetadataRequest::decode(&[0xff, 0xff, 0xff, 0xfe], 1).unwrap_err().kind, Kind::Negative);
    let text = |length: [u8; 2]| [&[0, 0, 0, 1][..], &length, b"ab"].concat();
    assert!(MetadataRequest::decode(&text([0, 2]), 1).is_ok());
    assert_eq!(MetadataRequest::decode(&text([0xff, 0xff]), 1).unwrap_err().kind, Kind::Null);
    assert_eq!(MetadataRequest::decode(&text([0x80, 0]), 1).unwrap_err().kind, Kind::Negative);
    assert_eq!(MetadataRequest::decode(&text([0, 3]), 1).unwrap_err().kind, Kind::Short);
}

#[test]
fn texts_are_utf8_and_bounded() {
    let text = |bytes: &[u8]| [&[0, 0, 0, 1, 0, bytes.len() as u8][..], bytes].concat();
    assert_eq!(MetadataRequest::decode(&text(b"a\xffb"), 1), Err(Error { kind: Kind::Text, position: 7 }));
    let long = "x".repeat(32_768);
    for (length, ok) in [(32_767, true), (32_768, false)] {
        let topic = MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(Cow::Borrowed(&long[..length])) };
        let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
        for version in [1, 12] {
            assert_eq!(encoded(&request, version).err(), (!ok).then_some(Kind::TooLong), "{length}, version {version}");
        }
        let compact = [&[2][..], &[0; 16], &varint(length as u32 + 1), &long.as_bytes()[..length], &[0, 1, 0, 0]].concat();
        assert_eq!(MetadataRequest::decode(&compact, 12).err().map(|error| error.kind), (!ok).then_some(Kind::Text));
    }
}

/// A count says at most as many as there are bytes for, by the elements' fewest bytes.
#[test]
fn counts_are_held_against_what_is_left() {
    let request = |count: u32, bytes: usize| [&count.to_be_bytes()[..], &vec![0; bytes]].concat();
    assert!(MetadataRequest::decode(&request(50, 100), 1).is_ok());
    assert_eq!(MetadataRequest::decode(&request(51, 100), 1), Err(Error { kind: Kind::Count, position: 4 }));
    assert_eq!(MetadataRequest::decode(&request(0x7fff_ffff, 100), 1), Err(Error { kind: Kind::Count, position: 4 }));
    assert_eq!(
        FetchRequest::decode(&[&[0; 17][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat(), 12).unwrap_err().kind,
        Kind::Short
    );
    let topics = [&[0; 24][..], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0; 50]].concat();
    assert_eq!(FetchRequest::decode(&topics, 13).unwrap_err().kind, Kind::Count);
}

/// A megabyte of empty texts, of one byte each, would take 24 in memory.
#[test]
fn memory_is_held_against_the_bytes() {
    let request = |count: u32| [&varint(count + 1)[..], &vec![1; count as usize], &[0, 0]].concat();
    assert!(DescribeGroupsRequest::decode(&request(2_000), 5).is_ok());
    assert_eq!(DescribeGroupsRequest::decode(&request(1_000_000), 5).unwrap_err().kind, Kind::Memory);
}

fn varint(mut value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[test]
fn varints_have_five_bytes_at_most() {
    let read = |bytes: &[u8]| Decoder::new(bytes, 0, true).uvarint().map_err(|error| error.kind);
    assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
    assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(Kind::Varint));
    assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(Kind::Varint));
    assert_eq!(read(&[0x80, 0x80]), Err(Kind::Short));
    for value in [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX] {
        assert_eq!(read(&varint(value)), Ok(value));
    }
}

/// An ApiVersions request of version 3 with tags behind two empty texts.
fn tagged(tags: &[u8]) -> Result<(), Kind> {
    let bytes = [&[1, 1][..], tags].concat();
    kafka_wire::messages::api_versions::ApiVersionsRequest::decode(&bytes, 3).map(drop).map_err(|error| error.kind)
}

#[test]
fn unknown_tags_are_passed_over_within_limits() {
    assert_eq!(tagged(&[0]), Ok(()));
    assert_eq!(tagged(&[2, 0, 0, 9, 3, b'a', b'b', b'c']), Ok(()));
    assert_eq!(tagged(&[2, 9, 0, 0, 0]), Err(Kind::Tags), "tags descend");
    assert_eq!(tagged(&[2, 9, 0, 9, 0]), Err(Kind::Tags), "a tag comes twice");
    assert_eq!(tagged(&[1, 9, 4, 0, 0, 0]), Err(Kind::Short), "a field is longer than what is left");
    assert_eq!(tagged(&[0x80, 0x89, 0x7a]), Err(Kind::Tags), "two million tags in no bytes");
    let many = |count: u32| [varint(count), (0..count).flat_map(|tag| [varint(tag), vec![0]].concat()).collect()].concat();
    assert_eq!(tagged(&many(128)), Ok(()));
    assert_eq!(tagged(&many(129)), Err(Kind::Tags));
}

#[test]
fn known_tags_are_read_to_their_end() {
    let request = FetchRequest { cluster_id: Some("id".into()), ..FetchRequest::default() };
    let good = encoded(&request, 12).unwrap();
    let tags = [1, 0, 3, 3, b'i', b'd'];
    assert_eq!(good[good.len() - 6..], tags);
    let with = |tags: &[u8]| {
        let bytes = [&good[..good.len() - 6], tags].concat();
        FetchRequest::decode(&bytes, 12).map(|request| request.cluster_id.map(Cow::into_owned)).map_err(|error| error.kind)
    };
    assert_eq!(with(&tags), Ok(Some("id".to_owned())));
    assert_eq!(with(&[1, 0, 4, 3, b'i', b'd', 0]), Err(Kind::Tags), "bytes are left in the field");
    assert_eq!(with(&[1, 0, 2, 3, b'i', b'd']), Err(Kind::Short), "the field ends before its text");
    assert_eq!(with(&[1, 0, 1, 0]), Ok(None), "null is written as null");
    assert_eq!(with(&[1, 1, 2, 7, 7]), Ok(None), "tag 1 means something from version 15 on only");
}

#[test]
fn topics_are_named_in_one_way_a_version() {
    let topic = FetchTopic { topic: "t".into(), topic_id: Uuid(7), partitions: vec![] };
    let request = FetchRequest { topics: vec![topic], ..FetchRequest::default() };
    let (by_name, by_id) = (encoded(&request, 12).unwrap(), encoded(&request, 13).unwrap());
    let topic = FetchRequest::decode(&by_name, 12).unwrap().topics.remove(0);
    assert_eq!((&*topic.topic, topic.topic_id), ("t", Uuid::ZERO));
    let topic = FetchRequest::decode(&by_id, 13).unwrap().topics.remove(0);
    assert_eq!((&*topic.topic, topic.topic_id), ("", Uuid(7)));
}

/// Owned texts go into a message as easily as borrowed ones.
#[test]
fn messages_are_built_from_what_is_at_hand() {
    let name = String::from("topic");
    let topics = vec![
        CreatableTopic { name: (&*name).into(), num_partitions: 3, replication_factor: -1, ..CreatableTopic::default() },
        CreatableTopic {
            name: format!("{name}-2").into(),
            num_partitions: 1,
            replication_factor: 1,
            ..CreatableTopic::default()
        },
    ];
    let request = CreateTopicsRequest { topics, ..CreateTopicsRequest::default() };
    let bytes = encoded(&request, 7).unwrap();
    assert_eq!(CreateTopicsRequest::decode(&bytes, 7), Ok(request));
}
