//! Being the only member of a consumer group, through the classic protocol.

use std::{borrow::Cow, collections::BTreeMap, time::Instant};

use kafka_wire::{
    ErrorCode,
    messages::{
        heartbeat::{HeartbeatRequest, HeartbeatResponse},
        join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse},
        leave_group::{LeaveGroupRequest, LeaveGroupResponse},
        sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse},
    },
};

use super::{
    assignment,
    client::Client,
    fault::Fault,
    limits::{COMMIT_INTERVAL, HEARTBEAT_INTERVAL, SESSION_TIMEOUT_MS},
    reset,
};
use crate::exit::{Code, Failure, Outcome};

const JOIN_NEWEST: i16 = 5;
const SYNC_NEWEST: i16 = 3;
const HEARTBEAT_NEWEST: i16 = 3;
/// Later versions let several members leave at once.
const LEAVE_NEWEST: i16 = 2;
/// How long the others may take to join again, in milliseconds. There are none.
const REBALANCE_TIMEOUT_MS: i32 = 10_000;
const PROTOCOL_TYPE: &str = "consumer";
/// What an assignor is called that gives a member whole ranges, which this is for one member.
const ASSIGNOR: &str = "range";

/// A member of a group that has all partitions of one topic.
pub(super) struct Membership {
    group: String,
    topic: String,
    member: String,
    generation: i32,
    heartbeat: Instant,
    commit: Instant,
    committed: BTreeMap<i32, i64>,
}

/// What joining gave: a place, or an id to join with (KIP-394).
enum Joined {
    Id(String),
    Place { member: String, generation: i32, is_alone: bool },
}

impl Membership {
    /// Joins, and takes all these partitions.
    pub(super) fn join(client: &mut Client, group: &str, topic: &str, partitions: &[i32]) -> Outcome<Membership> {
        let described = super::groups::look(client, group)?;
        if !described.is_empty() {
            return Err(not_alone(group));
        }
        let (member, generation, is_alone) = match join(client, group, topic, "")? {
            Joined::Place { member, generation, is_alone } => (member, generation, is_alone),
            Joined::Id(id) => match join(client, group, topic, &id)? {
                Joined::Place { member, generation, is_alone } => (member, generation, is_alone),
                Joined::Id(_) => return Err(Failure::new(Code::Failed, format!("group {group} gives a member no place"))),
            },
        };
        let (group, topic, now) = (group.to_owned(), topic.to_owned(), Instant::now());
        let membership = Membership { group, topic, member, generation, heartbeat: now, commit: now, committed: BTreeMap::new() };
        let taken = if is_alone { membership.take(client, partitions) } else { Err(not_alone(&membership.group)) };
        match taken {
            Ok(()) => Ok(membership),
            Err(failure) => {
                // The failure above is the one to tell.
                let _ = membership.leave(client);
                Err(failure)
            }
        }
    }

    fn take(&self, client: &mut Client, partitions: &[i32]) -> Outcome {
        let assignment = Cow::Owned(assignment::encode(&self.topic, partitions));
        let assignments = vec![SyncGroupRequestAssignment { member_id: Cow::Borrowed(&self.member), assignment }];
        let question = SyncGroupRequest {
            group_id: Cow::Borrowed(&self.group),
            generation_id: self.generation,
            member_id: Cow::Borrowed(&self.member),
            assignments,
            ..SyncGroupRequest::default()
        };
        client.ask_coordinator(&self.group, &question, SYNC_NEWEST, |answer| {
            let told: SyncGroupResponse<'_> = answer.read()?;
            self.check(told.error_code)
        })
    }

    fn check(&self, code: i16) -> Result<(), Fault> {
        if code == ErrorCode::RebalanceInProgress as i16 {
            return Err(not_alone(&self.group).into());
        }
        Fault::check(code, None, format_args!("group {}", self.group))
    }

    /// Gives a sign of life and commits, each when it is time.
    pub(super) fn tick(&mut self, client: &mut Client, positions: &BTreeMap<i32, i64>) -> Outcome {
        if self.commit.elapsed() >= COMMIT_INTERVAL {
            self.commit(client, positions)?;
        }
        if self.heartbeat.elapsed() < HEARTBEAT_INTERVAL {
            return Ok(());
        }
        let question = HeartbeatRequest {
            group_id: Cow::Borrowed(&self.group),
            generation_id: self.generation,
            member_id: Cow::Borrowed(&self.member),
            group_instance_id: None,
        };
        client.ask_coordinator(&self.group, &question, HEARTBEAT_NEWEST, |answer| {
            let told: HeartbeatResponse = answer.read()?;
            self.check(told.error_code)
        })?;
        self.heartbeat = Instant::now();
        Ok(())
    }

    /// Commits the positions that are not committed yet.
    pub(super) fn commit(&mut self, client: &mut Client, positions: &BTreeMap<i32, i64>) -> Outcome {
        self.commit = Instant::now();
        let is_new = |(partition, offset): &(&i32, &i64)| self.committed.get(*partition) != Some(*offset);
        let new: BTreeMap<i32, i64> = positions.iter().filter(is_new).map(|(partition, offset)| (*partition, *offset)).collect();
        if new.is_empty() {
            return Ok(());
        }
        reset::commit(client, &self.group, (self.generation, &self.member), &self.topic, &new)?;
        self.committed.extend(new);
        Ok(())
    }

    /// Leaves, so that the next one need not wait.
    pub(super) fn leave(&self, client: &mut Client) -> Outcome {
        let question = LeaveGroupRequest {
            group_id: Cow::Borrowed(&self.group),
            member_id: Cow::Borrowed(&self.member),
            ..LeaveGroupRequest::default()
        };
        client.ask_coordinator(&self.group, &question, LEAVE_NEWEST, |answer| {
            let told: LeaveGroupResponse<'_> = answer.read()?;
            Fault::check(told.error_code, None, format_args!("group {}", self.group))
        })
    }
}

fn join(client: &mut Client, group: &str, topic: &str, member: &str) -> Outcome<Joined> {
    let metadata = Cow::Owned(assignment::subscription(topic));
    let question = JoinGroupRequest {
        group_id: Cow::Borrowed(group),
        session_timeout_ms: SESSION_TIMEOUT_MS,
        rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
        member_id: Cow::Borrowed(member),
        protocol_type: Cow::Borrowed(PROTOCOL_TYPE),
        protocols: vec![JoinGroupRequestProtocol { name: Cow::Borrowed(ASSIGNOR), metadata }],
        ..JoinGroupRequest::default()
    };
    client.ask_coordinator(group, &question, JOIN_NEWEST, |answer| {
        let told: JoinGroupResponse<'_> = answer.read()?;
        let member = told.member_id.to_string();
        if told.error_code == ErrorCode::MemberIdRequired as i16 {
            return Ok(Joined::Id(member));
        }
        Fault::check(told.error_code, None, format_args!("group {group} cannot be joined"))?;
        let is_alone = told.leader == told.member_id && told.members.len() == 1;
        Ok(Joined::Place { member, generation: told.generation_id, is_alone })
    })
}

fn not_alone(group: &str) -> Failure {
    let message = format!(
        "group {group} has other members, and this command reads all partitions alone; \
         stop them (\"manifold ctl group describe {group}\" shows them), or read without --group"
    );
    Failure::new(Code::Failed, message)
}
