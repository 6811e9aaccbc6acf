//! Transactions, from their coordinator's first answer to their markers.

use kafka_wire::{
    ApiKey, ErrorCode,
    batch::{Codec, Producer},
    messages::{
        add_offsets_to_txn::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse},
        add_partitions_to_txn::{
            AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
        },
        describe_transactions::{DescribeTransactionsRequest, DescribeTransactionsResponse},
        end_txn::{EndTxnRequest, EndTxnResponse},
        init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
        list_transactions::{ListTransactionsRequest, ListTransactionsResponse},
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse},
        txn_offset_commit::{
            TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic, TxnOffsetCommitResponse,
        },
        write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest, WriteTxnMarkersResponse},
    },
};

use crate::{
    records::data,
    stage::{Stage, TIMEOUT_MS, TOPIC, batch, expect, until, versions},
};

/// The topic with one aborted transaction.
pub(crate) const ABORTED: &str = "golden-aborted";

/// Who is in a transaction.
struct InTransaction {
    id: String,
    producer_id: i64,
    producer_epoch: i16,
}

pub(crate) fn record(stage: &mut Stage<'_>) {
    stage.make_topic(ABORTED, 1);
    init_producer_id(stage);
    abort(stage);
    add_partitions(stage);
    add_offsets(stage);
    end(stage);
    markers(stage);
    describe(stage);
}

fn init_producer_id(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::InitProducerId) {
        let id = format!("transactional-{version}");
        let request = InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 60_000,
            ..InitProducerIdRequest::default()
        };
        until("the coordinator is ready", || {
            stage.open.prepare(version, &request).read::<InitProducerIdResponse>().error_code == 0
        });
        let answer = stage.open.ask(version, &request);
        let InitProducerIdResponse { error_code, producer_id, producer_epoch, .. } = answer.read();
        expect(error_code, ErrorCode::None);
        if version >= 3 {
            let answer = stage.open.ask(version, &InitProducerIdRequest { producer_id, producer_epoch, ..request });
            expect(answer.read::<InitProducerIdResponse>().error_code, ErrorCode::None);
        }
    }
}

fn begin(stage: &mut Stage<'_>, id: String) -> InTransaction {
    let request = InitProducerIdRequest {
        transactional_id: Some((&*id).into()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    };
    let mut found = InitProducerIdResponse::default();
    until("a producer may begin", || {
        found = stage.open.prepare(4, &request).read();
        found.error_code == 0
    });
    InTransaction { id, producer_id: found.producer_id, producer_epoch: found.producer_epoch }
}

/// Version 3 of AddPartitionsToTxn, which clients used before version 2 of transactions.
fn partitions<'a>(producer: &'a InTransaction, topic: &'a str) -> AddPartitionsToTxnRequest<'a> {
    AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: (&*producer.id).into(),
        v3_and_below_producer_id: producer.producer_id,
        v3_and_below_producer_epoch: producer.producer_epoch,
        v3_and_below_topics: vec![AddPartitionsToTxnTopic { name: topic.into(), partitions: vec![0] }],
        ..AddPartitionsToTxnRequest::default()
    }
}

/// Has a producer begin and write two records into a topic.
fn write(stage: &mut Stage<'_>, id: String, topic: &str) -> InTransaction {
    let producer = begin(stage, id);
    until("the partition is added", || {
        let answer = stage.open.prepare(3, &partitions(&producer, topic));
        answer.read::<AddPartitionsToTxnResponse<'_>>().results_by_topic_v3_and_below[0].results_by_partition[0]
            .partition_error_code
            == 0
    });
    let InTransaction { producer_id: id, producer_epoch: epoch, .. } = producer;
    let records = batch(Codec::None, Some(Producer { id, epoch, base_sequence: 0, transactional: true }));
    let mut data = data(stage, 11, topic);
    data.partition_data = vec![PartitionProduceData { index: 0, records: Some(&records) }];
    let request = ProduceRequest {
        transactional_id: Some((&*producer.id).into()),
        acks: -1,
        timeout_ms: TIMEOUT_MS,
        topic_data: vec![data],
    };
    let answer = stage.open.prepare(11, &request);
    expect(answer.read::<ProduceResponse<'_>>().responses[0].partition_responses[0].error_code, ErrorCode::None);
    producer
}

fn ending(producer: &InTransaction, committed: bool) -> EndTxnRequest<'_> {
    EndTxnRequest {
        transactional_id: (&*producer.id).into(),
        producer_id: producer.producer_id,
        producer_epoch: producer.producer_epoch,
        committed,
    }
}

fn abort(stage: &mut Stage<'_>) {
    let producer = write(stage, "aborting".into(), ABORTED);
    let answer = stage.open.prepare(4, &ending(&producer, false));
    expect(answer.read::<EndTxnResponse>().error_code, ErrorCode::None);
}

