//! Who belongs to the cluster, as this node sees and changes it: the address book, the jobs that a change of membership is, and
//! who should lead what.
//!
//! What is wanted is recorded in shard 0, which every node holds. Each shard's leader compares it with its group and does the
//! next step; the leader of shard 0 records when a change is done everywhere. Nobody remembers how far a job has come, so
//! whoever leads next goes on with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use base::{Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use cluster::{
    Command, Member, MemberStanding,
    plan::{self, ShardView, Step},
};

use crate::{
    consensus::{GroupView, Refusal},
    lease,
    limits::{
        CAUGHT_UP_ENTRIES, DISK_LOOK_MS, DISK_STALL_MS, HAND_OVER_LOOK_MS, HAND_OVER_MS, LEADER_BALANCE_MS,
        LEADER_ROUND_TRIP_MAX_MS, LEADER_STEADY_MS, LEASES_RECORD_MS, MEMBERS_IDLE_TICK_MS, MEMBERS_JOINT_MS, MEMBERS_TICK_MS,
        MEMBERS_TRY_MS,
    },
    network::{Standing, kind},
    node::Node,
    options::{Start, Ticket},
    post::no_leader,
    rebuild::{self, Book},
    runtime,
    shard::Shard,
};

/// What a node says that is no longer a member.
const REMOVED: &str = "this member was removed from the cluster: its data directory can be deleted";

/// Who may speak with this node.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// Address by member.
    pub(crate) members: BTreeMap<NodeId, String>,
    removed: BTreeSet<NodeId>,
}

impl Roster {
    /// What a node knows before it has seen the cluster's own state.
    pub(crate) fn begin(start: &Start, founders: &[NodeId], book: &Book) -> Roster {
        if !book.is_empty() {
            return Roster { members: book.clone(), removed: BTreeSet::new() };
        }
        let mut members: BTreeMap<NodeId, String> = match start {
            Start::Alone => BTreeMap::new(),
            Start::Found { members, token } => {
                crate::identity::founders(members, token).into_iter().map(|(id, (_, address))| (id, address)).collect()
            }
            Start::Join(ticket) => ticket.peers(),
        };
        for id in founders {
            members.entry(*id).or_default();
        }
        Roster { members, removed: BTreeSet::new() }
    }

    /// What is known once the cluster's state says this. Who is in neither list may have come later than that state, which is one
    /// of the past on a node that catches up: only a removal takes anybody away.
    fn follow(&self, mut members: BTreeMap<NodeId, String>, removed: BTreeSet<NodeId>) -> Roster {
        for (id, address) in self.members.iter().filter(|(id, _)| !removed.contains(id)) {
            members.entry(*id).or_insert_with(|| address.clone());
        }
        Roster { members, removed }
    }
}

impl Node {
    /// What `node` is to the cluster, as far as this node knows.
    pub(crate) fn standing(&self, node: NodeId) -> Standing {
        {
            let roster = self.roster().read();
            if roster.members.contains_key(&node) {
                return Standing::Member;
            }
            if roster.removed.contains(&node) {
                return Standing::Removed;
            }
        }
        // A node that grew from one and starts again may have to hear from its peers before it knows what they are.
        let group = self.zero().map(|zero| zero.group.status()).unwrap_or_default();
        if group.voters.contains(&node) || group.learners.contains(&node) { Standing::Member } else { Standing::Unknown }
    }

    /// The other members that this node knows.
    pub(crate) fn known_peers(&self) -> Vec<NodeId> {
        let me = self.identity().node_id;
        self.roster().read().members.keys().copied().filter(|id| *id != me).collect()
    }

    pub(crate) fn cluster_members(&self) -> Vec<Member> {
        let members = self.zero().and_then(|zero| zero.state.with_cluster(|machine| machine.members().cloned().collect()));
        members.unwrap_or_default()
    }

    /// Keeps the address book as the cluster's own state says it.
    pub(crate) async fn follow_members(self, zero: Shard) {
        loop {
            let moved = zero.state.cluster_moved();
            if self.is_stopping() {
                return;
            }
            self.read_members(&zero);
            self.note_others().await;
            if self.network().is_some_and(|network| network.is_removed()) {
                self.failure().end(Error::new(Kind::Precondition, REMOVED));
            }
            tokio::select! {
                biased;
                () = moved => {}
                () = runtime::sleep(Duration::from_millis(MEMBERS_IDLE_TICK_MS)) => {}
            }
        }
    }

