//! Calls: answers, errors, time limits, and what is known of a call when the connection goes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{sync::Arc, time::Duration};

use base::Kind;
use bytes::Bytes;
use common::{ECHO, Mode, NEVER, PANIC, Proxy, REFUSE, SLOW, node, node_on, node_with, options, pair, soon, until};
use peer::{CallError, Channel, Options, limits};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

#[tokio::test]
async fn calls_are_answered_on_every_channel_and_errors_come_back_as_they_were() {
    let (one, two) = pair().await;
    for channel in Channel::ALL {
        for size in [0, 1, 1000, channel.frame_bytes_max()] {
            let body = Bytes::from(vec![size as u8; size]);
            assert_eq!(one.ask(2, channel, ECHO, body.clone()).await.unwrap(), body, "{size} bytes on {channel}");
        }
        let Err(CallError::Answered(error)) = one.ask(2, channel, REFUSE, "x").await else { panic!("not refused") };
        assert_eq!((error.kind, &*error.message), (Kind::Conflict, "it exists already"));
    }
    let request = two.doer.requests.lock().unwrap()[0];
    assert_eq!((request.from, request.channel, request.shard, request.kind, request.version), (1, Channel::Small, 7, ECHO, 1));
    assert!(two.ask(1, Channel::Small, ECHO, "back").await.is_ok());
    let counts = one.board.counts();
    assert_eq!((counts.dials, counts.dials_failed, counts.accepted, counts.bad_frames), (4, 0, 1, 0));
    assert!(counts.bytes.iter().all(|(_, bytes_in, bytes_out)| *bytes_in > 1000 && *bytes_out > 1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_share_a_connection_and_are_answered_in_any_order() {
    let (one, _two) = pair().await;
    let one = Arc::new(one);
    let begin = Instant::now();
    let calls: Vec<_> = (0..500u32)
        .map(|number| {
            let one = one.clone();
            tokio::spawn(async move {
                let body = Bytes::copy_from_slice(&number.to_le_bytes());
                let kind = if number % 2 == 0 { SLOW } else { ECHO };
                assert_eq!(one.ask(2, Channel::Forward, kind, body.clone()).await.unwrap(), body);
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "slow calls held up each other: {:?}", begin.elapsed());
    assert_eq!(one.board.counts().dials, 1);
}

#[tokio::test]
async fn a_call_out_of_time_is_forgotten_and_its_late_answer_ignored() {
    let (one, two) = pair().await;
    let short = Duration::from_millis(30);
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    let late = one.board.call(2, Channel::Small, SLOW, 0, Bytes::from_static(b"late"), short).await;
    assert!(matches!(late, Err(CallError::Unknown(error)) if error.kind() == std::io::ErrorKind::TimedOut));
    for number in 0..20u8 {
        sleep(Duration::from_millis(10)).await;
        assert_eq!(one.ask(2, Channel::Small, ECHO, vec![number]).await.unwrap(), vec![number]);
    }
    assert_eq!(one.board.counts().dials, 1, "the connection stays");
    assert_eq!(two.doer.bodies.lock().unwrap().iter().filter(|body| *body == "late").count(), 1);
}

#[tokio::test]
async fn a_call_that_no_frame_holds_is_refused_at_once() {
    let (one, _two) = pair().await;
    let patient = one.board.call(2, Channel::Small, ECHO, 0, Bytes::new(), Duration::MAX).await;
    assert!(patient.is_ok(), "any time limit will do");
    let body = vec![0; limits::SMALL_FRAME_BYTES_MAX + 1];
    let error = one.ask(2, Channel::Small, ECHO, body).await.unwrap_err();
    assert!(error.surely_not_sent() && error.to_string().contains("does not fit"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_surely_not_sent_and_said_quickly() {
    let one = node(1).await;
    assert!(one.refused(9).await.contains("no address of node 9 is known"));
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    one.board.set_address(9, gone.local_addr().unwrap().to_string());
    drop(gone);
    let begin = Instant::now();
    assert!(one.refused(9).await.contains("refused"));
    for _ in 0..100 {
        one.refused(9).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(2));
    let dials = one.board.counts().dials;
    assert!(dials < 50, "{dials} dials for 101 calls: the peer is given a rest between them");
    assert!(!one.board.reachable(9));
}

/// A member that was away for a moment had to wait for its peers' next dial, two seconds at worst, though it had called on them.
#[tokio::test]
async fn a_peer_that_comes_back_is_not_waited_out() {
    let long = Duration::from_secs(60);
    let one = node_with(Options { backoff_min: long, backoff_max: long, ..options(1) }).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    one.board.set_address(2, address.to_string());
    drop(gone);
    assert!(one.refused(2).await.contains("refused"));
    one.refused(2).await;
    let two = node_on(options(2), TcpListener::bind(address).await.unwrap());
    two.knows(&one);
    two.ask(1, Channel::Small, ECHO, "back").await.unwrap();
    let called = async {
        while one.ask(2, Channel::Small, ECHO, "x").await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    soon(called).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_connection_goes_calls_fail_at_once_and_say_whether_they_were_sent() {
    let (one, two) = (Arc::new(node(1).await), node(2).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    one.board.set_address(2, proxy.address.to_string());
    one.ask(2, Channel::Forward, ECHO, "up").await.unwrap();
    let ask = |kind, body: Vec<u8>| {
        let one = one.clone();
        tokio::spawn(async move { one.ask(2, Channel::Forward, kind, body).await })
    };
    let seen = ask(NEVER, vec![1]);
    until("the call is served", || two.doer.bodies.lock().unwrap().len() == 2).await;
    proxy.mode.send_replace(Mode::Stall);
    // The first fills the wire, the second waits in the queue, the last two wait for room.
    let partly = ask(ECHO, vec![2; 16 << 20]);
    sleep(Duration::from_millis(50)).await;
    let waiting: Vec<_> = (3..7).map(|number| ask(ECHO, vec![number; 16 << 20])).collect();
    sleep(Duration::from_millis(50)).await;
    proxy.mode.send_replace(Mode::Kill);
    assert!(matches!(soon(seen).await.unwrap(), Err(CallError::Unknown(_))));
    assert!(matches!(soon(partly).await.unwrap(), Err(CallError::Unknown(_))));
    for call in waiting {
        let outcome = soon(call).await.unwrap();
        assert!(matches!(outcome, Err(CallError::NotSent(_))), "{:?}", outcome.map(|body| body.len()));
    }
    assert_eq!(two.doer.bodies.lock().unwrap().len(), 2, "what was not sent was not seen");
}

#[tokio::test]
async fn a_call_out_of_time_in_the_queue_is_not_sent_later() {
    let (one, two) = (Arc::new(node(1).await), node(2).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    one.board.set_address(2, proxy.address.to_string());
    one.ask(2, Channel::Forward, ECHO, "up").await.unwrap();
    proxy.mode.send_replace(Mode::Stall);
    let first = tokio::spawn({
        let one = one.clone();
        async move { one.ask(2, Channel::Forward, ECHO, vec![1; 16 << 20]).await }
    });
    sleep(Duration::from_millis(50)).await;
    let queued = one.board.call(2, Channel::Forward, ECHO, 0, Bytes::from_static(b"too late"), Duration::from_millis(50)).await;
    assert!(matches!(queued, Err(CallError::NotSent(_))), "{queued:?}");
    proxy.mode.send_replace(Mode::Carry);
    assert_eq!(soon(first).await.unwrap().unwrap().len(), 16 << 20);
    one.ask(2, Channel::Forward, ECHO, "after").await.unwrap();
    assert!(two.doer.bodies.lock().unwrap().iter().all(|body| body != "too late"));
}

#[tokio::test]
async fn more_calls_than_may_be_served_are_answered_overloaded() {
    let (one, two) = (Arc::new(node(1).await), node(2).await);
    one.knows(&two);
    let calls: Vec<_> = (0..limits::CALLS_SERVED_MAX)
        .map(|_| {
            let one = one.clone();
            tokio::spawn(async move { one.ask(2, Channel::Small, NEVER, "x").await })
        })
        .collect();
    until("all are served", || two.doer.bodies.lock().unwrap().len() == limits::CALLS_SERVED_MAX).await;
    let Err(CallError::Answered(error)) = one.ask(2, Channel::Small, ECHO, "one more").await else { panic!("not refused") };
    assert_eq!(error.kind, Kind::Overloaded);
    assert_eq!(two.board.counts().overloaded, 1);
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_handler_that_fails_is_told_to_the_caller() {
    let (one, _two) = pair().await;
    let Err(CallError::Answered(error)) = one.ask(2, Channel::Small, PANIC, "x").await else { panic!("not told") };
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(one.ask(2, Channel::Small, ECHO, "x").await.is_ok(), "the connection lives");
}

#[tokio::test]
async fn snapshots_keep_to_their_rate_and_others_do_not_wait_for_them() {
    let one = node_with(peer::Options { snapshot_bytes_per_second: 2_000_000, ..options(1) }).await;
    let two = node(2).await;
    one.knows(&two);
    let begin = Instant::now();
    let (mut outgoing, _incoming) = one.board.open(2, Channel::Snapshot, common::COUNT, 0).await.unwrap();
    for _ in 0..6 {
        outgoing.send(Bytes::from(vec![0; 200_000])).await.unwrap();
        one.ask(2, Channel::Forward, ECHO, vec![0; 1 << 20]).await.unwrap();
    }
    let took = begin.elapsed();
    assert!(took > Duration::from_millis(450) && took < Duration::from_secs(3), "1.2 MB at 2 MB/s took {took:?}");
    one.board.set_snapshot_rate(0);
    let begin = Instant::now();
    for _ in 0..20 {
        outgoing.send(Bytes::from(vec![0; 1 << 20])).await.unwrap();
    }
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn shutdown_ends_calls_and_frees_the_address() {
    let (one, two) = pair().await;
    let address = two.board.local_addr();
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    let pending = async { one.ask(2, Channel::Small, NEVER, "x").await };
    let shutdown = async {
        sleep(Duration::from_millis(30)).await;
        two.board.shutdown().await;
    };
    let (pending, ()) = tokio::join!(pending, shutdown);
    assert!(matches!(pending, Err(CallError::Unknown(_))));
    assert!(tokio::net::TcpListener::bind(address).await.is_ok(), "the address is free");
    assert!(two.refused(1).await.contains("shuts down"));
    until("the dead peer is noticed", || !one.board.reachable(2)).await;
}
