//! Connections that ask one thing after the other, and what comes of it.

use std::{cell::Cell, io, rc::Rc, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use super::place::Place;
use crate::{
    arguments::Limit,
    error::{Error, Result},
    http::{Connection, Head},
    limits::{GRACE, LOOKED_EVERY, REFUSED_PAUSE},
    monitor::Live,
    pace::Pace,
    sender::Sent,
};

/// What one connection asks, again and again.
pub(crate) trait Ask {
    /// The next request; none when there is nothing more to ask.
    fn next(&mut self) -> Option<&[u8]>;

    /// Takes the answer to it.
    fn take(&mut self, head: &Head, body: &[u8]) -> Answer;
}

/// What an answer came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is what was asked for, with so many bytes of values.
    Done(u64),
    /// It is not, and why.
    Refused(String),
}

/// How the connections go about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) time: Option<Duration>,
    /// Requests a second over all connections; as fast as it goes otherwise.
    pub(crate) rate: Option<f64>,
    pub(crate) live: Rc<Live>,
    pub(crate) window: Rc<Window>,
}

impl Load {
    /// As fast as it goes, until there is nothing more to ask.
    pub(crate) fn free(live: &Rc<Live>) -> Load {
        Load { live: live.clone(), ..Load::default() }
    }
}

/// A time that is looked at apart from the rest of a load.
#[derive(Debug, Default)]
pub(crate) struct Window {
    from: Cell<Option<Instant>>,
    to: Cell<Option<Instant>>,
    /// Nothing more is to be asked.
    is_over: Cell<bool>,
    longest_before: Cell<Duration>,
    longest_meanwhile: Cell<Duration>,
}

impl Window {
    pub(crate) fn begin(&self) {
        self.from.set(Some(Instant::now()));
    }

    pub(crate) fn end(&self) {
        self.to.set(Some(Instant::now()));
    }

    /// Ends the load.
    pub(crate) fn close(&self) {
        self.is_over.set(true);
    }

    /// Takes a request that lasted from then to now.
    fn note(&self, since: Instant, now: Instant) {
        let longest = match (self.from.get(), self.to.get()) {
            (None, _) => &self.longest_before,
            (Some(_), to) if to.is_none_or(|to| since < to) => &self.longest_meanwhile,
            _ => return,
        };
        longest.set(longest.get().max(now - since));
    }

    /// The longest request before it, and the longest that was under way in it, in milliseconds.
    pub(crate) fn longest_ms(&self) -> (f64, f64) {
        let ms = |longest: &Cell<Duration>| longest.get().as_secs_f64() * 1e3;
        (ms(&self.longest_before), ms(&self.longest_meanwhile))
    }
}

/// How much of a count each connection has.
pub(crate) fn share(limit: &Limit, index: u64, connections: u64) -> u64 {
    limit.count.map_or(u64::MAX, |count| count / connections + u64::from(index < count % connections))
}

/// Lets each of them ask on a connection of its own; gives them back with what all of it came to.
pub(crate) async fn play<A: Ask + 'static>(place: &Place, load: &Load, asks: Vec<A>) -> Result<(Sent, Vec<A>)> {
    let mut callers = Vec::new();
    for ask in asks {
        let connection = place.connect().await?;
        callers.push(Caller { connection, ask, pace: Pace::free(), load: load.clone(), sent: Sent::default(), is_done: false });
    }
    let (begin, connections) = (Instant::now(), callers.len());
    let gap = load.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
    let tasks: Vec<_> = callers
        .into_iter()
        .enumerate()
        .map(|(index, mut caller)| {
            caller.pace = Pace::new(begin, load.time, gap).turns(index, connections);
            tokio::task::spawn_local(caller.run())
        })
        .collect();
    let (mut all, mut back) = (Sent::default(), Vec::new());
    for task in tasks {
        let (sent, ask) = task.await.map_err(|error| Error::failed(format!("a connection's task ended: {error}")))?;
        all.add(sent);
        back.push(ask);
    }
    all.finish(begin);
    Ok((all, back))
}

struct Caller<A> {
    connection: Connection,
    ask: A,
    pace: Pace,
    load: Load,
    sent: Sent,
    /// Whether there is nothing more to ask.
    is_done: bool,
}

impl<A: Ask> Caller<A> {
    async fn run(mut self) -> (Sent, A) {
        if let Err(error) = self.play().await {
            self.sent.answers.count(0);
            self.fail(error.to_string());
        }
        if !self.is_done {
            self.sent.behind = self.pace.behind();
        }
        (self.sent, self.ask)
    }

    async fn play(&mut self) -> io::Result<()> {
        loop {
            self.wait().await;
            if self.load.window.is_over.get() || self.pace.is_over() {
                return Ok(());
            }
            let Some(since) = self.pace.turn() else { continue };
            let Some(request) = self.ask.next() else {
                self.is_done = true;
                return Ok(());
            };
            let head = self.connection.ask(request, GRACE).await?;
            let now = Instant::now();
            let answer = self.ask.take(&head, self.connection.body(&head));
            self.sent.answers.count(head.status);
            self.load.window.note(since, now);
            self.connection.forget(&head).await?;
            match answer {
                Answer::Done(bytes) => {
                    self.sent.latency.saturating_record((now.duration_since(since).as_micros() as u64).max(1));
                    self.sent.done += 1;
                    self.sent.bytes += bytes;
                    self.sent.last = Some(now);
                    Live::add(&self.load.live.done, 1);
                }
                Answer::Refused(why) => {
                    self.fail(why);
                    sleep(head.retry_after.unwrap_or(REFUSED_PAUSE)).await;
                }
            }
        }
    }

    /// Waits until the next request is due, or nothing more is to be asked.
    async fn wait(&self) {
        while self.pace.is_scheduled() && !self.load.window.is_over.get() && !self.pace.is_over() {
            let (now, due) = (Instant::now(), self.pace.due());
            if now >= due {
                return;
            }
            sleep_until(due.min(now + LOOKED_EVERY)).await;
        }
    }

    fn fail(&mut self, why: String) {
        *self.sent.errors.entry(why).or_default() += 1;
        Live::add(&self.load.live.refused, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_its_share() {
        let limit = Limit { count: Some(10), time: None };
        assert_eq!((0..4).map(|index| share(&limit, index, 4)).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(share(&Limit { count: None, time: None }, 0, 4), u64::MAX);
    }

    #[test]
    fn requests_are_told_apart_by_when_they_were_under_way() {
        let (window, ms) = (Window::default(), Duration::from_millis(1));
        let begin = Instant::now();
        window.note(begin - 3 * ms, begin);
        assert_eq!(window.longest_ms(), (3.0, 0.0));
        window.begin();
        window.note(begin - 5 * ms, begin);
        window.end();
        let end = Instant::now() + ms;
        window.note(end, end + 90 * ms);
        assert_eq!(window.longest_ms(), (3.0, 5.0));
    }
}
