//! All sessions of a node.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{
    Due, Fetch, FetchAnswer, FetchReply, FetchRequest, Outcome, Slot, Topic, Wanted, context::Context, session::Session,
};
use crate::{
    ErrorCode,
    limits::{FETCH_SESSION_EVICTION_MS, FETCH_SESSION_PARTITIONS_MAX, FETCH_SESSIONS_MAX, FETCH_SESSIONS_PARTITIONS_MAX},
};

/// The sessions of a node; see [the module](super). Time is a monotonic clock in milliseconds. `L` is what a reader listens with.
#[derive(Debug)]
pub struct Sessions<L> {
    sessions_max: usize,
    pub(super) sessions: FxHashMap<i32, Session<L>>,
    /// When each session was last used.
    used: BTreeSet<(u64, i32)>,
    /// Sessions old enough to make room for larger ones, by their size.
    evictable: BTreeSet<(usize, i32)>,
    partitions: usize,
    evictions: u64,
}

impl<L> Default for Sessions<L> {
    fn default() -> Self {
        Sessions::new(FETCH_SESSIONS_MAX)
    }
}

impl<L> Sessions<L> {
    /// No sessions, and room for so many (`max.incremental.fetch.session.cache.slots`), at most [`FETCH_SESSIONS_MAX`].
    pub fn new(sessions_max: usize) -> Sessions<L> {
        Sessions {
            sessions_max: sessions_max.min(FETCH_SESSIONS_MAX),
            sessions: FxHashMap::default(),
            used: BTreeSet::new(),
            evictable: BTreeSet::new(),
            partitions: 0,
            evictions: 0,
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many partitions all sessions have.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// How many sessions were pushed out by others so far.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// The first step of a fetch. The errors are those of the whole request: FETCH_SESSION_ID_NOT_FOUND,
    /// INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR; the answer then has no partitions.
    pub fn begin(&mut self, now_ms: u64, request: FetchRequest) -> Result<Fetch, ErrorCode> {
        let by_id = request.by_id();
        if request.epoch == 0 || request.epoch == -1 {
            if self.owned_mut(request.session_id, &request.principal).is_some() {
                self.remove(request.session_id);
            }
            let partitions = drop_repeated(request.partitions);
            let principal = request.principal;
            let is_last = request.epoch == -1;
            return Ok(Fetch(match is_last {
                true => Context::Sessionless { partitions },
                false => Context::Full { partitions, by_id, principal },
            }));
        }
        let id = request.session_id;
        let session = self.owned_mut(id, &request.principal).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != request.epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        for wanted in &request.partitions {
            session.want(wanted);
        }
        let forget = |(topic, partition): &(Topic, i32)| session.forget(topic, *partition);
        let forgotten = request.forgotten.iter().filter_map(forget).collect();
        let (epoch, size) = (next_epoch(session.epoch), session.len());
        session.epoch = epoch;
        self.touch(id, now_ms);
        if size == 0 {
            self.remove(id);
            return Ok(Fetch(Context::Sessionless { partitions: drop_repeated(request.partitions) }));
        }
        if size > FETCH_SESSION_PARTITIONS_MAX || self.partitions > FETCH_SESSIONS_PARTITIONS_MAX {
            self.remove(id);
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        Ok(Fetch(Context::Incremental { session_id: id, epoch, forgotten }))
    }

    /// The session with this id, if it is theirs.
    fn owned_mut(&mut self, id: i32, principal: &str) -> Option<&mut Session<L>> {
        self.sessions.get_mut(&id).filter(|session| *session.principal == *principal)
    }

    /// What is to be read, in this order. Nothing if the session was closed or went on meanwhile.
    pub fn partitions_of<'a>(&'a self, fetch: &'a Fetch) -> Box<dyn Iterator<Item = (Slot, Wanted)> + 'a> {
        match &fetch.0 {
            Context::Sessionless { partitions } | Context::Full { partitions, .. } => {
                Box::new((0u32..).map(Slot).zip(partitions.iter().cloned()))
            }
            Context::Incremental { .. } => Box::new(self.session_of(fetch).into_iter().flat_map(Session::iter)),
        }
    }

    /// The session of a fetch that goes on with one; none if it was closed or went on meanwhile.
    fn session_of(&self, fetch: &Fetch) -> Option<&Session<L>> {
        let Context::Incremental { session_id, epoch, .. } = &fetch.0 else { return None };
        self.sessions.get(session_id).filter(|session| session.epoch == *epoch)
    }

    fn session_of_mut(&mut self, fetch: &Fetch) -> Option<&mut Session<L>> {
        let Context::Incremental { session_id, epoch, .. } = &fetch.0 else { return None };
        self.sessions.get_mut(session_id).filter(|session| session.epoch == *epoch)
    }

    /// With what the fetch before listened; none if it was the first one, or came to no end. Then nothing was heard of any partition.
    pub fn take_listening(&mut self, fetch: &Fetch) -> Option<L> {
        self.session_of_mut(fetch)?.listening.take()
    }

    /// What is due of a session, in the order in which it is to be read.
    pub fn due(&self, fetch: &Fetch) -> Vec<Due> {
        self.session_of(fetch).into_iter().flat_map(Session::due).collect()
    }

    /// These moved, or all of them may have: they are due.
    pub fn set_due(&mut self, fetch: &Fetch, moved: Option<&[Slot]>) {
        let Some(session) = self.session_of_mut(fetch) else { return };
        let all = || session.iter().map(|(slot, _)| slot).collect();
        let moved: Vec<Slot> = moved.map_or_else(all, <[Slot]>::to_vec);
        moved.into_iter().for_each(|slot| session.set_due(slot, true));
    }

    /// These were looked at: they are at their end, and their consumer knows it.
    pub fn set_quiet(&mut self, fetch: &Fetch, quiet: &[Slot]) {
        let Some(session) = self.session_of_mut(fetch) else { return };
        quiet.iter().for_each(|slot| session.set_due(*slot, false));
    }

    /// Keeps what a fetch listened with until the next one, if its session is still where it was.
    pub fn keep_listening(&mut self, fetch: &Fetch, listening: L) {
        if let Some(session) = self.session_of_mut(fetch) {
            session.listening = Some(listening);
        }
    }

    /// The second step of a fetch: what was found, in the order in which it was read. `random` is where the id of a new session
    /// comes from.
    pub fn finish<T>(&mut self, now_ms: u64, fetch: Fetch, found: Vec<Outcome<T>>, random: u32) -> FetchReply<T> {
        match fetch.0 {
            Context::Sessionless { partitions } => answer_all(0, &partitions, found),
            Context::Full { partitions, by_id, principal } => {
                let session_id = match self.has_room(now_ms, found.len()) {
                    true => self.create(now_ms, Session::new(principal, by_id, now_ms), &partitions, &found, random),
                    false => 0,
                };
                answer_all(session_id, &partitions, found)
            }
            Context::Incremental { session_id, epoch, .. } => self.finish_incremental(session_id, epoch, found),
        }
    }

    fn finish_incremental<T>(&mut self, session_id: i32, epoch: i32, found: Vec<Outcome<T>>) -> FetchReply<T> {
        let failed = |error| FetchReply { error, session_id, partitions: Vec::new() };
        let Some(session) = self.sessions.get_mut(&session_id) else {
            return failed(ErrorCode::FetchSessionIdNotFound);
        };
        if session.epoch != epoch {
            return failed(ErrorCode::InvalidFetchSessionEpoch);
        }
        let mut partitions = Vec::new();
        for outcome in found {
            if session.tell_if_new(&outcome) {
                let Wanted { topic, partition, .. } = session.wanted(outcome.slot);
                partitions.push(FetchAnswer { topic, partition, payload: outcome.payload });
            }
        }
        FetchReply { error: ErrorCode::None, session_id, partitions }
    }

    /// Whether a session of so many partitions has a place, which another one may have given up for it.
    fn has_room(&mut self, now_ms: u64, size: usize) -> bool {
        let fits = size <= FETCH_SESSION_PARTITIONS_MAX && self.partitions + size <= FETCH_SESSIONS_PARTITIONS_MAX;
        fits && self.sessions_max > 0 && (self.len() < self.sessions_max || self.evict(now_ms, size))
    }

    /// Keeps a new session with everything that was found. Its id.
    fn create<T>(
        &mut self,
        now_ms: u64,
        mut session: Session<L>,
        partitions: &[Wanted],
        found: &[Outcome<T>],
        random: u32,
    ) -> i32 {
        for outcome in found {
            let slot = session.want(&partitions[outcome.slot.0 as usize]);
            session.tell(slot, outcome);
        }
        let id = self.free_id(random);
        self.sessions.insert(id, session);
        self.touch(id, now_ms);
        id
    }

    /// A positive id that no session has.
    fn free_id(&self, random: u32) -> i32 {
        let mut id = i32::try_from(random >> 1).unwrap_or(0).max(1);
        while self.sessions.contains_key(&id) {
            id = next_epoch(id);
        }
        id
    }

    /// Makes room: a session that has not been used for long goes first, then the smallest of those that are not young, if it is
    /// smaller than the one that wants its place.
    fn evict(&mut self, now_ms: u64, size: usize) -> bool {
        let stale = self.used.first().filter(|(at, _)| now_ms.saturating_sub(*at) > FETCH_SESSION_EVICTION_MS);
        let smaller = self.evictable.first().filter(|(smallest, _)| *smallest < size);
        let Some(id) = stale.map(|(_, id)| *id).or(smaller.map(|(_, id)| *id)) else { return false };
        self.remove(id);
        self.evictions += 1;
        true
    }

    fn remove(&mut self, id: i32) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.partitions -= session.counted;
        self.used.remove(&(session.last_used_ms, id));
        if let Some(size) = session.evictable_size {
            self.evictable.remove(&(size, id));
        }
    }

    fn touch(&mut self, id: i32, now_ms: u64) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        self.used.remove(&(session.last_used_ms, id));
        session.last_used_ms = now_ms;
        self.used.insert((now_ms, id));
        if let Some(size) = session.evictable_size.take() {
            self.evictable.remove(&(size, id));
        }
        let size = session.len();
        if now_ms.saturating_sub(session.created_ms) > FETCH_SESSION_EVICTION_MS {
            session.evictable_size = Some(size);
            self.evictable.insert((size, id));
        }
        self.partitions = self.partitions - session.counted + size;
        session.counted = size;
    }

    /// Asserts what must hold between two requests; its cost grows with everything that is kept.
    pub fn check(&self) {
        self.sessions.values().for_each(Session::check);
        assert_eq!(self.partitions, self.sessions.values().map(Session::len).sum::<usize>(), "partitions are counted");
        assert_eq!(self.used.len(), self.sessions.len(), "every session was used once");
        assert!(self.sessions.len() <= self.sessions_max, "there is room for all");
        let evictable = self.sessions.values().filter(|session| session.evictable_size.is_some()).count();
        assert_eq!(evictable, self.evictable.len(), "only sessions can be evicted");
    }
}

/// The epoch that follows; after the largest one comes 1, since 0 begins a session.
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}

/// A partition that is named twice is read once, as it was named last.
fn drop_repeated(partitions: Vec<Wanted>) -> Vec<Wanted> {
    let mut places: FxHashMap<(Topic, i32), usize> = FxHashMap::default();
    let mut kept: Vec<Wanted> = Vec::with_capacity(partitions.len());
    for wanted in partitions {
        let place = *places.entry((wanted.topic.clone(), wanted.partition)).or_insert(kept.len());
        if place == kept.len() {
            kept.push(wanted);
        } else {
            kept[place] = wanted;
        }
    }
    kept
}

fn answer_all<T>(session_id: i32, partitions: &[Wanted], found: Vec<Outcome<T>>) -> FetchReply<T> {
    let answer = |outcome: Outcome<T>| {
        let wanted = &partitions[outcome.slot.0 as usize];
        FetchAnswer { topic: wanted.topic.clone(), partition: wanted.partition, payload: outcome.payload }
    };
    FetchReply { error: ErrorCode::None, session_id, partitions: found.into_iter().map(answer).collect() }
}
