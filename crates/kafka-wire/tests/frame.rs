//! Sizes and headers.

#![allow(clippy::unwrap_used, reason = "a test")]

use kafka_wire::{
    api::Api,
    error::Kind,
    frame::{FrameFault, Request, ask, frame_bytes, respond, split_frame},
    message::Message,
    messages::{
        APIS, ApiKey,
        api_versions::{ApiVersionsRequest, ApiVersionsResponse},
        header::{RequestHeader, ResponseHeader},
        heartbeat::HeartbeatResponse,
        metadata::MetadataRequest,
    },
};

const BYTES_MAX: u32 = 1_000;

#[test]
fn sizes_are_refused_before_anything_is_allocated() {
    assert_eq!(frame_bytes(1_i32.to_be_bytes(), BYTES_MAX), Ok(1));
    assert_eq!(frame_bytes(1_000_i32.to_be_bytes(), BYTES_MAX), Ok(1_000));
    assert_eq!(frame_bytes(1_001_i32.to_be_bytes(), BYTES_MAX), Err(FrameFault::TooLarge { bytes: 1_001 }));
    assert_eq!(frame_bytes([0; 4], BYTES_MAX), Err(FrameFault::Empty));
    assert_eq!(frame_bytes([0xff; 4], BYTES_MAX), Err(FrameFault::Negative));
    assert_eq!(frame_bytes(i32::MIN.to_be_bytes(), u32::MAX), Err(FrameFault::Negative));
    for start in [b"GET ", b"POST", b"HEAD", b"PUT ", b"PRI ", b"OPTI"] {
        assert_eq!(frame_bytes(*start, u32::MAX), Err(FrameFault::Http));
    }
    assert_eq!(frame_bytes([0x16, 3, 1, 2], u32::MAX), Err(FrameFault::Tls));
    assert_eq!(u32::from_be_bytes(*b"GET "), 1_195_725_856);
}

#[test]
fn frames_are_cut_from_what_was_read() {
    let bytes = [0, 0, 0, 2, b'a', b'b', 0, 0, 0, 1, b'c'];
    for length in 0..6 {
        assert_eq!(split_frame(&bytes[..length], BYTES_MAX), Ok(None));
    }
    let (first, rest) = split_frame(&bytes, BYTES_MAX).unwrap().unwrap();
    assert_eq!((first, split_frame(rest, BYTES_MAX)), (&b"ab"[..], Ok(Some((&b"c"[..], &[][..])))));
}

/// What a client writes, byte by byte, in a classic and in a flexible version.
#[test]
fn requests_have_their_header() {
    let mut out = Vec::new();
    ask(5, 1, Some("me"), &MetadataRequest { topics: None, ..MetadataRequest::default() }, &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 16, 0, 3, 0, 1, 0, 0, 0, 5, 0, 2, b'm', b'e', 0xff, 0xff, 0xff, 0xff]);
    let (frame, _) = split_frame(&out, BYTES_MAX).unwrap().unwrap();
    let request = Request::parse(frame).unwrap();
    assert_eq!((request.api.key, request.version, request.correlation_id), (ApiKey::Metadata, 1, 5));
    assert_eq!((request.client_id, request.body), (Some("me"), &[0xff; 4][..]));
    assert_eq!(request.decode::<MetadataRequest<'_>>().unwrap().topics, None);

    out.clear();
    ask(6, 3, None, &ApiVersionsRequest::default(), &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 14, 0, 18, 0, 3, 0, 0, 0, 6, 0xff, 0xff, 0, 1, 1, 0]);
    let request = Request::parse(&out[4..]).unwrap();
    assert_eq!((request.client_id, request.body), (None, &[1, 1, 0][..]));
}

#[test]
fn headers_are_those_of_the_table() {
    for api in &APIS {
        for version in api.min..=api.max {
            let (header, mut bytes) = (api.request_header_version(version), Vec::new());
            let written = RequestHeader {
                request_api_key: api.key.code(),
                request_api_version: version,
                correlation_id: -7,
                client_id: Some("client".into()),
            };
            written.encode(header, &mut bytes).unwrap();
            let request = Request::parse(&bytes).unwrap();
            assert_eq!((request.api, request.version, request.correlation_id), (api, version, -7));
            assert_eq!((request.client_id, request.body), (Some("client"), &[][..]));
            for length in 0..bytes.len() {
                assert_eq!(Request::parse(&bytes[..length]).unwrap_err().kind, Kind::Short, "{} cut to {length}", api.name);
            }
        }
    }
}

#[test]
fn answers_have_their_header() {
    let mut out = b"x".to_vec();
    respond(9, 3, &HeartbeatResponse::default(), &mut out).unwrap();
    assert_eq!(out, [b'x', 0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0]);
    respond(9, 4, &HeartbeatResponse::default(), &mut out).unwrap();
    assert_eq!(out[15..], [0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(ResponseHeader::decode(&out[19..24], 1).unwrap().correlation_id, 9);
    assert_eq!(respond(9, 5, &HeartbeatResponse::default(), &mut out).unwrap_err().kind, Kind::Version);
    assert_eq!(out.len(), 31, "an error leaves nothing behind");
}

/// Who asks which versions there are cannot know yet whether the answer has tags in its header.
#[test]
fn answers_to_api_versions_have_the_oldest_header() {
    let mut out = Vec::new();
    respond(9, 3, &ApiVersionsResponse::default(), &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(ApiKey::ApiVersions.api().response_header_version(4), 0);
    assert_eq!(ApiKey::ApiVersions.api().request_header_version(4), 2);
}

#[test]
fn a_version_that_does_not_exist_still_has_a_header() {
    let frame = [0, 18, 0, 99, 0, 0, 0, 1, 0, 1, b'c', 0, 9, 9];
    let request = Request::parse(&frame).unwrap();
    assert!(!request.api.has(request.version));
    assert_eq!((request.version, request.client_id, request.body), (99, Some("c"), &[9, 9][..]));
    assert_eq!(request.decode::<ApiVersionsRequest<'_>>().unwrap_err().kind, Kind::Version);
    for unknown in [[0, 4], [0, 71], [0xff, 0xff], [0x7f, 0xff]] {
        let frame = [&unknown[..], &[0; 12]].concat();
        assert_eq!(Request::parse(&frame).unwrap_err().kind, Kind::Api);
    }
}

#[test]
fn the_table_is_what_a_broker_of_4_3_says() {
    let row = |key: ApiKey| {
        let Api { name, min, max, flexible_from, .. } = *key.api();
        (name, min, max, flexible_from)
    };
    assert_eq!(row(ApiKey::Produce), ("Produce", 3, 13, 9));
    assert_eq!(row(ApiKey::Fetch), ("Fetch", 4, 18, 12));
    assert_eq!(row(ApiKey::InitProducerId), ("InitProducerId", 0, 5, 2), "version 6 is not stable");
    assert_eq!(row(ApiKey::SaslHandshake), ("SaslHandshake", 0, 1, i16::MAX));
    assert_eq!(row(ApiKey::ListOffsets), ("ListOffsets", 1, 11, 6));
    assert_eq!((ApiKey::Produce.api().advertised_min(), ApiKey::Fetch.api().advertised_min()), (0, 4));
    for pair in APIS.windows(2) {
        assert!(pair[0].key < pair[1].key);
    }
    for api in &APIS {
        assert_eq!((api.key.api(), ApiKey::from_code(api.key.code())), (api, Some(api.key)));
    }
    assert_eq!(APIS.len(), 67);
}
