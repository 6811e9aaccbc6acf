//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs, ListConfigResources.

use std::borrow::Cow;

use base::{Error, Kind};
use cluster::{
    catalogue::{Command, ConfigChange, check_name},
    settings::{
        BrokerConfigs, Change, ConfigEntry, ConfigError, ConfigSynonym, Operation, Overrides, Target, alter, describe_broker,
        describe_cluster, describe_topic, replace,
    },
};
use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        alter_configs::{AlterConfigsRequest, AlterConfigsResourceResponse, AlterConfigsResponse},
        describe_configs::{
            DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
            DescribeConfigsResult, DescribeConfigsSynonym,
        },
        incremental_alter_configs::{
            AlterConfigsResourceResponse as ChangedResource, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        },
        list_config_resources::{ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse},
    },
};

use crate::{
    brokers::{Broker, number},
    errors, facts,
    histories::{READ_ONLY, is_history},
    limits::CONFIG_ATTEMPTS,
    repeated::{distinct, repeated},
    transport::{Answer, Call, Context, malformed},
};

/// Kinds of resources that can be told something.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;
/// Until this version only what clients' metrics are subscribed to is listed (KIP-1000, KIP-1142).
const METRICS_ONLY_UNTIL: i16 = 0;
/// From this version on an entry has its type and may have a text (KIP-569).
const DOCUMENTATION_FROM: i16 = 3;

/// A code and a text for a person.
type Refused = (ErrorCode, Cow<'static, str>);

fn refusal(error: ConfigError) -> Refused {
    (errors::of_config(error.kind), Cow::Owned(error.message))
}

fn say(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Refused {
    (code, text.into())
}

fn no_topic() -> Refused {
    say(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.")
}

fn no_such_topic(name: &str) -> Refused {
    match check_name(name) {
        Ok(()) => no_topic(),
        Err(error) => say(ErrorCode::InvalidTopicException, error.message),
    }
}

fn no_such_kind(kind: i8) -> Refused {
    say(ErrorCode::InvalidRequest, format!("resources of type {kind} have no configs here: topics (2) and brokers (4) do"))
}

pub(crate) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeConfigsRequest<'_>>() else { return malformed() };
    let brokers = facts::brokers(&context.door);
    let one = |resource: &DescribeConfigsResource<'_>| {
        let (outcome, error) = match entries(&context, &brokers, resource) {
            Ok(entries) => (entries, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let entry = |entry: ConfigEntry| {
            let documents = call.version >= DOCUMENTATION_FROM;
            DescribeConfigsResourceResult {
                name: Cow::Borrowed(entry.name),
                value: entry.value.map(Cow::Owned),
                read_only: entry.is_read_only,
                config_source: entry.source.code(),
                is_sensitive: false,
                synonyms: if request.include_synonyms { synonyms(entry.synonyms) } else { Vec::new() },
                config_type: if documents { entry.kind.code() } else { 0 },
                documentation: (documents && request.include_documentation).then_some(Cow::Borrowed(entry.documentation)),
            }
        };
        DescribeConfigsResult {
            error_code: error.as_ref().map_or(0, |(code, _)| *code as i16),
            error_message: error.map(|(_, text)| text),
            resource_type: resource.resource_type,
            resource_name: Cow::Owned(resource.resource_name.to_string()),
            configs: outcome.into_iter().map(entry).collect(),
        }
    };
    let each = distinct(&request.resources, |resource| (resource.resource_type, &*resource.resource_name));
    let results = each.map(one).collect();
    call.answer(&DescribeConfigsResponse { results, ..DescribeConfigsResponse::default() })
}

/// Whether who asks may do this to a resource.
fn allowed(context: &Context, api: ApiKey, kind: i8, name: &str) -> Result<(), Refused> {
    let may = if kind == TOPIC { context.topic(api, name) } else { context.authority.cluster(api) };
    may.map_err(|code| match code {
        ErrorCode::InvalidTopicException => say(code, READ_ONLY),
        code => say(code, code.name()),
    })
}

fn synonyms(all: Vec<ConfigSynonym>) -> Vec<DescribeConfigsSynonym<'static>> {
    let synonym = |synonym: ConfigSynonym| DescribeConfigsSynonym {
        name: Cow::Owned(synonym.name),
        value: Some(Cow::Owned(synonym.value)),
        source: synonym.source.code(),
    };
    all.into_iter().map(synonym).collect()
}

fn entries(
    context: &Context,
    brokers: &BrokerConfigs,
    resource: &DescribeConfigsResource<'_>,
) -> Result<Vec<ConfigEntry>, Refused> {
    allowed(context, ApiKey::DescribeConfigs, resource.resource_type, &resource.resource_name)?;
    let names = resource.configuration_keys.as_ref().filter(|names| !names.is_empty());
    let names: Option<Vec<String>> = names.map(|names| names.iter().map(ToString::to_string).collect());
    match resource.resource_type {
        TOPIC => {
            let name = &*resource.resource_name;
            let topic = context.door.topics.readable(name).ok_or_else(|| no_such_topic(name))?;
            context.allowed(ApiKey::DescribeConfigs, &topic).map_err(|code| say(code, code.name()))?;
            let entries = describe_topic(&topic.configs, brokers, names.as_deref());
            let is_history = is_history(&topic);
            Ok(entries.into_iter().map(|entry| ConfigEntry { is_read_only: entry.is_read_only || is_history, ..entry }).collect())
        }
        BROKER if resource.resource_name.is_empty() => Ok(describe_cluster(brokers, names.as_deref())),
        BROKER => {
            let me = number(context.door.topics.node().node_id());
            let name = &resource.resource_name;
            match name.parse::<i32>() {
                Ok(id) if id == me => Ok(describe_broker(brokers, names.as_deref())),
                Ok(id) => {
                    let text = format!("Unexpected broker id, expected {me} or empty string, but received {id}");
                    Err(say(ErrorCode::InvalidRequest, text))
                }
                Err(_) => Err(say(ErrorCode::InvalidRequest, format!("Broker id must be an integer, but it is: {name}"))),
            }
        }
        kind => Err(no_such_kind(kind)),
    }
}

/// What a request wants of one resource.
enum Wanted<'r> {
    /// IncrementalAlterConfigs.
    Changes(Vec<Change>),
    /// AlterConfigs.
    Exactly(Vec<(&'r str, Option<&'r str>)>),
}

impl Wanted<'_> {
    fn apply(&self, target: Target, current: &Overrides, brokers: &BrokerConfigs) -> Result<Overrides, ConfigError> {
        match self {
            Wanted::Changes(changes) => alter(target, current, changes, brokers),
            Wanted::Exactly(configs) => replace(target, configs.iter().copied(), brokers),
        }
    }
}

