//! How the door is set up.

use crate::security::SecurityOptions;

/// How the door is set up.
#[derive(Clone, Debug)]
pub struct DoorOptions {
    /// Where clients reach this node's door: what they are told, and never an address that nobody can connect to.
    pub host: String,
    /// The data directory, as DescribeLogDirs and the config `log.dir` name it.
    pub data_dir: String,
    /// The port there.
    pub port: u16,
    /// Whether a topic that does not exist comes into being when a client asks for it.
    pub auto_create: bool,
    /// Bytes of Produce requests under way at most; a larger request takes all of it ([`crate::limits::PRODUCE_BYTES_MAX`]).
    pub produce_bytes_max: usize,
    /// Partitions of a topic for which nobody says how many.
    pub partitions: u32,
    /// How long the first rebalance of an empty group waits for more members, in milliseconds.
    pub rebalance_delay_ms: u64,
    /// What it demands of who comes in.
    pub security: SecurityOptions,
}
