//! `manifold ctl topic | group | produce | consume` on a real node.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Output, Stdio},
};

use node::{Node, manifold, run, text};
use serde_json::Value;

const RECORDS: usize = 1_000;
const PARTITIONS: usize = 3;

/// What a command that must go well prints.
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&done(output)).unwrap()
}

fn produce(node: &Node, arguments: &[&str], input: &str) -> Output {
    let mut command = manifold();
    command.args(["ctl", "--data-dir", node.data_dir().to_str().unwrap(), "produce"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that refuses does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    done(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn records_go_in_and_come_out_and_a_group_s_lag_is_told() {
    let node = Node::start(&[]);
    assert!(done(&node.ctl(&["topic", "list"])).contains("topic create NAME"));
    let created = json(&node.ctl(&["topic", "create", "orders", "--partitions", "3", "--json"]));
    assert_eq!((&created["state"], &created["partitions"]), (&"created".into(), &PARTITIONS.into()));
    let twice = node.ctl(&["topic", "create", "orders"]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(text(&twice.stderr).contains("(TOPIC_ALREADY_EXISTS)"), "{}", text(&twice.stderr));

    let input: String = (0..RECORDS).map(|number| format!("key-{}:value {number}\n", number % 50)).collect();
    let arguments = ["orders", "--key-separator", ":", "--codec", "lz4", "--header", "from=test", "--json"];
    let produced = json(&produce(&node, &arguments, &input));
    assert_eq!((&produced["records"], &produced["acknowledged"]), (&RECORDS.into(), &RECORDS.into()));
    assert!(produced["p99_ms"].as_f64().unwrap() > 0.0 && produced["idempotent"] == true);

    let consumed = objects(&node.ctl(&["consume", "orders", "--exit-at-end", "--format", "json"]));
    assert_eq!(consumed.len(), RECORDS);
    let mut numbers = BTreeMap::<u64, Vec<usize>>::new();
    let mut homes = BTreeMap::<String, u64>::new();
    for record in &consumed {
        let partition = record["partition"].as_u64().unwrap();
        let seen = numbers.entry(partition).or_default();
        assert_eq!(record["offset"], seen.len(), "offsets have no gap");
        seen.push(record["value"].as_str().unwrap().strip_prefix("value ").unwrap().parse().unwrap());
        let key = record["key"].as_str().unwrap().to_owned();
        assert_eq!(*homes.entry(key).or_insert(partition), partition, "a key stays in its partition");
        assert_eq!(record["headers"][0], serde_json::json!({ "key": "from", "value": "test" }));
    }
    assert_eq!((numbers.len(), homes.len()), (PARTITIONS, 50));
    assert!(numbers.values().all(|numbers| numbers.is_sorted()), "as they were produced");

    let first = objects(&node.ctl(&["consume", "orders", "--group", "billing", "--count", "400", "--json"]));
    assert_eq!(first.len(), 400);
    let described = json(&node.ctl(&["group", "describe", "billing", "--json"]));
    assert_eq!((&described["state"], &described["lag"]), (&"Empty".into(), &(RECORDS - 400).into()), "{described}");
    let page = done(&node.ctl(&["group", "describe", "billing"]));
    assert!(page.contains("lag          600 in all") && page.contains("COMMITTED"), "{page}");
    assert!(done(&node.ctl(&["group", "list"])).contains("billing"));
    let rest = objects(&node.ctl(&["consume", "orders", "--group", "billing", "--exit-at-end", "--json"]));
    let place = |record: &Value| (record["partition"].as_u64(), record["offset"].as_u64());
    let both: std::collections::BTreeSet<_> = first.iter().chain(&rest).map(place).collect();
    assert_eq!((rest.len(), both.len()), (600, RECORDS), "it goes on where it was");

    let reset = ["group", "reset", "billing", "--topic", "orders", "--to", "earliest"];
    assert!(done(&node.ctl(&reset)).contains("add --execute"));
    assert_eq!(json(&node.ctl(&["group", "describe", "billing", "--json"]))["lag"], 0, "that was a dry run");
    assert!(done(&node.ctl(&[&reset[..], &["--execute"]].concat())).contains("goes on from there"));
    assert_eq!(json(&node.ctl(&["group", "describe", "billing", "--json"]))["lag"], RECORDS);

    assert!(text(&node.ctl(&["group", "delete", "billing"]).stderr).contains("--yes"));
    done(&node.ctl(&["group", "delete", "billing", "--yes"]));
    assert!(!node.ctl(&["group", "describe", "billing"]).status.success());
    done(&node.ctl(&["topic", "delete", "orders", "--yes"]));
    assert_eq!(json(&node.ctl(&["topic", "list", "--json"])), serde_json::json!([]));
    let gone = node.ctl(&["consume", "orders", "--exit-at-end"]);
    assert!(text(&gone.stderr).contains("there is no topic orders"), "{}", text(&gone.stderr));
}

#[test]
fn partitions_are_trimmed_grown_and_read_from_a_place() {
    let node = Node::start(&[]);
    done(&node.ctl(&["topic", "create", "events", "--partitions", "1"]));
    let input: String = (0..10).map(|number| format!("{number}\n")).collect();
    done(&produce(&node, &["events"], &input));
    let young = node.ctl(&["consume", "events", "--from", "1h", "--count", "2", "--format", "value"]);
    assert_eq!(done(&young), "0\n1\n");
    let trimmed = json(&node.ctl(&["topic", "trim", "events", "--partition", "0", "--before", "4", "--json"]));
    assert_eq!(trimmed["start"], 4);
    let beyond = node.ctl(&["topic", "trim", "events", "--partition", "0", "--before", "11"]);
    assert!(text(&beyond.stderr).contains("(OFFSET_OUT_OF_RANGE)"), "{}", text(&beyond.stderr));
    done(&node.ctl(&["topic", "grow", "events", "--partitions", "2"]));
    let described = json(&node.ctl(&["topic", "describe", "events", "--json"]));
    let partition = &described["partitions"][0];
    assert_eq!((&partition["start"], &partition["end"]), (&4.into(), &10.into()), "{described}");
    assert_eq!(described["partitions"].as_array().unwrap().len(), 2);
    let door = json(&node.ctl(&["status", "--json"]))["doors"]["kafka"].as_str().unwrap().to_owned();
    let elsewhere = json(&run(&["ctl", "topic", "list", "--json", "--bootstrap", &door]));
    assert_eq!((&elsewhere[0]["name"], &elsewhere[0]["partitions"]), (&"events".into(), &2.into()));

    let values = |arguments: &[&str]| {
        let output = node.ctl(&[&["consume", "events", "--exit-at-end", "--format", "value"], arguments].concat());
        done(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(values(&[]), "4 5 6 7 8 9");
    assert_eq!(values(&["--from", "7"]), "7 8 9");
    assert_eq!(values(&["--from", "latest"]), "");
    assert_eq!(values(&["--from", "2099-01-01T00:00:00Z"]), "");
    assert_eq!(values(&["--partition", "1"]), "");
    let line = done(&node.ctl(&["consume", "events", "--exit-at-end", "--from", "9", "--partition", "0"]));
    assert!(line.starts_with("0:9  20") && line.ends_with("Z  -  9\n"), "{line}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let node = Node::start(&[]);
    let missing = produce(&node, &["nowhere"], "a\n");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("manifold ctl topic create nowhere"), "{}", text(&missing.stderr));
    assert_eq!(json(&node.ctl(&["topic", "list", "--json"])), serde_json::json!([]), "a typing error makes no topic");

    done(&node.ctl(&["topic", "create", "small", "--partitions", "1", "--config", "max.message.bytes=1000"]));
    let refused = produce(&node, &["small", "--json"], &format!("{}\n", "x".repeat(5_000)));
    assert_eq!(refused.status.code(), Some(1));
    let summary: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&summary["records"], &summary["acknowledged"]), (&1.into(), &0.into()));
    assert!(text(&refused.stderr).contains("1 of 1 records are not acknowledged"), "{}", text(&refused.stderr));
    let partition = node.ctl(&["consume", "small", "--partition", "7"]);
    assert!(text(&partition.stderr).contains("has no partition 7"), "{}", text(&partition.stderr));

    let nobody = run(&["ctl", "topic", "list", "--bootstrap", "127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(69));
    let scratch = tempfile::tempdir().unwrap();
    let nobody = run(&["ctl", "topic", "list", "--data-dir", scratch.path().to_str().unwrap()]);
    assert!(nobody.status.code() == Some(69) && text(&nobody.stderr).contains("--bootstrap"), "{}", text(&nobody.stderr));
}

#[test]
fn help_teaches() {
    let commands = [
        &["topic", "create"][..],
        &["topic", "describe"],
        &["topic", "delete"],
        &["topic", "alter"],
        &["topic", "grow"],
        &["topic", "trim"],
        &["group", "describe"],
        &["group", "delete"],
        &["group", "reset"],
        &["produce"],
        &["consume"],
    ];
    for command in commands {
        let help = text(&run(&[&["ctl"], command, &["--help"]].concat()).stdout);
        assert!(help.contains("Example") && help.contains(&format!("manifold ctl {}", command.join(" "))), "{help}");
        assert!(help.contains("--bootstrap <HOST:PORT>"), "{help}");
    }
}
