//! The broker's side of every value.

use std::collections::BTreeMap;

use super::{Definition, Overrides, Source, Synonym, Value, broker_definition};

/// What the node was started with and what is a fact about it, and what the cluster was told since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerConfigs {
    /// By broker config: addresses, ids, the quorum as `min.insync.replicas`, and what the operator set.
    pub fixed: BTreeMap<String, String>,
    /// What IncrementalAlterConfigs said to the cluster as a whole.
    pub dynamic: Overrides,
}

impl BrokerConfigs {
    /// What was said about a broker config, what counts most first. No config is said anything about that does not exist.
    pub(super) fn said(&self, name: &str) -> impl Iterator<Item = (&str, Source)> {
        let default = broker_definition(name).and_then(|definition| definition.default);
        let dynamic = self.dynamic.get(name).map(|value| (value.as_str(), Source::DynamicDefaultBroker));
        // What is as it would be anyway was not set by anybody.
        let fixed = self.fixed.get(name).filter(|value| Some(value.as_str()) != default);
        let fixed = fixed.map(|value| (value.as_str(), Source::StaticBroker));
        [dynamic, fixed, default.map(|value| (value, Source::Default))].into_iter().flatten()
    }

    /// A broker config's value and where it comes from; nothing if it has none.
    pub fn get(&self, name: &str) -> Option<(&str, Source)> {
        self.said(name).next()
    }

    /// How long offsets are kept, in milliseconds (`offsets.retention.minutes`). What is not valid, though it was checked when it was
    /// said, counts as not said.
    pub fn offsets_retention_ms(&self) -> u64 {
        let definition = broker_definition("offsets.retention.minutes");
        let said =
            definition.into_iter().flat_map(|definition| self.said(definition.name).map(move |(text, _)| definition.parse(text)));
        let minutes = said.flatten().find_map(|value| value.number()).and_then(|minutes| u64::try_from(minutes).ok());
        minutes.expect("the table has it with a default of at least 1").saturating_mul(60_000)
    }

    /// What a topic's config is for topics that say nothing: the first of the broker's names that somebody set, or the default.
    pub(super) fn for_topics(&self, definition: &Definition) -> (Option<String>, Source) {
        for synonym in definition.synonyms {
            if let Some((value, source)) = self.get(synonym.name).filter(|(_, source)| *source != Source::Default) {
                return (convert(synonym, value), source);
            }
        }
        (definition.default.map(str::to_owned), Source::Default)
    }
}

fn convert(synonym: &Synonym, value: &str) -> Option<String> {
    let kind = broker_definition(synonym.name)?.kind;
    match Value::parse(synonym.name, kind, value).ok()? {
        Value::Number(number) if synonym.factor != 1 && number >= 0 => Some(number.saturating_mul(synonym.factor).to_string()),
        Value::Number(number) if synonym.factor != 1 => Some(number.max(-1).to_string()),
        value => Some(value.to_string()),
    }
}
