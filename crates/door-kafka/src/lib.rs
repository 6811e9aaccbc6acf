//! The Kafka door: what a broker decides, apart from how its bytes travel and where they are kept.
//!
//! Three rooms, each a plain state machine that is told the time and is handed its chance:
//!
//! * [`groups`]: the coordinator of classic consumer groups, who joins, who leads, who has which assignment and who is gone.
//! * [`sessions`]: fetch sessions, which let a consumer of thousands of partitions name only what changed.
//! * [`configs`]: the table of topic and broker configs, what each of them does here, and how a request changes them.
//!
//! What they answer is Apache Kafka's 4.3, errors included ([`ErrorCode`]). Where this door differs, the module says so.

pub mod configs;
mod error;
pub mod groups;
pub mod limits;
pub mod sessions;

pub use error::ErrorCode;
