//! What may be asked by whom: the one table from an API to what it needs, and who has that.
//!
//! The rules are those of Kafka's `KafkaApis`; the answers are codes for each topic, group or the cluster, which handlers put where
//! the API has them. Everything is allowed where grants are not enforced.

use std::sync::Arc;

use cluster::principals::{Access, Operation, Question, Resource};
use kafka_wire::{ErrorCode, messages::ApiKey};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::{
    limits::{DECISIONS_KEPT_MAX, TOPIC_NAME_BYTES_MAX},
    security::Identity,
};

/// The cluster's name among resources.
pub(crate) const CLUSTER: &str = "kafka-cluster";

/// Who asks, and what they may do. It stays the same for as long as neither changes: what was decided is kept.
pub(crate) struct Authority {
    identity: Arc<Identity>,
    /// `None`: grants are not enforced.
    access: Option<Arc<Access>>,
    topics: Mutex<FxHashMap<Box<str>, Decisions>>,
}

/// What is known of one topic: sets of operations, a bit each.
#[derive(Clone, Copy, Default)]
struct Decisions {
    known: u16,
    allowed: u16,
}

/// What an API needs of a resource: the table. `None`: nothing.
///
/// Where one operation on the cluster stands for many resources (`CreateTopics`, `ListGroups`), it is the row of the cluster.
pub(crate) fn needs(api: ApiKey, resource: Resource) -> Option<Operation> {
    use Operation::{Alter, AlterConfigs, Create, Delete, Describe, DescribeConfigs, IdempotentWrite, Read, Write};
    use Resource::{Cluster, Group, Topic, TransactionalId};
    Some(match (api, resource) {
        (ApiKey::Produce | ApiKey::InitProducerId, Topic) => Write,
        (ApiKey::InitProducerId, Cluster) => IdempotentWrite,
        (ApiKey::Produce | ApiKey::InitProducerId, TransactionalId) => Write,
        (ApiKey::Fetch | ApiKey::OffsetCommit | ApiKey::OffsetDelete | ApiKey::DescribeProducers, Topic) => Read,
        (ApiKey::Metadata | ApiKey::ListOffsets | ApiKey::OffsetFetch | ApiKey::OffsetForLeaderEpoch, Topic) => Describe,
        (ApiKey::DescribeTopicPartitions | ApiKey::DescribeLogDirs, Topic) => Describe,
        (ApiKey::Metadata | ApiKey::CreateTopics, Cluster) => Create,
        (ApiKey::CreateTopics, Topic) => Create,
        (ApiKey::DeleteTopics | ApiKey::DeleteRecords, Topic) => Delete,
        (ApiKey::CreatePartitions, Topic) => Alter,
        (ApiKey::OffsetCommit | ApiKey::JoinGroup | ApiKey::SyncGroup | ApiKey::Heartbeat | ApiKey::LeaveGroup, Group) => Read,
        (ApiKey::ConsumerGroupHeartbeat, Group) => Read,
        (ApiKey::FindCoordinator | ApiKey::OffsetFetch | ApiKey::DescribeGroups | ApiKey::ListGroups, Group) => Describe,
        (ApiKey::ConsumerGroupDescribe, Group) => Describe,
        (ApiKey::DeleteGroups | ApiKey::OffsetDelete, Group) => Delete,
        (ApiKey::FindCoordinator, TransactionalId) => Describe,
        (ApiKey::ListGroups | ApiKey::DescribeAcls | ApiKey::DescribeUserScramCredentials, Cluster) => Describe,
        (ApiKey::DescribeLogDirs | ApiKey::DescribeQuorum | ApiKey::ListPartitionReassignments, Cluster) => Describe,
        (ApiKey::CreateAcls | ApiKey::DeleteAcls | ApiKey::AlterUserScramCredentials, Cluster) => Alter,
        (ApiKey::ElectLeaders | ApiKey::AlterPartitionReassignments | ApiKey::AlterReplicaLogDirs, Cluster) => Alter,
        (ApiKey::UpdateFeatures, Cluster) => Alter,
        (ApiKey::DescribeConfigs, Topic | Cluster | Group) => DescribeConfigs,
        (ApiKey::DescribeClientQuotas | ApiKey::ListConfigResources, Cluster) => DescribeConfigs,
        (ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs, Topic | Cluster | Group) => AlterConfigs,
        (ApiKey::AlterClientQuotas, Cluster) => AlterConfigs,
        _ => return None,
    })
}

