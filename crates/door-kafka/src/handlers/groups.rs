//! Classic consumer groups: who coordinates one, who joins it, who is gone.

use std::borrow::Cow;

use bytes::Bytes;
use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        delete_groups::{DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse},
        describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember},
        find_coordinator::{Coordinator as Found, FindCoordinatorRequest, FindCoordinatorResponse},
        heartbeat::{HeartbeatRequest, HeartbeatResponse},
        join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember},
        leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse},
        list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup},
        sync_group::{SyncGroupRequest, SyncGroupResponse},
    },
};
use replica::runtime;

use crate::{
    brokers::Broker,
    coordination::now_ms,
    groups::{Heartbeat, Join, JoinReply, Leave, Leaver, Protocol, Reply, Sync, SyncReply},
    operations,
    repeated::distinct,
    transport::{Answer, Call, Context, malformed},
};

/// A group; the other kinds of keys are transactional ids and shares of groups.
const GROUP: i8 = 0;
/// What filters of ListGroups can name here, in small letters.
const STATES_AND_TYPES: [&str; 6] = ["empty", "preparingrebalance", "completingrebalance", "stable", "dead", "classic"];
/// From this version on several keys are asked for at once (KIP-699).
const BATCHED_FROM: i16 = 4;
/// From this version on several members leave at once (KIP-345).
const MEMBERS_FROM: i16 = 3;
/// From this version on a protocol that is not chosen is null, and before, empty.
const NULL_PROTOCOL_FROM: i16 = 7;
/// From this version on a group that does not exist is said to be none (KIP-1043).
const NOT_FOUND_FROM: i16 = 6;

fn text<'a>(text: &str) -> Cow<'a, str> {
    Cow::Owned(text.to_owned())
}

fn optional(text: Option<&Cow<'_, str>>) -> Option<String> {
    text.map(ToString::to_string)
}

pub(crate) async fn find(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<FindCoordinatorRequest<'_>>() else { return malformed() };
    context.door.topics.await_leaders().await;
    let find = |key: &str| find_one(&context, request.key_type, key);
    if call.version >= BATCHED_FROM {
        let coordinators = request.coordinator_keys.iter().map(|key| find(key)).collect();
        return call.answer(&FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() });
    }
    let found = find(&request.key);
    call.answer(&FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message.filter(|_| call.version >= 1),
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    })
}

fn find_one(context: &Context, kind: i8, key: &str) -> Found<'static> {
    let refused = |code: ErrorCode, text: Option<&'static str>| Found {
        key: Cow::Owned(key.to_owned()),
        node_id: -1,
        host: Cow::Borrowed(""),
        port: -1,
        error_code: code as i16,
        error_message: text.map(Cow::Borrowed),
    };
    if kind != GROUP {
        return refused(ErrorCode::InvalidRequest, Some("only groups have coordinators here: transactions are not served"));
    }
    if let Err(code) = context.authority.group(ApiKey::FindCoordinator, key) {
        return refused(code, None);
    }
    if key.is_empty() {
        return refused(ErrorCode::InvalidGroupId, None);
    }
    let topics = &context.door.topics;
    let leader = context.door.coordination.seat(key).and_then(|seat| seat.shard.leadership().leader);
    let broker = leader.and_then(|leader| topics.brokers().into_iter().find(|broker: &Broker| broker.node == leader));
    match broker {
        Some(broker) => Found {
            key: Cow::Owned(key.to_owned()),
            node_id: broker.number(),
            port: i32::from(broker.port),
            host: Cow::Owned(broker.host),
            error_code: 0,
            error_message: None,
        },
        None => refused(ErrorCode::CoordinatorNotAvailable, None),
    }
}

pub(crate) async fn join(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<JoinGroupRequest<'_>>() else { return malformed() };
    let protocol = |protocol: &kafka_wire::messages::join_group::JoinGroupRequestProtocol<'_>| Protocol {
        name: protocol.name.to_string(),
        metadata: Bytes::copy_from_slice(&protocol.metadata),
    };
    let join = Join {
        version: call.version,
        group_id: request.group_id.to_string(),
        member_id: request.member_id.to_string(),
        instance_id: optional(request.group_instance_id.as_ref()),
        client_id: call.client_id().to_owned(),
        client_host: format!("/{}", context.peer.ip()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: if call.version == 0 { -1 } else { request.rebalance_timeout_ms },
        protocol_type: request.protocol_type.to_string(),
        protocols: request.protocols.iter().map(protocol).collect(),
    };
    let random = u128::from(runtime::random_u64()) << 64 | u128::from(runtime::random_u64());
    let member_id = request.member_id.to_string();
    let answered = match context.serving(ApiKey::JoinGroup, &request.group_id) {
        Ok(serving) => serving.ask(|coordinator, ticket| coordinator.join(now_ms(), join, ticket, random)),
        Err(code) => return call.answer(&refused_join(code as i16, &member_id, call.version)),
    };
    match answered.await {
        Ok(Reply::Join(reply)) => call.answer(&joined(reply, call.version)),
        Ok(_) | Err(_) => call.answer(&refused_join(ErrorCode::NotCoordinator as i16, &member_id, call.version)),
    }
}

