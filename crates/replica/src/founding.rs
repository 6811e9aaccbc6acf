//! The first start of a node: founding a cluster together with others, or joining one.
//!
//! Founders are told the same list, so they come to the same ids and begin every shard with the same first entry. A founder
//! whose directory is new cannot tell whether it never started or lost its disk, so it asks: when a quorum of founders is as new
//! as it is, they found; when one knows the cluster already, this node has to be let in by it, and it is only if the cluster has
//! never seen it.

use std::time::Duration;

use base::{Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use cluster::{Command, KeyspaceEntry, Member, MemberStanding};

use crate::{
    limits::{FOUNDING_LOOK_MS, FOUNDING_TELL_MS, HELLO_TIMEOUT_MS, LEADER_WAIT_MS},
    network::{CallError, Channel, Message, kind},
    node::{DEFAULT_KEYSPACE, Node},
    options::Start,
    runtime,
    shard::Shard,
};

/// What a node answers when it is asked whether its cluster is founded: not as far as it can know, yes, or it cannot know.
const NEW: u8 = 0;
const FOUNDED: u8 = 1;
const UNSURE: u8 = 2;

/// This node's answer. One that is just founding counts as new: otherwise those who come a moment later could neither found with
/// it nor be let in. (A founder that loses its disk in that very moment is taken for one that never started.)
pub(crate) fn hello(node: &Node) -> Result<Bytes> {
    let is_founded = || node.zero().and_then(|zero| zero.state.with_cluster(cluster::Machine::found).flatten()).is_some();
    let answer = if node.is_empty(ShardId(0)) {
        NEW
    } else if is_founded() {
        FOUNDED
    } else if node.is_founding() {
        NEW
    } else {
        UNSURE
    };
    Ok(Bytes::copy_from_slice(&[answer]))
}

/// A member announces itself, or that it has lost what it had and needs a new place: nobody else may say either.
pub(crate) async fn announced(node: &Node, from: NodeId, body: Bytes) -> Result<Bytes> {
    let command = Command::decode(body)?;
    match &command {
        Command::Started { id, .. } | Command::Replace { dead: id, .. } if *id == from => {}
        _ => return Err(Error::new(Kind::Invalid, "a member can only announce itself")),
    }
    let zero = node.shard(ShardId(0)).ok_or_else(|| Error::new(Kind::Unavailable, "this node is not serving"))?;
    let command = match command {
        // Under the name that it has: the one that it was started with may be another's.
        Command::Replace { dead, id, name, address } => {
            let known = zero.state.with_cluster(|machine| machine.member(dead).map(|member| member.name.clone())).flatten();
            Command::Replace { dead, id, name: known.unwrap_or(name), address }
        }
        other => other,
    };
    node.propose_cluster(&zero, &command).await.map(|()| Bytes::new())
}

impl Node {
    /// Sees to it that the replica of shard 0 has a beginning, or will get one from its leader.
    pub(crate) async fn begin(&self, zero: &Shard) -> Result<()> {
        let founders = &self.identity().founders;
        if self.is_empty(ShardId(0)) {
            let others: Vec<NodeId> = founders.iter().copied().filter(|id| *id != self.identity().node_id).collect();
            if founders.is_empty() || (!others.is_empty() && self.is_founded_by(&others).await) {
                return self.be_let_in().await;
            }
            if !others.is_empty() && !matches!(self.peers().start, Start::Found { .. }) {
                return Err(Error::new(
                    Kind::Precondition,
                    "this node was to found a cluster with others and did not get to it: give it --cluster again",
                ));
            }
        }
        if !founders.is_empty() {
            self.set_founding();
            zero.group.initialize(founders).await?;
        }
        Ok(())
    }

    /// Asks the other founders until a quorum is as new as this node (`false`), or one knows the cluster (`true`).
    async fn is_founded_by(&self, others: &[NodeId]) -> bool {
        let founders = others.len() + 1;
        let quorum = founders / 2 + 1;
        let mut tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
        loop {
            let asked = others.iter().map(|id| self.ask_hello(*id));
            let answers = futures_util::future::join_all(asked).await;
            if answers.contains(&Some(FOUNDED)) {
                return true;
            }
            let new = answers.iter().filter(|answer| **answer == Some(NEW)).count();
            if new + 1 >= quorum {
                return false;
            }
            if runtime::now() >= tell {
                tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
                tracing::warn!(answered = new, wanted = quorum - 1, "waiting for the other members to found the cluster with");
                for id in others {
                    if let Some(trouble) = self.network().and_then(|network| network.trouble(*id)) {
                        tracing::warn!(peer = %format!("{id:x}"), "{trouble}");
                    }
                }
            }
            runtime::sleep(Duration::from_millis(FOUNDING_LOOK_MS)).await;
        }
    }

    async fn ask_hello(&self, of: NodeId) -> Option<u8> {
        let message = Message { kind: kind::HELLO, shard: 0 };
        let timeout = Duration::from_millis(HELLO_TIMEOUT_MS);
        let answer = self.network()?.call(of, Channel::Small, message, Bytes::new(), timeout).await.ok()?;
        answer.first().copied()
    }

    /// Asks the peers, one after the other, to record that this node has started, until one did.
    async fn be_let_in(&self) -> Result<()> {
        let announcement = self.announcement().encode();
        let message = Message { kind: kind::ANNOUNCE, shard: 0 };
        let timeout = Duration::from_millis(LEADER_WAIT_MS);
        let peers = self.known_peers();
        let mut tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
        let Some(network) = self.network() else {
            return Err(Error::new(Kind::Precondition, "a node joins others by its peer address: start it with --peer"));
        };
        loop {
            let mut last = None;
            for peer in &peers {
                match network.call(*peer, Channel::Small, message, announcement.clone(), timeout).await {
                    Ok(_) => return Ok(()),
                    // The cluster does not want this node, and asking again changes nothing.
                    Err(CallError::Answered(error)) if !matches!(error.kind, Kind::Unavailable | Kind::Overloaded) => {
                        return Err(Error::new(Kind::Precondition, error.message));
                    }
                    Err(error) => last = Some(error.to_string()),
                }
            }
            if network.is_removed() {
                return Err(cluster::errors::member_removed());
            }
            if runtime::now() >= tell {
                tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
                tracing::warn!(why = last.as_deref(), "waiting for the cluster to let this node in");
            }
            runtime::sleep(Duration::from_millis(FOUNDING_LOOK_MS)).await;
        }
    }

    /// What this node says of itself at its start.
    pub(crate) fn announcement(&self) -> Command {
        let identity = self.identity();
        Command::Started {
            id: identity.node_id,
            incarnation: identity.incarnation,
            address: self.own_address(),
            client_urls: self.peers().client_urls.clone(),
            name: self.name().to_owned(),
            level: crate::level(),
        }
    }

    /// Waits until shard 0 says what the cluster is; whoever leads it says so. The number of data shards.
    pub(crate) async fn learn_cluster(&self, zero: &Shard, data_shards: u32) -> Result<u32> {
        loop {
            let moved = zero.state.cluster_moved();
            if let Some((cluster_id, data_shards)) = zero.state.with_cluster(cluster::Machine::found).flatten() {
                // After a recovery of the cluster the log says how its id changed.
                if cluster_id != self.identity().cluster_id && zero.post.barrier().await.is_err() {
                    continue;
                }
                let known = zero.state.with_cluster(cluster::Machine::found).flatten();
                if known.map(|(cluster_id, _)| cluster_id) != Some(self.identity().cluster_id) {
                    return Err(Error::new(
                        Kind::Precondition,
                        "the data directory's parts belong to different clusters; restore the directory whole from a backup",
                    ));
                }
                return Ok(data_shards);
            }
            if zero.group.status().leading {
                let found = Command::Found { cluster: self.identity().cluster_id, data_shards, members: self.founding_members() };
                // Another leader may have been faster, with the same.
                if let Err(error) = self.propose_cluster(zero, &found).await {
                    tracing::info!(%error, "the cluster could not be founded by this node now");
                }
            }
            tokio::select! {
                biased;
                () = moved => {}
                () = runtime::sleep(Duration::from_millis(FOUNDING_LOOK_MS)) => {}
            }
        }
    }

    /// Founders run one build: a cluster begins at the level that this one reads, and one whose build is older ends.
    fn founding_members(&self) -> Vec<Member> {
        let identity = self.identity();
        let founder = |id, name: String, address| Member {
            level: crate::level(),
            ..Member::new(id, name, address, MemberStanding::Active)
        };
        match &self.peers().start {
            Start::Found { members, token } if identity.founders.len() > 1 => crate::identity::founders(members, token)
                .into_iter()
                .map(|(id, (name, address))| founder(id, name, address))
                .collect(),
            _ => vec![founder(identity.node_id, self.name().to_owned(), self.own_address())],
        }
    }

    /// Sees to the key space that every cluster has.
    pub(crate) async fn make_default_keyspace(&self, zero: &Shard) -> Result<()> {
        let default = KeyspaceEntry { id: base::KeyspaceId(1), name: DEFAULT_KEYSPACE.to_owned(), shard: ShardId(1) };
        let is_known = || zero.state.with_cluster(|machine| machine.keyspaces().any(|known| *known == default)) == Some(true);
        loop {
            let moved = zero.state.cluster_moved();
            if is_known() {
                return Ok(());
            }
            if zero.group.status().leading {
                let outcome = self.propose_cluster(zero, &Command::CreateKeyspace(default.clone())).await;
                if let Err(error) = outcome {
                    tracing::info!(%error, "the default key space could not be made by this node now");
                }
            }
            tokio::select! {
                biased;
                () = moved => {}
                () = runtime::sleep(Duration::from_millis(FOUNDING_LOOK_MS)) => {}
            }
        }
    }
}
