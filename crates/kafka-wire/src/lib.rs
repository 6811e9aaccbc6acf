//! The Kafka protocol.

pub mod api;
pub mod batch;
pub mod decoder;
pub mod encoder;
pub mod error;
mod error_code;
pub mod frame;
pub mod fuzz;
pub mod hot;
pub mod limits;
pub mod message;
pub mod messages;
mod uuid;

pub use error_code::ErrorCode;
pub use uuid::Uuid;
