//! `manifold bench` with small loads, through the real binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{net::TcpListener, path::Path, process::Output};

use node::{Node, manifold, run, text};
use serde_json::Value;

/// `manifold bench` in a directory of its own, which has to be empty again afterwards.
fn started(arguments: &[&str]) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    let under = scratch.path().to_str().unwrap();
    let output = manifold().arg("bench").args(arguments).args(["--start", "--under", under]).output().unwrap();
    let left: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?} is left of {arguments:?}");
    output
}

/// The objects that a run that must go well prints.
fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn report(arguments: &[&str]) -> Value {
    let objects = objects(&started(&[arguments, &["--json"]].concat()));
    assert_eq!(objects.len(), 1);
    let report = objects.into_iter().next().unwrap();
    for field in ["version", "build", "command_line", "kernel", "cores", "address", "seconds", "per_second", "bytes_per_second"] {
        assert!(!report[field].is_null(), "{field} in {report}");
    }
    assert!(report["server"]["resident_peak_bytes"].as_u64().unwrap() > 1 << 20, "{report}");
    assert_eq!(report["errors"], serde_json::json!({}), "{report}");
    report
}

/// All that was acknowledged was read back, once, whole and in order.
fn held(report: &Value, records: u64) {
    let verified = &report["verified"];
    assert_eq!((verified["acknowledged"].as_u64(), verified["held"].as_u64()), (Some(records), Some(records)), "{report}");
    for fault in ["lost", "duplicated", "changed", "foreign", "disordered", "crc_wrong"] {
        if let Some(count) = verified.get(fault) {
            assert_eq!(count, 0, "{fault} in {report}");
        }
    }
}

#[test]
fn what_is_produced_is_read_back() {
    let all = report(&["produce", "--records", "5000", "--partitions", "3"]);
    assert_eq!(
        (&all["operation"], all["done"].as_u64(), all["bytes"].as_u64()),
        (&"produce".into(), Some(5_000), Some(5_000 * 256))
    );
    held(&all, 5_000);
    let latency = &all["latency"];
    let at = |name: &str| latency[name].as_f64().unwrap();
    assert!(0.0 < at("p50_ms") && at("p50_ms") <= at("p99_ms") && at("p999_ms") <= at("max_ms"), "{latency}");

    let numbered = report(&["produce", "--records", "2001", "--idempotent", "--connections", "2", "--record-size", "48"]);
    held(&numbered, 2_001);
    let scheduled = report(&["produce", "--rate", "2000", "--seconds", "1", "--batch-bytes", "1000", "--connections", "2"]);
    let done = scheduled["done"].as_u64().unwrap();
    assert!((1..=2_010).contains(&done), "the schedule is kept: {scheduled}");
    held(&scheduled, done);
    let unanswered = report(&["produce", "--records", "1000", "--acks", "0"]);
    assert_eq!((unanswered["done"].as_u64(), unanswered["verified"]["acknowledged"].as_u64()), (Some(1_000), Some(0)));
    assert!(unanswered["latency"]["p50_ms"].is_null());

    let unproved = started(&["produce", "--records", "100", "--no-verify", "--warm-up", "1"]);
    assert!(unproved.status.success() && text(&unproved.stdout).contains("nothing was read back"), "{}", text(&unproved.stdout));
}

#[test]
fn records_are_consumed_and_followed_from_end_to_end() {
    let consumed = report(&["consume", "--records", "3000", "--partitions", "2"]);
    assert_eq!((consumed["done"].as_u64(), &consumed["filled"]), (Some(3_000), &true.into()));
    held(&consumed, 3_000);
    let followed = report(&["end-to-end", "--records", "50"]);
    assert_eq!((followed["done"].as_u64(), followed["latency"]["p50_ms"].is_null()), (Some(50), false));
    held(&followed, 50);
    let scheduled = report(&["end-to-end", "--records", "50", "--rate", "200"]);
    held(&scheduled, 50);
}

#[test]
fn records_over_http_are_read_back_through_the_kafka_door() {
    let ingested = report(&["ingest", "--records", "2000", "--connections", "4", "--partitions", "2"]);
    assert_eq!((ingested["done"].as_u64(), ingested["too_many_requests"].as_u64()), (Some(2_000), Some(0)));
    held(&ingested, 2_000);
}

