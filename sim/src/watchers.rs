//! Watchers: each sees everything from its first revision on, across crashes and changes of the leader, and takes up after the
//! last revision that it saw.

use std::time::Duration;

use bytes::Bytes;
use kv::Span;
use replica::{
    runtime,
    watch::{Output, StreamOptions, Watch},
};
use tokio::sync::mpsc;

use crate::{
    clients::Desk,
    diary::{Seen, Sight},
    dice::Dice,
    house::{House, Serving},
    matrix::Operation,
    wire,
};

/// Answers that a node holds ready for a watcher that is slow.
const ANSWERS_HELD: usize = 4;

struct Watcher {
    desk: Desk,
    name: String,
    dice: Dice,
    /// The first revision not seen.
    next: i64,
    is_slow: bool,
    /// Its place in the diary.
    sight: usize,
}

/// One watcher, bound to a node or roaming.
pub(crate) async fn watcher(desk: Desk, bound_to: Option<usize>) {
    let dice = Dice::new(runtime::random_u64());
    let houses = desk.cluster.houses().to_vec();
    let first = houses[bound_to.unwrap_or(0)].serving().await;
    let from = first.keyspace.machine().revision();
    let name =
        bound_to.map_or_else(|| "the roaming watcher".to_owned(), |number| format!("the watcher of {}", houses[number].name()));
    let is_slow = dice.chance(30);
    let mut watcher = Watcher { desk, name, dice, next: from + 1, is_slow, sight: 0 };
    watcher.begin(from);
    loop {
        let house = match bound_to {
            Some(number) => houses[number].clone(),
            None => watcher.desk.cluster.any_serving(&watcher.dice).unwrap_or(&houses[0]).clone(),
        };
        let serving = house.serving().await;
        let _in_flight = watcher.desk.matrix.begin(Operation::Watch);
        watcher.watch(&house, &serving).await;
        runtime::sleep(Duration::from_millis(watcher.dice.below(300))).await;
    }
}

impl Watcher {
    fn begin(&mut self, from: i64) {
        let mut diary = self.desk.diary();
        self.sight = diary.sights.len();
        diary.sights.push(Sight { watcher: self.name.clone(), from, to: None, seen: Vec::new() });
        self.next = from + 1;
    }

    /// Watches on one process until that ends, or the watcher moves on.
    async fn watch(&mut self, house: &House, serving: &Serving) {
        let mut answers = self.open(house, serving);
        // A roaming watcher does not wait for a crash.
        let leaves = runtime::now() + Duration::from_millis(2_000 + self.dice.below(30_000));
        let stays = self.name.starts_with("the watcher");
        loop {
            if self.is_slow && self.dice.chance(5) {
                runtime::sleep(Duration::from_millis(self.dice.below(2_000))).await;
            }
            let answer = tokio::select! {
                biased;
                answer = answers.recv() => answer,
                () = runtime::sleep_until(leaves), if !stays => None,
            };
            match answer {
                None => return,
                Some(Output::Events { body, .. }) => self.see(&body),
                Some(Output::Created { .. } | Output::Progress { .. }) => {}
                Some(Output::Compacted { compact_revision, .. }) => {
                    // It was away for too long: it says so, and begins again.
                    let to = self.next - 1;
                    self.desk.diary().sights[self.sight].to = Some(to);
                    if compact_revision <= self.next {
                        let complaint =
                            format!("{} was told that {} is compacted, and the mark is {compact_revision}", self.name, self.next);
                        self.desk.diary().complaints.push(complaint);
                    }
                    self.begin(serving.keyspace.machine().revision().max(compact_revision));
                    return;
                }
                Some(other) => {
                    self.desk.diary().complaints.push(format!("{} got {other:?}", self.name));
                    return;
                }
            }
        }
    }

    /// A door's part of it, inside the process.
    fn open(&self, house: &House, serving: &Serving) -> mpsc::Receiver<Output> {
        let (answer, answers) = mpsc::channel(ANSWERS_HELD);
        let (keyspace, start) = (serving.keyspace.clone(), self.next);
        house.spawn_within(serving, async move {
            let mut stream = keyspace.watches().stream(StreamOptions { fragment_bytes: 1 << 20, watches_max: 4 });
            let everything = Span { key: Bytes::from_static(b"\0"), range_end: Bytes::from_static(b"\0") };
            stream.watch(Watch { span: everything, start, ..Watch::default() });
            loop {
                let output = tokio::select! {
                    biased;
                    () = answer.closed() => return,
                    output = stream.next() => output,
                };
                let Some(output) = output else { return };
                if answer.send(output).await.is_err() {
                    return;
                }
            }
        });
        answers
    }

    /// Writes events down.
    fn see(&mut self, body: &[u8]) {
        let mut diary = self.desk.diary();
        let Some(changes) = wire::changes(body) else {
            diary.complaints.push(format!("{} got bytes that are no events", self.name));
            return;
        };
        if let Some(last) = changes.last() {
            self.next = last.revision + 1;
        }
        let at = runtime::now();
        diary.sights[self.sight].seen.extend(changes.into_iter().map(|change| Seen {
            at,
            revision: change.revision,
            key: change.key,
            is_put: change.is_put,
        }));
    }
}
