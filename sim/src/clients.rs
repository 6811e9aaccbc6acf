//! Clients: tasks that outlive the node's crashes, do deeds and write down what became of them.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Error, Kind};
use bytes::Bytes;
use kv::{
    Command, Compare, CompareTarget, Comparison, DeleteRequest, Operation, OperationReply, PutRequest, RangeRequest, Reply, Span,
    Txn,
};
use replica::{
    Keyspace, Lane, runtime,
    watch::{Output, StreamOptions, Watch},
};

use crate::{
    diary::{Deed, Diary, Read, Seen, Write},
    dice::Dice,
    house::House,
    wire,
};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Counters that clients share.
const COUNTERS: u64 = 3;
/// Longest lease in seconds.
const TTL_MAX: u64 = 8;
/// Revisions that a compaction leaves.
const KEPT_REVISIONS: i64 = 40;

/// What all clients share.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) diary: Arc<Mutex<Diary>>,
    /// Clients stop at this time.
    pub(crate) until: Duration,
}

/// What became of a call.
enum Outcome<T> {
    Done(T),
    /// A definite no: nothing was done.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Desk {
    pub(crate) fn diary(&self) -> MutexGuard<'_, Diary> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an answer, a crash, or the end of patience.
    async fn call<T>(&self, start: u32, call: impl Future<Output = Result<T, Error>>) -> Outcome<T> {
        tokio::select! {
            biased;
            answer = call => match answer {
                Ok(answer) => Outcome::Done(answer),
                Err(error) if matches!(error.kind, Kind::Unavailable | Kind::Deadline | Kind::Cancelled) => Outcome::Unknown,
                Err(_) => Outcome::Refused,
            },
            () = self.house.over(start) => Outcome::Unknown,
            () = runtime::sleep(PATIENCE) => Outcome::Unknown,
        }
    }

    fn write_down(&self, deed: Deed, start: Duration, outcome: &Outcome<i64>) {
        let revision = match outcome {
            Outcome::Done(revision) => Some(*revision),
            Outcome::Unknown => None,
            Outcome::Refused => {
                self.diary().refused += 1;
                return;
            }
        };
        let write = Write { deed, start, end: runtime::now(), revision };
        self.diary().writes.push(write);
    }
}

/// One client; `number` makes its keys its own.
pub(crate) async fn client(desk: Desk, number: u64) {
    let dice = Dice::new(runtime::random_u64());
    let mut own: Vec<String> = Vec::new();
    let mut serial = 0;
    while runtime::now() < desk.until {
        runtime::sleep(Duration::from_millis(1 + dice.below(60))).await;
        let (keyspace, start) = desk.house.serving().await;
        serial += 1;
        match dice.below(100) {
            0..45 => put(&desk, &keyspace, start, format!("u/{number}/{serial}"), &mut own).await,
            45..65 => count(&desk, &keyspace, start, dice.below(COUNTERS), &format!("{number}-{serial}")).await,
            65..75 => {
                if let Some(key) =
                    (!own.is_empty()).then(|| own.swap_remove(usize::try_from(dice.below(own.len() as u64)).unwrap_or(0)))
                {
                    delete(&desk, &keyspace, start, key).await;
                }
            }
            75..90 => read(&desk, &keyspace, start).await,
            90..97 => lease(&desk, &keyspace, start, format!("l/{number}/{serial}"), 1 + dice.below(TTL_MAX)).await,
            _ => compact(&desk, &keyspace, start).await,
        }
    }
}

fn put_request(key: &str, value: &str, lease: i64) -> PutRequest {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    PutRequest { key, value, lease, ..PutRequest::default() }
}

fn one(key: &str) -> Span {
    Span { key: Bytes::copy_from_slice(key.as_bytes()), range_end: Bytes::new() }
}

async fn propose(keyspace: &Keyspace, lane: Lane, command: Command) -> Result<i64, Error> {
    keyspace.propose(lane, command).await.map(|(_, revision)| revision)
}

async fn put(desk: &Desk, keyspace: &Keyspace, start: u32, key: String, own: &mut Vec<String>) {
    let began = runtime::now();
    let value = key.rsplit('/').next().unwrap_or_default().to_owned();
    let outcome = desk.call(start, propose(keyspace, Lane::Normal, Command::Put(put_request(&key, &value, 0)))).await;
    if matches!(outcome, Outcome::Done(_)) {
        own.push(key.clone());
    }
    desk.write_down(Deed::Put { key }, began, &outcome);
}

async fn delete(desk: &Desk, keyspace: &Keyspace, start: u32, key: String) {
    let began = runtime::now();
    let command = Command::Delete(DeleteRequest { span: one(&key), prev_kv: false });
    let outcome = desk.call(start, propose(keyspace, Lane::Bulk, command)).await;
    desk.write_down(Deed::Delete { key }, began, &outcome);
}

