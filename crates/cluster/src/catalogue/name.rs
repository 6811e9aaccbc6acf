//! Names of topics. The rules and the texts are Kafka's (`org.apache.kafka.common.internals.Topic`): its clients show them.

use base::{Error, Kind, Result};

use crate::limits::TOPIC_NAME_BYTES_MAX;

/// Whether a topic may be called so. `Invalid` with Kafka's reason if not.
pub fn check_name(name: &str) -> Result<()> {
    let reason = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." | ".." => format!("'{name}' is not allowed"),
        _ if name.len() > TOPIC_NAME_BYTES_MAX => {
            // What may be huge is not said back.
            format!("the length of the name is longer than the max allowed length {TOPIC_NAME_BYTES_MAX}")
        }
        _ if !name.bytes().all(is_allowed) => {
            format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
        }
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Invalid, format!("Topic name is invalid: {reason}")))
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// What two names have in common that differ in `.` and `_` only, which Kafka does not tell apart in the names of metrics. `None`
/// for a name that has neither.
pub(super) fn unified(name: &str) -> Option<Box<str>> {
    name.contains(['.', '_']).then(|| name.replace('.', "_").into())
}
