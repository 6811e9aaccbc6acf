//! A load whose outcome can be checked write by write, whatever happens to the servers meanwhile.
//!
//! Three kinds of writes carry serials. An *insert* is a transaction that creates a key of its own, once. A *put* writes a key of
//! its own without asking: found with a version other than 1, it was applied twice. A *count* adds one to a lane's counter by
//! compare and swap on the mod revision: the counter's value, its version and its history must agree. A write without an answer
//! may be there or not, and nobody repeats it; an acknowledged one must be there, at the revision that was answered.
//!
//! Readers ask every server linearizably: an answer shows at least what had been acknowledged anywhere before the question.
//! Watchers, one per server and one that moves on to the next server at each failure, get every change exactly once.

use crate::wire::{Wire, mvcc, pb, prefix_end};
use bytes::Bytes;
use pb::compare::{CompareResult, CompareTarget, TargetUnion};
use pb::request_op::Request;
use pb::watch_request::RequestUnion;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tonic::Status;

/// A request without an answer after this time has none: a server gives up earlier by itself.
const ANSWER_SECONDS: u64 = 15;
/// How long a lane rests after an error, so that dead servers are not all that it asks.
const REST: Duration = Duration::from_millis(10);
/// How long a watch may take to deliver what is there already.
const CATCH_UP_SECONDS: u64 = 60;
/// Revisions before the one that every watch has got which compaction leaves.
const KEPT_REVISIONS: i64 = 500;

/// How much load.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Lanes that write to one server each, per server; each has one request in flight.
    pub bound: usize,
    /// Lanes that go on with the next server after an error.
    pub roaming: usize,
    /// The rest between two writes of a lane.
    pub pause: Duration,
}

/// What the clients know: shared by all of them, and by the checks.
#[derive(Debug, Default)]
pub struct Diary {
    /// Acknowledged inserts and puts: key and revision.
    once: Mutex<HashMap<String, i64>>,
    /// Each lane's counter: the last acknowledged value and its revision.
    counts: Mutex<HashMap<String, (u64, i64)>>,
    /// The greatest value that each lane has ever asked for.
    asked: Mutex<HashMap<String, u64>>,
    acknowledged: AtomicU64,
    unknown: AtomicU64,
    reads: AtomicU64,
    /// The greatest revision in any answer to a write.
    revision: AtomicI64,
    serial: AtomicU64,
    compacted: AtomicI64,
    slowest: Mutex<Duration>,
}

/// What a load did.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Writes with an answer.
    pub acknowledged: u64,
    /// Writes without one.
    pub unknown: u64,
    /// Linearizable reads, each compared with what had been acknowledged before it.
    pub reads: u64,
    /// The slowest acknowledged write.
    pub slowest: Duration,
    /// The revision at the end, which every watch reached.
    pub revision: i64,
    /// The greatest revision that was compacted.
    pub compacted: i64,
}

/// What a watch of everything has delivered, over all connections.
#[derive(Debug, Default)]
struct Seen {
    last: i64,
    once: HashMap<Bytes, i64>,
    counts: HashMap<Bytes, (i64, u64)>,
}

/// A running load.
#[derive(Debug)]
pub struct Load {
    ports: Vec<u16>,
    diary: Arc<Diary>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    watchers: Vec<JoinHandle<Seen>>,
    /// Where the watchers may end.
    until: Arc<AtomicI64>,
}

