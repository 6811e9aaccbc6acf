//! The door over connections, before a node of its own.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "these are tests, in real time")]

mod bad_input;
mod configs;
mod every_version;
mod house;
mod lookup;
mod metrics;
mod offsets;
mod racks;
mod sessions;
