//! Which values of a type a config takes.

use super::{ConfigError, Value};

/// What is valid, as in Kafka.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Valid {
    /// Every value of the type; a list names nothing twice.
    Any,
    /// A number from here on.
    AtLeast(i64),
    /// A number from here to there.
    Between(i64, i64),
    /// A number from here to there, or this one.
    BetweenOr(i64, i64, i64),
    /// A fraction from 0 to 1.
    Ratio,
    /// One of these texts, or a list of some of them.
    OneOf(&'static [&'static str]),
    /// `*`, or a list of partition and broker with a colon between them.
    ThrottledReplicas,
}

impl Valid {
    /// Whether `value` of the config `name` is valid. The error is INVALID_CONFIG with Kafka's text.
    pub fn check(&self, name: &str, value: &Value) -> Result<(), ConfigError> {
        let invalid = |why: String| Err(ConfigError::invalid_value(value, name, &why));
        match (self, value) {
            (Valid::AtLeast(min) | Valid::Between(min, _), Value::Number(number)) if number < min => {
                invalid(format!("Value must be at least {min}"))
            }
            (Valid::Between(_, max), Value::Number(number)) if number > max => {
                invalid(format!("Value must be no more than {max}"))
            }
            (Valid::BetweenOr(min, max, other), Value::Number(number)) if number != other && !(min..=max).contains(&number) => {
                invalid(format!("Value must be between {min} and {max} or equal to {other}"))
            }
            (Valid::Ratio, Value::Double(ratio)) if ratio.is_nan() || *ratio < 0.0 => {
                invalid("Value must be at least 0".to_owned())
            }
            (Valid::Ratio, Value::Double(ratio)) if *ratio > 1.0 => invalid("Value must be no more than 1".to_owned()),
            (Valid::OneOf(all), Value::String(text)) => check_text(name, text, all),
            (Valid::OneOf(all), Value::List(items)) => {
                check_list(name, items)?;
                items.iter().try_for_each(|item| check_text(name, item, all))
            }
            (Valid::ThrottledReplicas, Value::List(items)) if !are_throttled_replicas(items) => invalid(format!(
                "{name} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],..."
            )),
            (_, Value::List(items)) => check_list(name, items),
            _ => Ok(()),
        }
    }
}

fn check_text(name: &str, text: &str, all: &[&str]) -> Result<(), ConfigError> {
    if all.contains(&text) {
        return Ok(());
    }
    Err(ConfigError::invalid_value(text, name, &format!("String must be one of: {}", all.join(", "))))
}

fn check_list(name: &str, items: &[String]) -> Result<(), ConfigError> {
    let unique: rustc_hash::FxHashSet<&String> = items.iter().collect();
    if unique.len() != items.len() {
        return Err(ConfigError::invalid(format!("Configuration '{name}' values must not be duplicated.")));
    }
    if items.iter().any(String::is_empty) {
        return Err(ConfigError::invalid(format!("Configuration '{name}' values must not be empty.")));
    }
    Ok(())
}

fn are_throttled_replicas(items: &[String]) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica =
        |item: &String| item.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker));
    matches!(items, [all] if all == "*") || items.iter().all(is_replica)
}