    /// How often to look: seldom while there is nobody else.
    fn tick(&self, with_peers_ms: u64) -> Duration {
        Duration::from_millis(if self.known_peers().is_empty() { MEMBERS_IDLE_TICK_MS } else { with_peers_ms })
    }

    pub(crate) fn read_members(&self, zero: &Shard) {
        let me = self.identity().node_id;
        let known = zero.state.with_cluster(|machine| {
            let members: BTreeMap<NodeId, String> = machine.members().map(|member| (member.id, member.address.clone())).collect();
            (members, machine.removed().collect::<BTreeSet<NodeId>>(), machine.level())
        });
        let Some((members, removed, level)) = known.filter(|(members, ..)| !members.is_empty()) else { return };
        if level > crate::level() {
            self.failure().end(cluster::errors::level_too_low(crate::level(), level));
            return;
        }
        self.level().store(level, Relaxed);
        if removed.contains(&me) {
            self.failure().end(Error::new(Kind::Precondition, REMOVED));
            return;
        }
        let mut roster = self.roster().write();
        let next = roster.follow(members, removed);
        if let Some(network) = self.network() {
            for (id, address) in next.members.iter().filter(|(id, address)| **id != me && !address.is_empty()) {
                if roster.members.get(id) != Some(address) {
                    network.set_address(*id, address);
                }
            }
            for id in roster.members.keys().filter(|id| !next.members.contains_key(id)) {
                network.remove(*id);
            }
        }
        *roster = next;
    }

    /// Writes down whom to ask if this node loses its own copy of all this.
    async fn note_others(&self) {
        if self.network().is_none() {
            return;
        }
        let me = self.identity().node_id;
        let mut others = self.roster().read().members.clone();
        others.retain(|id, address| *id != me && !address.is_empty());
        if *self.book().lock() == others {
            return;
        }
        let (home, book) = (self.home().clone(), others.clone());
        match runtime::spawn_blocking(move || rebuild::store_book(&*home, &book)).await {
            Ok(()) => *self.book().lock() = others,
            Err(error) => tracing::warn!(%error, "the other members' addresses were not noted; trying again"),
        }
    }

    /// What this node holds is damaged, but it serves. It ends, to begin anew, if the others can do without it; until then it serves
    /// on, and says so.
    pub(crate) async fn found_damage(&self, why: &Error) {
        if self.book().lock().is_empty() {
            tracing::error!(%why, "damage was found, and there is no other member to be rebuilt from: restore from a snapshot");
        } else if !self.can_be_spared() {
            tracing::error!(%why, "damage was found, and the others cannot do without this node now: it is looked at again later");
        } else {
            self.hand_everything_over().await;
            self.give_up_place(why);
        }
    }

    /// This node cannot go on with what it holds.
    pub(crate) fn give_up_place(&self, why: &Error) {
        if !self.book().lock().is_empty() {
            self.failure().end(rebuild::order(&**self.home(), why));
        }
    }

    /// Whether the others can give this node a new place: nobody else comes or goes, and they are a quorum everywhere.
    fn can_be_spared(&self) -> bool {
        let me = self.identity().node_id;
        let is_able = |shard: &Shard| {
            let status = shard.group.status();
            let others = status.voters.iter().filter(|id| **id != me && self.can_reach(**id)).count();
            !status.is_joint && others > status.voters.len() / 2
        };
        self.cluster_members().iter().all(|member| member.standing == MemberStanding::Active) && self.shards().iter().all(is_able)
    }

    /// Lets everybody write formats of this level, which every member's build has to read. There is no way back.
    ///
    /// # Errors
    /// `Precondition` while a member's build does not read it; `Unsupported` if this one does not; `Unavailable` without a
    /// leader.
    pub async fn raise_level(&self, level: u32) -> Result<()> {
        if level > crate::level() {
            return Err(cluster::errors::level_too_low(crate::level(), level));
        }
        let zero = self.zero().ok_or_else(no_leader)?;
        self.propose_cluster(&zero, &Command::Raise { level }).await
    }

