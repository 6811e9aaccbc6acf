//! The coordinators of this node: one for each shard that it leads.
//!
//! A coordinator decides ([`groups`](crate::groups)); here its wishes are proposed, what becomes of them is told to it, and whoever
//! waits is answered. It begins with what the shard's machine holds when this node leads, and forgets everything when it leads no
//! more: whoever leads next begins from the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use base::ShardId;
use bytes::Bytes;
use kafka_wire::ErrorCode as Code;
use parking_lot::{Mutex, MutexGuard};
use replica::{
    Lane, runtime,
    streams::{Leadership, StreamShard},
};
use rustc_hash::FxHashMap;
use stream::{Command, GroupState, Member, Refusal};
use tokio::sync::{Notify, oneshot};

use crate::{
    groups::{Coordinator, Effect, Reply, Settings, StoreFailure, StoreId, StoredGroup, StoredMember, Ticket},
    limits::LEADERSHIP_TICK,
};

/// All of a node's coordinators. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Coordination {
    shards: Arc<BTreeMap<ShardId, Arc<Seat>>>,
}

/// One shard's coordinator, while this node leads it.
pub(crate) struct Seat {
    pub(crate) shard: StreamShard,
    held: Mutex<Held>,
    /// A deadline may be nearer than it was.
    wake: Notify,
}

#[derive(Default)]
struct Held {
    /// The term in which it was loaded; `None`: this node does not lead.
    term: Option<u64>,
    /// The last term in which it was ever loaded.
    newest: u64,
    coordinator: Coordinator,
    waiting: FxHashMap<Ticket, oneshot::Sender<Reply>>,
    tickets: u64,
}

/// A coordinator that serves, held for one request.
pub(crate) struct Serving<'s> {
    seat: &'s Arc<Seat>,
    held: MutexGuard<'s, Held>,
    pub(crate) term: u64,
}

/// Which shard holds what is called so: the same on all nodes (FNV-1a, RFC 9923).
fn shard_of(name: &str, shards: usize) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The low bits of FNV follow the last bytes closely: fold the high ones in.
    usize::try_from((hash ^ (hash >> 32)) % (shards.max(1) as u64)).expect("below the number of shards")
}

impl Coordination {
    /// Coordinators for these shards. Their tasks end with the last handle.
    pub(crate) fn new(shards: &BTreeMap<ShardId, StreamShard>, settings: Settings) -> Coordination {
        let seat = |(id, shard): (&ShardId, &StreamShard)| {
            let held = Held { coordinator: Coordinator::new(settings), ..Held::default() };
            (*id, Arc::new(Seat { shard: shard.clone(), held: Mutex::new(held), wake: Notify::new() }))
        };
        let shards: BTreeMap<ShardId, Arc<Seat>> = shards.iter().map(seat).collect();
        for seat in shards.values() {
            runtime::spawn(keep_time(Arc::downgrade(seat)));
        }
        Coordination { shards: Arc::new(shards) }
    }

    /// The seat of whoever coordinates a group.
    pub(crate) fn seat(&self, group: &str) -> Option<&Arc<Seat>> {
        self.shards.values().nth(shard_of(group, self.shards.len()))
    }

    pub(crate) fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.shards.values()
    }

    /// The coordinator of a group, if this node is it.
    ///
    /// # Errors
    /// `NOT_COORDINATOR` if another node is, `INVALID_GROUP_ID` for a name that is none.
    pub(crate) fn serving(&self, group: &str) -> Result<Serving<'_>, Code> {
        self.seat(group).ok_or(Code::CoordinatorNotAvailable)?.serving()
    }
}

/// Milliseconds by the clock that coordinators count with.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(runtime::now().as_millis()).unwrap_or(u64::MAX)
}

