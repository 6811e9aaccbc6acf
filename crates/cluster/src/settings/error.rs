//! Why a config cannot be so.

use std::fmt;

/// What is wrong with a request for configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// A config cannot have this value, or does not exist: Kafka's INVALID_CONFIG.
    Config,
    /// What is asked for makes no sense, whatever the values are: Kafka's INVALID_REQUEST.
    Request,
}

/// A refusal of a config request: what is wrong and a text for a person, Kafka's own where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong.
    pub kind: ConfigErrorKind,
    /// The text.
    pub message: String,
}

impl ConfigError {
    pub(super) fn invalid(message: String) -> ConfigError {
        ConfigError { kind: ConfigErrorKind::Config, message }
    }

    pub(super) fn request(message: String) -> ConfigError {
        ConfigError { kind: ConfigErrorKind::Request, message }
    }

    pub(super) fn invalid_value(value: impl fmt::Display, name: &str, why: &str) -> ConfigError {
        ConfigError::invalid(format!("Invalid value {value} for configuration {name}: {why}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
