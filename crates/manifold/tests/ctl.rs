//! `manifold ctl` on a real node.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use node::{Node, run, text};

#[test]
fn status_is_honest_for_people_and_programs() {
    let node = Node::start(&["--name", "edge", "--shards", "2"]);
    let people = node.ctl(&["status"]);
    let page = text(&people.stdout);
    assert!(people.status.success(), "{}", text(&people.stderr));
    assert!(page.starts_with("node      edge (") && page.contains("\nSHARD  LEADER"), "{page}");
    let (_, shards) = page.split_once("\nSHARD").unwrap();
    assert_eq!(shards.lines().filter(|line| line.contains("this node")).count(), 3, "shard 0 and two data shards: {page}");
    assert!(page.contains("\npeers     in plain text") && page.contains(&format!("peer {}\n", node.peer)), "{page}");

    let programs = node.ctl(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!(status["name"], "edge");
    assert_eq!(status["doors"]["etcd"], node.etcd.as_str());
    assert_eq!(status["doors"]["http"], node.http.as_str());
    assert_eq!(status["keyspace"]["revision"], 1);
    assert_eq!(status["shards"].as_array().unwrap().len(), 3);
    assert!(status["journal_bytes"].as_u64().unwrap() > 0 && status["disk_free_bytes"].as_u64().unwrap() > 0);
    for shard in status["shards"].as_array().unwrap() {
        assert_eq!(shard["leader"], status["node_id"]);
        assert!(shard["applied"].as_u64().unwrap() <= shard["last"].as_u64().unwrap());
    }
}

#[test]
fn members_are_listed() {
    let node = Node::start(&["--name", "edge"]);
    let members = node.ctl(&["member", "list", "--json"]);
    let members: serde_json::Value = serde_json::from_slice(&members.stdout).unwrap();
    assert_eq!(members.as_array().unwrap().len(), 1);
    assert_eq!((&members[0]["name"], &members[0]["standing"]), (&"edge".into(), &"active".into()));
    assert_eq!((&members[0]["this_node"], &members[0]["leads"]), (&true.into(), &members[0]["shards"]));
    let page = text(&node.ctl(&["member", "list"]).stdout);
    assert!(page.starts_with("ID ") && page.contains("edge  active"), "{page}");
}

#[test]
fn without_a_node_it_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    let output = run(&["ctl", "status", "--data-dir", scratch.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69));
    let message = text(&output.stderr);
    assert!(message.contains("no node answers on") && message.contains("--data-dir"), "{message}");
}