impl Seat {
    /// The coordinator, loaded, if this node leads the shard.
    pub(crate) fn serving(self: &Arc<Self>) -> Result<Serving<'_>, Code> {
        self.serving_under(|| self.shard.leadership())
    }

    /// Who leads is looked at while the coordinator is held: a look from before may be of a term that is over, and its groups would
    /// take the place of those that were loaded since.
    fn serving_under(self: &Arc<Self>, look: impl FnOnce() -> Leadership) -> Result<Serving<'_>, Code> {
        let mut held = self.held.lock();
        let leadership = look();
        let leads = leadership.is_here.then_some(leadership.term);
        if leads.is_some_and(|term| term < held.newest) {
            return Err(Code::NotCoordinator);
        }
        if held.term != leads {
            self.change(&mut held, leads);
        }
        match leads {
            Some(term) => Ok(Serving { seat: self, held, term }),
            None => Err(Code::NotCoordinator),
        }
    }

    /// This node leads since, or leads no more.
    fn change(self: &Arc<Self>, held: &mut Held, leads: Option<u64>) {
        if held.term.take().is_some() {
            let effects = held.coordinator.resign();
            self.carry_out(held, effects, 0);
        }
        let Some(term) = leads else { return };
        (held.term, held.newest) = (Some(term), term);
        let groups: Vec<StoredGroup> =
            self.shard.machine().groups().into_iter().filter_map(|known| self.load(&known.name)).collect();
        let effects = held.coordinator.load(groups, now_ms());
        self.carry_out(held, effects, term);
    }

    /// What the coordinator needs of a group; its offsets, which may be many, stay where they are.
    fn load(&self, name: &[u8]) -> Option<StoredGroup> {
        let (state, _) = self.shard.machine().group_state(name)?;
        Some(stored(name, &state))
    }

    /// Lets the coordinator know what became of a group in the log: one that has expired there is forgotten, and one that was made
    /// anew by a commit that was on its way then is taken in.
    pub(crate) fn follow(self: &Arc<Self>, name: &str) {
        let Ok(mut serving) = self.serving() else { return };
        let is_stored = self.shard.machine().has_group(name.as_bytes());
        match (serving.coordinator().knows(name), is_stored) {
            (true, false) => serving.coordinator().forget(now_ms(), name),
            (false, true) => {
                let Some(group) = self.load(name.as_bytes()) else { return };
                let effects = serving.coordinator().adopt(now_ms(), group);
                let term = serving.term;
                self.carry_out(&mut serving.held, effects, term);
                self.wake.notify_one();
            }
            _ => {}
        }
    }

    /// Does what the coordinator wants, in its order.
    fn carry_out(self: &Arc<Self>, held: &mut Held, effects: Vec<Effect>, term: u64) {
        for effect in effects {
            match effect {
                Effect::Answer { ticket, reply } => {
                    if let Some(waiting) = held.waiting.remove(&ticket) {
                        // Who gave up meanwhile is not told.
                        let _ = waiting.send(reply);
                    }
                }
                Effect::Store { id, group_id, group } => self.store(id, group_id, group, term),
            }
        }
    }

    fn store(self: &Arc<Self>, id: StoreId, name: String, group: Option<StoredGroup>, term: u64) {
        let name = Bytes::from(name);
        let command = match group {
            Some(group) => Command::GroupStore { term, group: name, state: state(&group) },
            None => Command::GroupDelete { group: name },
        };
        // Queued here, so that two wishes for one group keep their order.
        let submitted = self.shard.submit(Lane::Urgent, &command);
        let seat = self.clone();
        runtime::spawn(async move {
            let outcome = match submitted {
                Ok(submitted) => submitted.await,
                Err(error) => Err(error),
            };
            let result = match outcome {
                Ok(Ok(_) | Err(Refusal::UnknownGroup)) => Ok(()),
                Ok(Err(Refusal::Fenced | Refusal::StaleGeneration)) => Err(StoreFailure::NotLeader),
                Ok(Err(Refusal::GroupTooLarge | Refusal::TooManyMembers)) => Err(StoreFailure::TooLarge),
                Ok(Err(_)) | Err(_) => Err(StoreFailure::Unavailable),
            };
            let mut held = seat.held.lock();
            if held.term == Some(term) {
                let effects = held.coordinator.stored(now_ms(), id, result);
                seat.carry_out(&mut held, effects, term);
                seat.wake.notify_one();
            }
        });
    }
}

impl Serving<'_> {
    pub(crate) fn coordinator(&mut self) -> &mut Coordinator {
        &mut self.held.coordinator
    }

    /// Hands a request in; the answer comes when there is one.
    pub(crate) fn ask(mut self, request: impl FnOnce(&mut Coordinator, Ticket) -> Vec<Effect>) -> oneshot::Receiver<Reply> {
        let (answer, answered) = oneshot::channel();
        self.held.tickets += 1;
        let ticket = Ticket(self.held.tickets);
        self.held.waiting.insert(ticket, answer);
        let effects = request(&mut self.held.coordinator, ticket);
        self.seat.carry_out(&mut self.held, effects, self.term);
        self.seat.wake.notify_one();
        answered
    }

    /// Lets time pass; when to look again.
    fn tick(&mut self) -> Option<u64> {
        let effects = self.held.coordinator.tick(now_ms());
        self.seat.carry_out(&mut self.held, effects, self.term);
        self.held.coordinator.next_deadline()
    }
}

