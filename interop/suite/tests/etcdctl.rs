//! The real etcdctl 3.7.3 against ours and against the real etcd: the same script on both, and the same output.
//!
//! Before comparing, what is a server's own is replaced: ids, terms, ports, times, sizes, and lease ids that the server
//! drew. `etcdctl`'s locks and elections are made of leases, transactions and watches on the client's side.

use interop::peers::{Peers, peers};
use interop::server::unused_port;
use interop::{Server, Settings};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// No command of the script takes longer.
const COMMAND_SECONDS: u64 = 20;

/// Commands whose whole output has to be equal, in order: arguments, and what is typed.
const SCRIPT: &[(&[&str], &str)] = &[
    (&["put", "a", "1"], ""),
    (&["put", "a", "2", "--prev-kv"], ""),
    (&["put", "b"], "from the standard input"),
    (&["put", "c/1", "x"], ""),
    (&["put", "c/2", "y"], ""),
    (&["put", "c/3", "z"], ""),
    (&["put", "a", "--ignore-value"], ""),
    (&["put", "nothing", "--ignore-value"], ""),
    (&["put", "a", "1", "--lease", "1234"], ""),
    (&["put", "", "1"], ""),
    (&["get", "a"], ""),
    (&["get", "a", "-w", "fields"], ""),
    (&["get", "a", "-w", "json"], ""),
    (&["get", "a", "--print-value-only"], ""),
    (&["get", "a", "--hex"], ""),
    (&["get", "nothing"], ""),
    (&["get", "", "--prefix"], ""),
    (&["get", "c/", "--prefix", "--keys-only"], ""),
    (&["get", "c/", "--prefix", "--count-only"], ""),
    (&["get", "c/", "--prefix", "--count-only", "-w", "fields"], ""),
    (&["get", "c/", "--prefix", "--limit", "2", "-w", "json"], ""),
    (&["get", "c/1", "c/3"], ""),
    (&["get", "b", "--from-key"], ""),
    (&["get", "", "--prefix", "--order", "DESCEND", "--sort-by", "MODIFY"], ""),
    (&["get", "", "--prefix", "--order", "ASCEND", "--sort-by", "CREATE"], ""),
    (&["get", "", "--prefix", "--order", "DESCEND", "--sort-by", "VERSION"], ""),
    (&["get", "", "--prefix", "--order", "DESCEND", "--sort-by", "VALUE"], ""),
    (&["get", "", "--prefix", "--min-mod-rev", "4", "--max-mod-rev", "6"], ""),
    (&["get", "", "--prefix", "--min-create-rev", "4", "--max-create-rev", "6"], ""),
    (&["get", "a", "--rev", "2"], ""),
    (&["get", "a", "--rev", "1000"], ""),
    (&["get", "a", "--consistency", "s"], ""),
    (&["get", "c/", "--prefix", "--stream"], ""),
    (&["txn", "--interactive=false"], "value(\"a\") = \"2\"\n\nput t yes\nget a\n\nput t no\n\n"),
    (
        &["txn", "--interactive=false"],
        "mod(\"a\") < \"3\"\nver(\"b\") > \"0\"\ncreate(\"b\") = \"4\"\n\nput t yes\n\nget t\ndel t\n\n",
    ),
    (&["txn", "--interactive"], "create(\"a\") > \"0\"\n\nput t again\n\n\n"),
    (&["txn", "--interactive=false"], "\nput d 1\nput d 2\n\n\n"),
    (&["del", "c/1"], ""),
    (&["del", "c/", "--prefix", "--prev-kv"], ""),
    (&["del", "nothing"], ""),
    (&["del", "t", "--from-key"], ""),
    (&["compaction", "5"], ""),
    (&["compaction", "5"], ""),
    (&["compaction", "1000"], ""),
    (&["compaction", "6", "--physical"], ""),
    (&["get", "a", "--rev", "4"], ""),
    (&["watch", "a", "--rev", "2"], ""),
    (&["lease", "list"], ""),
    (&["lease", "revoke", "77"], ""),
    (&["lease", "timetolive", "77"], ""),
    (&["lease", "keep-alive", "77", "--once"], ""),
    (&["alarm", "list"], ""),
    (&["alarm", "disarm"], ""),
    (&["endpoint", "health"], ""),
    (&["endpoint", "health", "-w", "json"], ""),
    (&["defrag"], ""),
];

struct Etcdctl<'a> {
    peers: &'a Peers,
    server: Server,
    leases: Vec<String>,
}

/// What a command did, without what is the server's own.
#[derive(Debug, PartialEq)]
struct Shown {
    success: bool,
    out: String,
    error: String,
}