fn add_partitions(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::AddPartitionsToTxn) {
        let producer = begin(stage, format!("adding-{version}"));
        let InTransaction { id, producer_id, producer_epoch } = &producer;
        let request = if version < 4 {
            partitions(&producer, TOPIC)
        } else {
            let topics = vec![AddPartitionsToTxnTopic { name: TOPIC.into(), partitions: vec![0, 1] }];
            let transaction = AddPartitionsToTxnTransaction {
                transactional_id: id.into(),
                producer_id: *producer_id,
                producer_epoch: *producer_epoch,
                verify_only: false,
                topics,
            };
            AddPartitionsToTxnRequest { transactions: vec![transaction], ..AddPartitionsToTxnRequest::default() }
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<AddPartitionsToTxnResponse<'_>>();
        let topics =
            if version < 4 { &response.results_by_topic_v3_and_below } else { &response.results_by_transaction[0].topic_results };
        expect(topics[0].results_by_partition[0].partition_error_code, ErrorCode::None);
        let answer = stage.open.prepare(4, &ending(&producer, false));
        expect(answer.read::<EndTxnResponse>().error_code, ErrorCode::None);
    }
}

fn add_offsets(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::TxnOffsetCommit) {
        let producer = begin(stage, format!("offsets-{version}"));
        let group = format!("group-of-offsets-{version}");
        let request = AddOffsetsToTxnRequest {
            transactional_id: (&*producer.id).into(),
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            group_id: (&*group).into(),
        };
        // Version 5 of the commit adds the group's partition itself (KIP-890).
        let answer = match ApiKey::AddOffsetsToTxn.api().has(version) {
            true => stage.open.ask(version, &request),
            false => stage.open.prepare(4, &request),
        };
        expect(answer.read::<AddOffsetsToTxnResponse>().error_code, ErrorCode::None);
        let part = TxnOffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: 1,
            committed_leader_epoch: if version < 2 { -1 } else { 0 },
            committed_metadata: Some("m".into()),
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: (&*producer.id).into(),
            group_id: (&*group).into(),
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            topics: vec![TxnOffsetCommitRequestTopic { name: TOPIC.into(), partitions: vec![part] }],
            ..TxnOffsetCommitRequest::default()
        };
        until("the group's coordinator is ready", || {
            let answer = stage.open.prepare(version, &request);
            answer.read::<TxnOffsetCommitResponse<'_>>().topics[0].partitions[0].error_code == 0
        });
        let answer = stage.open.ask(version, &request);
        expect(answer.read::<TxnOffsetCommitResponse<'_>>().topics[0].partitions[0].error_code, ErrorCode::None);
        let answer = stage.open.prepare(4, &ending(&producer, true));
        expect(answer.read::<EndTxnResponse>().error_code, ErrorCode::None);
    }
}

fn end(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::EndTxn) {
        let producer = write(stage, format!("ending-{version}"), "made-7");
        let answer = stage.open.ask(version, &ending(&producer, true));
        expect(answer.read::<EndTxnResponse>().error_code, ErrorCode::None);
    }
}

/// What a coordinator writes to the leaders of a transaction's partitions.
fn markers(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::WriteTxnMarkers) {
        let producer = write(stage, format!("marked-{version}"), "made-6");
        let topics = vec![WritableTxnMarkerTopic { name: "made-6".into(), partition_indexes: vec![0] }];
        let marker = WritableTxnMarker {
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            transaction_result: true,
            topics,
            ..WritableTxnMarker::default()
        };
        let answer = stage.open.ask(version, &WriteTxnMarkersRequest { markers: vec![marker] });
        let response = answer.read::<WriteTxnMarkersResponse<'_>>();
        expect(response.markers[0].topics[0].partitions[0].error_code, ErrorCode::None);
    }
}

fn describe(stage: &mut Stage<'_>) {
    let open = write(stage, "described".into(), "made-5");
    for version in versions(ApiKey::DescribeTransactions) {
        let transactional_ids = vec![(&*open.id).into(), "absent".into()];
        let answer = stage.open.ask(version, &DescribeTransactionsRequest { transactional_ids });
        let response = answer.read::<DescribeTransactionsResponse<'_>>();
        let found = response.transaction_states.iter().find(|state| state.transactional_id == open.id);
        assert_eq!(found.map(|state| (state.error_code, state.topics.len())), Some((0, 1)));
    }
    for version in versions(ApiKey::ListTransactions) {
        let request = ListTransactionsRequest {
            state_filters: vec!["Ongoing".into(), "Strange".into()],
            producer_id_filters: vec![open.producer_id],
            duration_filter: if version < 1 { -1 } else { 0 },
            transactional_id_pattern: (version >= 2).then(|| "desc.*".into()),
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ListTransactionsResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        assert_eq!((response.transaction_states.len(), response.unknown_state_filters.len()), (1, 1));
    }
    let answer = stage.open.prepare(4, &ending(&open, true));
    expect(answer.read::<EndTxnResponse>().error_code, ErrorCode::None);
}
