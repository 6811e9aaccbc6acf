//! CreateTopics, DeleteTopics, CreatePartitions.

use std::borrow::Cow;

use base::{Error, Kind};
use cluster::{
    catalogue::Command,
    settings::{self, ConfigEntry},
};
use kafka_wire::{
    ErrorCode, Uuid,
    messages::{
        ApiKey,
        create_partitions::{
            CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
        },
        create_topics::{CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse},
        delete_topics::{DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse},
    },
};
use replica::streams::check_reserved;

use crate::{
    errors, facts,
    histories::READ_ONLY,
    repeated::repeated,
    transport::{Answer, Call, Context, malformed},
};

/// Whoever creates a topic leaves it to the broker.
const DEFAULT: i32 = -1;
/// Partitions that one request may make of a topic.
const PARTITIONS_MAX: i32 = 100_000;
/// From this version on topics are deleted by name or by id.
const STATES_FROM: i16 = 6;

/// A code and a text for a person.
type Refused = (ErrorCode, Option<String>);

fn refusal(error: &Error) -> Refused {
    let code = match error.kind {
        Kind::Invalid => ErrorCode::InvalidTopicException,
        Kind::Conflict => ErrorCode::TopicAlreadyExists,
        Kind::Precondition => ErrorCode::PolicyViolation,
        _ => errors::of_error(error),
    };
    (code, Some(error.message.to_string()))
}

/// A code, with the reason where it needs one.
fn told(code: ErrorCode) -> Refused {
    (code, (code == ErrorCode::InvalidTopicException).then(|| READ_ONLY.to_owned()))
}

pub(crate) async fn create(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<CreateTopicsRequest<'_>>() else { return malformed() };
    let mut response = CreateTopicsResponse::default();
    let twice = repeated(request.topics.iter().map(|wanted| &*wanted.name));
    for wanted in &request.topics {
        let outcome = if twice.contains(&*wanted.name) {
            Err((ErrorCode::InvalidRequest, Some("Duplicate topic name.".to_owned())))
        } else {
            create_one(&context, wanted, request.validate_only).await
        };
        let mut result = CreatableTopicResult { name: wanted.name.clone(), ..CreatableTopicResult::default() };
        match outcome {
            Ok(created) => {
                result.topic_id = Uuid(created.id);
                if let Err(code) = context.authority.topic(ApiKey::DescribeConfigs, &wanted.name) {
                    // What the topic came to is not for everyone who may create one.
                    result.topic_config_error_code = code as i16;
                    (result.num_partitions, result.replication_factor) = (-1, -1);
                    response.topics.push(result);
                    continue;
                }
                result.num_partitions = i32::try_from(created.partitions).unwrap_or(i32::MAX);
                result.replication_factor = created.replicas;
                result.configs = Some(created.configs.into_iter().map(shown).collect());
            }
            Err((code, text)) => {
                result.error_code = code as i16;
                result.error_message = text.map(Cow::Owned);
                (result.num_partitions, result.replication_factor) = (-1, -1);
            }
        }
        response.topics.push(result);
    }
    call.answer(&response)
}

struct Created {
    id: u128,
    partitions: u32,
    replicas: i16,
    configs: Vec<ConfigEntry>,
}

fn shown(entry: ConfigEntry) -> CreatableTopicConfigs<'static> {
    CreatableTopicConfigs {
        name: Cow::Borrowed(entry.name),
        value: entry.value.map(Cow::Owned),
        read_only: entry.is_read_only,
        config_source: entry.source.code(),
        is_sensitive: false,
    }
}

async fn create_one(context: &Context, wanted: &CreatableTopic<'_>, validate_only: bool) -> Result<Created, Refused> {
    context.authority.create(&wanted.name).map_err(|code| (code, Some("Authorization failed.".to_owned())))?;
    let topics = &context.door.topics;
    let say = |code: ErrorCode, text: &str| Err((code, Some(text.to_owned())));
    let names = topics.node().look_at_cluster(|machine| machine.catalogue().check_new_name(&wanted.name));
    names.unwrap_or(Ok(())).and_then(|()| check_reserved(&wanted.name)).map_err(|error| refusal(&error))?;
    let replicas = topics.replicas();
    let is_assigned = !wanted.assignments.is_empty();
    if is_assigned && (wanted.num_partitions != DEFAULT || wanted.replication_factor != -1) {
        let text =
            "Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at the same time.";
        return say(ErrorCode::InvalidRequest, text);
    }
    if is_assigned {
        return say(ErrorCode::InvalidReplicaAssignment, "partitions are placed by the cluster: every member holds every shard");
    }
    let partitions = match wanted.num_partitions {
        DEFAULT => context.door.options.partitions,
        count @ 1..=PARTITIONS_MAX => count.unsigned_abs(),
        _ => return say(ErrorCode::InvalidPartitions, "Number of partitions was set to an invalid non-positive value."),
    };
    match wanted.replication_factor {
        -1 => {}
        factor if factor > 0 && factor <= replicas => {}
        factor if factor > replicas => {
            let text = format!("Unable to replicate the partition {factor} time(s): only {replicas} broker(s) are registered.");
            return Err((ErrorCode::InvalidReplicationFactor, Some(text)));
        }
        _ => return say(ErrorCode::InvalidReplicationFactor, "Replication factor must be larger than 0."),
    }
    let brokers = facts::brokers(&context.door);
    let asked = wanted.configs.iter().map(|config| (&*config.name, config.value.as_deref()));
    let configs = settings::create(asked, &brokers).map_err(|error| (errors::of_config(error.kind), Some(error.message)))?;
    let shown = settings::describe_topic(&configs, &brokers, None);
    if validate_only {
        return Ok(Created { id: 0, partitions, replicas, configs: shown });
    }
    let id = topics.create(&wanted.name, partitions, configs).await.map_err(|error| refusal(&error))?;
    Ok(Created { id, partitions, replicas, configs: shown })
}

