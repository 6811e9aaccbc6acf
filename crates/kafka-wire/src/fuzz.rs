//! The decoders over arbitrary bytes, for fuzzing. Whatever the bytes are, the answer is a message, a batch or an error, never
//! a panic, and memory stays in proportion to the bytes.

use crate::{
    batch::{Batch, Batches, Rules, set_max_timestamp, validate},
    error::Result,
    frame::{Request, split_frame},
    hot::produce::Produce,
    message::Message,
    messages::{
        ApiKey, api_versions::ApiVersionsRequest, fetch::FetchRequest, find_coordinator::FindCoordinatorRequest,
        heartbeat::HeartbeatRequest, join_group::JoinGroupRequest, list_offsets::ListOffsetsRequest, metadata::MetadataRequest,
        offset_commit::OffsetCommitRequest, offset_fetch::OffsetFetchRequest, produce::ProduceRequest,
        sync_group::SyncGroupRequest,
    },
};

/// More bytes than this are not looked at.
pub const FUZZ_BYTES_MAX: usize = 256 * 1024;

/// Takes `data` as what a connection brings, and as record batches. How many requests and batches were good.
pub fn fuzz(data: &[u8]) -> (usize, usize) {
    let data = &data[..data.len().min(FUZZ_BYTES_MAX)];
    (connection(data), batches(data))
}

/// Requests one after another, the hot ones down to their fields. How many could be read.
pub fn connection(mut data: &[u8]) -> usize {
    let mut good = 0;
    while let Ok(Some((frame, rest))) = split_frame(data, FUZZ_BYTES_MAX as u32) {
        let read = Request::parse(frame).and_then(|request| request_body(&request));
        good += usize::from(read.is_ok());
        data = rest;
    }
    good
}

fn request_body(request: &Request<'_>) -> Result<()> {
    match request.api.key {
        ApiKey::Produce => produce(request),
        ApiKey::Fetch => again::<FetchRequest<'_>>(request),
        ApiKey::ListOffsets => again::<ListOffsetsRequest<'_>>(request),
        ApiKey::Metadata => again::<MetadataRequest<'_>>(request),
        ApiKey::OffsetCommit => again::<OffsetCommitRequest<'_>>(request),
        ApiKey::OffsetFetch => again::<OffsetFetchRequest<'_>>(request),
        ApiKey::FindCoordinator => again::<FindCoordinatorRequest<'_>>(request),
        ApiKey::JoinGroup => again::<JoinGroupRequest<'_>>(request),
        ApiKey::SyncGroup => again::<SyncGroupRequest<'_>>(request),
        ApiKey::Heartbeat => again::<HeartbeatRequest<'_>>(request),
        ApiKey::ApiVersions => again::<ApiVersionsRequest<'_>>(request),
        _ => Ok(()),
    }
}

/// What was read is written, and then is no longer than it was.
fn again<'a, M: Message<'a>>(request: &Request<'a>) -> Result<()> {
    let message: M = request.decode()?;
    let mut bytes = Vec::new();
    message.encode(request.version, &mut bytes)?;
    assert!(bytes.len() <= request.body.len(), "a message grew by being read");
    Ok(())
}

/// Both readings of a Produce request agree.
fn produce(request: &Request<'_>) -> Result<()> {
    let walked = Produce::parse(request.body, request.version);
    let decoded = request.decode::<ProduceRequest<'_>>();
    let (walked, decoded) = match (walked, decoded) {
        (Ok(walked), Ok(decoded)) => (walked, decoded),
        // The walk takes no memory, so it has no limit on it.
        (walked, Err(error)) => {
            assert!(walked.is_err() || error.kind == crate::error::Kind::Memory, "only the walk took it");
            return Err(error);
        }
        (Err(error), Ok(_)) => panic!("only the walk refused it: {error}"),
    };
    let walked: usize = walked.topics().map(|topic| topic.partitions().filter(|part| part.records.is_some()).count()).sum();
    let decoded = decoded.topic_data.iter().flat_map(|topic| &topic.partition_data).filter(|part| part.records.is_some());
    assert_eq!(walked, decoded.count(), "the walk found other partitions");
    Ok(())
}

/// Batches one after another, each as it is and with a CRC that is right, so that what a CRC would have kept out is reached
/// too. How many held all the records that they say.
pub fn batches(data: &[u8]) -> usize {
    let rules =
        Rules { batch_bytes_max: 128 * 1024, inflated_bytes_max: 256 * 1024, compacted: false, zstd: true, timestamps: None };
    let mut good = 0;
    for batch in Batches::new(data).map_while(Result::ok) {
        let _ = validate(batch.bytes(), &rules);
        let mut sealed = batch.bytes().to_vec();
        set_max_timestamp(&mut sealed, batch.max_timestamp());
        if let Ok(checked) = validate(&sealed, &rules) {
            let records = records(&checked.batch, rules.inflated_bytes_max);
            assert_eq!(records, Some(checked.records as usize), "a batch was found good and is not");
            good += 1;
        } else {
            records(&batch, rules.inflated_bytes_max);
        }
        let _ = batch.first_at_or_after(i64::MIN, batch.max_timestamp(), rules.inflated_bytes_max);
    }
    good
}

/// How many records a batch holds; none if one is damaged.
fn records(batch: &Batch<'_>, bytes_max: usize) -> Option<usize> {
    let inflated = batch.inflate(bytes_max).ok()?;
    let mut found = 0;
    for record in batch.records(&inflated) {
        let record = record.ok()?;
        let (headers, said) = (record.headers.clone().count(), record.headers.len());
        assert_eq!(headers, said, "a header was lost");
        found += 1;
    }
    Some(found)
}
