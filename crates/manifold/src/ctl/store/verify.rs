//! `ctl audit verify`: an export held against checkpoints that were kept elsewhere. It believes nothing that the export shows for
//! people: what counts are the bytes that are hashed, and what is shown of them must be what they say.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use ::config::{Hash, Record, checkpoint::Checkpoint, merkle, sha256, told::shown as shown_of};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::exit::{Code, Failure, Outcome};

/// Bytes of a verifier's key: the kind, and 32 bytes.
const KEY_BYTES: usize = 33;

/// A tree that grows leaf by leaf: the roots of perfect trees, the largest first, with their sizes.
#[derive(Default)]
struct Tree(Vec<(u64, Hash)>);

impl Tree {
    fn push(&mut self, leaf: Hash) {
        let (mut size, mut hash) = (1, leaf);
        while let Some((_, left)) = self.0.pop_if(|(left, _)| *left == size) {
            (size, hash) = (2 * size, merkle::node_hash(&left, &hash));
        }
        self.0.push((size, hash));
    }

    fn root(&self) -> Hash {
        let from_right = self.0.iter().rev().map(|(_, hash)| *hash);
        from_right.reduce(|right, left| merkle::node_hash(&left, &right)).unwrap_or_else(merkle::empty_root)
    }
}

fn wrong(what: impl Into<String>) -> Failure {
    Failure::new(Code::Failed, what.into())
}

pub(super) fn verify(export: &Path, checkpoints: &[PathBuf], keys: &[String]) -> Outcome<Value> {
    let keys = keys.iter().map(|key| verifier(key)).collect::<Outcome<Vec<_>>>()?;
    let mut wanted = checkpoints.iter().map(|file| signed(file, &keys)).collect::<Outcome<Vec<_>>>()?;
    wanted.sort_by_key(|(_, checkpoint)| checkpoint.size);
    let differ = |pair: &&[(&Path, Checkpoint)]| pair[0].1.origin != pair[1].1.origin;
    if let Some(pair) = wanted.windows(2).find(differ) {
        return Err(wrong(format!("{} and {} are of different logs", pair[0].0.display(), pair[1].0.display())));
    }
    let file = File::open(export).map_err(|error| wrong(format!("{} cannot be read: {error}", export.display())))?;
    let (mut tree, mut count, mut time) = (Tree::default(), 0_u64, 0);
    let mut waiting = wanted.iter().peekable();
    let mut lines = BufReader::new(file).lines();
    loop {
        while let Some((file, checkpoint)) = waiting.next_if(|(_, checkpoint)| checkpoint.size == count) {
            if tree.root() != checkpoint.root {
                return Err(wrong(format!("the first {count} records are not those that {} is of", file.display())));
            }
        }
        let Some(line) = lines.next() else { break };
        count += 1;
        let line = line.map_err(|error| wrong(format!("line {count} cannot be read: {error}")))?;
        let record = read(&line).map_err(|what| wrong(format!("line {count} {what}")))?;
        if record.position != count {
            return Err(wrong(format!(
                "line {count} is the record at position {}: records are missing or moved",
                record.position
            )));
        }
        if record.time_ms < time {
            return Err(wrong(format!("line {count} is earlier than the one before")));
        }
        time = record.time_ms;
        tree.push(record.leaf_hash());
    }
    if let Some((file, checkpoint)) = waiting.next() {
        let text =
            format!("{} is of {} records, and the export has {count}: its end is missing", file.display(), checkpoint.size);
        return Err(wrong(text));
    }
    Ok(json!({ "records": count, "checkpoints": wanted.len() }))
}

/// The record of a line, if what the line shows of it is what it says.
fn read(line: &str) -> Result<Record, String> {
    let shown: Value = serde_json::from_str(line).map_err(|error| format!("is no JSON: {error}"))?;
    let encoded = shown["record"].as_str().ok_or("has no record: export with its bytes")?;
    let bytes = STANDARD.decode(encoded).map_err(|_| "has a record that is no Base64")?;
    let record = Record::decode(bytes.into()).map_err(|error| format!("has a record that cannot be read: {error}"))?;
    hold(&shown, &record)?;
    Ok(record)
}

/// Fields that every line has.
const FIELDS: [&str; 6] = ["timestamp", "position", "action", "actor", "namespace", "key"];

/// Whether all that a line shows for people is what its record says, and values are those of its hashes.
fn hold(shown: &Value, record: &Record) -> Result<(), String> {
    let shown = shown.as_object().ok_or("is no object")?;
    let expected: Map<String, Value> =
        serde_json::from_slice(&shown_of(record)).map_err(|error| format!("has a record that cannot be shown: {error}"))?;
    if let Some(missing) = FIELDS.iter().find(|name| !shown.contains_key(**name)) {
        return Err(format!("does not show {missing}"));
    }
    for (name, value) in shown {
        match &**name {
            "record" => {}
            "omitted" if ["large", "gone", "hidden"].iter().any(|why| value == why) => {}
            "oldValue" => hold_value(name, value, record.before)?,
            "newValue" => hold_value(name, value, record.after)?,
            _ => match expected.get(name) {
                Some(expected) if expected == value => {}
                Some(expected) => return Err(format!("shows {name} {value}, and its record says {expected}")),
                None => return Err(format!("shows {name}, and its record says nothing of it")),
            },
        }
    }
    Ok(())
}

