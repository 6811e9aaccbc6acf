//! A partition of a session.

/// Where a consumer reads a partition, and what it was last told of it. A session may have a hundred thousand of them, so this is
/// kept small: the topic is a number, and the order is a chain of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partition {
    pub(super) topic: u32,
    pub(super) partition: i32,
    pub(super) fetch_offset: i64,
    pub(super) max_bytes: i32,
    pub(super) leader_epoch: i32,
    pub(super) last_fetched_epoch: i32,
    /// Its neighbours in the order of the session.
    pub(super) before: u32,
    pub(super) after: u32,
    /// Its place in that order, which only grows.
    pub(super) order: u64,
    /// Whether it has to be looked at: what there was is not all read, or is not known.
    pub(super) is_due: bool,
    /// What the consumer knows; -1 is nothing.
    pub(super) high_watermark: i64,
    pub(super) log_start_offset: i64,
}
