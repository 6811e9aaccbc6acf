//! The hand-written paths against the generated code.

use bytes::Bytes;
use kafka_wire::{
    error::{Error, Kind},
    frame::respond,
    hot::{
        fetch::{FetchAnswer, FetchPartitionAnswer, FetchTopicAnswer},
        produce::{Entry, Produce},
    },
    message::Message,
    messages::{
        fetch::{EpochEndOffset, FetchResponse, LeaderIdAndEpoch, PartitionData, SnapshotId},
        produce::ProduceRequest,
    },
};

use crate::chance::{Chance, Fill};

const ROUNDS: u64 = 200;

#[test]
fn produce_is_walked_as_it_is_decoded() {
    let mut chance = Chance(5);
    for version in ProduceRequest::VERSIONS {
        for _ in 0..ROUNDS {
            let filled = ProduceRequest::fill(&mut chance, version);
            let mut bytes = Vec::new();
            filled.encode(version, &mut bytes).unwrap();
            let walked = Produce::parse(&bytes, version).unwrap();
            assert_eq!(walked.transactional_id, filled.transactional_id.as_deref());
            assert_eq!((walked.acks, walked.timeout_ms), (filled.acks, filled.timeout_ms));
            assert_eq!(walked.topics().len(), filled.topic_data.len());
            for (topic, expected) in walked.topics().zip(&filled.topic_data) {
                assert_eq!((topic.name, topic.id), (&*expected.name, expected.topic_id));
                let found: Vec<_> = topic.partitions().map(|part| (part.index, part.records)).collect();
                let expected: Vec<_> = expected.partition_data.iter().map(|part| (part.index, part.records)).collect();
                assert_eq!(found, expected);
            }
            let all = walked.topics().flat_map(|topic| {
                let (name, id) = (topic.name, topic.id);
                topic.partitions().map(move |partition| Entry { name, id, partition })
            });
            assert_eq!(walked.entries().collect::<Vec<_>>(), all.collect::<Vec<_>>());
        }
    }
}

#[test]
fn produce_refuses_what_the_generated_code_refuses() {
    let mut chance = Chance(6);
    for version in ProduceRequest::VERSIONS {
        for _ in 0..ROUNDS {
            let mut bytes = Vec::new();
            ProduceRequest::fill(&mut chance, version).encode(version, &mut bytes).unwrap();
            for damaged in [chance.mutate(&bytes), bytes[..chance.below(bytes.len())].to_vec()] {
                let walked = Produce::parse(&damaged, version).map(drop);
                let decoded = ProduceRequest::decode_first(&damaged, version).map(drop);
                assert_eq!(walked, decoded, "version {version}: {damaged:?}");
            }
        }
    }
    for version in [2, 14] {
        assert_eq!(Produce::parse(&[0; 32], version).map(drop), Err(Error { kind: Kind::Version, position: 0 }));
    }
}

/// The same answer as the generated code has it, its records in one piece. A snapshot's id is between brokers and left out.
fn generated<'a>(answer: &'a FetchAnswer<'a>, records: &'a [Vec<u8>], version: i16) -> FetchResponse<'a> {
    let mut records = records.iter();
    let mut partition = |from: &FetchPartitionAnswer| PartitionData {
        partition_index: from.index,
        error_code: from.error_code,
        high_watermark: from.high_watermark,
        last_stable_offset: from.last_stable_offset,
        log_start_offset: from.log_start_offset,
        diverging_epoch: from.diverging_epoch.clone().filter(|_| version >= 12).unwrap_or_default(),
        current_leader: from.current_leader.clone().filter(|_| version >= 12).unwrap_or_default(),
        snapshot_id: SnapshotId::default(),
        aborted_transactions: from.aborted_transactions.clone(),
        preferred_read_replica: if version >= 11 { from.preferred_read_replica } else { -1 },
        records: records.next().map(Vec::as_slice),
    };
    let topics = answer.topics.iter().map(|topic| kafka_wire::messages::fetch::FetchableTopicResponse {
        topic: topic.name.clone(),
        topic_id: topic.id,
        partitions: topic.partitions.iter().map(&mut partition).collect(),
    });
    FetchResponse {
        throttle_time_ms: answer.throttle_time_ms,
        error_code: answer.error_code,
        session_id: if version >= 7 { answer.session_id } else { 0 },
        responses: topics.collect(),
        node_endpoints: if version >= 16 { answer.node_endpoints.clone() } else { Vec::new() },
    }
}

fn partition(chance: &mut Chance, version: i16) -> FetchPartitionAnswer {
    let from = PartitionData::fill(chance, version);
    let records = (0..chance.below(4)).map(|_| Bytes::from(Vec::from(<&[u8]>::fill(chance, version))));
    FetchPartitionAnswer {
        index: from.partition_index,
        error_code: from.error_code,
        high_watermark: from.high_watermark,
        last_stable_offset: from.last_stable_offset,
        log_start_offset: from.log_start_offset,
        // A default value is what is not written.
        diverging_epoch: Some(from.diverging_epoch).filter(|epoch| *epoch != EpochEndOffset::default()),
        current_leader: Some(from.current_leader).filter(|leader| *leader != LeaderIdAndEpoch::default()),
        aborted_transactions: from.aborted_transactions,
        preferred_read_replica: from.preferred_read_replica,
        records: records.collect(),
    }
}

fn answer(chance: &mut Chance, version: i16) -> FetchAnswer<'static> {
    let from = FetchResponse::fill(chance, version);
    let topics = from.responses.into_iter().map(|topic| FetchTopicAnswer {
        name: topic.topic,
        id: topic.topic_id,
        partitions: (0..topic.partitions.len()).map(|_| partition(chance, version)).collect(),
    });
    let topics = topics.collect();
    FetchAnswer {
        throttle_time_ms: from.throttle_time_ms,
        error_code: from.error_code,
        session_id: from.session_id,
        topics,
        node_endpoints: from.node_endpoints,
    }
}

#[test]
fn fetch_is_written_as_the_generated_code_writes_it() {
    let mut chance = Chance(7);
    for version in FetchResponse::VERSIONS {
        for _ in 0..ROUNDS {
            let answer = answer(&mut chance, version);
            let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            let records: Vec<Vec<u8>> = partitions.clone().map(|part| part.records.concat()).collect();
            let pieces = answer.encode(17, version).unwrap();
            let mut expected = Vec::new();
            respond(17, version, &generated(&answer, &records, version), &mut expected).unwrap();
            assert_eq!(pieces.concat(), expected, "version {version}: {answer:#?}");

            let given = partitions.flat_map(|part| &part.records).filter(|piece| !piece.is_empty());
            for piece in given {
                let left = pieces.iter().filter(|found| found.as_ptr() == piece.as_ptr() && found.len() == piece.len());
                assert_eq!(left.count(), 1, "records are handed on as they are");
            }
        }
    }
    for version in [3, 19] {
        assert_eq!(FetchAnswer::default().encode(1, version), Err(Error { kind: Kind::Version, position: 0 }));
    }
}
