//! The Kafka door: what Kafka's clients speak, answered from the streams of this node's shards.
//!
//! A request passes three rooms. `transport` takes it off the wire: sizes before bytes, requests of a connection in their order,
//! answers in the same. `handlers` know no transport: each takes a request and gives an answer. Below them stands what outlives a
//! request: [`topics`](Topics), who leads a partition, producer ids that were taken at once.
//!
//! What is advertised is what is served (`serves`), in the versions of Kafka 4.3. Any other request ends the connection, as with
//! Kafka; what is asked for and not done gets an error that says so.

mod authorization;
mod brokers;
mod coordination;
mod door;
mod error;
mod errors;
mod facts;
pub mod groups;
mod handlers;
mod histories;
mod housekeeping;
pub mod limits;
mod lookup;
pub mod metrics;
mod offset_expiry;
mod operations;
mod options;
mod producers;
mod repeated;
mod security;
pub mod sessions;
mod topics;
mod transport;

pub use brokers::{rack_url, url};
pub use door::Door;
pub use error::ErrorCode;
pub use housekeeping::housekeeping;
pub use options::DoorOptions;
pub use security::{Mechanism, SaslOptions, SecurityOptions};
pub use topics::Topics;
pub use transport::serve;
