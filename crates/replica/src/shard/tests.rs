//! A replica that is behind takes over the state of one that is ahead.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use futures_util::FutureExt as _;
use kv::{Cold, PutRequest, RangeRequest, Span};
use table::{Direction, LsmTree, MemoryTree, TreeOptions};

use super::*;
use crate::{
    batch::Target,
    lease::Left,
    limits::KEYS_END,
    watch::{Output, StreamOptions, Watch, WatchStream},
};

const SPACE: KeyspaceId = KeyspaceId(1);
const STREAM: StreamOptions = StreamOptions { fragment_bytes: 1 << 20, watches_max: 10 };

/// A replica, driven by hand.
pub(crate) struct Replica {
    pub(crate) state: Arc<ShardState>,
    pub(crate) index: u64,
}

pub(crate) fn options() -> SpaceOptions {
    let machine = kv::Options { cache_bytes: 1 << 16, ..kv::Options::default() };
    SpaceOptions { machine, watch_ring_bytes: 1 << 16, store: config::Options::default(), meter: Arc::default() }
}

impl Replica {
    pub(crate) fn over(tree: Arc<dyn Tree>) -> Replica {
        let state = ShardState::open(ShardId(1), tree, None, options()).expect("opens");
        state.open_space(SPACE).expect("opens");
        let index = state.mark().applied.map_or(0, |id| id.index);
        Replica { state: Arc::new(state), index }
    }

    pub(crate) fn new() -> Replica {
        Replica::over(Arc::new(MemoryTree::default()))
    }

    pub(crate) fn space(&self) -> Space {
        self.state.space(SPACE).expect("was opened")
    }

    fn machine(&self) -> kv::Machine {
        self.space().machine
    }

    pub(crate) fn apply(&mut self, commands: &[Command]) {
        self.index += 1;
        let replies = self.state.apply(EntryId { term: 1, index: self.index }, &batch(commands));
        assert_eq!(replies.0.len(), commands.len());
        for reply in replies.0 {
            assert!(matches!(reply, Reply::Kv(kv::Applied { reply: Ok(_), .. })), "{reply:?}");
        }
    }

    pub(crate) fn put(&mut self, key: &str, value: &str) -> i64 {
        self.apply(&[put(key, value)]);
        self.machine().revision()
    }

    pub(crate) fn settle(&self) {
        let (sealed, ..) = self.state.seal().expect("one at a time");
        let (changes, dropped) = self.machine().reclaim(1 << 20).expect("reclaims");
        assert!(self.state.table().settle(sealed, changes, &dropped).expect("settles"));
        self.machine().reclaimed();
    }

    /// What this replica has settled, staged in `to`.
    pub(crate) fn send(&self, to: &ShardState) -> Staged {
        let (snapshot, mut stage) = (self.state.snapshot(), to.stage().expect("stages"));
        for pair in snapshot.range(Bytes::new(), Bytes::from_static(&KEYS_END), Direction::Forward) {
            stage.push(pair.expect("reads")).expect("takes");
        }
        stage.finish(snapshot.mark().clone()).expect("is whole")
    }
}

pub(crate) fn batch(commands: &[Command]) -> Bytes {
    let encoded: Vec<Vec<u8>> = commands
        .iter()
        .map(|command| {
            let mut encoded = Vec::new();
            command.encode(&mut encoded);
            encoded
        })
        .collect();
    batch::encode(cluster::LEVEL_FIRST, 1, None, encoded.iter().map(|command| (Target::Keyspace(SPACE), &command[..])), 0)
}

pub(crate) fn put(key: &str, value: &str) -> Command {
    Command::Put(PutRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::copy_from_slice(value.as_bytes()),
        ..PutRequest::default()
    })
}

fn everything() -> Span {
    Span { key: Bytes::from_static(&[0]), range_end: Bytes::from_static(&[0]) }
}

pub(crate) fn assert_same(one: &Replica, other: &Replica) {
    let (a, b) = (one.machine(), other.machine());
    assert_eq!(a.hash_kv(0), b.hash_kv(0));
    assert_eq!((a.revision(), a.compact_revision(), a.size()), (b.revision(), b.compact_revision(), b.size()));
    assert_eq!(a.leases(), b.leases());
    let all = RangeRequest { span: everything(), ..RangeRequest::default() };
    let read = |machine: &kv::Machine| machine.range(&all, Cold::Allow).expect("may read").expect("reads");
    assert_eq!(read(&a), read(&b));
    assert_eq!(one.state.mark(), other.state.mark());
}

