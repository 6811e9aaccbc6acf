//! Histories of the configuration store as topics, over the wire: what they say, who may read them, and that nobody changes them.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, in real time")]

mod house;

use std::time::Duration;

use cluster::{
    catalogue,
    principals::{Operation, Resource},
};
use config::{AuditQuery, Command, Context, Expect, Order, Put, Refused, Transaction, Value, ValueType, Who, told};
use door_kafka::SecurityOptions;
use house::{Client, House, sasl};
use kafka_wire::{
    ErrorCode, Uuid,
    batch::{Batch, BatchBuilder, Codec},
    message::Message,
    messages::{
        create_partitions::*,
        create_topics::*,
        delete_records::*,
        delete_topics::*,
        describe_configs::*,
        describe_topic_partitions::*,
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
        incremental_alter_configs as alter,
        list_offsets::*,
        metadata::*,
        offset_commit as commit, offset_fetch as fetched, offset_for_leader_epoch as epochs,
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};
use replica::Lane;

const NAMESPACE: &str = "teams/pay_ments";
const AUDIT: &str = "audit.teams_2fpay_5fments";
const CONFIG: &str = "config.teams_2fpay_5fments";
const PASSWORD: &str = "a password";

const NO_TOPIC: i16 = ErrorCode::UnknownTopicOrPartition as i16;
const NO_ID: i16 = ErrorCode::UnknownTopicId as i16;
const DENIED: i16 = ErrorCode::TopicAuthorizationFailed as i16;
const INVALID: i16 = ErrorCode::InvalidTopicException as i16;
const OUT_OF_RANGE: i16 = ErrorCode::OffsetOutOfRange as i16;

async fn propose(house: &House, command: Command) {
    house.node.config_store().unwrap().propose(Lane::Normal, &command).await.unwrap();
}

async fn change(house: &House, operation: config::Operation) {
    let who = Who { principal: "ann".to_owned(), ..Who::default() };
    let context = Context { who, ..Context::default() };
    propose(house, Command::Write(Transaction { context, operations: vec![operation], ..Transaction::default() })).await;
}

async fn put(house: &House, namespace: &str, key: &str, value: &str) {
    let put = Put {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        value_type: ValueType::String,
        value: Value::Inline(bytes::Bytes::copy_from_slice(value.as_bytes())),
        expect: Expect::Any,
        creates_namespace: true,
        restores: 0,
    };
    change(house, config::Operation::Put(put)).await;
}

/// A namespace with something of everything: nine records in its trail, six of them changes of keys.
async fn fill(house: &House) {
    put(house, NAMESPACE, "k", "one").await;
    put(house, NAMESPACE, "k", "two").await;
    put(house, "other", "k", "not shown").await;
    put(house, NAMESPACE, "l", "3").await;
    let delete = config::Operation::Delete { namespace: NAMESPACE.to_owned(), key: "k".to_owned(), expect: Expect::Any };
    change(house, delete).await;
    let refused = Refused {
        context: Context::default(),
        attempted: config::Action::ConfigUpdated,
        namespace: NAMESPACE.to_owned(),
        key: Some("l".to_owned()),
    };
    propose(house, Command::Refused(refused)).await;
    change(house, config::Operation::DeleteNamespace { namespace: NAMESPACE.to_owned(), expect: Expect::Any }).await;
    put(house, NAMESPACE, "k", "again \"quoted\"").await;
}

/// With users: `root` may do everything, `alice` reads the namespace, `bob` all topics and nothing of the store.
async fn open(security: SecurityOptions) -> House {
    let house = House::open(security).await;
    house.user("root", PASSWORD, true).await;
    house.user("alice", PASSWORD, false).await;
    house.user("bob", PASSWORD, false).await;
    house.grant("alice", Operation::Read, Resource::Namespace, NAMESPACE).await;
    house.grant("alice", Operation::Read, Resource::Group, "g").await;
    house.grant("bob", Operation::All, Resource::Topic, "*").await;
    house
}

/// A record as a consumer gets it: offset, time, key, value, headers.
type Got = (i64, i64, Option<String>, Option<String>, Vec<(String, String)>);

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn records(mut bytes: &[u8]) -> Vec<Got> {
    let mut got = Vec::new();
    while let Some((batch, rest)) = Batch::split(bytes).unwrap() {
        assert!(batch.crc_is_right() && batch.codec() == Some(Codec::None) && batch.partition_leader_epoch() == -1);
        let inflated = batch.inflate(1 << 22).unwrap();
        let before = got.len();
        for record in batch.records(&inflated) {
            let record = record.unwrap();
            let headers = record.headers.clone().map(|header| (text(header.key), text(header.value.unwrap())));
            got.push((record.offset, record.timestamp, record.key.map(text), record.value.map(text), headers.collect()));
        }
        assert_eq!(got.last().map(|last| last.0), Some(batch.last_offset()), "the batch says where it ends");
        assert_eq!(got[before..].iter().map(|got| got.1).max(), Some(batch.max_timestamp()));
        bytes = rest;
    }
    got
}

/// What one fetch of a history is answered: its error, its end, and records.
struct Told {
    error: i16,
    end: i64,
    session: i32,
    records: Vec<Got>,
    bytes: usize,
}

#[derive(Clone, Copy)]
struct Ask {
    offset: i64,
    bytes_max: i32,
    wait_ms: i32,
    session: (i32, i32),
}

const ALL: Ask = Ask { offset: 0, bytes_max: 1 << 20, wait_ms: 0, session: (0, -1) };

async fn fetch(client: &mut Client, name: &str, id: Option<Uuid>, ask: Ask) -> Told {
    let version = if id.is_some() { 13 } else { 12 };
    let partition = FetchPartition { fetch_offset: ask.offset, partition_max_bytes: ask.bytes_max, ..FetchPartition::default() };
    let topic = FetchTopic {
        topic: if id.is_some() { "".into() } else { name.into() },
        topic_id: id.unwrap_or_default(),
        partitions: vec![partition],
    };
    let (session_id, session_epoch) = ask.session;
    let request = FetchRequest {
        max_wait_ms: ask.wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_id,
        session_epoch,
        topics: if session_epoch > 0 && ask.offset < 0 { Vec::new() } else { vec![topic] },
        ..FetchRequest::default()
    };
    let body = client.ask(version, &request).await.unwrap();
    let answer = FetchResponse::decode(&body, version).unwrap();
    let session = answer.session_id;
    let Some(one) = answer.responses.first().map(|topic| &topic.partitions[0]) else {
        return Told { error: answer.error_code, end: -1, session, records: Vec::new(), bytes: 0 };
    };
    let bytes = one.records.unwrap_or_default();
    assert!(one.error_code != 0 || one.log_start_offset == 0, "nothing is ever dropped");
    Told { error: one.error_code, end: one.high_watermark, session, records: records(bytes), bytes: bytes.len() }
}

async fn metadata(client: &mut Client, names: Option<&[&str]>) -> Vec<(i16, String, Uuid, bool, usize)> {
    let topic = |name: &&str| MetadataRequestTopic { name: Some((*name).to_owned().into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest {
        topics: names.map(|names| names.iter().map(topic).collect()),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    let body = client.ask(12, &request).await.unwrap();
    let answer = MetadataResponse::decode(&body, 12).unwrap();
    let told = answer.topics.iter().map(|topic| {
        let name = topic.name.as_ref().map(ToString::to_string).unwrap_or_default();
        (topic.error_code, name, topic.topic_id, topic.is_internal, topic.partitions.len())
    });
    told.collect()
}

async fn offset_at(client: &mut Client, name: &str, timestamp: i64) -> (i16, i64, i64) {
    let partitions = vec![ListOffsetsPartition { current_leader_epoch: -1, timestamp, partition_index: 0 }];
    let topics = vec![ListOffsetsTopic { name: name.to_owned().into(), partitions }];
    let body = client.ask(7, &ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() }).await.unwrap();
    let answer = ListOffsetsResponse::decode(&body, 7).unwrap();
    let one = &answer.topics[0].partitions[0];
    (one.error_code, one.offset, one.timestamp)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_reads_as_the_store_tells_it() {
    let house = open(sasl(None, true)).await;
    fill(&house).await;
    let mut alice = house.client_of("alice", PASSWORD).await;
    let found = metadata(&mut alice, Some(&[AUDIT, CONFIG])).await;
    let ids = [found[0].2, found[1].2];
    assert_eq!(found, [(0, AUDIT.to_owned(), ids[0], true, 1), (0, CONFIG.to_owned(), ids[1], true, 1)]);
    assert!(ids[0] != ids[1] && ids[0] != Uuid::ZERO);

    // The audit trail: line by line what is told of it elsewhere.
    let machine = house.node.config_store().unwrap().machine().clone();
    let query = AuditQuery {
        namespace: Some(NAMESPACE.to_owned()),
        order: Order::OldestFirst,
        limit: 100,
        with_values: true,
        ..AuditQuery::default()
    };
    let trail = machine.audit(&query).unwrap().records;
    let expected: Vec<Got> = trail
        .iter()
        .enumerate()
        .map(|(offset, audited)| {
            let mut line = Vec::new();
            told::put_audited(&mut line, audited, false);
            let record = &audited.record;
            let headers = [("action", record.action.name().to_owned()), ("position", record.position.to_string())];
            let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
            (offset as i64, record.time_ms as i64, record.key.clone(), Some(text(&line)), headers)
        })
        .collect();
    assert_eq!(expected.len(), 9);
    let shows = |at: usize, what: &str| assert!(expected[at].3.as_ref().unwrap().contains(what), "{:?}", expected[at]);
    shows(8, r#""newValue":"again \"quoted\"""#);
    shows(2, r#""newValue":null,"omitted":"gone""#);
    for id in [None, Some(ids[0])] {
        let all = fetch(&mut alice, AUDIT, id, ALL).await;
        assert_eq!((all.error, all.end), (0, 9));
        assert_eq!(all.records, expected);
    }

    // Changes of keys, with a tombstone for what is gone.
    let changes = fetch(&mut alice, CONFIG, Some(ids[1]), ALL).await;
    assert_eq!((changes.error, changes.end), (0, 6));
    let short = |got: &Got| (got.0, got.2.clone(), got.4[0].1.clone(), got.3.is_some());
    let created = "config.created".to_owned();
    let k = || Some("k".to_owned());
    let wanted = [
        (0, k(), created.clone(), true),
        (1, k(), "config.updated".to_owned(), true),
        (2, Some("l".to_owned()), created.clone(), true),
        (3, k(), "config.deleted".to_owned(), false),
        (4, None, "namespace.deleted".to_owned(), true),
        (5, k(), created, true),
    ];
    assert_eq!(changes.records.iter().map(short).collect::<Vec<_>>(), wanted);
    let event = machine.topic(NAMESPACE, config::Topic::Config, 5, 1, true).unwrap().remove(0);
    let mut line = Vec::new();
    told::put_event(&mut line, &event.record, &event.content, true);
    assert!(text(&line).contains(r#""value":"again \"quoted\"""#));
    assert_eq!(changes.records[5].3, Some(text(&line)));
    assert_eq!(changes.records[5].4[1], ("position".to_owned(), event.record.position.to_string()));

    // One at a time where no more is wanted, and all of it all the same.
    let mut read = Vec::new();
    while (read.len() as i64) < 9 {
        let some = fetch(&mut alice, AUDIT, None, Ask { offset: read.len() as i64, bytes_max: 1, ..ALL }).await;
        assert_eq!((some.error, some.records.len()), (0, 1));
        read.extend(some.records);
    }
    assert_eq!(read, expected);
    let some = fetch(&mut alice, AUDIT, None, Ask { bytes_max: 1_500, ..ALL }).await;
    assert!(some.bytes <= 1_500 && (1..9).contains(&some.records.len()), "{} bytes", some.bytes);
    assert_eq!(fetch(&mut alice, AUDIT, None, Ask { offset: 9, ..ALL }).await.records, []);
    assert_eq!(fetch(&mut alice, AUDIT, None, Ask { offset: 10, ..ALL }).await.error, OUT_OF_RANGE);

    // Where it begins, ends and was.
    let (first, last) = (expected[0].1, expected[8].1);
    let since_last = expected.iter().position(|got| got.1 == last).unwrap() as i64;
    assert_eq!(offset_at(&mut alice, AUDIT, -2).await, (0, 0, -1));
    assert_eq!(offset_at(&mut alice, AUDIT, -1).await, (0, 9, -1));
    assert_eq!(offset_at(&mut alice, AUDIT, -3).await, (0, since_last, last));
    assert_eq!(offset_at(&mut alice, AUDIT, first).await, (0, 0, first));
    assert_eq!(offset_at(&mut alice, AUDIT, 0).await, (0, 0, first));
    assert_eq!(offset_at(&mut alice, AUDIT, last).await, (0, since_last, last));
    assert_eq!(offset_at(&mut alice, AUDIT, last + 1).await, (0, -1, -1));
    let partitions = vec![epochs::OffsetForLeaderPartition { current_leader_epoch: -1, leader_epoch: 0, partition: 0 }];
    let topics = vec![epochs::OffsetForLeaderTopic { topic: AUDIT.into(), partitions }];
    let request = epochs::OffsetForLeaderEpochRequest { topics, ..epochs::OffsetForLeaderEpochRequest::default() };
    let body = alice.ask(4, &request).await.unwrap();
    let ended = epochs::OffsetForLeaderEpochResponse::decode(&body, 4).unwrap();
    assert_eq!((ended.topics[0].partitions[0].error_code, ended.topics[0].partitions[0].end_offset), (0, 9));

    let resource = DescribeConfigsResource { resource_type: 2, resource_name: CONFIG.into(), configuration_keys: None };
    let request = DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    let body = alice.ask(4, &request).await.unwrap();
    let described = DescribeConfigsResponse::decode(&body, 4).unwrap();
    let configs = &described.results[0].configs;
    assert!(configs.len() > 20 && configs.iter().all(|config| config.read_only), "{described:?}");
    let retention = configs.iter().find(|config| config.name == "retention.ms").and_then(|config| config.value.as_deref());
    assert_eq!(retention, Some("-1"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_read_a_namespace_learns_nothing_of_it() {
    for security in [sasl(None, true), sasl(None, false)] {
        let house = open(security).await;
        fill(&house).await;
        let machine = house.node.config_store().unwrap().machine().clone();
        let id = Uuid(config::Topic::Config.id(machine.topic_number(NAMESPACE).unwrap()));
        let histories = |found: Vec<(i16, String, Uuid, bool, usize)>| {
            let mut names: Vec<String> = found.into_iter().map(|found| found.1).collect();
            names.sort();
            names
        };
        let mut bob = house.client_of("bob", PASSWORD).await;
        assert_eq!(histories(metadata(&mut bob, None).await), [""; 0]);
        for name in [AUDIT, CONFIG, "config.nowhere"] {
            assert_eq!(metadata(&mut bob, Some(&[name])).await[0].0, DENIED, "{name}: it is not told whether there is one");
            assert_eq!(fetch(&mut bob, name, None, ALL).await.error, DENIED);
            assert_eq!(offset_at(&mut bob, name, -1).await.0, DENIED);
        }
        assert_eq!(fetch(&mut bob, CONFIG, Some(id), ALL).await.error, DENIED);

        let mut alice = house.client_of("alice", PASSWORD).await;
        assert_eq!(histories(metadata(&mut alice, None).await), [AUDIT, CONFIG]);
        assert_eq!(metadata(&mut alice, Some(&["config.other"])).await[0].0, DENIED);
        let page =
            alice.ask(0, &DescribeTopicPartitionsRequest { response_partition_limit: 9, ..Default::default() }).await.unwrap();
        let page = DescribeTopicPartitionsResponse::decode(&page, 0).unwrap();
        assert_eq!(page.topics.iter().map(|topic| topic.name.as_deref().unwrap()).collect::<Vec<_>>(), [AUDIT, CONFIG]);

        let mut root = house.client_of("root", PASSWORD).await;
        assert_eq!(histories(metadata(&mut root, None).await), ["audit.other", AUDIT, "config.other", CONFIG]);
        assert_eq!(metadata(&mut root, Some(&["config.nowhere"])).await[0].0, NO_TOPIC, "and none is created");
        assert_eq!(fetch(&mut root, "config.nowhere", None, ALL).await.error, NO_TOPIC);

        // What is taken back is gone with the next request, also in a session.
        let begun = fetch(&mut alice, CONFIG, Some(id), Ask { session: (0, 0), ..ALL }).await;
        assert!(begun.error == 0 && begun.session > 0);
        house.change(deny(Resource::Topic, CONFIG)).await;
        assert_eq!(
            metadata(&mut alice, Some(&[AUDIT, CONFIG])).await.iter().map(|found| found.0).collect::<Vec<_>>(),
            [0, DENIED]
        );
        let more = fetch(&mut alice, CONFIG, Some(id), Ask { offset: -1, session: (begun.session, 1), ..ALL }).await;
        assert_eq!((more.error, more.records), (DENIED, vec![]));
        house.close().await;
    }
}

fn deny(resource: Resource, name: &str) -> cluster::principals::Command {
    let grant = cluster::principals::Grant {
        resource,
        pattern: cluster::principals::Pattern::Literal,
        name: name.to_owned(),
        grantee: cluster::principals::Grantee::User("alice".to_owned()),
        host: "*".to_owned(),
        operation: Operation::Read,
        permission: cluster::principals::Permission::Deny,
    };
    cluster::principals::Command::AddGrants { grants: vec![grant] }
}

/// The store is shut to strangers at its own door; an open door to topics is no way around.
#[tokio::test(flavor = "multi_thread")]
async fn a_door_without_sign_in_shows_no_history() {
    let house = open(SecurityOptions::default()).await;
    fill(&house).await;
    // What is granted to everybody is granted to those who say who they are.
    let everyone = cluster::principals::Grant {
        resource: Resource::Namespace,
        pattern: cluster::principals::Pattern::Literal,
        name: "*".to_owned(),
        grantee: cluster::principals::Grantee::Everyone,
        host: "*".to_owned(),
        operation: Operation::All,
        permission: cluster::principals::Permission::Allow,
    };
    house.change(cluster::principals::Command::AddGrants { grants: vec![everyone] }).await;
    let mut anybody = house.client().await;
    assert_eq!(metadata(&mut anybody, None).await, []);
    for name in [AUDIT, CONFIG, "config.nowhere"] {
        assert_eq!(metadata(&mut anybody, Some(&[name])).await[0].0, DENIED);
        assert_eq!(fetch(&mut anybody, name, None, ALL).await.error, DENIED);
    }
    // No name of that kind, and not one that could be a history's.
    assert_eq!(metadata(&mut anybody, Some(&["config.a_b"])).await[0].0, NO_TOPIC);
    assert_eq!(create(&mut anybody, "config.a_b").await.0, INVALID);
    assert_eq!(metadata(&mut anybody, Some(&["orders"])).await[0].0, 0, "others are created as ever");
    house.close().await;
}

async fn create(client: &mut Client, name: &str) -> (i16, String) {
    let topic = CreatableTopic { name: name.into(), num_partitions: 1, replication_factor: -1, ..CreatableTopic::default() };
    let mut told = None;
    for validate_only in [true, false] {
        let request = CreateTopicsRequest { topics: vec![topic.clone()], timeout_ms: 5_000, validate_only };
        let body = client.ask(7, &request).await.unwrap();
        let answer = CreateTopicsResponse::decode(&body, 7).unwrap();
        let one = (answer.topics[0].error_code, answer.topics[0].error_message.as_deref().unwrap_or_default().to_owned());
        assert_eq!(told.get_or_insert_with(|| one.clone()), &one);
    }
    told.unwrap()
}

async fn produce(client: &mut Client, name: &str, id: Option<Uuid>) -> (i16, String) {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(1_790_000_000_000, None, Some(b"forged"), &[]);
    let batch = batch.finish();
    let version = if id.is_some() { 13 } else { 12 };
    let partition_data = vec![PartitionProduceData { index: 0, records: Some(&batch) }];
    let name = if id.is_some() { "" } else { name };
    let topic_data = vec![TopicProduceData { name: name.into(), topic_id: id.unwrap_or_default(), partition_data }];
    let request = ProduceRequest { acks: -1, timeout_ms: 5_000, topic_data, ..ProduceRequest::default() };
    let body = client.ask(version, &request).await.unwrap();
    let answer = ProduceResponse::decode(&body, version).unwrap();
    let one = &answer.responses[0].partition_responses[0];
    (one.error_code, one.error_message.as_deref().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_a_history() {
    let house = open(sasl(None, true)).await;
    fill(&house).await;
    let mut root = house.client_of("root", PASSWORD).await;
    let id = metadata(&mut root, Some(&[AUDIT])).await[0].2;
    for id in [None, Some(id)] {
        let (code, text) = produce(&mut root, AUDIT, id).await;
        assert!(code == INVALID && text.contains("read only"), "{code} {text}");
        let named = DeleteTopicState { name: id.is_none().then(|| AUDIT.into()), topic_id: id.unwrap_or_default() };
        let request = DeleteTopicsRequest { topics: vec![named], timeout_ms: 5_000, ..DeleteTopicsRequest::default() };
        let body = root.ask(6, &request).await.unwrap();
        let deleted = DeleteTopicsResponse::decode(&body, 6).unwrap();
        let message = deleted.responses[0].error_message.as_deref().unwrap_or_default();
        assert!(deleted.responses[0].error_code == INVALID && message.contains("read only"), "{deleted:?}");
    }
    for name in [AUDIT, "config.nowhere"] {
        let (code, text) = create(&mut root, name).await;
        assert!(code == INVALID && text.contains("choose another name"), "{code} {text}");
    }
    let topic = CreatePartitionsTopic { name: AUDIT.into(), count: 2, assignments: None };
    let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms: 5_000, validate_only: false };
    let body = root.ask(3, &request).await.unwrap();
    assert_eq!(CreatePartitionsResponse::decode(&body, 3).unwrap().results[0].error_code, INVALID);
    let topic =
        DeleteRecordsTopic { name: AUDIT.into(), partitions: vec![DeleteRecordsPartition { partition_index: 0, offset: 1 }] };
    let body = root.ask(2, &DeleteRecordsRequest { topics: vec![topic], timeout_ms: 5_000 }).await.unwrap();
    assert_eq!(DeleteRecordsResponse::decode(&body, 2).unwrap().topics[0].partitions[0].error_code, INVALID);
    let config = alter::AlterableConfig { name: "retention.ms".into(), config_operation: 0, value: Some("1".into()) };
    let resource = alter::AlterConfigsResource { resource_type: 2, resource_name: AUDIT.into(), configs: vec![config] };
    let request = alter::IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let body = root.ask(1, &request).await.unwrap();
    assert_eq!(alter::IncrementalAlterConfigsResponse::decode(&body, 1).unwrap().responses[0].error_code, INVALID);
    assert_eq!(fetch(&mut root, AUDIT, None, ALL).await.end, 9, "and nothing was done");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_woken_by_the_namespace_and_by_nothing_else() {
    let house = open(sasl(None, true)).await;
    fill(&house).await;
    let (mut alice, mut again) = (house.client_of("alice", PASSWORD).await, house.client_of("alice", PASSWORD).await);
    let id = metadata(&mut alice, Some(&[CONFIG])).await[0].2;
    let wait = Ask { offset: 6, wait_ms: 30_000, ..ALL };
    let write = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        put(&house, "other", "k", "elsewhere").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        put(&house, NAMESPACE, "new", "value").await;
    };
    let begin = tokio::time::Instant::now();
    let (woken, begun, ()) = tokio::join!(
        fetch(&mut alice, CONFIG, None, wait),
        fetch(&mut again, CONFIG, Some(id), Ask { session: (0, 0), ..wait }),
        write
    );
    for told in [&woken, &begun] {
        assert_eq!((told.error, told.end, told.records.len(), told.records[0].0), (0, 7, 1, 6));
        assert_eq!(told.records[0].2.as_deref(), Some("new"));
    }
    // In a session, which goes on where it was and is woken as well.
    let session = |epoch, offset| Ask { offset, wait_ms: 30_000, session: (begun.session, epoch), ..ALL };
    let write = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        put(&house, NAMESPACE, "newer", "value").await;
    };
    let (woken, ()) = tokio::join!(fetch(&mut again, CONFIG, Some(id), session(1, 7)), write);
    assert_eq!((woken.error, woken.records.len(), woken.records[0].0), (0, 1, 7));
    put(&house, NAMESPACE, "newest", "value").await;
    let heard = fetch(&mut again, CONFIG, Some(id), session(2, 8)).await;
    assert_eq!((heard.error, heard.records.len(), heard.records[0].0), (0, 1, 8), "what moves between two polls is heard");
    assert!(begin.elapsed() < Duration::from_secs(20), "nobody gave up");

    // A history that a session asked for before there was one.
    house.grant("alice", Operation::Read, Resource::Namespace, "later").await;
    let early = fetch(&mut again, "config.later", None, Ask { session: (0, 0), ..ALL }).await;
    assert!(early.error == NO_TOPIC && early.session > 0);
    put(&house, "later", "k", "v").await;
    let there = fetch(&mut again, "config.later", None, Ask { offset: -1, session: (early.session, 1), ..ALL }).await;
    assert_eq!((there.error, there.end, there.records.len()), (0, 1, 1));

    // Who may not any more when it comes is not shown it.
    let taken_back = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.change(deny(Resource::Topic, CONFIG)).await;
        put(&house, NAMESPACE, "secret", "value").await;
    };
    let (told, ()) = tokio::join!(fetch(&mut alice, CONFIG, None, Ask { offset: 9, ..wait }), taken_back);
    assert_eq!((told.error, told.records), (DENIED, vec![]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_keep_offsets_of_histories() {
    let house = open(sasl(None, true)).await;
    fill(&house).await;
    let mut alice = house.client_of("alice", PASSWORD).await;
    let id = metadata(&mut alice, Some(&[AUDIT])).await[0].2;
    let partition = |offset| commit::OffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
    let topic = |name: &'static str, offset| commit::OffsetCommitRequestTopic {
        name: name.into(),
        partitions: vec![partition(offset)],
        ..Default::default()
    };
    let request = commit::OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic(AUDIT, 5), topic("audit.other", 1)],
        ..Default::default()
    };
    let body = alice.ask(9, &request).await.unwrap();
    let answer = commit::OffsetCommitResponse::decode(&body, 9).unwrap();
    let codes: Vec<i16> = answer.topics.iter().map(|topic| topic.partitions[0].error_code).collect();
    assert_eq!(codes, [0, DENIED]);

    // A topic that goes takes its offsets along; a history's stay.
    let create = catalogue::Command::CreateTopic {
        id: 77,
        name: "gone".to_owned(),
        shards: vec![base::ShardId(1)],
        configs: catalogue::Configs::default(),
        created_ms: 1,
        internal: false,
        keyspace: None,
    };
    house.node.change_cluster(&cluster::Command::Catalogue(create)).await.unwrap();
    house.grant("alice", Operation::Read, Resource::Topic, "gone").await;
    let request = commit::OffsetCommitRequest { topics: vec![topic("gone", 3)], ..request };
    alice.ask(9, &request).await.unwrap();
    let shard = house.node.stream_shard(base::ShardId(1)).unwrap();
    assert_eq!(shard.machine().offset_topics().len(), 2);
    house.node.change_cluster(&cluster::Command::Catalogue(catalogue::Command::DeleteTopic { id: 77 })).await.unwrap();
    let keeping = tokio::spawn(door_kafka::housekeeping(house.node.clone()));
    let gone = async {
        while shard.machine().offset_topics().len() > 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("they go");
    keeping.abort();
    let mut kept = async |topics: Option<Vec<fetched::OffsetFetchRequestTopics<'static>>>| {
        let group = fetched::OffsetFetchRequestGroup { group_id: "g".into(), topics, ..Default::default() };
        let request = fetched::OffsetFetchRequest { groups: vec![group], ..Default::default() };
        let body = alice.ask(9, &request).await.unwrap();
        let answer = fetched::OffsetFetchResponse::decode(&body, 9).unwrap();
        let topics = answer.groups[0].topics.iter();
        topics.map(|topic| (topic.name.to_string(), topic.partitions[0].committed_offset)).collect::<Vec<_>>()
    };
    let named = fetched::OffsetFetchRequestTopics { name: AUDIT.into(), topic_id: id, partition_indexes: vec![0] };
    assert_eq!(kept(Some(vec![named])).await, [(AUDIT.to_owned(), 5)]);
    assert_eq!(kept(None).await, [(AUDIT.to_owned(), 5)], "and among all that the group keeps");
    house.close().await;
}

/// Names of topics were free before: whoever has one keeps it, and all that is in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_an_earlier_build_keeps_its_name() {
    let house = open(sasl(None, true)).await;
    let create = catalogue::Command::CreateTopic {
        id: 78,
        name: "config.other".to_owned(),
        shards: vec![base::ShardId(1)],
        configs: catalogue::Configs::default(),
        created_ms: 1,
        internal: false,
        keyspace: None,
    };
    house.node.change_cluster(&cluster::Command::Catalogue(create)).await.unwrap();
    fill(&house).await;
    let (mut root, mut bob) = (house.client_of("root", PASSWORD).await, house.client_of("bob", PASSWORD).await);
    for client in [&mut root, &mut bob] {
        assert_eq!(metadata(client, Some(&["config.other"])).await, [(0, "config.other".to_owned(), Uuid(78), false, 1)]);
        assert_eq!(produce(client, "config.other", None).await.0, 0);
    }
    let written = fetch_all(&mut bob, "config.other").await;
    assert_eq!(written, ["forged", "forged"], "by what is granted for topics");
    let names: Vec<String> = metadata(&mut root, None).await.into_iter().map(|found| found.1).collect();
    assert_eq!(names.iter().filter(|name| *name == "config.other").count(), 1);
    assert!(names.iter().any(|name| name == "audit.other"));
    let machine = house.node.config_store().unwrap().machine().clone();
    let history = Uuid(config::Topic::Config.id(machine.topic_number("other").unwrap()));
    assert_eq!(fetch(&mut root, "", Some(history), ALL).await.error, NO_ID);
    house.close().await;
}

async fn fetch_all(client: &mut Client, name: &str) -> Vec<String> {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topics = vec![FetchTopic { topic: name.to_owned().into(), partitions: vec![partition], ..FetchTopic::default() }];
    let request = FetchRequest { max_bytes: 1 << 20, session_epoch: -1, topics, ..FetchRequest::default() };
    let body = client.ask(12, &request).await.unwrap();
    let answer = FetchResponse::decode(&body, 12).unwrap();
    let mut bytes = answer.responses[0].partitions[0].records.unwrap_or_default();
    let mut values = Vec::new();
    while let Some((batch, rest)) = Batch::split(bytes).unwrap() {
        let inflated = batch.inflate(1 << 20).unwrap();
        values.extend(batch.records(&inflated).map(|record| text(record.unwrap().value.unwrap())));
        bytes = rest;
    }
    values
}