/// Raises a counter by compare and swap on its value or its revision, and claims the new value in the same transaction.
async fn count(desk: &Desk, keyspace: &Keyspace, start: u32, counter: u64, claim: &str) {
    let name = format!("k/{counter}");
    let read = RangeRequest { span: one(&name), ..RangeRequest::default() };
    let Outcome::Done((found, _)) = desk.call(start, keyspace.range(read)).await else { return };
    let known = found.kvs.first();
    let value: u64 = known.and_then(|kv| String::from_utf8_lossy(&kv.value).parse().ok()).unwrap_or(0);
    let target = match known {
        Some(kv) if value.is_multiple_of(2) => CompareTarget::Value { value: kv.value.clone(), witness: None },
        Some(kv) => CompareTarget::Mod(kv.mod_revision),
        None => CompareTarget::Create(0),
    };
    let key = format!("t/{counter}/{}/{claim}", value + 1);
    let txn = Txn {
        compare: vec![Compare { span: one(&name), comparison: Comparison::Equal, target }],
        success: vec![
            Operation::Put(put_request(&name, &(value + 1).to_string(), 0)),
            Operation::Put(put_request(&key, claim, 0)),
        ],
        failure: Vec::new(),
    };
    let began = runtime::now();
    let outcome = desk.call(start, keyspace.propose(Lane::Normal, Command::Txn(txn))).await;
    let outcome = match outcome {
        Outcome::Done((Reply::Txn(reply), revision)) if reply.succeeded => {
            let puts = reply.replies.iter().filter(|reply| matches!(reply, OperationReply::Put(_))).count();
            if puts != 2 {
                desk.diary().complaints.push(format!("a transaction of two puts answered {puts}"));
            }
            Outcome::Done(revision)
        }
        Outcome::Done(_) => return,
        Outcome::Refused => Outcome::Refused,
        Outcome::Unknown => Outcome::Unknown,
    };
    desk.write_down(Deed::Count { key }, began, &outcome);
}

async fn read(desk: &Desk, keyspace: &Keyspace, start: u32) {
    let began = runtime::now();
    let request = RangeRequest { span: one("k/0"), ..RangeRequest::default() };
    let call = async {
        keyspace.barrier().await?;
        keyspace.range(request).await
    };
    if let Outcome::Done((_, revision)) = desk.call(start, call).await {
        desk.diary().reads.push(Read { start: began, revision });
    }
}

async fn lease(desk: &Desk, keyspace: &Keyspace, start: u32, key: String, ttl: u64) {
    let since = runtime::now();
    let seconds = i64::try_from(ttl).unwrap_or(1);
    let grant = desk.call(start, keyspace.propose(Lane::Urgent, Command::LeaseGrant { id: 0, ttl: seconds })).await;
    let Outcome::Done((Reply::LeaseGrant { id, ttl }, _)) = grant else { return };
    let began = runtime::now();
    let outcome = desk.call(start, propose(keyspace, Lane::Normal, Command::Put(put_request(&key, "leased", id)))).await;
    let ttl = u64::try_from(ttl).unwrap_or(0);
    desk.write_down(Deed::Lease { key, ttl, since }, began, &outcome);
}

async fn compact(desk: &Desk, keyspace: &Keyspace, start: u32) {
    let revision = keyspace.machine().revision() - KEPT_REVISIONS;
    if revision > keyspace.machine().compact_revision() {
        let _ = desk.call(start, propose(keyspace, Lane::Urgent, Command::Compact { revision })).await;
    }
}

/// The watcher: sees everything from its first revision on, across crashes, resuming after the last one it saw.
pub(crate) async fn watcher(desk: Desk) {
    let mut next = {
        let (keyspace, _) = desk.house.serving().await;
        let now = keyspace.machine().revision();
        desk.diary().watched_from = now;
        now + 1
    };
    loop {
        let (keyspace, start) = desk.house.serving().await;
        let mut stream = keyspace.watches().stream(StreamOptions { fragment_bytes: 1 << 20, watches_max: 4 });
        let everything = Span { key: Bytes::from_static(b"\0"), range_end: Bytes::from_static(b"\0") };
        stream.watch(Watch { span: everything, start: next, ..Watch::default() });
        loop {
            let output = tokio::select! {
                biased;
                () = desk.house.over(start) => break,
                output = stream.next() => output,
            };
            match output {
                Some(Output::Events { body, .. }) => next = see(&desk, &body).unwrap_or(next),
                Some(Output::Created { .. } | Output::Progress { .. }) => {}
                Some(Output::Compacted { compact_revision, .. }) => {
                    // The watcher was away while more than KEPT_REVISIONS passed: it says so, and begins again.
                    let mut diary = desk.diary();
                    diary.watched_from = keyspace.machine().revision();
                    diary.seen.clear();
                    next = diary.watched_from + 1;
                    debug_assert!(compact_revision < next);
                    break;
                }
                other => {
                    desk.diary().complaints.push(format!("the watcher got {other:?}"));
                    return;
                }
            }
        }
    }
}

/// Writes events down; the next revision to ask for.
fn see(desk: &Desk, body: &[u8]) -> Option<i64> {
    let Some(changes) = wire::changes(body) else {
        desk.diary().complaints.push("the watcher got bytes that are no events".to_owned());
        return None;
    };
    let at = runtime::now();
    let mut diary = desk.diary();
    let next = changes.last().map(|change| change.revision + 1);
    diary.seen.extend(changes.into_iter().map(|change| Seen {
        at,
        revision: change.revision,
        key: change.key,
        is_put: change.is_put,
    }));
    next
}