fn refused_join(error_code: i16, member_id: &str, version: i16) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        error_code,
        generation_id: -1,
        protocol_name: if version >= NULL_PROTOCOL_FROM { None } else { Some(Cow::Borrowed("")) },
        member_id: Cow::Owned(member_id.to_owned()),
        ..JoinGroupResponse::default()
    }
}

fn joined(reply: JoinReply, version: i16) -> JoinGroupResponse<'static> {
    let member = |member: crate::groups::JoinedMember| JoinGroupResponseMember {
        member_id: Cow::Owned(member.member_id),
        group_instance_id: member.instance_id.map(Cow::Owned),
        metadata: Cow::Owned(member.metadata.to_vec()),
    };
    let protocol_name = match reply.protocol {
        None if version < NULL_PROTOCOL_FROM => Some(Cow::Borrowed("")),
        protocol => protocol.map(Cow::Owned),
    };
    JoinGroupResponse {
        throttle_time_ms: 0,
        error_code: reply.error.code(),
        generation_id: reply.generation,
        protocol_type: reply.protocol_type.map(Cow::Owned),
        protocol_name,
        leader: Cow::Owned(reply.leader),
        skip_assignment: reply.skip_assignment,
        member_id: Cow::Owned(reply.member_id),
        members: reply.members.into_iter().map(member).collect(),
    }
}

pub(crate) async fn sync(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<SyncGroupRequest<'_>>() else { return malformed() };
    let assignment = |one: &kafka_wire::messages::sync_group::SyncGroupRequestAssignment<'_>| {
        (one.member_id.to_string(), Bytes::copy_from_slice(&one.assignment))
    };
    let sync = Sync {
        version: call.version,
        group_id: request.group_id.to_string(),
        generation: request.generation_id,
        member_id: request.member_id.to_string(),
        instance_id: optional(request.group_instance_id.as_ref()),
        protocol_type: optional(request.protocol_type.as_ref()),
        protocol: optional(request.protocol_name.as_ref()),
        assignments: request.assignments.iter().map(assignment).collect(),
    };
    let answered = match context.serving(ApiKey::SyncGroup, &request.group_id) {
        Ok(serving) => serving.ask(|coordinator, ticket| coordinator.sync(now_ms(), &sync, ticket)),
        Err(code) => return call.answer(&SyncGroupResponse { error_code: code as i16, ..SyncGroupResponse::default() }),
    };
    let reply = match answered.await {
        Ok(Reply::Sync(reply)) => reply,
        Ok(_) | Err(_) => SyncReply { error: crate::ErrorCode::NotCoordinator, ..SyncReply::default() },
    };
    call.answer(&SyncGroupResponse {
        throttle_time_ms: 0,
        error_code: reply.error.code(),
        protocol_type: reply.protocol_type.map(Cow::Owned),
        protocol_name: reply.protocol.map(Cow::Owned),
        assignment: Cow::Owned(reply.assignment.to_vec()),
    })
}

pub(crate) async fn heartbeat(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<HeartbeatRequest<'_>>() else { return malformed() };
    let heartbeat = Heartbeat {
        group_id: &request.group_id,
        generation: request.generation_id,
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
    };
    let error_code = match context.serving(ApiKey::Heartbeat, &request.group_id) {
        Ok(mut serving) => serving.coordinator().heartbeat(now_ms(), &heartbeat).code(),
        Err(code) => code as i16,
    };
    call.answer(&HeartbeatResponse { error_code, ..HeartbeatResponse::default() })
}

pub(crate) async fn leave(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<LeaveGroupRequest<'_>>() else { return malformed() };
    let members = if call.version < MEMBERS_FROM {
        vec![Leaver { member_id: request.member_id.to_string(), ..Leaver::default() }]
    } else {
        let leaver = |member: &kafka_wire::messages::leave_group::MemberIdentity<'_>| Leaver {
            member_id: member.member_id.to_string(),
            instance_id: optional(member.group_instance_id.as_ref()),
            reason: optional(member.reason.as_ref()),
        };
        request.members.iter().map(leaver).collect()
    };
    let leave = Leave { group_id: request.group_id.to_string(), members };
    let refused = |code: ErrorCode| LeaveGroupResponse { error_code: code as i16, ..LeaveGroupResponse::default() };
    let answered = match context.serving(ApiKey::LeaveGroup, &request.group_id) {
        Ok(serving) => serving.ask(|coordinator, ticket| coordinator.leave(now_ms(), &leave, ticket)),
        Err(code) => return call.answer(&refused(code)),
    };
    let Ok(Reply::Leave(reply)) = answered.await else { return call.answer(&refused(ErrorCode::NotCoordinator)) };
    if call.version < MEMBERS_FROM {
        let error_code = reply.single_error().code();
        return call.answer(&LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() });
    }
    let member = |member: crate::groups::LeaverReply| MemberResponse {
        member_id: Cow::Owned(member.member_id),
        group_instance_id: member.instance_id.map(Cow::Owned),
        error_code: member.error.code(),
    };
    call.answer(&LeaveGroupResponse {
        throttle_time_ms: 0,
        error_code: reply.error.code(),
        members: reply.members.into_iter().map(member).collect(),
    })
}

