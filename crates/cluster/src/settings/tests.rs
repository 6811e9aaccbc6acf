//! The tables, and what is done with them.

use proptest::{prelude::*, sample::select};

use super::*;

fn broker(fixed: &[(&str, &str)], dynamic: &[(&str, &str)]) -> BrokerConfigs {
    let own = |list: &[(&str, &str)]| list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    BrokerConfigs { fixed: own(fixed), dynamic: own(dynamic) }
}

fn said(list: &[(&str, &str)]) -> Overrides {
    broker(list, &[]).fixed
}

fn set(name: &str, value: &str) -> Change {
    change(name, Operation::Set, value)
}

fn change(name: &str, operation: Operation, value: &str) -> Change {
    Change { name: name.into(), operation, value: Some(value.into()) }
}

fn topic(current: &[(&str, &str)], changes: &[Change]) -> Result<Overrides, String> {
    alter(Target::Topic, &said(current), changes, &BrokerConfigs::default()).map_err(|error| error.message)
}

fn entry(entries: &[ConfigEntry], name: &str) -> ConfigEntry {
    entries.iter().find(|entry| entry.name == name).cloned().unwrap_or_else(|| panic!("{name} is not described"))
}

#[test]
fn tables_are_in_order_and_fit_together() {
    for table in [topic_definitions(), broker_definitions()] {
        assert!(table.is_sorted_by(|a, b| a.name < b.name), "binary search needs the order");
        for definition in table {
            assert!(definition.documentation.ends_with('.') && definition.documentation.len() > 20, "{}", definition.name);
            if let Some(default) = definition.default {
                let value = definition.parse(default).unwrap_or_else(|error| panic!("{}: {error}", definition.name));
                assert_eq!(value.to_string(), default, "{}", definition.name);
            }
        }
    }
    for definition in topic_definitions() {
        for synonym in definition.synonyms {
            let broker = broker_definition(synonym.name).unwrap_or_else(|| panic!("{} of {}", synonym.name, definition.name));
            if synonym.factor == 1 && broker.default.is_some() {
                assert_eq!(broker.default, definition.default, "{}", definition.name);
                assert_eq!((broker.role, broker.kind), (definition.role, definition.kind), "{}", definition.name);
            }
        }
    }
}

/// The names that Kafka 4.3 answers for a topic.
#[test]
fn a_topic_has_every_config_that_it_has_in_kafka() {
    let names: Vec<&str> = describe_topic(&Overrides::new(), &BrokerConfigs::default(), None).iter().map(|e| e.name).collect();
    let expected = "cleanup.policy compression.gzip.level compression.lz4.level compression.type compression.zstd.level \
                    delete.retention.ms file.delete.delay.ms flush.messages flush.ms follower.replication.throttled.replicas \
                    index.interval.bytes leader.replication.throttled.replicas local.retention.bytes local.retention.ms \
                    max.compaction.lag.ms max.message.bytes message.timestamp.after.max.ms message.timestamp.before.max.ms \
                    message.timestamp.type min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas preallocate \
                    remote.log.copy.disable remote.log.delete.on.disable remote.storage.enable retention.bytes retention.ms \
                    segment.bytes segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(names.len(), 33);
}

#[test]
fn a_broker_has_what_tools_look_for() {
    let wanted = "default.replication.factor num.partitions auto.create.topics.enable log.retention.ms log.retention.hours \
                  message.max.bytes group.initial.rebalance.delay.ms offsets.retention.minutes offset.metadata.max.bytes \
                  group.min.session.timeout.ms group.max.session.timeout.ms advertised.listeners listeners \
                  log.message.timestamp.type transaction.max.timeout.ms broker.id node.id log.dirs";
    for name in wanted.split_whitespace() {
        assert!(broker_definition(name).is_some(), "{name}");
    }
}

