//! Killed with SIGKILL again and again under mixed load: nothing acknowledged is lost, nothing is applied twice,
//! revisions never go back, and a resumed watch sees every event exactly once.
//!
//! Each run: several clients write while one compacts and one watches; at a random moment the process is killed. Some
//! kills come right after the start, before anything was answered. The server runs with a small settle size, so that
//! kills fall into settles, and its data is on a real disk. After the restart the whole store is read and checked.
//!
//! Two kinds of writes carry serials. An *insert* is a transaction that creates a key of its own, once: found twice in
//! the watch, or with a version other than 1, it was applied twice. A *count* adds one to a client's counter by
//! compare-and-swap on the mod revision: the counter's value, its version and its history must agree. A write without
//! an answer may be there or not; an acknowledged one must be there, at the revision that was answered.
//!
//! `KILLS` sets how many kills (20 unless said otherwise), `INTEROP_SEED` their moments.

use bytes::Bytes;
use interop::random::Random;
use interop::wire::{Wire, mvcc, pb, prefix_end};
use interop::{Kind, Server, Settings};
use pb::compare::{CompareResult, CompareTarget, TargetUnion};
use pb::request_op::Request;
use pb::watch_request::RequestUnion;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Clients that write.
const WRITERS: u64 = 8;
/// Requests each has in flight.
const PIPELINE: u64 = 4;
/// Acknowledgements a run has to reach on average, or the kills prove little.
const ACKS_EACH: u64 = 1_000;
/// The longest load before a kill.
const LOAD_MS_MAX: u64 = 1_500;
/// Revisions before the watched one that compaction leaves.
const KEPT_REVISIONS: i64 = 500;
/// One kill in this many comes right after the start, however far that got.
const EARLY_KILL_EVERY: u64 = 5;

/// What the clients know: shared by all of them, and by the checks.
#[derive(Default)]
struct Diary {
    /// Acknowledged inserts: key and revision.
    inserts: Mutex<HashMap<String, i64>>,
    /// Each lane's counter: the last acknowledged value and its revision.
    counts: Mutex<HashMap<String, (u64, i64)>>,
    /// The greatest value that each lane has ever asked for.
    asked: Mutex<HashMap<String, u64>>,
    acknowledged: AtomicU64,
    /// The greatest revision in any answer.
    revision: AtomicI64,
    serial: AtomicU64,
    compacted: AtomicI64,
    /// The last revision that the watch got: nothing after it may be compacted.
    watched: AtomicI64,
}

/// What a watch of everything has delivered, over all restarts.
#[derive(Default)]
struct Seen {
    last: i64,
    inserts: HashMap<Bytes, i64>,
    counts: HashMap<Bytes, (i64, u64)>,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not {v:?}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let kills = number("KILLS", 20);
    let seed = number("INTEROP_SEED", 1);
    println!("seed {seed}; to see it again: INTEROP_SEED={seed} KILLS={kills} cargo test --profile sim -p interop --test kills");
    let mut random = Random::new(seed);
    let mut settings = Settings::subject().under(Path::new(&std::env::temp_dir()));
    if settings.kind == Kind::Manifold {
        settings = settings.with_arguments(&["--settle", "1MiB", "--journal-segment", "16MiB"]);
    }
    let mut server = Server::start(settings).await;
    let diary = Arc::new(Diary::default());
    // An empty store is at revision 1.
    let mut seen = Seen { last: 1, ..Seen::default() };
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        load_and_kill(&mut server, &diary, &mut seen, &mut random).await;
        if kill % EARLY_KILL_EVERY == 0 {
            server.spawn();
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
            server.kill();
        }
        let begin = Instant::now();
        server.spawn();
        server.wait_ready().await;
        slowest = slowest.max(begin.elapsed());
        check(&server, &diary, &mut seen).await;
    }
    let acknowledged = diary.acknowledged.load(Ordering::Relaxed);
    println!("{kills} kills, {acknowledged} acknowledged, {} revisions watched, slowest start {slowest:?}", seen.last);
    assert!(acknowledged >= kills * ACKS_EACH, "only {acknowledged} acknowledgements in {kills} runs");
    assert!(diary.compacted.load(Ordering::Relaxed) > 0, "compactions ran too");
}

async fn load_and_kill(server: &mut Server, diary: &Arc<Diary>, seen: &mut Seen, random: &mut Random) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let wire = Wire::lazy(server.port);
        for lane in 0..PIPELINE {
            let lane = format!("{writer}.{lane}");
            tasks.push(tokio::spawn(write(wire.clone(), lane, diary.clone(), stop.clone())));
        }
    }
    tasks.push(tokio::spawn(compact(Wire::lazy(server.port), diary.clone(), stop.clone())));
    let pause = Duration::from_millis(random.below(LOAD_MS_MAX) + 100);
    let watching = tokio::time::timeout(pause, watch(Wire::lazy(server.port), seen, &diary.watched, None)).await;
    assert!(watching.is_err(), "the watch ended before the kill: {watching:?}");
    server.kill();
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("a client does not panic");
    }
}

