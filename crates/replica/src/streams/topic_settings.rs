//! Settings of topics that change what happens to records.

use cluster::catalogue::Topic;

use crate::limits::{RECORD_BATCH_BYTES_MAX, RETENTION_MS};

/// What a topic's settings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// Bytes of a batch at most (`max.message.bytes`).
    pub batch_bytes_max: usize,
    /// Records have the time of appending as their timestamp (`message.timestamp.type`).
    pub is_append_time: bool,
    /// How long records are kept, in ms (`retention.ms`); `None`: for ever.
    pub retention_ms: Option<i64>,
    /// Bytes of a partition that are kept at least (`retention.bytes`); `None`: all.
    pub retention_bytes: Option<u64>,
}

impl TopicSettings {
    /// Of this topic.
    pub fn of(topic: &Topic) -> TopicSettings {
        let number = |name: &str| topic.configs.get(name).and_then(|text| text.parse::<i64>().ok());
        let bytes_max = number("max.message.bytes").and_then(|bytes| bytes.try_into().ok());
        TopicSettings {
            batch_bytes_max: bytes_max.unwrap_or(RECORD_BATCH_BYTES_MAX),
            is_append_time: topic.configs.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime"),
            retention_ms: Some(number("retention.ms").unwrap_or(RETENTION_MS)).filter(|age| *age >= 0),
            retention_bytes: number("retention.bytes").and_then(|bytes| bytes.try_into().ok()),
        }
    }

    /// Whether a topic may have this setting.
    ///
    /// # Errors
    /// What to say to who asked.
    pub fn check(name: &str, value: &str) -> Result<(), String> {
        let invalid = |what: &str| Err(format!("Invalid value {value} for configuration {name}: {what}"));
        let number = |least: i64| match value.parse::<i64>() {
            Ok(number) if number >= least => Ok(()),
            Ok(_) => invalid(&format!("Value must be at least {least}")),
            Err(_) => invalid("Not a number of type LONG"),
        };
        match name {
            "max.message.bytes" => number(0),
            "retention.ms" | "retention.bytes" => number(-1),
            "message.timestamp.type" if matches!(value, "CreateTime" | "LogAppendTime") => Ok(()),
            "message.timestamp.type" => invalid("String must be one of: CreateTime, LogAppendTime"),
            "cleanup.policy" if value == "delete" => Ok(()),
            "cleanup.policy" => invalid("only delete is served"),
            _ => Err(format!("Unknown topic config name: {name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_before_a_topic_has_them() {
        for (name, value) in [
            ("max.message.bytes", "1000"),
            ("retention.ms", "-1"),
            ("message.timestamp.type", "LogAppendTime"),
            ("cleanup.policy", "delete"),
        ] {
            assert_eq!(TopicSettings::check(name, value), Ok(()), "{name}");
        }
        for (name, value) in [
            ("max.message.bytes", "-1"),
            ("retention.ms", "-2"),
            ("retention.ms", "week"),
            ("message.timestamp.type", "Never"),
            ("cleanup.policy", "compact"),
            ("retention", "1"),
        ] {
            let said = TopicSettings::check(name, value).expect_err(name);
            assert!(said.contains(name), "{said}");
        }
    }
}