#[test]
fn values_are_refused_with_kafkas_words() {
    let cases = [
        ("retention.ms", "soon", "Invalid value soon for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1"),
        (
            "max.message.bytes",
            "2147483648",
            "Invalid value 2147483648 for configuration max.message.bytes: Not a number of type INT",
        ),
        ("max.message.bytes", "-1", "Invalid value -1 for configuration max.message.bytes: Value must be at least 0"),
        ("preallocate", "yes", "Invalid value yes for configuration preallocate: Expected value to be either true or false"),
        (
            "message.timestamp.type",
            "createtime",
            "Invalid value createtime for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime",
        ),
        (
            "compression.type",
            "brotli",
            "Invalid value brotli for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, \
             gzip, producer",
        ),
        ("cleanup.policy", "keep", "Invalid value keep for configuration cleanup.policy: String must be one of: compact, delete"),
        ("cleanup.policy", "delete,delete", "Configuration 'cleanup.policy' values must not be duplicated."),
        ("cleanup.policy", "delete,", "Configuration 'cleanup.policy' values must not be empty."),
        (
            "min.cleanable.dirty.ratio",
            "2",
            "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
        ),
        (
            "min.cleanable.dirty.ratio",
            "NaN",
            "Invalid value NaN for configuration min.cleanable.dirty.ratio: Value must be at least 0",
        ),
        (
            "compression.gzip.level",
            "10",
            "Invalid value 10 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "compression.lz4.level",
            "18",
            "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17",
        ),
        (
            "leader.replication.throttled.replicas",
            "0:1,x",
            "Invalid value 0:1,x for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas \
             must be the literal '*' or a list of replicas in the following format: \
             [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
        ("retention.sm", "1", "Unknown topic config name: retention.sm"),
    ];
    for (name, value, message) in cases {
        assert_eq!(topic(&[], &[set(name, value)]), Err(message.to_owned()));
    }
    let long = topic(&[], &[set("cleanup.policy", &"x".repeat(32_768))]);
    let message = "The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.";
    assert_eq!(long, Err(message.to_owned()));
}

#[test]
fn blanks_and_case_are_kafkas() {
    let parse = |name: &str, value: &str| topic_definition(name).expect("a config").parse(value).map(|value| value.to_string());
    assert_eq!(parse("retention.ms", " 42 "), Ok("42".to_owned()));
    assert_eq!(parse("preallocate", "FALSE"), Ok("false".to_owned()));
    assert_eq!(parse("cleanup.policy", " delete "), Ok("delete".to_owned()));
    assert_eq!(parse("leader.replication.throttled.replicas", "0:1 , 2:3"), Ok("0:1,2:3".to_owned()));
    assert_eq!(parse("leader.replication.throttled.replicas", "*"), Ok("*".to_owned()));
}

#[test]
fn what_the_server_does_not_do_is_refused_and_what_is_so_anyway_is_not() {
    let refused = |name: &str, value: &str, why: &str| {
        assert_eq!(topic(&[], &[set(name, value)]), Err(format!("Invalid value {value} for configuration {name}: {why}")));
    };
    refused("cleanup.policy", "compact", "This server does not support it");
    refused("cleanup.policy", "compact,delete", "This server does not support it");
    refused("compression.type", "zstd", "This server supports no other value than producer");
    refused("segment.bytes", "2097152", "This server supports no other value than 1073741824");
    refused("unclean.leader.election.enable", "true", "This server supports no other value than false");
    refused("flush.messages", "9223372036854775807", "This server supports no other value than 1");
    for (name, value) in [("compression.type", "producer"), ("flush.messages", "1"), ("min.cleanable.dirty.ratio", "0.50")] {
        assert_eq!(topic(&[], &[set(name, value)]), Ok(said(&[])), "{name} is so, and is not kept");
    }
}

#[test]
fn more_replicas_than_there_are_cannot_be_promised() {
    let quorum = broker(&[("min.insync.replicas", "2")], &[]);
    let ask = |value: &str| alter(Target::Topic, &said(&[]), &[set("min.insync.replicas", value)], &quorum);
    assert_eq!((ask("1"), ask("2")), (Ok(said(&[])), Ok(said(&[]))));
    let error = ask("3").expect_err("too many");
    assert_eq!(error.kind, ConfigErrorKind::Config);
    assert_eq!(error.message, "Invalid value 3 for configuration min.insync.replicas: This server keeps no more than 2");
    let shown = entry(&describe_topic(&said(&[]), &quorum, None), "min.insync.replicas");
    assert_eq!((shown.value.as_deref(), shown.source, shown.is_read_only), (Some("2"), Source::StaticBroker, true));
}

#[test]
fn all_that_is_described_can_be_written_back() {
    let brokers = broker(&[("min.insync.replicas", "2"), ("log.retention.hours", "1")], &[("message.max.bytes", "77")]);
    let current = said(&[("retention.bytes", "5")]);
    let entries = describe_topic(&current, &brokers, None);
    let written = replace(Target::Topic, entries.iter().map(|entry| (entry.name, entry.value.as_deref())), &brokers);
    let written = written.expect("everything is accepted");
    assert_eq!(TopicSettings::resolve(&written, &brokers), TopicSettings::resolve(&current, &brokers));
    let acting = topic_definitions().iter().filter(|definition| definition.role == Role::Acts).count();
    assert_eq!(written.len(), acting, "only what acts is kept");
}

#[test]
fn lists_grow_and_shrink() {
    let brokers = BrokerConfigs::default();
    let run = |current: &[(&str, &str)], operation, value: &str| {
        alter(Target::Topic, &said(current), &[change("cleanup.policy", operation, value)], &brokers)
    };
    let policy = |value: &str| Ok(said(&[("cleanup.policy", value)]));
    assert_eq!(run(&[], Operation::Append, "delete"), policy("delete"), "from the default");
    assert_eq!(run(&[], Operation::Subtract, "delete"), policy(""));
    assert_eq!(run(&[], Operation::Subtract, "compact"), policy("delete"), "the default less something else");
    assert_eq!(run(&[("cleanup.policy", "")], Operation::Append, "delete"), policy("delete"));
    assert_eq!(run(&[("cleanup.policy", "delete")], Operation::Subtract, "compact"), policy("delete"));
    assert!(run(&[], Operation::Append, "compact").is_err());
    let message = "Can't APPEND to key retention.ms because its type is not LIST.";
    assert_eq!(topic(&[], &[change("retention.ms", Operation::Append, "1")]), Err(message.to_owned()));
    let message = "Can't SUBTRACT to key retention.ms because its type is not LIST.";
    assert_eq!(topic(&[], &[change("retention.ms", Operation::Subtract, "1")]), Err(message.to_owned()));
}

#[test]
fn changes_go_together_or_not_at_all() {
    let current = [("retention.ms", "1"), ("retention.bytes", "2")];
    let delete = Change { name: "retention.ms".into(), operation: Operation::Delete, value: None };
    let both = [delete.clone(), set("max.message.bytes", "3")];
    assert_eq!(topic(&current, &both), Ok(said(&[("retention.bytes", "2"), ("max.message.bytes", "3")])));
    assert!(topic(&current, &[delete.clone(), set("max.message.bytes", "x")]).is_err());

    let request = |changes: &[Change]| {
        let error = alter(Target::Topic, &said(&current), changes, &BrokerConfigs::default()).expect_err("refused");
        (error.kind, error.message)
    };
    let twice = request(&[delete, set("retention.ms", "3")]);
    assert_eq!(twice, (ConfigErrorKind::Request, "Error due to duplicate config keys".to_owned()));
    let null = Change { value: None, ..set("retention.ms", "") };
    let nulls = request(&[null, Change { value: None, ..change("cleanup.policy", Operation::Append, "") }]);
    assert_eq!(nulls, (ConfigErrorKind::Request, "Null value not supported for : retention.ms, cleanup.policy".to_owned()));
}

#[test]
fn a_replacement_forgets_what_was_said_before() {
    let brokers = BrokerConfigs::default();
    let replaced = replace(Target::Topic, [("retention.ms", Some("5")), ("compression.type", Some("producer"))], &brokers);
    assert_eq!(replaced, Ok(said(&[("retention.ms", "5")])));
    assert_eq!(replace(Target::Topic, [], &brokers), Ok(said(&[])));
    let null = replace(Target::Topic, [("retention.ms", None)], &brokers).expect_err("no value");
    assert_eq!(null.kind, ConfigErrorKind::Request);
    let null = create([("retention.ms", None), ("segment.ms", None)], &brokers).expect_err("no value");
    let message = "Null value not supported for topic configs: retention.ms,segment.ms";
    assert_eq!((null.kind, null.message.as_str()), (ConfigErrorKind::Config, message));
    assert_eq!(create([("retention.ms", Some("5"))], &brokers), Ok(said(&[("retention.ms", "5")])));
    let twice = replace(Target::Topic, [("retention.ms", Some("5")), ("retention.ms", Some("5"))], &brokers);
    assert_eq!(twice.expect_err("twice").kind, ConfigErrorKind::Request);
}

#[test]
fn the_cluster_is_told_what_acts_and_nothing_else() {
    let brokers = broker(&[("node.id", "3")], &[]);
    let tell = |changes: &[Change]| alter(Target::Cluster, &brokers.dynamic, changes, &brokers);
    assert_eq!(tell(&[set("log.retention.ms", "9")]), Ok(said(&[("log.retention.ms", "9")])));
    assert_eq!(tell(&[set("node.id", "3")]), Ok(said(&[])));
    let error = tell(&[set("num.partitions", "4"), set("listeners", "x"), set("log.retention.ms", "9")]).expect_err("fixed");
    let message = "Cannot update these configs dynamically: [listeners, num.partitions]";
    assert_eq!((error.kind, error.message.as_str()), (ConfigErrorKind::Request, message));
    let error = tell(&[set("num.partitions", "none")]).expect_err("not a number");
    assert_eq!(error.message, "Invalid value none for configuration num.partitions: Not a number of type INT");
    assert_eq!(tell(&[set("x", "y")]).expect_err("unknown").message, "Unknown config name: x");
}

/// It was shown and could not be told otherwise, as nothing expired at all.
#[test]
fn offsets_are_kept_for_as_long_as_the_cluster_is_told() {
    let name = "offsets.retention.minutes";
    let told = |value: &str| alter(Target::Cluster, &Overrides::new(), &[set(name, value)], &BrokerConfigs::default());
    for value in ["0", "-1", "2147483648", "soon", ""] {
        assert!(told(value).is_err_and(|error| error.kind == ConfigErrorKind::Config), "{value}");
    }
    let dynamic = told("1440").expect("is valid");
    let brokers = BrokerConfigs { dynamic, ..BrokerConfigs::default() };
    let shown = |brokers: &BrokerConfigs| {
        let shown = entry(&describe_broker(brokers, None), name);
        (shown.value, shown.source, shown.is_read_only)
    };
    assert_eq!(shown(&BrokerConfigs::default()), (Some("10080".into()), Source::Default, false));
    assert_eq!(shown(&brokers), (Some("1440".into()), Source::DynamicDefaultBroker, false));
    let kept = |fixed: &[(&str, &str)], dynamic: &[(&str, &str)]| broker(fixed, dynamic).offsets_retention_ms();
    assert_eq!(kept(&[], &[]), 604_800_000);
    assert_eq!(brokers.offsets_retention_ms(), 86_400_000);
    assert_eq!((kept(&[(name, "2")], &[]), kept(&[(name, "2")], &[(name, "3")])), (120_000, 180_000));
    assert_eq!(kept(&[], &[(name, "0")]), 604_800_000, "not valid, so not said");
    assert_eq!(kept(&[], &[(name, "2147483647")]), 2_147_483_647 * 60_000);
}

#[test]
fn a_value_says_where_it_comes_from() {
    let brokers = broker(&[("log.retention.hours", "2"), ("message.max.bytes", "5")], &[("message.max.bytes", "6")]);
    let entries = describe_topic(&said(&[("max.message.bytes", "7")]), &brokers, None);
    let largest = entry(&entries, "max.message.bytes");
    assert_eq!((largest.value.as_deref(), largest.source, largest.is_read_only), (Some("7"), Source::DynamicTopic, false));
    let synonyms: Vec<_> = largest.synonyms.iter().map(|s| (s.name.as_str(), s.value.as_str(), s.source.code())).collect();
    let broker_name = "message.max.bytes";
    let expected = [("max.message.bytes", "7", 1), (broker_name, "6", 3), (broker_name, "5", 4), (broker_name, "1048588", 5)];
    assert_eq!(synonyms, expected);

    let retention = entry(&entries, "retention.ms");
    assert_eq!((retention.value.as_deref(), retention.source), (Some("7200000"), Source::StaticBroker), "two hours");
    let synonyms: Vec<_> = retention.synonyms.iter().map(|s| (s.name.as_str(), s.value.as_str(), s.source)).collect();
    assert_eq!(synonyms, [("log.retention.hours", "2", Source::StaticBroker)]);
    let untold = describe_topic(&said(&[]), &broker(&[("message.max.bytes", "1048588")], &[]), None);
    assert!(entry(&untold, "retention.ms").synonyms.is_empty(), "as Kafka 4.3 tells it");
    assert_eq!(entry(&untold, "max.message.bytes").source, Source::Default, "nobody set what is the default");

    let policy = entry(&entries, "cleanup.policy");
    assert_eq!((policy.value.as_deref(), policy.source, policy.kind.code()), (Some("delete"), Source::Default, 7));
    let compression = entry(&entries, "compression.type");
    assert_eq!((compression.value.as_deref(), compression.is_read_only), (Some("producer"), true));

    let named = describe_topic(&said(&[]), &brokers, Some(&["retention.ms".to_owned(), "nothing".to_owned()]));
    assert_eq!(named.iter().map(|entry| entry.name).collect::<Vec<_>>(), ["retention.ms"]);
}

#[test]
fn a_broker_and_its_cluster_are_described() {
    let brokers = broker(&[("node.id", "3")], &[("message.max.bytes", "6")]);
    let entries = describe_broker(&brokers, None);
    assert_eq!(entries.len(), broker_definitions().len());
    let id = entry(&entries, "node.id");
    assert_eq!((id.value.as_deref(), id.source, id.is_read_only), (Some("3"), Source::StaticBroker, true));
    let retention = entry(&entries, "log.retention.ms");
    assert_eq!((retention.value, retention.source, retention.is_read_only), (None, Source::Default, false));
    let cluster = describe_cluster(&brokers, None);
    assert_eq!(cluster.iter().map(|entry| (entry.name, entry.synonyms.len())).collect::<Vec<_>>(), [("message.max.bytes", 1)]);
}

#[test]
fn settings_are_what_the_nearest_says() {
    let defaults = TopicSettings::resolve(&said(&[]), &BrokerConfigs::default());
    assert_eq!(
        defaults,
        TopicSettings {
            drops_old_records: true,
            retention_ms: Some(604_800_000),
            retention_bytes: None,
            max_message_bytes: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX as u64,
            timestamp_after_max_ms: 3_600_000,
        }
    );
    let brokers = broker(&[("log.retention.minutes", "3"), ("log.retention.hours", "9")], &[("log.retention.bytes", "44")]);
    let retention = |topic: &[(&str, &str)], brokers: &BrokerConfigs| {
        let settings = TopicSettings::resolve(&said(topic), brokers);
        (settings.retention_ms, settings.retention_bytes)
    };
    assert_eq!(retention(&[], &brokers), (Some(180_000), Some(44)), "minutes count before hours");
    assert_eq!(retention(&[("retention.ms", "-1"), ("retention.bytes", "-5")], &brokers), (None, None));
    assert_eq!(retention(&[("retention.ms", "rotten")], &brokers), (Some(180_000), Some(44)));
    assert_eq!(retention(&[], &broker(&[("log.retention.hours", "-1")], &[])), (None, None));
    assert_eq!(retention(&[], &broker(&[("log.retention.hours", "2147483647")], &[])).0, Some(2_147_483_647 * 3_600_000));
    let other = said(&[("cleanup.policy", ""), ("message.timestamp.type", "LogAppendTime")]);
    let other = TopicSettings::resolve(&other, &brokers);
    assert_eq!((other.drops_old_records, other.timestamp_type), (false, TimestampType::LogAppendTime));
}

#[test]
fn timestamps_are_allowed_about_now_unless_they_are_the_servers() {
    let timestamps =
        |topic: &[(&str, &str)], now| TopicSettings::resolve(&said(topic), &BrokerConfigs::default()).timestamps(now);
    let bounds = [("message.timestamp.before.max.ms", "10"), ("message.timestamp.after.max.ms", "20")];
    assert_eq!(timestamps(&bounds, 1_000), Some((990, 1_020)));
    assert_eq!(timestamps(&[], i64::MAX), Some((0, i64::MAX)), "the furthest ahead is as far as numbers go");
    let append = [bounds[0], bounds[1], ("message.timestamp.type", "LogAppendTime")];
    assert_eq!(timestamps(&append, 1_000), None);
    let cluster = broker(&[], &[("log.message.timestamp.type", "LogAppendTime")]);
    assert!(TopicSettings::resolve(&said(&[]), &cluster).is_append_time(), "the cluster's word counts for who says nothing");
}

#[test]
fn operations_have_kafkas_numbers() {
    let all = [Operation::Set, Operation::Delete, Operation::Append, Operation::Subtract];
    assert_eq!([0, 1, 2, 3].map(Operation::from_code), all.map(Some));
    assert_eq!((Operation::from_code(4), Operation::from_code(-1)), (None, None));
}

fn any_change() -> impl Strategy<Value = Change> {
    let names: Vec<&str> = topic_definitions().iter().map(|definition| definition.name).collect();
    let values = select(vec!["-1", "0", "1", "5000", "true", "delete", "compact", "producer", "", "*", "LogAppendTime", "0.5"]);
    let operations = select(vec![Operation::Set, Operation::Set, Operation::Delete, Operation::Append, Operation::Subtract]);
    (select(names), operations, values).prop_map(|(name, operation, value)| change(name, operation, value))
}

proptest! {
    #[test]
    fn what_was_accepted_is_valid_shown_and_accepted_again(changes in prop::collection::vec(any_change(), 0..5)) {
        let brokers = BrokerConfigs::default();
        if let Ok(overrides) = alter(Target::Topic, &said(&[]), &changes, &brokers) {
            let entries = describe_topic(&overrides, &brokers, None);
            for (name, value) in &overrides {
                let shown = entry(&entries, name);
                prop_assert_eq!(shown.value.as_ref(), Some(value));
                prop_assert_eq!((shown.source, shown.is_read_only), (Source::DynamicTopic, false));
            }
            prop_assert_eq!(alter(Target::Topic, &overrides, &[], &brokers), Ok(overrides));
        }
    }
}
