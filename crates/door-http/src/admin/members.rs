//! The routes about members: what is asked, what is answered.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    response::Response,
    routing::{get, post},
};
use base::{Error, Kind, NodeId, Result, ShardId};
use serde::{Deserialize, Serialize};

use super::{Context, Protection, answer, hex};

/// One member of the cluster, as the node that was asked sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How far it belongs to the cluster.
    pub standing: Standing,
    /// Whether it only follows.
    pub learner: bool,
    /// Whether it shall lead nothing.
    pub drained: bool,
    /// Where peers reach it, `host:port`.
    pub address: String,
    /// Where clients reach it.
    pub client_urls: Vec<String>,
    /// Whether it is the node that was asked.
    pub this_node: bool,
    /// Whether the node that was asked reaches it; nothing for itself.
    pub reachable: Option<bool>,
    /// How long the last ping took, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Why it was not reached last.
    pub trouble: Option<String>,
    /// The greatest level of formats that its build reads; 0: it did not say.
    #[serde(default)]
    pub level: u32,
    /// How many of the shards it leads.
    pub leads: usize,
    /// How many shards the node that was asked knows of.
    pub shards: usize,
}

/// How far a member belongs to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is awaited, or catches up.
    Joining,
    /// It takes part.
    Active,
    /// Its shards go elsewhere.
    Leaving,
}

/// `POST /v1/members/add`: a member to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// Its name.
    pub name: String,
    /// Where peers will reach it.
    pub address: String,
}

/// `POST /v1/members/replace`: a member to be, and the one whose place it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replace {
    /// Id of the member that is gone for good.
    pub dead: String,
    /// The new one's name.
    pub name: String,
    /// Where peers will reach it.
    pub address: String,
}

/// `POST /v1/members/remove` and `POST /v1/members/ticket`: which member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Its id.
    pub member: String,
}

/// `POST /v1/members/update`: where a member is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Its id.
    pub member: String,
    /// Where peers reach it from now on.
    pub address: String,
}

/// `POST /v1/members/drain`: whether a member shall lead nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// Its id.
    pub member: String,
    /// Whether.
    pub drained: bool,
}

/// `POST /v1/leader`: who shall lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Id of who shall.
    pub to: String,
    /// Which shard; every one if not given.
    pub shard: Option<u32>,
}

/// `POST /v1/level`: the level of formats that may be written from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// The level.
    pub level: u32,
}

/// A member that is awaited, and what it must be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The id that it will have.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where peers will reach it.
    pub address: String,
    /// Text of the ticket to start it with. It is no secret.
    pub ticket: String,
    /// What it must have beside the ticket.
    pub protection: Protection,
}

/// It was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// What was asked, if it could be read.
pub(super) type Asked<T> = Result<Json<T>, JsonRejection>;

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/v1/members", get(async |State(context): State<Context>| Json(members(&context))))
        .route("/v1/members/add", post(add))
        .route("/v1/members/ticket", post(ticket))
        .route("/v1/members/remove", post(remove))
        .route("/v1/members/replace", post(replace))
        .route("/v1/members/update", post(update))
        .route("/v1/members/drain", post(drain))
        .route("/v1/leader", post(lead))
        .route("/v1/level", post(raise))
        .route("/v1/scrub", post(scrub))
}

/// The members that the cluster knows; who only follows is known from shard 0.
pub(super) fn members(context: &Context) -> Vec<Member> {
    let node = context.house.status();
    let zero = node.shards.iter().find(|shard| shard.shard == ShardId(0));
    let learners = zero.map(|shard| shard.group.learners.clone()).unwrap_or_default();
    let member = |member: cluster::Member| {
        let peer = node.peers.iter().find(|peer| peer.id == member.id);
        let this_node = member.id == node.node_id;
        Member {
            id: hex(member.id),
            name: member.name,
            standing: standing(member.standing),
            learner: learners.contains(&member.id),
            drained: member.drained,
            address: member.address,
            client_urls: member.client_urls,
            this_node,
            reachable: peer.filter(|_| !this_node).map(|peer| peer.reachable),
            round_trip_us: peer.and_then(|peer| peer.round_trip_us),
            trouble: peer.and_then(|peer| peer.trouble.clone()),
            level: member.level,
            leads: node.shards.iter().filter(|shard| shard.group.leader == Some(member.id)).count(),
            shards: node.shards.len(),
        }
    };
    node.members.clone().into_iter().map(member).collect()
}

