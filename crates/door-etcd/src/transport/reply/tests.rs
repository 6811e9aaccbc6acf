use std::{future::poll_fn, time::Duration};

use futures_util::{FutureExt, stream};

use super::*;
use crate::pb;

fn counted() -> (Arc<Metrics>, Counted) {
    let metrics = Arc::new(Metrics::default());
    (metrics.clone(), Counted::start(metrics, Method::Watch))
}

fn handled(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    metrics.snapshot().methods[Method::Watch as usize].handled.clone()
}

fn endless() -> Ending {
    Ending { deadline: None, over: Box::pin(std::future::pending()) }
}

/// The pieces of an answer, and the code at its end.
async fn taken(reply: Reply) -> (Vec<Bytes>, Code) {
    let Reply::Messages(mut outgoing) = reply else { panic!("an answer of many messages") };
    let mut data = Vec::new();
    loop {
        match poll_fn(|cx| outgoing.poll_next(cx)).await {
            Piece::Data(bytes) => data.push(bytes),
            Piece::End(status) => return (data, status.code()),
        }
    }
}

fn items(sizes: &[usize]) -> Encoded {
    let items: Vec<_> = sizes.iter().map(|size| Ok(Bytes::from(vec![7; *size]))).collect();
    Box::pin(stream::iter(items))
}

#[tokio::test]
async fn small_messages_travel_together_and_large_ones_are_not_copied() {
    let (metrics, counted) = counted();
    let large = Bytes::from(vec![9; GATHERED_BYTES + 1]);
    let all = items(&[1, 2]).chain(stream::iter([Ok(large.clone())])).chain(items(&[3]));
    let (data, status) = taken(messages(Box::pin(all), endless(), counted)).await;
    assert_eq!(data.len(), 3);
    assert_eq!(&data[0][..], [&[0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 2, 7, 7][..], &[0, 0, 0, 0x40, 1]].concat());
    assert_eq!(data[1].as_ptr(), large.as_ptr());
    assert_eq!(&data[2][..], [0, 0, 0, 0, 3, 7, 7, 7]);
    assert_eq!(status, Code::Ok);
    assert_eq!(handled(&metrics), [("OK", 1)]);
    assert_eq!(metrics.snapshot().methods[Method::Watch as usize].messages_sent, 4);
}

#[tokio::test]
async fn an_error_ends_a_stream_after_what_came_before_it() {
    let (metrics, counted) = counted();
    let all = items(&[1]).chain(stream::iter([Err(Status::data_loss("rot")), Ok(Bytes::new())]));
    let (data, status) = taken(messages(Box::pin(all), endless(), counted)).await;
    assert_eq!((data.len(), status), (1, Code::DataLoss));
    assert_eq!(handled(&metrics), [("DataLoss", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline_or_with_the_door() {
    let silent = || Box::pin(stream::pending()) as Encoded;
    let deadline = Some(Box::pin(tokio::time::sleep(Duration::from_secs(5))));
    let (_, first) = counted();
    let ending = Ending { deadline, over: Box::pin(std::future::pending()) };
    assert_eq!(taken(messages(silent(), ending, first)).await.1, Code::DeadlineExceeded);
    let (_, second) = counted();
    let ending = Ending { deadline: None, over: Box::pin(std::future::ready(Status::unavailable("closed"))) };
    assert_eq!(taken(messages(silent(), ending, second)).await.1, Code::Unavailable);
}

#[tokio::test]
async fn a_call_that_is_given_up_counts_as_cancelled() {
    let (metrics, counted) = counted();
    let Reply::Messages(mut outgoing) = messages(Box::pin(stream::pending()), endless(), counted) else { panic!() };
    assert!(poll_fn(|cx| outgoing.poll_next(cx)).now_or_never().is_none());
    drop(outgoing);
    assert_eq!(handled(&metrics), [("Canceled", 1)]);
}

/// Twenty answers of 100 MiB that nobody took once stood in memory all at once: they were encoded before anybody looked at
/// what the connection owed already.
#[tokio::test]
async fn large_answers_wait_for_room() {
    let room = Room::default();
    let sized = |bytes: usize| Answer::other(pb::SnapshotResponse { blob: vec![0; bytes].into(), ..Default::default() });
    let large = || sized(UNTAKEN_BYTES_PER_CONNECTION);
    let Reply::Large(mut first) = unary(Ok(large()), &room, counted().1).await else { panic!("it is large") };
    let second = unary(Ok(large()), &room, counted().1);
    let mut second = std::pin::pin!(second);
    assert!(second.as_mut().now_or_never().is_none(), "there is no room for a second one");
    let slice = first.split_to(100);
    assert_eq!(slice[..6], [0, 4, 0, 0, 5, 0x1a]);
    drop(first);
    assert!(second.as_mut().now_or_never().is_none(), "some of the first is still on its way");
    drop(slice);
    assert!(second.now_or_never().is_some(), "the first was taken or given up");
    assert!(unary(Ok(sized(100)), &room, counted().1).now_or_never().is_some(), "small ones always pass");
}

#[test]
fn a_message_stands_behind_its_flag_and_length() {
    let answer =
        Answer::from(pb::PutResponse { header: Some(pb::ResponseHeader { revision: 7, ..Default::default() }), prev_kv: None });
    let mut out = vec![9];
    answer.write(answer.len(), &mut out);
    assert_eq!(out, [9, 0, 0, 0, 0, 4, 0x0a, 2, 0x18, 7]);
}

#[test]
fn texts_are_encoded_as_grpc_wants_them() {
    assert_eq!(percent_encoded("etcdserver: 100%\n\u{e9}"), "etcdserver: 100%25%0A%C3%A9");
}
