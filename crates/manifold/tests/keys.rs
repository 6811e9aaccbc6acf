//! API keys with the real binary: the first one, fixed ones, and what is kept of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Output,
};

use node::{Node, command, manifold};
use rustix::process::Signal;

const KEYS: &str = "# the suite's\nadmin confman_dev_abc123 admin\nreader confman_dev_reader viewer\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn whoami(node: &Node, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&node.http).unwrap();
    write!(stream, "GET /api/v1/keys/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn with(key: &str) -> String {
    format!("X-Api-Key: {}\r\n", key.trim())
}

fn key_file(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whether any file below a directory has these bytes in it.
fn is_written(dir: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        match std::fs::symlink_metadata(&path).unwrap() {
            meta if meta.is_dir() => is_written(&path, wanted),
            meta if meta.is_file() => std::fs::read(&path).unwrap().windows(wanted.len()).any(|bytes| bytes == wanted),
            _ => false,
        }
    })
}

#[test]
fn the_first_key_is_made_on_the_node_and_outlives_a_kill() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("data");
    let mut node = Node::start_on(&dir, &["--log-level", "trace"]);
    let (status, body) = whoami(&node, "");
    assert!(status == 401 && body.contains("manifold ctl key create NAME --role admin"), "{body}");
    let none = done(&node.ctl(&["key", "list"]));
    assert!(none.contains("manifold ctl key create"), "{none}");

    let made = node.ctl(&["key", "create", "root", "--role", "admin"]);
    let root = done(&made);
    let said = text(&made.stderr);
    assert!(root.starts_with("mfk_") && root.trim().len() == 64 && root.lines().count() == 1, "{root}");
    assert!(said.contains("shown now and never again") && !said.contains(root.trim()), "{said}");
    assert_eq!(whoami(&node, &with(&root)).0, 200);

    let arguments =
        ["key", "create", "ci", "--role", "editor", "--namespace", "teams/a,teams/b", "--expires", "90d", "--rate", "50"];
    let json: serde_json::Value = serde_json::from_str(&done(&node.ctl(&[&arguments[..], &["--json"]].concat()))).unwrap();
    let ci = json["secret"].as_str().unwrap();
    assert_eq!((&json["namespaces"], &json["rate"]["per_second"]), (&serde_json::json!(["teams/a", "teams/b"]), &50.into()));
    let days = (json["expires_ms"].as_u64().unwrap() - json["created_ms"].as_u64().unwrap()) / (24 * 60 * 60 * 1_000);
    assert!((89..=90).contains(&days), "{days}");

    let listed = done(&node.ctl(&["key", "list"]));
    assert!(listed.contains("teams/a,teams/b") && listed.contains("50/s") && listed.contains("NAMESPACES"), "{listed}");
    assert!(!listed.contains(ci) && !listed.contains(root.trim()), "{listed}");

    let file = scratch.path().join("ci.key");
    key_file(&file, ci);
    let holder = done(&node.ctl(&["key", "whoami", "--key-file", file.to_str().unwrap()]));
    assert!(holder.contains("write") && holder.contains("teams/a,teams/a/*,teams/b,teams/b/*"), "{holder}");

    let rotated = done(&node.ctl(&["key", "rotate", "ci", "--grace", "1h"]));
    assert_eq!((whoami(&node, &with(ci)).0, whoami(&node, &with(&rotated)).0), (200, 200));

    // What was acknowledged is there after a kill, and no text of a key is on the disk or in the log.
    node.signal(Signal::KILL);
    node.wait();
    for secret in [root.trim(), ci, rotated.trim()] {
        let drawn = &secret[21..];
        assert!(!is_written(&dir, drawn.as_bytes()) && !node.log().contains(drawn), "a secret is kept");
    }
    assert!(is_written(&dir, b"mfk_"), "what is shown of it is");
    let log = node.log();
    assert!(log.contains("an API key was made") && log.contains("name=\"ci\"") && log.contains("by=\"operator\""), "{log}");
    let node = Node::start_on(&dir, &[]);
    for key in [&*root, ci, &*rotated] {
        assert_eq!(whoami(&node, &with(key)).0, 200);
    }
    let revoked = done(&node.ctl(&["key", "revoke", "ci"]));
    assert!(revoked.contains("ci lets nobody in any more"), "{revoked}");
    let (status, body) = whoami(&node, &with(ci));
    assert!(status == 401 && body.contains("was revoked"), "{body}");
    assert!(!done(&node.ctl(&["key", "list"])).contains(" ci "));
    assert!(done(&node.ctl(&["key", "list", "--revoked"])).contains("revoked"));
    for (arguments, said) in [
        (&["key", "rotate", "ci"][..], "there is no key \"ci\""),
        (&["key", "create", "root", "--role", "admin"], "there is a key \"root\" already"),
        (&["key", "create", "x", "--role", "boss"], "one of viewer, editor, publisher, admin"),
    ] {
        let refused = node.ctl(arguments);
        assert!(!refused.status.success() && text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
}

#[test]
fn fixed_keys_are_there_when_the_doors_open() {
    let scratch = tempfile::tempdir().unwrap();
    let (dir, file) = (scratch.path().join("data"), scratch.path().join("keys"));
    key_file(&file, KEYS);
    let flags = ["--import-keys", file.to_str().unwrap(), "--log-level", "trace"];
    let mut node = Node::start_on(&dir, &flags);
    let admin = whoami(&node, &with("confman_dev_abc123"));
    assert!(admin.0 == 200 && admin.1.contains("\"operate\""), "{}", admin.1);
    assert_eq!(whoami(&node, "Authorization: Bearer confman_dev_reader\r\n").0, 200);
    assert!(node.log().contains("API keys imported"), "{}", node.log());
    done(&node.ctl(&["key", "revoke", "reader"]));
    node.signal(Signal::TERM);
    node.wait();
    assert!(!node.log().contains("confman_dev"), "a key is in the log");

    let mut node = Node::start_on(&dir, &flags);
    let told = node.wait_for_line("a key is not imported");
    assert!(told.contains("a file does not bring it back") && !told.contains("confman_dev"), "{told}");
    assert_eq!(whoami(&node, &with("confman_dev_reader")).0, 401);
    assert_eq!(whoami(&node, &with("confman_dev_abc123")).0, 200);
    drop(node);
    assert!(!is_written(&dir, b"confman_dev_"), "a key is on the disk");
}

#[test]
fn a_file_of_keys_that_others_may_read_or_that_is_wrong_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (dir, file) = (scratch.path().join("data"), scratch.path().join("keys"));
    key_file(&file, KEYS);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = command(&dir).arg("--import-keys").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains(&format!("chmod 600 {}", file.display())), "{}", text(&output.stderr));
    key_file(&file, "admin confman_dev_abc123 boss\n");
    let output = command(&dir).arg("--import-keys").arg(&file).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(78) && said.contains("line 1 is not right") && !said.contains("confman"), "{said}");
    assert!(!dir.exists());
}