fn standing(standing: cluster::MemberStanding) -> Standing {
    match standing {
        cluster::MemberStanding::Joining => Standing::Joining,
        cluster::MemberStanding::Active => Standing::Active,
        cluster::MemberStanding::Leaving => Standing::Leaving,
    }
}

async fn add(State(context): State<Context>, body: Asked<Add>) -> Response {
    let run = async || {
        let Add { name, address } = asked(body)?;
        let ticket = context.membership.add(name.clone(), address.clone()).await?;
        Ok(announced(&context, &ticket, name, address))
    };
    answer(run().await)
}

async fn replace(State(context): State<Context>, body: Asked<Replace>) -> Response {
    let run = async || {
        let Replace { dead, name, address } = asked(body)?;
        let ticket = context.membership.replace(node(&dead)?, name.clone(), address.clone()).await?;
        Ok(announced(&context, &ticket, name, address))
    };
    answer(run().await)
}

async fn ticket(State(context): State<Context>, body: Asked<Chosen>) -> Response {
    let run = || {
        let id = node(&asked(body)?.member)?;
        let ticket = context.membership.ticket(id)?;
        let known = context.house.status().members.into_iter().find(|member| member.id == id);
        let (name, address) = known.map(|member| (member.name, member.address)).unwrap_or_default();
        Ok(announced(&context, &ticket, name, address))
    };
    answer(run())
}

fn announced(context: &Context, ticket: &replica::Ticket, name: String, address: String) -> Announced {
    Announced { id: hex(ticket.node_id), name, address, ticket: ticket.to_string(), protection: context.protection }
}

async fn remove(State(context): State<Context>, body: Asked<Chosen>) -> Response {
    let run = async || context.membership.remove(node(&asked(body)?.member)?).await;
    answer(run().await.map(done))
}

async fn update(State(context): State<Context>, body: Asked<Update>) -> Response {
    let run = async || {
        let Update { member, address } = asked(body)?;
        context.membership.update(node(&member)?, address).await
    };
    answer(run().await.map(done))
}

async fn drain(State(context): State<Context>, body: Asked<Drain>) -> Response {
    let run = async || {
        let Drain { member, drained } = asked(body)?;
        context.membership.drain(node(&member)?, drained).await
    };
    answer(run().await.map(done))
}

async fn lead(State(context): State<Context>, body: Asked<Lead>) -> Response {
    let run = async || {
        let Lead { to, shard } = asked(body)?;
        context.membership.move_leader(shard.map(ShardId), node(&to)?).await
    };
    answer(run().await.map(done))
}

async fn raise(State(context): State<Context>, body: Asked<Raise>) -> Response {
    let run = async || context.membership.raise_level(asked(body)?.level).await;
    answer(run().await.map(done))
}

async fn scrub(State(context): State<Context>) -> Response {
    context.membership.start_scrub();
    answer(Ok(done(())))
}

pub(super) fn done((): ()) -> Done {
    Done {}
}

pub(super) fn asked<T>(body: Asked<T>) -> Result<T> {
    let Json(asked) = body.map_err(|rejection| Error::new(Kind::Invalid, rejection.body_text()))?;
    Ok(asked)
}

/// An id as [`hex`] writes it.
fn node(text: &str) -> Result<NodeId> {
    let id = u64::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'));
    id.ok_or_else(|| Error::new(Kind::Invalid, format!("\"{text}\" is no member's id; an id is hexadecimal")))
}