impl Load {
    /// Starts clients of the servers at `ports`, which have not been written to before.
    pub async fn start(ports: &[u16], size: Size) -> Self {
        let (diary, stop, until) =
            (Arc::new(Diary::default()), Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(i64::MAX)));
        let begin = revision(&mut Wire::lazy(ports[0])).await.expect("a server that serves");
        let mut tasks = JoinSet::new();
        for (server, port) in ports.iter().copied().enumerate() {
            let wire = Wire::lazy(port);
            for lane in 0..size.bound {
                let lane = Lane::new(format!("{server}.{lane}"), vec![wire.clone()], &diary);
                tasks.spawn(lane.write(stop.clone(), size.pause));
            }
            tasks.spawn(read(wire, server, diary.clone(), stop.clone()));
        }
        let wires: Vec<Wire> = ports.iter().map(|port| Wire::lazy(*port)).collect();
        for lane in 0..size.roaming {
            let mut wires = wires.clone();
            wires.rotate_left(lane % ports.len());
            let lane = Lane::new(format!("all.{lane}"), wires, &diary);
            tasks.spawn(lane.write(stop.clone(), size.pause));
        }
        let mut watched = Vec::new();
        let mut watchers = Vec::new();
        for watcher in 0..=ports.len() {
            let of = ports.get(watcher).map_or_else(|| ports.to_vec(), |port| vec![*port]);
            let (seen, upto) = (Seen { last: begin, ..Seen::default() }, Arc::new(AtomicI64::new(begin)));
            watched.push(upto.clone());
            watchers.push(tokio::spawn(follow(of, seen, upto, until.clone())));
        }
        tasks.spawn(compact(ports.to_vec(), diary.clone(), watched, stop.clone()));
        Self { ports: ports.to_vec(), diary, stop, tasks, watchers, until }
    }

    /// Writes acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.diary.acknowledged.load(Relaxed)
    }

    /// Whether a client has found a broken promise: the test then need not go on.
    pub fn assert_alive(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.expect("a client's check holds");
        }
        assert!(self.watchers.iter().all(|watcher| !watcher.is_finished()), "a watch ended by itself");
    }

    /// Ends the load and checks everything on every server, all of which must serve.
    pub async fn finish(mut self) -> Report {
        self.stop.store(true, Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a client's check holds");
        }
        let diary = &self.diary;
        let now = revision(&mut Wire::lazy(self.ports[0])).await.expect("a server that serves");
        let known = diary.revision.load(Relaxed);
        assert!(now >= known, "revision {now} after an answer with {known}");
        self.until.store(now, Relaxed);
        let mut seen = Vec::new();
        for (watcher, task) in self.watchers.into_iter().enumerate() {
            let caught_up = timeout(Duration::from_secs(CATCH_UP_SECONDS), task).await;
            let caught_up = caught_up.unwrap_or_else(|_| panic!("watch {watcher} did not reach {now} in {CATCH_UP_SECONDS} s"));
            seen.push(caught_up.expect("a watch's check holds"));
        }
        for (server, port) in self.ports.iter().enumerate() {
            let mut wire = Wire::lazy(*port);
            let (mut once, counts) = (everything(&mut wire, "insert/", now).await, everything(&mut wire, "count/", now).await);
            once.extend(everything(&mut wire, "put/", now).await);
            check(diary, server, &once, &counts);
            for (watcher, seen) in seen.iter().enumerate() {
                seen.check(watcher, server, &once, &counts);
            }
        }
        Report {
            acknowledged: diary.acknowledged.load(Relaxed),
            unknown: diary.unknown.load(Relaxed),
            reads: diary.reads.load(Relaxed),
            slowest: *diary.slowest.lock().expect("not poisoned"),
            revision: now,
            compacted: diary.compacted.load(Relaxed),
        }
    }
}

/// A sequence of writes, one after the other.
struct Lane {
    counter: String,
    wires: Vec<Wire>,
    diary: Arc<Diary>,
    /// What the counter holds, and at which revision; unknown after a count without an answer.
    known: Option<(u64, i64)>,
    /// Counts without an answer that may still arrive.
    doubts: u64,
}

impl Lane {
    fn new(name: String, wires: Vec<Wire>, diary: &Arc<Diary>) -> Self {
        Self { counter: format!("count/{name}"), wires, diary: diary.clone(), known: None, doubts: 0 }
    }

