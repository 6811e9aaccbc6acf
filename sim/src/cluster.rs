//! All nodes, and the wires between them.

use std::{collections::BTreeSet, sync::Arc};

use base::NodeId;
use cluster::MemberStanding;
use replica::{NodeStatus, ShardStatus};

use crate::{dice::Dice, executor::world, house::House, network::Wires, plan::Plan, setup::Setup};

/// All nodes, and the wires between them. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    houses: Arc<Vec<House>>,
    wires: Wires,
}

impl Cluster {
    /// The nodes of a plan, not started.
    pub fn new(plan: &Plan) -> Cluster {
        let wires = Wires::new(plan.fair, plan.stream_credit);
        let setup = Arc::new(Setup::new(plan.nodes, plan.data_shards));
        let houses: Vec<House> = (0..plan.nodes).map(|number| House::new(number, setup.clone(), wires.clone())).collect();
        for (house, rate) in houses.iter().zip(&plan.clock_rates) {
            house.set_clock_rate(*rate);
        }
        Cluster { houses: Arc::new(houses), wires }
    }

    /// The nodes.
    pub fn houses(&self) -> &[House] {
        &self.houses
    }

    /// The wires.
    pub fn wires(&self) -> &Wires {
        &self.wires
    }

    /// One of the nodes.
    pub fn any(&self, dice: &Dice) -> &House {
        &self.houses[usize::try_from(dice.below(self.houses.len() as u64)).expect("an index below a handful")]
    }

    /// One of the nodes that serve.
    pub fn any_serving(&self, dice: &Dice) -> Option<&House> {
        let serving: Vec<&House> = self.houses.iter().filter(|house| house.serving_now().is_some()).collect();
        let chosen = usize::try_from(dice.below(serving.len().max(1) as u64)).expect("an index below a handful");
        serving.get(chosen).copied()
    }

    /// Who leads a data shard at present, by its own word.
    pub fn leader(&self) -> Option<NodeId> {
        let leads = |status: &NodeStatus| status.shards.iter().any(|shard| shard.shard.0 > 0 && shard.group.leading);
        self.houses.iter().find(|house| house.node().is_some_and(|(node, _)| leads(&node.status()))).map(House::node_id)
    }

    /// Whether every node has its place: all serve, and by the word of each all are members that stay, and nobody else is.
    pub fn is_whole(&self) -> bool {
        let ids: BTreeSet<NodeId> = self.houses.iter().map(House::node_id).collect();
        let is_whole = |house: &House| {
            let Some((node, _)) = house.node() else { return false };
            let status = node.status();
            let members: BTreeSet<NodeId> = status.members.iter().map(|member| member.id).collect();
            let votes = |shard: &ShardStatus| shard.group.voters.iter().copied().collect::<BTreeSet<_>>() == ids;
            members == ids
                && status.members.iter().all(|member| member.standing == MemberStanding::Active)
                && status.shards.iter().all(votes)
        };
        self.houses.iter().all(is_whole)
    }

    /// Directions between two parts of the nodes.
    pub fn between(&self, is_here: impl Fn(NodeId) -> bool) -> Vec<(NodeId, NodeId)> {
        let ids: Vec<NodeId> = self.houses.iter().map(House::node_id).collect();
        let pairs = ids.iter().flat_map(|from| ids.iter().map(move |to| (*from, *to)));
        pairs.filter(|(from, to)| is_here(*from) && !is_here(*to)).collect()
    }

    /// What each node says of itself, for whoever reads a failure.
    pub fn describe(&self) -> Vec<String> {
        let describe = |house: &House| match house.node() {
            Some((node, start)) => format!("{} (start {start}): {:?}", house.name(), node.status()),
            None => format!("{} (start {}) does not serve: {:?}", house.name(), house.starts(), house.failure()),
        };
        self.houses.iter().map(describe).collect()
    }
}

/// Writes down what strikes.
pub(crate) fn tell(event: impl Into<String>) {
    world().tell(event);
}
