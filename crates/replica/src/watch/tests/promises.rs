//! The nine things that etcd's own robustness suite checks of watches, over random histories, many watches, clients that take
//! their time, and compactions: bookmarkable, ordered, unique, atomic, reliable, resumable, with the state before, with creation
//! told apart, filtered.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Keys changed in one revision; deletions of what does not exist are left out.
    Change(Vec<(u8, bool)>),
    Begin {
        stream: usize,
        watch: Asked,
    },
    Cancel {
        stream: usize,
        which: usize,
    },
    /// A client takes this many responses.
    Take {
        stream: usize,
        count: usize,
    },
    Progress {
        stream: usize,
    },
    Tick {
        stream: usize,
    },
    /// Compact this far back from the head.
    Compact(i64),
    Drop {
        stream: usize,
    },
    /// The state is replaced by one that is further on, and perhaps compacted there; clients take some responses before the hub
    /// hears of it.
    Jump {
        revisions: Vec<Vec<(u8, bool)>>,
        compact: Option<i64>,
        takes: Vec<usize>,
    },
}

#[derive(Clone, Debug)]
struct Asked {
    start: u8,
    end: Option<u8>,
    no_put: bool,
    no_delete: bool,
    prev_kv: bool,
    fragment: bool,
    /// From now on, or this far back from the head (or forward, when negative).
    back: Option<i64>,
}

const STREAMS: usize = 3;
const KEYS: u8 = 6;

fn key(number: u8) -> String {
    char::from(b'a' + number).to_string()
}

