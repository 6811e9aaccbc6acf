//! What is left of a task in the hand of who started it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{sync::oneshot, task};

use super::Task;

/// Completes with what the task returned. Dropping it leaves the task running.
pub struct JoinHandle<T>(Joining<T>);

enum Joining<T> {
    Tokio(task::JoinHandle<T>),
    Simulated(oneshot::Receiver<T>),
}

/// Why a task left nothing behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It panicked.
    Panicked,
    /// It was ended before it was done.
    Cancelled,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::Panicked => "the task panicked",
            Lost::Cancelled => "the task was ended before it was done",
        })
    }
}

impl std::error::Error for Lost {}

impl<T: Send + 'static> JoinHandle<T> {
    pub(super) fn tokio(handle: task::JoinHandle<T>) -> Self {
        Self(Joining::Tokio(handle))
    }

    pub(super) fn simulated(future: impl Future<Output = T> + Send + 'static) -> (Task, Self) {
        let (done, joined) = oneshot::channel();
        let task = Box::pin(async move {
            // Nobody has to be interested in how a task ends.
            let _ = done.send(future.await);
        });
        (task, Self(Joining::Simulated(joined)))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Joining::Tokio(handle) => {
                Pin::new(handle).poll(context).map_err(|error| if error.is_panic() { Lost::Panicked } else { Lost::Cancelled })
            }
            Joining::Simulated(joined) => Pin::new(joined).poll(context).map_err(|_| Lost::Cancelled),
        }
    }
}
