//! One read barrier serves every reader that was waiting when it began.

use std::{sync::Arc, time::Duration};

use base::Result;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{
    bugs::{Bug, planted},
    lanes::{stopped, timed_out},
    limits::REQUEST_TIMEOUT_MS,
    post::Post,
    runtime,
};

type Waiters = Vec<oneshot::Sender<Result<()>>>;

struct Inner {
    waiting: Mutex<Option<Waiters>>,
    some: Notify,
}

/// The shared barrier of one shard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Barrier {
    inner: Arc<Inner>,
}

impl Barrier {
    /// Starts the task that runs the rounds.
    pub(crate) fn start(post: Post) -> Barrier {
        let barrier = Barrier { inner: Arc::new(Inner { waiting: Mutex::new(Some(Vec::new())), some: Notify::new() }) };
        let inner = barrier.inner.clone();
        runtime::spawn(async move { rounds(&inner, &post).await });
        barrier
    }

    /// Returns when everything acknowledged before this call is applied here.
    pub(crate) async fn wait(&self) -> Result<()> {
        let (done, round) = oneshot::channel();
        let first = {
            let mut waiting = self.inner.waiting.lock();
            let Some(waiters) = waiting.as_mut() else { return Err(stopped()) };
            waiters.push(done);
            waiters.len() == 1
        };
        if first {
            self.inner.some.notify_one();
        }
        tokio::select! {
            biased;
            outcome = round => outcome.unwrap_or_else(|_| Err(stopped())),
            () = runtime::sleep(Duration::from_millis(REQUEST_TIMEOUT_MS)) => Err(timed_out()),
        }
    }

    /// Refuses readers from now on.
    pub(crate) fn close(&self) {
        self.inner.waiting.lock().take();
        self.inner.some.notify_one();
    }
}

async fn rounds(inner: &Inner, post: &Post) {
    loop {
        inner.some.notified().await;
        let mut round = match inner.waiting.lock().as_mut() {
            Some(waiters) => std::mem::take(waiters),
            None => return,
        };
        if round.is_empty() {
            continue;
        }
        let outcome = post.barrier().await;
        if planted(Bug::LateReadersJoin)
            && let Some(waiters) = inner.waiting.lock().as_mut()
        {
            round.append(waiters);
        }
        for reader in round {
            // A reader that gave up meanwhile is not told.
            let _ = reader.send(outcome.clone());
        }
    }
}