pub(crate) async fn delete(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DeleteTopicsRequest<'_>>() else { return malformed() };
    let topics = &context.door.topics;
    let named = request.topic_names.iter().map(|name| DeleteTopicState { name: Some(name.clone()), topic_id: Uuid::ZERO });
    let states: Vec<DeleteTopicState<'_>> = if call.version >= STATES_FROM { request.topics.clone() } else { named.collect() };
    let mut response = DeleteTopicsResponse::default();
    for state in states {
        let found = match &state.name {
            Some(name) => topics.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition),
            None if config::Topic::of_id(state.topic_id.0).is_some() => Err(ErrorCode::InvalidTopicException),
            None => topics.topic_by_id(state.topic_id.0).ok_or(ErrorCode::UnknownTopicId),
        };
        // Who may not is not told whether a topic of this name is there.
        let named = state.name.as_deref().or(found.as_ref().ok().map(|topic| &*topic.name));
        let allowed = named.map_or(Ok(()), |name| context.topic(ApiKey::DeleteTopics, name));
        let found = allowed.and(found);
        let mut result =
            DeletableTopicResult { name: state.name.clone(), topic_id: state.topic_id, ..DeletableTopicResult::default() };
        let outcome = match found {
            Ok(topic) => {
                (result.name, result.topic_id) = (Some(Cow::Owned(topic.name.to_string())), Uuid(topic.id));
                topics.change(Command::DeleteTopic { id: topic.id }).await.map_err(|error| refusal(&error))
            }
            Err(code) => Err(told(code)),
        };
        if let Err((code, text)) = outcome {
            (result.error_code, result.error_message) = (code as i16, text.map(Cow::Owned));
        }
        response.responses.push(result);
    }
    call.answer(&response)
}

pub(crate) async fn grow(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<CreatePartitionsRequest<'_>>() else { return malformed() };
    let mut response = CreatePartitionsResponse::default();
    for wanted in &request.topics {
        let outcome = grow_one(&context, wanted, request.validate_only).await;
        let mut result = CreatePartitionsTopicResult { name: wanted.name.clone(), ..CreatePartitionsTopicResult::default() };
        if let Err((code, text)) = outcome {
            (result.error_code, result.error_message) = (code as i16, text.map(Cow::Owned));
        }
        response.results.push(result);
    }
    call.answer(&response)
}

async fn grow_one(context: &Context, wanted: &CreatePartitionsTopic<'_>, validate_only: bool) -> Result<(), Refused> {
    let topics = &context.door.topics;
    context.topic(ApiKey::CreatePartitions, &wanted.name).map_err(told)?;
    let unknown = || (ErrorCode::UnknownTopicOrPartition, Some("This server does not host this topic-partition.".to_owned()));
    let topic = topics.topic(&wanted.name).ok_or_else(unknown)?;
    let has = i32::try_from(topic.partitions()).unwrap_or(i32::MAX);
    if wanted.assignments.is_some() {
        let text = "partitions are placed by the cluster: every member holds every shard";
        return Err((ErrorCode::InvalidReplicaAssignment, Some(text.to_owned())));
    }
    if wanted.count <= has || wanted.count > PARTITIONS_MAX {
        let text = match wanted.count {
            count if count == has => format!("Topic already has {has} partition(s)."),
            count if count > has => format!("a topic has at most {PARTITIONS_MAX} partitions"),
            count => format!("The topic {} currently has {has} partition(s); {count} would not be an increase.", wanted.name),
        };
        return Err((ErrorCode::InvalidPartitions, Some(text)));
    }
    if validate_only {
        return Ok(());
    }
    let (seen, count) = (has.unsigned_abs(), wanted.count.unsigned_abs());
    let command = Command::CreatePartitions { id: topic.id, seen, count, shards: topics.spread(count - seen) };
    topics.change(command).await.map_err(|error| match error.kind {
        Kind::Invalid => (ErrorCode::InvalidPartitions, Some(error.message.to_string())),
        _ => refusal(&error),
    })
}
