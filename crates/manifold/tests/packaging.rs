//! What `packaging/` hands out fits the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use node::{run, text};

fn packaged(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging")
}

/// A word of `--help`, so `--peer` is not found in `--peer-advertise`.
fn help_has(help: &str, word: &str) -> bool {
    help.split(|letter: char| letter.is_whitespace() || "[]:,".contains(letter)).any(|found| found == word)
}

#[test]
fn the_unit_starts_the_binary_with_flags_that_it_has() {
    let unit = packaged("manifold.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/manifold serve ")).unwrap();
    let help = text(&run(&["serve", "--help"]).stdout);
    for flag in start.split(' ').filter(|word| word.starts_with("--")) {
        assert!(help_has(&help, flag), "{flag} is no flag of serve");
    }
    // A secret in the command line is seen by everyone who asks for processes, one in the environment by every child.
    assert!(!unit.contains("MANIFOLD_CLUSTER_SECRET") && unit.contains("LoadCredential=cluster-secret:"));
    for line in [
        "DynamicUser=yes",
        "StateDirectory=manifold",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "RestartPreventExitStatus=65 78",
    ] {
        assert!(unit.lines().any(|present| present == line), "{line} is missing");
    }
}

#[test]
fn systemd_understands_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("LEFT OUT: systemd-analyze is not here");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let unit = scratch.path().join("manifold.service");
    std::fs::write(&unit, packaged("manifold.service").replace("/usr/local/bin/manifold", env!("CARGO_BIN_EXE_manifold")))
        .unwrap();
    let output = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let (said, status) = (text(&output.stderr), output.status);
    assert!(status.success() && !said.contains("manifold.service:"), "{status}\n{said}");
}

#[test]
fn the_image_is_pinned_small_and_not_root_s() {
    let file = packaged("Containerfile");
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    let all = |instruction: &str| -> Vec<&str> {
        let prefix = format!("{instruction} ");
        lines.iter().filter_map(|line| line.strip_prefix(prefix.as_str())).collect()
    };
    let bases = all("FROM");
    assert_eq!(bases.len(), 2, "one to build in, one to run in");
    for base in &bases {
        let image = base.split(' ').next().unwrap();
        let (_, tag) = image.rsplit_once(':').expect("a tag");
        assert!(tag.starts_with(|digit: char| digit.is_ascii_digit()), "{image} is not pinned to a version");
        assert!(image.starts_with("docker.io/library/"), "{image} says where it comes from");
    }
    assert!(bases[1].ends_with("-slim"));
    let minimum = include_str!("../../../Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    assert!(bases[0].contains(&format!("/rust:{}.", minimum.trim_matches('"'))), "the compiler that the workspace asks for");
    assert_eq!(all("USER"), ["65532:65532"]);
    assert_eq!(all("EXPOSE"), ["2379 7480 8480 9092"]);
    assert_eq!((all("VOLUME"), all("HEALTHCHECK").len()), (vec!["[\"/var/lib/manifold\"]"], 1));
    assert!(!file.contains("latest") && !file.contains("sudo"));
    for default in ["127.0.0.1:2379", "127.0.0.1:7480", "127.0.0.1:8480", "127.0.0.1:9092"] {
        assert!(text(&run(&["--help"]).stdout).contains(default), "{default} is where it listens by itself");
    }
    // Variables that it sets are the binary's own.
    let help = text(&run(&["--help"]).stdout);
    let variables =
        file.split(|letter: char| letter.is_whitespace() || letter == '=').filter(|word| word.starts_with("MANIFOLD_"));
    for variable in variables.map(|word| word.trim_matches(|letter: char| "(),.".contains(letter))) {
        assert!(help_has(&help, variable), "{variable} is no variable of the binary");
    }
}