#[test]
fn users_over_http_come_in_stages() {
    let arguments = ["ingest", "--ramp", "5,20,40", "--seconds", "1", "--batch-records", "10", "--partitions", "2"];
    let stages = objects(&started(&[&arguments[..], &["--json"]].concat()));
    let users: Vec<_> = stages.iter().map(|stage| stage["connections"].as_u64().unwrap()).collect();
    assert_eq!(users, [5, 20, 40]);
    for stage in &stages {
        held(stage, stage["done"].as_u64().unwrap());
        let answers = |name: &str| stage[name].as_u64().unwrap();
        assert_eq!(answers("answers_2xx") * 10, answers("done"), "{stage}");
        assert_eq!((answers("too_many_requests"), answers("answers_other")), (0, 0), "{stage}");
        assert!(["p50_ms", "p90_ms", "p95_ms", "p99_ms"].iter().all(|name| stage["latency"][name].as_f64().unwrap() > 0.0));
    }
    let output = started(&[&arguments[..], &["--markdown"]].concat());
    let table = text(&output.stdout);
    assert!(output.status.success() && table.lines().filter(|line| line.starts_with("| ingest |")).count() == 3, "{table}");
    assert!(
        table.lines().next().unwrap().ends_with("| connections | answers_2xx | too_many_requests | answers_other |"),
        "{table}"
    );
}

#[test]
fn the_etcd_door_is_measured_too() {
    for (operation, more) in
        [("put", &[][..]), ("txn", &[]), ("get", &["--keys", "100"]), ("list", &["--keys", "100", "--limit", "20"])]
    {
        let measured = report(&[&[operation, "--requests", "300"], more].concat());
        assert_eq!((&measured["operation"], measured["done"].as_u64()), (&operation.into(), Some(300)), "{measured}");
        if operation != "list" {
            held(&measured, 300);
        }
    }
    let watched = report(&["watch", "--watchers", "20", "--connections", "2", "--requests", "50"]);
    assert_eq!((watched["done"].as_u64(), watched["broken"].as_array().unwrap().len()), (Some(1_000), 0), "{watched}");
}

/// A load on the configuration store of a node that is started for it.
fn config(workload: &str, more: &[&str]) -> Value {
    let all = report(&[&["config", "--workload", workload, "--connections", "4"], more].concat());
    assert_eq!((&all["operation"], &all["broken"]), (&format!("config {workload}").into(), &serde_json::json!([])), "{all}");
    all
}

#[test]
fn writes_to_the_configuration_store_are_read_back_and_audited() {
    let written = config("write", &["--requests", "1000", "--namespaces", "7", "--value-size", "300", "--warm-up", "1"]);
    assert_eq!((written["done"].as_u64(), written["bytes"].as_u64()), (Some(1_000), Some(300_000)));
    assert_eq!((written["audit_records"].as_u64(), written["answers_2xx"].as_u64()), (Some(1_000), Some(1_000)), "{written}");
    held(&written, 1_000);
    let scheduled = config("write", &["--rate", "200", "--seconds", "1"]);
    let done = scheduled["done"].as_u64().unwrap();
    assert!((1..=201).contains(&done), "the schedule is kept: {scheduled}");
    held(&scheduled, done);
    // Values that are stored in pieces.
    held(&config("write", &["--requests", "8", "--value-size", "2000000"]), 8);
}

#[test]
fn keys_pages_and_lists_of_the_configuration_store_are_read() {
    for consistency in ["linearizable", "local"] {
        let read = config("read", &["--keys", "200", "--requests", "500", "--consistency", consistency]);
        assert_eq!((read["done"].as_u64(), &read["consistency"]), (Some(500), &consistency.into()));
        held(&read, 500);
    }
    for (workload, more) in [
        ("audit", &["--keys", "300"][..]),
        ("audit", &["--keys", "3"]),
        ("list", &["--keys", "300"]),
        ("list", &["--keys", "30", "--limit", "7"]),
        ("list", &["--of", "namespaces", "--namespaces", "40", "--limit", "30"]),
    ] {
        held(&config(workload, &[&["--requests", "50"], more].concat()), 50);
    }
}

#[test]
fn every_watcher_of_a_configuration_key_gets_every_change() {
    let watched = config("watch", &["--watchers", "200", "--requests", "20"]);
    let count = |name: &str| watched[name].as_u64().unwrap();
    assert_eq!((count("done"), count("watchers"), count("changes")), (4_000, 200, 20), "{watched}");
    assert!(watched["latency"]["max_ms"].as_f64().unwrap() > 0.0, "{watched}");
}

#[test]
fn an_import_and_a_snapshot_are_timed() {
    let imported = config("import", &["--keys", "3000", "--value-size", "100"]);
    assert!(imported["looks_meanwhile"].as_u64().unwrap() > 0, "{imported}");
    held(&imported, 3_000);
    let snapshot = config("snapshot", &["--keys", "500", "--seconds", "2"]);
    let figure = |name: &str| snapshot[name].as_f64().unwrap();
    assert!(figure("snapshot_bytes") > 500.0 * 1_024.0 && figure("snapshot_ms") >= 0.0, "{snapshot}");
    assert!(figure("longest_before_ms") > 0.0 && figure("longest_meanwhile_ms") > 0.0, "{snapshot}");
    let written = snapshot["verified"]["acknowledged"].as_u64().unwrap();
    assert!(written > 500, "what was written before, and meanwhile: {snapshot}");
    held(&snapshot, written);
}

