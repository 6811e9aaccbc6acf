//! Clients of the configuration store, and what they write down of it.
//!
//! Each request has an id of its own, which the audit trail keeps: so the trail says in the end what became of each, in which order,
//! and how often. [`mod@judge`] holds everything that was told or seen meanwhile against it.

use std::{collections::BTreeMap, future::Future, time::Duration};

use base::{Error, Kind};
use bytes::Bytes;
use config::{
    Command, Context, Expect, Filter, Operation as Change, Put, Refused, Reply, Settings, Stored, Transaction, Value, ValueType,
    Who, merkle, sha256, value::Hash,
};
use replica::{ConfigStore, Lane, runtime};

use crate::{
    clients::Desk,
    dice::Dice,
    house::{House, Serving},
    matrix::Operation,
};

mod judge;

pub(crate) use judge::judge;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Namespaces that keys are written to. The last one is deleted now and then, and forgets what is old.
const NAMESPACES: [&str; 3] = ["a", "a/b", "passing"];
/// Where imports go.
const BULK: &str = "bulk";
/// Keys of a namespace.
const KEYS: u64 = 4;
/// How long the passing namespace keeps what was replaced.
const AGE_MS: u64 = 20_000;
/// Versions that namespaces keep once somebody said so.
const VERSIONS_KEPT: u32 = 4;
/// Times that a request of unknown fate is asked for again.
const REPEATS: u32 = 20;

/// A change that was asked for.
#[derive(Clone, Debug)]
struct Asked {
    /// The request.
    id: String,
    start: Duration,
    end: Duration,
    /// What it was to write: a key and the hash of its value; `None`: something else.
    target: Option<(String, String, Option<Hash>)>,
    /// The version that it was to replace.
    expected: Option<u64>,
    fate: Fate,
    node: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It was acknowledged, with its first and last position.
    Done(u64, u64),
    /// It was surely not done.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// A key as somebody read it who had to see the latest.
#[derive(Clone, Debug)]
struct Look {
    start: Duration,
    position: u64,
    namespace: String,
    key: String,
    found: Option<(u64, Hash)>,
    node: String,
}

/// What clients of the store wrote down.
#[derive(Default)]
pub(crate) struct StoreDiary {
    asked: Vec<Asked>,
    looks: Vec<Look>,
    /// The root of a size, by whom it was told first.
    roots: BTreeMap<u64, (Hash, String)>,
    /// The leaf of a position, by whom it was shown first.
    leaves: BTreeMap<u64, (Hash, String)>,
    /// The last position that each start of each node showed.
    shown: BTreeMap<(String, u32), u64>,
}

/// A node, its process and its store.
struct Line {
    house: House,
    serving: Serving,
    store: ConfigStore,
}

/// What came of one attempt.
enum Answer<T> {
    Done(T),
    /// Surely nothing.
    Refused(Error),
    Unknown,
}

async fn line(desk: &Desk, dice: &Dice) -> Option<Line> {
    let house = desk.cluster.any_serving(dice)?.clone();
    let (serving, (node, _)) = (house.serving_now()?, house.node()?);
    Some(Line { store: node.config_store().ok()?, house, serving })
}

impl Line {
    async fn within<T: Send + 'static>(&self, work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Answer<T> {
        let answer = tokio::select! {
            biased;
            answer = self.house.within(&self.serving, work) => answer,
            () = runtime::sleep(PATIENCE) => None,
        };
        match answer {
            Some(Ok(answer)) => Answer::Done(answer),
            Some(Err(error)) if error.kind == Kind::Deadline => Answer::Unknown,
            Some(Err(error)) => Answer::Refused(error),
            None => Answer::Unknown,
        }
    }

    async fn ask(&self, lane: Lane, command: Command) -> Answer<Reply> {
        let store = self.store.clone();
        self.within(async move { store.propose(lane, &command).await }).await
    }
}

struct Client {
    desk: Desk,
    number: u64,
    serial: u64,
    dice: Dice,
    /// Everything up to this position was followed.
    followed: u64,
}

