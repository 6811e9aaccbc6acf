//! One property: whatever happens meanwhile, every change of membership ends with every shard as the members want it, and no step
//! on the way costs a quorum.
//!
//! A model of a cluster: its members in a real machine, and groups that keep what consensus promises of a membership. Events come
//! in any order: leaders change, plan by fresh or old members, stop between the two halves of a change; nodes are down, lag, or
//! lose their disk for good; members are added, removed, replaced while others are; the job is driven twice or not at all. Then
//! it gets calm, those who are lost are replaced, and everything must come to rest.

use std::sync::Arc;

use proptest::prelude::*;
use table::{MemoryTree, Table};

use super::*;
use crate::{Command, Machine};

/// Rounds in which everything comes to rest.
const ROUNDS_MAX: usize = 60;

/// A shard's group.
#[derive(Clone, Debug)]
struct Group {
    voters: BTreeSet<NodeId>,
    learners: BTreeSet<NodeId>,
    /// The voters that come, while they and those of before are both in force.
    joint: Option<BTreeSet<NodeId>>,
    leader: NodeId,
    /// Who has to catch up.
    behind: BTreeSet<NodeId>,
}

struct World {
    machine: Machine,
    groups: Vec<Group>,
    down: BTreeSet<NodeId>,
    /// Down for good.
    lost: BTreeSet<NodeId>,
    /// Members as they were, the newest last.
    history: Vec<Vec<Member>>,
    next_id: NodeId,
}

#[derive(Clone, Debug)]
enum Event {
    Elect { shard: usize, pick: usize },
    Plan { shard: usize, age: usize },
    Finish { shard: usize },
    CatchUp { shard: usize, pick: usize },
    FallBehind { shard: usize, pick: usize },
    Down { pick: usize },
    Up { pick: usize },
    Lose { pick: usize },
    Drive,
    Add,
    Remove { pick: usize },
    Replace { pick: usize },
    Drain { pick: usize, drained: bool },
}

fn event() -> impl Strategy<Value = Event> {
    let (shard, pick) = (0..4_usize, 0..12_usize);
    let at = (shard.clone(), pick.clone());
    let age = prop_oneof![3 => Just(0_usize), 1 => 0..6_usize];
    prop_oneof![
        4 => at.clone().prop_map(|(shard, pick)| Event::Elect { shard, pick }),
        16 => (shard.clone(), age).prop_map(|(shard, age)| Event::Plan { shard, age }),
        8 => shard.prop_map(|shard| Event::Finish { shard }),
        8 => at.clone().prop_map(|(shard, pick)| Event::CatchUp { shard, pick }),
        3 => at.prop_map(|(shard, pick)| Event::FallBehind { shard, pick }),
        2 => pick.clone().prop_map(|pick| Event::Down { pick }),
        3 => pick.clone().prop_map(|pick| Event::Up { pick }),
        1 => pick.clone().prop_map(|pick| Event::Lose { pick }),
        8 => Just(Event::Drive),
        3 => Just(Event::Add),
        2 => pick.clone().prop_map(|pick| Event::Remove { pick }),
        2 => pick.clone().prop_map(|pick| Event::Replace { pick }),
        1 => (pick, any::<bool>()).prop_map(|(pick, drained)| Event::Drain { pick, drained }),
    ]
}

fn is_quorum(of: &BTreeSet<NodeId>, up: impl Fn(NodeId) -> bool) -> bool {
    of.iter().filter(|id| up(**id)).count() * 2 > of.len()
}

fn nth(ids: impl IntoIterator<Item = NodeId>, pick: usize) -> Option<NodeId> {
    let ids: Vec<NodeId> = ids.into_iter().collect();
    ids.get(pick.checked_rem(ids.len())?).copied()
}

impl Group {
    fn everyone(&self) -> BTreeSet<NodeId> {
        &self.all_voters() | &self.learners
    }

    /// Of both sets while there are two.
    fn all_voters(&self) -> BTreeSet<NodeId> {
        self.voters.iter().chain(self.joint.iter().flatten()).copied().collect()
    }

    fn has_quorum(&self, up: impl Fn(NodeId) -> bool) -> bool {
        is_quorum(&self.voters, &up) && self.joint.as_ref().is_none_or(|joint| is_quorum(joint, &up))
    }

    /// What the members want of it when nobody comes or goes.
    fn is_at_rest(&self, active: &BTreeSet<NodeId>) -> bool {
        self.joint.is_none() && self.everyone() == *active && self.voters.len() == active.len().min(VOTERS_MAX)
    }
}

impl World {
    fn new(members: u64, shards: usize) -> World {
        let mut machine = Machine::open(Table::new(Arc::new(MemoryTree::default()))).unwrap();
        let founders = (1..=members).map(|id| member(id, Active)).collect();
        machine.apply(Command::Found { cluster: 1, data_shards: 3, members: founders }).unwrap();
        let (voters, learners, behind) = (set(1..=members), set([]), set([]));
        let groups = vec![Group { voters, learners, joint: None, leader: 1, behind }; shards];
        let history = vec![machine.members().cloned().collect()];
        World { machine, groups, down: set([]), lost: set([]), history, next_id: members + 1 }
    }