/// A value is shown as a text, or as its bytes' Base64, or not at all.
fn hold_value(name: &str, value: &Value, hash: Option<Hash>) -> Result<(), String> {
    let Some(text) = value.as_str() else {
        return if value.is_null() { Ok(()) } else { Err(format!("shows {name} as something that is no text")) };
    };
    let decoded = STANDARD.decode(text).ok();
    let is_it = |bytes: &[u8]| hash == Some(sha256(bytes));
    if is_it(text.as_bytes()) || decoded.is_some_and(|bytes| is_it(&bytes)) {
        Ok(())
    } else {
        Err(format!("shows {name}, and its record has the hash of another one"))
    }
}

/// A name and a public key.
type Verifier = (String, [u8; 32]);

fn verifier(text: &str) -> Outcome<Verifier> {
    let expected = || wrong("a verifier is NAME+ID+KEY, as \"manifold ctl audit checkpoint\" tells it");
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(expected()) };
    let key = STANDARD.decode(key).ok().filter(|key| key.len() == KEY_BYTES).ok_or_else(expected)?;
    let public: [u8; 32] = key[1..].try_into().map_err(|_| expected())?;
    if ::config::checkpoint::verifier_key(name, &public) == text { Ok((name.to_owned(), public)) } else { Err(expected()) }
}

