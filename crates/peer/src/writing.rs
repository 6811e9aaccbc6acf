//! The writing side of a connection: what waits goes out together, and pings in between.

use std::{io, sync::Arc};

use bytes::{BufMut, BytesMut};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep_until},
};

use crate::{Standing, connection::Batch, connection::Connection, error::Lost, limits, wire::WriteHalf};

/// Writes until the connection ends.
pub(crate) async fn run(connection: Arc<Connection>, mut wire: WriteHalf) {
    let interval = connection.shared.options.ping_interval;
    let mut lost = connection.lost.subscribe();
    let mut buffer = BytesMut::new();
    // Asked at once, so that the round trip is known early.
    let mut next_ping = Instant::now();
    while connection.is_open() {
        if Instant::now() >= next_ping {
            next_ping = Instant::now() + interval;
            ask(&connection);
        }
        let batch = connection.take();
        if batch.is_empty() {
            if buffer.capacity() > limits::READ_BYTES {
                buffer = BytesMut::new();
            }
            tokio::select! {
                _ = lost.changed() => {}
                () = connection.wake.notified() => {}
                () = sleep_until(next_ping) => {}
            }
            continue;
        }
        let written = tokio::select! {
            biased;
            _ = lost.changed() => break,
            written = write(&mut wire, &mut buffer, &batch) => written,
        };
        match written {
            Ok(bytes) => connection.shared.counters.written(connection.terms.channel, bytes),
            Err(error) => connection.close(Lost::new(error.kind(), format!("the connection broke: {error}"))),
        }
    }
    // Says goodbye under TLS; a wire that is dead anyway is not waited for.
    let _ = tokio::time::timeout(limits::GOODBYE_TIMEOUT, wire.shutdown()).await;
}

/// Asks the peer whether it lives, and the roster whether it belongs here still.
fn ask(connection: &Connection) {
    let peer = connection.terms.peer;
    if connection.shared.roster.check(peer) == Standing::Removed {
        connection.close(Lost::new(io::ErrorKind::PermissionDenied, format!("node {peer:x} was removed from the cluster")));
    } else {
        connection.ping();
    }
}

/// Writes a batch: short frames through one buffer, long bodies from where they are.
async fn write(wire: &mut WriteHalf, buffer: &mut BytesMut, batch: &Batch<'_>) -> io::Result<usize> {
    let mut bytes = 0;
    buffer.clear();
    for frame in batch.frames() {
        buffer.put_slice(&frame.head());
        if frame.body.len() <= limits::COPY_BYTES_MAX {
            buffer.put_slice(&frame.body);
            continue;
        }
        wire.write_all(buffer).await?;
        wire.write_all(&frame.body).await?;
        bytes += buffer.len() + frame.body.len();
        buffer.clear();
    }
    wire.write_all(buffer).await?;
    wire.flush().await?;
    Ok(bytes + buffer.len())
}

#[cfg(test)]
mod tests;
