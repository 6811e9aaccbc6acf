//! The Rust `etcd-client` against a server, from a user's side: every call that our door serves, once.
//!
//! `etcd-client-story HOST:PORT` prints a line for each chapter and ends with 0 when all held.

use etcd_client::{
    AlarmAction, AlarmType, Client, Compare, CompareOp, DeleteOptions, Error, EventType, GetOptions, LeaseGrantOptions,
    LeaseTimeToLiveOptions, PutOptions, SortOrder, SortTarget, Txn, TxnOp, TxnOpResponse, WatchOptions,
};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let endpoint = std::env::args().nth(1).expect("the server's address is the only argument");
    let mut client = Client::connect([endpoint], None).await?;
    values(&mut client).await?;
    transactions(&mut client).await?;
    leases(&mut client).await?;
    watches(&mut client).await?;
    upkeep(&mut client).await?;
    Ok(())
}

async fn values(client: &mut Client) -> Result<(), Error> {
    client.put("story/a", "1", None).await?;
    let before = client.put("story/a", "2", Some(PutOptions::new().with_prev_key())).await?;
    assert_eq!(before.prev_key().map(|kv| kv.value()), Some(&b"1"[..]));
    for n in 0..10 {
        client.put(format!("story/list/{n}"), format!("{}", 9 - n), None).await?;
    }
    let options = GetOptions::new().with_prefix().with_limit(3).with_sort(SortTarget::Value, SortOrder::Ascend);
    let list = client.get("story/list/", Some(options)).await?;
    let values: Vec<_> = list.kvs().iter().map(|kv| kv.value_str().expect("text")).collect();
    assert_eq!((values, list.count(), list.more()), (vec!["0", "1", "2"], 10, true));
    let old = client.get("story/a", Some(GetOptions::new().with_revision(2))).await?;
    assert_eq!(old.kvs()[0].value(), b"1");
    let count = client.get("story/", Some(GetOptions::new().with_prefix().with_count_only())).await?;
    assert_eq!((count.count(), count.kvs().len()), (11, 0));

    let mut streamed = 0;
    let mut parts = client.kv_client().get_stream("story/", Some(GetOptions::new().with_prefix())).await?;
    while let Some(part) = parts.message().await? {
        streamed += part.kvs().len();
    }
    assert_eq!(streamed, 11);

    let gone = client.delete("story/list/", Some(DeleteOptions::new().with_prefix().with_prev_key())).await?;
    assert_eq!((gone.deleted(), gone.prev_kvs().len()), (10, 10));
    println!("values: put, get, list, stream, delete");
    Ok(())
}

async fn transactions(client: &mut Client) -> Result<(), Error> {
    let txn = |expected: &str| {
        Txn::new()
            .when([Compare::value("story/a", CompareOp::Equal, expected), Compare::version("story/none", CompareOp::Equal, 0)])
            .and_then([TxnOp::put("story/b", "yes", None), TxnOp::get("story/b", None)])
            .or_else([TxnOp::get("story/a", None)])
    };
    let done = client.txn(txn("2")).await?;
    assert!(done.succeeded());
    match &done.op_responses()[..] {
        [TxnOpResponse::Put(_), TxnOpResponse::Get(get)] => assert_eq!(get.kvs()[0].value(), b"yes"),
        other => panic!("{other:?}"),
    }
    let done = client.txn(txn("other")).await?;
    assert!(!done.succeeded() && done.op_responses().len() == 1);
    let nested = Txn::new().and_then([TxnOp::txn(Txn::new().and_then([TxnOp::put("story/c", "deep", None)]))]);
    assert!(client.txn(nested).await?.succeeded());
    assert_eq!(client.get("story/c", None).await?.kvs()[0].value(), b"deep");
    println!("transactions: compared, nested");
    Ok(())
}

async fn leases(client: &mut Client) -> Result<(), Error> {
    let lease = client.lease_grant(60, None).await?;
    assert!(lease.id() > 0 && lease.ttl() == 60);
    client.lease_grant(60, Some(LeaseGrantOptions::new().with_id(4711))).await?;
    client.put("story/leased", "x", Some(PutOptions::new().with_lease(4711))).await?;
    let left = client.lease_time_to_live(4711, Some(LeaseTimeToLiveOptions::new().with_keys())).await?;
    assert_eq!((left.granted_ttl(), left.keys()), (60, &[b"story/leased".to_vec()][..]));
    let (mut keeper, mut answers) = client.lease_keep_alive(4711).await?;
    keeper.keep_alive().await?;
    assert_eq!(answers.message().await?.map(|a| a.ttl()), Some(60));
    assert_eq!(client.leases().await?.leases().len(), 2);
    client.lease_revoke(4711).await?;
    assert!(client.get("story/leased", None).await?.kvs().is_empty());
    assert_eq!(client.lease_time_to_live(4711, None).await?.ttl(), -1);
    println!("leases: granted, kept, shown, revoked");
    Ok(())
}

async fn watches(client: &mut Client) -> Result<(), Error> {
    let revision = client.put("story/w", "0", None).await?.header().expect("a header").revision();
    let options = WatchOptions::new().with_prefix().with_prev_key().with_start_revision(revision);
    let mut stream = client.watch("story/w", Some(options)).await?;
    client.put("story/w", "1", None).await?;
    client.delete("story/w", None).await?;
    let mut id = 0;
    let mut events = Vec::new();
    while events.len() < 3 {
        let answer = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.expect("events come")?;
        let answer = answer.expect("the stream goes on");
        id = answer.watch_id();
        for event in answer.events() {
            let kv = event.kv().expect("a key");
            let before = event.prev_kv().map(|kv| kv.value().to_vec());
            events.push((event.event_type(), kv.value().to_vec(), before));
        }
    }
    let text = |t: &str| t.as_bytes().to_vec();
    let wanted = [
        (EventType::Put, text("0"), None),
        (EventType::Put, text("1"), Some(text("0"))),
        (EventType::Delete, text(""), Some(text("1"))),
    ];
    assert_eq!(events, wanted);
    stream.request_progress().await?;
    let progress = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.expect("progress comes")?;
    assert!(progress.is_some_and(|p| p.events().is_empty() && p.header().is_some_and(|h| h.revision() >= revision + 2)));
    stream.cancel(id).await?;
    let end = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.expect("an end comes")?;
    assert!(end.is_some_and(|e| e.canceled()));
    println!("watches: from a revision, with previous values, progress, cancelled");
    Ok(())
}

async fn upkeep(client: &mut Client) -> Result<(), Error> {
    let status = client.status().await?;
    assert_eq!((status.version(), status.leader() > 0), ("3.7.3", true));
    assert_eq!(client.member_list().await?.members().len(), 1);
    assert!(client.alarm(AlarmAction::Get, AlarmType::None, None).await?.alarms().is_empty());
    let hash = client.hash_kv(0).await?;
    assert_eq!(client.hash_kv(0).await?.hash(), hash.hash());
    client.hash().await?;
    client.defragment().await?;
    let now = status.header().expect("a header").revision();
    client.compact(now, None).await?;
    let compacted = client.get("story/a", Some(GetOptions::new().with_revision(2))).await.expect_err("it is compacted");
    assert!(compacted.to_string().contains("mvcc: required revision has been compacted"), "{compacted}");
    let mut parts = client.snapshot().await?;
    let mut bytes = 0;
    while let Some(part) = parts.message().await? {
        bytes += part.blob().len();
    }
    assert!(bytes > 32 && bytes % 512 == 32, "{bytes} bytes of snapshot");
    println!("upkeep: status, members, alarms, hashes, defragment, compaction, snapshot");
    Ok(())
}
