//! `manifold bench config` beside the real etcd, and with thousands of watchers.
//!
//! `BENCH_WATCHERS` says how many (2,000).

use interop::Settings;
use interop::peers::peers;
use interop::server::memory_folder;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::process::Command;

/// Runs it on nodes of its own and gives what it reports, line by line.
fn bench(arguments: &[&str]) -> Vec<Value> {
    let mut command = Command::new(&Settings::manifold().binary);
    command.args(["bench", "config", "--start", "--json", "--under"]).arg(memory_folder()).args(arguments);
    let output = command.env_remove("MANIFOLD_BIN").output().expect("the binary runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_same_load_goes_to_the_real_etcd() {
    let Some(peers) = peers("manifold bench config --peer etcd") else { return };
    let program = peers.etcd.to_str().expect("the folders have plain names");
    for (workload, consistency) in [("write", "linearizable"), ("read", "linearizable"), ("read", "local")] {
        let sizes = ["--keys", "200", "--requests", "500", "--connections", "4", "--value-size", "100"];
        let what = ["--workload", workload, "--consistency", consistency, "--peer", "etcd", "--peer-program", program];
        let reports = bench(&[&sizes[..], &what].concat());
        let targets: Vec<_> = reports.iter().map(|report| report["target"].as_str().unwrap_or("-")).collect();
        assert_eq!(targets, ["manifold", "etcd", "-"]);
        for report in &reports[..2] {
            let count = |name: &str| report["verified"][name].as_u64();
            assert_eq!((report["done"].as_u64(), count("held"), count("lost")), (Some(500), Some(500), Some(0)), "{report}");
            assert_eq!((&report["bytes"], &report["errors"]), (&50_000.into(), &serde_json::json!({})), "{report}");
        }
        assert!(reports[2]["medians"]["per_second"]["ratio"].as_f64().expect("a number") > 0.0);
    }
}

#[test]
fn thousands_of_watchers_have_each_change_once() {
    let wanted: u64 = std::env::var("BENCH_WATCHERS").map_or(2_000, |text| text.parse().expect("BENCH_WATCHERS is a number"));
    if getrlimit(Resource::Nofile).maximum.is_some_and(|most| most < wanted + 500) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out");
        eprintln!("LEFT OUT: {wanted} watchers: a process may have fewer files open here");
        return;
    }
    let watchers = wanted.to_string();
    let reports = bench(&["--workload", "watch", "--watchers", &watchers, "--requests", "5", "--value-size", "100"]);
    let report = &reports[0];
    assert_eq!((report["done"].as_u64(), report["changes"].as_u64()), (Some(5 * wanted), Some(5)), "{report}");
    println!("{wanted} watchers: {} of the last one", report["latency"]);
}