/// Whether handlers of this API ask for what it needs. One that does not is for admins alone where grants are enforced.
pub(crate) fn is_enforced(api: ApiKey) -> bool {
    use ApiKey::{
        AlterConfigs, AlterPartitionReassignments, AlterUserScramCredentials, ApiVersions, CreateAcls, CreatePartitions,
        CreateTopics, DeleteAcls, DeleteGroups, DeleteRecords, DeleteTopics, DescribeAcls, DescribeClientQuotas, DescribeCluster,
        DescribeConfigs, DescribeGroups, DescribeLogDirs, DescribeProducers, DescribeTopicPartitions,
        DescribeUserScramCredentials, ElectLeaders, Fetch, FindCoordinator, Heartbeat, IncrementalAlterConfigs, InitProducerId,
        JoinGroup, LeaveGroup, ListConfigResources, ListGroups, ListOffsets, ListPartitionReassignments, Metadata, OffsetCommit,
        OffsetDelete, OffsetFetch, OffsetForLeaderEpoch, Produce, SaslAuthenticate, SaslHandshake, SyncGroup,
    };
    match api {
        // They need nothing.
        ApiVersions | SaslHandshake | SaslAuthenticate | DescribeCluster => true,
        Produce | Fetch | ListOffsets | Metadata | OffsetForLeaderEpoch | InitProducerId => true,
        OffsetCommit | OffsetFetch | OffsetDelete => true,
        FindCoordinator | JoinGroup | SyncGroup | Heartbeat | LeaveGroup | DescribeGroups | ListGroups | DeleteGroups => true,
        CreateTopics | DeleteTopics | CreatePartitions | DeleteRecords => true,
        DescribeConfigs | AlterConfigs | IncrementalAlterConfigs | ListConfigResources | DescribeClientQuotas => true,
        DescribeLogDirs | DescribeProducers | DescribeTopicPartitions => true,
        ElectLeaders | AlterPartitionReassignments | ListPartitionReassignments => true,
        DescribeAcls | CreateAcls | DeleteAcls | DescribeUserScramCredentials | AlterUserScramCredentials => true,
        _ => false,
    }
}

/// Kafka's code for somebody who may not.
pub(crate) fn denied(resource: Resource) -> ErrorCode {
    match resource {
        Resource::Topic => ErrorCode::TopicAuthorizationFailed,
        Resource::Group => ErrorCode::GroupAuthorizationFailed,
        Resource::TransactionalId => ErrorCode::TransactionalIdAuthorizationFailed,
        Resource::DelegationToken => ErrorCode::DelegationTokenAuthorizationFailed,
        Resource::Cluster | Resource::User | Resource::Keys | Resource::Namespace => ErrorCode::ClusterAuthorizationFailed,
    }
}

impl Authority {
    /// Of somebody, by these grants; `None`: grants are not enforced.
    pub(crate) fn new(identity: Arc<Identity>, access: Option<Arc<Access>>) -> Authority {
        Authority { identity, access, topics: Mutex::default() }
    }

    /// Who it is.
    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Which state of the grants this is; `None`: they are not enforced.
    pub(crate) fn version(&self) -> Option<u64> {
        self.access.as_ref().map(|access| access.version())
    }

