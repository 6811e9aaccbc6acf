//! The watches of one client stream.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::AcqRel, Ordering::Relaxed, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use base::{Error, Kind, Result};
use bytes::Bytes;
use kv::event::Changes;
use rustc_hash::FxHashMap;

use super::{
    Hub,
    encode::fragments,
    exchange::{Output, StreamOptions, Watch},
    filter::{Filter, Keys},
    gather::{Gathered, Stretch},
    index::{Bell, Class},
    limits::{BODY_BYTES, HISTORY_SLICE_BYTES},
    ring::Entry,
};
use crate::{
    bugs::{Bug, planted},
    runtime,
};

struct Watcher {
    class: u64,
    /// The first revision not delivered.
    next: i64,
    synced: bool,
    /// Its id lies in `behind`.
    queued: bool,
    fragment: bool,
    notify: bool,
    /// Nothing was sent since the last tick.
    idle: bool,
}

struct Members {
    class: Arc<Class>,
    ids: BTreeSet<i64>,
    /// A job of it waits; there is never a second one.
    busy: bool,
}

/// A class has something new from this revision on.
struct Job {
    class: u64,
    from: i64,
}

/// A read on a blocking thread.
enum Read {
    /// Of what entries of the ring lack for `class` from `from` on: values and states before that
    /// memory did not have.
    Missing { class: u64, from: i64, done: Result<()> },
    /// Of a slice of history for those of `class` who stand at `from`; complete up to the last part.
    History { class: u64, from: i64, slice: Result<(Vec<Arc<Entry>>, i64)> },
}

#[derive(Clone, Copy, Default)]
struct Asked {
    /// The client asked for the progress of the whole stream.
    manual: bool,
    /// The tick asks for the progress of idle watches.
    tick: bool,
}

/// What a class gets out of some entries.
struct Body {
    bytes: Bytes,
    /// The last revision in it; 0: nothing matched.
    last: i64,
    /// Everything up to here was looked at.
    to: i64,
}

/// The watches of one client stream, and what is on its way to the client.
pub struct WatchStream {
    hub: Hub,
    bell: Arc<Bell>,
    options: StreamOptions,
    watchers: BTreeMap<i64, Watcher>,
    members: FxHashMap<u64, Members>,
    class_of: HashMap<Filter, u64>,
    next_id: i64,
    next_class: u64,
    out: VecDeque<Output>,
    jobs: VecDeque<Job>,
    behind: VecDeque<i64>,
    read: Option<Pin<Box<dyn Future<Output = Read> + Send>>>,
    /// A stretch of the ring that jobs share.
    window: Stretch,
    /// All marks up to this revision were taken.
    covered: i64,
    asked: Asked,
    armed: Asked,
}

impl WatchStream {
    pub(super) fn new(hub: Hub, options: StreamOptions) -> WatchStream {
        let bell = Arc::new(Bell::default());
        hub.inner.streams.lock().push(bell.clone());
        let covered = hub.inner.ring.read().head();
        WatchStream {
            hub,
            bell,
            options,
            watchers: BTreeMap::new(),
            members: FxHashMap::default(),
            class_of: HashMap::new(),
            next_id: 0,
            next_class: 0,
            out: VecDeque::new(),
            jobs: VecDeque::new(),
            behind: VecDeque::new(),
            read: None,
            window: Stretch::default(),
            covered,
            asked: Asked::default(),
            armed: Asked::default(),
        }
    }

    /// Begins a watch, or says why not. Returns its id.
    pub fn watch(&mut self, watch: Watch) -> Option<i64> {
        match self.admit(watch) {
            Ok(id) => Some(id),
            Err(reason) => {
                self.refuse(reason);
                None
            }
        }
    }

    /// Answers that a watch is refused.
    pub fn refuse(&mut self, reason: &'static str) {
        let revision = self.hub.revision();
        self.out.push_back(Output::Refused { revision, reason });
    }

