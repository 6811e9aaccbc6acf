//! An audit trail of every kind of change, as files for a verifier that shares nothing with this crate.
//!
//! `interop/contract/golden` holds them, and `interop/contract/test_verify_audit.py` verifies them and finds what is changed in them. This
//! test sees that they are what this build writes; `RECORD=1` writes them anew.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::EntryId;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use config::{
    Action, Command, Content, Context, Entry, Expect, Hash, Machine, Operation, Options, Put, Refused, Reply, Settings, StoreId,
    Transaction, Value, ValueType, Who,
    checkpoint::{Checkpoint, Ed25519Signer, Signer, verifier_key},
};
use serde_json::json;
use table::{MemoryTree, Table};

const ORIGIN: &str = "example.org/manifold/default";
const RECORDS: u64 = 300;
const EARLIER: u64 = 111;

/// Writes and deletions in an order that always is the same.
struct Story {
    machine: Machine,
    index: u64,
    dice: u64,
    /// Of each key that is there: its values so far, by their versions.
    there: BTreeMap<(String, String), Vec<(u64, String)>>,
}

impl Story {
    fn new() -> Story {
        let table = Table::new(Arc::new(MemoryTree::default()));
        let options = Options { import_slice_items: 3, ..Options::default() };
        let machine = Machine::open(StoreId(0), table, options).expect("opens");
        Story { machine, index: 0, dice: 7, there: BTreeMap::new() }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    fn context(&mut self) -> Context {
        let principal = ["ann", "böb", "svc-deploy"][self.index as usize % 3];
        let who = Who { principal: principal.into(), key_id: format!("key-{}", self.index % 5), address: "10.1.2.3".into() };
        Context {
            who,
            request_id: format!("request-{}", self.index),
            comment: ["", "because", "一"][self.index as usize % 3].into(),
        }
    }

    fn apply(&mut self, command: Command) -> Reply {
        self.index += 1;
        let entry = Entry { id: EntryId { term: 1, index: self.index }, time_ms: 1_700_000_000_000 + self.index * 3 / 2 };
        self.machine.apply(entry, command).reply.expect("nothing of this story is refused")
    }

    fn write(&mut self, operations: Vec<Operation>) {
        let context = self.context();
        let transaction = Transaction { context, operations: operations.clone(), ..Transaction::default() };
        let Reply::Written(written) = self.apply(Command::Write(transaction)) else { panic!("a write is answered otherwise") };
        for (operation, change) in operations.iter().zip(&written.changes) {
            self.follow(operation, change.version);
        }
    }

    fn follow(&mut self, operation: &Operation, version: u64) {
        let (namespace, key) = (operation.namespace().to_owned(), operation.key().map(str::to_owned));
        match (operation, key) {
            (Operation::Put(put), Some(key)) => {
                let Value::Inline(value) = &put.value else { panic!("values here are short") };
                let text = String::from_utf8(value.to_vec()).expect("values here are texts");
                self.there.entry((namespace, key)).or_default().push((version, text));
            }
            (Operation::Delete { .. }, Some(key)) => drop(self.there.remove(&(namespace, key))),
            (Operation::DeleteNamespace { .. }, _) => self.there.retain(|(path, _), _| *path != namespace),
            _ => {}
        }
    }

    fn put(&mut self, namespace: &str, key: &str) -> Operation {
        let kinds = [
            ("\"quoted\" ä", ValueType::String),
            ("12.5", ValueType::Number),
            ("{\"a\":[]}", ValueType::Json),
            ("", ValueType::Binary),
        ];
        let (text, value_type) = kinds[self.roll(4) as usize];
        let text = if value_type == ValueType::String { format!("{text} {}", self.index) } else { text.to_owned() };
        operation(namespace, key, &text, value_type, 0)
    }

    fn namespace(&mut self) -> String {
        ["a", "b/c", "team.one"][self.roll(3) as usize].to_owned()
    }

    fn any_key(&mut self) -> Option<(String, String)> {
        let place = self.roll(self.there.len().max(1) as u64) as usize;
        self.there.keys().nth(place).cloned()
    }

    fn step(&mut self) {
        let (namespace, key) = (self.namespace(), format!("key-{}", self.roll(9)));
        match self.roll(16) {
            0 => {
                let context = self.context();
                let refused = Refused { context, attempted: Action::ConfigUpdated, namespace, key: Some(key) };
                self.apply(Command::Refused(refused));
            }
            1 => self.describe(namespace),
            2 if self.there.keys().any(|(path, _)| *path == namespace) && self.roll(3) == 0 => {
                self.write(vec![Operation::DeleteNamespace { namespace, expect: Expect::Any }]);
            }
            3 => {
                let operations = (0..4).map(|number| self.put(&namespace, &format!("together-{number}"))).collect();
                self.write(operations);
            }
            4 => self.import(&namespace),
            5..=7 => {
                if let Some((namespace, key)) = self.any_key() {
                    self.write(vec![Operation::Delete { namespace, key, expect: Expect::Any }]);
                }
            }
            8 => self.roll_back(),
            _ => {
                let operation = self.put(&namespace, &key);
                self.write(vec![operation]);
            }
        }
    }

    fn describe(&mut self, namespace: String) {
        let settings = Settings { audits_values: self.roll(2) == 0, ..Settings::default() };
        let (description, owner) = (Some(format!("as of {}", self.index)), Some("ann".to_owned()));
        self.write(vec![Operation::PutNamespace {
            namespace,
            description,
            owner,
            settings: Some(settings),
            expect: Expect::Any,
        }]);
    }

    fn roll_back(&mut self) {
        let found = self.there.iter().find(|(_, versions)| versions.len() > 2);
        let Some(((namespace, key), versions)) = found.map(|(place, versions)| (place.clone(), versions.clone())) else { return };
        let (version, text) = &versions[0];
        let value_type = match &text[..] {
            "" => ValueType::Binary,
            "12.5" => ValueType::Number,
            json if json.starts_with('{') => ValueType::Json,
            _ => ValueType::String,
        };
        self.write(vec![operation(&namespace, &key, text, value_type, *version)]);
    }

    fn import(&mut self, namespace: &str) {
        let (import, context) = (self.index + 1, self.context());
        self.apply(Command::ImportBegin { import, context });
        let items: Vec<Operation> = (0..8).map(|number| self.put(namespace, &format!("imported-{number}"))).collect();
        self.apply(Command::ImportPart { import, part: 0, items: items.clone() });
        let mut reply = self.apply(Command::ImportCommit { import });
        while matches!(&reply, Reply::Import(progress) if progress.visible.is_none()) {
            reply = self.apply(Command::ImportAdvance { import });
        }
        for item in &items {
            // Its version is asked for where it counts.
            let found = self.machine.get(namespace, item.key().unwrap_or_default(), config::At::Latest, config::Cold::Allow);
            let version = found.and_then(Result::ok).expect("it was imported").0.version;
            self.follow(item, version);
        }
    }

    /// One line of the export.
    fn line(&self, position: u64) -> String {
        let audited = self.machine.audit_record(position, true).expect("it is there");
        let record = &audited.record;
        let shown = |content: &Content| match content {
            Content::Inline(value) => json!(String::from_utf8_lossy(value)),
            _ => json!(null),
        };
        let line = json!({
            "position": record.position,
            "action": record.action.name(),
            "actor": record.who[0],
            "namespace": record.namespace,
            "key": record.key,
            "oldValue": shown(&audited.before),
            "newValue": shown(&audited.after),
            "record": STANDARD.encode(record.to_bytes()),
        });
        format!("{line}\n")
    }

    fn checkpoint(&self, size: u64, signer: &dyn Signer) -> String {
        let root = self.machine.root(size).expect("there are so many");
        Checkpoint { origin: ORIGIN.into(), size, root }.sign(signer).expect("signs")
    }
}

fn operation(namespace: &str, key: &str, text: &str, value_type: ValueType, restores: u64) -> Operation {
    Operation::Put(Put {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        value_type,
        value: Value::Inline(Bytes::from(text.to_owned())),
        expect: Expect::Any,
        creates_namespace: true,
        restores,
    })
}

fn encoded(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
}

fn files() -> Vec<(&'static str, String)> {
    let mut story = Story::new();
    while story.machine.position() < RECORDS {
        story.step();
    }
    let signer = Ed25519Signer::from_seed("example.org/signer", &[9; 32]).expect("a name without spaces");
    let mut export = String::new();
    (1..=story.machine.position())
        .for_each(|position| write!(export, "{}", story.line(position)).expect("a text takes everything"));
    let size = story.machine.position();
    let consistency = encoded(&story.machine.consistency_proof(EARLIER, size).expect("proves"));
    let inclusion = encoded(&story.machine.inclusion_proof(EARLIER, size).expect("proves"));
    vec![
        ("export.jsonl", export),
        ("checkpoint-earlier", story.checkpoint(EARLIER, &signer)),
        ("checkpoint", story.checkpoint(size, &signer)),
        ("key", format!("{}\n", verifier_key(signer.name(), &signer.public_key()))),
        ("consistency.json", format!("{}\n", json!({"from": EARLIER, "to": size, "proof": consistency}))),
        ("inclusion.json", format!("{}\n", json!({"position": EARLIER, "size": size, "proof": inclusion}))),
    ]
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop/contract/golden")
}

/// The order of fields is no matter: it depends on what else is built.
fn is_same(name: &str, one: &str, other: &str) -> bool {
    let lines = |text: &str| text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).collect::<Vec<_>>();
    if name.contains("json") { lines(one) == lines(other) } else { one == other }
}

#[test]
fn the_trail_is_the_one_that_the_independent_verifier_reads() {
    let files = files();
    let actions: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    assert!(actions.iter().all(|action| files[0].1.contains(action)), "every action is there");
    for (name, text) in files {
        let path = golden().join(name);
        if std::env::var_os("RECORD").is_some() {
            fs::create_dir_all(golden()).expect("a folder");
            fs::write(&path, text).expect("a file");
        } else {
            let kept = fs::read_to_string(&path).expect("RECORD=1 writes it");
            assert!(is_same(name, &kept, &text), "{name} is otherwise now: if that is meant, RECORD=1 writes it anew");
        }
    }
}