    fn question(&self, resource: Resource, operation: Operation) -> Question<'_> {
        let Identity { principal, host, .. } = &*self.identity;
        Question { principal, host: *host, operation, resource, allow_ungranted: false }
    }

    /// Whether something may be done.
    pub(crate) fn may(&self, resource: Resource, operation: Operation, name: &str) -> bool {
        let Some(access) = &self.access else { return true };
        let decide = || access.authorize(&self.question(resource, operation), name.as_bytes()).is_allowed();
        if resource != Resource::Topic || name.len() > TOPIC_NAME_BYTES_MAX {
            return decide();
        }
        let bit = 1 << operation.code();
        let mut topics = self.topics.lock();
        if let Some(known) = topics.get(name).filter(|known| known.known & bit != 0) {
            return known.allowed & bit != 0;
        }
        let is_allowed = decide();
        if topics.len() >= DECISIONS_KEPT_MAX {
            topics.clear();
        }
        let decisions = topics.entry(name.into()).or_default();
        decisions.known |= bit;
        decisions.allowed |= if is_allowed { bit } else { 0 };
        is_allowed
    }

    /// Whether a request may have to do with this resource. What the table does not know is not.
    pub(crate) fn allows(&self, api: ApiKey, resource: Resource, name: &str) -> bool {
        self.access.is_none() || needs(api, resource).is_some_and(|operation| self.may(resource, operation, name))
    }

    /// The same.
    ///
    /// # Errors
    /// The resource's own code.
    pub(crate) fn check(&self, api: ApiKey, resource: Resource, name: &str) -> Result<(), ErrorCode> {
        if self.allows(api, resource, name) { Ok(()) } else { Err(denied(resource)) }
    }

    /// Whether a request may have to do with this topic.
    ///
    /// # Errors
    /// `TOPIC_AUTHORIZATION_FAILED`.
    pub(crate) fn topic(&self, api: ApiKey, name: &str) -> Result<(), ErrorCode> {
        self.check(api, Resource::Topic, name)
    }

    /// Whether a request may have to do with this group.
    ///
    /// # Errors
    /// `GROUP_AUTHORIZATION_FAILED`.
    pub(crate) fn group(&self, api: ApiKey, name: &str) -> Result<(), ErrorCode> {
        self.check(api, Resource::Group, name)
    }

    /// Whether a request may have to do with the cluster.
    ///
    /// # Errors
    /// `CLUSTER_AUTHORIZATION_FAILED`.
    pub(crate) fn cluster(&self, api: ApiKey) -> Result<(), ErrorCode> {
        self.check(api, Resource::Cluster, CLUSTER)
    }

    /// Whether a topic of this name may be created, by what is granted for it or for the cluster.
    ///
    /// # Errors
    /// `TOPIC_AUTHORIZATION_FAILED`.
    pub(crate) fn create(&self, name: &str) -> Result<(), ErrorCode> {
        self.cluster(ApiKey::CreateTopics).or_else(|_| self.topic(ApiKey::CreateTopics, name))
    }

    /// Whether somebody may produce at all: who may write to any topic may do so idempotently (KIP-679).
    ///
    /// # Errors
    /// `CLUSTER_AUTHORIZATION_FAILED`.
    pub(crate) fn produce_idempotently(&self) -> Result<(), ErrorCode> {
        let Some(access) = &self.access else { return Ok(()) };
        let any = access.authorize_any(&self.question(Resource::Topic, Operation::Write));
        if any.is_allowed() { Ok(()) } else { self.cluster(ApiKey::InitProducerId) }
    }

    /// Whether this is for somebody who may do everything.
    pub(crate) fn is_for_all(&self) -> bool {
        self.may(Resource::Cluster, Operation::All, CLUSTER)
    }

    /// Those of `operations`, a bit each by its number, that may be done with the resource (KIP-430).
    pub(crate) fn among(&self, operations: i32, resource: Resource, name: &str) -> i32 {
        let name = if resource == Resource::Cluster { CLUSTER } else { name };
        let allowed = Operation::ALL_KINDS.iter().filter(|operation| {
            let bit = 1 << operation.code();
            operations & bit != 0 && self.may(resource, **operation, name)
        });
        allowed.fold(0, |bits, operation| bits | 1 << operation.code())
    }
}

#[cfg(test)]
mod tests;
