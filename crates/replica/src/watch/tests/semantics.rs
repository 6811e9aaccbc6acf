use super::*;

fn watch(key: &str, range_end: &str) -> Watch {
    Watch { span: span(key, range_end), ..Watch::default() }
}

/// One line per output, for tests that read like a trace.
fn trace(outputs: &[Output]) -> Vec<String> {
    let line = |output: &Output| match output {
        Output::Created { id, revision } => format!("created {id} at {revision}"),
        Output::Refused { revision, reason } => format!("refused at {revision}: {reason}"),
        Output::Canceled { id, revision } => format!("canceled {id} at {revision}"),
        Output::Compacted { id, compact_revision } => format!("compacted {id} at {compact_revision}"),
        Output::Progress { id, revision } => format!("progress {id} at {revision}"),
        Output::Failed(error) => format!("failed: {error}"),
        Output::Events { id, revision, body, fragment } => {
            let events: Vec<String> = decode(body).into_iter().map(event).collect();
            format!("events {id} at {revision}{}: {}", if *fragment { " cut" } else { "" }, events.join(", "))
        }
    };
    outputs.iter().map(line).collect()
}

fn event(event: WireEvent) -> String {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let kv = event.kv.expect("an event has a key");
    let before = event.prev_kv.map_or(String::new(), |before| format!(" was {}@{}", text(&before.value), before.mod_revision));
    match event.kind {
        0 => format!("{}={}@{}{before}", text(&kv.key), text(&kv.value), kv.mod_revision),
        _ => {
            assert_eq!((kv.create_revision, kv.version, kv.lease, kv.value.len()), (0, 0, 0, 0));
            format!("-{}@{}{before}", text(&kv.key), kv.mod_revision)
        }
    }
}

/// The same, sorted: classes of one stream have no order among them.
async fn seen_sorted(stream: &mut WatchStream) -> Vec<String> {
    let mut lines = seen(stream).await;
    lines.sort_unstable();
    lines
}

async fn seen(stream: &mut WatchStream) -> Vec<String> {
    trace(&drain(stream).await)
}

