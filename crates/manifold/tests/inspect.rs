//! `manifold inspect journal` on what a real node left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::os::unix::fs::FileExt;

use node::{Node, command, run, text};
use rustix::process::Signal;

#[test]
fn a_journal_is_printed_verified_and_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().to_str().unwrap();
    let mut node = Node::start_on(scratch.path(), &[]);
    node.signal(Signal::TERM);
    assert_eq!(node.wait().code(), Some(0));

    let output = run(&["inspect", "journal", dir]);
    let page = text(&output.stdout);
    assert!(output.status.success(), "{page}{}", text(&output.stderr));
    assert!(
        page.contains("Whole: the last write is a closing record.") && page.contains("SEGMENT") && page.contains("SHARD"),
        "{page}"
    );

    let output = run(&["inspect", "journal", dir, "--json", "--writes"]);
    let lines: Vec<serde_json::Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["outcome"], "closed");
    let whole = lines[1..].iter().filter(|write| write["verdict"] == "whole").count() as u64;
    assert!(whole >= lines[0]["writes"].as_u64().unwrap() && whole > 0);
    let closing = lines.last().unwrap()["records"].as_array().unwrap().last().unwrap();
    assert_eq!(closing["kind"], "closing");

    // Damage in the middle: the first write of the first segment, with valid writes behind it.
    let file = scratch.path().join("journal").join(lines[0]["segments"][0]["file"].as_str().unwrap());
    let file = std::fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 200).unwrap();
    file.write_all_at(&[!byte[0]], 200).unwrap();
    let output = run(&["inspect", "journal", dir]);
    assert_eq!(output.status.code(), Some(65), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("Damaged: "), "{}", text(&output.stdout));
    let output = run(&["inspect", "journal", dir, "--writes"]);
    assert!(text(&output.stdout).contains("is DAMAGED"), "{}", text(&output.stdout));

    let refused = command(scratch.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(65), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("manifold inspect"), "{}", text(&refused.stderr));

    file.write_all_at(&byte, 200).unwrap();
    assert_eq!(Node::start_on(scratch.path(), &[]).get("/health").0, 200, "looking changed nothing");
}

#[test]
fn what_is_no_journal_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("nothing");
    let output = run(&["inspect", "journal", dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!dir.exists(), "nothing is created by looking");
    let output = run(&["inspect", "journal", scratch.path().to_str().unwrap()]);
    assert!(text(&output.stderr).contains("holds no journal"), "{}", text(&output.stderr));
}