/// One client of the store, which asks another node every time.
pub(crate) async fn client(desk: Desk, number: u64) {
    let dice = Dice::new(runtime::random_u64());
    let mut client = Client { desk, number, serial: 0, dice, followed: 0 };
    while runtime::now() < client.desk.until {
        // Half as often as others: the audit trail keeps everything.
        runtime::sleep(Duration::from_millis(100 + client.dice.below(2 * client.desk.think_ms + 300))).await;
        let Some(line) = line(&client.desk, &client.dice).await else { continue };
        client.serial += 1;
        client.desk.begun();
        match client.dice.below(100) {
            0..28 => client.put(&line).await,
            28..40 => client.swap(&line).await,
            40..47 => client.delete(&line).await,
            47..53 => client.large(&line).await,
            53..58 => client.import(&line).await,
            58..61 => client.settings(&line).await,
            61..63 => client.refuse(&line).await,
            63..64 => client.drop_namespace(&line).await,
            64..82 => client.look(&line).await,
            82..92 => client.follow(&line).await,
            _ => client.audit(&line).await,
        }
    }
}

fn put_of(namespace: &str, key: &str, value: Value, expect: Expect) -> Change {
    Change::Put(Put {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        value_type: ValueType::Binary,
        value,
        expect,
        creates_namespace: true,
        restores: 0,
    })
}

fn inline(text: &str) -> Value {
    Value::Inline(Bytes::copy_from_slice(text.as_bytes()))
}

impl Client {
    fn id(&self) -> String {
        format!("{}/{}", self.number, self.serial)
    }

    fn context(&self) -> Context {
        let who = Who { principal: format!("c{}", self.number), ..Who::default() };
        Context { who, request_id: self.id(), ..Context::default() }
    }

    fn any_key(&self) -> (String, String) {
        let namespace = NAMESPACES[usize::try_from(self.dice.below(3)).expect("one of three")];
        (namespace.to_owned(), format!("k{}", self.dice.below(KEYS)))
    }

