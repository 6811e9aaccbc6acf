//! The calls of one connection, driven by its one task.
//!
//! Each call has a place, and each place a waker of its own that notes the place and wakes the task. So a turn of the task polls
//! the calls for which something happened and no others, starting a call takes no memory once its place was used before, and one
//! that nobody waits for is dropped by its place.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use super::{
    inbox::Inbox,
    reply::{Outgoing, Piece},
};
use crate::limits::PLACES_KEPT;

/// Calls whose outcome is that of `F`.
pub(crate) struct Calls<F> {
    places: Vec<Place<F>>,
    /// The stream of each place; 0 for none.
    streams: Vec<u32>,
    free: Vec<usize>,
    /// Places to be polled in this turn, in the order in which their turn came.
    due: VecDeque<usize>,
    woken: Arc<Woken>,
}

struct Place<F> {
    /// Until the answer is known.
    call: Pin<Box<Option<F>>>,
    /// The messages of an answer that has many.
    outgoing: Option<Box<Outgoing>>,
    /// The request's body, where it comes in pieces.
    inbox: Option<Inbox>,
    waker: Waker,
    note: Arc<Note>,
}

/// Places for which something happened, and the task.
struct Woken {
    places: Mutex<Vec<usize>>,
    task: AtomicWaker,
}

struct Note {
    place: usize,
    noted: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.noted.swap(true, Ordering::AcqRel) {
            self.woken.places.lock().push(self.place);
            self.woken.task.wake();
        }
    }
}

/// What a call came to.
pub(crate) enum Progress<A> {
    /// It has an answer.
    Answered(A),
    /// The next piece of an answer that has many.
    Sent(Piece),
}

impl<F: Future> Calls<F> {
    pub(crate) fn new() -> Self {
        let woken = Arc::new(Woken { places: Mutex::default(), task: AtomicWaker::new() });
        Self { places: Vec::new(), streams: Vec::new(), free: Vec::new(), due: VecDeque::new(), woken }
    }

    /// Starts a call, which is polled in this turn. `stream` is 0 for work of the connection's own.
    pub(crate) fn start(&mut self, stream: u32, inbox: Option<Inbox>, call: F) {
        let place = self.free.pop().unwrap_or_else(|| self.add());
        let taken = &mut self.places[place];
        taken.call.set(Some(call));
        taken.inbox = inbox;
        self.streams[place] = stream;
        self.due.push_back(place);
    }

    fn add(&mut self) -> usize {
        let place = self.places.len();
        let note = Arc::new(Note { place, noted: AtomicBool::new(false), woken: self.woken.clone() });
        let waker = Waker::from(note.clone());
        self.places.push(Place { call: Box::pin(None), outgoing: None, inbox: None, waker, note });
        self.streams.push(0);
        place
    }

    /// Takes note of everything that happened until now; what happens later wakes the task.
    pub(crate) fn gather(&mut self, cx: &Context<'_>) {
        self.woken.task.register(cx.waker());
        self.due.extend(self.woken.places.lock().drain(..));
    }

    /// A place to be polled in this turn.
    pub(crate) fn next_due(&mut self) -> Option<usize> {
        // A place that was given back may still be woken by what once waited for it.
        while let Some(due) = self.due.pop_front() {
            if due < self.places.len() {
                return Some(due);
            }
        }
        None
    }

    /// Polls a place; the call's stream, and what it came to.
    pub(crate) fn poll(&mut self, place: usize) -> (u32, Poll<Progress<F::Output>>) {
        let taken = &mut self.places[place];
        // Before it is polled: what happens from here on has to be noted again.
        taken.note.noted.store(false, Ordering::Release);
        let mut cx = Context::from_waker(&taken.waker);
        let stream = self.streams[place];
        if let Some(outgoing) = &mut taken.outgoing {
            return (stream, outgoing.poll_next(&mut cx).map(Progress::Sent));
        }
        let polled = taken.call.as_mut().as_pin_mut().map_or(Poll::Pending, |call| call.poll(&mut cx));
        if polled.is_ready() {
            taken.call.set(None);
        }
        (stream, polled.map(Progress::Answered))
    }

    /// From here on the place gives pieces of this answer.
    pub(crate) fn send(&mut self, place: usize, outgoing: Box<Outgoing>) {
        self.places[place].outgoing = Some(outgoing);
    }