    fn admit(&mut self, watch: Watch) -> Result<i64, &'static str> {
        if watch.start < 0 {
            return Err("etcdserver: mvcc: required revision has been compacted");
        }
        let keys = Keys::of(&watch.span).ok_or("mvcc: watcher range is empty")?;
        if self.watchers.contains_key(&watch.id) && watch.id != 0 {
            return Err("mvcc: duplicate watch ID provided on the WatchStream");
        }
        if self.watchers.len() >= self.options.watches_max {
            return Err("etcdserver: too many watches on this stream, cancel some or open another stream");
        }
        let id = if watch.id == 0 { self.free_id() } else { watch.id };
        let filter = Filter { keys, no_put: watch.no_put, no_delete: watch.no_delete, prev_kv: watch.prev_kv };
        let class = self.join(filter, id);
        // Only now, with the class in the index: what is published from here on is marked.
        let revision = self.hub.revision();
        self.hub.inner.watches.fetch_add(1, Relaxed);
        let repeated = i64::from(planted(Bug::RepeatsLast) && watch.start > 1);
        let next = if watch.start == 0 { revision + 1 } else { watch.start - repeated };
        let synced = next > revision;
        let (fragment, notify) = (watch.fragment, watch.progress_notify);
        self.watchers.insert(id, Watcher { class, next, synced, queued: !synced, fragment, notify, idle: true });
        self.out.push_back(Output::Created { id, revision });
        if !synced && !self.end_if_compacted(&[id]) {
            self.behind.push_back(id);
        }
        Ok(id)
    }

    fn free_id(&mut self) -> i64 {
        while self.watchers.contains_key(&self.next_id) {
            self.next_id += 1;
        }
        self.next_id += 1;
        self.next_id - 1
    }

    /// Ends a watch at the client's wish; one that is not there is passed over, as etcd does. Whether it was there.
    pub fn cancel(&mut self, id: i64) -> bool {
        let there = self.leave(id);
        if there {
            let revision = self.hub.revision();
            self.out.push_back(Output::Canceled { id, revision });
        }
        there
    }

    /// Reports progress under id -1 as soon as every watch has everything; without a watch, never.
    pub fn request_progress(&mut self) {
        self.asked.manual |= !self.watchers.is_empty();
    }

    /// The time between two progress reports has passed: watches that asked for them and were idle since the last tick get one.
    pub fn tick(&mut self) {
        self.asked.tick = true;
    }

    /// Watches open.
    pub fn watches(&self) -> usize {
        self.watchers.len()
    }

    /// Whether answers wait to be taken, so that it would be early to read more requests.
    pub fn is_owing(&self) -> bool {
        !self.out.is_empty()
    }

    /// The next answer. `None`: the hub was closed.
    pub async fn next(&mut self) -> Option<Output> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// The next answer. `None`: the hub was closed.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Output>> {
        self.bell.waker.register(context.waker());
        loop {
            if self.hub.inner.closed.load(SeqCst) {
                return Poll::Ready(None);
            }
            if let Some(output) = self.out.pop_front() {
                return Poll::Ready(Some(output));
            }
            // Before new marks are taken: under steady load there is always something newer.
            self.report_progress(context);
            let read = self.poll_read(context);
            self.take_marks();
            if read | self.work_jobs() | self.work_behind() {
                continue;
            }
            self.report_progress(context);
            if self.out.is_empty() {
                return Poll::Pending;
            }
        }
    }

    /// Whether everything up to `covered` was delivered.
    fn is_even(&self) -> bool {
        self.jobs.is_empty() && self.behind.is_empty() && self.read.is_none()
    }

    /// Takes the marks of all classes that have something new, up to the ring's head.
    fn take_marks(&mut self) {
        let mut found = Vec::new();
        {
            let ring = self.hub.inner.ring.read();
            self.covered = ring.head();
            for id in std::mem::take(&mut *self.bell.dirty.lock()) {
                // A class that ended since has left its mark behind.
                let Some(members) = self.members.get_mut(&id) else { continue };
                let from = members.class.dirty_from.swap(0, AcqRel);
                if !std::mem::replace(&mut members.busy, true) {
                    found.push(Job { class: id, from });
                }
            }
        }
        self.jobs.extend(found);
        self.armed.manual |= std::mem::take(&mut self.asked.manual);
        self.armed.tick |= std::mem::take(&mut self.asked.tick);
    }

    /// Does what can be done for classes with something new. Whether anything was.
    fn work_jobs(&mut self) -> bool {
        let mut worked = false;
        for _ in 0..self.jobs.len() {
            if !self.out.is_empty() {
                return true;
            }
            let Some(mut job) = self.jobs.pop_front() else { break };
            match self.work_job(&mut job) {
                Step::Done => {
                    worked = true;
                    if let Some(members) = self.members.get_mut(&job.class) {
                        members.busy = false;
                    }
                }
                Step::More => {
                    worked = true;
                    self.jobs.push_back(job);
                }
                Step::Waits => self.jobs.push_back(job),
            }
        }
        worked
    }

    fn work_job(&mut self, job: &mut Job) -> Step {
        let Some(members) = self.members.get(&job.class) else { return Step::Done };
        let class = members.class.clone();
        let synced: Vec<i64> = members.ids.iter().copied().filter(|id| self.watchers[id].synced).collect();
        // Nobody may need the beginning any more, if those who did have left.
        let Some(first) = synced.iter().map(|id| self.watchers[id].next).min() else { return Step::Done };
        job.from = job.from.max(first);
        if job.from > self.covered {
            return Step::Done;
        }
        let Some(window) = self.window(job.from) else {
            synced.into_iter().for_each(|id| self.fall_behind(id, job.from));
            return Step::Done;
        };
        let Some(body) = self.body(&class.filter, &window, job.from) else {
            return if self.read_missing(&class, job.from, &window) { Step::More } else { Step::Waits };
        };
        let at_end = body.to >= self.covered;
        for id in synced {
            self.deliver(id, &class.filter, &window, job.from, &body, body.last);
        }
        job.from = body.to + 1;
        if at_end { Step::Done } else { Step::More }
    }

    /// Gives `id` what it has not had yet of a body that was gathered from `from` on.
    fn deliver(&mut self, id: i64, filter: &Filter, window: &[Arc<Entry>], from: i64, body: &Body, revision: i64) {
        let next = self.watchers[&id].next;
        if next > body.to {
            return;
        }
        if next <= from {
            self.send(id, revision, &body.bytes);
        } else {
            let upto = window.partition_point(|entry| entry.revision <= body.to);
            let own = self.body(filter, &window[..upto], next).expect("the states before were read for the common body");
            self.send(id, revision, &own.bytes);
        }
        if let Some(watcher) = self.watchers.get_mut(&id) {
            watcher.next = body.to + 1;
        }
    }

    fn send(&mut self, id: i64, revision: i64, body: &Bytes) {
        if body.is_empty() {
            return;
        }
        let Some(watcher) = self.watchers.get_mut(&id) else { return };
        watcher.idle = false;
        if !watcher.fragment || body.len() < self.options.fragment_bytes {
            self.out.push_back(Output::Events { id, revision, body: body.clone(), fragment: false });
            return;
        }
        let parts = fragments(body, self.options.fragment_bytes);
        let last = parts.len() - 1;
        let parts = parts.into_iter().enumerate();
        self.out.extend(parts.map(|(place, body)| Output::Events { id, revision, body, fragment: place != last }));
    }

    /// The ring from `from` to `covered` at most, shared by the jobs of a round; `None`: the ring no longer has it.
    fn window(&mut self, from: i64) -> Option<Stretch> {
        let held = &self.window.entries;
        let holds =
            held.first().is_some_and(|first| first.revision <= from) && held.last().is_some_and(|last| last.revision >= from);
        if !holds {
            let entries = self.hub.inner.ring.read().window(from)?;
            self.window = Stretch { range: 0..entries.len(), entries: entries.into() };
        }
        let entries = self.window.entries.clone();
        let start = entries.partition_point(|entry| entry.revision < from);
        let end = entries.partition_point(|entry| entry.revision <= self.covered);
        Some(Stretch { entries, range: start..end.max(start) })
    }

    /// Gathers what matches from `from` on, about [`BODY_BYTES`], whole revisions. `None`: something must be read first.
    fn body(&self, filter: &Filter, entries: &[Arc<Entry>], from: i64) -> Option<Body> {
        let compacted = if filter.prev_kv { self.hub.inner.history.compact_revision() } else { 0 };
        let mut gathered = Gathered::default();
        let mut last = 0;
        for entry in entries.iter().filter(|entry| entry.revision >= from) {
            if gathered.len() >= BODY_BYTES {
                return Some(Body { bytes: gathered.finish(), last, to: entry.revision - 1 });
            }
            if !entry.events.iter().any(|event| filter.wants(event)) {
                continue;
            }
            // As etcd answers: a state before the compaction mark is gone, though the ring may still know it.
            let with_prev = filter.prev_kv && entry.revision > compacted;
            let frames = entry.frames(with_prev)?;
            if entry.events.iter().all(|event| filter.wants(event)) {
                gathered.whole(&frames.bytes);
            } else {
                let wanted = entry.events.iter().enumerate().filter(|(_, event)| filter.wants(event));
                wanted.for_each(|(place, _)| gathered.part(frames.frame(place)));
            }
            last = entry.revision;
        }
        let to = entries.last().map_or(self.covered, |entry| entry.revision);
        Some(Body { bytes: gathered.finish(), last, to })
    }

    /// Goes on with one of those who fell behind. Whether anything was done.
    fn work_behind(&mut self) -> bool {
        if !self.out.is_empty() {
            return true;
        }
        let Some(&id) = self.behind.front() else { return false };
        let Some(watcher) = self.watchers.get_mut(&id) else {
            self.behind.pop_front();
            return true;
        };
        if watcher.synced {
            watcher.queued = false;
            self.behind.pop_front();
            return true;
        }
        let (class, from) = (watcher.class, watcher.next);
        let filter = self.members[&class].class.filter.clone();
        let Some(window) = self.window(from) else {
            return self.work_history(class, filter, from);
        };
        let Some(body) = self.body(&filter, &window, from) else {
            let class = self.members[&class].class.clone();
            return self.read_missing(&class, from, &window);
        };
        let revision = self.covered;
        for id in self.group(class, from) {
            self.deliver(id, &filter, &window, from, &body, revision);
            self.settle_in(id);
        }
        self.behind.rotate_left(1);
        true
    }

    /// Those of a class who are behind at the same revision: they share each step.
    fn group(&self, class: u64, from: i64) -> Vec<i64> {
        let Some(members) = self.members.get(&class) else { return Vec::new() };
        let alike = |id: &&i64| {
            let watcher = &self.watchers[*id];
            !watcher.synced && watcher.next == from
        };
        members.ids.iter().filter(alike).copied().collect()
    }

    /// Decides whether one who was behind is synced now.
    fn settle_in(&mut self, id: i64) {
        if let Some(watcher) = self.watchers.get_mut(&id) {
            watcher.synced = watcher.next > self.covered;
        }
    }

    /// One who was synced goes on from `from` by itself, unless it begins later anyway.
    fn fall_behind(&mut self, id: i64, from: i64) {
        let Some(watcher) = self.watchers.get_mut(&id).filter(|watcher| watcher.next <= self.covered) else { return };
        watcher.next = watcher.next.max(from);
        watcher.synced = false;
        if !std::mem::replace(&mut watcher.queued, true) {
            self.behind.push_back(id);
        }
    }

    fn work_history(&mut self, class: u64, filter: Filter, from: i64) -> bool {
        let group = self.group(class, from);
        if self.end_if_compacted(&group) {
            return true;
        }
        if self.read.is_some() {
            return false;
        }
        let (history, to) = (self.hub.inner.history.clone(), self.covered);
        let slice = move || {
            let (changes, complete) = history.history(from, to, &filter.keys.span(), HISTORY_SLICE_BYTES)?;
            let entries: Vec<_> = changes.into_iter().map(|changes: Changes| Arc::new(Entry::new(changes))).collect();
            if filter.prev_kv {
                entries.iter().try_for_each(|entry| entry.read_missing(true, &*history))?;
            }
            Ok((entries, complete))
        };
        self.read = Some(Box::pin(async move { Read::History { class, from, slice: runtime::spawn_blocking(slice).await } }));
        true
    }

    /// Reads what `window` lacks for `class`. Whether it was begun.
    fn read_missing(&mut self, class: &Class, from: i64, window: &[Arc<Entry>]) -> bool {
        if self.read.is_some() {
            return false;
        }
        let compacted = self.hub.inner.history.compact_revision();
        let (class, filter) = (class.id, &class.filter);
        let wanted = |entry: &&Arc<Entry>| entry.events.iter().any(|event| filter.wants(event));
        let entries: Vec<_> = window.iter().filter(wanted).cloned().collect();
        let (history, prev_kv) = (self.hub.inner.history.clone(), filter.prev_kv);
        let work = move || {
            let read = |entry: &Arc<Entry>| entry.read_missing(prev_kv && entry.revision > compacted, &*history);
            entries.iter().try_for_each(read)
        };
        self.read = Some(Box::pin(async move { Read::Missing { class, from, done: runtime::spawn_blocking(work).await } }));
        true
    }

    /// Whether a read is done.
    fn poll_read(&mut self, context: &mut Context<'_>) -> bool {
        let Some(read) = &mut self.read else { return false };
        let Poll::Ready(done) = read.as_mut().poll(context) else { return false };
        self.read = None;
        match done {
            Read::Missing { done: Ok(()), .. } => {}
            Read::Missing { class, from, done: Err(error) } => self.take_missing(class, from, error),
            Read::History { class, from, slice } => self.take_slice(class, from, slice),
        }
        true
    }

    /// What a class needs cannot be read: those whom compaction has overtaken are over.
    fn take_missing(&mut self, class: u64, from: i64, error: Error) {
        let Some(members) = self.members.get(&class) else { return };
        let compacted = self.hub.inner.history.compact_revision();
        let at_or_before =
            |revision: i64| -> Vec<i64> { members.ids.iter().copied().filter(|id| self.watchers[id].next <= revision).collect() };
        let overtaken = at_or_before(compacted - 1);
        // If those who needed it were canceled meanwhile, the others just go on.
        let is_needed = !at_or_before(from).is_empty();
        if error.kind != Kind::OutOfRange || (is_needed && overtaken.is_empty()) {
            self.out.push_back(Output::Failed(error));
            return;
        }
        self.end_if_compacted(&overtaken);
    }

    fn take_slice(&mut self, class: u64, from: i64, slice: Result<(Vec<Arc<Entry>>, i64)>) {
        let group = self.group(class, from);
        match slice {
            // All of them were canceled meanwhile.
            _ if group.is_empty() => {}
            Err(error) if error.kind == Kind::OutOfRange && self.end_if_compacted(&group) => {}
            Err(error) => self.out.push_back(Output::Failed(error)),
            Ok((_, complete)) if complete < from => {
                let text = format!("history answered only up to {complete} when asked from {from}");
                self.out.push_back(Output::Failed(Error::new(Kind::Corrupt, text)));
            }
            Ok((entries, complete)) => self.deliver_slice(class, &group, from, &entries, complete),
        }
    }

    fn deliver_slice(&mut self, class: u64, group: &[i64], mut from: i64, entries: &[Arc<Entry>], complete: i64) {
        let Some(filter) = self.members.get(&class).map(|members| members.class.filter.clone()) else { return };
        let last = entries.last().map_or(0, |entry| entry.revision);
        while from <= last {
            let body = self.body(&filter, entries, from).expect("the states before were read with the slice");
            for id in group {
                self.send(*id, self.covered, &body.bytes);
            }
            from = body.to + 1;
        }
        for id in group {
            if let Some(watcher) = self.watchers.get_mut(id) {
                watcher.next = complete + 1;
            }
            self.settle_in(*id);
        }
    }

    /// Reports what was asked for before the last marks were taken, if every watch has everything up to `covered`.
    fn report_progress(&mut self, context: &mut Context<'_>) {
        if !self.is_even() || !self.out.is_empty() {
            return;
        }
        self.window = Stretch::default();
        let revision = self.covered;
        let armed = std::mem::take(&mut self.armed);
        if armed.tick {
            for (id, watcher) in &mut self.watchers {
                // A watch of the future is not told of the time before it.
                if watcher.notify && watcher.idle && watcher.next <= revision + 1 {
                    self.out.push_back(Output::Progress { id: *id, revision });
                }
                watcher.idle = true;
            }
        }
        if !armed.manual || self.watchers.is_empty() {
            return;
        }
        if self.watchers.values().all(|watcher| watcher.next <= revision + 1) {
            self.out.push_back(Output::Progress { id: -1, revision });
            return;
        }
        // Some watch begins later: the report waits for it.
        self.asked.manual = true;
        if self.hub.inner.history.revision() > revision {
            // Apply is between the machine and the hub, so it is a matter of microseconds.
            context.waker().wake_by_ref();
        }
    }

    /// Tells those of `group` that they are over, if compaction has passed them. Whether it has.
    fn end_if_compacted(&mut self, group: &[i64]) -> bool {
        let compact_revision = self.hub.inner.history.compact_revision();
        let Some(first) = group.first() else { return false };
        if self.watchers[first].next >= compact_revision {
            return false;
        }
        for id in group {
            self.leave(*id);
            self.out.push_back(Output::Compacted { id: *id, compact_revision });
        }
        true
    }

    fn join(&mut self, filter: Filter, id: i64) -> u64 {
        if let Some(class) = self.class_of.get(&filter) {
            let members = self.members.get_mut(class).expect("a filter names a class while it has members");
            members.ids.insert(id);
            return *class;
        }
        self.next_class += 1;
        let number = self.next_class;
        self.class_of.insert(filter.clone(), number);
        let class = Arc::new(Class { id: number, filter, bell: self.bell.clone(), dirty_from: AtomicI64::new(0) });
        self.hub.inner.prev_wanted.fetch_add(usize::from(class.filter.prev_kv), SeqCst);
        self.hub.inner.index.write().insert(class.clone());
        self.members.insert(number, Members { class, ids: BTreeSet::from([id]), busy: false });
        number
    }

    fn leave(&mut self, id: i64) -> bool {
        let Some(watcher) = self.watchers.remove(&id) else { return false };
        self.hub.inner.watches.fetch_sub(1, Relaxed);
        let members = self.members.get_mut(&watcher.class).expect("a watcher's class lives as long as it");
        members.ids.remove(&id);
        if members.ids.is_empty() {
            let class = members.class.clone();
            self.members.remove(&watcher.class);
            self.class_of.remove(&class.filter);
            self.forget(&class);
        }
        true
    }

    fn forget(&self, class: &Arc<Class>) {
        self.hub.inner.index.write().remove(class);
        self.hub.inner.prev_wanted.fetch_sub(usize::from(class.filter.prev_kv), SeqCst);
    }
}

impl Drop for WatchStream {
    fn drop(&mut self) {
        self.hub.inner.watches.fetch_sub(self.watchers.len(), Relaxed);
        self.members.values().for_each(|members| self.forget(&members.class));
        self.hub.inner.streams.lock().retain(|bell| !Arc::ptr_eq(bell, &self.bell));
    }
}

/// How far a job came.
enum Step {
    Done,
    More,
    /// For a read.
    Waits,
}

#[cfg(test)]
impl WatchStream {
    /// Whether a blocking read is under way.
    pub(crate) fn is_reading(&self) -> bool {
        self.read.is_some()
    }
}
