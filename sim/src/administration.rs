//! What operators do to a cluster: move leaders, drain members, take one out and let a new one in. It strikes like a fault, since
//! it meets them.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{NodeId, Result, ShardId, disk::Ending};
use cluster::MemberStanding;
use replica::{Node, Ticket, runtime};

use crate::{
    cluster::{Cluster, tell},
    dice::Dice,
    house::House,
    matrix::{FaultKind, Matrix},
    network::Crash,
};

/// How long a change of members is waited for.
const CHANGE_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether it is done, or tried again.
const LOOK: Duration = Duration::from_millis(200);
/// How long one call to a node may take.
const CALL_MAX: Duration = Duration::from_secs(10);

/// An operator. All clones are one.
#[derive(Clone)]
pub(crate) struct Administration {
    cluster: Cluster,
    matrix: Matrix,
    /// Whether somebody changes the members, or a member is being rebuilt.
    is_changing: Arc<AtomicBool>,
}

/// While it lives, nobody else changes the members.
pub(crate) struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}

impl Administration {
    pub(crate) fn new(cluster: Cluster, matrix: Matrix) -> Administration {
        Administration { cluster, matrix, is_changing: Arc::default() }
    }

    /// A turn at changing the members; `None` while they change, or while not everybody is in place.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let is_free = self.cluster.is_whole() && !self.is_changing.swap(true, Relaxed);
        is_free.then(|| Turn(self.is_changing.clone()))
    }

    /// Waits until every node has its place, if that does not take for ever.
    pub(crate) async fn whole(&self) {
        let give_up = runtime::now() + CHANGE_MAX;
        while !self.cluster.is_whole() && runtime::now() < give_up {
            runtime::sleep(LOOK).await;
        }
    }

    /// Asks for a shard, or all of them, to be led by `house`, through any node.
    pub(crate) async fn move_leader(&self, house: &House, end: Duration, dice: &Dice) {
        let _active = self.matrix.strike(FaultKind::Moved);
        let shard = dice.chance(50).then(|| ShardId(u32::try_from(dice.below(2)).expect("a small number")));
        let to = house.node_id();
        tell(format!("{} is to lead {shard:?}", house.name()));
        self.ask(dice, move |node| async move { node.move_leader(shard, to).await }).await;
        runtime::sleep_until(end).await;
    }

    /// Lets `house` lead nothing for a while.
    pub(crate) async fn drain(&self, house: &House, end: Duration, dice: &Dice) {
        let _active = self.matrix.strike(FaultKind::Drained);
        let id = house.node_id();
        tell(format!("{} is drained until {end:?}", house.name()));
        self.ask(dice, move |node| async move { node.drain(id, true).await }).await;
        runtime::sleep_until(end).await;
        self.ask(dice, move |node| async move { node.drain(id, false).await }).await;
    }

    /// Takes `house` out of the cluster. When it is gone its disk is wiped, and it is let in as a new member.
    pub(crate) async fn leave(&self, house: &House, end: Duration, dice: &Dice) {
        let Some(_turn) = self.turn() else { return };
        let (_active, id) = (self.matrix.strike(FaultKind::Left), house.node_id());
        tell(format!("{} ({id:x}) is taken out", house.name()));
        // Whether it was done is seen below, not by the answer: that may be lost.
        self.ask(dice, move |node| async move { node.remove_member(id).await }).await;
        if !self.is_gone(id).await {
            tell(format!("{} was not taken out", house.name()));
            return;
        }
        runtime::sleep_until(end).await;
        let ticket = self.let_in(house, dice).await;
        house.crash(Ending::NothingLost, Crash::Reset);
        tell(format!("{} is let in as {:x}", house.name(), ticket.node_id));
        house.move_in(ticket);
        house.start();
        self.whole().await;
    }

    /// Whether every other node says within a while that it is no member. If it is leaving it will be gone, however long that
    /// takes.
    async fn is_gone(&self, id: NodeId) -> bool {
        let give_up = runtime::now() + CHANGE_MAX;
        loop {
            let others = self.cluster.houses().iter().filter(|house| house.node_id() != id);
            let others: Vec<Node> = others.filter_map(|house| Some(house.node()?.0)).collect();
            if !others.is_empty() && others.iter().all(|node| standing(node, id).is_none()) {
                return true;
            }
            let is_leaving = others.iter().any(|node| standing(node, id) == Some(MemberStanding::Leaving));
            if runtime::now() >= give_up && !is_leaving {
                return false;
            }
            runtime::sleep(LOOK).await;
        }
    }

    /// Lets a new member in at the address of `house`: asks until it is, under one id or another.
    async fn let_in(&self, house: &House, dice: &Dice) -> Ticket {
        let (name, address) = (house.name().to_owned(), house.address());
        loop {
            let (name, address) = (name.clone(), address.clone());
            let asked = self.ask(dice, move |node| async move {
                // The answer to an earlier try may have been lost.
                node.cluster_barrier().await?;
                match node.status().members.iter().find(|member| member.address == address) {
                    Some(member) => node.ticket(member.id),
                    None => node.add_member(name, address).await,
                }
            });
            if let Some(ticket) = asked.await {
                return ticket;
            }
            runtime::sleep(LOOK).await;
        }
    }

    /// Asks one of the nodes that serve; `None` if it refused or did not answer.
    async fn ask<T, F>(&self, dice: &Dice, work: impl FnOnce(Node) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let house = self.cluster.any_serving(dice)?.clone();
        let (serving, (node, _)) = (house.serving_now()?, house.node()?);
        let work = work(node);
        let answer = tokio::select! {
            biased;
            answer = house.within(&serving, work) => answer?,
            () = runtime::sleep(CALL_MAX) => return None,
        };
        if let Err(error) = &answer {
            tell(format!("{} refuses that: {error}", house.name()));
        }
        answer.ok()
    }
}

/// What `id` is by the word of this node.
fn standing(node: &Node, id: NodeId) -> Option<MemberStanding> {
    node.status().members.iter().find(|member| member.id == id).map(|member| member.standing)
}
