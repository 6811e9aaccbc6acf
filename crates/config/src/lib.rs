//! The configuration store.

pub mod checkpoint;
pub mod diff;
mod error;
mod limits;
pub mod merkle;
mod names;
pub mod value;
