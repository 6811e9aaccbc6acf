use super::*;

mod jobs;

use MemberStanding::{Active, Joining, Leaving};

fn set(ids: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
    ids.into_iter().collect()
}

fn member(id: NodeId, standing: MemberStanding) -> Member {
    Member::new(id, format!("n{id}"), format!("n{id}:7000"), standing)
}

/// A shard led by node 1, in which all is well.
struct Shard {
    members: Vec<Member>,
    voters: BTreeSet<NodeId>,
    learners: BTreeSet<NodeId>,
    is_joint: bool,
    behind: BTreeSet<NodeId>,
    down: BTreeSet<NodeId>,
    leader: NodeId,
}

impl Shard {
    fn new(members: &[(NodeId, MemberStanding)], voters: impl IntoIterator<Item = NodeId>) -> Shard {
        let members = members.iter().map(|(id, standing)| member(*id, *standing)).collect();
        let (learners, behind, down) = (set([]), set([]), set([]));
        Shard { members, voters: set(voters), learners, is_joint: false, behind, down, leader: 1 }
    }

    fn next(&self) -> Option<Step> {
        let view = ShardView {
            voters: &self.voters,
            learners: &self.learners,
            is_joint: self.is_joint,
            caught_up: &|id| !self.behind.contains(&id),
            reachable: &|id| !self.down.contains(&id),
            leader: self.leader,
        };
        next_step(self.members.iter(), &view)
    }
}

#[test]
fn a_newcomer_learns_then_votes() {
    let mut shard = Shard::new(&[(1, Active), (2, Joining)], [1]);
    assert_eq!(shard.next(), Some(Step::AddLearner(2)));
    shard.learners = set([2]);
    shard.behind = set([2]);
    assert_eq!(shard.next(), None, "it has to catch up");
    assert!(!has_joined(2, shard.members.iter(), &shard.voters, &shard.learners));
    shard.behind = set([]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2]))));
    (shard.voters, shard.learners) = (set([1, 2]), set([]));
    assert_eq!(shard.next(), None);
    assert!(has_joined(2, shard.members.iter(), &shard.voters, &shard.learners));
}

/// An active member that is missing in this shard, as after a plan by old members, comes like a newcomer.
#[test]
fn an_active_member_comes_the_same_way() {
    let mut shard = Shard::new(&[(1, Active), (2, Active)], [1]);
    assert_eq!(shard.next(), Some(Step::AddLearner(2)));
    shard.learners = set([2]);
    shard.down = set([2]);
    assert_eq!(shard.next(), None);
    shard.down = set([]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2]))));
}

#[test]
fn nothing_is_done_in_a_joint_group_without_a_quorum_or_by_one_who_does_not_vote() {
    let mut shard = Shard::new(&[(1, Active), (2, Active), (3, Active), (4, Joining)], [1, 2, 3]);
    shard.is_joint = true;
    assert_eq!(shard.next(), None);
    shard.is_joint = false;
    shard.down = set([2, 3]);
    assert_eq!(shard.next(), None);
    shard.down = set([]);
    shard.leader = 4;
    assert_eq!(shard.next(), None);
    shard.leader = 1;
    assert_eq!(shard.next(), Some(Step::AddLearner(4)));
    shard.members.clear();
    assert_eq!(shard.next(), None, "the members are not known yet");
}

#[test]
fn who_leaves_goes_at_once_when_nobody_joins() {
    let mut shard = Shard::new(&[(1, Active), (2, Active), (3, Leaving)], [1, 2, 3]);
    shard.down = set([3]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2]))));
    (shard.voters, shard.learners) = (set([1, 2]), set([3]));
    assert_eq!(shard.next(), Some(Step::RemoveLearner(3)));
    assert!(!has_left(3, &shard.voters, &shard.learners));
    shard.learners = set([]);
    assert_eq!(shard.next(), None);
    assert!(has_left(3, &shard.voters, &shard.learners));
}

#[test]
fn who_is_replaced_goes_when_the_new_one_votes() {
    let mut shard = Shard::new(&[(1, Active), (2, Active), (3, Leaving), (4, Joining)], [1, 2, 3]);
    shard.down = set([3]);
    assert_eq!(shard.next(), Some(Step::AddLearner(4)));
    (shard.learners, shard.behind) = (set([4]), set([4]));
    assert_eq!(shard.next(), None);
    shard.behind = set([]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2, 3, 4]))));
    (shard.voters, shard.learners) = (set([1, 2, 3, 4]), set([]));
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2, 4]))));
}