impl Etcdctl<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.peers.etcdctl);
        command.args(["--endpoints", &self.server.url()]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&mut self, arguments: &[&str], typed: &str) -> Shown {
        let mut child = self.command(arguments).spawn().expect("etcdctl can be started");
        child.stdin.take().expect("it is piped").write_all(typed.as_bytes()).expect("etcdctl reads what is typed");
        let output = wait(child, arguments);
        self.shown(&output)
    }

    fn shown(&mut self, output: &Output) -> Shown {
        let error = String::from_utf8_lossy(&output.stderr);
        // Its log is about itself; its errors are about the answer.
        let error: String = error.lines().filter(|l| !l.starts_with('{')).map(|l| format!("{l}\n")).collect();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Shown { success: output.status.success(), out: self.plain(out), error: self.plain(error) }
    }

    fn plain(&self, text: String) -> String {
        let mut text = text.replace(&self.server.url(), "URL").replace(&self.server.address(), "ADDRESS");
        for (number, lease) in self.leases.iter().enumerate() {
            text = text.replace(lease, &format!("LEASE{number}"));
        }
        for label in ["\"cluster_id\":", "\"member_id\":", "\"raft_term\":", "took = ", "took ", "\"took\":"] {
            text = mask(&text, label);
        }
        for label in ["\"ClusterID\" : ", "\"MemberID\" : ", "\"RaftTerm\" : ", "\"ID\" : "] {
            text = mask(&text, label);
        }
        text
    }
}

/// Replaces what follows `label`, up to a comma, a brace or the line's end.
fn mask(text: &str, label: &str) -> String {
    let mut parts = text.split(label);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([',', '}', '\n']).unwrap_or(part.len());
        out += &format!("{label}*{}", &part[end..]);
    }
    out
}

