//! Records: produced, fetched, found, deleted.

use kafka_wire::{
    ApiKey, ErrorCode,
    batch::{Codec, Producer},
    messages::{
        delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic},
        describe_producers::{DescribeProducersRequest, DescribeProducersResponse, TopicRequest},
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic},
        init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        offset_for_leader_epoch::{
            OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetForLeaderTopic,
        },
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};

use crate::{
    stage::{Stage, TIMEOUT_MS, TOPIC, batch, expect, versions},
    transactions::ABORTED,
};

pub(crate) fn record(stage: &mut Stage<'_>) {
    produce(stage);
    init_producer_id(stage);
    fetch(stage);
    list_offsets(stage);
    offset_for_leader_epoch(stage);
    delete_records(stage);
}

fn produce(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::Produce) {
        // zstd came with version 7 (KIP-110).
        let codecs = if version < 7 { &Codec::ALL[..4] } else { &Codec::ALL[..] };
        let codec = codecs[usize::try_from(version).expect("none is negative") % codecs.len()];
        let good = batch(codec, None);
        let mut damaged = batch(Codec::None, None);
        *damaged.last_mut().expect("it is not empty") ^= 1;
        let mut first = data(stage, version, TOPIC);
        let part = |index, records| PartitionProduceData { index, records: Some(records) };
        first.partition_data = vec![part(0, &*good), part(1, &*damaged)];
        let request = ProduceRequest { acks: -1, timeout_ms: TIMEOUT_MS, topic_data: vec![first], ..ProduceRequest::default() };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ProduceResponse<'_>>();
        let parts = &response.responses[0].partition_responses;
        assert_eq!(parts.len(), 2);
        for part in parts {
            expect(part.error_code, if part.index == 0 { ErrorCode::None } else { ErrorCode::CorruptMessage });
        }
    }
}

/// A topic of a Produce request, without partitions.
pub(crate) fn data<'a>(stage: &mut Stage<'_>, version: i16, name: &'a str) -> TopicProduceData<'a> {
    let topic_id = stage.id_of(name);
    if version < 13 {
        TopicProduceData { name: name.into(), ..TopicProduceData::default() }
    } else {
        TopicProduceData { topic_id, ..TopicProduceData::default() }
    }
}

/// Producers without transactions, and what the broker knows of them.
fn init_producer_id(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::InitProducerId) {
        let request = InitProducerIdRequest { transaction_timeout_ms: 60_000, ..InitProducerIdRequest::default() };
        let request = InitProducerIdRequest { transactional_id: None, ..request };
        let answer = stage.open.ask(version, &request);
        let InitProducerIdResponse { error_code, producer_id, .. } = answer.read();
        expect(error_code, ErrorCode::None);
        let producer = Producer { id: producer_id, epoch: 0, base_sequence: 0, transactional: false };
        let records = batch(Codec::None, Some(producer));
        let mut topic = data(stage, 9, TOPIC);
        topic.partition_data = vec![PartitionProduceData { index: 1, records: Some(&records) }];
        let request = ProduceRequest { acks: -1, timeout_ms: TIMEOUT_MS, topic_data: vec![topic], ..ProduceRequest::default() };
        let answer = stage.open.prepare(9, &request);
        expect(answer.read::<ProduceResponse<'_>>().responses[0].partition_responses[0].error_code, ErrorCode::None);
    }
    for version in versions(ApiKey::DescribeProducers) {
        let topics = vec![TopicRequest { name: TOPIC.into(), partition_indexes: vec![0, 1, 9] }];
        let answer = stage.open.ask(version, &DescribeProducersRequest { topics });
        let response = answer.read::<DescribeProducersResponse<'_>>();
        assert!(response.topics[0].partitions.iter().any(|partition| partition.active_producers.len() > 2));
    }
}