#[test]
fn three_nodes_share_a_load_on_the_configuration_store() {
    let written = config("write", &["--nodes", "3", "--requests", "300"]);
    assert_eq!((written["done"].as_u64(), written["nodes"].as_u64()), (Some(300), Some(3)), "{written}");
    held(&written, 300);
}

#[test]
fn a_node_that_runs_is_loaded_by_who_has_a_key_and_left_as_it_was() {
    let node = Node::start(&[]);
    let made = node.ctl(&["key", "create", "bench", "--role", "admin"]);
    let key = text(&made.stdout).trim().to_owned();
    let bench = |key: Option<&str>, arguments: &[&str]| {
        let mut command = manifold();
        command.args(["bench", "config", "--http", &node.http, "--requests", "100", "--connections", "4"]).args(arguments);
        command.env_remove("MANIFOLD_API_KEY");
        if let Some(key) = key {
            command.env("MANIFOLD_API_KEY", key);
        }
        command.output().unwrap()
    };
    let pid = node.pid().to_string();
    let report = objects(&bench(Some(&key), &["--json", "--pid", &pid])).remove(0);
    held(&report, 100);
    assert!(report["server"]["resident_peak_bytes"].as_u64().unwrap() > 0, "{report}");
    let (status, left) = node.get_with("/api/v1/namespaces", &format!("X-Api-Key: {key}"));
    assert_eq!((status, left.trim()), (200, "[]"), "nothing is left there");

    let shown = bench(None, &["--json", "--api-key", &key]);
    let told = [text(&shown.stdout), text(&shown.stderr)].concat();
    assert!(shown.status.success() && !told.contains(&key), "a key is not told");
    for (key, said) in [(None, "MANIFOLD_API_KEY"), (Some("not-a-key"), "401 unauthenticated"), (Some("a b"), "--api-key")] {
        let output = bench(key, &[]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{told}");
        assert!(told.contains(said) && !told.contains("not-a-key"), "{told}");
    }
}

#[test]
fn one_node_is_measured_against_another_in_turn() {
    let (ours, peer) = (Node::start(&[]), Node::start(&[]));
    let (ours_kafka, peer_kafka) = (kafka(&ours), kafka(&peer));
    let arguments =
        ["bench", "produce", "--bootstrap", &ours_kafka, "--against", &peer_kafka, "--runs", "2", "--records", "500", "--json"];
    let objects = objects(&run(&arguments));
    let targets: Vec<_> = objects.iter().map(|object| object["target"].as_str().unwrap_or("-")).collect();
    assert_eq!(targets, ["manifold", "peer", "manifold", "peer", "-"]);
    let rate = &objects[4]["medians"]["per_second"];
    let ratio = rate["ours"].as_f64().unwrap() / rate["peer"].as_f64().unwrap();
    assert!((rate["ratio"].as_f64().unwrap() - ratio).abs() < 0.01, "{rate}");
    // Topics of its own are gone.
    assert_eq!(text(&ours.ctl(&["topic", "list", "--json"]).stdout).trim(), "[]");
}

#[test]
fn what_somebody_else_wrote_meanwhile_or_before_is_noticed() {
    let node = Node::start(&[]);
    let bootstrap = kafka(&node);
    let bench = |arguments: &[&str]| run(&[&["bench"], arguments, &["--bootstrap", &bootstrap]].concat());
    let output = bench(&["produce", "--topic", "load", "--partitions", "2", "--records", "1000"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.starts_with("TARGET ") && table.contains("1000 of 1000 acknowledged records read back; lost 0"), "{table}");
    let output = bench(&["consume", "--topic", "load", "--markdown"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("| operation | target |"), "{}", text(&output.stderr));

    let refused = bench(&["produce", "--topic", "load", "--partitions", "3", "--records", "1"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("has 2 partitions, not 3"), "{}", text(&refused.stderr));

    // A record that is none of a load's is a fault of the topic.
    let mut produce = manifold();
    produce.args(["ctl", "--data-dir", node.data_dir().to_str().unwrap(), "produce", "load", "--file"]).arg(line(&node));
    assert!(produce.output().unwrap().status.success());
    let foreign = bench(&["consume", "--topic", "load", "--json"]);
    assert_eq!(foreign.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&foreign.stdout).unwrap();
    assert_eq!((found["verified"]["foreign"].as_u64(), found["verified"]["read"].as_u64()), (Some(1), Some(1_001)));
    assert!(text(&foreign.stderr).contains("foreign 1"), "{}", text(&foreign.stderr));
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().to_string();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["produce", "--bootstrap", &unused], 69, "--start"),
        (&["put", "--endpoint", &unused], 69, "--start"),
        (&["ingest", "--bootstrap", &unused], 69, "--start"),
        (&["config", "--http", &unused, "--api-key", "k"], 69, "--start"),
        (&["config", "--http", "192.0.2.1:8480"], 78, "--allow-remote"),
        (&["config", "--http", "nonsense"], 78, "HOST:PORT"),
        (&["config", "--workload", "sing"], 2, "--workload"),
        (&["config", "--connections", "0"], 2, "--connections"),
        (&["config", "--namespaces", "0"], 2, "--namespaces"),
        (&["config", "--watchers", "0"], 2, "--watchers"),
        (&["config", "--keys", "0"], 2, "--keys"),
        (&["config", "--value-size", "47"], 2, "--value-size"),
        (&["config", "--limit", "1001"], 2, "--limit"),
        (&["config", "--consistency", "some"], 2, "--consistency"),
        (&["config", "--nodes", "3"], 2, "--start"),
        (&["config", "--start", "--nodes", "0"], 2, "--nodes"),
        (&["config", "--start", "--peer", "kafka"], 78, "--peer etcd"),
        (&["config", "--start", "--peer", "etcd", "--workload", "watch"], 78, "--workload write and read"),
        (&["config", "--start", "--workload", "import", "--requests", "5"], 78, "--requests"),
        (&["config", "--start", "--workload", "import", "--rate", "5"], 78, "--rate"),
        (&["config", "--start", "--workload", "snapshot", "--connections", "1"], 78, "--connections"),
        (&["produce", "--bootstrap", "192.0.2.1:9092"], 78, "--allow-remote"),
        (&["put", "--endpoint", "192.0.2.1:2379"], 78, "--allow-remote"),
        (&["produce", "--bootstrap", "nonsense"], 78, "HOST:PORT"),
        (&["produce", "--records", "0"], 2, "--records"),
        (&["produce", "--record-size", "47"], 2, "--record-size"),
        (&["produce", "--batch-bytes", "0"], 2, "--batch-bytes"),
        (&["produce", "--connections", "0"], 2, "--connections"),
        (&["produce", "--in-flight", "0"], 2, "--in-flight"),
        (&["produce", "--partitions", "0"], 2, "--partitions"),
        (&["produce", "--seconds", "0"], 2, "--seconds"),
        (&["produce", "--warm-up", "0"], 2, "--warm-up"),
        (&["end-to-end", "--rate", "0.01"], 78, "--rate"),
        (&["produce", "--rate", "0"], 2, "--rate"),
        (&["produce", "--acks", "2"], 2, "--acks"),
        (&["produce", "--runs", "0"], 2, "--runs"),
        (&["produce", "--idempotent", "--in-flight", "6"], 78, "--in-flight"),
        (&["produce", "--idempotent", "--acks", "1"], 78, "--acks"),
        (&["produce", "--start", "--pid", "1"], 2, "--pid"),
        (&["produce", "--peer", "etcd"], 78, "--peer kafka"),
        (&["put", "--peer", "kafka"], 78, "--peer etcd"),
        (&["put", "--start", "--under", "/no/such/directory"], 78, "--under"),
        (&["put", "--value-size", "7"], 2, "--value-size"),
        (&["ingest", "--batch-records", "0"], 2, "--batch-records"),
        (&["ingest", "--ramp", "500,0"], 2, "--ramp"),
        (&["ingest", "--ramp", "5", "--records", "1"], 2, "--ramp"),
    ];
    for (arguments, code, said) in cases {
        let output = run(&[&["bench"], *arguments].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {told}");
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
    let help = run(&["bench", "produce", "--help"]);
    assert!(text(&help.stdout).contains("manifold bench produce --start"));
}

/// Where the node's Kafka door is.
fn kafka(node: &Node) -> String {
    let log = node.log();
    let ready = log.lines().find(|line| line.contains("ready to serve")).unwrap();
    ready.split(" kafka=").nth(1).unwrap().split(' ').next().unwrap().trim_matches('"').to_owned()
}

/// A file of one line.
fn line(node: &Node) -> std::path::PathBuf {
    let path = Path::new(node.data_dir()).with_file_name("line");
    std::fs::write(&path, "hello\n").unwrap();
    path
}
