//! DescribeConfigs.

use super::{BrokerConfigs, Definition, Overrides, Role, Source, ValueType, broker_definitions, topic_definitions};

/// One of the places where a config's value may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The name that it has there.
    pub name: String,
    /// What was said there.
    pub value: String,
    /// Which place it is.
    pub source: Source,
}

/// A config as DescribeConfigs shows it. None of them is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// The config.
    pub name: &'static str,
    /// Its value; nothing if it has none.
    pub value: Option<String>,
    /// Whether it cannot be altered.
    pub is_read_only: bool,
    /// Where the value comes from (version 1).
    pub source: Source,
    /// Everything that was said about it, what counts most first (version 1).
    pub synonyms: Vec<ConfigSynonym>,
    /// The type (version 3).
    pub kind: ValueType,
    /// A sentence (version 3).
    pub documentation: &'static str,
}

/// A topic's configs: all, or those of `names` that exist. By name.
pub fn describe_topic(overrides: &Overrides, brokers: &BrokerConfigs, names: Option<&[String]>) -> Vec<ConfigEntry> {
    let wanted = topic_definitions().iter().filter(|definition| is_wanted(definition, names));
    wanted.map(|definition| topic_entry(definition, overrides, brokers)).collect()
}

fn topic_entry(definition: &'static Definition, overrides: &Overrides, brokers: &BrokerConfigs) -> ConfigEntry {
    let own = overrides.get(definition.name).filter(|_| definition.role == Role::Acts);
    let own_synonym = own.map(|value| synonym(definition.name, value, Source::DynamicTopic));
    // Kafka tells the default of the first, which has the topic's unit, and not that of hours or minutes.
    let broker_synonyms = definition.synonyms.iter().enumerate().flat_map(|(at, name)| {
        synonyms_of(name.name, brokers).filter(move |synonym| at == 0 || synonym.source != Source::Default)
    });
    let mut synonyms: Vec<ConfigSynonym> = own_synonym.into_iter().chain(broker_synonyms).collect();
    // What counts is where it was said first, and under which name second. The sort is stable.
    synonyms.sort_by_key(|synonym| synonym.source.code());
    let (value, source) = match own {
        Some(value) => (Some(value.clone()), Source::DynamicTopic),
        None => brokers.for_topics(definition),
    };
    entry(definition, value, source, synonyms)
}

/// A node's configs: all, or those of `names` that exist. By name.
pub fn describe_broker(brokers: &BrokerConfigs, names: Option<&[String]>) -> Vec<ConfigEntry> {
    let wanted = broker_definitions().iter().filter(|definition| is_wanted(definition, names));
    wanted.map(|definition| broker_entry(definition, brokers)).collect()
}

/// What the cluster as a whole was told: only that, or those of `names` that it was.
pub fn describe_cluster(brokers: &BrokerConfigs, names: Option<&[String]>) -> Vec<ConfigEntry> {
    let mut entries = describe_broker(brokers, names);
    entries.retain(|entry| entry.source == Source::DynamicDefaultBroker);
    for entry in &mut entries {
        entry.synonyms.retain(|synonym| synonym.source == Source::DynamicDefaultBroker);
    }
    entries
}

fn broker_entry(definition: &'static Definition, brokers: &BrokerConfigs) -> ConfigEntry {
    let (value, source) =
        brokers.get(definition.name).map_or((None, Source::Default), |(value, source)| (Some(value.to_owned()), source));
    entry(definition, value, source, synonyms_of(definition.name, brokers).collect())
}

fn entry(definition: &'static Definition, value: Option<String>, source: Source, synonyms: Vec<ConfigSynonym>) -> ConfigEntry {
    ConfigEntry {
        name: definition.name,
        value,
        is_read_only: definition.role != Role::Acts,
        source,
        synonyms,
        kind: definition.kind,
        documentation: definition.documentation,
    }
}

fn is_wanted(definition: &Definition, names: Option<&[String]>) -> bool {
    names.is_none_or(|names| names.iter().any(|name| name == definition.name))
}

fn synonyms_of(name: &'static str, brokers: &BrokerConfigs) -> impl Iterator<Item = ConfigSynonym> {
    brokers.said(name).map(move |(value, source)| synonym(name, value, source))
}

fn synonym(name: &str, value: &str, source: Source) -> ConfigSynonym {
    ConfigSynonym { name: name.to_owned(), value: value.to_owned(), source }
}
