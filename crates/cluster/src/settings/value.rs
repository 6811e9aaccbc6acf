//! A config's value, parsed.

use std::fmt;

use super::{ConfigError, ValueType};

/// A value of a config.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`ValueType::Boolean`].
    Boolean(bool),
    /// Of [`ValueType::String`].
    String(String),
    /// Of [`ValueType::Int`], [`ValueType::Short`] or [`ValueType::Long`].
    Number(i64),
    /// Of [`ValueType::Double`].
    Double(f64),
    /// Of [`ValueType::List`].
    List(Vec<String>),
}

impl Value {
    /// Reads a value as Kafka does: blanks around it do not count. The error is INVALID_CONFIG with Kafka's text.
    pub fn parse(name: &str, kind: ValueType, text: &str) -> Result<Value, ConfigError> {
        let trimmed = text.trim();
        let not_a_number = || ConfigError::invalid_value(text, name, &format!("Not a number of type {}", kind.name()));
        match kind {
            ValueType::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
            ValueType::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
            ValueType::Boolean => Err(ConfigError::invalid_value(text, name, "Expected value to be either true or false")),
            ValueType::String => Ok(Value::String(trimmed.to_owned())),
            ValueType::Int => trimmed.parse::<i32>().map(|n| Value::Number(n.into())).map_err(|_| not_a_number()),
            ValueType::Short => trimmed.parse::<i16>().map(|n| Value::Number(n.into())).map_err(|_| not_a_number()),
            ValueType::Long => trimmed.parse::<i64>().map(Value::Number).map_err(|_| not_a_number()),
            ValueType::Double => trimmed.parse::<f64>().map(Value::Double).map_err(|_| not_a_number()),
            ValueType::List if trimmed.is_empty() => Ok(Value::List(Vec::new())),
            ValueType::List => Ok(Value::List(trimmed.split(',').map(|item| item.trim().to_owned()).collect())),
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Boolean(_) | Value::String(_) | Value::Double(_) | Value::List(_) => None,
        }
    }
}

/// As DescribeConfigs shows it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => write!(f, "{value}"),
            Value::String(value) => f.write_str(value),
            Value::Number(value) => write!(f, "{value}"),
            Value::Double(value) => write!(f, "{value:?}"),
            Value::List(items) => f.write_str(&items.join(",")),
        }
    }
}