fn wait(mut child: Child, arguments: &[&str]) -> Output {
    let end = Instant::now() + Duration::from_secs(COMMAND_SECONDS);
    while child.try_wait().expect("our own child can be asked").is_none() {
        if Instant::now() > end {
            child.kill().expect("our own child can be killed");
            let output = child.wait_with_output().expect("it can be waited for");
            panic!("etcdctl {arguments:?} did not end in {COMMAND_SECONDS} s: {output:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().expect("it can be waited for")
}

/// A command that goes on, and the lines that it prints.
struct Ongoing {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Ongoing {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::null()).spawn().expect("etcdctl can be started");
        let out = child.stdout.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn lines(&self, count: usize) -> Vec<String> {
        let next = |n| self.lines.recv_timeout(Duration::from_secs(COMMAND_SECONDS)).unwrap_or_else(|_| panic!("line {n} came"));
        (0..count).map(next).collect()
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn both(peers: &Peers) -> (Etcdctl<'_>, Etcdctl<'_>) {
    let (one, two) = tokio::join!(Server::start(Settings::etcd(peers)), Server::start(Settings::subject()));
    let etcdctl = |server| Etcdctl { peers, server, leases: Vec::new() };
    (etcdctl(one), etcdctl(two))
}

#[tokio::test]
async fn the_script_prints_the_same() {
    let Some(peers) = peers("etcdctl's script") else { return };
    let (mut etcd, mut ours) = both(peers).await;
    for (arguments, typed) in SCRIPT {
        let (wanted, found) = (etcd.run(arguments, typed), ours.run(arguments, typed));
        assert_eq!(found, wanted, "etcdctl {arguments:?}");
    }
}

#[tokio::test]
async fn leases_are_granted_shown_kept_and_revoked() {
    let Some(peers) = peers("etcdctl's leases") else { return };
    let (etcd, ours) = both(peers).await;
    let mut stories = Vec::new();
    for mut side in [etcd, ours] {
        let granted = side.run(&["lease", "grant", "600"], "");
        let id = granted.out.split_whitespace().nth(1).expect("`lease ID granted`").to_owned();
        side.leases.push(id.clone());
        let mut story = vec![side.plain(granted.out)];
        for arguments in [
            &["put", "held", "1", "--lease", &id][..],
            &["put", "held2", "1", "--lease", &id],
            &["get", "held", "-w", "fields"],
            &["lease", "list"],
            &["lease", "keep-alive", &id, "--once"],
            &["lease", "timetolive", &id, "--keys", "-w", "fields"],
            &["lease", "revoke", &id],
            &["lease", "timetolive", &id],
            &["get", "held", "--prefix"],
        ] {
            let shown = side.run(arguments, "");
            assert!(shown.success, "{arguments:?}: {shown:?}");
            let lines = shown.out.lines().filter(|l| !l.starts_with("\"TTL\"") && !l.contains("\"Lease\""));
            let mut lines: Vec<_> = lines.map(str::to_owned).collect();
            // A lease's keys come in no order.
            lines.sort();
            story.push(format!("{:?} {lines:?}", &arguments[..2]));
        }
        stories.push(story.iter().map(|s| side.plain(s.clone())).collect::<Vec<_>>());
    }
    assert_eq!(stories[1], stories[0]);
}

#[tokio::test]
async fn watches_print_the_same_events() {
    let Some(peers) = peers("etcdctl's watches") else { return };
    let (etcd, ours) = both(peers).await;
    let mut stories = Vec::new();
    for mut side in [etcd, ours] {
        side.run(&["put", "w/0", "before"], "");
        let past = Ongoing::start(side.command(&["watch", "w/", "--prefix", "--rev", "2", "--prev-kv"]));
        let mut story = past.lines(3);
        let interactive = {
            let mut child = Ongoing::start(side.command(&["watch", "--interactive"]));
            let mut typed = child.child.stdin.take().expect("it is piped");
            typed.write_all(b"watch w/1\nwatch w/2\n").expect("etcdctl reads what is typed");
            (child, typed)
        };
        // The interactive one has begun when it shows a first event.
        let begun = Instant::now();
        while interactive.0.lines.try_recv().is_err() {
            side.run(&["put", "w/1", "begin"], "");
            assert!(begun.elapsed() < Duration::from_secs(COMMAND_SECONDS), "the interactive watch shows something");
        }
        for arguments in [&["put", "w/3", "1"][..], &["put", "w/3", "2"], &["del", "w/3"], &["put", "w/4", "end"]] {
            side.run(arguments, "");
        }
        loop {
            let line = past.lines(1).remove(0);
            let end = line == "end";
            // How many were needed to see the other one begin is chance.
            if !["w/1", "begin"].contains(&line.as_str()) {
                story.push(line);
            }
            if end {
                break;
            }
        }
        story.retain(|l| !l.is_empty());
        // Groups of PUT lines without their keys: what `begin` left.
        story.dedup();
        stories.push(story);
    }
    assert_eq!(stories[1], stories[0]);
}

#[tokio::test]
async fn locks_and_elections_hold() {
    let Some(peers) = peers("etcdctl's locks and elections") else { return };
    let (etcd, ours) = both(peers).await;
    for mut side in [etcd, ours] {
        let shown = side.run(&["lock", "l", "echo", "held"], "");
        assert!(shown.success && shown.out == "held\n", "{shown:?}");

        let first = Ongoing::start(side.command(&["lock", "mutex"]));
        let key = first.lines(1).remove(0);
        assert!(key.starts_with("mutex/"), "{key}");
        let second = Ongoing::start(side.command(&["lock", "mutex"]));
        let early = second.lines.recv_timeout(Duration::from_millis(500));
        assert!(early.is_err(), "two hold one lock: {early:?}");
        terminate(&first.child);
        let other = second.lines(1).remove(0);
        assert!(other.starts_with("mutex/") && other != key, "{other}");

        let leader = Ongoing::start(side.command(&["elect", "seat", "one"]));
        let won = leader.lines(2);
        assert!(won[0].starts_with("seat/") && won[1] == "one", "{won:?}");
        let observer = Ongoing::start(side.command(&["elect", "--listen", "seat"]));
        assert_eq!(observer.lines(2), won);
        let next = Ongoing::start(side.command(&["elect", "seat", "two"]));
        terminate(&leader.child);
        assert_eq!(next.lines(2)[1], "two");
        assert_eq!(observer.lines(2)[1], "two");
    }
}

fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_raw(child.id() as i32).expect("a process id is not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("our own child takes our signals");
}

#[tokio::test]
async fn status_members_hashes_and_snapshots_are_readable() {
    let Some(peers) = peers("etcdctl's status and snapshots") else { return };
    let (etcd, ours) = both(peers).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    for mut side in [etcd, ours] {
        for n in 0..50 {
            assert!(side.run(&["put", &format!("s/{n}"), "value"], "").success);
        }
        let json = |shown: Shown| -> serde_json::Value {
            assert!(shown.success, "{shown:?}");
            serde_json::from_str(&shown.out.replace(":*", ":0")).unwrap_or_else(|e| panic!("{e}: {}", shown.out))
        };
        let status = json(side.run(&["endpoint", "status", "-w", "json"], ""));
        let status = &status[0]["Status"];
        assert_eq!(status["version"], "3.7.3");
        assert!(status["leader"].as_u64().is_some_and(|l| l > 0), "{status}");
        assert!(status["raftIndex"].as_u64() >= Some(1) && status["dbSize"].as_u64() > Some(0), "{status}");

        let members = json(side.run(&["member", "list", "-w", "json"], ""));
        assert_eq!(members["members"].as_array().map(Vec::len), Some(1), "{members}");
        assert_eq!(members["members"][0]["name"], "default");
        assert_eq!(members["members"][0]["ID"], status["leader"]);

        let hash = |side: &mut Etcdctl<'_>| json(side.run(&["endpoint", "hashkv", "-w", "json"], ""))[0]["HashKV"].clone();
        let before = hash(&mut side);
        assert_eq!(before["hash_revision"], 51, "{before}");
        assert_eq!(hash(&mut side)["hash"], before["hash"], "the same data gives the same hash");
        side.run(&["put", "s/0", "other"], "");
        assert_ne!(hash(&mut side)["hash"], before["hash"], "other data gives another hash");

        let file = folder.path().join(format!("snapshot-{}", unused_port()));
        let saved = side.run(&["snapshot", "save", file.to_str().expect("the path is text")], "");
        assert!(saved.success, "{saved:?}");
        let bytes = std::fs::read(&file).expect("the snapshot was written");
        let (content, hash) = bytes.split_at(bytes.len() - 32);
        use sha2::Digest;
        assert_eq!(&sha2::Sha256::digest(content)[..], hash, "the hash at the end is of all before it");
        assert_eq!(bytes.len() % 512, 32, "etcd's tools look at the size");
    }
}
