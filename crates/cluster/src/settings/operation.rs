//! One change of one config.

/// What IncrementalAlterConfigs does with a config (KIP-339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It has this value.
    Set,
    /// It has no value of its own any more.
    Delete,
    /// A list has these items too.
    Append,
    /// A list has these items no more.
    Subtract,
}

impl Operation {
    /// From the number on the wire.
    pub fn from_code(code: i8) -> Option<Operation> {
        match code {
            0 => Some(Operation::Set),
            1 => Some(Operation::Delete),
            2 => Some(Operation::Append),
            3 => Some(Operation::Subtract),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Operation::Set => "SET",
            Operation::Delete => "DELETE",
            Operation::Append => "APPEND",
            Operation::Subtract => "SUBTRACT",
        }
    }
}

/// One change of one config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The config.
    pub name: String,
    /// What to do with it.
    pub operation: Operation,
    /// With what; nothing only to delete.
    pub value: Option<String>,
}
