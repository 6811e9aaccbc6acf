//! The coordinator, told as stories.

mod commits;
mod expiry;
mod initial;
mod joining;
mod leaving;
mod limits;
mod random;
mod static_members;
mod storing;
mod support;
mod syncing;
mod views;
