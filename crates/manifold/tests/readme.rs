//! What the README says can be typed, typed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use node::Node;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// Commands and the lines that the page shows below each, from every block of the language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn commands(block: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), Vec::new())),
            None => commands.last_mut().expect("output stands below a command").1.push(line.to_owned()),
        }
    }
    commands
}

/// Whether the output is what is shown; `...` stands for anything in a line, and at a last line's end for all that follows.
fn matches(shown: &[String], printed: &str) -> bool {
    let mut lines = printed.lines();
    for line in shown {
        let Some(printed) = lines.next() else { return false };
        let fits = match line.split_once("...") {
            None => line == printed,
            Some((start, end)) => {
                printed.len() >= start.len() + end.trim_start().len()
                    && printed.starts_with(start.trim_end())
                    && printed.ends_with(end.trim_start())
            }
        };
        if !fits {
            return false;
        }
    }
    shown.last().is_some_and(|line| line.ends_with("...")) || lines.next().is_none()
}

/// The folder of etcdctl 3.7, or a plain word that it is left out, which is a failure with CI=true.
fn etcdctl() -> Option<PathBuf> {
    let status = Command::new(root().join("interop/peers/build")).status().unwrap();
    match status.code() {
        Some(0) => Some(root().join("interop/peers/bin")),
        Some(3) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "with CI=true nothing is left out");
            eprintln!("LEFT OUT: the README's etcdctl commands: Go is missing");
            None
        }
        code => panic!("interop/peers/build failed: {code:?}"),
    }
}

#[test]
fn every_command_does_what_the_page_shows() {
    let node = Node::start(&[]);
    let work = tempfile::tempdir().unwrap();
    let etcdctl = etcdctl();
    let binaries = Path::new(env!("CARGO_BIN_EXE_manifold")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{}:{path}", binaries.display(), etcdctl.as_deref().unwrap_or(binaries).display());
    let mut run = 0;
    for (command, shown) in blocks(&readme(), "console").iter().flat_map(|block| commands(block)) {
        if command.starts_with("etcdctl") && etcdctl.is_none() {
            continue;
        }
        let here = command.replace("127.0.0.1:8480", &node.http);
        let output = Command::new("bash")
            .args(["-c", &here])
            .current_dir(work.path())
            .env("PATH", &path)
            .env("ETCDCTL_ENDPOINTS", &node.etcd)
            .env("MANIFOLD_DATA_DIR", node.data_dir())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command}\n{out}{err}");
        assert!(matches(&shown, &out), "{command}\nshown:\n{}\nprinted:\n{out}", shown.join("\n"));
        run += 1;
    }
    assert!(run >= 7, "only {run} commands were found");
}

#[test]
fn a_page_that_promises_too_much_is_noticed() {
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(matches(&shown(&["lease ... granted"]), "lease 7 granted\n"));
    assert!(matches(&shown(&["node ..."]), "node      x\nmore\n"));
    assert!(!matches(&shown(&["OK"]), "OK\nmore\n"));
    assert!(!matches(&shown(&["OK", "more"]), "OK\n"));
    assert!(!matches(&shown(&["lease ... granted"]), "lease granted no\n"));
}

#[test]
fn the_two_commands_are_these() {
    let blocks = blocks(&readme(), "sh");
    assert_eq!(blocks, ["cargo run --release\n", "./check\n"]);
    let help = Command::new(root().join("check")).arg("--help").output().unwrap();
    assert!(help.status.success());

    // `cargo run` alone knows which of the workspace's binaries is meant: there is one that says so.
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let defaults: Vec<_> = packages.filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(defaults, ["manifold"]);
}

#[test]
fn linked_pages_exist() {
    let page = readme();
    for target in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).filter(|target| !target.contains("://")) {
        assert!(root().join(target).exists(), "{target}");
    }
}
