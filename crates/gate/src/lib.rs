//! The porch: what every connection passes before a door sees it.
//!
//! A [`Porch`] accepts connections for one door. It bounds how many are open and how fast new ones come in, and gives each as an
//! [`Arrival`]. In its own task an arrival enters: where the door has [`Tls`], that is a handshake with a deadline, which says in
//! [`Peer`] who is there. What comes of it is a [`Guarded`] stream, in plain text or not, that ends by itself when its client says
//! nothing at first or takes nothing at last. What was refused is counted by [`Reason`], so that an operator sees why clients are
//! turned away.
//!
//! Certificates lie in files that are looked at again and again, so they can be renewed while clients are connected. A client's
//! certificate tells who it is. [`scram`] checks passwords, by SCRAM and in the clear, against keys that say nothing of the password.
//! What somebody may do is no concern of the gate (`docs/threats.md`).

pub mod limits;
pub mod private;
pub mod tls;

mod arrival;
mod counts;
mod guarded;
mod peer;
mod porch;
pub mod scram;
mod socket;

pub use arrival::Arrival;
pub use counts::{Counts, Reason};
pub use guarded::Guarded;
pub use peer::{Peer, TlsPeer};
pub use porch::Porch;
pub use tls::Tls;
