use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
};

use kafka_wire::messages::{
    list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    metadata::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
};

use super::*;
use crate::{
    ctl::streams::{
        configs,
        place::LATEST,
        scripted::{Scripted, answer},
    },
    exit::Code,
};

/// One topic of two partitions, each led by one of these brokers, as pairs of number and port.
pub(in crate::ctl::streams) fn metadata(leaders: [i32; 2], brokers: &[(i32, i32)]) -> MetadataResponse<'static> {
    let broker = |(node_id, port): &(i32, i32)| MetadataResponseBroker {
        node_id: *node_id,
        host: Cow::Borrowed("127.0.0.1"),
        port: *port,
        ..MetadataResponseBroker::default()
    };
    let partition = |(index, leader_id): (usize, &i32)| MetadataResponsePartition {
        partition_index: index as i32,
        leader_id: *leader_id,
        replica_nodes: vec![1, 2],
        isr_nodes: vec![1],
        ..MetadataResponsePartition::default()
    };
    let partitions = leaders.iter().enumerate().map(partition).collect();
    let topic = MetadataResponseTopic { name: Some(Cow::Borrowed("orders")), partitions, ..MetadataResponseTopic::default() };
    MetadataResponse { brokers: brokers.iter().map(broker).collect(), topics: vec![topic], ..MetadataResponse::default() }
}

fn ends(request: &kafka_wire::frame::Request<'_>, code: ErrorCode, offset: i64) -> Vec<u8> {
    let asked: ListOffsetsRequest<'_> = request.decode().unwrap();
    let partition = |wanted: &ListOffsetsPartition| ListOffsetsPartitionResponse {
        partition_index: wanted.partition_index,
        error_code: code as i16,
        offset: offset + i64::from(wanted.partition_index),
        ..ListOffsetsPartitionResponse::default()
    };
    let partitions = asked.topics[0].partitions.iter().map(partition).collect();
    let topics = vec![ListOffsetsTopicResponse { name: Cow::Borrowed("orders"), partitions }];
    answer(request, &ListOffsetsResponse { topics, ..ListOffsetsResponse::default() })
}

/// A leader that is none any more is asked once, then metadata, then the one that took over.
#[test]
fn who_leads_is_looked_up_again() {
    let second = Scripted::start(&[], |request| Some(ends(request, ErrorCode::None, 100)));
    let second_port = second.port;
    let (asked, counted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (port_sender, port) = channel();
    let (first_asked, mut first_port) = (asked.clone(), None);
    let counts = counted.clone();
    let first = Scripted::start(&[], move |request| {
        let first_port = *first_port.get_or_insert_with(|| port.recv().unwrap());
        if request.api.key == ApiKey::Metadata {
            let leader = match counts.fetch_add(1, Ordering::SeqCst) {
                0 => 1,
                1 => -1,
                _ => 2,
            };
            return Some(answer(request, &metadata([leader, 2], &[(1, first_port), (2, second_port)])));
        }
        first_asked.fetch_add(1, Ordering::SeqCst);
        Some(ends(request, ErrorCode::NotLeaderOrFollower, -1))
    });
    port_sender.send(first.port).unwrap();
    let mut client = Client::connect(first.address).unwrap();
    let found = client.offsets("orders", &BTreeMap::from([(0, LATEST), (1, LATEST)])).unwrap();
    assert_eq!(found, BTreeMap::from([(0, 100), (1, 101)]));
    assert_eq!((asked.load(Ordering::SeqCst), counted.load(Ordering::SeqCst)), (1, 3));
}

#[test]
fn what_the_server_does_not_have_is_told_by_name() {
    let broker = Scripted::start(&[ApiKey::IncrementalAlterConfigs], |_| None);
    let mut client = Client::connect(broker.address.clone()).unwrap();
    assert!(client.serves(ApiKey::DescribeConfigs) && !client.serves(ApiKey::IncrementalAlterConfigs));
    let Err(failure) = configs::alter(&mut client, "orders", &[], &["retention.ms".to_owned()]) else { panic!("nobody did it") };
    assert_eq!(failure.code, Code::Failed);
    assert!(
        failure.message.contains(&format!("{} does not have IncrementalAlterConfigs", broker.address)),
        "{}",
        failure.message
    );
}

#[test]
fn a_topic_that_is_not_there_is_told_at_once() {
    let broker = Scripted::start(&[], |request| {
        let asked: MetadataRequest<'_> = request.decode().unwrap();
        assert!(!asked.allow_auto_topic_creation, "a typing error makes no topic");
        let mut told = metadata([1, 1], &[(1, 9)]);
        told.topics[0].error_code = ErrorCode::UnknownTopicOrPartition as i16;
        Some(answer(request, &told))
    });
    let mut client = Client::connect(broker.address).unwrap();
    let start = Instant::now();
    let failure = patiently(|| client.topic("orders")).unwrap_err();
    assert!(failure.message.contains("manifold ctl topic create orders") && start.elapsed().as_secs() < 5, "{}", failure.message);
}

/// The first bytes of every connection, and answers that are none.
#[test]
fn a_connection_begins_with_a_question_that_every_broker_knows() {
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x7f\xff\xff\xff",
        b"\0\0\0\x04\0\0\0\x07",
        b"\0\0\0\x0a\0\0\0\x01\0\0\0\0\x7f\xff",
        b"\0\0\0\x0a\0\0\0\x01\0",
    ];
    let said =
        ["its size is wrong", "its size is wrong", "it belongs to no request", "not understood", "in the middle of an answer"];
    for (scripted, said) in answers.into_iter().zip(said) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; 26];
            stream.read_exact(&mut question).unwrap();
            stream.write_all(scripted).unwrap();
            question
        });
        let Err(failure) = Client::connect(address) else { panic!("that is no broker") };
        assert!(failure.message.contains(said) && failure.message.contains("--bootstrap"), "{}", failure.message);
        assert_eq!(&served.join().unwrap(), b"\0\0\0\x16\0\x12\0\0\0\0\0\x01\0\x0cmanifold-ctl");
    }
}

#[test]
fn without_a_broker_nothing_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let start = Instant::now();
    let Err(failure) = Client::connect(address) else { panic!("nobody is there") };
    assert!(failure.code == Code::NoNode && start.elapsed() < RETRY_FOR / 2, "{}", failure.message);
}