#[test]
fn a_leader_that_leaves_gives_up_leadership_first() {
    let mut shard = Shard::new(&[(1, Leaving), (2, Active), (3, Active), (4, Active)], [1, 2, 3, 4]);
    shard.behind = set([2]);
    assert_eq!(shard.next(), Some(Step::Transfer(3)));
    shard.members[2].drained = true;
    assert_eq!(shard.next(), Some(Step::Transfer(4)), "a drained one only if nobody else is there");
    shard.down = set([4]);
    assert_eq!(shard.next(), None, "of those who stay, one alone confirms");
    shard.behind = set([]);
    assert_eq!(shard.next(), Some(Step::Transfer(2)));
    shard.leader = 2;
    assert_eq!(shard.next(), Some(Step::Voters(set([2, 3, 4]))));
}

#[test]
fn nobody_goes_whose_vote_is_needed() {
    let mut shard = Shard::new(&[(1, Active), (2, Active), (3, Leaving)], [1, 2, 3]);
    shard.down = set([2]);
    assert_eq!(shard.next(), None);
    (shard.down, shard.behind) = (set([]), set([2]));
    assert_eq!(shard.next(), None, "one that has to catch up confirms nothing");
    // Of two who leave, the silent one goes without harm.
    let mut shard = Shard::new(&[(1, Active), (2, Active), (3, Leaving), (4, Leaving)], [1, 2, 3, 4]);
    (shard.down, shard.behind) = (set([4]), set([2]));
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2, 3]))));
    shard.behind = set([]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2]))));
}

#[test]
fn an_eighth_member_follows() {
    let mut members: Vec<_> = (1..=7).map(|id| (id, Active)).collect();
    members.push((8, Joining));
    let mut shard = Shard::new(&members, 1..=7);
    assert_eq!(shard.next(), Some(Step::AddLearner(8)));
    shard.learners = set([8]);
    assert_eq!(shard.next(), None);
    assert!(has_joined(8, shard.members.iter(), &shard.voters, &shard.learners));
    // One who leaves gives its seat to it, in one step.
    shard.members[2].standing = Leaving;
    assert!(!has_joined(8, shard.members.iter(), &shard.voters, &shard.learners));
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2, 4, 5, 6, 7, 8]))));
    // If that is the leader, it hands over first.
    shard.leader = 3;
    assert_eq!(shard.next(), Some(Step::Transfer(1)));
    // An active one takes it before one who joins.
    (shard.leader, shard.learners) = (1, set([8, 9]));
    shard.members.push(member(9, Active));
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2, 4, 5, 6, 7, 9]))));
}

#[test]
fn one_node_is_replaced_by_another() {
    let mut shard = Shard::new(&[(1, Leaving), (2, Joining)], [1]);
    assert_eq!(shard.next(), Some(Step::AddLearner(2)));
    shard.learners = set([2]);
    assert_eq!(shard.next(), Some(Step::Voters(set([1, 2]))));
    (shard.voters, shard.learners) = (set([1, 2]), set([]));
    assert_eq!(shard.next(), Some(Step::Transfer(2)));
    shard.leader = 2;
    assert_eq!(shard.next(), Some(Step::Voters(set([2]))));
}

fn leaders(members: &[Member], shards: u32, reachable: impl Fn(NodeId) -> bool) -> Vec<Option<NodeId>> {
    (0..shards).map(|shard| preferred_leader(members.iter(), ShardId(shard), &reachable)).collect()
}

#[test]
fn leaders_are_spread() {
    let mut members = vec![member(3, Active), member(1, Active), member(2, Active), member(4, Joining)];
    let all: Vec<_> = [1, 2, 3, 1, 2, 3].map(Some).to_vec();
    assert_eq!(leaders(&members, 6, |_| true), all);
    // The shards of one that is away go round; the others keep theirs.
    let without: Vec<_> = [1, 1, 3, 1, 3, 3].map(Some).to_vec();
    assert_eq!(leaders(&members, 6, |id| id != 2), without);
    members[2].drained = true;
    assert_eq!(leaders(&members, 6, |_| true), without);
    assert_eq!(leaders(&members, 2, |id| id == 2), [Some(2), Some(2)], "a drained one if nobody else is there");
    assert_eq!(leaders(&members, 2, |_| false), [None, None]);
    assert_eq!(leaders(&[], 1, |_| true), [None]);
}