    fn is_up(&self, id: NodeId) -> bool {
        !self.down.contains(&id)
    }

    fn ids(&self) -> Vec<NodeId> {
        self.machine.members().map(|member| member.id).collect()
    }

    fn with_standing(&self, standing: MemberStanding) -> BTreeSet<NodeId> {
        self.machine.members().filter(|member| member.standing == standing).map(|member| member.id).collect()
    }

    /// A command to shard 0, if it can be committed; it may be refused.
    fn propose(&mut self, command: Command) {
        if self.groups[0].has_quorum(|id| self.is_up(id)) {
            let outcome = self.machine.apply(command.clone());
            assert!(outcome.is_err() || self.machine.apply(command).is_ok(), "what was done can be repeated");
            self.history.push(self.machine.members().cloned().collect());
        }
    }

    fn newcomer(&mut self) -> (NodeId, String, String) {
        let id = self.next_id;
        self.next_id += 1;
        (id, format!("n{id}"), format!("n{id}:7000"))
    }

    fn happen(&mut self, event: Event) {
        let shards = self.groups.len();
        match event {
            Event::Elect { shard, pick } => self.elect(shard % shards, pick),
            Event::Plan { shard, age } => {
                self.plan(shard % shards, age);
            }
            Event::Finish { shard } => self.finish(shard % shards),
            Event::CatchUp { shard, pick } => {
                let group = &mut self.groups[shard % shards];
                if let Some(id) = nth(group.everyone(), pick)
                    && !self.down.contains(&id)
                {
                    group.behind.remove(&id);
                }
            }
            Event::FallBehind { shard, pick } => {
                let group = &mut self.groups[shard % shards];
                if let Some(id) = nth(group.everyone(), pick)
                    && id != group.leader
                {
                    group.behind.insert(id);
                }
            }
            Event::Down { pick } => self.down.extend(nth(self.ids(), pick)),
            Event::Up { pick } => {
                if let Some(id) = nth(&self.down - &self.lost, pick) {
                    self.down.remove(&id);
                }
            }
            Event::Lose { pick } => self.lose(pick),
            Event::Drive => self.drive(),
            Event::Add => {
                if self.ids().len() < 10 {
                    let (id, name, address) = self.newcomer();
                    self.propose(Command::AddMember { id, name, address });
                }
            }
            Event::Remove { pick } => {
                if let Some(id) = nth(self.ids(), pick) {
                    self.propose(Command::RemoveMember { id });
                }
            }
            Event::Replace { pick } => {
                if let Some(dead) = nth(self.ids(), pick) {
                    let (id, name, address) = self.newcomer();
                    self.propose(Command::Replace { dead, id, name, address });
                }
            }
            Event::Drain { pick, drained } => {
                if let Some(id) = nth(self.ids(), pick) {
                    self.propose(Command::Drain { id, drained });
                }
            }
        }
    }

    /// A disk is lost, unless that is more than the groups can bear: against that, no plan helps.
    fn lose(&mut self, pick: usize) {
        let Some(id) = nth(self.ids(), pick) else { return };
        let lost = &self.lost | &set([id]);
        if self.groups.iter().all(|group| group.has_quorum(|id| !lost.contains(&id))) {
            self.down.insert(id);
            self.lost = lost;
        }
    }

    /// A voter that holds what a quorum confirmed takes over.
    fn elect(&mut self, shard: usize, pick: usize) {
        let group = &self.groups[shard];
        if group.has_quorum(|id| self.is_up(id)) {
            let up = || group.all_voters().into_iter().filter(|id| self.is_up(*id));
            let leader = nth(up().filter(|id| !group.behind.contains(id)), pick).or_else(|| nth(up(), pick)).unwrap();
            let group = &mut self.groups[shard];
            group.leader = leader;
            group.behind.remove(&leader);
        }
    }

    /// The leader goes one step, by members `age` changes old. Whether there was one.
    fn plan(&mut self, shard: usize, age: usize) -> bool {
        let group = &self.groups[shard];
        if !self.is_up(group.leader) {
            return false;
        }
        let members = &self.history[self.history.len().saturating_sub(age + 1)];
        let voters = group.all_voters();
        let view = ShardView {
            voters: &voters,
            learners: &group.learners,
            is_joint: group.joint.is_some(),
            caught_up: &|id| !group.behind.contains(&id),
            reachable: &|id| self.is_up(id),
            leader: group.leader,
        };
        let Some(step) = next_step(members.iter(), &view) else { return false };
        assert_eq!(next_step(members.iter().rev(), &view).as_ref(), Some(&step), "the order of members means nothing");
        self.check(group, &step);
        self.go(shard, step);
        true
    }