/// A grant for a topic did not reach the namespace of the same name.
#[test]
fn one_command_grants_several_resources() {
    let node = Node::start(&[]);
    let grant =
        ["--principal", "ann", "--operation", "read", "--topic", "orders", "--namespace", "orders", "--keys", "default/orders/"];
    let added = done(&node.ctl(&[&["acl", "add"], &grant[..]].concat()));
    assert_eq!(added.lines().count(), 3, "{added}");
    let listed = done(&node.ctl(&["acl", "list"]));
    for resource in ["topic", "namespace", "keys"] {
        assert!(listed.contains(resource), "{listed}");
    }
    let removed = node.ctl(&[&["acl", "remove"], &grant[..6], &["--group", "none"]].concat());
    assert!(
        !removed.status.success() && text(&removed.stderr).contains("no such grant for group none"),
        "{}",
        text(&removed.stderr)
    );
    assert_eq!(done(&node.ctl(&["acl", "list"])), listed, "all or none");
    done(&node.ctl(&[&["acl", "remove"], &grant[..]].concat()));
    assert!(done(&node.ctl(&["acl", "list"])).contains("There are no grants"));
    let bare = manifold().args(["ctl", "acl", "add", "--principal", "ann", "--operation", "read"]).output().unwrap();
    assert!(!bare.status.success());
}
