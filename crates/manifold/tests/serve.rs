//! The binary as people and service managers meet it: starting, stopping, refusing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::fd::OwnedFd,
    process::Stdio,
    time::{Duration, Instant},
};

use node::{Node, command, manifold, run, text};
use rustix::process::Signal;

#[test]
fn it_starts_answers_and_stops_when_asked() {
    let mut node = Node::start(&[]);
    let (status, health) = node.get("/health");
    assert!(status == 200 && health.starts_with("{\"health\":\"true\",\"reason\":\"\",\"status\":\"healthy\""), "{health}");
    assert_eq!(node.get("/readyz").0, 200);
    let socket = node.data_dir().join("admin.sock");
    assert!(socket.exists());
    node.signal(Signal::TERM);
    assert_eq!(node.wait().code(), Some(0));
    assert!(node.log().contains("stopping signal=\"SIGTERM\""), "{}", node.log());
    assert!(!socket.exists());
}

#[test]
fn an_interrupt_stops_it_and_the_same_directory_starts_again_with_its_identity() {
    let scratch = tempfile::tempdir().unwrap();
    let mut first = Node::start_on(scratch.path(), &["--name", "edge"]);
    let status = text(&first.ctl(&["status", "--json"]).stdout);
    first.signal(Signal::INT);
    assert_eq!(first.wait().code(), Some(0));
    let second = Node::start_on(scratch.path(), &["--name", "edge"]);
    let id = |status: &str| serde_json::from_str::<serde_json::Value>(status).unwrap()["node_id"].clone();
    assert_eq!(id(&status), id(&text(&second.ctl(&["status", "--json"]).stdout)));
}

#[test]
fn a_kill_leaves_a_directory_that_starts() {
    let scratch = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut node = Node::start_on(scratch.path(), &[]);
        node.signal(Signal::KILL);
        node.wait();
    }
    assert_eq!(Node::start_on(scratch.path(), &[]).get("/health").0, 200);
}

#[test]
fn a_directory_in_use_is_refused() {
    let node = Node::start(&[]);
    let second = command(node.data_dir()).output().unwrap();
    assert_eq!(second.status.code(), Some(75), "{}", text(&second.stderr));
    let message = text(&second.stderr);
    assert!(message.contains("in use by another process") && message.contains("--data-dir"), "{message}");
    assert_eq!(node.get("/health").0, 200, "the first one is not disturbed");
    assert_eq!(node.ctl(&["status"]).status.code(), Some(0), "nor its socket");
}

#[test]
fn an_address_in_use_is_refused_before_the_directory_is_touched() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("data");
    let output = manifold()
        .args(["--etcd", &address, "--http", "off", "--peer", "off", "--kafka", "off", "--data-dir"])
        .arg(&dir)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(71));
    let message = text(&output.stderr);
    let expected = format!("the etcd door cannot listen on {address}: Address already in use");
    assert!(message.contains(&expected) && message.contains("--etcd"), "{message}");
    assert!(!dir.exists());
}

#[test]
fn the_peers_address_is_taken_before_the_directory_is_touched() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("data");
    let arguments = ["--etcd", "off", "--http", "off", "--kafka", "off", "--peer", &address, "--data-dir"];
    let output = manifold().args(arguments).arg(&dir).output().unwrap();
    assert_eq!(output.status.code(), Some(71));
    let message = text(&output.stderr);
    assert!(message.contains(&format!("peers cannot be listened for on {address}: ")) && message.contains("--peer"), "{message}");
    assert!(!dir.exists());
}

#[test]
fn a_secret_is_neither_told_nor_taken_from_a_file_that_others_may_read() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("secret");
    let made = run(&["ctl", "secret", "new", file.to_str().unwrap()]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let secret = std::fs::read_to_string(&file).unwrap();
    let letters = secret.trim().rsplit(':').next().unwrap();

    let node = Node::start(&["--cluster-secret", file.to_str().unwrap(), "--log-level", "trace"]);
    let status = text(&node.ctl(&["status"]).stdout);
    assert!(status.contains("peers     under the cluster's secret"), "{status}");
    assert!(!node.log().contains(letters) && !status.contains(letters));

    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let dir = scratch.path().join("data");
    let output = command(&dir).arg("--cluster-secret").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains(&format!("chmod 600 {}", file.display())), "{}", text(&output.stderr));
    let output = command(&dir).arg("--cluster-secret").arg(secret.trim()).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(!text(&output.stderr).contains(letters), "what was mistyped is not told again");
    assert!(!dir.exists());
}

