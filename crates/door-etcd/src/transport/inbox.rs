//! A request's body as it arrives, between the connection that receives it and the call that takes it.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use parking_lot::Mutex;

/// Pieces smaller than this are copied, so that a few bytes do not hold on to everything that one read brought.
const COPIED_BYTES_MAX: usize = 1024;

/// Where data waits to be taken. What is taken is told to the connection, which lets the client send as much again.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    data: VecDeque<Bytes>,
    ended: bool,
    taken: usize,
    waiting: Option<Waker>,
}

impl Inbox {
    /// Puts what came; with `end` nothing follows.
    pub(crate) fn put(&self, data: Bytes, end: bool) {
        let mut state = self.0.lock();
        if !data.is_empty() {
            let small = data.len() < COPIED_BYTES_MAX;
            state.data.push_back(if small { Bytes::copy_from_slice(&data) } else { data });
        }
        state.ended |= end;
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// The next data; `None` at the end.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.0.lock();
        if let Some(data) = state.data.pop_front() {
            state.taken += data.len();
            return Poll::Ready(Some(data));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether everything came and was taken.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.0.lock();
        state.ended && state.data.is_empty()
    }

    /// Bytes that were taken since the last time this was asked.
    pub(crate) fn taken(&self) -> usize {
        std::mem::take(&mut self.0.lock().taken)
    }
}
