//! What a topic's configs mean.

use super::{BrokerConfigs, Overrides, Value, topic_definition};

/// Whose clock gives a record its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The server's, when it takes the record.
    LogAppendTime,
}

/// What the rest of the house acts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// Whether old records are dropped at all (`cleanup.policy`).
    pub drops_old_records: bool,
    /// How long records are kept, in milliseconds; nothing is for ever.
    pub retention_ms: Option<u64>,
    /// How many bytes of a partition are kept; nothing is all.
    pub retention_bytes: Option<u64>,
    /// The largest batch, in bytes.
    pub max_message_bytes: usize,
    /// Whose clock counts.
    pub timestamp_type: TimestampType,
    /// How far behind the server's clock a producer's timestamp may be, in milliseconds.
    pub timestamp_before_max_ms: u64,
    /// How far ahead of it.
    pub timestamp_after_max_ms: u64,
}

impl TopicSettings {
    /// From what a topic was told and what the broker says for those that were not. What is not valid, though it was checked when
    /// it was said, counts as not said.
    pub fn resolve(overrides: &Overrides, brokers: &BrokerConfigs) -> TopicSettings {
        let number = |name: &str| value(name, overrides, brokers).and_then(|value| value.number());
        let positive = |name: &str| number(name).and_then(|number| u64::try_from(number).ok());
        let is_append_time = value("message.timestamp.type", overrides, brokers)
            .is_some_and(|value| value == Value::String("LogAppendTime".to_owned()));
        let drops_old_records = value("cleanup.policy", overrides, brokers)
            .is_some_and(|value| matches!(value, Value::List(items) if items.iter().any(|item| item == "delete")));
        TopicSettings {
            drops_old_records,
            retention_ms: positive("retention.ms"),
            retention_bytes: positive("retention.bytes"),
            max_message_bytes: positive("max.message.bytes").and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0),
            timestamp_type: if is_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
            timestamp_before_max_ms: positive("message.timestamp.before.max.ms").unwrap_or(u64::MAX),
            timestamp_after_max_ms: positive("message.timestamp.after.max.ms").unwrap_or(u64::MAX),
        }
    }

    /// Whether records have the server's time, whatever their producers say.
    pub fn is_append_time(&self) -> bool {
        self.timestamp_type == TimestampType::LogAppendTime
    }

    /// The earliest and the latest timestamp that a producer may give a record at `now`, all in milliseconds since 1970; `None` if
    /// nobody looks at what it gives.
    pub fn timestamps(&self, now: i64) -> Option<(i64, i64)> {
        let earliest = now.saturating_sub_unsigned(self.timestamp_before_max_ms);
        let latest = now.saturating_add_unsigned(self.timestamp_after_max_ms);
        (!self.is_append_time()).then_some((earliest, latest))
    }
}

/// The topic's own value, or the broker's, or the default: the first of them that is valid.
fn value(name: &str, overrides: &Overrides, brokers: &BrokerConfigs) -> Option<Value> {
    let definition = topic_definition(name)?;
    let own = overrides.get(name).cloned();
    let candidates = [own, brokers.for_topics(definition).0, definition.default.map(str::to_owned)];
    candidates.into_iter().flatten().find_map(|text| definition.parse(&text).ok())
}
