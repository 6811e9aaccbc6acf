//! How a shard's group comes to what the members want, step by step. Pure: who leads a shard looks, does the step, looks again.
//!
//! The members say who joins, stays and leaves; the group says who votes and who follows. [`next_step`] compares the two, and
//! since it looks at nothing else, a leader that is new, or repeats itself, goes on where the last one stopped. A newcomer is a
//! learner until it is caught up; who leaves does so when the newcomers vote; at no moment is a vote worth less than a quorum of
//! members that can be reached.
//!
//! The members must be as fresh as a read barrier on shard 0 makes them: of older ones, the one who just joined is unknown and
//! the one who just left is still there. Planning by them is safe but goes back and forth.

use std::collections::BTreeSet;

use base::{NodeId, ShardId};

use crate::{Member, MemberStanding, limits::VOTERS_MAX};

/// What a shard's leader sees of its group.
pub struct ShardView<'a> {
    /// Who votes.
    pub voters: &'a BTreeSet<NodeId>,
    /// Who only follows.
    pub learners: &'a BTreeSet<NodeId>,
    /// Whether the voters are being changed: two sets are in force. A group whose leader is lost meanwhile stays so until the
    /// next one finishes that change, which is for who drives the steps to do: here, it is waited for.
    pub is_joint: bool,
    /// Whether this node has almost the whole log.
    pub caught_up: &'a dyn Fn(NodeId) -> bool,
    /// Whether this node answers.
    pub reachable: &'a dyn Fn(NodeId) -> bool,
    /// The leader: the node that asks. Others have nothing to plan.
    pub leader: NodeId,
}

/// One change of a shard's group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This one follows.
    AddLearner(NodeId),
    /// Change the voters to exactly this set (joint consensus does the rest); voters left out leave the group.
    Voters(BTreeSet<NodeId>),
    /// This learner leaves the group.
    RemoveLearner(NodeId),
    /// Leadership goes to this one first.
    Transfer(NodeId),
}

/// The next step that brings one shard nearer to what the members want; `None`: it is there, or has to wait.
///
/// A node that is in the group and no member (it was forgotten) goes like one that leaves.
pub fn next_step<'m>(members: impl Iterator<Item = &'m Member>, view: &ShardView<'_>) -> Option<Step> {
    let wanted = Wanted::of(members);
    // Without a quorum nothing can be committed. Where nobody is meant to stay, the members are not known yet.
    let is_able = !view.is_joint && view.voters.contains(&view.leader) && view.answers(view.voters);
    if !is_able || (wanted.active.is_empty() && wanted.joining.is_empty()) {
        return None;
    }
    drop_learner(&wanted, view)
        .or_else(|| add_learner(&wanted, view))
        .or_else(|| seat(&wanted, view))
        .or_else(|| unseat(&wanted, view))
}

/// Whether the joining member `id` has its place in a shard with these voters and learners, which is not joint: it votes, or it
/// follows since every seat is taken by one who stays.
pub fn has_joined<'m>(
    id: NodeId,
    members: impl Iterator<Item = &'m Member>,
    voters: &BTreeSet<NodeId>,
    learners: &BTreeSet<NodeId>,
) -> bool {
    let wanted = Wanted::of(members);
    voters.contains(&id) || (learners.contains(&id) && voters.iter().filter(|id| wanted.stays(**id)).count() >= VOTERS_MAX)
}

/// Whether `id` is gone from a shard with these voters and learners, which is not joint.
pub fn has_left(id: NodeId, voters: &BTreeSet<NodeId>, learners: &BTreeSet<NodeId>) -> bool {
    !voters.contains(&id) && !learners.contains(&id)
}

/// Who should lead `shard`, as far as everybody is asked the same: the active members in turn.
///
/// `reachable` says who can lead: who answers and votes there. While one cannot, or is drained, its shards are spread over the
/// others and nobody else's leader changes. Drained ones lead if nobody else can.
pub fn preferred_leader<'m>(
    members: impl Iterator<Item = &'m Member>,
    shard: ShardId,
    reachable: &dyn Fn(NodeId) -> bool,
) -> Option<NodeId> {
    let mut active: Vec<&Member> = members.filter(|member| member.standing == MemberStanding::Active).collect();
    active.sort_unstable_by_key(|member| member.id);
    let able: Vec<&Member> = active.iter().copied().filter(|member| reachable(member.id)).collect();
    let ready: Vec<&Member> = able.iter().copied().filter(|member| !member.drained).collect();
    let choice = if ready.is_empty() { able } else { ready };
    let turn = usize::try_from(shard.0).unwrap_or_default();
    let first = *active.get(turn.checked_rem(active.len())?)?;
    if choice.iter().any(|member| member.id == first.id) {
        return Some(first.id);
    }
    // The shards of one who cannot lead are every so many: they go round among the others.
    let round = turn / active.len();
    choice.get(round.checked_rem(choice.len())?).map(|member| member.id)
}