fn asked() -> impl Strategy<Value = Asked> {
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.2), any::<bool>(), prop::bool::weighted(0.3));
    (0..KEYS, prop::option::of(0..KEYS + 2), flags, prop::option::of(-3i64..40)).prop_map(
        |(start, end, (no_put, no_delete, prev_kv, fragment), back)| Asked {
            start,
            end,
            no_put,
            no_delete,
            prev_kv,
            fragment,
            back,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let stream = || 0..STREAMS;
    let keys =
        || prop::collection::btree_map(0..KEYS, prop::bool::weighted(0.75), 1..4).prop_map(|keys| keys.into_iter().collect());
    prop_oneof![
        20 => keys().prop_map(Step::Change),
        1 => (prop::collection::vec(keys(), 0..12), prop::option::of(0i64..16), prop::collection::vec(stream(), 0..8))
            .prop_map(|(revisions, compact, takes)| Step::Jump { revisions, compact, takes }),
        6 => (stream(), asked()).prop_map(|(stream, watch)| Step::Begin { stream, watch }),
        2 => (stream(), any::<usize>()).prop_map(|(stream, which)| Step::Cancel { stream, which }),
        8 => (stream(), 1..12usize).prop_map(|(stream, count)| Step::Take { stream, count }),
        2 => stream().prop_map(|stream| Step::Progress { stream }),
        1 => stream().prop_map(|stream| Step::Tick { stream }),
        1 => (0i64..30).prop_map(Step::Compact),
        1 => stream().prop_map(|stream| Step::Drop { stream }),
    ]
}

/// What a client knows of one watch.
struct Diary {
    asked: Asked,
    span: Span,
    start: i64,
    /// The last revision delivered whole.
    upto: i64,
    /// A response that is not yet whole.
    cut: Vec<WireEvent>,
    bookmark: i64,
    events: Vec<WireEvent>,
    /// Its creation was answered; nothing concerns it before.
    created: bool,
    ended: Option<i64>,
}

struct Client {
    stream: WatchStream,
    diaries: BTreeMap<i64, Diary>,
}

impl Client {
    fn new(hub: &Hub) -> Client {
        let options = StreamOptions { fragment_bytes: 40, ..OPTIONS };
        Client { stream: hub.stream(options), diaries: BTreeMap::new() }
    }

    fn begin(&mut self, bench: &Bench, asked: Asked) {
        let end = asked.end.map_or(String::new(), |end| if end > KEYS { "\0".to_owned() } else { key(end) });
        let start = asked.back.map_or(0, |back| (bench.past.revision() - back).max(1));
        let watch = Watch {
            span: span(&key(asked.start), &end),
            start,
            no_put: asked.no_put,
            no_delete: asked.no_delete,
            prev_kv: asked.prev_kv,
            fragment: asked.fragment,
            progress_notify: true,
            ..Watch::default()
        };
        let span = watch.span.clone();
        if let Some(id) = self.stream.watch(watch) {
            let start = if start == 0 { bench.past.revision() + 1 } else { start };
            let diary = Diary {
                asked,
                span,
                start,
                upto: start - 1,
                cut: Vec::new(),
                bookmark: 0,
                events: Vec::new(),
                created: false,
                ended: None,
            };
            assert!(self.diaries.insert(id, diary).is_none(), "an id is given once");
        }
    }

    fn note(&mut self, output: Output, past: &Past) {
        match output {
            Output::Created { id, .. } => self.diaries.get_mut(&id).expect("known").created = true,
            Output::Refused { .. } | Output::Canceled { .. } => {}
            Output::Failed(error) => panic!("{error}"),
            Output::Compacted { id, compact_revision } => {
                let diary = self.diaries.get_mut(&id).expect("known");
                assert!(diary.upto + 1 < compact_revision, "ended although nothing that it needs is gone");
                diary.ended = Some(compact_revision);
            }
            Output::Progress { id, revision } => self.bookmark(id, revision, past),
            Output::Events { id, revision, body, fragment } => {
                let diary = self.diaries.get_mut(&id).filter(|diary| diary.created).expect("created before its events");
                assert!(!fragment || diary.asked.fragment, "only who asked for fragments gets them");
                diary.cut.extend(decode(&body));
                if !fragment {
                    diary.take_response(revision);
                }
            }
        }
    }

    /// Bookmarkable: what is at or before the bookmark has been delivered.
    fn bookmark(&mut self, id: i64, revision: i64, past: &Past) {
        let told = self.diaries.iter_mut().filter(|(of, _)| id == -1 || **of == id).map(|(_, diary)| diary);
        for diary in told.filter(|diary| diary.created && diary.ended.is_none()) {
            assert!(revision + 1 >= diary.start, "a bookmark before the watch begins");
            assert!(revision >= diary.bookmark && revision >= diary.upto, "a bookmark that goes back");
            diary.bookmark = revision;
            diary.check(past, revision);
        }
    }
}

impl Diary {
    /// Ordered, unique, atomic: revisions ascend from one response to the next, so none comes twice or in two of them.
    fn take_response(&mut self, header: i64) {
        let events = std::mem::take(&mut self.cut);
        let revisions: Vec<i64> = events.iter().map(|event| event.kv.as_ref().expect("set").mod_revision).collect();
        assert!(!revisions.is_empty() && revisions.is_sorted());
        assert!(revisions[0] > self.upto && revisions[0] > self.bookmark && revisions[0] >= self.start);
        self.upto = *revisions.last().expect("not empty");
        assert!(header >= self.upto);
        self.events.extend(events);
    }

    /// Reliable, resumable, filtered, creation told apart: exactly what happened from the start to `upto`, as it happened.
    fn check(&self, past: &Past, upto: i64) {
        let all = past.all();
        let range = self.start..=upto;
        let wanted = all.iter().filter(|changes| range.contains(&changes.revision)).flat_map(|changes| &changes.events);
        let wanted: Vec<&Event> = wanted
            .filter(|event| holds(&self.span, &event.kv.key))
            .filter(|event| !(event.kind == EventKind::Put && self.asked.no_put))
            .filter(|event| !(event.kind == EventKind::Delete && self.asked.no_delete))
            .collect();
        let got: Vec<&WireEvent> =
            self.events.iter().filter(|event| event.kv.as_ref().expect("set").mod_revision <= upto).collect();
        assert_eq!(got.len(), wanted.len(), "from {} to {upto} {:?}", self.start, self.span);
        for (got, wanted) in got.iter().zip(wanted) {
            assert_eq!(got.kind, i32::from(wanted.kind == EventKind::Delete));
            assert_eq!(got.kv, Some(wanted.kv.clone().into()));
            self.check_prev(got, wanted, past.compact_revision());
        }
    }

    /// The state before: never where nobody asked, never a wrong one, and missing only for a creation or after compaction.
    fn check_prev(&self, got: &WireEvent, wanted: &Event, compacted: i64) {
        let truth = wanted.prev_kv.clone().map(WireKeyValue::from);
        match &got.prev_kv {
            Some(_) => assert!(self.asked.prev_kv && got.prev_kv == truth),
            None => assert!(!self.asked.prev_kv || truth.is_none() || wanted.kv.mod_revision <= compacted),
        }
    }
}

async fn run(steps: Vec<Step>, ring_bytes: usize) {
    let bench = Bench::new(ring_bytes);
    let mut clients: Vec<Client> = (0..STREAMS).map(|_| Client::new(&bench.hub)).collect();
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Change(keys) => change(&bench, number, keys),
            Step::Begin { stream, watch } => clients[stream].begin(&bench, watch),
            Step::Cancel { stream, which } => {
                let client = &mut clients[stream];
                if let Some(id) = client.diaries.keys().nth(which % client.diaries.len().max(1)).copied() {
                    client.stream.cancel(id);
                    client.diaries.get_mut(&id).expect("known").ended = Some(0);
                }
            }
            Step::Take { stream, count } => {
                for _ in 0..count {
                    take(&mut clients[stream], &bench.past).await;
                }
            }
            Step::Progress { stream } => clients[stream].stream.request_progress(),
            Step::Tick { stream } => clients[stream].stream.tick(),
            Step::Compact(back) => {
                let revision = (bench.past.revision() - back).max(bench.past.compact_revision());
                bench.past.compact(revision);
            }
            Step::Drop { stream } => clients[stream] = Client::new(&bench.hub),
            Step::Jump { revisions, compact, takes } => {
                for keys in revisions {
                    change_with(&bench, number, keys, |what| drop(bench.past.change(what, true)));
                }
                if let Some(back) = compact {
                    let revision = (bench.past.revision() - back).max(bench.past.compact_revision());
                    bench.past.compact(revision);
                }
                for stream in takes {
                    take(&mut clients[stream], &bench.past).await;
                }
                bench.hub.restart();
            }
        }
    }
    let head = bench.past.revision();
    for client in &mut clients {
        client.stream.request_progress();
        for output in drain(&mut client.stream).await {
            client.note(output, &bench.past);
        }
        for diary in client.diaries.values() {
            assert!(diary.cut.is_empty(), "a response that was begun is ended");
            diary.check(&bench.past, if diary.ended.is_some() { diary.upto } else { head });
        }
    }
}

