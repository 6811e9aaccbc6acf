//! A configuration store that lies is found out: each lie makes the run fail, and the count says which it was.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use bench::{Bench, Kind};
use clap::{Args, Command, FromArgMatches};
use serde_json::{Value, json};

const KEY: &str = "a-key-of-nobody";
/// The write, counted from 1, that is lied about.
const LIED_ABOUT: u64 = 3;
/// How long an import takes: the load looks on five times a second.
const IMPORT_TAKES: Duration = Duration::from_millis(500);
const HEARTBEAT: Duration = Duration::from_millis(100);
/// Records of a page of the trail.
const PAGE: usize = 3;
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// What the store does with one write that it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    Loses,
    Changes,
    Misplaces,
    /// There are two records of it in the trail.
    AuditsTwice,
    /// There is none.
    AuditsNot,
    /// Watchers are told of it twice.
    TellsTwice,
    /// Some of an import are there before the others.
    ShowsAPart,
    Refuses,
}

#[derive(Default)]
struct State {
    /// By namespace and key, as they stand in paths: the value and its position.
    keys: BTreeMap<(String, String), (String, u64)>,
    /// Records: the namespace, the key, the position.
    trail: Vec<(String, Option<String>, u64)>,
    events: Vec<String>,
    position: u64,
    writes: u64,
    is_importing: bool,
}

struct Store {
    lie: Lie,
    state: Mutex<State>,
    changed: Condvar,
}

struct Asked {
    method: String,
    path: Vec<String>,
    query: BTreeMap<String, String>,
    key: String,
    body: Vec<u8>,
}

