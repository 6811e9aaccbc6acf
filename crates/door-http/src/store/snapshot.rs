//! Taking a snapshot, to tell how large it is and how long it takes.

use axum::response::Response;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::time::Instant;

use super::{
    call::{Call, of_read},
    json,
};
use crate::problem::{Problem, Reason};

/// The key space whose shard a snapshot is of.
const KEYSPACE: &str = "default";

/// Takes what `manifold ctl snapshot save` writes, and keeps nothing of it: everything that is acknowledged is settled on this
/// node's disk then, and was read once.
pub(crate) fn take(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let busy = |_| Problem::new(Reason::Pressure, "a snapshot is being taken on this node: come back when it is done");
        let _turn = call.door.0.snapshots.try_acquire().map_err(busy)?;
        let shard = call.store.status().shard;
        if !call.door.0.node.status().keyspaces.iter().any(|entry| entry.name == KEYSPACE && entry.shard == shard) {
            let text = "snapshots are of the key space's shard, and the configuration store lies in another one here";
            return Err(Problem::new(Reason::Conflict, text));
        }
        let begun = Instant::now();
        let mut pieces = (call.door.0.options.backup)().await.map_err(|error| of_read(&error))?;
        let mut bytes = 0;
        while let Some(piece) = pieces.next().await {
            bytes += piece.map_err(|error| of_read(&error))?.len() as u64;
        }
        let mut out = vec![b'{'];
        json::number(&mut out, "bytes", bytes);
        json::number(&mut out, "milliseconds", u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        json::number(&mut out, "position", call.store.position());
        out.push(b'}');
        Ok(json::ok(out))
    }
    .boxed()
}
