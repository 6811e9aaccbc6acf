//! What topics and brokers can be told, under Kafka's names: the one registry, by which every door checks and acts.
//!
//! Each [`Definition`] has a type, a default, what is valid, a sentence and a [`Role`]: it *acts*, so that a topic or the
//! cluster can be told otherwise; or it is *read only*, shown as it is here, and any other value is refused, since a setting
//! that is accepted and then does nothing would be a lie; or it is a *promise* that is kept anyway, as `min.insync.replicas`
//! is, where asking for less is fine and asking for more is refused. What is asked for and is so already is accepted and not
//! kept, so that a client which reads all configs and writes them back succeeds.
//!
//! A topic's value is its own, or else the broker's under that one's name for it, or else the default. [`BrokerConfigs`] has
//! the broker's side: what the node was started with, and what the cluster was told since.
//!
//! [`describe_topic`] and [`describe_broker`] are DescribeConfigs; [`alter()`] is IncrementalAlterConfigs, [`replace`]
//! AlterConfigs, [`create`] the configs of CreateTopics; [`TopicSettings`] is what the rest of the house acts by. Per-broker
//! configs do not exist: all nodes are told the same.

mod alter;
mod broker_configs;
mod broker_table;
mod definition;
mod describe;
mod error;
mod operation;
mod role;
mod source;
mod topic_settings;
mod topic_table;
mod valid;
mod value;
mod value_type;

#[cfg(test)]
mod tests;

pub use alter::{Overrides, Target, alter, create, replace};
pub use broker_configs::BrokerConfigs;
pub use definition::{Definition, Synonym};
pub use describe::{ConfigEntry, ConfigSynonym, describe_broker, describe_cluster, describe_topic};
pub use error::{ConfigError, ConfigErrorKind};
pub use operation::{Change, Operation};
pub use role::Role;
pub use source::Source;
pub use topic_settings::{TimestampType, TopicSettings};
pub use valid::Valid;
pub use value::Value;
pub use value_type::ValueType;

/// Every config of a topic, by name.
pub fn topic_definitions() -> &'static [Definition] {
    topic_table::TOPIC
}

/// Every config of a broker, by name.
pub fn broker_definitions() -> &'static [Definition] {
    broker_table::BROKER
}

/// The topic config of this name.
pub fn topic_definition(name: &str) -> Option<&'static Definition> {
    find(topic_table::TOPIC, name)
}

/// The broker config of this name.
pub fn broker_definition(name: &str) -> Option<&'static Definition> {
    find(broker_table::BROKER, name)
}

fn find(table: &'static [Definition], name: &str) -> Option<&'static Definition> {
    table.binary_search_by(|definition| definition.name.cmp(name)).ok().map(|at| &table[at])
}