#[tokio::test]
async fn keys_ranges_and_open_ends() {
    let bench = Bench::new(1 << 20);
    bench.put("a", "0");
    let mut stream = bench.hub.stream(OPTIONS);
    for (key, end) in [("a", ""), ("a", "c"), ("b", "\0"), ("", "\0")] {
        stream.watch(watch(key, end));
    }
    assert_eq!(seen(&mut stream).await, ["created 0 at 2", "created 1 at 2", "created 2 at 2", "created 3 at 2"]);
    bench.put("a", "1");
    assert_eq!(seen_sorted(&mut stream).await, ["events 0 at 3: a=1@3", "events 1 at 3: a=1@3", "events 3 at 3: a=1@3"]);
    bench.put("c", "1");
    assert_eq!(seen_sorted(&mut stream).await, ["events 2 at 4: c=1@4", "events 3 at 4: c=1@4"]);
    bench.change(&[("b", Some("2")), ("x", Some("2")), ("a", None)]);
    let lines = seen(&mut stream).await;
    assert!(lines.contains(&"events 1 at 5: b=2@5, -a@5".to_owned()), "{lines:?}");
    assert!(lines.contains(&"events 0 at 5: -a@5".to_owned()), "{lines:?}");
    assert!(lines.contains(&"events 3 at 5: b=2@5, x=2@5, -a@5".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn ids_and_refusals() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(StreamOptions { watches_max: 3, ..OPTIONS });
    stream.watch(Watch { id: 1, ..watch("a", "") });
    stream.watch(watch("a", ""));
    stream.watch(Watch { id: 1, ..watch("a", "") });
    stream.watch(watch("b", "a"));
    stream.watch(watch("b", "b"));
    stream.watch(Watch { start: -1, ..watch("b", "") });
    stream.watch(watch("a", ""));
    stream.watch(watch("a", ""));
    assert!(!stream.cancel(7));
    assert!(stream.cancel(1));
    assert!(!stream.cancel(1));
    stream.watch(Watch { id: 1, ..watch("a", "") });
    assert_eq!(
        seen(&mut stream).await,
        [
            "created 1 at 1",
            "created 0 at 1",
            "refused at 1: mvcc: duplicate watch ID provided on the WatchStream",
            "refused at 1: mvcc: watcher range is empty",
            "refused at 1: mvcc: watcher range is empty",
            "refused at 1: etcdserver: mvcc: required revision has been compacted",
            "created 2 at 1",
            "refused at 1: etcdserver: too many watches on this stream, cancel some or open another stream",
            "canceled 1 at 1",
            "created 1 at 1",
        ]
    );
}

#[tokio::test]
async fn the_past_comes_from_history_then_from_the_ring() {
    let bench = Bench::new(1500);
    for value in 0..40 {
        bench.put("a", &value.to_string());
    }
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(Watch { start: 2, ..watch("a", "") });
    stream.watch(Watch { start: 2, ..watch("a", "") });
    stream.watch(Watch { start: 41, ..watch("a", "") });
    let outputs = drain(&mut stream).await;
    for (id, first) in [(0, 2), (1, 2), (2, 41)] {
        let events = outputs.iter().filter_map(|output| match output {
            Output::Events { id: of, body, .. } if *of == id => Some(decode(body)),
            _ => None,
        });
        let revisions: Vec<i64> = events.flatten().filter_map(|event| event.kv).map(|kv| kv.mod_revision).collect();
        assert_eq!(revisions, (first..=41).collect::<Vec<_>>());
    }
    bench.put("a", "last");
    assert_eq!(seen(&mut stream).await.len(), 3);
}

#[tokio::test]
async fn compaction_ends_those_before_it_and_no_others() {
    let bench = Bench::new(600);
    for value in 0..20 {
        bench.put("a", &value.to_string());
    }
    bench.past.compact(10);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(Watch { start: 9, ..watch("a", "") });
    stream.watch(Watch { start: 10, ..watch("b", "") });
    stream.watch(watch("a", ""));
    assert_eq!(seen(&mut stream).await, ["created 0 at 21", "compacted 0 at 10", "created 1 at 21", "created 2 at 21"]);
    // A synced watch that the client does not read falls behind the ring, and then behind compaction.
    for value in 20..60 {
        bench.put("a", &value.to_string());
    }
    bench.past.compact(50);
    assert_eq!(seen(&mut stream).await, ["compacted 2 at 50"]);
    // The one on another key missed nothing, so it lives.
    bench.put("b", "1");
    assert_eq!(seen(&mut stream).await, ["events 1 at 62: b=1@62"]);
}

#[tokio::test]
async fn states_before() {
    let bench = Bench::new(1 << 20);
    bench.put("a", "1");
    bench.put("a", "2");
    let mut stream = bench.hub.stream(OPTIONS);
    // Published while nobody wanted states before, so these are read.
    stream.watch(Watch { start: 2, prev_kv: true, ..watch("a", "") });
    assert_eq!(seen(&mut stream).await, ["created 0 at 3", "events 0 at 3: a=1@2, a=2@3 was 1@2"]);
    bench.put("a", "3");
    bench.change(&[("a", None)]);
    bench.put("a", "4");
    assert_eq!(seen(&mut stream).await, ["events 0 at 6: a=3@4 was 2@3, -a@5 was 3@4, a=4@6"]);
    bench.put("a", "5");
    bench.past.compact(7);
    bench.put("a", "6");
    assert_eq!(seen(&mut stream).await, ["events 0 at 8: a=5@7, a=6@8 was 5@7"]);
}

#[tokio::test]
async fn values_that_memory_did_not_have() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(watch("a", ""));
    stream.watch(Watch { prev_kv: true, ..watch("", "\0") });
    bench.put("a", "1");
    bench.change_cold(&[("a", Some("2")), ("b", Some("2"))]);
    assert_eq!(
        seen_sorted(&mut stream).await[2..],
        ["events 0 at 3: a=1@2, a=2@3", "events 1 at 3: a=1@2, a=2@3 was 1@2, b=2@3"]
    );
    // Gone before the stream looked: nothing wrong is sent instead.
    bench.change_cold(&[("a", Some("3"))]);
    bench.put("a", "4");
    bench.past.compact(5);
    assert_eq!(seen_sorted(&mut stream).await, ["compacted 0 at 5", "compacted 1 at 5"]);
}

#[tokio::test]
async fn kinds_left_out() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(Watch { no_put: true, ..watch("", "\0") });
    stream.watch(Watch { no_delete: true, ..watch("", "\0") });
    stream.watch(Watch { no_put: true, no_delete: true, ..watch("", "\0") });
    bench.change(&[("a", Some("1")), ("b", Some("1"))]);
    bench.change(&[("a", None), ("b", Some("2"))]);
    let lines = seen(&mut stream).await;
    assert_eq!(lines[3..], ["events 1 at 3: a=1@2, b=1@2, b=2@3", "events 0 at 3: -a@3"]);
}

