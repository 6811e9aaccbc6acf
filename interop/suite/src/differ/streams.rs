//! A watch stream and the log of what it delivered.

use super::answer::{Answer, plain};
use crate::wire::{Wire, mvcc, pb};
use pb::watch_request::RequestUnion;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Streams that hold many watchers. A watcher that begins in the compacted past gets a stream of its own: etcd never
/// again reports progress on a stream that has one.
pub const WATCH_STREAMS: usize = 5;

/// How often progress is asked for until it comes.
const PROGRESS_EVERY: Duration = Duration::from_millis(15);

/// What one watcher got.
#[derive(Debug, Default)]
struct Watcher {
    start: i64,
    doomed: bool,
    previous_wanted: bool,
    events: Vec<mvcc::Event>,
    compared: usize,
    /// It was there before progress was last asked for. (An answer to an earlier request may come after the creation of
    /// a later watcher, and promises nothing about it.)
    asked: bool,
    /// Everything up to here was promised to have been delivered.
    promised: i64,
    /// The response that cancelled it: compact revision and reason.
    cancelled: Option<(i64, String)>,
}

#[derive(Debug, Default)]
struct Log {
    /// Responses to creations, in order.
    created: Vec<pb::WatchResponse>,
    watchers: BTreeMap<i64, Watcher>,
    progress: i64,
    last_header: i64,
    broken: Option<String>,
}

/// One open Watch call.
pub struct Stream {
    requests: mpsc::UnboundedSender<pb::WatchRequest>,
    log: Arc<Mutex<Log>>,
    changed: watch::Receiver<u64>,
    created: usize,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stream {
    /// Opens the call and begins to read.
    pub fn open(mut wire: Wire) -> Self {
        let (requests, receiver) = mpsc::unbounded_channel();
        let outgoing = Incoming(receiver);
        let log = Arc::new(Mutex::new(Log::default()));
        let (changes, changed) = watch::channel(0);
        let shared = log.clone();
        let task = tokio::spawn(async move {
            let end = match wire.watch.watch(outgoing).await {
                Err(status) => format!("the stream was refused: {status}"),
                Ok(response) => {
                    let mut answers = response.into_inner();
                    loop {
                        match answers.message().await {
                            Ok(Some(answer)) => {
                                lock(&shared).take(answer);
                                changes.send_modify(|n| *n += 1);
                            }
                            Ok(None) => break "the stream ended".to_owned(),
                            Err(status) => break format!("the stream broke: {status}"),
                        }
                    }
                }
            };
            lock(&shared).broken.get_or_insert(end);
            changes.send_modify(|n| *n += 1);
        });
        Self { requests, log, changed, created: 0, task }
    }

    /// Creates a watcher and gives the response to that. A doomed one begins before the compacted revision, so that
    /// its end is what settling waits for.
    pub async fn create(&mut self, create: pb::WatchCreateRequest, doomed: bool) -> Answer {
        let (start, previous_wanted) = (create.start_revision, create.prev_kv);
        self.send(RequestUnion::CreateRequest(create));
        self.created += 1;
        let number = self.created;
        if let Err(broken) = self.wait(|log| log.created.len() >= number).await {
            return Answer::Broken(broken);
        }
        let mut log = lock(&self.log);
        let mut response = log.created[number - 1].clone();
        if !response.canceled
            && let Some(watcher) = log.watchers.get_mut(&response.watch_id)
        {
            watcher.start = start;
            watcher.doomed = doomed;
            watcher.previous_wanted = previous_wanted;
        }
        plain(&mut response.header);
        Answer::Watch(response)
    }

    /// Cancels a watcher; for an unknown one no answer comes.
    pub async fn cancel(&mut self, watch_id: i64) -> Answer {
        let known = lock(&self.log).watchers.get(&watch_id).is_some_and(|w| w.cancelled.is_none());
        self.send(RequestUnion::CancelRequest(pb::WatchCancelRequest { watch_id }));
        if known && let Err(broken) = self.wait(|log| log.watchers[&watch_id].cancelled.is_some()).await {
            return Answer::Broken(broken);
        }
        Answer::Done
    }

    /// Waits until everything up to `revision` was delivered, and every watcher of the compacted past was ended.
    pub async fn settle(&mut self, revision: i64) -> Answer {
        let doomed = self.wait(|log| log.watchers.values().all(|w| !w.doomed || w.cancelled.is_some())).await;
        if let Err(broken) = doomed {
            return Answer::Broken(broken);
        }
        lock(&self.log).watchers.values_mut().for_each(|w| w.asked = true);
        loop {
            {
                let log = lock(&self.log);
                if let Some(broken) = &log.broken {
                    return Answer::Broken(broken.clone());
                }
                if log.progress >= revision || log.watchers.values().all(|w| w.cancelled.is_some()) {
                    return Answer::Done;
                }
            }
            self.send(RequestUnion::ProgressRequest(pb::WatchProgressRequest {}));
            // Either something came, or it is time to ask again.
            let _ = tokio::time::timeout(PROGRESS_EVERY, self.changed.changed()).await;
        }
    }

    /// The watchers that were not cancelled.
    pub fn living(&self) -> Vec<i64> {
        lock(&self.log).watchers.iter().filter(|(_, w)| w.cancelled.is_none()).map(|(id, _)| *id).collect()
    }

    /// Whether a watcher that goes on living was created since progress was last asked for.
    pub fn has_new(&self) -> bool {
        lock(&self.log).watchers.values().any(|w| !w.asked && !w.doomed && w.cancelled.is_none())
    }

    /// The greatest revision at which a living watcher begins.
    pub fn latest_start(&self) -> i64 {
        lock(&self.log).watchers.values().filter(|w| w.cancelled.is_none()).map(|w| w.start).max().unwrap_or(0)
    }

    fn send(&self, request: RequestUnion) {
        // A stream that the server ended shows in its log.
        let _ = self.requests.send(pb::WatchRequest { request_union: Some(request) });
    }

    async fn wait(&mut self, ready: impl Fn(&Log) -> bool) -> Result<(), String> {
        loop {
            {
                let log = lock(&self.log);
                if ready(&log) {
                    return Ok(());
                }
                if let Some(broken) = &log.broken {
                    return Err(broken.clone());
                }
            }
            if self.changed.changed().await.is_err() {
                return Err("the stream's reader is gone".into());
            }
        }
    }
}

impl Log {
    fn take(&mut self, answer: pb::WatchResponse) {
        let header = answer.header.as_ref().map_or(0, |h| h.revision);
        if let Some(wrong) = self.wrong(&answer, header) {
            self.broken.get_or_insert(format!("{wrong}: {answer:?}"));
        }
        self.last_header = self.last_header.max(header);
        if answer.created {
            if !answer.canceled {
                self.watchers.insert(answer.watch_id, Watcher::default());
            }
            self.created.push(answer);
        } else if answer.canceled {
            let watcher = self.watchers.entry(answer.watch_id).or_default();
            watcher.cancelled = Some((answer.compact_revision, answer.cancel_reason));
        } else if answer.watch_id == -1 {
            self.progress = self.progress.max(header);
            for watcher in self.watchers.values_mut().filter(|w| w.asked) {
                watcher.promised = header;
            }
        } else if let Some(watcher) = self.watchers.get_mut(&answer.watch_id) {
            watcher.events.extend(answer.events);
        }
    }