/// A session, what is in it, what is forgotten; then what is wrong with partitions.
fn fetch(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::Fetch) {
        let base = FetchRequest { max_wait_ms: 100, min_bytes: 1, max_bytes: 1 << 20, ..FetchRequest::default() };
        let part = |partition, fetch_offset| FetchPartition {
            partition,
            fetch_offset,
            partition_max_bytes: 200,
            ..FetchPartition::default()
        };
        let topic = |stage: &mut Stage<'_>, name: &'static str, partitions| {
            let topic_id = stage.id_of(name);
            let named = FetchTopic { topic: name.into(), partitions, ..FetchTopic::default() };
            if version < 13 { named } else { FetchTopic { topic: "".into(), topic_id, ..named } }
        };
        let topics = vec![topic(stage, TOPIC, vec![part(0, 0), part(1, 1_000_000)])];
        let opening = FetchRequest { topics, session_epoch: if version < 7 { -1 } else { 0 }, ..base.clone() };
        let answer = stage.open.ask(version, &opening);
        let response = answer.read::<FetchResponse<'_>>();
        let parts = &response.responses[0].partitions;
        assert!(parts.iter().any(|part| part.records.is_some_and(|records| !records.is_empty())), "records were fetched");
        assert!(parts.iter().any(|part| part.error_code == ErrorCode::OffsetOutOfRange.code()));
        if version >= 7 {
            let session_id = response.session_id;
            let forgotten = topic(stage, TOPIC, vec![]);
            let forgotten = ForgottenTopic { topic: forgotten.topic, topic_id: forgotten.topic_id, partitions: vec![1] };
            let next = FetchRequest { session_id, session_epoch: 1, forgotten_topics_data: vec![forgotten], ..base.clone() };
            let answer = stage.open.ask(version, &next);
            expect(answer.read::<FetchResponse<'_>>().error_code, ErrorCode::None);
        }
        let topics = vec![topic(stage, ABORTED, vec![part(0, 0)])];
        let answer = stage.open.ask(version, &FetchRequest { topics, isolation_level: 1, ..base.clone() });
        let response = answer.read::<FetchResponse<'_>>();
        let aborted = response.responses[0].partitions[0].aborted_transactions.as_deref();
        assert!(aborted.is_some_and(|aborted| aborted.len() == 1), "one transaction was aborted");
        if version >= 12 {
            let parted = FetchPartition { last_fetched_epoch: 0, current_leader_epoch: 0, ..part(0, 900_000) };
            let fenced = FetchPartition { current_leader_epoch: 5, ..part(1, 0) };
            let topics = vec![topic(stage, TOPIC, vec![parted, fenced])];
            let answer = stage.open.ask(version, &FetchRequest { topics, rack_id: "rack-b".into(), ..base });
            let response = answer.read::<FetchResponse<'_>>();
            let parts = &response.responses[0].partitions;
            assert!(parts.iter().any(|part| part.diverging_epoch.epoch == 0 && part.diverging_epoch.end_offset > 0));
            assert!(parts.iter().any(|part| part.error_code == ErrorCode::UnknownLeaderEpoch.code()));
        }
    }
}

fn list_offsets(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::ListOffsets) {
        // Latest, earliest, by time; the greatest timestamp came with version 7 (KIP-734), what is tiered later.
        let special = [-1, -2, 1_750_000_000_001].into_iter().chain((version >= 7).then_some(-3));
        let special = special.chain((version >= 8).then_some(-4)).chain((version >= 9).then_some(-5));
        for timestamp in special.chain((version >= 11).then_some(-6)) {
            let part = |partition_index| ListOffsetsPartition { partition_index, timestamp, ..ListOffsetsPartition::default() };
            let request = ListOffsetsRequest {
                replica_id: -1,
                isolation_level: i8::from(version >= 2),
                topics: vec![ListOffsetsTopic { name: TOPIC.into(), partitions: vec![part(0), part(7)] }],
                timeout_ms: if version >= 10 { 1_000 } else { 0 },
            };
            let answer = stage.open.ask(version, &request);
            let response = answer.read::<ListOffsetsResponse<'_>>();
            for part in &response.topics[0].partitions {
                let expected = if part.partition_index == 0 { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition };
                expect(part.error_code, expected);
            }
        }
    }
}

fn offset_for_leader_epoch(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::OffsetForLeaderEpoch) {
        let part =
            |partition, current_leader_epoch| OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch: 0 };
        let request = OffsetForLeaderEpochRequest {
            replica_id: if version < 3 { -2 } else { -1 },
            topics: vec![OffsetForLeaderTopic { topic: TOPIC.into(), partitions: vec![part(0, 0), part(1, 9)] }],
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<OffsetForLeaderEpochResponse<'_>>();
        for part in &response.topics[0].partitions {
            expect(part.error_code, if part.partition == 0 { ErrorCode::None } else { ErrorCode::UnknownLeaderEpoch });
        }
    }
}

fn delete_records(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DeleteRecords) {
        let part = |partition_index, offset| DeleteRecordsPartition { partition_index, offset };
        let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions: vec![part(1, 1), part(0, 1 << 40)] }];
        let request = DeleteRecordsRequest { topics, timeout_ms: TIMEOUT_MS };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DeleteRecordsResponse<'_>>();
        for part in &response.topics[0].partitions {
            expect(part.error_code, if part.partition_index == 1 { ErrorCode::None } else { ErrorCode::OffsetOutOfRange });
        }
    }
}
