//! A coordinator with a clock, and a log that stores what it is told to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    ErrorCode,
    groups::{
        Commit, Coordinator, Effect, Heartbeat, Join, JoinReply, Leave, LeaveReply, Leaver, Protocol, Reply, Settings, State,
        StoreFailure, StoreId, StoredGroup, Sync, SyncReply, Ticket,
    },
};

pub(super) const GROUP: &str = "orders";
/// The session timeout of the members in these tests, and how long a rebalance waits for them.
pub(super) const SESSION_MS: u64 = 10_000;
pub(super) const REBALANCE_MS: u64 = 60_000;

pub(super) struct House {
    pub(super) coordinator: Coordinator,
    pub(super) now_ms: u64,
    pub(super) answers: BTreeMap<Ticket, Reply>,
    /// Wishes that were not answered yet, oldest first.
    pub(super) stores: Vec<(StoreId, String, Option<StoredGroup>)>,
    /// What is durable.
    pub(super) log: BTreeMap<String, StoredGroup>,
    pub(super) asked: BTreeSet<Ticket>,
    random: u128,
}

impl House {
    pub(super) fn new() -> House {
        House::with(Settings { initial_rebalance_delay_ms: 0, ..Settings::default() })
    }

    pub(super) fn with(settings: Settings) -> House {
        let mut coordinator = Coordinator::new(settings);
        assert_eq!(coordinator.load([], 0), []);
        House {
            coordinator,
            now_ms: 0,
            answers: BTreeMap::new(),
            stores: Vec::new(),
            log: BTreeMap::new(),
            asked: BTreeSet::new(),
            random: 0,
        }
    }

    pub(super) fn take(&mut self, effects: Vec<Effect>) {
        self.coordinator.check();
        for effect in effects {
            match effect {
                Effect::Answer { ticket, reply } => {
                    assert!(self.asked.contains(&ticket), "{ticket:?} was never asked");
                    assert_eq!(self.answers.insert(ticket, reply), None, "{ticket:?} is answered once");
                }
                Effect::Store { id, group_id, group } => self.stores.push((id, group_id, group)),
            }
        }
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        let ticket = Ticket(self.asked.len() as u64);
        self.asked.insert(ticket);
        ticket
    }

    pub(super) fn join(&mut self, join: &Join) -> Ticket {
        let ticket = self.ticket();
        self.random += 1;
        let effects = self.coordinator.join(self.now_ms, join.clone(), ticket, self.random);
        self.take(effects);
        ticket
    }

    /// A join that is answered at once.
    pub(super) fn join_now(&mut self, join: &Join) -> JoinReply {
        let ticket = self.join(join);
        self.joined(ticket)
    }

    pub(super) fn is_waiting(&self, ticket: Ticket) -> bool {
        !self.answers.contains_key(&ticket)
    }

    pub(super) fn joined(&self, ticket: Ticket) -> JoinReply {
        match self.answers.get(&ticket) {
            Some(Reply::Join(reply)) => reply.clone(),
            other => panic!("no answer to a join: {other:?}"),
        }
    }

    pub(super) fn sync(&mut self, sync: &Sync) -> Ticket {
        let ticket = self.ticket();
        let effects = self.coordinator.sync(self.now_ms, sync, ticket);
        self.take(effects);
        ticket
    }

    pub(super) fn synced(&self, ticket: Ticket) -> SyncReply {
        match self.answers.get(&ticket) {
            Some(Reply::Sync(reply)) => reply.clone(),
            other => panic!("no answer to a sync: {other:?}"),
        }
    }

    pub(super) fn sync_now(&mut self, sync: &Sync) -> SyncReply {
        let ticket = self.sync(sync);
        self.synced(ticket)
    }

    pub(super) fn heartbeat(&mut self, generation: i32, member_id: &str) -> ErrorCode {
        let heartbeat = Heartbeat { group_id: GROUP, generation, member_id, instance_id: None };
        let error = self.coordinator.heartbeat(self.now_ms, &heartbeat);
        self.coordinator.check();
        error
    }

    pub(super) fn commit(&mut self, generation: i32, member_id: &str) -> Result<(), ErrorCode> {
        self.commit_as(&Commit { version: 8, group_id: GROUP, generation, member_id, instance_id: None, transactional: false })
    }

    pub(super) fn commit_as(&mut self, commit: &Commit<'_>) -> Result<(), ErrorCode> {
        let result = self.coordinator.commit(self.now_ms, commit);
        self.coordinator.check();
        result
    }

    pub(super) fn leave(&mut self, members: Vec<Leaver>) -> Ticket {
        let ticket = self.ticket();
        let leave = Leave { group_id: GROUP.into(), members };
        let effects = self.coordinator.leave(self.now_ms, &leave, ticket);
        self.take(effects);
        ticket
    }