    /// The rules that each response must keep by itself.
    fn wrong(&self, answer: &pb::WatchResponse, header: i64) -> Option<String> {
        if answer.header.is_none() {
            return Some("a response without a header".into());
        }
        if answer.created || answer.canceled || answer.watch_id == -1 {
            return None;
        }
        let Some(watcher) = self.watchers.get(&answer.watch_id) else {
            return Some("events before the creation was answered".into());
        };
        let mut last = watcher.events.last().map_or(0, revision_of);
        let first = answer.events.first().map_or(i64::MAX, revision_of);
        if last == first && !answer.fragment {
            return Some(format!("revision {first} was split over responses"));
        }
        for event in &answer.events {
            let revision = revision_of(event);
            if revision < last {
                return Some(format!("revision {revision} after {last}"));
            }
            if revision > header {
                return Some(format!("revision {revision} under a header of {header}"));
            }
            if revision <= watcher.promised {
                return Some(format!("revision {revision} after progress {}", watcher.promised));
            }
            last = revision;
        }
        None
    }
}

fn revision_of(event: &mvcc::Event) -> i64 {
    event.kv.as_ref().map_or(0, |kv| kv.mod_revision)
}

/// Compares what two sets of streams delivered since the last time, and gives the number of events. The reference has compacted
/// up to `compacted` by now.
pub fn compare(reference: &mut [Stream], subject: &mut [Stream], compacted: i64) -> Result<usize, String> {
    let mut events = 0;
    for (number, (one, two)) in reference.iter().zip(subject.iter()).enumerate() {
        let (mut one, mut two) = (lock(&one.log), lock(&two.log));
        if one.watchers.keys().ne(two.watchers.keys()) {
            return Err(format!("stream {number} has watchers {:?} and {:?}", one.watchers.keys(), two.watchers.keys()));
        }
        for ((id, a), (_, b)) in one.watchers.iter_mut().zip(two.watchers.iter_mut()) {
            events += compare_watchers(a, b, compacted).map_err(|text| format!("stream {number}, watch {id}: {text}"))?;
        }
    }
    Ok(events)
}

fn compare_watchers(a: &mut Watcher, b: &mut Watcher, compacted: i64) -> Result<usize, String> {
    if a.cancelled != b.cancelled {
        return Err(format!("cancelled (compact revision, reason): reference {:?}, subject {:?}", a.cancelled, b.cancelled));
    }
    let (x, y) = (&a.events[a.compared..], &b.events[b.compared..]);
    // Watchers in etcd share an event in memory, and one that asked for the previous value hands it to the others. It reads that
    // value when it sends the event, and sends it without if a compaction was faster.
    let is_lost = |x: &mvcc::Event| x.prev_kv.is_none() && revision_of(x) <= compacted;
    let equal = |x: &mvcc::Event, y: &mvcc::Event| {
        x.r#type == y.r#type && x.kv == y.kv && (!a.previous_wanted || x.prev_kv == y.prev_kv || is_lost(x))
    };
    let same = x.iter().zip(y).take_while(|(x, y)| equal(x, y)).count();
    // A cancelled watcher may have been cut off at any moment: one of the two got the beginning of the other's events.
    let cut = a.cancelled.is_some() && same == x.len().min(y.len());
    if !cut && (same < x.len() || same < y.len()) {
        let (one, two) = (x.get(same), y.get(same));
        return Err(format!("event {} differs:\nreference {one:?}\nsubject   {two:?}", a.compared + same));
    }
    a.compared = a.events.len();
    b.compared = b.events.len();
    Ok(same)
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().expect("nobody panics while holding it")
}

/// The receiver as a stream of requests.
struct Incoming(mpsc::UnboundedReceiver<pb::WatchRequest>);

impl tokio_stream::Stream for Incoming {
    type Item = pb::WatchRequest;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
