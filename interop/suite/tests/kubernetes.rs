//! The requests of the Kubernetes API server, in the shapes that it sends (etcd's `client/v3/kubernetes`).

use bytes::Bytes;
use interop::wire::{Wire, fault, mvcc, pb, prefix_end};
use interop::{Server, Settings};
use pb::compare::{CompareResult, CompareTarget, TargetUnion};
use pb::request_op::Request;
use pb::response_op::Response;
use pb::watch_request::RequestUnion;
use std::time::Duration;
use tonic::Code;

fn op(request: Request) -> pb::RequestOp {
    pb::RequestOp { request: Some(request) }
}

fn unchanged(key: &str, revision: i64) -> pb::Compare {
    pb::Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: Bytes::from(key.to_owned()),
        target_union: Some(TargetUnion::ModRevision(revision)),
        ..Default::default()
    }
}

/// If the key is at `revision`, do it, else show the key: OptimisticPut and OptimisticDelete.
async fn optimistic(wire: &mut Wire, key: &str, revision: i64, change: Request) -> Result<i64, Option<mvcc::KeyValue>> {
    let show = Request::RequestRange(pb::RangeRequest { key: Bytes::from(key.to_owned()), ..Default::default() });
    let txn = pb::TxnRequest { compare: vec![unchanged(key, revision)], success: vec![op(change)], failure: vec![op(show)] };
    let answer = wire.kv.txn(txn).await.expect("served").into_inner();
    if answer.succeeded {
        return Ok(answer.header.expect("a header").revision);
    }
    match answer.responses.into_iter().next().and_then(|r| r.response) {
        Some(Response::ResponseRange(range)) => Err(range.kvs.into_iter().next()),
        other => panic!("not a range: {other:?}"),
    }
}

fn put(key: &str, value: &str, lease: i64) -> Request {
    Request::RequestPut(pb::PutRequest {
        key: key.to_owned().into(),
        value: value.to_owned().into(),
        lease,
        ..Default::default()
    })
}

fn delete(key: &str) -> Request {
    Request::RequestDeleteRange(pb::DeleteRangeRequest { key: key.to_owned().into(), ..Default::default() })
}

#[tokio::test]
async fn objects_are_created_changed_and_deleted_optimistically() {
    let server = Server::start(Settings::subject()).await;
    let mut wire = Wire::lazy(server.port);
    let key = "/registry/pods/default/web";
    let created = optimistic(&mut wire, key, 0, put(key, "v1", 0)).await.expect("it did not exist");
    let conflict = optimistic(&mut wire, key, 0, put(key, "v1b", 0)).await.expect_err("it exists");
    assert_eq!(conflict.map(|kv| (kv.mod_revision, kv.value)), Some((created, Bytes::from_static(b"v1"))));
    let changed = optimistic(&mut wire, key, created, put(key, "v2", 0)).await.expect("unchanged since");
    assert_eq!(changed, created + 1);
    let stale = optimistic(&mut wire, key, created, delete(key)).await.expect_err("changed since");
    assert_eq!(stale.map(|kv| kv.value), Some(Bytes::from_static(b"v2")));
    optimistic(&mut wire, key, changed, delete(key)).await.expect("unchanged since");
    let gone = optimistic(&mut wire, key, changed, delete(key)).await.expect_err("it is gone");
    assert_eq!(gone, None);
}

#[tokio::test]
async fn lists_go_page_by_page_at_one_revision() {
    let server = Server::start(Settings::subject()).await;
    let mut wire = Wire::lazy(server.port);
    let prefix = "/registry/configmaps/";
    for n in 0..25 {
        wire.put(format!("{prefix}{n:03}"), format!("{n}")).await.expect("served");
    }
    let (mut key, mut revision, mut names) = (Bytes::from(prefix), 0, Vec::new());
    let mut pages = Vec::new();
    loop {
        let request =
            pb::RangeRequest { key, range_end: prefix_end(prefix.as_bytes()), limit: 10, revision, ..Default::default() };
        let page = wire.kv.range(request).await.expect("served").into_inner();
        if revision == 0 {
            revision = page.header.expect("a header").revision;
            // What comes later does not show in later pages.
            wire.put(format!("{prefix}0055"), "late").await.expect("served");
            wire.put(format!("{prefix}020"), "changed").await.expect("served");
        }
        pages.push((page.kvs.len(), page.more, page.count));
        names.extend(page.kvs.iter().map(|kv| kv.key.clone()));
        let Some(last) = page.kvs.last().filter(|_| page.more) else { break };
        key = [&last.key[..], b"\0"].concat().into();
    }
    assert_eq!(pages, [(10, true, 25), (10, true, 15), (5, false, 5)]);
    assert_eq!(names.len(), 25);
    let count =
        pb::RangeRequest { key: prefix.into(), range_end: prefix_end(prefix.as_bytes()), count_only: true, ..Default::default() };
    assert_eq!(wire.kv.range(count).await.expect("served").into_inner().count, 26);
    let exact = pb::RangeRequest { key: format!("{prefix}020").into(), limit: 1, revision, ..Default::default() };
    let exact = wire.kv.range(exact).await.expect("served").into_inner();
    assert_eq!(exact.kvs[0].value, Bytes::from_static(b"20"));
}

