//! The Kafka protocol.

pub mod api;
pub mod decoder;
pub mod encoder;
pub mod error;
pub mod limits;
pub mod message;
pub mod messages;
mod uuid;

pub use uuid::Uuid;
