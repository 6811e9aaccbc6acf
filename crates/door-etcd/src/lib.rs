//! The etcd v3 door: what etcd's clients speak, answered from a key space.
//!
//! A request passes three rooms. `transport` takes it off the wire: HTTP/2, gRPC's framing, sizes before bytes, deadlines.
//! `handlers` know no transport: a handler takes a decoded message and a [`Context`] and gives a message or a [`base::Error`],
//! so that tests call them directly and a JSON gateway can stand beside gRPC. [`convert`] translates between the wire's
//! messages and the key space's own requests, and [`validate`] refuses what etcd refuses, with etcd's texts, before anything is
//! proposed. What an error is called on the wire is decided in one table, in [`status`].
//!
//! What etcd has and this door has not yet (users and roles, locks and elections held by the server) is answered
//! `Unimplemented`.

pub mod backup;
pub mod convert;
pub mod fuzz;
pub mod handlers;
pub mod limits;
pub mod metrics;
mod options;
pub mod pb;
pub mod status;
pub mod transport;
pub mod validate;
pub mod watch;

pub use handlers::Context;
pub use metrics::Metrics;
pub use options::DoorOptions;
pub use transport::serve;
