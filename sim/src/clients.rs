//! Clients: tasks that outlive the nodes' crashes, do deeds and write down what became of them.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Error, Kind};
use bytes::Bytes;
use kv::{
    Command, Compare, CompareTarget, Comparison, DeleteRequest, Operation as TxnOperation, OperationReply, PutRequest,
    RangeRequest, Reply, Span, Txn,
};
use replica::{Keyspace, Lane, runtime};

use crate::{
    cluster::{Cluster, tell},
    diary::{Deed, Diary, LeaseLife, Read, Write},
    dice::Dice,
    house::{House, Serving},
    matrix::{Matrix, Operation},
    stores::StoreDiary,
    streams::StreamDiary,
};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Counters that clients share.
const COUNTERS: u64 = 3;
/// Longest lease in seconds.
const TTL_MAX: u64 = 8;
/// Leases that a client keeps an eye on.
const LEASES_KEPT: usize = 4;

/// What all clients share.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) cluster: Cluster,
    pub(crate) diary: Arc<Mutex<Diary>>,
    pub(crate) streams: Arc<Mutex<StreamDiary>>,
    pub(crate) stores: Arc<Mutex<StoreDiary>>,
    pub(crate) matrix: Matrix,
    /// Clients stop at this time.
    pub(crate) until: Duration,
    /// Revisions that a compaction leaves.
    pub(crate) kept_revisions: i64,
    /// Longest pause between two operations.
    pub(crate) think_ms: u64,
}

/// What became of a call.
enum Outcome<T> {
    Done(T),
    /// A definite no: nothing was done.
    Refused(Error),
    /// Nobody knows.
    Unknown,
}

impl<T> Outcome<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(value) => Outcome::Done(change(value)),
            Outcome::Refused(error) => Outcome::Refused(error),
            Outcome::Unknown => Outcome::Unknown,
        }
    }
}

/// A node that a client speaks with.
struct Line {
    house: House,
    serving: Serving,
}

/// A lease that a client holds.
struct Held {
    id: i64,
    keys: Vec<String>,
}

struct Client {
    desk: Desk,
    number: u64,
    /// `None`: it roams.
    bound_to: Option<usize>,
    dice: Dice,
    serial: u64,
    own: Vec<String>,
    held: Vec<Held>,
    /// The last revision that each start of each node showed without a barrier.
    local: Vec<(u32, i64)>,
}

impl Desk {
    pub(crate) fn diary(&self) -> MutexGuard<'_, Diary> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn streams(&self) -> MutexGuard<'_, StreamDiary> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stores(&self) -> MutexGuard<'_, StoreDiary> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begun(&self) {
        self.diary().begun += 1;
    }

    pub(crate) fn complain(&self, complaint: String) {
        self.diary().complaints.push(complaint);
    }
}

/// One client; `number` makes its keys its own.
pub(crate) async fn client(desk: Desk, number: u64, bound_to: Option<usize>) {
    let nodes = desk.cluster.houses().len();
    let dice = Dice::new(runtime::random_u64());
    let mut client =
        Client { desk, number, bound_to, dice, serial: 0, own: Vec::new(), held: Vec::new(), local: vec![(0, 0); nodes] };
    client.run().await;
}

impl Client {
    async fn run(&mut self) {
        while runtime::now() < self.desk.until {
            runtime::sleep(Duration::from_millis(1 + self.dice.below(self.desk.think_ms))).await;
            let Some(line) = self.line().await else { continue };
            self.serial += 1;
            self.desk.diary().begun += 1;
            match self.dice.below(100) {
                0..40 => self.put(&line).await,
                40..58 => self.count(&line).await,
                58..68 => self.delete(&line).await,
                68..80 => self.read(&line).await,
                80..87 => self.local_read(&line).await,
                87..92 => self.grant(&line).await,
                92..96 => self.keep_alive(&line).await,
                96..98 => self.revoke(&line).await,
                _ => self.compact(&line).await,
            }
        }
    }

    /// Somebody to speak with: the client's own node when it serves, or any that does.
    async fn line(&self) -> Option<Line> {
        let houses = self.desk.cluster.houses();
        let house = match self.bound_to {
            Some(number) => &houses[number],
            None => self.desk.cluster.any_serving(&self.dice).unwrap_or(&houses[0]),
        };
        tokio::select! {
            biased;
            serving = house.serving() => Some(Line { house: house.clone(), serving }),
            () = runtime::sleep(Duration::from_secs(1)) => None,
        }
    }