#[tokio::test]
async fn one_of_several_api_servers_compacts() {
    let server = Server::start(Settings::subject()).await;
    let mut wire = Wire::lazy(server.port);
    for _ in 0..10 {
        wire.put("/registry/x", "x").await.expect("served");
    }
    let version = |expected| pb::Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Version.into(),
        key: "compact_rev_key".into(),
        target_union: Some(TargetUnion::Version(expected)),
        ..Default::default()
    };
    let show = || op(Request::RequestRange(pb::RangeRequest { key: "compact_rev_key".into(), ..Default::default() }));
    let try_at = |expected, revision: i64| pb::TxnRequest {
        compare: vec![version(expected)],
        success: vec![op(put("compact_rev_key", &revision.to_string(), 0))],
        failure: vec![show()],
    };
    let first = wire.kv.txn(try_at(0, 5)).await.expect("served").into_inner();
    assert!(first.succeeded);
    let second = wire.kv.txn(try_at(0, 6)).await.expect("served").into_inner();
    assert!(!second.succeeded, "only one wins");
    let Some(Response::ResponseRange(shown)) = &second.responses[0].response else { panic!("a range") };
    assert_eq!(shown.kvs[0].version, 1);
    wire.kv.compact(pb::CompactionRequest { revision: 5, physical: false }).await.expect("compacted");
    let again = wire.kv.compact(pb::CompactionRequest { revision: 5, physical: false }).await.expect_err("compacted already");
    assert_eq!(fault(&again), (Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted".into()));
}

#[tokio::test]
async fn watches_resume_with_previous_values_and_progress() {
    let server = Server::start(Settings::subject()).await;
    let mut wire = Wire::lazy(server.port);
    let from = wire.put("/registry/pods/a", "1").await.expect("served");
    wire.put("/registry/pods/a", "2").await.expect("served");
    let create = pb::WatchCreateRequest {
        key: "/registry/pods/".into(),
        range_end: prefix_end(b"/registry/pods/"),
        start_revision: from + 1,
        prev_kv: true,
        progress_notify: true,
        ..Default::default()
    };
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let send = |union| pb::WatchRequest { request_union: Some(union) };
    sender.send(send(RequestUnion::CreateRequest(create))).await.expect("room");
    let requests = futures_util::stream::unfold(receiver, |mut r| async move { Some((r.recv().await?, r)) });
    let mut request = tonic::Request::new(requests);
    request.metadata_mut().insert("hasleader", "true".parse().expect("text"));
    let mut answers = wire.watch.watch(request).await.expect("there is a leader").into_inner();
    let mut next =
        async || tokio::time::timeout(Duration::from_secs(10), answers.message()).await.expect("in time").expect("served");
    assert!(next().await.is_some_and(|a| a.created && !a.canceled));

    let first = next().await.expect("an event");
    let event = &first.events[0];
    assert_eq!(event.prev_kv.as_ref().map(|kv| kv.value.clone()), Some(Bytes::from_static(b"1")));
    wire.kv.delete_range(pb::DeleteRangeRequest { key: "/registry/pods/a".into(), ..Default::default() }).await.expect("served");
    let gone = next().await.expect("an event");
    assert_eq!(gone.events[0].r#type(), mvcc::event::EventType::Delete);
    assert_eq!(gone.events[0].prev_kv.as_ref().map(|kv| kv.value.clone()), Some(Bytes::from_static(b"2")));

    // Another prefix moves on; the progress says so, although this watch sees nothing of it.
    let elsewhere = wire.put("/registry/nodes/n", "x").await.expect("served");
    sender.send(send(RequestUnion::ProgressRequest(pb::WatchProgressRequest {}))).await.expect("room");
    let progress = next().await.expect("progress");
    assert_eq!((progress.watch_id, progress.events.len()), (-1, 0));
    assert!(progress.header.is_some_and(|h| h.revision >= elsewhere));
}

#[tokio::test]
async fn events_expire_with_their_lease_and_the_status_opens_the_gates() {
    let server = Server::start(Settings::subject()).await;
    let mut wire = Wire::lazy(server.port);
    let lease = wire.lease.lease_grant(pb::LeaseGrantRequest { ttl: 2, id: 0 }).await.expect("granted").into_inner();
    assert!(lease.id > 0 && lease.error.is_empty());
    let key = "/registry/events/default/web.1";
    optimistic(&mut wire, key, 0, put(key, "happened", lease.id)).await.expect("it did not exist");
    let held = wire.get(key).await.expect("served").expect("there");
    assert_eq!(held.lease, lease.id);
    let begin = std::time::Instant::now();
    while wire.get(key).await.expect("served").is_some() {
        assert!(begin.elapsed() < Duration::from_secs(2 + 6), "an event outlives its lease");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begin.elapsed() > Duration::from_millis(1500), "never early: {:?}", begin.elapsed());
    let status = wire.maintenance.status(pb::StatusRequest {}).await.expect("served").into_inner();
    assert_eq!(status.version, "3.7.3", "progress requests are used from 3.4.31 and 3.5.13 on");
    assert!(status.db_size > 0 && status.errors.is_empty(), "{status:?}");
    let health = pb::RangeRequest { key: "/registry/health".into(), ..Default::default() };
    wire.kv.range(health).await.expect("served");
}
