//! Who watches what. One task reads each change once, keeps the recent ones, and wakes those whom they concern.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use config::{Action, Filter, Record};
use parking_lot::Mutex;
use replica::{ConfigStore, runtime};
use rustc_hash::FxHashMap;
use tokio::sync::Notify;

use super::told::{Frame, Told};
use crate::limits::{WATCH_EVENTS_AT_ONCE, WATCH_RING_BYTES, WATCH_RING_EVENTS};

/// Wakes one watcher.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Notify,
    /// The first change that it has not looked at and that concerns it; 0: there is none.
    next: AtomicU64,
}

impl Bell {
    pub(crate) async fn rung(&self) {
        self.rung.notified().await;
    }

    fn ring(&self, position: u64) {
        // Changes are told in order, so the first one stays.
        if self.next.load(Relaxed) == 0 {
            self.next.store(position, Relaxed);
            self.rung.notify_one();
        }
    }
}

/// Watchers by a number of their own.
type Bells = FxHashMap<u64, Arc<Bell>>;

/// Those who watch something of one namespace.
#[derive(Default)]
struct Place {
    of_keys: FxHashMap<String, Bells>,
    others: FxHashMap<u64, (Filter, Arc<Bell>)>,
}

#[derive(Default)]
struct State {
    places: FxHashMap<String, Place>,
    elsewhere: FxHashMap<u64, (Filter, Arc<Bell>)>,
    count: usize,
    next_number: u64,
    /// Changes after `floor`, up to `through`.
    recent: VecDeque<Arc<Told>>,
    bytes: usize,
    floor: u64,
    /// Everything up to here was told.
    through: u64,
    is_closed: bool,
}

/// Those who watch a store, on one node.
pub(crate) struct Hub {
    store: ConfigStore,
    state: Mutex<State>,
}

/// What a watcher gets.
pub(crate) enum Taken {
    /// Changes, in order; everything up to the position was looked at.
    Frames(Vec<Frame>, u64),
    /// What it wants is not kept here: it reads from history.
    Behind,
    /// There is nothing for it up to this position.
    Nothing(u64),
    /// The node stops.
    Closed,
}

/// A place among the watchers, given back when this is dropped.
pub(crate) struct Watcher {
    hub: Arc<Hub>,
    number: u64,
    pub(crate) filter: Filter,
    pub(crate) bell: Arc<Bell>,
}

impl Hub {
    /// Of this store; it begins to follow it.
    pub(crate) fn start(store: ConfigStore) -> Arc<Hub> {
        let position = store.position();
        let state = State { floor: position, through: position, ..State::default() };
        let hub = Arc::new(Hub { store, state: Mutex::new(state) });
        runtime::spawn(follow(Arc::downgrade(&hub), hub.store.clone()));
        hub
    }

    /// Who watch now.
    pub(crate) fn count(&self) -> usize {
        self.state.lock().count
    }

    /// Ends all watches.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let wake = |bell: &Arc<Bell>| bell.rung.notify_one();
        state.elsewhere.values().for_each(|(_, bell)| wake(bell));
        for place in state.places.values() {
            place.others.values().for_each(|(_, bell)| wake(bell));
            place.of_keys.values().flat_map(FxHashMap::values).for_each(wake);
        }
    }

    /// A new watcher, who has seen what there is up to `cursor`.
    pub(crate) fn watch(self: &Arc<Hub>, filter: Filter, cursor: u64) -> Watcher {
        let bell = Arc::<Bell>::default();
        let mut state = self.state.lock();
        if cursor < state.through {
            bell.next.store(cursor + 1, Relaxed);
        }
        state.next_number += 1;
        state.count += 1;
        let number = state.next_number;
        match &filter {
            Filter::Key(namespace, key) => {
                let place = state.places.entry(namespace.clone()).or_default();
                place.of_keys.entry(key.clone()).or_default().insert(number, bell.clone());
            }
            Filter::Namespace(namespace) | Filter::Keys(namespace, _) => {
                let place = state.places.entry(namespace.clone()).or_default();
                place.others.insert(number, (filter.clone(), bell.clone()));
            }
            Filter::All | Filter::Below(_) => drop(state.elsewhere.insert(number, (filter.clone(), bell.clone()))),
        }
        drop(state);
        Watcher { hub: self.clone(), number, filter, bell }
    }

    /// Keeps changes, and wakes those whom they concern.
    fn tell(&self, told: Vec<Arc<Told>>, through: u64) {
        let mut state = self.state.lock();
        for told in told {
            state.ring(&told.record);
            state.bytes += told.bytes();
            state.recent.push_back(told);
        }
        state.through = through;
        while state.bytes > WATCH_RING_BYTES || state.recent.len() > WATCH_RING_EVENTS {
            let Some(oldest) = state.recent.pop_front() else { break };
            state.bytes -= oldest.bytes();
            state.floor = oldest.record.position;
        }
    }

    /// Passes over changes while nobody watches. Answers whether that is so.
    fn pass_over(&self, last: u64) -> bool {
        let mut state = self.state.lock();
        if state.count > 0 {
            return false;
        }
        state.recent.clear();
        (state.bytes, state.floor, state.through) = (0, last, last);
        true
    }
}

