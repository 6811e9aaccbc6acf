//! The services over the wire, against a node of their own.

#![allow(clippy::unwrap_used, reason = "a test")]

mod house;

use std::{net::SocketAddr, time::Duration};

use door_etcd::{
    backup::Reader,
    pb::{
        self, Compare, RequestOp, TxnRequest, TxnResponse,
        grpc::health::v1::{HealthCheckRequest, HealthCheckResponse},
        request_op::Request as Op,
        response_op::Response as OpReply,
    },
};
use house::{House, everything, get, put};
use prost::Message;
use tokio::{net::TcpStream, time::timeout};
use tokio_stream::StreamExt;
use tonic::{Code, Request, Status, codegen::http};

fn op(request: Op) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, text: &str) {
    let status = outcome.unwrap_err();
    assert_eq!((status.code(), status.message()), (code, text));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_read_back_with_revisions() {
    let house = House::open().await;
    let mut client = house.client().await;
    let first = client.put("a", "1").await.unwrap().header.unwrap();
    assert_eq!(first.revision, 2);
    assert!(first.cluster_id != 0 && first.member_id != 0 && first.raft_term > 0);
    let answer: pb::PutResponse =
        client.call("/etcdserverpb.KV/Put", pb::PutRequest { prev_kv: true, ..put("a", "2") }).await.unwrap();
    assert_eq!(answer.prev_kv.unwrap().value, "1");
    let read = client.range(get("a")).await.unwrap();
    assert_eq!((read.count, read.more, read.header.unwrap().revision), (1, false, 3));
    assert_eq!((read.kvs[0].version, read.kvs[0].create_revision, read.kvs[0].mod_revision), (2, 2, 3));
    let old = client.range(pb::RangeRequest { revision: 2, serializable: true, ..get("a") }).await.unwrap();
    assert_eq!(old.kvs[0].value, "1");
    refused(
        client.range(pb::RangeRequest { revision: 99, ..get("a") }).await,
        Code::OutOfRange,
        "etcdserver: mvcc: required revision is a future revision",
    );
    let gone: pb::DeleteRangeResponse = client
        .call("/etcdserverpb.KV/DeleteRange", pb::DeleteRangeRequest { key: "a".into(), prev_kv: true, ..Default::default() })
        .await
        .unwrap();
    assert_eq!((gone.deleted, gone.prev_kvs.len(), gone.header.unwrap().revision), (1, 1, 4));
    assert_eq!(client.range(get("a")).await.unwrap().count, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_choose_a_branch_and_read_only_ones_leave_no_trace() {
    let house = House::open().await;
    let mut client = house.client().await;
    let absent = Compare { key: "k".into(), ..Compare::default() };
    let request = TxnRequest {
        compare: vec![absent],
        success: vec![op(Op::RequestPut(put("k", "v"))), op(Op::RequestRange(get("k")))],
        failure: vec![op(Op::RequestRange(get("k")))],
    };
    let first: TxnResponse = client.txn(request.clone()).await.unwrap();
    assert!(first.succeeded);
    let Some(OpReply::ResponseRange(seen)) = &first.responses[1].response else { panic!("{first:?}") };
    assert_eq!((seen.kvs[0].value.as_ref(), seen.header.unwrap().revision), (&b"v"[..], 2));
    let second = client.txn(request).await.unwrap();
    assert_eq!((second.succeeded, second.responses.len(), second.header.unwrap().revision), (false, 1, 2));

    let before = house.node.status().shards[1].group.applied;
    let reading = TxnRequest { success: vec![op(Op::RequestRange(get("k")))], ..TxnRequest::default() };
    let read = client.txn(reading).await.unwrap();
    assert_eq!((read.succeeded, read.header.unwrap().revision), (true, 2));
    assert_eq!(house.node.status().shards[1].group.applied, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_etcds_codes_and_texts_and_leave_the_log_alone() {
    let house = House::open().await;
    let mut client = house.client().await;
    client.put("k", "v").await.unwrap();
    let before = house.node.status().shards[1].group.applied;
    refused(client.put("", "v").await, Code::InvalidArgument, "etcdserver: key is not provided");
    let twice = TxnRequest { success: vec![op(Op::RequestPut(put("a", "1"))); 2], ..TxnRequest::default() };
    refused(client.txn(twice).await, Code::InvalidArgument, "etcdserver: duplicate key given in txn request");
    let many = TxnRequest { success: vec![op(Op::RequestRange(get("a"))); 129], ..TxnRequest::default() };
    refused(client.txn(many).await, Code::InvalidArgument, "etcdserver: too many operations in txn request");
    let sorted = pb::RangeRequest { sort_order: 9, ..get("a") };
    refused(client.range(sorted).await, Code::InvalidArgument, "etcdserver: invalid sort option");
    let grant: Result<pb::LeaseGrantResponse, _> =
        client.call("/etcdserverpb.Lease/LeaseGrant", pb::LeaseGrantRequest { ttl: i64::MAX, id: 0 }).await;
    refused(grant, Code::OutOfRange, "etcdserver: too large lease TTL");
    assert_eq!(house.node.status().shards[1].group.applied, before);

    let revoke: Result<pb::LeaseRevokeResponse, _> =
        client.call("/etcdserverpb.Lease/LeaseRevoke", pb::LeaseRevokeRequest { id: 77 }).await;
    refused(revoke, Code::NotFound, "etcdserver: requested lease not found");
    let unknown: Result<pb::PutResponse, _> =
        client.call("/etcdserverpb.KV/Put", pb::PutRequest { lease: 77, ..put("a", "1") }).await;
    refused(unknown, Code::NotFound, "etcdserver: requested lease not found");
    let kept = pb::PutRequest { ignore_value: true, ..put("nothing", "") };
    let kept: Result<pb::PutResponse, _> = client.call("/etcdserverpb.KV/Put", kept).await;
    refused(kept, Code::InvalidArgument, "etcdserver: key not found");
    for path in ["/etcdserverpb.Auth/AuthEnable", "/v3lockpb.Lock/Lock", "/etcdserverpb.Maintenance/Downgrade", "/no.Such/Method"]
    {
        let status = client.call::<_, pb::PutResponse>(path, pb::SnapshotRequest {}).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_judged_just_under_and_just_over_each_limit() {
    let house = House::open().await;
    let mut client = house.client().await;
    let sized = |bytes: usize| {
        let mut request = put("k", vec![b'v'; bytes]);
        while request.encoded_len() > bytes {
            request.value.truncate(request.value.len() - 1);
        }
        request
    };
    let max = 1536 * 1024;
    let mut send = async |bytes| client.call::<_, pb::PutResponse>("/etcdserverpb.KV/Put", sized(bytes)).await;
    send(max - 18).await.unwrap();
    refused(send(max - 17).await, Code::InvalidArgument, "etcdserver: request is too large");
    refused(send(max + 512 * 1024).await, Code::InvalidArgument, "etcdserver: request is too large");
    refused(
        send(max + 512 * 1024 + 1).await,
        Code::ResourceExhausted,
        "grpc: received message larger than max (2097153 vs. 2097152)",
    );
    refused(send(8 << 20).await, Code::ResourceExhausted, "grpc: received message larger than max (8388608 vs. 2097152)");
    send(100).await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_range_adds_up_to_the_range() {
    let house = House::open().await;
    let mut client = house.client().await;
    for n in 0..40 {
        client.put(&format!("k{n:03}"), vec![b'v'; 30_000]).await.unwrap();
    }
    for (limit, keys_only, count_only) in
        [(0, false, false), (7, false, false), (39, true, false), (40, false, false), (0, false, true)]
    {
        let request = pb::RangeRequest { limit, keys_only, count_only, ..everything() };
        let mut whole = client.range(request.clone()).await.unwrap();
        let parts: Vec<pb::RangeStreamResponse> = client.all("/etcdserverpb.KV/RangeStream", request).await.unwrap();
        if limit == 0 && !count_only {
            assert!(parts.len() > 3, "{} parts", parts.len());
        }
        let (last, before) = parts.split_last().unwrap();
        for part in before {
            let part = part.range_response.as_ref().unwrap();
            assert_eq!((&part.header, part.more, part.count), (&None, false, 0));
        }
        let mut merged = last.range_response.clone().unwrap();
        let kvs = parts.iter().flat_map(|part| part.range_response.as_ref().unwrap().kvs.clone());
        merged.kvs = kvs.collect();
        assert_eq!(merged.header.take().unwrap().revision, whole.header.take().unwrap().revision);
        assert_eq!(merged, whole);
    }
    let sorted = pb::RangeRequest { sort_order: 2, ..everything() };
    let status = client.all::<_, pb::RangeStreamResponse>("/etcdserverpb.KV/RangeStream", sorted).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_live_are_renewed_in_order_and_end() {
    let house = House::open().await;
    let mut client = house.client().await;
    let grant: pb::LeaseGrantResponse =
        client.call("/etcdserverpb.Lease/LeaseGrant", pb::LeaseGrantRequest { ttl: 60, id: 0 }).await.unwrap();
    assert!(grant.id > 0 && grant.ttl == 60);
    let _: pb::PutResponse =
        client.call("/etcdserverpb.KV/Put", pb::PutRequest { lease: grant.id, ..put("k", "v") }).await.unwrap();
    let asks = [grant.id, 5, grant.id].map(|id| pb::LeaseKeepAliveRequest { id }).to_vec();
    let mut answers = client
        .both_ways::<_, pb::LeaseKeepAliveResponse>("/etcdserverpb.Lease/LeaseKeepAlive", Request::new(asks))
        .await
        .unwrap();
    for (id, ttl) in [(grant.id, 60), (5, 0), (grant.id, 60)] {
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!((answer.id, answer.ttl), (id, ttl));
    }
    let ask = pb::LeaseTimeToLiveRequest { id: grant.id, keys: true };
    let left: pb::LeaseTimeToLiveResponse = client.call("/etcdserverpb.Lease/LeaseTimeToLive", ask).await.unwrap();
    assert_eq!((left.granted_ttl, left.keys.len(), left.ttl), (60, 1, 59));
    let listed: pb::LeaseLeasesResponse =
        client.call("/etcdserverpb.Lease/LeaseLeases", pb::LeaseLeasesRequest {}).await.unwrap();
    assert_eq!(listed.leases, [pb::LeaseStatus { id: grant.id }]);
    let revoked: pb::LeaseRevokeResponse =
        client.call("/etcdserverpb.Lease/LeaseRevoke", pb::LeaseRevokeRequest { id: grant.id }).await.unwrap();
    assert_eq!(revoked.header.unwrap().revision, 3);
    assert_eq!(client.range(get("k")).await.unwrap().count, 0);
    let ask = pb::LeaseTimeToLiveRequest { id: grant.id, keys: false };
    let left: pb::LeaseTimeToLiveResponse = client.call("/etcdserverpb.Lease/LeaseTimeToLive", ask).await.unwrap();
    assert_eq!((left.ttl, left.granted_ttl), (-1, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_forgets_and_hashes_agree() {
    let house = House::open().await;
    let mut client = house.client().await;
    for n in 0..5 {
        client.put("k", n.to_string()).await.unwrap();
    }
    let hash: pb::HashKvResponse =
        client.call("/etcdserverpb.Maintenance/HashKV", pb::HashKvRequest { revision: 0 }).await.unwrap();
    assert_eq!((hash.compact_revision, hash.hash_revision), (-1, 6));
    for physical in [false, true] {
        let request = pb::CompactionRequest { revision: 4 + i64::from(physical), physical };
        let done: pb::CompactionResponse = client.call("/etcdserverpb.KV/Compact", request).await.unwrap();
        assert_eq!(done.header.unwrap().revision, 6);
    }
    let again: Result<pb::CompactionResponse, _> =
        client.call("/etcdserverpb.KV/Compact", pb::CompactionRequest { revision: 5, physical: false }).await;
    refused(again, Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted");
    refused(
        client.range(pb::RangeRequest { revision: 4, ..get("k") }).await,
        Code::OutOfRange,
        "etcdserver: mvcc: required revision has been compacted",
    );
    assert_eq!(client.range(pb::RangeRequest { revision: 5, ..get("k") }).await.unwrap().kvs[0].value, "3");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_alarms_members_and_health_are_told() {
    let house = House::open().await;
    let mut client = house.client().await;
    client.put("k", "v").await.unwrap();
    let status = async |client: &mut house::Client| -> pb::StatusResponse {
        client.call("/etcdserverpb.Maintenance/Status", pb::StatusRequest {}).await.unwrap()
    };
    let told = status(&mut client).await;
    assert_eq!((told.version.as_str(), told.storage_version.as_str()), ("3.7.3", "3.7.0"));
    assert!(told.leader == told.header.unwrap().member_id && told.raft_index > 0 && told.raft_term > 0);
    assert!(told.raft_applied_index > 0 && told.db_size >= told.db_size_in_use && told.errors.is_empty());

    let alarm = |action, alarm| pb::AlarmRequest { action, member_id: 5, alarm };
    let path = "/etcdserverpb.Maintenance/Alarm";
    let raised: pb::AlarmResponse = client.call(path, alarm(1, 2)).await.unwrap();
    assert_eq!(raised.alarms, [pb::AlarmMember { member_id: 5, alarm: 2 }]);
    assert_eq!(status(&mut client).await.errors, ["memberID:5 alarm:CORRUPT"]);
    let listed: pb::AlarmResponse = client.call(path, alarm(0, 0)).await.unwrap();
    assert_eq!(listed.alarms.len(), 1);
    let other: pb::AlarmResponse = client.call(path, alarm(0, 1)).await.unwrap();
    assert_eq!(other.alarms.len(), 0);
    let cleared: pb::AlarmResponse = client.call(path, alarm(2, 2)).await.unwrap();
    assert_eq!(cleared.alarms.len(), 1);
    assert!(status(&mut client).await.errors.is_empty());

    let request = pb::MemberListRequest { linearizable: true };
    let members: pb::MemberListResponse = client.call("/etcdserverpb.Cluster/MemberList", request).await.unwrap();
    assert_eq!((members.members.len(), members.members[0].name.as_str(), members.header.unwrap().revision), (1, "n1", 0));
    let _: pb::DefragmentResponse = client.call("/etcdserverpb.Maintenance/Defragment", pb::DefragmentRequest {}).await.unwrap();

    let health: HealthCheckResponse = client.call("/grpc.health.v1.Health/Check", HealthCheckRequest::default()).await.unwrap();
    assert_eq!(health.status, 1);
    let unknown: Result<HealthCheckResponse, _> =
        client.call("/grpc.health.v1.Health/Check", HealthCheckRequest { service: "no".into() }).await;
    refused(unknown, Code::NotFound, "unknown service");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_reads_back_and_carries_etcds_hash() {
    let house = House::open().await;
    let mut client = house.client().await;
    for n in 0..50 {
        client.put(&format!("k{n}"), vec![b'v'; 5000]).await.unwrap();
    }
    let refused = config::Refused {
        context: config::Context::default(),
        attempted: config::Action::ConfigCreated,
        namespace: "a".to_owned(),
        key: None,
    };
    let store = house.node.config_store().unwrap();
    store.propose(replica::Lane::Normal, &config::Command::Refused(refused)).await.unwrap();
    let pieces: Vec<pb::SnapshotResponse> =
        client.all("/etcdserverpb.Maintenance/Snapshot", pb::SnapshotRequest {}).await.unwrap();
    assert!(pieces.len() > 3);
    assert_eq!(pieces.last().unwrap().blob.len(), 32);
    let file: Vec<u8> = pieces.iter().flat_map(|piece| piece.blob.to_vec()).collect();
    assert_eq!(file.len() % 512, 32);
    let reader = Reader::open(&file[..]).unwrap();
    assert_eq!(reader.header().cluster_id, house.node.status().cluster_id);
    let pairs: Vec<_> = reader.collect::<Result<_, _>>().unwrap();
    assert!(pairs.iter().any(|(key, _)| key[0] != 0), "the configuration store that lies in the same shard");
    assert!(pairs.iter().all(|(key, _)| key[..4] < [0xff; 4][..]), "and no streams");
    assert!(pairs.iter().any(|(_, value)| value.windows(5000).any(|window| window.iter().all(|byte| *byte == b'v'))));
    house.close().await;
}

/// Makes one call with nothing between it and the server that knows what a deadline is; the status in its trailers.
async fn grpc_status(address: SocketAddr, path: &str, timeout: &str, request: &impl Message) -> Code {
    let (mut client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let head = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .body(())
        .unwrap();
    let (answer, mut body) = client.send_request(head, false).unwrap();
    let mut framed = vec![0];
    framed.extend(u32::try_from(request.encoded_len()).unwrap().to_be_bytes());
    framed.extend(request.encode_to_vec());
    // It may have been answered before it was sent.
    let _ = body.send_data(framed.into(), true);
    let (head, mut body) = answer.await.unwrap().into_parts();
    let trailers = if head.headers.contains_key("grpc-status") { head.headers } else { body.trailers().await.unwrap().unwrap() };
    connection.abort();
    Code::from_bytes(trailers["grpc-status"].as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_has_passed_is_answered_without_doing_anything() {
    let house = House::open().await;
    let mut client = house.client().await;
    // Once this was asked through tonic's client, which keeps the deadline itself: on a busy machine it sometimes gave up
    // (Cancelled) before it saw the server's answer.
    assert_eq!(grpc_status(house.address, "/etcdserverpb.KV/Put", "0n", &put("k", "v")).await, Code::DeadlineExceeded);
    assert_eq!(client.range(get("k")).await.unwrap().count, 0);
    let mut with_leader = Request::new(get("k"));
    with_leader.metadata_mut().insert("hasleader", "true".parse().unwrap());
    let answer: pb::RangeResponse = client.call_with("/etcdserverpb.KV/Range", with_leader).await.unwrap();
    assert_eq!(answer.count, 0);
    let mut squeezed = Request::new(get("k"));
    squeezed.metadata_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let status = client.call_with::<_, pb::RangeResponse>("/etcdserverpb.KV/Range", squeezed).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_are_told_and_end_when_the_door_closes() {
    let house = House::open().await;
    let mut client = house.client().await;
    let create = pb::WatchCreateRequest { key: "k".into(), ..pb::WatchCreateRequest::default() };
    let request = pb::WatchRequest { request_union: Some(pb::watch_request::RequestUnion::CreateRequest(create)) };
    let mut watch =
        client.both_ways::<_, pb::WatchResponse>("/etcdserverpb.Watch/Watch", Request::new(vec![request])).await.unwrap();
    assert!(watch.next().await.unwrap().unwrap().created);
    for value in ["1", "2"] {
        client.put("k", value).await.unwrap();
        let told = timeout(Duration::from_secs(5), watch.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(told.events[0].kv.as_ref().unwrap().value, value);
    }
    let mut health =
        client.stream::<_, HealthCheckResponse>("/grpc.health.v1.Health/Watch", HealthCheckRequest::default()).await.unwrap();
    assert_eq!(health.next().await.unwrap().unwrap().status, 1);
    let ended = tokio::spawn(async move { (watch.next().await, health.next().await, health.next().await) });
    let metrics = house.metrics.clone();
    assert!(house.close().await < Duration::from_secs(4));
    let (watch, health, end) = ended.await.unwrap();
    refused(watch.unwrap(), Code::Unavailable, "etcdserver: server stopped");
    assert_eq!(health.unwrap().unwrap().status, 2);
    refused(end.unwrap(), Code::Unavailable, "etcdserver: server stopped");
    let counts = metrics.snapshot();
    let puts = counts.methods.iter().find(|counts| counts.method == "Put").unwrap();
    assert_eq!((puts.started, &puts.handled[..]), (2, &[("OK", 2)][..]));
}
