//! Classic groups: their coordinator, their members, and what else is asked about them.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse},
        describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse},
        find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse},
        heartbeat::{HeartbeatRequest, HeartbeatResponse},
        join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse},
        leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity},
        list_groups::{ListGroupsRequest, ListGroupsResponse},
        sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse},
    },
};

use crate::{
    members,
    stage::{Stage, expect, until, versions},
};

/// A consumer's subscription of the topic `golden`, in version 0.
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\x01\0\x06golden\xff\xff\xff\xff";
/// Partition 0 of the topic `golden`, in version 0.
const ASSIGNMENT: &[u8] = b"\0\0\0\0\0\x01\0\x06golden\0\0\0\x01\0\0\0\0\xff\xff\xff\xff";

pub(crate) fn record(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::JoinGroup) {
        life(stage, version);
    }
    members::offsets(stage);
    delete_groups(stage);
}

/// Of groups, and from version 1 on of transactions. Who is asked for the first time makes its topic first.
pub(crate) fn find_coordinator(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::FindCoordinator) {
        for key_type in 0..=i8::from(version >= 1) {
            let mut request = FindCoordinatorRequest { key_type, ..FindCoordinatorRequest::default() };
            if version < 4 {
                request.key = "mine".into();
            } else {
                request.coordinator_keys = vec!["mine".into(), "of-others".into()];
            }
            until("there is a coordinator", || {
                let answer = stage.open.prepare(version, &request);
                let response = answer.read::<FindCoordinatorResponse<'_>>();
                response.error_code == 0 && response.coordinators.iter().all(|found| found.error_code == 0)
            });
            let answer = stage.open.ask(version, &request);
            let response = answer.read::<FindCoordinatorResponse<'_>>();
            assert_eq!(if version < 4 { response.node_id } else { response.coordinators[1].node_id }, 1);
        }
    }
}

/// A member joins, is assigned, lives, is described and leaves; each step in `version` or the last one that it has.
fn life(stage: &mut Stage<'_>, version: i16) {
    let group = format!("group-{version}");
    let instance = (version >= 5).then(|| format!("instance-{version}"));
    let (member, generation) = join(stage, version, &group, instance.as_deref());
    if ApiKey::SyncGroup.api().has(version) {
        sync(stage, version, &group, &member, instance.as_deref(), generation);
    } else {
        let last = ApiKey::SyncGroup.api().max;
        sync(stage, last, &group, &member, instance.as_deref(), generation);
    }
    if ApiKey::Heartbeat.api().has(version) {
        let beat = |generation_id| HeartbeatRequest {
            group_id: (&*group).into(),
            generation_id,
            member_id: (&*member).into(),
            group_instance_id: None,
        };
        for (generation, code) in [(generation, ErrorCode::None), (generation + 1, ErrorCode::IllegalGeneration)] {
            let answer = stage.open.ask(version, &beat(generation));
            expect(answer.read::<HeartbeatResponse>().error_code, code);
        }
    }
    describe(stage, version, &group);
    leave(stage, version.min(ApiKey::LeaveGroup.api().max), &group, &member, instance.as_deref());
}

fn join(stage: &mut Stage<'_>, version: i16, group: &str, instance: Option<&str>) -> (String, i32) {
    let protocol = |name: &'static str| JoinGroupRequestProtocol { name: name.into(), metadata: SUBSCRIPTION.into() };
    let mut request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: if version < 1 { -1 } else { 40_000 },
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range"), protocol("roundrobin")],
        reason: (version >= 8).then(|| "it begins".into()),
        ..JoinGroupRequest::default()
    };
    if version >= 4 {
        // Who is nobody yet is told who it is, and comes again (KIP-394).
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<JoinGroupResponse<'_>>();
        expect(response.error_code, ErrorCode::MemberIdRequired);
        request.member_id = response.member_id.into_owned().into();
    }
    if let Some(instance) = instance {
        request.group_instance_id = Some(instance.into());
        request.member_id = "".into();
    }
    let answer = stage.open.ask(version, &request);
    let response = answer.read::<JoinGroupResponse<'_>>();
    expect(response.error_code, ErrorCode::None);
    assert_eq!((response.members.len(), &response.leader), (1, &response.member_id));
    (response.member_id.into_owned(), response.generation_id)
}

fn sync(stage: &mut Stage<'_>, version: i16, group: &str, member: &str, instance: Option<&str>, generation_id: i32) {
    let request = SyncGroupRequest {
        group_id: group.into(),
        generation_id,
        member_id: member.into(),
        group_instance_id: instance.map(Into::into),
        protocol_type: (version >= 5).then(|| "consumer".into()),
        protocol_name: (version >= 5).then(|| "range".into()),
        assignments: vec![SyncGroupRequestAssignment { member_id: member.into(), assignment: ASSIGNMENT.into() }],
    };
    let answer = stage.open.ask(version, &request);
    let response = answer.read::<SyncGroupResponse<'_>>();
    expect(response.error_code, ErrorCode::None);
    assert_eq!(response.assignment, ASSIGNMENT);
}

fn describe(stage: &mut Stage<'_>, version: i16, group: &str) {
    if ApiKey::DescribeGroups.api().has(version) {
        let groups = vec![group.into(), "absent".into()];
        let request = DescribeGroupsRequest { groups, include_authorized_operations: version >= 3 };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DescribeGroupsResponse<'_>>();
        assert!(response.groups.iter().any(|found| found.group_id == group && found.members.len() == 1));
    }
    if ApiKey::ListGroups.api().has(version) {
        let request = ListGroupsRequest {
            states_filter: if version >= 4 { vec!["Stable".into()] } else { vec![] },
            types_filter: if version >= 5 { vec!["classic".into()] } else { vec![] },
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ListGroupsResponse<'_>>();
        assert!(response.groups.iter().any(|found| found.group_id == group));
    }
}

fn leave(stage: &mut Stage<'_>, version: i16, group: &str, member: &str, instance: Option<&str>) {
    let mut request = LeaveGroupRequest { group_id: group.into(), ..LeaveGroupRequest::default() };
    if version < 3 {
        request.member_id = member.into();
    } else {
        let reason = (version >= 5).then(|| "it is over".into());
        let (member_id, group_instance_id) = (member.into(), instance.map(Into::into));
        request.members = vec![MemberIdentity { member_id, group_instance_id, reason }];
        request.members.push(MemberIdentity { member_id: "nobody".into(), ..MemberIdentity::default() });
    }
    let answer = stage.open.ask(version, &request);
    let response = answer.read::<LeaveGroupResponse<'_>>();
    expect(response.error_code, ErrorCode::None);
    if version >= 3 {
        let codes: Vec<_> = response.members.iter().map(|member| member.error_code).collect();
        assert_eq!(codes, [0, ErrorCode::UnknownMemberId.code()]);
    }
}

fn delete_groups(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DeleteGroups) {
        let group = format!("group-{version}");
        let request = DeleteGroupsRequest { groups_names: vec![(&*group).into(), "absent".into()] };
        let answer = stage.open.ask(version, &request);
        for result in &answer.read::<DeleteGroupsResponse<'_>>().results {
            expect(result.error_code, if result.group_id == group { ErrorCode::None } else { ErrorCode::GroupIdNotFound });
        }
    }
}