    /// What must hold of every step.
    fn check(&self, group: &Group, step: &Step) {
        assert!(group.joint.is_none(), "{step:?} in a joint group");
        let is_up = |id| self.is_up(id);
        assert!(is_quorum(&group.voters, is_up), "{step:?} without a quorum");
        match step {
            Step::AddLearner(id) => assert!(!group.everyone().contains(id), "{step:?}: it is there"),
            Step::RemoveLearner(id) => assert!(group.learners.contains(id), "{step:?}: it is none"),
            Step::Voters(voters) => {
                assert!(*voters != group.voters, "{step:?} is no step");
                assert!(is_quorum(voters, is_up), "{step:?} loses the quorum of {group:?}");
                assert!(voters.contains(&group.leader), "{step:?} leaves the leader out");
                assert!(voters.is_subset(&group.everyone()), "{step:?}: a voter that never learned");
                assert!(voters.len() <= VOTERS_MAX, "{step:?}: too many");
                let new = voters - &group.voters;
                assert!(new.iter().all(|id| is_up(*id) && !group.behind.contains(id)), "{step:?}: a new voter is not ready");
            }
            Step::Transfer(id) => {
                assert!(*id != group.leader && group.voters.contains(id), "{step:?}: to nobody");
                assert!(is_up(*id) && !group.behind.contains(id), "{step:?}: it cannot lead");
            }
        }
    }

    fn go(&mut self, shard: usize, step: Step) {
        let group = &mut self.groups[shard];
        match step {
            Step::AddLearner(id) => {
                group.learners.insert(id);
                group.behind.insert(id);
            }
            Step::RemoveLearner(id) => {
                group.learners.remove(&id);
            }
            Step::Voters(voters) => {
                group.learners = &group.learners - &voters;
                group.joint = Some(voters);
            }
            Step::Transfer(id) => group.leader = id,
        }
    }

    /// The second half of a change, by whoever leads then. A leader that is left out by it steps down.
    fn finish(&mut self, shard: usize) {
        let group = &self.groups[shard];
        if group.has_quorum(|id| self.is_up(id)) && self.is_up(group.leader) {
            let group = &mut self.groups[shard];
            group.voters = group.joint.take().unwrap_or_else(|| group.voters.clone());
            if !group.voters.contains(&group.leader) {
                self.elect(shard, 0);
            }
        }
    }

    /// The job's other half: says what is reached on all shards.
    fn drive(&mut self) {
        let are_whole = self.groups.iter().all(|group| group.joint.is_none());
        let joined = |id: &NodeId| {
            let has = |group: &Group| has_joined(*id, self.machine.members(), &group.voters, &group.learners);
            are_whole && self.groups.iter().all(has)
        };
        let left = |id: &NodeId| are_whole && self.groups.iter().all(|group| has_left(*id, &group.voters, &group.learners));
        let activate = self.with_standing(Joining).into_iter().filter(joined).map(|id| Command::Activate { id });
        let forget = self.with_standing(Leaving).into_iter().filter(left).map(|id| Command::ForgetMember { id });
        activate.chain(forget).collect::<Vec<_>>().into_iter().for_each(|command| self.propose(command));
    }

    fn is_at_rest(&self) -> bool {
        let active = self.with_standing(Active);
        active.len() == self.ids().len() && self.groups.iter().all(|group| group.is_at_rest(&active))
    }

    /// All is well but for those who are lost, whom somebody replaces.
    fn calm(&mut self) {
        self.down = self.lost.clone();
        for _ in 0..ROUNDS_MAX {
            for shard in 0..self.groups.len() {
                if !self.is_up(self.groups[shard].leader) {
                    self.elect(shard, 0);
                }
                self.groups[shard].behind = self.lost.clone();
                self.finish(shard);
                self.plan(shard, 0);
            }
            self.drive();
            // If one joins who is lost, only that one can be replaced; the others are when it is their turn.
            for dead in &self.lost - &self.with_standing(Leaving) {
                if self.ids().contains(&dead) {
                    let (id, name, address) = self.newcomer();
                    self.propose(Command::Replace { dead, id, name, address });
                }
            }
            if self.is_at_rest() {
                return;
            }
        }
        let members: Vec<_> = self.machine.members().collect();
        panic!("not at rest after {ROUNDS_MAX} rounds: {members:#?}, lost {:?}, {:#?}", self.lost, self.groups);
    }
}

proptest! {
    #[test]
    fn every_job_ends(
        members in 1..=7_u64,
        shards in 1..=4_usize,
        events in prop::collection::vec(event(), 0..400),
    ) {
        let mut world = World::new(members, shards);
        for event in events {
            world.happen(event);
        }
        world.calm();
        prop_assert!((0..shards).all(|shard| !world.plan(shard, 0)), "at rest there is no step");
    }
}
