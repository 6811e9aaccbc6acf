//! `manifold ctl` about a cluster, against a socket that answers by a script: what is asked, and how long is waited.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    process::Output,
    sync::{Arc, Mutex},
};

use node::{run, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A node that answers by a script, in order, and notes what it was asked.
struct Scripted {
    folder: TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn new(answers: Vec<(u16, Value)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("admin.sock")).unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let notes = asked.clone();
        std::thread::spawn(move || {
            for (status, answer) in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
                }
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let (method_and_path, _) = head.split_once(" HTTP/1.1").unwrap();
                notes.lock().unwrap().push(format!("{method_and_path} {}", text(&body)).trim_end().to_owned());
                let answer = answer.to_string();
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
                reader.get_mut().write_all(format!("{head}{answer}").as_bytes()).unwrap();
            }
        });
        Self { folder, asked }
    }

    fn ctl(&self, arguments: &[&str]) -> Output {
        run(&[&["ctl", "--data-dir", self.folder.path().to_str().unwrap()], arguments].concat())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn member(id: &str, name: &str, leads: usize) -> Value {
    json!({
        "id": id, "name": name, "standing": "active", "learner": false, "drained": false,
        "address": format!("10.0.0.{}:7480", &name[1..]), "client_urls": [], "this_node": name == "n1",
        "reachable": if name == "n1" { Value::Null } else { true.into() }, "round_trip_us": null, "trouble": null,
        "leads": leads, "shards": 3,
    })
}

/// Three members of which the first leads so many shards.
fn members(first_leads: usize) -> (u16, Value) {
    (200, json!([member("a1", "n1", first_leads), member("b2", "n2", 3 - first_leads), member("c3", "n3", 0)]))
}

fn done() -> (u16, Value) {
    (200, json!({}))
}

const TICKET: &str = "manifold-join-1:00000000000000c1:00000000000000d4:00000000000000a1=10.0.0.1:7480";

fn announced() -> (u16, Value) {
    (200, json!({"id": "d4", "name": "n4", "address": "10.0.0.4:7480", "ticket": TICKET, "protection": "secret"}))
}

#[track_caller]
fn fine(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn an_announced_member_comes_with_the_command_that_starts_it() {
    let node = Scripted::new(vec![announced(), announced()]);
    let page = fine(&node.ctl(&["member", "add", "n4=10.0.0.4:7480"]));
    let command = format!("manifold serve --name n4 --peer 10.0.0.4:7480 --cluster-secret FILE --join {TICKET}");
    assert!(page.contains(&format!("\n  {TICKET}\n")) && page.contains(&format!("\n  {command}\n")), "{page}");
    let programs: Value = serde_json::from_str(&fine(&node.ctl(&["member", "add", "n4=10.0.0.4:7480", "--json"]))).unwrap();
    assert_eq!((&programs["ticket"], &programs["command"]), (&TICKET.into(), &command.into()));
    assert_eq!(node.asked()[0], r#"POST /v1/members/add {"name":"n4","address":"10.0.0.4:7480"}"#);
}

#[test]
fn a_dead_member_is_named_and_replaced_and_its_successor_s_ticket_is_printed_again() {
    let node = Scripted::new(vec![members(3), announced(), members(3), announced()]);
    assert!(fine(&node.ctl(&["member", "replace", "n3", "n4=10.0.0.4:7480"])).contains(TICKET));
    assert!(fine(&node.ctl(&["member", "ticket", "n2"])).contains(TICKET));
    let expected = [
        "GET /v1/members",
        r#"POST /v1/members/replace {"dead":"c3","name":"n4","address":"10.0.0.4:7480"}"#,
        "GET /v1/members",
        r#"POST /v1/members/ticket {"member":"b2"}"#,
    ];
    assert_eq!(node.asked(), expected);
}

#[test]
fn removing_asks_first_and_waits_until_the_member_is_gone() {
    let node = Scripted::new(vec![members(3)]);
    let unasked = node.ctl(&["member", "remove", "n3"]);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(
        text(&unasked.stderr).contains("Remove n3 (c3) from this cluster of 3 members for good? "),
        "{}",
        text(&unasked.stderr)
    );
    assert!(text(&unasked.stderr).contains("--yes"));

    let gone = (200, json!([member("a1", "n1", 3), member("b2", "n2", 0)]));
    let node = Scripted::new(vec![members(3), done(), members(3), members(3), gone]);
    assert!(fine(&node.ctl(&["member", "remove", "c3", "--yes"])).starts_with("n3 (c3) is no member any more"));
    assert_eq!(node.asked().len(), 5, "{:?}", node.asked());
    assert_eq!(node.asked()[1], r#"POST /v1/members/remove {"member":"c3"}"#);
}

#[test]
fn an_address_is_updated() {
    let node = Scripted::new(vec![members(3), done()]);
    assert_eq!(fine(&node.ctl(&["member", "update", "n3", "h:1"])), "n3 (c3) is reached at h:1 from now on\n");
    assert_eq!(node.asked()[1], r#"POST /v1/members/update {"member":"c3","address":"h:1"}"#);
}

#[test]
fn draining_waits_until_the_node_leads_nothing_if_it_shall() {
    let node = Scripted::new(vec![members(3), done(), members(2), members(1), members(0)]);
    assert!(fine(&node.ctl(&["drain", "--wait"])).starts_with("n1 (a1) leads nothing and will not, until"));
    assert_eq!((node.asked().len(), node.asked()[1].as_str()), (5, r#"POST /v1/members/drain {"member":"a1","drained":true}"#));

    let node = Scripted::new(vec![members(3), done(), members(2)]);
    let programs: Value = serde_json::from_str(&fine(&node.ctl(&["drain", "n1", "--json"]))).unwrap();
    assert_eq!(programs, json!({"id": "a1", "name": "n1", "state": "draining"}));

    let node = Scripted::new(vec![members(0), done()]);
    assert_eq!(fine(&node.ctl(&["drain", "--off"])), "n1 (a1) may lead again\n");
    assert_eq!(node.asked()[1], r#"POST /v1/members/drain {"member":"a1","drained":false}"#);
}

#[test]
fn a_node_that_nobody_can_relieve_is_not_waited_for() {
    let alone = || (200, json!([member("a1", "n1", 3)]));
    let output = Scripted::new(vec![alone(), done(), alone()]).ctl(&["drain", "--wait"]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("n1 goes on leading 3 of 3 shards: no other member may lead"), "{message}");
}

#[test]
fn the_lead_is_handed_over() {
    let node = Scripted::new(vec![members(3), done(), members(3), done()]);
    assert_eq!(fine(&node.ctl(&["move-leader", "n2", "--shard", "1"])), "n2 (b2) leads shard 1\n");
    assert_eq!(fine(&node.ctl(&["move-leader", "b2"])), "n2 (b2) leads every shard\n");
    let asked = node.asked();
    assert_eq!(asked[1], r#"POST /v1/leader {"to":"b2","shard":1}"#);
    assert_eq!(asked[3], r#"POST /v1/leader {"to":"b2","shard":null}"#);
}

#[test]
fn what_the_cluster_refuses_is_told() {
    let refusal = (412, json!({"error": "n3 is joining; one at a time"}));
    let output = Scripted::new(vec![refusal]).ctl(&["member", "add", "n4=10.0.0.4:7480"]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(1), "manifold: the node refused: n3 is joining; one at a time\n".to_owned())
    );
    let output = Scripted::new(vec![members(3)]).ctl(&["member", "ticket", "n9"]);
    assert!(text(&output.stderr).contains("there is no member n9; the members are n1 (a1), n2 (b2), n3 (c3)"));
    for (arguments, expected) in [
        (["member", "add", "n4"], "is not NAME=HOST:PORT"),
        (["member", "add", "n4=x"], "says that n4 is at \"x\", which is not HOST:PORT"),
    ] {
        let output = run(&[&["ctl"][..], &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn a_secret_is_made_for_its_owner_alone_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let name = path.to_str().unwrap();
    let page = fine(&run(&["ctl", "secret", "new", name]));
    let secret = std::fs::read_to_string(&path).unwrap();
    assert!(
        secret.starts_with("manifold-secret-1:") && !page.contains(secret.trim()) && page.contains("--cluster-secret"),
        "{page}"
    );
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let again = run(&["ctl", "secret", "new", name]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("it is left as it is"), "{}", text(&again.stderr));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);

    let printed = fine(&run(&["ctl", "secret", "new"]));
    assert!(printed.starts_with("manifold-secret-1:") && printed != secret && printed.lines().count() == 1);
    let json: Value = serde_json::from_str(&fine(&run(&["ctl", "secret", "new", "--json"]))).unwrap();
    assert!(json["secret"].as_str().unwrap().starts_with("manifold-secret-1:"));
}