impl State {
    fn ring(&self, record: &Record) {
        let position = record.position;
        let concerned = |(filter, bell): &(Filter, Arc<Bell>)| {
            if takes(filter, record) {
                bell.ring(position);
            }
        };
        self.elsewhere.values().for_each(concerned);
        let Some(place) = self.places.get(&record.namespace) else { return };
        place.others.values().for_each(concerned);
        match record.key.as_deref() {
            Some(key) if record.is_change() => {
                place.of_keys.get(key).into_iter().flat_map(FxHashMap::values).for_each(|bell| bell.ring(position));
            }
            None if record.action == Action::NamespaceDeleted => {
                place.of_keys.values().flat_map(FxHashMap::values).for_each(|bell| bell.ring(position));
            }
            _ => {}
        }
    }
}

/// Whether a change is one of those that are watched. As the store's own history says it.
fn takes(filter: &Filter, record: &Record) -> bool {
    let is_end = record.action == Action::NamespaceDeleted;
    let is_key = |takes: &dyn Fn(&str) -> bool| is_end || record.key.as_deref().is_some_and(takes);
    record.is_change()
        && match filter {
            Filter::All => true,
            Filter::Namespace(path) => record.namespace == *path,
            Filter::Below(path) => {
                let rest = record.namespace.strip_prefix(path.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Filter::Key(path, key) => record.namespace == *path && is_key(&|name| name == key),
            Filter::Keys(path, prefix) => record.namespace == *path && is_key(&|name| name.starts_with(prefix.as_str())),
        }
}

/// Reads each change once, while somebody watches.
async fn follow(hub: Weak<Hub>, store: ConfigStore) {
    let mut positions = store.subscribe();
    loop {
        let told = positions.changed().await;
        let Some(hub) = hub.upgrade() else { return };
        let Ok(last) = told else {
            hub.close();
            return;
        };
        while !hub.pass_over(last) {
            let (machine, from) = (store.machine().clone(), hub.state.lock().through);
            if from >= last {
                break;
            }
            let read = move || machine.events(from, &Filter::All, WATCH_EVENTS_AT_ONCE, true);
            match runtime::spawn_blocking(read).await {
                Ok(read) => hub.tell(read.events.into_iter().map(|event| Arc::new(Told::new(event))).collect(), read.through),
                Err(error) => {
                    tracing::error!(%error, "changes of the configuration store cannot be read for those who watch it");
                    hub.close();
                    return;
                }
            }
        }
    }
}

impl Watcher {
    /// What there is after `cursor`.
    pub(crate) fn take(&self, cursor: u64, with_values: bool) -> Taken {
        let state = self.hub.state.lock();
        if state.is_closed {
            return Taken::Closed;
        }
        let rung = self.bell.next.load(Relaxed);
        let next = rung.max(cursor + 1);
        if rung == 0 || next > state.through {
            self.bell.next.store(0, Relaxed);
            return Taken::Nothing(state.through);
        }
        if next <= state.floor {
            return Taken::Behind;
        }
        let from = state.recent.partition_point(|told| told.record.position < next);
        let (mut frames, mut through) = (Vec::new(), state.through);
        let mut bytes = 0;
        for told in state.recent.range(from..) {
            if bytes > crate::limits::PIECE_BYTES {
                through = told.record.position - 1;
                break;
            }
            if takes(&self.filter, &told.record) {
                let frame = told.frame(with_values).clone();
                bytes += frame.whole.len();
                frames.push(frame);
            }
        }
        let is_whole = through == state.through;
        self.bell.next.store(if is_whole { 0 } else { through + 1 }, Relaxed);
        if frames.is_empty() { Taken::Nothing(through) } else { Taken::Frames(frames, through) }
    }

    /// From history, what there is after `cursor`: some of it, and up to where it was looked at.
    ///
    /// # Errors
    /// What the store answers.
    pub(crate) async fn read(&self, cursor: u64, with_values: bool) -> base::Result<(Vec<Frame>, u64)> {
        let (machine, filter) = (self.hub.store.machine().clone(), self.filter.clone());
        let read = move || {
            let events = machine.events(cursor, &filter, crate::limits::WATCH_HISTORY_EVENTS, with_values)?;
            let frames = events.events.into_iter().map(|event| Told::new(event).frame(with_values).clone()).collect();
            Ok((frames, events.through))
        };
        runtime::spawn_blocking(read).await
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut state = self.hub.state.lock();
        state.count -= 1;
        match &self.filter {
            Filter::All | Filter::Below(_) => drop(state.elsewhere.remove(&self.number)),
            Filter::Key(namespace, _) | Filter::Namespace(namespace) | Filter::Keys(namespace, _) => {
                let Some(place) = state.places.get_mut(namespace) else { return };
                match &self.filter {
                    Filter::Key(_, key) => {
                        if let Some(bells) = place.of_keys.get_mut(key) {
                            bells.remove(&self.number);
                            if bells.is_empty() {
                                place.of_keys.remove(key);
                            }
                        }
                    }
                    _ => drop(place.others.remove(&self.number)),
                }
                if place.of_keys.is_empty() && place.others.is_empty() {
                    state.places.remove(namespace);
                }
            }
        }
    }
}
