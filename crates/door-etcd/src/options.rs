//! What an operator may set.

use crate::limits;

/// How the door is opened.
#[derive(Clone, Debug)]
pub struct DoorOptions {
    /// The key space that clients of this door get.
    pub keyspace: String,
    /// URLs under which clients reach this member, as `MemberList` tells them until the cluster has recorded them.
    pub client_urls: Vec<String>,
    /// Whether nodes speak TLS with each other, as the scheme of the peer URLs tells.
    pub peers_secured: bool,
    /// Bytes of one request that goes through the log.
    pub request_bytes_max: usize,
    /// Operations in one transaction.
    pub txn_ops_max: usize,
    /// Streams open at once on one connection.
    pub streams_max: u32,
    /// The quota that `Status` tells, in bytes; 0 is none.
    pub quota_bytes: u64,
}

impl Default for DoorOptions {
    fn default() -> Self {
        Self {
            keyspace: "default".to_owned(),
            client_urls: Vec::new(),
            peers_secured: false,
            request_bytes_max: limits::REQUEST_BYTES_MAX,
            txn_ops_max: limits::TXN_OPS_MAX,
            streams_max: limits::STREAMS_PER_CONNECTION_MAX,
            quota_bytes: 0,
        }
    }
}