    /// Announces this node, unless what is recorded says all of it already.
    pub(crate) async fn announce(self, zero: Shard) {
        let announcement = self.announcement();
        let Command::Started { id, incarnation, address, client_urls, name, level } = &announcement else { return };
        while !self.is_stopping() {
            let known = zero.state.with_cluster(|machine| machine.member(*id).cloned()).flatten();
            let is_said = known.is_some_and(|member| {
                member.incarnation == *incarnation
                    && (address.is_empty() || member.address == *address)
                    && member.client_urls == *client_urls
                    && member.level == *level
                    && (member.name == *name || !member.name.is_empty())
            });
            if is_said {
                return;
            }
            match self.propose_cluster(&zero, &announcement).await {
                Ok(()) => return,
                Err(error) if matches!(error.kind, Kind::Unavailable | Kind::Overloaded) => {}
                // Not known yet: its being added is on the way.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => {
                    let text = format!("this member cannot take its place: {error}");
                    self.failure().end(Error::new(Kind::Precondition, text));
                    return;
                }
            }
            runtime::sleep(Duration::from_millis(MEMBERS_TICK_MS)).await;
        }
    }

    /// Does the steps that the shards led by this node need, and records what is done.
    pub(crate) async fn lead_members(self, zero: Shard) {
        let mut leading_since: BTreeMap<ShardId, Duration> = BTreeMap::new();
        let mut joint_since: BTreeMap<ShardId, Duration> = BTreeMap::new();
        let mut steady_since: BTreeMap<(ShardId, NodeId), Duration> = BTreeMap::new();
        while !self.is_stopping() {
            runtime::sleep(self.tick(MEMBERS_TICK_MS)).await;
            for shard in self.shards() {
                let Some(view) = shard.group.view() else {
                    leading_since.remove(&shard.id);
                    steady_since.retain(|(of, _), _| *of != shard.id);
                    continue;
                };
                for id in &view.voters {
                    if self.is_quick(*id) && has_caught_up(&view, *id) {
                        steady_since.entry((shard.id, *id)).or_insert_with(runtime::now);
                    } else {
                        steady_since.remove(&(shard.id, *id));
                    }
                }
                let since = *leading_since.entry(shard.id).or_insert_with(runtime::now);
                if view.is_joint {
                    // openraft does both halves of a change by itself, unless its leader changes in between.
                    let since = *joint_since.entry(shard.id).or_insert_with(runtime::now);
                    if runtime::now().saturating_sub(since) >= Duration::from_millis(MEMBERS_JOINT_MS) {
                        joint_since.remove(&shard.id);
                        self.within_try(&shard, shard.group.finish_change()).await;
                    }
                    continue;
                }
                joint_since.remove(&shard.id);
                if self.step_of(&view).is_some() && zero.post.barrier().await.is_ok() {
                    self.do_step(&shard).await;
                } else if runtime::now().saturating_sub(since) >= Duration::from_millis(LEADER_BALANCE_MS) {
                    let is_steady = |id: NodeId| {
                        let since = steady_since.get(&(shard.id, id));
                        since
                            .is_some_and(|since| runtime::now().saturating_sub(*since) >= Duration::from_millis(LEADER_STEADY_MS))
                    };
                    self.balance(&shard, &view, &is_steady).await;
                }
            }
            if zero.group.status().leading {
                self.record_done(&zero).await;
            }
        }
    }

    /// A leader whose disk stands still keeps its followers' entries waiting in memory and is of no use as a replica, so it hands
    /// over before anybody notices.
    pub(crate) async fn watch_disk(self) {
        let mut last = self.journal().pulse();
        let (mut since, mut has_left) = (runtime::now(), false);
        while !self.is_stopping() {
            runtime::sleep(self.tick(DISK_LOOK_MS)).await;
            let pulse = self.journal().pulse();
            if pulse.writes != last.writes || !pulse.is_waiting {
                (last, since, has_left) = (pulse, runtime::now(), false);
                continue;
            }
            if !has_left && runtime::now().saturating_sub(since) >= Duration::from_millis(DISK_STALL_MS) {
                has_left = true;
                tracing::warn!("the disk has not finished a write for {DISK_STALL_MS} ms: handing leadership over");
                self.hand_everything_over().await;
            }
        }
    }

    fn can_reach(&self, id: NodeId) -> bool {
        id == self.identity().node_id || self.network().is_some_and(|network| network.is_reachable(id))
    }

    fn step_of(&self, view: &GroupView) -> Option<Step> {
        let members = self.cluster_members();
        let caught_up = |id| has_caught_up(view, id);
        let reachable = |id| self.can_reach(id);
        let view = ShardView {
            voters: &view.voters,
            learners: &view.learners,
            is_joint: view.is_joint,
            caught_up: &caught_up,
            reachable: &reachable,
            leader: self.identity().node_id,
        };
        plan::next_step(members.iter(), &view)
    }

    /// What is wanted was read anew; the step is done if it is still the next one.
    async fn do_step(&self, shard: &Shard) {
        let Some(step) = shard.group.view().and_then(|view| self.step_of(&view)) else { return };
        tracing::info!(shard = %shard.id, ?step, "changing a shard's members");
        let doing = async {
            match step {
                Step::AddLearner(id) => shard.group.add_learner(id).await,
                Step::RemoveLearner(id) => shard.group.remove_learner(id).await,
                Step::Voters(voters) => shard.group.change_voters(voters).await,
                Step::Transfer(to) => self.transfer(shard, to).await,
            }
        };
        self.within_try(shard, doing).await;
    }

    /// A step that hangs is looked at again: it may have become another one.
    async fn within_try(&self, shard: &Shard, step: impl Future<Output = Result<(), Refusal>>) {
        tokio::select! {
            biased;
            done = step => if let Err(Refusal::Failed(error)) = done {
                tracing::info!(shard = %shard.id, %error, "a step was not done; trying again");
            },
            () = runtime::sleep(Duration::from_millis(MEMBERS_TRY_MS)) => {}
        }
    }

    /// Whether what is said to this node arrives soon enough for it to lead.
    fn is_quick(&self, id: NodeId) -> bool {
        let round_trip = self.network().and_then(|network| network.round_trip(id));
        round_trip.is_none_or(|time| time <= Duration::from_millis(LEADER_ROUND_TRIP_MAX_MS))
    }

    /// Hands a shard to the member that should lead it, if that one could at once and was never behind for a while: one with a slow
    /// disk, or far away, would hold everybody up.
    async fn balance(&self, shard: &Shard, view: &GroupView, is_steady: &(dyn Fn(NodeId) -> bool + Sync)) {
        let members = self.cluster_members();
        let me = self.identity().node_id;
        let able = |id| view.voters.contains(&id) && self.can_reach(id) && (id == me || is_steady(id));
        let preferred = plan::preferred_leader(members.iter(), shard.id, &able);
        if let Some(to) = preferred.filter(|to| *to != self.identity().node_id) {
            tracing::info!(shard = %shard.id, to = %format!("{to:x}"), "handing leadership over");
            // Whether it worked is seen at the next look.
            let _ = self.transfer(shard, to).await;
        }
    }

    /// Hands a shard over. What its leases have left is recorded before: under the next leader they would begin anew.
    async fn transfer(&self, shard: &Shard, to: NodeId) -> Result<(), Refusal> {
        let status = shard.group.status();
        let recording = async {
            for keyspace in self.keyspaces_of(shard.id) {
                lease::checkpoint(&keyspace, Duration::ZERO, status.term).await;
            }
        };
        if status.leading {
            tokio::select! {
                biased;
                () = recording => {}
                () = runtime::sleep(Duration::from_millis(LEASES_RECORD_MS)) => {}
            }
        }
        shard.group.transfer(to).await
    }

    /// Records that who joins has joined and who leaves has left, when it is so in every shard.
    async fn record_done(&self, zero: &Shard) {
        let members = self.cluster_members();
        let groups: Vec<_> = self.shards().iter().map(|shard| shard.group.status()).collect();
        for member in &members {
            let everywhere = |is_so: &dyn Fn(&BTreeSet<NodeId>, &BTreeSet<NodeId>) -> bool| {
                groups.iter().all(|group| {
                    let (voters, learners) = (group.voters.iter().copied().collect(), group.learners.iter().copied().collect());
                    !group.is_joint && is_so(&voters, &learners)
                })
            };
            let command = match member.standing {
                MemberStanding::Joining => {
                    let joined = everywhere(&|voters, learners| plan::has_joined(member.id, members.iter(), voters, learners));
                    joined.then_some(Command::Activate { id: member.id })
                }
                MemberStanding::Leaving => everywhere(&|voters, learners| plan::has_left(member.id, voters, learners))
                    .then_some(Command::ForgetMember { id: member.id }),
                MemberStanding::Active => None,
            };
            if let Some(command) = command
                && let Err(error) = self.propose_cluster(zero, &command).await
            {
                tracing::info!(%error, "a change of members was not recorded; trying again");
            }
        }
    }

    /// Adds a member that is to be started with the ticket. It votes when it has caught up.
    ///
    /// # Errors
    /// `Conflict` if its name or address is known or another change is under way, `Precondition` if this node has no peer
    /// address, `Unavailable` without a leader.
    pub async fn add_member(&self, name: String, address: String) -> Result<Ticket> {
        let zero = self.zero_with_peers()?;
        let id = runtime::random_u64().max(1);
        self.propose_cluster(&zero, &Command::AddMember { id, name, address }).await?;
        self.ticket(id)
    }

    /// Puts a new member in the place of one that will not come back.
    ///
    /// # Errors
    /// As [`Node::add_member`]; `NotFound` if there is no such member, `Precondition` if it lives.
    pub async fn replace_member(&self, dead: NodeId, name: String, address: String) -> Result<Ticket> {
        let zero = self.zero_with_peers()?;
        if self.can_reach(dead) {
            let text = "that member can be reached, and is replaced only when it is gone: stop it, or remove it";
            return Err(Error::new(Kind::Precondition, text));
        }
        let id = runtime::random_u64().max(1);
        self.propose_cluster(&zero, &Command::Replace { dead, id, name, address }).await?;
        self.ticket(id)
    }

    /// Takes a member out of the cluster. It is gone when it is no longer listed.
    ///
    /// # Errors
    /// `Conflict` while another change is under way, `Precondition` if those who stay are no quorum or none, `NotFound`.
    pub async fn remove_member(&self, member: NodeId) -> Result<()> {
        let zero = self.zero().ok_or_else(no_leader)?;
        zero.post.barrier().await?;
        self.check_quorum_without(member)?;
        self.propose_cluster(&zero, &Command::RemoveMember { id: member }).await
    }

    /// Those who stay must be able to go on: etcd refuses likewise.
    fn check_quorum_without(&self, member: NodeId) -> Result<()> {
        let stay: Vec<Member> = self
            .cluster_members()
            .into_iter()
            .filter(|other| other.standing == MemberStanding::Active && other.id != member)
            .collect();
        let reachable = stay.iter().filter(|other| self.can_reach(other.id)).count();
        if reachable <= stay.len() / 2 { Err(cluster::errors::not_enough_members()) } else { Ok(()) }
    }

    /// Everything that was recorded of the cluster before this call is in this node's status when it returns.
    ///
    /// # Errors
    /// `Unavailable` without a leader.
    pub async fn cluster_barrier(&self) -> Result<()> {
        self.zero().ok_or_else(no_leader)?.barrier.wait().await
    }

    /// Completes when a member that is being taken out is gone, as far as this node is told: one that is itself taken out is
    /// not told to the end.
    pub async fn gone(&self, member: NodeId) {
        let Some(zero) = self.zero() else { return };
        loop {
            let moved = zero.state.cluster_moved();
            if zero.state.with_cluster(|machine| machine.member(member).is_none()) != Some(false) {
                return;
            }
            moved.await;
        }
    }

    /// Records that a member is reached elsewhere.
    ///
    /// # Errors
    /// `Conflict` if another member has that address, `NotFound`.
    pub async fn update_member(&self, member: NodeId, address: String) -> Result<()> {
        let zero = self.zero().ok_or_else(no_leader)?;
        self.propose_cluster(&zero, &Command::UpdateMember { id: member, address }).await
    }

    /// Makes a member lead nothing, or lets it lead again. Leadership moves within moments.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn drain(&self, member: NodeId, drained: bool) -> Result<()> {
        let zero = self.zero().ok_or_else(no_leader)?;
        self.propose_cluster(&zero, &Command::Drain { id: member, drained }).await
    }

    /// Moves the leadership of a shard, or of all of them.
    ///
    /// # Errors
    /// `Precondition` if `to` cannot lead, `Unavailable` if it did not take over in time.
    pub async fn move_leader(&self, shard: Option<ShardId>, to: NodeId) -> Result<()> {
        let shards: Vec<Shard> = self.shards().into_iter().filter(|known| shard.is_none_or(|shard| shard == known.id)).collect();
        if shards.is_empty() {
            return Err(Error::new(Kind::NotFound, "there is no such shard"));
        }
        for shard in shards {
            let body = Bytes::copy_from_slice(&to.to_le_bytes());
            shard
                .post
                .ask_leader(kind::HAND_OVER, body, || async { self.hand_over(&shard, to).await.map(|()| Bytes::new()) })
                .await?;
        }
        Ok(())
    }

    /// Hands a shard that this node leads to `to`; returns when it leads, as far as this node can see.
    pub(crate) async fn hand_over(&self, shard: &Shard, to: NodeId) -> Result<()> {
        if to == self.identity().node_id {
            return Ok(());
        }
        let view = shard.group.view().ok_or_else(no_leader)?;
        if !view.voters.contains(&to) {
            return Err(Error::new(Kind::Precondition, "etcdserver: bad leader transferee"));
        }
        let give_up = runtime::now() + Duration::from_millis(HAND_OVER_MS);
        let mut next_try = Duration::ZERO;
        loop {
            if shard.group.leader() == Some(to) {
                return Ok(());
            }
            let now = runtime::now();
            if now >= give_up {
                return Err(Error::new(Kind::Unavailable, "etcdserver: request timed out, leader transfer took too long"));
            }
            if now >= next_try {
                next_try = now + Duration::from_millis(HAND_OVER_MS / 4);
                match self.transfer(shard, to).await {
                    Ok(()) | Err(Refusal::NotLeading) => {}
                    Err(Refusal::Failed(error)) => return Err(error),
                }
            }
            runtime::sleep(Duration::from_millis(HAND_OVER_LOOK_MS)).await;
        }
    }

    /// Hands everything that this node leads to others before it stops, so that nobody has to wait for an election.
    pub(crate) async fn hand_everything_over(&self) {
        let over = self.shards().into_iter().map(|shard| async move {
            let Some(view) = shard.group.view() else { return };
            let able = |id: &&NodeId| **id != self.identity().node_id && self.can_reach(**id) && has_caught_up(&view, **id);
            if let Some(to) = view.voters.iter().find(able)
                && let Err(error) = self.hand_over(&shard, *to).await
            {
                tracing::info!(shard = %shard.id, %error, "leadership was not handed over");
            }
        });
        futures_util::future::join_all(over).await;
    }

    /// What a member that was added is started with.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn ticket(&self, member: NodeId) -> Result<Ticket> {
        let members = self.cluster_members();
        if !members.iter().any(|known| known.id == member) {
            return Err(cluster::errors::member_not_found());
        }
        let peers = members.into_iter().filter(|known| known.id != member && !known.address.is_empty());
        let peers = peers.map(|known| (format!("{:016x}", known.id), known.address)).collect();
        Ok(Ticket { cluster_id: self.identity().cluster_id, node_id: member, peers })
    }

    /// Shard 0, on a node that others can reach.
    fn zero_with_peers(&self) -> Result<Shard> {
        if self.network().is_none() {
            return Err(Error::new(Kind::Precondition, "this node takes no peers: start it with --peer"));
        }
        self.zero().ok_or_else(no_leader)
    }
}