/// What the members want of every shard.
struct Wanted {
    active: BTreeSet<NodeId>,
    joining: BTreeSet<NodeId>,
    drained: BTreeSet<NodeId>,
}

impl Wanted {
    fn of<'m>(members: impl Iterator<Item = &'m Member>) -> Wanted {
        let mut wanted = Wanted { active: BTreeSet::new(), joining: BTreeSet::new(), drained: BTreeSet::new() };
        for member in members {
            match member.standing {
                MemberStanding::Active => wanted.active.insert(member.id),
                MemberStanding::Joining => wanted.joining.insert(member.id),
                MemberStanding::Leaving => continue,
            };
            if member.drained {
                wanted.drained.insert(member.id);
            }
        }
        wanted
    }

    fn stays(&self, id: NodeId) -> bool {
        self.active.contains(&id) || self.joining.contains(&id)
    }
}

impl ShardView<'_> {
    fn is_reachable(&self, id: NodeId) -> bool {
        id == self.leader || (self.reachable)(id)
    }

    /// Whether it can confirm an entry at once.
    fn is_steady(&self, id: NodeId) -> bool {
        id == self.leader || ((self.reachable)(id) && (self.caught_up)(id))
    }

    /// Whether a quorum of the voters of now can be reached.
    fn answers(&self, voters: &BTreeSet<NodeId>) -> bool {
        voters.iter().filter(|id| self.is_reachable(**id)).count() >= quorum(voters.len())
    }

    /// Whether these can be the voters: a quorum of them confirms at once. One that has to catch up first would hold up every
    /// write until it has.
    fn holds(&self, voters: &BTreeSet<NodeId>) -> bool {
        voters.iter().filter(|id| self.is_steady(**id)).count() >= quorum(voters.len())
    }
}

fn quorum(voters: usize) -> usize {
    voters / 2 + 1
}

fn drop_learner(wanted: &Wanted, view: &ShardView<'_>) -> Option<Step> {
    view.learners.iter().find(|id| !wanted.stays(**id)).map(|id| Step::RemoveLearner(*id))
}

fn add_learner(wanted: &Wanted, view: &ShardView<'_>) -> Option<Step> {
    let is_missing = |id: &&NodeId| has_left(**id, view.voters, view.learners);
    wanted.active.union(&wanted.joining).find(is_missing).map(|id| Step::AddLearner(*id))
}

/// Gives the free seats to who is caught up. If all are taken, some by leaving ones, one takes the seat of another.
fn seat(wanted: &Wanted, view: &ShardView<'_>) -> Option<Step> {
    let is_ready = |id: &&NodeId| view.learners.contains(*id) && view.is_steady(**id);
    // Those who stay for sure go first, so that all shards fill their seats alike.
    let mut ready = wanted.active.iter().filter(is_ready).chain(wanted.joining.iter().filter(is_ready)).copied();
    let free = VOTERS_MAX.saturating_sub(view.voters.len());
    let mut voters = view.voters.clone();
    if free > 0 {
        voters.extend(ready.take(free));
    } else {
        let leaving = view.voters.iter().filter(|id| !wanted.stays(**id));
        let gone = leaving.min_by_key(|id| (view.is_reachable(**id), **id == view.leader))?;
        let newcomer = ready.next()?;
        voters.remove(gone);
        voters.insert(newcomer);
    }
    if voters == *view.voters || !view.holds(&voters) { None } else { step_to(voters, wanted, view) }
}

/// Takes out who leaves, when nobody is on the way to a seat.
fn unseat(wanted: &Wanted, view: &ShardView<'_>) -> Option<Step> {
    if wanted.joining.iter().any(|id| !view.voters.contains(id)) {
        return None;
    }
    let stay: BTreeSet<NodeId> = view.voters.iter().copied().filter(|id| wanted.stays(*id)).collect();
    // If those who stay cannot do without the help of those who leave, at least the silent ones go.
    let answering: BTreeSet<NodeId> =
        view.voters.iter().copied().filter(|id| wanted.stays(*id) || view.is_reachable(*id)).collect();
    let voters =
        [stay, answering].into_iter().find(|voters| voters != view.voters && !voters.is_empty() && view.holds(voters))?;
    step_to(voters, wanted, view)
}

/// To these voters; if the leader is none of them, leadership goes first to one that is.
fn step_to(voters: BTreeSet<NodeId>, wanted: &Wanted, view: &ShardView<'_>) -> Option<Step> {
    if voters.contains(&view.leader) {
        return Some(Step::Voters(voters));
    }
    // Nobody can be given leadership who does not vote yet.
    let is_able = |id: &&NodeId| wanted.stays(**id) && voters.contains(*id) && view.is_steady(**id);
    let able = view.voters.iter().filter(is_able);
    let heir = able.min_by_key(|id| (wanted.drained.contains(*id), wanted.joining.contains(*id), **id));
    heir.map(|id| Step::Transfer(*id))
}

#[cfg(test)]
mod tests;