#[tokio::test]
async fn progress() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.request_progress();
    assert_eq!(seen(&mut stream).await, Vec::<String>::new());
    stream.watch(Watch { progress_notify: true, ..watch("a", "") });
    stream.watch(watch("b", ""));
    bench.put("x", "1");
    bench.put("a", "1");
    stream.request_progress();
    assert_eq!(seen(&mut stream).await[2..], ["events 0 at 3: a=1@3", "progress -1 at 3"]);
    stream.tick();
    assert_eq!(seen(&mut stream).await, Vec::<String>::new(), "it got an event since the last tick");
    bench.put("x", "2");
    stream.tick();
    assert_eq!(seen(&mut stream).await, ["progress 0 at 4"]);
}

#[tokio::test]
async fn the_future_is_not_told_of_the_time_before_it() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(Watch { start: 4, progress_notify: true, ..watch("a", "") });
    stream.request_progress();
    stream.tick();
    bench.put("a", "early");
    stream.tick();
    assert_eq!(seen(&mut stream).await, ["created 0 at 1"]);
    bench.put("a", "early too");
    bench.put("a", "wanted");
    assert_eq!(seen(&mut stream).await, ["events 0 at 4: a=wanted@4", "progress -1 at 4"]);
}

#[tokio::test]
async fn fragments_only_where_allowed() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(StreamOptions { fragment_bytes: 50, ..OPTIONS });
    stream.watch(Watch { fragment: true, ..watch("", "\0") });
    stream.watch(watch("", "\0"));
    let long = "v".repeat(30);
    bench.change(&[("a", Some(&long)), ("b", Some(&long)), ("c", Some("1"))]);
    assert_eq!(
        seen(&mut stream).await[2..],
        [
            format!("events 0 at 2 cut: a={long}@2"),
            format!("events 0 at 2 cut: b={long}@2"),
            "events 0 at 2: c=1@2".to_owned(),
            format!("events 1 at 2: a={long}@2, b={long}@2, c=1@2"),
        ]
    );
}

#[tokio::test]
async fn a_slow_stream_holds_little_and_loses_nothing() {
    let bench = Bench::new(64 << 10);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(watch("", "\0"));
    assert!(matches!(now(&mut stream), Some(Output::Created { .. })));
    let value = "v".repeat(1000);
    for _ in 0..2000 {
        bench.put("a", &value);
    }
    assert!(!stream.is_owing() && bench.hub.inner.ring.read().bytes() <= 64 << 10);
    let mut revisions = Vec::new();
    for output in drain(&mut stream).await {
        if let Output::Events { body, .. } = output {
            revisions.extend(decode(&body).into_iter().filter_map(|event| event.kv).map(|kv| kv.mod_revision));
        }
    }
    assert_eq!(revisions, (2..=2001).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_jump_everyone_reads_history() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(watch("a", ""));
    bench.put("a", "1");
    bench.past.change(&[("a", Some("2"))], true);
    bench.past.change(&[("a", Some("3"))], true);
    bench.hub.restart();
    bench.put("a", "4");
    let lines = seen(&mut stream).await.join("; ");
    let places: Vec<_> = ["a=1@2", "a=2@3", "a=3@4", "a=4@5"].iter().map(|event| lines.find(event)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{lines}");
}

#[tokio::test]
async fn closing_ends_the_streams() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    let waiting = tokio::spawn(async move { stream.next().await.is_none() });
    tokio::task::yield_now().await;
    bench.hub.close();
    assert!(waiting.await.expect("the task ends"));
}

/// Apply on its own thread, with a ring so small that every stream falls behind now and then.
#[tokio::test]
async fn nothing_is_lost_between_threads() {
    const LAST: i64 = 2001;
    let bench = Arc::new(Bench::new(4000));
    let mut streams: Vec<WatchStream> = (0..4).map(|_| bench.hub.stream(OPTIONS)).collect();
    for stream in &mut streams {
        stream.watch(watch("a", ""));
        stream.watch(Watch { prev_kv: true, ..watch("", "\0") });
    }
    let apply = std::thread::spawn({
        let bench = bench.clone();
        move || (2..=LAST).for_each(|_| assert!(bench.put("a", "value") <= LAST))
    });
    for mut stream in streams {
        let mut upto = [1i64; 2];
        while upto != [LAST; 2] {
            match stream.next().await.expect("the hub is open") {
                Output::Events { id, body, .. } => {
                    let upto = &mut upto[usize::try_from(id).expect("0 or 1")];
                    for event in decode(&body) {
                        let revision = event.kv.expect("set").mod_revision;
                        assert_eq!(revision, *upto + 1);
                        *upto = revision;
                    }
                    stream.request_progress();
                }
                Output::Progress { revision, .. } => assert_eq!(upto, [revision; 2]),
                Output::Created { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    apply.join().expect("apply ends");
}
