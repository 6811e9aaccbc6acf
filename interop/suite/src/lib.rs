//! Real peers and real clients against the real binary.
