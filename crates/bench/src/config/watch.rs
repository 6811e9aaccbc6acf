//! Many who watch one key: how long it takes until the last of them has a change, and that each has every change once, in order.
//!
//! The events of all watchers are the same bytes. The first that comes of each is looked into; the others have to be the same.

mod events;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io::{self, ErrorKind},
    rc::Rc,
    time::Duration,
};

use hdrhistogram::Histogram;
use tokio::{
    net::TcpStream,
    sync::{Notify, Semaphore},
    time::{Instant, sleep, timeout},
};

use self::events::{Events, Expected};
use super::{
    answer,
    place::Place,
    request::{Name, Request},
};
use crate::{
    arguments::Config,
    error::{Error, Result},
    http::{Chunks, Connection},
    limits::{ANSWER_TIMEOUT, GRACE, LOOKED_EVERY, REFUSED_PAUSE, STALLED, WATCHES_OPENED_AT_ONCE},
    monitor::Live,
    pace::Pace,
    report::latencies,
    sender::Sent,
};

/// Changes that are published, if nothing is said.
const PUBLISHED: u64 = 100;
/// Changes that may be refused before it is given up.
const REFUSALS_MAX: u64 = 1_000;
/// Bytes that are read from a socket at once.
const READ_BYTES: usize = 64 << 10;
/// The key's namespace.
const NAMESPACE: u64 = 0;

/// What all watchers know together.
struct Board {
    watchers: u64,
    opened: Cell<u64>,
    /// Of the change that was published last, by its number: how many have it, and when the last one came.
    now: Cell<u64>,
    arrived: Cell<u64>,
    last: Cell<Option<Instant>>,
    /// Rings when somebody is there, or all have the change.
    bell: Notify,
    expected: RefCell<Expected>,
    disordered: Cell<u64>,
    changed: Cell<u64>,
    ended: RefCell<BTreeMap<String, u64>>,
    /// What is read goes through here: nobody holds it for longer than a read.
    scratch: RefCell<Vec<u8>>,
    live: Rc<Live>,
}

/// What came of it.
pub(crate) struct Delivered {
    pub(crate) sent: Sent,
    /// Milliseconds until the publishes themselves were answered.
    pub(crate) put: Histogram<u64>,
    pub(crate) published: u64,
    pub(crate) watchers: u64,
    pub(crate) broken: Vec<String>,
}

/// All who watch; they end with this value.
pub(crate) struct Crowd {
    board: Rc<Board>,
    producer: u64,
    /// How many changes each watcher has, and its task.
    watchers: Vec<(Rc<Cell<u64>>, tokio::task::JoinHandle<()>)>,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.watchers.iter().for_each(|(_, task)| task.abort());
    }
}

impl Crowd {
    /// Lets all of them watch.
    pub(crate) async fn gather(o: &Config, place: &Rc<Place>, live: &Rc<Live>) -> Result<Crowd> {
        let producer = rand::random();
        let board = Rc::new(Board {
            watchers: o.watchers,
            opened: Cell::default(),
            now: Cell::default(),
            arrived: Cell::default(),
            last: Cell::default(),
            bell: Notify::new(),
            expected: RefCell::new(Expected::of(producer)),
            disordered: Cell::default(),
            changed: Cell::default(),
            ended: RefCell::default(),
            scratch: RefCell::new(vec![0; READ_BYTES]),
            live: live.clone(),
        });
        let key = Name { namespace: NAMESPACE, producer, serial: 0 }.key();
        let target = format!("/api/v1/watch?namespace={}&key={key}", place.path(NAMESPACE));
        let request: Rc<[u8]> = place.head("GET", &target, "", None).into_bytes().into();
        let turns = Rc::new(Semaphore::new(WATCHES_OPENED_AT_ONCE));
        let watcher = |_| {
            let (seen, board) = (Rc::<Cell<u64>>::default(), board.clone());
            let (place, request, turns, count) = (place.clone(), request.clone(), turns.clone(), seen.clone());
            let task = tokio::task::spawn_local(async move {
                let ended = match open(&place, &request, &turns, &board).await {
                    Ok((socket, rest)) => watch(socket, rest, &board, &count).await,
                    Err(why) => why,
                };
                *board.ended.borrow_mut().entry(ended).or_default() += 1;
                board.bell.notify_one();
            });
            (seen, task)
        };
        let crowd = Crowd { watchers: (0..o.watchers).map(watcher).collect(), board, producer };
        let board = &crowd.board;
        while board.opened.get() < board.watchers {
            let rung = timeout(ANSWER_TIMEOUT, board.bell.notified()).await;
            let why = board.ended.borrow().keys().next().cloned();
            match (rung, why) {
                (Ok(()), None) => {}
                (_, why) => {
                    let (opened, all, why) = (board.opened.get(), board.watchers, why.unwrap_or_else(|| "no answer".to_owned()));
                    return Err(Error::failed(format!("{opened} of {all} watches were opened, and then: {why}")));
                }
            }
        }
        Ok(crowd)
    }

