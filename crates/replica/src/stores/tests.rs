//! A store within its shard, and a cluster that is not upgraded.

use std::time::Duration;

use base::{EntryId, Kind};
use config::{Context, Expect, Operation, Put, Transaction, Value, ValueType};

use super::*;
use crate::{
    Lane, Node, NodeOptions, PeerOptions, Start,
    batch::{self, Target},
    consensus::{Reply, StateMachine as _},
    hold,
    shard::tests::Replica,
};

fn write(key: &str) -> Command {
    let put = Put {
        namespace: "a".to_owned(),
        key: key.to_owned(),
        value_type: ValueType::String,
        value: Value::Inline(bytes::Bytes::from_static(b"v")),
        expect: Expect::Any,
        creates_namespace: true,
        restores: 0,
    };
    let context = Context { request_id: "r".to_owned(), ..Context::default() };
    Command::Write(Transaction { context, operations: vec![Operation::Put(put)], ..Transaction::default() })
}

fn apply(replica: &mut Replica, command: &Command) -> Result<config::Reply> {
    let mut encoded = Vec::new();
    command.encode(&mut encoded);
    let payload = batch::encode(cluster::LEVEL, 1_000, None, [(Target::Store(DEFAULT), &encoded[..])].into_iter(), 0);
    replica.index += 1;
    match replica.state.apply(EntryId { term: 1, index: replica.index }, &payload).0.remove(0) {
        Reply::Store(reply) => reply,
        Reply::Refused(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn replica() -> (Replica, Store) {
    let replica = Replica::new();
    replica.state.open_store(DEFAULT).expect("opens");
    let store = replica.state.store(DEFAULT).expect("was opened");
    (replica, store)
}

/// The machine keeps in memory what it decides by: another state under its table is another memory.
#[tokio::test]
async fn a_store_begins_anew_on_a_state_that_is_taken_over() {
    let ((mut ahead, there), (mut behind, here)) = (replica(), replica());
    for number in 0..30 {
        apply(&mut ahead, &write(&format!("k{number}"))).expect("writes");
    }
    apply(&mut behind, &write("k0")).expect("writes");
    ahead.settle();
    // Woken once for what was applied.
    here.moved().await;
    behind.state.install(ahead.send(&behind.state)).expect("installs");
    behind.index = ahead.index;
    tokio::time::timeout(Duration::from_secs(5), here.moved()).await.expect("whoever waits is woken");
    assert_eq!((here.machine().position(), here.machine().counts()), (31, there.machine().counts()));
    for replica in [&mut ahead, &mut behind] {
        apply(replica, &write("k0")).expect("writes");
    }
    assert_eq!(here.machine().root(32).unwrap(), there.machine().root(32).unwrap());
    assert_eq!(ahead.state.table().digest(), behind.state.table().digest());
}

#[test]
fn a_command_for_no_store_is_refused() {
    let mut replica = Replica::new();
    assert_eq!(apply(&mut replica, &write("k")).unwrap_err().kind, Kind::NotFound);
}

/// Members of the build before end when they find in their log what they cannot read.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_before_the_cluster_is_upgraded() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = NodeOptions {
        data_dir: dir.path().to_owned(),
        name: "n1".to_owned(),
        data_shards: 2,
        journal_segment_bytes: 4 << 20,
        settle_bytes: 1 << 20,
        value_cache_bytes: 1 << 20,
        watch_ring_bytes: 1 << 20,
        admission_bytes: 1 << 20,
        admission_commands: 100,
        quota_bytes: 0,
        scrub_every: Duration::ZERO,
        scrub_bytes_per_second: 0,
    };
    let held = hold(&options, &Start::Alone).expect("nobody else has it");
    let node = Node::open(held, options, PeerOptions::default(), None).await.expect("starts");
    let store = node.config_store().expect("serves");
    assert_eq!(store.status().shard, base::ShardId(2), "not where the default key space is");
    let level = node.level().swap(batch::LEVEL_STORES - 1, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(level, cluster::LEVEL);
    for command in [write("k"), Command::Sweep, Command::PutChunk { bytes: bytes::Bytes::from_static(b"c") }] {
        let refused = store.propose(Lane::Normal, &command).await.unwrap_err();
        assert!(refused.kind == Kind::Precondition && refused.message.contains("upgrade --finish"), "{refused}");
    }
    let refused = store.put_value(vec![1; 100_000].into()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Precondition);
    store.barrier().await.expect("a read is answered");
    assert_eq!(store.position(), 0, "and finds nothing");
    node.level().store(batch::LEVEL_STORES, std::sync::atomic::Ordering::Relaxed);
    store.propose(Lane::Normal, &write("k")).await.expect("the upgrade is finished");

    node.space_meter().set_full(true);
    let refused = store.propose(Lane::Normal, &write("k")).await.unwrap_err();
    assert!(refused.kind == Kind::Overloaded && refused.message.contains("nearly full"), "{refused}");
    let delete = Operation::Delete { namespace: "a".to_owned(), key: "k".to_owned(), expect: Expect::Any };
    let delete = Command::Write(Transaction { operations: vec![delete], ..Transaction::default() });
    store.propose(Lane::Normal, &delete).await.expect("what frees a disk is taken");
    node.space_meter().set_full(false);
    node.shutdown().await.expect("stops");
    let refused = store.propose(Lane::Normal, &write("k")).await.unwrap_err();
    assert!(refused.kind == Kind::Unavailable && refused.message.contains("nothing was done"), "{refused}");
    let mut positions = store.subscribe();
    assert_eq!(positions.changed().await.unwrap_err().kind, Kind::Unavailable, "nobody waits for a node that ends");
}
