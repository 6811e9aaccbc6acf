//! Why a config cannot be so.

use std::fmt;

use crate::ErrorCode;

/// A refusal of a config request: Kafka's error and a text for a person, Kafka's own where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// INVALID_CONFIG or INVALID_REQUEST.
    pub code: ErrorCode,
    /// The text.
    pub message: String,
}

impl ConfigError {
    pub(super) fn invalid(message: String) -> ConfigError {
        ConfigError { code: ErrorCode::InvalidConfig, message }
    }

    pub(super) fn request(message: String) -> ConfigError {
        ConfigError { code: ErrorCode::InvalidRequest, message }
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