pub(crate) async fn alter_incrementally(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<IncrementalAlterConfigsRequest<'_>>() else { return malformed() };
    let twice = repeated(request.resources.iter().map(|resource| (resource.resource_type, &*resource.resource_name)));
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let (kind, name) = (resource.resource_type, &*resource.resource_name);
        let change = |config: &kafka_wire::messages::incremental_alter_configs::AlterableConfig<'_>| {
            let code = config.config_operation;
            let unknown = || say(ErrorCode::InvalidRequest, format!("Unknown operation type {code}"));
            let operation = Operation::from_code(code).ok_or_else(unknown)?;
            Ok(Change { name: config.name.to_string(), operation, value: config.value.as_deref().map(str::to_owned) })
        };
        let changes: Result<Vec<Change>, Refused> = resource.configs.iter().map(change).collect();
        let outcome = match changes {
            Ok(_) if twice.contains(&(kind, name)) => Err(named_twice()),
            Ok(changes) => change_one(&context, kind, name, &Wanted::Changes(changes), request.validate_only).await,
            Err(refused) => Err(refused),
        };
        let (error_code, error_message) = told(outcome);
        let resource_name = resource.resource_name.clone();
        responses.push(ChangedResource { error_code, error_message, resource_type: kind, resource_name });
    }
    call.answer(&IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() })
}

pub(crate) async fn alter_wholly(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<AlterConfigsRequest<'_>>() else { return malformed() };
    let twice = repeated(request.resources.iter().map(|resource| (resource.resource_type, &*resource.resource_name)));
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let (kind, name) = (resource.resource_type, &*resource.resource_name);
        let outcome = if twice.contains(&(kind, name)) {
            Err(named_twice())
        } else {
            let configs = resource.configs.iter().map(|config| (&*config.name, config.value.as_deref())).collect();
            change_one(&context, kind, name, &Wanted::Exactly(configs), request.validate_only).await
        };
        let (error_code, error_message) = told(outcome);
        let resource_name = resource.resource_name.clone();
        responses.push(AlterConfigsResourceResponse { error_code, error_message, resource_type: kind, resource_name });
    }
    call.answer(&AlterConfigsResponse { responses, ..AlterConfigsResponse::default() })
}

fn told(outcome: Result<(), Refused>) -> (i16, Option<Cow<'static, str>>) {
    outcome.err().map_or((0, None), |(code, text)| (code as i16, Some(text)))
}

fn named_twice() -> Refused {
    say(ErrorCode::InvalidRequest, "Each resource must appear at most once.")
}