    /// Polls a place in this turn again.
    pub(crate) fn again(&mut self, place: usize) {
        self.due.push_back(place);
    }

    /// Gives a place up, with everything in it.
    pub(crate) fn end(&mut self, place: usize) {
        let taken = &mut self.places[place];
        taken.call.set(None);
        taken.outgoing = None;
        taken.inbox = None;
        self.streams[place] = 0;
        self.free.push(place);
    }

    /// Gives back the memory of places that a busy moment needed.
    pub(crate) fn shrink(&mut self) {
        let used = self.places.iter().rposition(|place| place.call.is_some() || place.outgoing.is_some());
        let kept = used.map_or(0, |used| used + 1).max(PLACES_KEPT).min(self.places.len());
        self.places.truncate(kept);
        self.streams.truncate(kept);
        self.free.retain(|place| *place < kept);
    }

    /// The place of a stream's call.
    pub(crate) fn of(&self, stream: u32) -> Option<usize> {
        self.streams.iter().position(|taken| *taken == stream)
    }

    /// Where a call's body is put.
    pub(crate) fn inbox(&self, place: usize) -> Option<&Inbox> {
        self.places[place].inbox.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::future::{BoxFuture, FutureExt};
    use tokio::sync::oneshot;

    use super::*;

    type Boxed = Calls<BoxFuture<'static, u32>>;

    /// The outcomes of one turn: streams and what they came to.
    fn turn(calls: &mut Boxed) -> Vec<(u32, Option<u32>)> {
        calls.gather(&Context::from_waker(Waker::noop()));
        let mut all = Vec::new();
        while let Some(place) = calls.next_due() {
            let (stream, progress) = calls.poll(place);
            all.push((
                stream,
                match progress {
                    Poll::Ready(Progress::Answered(answer)) => {
                        calls.end(place);
                        Some(answer)
                    }
                    _ => None,
                },
            ));
        }
        all
    }

    #[test]
    fn calls_are_polled_in_their_order_and_then_when_something_happened() {
        let mut calls = Boxed::new();
        let (answer, waiting) = oneshot::channel();
        calls.start(1, None, waiting.map(Result::unwrap).boxed());
        calls.start(3, None, ready(30).boxed());
        assert_eq!(turn(&mut calls), [(1, None), (3, Some(30))]);
        assert_eq!(turn(&mut calls), []);
        answer.send(10).unwrap();
        assert_eq!(turn(&mut calls), [(1, Some(10))]);
        assert_eq!(calls.of(1), None);
    }

    #[test]
    fn places_are_used_again_and_given_back() {
        let mut calls = Boxed::new();
        let held: Vec<_> = (0..100).map(|_| oneshot::channel::<u32>()).collect();
        let mut answers = Vec::new();
        for (stream, (answer, waiting)) in (1..).step_by(2).zip(held) {
            calls.start(stream, None, waiting.map(|answer| answer.unwrap_or(0)).boxed());
            answers.push(answer);
        }
        turn(&mut calls);
        let kept = answers.remove(49);
        for stream in (1..200).step_by(2).filter(|stream| *stream != 99) {
            calls.end(calls.of(stream).unwrap());
        }
        assert!(answers.iter().all(oneshot::Sender::is_closed), "what nobody waits for is dropped");
        calls.shrink();
        assert_eq!(calls.places.len(), 50, "one in the middle is still used");
        kept.send(7).unwrap();
        assert_eq!(turn(&mut calls), [(99, Some(7))]);
        calls.shrink();
        assert_eq!((calls.places.len(), calls.free.len()), (PLACES_KEPT, PLACES_KEPT));
        calls.start(1, None, ready(1).boxed());
        assert_eq!(turn(&mut calls), [(1, Some(1))]);
    }

    #[test]
    fn a_place_given_back_may_still_be_woken() {
        let mut calls = Boxed::new();
        for stream in 1..=20 {
            calls.start(stream, None, futures_util::future::pending().boxed());
        }
        turn(&mut calls);
        let late = calls.places[19].waker.clone();
        for stream in 1..=20 {
            calls.end(calls.of(stream).unwrap());
        }
        calls.shrink();
        late.wake();
        assert_eq!(turn(&mut calls), []);
    }
}