impl Store {
    fn start(lie: Lie) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let store = Arc::new(Store { lie, state: Mutex::default(), changed: Condvar::new() });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = store.clone();
                std::thread::spawn(move || store.serve(stream));
            }
        });
        address
    }

    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).expect("a socket");
        let mut out = stream.try_clone().expect("a socket");
        let mut input = BufReader::new(stream);
        // The client's end ends it.
        while let Some(asked) = Asked::read(&mut input) {
            let done = match asked.path.last().map(String::as_str) {
                Some("watch") => self.watched(&mut out),
                Some("export") => self.export(&mut out),
                Some("import") => self.import(&asked.body).and_then(|body| answer(&mut out, 200, "", &body)),
                _ => {
                    let (status, headers, body) = self.answer(&asked);
                    answer(&mut out, status, &headers, &body)
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// A status, more headers, and a body.
    fn answer(&self, asked: &Asked) -> (u16, String, String) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if path != ["health", "ready"] && asked.key != KEY {
            return (401, String::new(), r#"{"type":"urn:manifold:problem:unauthenticated"}"#.to_owned());
        }
        let mut state = self.state.lock().expect("nobody panicked");
        let body = match (&asked.method[..], &path[..]) {
            ("GET", ["health", "ready"]) => json!({"status": "ready", "cluster": {"role": "leader"}}),
            ("GET", ["api", "v1", "keys", "whoami"]) => json!({}),
            ("PUT", ["api", "v1", "namespaces", namespace, "config", key]) => {
                let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
                match self.put(&mut state, namespace, key, body["value"].as_str().expect("a text")) {
                    Some(position) => json!({ "position": position }),
                    None => return (503, String::new(), r#"{"type":"urn:manifold:problem:unavailable"}"#.to_owned()),
                }
            }
            ("GET", ["api", "v1", "namespaces", namespace, "config", key]) => {
                match state.keys.get(&((*namespace).to_owned(), (*key).to_owned())) {
                    Some((value, position)) => json!({ "value": value, "position": position }),
                    None => return (404, String::new(), r#"{"type":"urn:manifold:problem:not-found"}"#.to_owned()),
                }
            }
            ("GET", ["api", "v1", "namespaces", namespace, "config"]) => {
                return self.list(&state, namespace, asked);
            }
            ("GET", ["api", "v1", "namespaces", namespace, "audit"]) => {
                let record = |(_, key, position): &(String, Option<String>, u64)| {
                    let action = if key.is_some() { "config.created" } else { "namespace.created" };
                    json!({"action": action, "key": key, "position": position})
                };
                let of_namespace = state.trail.iter().filter(|one| one.0 == *namespace).map(record);
                let limit = asked.query["limit"].parse().expect("a number");
                if asked.query.get("order").is_none_or(|order| order != "oldest") {
                    json!(of_namespace.rev().take(limit).collect::<Vec<_>>())
                } else {
                    let from = asked.query.get("cursor").map_or(0, |cursor| cursor.parse().expect("a number"));
                    let mut page: Vec<Value> = of_namespace.skip(from).take(PAGE + 1).collect();
                    if page.len() > PAGE {
                        page.truncate(PAGE);
                        return (200, format!("x-next-cursor: {}\r\n", from + PAGE), json!(page).to_string());
                    }
                    json!(page)
                }
            }
            ("POST", ["api", "v1", "admin", "snapshot"]) => {
                json!({"bytes": 1_000, "milliseconds": 5, "position": state.position})
            }
            ("DELETE", _) => return (204, String::new(), String::new()),
            other => panic!("{other:?} is not asked"),
        };
        (200, String::new(), body.to_string())
    }

    fn put(&self, state: &mut State, namespace: &str, key: &str, value: &str) -> Option<u64> {
        state.writes += 1;
        let lie = if state.writes == LIED_ABOUT { self.lie } else { Lie::None };
        if lie == Lie::Refuses {
            return None;
        }
        if !state.trail.iter().any(|(path, _, _)| path == namespace) {
            state.position += 1;
            state.trail.push((namespace.to_owned(), None, state.position));
        }
        state.position += 1;
        let position = state.position;
        let mut value = value.to_owned();
        if lie == Lie::Changes {
            let last = if value.ends_with('a') { 'b' } else { 'a' };
            value.pop();
            value.push(last);
        }
        if lie != Lie::AuditsNot {
            state.trail.push((namespace.to_owned(), Some(key.to_owned()), position));
        }
        if lie == Lie::AuditsTwice {
            state.position += 1;
            state.trail.push((namespace.to_owned(), Some(key.to_owned()), state.position));
        }
        let event = json!({ "position": position, "value": value });
        let event = format!("id: {position}\nevent: config.updated\ndata: {event}\n\n");
        let times = if lie == Lie::TellsTwice { 2 } else { 1 };
        (0..times).for_each(|_| state.events.push(event.clone()));
        self.changed.notify_all();
        if lie != Lie::Loses {
            let at = if lie == Lie::Misplaces { position + 100 } else { position };
            state.keys.insert((namespace.to_owned(), key.to_owned()), (value, at));
        }
        Some(position)
    }

    fn list(&self, state: &State, namespace: &str, asked: &Asked) -> (u16, String, String) {
        let of = |((path, key), (value, position)): (&(String, String), &(String, u64))| {
            (path == namespace).then(|| json!({"key": key, "value": value, "position": position}))
        };
        let limit = asked.query["limit"].parse().expect("a number");
        let keys: Vec<Value> = state.keys.iter().filter_map(of).take(limit).collect();
        if self.lie == Lie::ShowsAPart && state.is_importing {
            return (200, "x-total-count: 1\r\n".to_owned(), json!(keys).to_string());
        }
        let count = state.keys.keys().filter(|(path, _)| path == namespace).count();
        (200, format!("x-total-count: {count}\r\n"), json!(keys).to_string())
    }

    /// Takes its time, in which somebody may look on.
    fn import(&self, body: &[u8]) -> std::io::Result<String> {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Vec<Value> = lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
        self.state.lock().expect("nobody panicked").is_importing = true;
        std::thread::sleep(IMPORT_TAKES);
        let mut state = self.state.lock().expect("nobody panicked");
        for line in &lines {
            let text = |name: &str| line[name].as_str().expect("a text").to_owned();
            self.put(&mut state, &text("namespace"), &text("key"), &text("value"));
        }
        state.is_importing = false;
        Ok(json!({ "items": lines.len() }).to_string())
    }

    fn export(&self, out: &mut impl Write) -> std::io::Result<()> {
        out.write_all(CHUNKED)?;
        let state = self.state.lock().expect("nobody panicked");
        for ((namespace, key), (value, _)) in &state.keys {
            chunk(out, &format!("{}\n", json!({"namespace": namespace, "key": key, "value": value})))?;
        }
        out.write_all(b"0\r\n\r\n")
    }

    /// Tells of all changes from now on, for as long as somebody listens.
    fn watched(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut told = self.state.lock().expect("nobody panicked").events.len();
        out.write_all(CHUNKED)?;
        chunk(out, "retry: 1000\nid: 0\n\n")?;
        loop {
            let state = self.state.lock().expect("nobody panicked");
            let wait = |state: &mut State| state.events.len() == told;
            let (state, _) = self.changed.wait_timeout_while(state, HEARTBEAT, wait).expect("nobody panicked");
            let more = state.events[told..].concat();
            told = state.events.len();
            drop(state);
            chunk(out, if more.is_empty() { ": still there\n\n" } else { &more })?;
        }
    }
}

fn answer(out: &mut impl Write, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    out.write_all(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn chunk(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    out.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
}

impl Asked {
    fn read(input: &mut impl BufRead) -> Option<Asked> {
        let mut line = String::new();
        input.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let (method, target) = line.split_once(' ')?;
        let (path, query) = target.split(' ').next()?.split_once('?').unwrap_or((target.split(' ').next()?, ""));
        let query = query.split('&').filter_map(|part| part.split_once('='));
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let path = path.split('/').skip(1).map(str::to_owned).collect();
        let (method, mut key, mut length) = (method.to_owned(), String::new(), 0);
        loop {
            let mut line = String::new();
            input.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some(("X-Api-Key", value)) => value.clone_into(&mut key),
                Some(("Content-Length", value)) => length = value.parse().ok()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).ok()?;
        Some(Asked { method, path, query, key, body })
    }
}

/// A run against a store that lies, with ten writes of one connection; what is complained of.
fn complaint(workload: &str, lie: Lie, more: &[&str]) -> Option<String> {
    let address = Store::start(lie);
    let command = Bench::augment_args(Command::new("bench"));
    let arguments = ["bench", "config", "--workload", workload, "--http", &address, "--api-key", KEY, "--value-size", "60"];
    let sizes = ["--connections", "1", "--namespaces", "2", "--json"];
    let matches = command.try_get_matches_from(arguments.iter().chain(&sizes).chain(more)).expect("the arguments are right");
    let bench = Bench::from_arg_matches(&matches).expect("the arguments are right");
    bench::run(&bench, "test").err().map(|error| {
        assert_eq!(error.kind, Kind::Failed, "{error}");
        assert!(!error.message.contains(KEY), "{error}");
        error.message
    })
}

#[test]
fn an_honest_store_is_believed_and_a_refusal_is_no_lie() {
    for (workload, more) in [
        ("write", &["--requests", "10"][..]),
        ("read", &["--keys", "10", "--requests", "50"]),
        ("audit", &["--keys", "10", "--requests", "5", "--limit", "4"]),
        ("list", &["--keys", "10", "--requests", "5", "--limit", "4"]),
        ("watch", &["--watchers", "5", "--requests", "10"]),
        ("import", &["--keys", "10"]),
    ] {
        assert_eq!(complaint(workload, Lie::None, more), None, "{workload}");
    }
    assert_eq!(complaint("write", Lie::Refuses, &["--requests", "10"]), None);
}

#[test]
fn each_lie_about_a_write_is_found_out_and_named() {
    for (lie, told) in [
        (Lie::Loses, "10 acknowledged records read back; lost 1, duplicated 0, changed 0"),
        (Lie::Changes, "lost 1, duplicated 0, changed 1"),
        (Lie::Misplaces, "lost 0, duplicated 0, changed 0, foreign 0, disordered 1"),
        (Lie::AuditsTwice, "in the audit trail 10 of 10 acknowledged records read back; lost 0, duplicated 1"),
        (Lie::AuditsNot, "in the audit trail 9 of 10 acknowledged records read back; lost 1, duplicated 0"),
    ] {
        let complaint = complaint("write", lie, &["--requests", "10"]).unwrap_or_default();
        assert!(complaint.contains(told), "{lie:?}: {complaint}");
    }
}

#[test]
fn each_lie_about_what_was_written_before_is_found_out_and_named() {
    for (workload, lie, told) in [
        ("read", Lie::Loses, "lost "),
        ("read", Lie::Changes, "changed "),
        ("read", Lie::Misplaces, "disordered "),
        ("audit", Lie::AuditsNot, "does not show what was written"),
        ("list", Lie::Loses, "does not show what was written"),
        ("list", Lie::Changes, "does not show what was written"),
    ] {
        let complaint = complaint(workload, lie, &["--keys", "5", "--requests", "200"]).unwrap_or_default();
        assert!(complaint.contains(told) && !complaint.contains(&format!("{told}0")), "{workload} {lie:?}: {complaint}");
    }
}

#[test]
fn each_lie_to_watchers_is_found_out_and_named() {
    for (lie, told) in
        [(Lie::TellsTwice, "5 events came out of order or again"), (Lie::Changes, "5 events were not what was published")]
    {
        // The change that is lied about is the last.
        let complaint = complaint("watch", lie, &["--watchers", "5", "--requests", "3", "--seconds", "2"]).unwrap_or_default();
        assert!(complaint.contains(told), "{lie:?}: {complaint}");
    }
}

#[test]
fn each_lie_about_an_import_is_found_out_and_named() {
    for (lie, told) in [
        (Lie::ShowsAPart, "the import was seen in part: of 5 keys of a namespace [1] were there"),
        (Lie::Loses, "9 of 10 acknowledged records read back; lost 1"),
        (Lie::Changes, "lost 1, duplicated 0, changed 1"),
    ] {
        let complaint = complaint("import", lie, &["--keys", "10"]).unwrap_or_default();
        assert!(complaint.contains(told), "{lie:?}: {complaint}");
    }
}