/// Changes what one resource was told. What somebody else changed meanwhile is looked at again.
async fn change_one(context: &Context, kind: i8, name: &str, wanted: &Wanted<'_>, validate_only: bool) -> Result<(), Refused> {
    allowed(context, ApiKey::AlterConfigs, kind, name)?;
    let mut attempts = 0;
    loop {
        let command = command(context, kind, name, wanted)?;
        let Some(command) = command.filter(|_| !validate_only) else { return Ok(()) };
        attempts += 1;
        match context.door.topics.change(command).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind == Kind::Conflict && attempts < CONFIG_ATTEMPTS => {}
            Err(error) => return Err(not_changed(&error)),
        }
    }
}

fn not_changed(error: &Error) -> Refused {
    let code = match error.kind {
        Kind::Invalid => ErrorCode::InvalidConfig,
        Kind::Precondition => ErrorCode::PolicyViolation,
        // Others change the same all the time: it may be repeated.
        Kind::Conflict => ErrorCode::RequestTimedOut,
        _ => errors::of_error(error),
    };
    (code, Cow::Owned(error.message.to_string()))
}

/// What has to be proposed; `None` if it is so already.
fn command(context: &Context, kind: i8, name: &str, wanted: &Wanted<'_>) -> Result<Option<Command>, Refused> {
    let topics = &context.door.topics;
    match kind {
        TOPIC => {
            let topic = topics.topic(name).ok_or_else(no_topic)?;
            let brokers = facts::brokers(&context.door);
            let after = wanted.apply(Target::Topic, &topic.configs, &brokers).map_err(refusal)?;
            let change = change(&topic.configs, after, topic.config_version);
            Ok(change.map(|change| Command::AlterTopicConfig { id: topic.id, change }))
        }
        BROKER if name.is_empty() => {
            // Of one moment: what is compared with is what was looked at.
            let (dynamic, version) = topics.told();
            let brokers = BrokerConfigs { dynamic, ..facts::brokers(&context.door) };
            let after = wanted.apply(Target::Cluster, &brokers.dynamic, &brokers).map_err(refusal)?;
            let change = change(&brokers.dynamic, after, version);
            Ok(change.map(|change| Command::AlterBrokerConfig { change }))
        }
        BROKER => {
            let text =
                "brokers are not told anything one by one: name none to tell all of them, or set it in the node's own config";
            Err(say(ErrorCode::InvalidRequest, text))
        }
        kind => Err(no_such_kind(kind)),
    }
}

fn change(before: &Overrides, after: Overrides, seen: u64) -> Option<ConfigChange> {
    let delete: Vec<String> = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
    let set: Vec<(String, String)> = after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect();
    (!delete.is_empty() || !set.is_empty()).then_some(ConfigChange { seen, delete, set })
}

pub(crate) async fn list(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<ListConfigResourcesRequest>() else { return malformed() };
    if let Err(code) = context.authority.cluster(ApiKey::ListConfigResources) {
        return call.answer(&ListConfigResourcesResponse { error_code: code as i16, ..ListConfigResourcesResponse::default() });
    }
    let every = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];
    let mut response = ListConfigResourcesResponse::default();
    if call.version <= METRICS_ONLY_UNTIL {
        return call.answer(&response);
    }
    if request.resource_types.iter().any(|kind| !every.contains(kind)) {
        response.error_code = ErrorCode::UnsupportedVersion as i16;
        return call.answer(&response);
    }
    let is_wanted = |kind: i8| request.resource_types.is_empty() || request.resource_types.contains(&kind);
    let resource = |name: String, resource_type: i8| ConfigResource { resource_name: Cow::Owned(name), resource_type };
    let topics = &context.door.topics;
    if is_wanted(TOPIC) {
        response.config_resources.extend(topics.all().iter().map(|topic| resource(topic.name.to_string(), TOPIC)));
    }
    // Loggers, clients' metrics and groups have no configs: of these there is nothing to list.
    if is_wanted(BROKER) {
        let broker = |broker: &Broker| resource(broker.number().to_string(), BROKER);
        response.config_resources.extend(topics.brokers().iter().map(broker));
    }
    call.answer(&response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(list: &[(&str, &str)]) -> Overrides {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_change_is_the_difference_and_none_is_none() {
        let before = said(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(change(&before, before.clone(), 7), None);
        let change = change(&before, said(&[("a", "1"), ("b", "4"), ("d", "5")]), 7).expect("there is a difference");
        assert_eq!((change.seen, change.delete), (7, vec!["c".to_owned()]));
        assert_eq!(change.set, [("b".to_owned(), "4".to_owned()), ("d".to_owned(), "5".to_owned())]);
    }

    #[test]
    fn resources_are_named_once() {
        let named = [(TOPIC, "a"), (BROKER, "a"), (TOPIC, "a"), (TOPIC, "b"), (TOPIC, "a")];
        assert_eq!(repeated(named.into_iter()).into_iter().collect::<Vec<_>>(), [(TOPIC, "a")]);
    }
}