/// Two replicas of one log, of which the first is some hundred entries ahead and has settled and compacted.
fn two(behind: Replica) -> (Replica, Replica) {
    let (mut ahead, mut behind) = (Replica::new(), behind);
    for number in 0..50 {
        for replica in [&mut ahead, &mut behind] {
            replica.put(&format!("key {}", number % 7), &format!("value {number}"));
        }
        if number == 20 {
            behind.settle();
        }
    }
    for number in 50..300 {
        ahead.put(&format!("key {}", number % 11), &format!("value {number}"));
    }
    ahead.apply(&[Command::Compact { revision: 40 }]);
    ahead.machine().force_reclaim();
    ahead.settle();
    ahead.settle();
    (ahead, behind)
}

#[test]
fn a_replica_that_is_behind_takes_over_the_state() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || LsmTree::open(dir.path(), TreeOptions::default()).expect("opens");
    let (mut ahead, mut behind) = two(Replica::over(open()));
    assert!(behind.state.is_ahead_of_tree());
    behind.state.install(ahead.send(&behind.state)).expect("installs");
    behind.index = ahead.index;
    assert_same(&ahead, &behind);
    assert!(!behind.state.is_ahead_of_tree());
    assert_eq!(behind.state.snapshot().mark().applied, ahead.state.mark().applied);
    assert_eq!(behind.state.mark(), ahead.state.mark());
    assert_eq!(behind.state.table().unsettled_memory(), 0);
    for replica in [&mut ahead, &mut behind] {
        for number in 0..30 {
            replica.put(&format!("key {}", number % 5), &format!("after {number}"));
        }
        replica.apply(&[Command::Compact { revision: 290 }]);
        replica.machine().force_reclaim();
        replica.settle();
        replica.settle();
    }
    assert_same(&ahead, &behind);
    assert_eq!(behind.state.digest(), ahead.state.digest(), "both changed alike since");
    assert!(ahead.state.digest().is_some());
    assert!(!behind.state.digests().list().is_empty());
    drop(behind);
    let again = Replica::over(open());
    assert_same(&ahead, &again);
    assert_eq!(again.state.digest(), ahead.state.digest(), "a start goes on from what was settled");
}

/// A tree that was settled before there were digests has none, and says so, until a whole state takes its place.
#[test]
fn a_state_without_a_digest_is_not_compared() {
    let tree = Arc::new(MemoryTree::default());
    let mark = Mark { applied: Some(EntryId { term: 1, index: 7 }), membership: Bytes::new() };
    tree.settle(&mut std::iter::empty(), &[], &mark).expect("settles");
    let mut old = Replica::over(tree.clone());
    for number in 0..20 {
        old.put("key", &format!("{number}"));
    }
    assert!(old.state.digests().list().is_empty());
    old.settle();
    assert!(Replica::over(tree).state.digest().is_none());
    let (ahead, _) = two(Replica::new());
    old.state.install(ahead.send(&old.state)).expect("installs");
    assert_eq!(old.state.digest(), ahead.state.digest());
}

#[test]
fn what_is_not_newer_changes_nothing() {
    let (mut ahead, behind) = two(Replica::new());
    let (old, same) = (behind.send(&ahead.state), ahead.send(&ahead.state));
    ahead.put("key 1", "unsettled");
    ahead.state.install(old).expect("is passed over");
    ahead.state.install(same).expect("is passed over");
    let key = RangeRequest { span: Span { key: "key 1".into(), range_end: Bytes::new() }, ..RangeRequest::default() };
    let (reply, _) = ahead.machine().range(&key, Cold::Allow).expect("may read").expect("reads");
    assert_eq!(reply.kvs[0].value, "unsettled");
}

#[test]
fn the_cluster_s_own_state_is_taken_over_too() {
    let zero = || ShardState::open(ShardId(0), Arc::new(MemoryTree::default()), None, options()).expect("opens");
    let (ahead, behind) = (zero(), zero());
    let commands = [
        cluster::Command::Found { cluster: 5, data_shards: 2, members: Vec::new() },
        cluster::Command::NameMember { id: 9, name: "nine".to_owned() },
    ];
    for (command, index) in commands.into_iter().zip(1..) {
        let payload = batch::encode(cluster::LEVEL_FIRST, 1, None, [(Target::Cluster, &command.encode()[..])].into_iter(), 0);
        ahead.apply(EntryId { term: 1, index }, &payload);
    }
    let (sealed, ..) = ahead.seal().expect("one at a time");
    assert!(ahead.table().settle(sealed, Vec::new(), &[]).expect("settles"));
    let staged = Replica { state: Arc::new(ahead), index: 2 }.send(&behind);
    behind.install(staged).expect("installs");
    let known = behind.with_cluster(|machine| (machine.found(), machine.members().map(|member| member.id).collect::<Vec<_>>()));
    assert_eq!(known, Some((Some((5, 2)), vec![9])));
}