    /// Does something within the node and waits for an answer, a crash, or the end of patience.
    async fn call<T: Send + 'static>(
        &self,
        line: &Line,
        operation: Operation,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Outcome<T> {
        let _in_flight = self.desk.matrix.begin(operation);
        let answer = tokio::select! {
            biased;
            answer = line.house.within(&line.serving, work) => answer,
            () = runtime::sleep(PATIENCE) => None,
        };
        match answer {
            Some(Ok(answer)) => Outcome::Done(answer),
            Some(Err(error)) if !matches!(error.kind, Kind::Unavailable | Kind::Deadline | Kind::Cancelled) => {
                self.desk.diary().refused += 1;
                Outcome::Refused(error)
            }
            Some(Err(_)) | None => {
                self.desk.diary().unknown += 1;
                Outcome::Unknown
            }
        }
    }

    fn write_down(&self, line: &Line, deed: Deed, start: Duration, outcome: &Outcome<i64>) {
        let revision = match outcome {
            Outcome::Done(revision) => Some(*revision),
            Outcome::Unknown => None,
            Outcome::Refused(_) => return,
        };
        if let Some(revision) = revision {
            tell(format!("acknowledged by {}: {} at {revision}", line.house.name(), deed.key()));
        }
        let node = line.house.name().to_owned();
        self.desk.diary().writes.push(Write { deed, start, end: runtime::now(), revision, node });
    }

    async fn put(&mut self, line: &Line) {
        let key = format!("u/{}/{}", self.number, self.serial);
        let began = runtime::now();
        let command = Command::Put(put_request(&key, &self.serial.to_string(), 0));
        let outcome = self.call(line, Operation::Put, propose(line, Lane::Normal, command)).await;
        if matches!(outcome, Outcome::Done(_)) {
            self.own.push(key.clone());
        }
        self.write_down(line, Deed::Put { key }, began, &outcome);
    }

    async fn delete(&mut self, line: &Line) {
        if self.own.is_empty() {
            return;
        }
        let key = self.own.swap_remove(index(&self.dice, self.own.len()));
        let began = runtime::now();
        let command = Command::Delete(DeleteRequest { span: one(&key), prev_kv: false });
        let outcome = self.call(line, Operation::Delete, propose(line, Lane::Bulk, command)).await;
        self.write_down(line, Deed::Delete { key }, began, &outcome);
    }

