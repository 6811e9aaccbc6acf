//! The etcd-shaped multi-version key space: a deterministic machine, and the reads beside it.

pub mod command;
pub mod event;
pub mod request;

pub use command::{Command, Entry, Reply};
pub use event::{Event, EventKind, Revision};
pub use request::*;

pub mod machine;
pub use machine::{Applied, Cold, LeaseInfo, Machine, Options, Owed};