#[test]
fn a_settle_under_way_does_not_bring_back_what_was_replaced() {
    let (ahead, mut behind) = two(Replica::new());
    let (sealed, ..) = behind.state.seal().expect("one at a time");
    behind.put("key 1", "after the seal");
    behind.state.install(ahead.send(&behind.state)).expect("installs");
    assert!(!behind.state.table().settle(sealed, Vec::new(), &[]).expect("is refused without harm"));
    assert_same(&ahead, &behind);
    behind.settle();
    assert_same(&ahead, &behind);
}

/// Settling without pause beside installations and applies: whatever comes first, nothing is mixed.
#[test]
fn settling_beside_installations() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = TreeOptions { table_bytes: 16 << 10, merge_layers: 2, ..TreeOptions::default() };
    let (mut ahead, mut behind) = (Replica::new(), Replica::over(LsmTree::open(dir.path(), options).expect("opens")));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (state, machine, stop) = (behind.state.clone(), behind.machine(), &stop);
        let settler = scope.spawn(move || {
            while !stop.load(Relaxed) {
                let (sealed, ..) = state.seal().expect("one at a time");
                machine.force_reclaim();
                let (changes, dropped) = machine.reclaim(4 << 10).expect("reclaims");
                if state.table().settle(sealed, changes, &dropped).expect("settles") {
                    machine.reclaimed();
                }
                while state.table().tree().maintain(u64::MAX).expect("merges") {}
            }
        });
        for round in 0..25 {
            for number in 0..20 {
                for replica in [&mut ahead, &mut behind] {
                    replica.put(&format!("key {}", number % 9), &format!("both {round} {number}"));
                }
            }
            for number in 0..20 {
                ahead.put(&format!("key {}", number % 13), &format!("one {round} {number}"));
            }
            let compaction = [Command::Compact { revision: ahead.machine().revision() - 30 }];
            ahead.apply(&compaction);
            ahead.machine().force_reclaim();
            ahead.settle();
            behind.state.install(ahead.send(&behind.state)).expect("installs");
            behind.index = ahead.index;
            assert_same(&ahead, &behind);
            assert!(!settler.is_finished());
        }
        stop.store(true, Relaxed);
        settler.join().expect("it settled well");
    });
    drop(behind);
    let settled = LsmTree::open(dir.path(), TreeOptions::default()).expect("opens");
    let restarted = Replica::over(settled);
    assert_eq!(restarted.machine().hash_kv(0), ahead.machine().hash_kv(0));
}

#[test]
fn leases_are_those_of_the_new_state_and_begin_anew() {
    let (mut ahead, mut behind) = (Replica::new(), Replica::new());
    let grant = |id, ttl| Command::LeaseGrant { id, ttl };
    for replica in [&mut ahead, &mut behind] {
        replica.apply(&[grant(1, 100), grant(2, 100), grant(3, 100)]);
    }
    ahead.apply(&[Command::LeaseRevoke { id: 1 }, Command::LeaseRevoke { id: 2 }, grant(2, 500), grant(4, 200)]);
    ahead.apply(&[Command::LeaseCheckpoint { term: 1, remaining: vec![(4, 50)] }]);
    ahead.settle();
    let before = runtime_now();
    behind.state.install(ahead.send(&behind.state)).expect("installs");
    let left = |id| behind.space().leases.left(id);
    assert_eq!(left(1), Left::Unknown, "it ended");
    for (id, seconds) in [(2, 500), (3, 100), (4, 50)] {
        let Left::Time(time) = left(id) else { panic!("lease {id} is there") };
        let whole = Duration::from_secs(seconds);
        assert!(time <= whole && time + (runtime_now() - before) >= whole, "lease {id} has {time:?}");
    }
    assert_eq!(behind.space().leases.renew(4), Ok((200, true)), "its remaining time is on record");
}

fn runtime_now() -> Duration {
    crate::runtime::now()
}

/// Revisions of what a stream delivers, until it has nothing more; what is not events comes as text.
async fn delivered(stream: &mut WatchStream) -> (Vec<i64>, Vec<String>) {
    let (mut revisions, mut others) = (Vec::new(), Vec::new());
    loop {
        let output = match stream.next().now_or_never() {
            Some(output) => output.expect("the hub is open"),
            None if stream.is_reading() => {
                tokio::task::yield_now().await;
                continue;
            }
            None => return (revisions, others),
        };
        match output {
            Output::Events { body, .. } => revisions.extend(revisions_of(&body)),
            Output::Created { .. } => {}
            other => others.push(format!("{other:?}")),
        }
    }
}

fn revisions_of(body: &Bytes) -> Vec<i64> {
    crate::watch::tests::decode(body).into_iter().map(|event| event.kv.expect("set").mod_revision).collect()
}