    /// Raises a counter by compare and swap on its value or its revision, and claims the new value in the same transaction.
    async fn count(&mut self, line: &Line) {
        let (counter, claim) = (self.dice.below(COUNTERS), format!("{}-{}", self.number, self.serial));
        let name = format!("k/{counter}");
        let keyspace = line.serving.keyspace.clone();
        let read = RangeRequest { span: one(&name), ..RangeRequest::default() };
        let found = self.call(line, Operation::LocalRead, async move { keyspace.range(read).await }).await;
        let Outcome::Done((found, _)) = found else { return };
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
                TxnOperation::Put(put_request(&name, &(value + 1).to_string(), 0)),
                TxnOperation::Put(put_request(&key, &claim, 0)),
            ],
            failure: Vec::new(),
        };
        let (began, keyspace) = (runtime::now(), line.serving.keyspace.clone());
        let work = async move { keyspace.propose(Lane::Normal, Command::Txn(txn)).await };
        let outcome = match self.call(line, Operation::Txn, work).await {
            Outcome::Done((Reply::Txn(reply), revision)) if reply.succeeded => {
                let puts = reply.replies.iter().filter(|reply| matches!(reply, OperationReply::Put(_))).count();
                if puts != 2 {
                    self.desk.complain(format!("a transaction of two puts answered {puts}"));
                }
                Outcome::Done(revision)
            }
            Outcome::Done(_) => return,
            other => other.map(|(_, revision)| revision),
        };
        self.write_down(line, Deed::Count { key }, began, &outcome);
    }

    /// Reads a counter, or a key that this client wrote.
    async fn read(&mut self, line: &Line) {
        let own = (!self.own.is_empty()).then(|| self.own[index(&self.dice, self.own.len())].clone());
        let key = own.filter(|_| self.dice.chance(50)).unwrap_or_else(|| format!("k/{}", self.dice.below(COUNTERS)));
        let (began, keyspace) = (runtime::now(), line.serving.keyspace.clone());
        let request = RangeRequest { span: one(&key), ..RangeRequest::default() };
        let work = async move {
            keyspace.barrier().await?;
            keyspace.range(request).await
        };
        if let Outcome::Done((found, revision)) = self.call(line, Operation::Read, work).await {
            let mod_revision = found.kvs.first().map_or(0, |kv| kv.mod_revision);
            let node = line.house.name().to_owned();
            self.desk.diary().reads.push(Read { start: began, revision, key, mod_revision, node });
        }
    }

    /// Without a barrier, an answer may be old; but a process never shows something older than it showed before.
    async fn local_read(&mut self, line: &Line) {
        let keyspace = line.serving.keyspace.clone();
        let request = RangeRequest { span: one("k/0"), ..RangeRequest::default() };
        let answer = self.call(line, Operation::LocalRead, async move { keyspace.range(request).await }).await;
        let Outcome::Done((_, revision)) = answer else { return };
        let number = self.desk.cluster.houses().iter().position(|house| house.name() == line.house.name()).unwrap_or(0);
        let (start, before) = self.local[number];
        if start == line.serving.start && revision < before {
            self.desk.complain(format!("{} showed revision {revision} after {before}", line.house.name()));
        }
        self.local[number] = (line.serving.start, revision);
    }

    async fn grant(&mut self, line: &Line) {
        let (key, ttl) = (format!("l/{}/{}", self.number, self.serial), 1 + self.dice.below(TTL_MAX));
        let seconds = i64::try_from(ttl).unwrap_or(1);
        let (granted, keyspace) = (runtime::now(), line.serving.keyspace.clone());
        let work = async move { keyspace.propose(Lane::Urgent, Command::LeaseGrant { id: 0, ttl: seconds }).await };
        let Outcome::Done((Reply::LeaseGrant { id, ttl }, _)) = self.call(line, Operation::Grant, work).await else { return };
        let ttl = u64::try_from(ttl).unwrap_or(0);
        let life = LeaseLife { ttl, granted, renewed: Vec::new(), revoked: None, denied: None };
        let keys: Vec<String> = (0..1 + self.dice.below(3)).map(|number| format!("{key}/{number}")).collect();
        self.desk.diary().leases.extend(keys.iter().map(|key| (key.clone(), life.clone())));
        for key in &keys {
            let began = runtime::now();
            let command = Command::Put(put_request(key, "leased", id));
            let outcome = self.call(line, Operation::Grant, propose(line, Lane::Normal, command)).await;
            self.write_down(line, Deed::Lease { key: key.clone() }, began, &outcome);
        }
        if self.held.len() == LEASES_KEPT {
            self.held.remove(0);
        }
        self.held.push(Held { id, keys });
    }

    async fn keep_alive(&mut self, line: &Line) {
        if self.held.is_empty() {
            return;
        }
        let chosen = index(&self.dice, self.held.len());
        let Held { id, keys } = &self.held[chosen];
        let (id, began, keyspace) = (*id, runtime::now(), line.serving.keyspace.clone());
        let outcome = self.call(line, Operation::KeepAlive, async move { keyspace.keep_alive(id).await }).await;
        let is_gone = matches!(outcome, Outcome::Done(None));
        let is_renewed = matches!(outcome, Outcome::Done(Some(_)));
        if is_renewed {
            tell(format!("{} renewed {}", line.house.name(), keys[0]));
        }
        self.lives(keys, |life| {
            life.renewed.extend(is_renewed.then_some(began));
            life.denied = life.denied.or(is_gone.then(runtime::now));
        });
        if is_gone {
            self.held.remove(chosen);
        }
    }

    fn lives(&self, keys: &[String], change: impl Fn(&mut LeaseLife)) {
        let mut diary = self.desk.diary();
        keys.iter().for_each(|key| diary.leases.get_mut(key).map_or((), &change));
    }

    async fn revoke(&mut self, line: &Line) {
        if self.held.is_empty() {
            return;
        }
        let Held { id, keys } = self.held.remove(index(&self.dice, self.held.len()));
        self.lives(&keys, |life| life.revoked = Some(runtime::now()));
        let keyspace = line.serving.keyspace.clone();
        let work = async move { keyspace.propose(Lane::Urgent, Command::LeaseRevoke { id }).await };
        self.call(line, Operation::Revoke, work).await;
    }

    async fn compact(&mut self, line: &Line) {
        let machine = line.serving.keyspace.machine();
        let revision = machine.revision() - self.desk.kept_revisions;
        if revision > machine.compact_revision() {
            self.call(line, Operation::Compact, propose(line, Lane::Urgent, Command::Compact { revision })).await;
            if self.dice.chance(30) {
                let keyspace = line.serving.keyspace.clone();
                self.call(line, Operation::Compact, async move { keyspace.reclaim().await }).await;
            }
        }
    }
}

fn index(dice: &Dice, of: usize) -> usize {
    usize::try_from(dice.below(of as u64)).expect("an index below a length")
}

pub(crate) fn put_request(key: &str, value: &str, lease: i64) -> PutRequest {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    PutRequest { key, value, lease, ..PutRequest::default() }
}

pub(crate) fn one(key: &str) -> Span {
    Span { key: Bytes::copy_from_slice(key.as_bytes()), range_end: Bytes::new() }
}

fn propose(line: &Line, lane: Lane, command: Command) -> impl Future<Output = Result<i64, Error>> + Send + use<> {
    proposed(line.serving.keyspace.clone(), lane, command)
}

pub(crate) async fn proposed(keyspace: Keyspace, lane: Lane, command: Command) -> Result<i64, Error> {
    keyspace.propose(lane, command).await.map(|(_, revision)| revision)
}
