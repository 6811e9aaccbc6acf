//! What topics and the cluster are told is described, kept and acted by.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::house::{Client, House};
use kafka_wire::{
    Message, Uuid,
    batch::{BatchBuilder, Codec},
    messages::{
        alter_configs::{self, AlterConfigsRequest, AlterConfigsResponse},
        create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse},
        describe_configs::{DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse},
        incremental_alter_configs::{self, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse},
        list_config_resources::{ListConfigResourcesRequest, ListConfigResourcesResponse},
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};

/// A config's value and where it comes from.
async fn described(client: &mut Client, kind: i8, resource: &str, name: &str) -> Option<(String, i8)> {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: resource.into(),
        configuration_keys: Some(vec![name.into()]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    let body = client.ask(4, &request).await;
    let answer = DescribeConfigsResponse::decode(&body, 4).unwrap();
    assert_eq!(answer.results[0].error_code, 0, "{answer:?}");
    let config = answer.results[0].configs.first()?;
    Some((config.value.as_ref()?.to_string(), config.config_source))
}

async fn set(client: &mut Client, kind: i8, resource: &str, changes: &[(&str, i8, Option<&str>)], only_ask: bool) -> i16 {
    let config = |(name, operation, value): &(&str, i8, Option<&str>)| incremental_alter_configs::AlterableConfig {
        name: (*name).to_owned().into(),
        config_operation: *operation,
        value: value.map(|value| value.to_owned().into()),
    };
    let resource = incremental_alter_configs::AlterConfigsResource {
        resource_type: kind,
        resource_name: resource.into(),
        configs: changes.iter().map(config).collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: only_ask };
    let body = client.ask(1, &request).await;
    IncrementalAlterConfigsResponse::decode(&body, 1).unwrap().responses[0].error_code
}

/// Produces a record of so many bytes and this timestamp; the error, and the time of appending.
async fn produce(client: &mut Client, topic: Uuid, timestamp: i64, bytes: usize) -> (i16, i64) {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(timestamp, None, Some(&vec![b'x'; bytes]), &[]);
    let batch = batch.finish();
    let part = PartitionProduceData { index: 0, records: Some(&batch) };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData { topic_id: topic, partition_data: vec![part], ..TopicProduceData::default() }],
        ..ProduceRequest::default()
    };
    let body = client.ask(13, &request).await;
    let answer = ProduceResponse::decode(&body, 13).unwrap();
    let part = &answer.responses[0].partition_responses[0];
    (part.error_code, part.log_append_time_ms)
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// How long offsets are kept was shown and could not be told, as they were kept for ever.
#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_told_how_long_offsets_are_kept() {
    const NAME: &str = "offsets.retention.minutes";
    let house = House::open().await;
    let mut client = house.client().await;
    let (_, node) = client.metadata("none").await;
    let node = node.to_string();
    assert_eq!(described(&mut client, 4, &node, NAME).await, Some(("10080".to_owned(), 5)), "the default");
    assert_eq!(set(&mut client, 4, "", &[(NAME, 0, Some("0"))], false).await, 40, "INVALID_CONFIG");
    assert_eq!(set(&mut client, 4, "", &[(NAME, 0, Some("1440"))], false).await, 0);
    assert_eq!(described(&mut client, 4, &node, NAME).await, Some(("1440".to_owned(), 3)), "told to the cluster as a whole");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_told_and_acts_by_it() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 1, &[("max.message.bytes", "2000")]).await;
    assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await, Some(("2000".to_owned(), 1)));
    assert_eq!(produce(&mut client, topic, now(), 1_000).await, (0, -1));
    assert_eq!(produce(&mut client, topic, now(), 3_000).await.0, 10, "MESSAGE_TOO_LARGE");
    // Set, asked for only, and taken back.
    assert_eq!(set(&mut client, 2, "t", &[("max.message.bytes", 0, Some("9000"))], true).await, 0);
    assert_eq!(produce(&mut client, topic, now(), 3_000).await.0, 10, "it was only asked whether it could be");
    assert_eq!(set(&mut client, 2, "t", &[("max.message.bytes", 0, Some("9000"))], false).await, 0);
    assert_eq!(produce(&mut client, topic, now(), 3_000).await.0, 0);
    assert_eq!(set(&mut client, 2, "t", &[("max.message.bytes", 1, None)], false).await, 0);
    assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await, Some(("1048588".to_owned(), 5)));
    // Timestamps.
    let hour = 3_600_000;
    assert_eq!(produce(&mut client, topic, now() + 2 * hour, 1).await.0, 32, "INVALID_TIMESTAMP: it is more than an hour ahead");
    assert_eq!(produce(&mut client, topic, 1, 1).await.0, 0, "any age is taken");
    let changes = [("message.timestamp.before.max.ms", 0, Some("1000")), ("message.timestamp.after.max.ms", 0, Some("36000000"))];
    assert_eq!(set(&mut client, 2, "t", &changes, false).await, 0);
    assert_eq!(produce(&mut client, topic, now() + 2 * hour, 1).await.0, 0);
    assert_eq!(produce(&mut client, topic, now() - hour, 1).await.0, 32);
    assert_eq!(set(&mut client, 2, "t", &[("message.timestamp.type", 0, Some("LogAppendTime"))], false).await, 0);
    let (error, time) = produce(&mut client, topic, now() - hour, 1).await;
    assert!(error == 0 && time > now() - hour, "a topic that takes the time of appending does not look at the producer's");
    // What is wrong is refused, and nothing of it is done.
    assert_eq!(set(&mut client, 2, "t", &[("retention.ms", 0, Some("5")), ("x", 0, Some("1"))], false).await, 40);
    assert_eq!(described(&mut client, 2, "t", "retention.ms").await, Some(("604800000".to_owned(), 5)));
    assert_eq!(set(&mut client, 2, "t", &[("cleanup.policy", 0, Some("compact"))], false).await, 40);
    assert_eq!(set(&mut client, 2, "none", &[("retention.ms", 0, Some("5"))], false).await, 3);
    assert_eq!(set(&mut client, 2, "t", &[("retention.ms", 9, Some("5"))], false).await, 42);
    assert_eq!(set(&mut client, 32, "g", &[("a", 0, Some("5"))], false).await, 42);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_told_and_topics_without_a_word_act_by_it() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 1, &[]).await;
    let (_, node) = client.metadata("t").await;
    assert_eq!(produce(&mut client, topic, now(), 3_000).await.0, 0);
    assert_eq!(set(&mut client, 4, "", &[("message.max.bytes", 0, Some("2000"))], false).await, 0);
    assert_eq!(produce(&mut client, topic, now(), 3_000).await.0, 10);
    assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await, Some(("2000".to_owned(), 3)));
    assert_eq!(described(&mut client, 4, &node.to_string(), "message.max.bytes").await, Some(("2000".to_owned(), 3)));
    assert_eq!(described(&mut client, 4, "", "message.max.bytes").await, Some(("2000".to_owned(), 3)));
    assert_eq!(described(&mut client, 4, "", "num.partitions").await, None, "nobody told the cluster that");
    assert_eq!(described(&mut client, 4, &node.to_string(), "log.dirs").await, Some((house.data_dir.clone(), 4)));
    assert_eq!(described(&mut client, 4, &node.to_string(), "num.partitions").await, Some(("2".to_owned(), 4)));
    assert_eq!(set(&mut client, 4, &node.to_string(), &[("message.max.bytes", 0, Some("1"))], false).await, 42, "all or none");
    // AlterConfigs says everything anew.
    let config =
        |name: &'static str, value: &'static str| alter_configs::AlterableConfig { name: name.into(), value: Some(value.into()) };
    let resource = |name: &'static str, configs| alter_configs::AlterConfigsResource {
        resource_type: 2,
        resource_name: name.into(),
        configs,
    };
    let both = vec![config("retention.ms", "1000"), config("retention.bytes", "7")];
    for configs in [both, vec![config("retention.bytes", "8")]] {
        let request = AlterConfigsRequest { resources: vec![resource("t", configs)], validate_only: false };
        let body = client.ask(2, &request).await;
        assert_eq!(AlterConfigsResponse::decode(&body, 2).unwrap().responses[0].error_code, 0);
    }
    assert_eq!(described(&mut client, 2, "t", "retention.ms").await, Some(("604800000".to_owned(), 5)), "it was not said again");
    assert_eq!(described(&mut client, 2, "t", "retention.bytes").await, Some(("8".to_owned(), 1)));
    let twice =
        AlterConfigsRequest { resources: vec![resource("t", Vec::new()), resource("t", Vec::new())], validate_only: false };
    let body = client.ask(2, &twice).await;
    assert!(AlterConfigsResponse::decode(&body, 2).unwrap().responses.iter().all(|one| one.error_code == 42));
    // Who can be told something.
    let body = client.ask(1, &ListConfigResourcesRequest::default()).await;
    let listed = ListConfigResourcesResponse::decode(&body, 1).unwrap();
    let mut names: Vec<(i8, String)> =
        listed.config_resources.iter().map(|one| (one.resource_type, one.resource_name.to_string())).collect();
    names.sort();
    assert_eq!(names, [(2, "t".to_owned()), (4, node.to_string())]);
    let body = client.ask(1, &ListConfigResourcesRequest { resource_types: vec![3] }).await;
    assert_eq!(ListConfigResourcesResponse::decode(&body, 1).unwrap().error_code, 35);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_topic_is_told_at_once_and_says_what_it_has() {
    let house = House::open().await;
    let mut client = house.client().await;
    let create = |name: &'static str, config: &'static str, value: Option<&'static str>| CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.into(),
            num_partitions: 1,
            replication_factor: -1,
            configs: vec![CreatableTopicConfig { name: config.into(), value: value.map(Into::into) }],
            ..CreatableTopic::default()
        }],
        validate_only: true,
        timeout_ms: 1_000,
    };
    let body = client.ask(7, &create("a", "retention.ms", Some("5"))).await;
    let answer = CreateTopicsResponse::decode(&body, 7).unwrap();
    let configs = answer.topics[0].configs.as_ref().unwrap();
    let of =
        |name: &str| configs.iter().find(|one| one.name == name).map(|one| (one.value.as_deref().unwrap(), one.config_source));
    assert_eq!((of("retention.ms"), of("retention.bytes")), (Some(("5", 1)), Some(("-1", 5))));
    for (config, value) in [("retention.ms", Some("x")), ("unknown", Some("1")), ("retention.ms", None)] {
        let body = client.ask(7, &create("a", config, value)).await;
        assert_eq!(CreateTopicsResponse::decode(&body, 7).unwrap().topics[0].error_code, 40, "{config} {value:?}");
    }
    house.close().await;
}