#[test]
fn a_backup_comes_back_and_a_damaged_one_does_not() {
    let node = Node::start(&[]);
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let saved = node.ctl(&["snapshot", "save", &path("backup"), "--json"]);
    assert!(saved.status.success(), "{}", text(&saved.stderr));
    let bytes = std::fs::read(path("backup")).unwrap();
    let said: serde_json::Value = serde_json::from_slice(&saved.stdout).unwrap();
    assert_eq!(said["bytes"].as_u64(), Some(bytes.len() as u64));
    assert_eq!(bytes.len() % 512, 32, "the size that etcd's tools expect");
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 1, "nothing else is left beside it");

    let restored = run(&["ctl", "restore", &path("backup"), "--data-dir", &path("restored")]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let second = Node::start_on(&work.path().join("restored"), &[]);
    assert_eq!(second.get("/readyz").0, 200);
    drop(second);

    let again = run(&["ctl", "restore", &path("backup"), "--data-dir", &path("restored")]);
    assert_eq!(again.status.code(), Some(78), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("is not empty"), "{}", text(&again.stderr));

    for place in [bytes.len() / 2, bytes.len() - 1, 20] {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        std::fs::write(path("damaged"), damaged).unwrap();
        let output = run(&["ctl", "restore", &path("damaged"), "--data-dir", &path("never")]);
        assert_eq!(output.status.code(), Some(65), "byte {place}: {}", text(&output.stderr));
        assert!(!work.path().join("never").exists(), "nothing is touched");
    }
    std::fs::write(path("cut"), &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(run(&["ctl", "restore", &path("cut"), "--data-dir", &path("never")]).status.code(), Some(65));
    std::fs::write(path("other"), b"hello").unwrap();
    assert!(!run(&["ctl", "restore", &path("other"), "--data-dir", &path("never")]).status.success());
    assert_eq!(run(&["ctl", "restore", &path("missing"), "--data-dir", &path("never")]).status.code(), Some(1));
}

/// Records of topics are not in a backup. Once it named their segments all the same, and what was restored from it did not start.
#[test]
fn a_backup_of_a_node_with_topics_comes_back_without_them() {
    let node = Node::start(&[]);
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let made = node.ctl(&["topic", "create", "orders", "--partitions", "2"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    std::fs::write(path("lines"), "one\ntwo\n").unwrap();
    let produced = node.ctl(&["produce", "orders", "--file", &path("lines")]);
    assert!(produced.status.success(), "{}", text(&produced.stderr));
    // Settles what was applied: segments are named from now on.
    let saved = node.ctl(&["snapshot", "save", &path("backup")]);
    assert!(saved.status.success(), "{}", text(&saved.stderr));
    let restored = run(&["ctl", "restore", &path("backup"), "--data-dir", &path("restored")]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let second = Node::start_on(&work.path().join("restored"), &[]);
    let topics = second.ctl(&["topic", "list", "--json"]);
    assert_eq!(text(&topics.stdout).trim(), "[]", "{}", text(&topics.stderr));
}

/// Grants for Kafka's clients were worth little while the HTTP port took records from anybody.
#[test]
fn records_over_http_are_not_a_way_around_signing_in() {
    for (flags, status) in [
        (&[][..], 200),
        (&["--http-records", "off"], 404),
        (&["--kafka-sasl", "required"], 404),
        (&["--kafka-sasl", "required", "--http-records", "on"], 200),
    ] {
        let node = Node::start(flags);
        assert_eq!(node.get("/topics").0, status, "{flags:?}");
        assert_eq!(node.get("/health").0, 200, "{flags:?}");
    }
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing_behind() {
    let node = Node::start(&[]);
    let output = node.ctl(&["snapshot", "save", "/nowhere/backup"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/backup.partial-"), "{}", text(&output.stderr));
}

#[test]
fn help_teaches() {
    let help = text(&run(&["--help"]).stdout);
    for piece in ["etcdctl put", "manifold ctl status", "--data-dir", "[env: MANIFOLD_DATA_DIR]", "[default: ./manifold-data]"] {
        assert!(help.contains(piece), "{piece} is missing from\n{help}");
    }
    assert!(help.contains("Ask a running node, change its cluster"), "{help}");
    let commands = [
        &["snapshot", "save"][..],
        &["member", "add"],
        &["member", "ticket"],
        &["member", "remove"],
        &["member", "replace"],
        &["member", "update"],
        &["drain"],
        &["move-leader"],
        &["upgrade"],
        &["recover"],
        &["secret", "new"],
    ];
    for command in commands {
        let help = text(&run(&[&["ctl"], command, &["--help"]].concat()).stdout);
        assert!(help.contains("Example") && help.contains(&command.join(" ")), "{help}");
    }
    assert!(text(&run(&["--version"]).stdout).starts_with("manifold 0."));
}

/// What a cluster needs says of a node alone what is so.
#[test]
fn a_node_alone_is_scrubbed_and_has_nothing_to_upgrade_or_recover() {
    let scratch = tempfile::tempdir().unwrap();
    let data_dir = scratch.path().join("data");
    let mut node = Node::start_on(&data_dir, &[]);
    let scrubbed = node.ctl(&["scrub"]);
    assert!(text(&scrubbed.stdout).ends_with("were read, and all of it is as it was written\n"), "{scrubbed:?}");
    let upgrade = text(&node.ctl(&["upgrade"]).stdout);
    assert!(
        upgrade.contains("The cluster writes formats of level 3.") && upgrade.contains("Nothing is to be finished."),
        "{upgrade}"
    );
    let refused = node.ctl(&["upgrade", "--finish"]);
    assert!(text(&refused.stderr).contains("there is nothing to finish"), "{refused:?}");
    let refused = node.ctl(&["recover", "--dry-run"]);
    assert_eq!(refused.status.code(), Some(75), "{refused:?}");
    node.signal(rustix::process::Signal::TERM);
    node.wait();
    let refused = node.ctl(&["recover", "--yes"]);
    assert!(text(&refused.stderr).contains("alone in its cluster: there is nothing to recover"), "{refused:?}");
    let refused = run(&["ctl", "recover", "--data-dir", scratch.path().to_str().unwrap()]);
    assert!(text(&refused.stderr).contains("is no data directory of a node"), "{refused:?}");
}

/// An empty journal used to be taken for a new one: a node that had lost it began anew with an old tree, or none.
#[test]
fn a_lost_journal_or_tree_of_a_node_alone_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let data_dir = scratch.path().join("data");
    let start = || {
        let mut node = Node::start_on(&data_dir, &["--settle", "1MiB"]);
        node.signal(rustix::process::Signal::TERM);
        node.wait();
    };
    start();
    start();
    std::fs::remove_dir_all(data_dir.join("journal")).unwrap();
    let refused = node::command(&data_dir).output().unwrap();
    assert_eq!(refused.status.code(), Some(65), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("the journal is gone"), "{}", text(&refused.stderr));
    assert!(!data_dir.join("rebuild").exists(), "there is nobody to be rebuilt from");
}
