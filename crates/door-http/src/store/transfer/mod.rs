//! Keys in and out in bulk: JSON lines, YAML, variables.

mod export;
mod import;
mod item;
mod yaml;

pub(crate) use self::{export::export, import::import, item::Format};