async fn write(mut wire: Wire, lane: String, diary: Arc<Diary>, stop: Arc<AtomicBool>) {
    // What this lane's counter holds is asked first: an unanswered count of the last run may be there.
    let name = format!("count/{lane}");
    let Ok(found) = wire.get(name.clone()).await else { return };
    let (mut value, mut revision) = found.map_or((0, 0), |kv| (count_of(&kv.value), kv.mod_revision));
    while !stop.load(Ordering::Relaxed) {
        let serial = diary.serial.fetch_add(1, Ordering::Relaxed);
        let done = if serial.is_multiple_of(3) {
            diary.asked.lock().expect("not poisoned").insert(name.clone(), value + 1);
            let text = format!("{}:{}", value + 1, "c".repeat(80));
            let done = swap(&mut wire, &name, CompareTarget::Mod, revision, text).await;
            if let Ok(at) = done {
                (value, revision) = (value + 1, at);
                diary.counts.lock().expect("not poisoned").insert(name.clone(), (value, at));
            }
            done
        } else {
            let key = format!("insert/{serial:012}");
            let done = swap(&mut wire, &key, CompareTarget::Version, 0, format!("{serial}:{}", "i".repeat(400))).await;
            if let Ok(at) = done {
                diary.inserts.lock().expect("not poisoned").insert(key, at);
            }
            done
        };
        match done {
            Ok(at) => {
                diary.acknowledged.fetch_add(1, Ordering::Relaxed);
                diary.revision.fetch_max(at, Ordering::Relaxed);
            }
            // The outcome is unknown: the next run asks.
            Err(_) => return,
        }
    }
}

/// If `key` is as expected, puts it. A comparison that fails is a broken promise: nobody else writes these keys.
async fn swap(wire: &mut Wire, key: &str, target: CompareTarget, expected: i64, value: String) -> Result<i64, tonic::Status> {
    let union = match target {
        CompareTarget::Mod => TargetUnion::ModRevision(expected),
        _ => TargetUnion::Version(expected),
    };
    let compare = pb::Compare {
        result: CompareResult::Equal.into(),
        target: target.into(),
        key: key.to_owned().into(),
        target_union: Some(union),
        ..Default::default()
    };
    let put = pb::PutRequest { key: key.to_owned().into(), value: value.into(), ..Default::default() };
    let success = vec![pb::RequestOp { request: Some(Request::RequestPut(put)) }];
    let answer = wire.kv.txn(pb::TxnRequest { compare: vec![compare], success, failure: vec![] }).await?.into_inner();
    assert!(answer.succeeded, "{key} was not as its only writer had left it ({target:?} {expected})");
    Ok(answer.header.expect("every answer has a header").revision)
}

async fn compact(mut wire: Wire, diary: Arc<Diary>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let revision = diary.watched.load(Ordering::Relaxed) - KEPT_REVISIONS;
        if revision > diary.compacted.load(Ordering::Relaxed)
            && wire.kv.compact(pb::CompactionRequest { revision, physical: false }).await.is_ok()
        {
            diary.compacted.fetch_max(revision, Ordering::Relaxed);
        }
    }
}

/// Watches everything from after the last event seen; ends once everything up to `until` has come.
async fn watch(mut wire: Wire, seen: &mut Seen, watched: &AtomicI64, until: Option<i64>) {
    let create = pb::WatchCreateRequest {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        start_revision: seen.last + 1,
        ..Default::default()
    };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let create = pb::WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    sender.send(create).await.expect("there is room for one");
    let requests = futures_util::stream::unfold(receiver, |mut r| async move { Some((r.recv().await?, r)) });
    let Ok(response) = wire.watch.watch(requests).await else {
        return std::future::pending().await;
    };
    let mut answers = response.into_inner();
    while until.is_none_or(|until| seen.last < until) {
        match answers.message().await {
            Ok(Some(answer)) => {
                assert!(!answer.canceled, "the watch was cancelled: {answer:?}");
                seen.take(answer.events);
                watched.store(seen.last, Ordering::Relaxed);
            }
            // The kill: wait to be dropped.
            _ => return std::future::pending().await,
        }
    }
}