/// Looks again at each deadline, and whether this node still leads.
async fn keep_time(seat: Weak<Seat>) {
    loop {
        let next = {
            let Some(seat) = seat.upgrade() else { return };
            let serving = seat.serving();
            serving.ok().and_then(|mut serving| serving.tick())
        };
        let rest =
            next.map_or(LEADERSHIP_TICK, |at| Duration::from_millis(at.saturating_sub(now_ms()).max(1)).min(LEADERSHIP_TICK));
        let Some(held) = seat.upgrade() else { return };
        tokio::select! {
            biased;
            () = held.wake.notified() => {}
            () = runtime::sleep(rest) => {}
        }
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn stored(name: &[u8], state: &GroupState) -> StoredGroup {
    let member = |member: &Member| StoredMember {
        member_id: text(&member.id),
        instance_id: member.instance.as_ref().map(text),
        client_id: text(&member.client_id),
        client_host: text(&member.client_host),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout_ms,
        subscription: member.subscription.clone(),
        assignment: member.assignment.clone(),
    };
    StoredGroup {
        group_id: String::from_utf8_lossy(name).into_owned(),
        protocol_type: state.protocol_type.as_ref().map(text),
        generation: state.generation,
        protocol: state.protocol.as_ref().map(text),
        leader: state.leader.as_ref().map(text),
        members: state.members.iter().map(member).collect(),
    }
}

fn state(group: &StoredGroup) -> GroupState {
    let bytes = |text: &String| Bytes::copy_from_slice(text.as_bytes());
    let member = |member: &StoredMember| Member {
        id: bytes(&member.member_id),
        instance: member.instance_id.as_ref().map(bytes),
        client_id: bytes(&member.client_id),
        client_host: bytes(&member.client_host),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout_ms,
        subscription: member.subscription.clone(),
        assignment: member.assignment.clone(),
    };
    GroupState {
        generation: group.generation,
        protocol_type: group.protocol_type.as_ref().map(bytes),
        protocol: group.protocol.as_ref().map(bytes),
        leader: group.leader.as_ref().map(bytes),
        members: group.members.iter().map(member).collect(),
    }
}

#[cfg(test)]
mod tests {
    use replica::{Node, NodeOptions, PeerOptions, Start, hold};

    use super::*;
    use crate::groups::Commit;

    #[test]
    fn groups_are_spread_over_shards_and_stay_where_they_are() {
        let mut counts = [0; 4];
        for number in 0..1_000 {
            counts[shard_of(&format!("group-{number}"), 4)] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
        assert_eq!(shard_of("payments", 4), 2, "it is where it was yesterday");
        assert_eq!((shard_of("anything", 1), shard_of("", 3)), (0, shard_of("", 3)));
    }

    #[test]
    fn a_group_is_what_it_was_when_it_comes_back() {
        let member = StoredMember { member_id: "m".to_owned(), instance_id: Some("i".to_owned()), ..StoredMember::default() };
        let group = StoredGroup {
            group_id: "g".to_owned(),
            protocol_type: Some("consumer".to_owned()),
            generation: 7,
            protocol: Some("range".to_owned()),
            leader: Some("m".to_owned()),
            members: vec![member],
        };
        assert_eq!(stored(b"g", &state(&group)), group);
    }

    /// A seat of a node of its own, which leads its shards.
    async fn seat() -> (tempfile::TempDir, Node, Arc<Seat>) {
        let dir = tempfile::TempDir::new().unwrap();
        let options = NodeOptions {
            data_dir: dir.path().to_owned(),
            name: "n1".to_owned(),
            data_shards: 1,
            journal_segment_bytes: 4 << 20,
            settle_bytes: 16 << 20,
            value_cache_bytes: 16 << 20,
            watch_ring_bytes: 1 << 20,
            admission_bytes: 64 << 20,
            admission_commands: 10_000,
            quota_bytes: 0,
            scrub_every: Duration::ZERO,
            scrub_bytes_per_second: 0,
        };
        let peers = PeerOptions { start: Start::Alone, ..PeerOptions::default() };
        let node = Node::open(hold(&options, &peers.start).unwrap(), options, peers, None).await.unwrap();
        let shard = node.stream_shard(ShardId(1)).unwrap();
        let held = Held { coordinator: Coordinator::new(Settings::default()), ..Held::default() };
        (dir, node, Arc::new(Seat { shard, held: Mutex::new(held), wake: Notify::new() }))
    }

    /// Leadership was looked at first and the coordinator locked then. Who was held up in between came with a term that was over, threw
    /// away what was loaded in the next one, and answered from groups as the earlier term had them.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_term_that_is_over_never_takes_the_place_of_a_later_one() {
        let (_dir, node, seat) = seat().await;
        let at = |term| Leadership { leader: None, is_here: true, is_followed: false, term };
        let look = |term: u64| -> Result<(u64, bool), Code> {
            let look = || {
                assert!(seat.held.is_locked(), "the look is taken while the coordinator is held");
                at(term)
            };
            let commit =
                Commit { version: 8, group_id: "g", generation: -1, member_id: "", instance_id: None, transactional: false };
            let mut serving = seat.serving_under(look)?;
            let known = serving.coordinator().describe("g").is_some();
            serving.coordinator().commit(0, &commit).unwrap();
            Ok((serving.term, known))
        };
        assert_eq!(look(5), Ok((5, false)));
        assert_eq!(look(7), Ok((7, false)), "loaded anew");
        assert_eq!(look(5), Err(Code::NotCoordinator));
        assert_eq!(look(7), Ok((7, true)), "what the later term knows is there still");
        let gone = seat.serving_under(|| Leadership { leader: None, is_here: false, is_followed: false, term: 8 });
        assert_eq!(gone.err(), Some(Code::NotCoordinator));
        assert_eq!((look(5), look(8)), (Err(Code::NotCoordinator), Ok((8, false))));
        node.shutdown().await.unwrap();
    }
}