    async fn write(mut self, stop: Arc<AtomicBool>, pause: Duration) {
        while !stop.load(Relaxed) {
            let serial = self.diary.serial.fetch_add(1, Relaxed);
            let begin = Instant::now();
            let done = match serial % 3 {
                0 => self.count().await,
                1 => self.once(serial, "insert").await,
                _ => self.once(serial, "put").await,
            };
            match done {
                Ok(revision) => {
                    self.diary.acknowledged.fetch_add(1, Relaxed);
                    self.diary.revision.fetch_max(revision, Relaxed);
                    let mut slowest = self.diary.slowest.lock().expect("not poisoned");
                    *slowest = slowest.max(begin.elapsed());
                }
                Err(_) => {
                    self.diary.unknown.fetch_add(1, Relaxed);
                    self.wires.rotate_left(1);
                    tokio::time::sleep(REST).await;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&mut self, serial: u64, kind: &str) -> Result<i64, Status> {
        let key = format!("{kind}/{serial:012}");
        let value = format!("{serial}:{}", "v".repeat(300));
        let wire = &mut self.wires[0];
        let revision = if kind == "put" {
            answered(wire.put(key.clone(), value)).await?
        } else {
            let (done, revision) = swap(wire, &key, CompareTarget::Version, 0, value).await?;
            assert!(done, "{key} was there before its only writer had an answer");
            revision
        };
        self.diary.once.lock().expect("not poisoned").insert(key, revision);
        Ok(revision)
    }

    async fn count(&mut self) -> Result<i64, Status> {
        let asked = || self.diary.asked.lock().expect("not poisoned");
        let (value, revision) = match self.known {
            Some(known) => known,
            None => {
                let found = answered(self.wires[0].get(self.counter.clone())).await?;
                let (value, revision) = found.map_or((0, 0), |kv| (count_of(&kv.value), kv.mod_revision));
                let acknowledged = self.diary.counts.lock().expect("not poisoned").get(&self.counter).map_or(0, |count| count.0);
                assert!(value >= acknowledged, "{} holds {value}, and {acknowledged} was acknowledged", self.counter);
                let landed = value - acknowledged;
                assert!(landed <= self.doubts, "{} holds {value}, which nobody asked for", self.counter);
                self.doubts -= landed;
                self.diary.counts.lock().expect("not poisoned").insert(self.counter.clone(), (value, revision));
                (value, revision)
            }
        };
        let greatest = asked().get(&self.counter).copied().unwrap_or(0).max(value + 1);
        asked().insert(self.counter.clone(), greatest);
        self.known = None;
        let text = format!("{}:{}", value + 1, "c".repeat(80));
        let swapped = swap(&mut self.wires[0], &self.counter, CompareTarget::Mod, revision, text).await;
        let (done, at) = swapped.inspect_err(|_| self.doubts += 1)?;
        if !done {
            assert!(self.doubts > 0, "{} was not as its only writer had left it at revision {revision}", self.counter);
            return Err(Status::aborted("an earlier count arrived"));
        }
        self.known = Some((value + 1, at));
        self.diary.counts.lock().expect("not poisoned").insert(self.counter.clone(), (value + 1, at));
        Ok(at)
    }
}

async fn answered<T>(asked: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    timeout(Duration::from_secs(ANSWER_SECONDS), asked).await.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer")))
}

/// If `key` is as expected, puts it: whether it was, and the answer's revision.
async fn swap(wire: &mut Wire, key: &str, target: CompareTarget, expected: i64, value: String) -> Result<(bool, i64), Status> {
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
    let transaction = pb::TxnRequest { compare: vec![compare], success, failure: vec![] };
    let answer = answered(wire.kv.txn(transaction)).await?.into_inner();
    Ok((answer.succeeded, answer.header.expect("every answer has a header").revision))
}

/// Reads one server's counters, linearizably: nothing acknowledged before the question is missing from the answer.
async fn read(mut wire: Wire, server: usize, diary: Arc<Diary>, stop: Arc<AtomicBool>) {
    let mut turn = 0;
    while !stop.load(Relaxed) {
        turn += 1;
        let known = diary.revision.load(Relaxed);
        let one = {
            let counts = diary.counts.lock().expect("not poisoned");
            let place = turn % counts.len().max(1);
            counts.iter().nth(place).map(|(key, (value, _))| (key.clone(), *value))
        };
        let Some((key, least)) = one else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let request = pb::RangeRequest { key: key.clone().into(), ..Default::default() };
        if let Ok(answer) = answered(wire.kv.range(request)).await {
            let answer = answer.into_inner();
            let shown = answer.header.expect("every answer has a header").revision;
            assert!(shown >= known, "stale: server {server} showed revision {shown} after {known} was acknowledged");
            let value = answer.kvs.first().map_or(0, |kv| count_of(&kv.value));
            assert!(value >= least, "stale: server {server} showed {value} for {key} after {least} was acknowledged");
            diary.reads.fetch_add(1, Relaxed);
        }
        tokio::time::sleep(REST).await;
    }
}

async fn compact(ports: Vec<u16>, diary: Arc<Diary>, watched: Vec<Arc<AtomicI64>>, stop: Arc<AtomicBool>) {
    let mut wires: Vec<Wire> = ports.iter().map(|port| Wire::lazy(*port)).collect();
    while !stop.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let revision = watched.iter().map(|upto| upto.load(Relaxed)).min().unwrap_or(0) - KEPT_REVISIONS;
        if revision <= diary.compacted.load(Relaxed) {
            continue;
        }
        match answered(wires[0].kv.compact(pb::CompactionRequest { revision, physical: false })).await {
            Ok(_) => {
                diary.compacted.fetch_max(revision, Relaxed);
            }
            Err(_) => wires.rotate_left(1),
        }
    }
}

/// Watches everything from after the last event seen, again after each failure, until `until` has come.
async fn follow(ports: Vec<u16>, mut seen: Seen, watched: Arc<AtomicI64>, until: Arc<AtomicI64>) -> Seen {
    let mut at = 0;
    while seen.last < until.load(Relaxed) {
        let mut wire = Wire::lazy(ports[at % ports.len()]);
        watch(&mut wire, &mut seen, &watched, &until).await;
        at += 1;
        tokio::time::sleep(REST).await;
    }
    seen
}

/// One stream; ends when it breaks, or at `until`.
async fn watch(wire: &mut Wire, seen: &mut Seen, watched: &AtomicI64, until: &AtomicI64) {
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
    let Ok(Ok(response)) = timeout(Duration::from_secs(ANSWER_SECONDS), wire.watch.watch(requests)).await else { return };
    let mut answers = response.into_inner();
    while seen.last < until.load(Relaxed) {
        match timeout(Duration::from_millis(100), answers.message()).await {
            Ok(Ok(Some(answer))) => {
                assert!(!answer.canceled, "the watch from {} was cancelled: {answer:?}", seen.last + 1);
                seen.take(answer.events);
                watched.store(seen.last, Relaxed);
            }
            Ok(_) => return,
            Err(_) => {}
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
            if kv.key.starts_with(b"insert/") || kv.key.starts_with(b"put/") {
                let first = self.once.insert(kv.key.clone(), kv.mod_revision);
                assert_eq!((first, kv.version), (None, 1), "{:?} was written twice", kv.key);
            } else if kv.key.starts_with(b"count/") {
                let (version, value) = self.counts.get(&kv.key).copied().unwrap_or_default();
                assert_eq!((kv.version, count_of(&kv.value)), (version + 1, value + 1), "{:?} skipped or repeated", kv.key);
                self.counts.insert(kv.key.clone(), (kv.version, value + 1));
            }
        }
    }

    /// What was delivered against what a server holds.
    fn check(
        &self,
        watcher: usize,
        server: usize,
        once: &BTreeMap<Bytes, mvcc::KeyValue>,
        counts: &BTreeMap<Bytes, mvcc::KeyValue>,
    ) {
        let place = format!("watch {watcher} against server {server}");
        assert_eq!((self.once.len(), self.counts.len()), (once.len(), counts.len()), "{place}: numbers of keys");
        for (key, kv) in once {
            assert_eq!(self.once.get(key), Some(&kv.mod_revision), "{place}: {key:?}");
        }
        for (key, kv) in counts {
            assert_eq!(self.counts.get(key).map(|count| count.0), Some(kv.version), "{place}: {key:?}");
        }
    }
}

/// What was acknowledged against what a server holds.
fn check(diary: &Diary, server: usize, once: &BTreeMap<Bytes, mvcc::KeyValue>, counts: &BTreeMap<Bytes, mvcc::KeyValue>) {
    for (key, at) in diary.once.lock().expect("not poisoned").iter() {
        let kv = once.get(key.as_bytes()).unwrap_or_else(|| panic!("server {server}: {key}, acknowledged at {at}, is lost"));
        assert_eq!(kv.mod_revision, *at, "server {server}: {key} is not where it was acknowledged");
        let serial: u64 = key.rsplit('/').next().and_then(|digits| digits.parse().ok()).expect("a serial");
        assert!(kv.value.starts_with(format!("{serial}:").as_bytes()), "server {server}: {key} holds another value");
    }
    for (key, kv) in once {
        assert_eq!(kv.version, 1, "server {server}: {key:?} was written twice");
    }
    let asked = diary.asked.lock().expect("not poisoned");
    for (key, (value, at)) in diary.counts.lock().expect("not poisoned").iter().filter(|(_, count)| count.0 > 0) {
        let kv = counts.get(key.as_bytes()).unwrap_or_else(|| panic!("server {server}: {key} is lost"));
        let held = count_of(&kv.value);
        assert!((*value..=asked[key]).contains(&held), "{key} holds {held}, acknowledged {value}, asked {}", asked[key]);
        assert!(held > *value || kv.mod_revision == *at, "{key} moved from revision {at} to {}", kv.mod_revision);
        assert_eq!(kv.version as u64, held, "{key} was written {} times to count {held}", kv.version);
    }
}

async fn revision(wire: &mut Wire) -> Result<i64, Status> {
    let request = pb::RangeRequest { key: Bytes::from_static(b"nothing"), ..Default::default() };
    Ok(answered(wire.kv.range(request)).await?.into_inner().header.expect("every answer has a header").revision)
}

/// All keys with `prefix` as they were at `revision`, page by page.
async fn everything(wire: &mut Wire, prefix: &str, revision: i64) -> BTreeMap<Bytes, mvcc::KeyValue> {
    let mut all = BTreeMap::new();
    let mut key = Bytes::from(prefix.to_owned());
    loop {
        let request =
            pb::RangeRequest { key, range_end: prefix_end(prefix.as_bytes()), revision, limit: 5_000, ..Default::default() };
        let page = wire.kv.range(request).await.expect("the server answers").into_inner();
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
