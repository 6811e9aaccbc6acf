//! The etcd v3 door.