    /// Publishes until the limit: the next change goes when all have the last one.
    pub(crate) async fn publish(&self, o: &Config, place: &Place) -> Result<Delivered> {
        let (board, limit) = (&self.board, o.run.limit(o.requests.or(Some(PUBLISHED))));
        let mut connection = place.connect().await?;
        let mut request = Request::put(place, self.producer, o.value_size as usize);
        let name = Name { namespace: NAMESPACE, producer: self.producer, serial: 0 };
        let gap = o.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let begin = Instant::now();
        let mut pace = Pace::new(begin, limit.time, gap);
        let (mut sent, mut put, mut serial) = (Sent::default(), latencies(), 0);
        let mut broken = Vec::new();
        while serial < limit.count.unwrap_or(u64::MAX) {
            pace.wait().await;
            let Some(since) = pace.turn() else { break };
            board.begin(serial);
            let told = match connection.ask(request.patched_with(name, serial), GRACE).await {
                Ok(head) => {
                    sent.answers.count(head.status);
                    let told = answer::written(place.dialect, head.status, connection.body(&head));
                    let closed = connection.forget(&head).await;
                    closed.map_err(|error| Error::unreachable(format!("the publisher's connection broke: {error}")))?;
                    told
                }
                Err(error) => return Err(Error::unreachable(format!("the publisher's connection broke: {error}"))),
            };
            match told {
                Ok(position) => board.expected.borrow_mut().acknowledged(serial, position),
                // Whether it was done is not known, so what comes next cannot be told from it.
                Err(why) if why.starts_with("504") => return Err(Error::failed(format!("a change was answered {why}"))),
                Err(why) => {
                    *sent.errors.entry(why).or_default() += 1;
                    if sent.errors.values().sum::<u64>() == REFUSALS_MAX {
                        break;
                    }
                    sleep(REFUSED_PAUSE).await;
                    continue;
                }
            }
            put.saturating_record((since.elapsed().as_micros() as u64).max(1));
            serial += 1;
            if timeout(GRACE, board.all_have_it()).await != Ok(true) {
                broken.push(format!("{} of {} watchers got change {serial}", board.arrived.get(), board.watchers));
                break;
            }
            let last = board.last.get().unwrap_or(since);
            sent.latency.saturating_record((last.duration_since(since).as_micros() as u64).max(1));
            sent.last = Some(last);
        }
        // What comes twice may come late.
        sleep(LOOKED_EVERY).await;
        sent.done = self.watchers.iter().map(|(seen, _)| seen.get()).sum();
        sent.bytes = sent.done * o.value_size;
        sent.behind = pace.behind().min(limit.count.unwrap_or(u64::MAX) - serial);
        sent.finish(begin);
        broken.extend(self.complaints(serial));
        Ok(Delivered { sent, put, published: serial, watchers: board.opened.get(), broken })
    }

    fn complaints(&self, published: u64) -> Vec<String> {
        let board = &self.board;
        let short = self.watchers.iter().filter(|(seen, _)| seen.get() != published).count() as u64;
        let counts = [
            (short, "watchers did not get each change once"),
            (board.disordered.get(), "events came out of order or again"),
            (board.changed.get(), "events were not what was published, or had another position"),
            (board.expected.borrow().misplaced(), "changes had another position for watchers than for their writer"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let ended = board.ended.borrow();
        counts.chain(ended.iter().map(|(why, count)| format!("{count} watches ended: {why}"))).collect()
    }
}

impl Board {
    /// A change is published.
    fn begin(&self, serial: u64) {
        self.now.set(serial);
        self.arrived.set(0);
    }

    /// Waits until all have the change; false if that will not be.
    async fn all_have_it(&self) -> bool {
        while self.arrived.get() < self.watchers {
            if self.changed.get() > 0 || !self.ended.borrow().is_empty() {
                return false;
            }
            self.bell.notified().await;
        }
        true
    }

    /// A watcher who has seen so many changes got an event.
    fn take(&self, event: &[u8], seen: &Cell<u64>) {
        let Some(serial) = self.expected.borrow_mut().serial(event) else {
            self.changed.set(self.changed.get() + 1);
            self.bell.notify_one();
            return;
        };
        if serial != seen.get() {
            self.disordered.set(self.disordered.get() + 1);
            return;
        }
        seen.set(serial + 1);
        Live::add(&self.live.done, 1);
        if serial == self.now.get() {
            self.arrived.set(self.arrived.get() + 1);
            if self.arrived.get() == self.watchers {
                self.last.set(Some(Instant::now()));
                self.bell.notify_one();
            }
        }
    }
}

/// Opens one watch, in its turn, and gives what came behind the head.
async fn open(
    place: &Place,
    request: &[u8],
    turns: &Semaphore,
    board: &Board,
) -> std::result::Result<(TcpStream, Vec<u8>), String> {
    let _turn = turns.acquire().await.map_err(|error| error.to_string())?;
    let mut connection = Connection::open(&place.address).await.map_err(|error| error.to_string())?;
    let head = async {
        connection.send(request).await?;
        connection.head().await
    };
    let silent = || Err(io::Error::new(ErrorKind::TimedOut, "no answer in time"));
    let head = timeout(ANSWER_TIMEOUT, head).await.unwrap_or_else(|_| silent()).map_err(|error| error.to_string())?;
    if head.status != 200 {
        return Err(crate::http::reason(head.status, None));
    }
    board.opened.set(board.opened.get() + 1);
    board.bell.notify_one();
    Ok(connection.into_parts(&head))
}

/// Takes events until the end, which has a reason.
async fn watch(socket: TcpStream, mut held: Vec<u8>, board: &Board, seen: &Cell<u64>) -> String {
    let (mut chunks, mut events) = (Chunks::default(), Events::default());
    loop {
        let used = match chunks.take(&held, events.text()) {
            Ok(used) => used,
            Err(error) => return error.to_string(),
        };
        held.drain(..used);
        events.take(|event| board.take(event, seen));
        if chunks.is_over() {
            return "the server ended it".to_owned();
        }
        // A heartbeat comes more often.
        match timeout(STALLED, socket.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "nothing came, not even a heartbeat".to_owned(),
        }
        let mut scratch = board.scratch.borrow_mut();
        match socket.try_read(&mut scratch) {
            Ok(0) => return "connection closed by the server".to_owned(),
            Ok(bytes) => held.extend_from_slice(&scratch[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return error.to_string(),
        }
    }
}
