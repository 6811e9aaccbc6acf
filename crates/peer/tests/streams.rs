//! Streams: order, credit, ends, and that nothing waits behind a reader that does not read.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    io::ErrorKind,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use common::{COUNT, DEAF, ECHO, Mode, Node, Proxy, node, node_with, options, pair, soon, until};
use peer::{Channel, Incoming, Options, Outgoing, limits};
use tokio::time::{Instant, timeout};

const CREDIT: usize = 256 * 1024;

/// Two nodes with little credit.
async fn narrow_pair() -> (Node, Node) {
    let narrow = |id| Options { stream_credit_bytes: CREDIT, ..options(id) };
    let (one, two) = (node_with(narrow(1)).await, node_with(narrow(2)).await);
    one.knows(&two);
    (one, two)
}

/// Sends until it is stopped; says how many bytes went.
async fn fill(outgoing: &mut Outgoing, size: usize) -> usize {
    let mut sent = 0;
    while let Ok(outcome) = timeout(Duration::from_millis(100), outgoing.send(vec![0; size].into())).await {
        outcome.unwrap();
        sent += size;
    }
    sent
}

async fn numbers(incoming: &mut Incoming, range: std::ops::Range<u32>) {
    for number in range {
        let body = soon(incoming.next()).await.unwrap().unwrap();
        assert_eq!(body[..4], number.to_le_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_in_order_both_ways_whatever_their_size() {
    let (one, _two) = narrow_pair().await;
    let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, ECHO, 3).await.unwrap();
    let sender = tokio::spawn(async move {
        for number in 0..300u32 {
            // Every 50th is longer than all the credit.
            let size = if number % 50 == 49 { 3 * CREDIT } else { 4 + (number as usize * 7919) % 20_000 };
            let mut body = number.to_le_bytes().to_vec();
            body.resize(size, 1);
            outgoing.send(body.into()).await.unwrap();
        }
        outgoing.finish();
    });
    numbers(&mut incoming, 0..300).await;
    assert!(soon(incoming.next()).await.is_none(), "the end that was meant");
    assert!(incoming.next().await.is_none());
    sender.await.unwrap();
}

#[tokio::test]
async fn credit_stops_the_sender_and_bounds_what_is_held() {
    let (one, two) = narrow_pair().await;
    for size in [0, 100, 10_000, CREDIT, 2 << 20] {
        let (mut outgoing, _incoming) = one.board.open(2, Channel::Bulk, DEAF, 0).await.unwrap();
        let mut count = 0;
        while timeout(Duration::from_millis(50), outgoing.send(vec![0; size].into())).await.is_ok() {
            count += 1;
        }
        let cost = (size + limits::FRAME_COST_BYTES).min(CREDIT / 2);
        assert_eq!(count, CREDIT / cost, "messages of {size} bytes");
    }
    assert_eq!(two.board.counts().bad_frames, 0);
}

#[tokio::test]
async fn a_reader_that_begins_to_read_gets_all_that_was_sent() {
    let (one, two) = narrow_pair().await;
    let (mut outgoing, _incoming) = one.board.open(2, Channel::Bulk, DEAF, 0).await.unwrap();
    let sent = fill(&mut outgoing, 10_000).await;
    assert!(sent <= CREDIT);
    two.doer.hear.notify_one();
    for _ in 0..200 {
        soon(outgoing.send(vec![0; 10_000].into())).await.unwrap();
    }
    outgoing.finish();
    until("all is read", || two.doer.counted.load(Ordering::Relaxed) == (sent + 2_000_000) as u64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_calls_take_milliseconds_while_bulk_is_stuck() {
    let (one, two) = pair().await;
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    let (mut stuck, _incoming) = one.board.open(2, Channel::Bulk, DEAF, 0).await.unwrap();
    assert!(fill(&mut stuck, 100_000).await > 1 << 20);
    // The same channel still carries others, and the small one is as quick as ever.
    let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, ECHO, 0).await.unwrap();
    let mut times = Vec::new();
    for number in 0..100u32 {
        outgoing.send(Bytes::from(vec![0; 300_000])).await.unwrap();
        let begin = Instant::now();
        one.ask(2, Channel::Small, ECHO, number.to_le_bytes().to_vec()).await.unwrap();
        times.push(begin.elapsed());
        assert_eq!(soon(incoming.next()).await.unwrap().unwrap().len(), 300_000);
    }
    times.sort();
    assert!(times[50] < Duration::from_millis(10) && times[98] < Duration::from_millis(200), "{:?} {:?}", times[50], times[98]);
    assert!(one.board.round_trip(2).is_some_and(|time| time < Duration::from_secs(1)));
    drop(two);
}

#[tokio::test]
async fn an_end_that_was_meant_is_told_from_one_that_was_not() {
    let (one, two) = pair().await;
    let ends = || two.doer.ends.lock().unwrap().clone();
    let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, COUNT, 0).await.unwrap();
    outgoing.send(Bytes::from_static(b"all")).await.unwrap();
    outgoing.finish();
    until("the end", || ends() == [None]).await;
    // The handler dropped its halves without saying that it was done.
    assert_eq!(soon(incoming.next()).await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert!(incoming.next().await.is_none());

    let (mut outgoing, _incoming) = one.board.open(2, Channel::Bulk, COUNT, 0).await.unwrap();
    outgoing.send(Bytes::from_static(b"half")).await.unwrap();
    drop(outgoing);
    until("breaking off", || ends() == [None, Some(ErrorKind::ConnectionAborted)]).await;
    assert_eq!(two.doer.counted.load(Ordering::Relaxed), 7);
}

#[tokio::test]
async fn a_receiver_that_goes_stops_its_sender() {
    let (one, _two) = pair().await;
    let (mut outgoing, incoming) = one.board.open(2, Channel::Bulk, ECHO, 0).await.unwrap();
    drop(incoming);
    // The echo fails to send, so its handler returns, and then this side is told.
    let error = soon(async {
        loop {
            if let Err(error) = outgoing.send(vec![0; 1000].into()).await {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_lost_connection_ends_both_halves_on_both_sides() {
    let (one, two) = (node(1).await, node(2).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    one.board.set_address(2, proxy.address.to_string());
    let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, COUNT, 0).await.unwrap();
    outgoing.send(Bytes::from_static(b"x")).await.unwrap();
    until("it arrived", || two.doer.counted.load(Ordering::Relaxed) == 1).await;
    proxy.mode.send_replace(Mode::Kill);
    assert!(soon(incoming.next()).await.unwrap().is_err());
    assert!(soon(outgoing.send(Bytes::from_static(b"y"))).await.is_err());
    until("the other side was told", || two.doer.ends.lock().unwrap().len() == 1).await;
    assert!(two.doer.ends.lock().unwrap()[0].is_some(), "a lost connection is no end that was meant");
}

#[tokio::test]
async fn a_sender_that_waits_for_credit_hears_of_the_loss() {
    let (one, two) = (node(1).await, node(2).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    one.board.set_address(2, proxy.address.to_string());
    let (mut outgoing, _incoming) = one.board.open(2, Channel::Bulk, DEAF, 0).await.unwrap();
    fill(&mut outgoing, 500_000).await;
    let waiting = tokio::spawn(async move { outgoing.send(vec![0; 500_000].into()).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    proxy.mode.send_replace(Mode::Kill);
    assert!(soon(waiting).await.unwrap().is_err());
}

#[tokio::test]
async fn streams_are_counted_and_their_places_come_back() {
    let (one, _two) = pair().await;
    for _ in 0..3 {
        let mut open = Vec::new();
        for _ in 0..limits::STREAMS_MAX {
            open.push(soon(one.board.open(2, Channel::Bulk, ECHO, 0)).await.unwrap());
        }
        let error = one.board.open(2, Channel::Bulk, ECHO, 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
        for (outgoing, mut incoming) in open {
            outgoing.finish();
            assert!(soon(incoming.next()).await.is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_at_once_lose_and_mix_nothing() {
    let (one, _two) = narrow_pair().await;
    let one = Arc::new(one);
    let tasks: Vec<_> = (0..16u32)
        .map(|stream| {
            let one = one.clone();
            tokio::spawn(async move {
                let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, ECHO, stream).await.unwrap();
                let sender = async move {
                    for number in 0..100u32 {
                        let mut body = (stream * 1000 + number).to_le_bytes().to_vec();
                        body.resize(4 + number as usize * 200, 0);
                        outgoing.send(body.into()).await.unwrap();
                    }
                    outgoing.finish();
                };
                tokio::join!(sender, numbers(&mut incoming, stream * 1000..stream * 1000 + 100));
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
}
