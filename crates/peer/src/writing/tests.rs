use std::{
    pin::Pin,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;

use super::*;
use crate::{
    Channel,
    connection::tests::{call, connection},
};

/// Counts writes and keeps what was written.
#[derive(Default)]
struct Written {
    writes: AtomicUsize,
    bytes: Mutex<Vec<u8>>,
}

struct Sink(Arc<Written>);

impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_waits_goes_out_in_one_write() {
    let connection = Arc::new(connection(Channel::Small, true));
    let mut answers = Vec::new();
    for _ in 0..1000 {
        answers.push(call(&connection, b"a small call").await);
    }
    let written = Arc::<Written>::default();
    let writer = tokio::spawn(run(connection.clone(), Box::new(Sink(written.clone()))));
    let length = || written.bytes.lock().unwrap().len();
    while length() < 28 + 1000 * (28 + 12) {
        tokio::task::yield_now().await;
    }
    assert_eq!(written.writes.load(Ordering::Relaxed), 1, "a thousand calls and a ping");
    connection.close(Lost::new(io::ErrorKind::Other, "done"));
    writer.await.unwrap();
}