/// A checkpoint that one of the keys signed.
fn signed<'a>(file: &'a Path, keys: &[Verifier]) -> Outcome<(&'a Path, Checkpoint)> {
    let unreadable = |error| wrong(format!("{} cannot be read: {error}", file.display()));
    let note = fs::read_to_string(file).map_err(unreadable)?;
    let mut why = None;
    for (name, key) in keys {
        match Checkpoint::verify(&note, name, key) {
            Ok(checkpoint) => return Ok((file, checkpoint)),
            Err(error) => why = Some(error),
        }
    }
    let why = why.map_or_else(|| "no key is given".to_owned(), |error| error.to_string());
    Err(wrong(format!("{}: {why}", file.display())))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ::config::{
        Command, Content, Context, Entry, Expect, Machine, Operation, Options, Put, StoreId, Transaction, Value as Written,
        ValueType, Who,
        checkpoint::{Ed25519Signer, Signer, verifier_key},
    };

    use super::*;

    #[test]
    fn a_tree_that_grows_is_the_tree_of_the_whole() {
        let leaf = |number: u8| merkle::leaf_hash(&[number]);
        let whole = |leaves: &[Hash]| -> Hash {
            fn root(leaves: &[Hash]) -> Hash {
                match leaves {
                    [] => merkle::empty_root(),
                    [one] => *one,
                    several => {
                        let split = several.len().next_power_of_two() / 2;
                        merkle::node_hash(&root(&several[..split]), &root(&several[split..]))
                    }
                }
            }
            root(leaves)
        };
        let (mut tree, mut leaves) = (Tree::default(), Vec::new());
        for number in 0..70 {
            assert_eq!(tree.root(), whole(&leaves), "{number} leaves");
            leaves.push(leaf(number));
            tree.push(leaf(number));
        }
    }

    /// A trail of some records, exported, and its checkpoints after ten and at its end.
    struct Trail {
        _folder: tempfile::TempDir,
        lines: Vec<String>,
        export: PathBuf,
        checkpoints: [PathBuf; 2],
        key: String,
    }

    impl Trail {
        fn new() -> Trail {
            let folder = tempfile::tempdir().unwrap();
            let table = table::Table::new(std::sync::Arc::new(table::MemoryTree::default()));
            let machine = Machine::open(StoreId(0), table, Options::default()).unwrap();
            let signer = Ed25519Signer::from_seed("test", &[7; 32]).unwrap();
            let key = verifier_key("test", &signer.public_key());
            let checkpoints = ["early", "late"].map(|name| folder.path().join(name));
            let sign = |file: &Path| fs::write(file, machine.checkpoint("log").unwrap().sign(&signer).unwrap()).unwrap();
            for number in 0..20_u64 {
                let put = Put {
                    namespace: "n".to_owned(),
                    key: format!("k{}", number % 3),
                    value_type: ValueType::String,
                    value: Written::Inline(number.to_string().into()),
                    expect: Expect::Any,
                    creates_namespace: true,
                    restores: 0,
                };
                let who = Who { principal: "ann".to_owned(), address: "10.0.0.7".to_owned(), ..Who::default() };
                let context = Context { who, ..Context::default() };
                let write = Transaction { context, operations: vec![Operation::Put(put)], ..Transaction::default() };
                let entry = Entry { id: base::EntryId { term: 1, index: number + 1 }, time_ms: 1_000 + number };
                machine.apply(entry, Command::Write(write)).reply.unwrap();
                if number == 9 {
                    sign(&checkpoints[0]);
                }
            }
            sign(&checkpoints[1]);
            let line = |position| {
                let audited = machine.audit_record(position, true).unwrap();
                let mut line: Map<String, Value> = serde_json::from_slice(&shown_of(&audited.record)).unwrap();
                for (name, content) in [("oldValue", &audited.before), ("newValue", &audited.after)] {
                    let Content::Inline(value) = content else { continue };
                    line.insert(name.to_owned(), std::str::from_utf8(value).unwrap().into());
                }
                line.insert("record".to_owned(), STANDARD.encode(audited.record.to_bytes()).into());
                Value::from(line).to_string()
            };
            let lines = (1..=machine.position()).map(line).collect();
            let export = folder.path().join("export");
            Trail { _folder: folder, lines, export, checkpoints, key }
        }

        fn verified(&self, lines: &[String]) -> Outcome<Value> {
            let mut file = File::create(&self.export).unwrap();
            lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
            verify(&self.export, &self.checkpoints, std::slice::from_ref(&self.key))
        }
    }

    #[test]
    fn each_change_of_an_export_is_found() {
        let trail = Trail::new();
        assert_eq!(trail.verified(&trail.lines).unwrap(), json!({ "records": 21, "checkpoints": 2 }));
        type Bend<'a> = &'a dyn Fn(&mut Vec<String>);
        fn show(line: &mut String, name: &str, value: Value) {
            let mut shown: Map<String, Value> = serde_json::from_str(line).unwrap();
            assert_ne!(shown.insert(name.to_owned(), value.clone()), Some(value));
            *line = Value::from(shown).to_string();
        }
        let bends: [(&str, Bend<'_>); 15] = [
            ("another actor", &|lines| show(&mut lines[3], "actor", "bob".into())),
            ("another time", &|lines| show(&mut lines[3], "timestamp", "1970-01-01T00:00:00.000Z".into())),
            ("another address", &|lines| show(&mut lines[3], "address", "10.0.0.8".into())),
            ("a comment that nobody made", &|lines| show(&mut lines[3], "comment", "why not".into())),
            ("another version", &|lines| show(&mut lines[3], "version", 7.into())),
            ("another value", &|lines| show(&mut lines[3], "newValue", "7".into())),
            ("a value before it that was not", &|lines| show(&mut lines[9], "oldValue", "7".into())),
            ("what nobody knows", &|lines| show(&mut lines[3], "approvedBy", "eve".into())),
            ("a reason that is none", &|lines| show(&mut lines[3], "omitted", "secret".into())),
            ("its time not shown", &|lines| {
                let mut shown: Map<String, Value> = serde_json::from_str(&lines[3]).unwrap();
                shown.remove("timestamp").unwrap();
                lines[3] = Value::from(shown).to_string();
            }),
            ("dropped", &|lines| drop(lines.remove(4))),
            ("swapped", &|lines| lines.swap(5, 6)),
            ("cut off", &|lines| drop(lines.pop())),
            ("doubled", &|lines| lines.insert(2, lines[2].clone())),
            ("another's bytes", &|lines| {
                let mut line: Value = serde_json::from_str(&lines[7]).unwrap();
                let mut bytes = STANDARD.decode(line["record"].as_str().unwrap()).unwrap();
                // The time, with which the line would show it.
                bytes[21] ^= 1;
                line["record"] = STANDARD.encode(bytes).into();
                lines[7] = line.to_string();
            }),
        ];
        for (what, bend) in bends {
            let mut lines = trail.lines.clone();
            bend(&mut lines);
            assert!(trail.verified(&lines).is_err(), "{what}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_key_is_not_believed() {
        let trail = Trail::new();
        trail.verified(&trail.lines).unwrap();
        let other = verifier_key("test", &Ed25519Signer::from_seed("test", &[8; 32]).unwrap().public_key());
        assert!(verify(&trail.export, &trail.checkpoints, &[other]).is_err());
        assert!(verify(&trail.export, &trail.checkpoints, &["test+00000000+AAAA".to_owned()]).is_err());
        let note = fs::read_to_string(&trail.checkpoints[0]).unwrap();
        fs::write(&trail.checkpoints[0], note.replacen("\n11\n", "\n12\n", 1)).unwrap();
        assert!(verify(&trail.export, &trail.checkpoints, std::slice::from_ref(&trail.key)).is_err());
    }
}