fn watch(id: i64, start: i64) -> Watch {
    Watch { id, span: everything(), start, prev_kv: true, progress_notify: true, ..Watch::default() }
}

/// Streams at every stage of their work live through a jump of some hundred revisions.
#[tokio::test]
async fn watchers_see_the_jump_or_are_told_that_it_is_compacted() {
    for compacted in [40, 200] {
        let (mut ahead, behind) = two(Replica::new());
        ahead.apply(&[Command::Compact { revision: compacted.max(41) }]);
        ahead.machine().force_reclaim();
        ahead.settle();
        ahead.settle();
        let (from, to, mark) = (behind.machine().revision(), ahead.machine().revision(), ahead.machine().compact_revision());
        let hub = behind.space().hub;
        let [mut asleep, mut reading, mut future] = [(1, 0), (2, 5), (3, to + 3)].map(|(id, start)| {
            let mut stream = hub.stream(STREAM);
            stream.watch(watch(id, start));
            stream
        });
        assert!(delivered(&mut asleep).await.0.is_empty());
        assert!(delivered(&mut future).await.0.is_empty());
        // One has asked for history, which is there by now, and not taken it yet. The read may also be done within the look that
        // began it: waiting to see it under way went on for ever then.
        let mut early = Vec::new();
        while !reading.is_reading() && early.last() != Some(&from) {
            if let Some(Some(Output::Events { body, .. })) = reading.next().now_or_never() {
                early.extend(revisions_of(&body));
            }
        }
        crate::runtime::sleep(Duration::from_millis(50)).await;
        behind.state.install(ahead.send(&behind.state)).expect("installs");
        asleep.request_progress();
        let (revisions, others) = delivered(&mut asleep).await;
        if mark <= from + 1 {
            assert_eq!(revisions, (from + 1..=to).collect::<Vec<_>>());
            assert_eq!(others, [format!("Progress {{ id: -1, revision: {to} }}")]);
        } else {
            assert_eq!((revisions, others), (vec![], vec![format!("Compacted {{ id: 1, compact_revision: {mark} }}")]));
        }
        let (later, others) = delivered(&mut reading).await;
        let revisions = [early, later].concat();
        let compacted = [format!("Compacted {{ id: 2, compact_revision: {mark} }}")];
        let lives = match revisions.last() {
            // On a busy machine the read may have begun after the jump.
            None => {
                assert_eq!(others, compacted);
                false
            }
            Some(upto) => {
                assert_eq!(revisions, (5..=*upto).collect::<Vec<_>>(), "in order, nothing twice");
                let lives = mark <= from + 1;
                // What it had begun to read is of the state before.
                assert_eq!(*upto, if lives { to } else { from });
                assert_eq!(others, if lives { &[][..] } else { &compacted[..] });
                lives
            }
        };
        // A watch of the future goes on waiting, and everyone meets what comes next.
        let mut behind = Replica { index: ahead.index, ..behind };
        let mut late = hub.stream(STREAM);
        late.watch(watch(4, 0));
        for number in 0..4 {
            behind.put("key 1", &format!("next {number}"));
        }
        let nexts: Vec<i64> = (to + 1..=to + 4).collect();
        assert_eq!(delivered(&mut future).await.0, nexts[2..]);
        assert_eq!(delivered(&mut late).await.0, nexts);
        assert_eq!(delivered(&mut asleep).await.0, if mark <= from + 1 { &nexts[..] } else { &[] });
        assert_eq!(delivered(&mut reading).await.0, if lives { &nexts[..] } else { &[] });
    }
}

/// The mark of a compaction carries what each replica reckons for itself since its start. In the digest, it made a replica that had
/// been restarted look as if it held other data, and it would have been rebuilt for nothing.
#[test]
fn replicas_that_were_restarted_at_other_times_have_equal_digests() {
    let tree = Arc::new(MemoryTree::default());
    let (mut steady, mut restarted) = (Replica::new(), Replica::over(tree.clone()));
    for round in 0..3 {
        for number in 0..700 {
            for replica in [&mut steady, &mut restarted] {
                replica.put(&format!("key {}", number % 9), &format!("{round} {number}").repeat(500));
            }
        }
        restarted.settle();
        restarted = Replica::over(tree.clone());
        assert_eq!(restarted.index, steady.index, "all of it was settled");
        let revision = steady.machine().revision();
        for replica in [&mut steady, &mut restarted] {
            replica.apply(&[Command::Compact { revision: revision - 300 }]);
            replica.apply(&[Command::Compact { revision }]);
        }
        assert!(steady.state.digest().is_some());
        assert_eq!(steady.state.digest(), restarted.state.digest(), "in round {round}");
    }
}