    async fn put(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Configure);
        let ((namespace, key), text) = (self.any_key(), self.id());
        let change = put_of(&namespace, &key, inline(&text), Expect::Any);
        self.write(line, change, Some((namespace, key, Some(sha256(text.as_bytes())))), None).await;
    }

    /// Writes over the version that was seen, and over no other.
    async fn swap(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Configure);
        let ((namespace, key), text) = (self.any_key(), self.id());
        let Some(Ok((found, _))) = line.store.machine().get_many(&[(namespace.clone(), key.clone())], config::Cold::Allow) else {
            return self.desk.complain(format!("{} cannot read a key", line.house.name()));
        };
        let version = found.into_iter().next().flatten().map_or(0, |stored| stored.version);
        let change = put_of(&namespace, &key, inline(&text), Expect::Version(version));
        self.write(line, change, Some((namespace, key, Some(sha256(text.as_bytes())))), Some(version)).await;
    }

    async fn delete(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Unset);
        let (namespace, key) = self.any_key();
        let change = Change::Delete { namespace: namespace.clone(), key: key.clone(), expect: Expect::Any };
        self.write(line, change, Some((namespace, key, None)), None).await;
    }

    /// A value in chunks, which go ahead.
    async fn large(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Large);
        let ((namespace, key), text) = (self.any_key(), self.id());
        let chunks: Vec<Bytes> = (0..3).map(|chunk| Bytes::from(format!("{chunk}:{}", text.repeat(10)))).collect();
        let whole = chunks.concat();
        for bytes in &chunks {
            let Answer::Done(Reply::Chunk(_)) = line.ask(Lane::Bulk, Command::PutChunk { bytes: bytes.clone() }).await else {
                return;
            };
        }
        let names = chunks.iter().map(|chunk| sha256(chunk)).collect();
        let value = Value::Chunks { chunks: names, bytes: whole.len() as u64, hash: sha256(&whole) };
        let change = put_of(&namespace, &key, value, Expect::Any);
        self.write(line, change, Some((namespace, key, Some(sha256(&whole)))), None).await;
    }

    async fn settings(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Configure);
        let (namespace, _) = self.any_key();
        let version_age_ms = if namespace == NAMESPACES[2] { AGE_MS } else { 0 };
        let settings = Settings { versions_kept: VERSIONS_KEPT, version_age_ms, audits_values: true };
        let change = Change::PutNamespace {
            namespace,
            description: Some(self.id()),
            owner: None,
            settings: Some(settings),
            expect: Expect::Any,
        };
        self.write(line, change, None, None).await;
    }

    async fn drop_namespace(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Unset);
        let change = Change::DeleteNamespace { namespace: NAMESPACES[2].to_owned(), expect: Expect::Any };
        self.write(line, change, None, None).await;
    }

    /// An attempt that somebody refused is on record, too.
    async fn refuse(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Configure);
        let ((namespace, key), start) = (self.any_key(), runtime::now());
        let refused = Refused { context: self.context(), attempted: config::Action::ConfigUpdated, namespace, key: Some(key) };
        let fate = match line.ask(Lane::Normal, Command::Refused(refused)).await {
            Answer::Done(Reply::Recorded { position }) => Fate::Done(position, position),
            Answer::Done(other) => return self.desk.complain(format!("a refusal was answered with {other:?}")),
            Answer::Refused(_) => Fate::Refused,
            Answer::Unknown => Fate::Unknown,
        };
        self.note(line, start, None, None, fate);
    }

    /// Writes, some under an idempotency key: those are asked for again, of any node, until somebody says what came of it.
    async fn write(
        &mut self,
        line: &Line,
        change: Change,
        target: Option<(String, String, Option<Hash>)>,
        expected: Option<u64>,
    ) {
        let (start, repeats) = (runtime::now(), self.dice.chance(60));
        let idempotency_key = if repeats { self.id() } else { String::new() };
        let transaction =
            Transaction { context: self.context(), idempotency_key, operations: vec![change], ..Transaction::default() };
        let command = Command::Write(transaction);
        let mut answer = line.ask(Lane::Normal, command.clone()).await;
        let mut attempts = 0;
        while repeats && attempts < REPEATS && matches!(answer, Answer::Unknown) {
            attempts += 1;
            runtime::sleep(Duration::from_millis(50 + self.dice.below(500))).await;
            let Some(line) = self::line(&self.desk, &self.dice).await else { continue };
            answer = line.ask(Lane::Normal, command.clone()).await;
        }
        let fate = match answer {
            Answer::Done(Reply::Written(written)) => {
                if written.is_repeated && attempts == 0 {
                    self.desk.complain(format!("{} calls {} repeated, which was sent once", line.house.name(), self.id()));
                }
                Fate::Done(written.first, written.last)
            }
            Answer::Done(other) => return self.desk.complain(format!("a write was answered with {other:?}")),
            // What came before it may be done yet.
            Answer::Refused(_) if attempts > 0 => Fate::Unknown,
            Answer::Refused(_) => Fate::Refused,
            Answer::Unknown => Fate::Unknown,
        };
        self.note(line, start, target, expected, fate);
    }

    fn note(
        &self,
        line: &Line,
        start: Duration,
        target: Option<(String, String, Option<Hash>)>,
        expected: Option<u64>,
        fate: Fate,
    ) {
        let mut diary = self.desk.diary();
        match fate {
            Fate::Done(..) => {}
            Fate::Refused => diary.refused += 1,
            Fate::Unknown => diary.unknown += 1,
        }
        drop(diary);
        let node = line.house.name().to_owned();
        let asked = Asked { id: self.id(), start, end: runtime::now(), target, expected, fate, node };
        self.desk.stores().asked.push(asked);
    }

    /// Stages an import and makes it visible; whatever fails on the way, it is left as it is.
    async fn import(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Import);
        let (import, start) = (runtime::random_u64().max(1), runtime::now());
        let begin = Command::ImportBegin { import, context: self.context() };
        let Answer::Done(_) = line.ask(Lane::Bulk, begin).await else { return };
        for part in 0..1 + u32::try_from(self.dice.below(3)).expect("a small number") {
            let item = |number| put_of(BULK, &format!("{part}/{number}"), inline(&self.id()), Expect::Any);
            let items = (0..2 + self.dice.below(4)).map(item).collect();
            let Answer::Done(_) = line.ask(Lane::Bulk, Command::ImportPart { import, part, items }).await else { return };
        }
        let store = line.store.clone();
        let fate = match line.within(async move { store.publish(Lane::Normal, import).await }).await {
            Answer::Done(progress) => match progress.visible {
                Some((first, last)) => Fate::Done(first, last),
                None => return self.desk.complain("an import that was published is not visible".to_owned()),
            },
            // Its commit may have been done, and what came after it refused.
            Answer::Refused(_) | Answer::Unknown => Fate::Unknown,
        };
        self.note(line, start, None, None, fate);
    }

    /// Reads a key behind a barrier, or behind the last position that anybody was told of.
    async fn look(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Look);
        let (at, start) = (self.any_key(), runtime::now());
        let told = self.dice.chance(40).then(|| self.desk.stores().told());
        let (store, wanted) = (line.store.clone(), at.clone());
        let work = async move {
            match told {
                Some(position) => store.wait_applied(position).await?,
                None => store.barrier().await?,
            }
            store.read(move |machine, cold| machine.get_many(std::slice::from_ref(&wanted), cold)).await
        };
        let Answer::Done((found, position)) = line.within(work).await else { return };
        let found = found.into_iter().next().flatten().map(|stored: Stored| (stored.position, stored.hash));
        self.shows(line, position);
        let node = line.house.name().to_owned();
        let mut diary = self.desk.stores();
        if let Some(told) = told.filter(|told| *told > position) {
            let complaint = format!("{node} waited for position {told}, and shows {position}");
            drop(diary);
            return self.desk.complain(complaint);
        }
        diary.looks.push(Look { start, position, namespace: at.0, key: at.1, found, node });
    }

    /// What a process shows never goes back.
    fn shows(&self, line: &Line, position: u64) {
        let name = line.house.name();
        let mut diary = self.desk.stores();
        let shown = diary.shown.entry((name.to_owned(), line.serving.start)).or_default();
        let before = *shown;
        *shown = before.max(position);
        drop(diary);
        if position < before {
            self.desk.complain(format!("{name} showed position {position} after {before}"));
        }
    }

    /// Goes on with the changes behind those that were followed, on whatever node.
    async fn follow(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Follow);
        let (store, after) = (line.store.clone(), self.followed);
        let work = async move { store.read(move |machine, _| Some(machine.events(after, &Filter::All, 100, false))).await };
        // One that is behind is asked again later.
        let Answer::Done(events) = line.within(work).await else { return };
        for event in &events.events {
            self.shows_leaf(line, event.record.position, event.record.leaf_hash());
        }
        self.followed = events.through;
    }

    fn shows_leaf(&self, line: &Line, position: u64, leaf: Hash) {
        let name = line.house.name();
        let mut diary = self.desk.stores();
        let (known, first) = diary.leaves.entry(position).or_insert_with(|| (leaf, name.to_owned())).clone();
        drop(diary);
        if known != leaf {
            self.desk.complain(format!("{name} shows another record at {position} than {first} did"));
        }
    }

    /// Asks for the root, and for the proof that it goes on from one that somebody was told before.
    async fn audit(&mut self, line: &Line) {
        let _in_flight = self.desk.matrix.begin(Operation::Audit);
        let store = line.store.clone();
        let earlier = self.desk.stores().roots.iter().next_back().map(|(size, (root, _))| (*size, *root));
        let work = async move {
            store.recovered().await?;
            let machine = store.machine();
            let size = machine.position();
            let root = machine.root(size)?;
            let Some((old, old_root)) = earlier.filter(|(old, _)| (1..=size).contains(old)) else { return Ok((size, root)) };
            let proof = machine.consistency_proof(old, size)?;
            merkle::verify_consistency(old, &old_root, size, &root, &proof).map(|()| (size, root))
        };
        match line.within(work).await {
            Answer::Done((size, root)) => {
                self.shows(line, size);
                self.shows_root(line, size, root);
            }
            Answer::Refused(error) if error.kind != Kind::Unavailable => {
                self.desk.complain(format!("{} does not prove its trail: {error}", line.house.name()));
            }
            Answer::Refused(_) | Answer::Unknown => {}
        }
    }

    fn shows_root(&self, line: &Line, size: u64, root: Hash) {
        let name = line.house.name();
        let (known, first) = self.desk.stores().roots.entry(size).or_insert_with(|| (root, name.to_owned())).clone();
        if known != root {
            self.desk.complain(format!("{name} has another root of {size} records than {first} had"));
        }
    }
}

impl StoreDiary {
    /// The last position that anybody was told of.
    fn told(&self) -> u64 {
        let last = |asked: &Asked| match asked.fate {
            Fate::Done(_, last) => last,
            Fate::Refused | Fate::Unknown => 0,
        };
        self.asked.iter().map(last).max().unwrap_or(0)
    }
}
