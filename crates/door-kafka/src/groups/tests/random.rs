//! Random requests of few clients, so that they meet.

use proptest::{prelude::*, sample::select};

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Coordinator, Join, Reply, Settings, State, StoreFailure, Ticket},
};

const CLIENTS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Join { client: usize, version: i16, is_static: bool, topics: u8, forget_id: bool },
    Sync { client: usize },
    Heartbeat { client: usize },
    Leave { client: usize },
    Commit { client: usize },
    Delete,
    Pass(u64),
    Store,
    Fail(StoreFailure),
    TakeOver,
}

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let failures = select(vec![StoreFailure::NotLeader, StoreFailure::Unavailable, StoreFailure::TooLarge]);
    let join = (client(), select(vec![1i16, 5, 9]), prop::bool::weighted(0.3), 0u8..3, prop::bool::weighted(0.2));
    prop_oneof![
        10 => join.prop_map(|(client, version, is_static, topics, forget_id)| Step::Join {
            client, version, is_static, topics, forget_id
        }),
        10 => client().prop_map(|client| Step::Sync { client }),
        4 => client().prop_map(|client| Step::Heartbeat { client }),
        2 => client().prop_map(|client| Step::Leave { client }),
        2 => client().prop_map(|client| Step::Commit { client }),
        1 => Just(Step::Delete),
        4 => select(vec![0, 1, 1_000, 5_000, 11_000, 70_000]).prop_map(Step::Pass),
        6 => Just(Step::Store),
        1 => failures.prop_map(Step::Fail),
        1 => Just(Step::TakeOver),
    ]
}

/// What a client believes.
#[derive(Default)]
struct Client {
    member_id: String,
    generation: i32,
    joins: Vec<Ticket>,
}

struct World {
    house: House,
    clients: Vec<Client>,
    generation: i32,
    settings: Settings,
}

impl World {
    fn new(settings: Settings) -> World {
        let clients = (0..CLIENTS).map(|_| Client::default()).collect();
        World { house: House::with(settings), clients, generation: 0, settings }
    }

    /// Clients read what they were told.
    fn read(&mut self) {
        for client in &mut self.clients {
            for ticket in std::mem::take(&mut client.joins) {
                let Some(Reply::Join(reply)) = self.house.answers.get(&ticket) else {
                    client.joins.push(ticket);
                    continue;
                };
                match reply.error {
                    ErrorCode::None | ErrorCode::MemberIdRequired => {
                        (client.member_id, client.generation) = (reply.member_id.clone(), reply.generation);
                    }
                    ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => client.member_id.clear(),
                    _ => {}
                }
            }
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Join { client, version, is_static, topics, forget_id } => {
                self.join(client, version, is_static, topics, forget_id);
            }
            Step::Sync { client } => {
                let (id, generation) = (self.clients[client].member_id.clone(), self.clients[client].generation);
                let ids = self.house.member_ids();
                self.house.sync(&lead(generation, &id, &ids));
            }
            Step::Heartbeat { client } => {
                let (id, generation) = (self.clients[client].member_id.clone(), self.clients[client].generation);
                self.house.heartbeat(generation, &id);
            }
            Step::Leave { client } => {
                let id = self.clients[client].member_id.clone();
                self.house.leave(vec![leaver(&id)]);
            }
            Step::Commit { client } => {
                let (id, generation) = (self.clients[client].member_id.clone(), self.clients[client].generation);
                let _ = self.house.commit(generation, &id);
            }
            Step::Delete => {
                self.house.delete();
            }
            Step::Pass(ms) => self.house.pass(ms),
            Step::Store => self.house.store_all(),
            Step::Fail(failure) => self.house.fail_all(failure),
            Step::TakeOver => self.take_over(),
        }
        self.read();
        self.check();
    }

    fn join(&mut self, client: usize, version: i16, is_static: bool, topics: u8, forget_id: bool) {
        let instance_id = (is_static && version >= 5).then(|| format!("i{client}"));
        let member_id = if forget_id { String::new() } else { self.clients[client].member_id.clone() };
        let mut join = Join { version, member_id, instance_id, ..join_as(&format!("c{client}")) };
        join.protocols[0].metadata = text(&format!("topics {topics}"));
        let ticket = self.house.join(&join);
        self.clients[client].joins.push(ticket);
    }

    /// The node resigns, with everything that it is asked to answer, and another one loads what is durable.
    fn take_over(&mut self) {
        let effects = self.house.coordinator.resign();
        self.house.take(effects);
        self.house.stores.clear();
        assert_eq!(self.waiting(), 0, "everybody is told when a node resigns");
        self.house.coordinator = Coordinator::new(self.settings);
        let groups: Vec<_> = self.house.log.values().cloned().collect();
        let effects = self.house.coordinator.load(groups, self.house.now_ms);
        self.house.take(effects);
        self.generation = 0;
    }

    fn waiting(&self) -> usize {
        self.house.asked.len() - self.house.answers.len()
    }

    fn check(&mut self) {
        let house = &self.house;
        if house.state() == State::Dead && house.generation() < 0 {
            self.generation = 0;
        } else {
            assert!(house.generation() >= self.generation, "a generation never falls");
            self.generation = house.generation();
        }
        let view = house.coordinator.describe(GROUP);
        if let Some(view) = view.filter(|view| view.state == State::Stable) {
            assert!(view.members.iter().all(|member| !member.assignment.is_empty()), "a stable group is assigned");
        }
        for reply in house.answers.values() {
            if let Reply::Join(reply) = reply
                && !reply.members.is_empty()
            {
                assert_eq!(reply.leader, reply.member_id, "only the leader is told of all");
                assert!(reply.members.iter().any(|member| member.member_id == reply.leader), "and it is one of them");
            }
        }
    }

    /// Nobody waits for ever: without a further word of any client everything is answered.
    fn end(&mut self) {
        for _ in 0..20 {
            self.house.store_all();
            self.house.pass(400_000);
        }
        assert_eq!(self.waiting(), 0, "everything is answered");
        assert_eq!(self.house.coordinator.next_deadline(), None, "and nothing is left to do");
        let state = self.house.state();
        assert!(matches!(state, State::Empty | State::Dead), "silent members are gone: {state:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_clients_do(delay in select(vec![0u64, 3_000]), steps in prop::collection::vec(step(), 1..120)) {
        let settings = Settings { initial_rebalance_delay_ms: delay, group_members_max: 3, ..Settings::default() };
        let mut world = World::new(settings);
        for step in steps {
            world.run(step);
        }
        world.end();
    }
}
