//! What all clients know together, held against itself at every entry.

use super::record::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// One partition.
#[derive(Debug, Default)]
struct Page {
    /// What was acknowledged, by its offset.
    acknowledged: BTreeMap<i64, Entry>,
    /// What was called a duplicate, and so acknowledged without an offset.
    repeated: HashSet<Entry>,
    /// What any consumer has read, by its offset: there are no gaps.
    seen: Vec<Entry>,
    places: HashMap<Entry, usize>,
    last: HashMap<u64, u64>,
    commits: Vec<Commit>,
    /// The latest commit that was found, as its place in `commits`.
    found: Option<usize>,
}

/// An offset that a group's member wanted to keep.
#[derive(Debug)]
struct Commit {
    token: u64,
    offset: i64,
    sent: Instant,
    outcome: Option<Result<Instant, i16>>,
}

/// The ledger. Shared by all its clients.
#[derive(Debug)]
pub struct Book {
    /// The topic's name.
    pub topic: String,
    /// The group's name.
    pub group: String,
    doors: Mutex<Vec<Option<u16>>>,
    pages: Vec<Mutex<Page>>,
    faults: Mutex<Vec<String>>,
    begin: Instant,
    is_traced: bool,
    batches: AtomicU64,
    retries: AtomicU64,
    reads: AtomicU64,
    committed: AtomicU64,
    rebalances: AtomicU64,
    producers: AtomicU64,
    tokens: AtomicU64,
    /// When what was acknowledged last had been sent, in microseconds since the beginning: by producers, and by the group.
    produced: AtomicU64,
    grouped: AtomicU64,
    /// Producers write nothing new.
    pub stops: AtomicBool,
    /// Consumers go.
    pub ends: AtomicBool,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Report {
    /// Batches that were acknowledged.
    pub acknowledged: u64,
    /// Records in them.
    pub records: u64,
    /// Records that are there and were never acknowledged.
    pub unacknowledged: u64,
    /// Batches that were sent again.
    pub retries: u64,
    /// Records that consumers read, all together.
    pub reads: u64,
    /// Commits that were acknowledged.
    pub commits: u64,
    /// Generations of the group that a member took part in.
    pub rebalances: u64,
}

impl Book {
    /// An empty one.
    pub fn new(topic: &str, group: &str, partitions: usize, doors: usize) -> Self {
        Self {
            topic: topic.to_owned(),
            group: group.to_owned(),
            doors: Mutex::new(vec![None; doors]),
            pages: (0..partitions).map(|_| Mutex::default()).collect(),
            faults: Mutex::default(),
            begin: Instant::now(),
            is_traced: std::env::var("LEDGER_TRACE").is_ok(),
            batches: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            committed: AtomicU64::new(0),
            rebalances: AtomicU64::new(0),
            producers: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
            produced: AtomicU64::new(0),
            grouped: AtomicU64::new(0),
            stops: AtomicBool::new(false),
            ends: AtomicBool::new(false),
        }
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> i32 {
        self.pages.len() as i32
    }

    /// Where a member's door is now.
    pub fn set_door(&self, member: usize, port: Option<u16>) {
        self.doors.lock().expect("not poisoned")[member] = port;
    }

    /// All doors that are known.
    pub fn doors(&self) -> Vec<u16> {
        self.doors.lock().expect("not poisoned").iter().copied().flatten().collect()
    }

    /// A name for one life of a producer.
    pub fn new_producer(&self) -> u64 {
        self.producers.fetch_add(1, Relaxed)
    }

    /// Something that helps to understand a failure; told where `LEDGER_TRACE` is set.
    pub fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:.3?} after the beginning: {}", self.begin.elapsed(), what());
        }
    }

    /// A promise was broken.
    pub fn fault(&self, what: String) {
        let mut faults = self.faults.lock().expect("not poisoned");
        if faults.len() < 50 {
            eprintln!("FAULT {:.3?} after the beginning: {what}", self.begin.elapsed());
            faults.push(what);
        }
    }

    /// Panics with what was broken so far.
    pub fn assert_sound(&self) {
        let faults = self.faults.lock().expect("not poisoned");
        assert!(faults.is_empty(), "{} promises were broken:\n{}", faults.len(), faults.join("\n"));
    }

    /// A batch was sent again.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    /// A member took part in a generation.
    pub fn rebalanced(&self) {
        self.rebalances.fetch_add(1, Relaxed);
    }

    fn page(&self, partition: i32) -> std::sync::MutexGuard<'_, Page> {
        self.pages[partition as usize].lock().expect("not poisoned")
    }

    fn moment(&self, at: Instant) -> u64 {
        at.duration_since(self.begin).as_micros() as u64
    }

    /// A batch that was sent at `sent` was acknowledged with this offset; negative: it was called a duplicate.
    pub fn acknowledge(&self, partition: i32, base_offset: i64, entries: &[Entry], sent: Instant) {
        self.batches.fetch_add(1, Relaxed);
        self.produced.fetch_max(self.moment(sent), Relaxed);
        let mut page = self.page(partition);
        if base_offset < 0 {
            page.repeated.extend(entries);
            return;
        }
        for (offset, entry) in (base_offset..).zip(entries) {
            if let Some(other) = page.acknowledged.insert(offset, *entry) {
                self.fault(format!("{entry:?} was acknowledged at {partition}/{offset}, as {other:?} had been before"));
            }
            if let Some(other) = page.seen.get(offset as usize).filter(|other| *other != entry) {
                self.fault(format!("{entry:?} was acknowledged at {partition}/{offset}, where a consumer had read {other:?}"));
            }
        }
    }

    /// A consumer read this.
    pub fn see(&self, partition: i32, offset: i64, entry: Entry) {
        self.reads.fetch_add(1, Relaxed);
        let mut page = self.page(partition);
        let (offset, known) = (offset as usize, page.seen.len());
        if offset < known {
            if page.seen[offset] != entry {
                self.fault(format!("{partition}/{offset} is {entry:?}, and was {:?} before", page.seen[offset]));
            }
            return;
        }
        if offset > known {
            self.fault(format!("{partition}/{offset} was read, and what lies between it and {known} was not"));
            return;
        }
        page.seen.push(entry);
        if let Some(first) = page.places.insert(entry, offset) {
            self.fault(format!("{entry:?} is at {partition}/{first} and again at {partition}/{offset}"));
        }
        if let Some(last) = page.last.insert(entry.producer, entry.serial).filter(|last| *last >= entry.serial) {
            self.fault(format!("{entry:?} at {partition}/{offset} comes after its producer's {last}"));
        }
        let acknowledged = page.acknowledged.get(&(offset as i64)).copied();
        if let Some(other) = acknowledged.filter(|other| *other != entry) {
            self.fault(format!("{entry:?} is at {partition}/{offset}, where {other:?} was acknowledged"));
        }
    }

    /// A member sends a commit; gives the token that it carries.
    pub fn commit(&self, partition: i32, offset: i64) -> u64 {
        let token = self.tokens.fetch_add(1, Relaxed);
        self.page(partition).commits.push(Commit { token, offset, sent: Instant::now(), outcome: None });
        token
    }

    /// A commit was answered.
    pub fn committed(&self, partition: i32, token: u64, code: i16) {
        let mut page = self.page(partition);
        let commit = page.commits.iter_mut().rev().find(|commit| commit.token == token).expect("it was sent");
        if code == 0 {
            commit.outcome = Some(Ok(Instant::now()));
            self.grouped.fetch_max(self.moment(commit.sent), Relaxed);
            self.committed.fetch_add(1, Relaxed);
        } else {
            commit.outcome = Some(Err(code));
        }
    }

    /// A member, who asked at `asked`, was told this commit; a negative offset: none.
    pub fn found(&self, partition: i32, offset: i64, token: &str, asked: Instant) {
        let mut page = self.page(partition);
        let is_before = |commit: &Commit| matches!(commit.outcome, Some(Ok(at)) if at < asked);
        let last = page.commits.iter().rposition(is_before);
        let place = page.commits.iter().rposition(|commit| commit.token.to_string() == token);
        match (place, last) {
            (None, None) if offset < 0 => return,
            (None, _) => {
                let last = last.map(|at| &page.commits[at]);
                self.fault(format!("the group's offset of {partition} is {offset} by {token:?}, and {last:?} was committed"));
                return;
            }
            (Some(place), _) => {
                let commit = &page.commits[place];
                if commit.offset != offset || last.is_some_and(|last| last > place) || page.found > Some(place) {
                    let (last, found) = (last.map(|at| &page.commits[at]), page.found.map(|at| &page.commits[at]));
                    self.fault(format!("the offset {offset} of {partition} is by {commit:?}; before: {last:?}, found {found:?}"));
                }
                if let Some(Err(code)) = commit.outcome.filter(|_| !may_have_happened(commit.outcome)) {
                    self.fault(format!("the offset {offset} of {partition} is by a commit that was refused with {code}"));
                }
            }
        }
        page.found = place;
    }

    /// How long after `since` something was acknowledged that had been sent after it: by producers, and in the group.
    pub async fn resumed(&self, since: Instant) -> (Duration, Duration) {
        let moment = self.moment(since);
        let wait = async |what: &AtomicU64, name: &str| {
            while what.load(Relaxed) <= moment {
                assert!(since.elapsed() < super::limits::SETTLE, "{name} did not resume for {:?}", since.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            since.elapsed()
        };
        tokio::join!(wait(&self.produced, "producers"), wait(&self.grouped, "the group"))
    }

    /// Holds what lies in a partition against what was acknowledged and seen; gives how many records were acknowledged, and not.
    pub fn audit(&self, partition: i32, records: &[Entry]) -> (u64, u64) {
        let page = self.page(partition);
        let mut places: HashMap<Entry, usize> = HashMap::new();
        for (offset, entry) in records.iter().enumerate() {
            if let Some(first) = places.insert(*entry, offset) {
                self.fault(format!("DUPLICATE: {entry:?} is at {partition}/{first} and at {partition}/{offset}"));
            }
        }
        for (offset, entry) in &page.acknowledged {
            match places.get(entry) {
                None => self.fault(format!("LOST: {entry:?}, acknowledged at {partition}/{offset}")),
                Some(place) if *place as i64 == *offset => {}
                Some(place) => self.fault(format!("FALSE: {entry:?}, acknowledged at {partition}/{offset}, is at {place}")),
            }
        }
        for entry in page.repeated.iter().filter(|entry| !places.contains_key(entry)) {
            self.fault(format!("LOST: {entry:?}, called a duplicate in {partition}"));
        }
        if records.get(..page.seen.len()) != Some(&page.seen[..]) {
            self.fault(format!("CHANGED: partition {partition} is not what consumers read of it"));
        }
        let acknowledged = (page.acknowledged.len() + page.repeated.len()) as u64;
        (acknowledged, (records.len() as u64).saturating_sub(acknowledged))
    }

    /// Batches that were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.batches.load(Relaxed)
    }

    /// The counts, with those of the audit.
    pub fn report(&self, (records, unacknowledged): (u64, u64)) -> Report {
        Report {
            acknowledged: self.batches.load(Relaxed),
            records,
            unacknowledged,
            retries: self.retries.load(Relaxed),
            reads: self.reads.load(Relaxed),
            commits: self.committed.load(Relaxed),
            rebalances: self.rebalances.load(Relaxed),
        }
    }
}

/// Whether a commit with this outcome may be there: timeouts say nothing, and a change of coordinator may come behind the write.
fn may_have_happened(outcome: Option<Result<Instant, i16>>) -> bool {
    use kafka_wire::ErrorCode::{CoordinatorNotAvailable, NotCoordinator, RequestTimedOut};
    match outcome {
        Some(Err(code)) => [RequestTimedOut, NotCoordinator, CoordinatorNotAvailable].iter().any(|known| *known as i16 == code),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
