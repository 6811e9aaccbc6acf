//! The doors of other rooms, wired.

use std::{io, sync::Arc, time::Duration};

use door_http::{
    Collector,
    admin::{Backup, Doors},
};
use futures_util::{FutureExt, StreamExt};
use gate::Porch;
use replica::Node;

/// Serves the etcd door.
pub(crate) async fn etcd(
    _porch: Porch,
    _node: Node,
    _open: Doors,
    _stop: impl Future<Output = ()>,
    _grace: Duration,
) -> io::Result<()> {
    Ok(())
}

/// The backup of the node's default key space.
pub(crate) fn backup(_node: Node) -> Backup {
    Arc::new(|| async { Ok(futures_util::stream::empty().boxed()) }.boxed())
}

/// What other rooms add to `/metrics`.
pub(crate) fn collectors(_node: &Node) -> Vec<Collector> {
    Vec::new()
}
