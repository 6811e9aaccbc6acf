//! What this door serves (KIP-35).

use kafka_wire::{
    ErrorCode,
    frame::respond,
    messages::{
        APIS, ApiKey,
        api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse},
    },
};

use crate::transport::{Answer, Call, Context};

/// What is served, in every version of the table.
const SERVED: [ApiKey; 34] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::DeleteGroups,
    ApiKey::OffsetDelete,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::DeleteRecords,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeConfigs,
    ApiKey::AlterConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::CreatePartitions,
    ApiKey::ElectLeaders,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::AlterPartitionReassignments,
    ApiKey::ListPartitionReassignments,
    ApiKey::DescribeClientQuotas,
    ApiKey::DescribeCluster,
    ApiKey::DescribeProducers,
    ApiKey::ListConfigResources,
    ApiKey::DescribeTopicPartitions,
];

/// Whether a request is served at all.
pub(crate) fn serves(key: ApiKey) -> bool {
    SERVED.contains(&key) || crate::security::serves(key)
}

/// The table. A version that is not known is answered in the first one, so that a newer client finds out.
pub(crate) async fn answer(_context: Context, call: Call) -> Answer {
    let api = ApiKey::ApiVersions.api();
    let (error, version) = if api.has(call.version) {
        let Some(request) = call.decode::<ApiVersionsRequest<'_>>() else { return crate::transport::malformed() };
        let is_named = call.version < 3 || is_name(&request.client_software_name) && is_name(&request.client_software_version);
        (if is_named { ErrorCode::None } else { ErrorCode::InvalidRequest }, call.version)
    } else {
        (ErrorCode::UnsupportedVersion, 0)
    };
    let served = APIS.iter().filter(|api| serves(api.key));
    let api_keys = served
        .map(|api| ApiVersion { api_key: api.key.code(), min_version: api.advertised_min(), max_version: api.max })
        .collect();
    let response = ApiVersionsResponse { error_code: error as i16, api_keys, ..ApiVersionsResponse::default() };
    call.tells([response.error_code]);
    let mut out = Vec::new();
    match respond(call.correlation_id(), version, &response, &mut out) {
        Ok(()) => Answer::Pieces(vec![out.into()]),
        Err(error) => Answer::Close(format!("an answer cannot be written: {error}")),
    }
}

/// What a client may call itself (KIP-511).
fn is_name(name: &str) -> bool {
    let is_outer = |byte: &u8| byte.is_ascii_alphanumeric();
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let bytes = name.as_bytes();
    bytes.first().is_some_and(is_outer) && bytes.last().is_some_and(is_outer) && bytes.iter().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_call_themselves_by_plain_names() {
        for (name, is_good) in
            [("librdkafka", true), ("apache-kafka-java", true), ("a.1", true), ("", false), ("-a", false), ("a b", false)]
        {
            assert_eq!(is_name(name), is_good, "{name}");
        }
    }
}
