//! Every bound of this room.

/// Voters of one shard at most; further members follow as learners. More voters make each write wait for more disks and
/// survive hardly more.
pub const VOTERS_MAX: usize = 7;

/// Members of one cluster at most.
pub const MEMBERS_MAX: usize = 100;

/// Ids of removed members that are remembered, the last ones.
pub const REMOVED_MAX: usize = 1_000;

/// Bytes of a member's name at most.
pub const NAME_BYTES_MAX: usize = 1_024;

/// Bytes of a member's address at most: a host name of DNS has 253.
pub const ADDRESS_BYTES_MAX: usize = 512;

/// Client URLs of one member at most.
pub const CLIENT_URLS_MAX: usize = 64;

/// Bytes of one client URL at most.
pub const URL_BYTES_MAX: usize = 2_048;
