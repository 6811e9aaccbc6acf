//! The limits of watching, in one place.

/// Bytes of events that are gathered into one response; a larger revision still travels whole.
pub(super) const BODY_BYTES: usize = 256 << 10;

/// Bytes of changes that one read of history brings.
pub(super) const HISTORY_SLICE_BYTES: usize = 512 << 10;

/// Entries of the ring that a stream holds while it works through them.
pub(super) const WINDOW_ENTRIES: usize = 512;

/// Bytes of the ring that a stream holds while it works through them, unless one entry is larger.
pub(super) const WINDOW_BYTES: usize = 1 << 20;

/// Bytes that an event is counted with beside its key and values.
pub(super) const EVENT_OVERHEAD_BYTES: usize = 192;
