//! What a config does here.

/// What a config does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It changes what the server does.
    Acts,
    /// It is shown as it is, and refuses to be otherwise.
    ReadOnly,
    /// What is done is at least what may be asked for: a smaller number is granted by doing more, a larger one is refused.
    Promise,
}
