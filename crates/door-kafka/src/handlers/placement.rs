//! ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments: where partitions are is the cluster's own business.
//!
//! Every member holds every shard, and leaders are placed, and placed again, without being asked. So nothing is ever under way here
//! that a tool could watch, and what it wants otherwise is refused with the reason.

use std::{borrow::Cow, collections::BTreeSet};

use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        alter_partition_reassignments::{
            AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
            ReassignablePartitionResponse, ReassignableTopicResponse,
        },
        elect_leaders::{ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult},
        list_partition_reassignments::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse},
    },
};

use crate::{
    brokers::number,
    topics::Topics,
    transport::{Answer, Call, Context, malformed},
};

/// The kinds of elections (KIP-460).
const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;
/// From this version on an answer has an error of its own (KIP-460).
const ERROR_FROM: i16 = 1;

/// A code and a text for a person.
type Refused = (ErrorCode, &'static str);

pub(crate) async fn elect(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<ElectLeadersRequest<'_>>() else { return malformed() };
    let allowed = context.authority.cluster(ApiKey::ElectLeaders);
    if let Err(code) = allowed
        && call.version >= ERROR_FROM
    {
        return call.answer(&ElectLeadersResponse { error_code: code as i16, ..ElectLeadersResponse::default() });
    }
    let topics = &context.door.topics;
    if !matches!(request.election_type, PREFERRED | UNCLEAN) {
        let error_code = ErrorCode::InvalidRequest as i16;
        return call.answer(&ElectLeadersResponse { error_code, ..ElectLeadersResponse::default() });
    }
    let result = |partition_id: i32, (code, text): Refused| PartitionResult {
        partition_id,
        error_code: code as i16,
        error_message: Some(Cow::Borrowed(text)),
    };
    let judge = |topic: &str, partition: i32| match allowed {
        Err(code) => (code, code.name()),
        Ok(()) => judge(topics, topic, partition, request.election_type),
    };
    let mut response = ElectLeadersResponse::default();
    match &request.topic_partitions {
        Some(named) => response.replica_election_results.extend(named.iter().map(|asked| ReplicaElectionResult {
            topic: asked.topic.clone(),
            partition_result: asked.partitions.iter().map(|index| result(*index, judge(&asked.topic, *index))).collect(),
        })),
        // Of all partitions, only those are told that lack a leader.
        None => {
            for topic in topics.all() {
                let all =
                    (0..i32::try_from(topic.partitions()).unwrap_or(i32::MAX)).map(|index| (index, judge(&topic.name, index)));
                let lacking = all.filter(|(_, (code, _))| *code != ErrorCode::ElectionNotNeeded);
                let partition_result: Vec<_> = lacking.map(|(index, refused)| result(index, refused)).collect();
                if !partition_result.is_empty() {
                    let topic = Cow::Owned(topic.name.to_string());
                    response.replica_election_results.push(ReplicaElectionResult { topic, partition_result });
                }
            }
        }
    }
    call.answer(&response)
}

fn judge(topics: &Topics, topic: &str, partition: i32, kind: i8) -> Refused {
    let place = topics.topic(topic).ok_or(ErrorCode::UnknownTopicOrPartition);
    match place.and_then(|topic| topics.place(&topic, partition)) {
        Err(code) => (code, "No such topic exists."),
        Ok(place) if place.leader().number >= 0 => {
            (ErrorCode::ElectionNotNeeded, "it has a leader; the cluster places leaders by itself")
        }
        Ok(_) if kind == UNCLEAN => {
            (ErrorCode::EligibleLeadersNotAvailable, "a replica that lacks acknowledged records never leads here")
        }
        Ok(_) => (ErrorCode::PreferredLeaderNotAvailable, "a quorum of its replicas elects a leader as soon as it can"),
    }
}

pub(crate) async fn reassign(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<AlterPartitionReassignmentsRequest<'_>>() else { return malformed() };
    if let Err(code) = context.authority.cluster(ApiKey::AlterPartitionReassignments) {
        let refused = AlterPartitionReassignmentsResponse { error_code: code as i16, ..Default::default() };
        return call.answer(&refused);
    }
    let topics = &context.door.topics;
    let one = |topic: &str, wanted: &ReassignablePartition| {
        let refused = reassign_one(topics, topic, wanted).err();
        ReassignablePartitionResponse {
            partition_index: wanted.partition_index,
            error_code: refused.map_or(0, |(code, _)| code as i16),
            error_message: refused.map(|(_, text)| Cow::Borrowed(text)),
        }
    };
    let each = request.topics.iter().map(|asked| ReassignableTopicResponse {
        name: asked.name.clone(),
        partitions: asked.partitions.iter().map(|wanted| one(&asked.name, wanted)).collect(),
    });
    call.answer(&AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        responses: each.collect(),
        ..AlterPartitionReassignmentsResponse::default()
    })
}

fn reassign_one(topics: &Topics, topic: &str, wanted: &ReassignablePartition) -> Result<(), Refused> {
    let place = topics.topic(topic).ok_or(ErrorCode::UnknownTopicOrPartition);
    let place = place.and_then(|topic| topics.place(&topic, wanted.partition_index));
    let place = place.map_err(|code| (code, "The topic or partition does not exist."))?;
    let Some(replicas) = &wanted.replicas else {
        return Err((ErrorCode::NoReassignmentInProgress, "no partition is ever being reassigned here"));
    };
    let has: BTreeSet<i32> = place.shard.replicas().voters.into_iter().map(number).collect();
    if replicas.len() == has.len() && replicas.iter().all(|replica| has.contains(replica)) {
        return Ok(());
    }
    Err((ErrorCode::InvalidReplicaAssignment, "partitions are placed by the cluster: every member holds every shard"))
}

pub(crate) async fn list_reassignments(context: Context, call: Call) -> Answer {
    let Some(_) = call.decode::<ListPartitionReassignmentsRequest<'_>>() else { return malformed() };
    let error_code = context.authority.cluster(ApiKey::ListPartitionReassignments).map_or_else(|code| code as i16, |()| 0);
    call.answer(&ListPartitionReassignmentsResponse { error_code, ..ListPartitionReassignmentsResponse::default() })
}