#[test]
fn a_wrong_configuration_is_refused_before_the_directory_is_touched() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("manifold.toml");
    std::fs::write(&file, "data_dir = \"x\"\nsettle = \"64MB\"\n").unwrap();
    let dir = scratch.path().join("data");
    let output = command(&dir).arg("--config").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let expected = format!(
        "manifold: the configuration cannot be used:\n  {0}: unknown key \"data_dir\"; did you mean \"data-dir\"?\n  \
         {0}: settle: \"64MB\" is not a size; write it like 64MiB (B, KiB, MiB, GiB, TiB)\n",
        file.display()
    );
    assert_eq!(text(&output.stderr), expected);
    assert!(!dir.exists());
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest_one() {
    let output = run(&["serve", "--data-dri", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--data-dir"), "{}", text(&output.stderr));
    assert_eq!(run(&["serve", "--signals", "127.0.0.1:0"]).status.code(), Some(2), "that door is not built");
}

#[test]
fn the_defaults_are_a_whole_configuration() {
    let scratch = tempfile::tempdir().unwrap();
    let mut child = manifold()
        .env("MANIFOLD_ETCD", "127.0.0.1:0")
        .env("MANIFOLD_HTTP", "off")
        .env("MANIFOLD_PEER", "127.0.0.1:0")
        .env("MANIFOLD_KAFKA", "127.0.0.1:0")
        .env("MANIFOLD_TYPO", "x")
        .current_dir(scratch.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    let mut byte = [0];
    while !text(&shown).contains("Ctrl-C stops it.") && child.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 1 {
        shown.push(byte[0]);
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let (shown, log) = (text(&shown), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(scratch.path().join("manifold-data/node").exists());
    assert!(
        shown.contains("is ready, its data in ./manifold-data") && shown.contains("etcdctl --endpoints 127.0.0.1:"),
        "{shown}"
    );
    assert!(!shown.contains("curl"), "the HTTP door is off: {shown}");
    assert!(!shown.contains('\x1b') && !log.contains('\x1b'), "no colour into a pipe");
    assert!(log.contains("unknown variable MANIFOLD_TYPO is ignored"), "{log}");
}

#[test]
fn log_lines_can_be_json() {
    let node = Node::start(&["--log-format", "json", "--log-level", "debug"]);
    for line in node.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

/// A pipe that nobody reads, filled to the brim.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    while rustix::io::write(&writer, b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::empty()).unwrap();
    (reader, writer)
}

#[test]
fn service_goes_on_when_nobody_reads_stdout_and_stderr() {
    let scratch = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (_out_reader, out) = full_pipe();
    let (_err_reader, err) = full_pipe();
    let mut child = manifold()
        .args([
            "--etcd",
            "off",
            "--http",
            &free,
            "--peer",
            "off",
            "--kafka",
            "off",
            "--log-level",
            "trace,openraft=trace",
            "--data-dir",
        ])
        .arg(scratch.path().join("data"))
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let start = Instant::now();
    // The door answers from the start on; at first that the node is not open yet.
    while std::net::TcpStream::connect(&free).is_err() || node::get(&free, "/health").0 != 200 {
        assert!(start.elapsed() < Duration::from_secs(30) && child.try_wait().unwrap().is_none(), "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let dropped = |text: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix("manifold_log_lines_dropped_total "));
        line.unwrap().parse().unwrap()
    };
    let mut lost = 0;
    while lost == 0 && start.elapsed() < Duration::from_secs(60) {
        assert_eq!(node::get(&free, "/health").0, 200);
        lost = dropped(&node::get(&free, "/metrics").1);
    }
    assert!(lost > 0, "lines that nobody reads are dropped and counted");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A request whose head never ends keeps the door busy for the whole time allowed.
fn hold(node: &Node) -> TcpStream {
    let mut stream = TcpStream::connect(&node.http).unwrap();
    stream.write_all(b"GET /health HTT").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    stream
}

#[test]
fn what_is_in_flight_may_finish_but_not_for_ever() {
    let mut node = Node::start(&["--shutdown-timeout", "1s"]);
    let _held = hold(&node);
    node.signal(Signal::TERM);
    let start = Instant::now();
    assert_eq!(node.wait().code(), Some(0));
    assert!((Duration::from_millis(900)..Duration::from_secs(10)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn a_second_signal_does_not_wait() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut node = Node::start(&["--shutdown-timeout", "1h"]);
        let _held = hold(&node);
        node.signal(Signal::TERM);
        node.wait_for_line("stopping");
        // The first one must have been taken before the second one is sent.
        std::thread::sleep(Duration::from_millis(200));
        node.signal(signal);
        assert_eq!(node.wait().code(), Some(code));
    }
}
