//! One config.

use super::{ConfigError, Role, Valid, Value, ValueType};
use crate::limits::CONFIG_VALUE_BYTES_MAX;

/// A broker's name for a topic's config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker config.
    pub name: &'static str,
    /// What its value is multiplied with to be the topic's: hours or minutes to milliseconds. A negative value stays as it is.
    pub factor: i64,
}

/// One config, of a topic or a broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Kafka's name.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ValueType,
    /// Its value if nobody says anything; it may have none.
    pub default: Option<&'static str>,
    /// Which values it takes.
    pub valid: Valid,
    /// Values that Kafka takes and this server does not support.
    pub unsupported: &'static [&'static str],
    /// What it does here.
    pub role: Role,
    /// One sentence about it.
    pub documentation: &'static str,
    /// For a topic's config: the broker's names for it, the one that counts most first.
    pub synonyms: &'static [Synonym],
}

/// The tables are written with these.
impl Definition {
    pub(super) const fn new(name: &'static str, kind: ValueType, default: &'static str, documentation: &'static str) -> Self {
        Definition {
            name,
            kind,
            default: Some(default),
            valid: Valid::Any,
            unsupported: &[],
            role: Role::ReadOnly,
            documentation,
            synonyms: &[],
        }
    }

    pub(super) const fn no_default(mut self) -> Self {
        self.default = None;
        self
    }

    pub(super) const fn valid(mut self, valid: Valid) -> Self {
        self.valid = valid;
        self
    }

    pub(super) const fn at_least(self, min: i64) -> Self {
        self.valid(Valid::AtLeast(min))
    }

    pub(super) const fn unsupported(mut self, values: &'static [&'static str]) -> Self {
        self.unsupported = values;
        self
    }

    pub(super) const fn acts(mut self) -> Self {
        self.role = Role::Acts;
        self
    }

    pub(super) const fn promise(mut self) -> Self {
        self.role = Role::Promise;
        self
    }

    pub(super) const fn synonyms(mut self, synonyms: &'static [Synonym]) -> Self {
        self.synonyms = synonyms;
        self
    }
}

impl Definition {
    /// Reads a value and checks it as Kafka does, and that this server supports it.
    pub fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        if text.len() > CONFIG_VALUE_BYTES_MAX {
            return Err(ConfigError::invalid(format!(
                "The configuration value cannot be added because it exceeds the maximum value size of \
                 {CONFIG_VALUE_BYTES_MAX} bytes."
            )));
        }
        let value = Value::parse(self.name, self.kind, text)?;
        self.valid.check(self.name, &value)?;
        let is_unsupported = |item: &str| self.unsupported.contains(&item);
        let refused = match &value {
            Value::String(text) => is_unsupported(text),
            Value::List(items) => items.iter().any(|item| is_unsupported(item)),
            Value::Boolean(_) | Value::Number(_) | Value::Double(_) => false,
        };
        if refused {
            return Err(ConfigError::invalid_value(value, self.name, "This server does not support it"));
        }
        Ok(value)
    }

    /// Whether a value that was asked for is to be kept. One that is so already is not, and where nothing but `shown` can be, any
    /// other one is refused.
    pub(super) fn grant(&self, text: &str, shown: Option<&str>) -> Result<bool, ConfigError> {
        let value = self.parse(text)?;
        let shown_value = shown.and_then(|shown| Value::parse(self.name, self.kind, shown).ok());
        let granted = match self.role {
            Role::Acts => return Ok(true),
            Role::ReadOnly => Some(&value) == shown_value.as_ref(),
            Role::Promise => value.number() <= shown_value.as_ref().and_then(Value::number),
        };
        if granted {
            return Ok(false);
        }
        let why = match (self.role, shown) {
            (Role::Promise, Some(shown)) => format!("This server keeps no more than {shown}"),
            (_, Some(shown)) => format!("This server supports no other value than {shown}"),
            (_, None) => "This server does not support it".to_owned(),
        };
        Err(ConfigError::invalid_value(value, self.name, &why))
    }
}
