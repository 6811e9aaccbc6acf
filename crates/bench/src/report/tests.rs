use super::*;

fn report(target: &str, run: u32, done: u64) -> Report {
    let mut latency = latencies();
    for ms in 1..=100 {
        latency.saturating_record(ms * 1_000);
    }
    Report {
        operation: "produce",
        unit: "records",
        target: target.to_owned(),
        address: "127.0.0.1:1".to_owned(),
        run,
        seconds: 2.0,
        done,
        bytes: done * 100,
        latency,
        latency_of: "batch",
        errors: BTreeMap::from([("NOT_LEADER_OR_FOLLOWER".to_owned(), 2)]),
        server: Some(Usage { cpu_seconds: 1.0, written_bytes: Some(7), ..Usage::default() }),
        client_cpu_seconds: 0.5,
        verdict: Some(Verdict { acknowledged: done, held: done, ..Verdict::default() }),
        unproved: UNPROVED,
        broken: Vec::new(),
        details: Map::from_iter([("acks".to_owned(), json!(-1)), ("stage".to_owned(), json!(done * 2))]),
        columns: &["stage"],
    }
}

#[test]
fn figures_are_what_was_measured() {
    let json = report("manifold", 1, 1_000).to_json("1.2.3");
    assert_eq!((&json["per_second"], &json["bytes_per_second"]), (&json!(500.0), &json!(50_000.0)));
    assert_eq!(
        (&json["version"], &json["acks"], &json["errors"]["NOT_LEADER_OR_FOLLOWER"]),
        (&json!("1.2.3"), &json!(-1), &json!(2))
    );
    assert_eq!(json["server"]["cpu_us_per_operation"], 1_000.0);
    let p50 = json["latency"]["p50_ms"].as_f64().expect("a number");
    let p999 = json["latency"]["p999_ms"].as_f64().expect("a number");
    assert!((49.9..=50.1).contains(&p50) && (99.9..=100.2).contains(&p999), "{json}");
    assert_eq!(json["verified"]["lost"], 0);
    for field in ["command_line", "kernel", "cores", "build"] {
        assert!(!json[field].is_null(), "{field}");
    }
}

#[test]
fn a_broken_promise_is_a_complaint_and_so_is_nothing_done() {
    assert_eq!(report("manifold", 1, 10).complaint(), None);
    let lost = Report { verdict: Some(Verdict { lost: 1, ..Verdict::default() }), ..report("manifold", 1, 10) };
    assert!(lost.complaint().expect("one is lost").contains("lost 1"));
    let broken = Report { verdict: None, broken: vec!["3 events came out of order".to_owned()], ..report("manifold", 1, 10) };
    assert!(broken.complaint().expect("it is broken").contains("3 events") && broken.notes().contains("3 events"));
    let unproved = Report { verdict: None, ..report("manifold", 1, 10) };
    assert!(unproved.complaint().is_none() && unproved.notes().contains(UNPROVED));
    let nothing = report("manifold", 1, 0).complaint().expect("nothing was done");
    assert!(nothing.contains("2 times NOT_LEADER_OR_FOLLOWER"), "{nothing}");
}

#[test]
fn medians_of_alternating_runs_are_compared() {
    let reports: Vec<Report> =
        [("manifold", 100), ("peer", 10), ("manifold", 300), ("peer", 30), ("manifold", 200), ("peer", 20)]
            .into_iter()
            .map(|(target, done)| report(target, 1, done))
            .collect();
    let comparison = Comparison::of(&reports).expect("there are two");
    assert_eq!(comparison.to_json()["medians"]["per_second"], json!({ "ours": 100.0, "peer": 10.0, "ratio": 10.0 }));
    assert!(comparison.to_text().contains("per_second"));
    assert_eq!(Comparison::of(&reports[..1]), None);
    let alone = [report("manifold", 1, 10), report("manifold", 2, 30)];
    let alone = Comparison::of(&alone).expect("there are two runs").to_json();
    assert_eq!(alone["medians"]["per_second"], json!({ "ours": 10.0 }));
    assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
}

#[test]
fn tables_have_a_row_for_each_run() {
    let reports = [report("manifold", 1, 10), report("peer", 1, 20)];
    let (text, markdown) = (text(&reports), markdown(&reports));
    assert_eq!((text.lines().count(), markdown.lines().count()), (3, 4));
    let columns = |line: &str| line.matches('|').count();
    // The operation before them, and the detail that has a column behind them.
    assert!(markdown.lines().all(|line| columns(line) == HEADINGS.len() + 3), "{markdown}");
    assert!(text.lines().next().is_some_and(|line| line.ends_with("  STAGE")) && text.ends_with("  40\n"), "{text}");
    assert!(!reports[0].notes().contains("stage") && reports[0].notes().contains("acks -1"), "{}", reports[0].notes());
}

#[test]
fn a_key_on_the_command_line_is_not_told() {
    let told = |arguments: &[&str]| command_line(arguments.iter().map(|argument| (*argument).to_owned())).join(" ");
    assert_eq!(told(&["bench", "--api-key", "secret", "--json"]), "bench --api-key ... --json");
    assert_eq!(told(&["bench", "--api-key=secret"]), "bench --api-key=...");
}
