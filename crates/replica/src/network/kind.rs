//! What a message between nodes is: one byte. `docs/formats/messages.md` has the table.

/// Entries of a shard, as a stream; the answers come back on it.
pub const APPEND: u8 = 1;
/// A leader's word: an append without entries, answered at once.
pub const HEARTBEAT: u8 = 2;
/// A candidate asks for a vote.
pub const VOTE: u8 = 3;
/// A candidate asks whether it would get a vote.
pub const PRE_VOTE: u8 = 4;
/// A leader hands over.
pub const TRANSFER: u8 = 5;
/// A shard's settled state, as a stream.
pub const SNAPSHOT: u8 = 6;
/// A batch for the shard's leader to propose.
pub const FORWARD: u8 = 7;
/// Asks the leader how far a reader has to wait.
pub const READ_INDEX: u8 = 8;
/// Renews a lease with the leader.
pub const KEEP_ALIVE: u8 = 9;
/// Asks the leader how long a lease has left.
pub const LEASE_LEFT: u8 = 10;
/// Asks a node whether its cluster is founded.
pub const HELLO: u8 = 11;
/// A member that starts announces itself.
pub const ANNOUNCE: u8 = 12;
/// Asks the leader to hand over to a member.
pub const HAND_OVER: u8 = 13;
/// Asks a replica for the digests of its state.
pub const DIGESTS: u8 = 14;
/// Tells a replica that its state differs from the others'.
pub const DIFFERS: u8 = 15;
