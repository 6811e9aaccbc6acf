//! Which replica a consumer is sent to: one in its own rack (KIP-392).
//!
//! As with Kafka's `RackAwareReplicaSelector`: a leader that stands in the consumer's rack keeps it, and of several followers there the
//! one that has most is named. Whoever lacks what the consumer has read already is not.

use std::collections::BTreeMap;

use base::{NodeId, ShardId};
use replica::streams::Follower;

use crate::{
    brokers::{Broker, number},
    topics::{Place, Topics},
};

/// The replicas in a consumer's rack, for one look at its partitions.
#[derive(Default)]
pub(super) struct Closest {
    /// Who stands there; none if this node does.
    there: Vec<NodeId>,
    /// Those among them that may be read, by shard; of the shards that were asked for.
    followers: BTreeMap<ShardId, Vec<Follower>>,
}

impl Closest {
    /// To a consumer in `rack`; an empty one is none.
    pub(super) fn to(rack: &str, topics: &Topics) -> Closest {
        if rack.is_empty() {
            return Closest::default();
        }
        Closest { there: standing_in(rack, topics.brokers(), topics.node().node_id()), ..Closest::default() }
    }

    /// Who is to be asked instead of this node, which leads the partition, from `offset` on.
    pub(super) fn replica(&mut self, place: &Place, offset: i64) -> Option<i32> {
        // Which entry a history's record came with is not known, so nobody can be said to have it.
        if self.there.is_empty() || place.history.is_some() {
            return None;
        }
        let machine = place.shard.machine();
        let held = machine.partition(place.id).map_or(0..=0, |info| info.log_start..=info.end);
        let needed = held.contains(&offset).then(|| needed(&machine.locate(place.id, offset - 1)))?;
        let there = &self.there;
        let followers = || place.shard.followers().into_iter().filter(|follower| there.contains(&follower.node)).collect();
        let followers = self.followers.entry(place.shard.id()).or_insert_with(followers);
        most_caught_up(followers, needed).map(number)
    }
}

/// The members in a rack, unless `leader` is one of them.
fn standing_in(rack: &str, brokers: Vec<Broker>, leader: NodeId) -> Vec<NodeId> {
    let is_there = |broker: &Broker| broker.rack.as_deref() == Some(rack);
    let there: Vec<NodeId> = brokers.into_iter().filter(is_there).map(|broker| broker.node).collect();
    if there.contains(&leader) { Vec::new() } else { there }
}

/// Up to which entry a log must reach for a consumer whose last record lies there.
fn needed(last_read: &stream::Place) -> u64 {
    match last_read {
        stream::Place::Unsettled(batch) => batch.index,
        // Nothing was read yet, or it is old: whoever has caught up has it.
        _ => 0,
    }
}

fn most_caught_up(followers: &[Follower], needed: u64) -> Option<NodeId> {
    let has_it = followers.iter().filter(|follower| follower.matched >= needed);
    has_it.max_by_key(|follower| (follower.matched, follower.node)).map(|follower| follower.node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(node: NodeId, rack: Option<&str>) -> Broker {
        Broker { node, host: "h".to_owned(), port: 1, rack: rack.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_leader_in_the_rack_keeps_its_consumers() {
        let brokers = || vec![broker(1, Some("a")), broker(2, Some("b")), broker(3, Some("b")), broker(4, None)];
        assert_eq!(standing_in("b", brokers(), 1), [2, 3]);
        assert_eq!(standing_in("b", brokers(), 2), Vec::<NodeId>::new(), "it stands there itself");
        assert_eq!(standing_in("c", brokers(), 1), Vec::<NodeId>::new(), "nobody stands there");
        assert_eq!(standing_in("a", brokers(), 4), [1], "who says nothing of a rack stands in none");
    }

    #[test]
    fn the_most_caught_up_is_named_and_nobody_who_lacks_what_was_read() {
        let followers = [(2, 7), (3, 9), (4, 8)].map(|(node, matched)| Follower { node, matched });
        assert_eq!(most_caught_up(&followers, 0), Some(3));
        assert_eq!(most_caught_up(&followers, 9), Some(3));
        assert_eq!(most_caught_up(&followers, 10), None);
        assert_eq!(most_caught_up(&[], 0), None);
        assert_eq!(needed(&stream::Place::BelowStart), 0);
        assert_eq!(needed(&stream::Place::Settled), 0);
        let batch = stream::BatchRef { index: 9, ..stream::BatchRef::default() };
        assert_eq!(most_caught_up(&followers, needed(&stream::Place::Unsettled(batch))), Some(3));
        let level = [(3, 9), (2, 9)].map(|(node, matched)| Follower { node, matched });
        assert_eq!(most_caught_up(&level, 1), Some(3), "always the same of those that are level");
    }
}
