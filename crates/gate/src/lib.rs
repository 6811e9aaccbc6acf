//! The porch: what every connection passes before a door sees it.
//!
//! A [`Porch`] accepts connections for one door. It bounds how many are open and how fast new ones come in, and it wraps each
//! one in a [`Guarded`] stream that ends by itself when its client says nothing at first or takes nothing at last. What was
//! refused is counted by reason, so that an operator sees why clients are turned away.
//!
//! [`scram`] checks passwords, by SCRAM and in the clear, against keys that say nothing of the password. No door asks for one
//! yet: who is asking and what they may do will be decided here too; until then every client on an open port is trusted alike
//! (`docs/threats.md`).

pub mod limits;

mod guarded;
mod porch;
pub mod scram;

pub use guarded::Guarded;
pub use porch::{Counts, Porch};
