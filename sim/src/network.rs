//! The network between simulated nodes: what a machine's kernel, its cables and `peer` do, by the seed's dice.
//!
//! All nodes hang on one set of [`Wires`]. A node dials another by the address in its book; whoever listens there now answers,
//! and is asked for the caller's standing. A connection carries ordered frames both ways, like TCP: what is lost is sent
//! again later and holds up what follows. Calls and their answers are looser than that, so that the hall is tried harder than
//! TCP would: each may be lost or overtaken, and on the channel of small messages, whose messages must bear it, arrive twice or
//! again long after.
//!
//! A cut wire is not noticed: frames wait until it is mended, or until an end has heard nothing for as long as `peer` waits.
//! A process that is killed resets its connections; a host without power says nothing, and once it is back it resets what
//! it does not know.

mod connection;
mod link;
mod node;
mod stream;
#[cfg(test)]
mod tests;
mod wires;

pub use link::Weather;
pub use wires::{Crash, Wires};