    pub(super) fn left(&self, ticket: Ticket) -> LeaveReply {
        match self.answers.get(&ticket) {
            Some(Reply::Leave(reply)) => reply.clone(),
            other => panic!("no answer to a leave: {other:?}"),
        }
    }

    pub(super) fn delete(&mut self) -> Ticket {
        let ticket = self.ticket();
        let effects = self.coordinator.delete(self.now_ms, GROUP, ticket);
        self.take(effects);
        ticket
    }

    pub(super) fn tick(&mut self) {
        let effects = self.coordinator.tick(self.now_ms);
        self.take(effects);
    }

    /// Lets time pass, with every deadline on its way met in time.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(at) = self.coordinator.next_deadline().filter(|at| *at <= end) {
            self.now_ms = self.now_ms.max(at);
            self.tick();
        }
        self.now_ms = end;
    }

    /// Everything that is on its way reaches the log.
    pub(super) fn store_all(&mut self) {
        for (id, group_id, group) in std::mem::take(&mut self.stores) {
            match group {
                Some(group) => self.log.insert(group_id, group),
                None => self.log.remove(&group_id),
            };
            let effects = self.coordinator.stored(self.now_ms, id, Ok(()));
            self.take(effects);
        }
    }

    pub(super) fn fail_all(&mut self, failure: StoreFailure) {
        for (id, ..) in std::mem::take(&mut self.stores) {
            let effects = self.coordinator.stored(self.now_ms, id, Err(failure));
            self.take(effects);
        }
    }

    pub(super) fn state(&self) -> State {
        self.coordinator.describe(GROUP).map_or(State::Dead, |view| view.state)
    }

    pub(super) fn member_ids(&self) -> Vec<String> {
        let view = self.coordinator.describe(GROUP);
        view.map(|view| view.members.into_iter().map(|member| member.member_id).collect()).unwrap_or_default()
    }

    /// A dynamic member gets its id and joins with it.
    pub(super) fn enter(&mut self, client: &str) -> (String, Ticket) {
        let reply = self.join_now(&join_as(client));
        assert_eq!(reply.error, ErrorCode::MemberIdRequired);
        let ticket = self.join(&Join { member_id: reply.member_id.clone(), ..join_as(client) });
        (reply.member_id, ticket)
    }

    /// A stable group of these clients in generation `generation()`; their ids in the order given. The first leads.
    pub(super) fn stable(&mut self, clients: &[&str]) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for client in clients {
            let (id, _) = self.enter(client);
            for (old, name) in ids.iter().zip(clients) {
                self.join(&Join { member_id: old.clone(), ..join_as(name) });
            }
            ids.push(id);
        }
        self.assign(&ids);
        ids
    }

    /// The leader assigns to each member its own id, and all of them get it.
    pub(super) fn assign(&mut self, ids: &[String]) {
        let generation = self.generation();
        let leader = self.leader();
        let mut tickets: Vec<_> = Vec::new();
        for id in ids {
            let sync = if *id == leader { lead(generation, id, ids) } else { follow(generation, id) };
            tickets.push((id, self.sync(&sync)));
        }
        self.store_all();
        for (id, ticket) in tickets {
            assert_eq!((self.synced(ticket).error, self.synced(ticket).assignment), (ErrorCode::None, text(id)));
        }
        assert_eq!(self.state(), State::Stable);
    }

    pub(super) fn generation(&self) -> i32 {
        self.coordinator.groups.get(GROUP).map_or(-1, |group| group.generation)
    }

    pub(super) fn leader(&self) -> String {
        self.coordinator.groups.get(GROUP).and_then(|group| group.leader.clone()).unwrap_or_default()
    }
}

pub(super) fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn protocols(names: &[&str]) -> Vec<Protocol> {
    names.iter().map(|name| Protocol { name: (*name).to_owned(), metadata: text(&format!("{name} of topics")) }).collect()
}

/// The first join of a client.
pub(super) fn join_as(client: &str) -> Join {
    Join {
        version: 5,
        group_id: GROUP.into(),
        client_id: client.into(),
        client_host: "/10.0.0.1".into(),
        session_timeout_ms: SESSION_MS as i32,
        rebalance_timeout_ms: REBALANCE_MS as i32,
        protocol_type: "consumer".into(),
        protocols: protocols(&["range"]),
        ..Join::default()
    }
}

pub(super) fn follow(generation: i32, member_id: &str) -> Sync {
    Sync {
        version: 5,
        group_id: GROUP.into(),
        generation,
        member_id: member_id.into(),
        protocol_type: Some("consumer".into()),
        protocol: Some("range".into()),
        ..Sync::default()
    }
}

pub(super) fn lead(generation: i32, member_id: &str, ids: &[String]) -> Sync {
    let assignments = ids.iter().map(|id| (id.clone(), text(id))).collect();
    Sync { assignments, ..follow(generation, member_id) }
}

pub(super) fn leaver(member_id: &str) -> Leaver {
    Leaver { member_id: member_id.into(), ..Leaver::default() }
}
