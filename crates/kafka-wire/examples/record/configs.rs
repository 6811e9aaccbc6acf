//! Settings of topics, brokers, groups and clients.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        alter_configs::{self, AlterConfigsRequest, AlterConfigsResponse},
        describe_configs::{DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse},
        incremental_alter_configs::{
            AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        },
        list_config_resources::{ListConfigResourcesRequest, ListConfigResourcesResponse},
    },
};

use crate::stage::{Stage, TOPIC, expect, until, versions};

/// Kinds of resources (`ConfigResource.Type`).
pub(crate) const TOPIC_SETTINGS: i8 = 2;
const BROKER_SETTINGS: i8 = 4;
const CLIENT_METRICS: i8 = 16;
pub(crate) const GROUP_SETTINGS: i8 = 32;

pub(crate) fn record(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::IncrementalAlterConfigs) {
        let change = |name: &'static str, config_operation, value: Option<&'static str>| AlterableConfig {
            name: name.into(),
            config_operation,
            value: value.map(Into::into),
        };
        let resource = |resource_type, resource_name: &'static str, configs| AlterConfigsResource {
            resource_type,
            resource_name: resource_name.into(),
            configs,
        };
        // Set, remove, append.
        let on_topic = vec![
            change("retention.ms", 0, Some("7200000")),
            change("flush.ms", 1, None),
            change("cleanup.policy", 2, Some("compact")),
        ];
        let resources = vec![
            resource(TOPIC_SETTINGS, TOPIC, on_topic),
            resource(TOPIC_SETTINGS, "absent", vec![change("retention.ms", 0, Some("1"))]),
            resource(CLIENT_METRICS, "golden-metrics", vec![change("interval.ms", 0, Some("60000"))]),
        ];
        let answer = stage.open.ask(version, &IncrementalAlterConfigsRequest { resources, validate_only: false });
        let response = answer.read::<IncrementalAlterConfigsResponse<'_>>();
        for result in &response.responses {
            let is_absent = result.resource_name == "absent";
            expect(result.error_code, if is_absent { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::None });
        }
    }
    describe(stage);
    alter(stage);
    for version in versions(ApiKey::ListConfigResources) {
        until("the change is known", || {
            let answer = stage.open.prepare(0, &ListConfigResourcesRequest::default());
            !answer.read::<ListConfigResourcesResponse<'_>>().config_resources.is_empty()
        });
        let resource_types = if version < 1 { vec![] } else { vec![CLIENT_METRICS, BROKER_SETTINGS] };
        let answer = stage.open.ask(version, &ListConfigResourcesRequest { resource_types });
        assert!(!answer.read::<ListConfigResourcesResponse<'_>>().config_resources.is_empty());
    }
}

fn describe(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DescribeConfigs) {
        let resource = |resource_type, resource_name: &'static str, keys: &[&'static str]| DescribeConfigsResource {
            resource_type,
            resource_name: resource_name.into(),
            configuration_keys: Some(keys.iter().map(|key| (*key).into()).collect()),
        };
        let request = DescribeConfigsRequest {
            resources: vec![
                resource(TOPIC_SETTINGS, TOPIC, &["retention.ms", "cleanup.policy"]),
                resource(BROKER_SETTINGS, "1", &["num.io.threads", "delegation.token.secret.key"]),
                resource(TOPIC_SETTINGS, "absent", &[]),
            ],
            include_synonyms: true,
            include_documentation: version >= 3,
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DescribeConfigsResponse<'_>>();
        assert!(response.results.iter().filter(|result| result.error_code == 0 && result.configs.len() == 2).count() == 2);
    }
}

/// The older call, which leaves a topic with what it names alone.
fn alter(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::AlterConfigs) {
        let config = |name: &'static str, value: &'static str| alter_configs::AlterableConfig {
            name: name.into(),
            value: Some(value.into()),
        };
        let resource = |configs| alter_configs::AlterConfigsResource {
            resource_type: TOPIC_SETTINGS,
            resource_name: "made-7".into(),
            configs,
        };
        let good = resource(vec![config("retention.ms", "3600000")]);
        let bad = resource(vec![config("retention.ms", "never")]);
        for (resource, validate_only, code) in
            [(good.clone(), false, ErrorCode::None), (good, true, ErrorCode::None), (bad, false, ErrorCode::InvalidConfig)]
        {
            let answer = stage.open.ask(version, &AlterConfigsRequest { resources: vec![resource], validate_only });
            expect(answer.read::<AlterConfigsResponse<'_>>().responses[0].error_code, code);
        }
    }
}
