//! How the door is set up.

use crate::security::SecurityOptions;

/// How the door is set up.
#[derive(Clone, Debug)]
pub struct DoorOptions {
    /// Where clients reach this node's door: what they are told, and never an address that nobody can connect to.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// Whether a topic that does not exist comes into being when a client asks for it.
    pub auto_create: bool,
    /// Partitions of a topic for which nobody says how many.
    pub partitions: u32,
    /// How long the first rebalance of an empty group waits for more members, in milliseconds.
    pub rebalance_delay_ms: u64,
    /// What it demands of who comes in.
    pub security: SecurityOptions,
}