impl Seen {
    fn take(&mut self, events: Vec<mvcc::Event>) {
        let mut within: Vec<Bytes> = Vec::new();
        for event in events {
            let kv = event.kv.expect("an event has a key");
            if kv.mod_revision == self.last {
                assert!(!within.contains(&kv.key), "{:?} came twice at revision {}", kv.key, kv.mod_revision);
            } else {
                assert!(kv.mod_revision == self.last + 1, "revision {} came after {}", kv.mod_revision, self.last);
                within.clear();
            }
            within.push(kv.key.clone());
            self.last = kv.mod_revision;
            if kv.key.starts_with(b"insert/") {
                let first = self.inserts.insert(kv.key.clone(), kv.mod_revision);
                assert_eq!((first, kv.version), (None, 1), "{:?} was inserted twice", kv.key);
            } else {
                let (version, value) = self.counts.get(&kv.key).copied().unwrap_or_default();
                assert_eq!((kv.version, count_of(&kv.value)), (version + 1, value + 1), "{:?} skipped or repeated", kv.key);
                self.counts.insert(kv.key.clone(), (kv.version, value + 1));
            }
        }
    }
}

/// After a restart: the store against the diary, then the watch against the store.
async fn check(server: &Server, diary: &Diary, seen: &mut Seen) {
    let mut wire = Wire::lazy(server.port);
    let inserts = everything(&mut wire, "insert/").await;
    let counts = everything(&mut wire, "count/").await;
    let now = wire.get("nothing").await.map(|_| ()).and(revision(&mut wire).await).expect("the server answers");
    let known = diary.revision.load(Ordering::Relaxed);
    assert!(now >= known, "revision {now} after an answer with {known}");
    compare(diary, &inserts, &counts);
    let caught_up = tokio::time::timeout(Duration::from_secs(30), watch(wire.clone(), seen, &diary.watched, Some(now))).await;
    assert!(caught_up.is_ok(), "the watch resumed from {} did not reach {now} in 30 s", seen.last);
    assert_eq!(seen.inserts.len(), inserts.len(), "the watch saw as many inserts as there are");
    for (key, kv) in &inserts {
        assert_eq!(seen.inserts.get(key), Some(&kv.mod_revision), "{key:?} in the store and in the watch");
    }
    for (key, kv) in &counts {
        assert_eq!(seen.counts.get(key).map(|c| c.0), Some(kv.version), "{key:?} in the store and in the watch");
    }
}

/// What was acknowledged against what the store holds.
fn compare(diary: &Diary, inserts: &BTreeMap<Bytes, mvcc::KeyValue>, counts: &BTreeMap<Bytes, mvcc::KeyValue>) {
    for (key, at) in diary.inserts.lock().expect("not poisoned").iter() {
        let kv = inserts.get(key.as_bytes()).unwrap_or_else(|| panic!("{key}, acknowledged at revision {at}, is lost"));
        assert_eq!((kv.mod_revision, kv.version), (*at, 1), "{key} is not as it was acknowledged");
        let serial: u64 = key["insert/".len()..].parse().expect("a serial");
        assert!(kv.value.starts_with(format!("{serial}:").as_bytes()), "{key} holds another value");
    }
    let asked = diary.asked.lock().expect("not poisoned");
    for (key, (value, at)) in diary.counts.lock().expect("not poisoned").iter() {
        let kv = counts.get(key.as_bytes()).unwrap_or_else(|| panic!("{key} is lost"));
        let held = count_of(&kv.value);
        assert!((*value..=asked[key]).contains(&held), "{key} holds {held}, acknowledged {value}, asked {}", asked[key]);
        assert!(held > *value || kv.mod_revision == *at, "{key} moved from revision {at} to {}", kv.mod_revision);
        assert_eq!(kv.version as u64, held, "{key} was written {} times to count {held}", kv.version);
    }
}

async fn revision(wire: &mut Wire) -> Result<i64, tonic::Status> {
    let request = pb::RangeRequest { key: Bytes::from_static(b"nothing"), ..Default::default() };
    Ok(wire.kv.range(request).await?.into_inner().header.expect("every answer has a header").revision)
}

/// All keys with `prefix`, page by page at one revision.
async fn everything(wire: &mut Wire, prefix: &str) -> BTreeMap<Bytes, mvcc::KeyValue> {
    let mut all = BTreeMap::new();
    let (mut key, mut revision) = (Bytes::from(prefix.to_owned()), 0);
    loop {
        let request =
            pb::RangeRequest { key, range_end: prefix_end(prefix.as_bytes()), revision, limit: 5_000, ..Default::default() };
        let page = wire.kv.range(request).await.expect("the server answers").into_inner();
        revision = page.header.expect("every answer has a header").revision;
        let last = page.kvs.last().map(|kv| kv.key.clone());
        all.extend(page.kvs.into_iter().map(|kv| (kv.key.clone(), kv)));
        match (page.more, last) {
            (true, Some(last)) => key = [&last[..], b"\0"].concat().into(),
            _ => return all,
        }
    }
}

/// The number before the colon of a counter's value.
fn count_of(value: &[u8]) -> u64 {
    let digits = value.split(|b| *b == b':').next().unwrap_or_default();
    std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).unwrap_or_else(|| panic!("not a count: {value:?}"))
}