pub(crate) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeGroupsRequest<'_>>() else { return malformed() };
    let one = |name: &Cow<'_, str>| {
        let empty = |error_code: i16, state: &'static str| DescribedGroup {
            error_code,
            group_id: text(name),
            group_state: Cow::Borrowed(state),
            authorized_operations: operations::of_group(
                &context.authority,
                request.include_authorized_operations && error_code == 0,
                name,
            ),
            ..DescribedGroup::default()
        };
        let mut serving = match context.serving(ApiKey::DescribeGroups, name) {
            Ok(serving) => serving,
            Err(code) => return empty(code as i16, ""),
        };
        let Some(group) = serving.coordinator().describe(name) else {
            let error = if call.version >= NOT_FOUND_FROM { ErrorCode::GroupIdNotFound } else { ErrorCode::None };
            let message = (call.version >= NOT_FOUND_FROM).then(|| Cow::Owned(format!("Group {name} not found.")));
            return DescribedGroup { error_message: message, ..empty(error as i16, "Dead") };
        };
        let member = |member: crate::groups::MemberView| DescribedGroupMember {
            member_id: Cow::Owned(member.member_id),
            group_instance_id: member.instance_id.map(Cow::Owned),
            client_id: Cow::Owned(member.client_id),
            client_host: Cow::Owned(member.client_host),
            member_metadata: Cow::Owned(member.metadata.to_vec()),
            member_assignment: Cow::Owned(member.assignment.to_vec()),
        };
        DescribedGroup {
            group_state: Cow::Borrowed(group.state.name()),
            protocol_type: Cow::Owned(group.protocol_type),
            protocol_data: Cow::Owned(group.protocol),
            members: group.members.into_iter().map(member).collect(),
            ..empty(0, "")
        }
    };
    call.answer(&DescribeGroupsResponse {
        groups: distinct(&request.groups, |name| &**name).map(one).collect(),
        ..DescribeGroupsResponse::default()
    })
}

pub(crate) async fn list(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<ListGroupsRequest<'_>>() else { return malformed() };
    // Of as many as a request may hold, no more than there are states.
    let texts = |all: &[Cow<'_, str>]| {
        let known = STATES_AND_TYPES.iter().filter(|known| all.iter().any(|one| one.eq_ignore_ascii_case(known)));
        let mut texts: Vec<String> = known.map(|known| (*known).to_owned()).collect();
        if texts.is_empty() && !all.is_empty() {
            // None that there is: no group is in it.
            texts.push(String::new());
        }
        texts
    };
    let (states, types) = (texts(&request.states_filter), texts(&request.types_filter));
    let mut groups = Vec::new();
    let sees_all = context.authority.cluster(ApiKey::ListGroups).is_ok();
    let is_seen = |name: &str| sees_all || context.authority.group(ApiKey::ListGroups, name).is_ok();
    for seat in context.door.coordination.seats() {
        // Groups of other shards are listed by whoever leads those.
        let Ok(mut serving) = seat.serving() else { continue };
        let listed = serving.coordinator().list(&states, &types);
        drop(serving);
        groups.extend(listed.into_iter().filter(|group| is_seen(&group.group_id)).map(|group| ListedGroup {
            group_id: Cow::Owned(group.group_id),
            protocol_type: Cow::Owned(group.protocol_type),
            group_state: Cow::Borrowed(group.state.name()),
            group_type: Cow::Borrowed("classic"),
        }));
    }
    call.answer(&ListGroupsResponse { groups, ..ListGroupsResponse::default() })
}

pub(crate) async fn delete(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DeleteGroupsRequest<'_>>() else { return malformed() };
    let mut results = Vec::with_capacity(request.groups_names.len());
    for name in &request.groups_names {
        let asked = context
            .serving(ApiKey::DeleteGroups, name)
            .map(|serving| serving.ask(|coordinator, ticket| coordinator.delete(now_ms(), name, ticket)));
        let error_code = match asked {
            Ok(answered) => match answered.await {
                Ok(Reply::Delete(error)) => error.code(),
                Ok(_) | Err(_) => ErrorCode::NotCoordinator as i16,
            },
            Err(code) => code as i16,
        };
        results.push(DeletableGroupResult { group_id: text(name), error_code });
    }
    call.answer(&DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() })
}
