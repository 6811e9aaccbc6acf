use std::time::Duration;

use futures_util::{FutureExt, stream};
use http_body_util::BodyExt;

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
    Ending { deadline: None, closed: Box::pin(std::future::pending()) }
}

/// The data frames of a body, and the status that its trailers give.
async fn taken(mut body: Reply) -> (Vec<Bytes>, Option<String>) {
    let (mut data, mut status) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_data() {
            Ok(bytes) => data.push(bytes),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap();
                status = Some(trailers[&GRPC_STATUS].to_str().unwrap().to_owned());
            }
        }
    }
    (data, status)
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
    let (data, status) = taken(messages(Box::pin(all), endless(), counted).into_body()).await;
    assert_eq!(data.len(), 3);
    assert_eq!(&data[0][..], [&[0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 2, 7, 7][..], &[0, 0, 0, 0x40, 1]].concat());
    assert_eq!(data[1].as_ptr(), large.as_ptr());
    assert_eq!(&data[2][..], [0, 0, 0, 0, 3, 7, 7, 7]);
    assert_eq!(status.as_deref(), Some("0"));
    assert_eq!(handled(&metrics), [("OK", 1)]);
    assert_eq!(metrics.snapshot().methods[Method::Watch as usize].messages_sent, 4);
}

#[tokio::test]
async fn an_error_ends_a_stream_after_what_came_before_it() {
    let (metrics, counted) = counted();
    let all = items(&[1]).chain(stream::iter([Err(Status::data_loss("rot")), Ok(Bytes::new())]));
    let (data, status) = taken(messages(Box::pin(all), endless(), counted).into_body()).await;
    assert_eq!((data.len(), status.as_deref()), (1, Some("15")));
    assert_eq!(handled(&metrics), [("DataLoss", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline_or_with_the_door() {
    let silent = || Box::pin(stream::pending()) as Encoded;
    let deadline = Some(Box::pin(tokio::time::sleep(Duration::from_secs(5))));
    let (_, first) = counted();
    let ending = Ending { deadline, closed: Box::pin(std::future::pending()) };
    assert_eq!(taken(messages(silent(), ending, first).into_body()).await.1.as_deref(), Some("4"));
    let (_, second) = counted();
    let ending = Ending { deadline: None, closed: Box::pin(std::future::ready(())) };
    assert_eq!(taken(messages(silent(), ending, second).into_body()).await.1.as_deref(), Some("14"));
}

#[tokio::test]
async fn a_call_that_is_given_up_counts_as_cancelled() {
    let (metrics, counted) = counted();
    let mut body = messages(Box::pin(stream::pending()), endless(), counted).into_body();
    assert!(body.frame().now_or_never().is_none());
    drop(body);
    assert_eq!(handled(&metrics), [("Canceled", 1)]);
}

/// Twenty answers of 100 MiB that nobody took once stood in memory all at once: they were encoded before anybody looked at
/// what the connection owed already, and handed over whole.
#[tokio::test]
async fn large_answers_wait_for_room_and_leave_in_slices() {
    let room = Room::default();
    let large = || pb::SnapshotResponse { blob: vec![0; UNTAKEN_BYTES_PER_CONNECTION].into(), ..pb::SnapshotResponse::default() };
    let mut first = unary(Ok(large()), &room, counted().1).await.into_body();
    let second = unary(Ok(large()), &room, counted().1);
    let mut second = std::pin::pin!(second);
    assert!(second.as_mut().now_or_never().is_none(), "there is no room for a second one");
    let slice = first.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(slice.len(), SLICE_BYTES);
    drop(first);
    assert!(second.now_or_never().is_some(), "the first was taken or given up");
    let small = pb::SnapshotResponse { blob: vec![0; 100].into(), ..pb::SnapshotResponse::default() };
    assert!(unary(Ok(small), &room, counted().1).now_or_never().is_some(), "small ones always pass");
}

#[test]
fn texts_are_encoded_as_grpc_wants_them() {
    assert_eq!(percent_encoded("etcdserver: 100%\n\u{e9}"), "etcdserver: 100%25%0A%C3%A9");
    let response = refused(&Status::unavailable("etcdserver: no leader"));
    assert_eq!(response.headers()[&GRPC_STATUS], "14");
    assert_eq!(response.headers()[&GRPC_MESSAGE], "etcdserver: no leader");
    assert!(response.body().is_end_stream());
}
