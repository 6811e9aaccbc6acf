//! What a node says of itself and how patient it is.

use std::{ops::RangeInclusive, time::Duration};

use base::{ClusterId, NodeId};

use crate::{Security, limits};

/// The protocol versions that this build speaks.
pub const VERSIONS: RangeInclusive<u16> = 1..=1;

/// How a [`Switchboard`](crate::Switchboard) is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cluster that this node belongs to.
    pub cluster: ClusterId,
    /// This node.
    pub node: NodeId,
    /// This node's name, for people; at most 255 bytes of it travel.
    pub name: String,
    /// How connections are protected.
    pub security: Security,
    /// The lowest and highest protocol version spoken: [`VERSIONS`], but for tests of an upgrade.
    pub versions: RangeInclusive<u16>,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// How often a connection is asked whether it lives.
    pub ping_interval: Duration,
    /// After how long a silent connection is closed; three intervals make a good measure.
    pub silence_max: Duration,
    /// The wait before the second dial to a peer that does not answer; it doubles up to `backoff_max`.
    pub backoff_min: Duration,
    /// The longest wait between two dials.
    pub backoff_max: Duration,
    /// Bytes that a stream's sender may have on the way to this node.
    pub stream_credit_bytes: usize,
    /// Bytes a second that this node sends on all snapshot channels together; 0 sets no limit.
    pub snapshot_bytes_per_second: u64,
}

impl Options {
    /// Options for `node` of `cluster` with the defaults of [`limits`].
    pub fn new(cluster: ClusterId, node: NodeId, name: impl Into<String>, security: Security) -> Self {
        Self {
            cluster,
            node,
            name: name.into(),
            security,
            versions: VERSIONS,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            ping_interval: limits::PING_INTERVAL,
            silence_max: limits::SILENCE_MAX,
            backoff_min: limits::BACKOFF_MIN,
            backoff_max: limits::BACKOFF_MAX,
            stream_credit_bytes: limits::STREAM_CREDIT_BYTES,
            snapshot_bytes_per_second: 0,
        }
    }
}
