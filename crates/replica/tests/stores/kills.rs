//! A process that writes without pause is killed, again and again, and what it acknowledged is there.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use config::Filter;
use replica::{Node, PeerOptions, Start, hold};

use crate::house::{node_options, put, text, write};

const KILLS: u32 = 6;
const DIRECTORY: &str = "STORE_KILLS_DIRECTORY";

async fn open(dir: &Path) -> Node {
    let options = node_options(dir, "n1", 32 << 10);
    let held = hold(&options, &Start::Alone).expect("nobody else has it");
    Node::open(held, options, PeerOptions::default(), None).await.expect("the node starts")
}

/// The process that is killed: it writes, and says what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let node = open(&dir).await;
    let store = node.config_store().expect("it serves");
    for round in store.position().. {
        let operations = vec![put("a", &format!("k{}", round % 50), text(&"x".repeat(300)))];
        let written = write(&store, operations).await.expect("writes");
        println!("\nacknowledged {}", written.last);
        if round % 20 == 7 {
            let value = store.put_value(vec![7; 200_000 + round as usize].into()).await.expect("puts");
            let written = write(&store, vec![put("a", "large", value)]).await.expect("writes");
            println!("\nacknowledged {}", written.last);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    for kill in 1..=KILLS {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["kills::writes_until_it_is_killed", "--exact", "--nocapture"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("is piped"));
        let reading = std::thread::spawn(move || {
            let said = out.lines().map_while(Result::ok);
            said.filter_map(|line| line.strip_prefix("acknowledged ").and_then(|last| last.parse::<u64>().ok())).max()
        });
        std::thread::sleep(Duration::from_millis(700 + u64::from(kill) * 130));
        child.kill().expect("it ran");
        child.wait().expect("it ended");
        let acknowledged = reading.join().expect("reads").unwrap_or(0);

        let node = open(dir.path()).await;
        let store = node.config_store().expect("it serves");
        assert!(store.position() >= acknowledged, "{} is left, and {acknowledged} was acknowledged", store.position());
        assert!(acknowledged > 0 || kill > 1, "the first process wrote nothing");
        let machine = store.machine();
        let (mut after, mut expected) = (0, 1);
        while after < machine.position() {
            let events = machine.events(after, &Filter::All, 1_000, false).expect("reads");
            for event in &events.events {
                assert_eq!(event.record.position, expected, "each position has one record");
                expected += 1;
            }
            after = events.through;
        }
        machine.root(machine.position()).expect("the tree is whole");
        println!("kill {kill}: {acknowledged} acknowledged, {} kept", store.position());
        node.shutdown().await.expect("stops");
    }
}
