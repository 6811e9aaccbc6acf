//! A settle in whose middle the whole state is replaced.

use std::thread;

use base::disk::MemoryDisk;
use bytes::Bytes;
use parking_lot::Mutex as Lock;
use table::{Change, Direction, Mark, MemoryTree, Pair, Snapshot, Stage, Staged, Tree};

use super::*;
use crate::shard::tests::{Replica, assert_same, batch, put};

type Hook = Lock<Option<Box<dyn FnOnce() + Send>>>;

/// A tree that does something else before a key is looked up in it.
#[derive(Default)]
struct Hooked {
    tree: MemoryTree,
    hook: Arc<Hook>,
}

struct HookedMoment {
    moment: Arc<dyn Snapshot>,
    hook: Arc<Hook>,
}

impl Snapshot for HookedMoment {
    fn mark(&self) -> &Mark {
        self.moment.mark()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let due = self.hook.lock().take();
        if let Some(work) = due {
            work();
        }
        self.moment.get(key)
    }

    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        self.moment.range(from, to, direction)
    }
}

impl Tree for Hooked {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(HookedMoment { moment: self.tree.snapshot(), hook: self.hook.clone() })
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        self.tree.settle(changes, dropped, mark)
    }

    fn maintain(&self, room_bytes: u64) -> Result<bool> {
        self.tree.maintain(room_bytes)
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        self.tree.stage()
    }

    fn replace(&self, staged: Staged) -> Result<()> {
        self.tree.replace(staged)
    }

    fn disk_bytes(&self) -> u64 {
        self.tree.disk_bytes()
    }

    fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        self.tree.verify(read)
    }
}

#[tokio::test]
async fn a_settle_that_an_installation_overtakes_answers_what_was_installed() {
    let options = journal::Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 1 << 18, reserve_bytes: 0 };
    let (journal, writer) = Journal::open(Arc::new(MemoryDisk::new()), options).expect("opens");
    let writing = thread::spawn(move || writer.run());
    let tree = Arc::new(Hooked::default());
    let mut behind = Replica::over(tree.clone());
    let group = Group::start(ShardId(1), 1, 0, journal.clone(), behind.state.clone(), None).await.expect("starts");
    group.initialize(&[1]).await.expect("is founded");
    group.ready().await.expect("leads");
    group.propose(batch(&[put("key", "old")])).await.expect("is applied");
    let settler = Settler::new(behind.state.clone(), group.clone(), journal.clone(), 1 << 20, Arc::default());

    let mut ahead = Replica::new();
    ahead.put("key", "old");
    for number in 0..100 {
        ahead.put("key", &format!("new {number}"));
    }
    ahead.settle();
    let (state, staged) = (behind.state.clone(), ahead.send(&behind.state));
    // After the seal, the settle first asks what there is to reclaim.
    *tree.hook.lock() = Some(Box::new(move || state.install(staged).expect("installs")));
    let mark = settler.inner.settle_now().expect("is no failure");
    assert!(tree.hook.lock().is_none(), "it was overtaken");
    assert_eq!(mark.applied, ahead.state.mark().applied);
    behind.index = ahead.index;
    assert_same(&ahead, &behind);
    settler.inner.settle_now().expect("the next one settles as ever");
    assert_same(&ahead, &behind);

    group.shutdown().await;
    journal.close();
    writing.join().expect("the writer does not panic").expect("the disk takes everything");
}

/// Who waits for room would otherwise wait for the next settle, which comes only with new changes.
#[tokio::test]
async fn an_installation_makes_room() {
    let options = journal::Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 1 << 18, reserve_bytes: 0 };
    let (journal, writer) = Journal::open(Arc::new(MemoryDisk::new()), options).expect("opens");
    let writing = thread::spawn(move || writer.run());
    let behind = Replica::new();
    let group = Group::start(ShardId(1), 1, 0, journal.clone(), behind.state.clone(), None).await.expect("starts");
    group.initialize(&[1]).await.expect("is founded");
    group.ready().await.expect("leads");
    group.propose(batch(&[put("key", &"x".repeat(10_000))])).await.expect("is applied");
    let turn: Arc<Mutex<()>> = Arc::default();
    let settler = Settler::new(behind.state.clone(), group.clone(), journal.clone(), 1_000, turn.clone());
    let busy = turn.lock().await;
    let mut room = tokio::spawn({
        let settler = settler.clone();
        async move { settler.room().await }
    });
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut room).await.is_err(), "there is no room yet");
    let mut ahead = Replica::new();
    (0..10).for_each(|_| assert!(ahead.put("key", "new") > 0));
    ahead.settle();
    behind.state.install(ahead.send(&behind.state)).expect("installs");
    drop(busy);
    let running = tokio::spawn({
        let settler = settler.clone();
        async move { settler.run().await }
    });
    tokio::time::timeout(Duration::from_secs(10), room).await.expect("there is room").expect("it does not panic");
    settler.close();
    running.await.expect("it does not panic").expect("no failure");
    group.shutdown().await;
    journal.close();
    writing.join().expect("the writer does not panic").expect("the disk takes everything");
}

/// A settle waited, up to 5 s, until it was noted as the snapshot. Who notes it is who applies, and a replica that took entries
/// faster than it settled waited there for the next settle: its log grew by all that its leader wrote meanwhile, once until its
/// disk was full.
#[tokio::test]
async fn a_settle_does_not_wait_for_those_who_wait_for_the_next_one() {
    let options = journal::Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 1 << 18, reserve_bytes: 0 };
    let (journal, writer) = Journal::open(Arc::new(MemoryDisk::new()), options).expect("opens");
    let writing = thread::spawn(move || writer.run());
    let replica = Replica::new();
    let group = Group::start(ShardId(1), 1, 0, journal.clone(), replica.state.clone(), None).await.expect("starts");
    group.initialize(&[1]).await.expect("is founded");
    group.ready().await.expect("leads");
    let settler = Settler::new(replica.state.clone(), group.clone(), journal.clone(), 1_000, Arc::default());
    let running = tokio::spawn({
        let settler = settler.clone();
        async move { settler.run().await }
    });
    let value = "x".repeat(10_000);
    let puts = (0..20).map(|number| group.propose(batch(&[put(&format!("key {number}"), &value)])));
    let all = futures_util::future::try_join_all(puts);
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("no settle holds them up").expect("are applied");
    settler.close();
    running.await.expect("it does not panic").expect("no failure");
    group.shutdown().await;
    journal.close();
    writing.join().expect("the writer does not panic").expect("the disk takes everything");
}