fn change(bench: &Bench, number: usize, keys: Vec<(u8, bool)>) {
    change_with(bench, number, keys, |what| {
        if number.is_multiple_of(4) {
            bench.change_cold(what)
        } else {
            bench.change(what)
        };
    });
}

fn change_with(bench: &Bench, number: usize, keys: Vec<(u8, bool)>, change: impl FnOnce(&[(&str, Option<&str>)])) {
    let exists = |name: &str| Past::current(&bench.past.all(), &bytes(name), i64::MAX).is_some();
    let value = format!("value-{number}");
    let names: Vec<(String, bool)> = keys.into_iter().map(|(number, put)| (key(number), put)).collect();
    let kept = names.iter().filter(|(name, put)| *put || exists(name));
    let what: Vec<(&str, Option<&str>)> = kept.map(|(name, put)| (name.as_str(), put.then_some(value.as_str()))).collect();
    if !what.is_empty() {
        change(&what);
    }
}

async fn take(client: &mut Client, past: &Past) {
    loop {
        match std::future::poll_fn(|context| Poll::Ready(client.stream.poll_next(context))).await {
            Poll::Ready(Some(output)) => return client.note(output, past),
            Poll::Pending if client.stream.is_reading() => tokio::task::yield_now().await,
            Poll::Ready(None) | Poll::Pending => return,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn watches_keep_their_nine_promises(steps in prop::collection::vec(step(), 1..250), ring_bytes in 300usize..20_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        runtime.block_on(run(steps, ring_bytes));
    }
}