/// Whether a replica lacks no more than a few entries of what the leader has.
pub(crate) fn has_caught_up(view: &GroupView, id: NodeId) -> bool {
    view.matched.get(&id).is_some_and(|matched| matched + CAUGHT_UP_ENTRIES >= view.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node that was rebuilt received the cluster's state of a time before the leader, rebuilt itself a moment ago, had its present
    /// id. It took the leader away, refused it from then on, and never got the entries that would have told it otherwise.
    #[test]
    fn a_state_of_the_past_takes_nobody_away_who_came_later() {
        let addresses = |ids: &[NodeId]| ids.iter().map(|id| (*id, format!("host-{id}"))).collect::<BTreeMap<NodeId, String>>();
        let told = Roster { members: addresses(&[1, 3, 4]), removed: BTreeSet::new() };
        let past = told.follow(addresses(&[1, 2, 3]), BTreeSet::new());
        assert_eq!(past.members, addresses(&[1, 2, 3, 4]));
        let present = past.follow(addresses(&[1, 3, 4]), BTreeSet::from([2]));
        assert_eq!((present.members, present.removed), (addresses(&[1, 3, 4]), BTreeSet::from([2])));
        let moved = told.follow(BTreeMap::from([(4, "elsewhere".to_owned())]), BTreeSet::from([1, 3]));
        assert_eq!(moved.members, BTreeMap::from([(4, "elsewhere".to_owned())]));
    }
}
