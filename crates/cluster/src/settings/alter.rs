//! IncrementalAlterConfigs, AlterConfigs, and the configs of CreateTopics.

use rustc_hash::FxHashSet;

use super::{BrokerConfigs, Change, ConfigError, Definition, Operation, Role, ValueType, broker_definition, topic_definition};
use crate::catalogue;

/// What a topic or the cluster was told, by config.
pub type Overrides = catalogue::Configs;

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A topic.
    Topic,
    /// The cluster: a broker resource with an empty name.
    Cluster,
}

impl Target {
    fn definition(self, name: &str) -> Option<&'static Definition> {
        match self {
            Target::Topic => topic_definition(name),
            Target::Cluster => broker_definition(name),
        }
    }

    /// What the config is for one that is told nothing.
    fn shown(self, definition: &Definition, brokers: &BrokerConfigs) -> Option<String> {
        match self {
            Target::Topic => brokers.for_topics(definition).0,
            Target::Cluster => brokers.get(definition.name).map(|(value, _)| value.to_owned()),
        }
    }

    fn unknown(self, name: &str) -> ConfigError {
        match self {
            Target::Topic => ConfigError::invalid(format!("Unknown topic config name: {name}")),
            Target::Cluster => ConfigError::invalid(format!("Unknown config name: {name}")),
        }
    }
}

/// IncrementalAlterConfigs (KIP-339): what is said after the changes. Nothing is changed if one of them is refused.
pub fn alter(target: Target, current: &Overrides, changes: &[Change], brokers: &BrokerConfigs) -> Result<Overrides, ConfigError> {
    check_names(changes.iter().map(|change| change.name.as_str()))?;
    let without_value = |change: &&Change| change.operation != Operation::Delete && change.value.is_none();
    check_values(changes.iter().filter(without_value).map(|change| change.name.as_str()))?;
    let mut wanted = current.clone();
    for change in changes {
        let value = change.value.as_deref().unwrap_or_default();
        match change.operation {
            Operation::Set => wanted.insert(change.name.clone(), value.to_owned()),
            Operation::Delete => wanted.remove(&change.name),
            Operation::Append | Operation::Subtract => {
                let list = change_list(target, &wanted, change, value)?;
                wanted.insert(change.name.clone(), list)
            }
        };
    }
    grant(target, wanted, brokers)
}

/// The configs of a new topic in CreateTopics.
pub fn create<'a>(
    configs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    brokers: &BrokerConfigs,
) -> Result<Overrides, ConfigError> {
    let configs: Vec<_> = configs.into_iter().collect();
    let without: Vec<&str> = configs.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    if without.is_empty() {
        return replace(Target::Topic, configs, brokers);
    }
    Err(ConfigError::invalid(format!("Null value not supported for topic configs: {}", without.join(","))))
}

/// AlterConfigs: exactly this is said, and what was said before is not.
pub fn replace<'a>(
    target: Target,
    configs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    brokers: &BrokerConfigs,
) -> Result<Overrides, ConfigError> {
    let configs: Vec<_> = configs.into_iter().collect();
    check_names(configs.iter().map(|(name, _)| *name))?;
    check_values(configs.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name))?;
    let wanted = configs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    grant(target, wanted.collect(), brokers)
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), ConfigError> {
    let mut seen = FxHashSet::default();
    for name in names {
        if !seen.insert(name) {
            return Err(ConfigError::request("Error due to duplicate config keys".to_owned()));
        }
    }
    Ok(())
}

fn check_values<'a>(without: impl Iterator<Item = &'a str>) -> Result<(), ConfigError> {
    let names: Vec<&str> = without.collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(ConfigError::request(format!("Null value not supported for : {}", names.join(", "))))
}

/// A list that says nothing of its own begins with the default.
fn change_list(target: Target, wanted: &Overrides, change: &Change, value: &str) -> Result<String, ConfigError> {
    let definition = target.definition(&change.name).filter(|definition| definition.kind == ValueType::List);
    let Some(definition) = definition else {
        let (operation, name) = (change.operation.name(), &change.name);
        return Err(ConfigError::invalid(format!("Can't {operation} to key {name} because its type is not LIST.")));
    };
    let before = wanted.get(&change.name).map(String::as_str).or(definition.default).unwrap_or_default();
    let mut items: Vec<&str> = before.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    for item in value.split(',').map(str::trim) {
        let place = items.iter().position(|known| *known == item);
        match (change.operation, place) {
            (Operation::Subtract, Some(place)) => {
                items.remove(place);
            }
            (Operation::Append, None) => items.push(item),
            _ => {}
        }
    }
    Ok(items.join(","))
}

/// Checks everything that would be said, in the order of names, and leaves out what is so already and cannot be otherwise.
fn grant(target: Target, wanted: Overrides, brokers: &BrokerConfigs) -> Result<Overrides, ConfigError> {
    if let Some(name) = wanted.keys().find(|name| target.definition(name).is_none()) {
        return Err(target.unknown(name));
    }
    let mut fixed = Vec::new();
    let mut granted = Overrides::new();
    for (name, value) in wanted {
        let Some(definition) = target.definition(&name) else { return Err(target.unknown(&name)) };
        let shown = target.shown(definition, brokers);
        match definition.grant(&value, shown.as_deref()) {
            Ok(true) => {
                granted.insert(name, value);
            }
            Ok(false) => {}
            // Kafka has one text for all configs that a running broker cannot change; a wrong value is told as such.
            Err(_) if target == Target::Cluster && definition.role == Role::ReadOnly => {
                definition.parse(&value)?;
                fixed.push(name);
            }
            Err(error) => return Err(error),
        }
    }
    if fixed.is_empty() {
        return Ok(granted);
    }
    Err(ConfigError::request(format!("Cannot update these configs dynamically: [{}]", fixed.join(", "))))
}
