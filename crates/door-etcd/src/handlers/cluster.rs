//! Who belongs to the cluster, and changes of it.
//!
//! A member of ours has one peer address, follows until it has caught up, and is promoted without being asked for it; one that
//! is removed leaves shard by shard. The answers are etcd's all the same: an added member is a learner at once, and a removed
//! one is listed no more when the answer comes.

use base::{Error, Kind, NodeId, Result};
use cluster::{Member, MemberStanding, errors};
use tokio::time::timeout;

use super::Context;
use crate::{limits::MEMBER_GONE_TIMEOUT, pb, validate};

/// The members.
///
/// # Errors
/// `Unavailable` while there is no leader, if a linearizable answer is asked for.
pub async fn member_list(context: &Context, request: pb::MemberListRequest) -> Result<pb::MemberListResponse> {
    if request.linearizable {
        context.node.cluster_barrier().await?;
    }
    Ok(pb::MemberListResponse { header: header(context), members: members(context) })
}

/// Adds a member, which is a learner whatever is asked for, and is to be started with a ticket: `manifold ctl member ticket`.
///
/// # Errors
/// As etcd's: an address that is none or is taken, another member that is not started yet; `Precondition` if this node has no
/// peer address itself.
pub async fn member_add(context: &Context, request: pb::MemberAddRequest) -> Result<pb::MemberAddResponse> {
    let address = validate::peer_urls(&request.peer_ur_ls)?;
    let added = context.node.add_member(String::new(), address).await;
    let id = added.map_err(|error| one_at_a_time(context, error))?.node_id;
    let members = members(context);
    let member = members.iter().find(|member| member.id == id).cloned();
    Ok(pb::MemberAddResponse { header: header(context), member, members })
}

/// etcd has its own words for a second member that is added before the first one has caught up.
fn one_at_a_time(context: &Context, error: Error) -> Error {
    let is_joining = |member: &Member| member.standing == MemberStanding::Joining;
    let is_ours = error.kind == Kind::Conflict && !error.message.starts_with("etcdserver: ");
    if is_ours && context.node.status().members.iter().any(is_joining) {
        return Error::new(Kind::Precondition, "etcdserver: too many learner members in cluster");
    }
    error
}

/// Takes a member out. The answer waits until it has left, within bounds: it leaves in any case.
///
/// # Errors
/// As etcd's: no such member, too few would stay.
pub async fn member_remove(context: &Context, request: pb::MemberRemoveRequest) -> Result<pb::MemberRemoveResponse> {
    context.node.remove_member(request.id).await?;
    let is_this_one = request.id == context.keyspace.header().member_id;
    if !is_this_one {
        // One that is still listed is on its way out.
        let _ = timeout(MEMBER_GONE_TIMEOUT, context.node.gone(request.id)).await;
    }
    Ok(pb::MemberRemoveResponse { header: header(context), members: members(context) })
}

/// Says where peers reach a member from now on.
///
/// # Errors
/// As etcd's: no such member, an address that is taken; and one that is none, which etcd takes.
pub async fn member_update(context: &Context, request: pb::MemberUpdateRequest) -> Result<pb::MemberUpdateResponse> {
    let address = validate::peer_urls(&request.peer_ur_ls)?;
    context.node.update_member(request.id, address).await?;
    Ok(pb::MemberUpdateResponse { header: header(context), members: members(context) })
}

/// Members promote themselves: says whether this one has done so.
///
/// # Errors
/// As etcd's: no such member, not caught up. But one that votes already is no error: it may have promoted itself a moment ago.
pub async fn member_promote(context: &Context, request: pb::MemberPromoteRequest) -> Result<pb::MemberPromoteResponse> {
    context.node.cluster_barrier().await?;
    match standing(context, request.id) {
        None => Err(errors::member_not_found()),
        Some(MemberStanding::Active) => Ok(pb::MemberPromoteResponse { header: header(context), members: members(context) }),
        Some(MemberStanding::Joining) => {
            Err(Error::new(Kind::Precondition, "etcdserver: can only promote a learner member which is in sync with leader"))
        }
        Some(MemberStanding::Leaving) => Err(Error::new(Kind::Precondition, "etcdserver: can only promote a learner member")),
    }
}

/// How far a member belongs to the cluster.
pub(super) fn standing(context: &Context, member: NodeId) -> Option<MemberStanding> {
    context.node.status().members.into_iter().find(|known| known.id == member).map(|known| known.standing)
}

/// etcd leaves the revision out here.
fn header(context: &Context) -> Option<pb::ResponseHeader> {
    Some(context.header_at(0))
}

fn members(context: &Context) -> Vec<pb::Member> {
    let status = context.node.status();
    let scheme = if context.options.peers_secured { "https" } else { "http" };
    let own = |member: &Member| member.id == status.node_id;
    let members = status.members.iter().map(|member| pb::Member {
        id: member.id,
        name: name(member),
        peer_ur_ls: Some(&member.address)
            .filter(|address| !address.is_empty())
            .map(|address| format!("{scheme}://{address}"))
            .into_iter()
            .collect(),
        // What this member says of itself is recorded a moment after its door is open.
        client_ur_ls: if own(member) && member.client_urls.is_empty() {
            context.options.client_urls.clone()
        } else {
            member.client_urls.iter().filter(|url| url.starts_with("http")).cloned().collect()
        },
        is_learner: member.standing == MemberStanding::Joining,
    });
    members.collect()
}

/// etcd's tools take a member without a name for one that has not started, so one that was added without a name and has
/// started is called by its id.
fn name(member: &Member) -> String {
    if member.name.is_empty() && member.incarnation != 0 { format!("{:x}", member.id) } else { member.name.clone() }
}
