//! Whoever can write a node's own files changes nothing of its audit trail unseen: each record that is edited, dropped, moved or
//! written anew in the settled tree of a stopped node is found with checkpoints that were saved elsewhere before.

use std::path::{Path, PathBuf};

use bytes::{BufMut, Bytes, BytesMut};
use interop::store::{Client, KeyFile};
use interop::{Server, Settings};
use table::{LsmTree, Tree, TreeOptions};

const WRITES: usize = 2_400;
/// A record that is settled long before the last one.
const PLACE: u64 = 20;

/// A change of a settled tree: keys with their new values.
type Edit = Vec<(Bytes, Option<Bytes>)>;

/// Of the first configuration store: see docs/formats/config.md.
fn record_key(position: u64) -> Bytes {
    let mut key = BytesMut::from(&[0xff, 0xff, 0xff, 0xfe, b'a'][..]);
    key.put_u64(position);
    key.freeze()
}

/// The tree that the trail lies in, of a node that is stopped.
struct Files(PathBuf);

impl Files {
    fn of(data_dir: &Path) -> Files {
        let shards = std::fs::read_dir(data_dir.join("shards")).expect("a node that has run has shards");
        let trees = shards.map(|entry| Files(entry.expect("a folder can be read").path()));
        let mut found: Vec<Files> =
            trees.filter(|tree| tree.open().snapshot().get(&record_key(PLACE)).unwrap().is_some()).collect();
        assert_eq!(found.len(), 1, "one shard has the trail, and it is settled up to {PLACE}");
        found.remove(0)
    }

    fn open(&self) -> std::sync::Arc<LsmTree> {
        LsmTree::open(&self.0, TreeOptions::default()).expect("the tree of a stopped node opens")
    }

    fn record(&self, position: u64) -> Bytes {
        self.open().snapshot().get(&record_key(position)).expect("it can be read").expect("it is settled")
    }

    fn write(&self, edit: &Edit) {
        let tree = self.open();
        let mark = tree.snapshot().mark().clone();
        tree.settle(&mut edit.iter().cloned(), &[], &mark).expect("the disk takes it");
    }
}

/// The trail of one node, and what was saved of it elsewhere.
struct Trail {
    server: Server,
    folder: tempfile::TempDir,
    verifier: String,
    checkpoints: Vec<PathBuf>,
    exports: usize,
}

impl Trail {
    /// A node with many changes; `salt` makes its history another one.
    async fn new(keys: &KeyFile, salt: &str) -> Trail {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let audit_key = folder.path().join("audit.key");
        write_private(&audit_key, &"5a".repeat(32));
        let audit_key = audit_key.to_str().expect("a plain name").to_owned();
        let arguments =
            ["--settle", "1MiB", "--journal-segment", "16MiB", "--import-keys", keys.path(), "--audit-key", &audit_key];
        let server = Server::start(Settings::manifold().with_arguments(&arguments)).await;
        let client = Client::new(server.http_port());
        let mut trail = Trail { server, folder, verifier: String::new(), checkpoints: Vec::new(), exports: 0 };
        for number in 0..WRITES {
            let (namespace, key) = (["a", "b", "c"][number % 3], number % 500);
            let value = format!(r#"{{"value":"{salt} {number} {}","comment":"because of {number}"}}"#, "x".repeat(1_000));
            let answer = client.put(&format!("/api/v1/namespaces/{namespace}/config/k{key}"), &value).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            if number == 100 || number == WRITES - 1 {
                trail.save_checkpoint(client).await;
            }
        }
        trail.verifier = client.get("/api/v1/audit/checkpoint").await.json()["verifier"].as_str().expect("a verifier").to_owned();
        trail
    }

    async fn save_checkpoint(&mut self, client: Client) {
        let note = client.ask("GET", "/api/v1/audit/checkpoint", &[("Accept", "text/plain")], b"").await;
        let file = self.folder.path().join(format!("{}.checkpoint", self.checkpoints.len()));
        std::fs::write(&file, note.text()).expect("a file can be written");
        self.checkpoints.push(file);
    }

    /// Why the trail that the node gives out does not hold against `checkpoints`, if it does not.
    fn complaint(&mut self, checkpoints: &[PathBuf], verifier: &str) -> Option<String> {
        let text = |path: &Path| path.to_str().expect("a plain name").to_owned();
        self.exports += 1;
        let export = self.folder.path().join(format!("trail-{}.jsonl", self.exports));
        if let Err(refusal) = self.server.ctl(&["audit", "export", &text(&export)]) {
            assert!(refusal.contains("the node refused"), "an export that fails says why: {refusal}");
            return Some(refusal);
        }
        let mut arguments = vec!["audit".to_owned(), "verify".to_owned(), text(&export)];
        arguments.extend(checkpoints.iter().map(|path| text(path)));
        arguments.extend(["--key".to_owned(), verifier.to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.server.ctl(&arguments).err()
    }

    fn stop(&mut self) {
        let status = self.server.stop(20).expect("it stops");
        assert!(status.success(), "{status}\n{}", self.server.log_tail());
    }
}

/// With one bit of its last bytes, which are texts of a record, another one.
fn edited(record: &Bytes) -> Bytes {
    let mut bytes = record.to_vec();
    *bytes.last_mut().expect("a record has bytes") ^= 1;
    bytes.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_in_the_stored_trail_is_found() {
    let keys = KeyFile::new();
    let mut trail = Trail::new(&keys, "").await;
    let (checkpoints, verifier) = (trail.checkpoints.clone(), trail.verifier.clone());
    assert_eq!(trail.complaint(&checkpoints, &verifier), None, "untouched it holds");
    trail.stop();
    let files = Files::of(&trail.server.data_dir());
    let (one, next) = (files.record(PLACE), files.record(PLACE + 1));
    let (key, next_key) = (record_key(PLACE), record_key(PLACE + 1));
    let edits: [(&str, Edit); 5] = [
        ("a record is edited", vec![(key.clone(), Some(edited(&one)))]),
        ("a record is dropped", vec![(key.clone(), None)]),
        ("two records change their places", vec![(key.clone(), Some(next.clone())), (next_key.clone(), Some(one.clone()))]),
        ("a record is there twice", vec![(next_key.clone(), Some(one.clone()))]),
        ("a record is written anew as nothing", vec![(key.clone(), Some(Bytes::new()))]),
    ];
    let as_it_was: Edit = vec![(key, Some(one)), (next_key, Some(next))];
    for (what, edit) in &edits {
        files.write(edit);
        trail.server.restart().await;
        let complaint = trail.complaint(&checkpoints, &verifier);
        println!("{what}: {}", complaint.as_deref().unwrap_or("nothing is found"));
        assert!(complaint.is_some(), "{what}, and nobody sees it");
        trail.stop();
        files.write(&as_it_was);
    }
    trail.server.restart().await;
    assert_eq!(trail.complaint(&checkpoints, &verifier), None, "as it was it holds");
    // Whoever has the key that signs can write all of it anew, but not what was saved elsewhere.
    let mut other = Trail::new(&keys, "another").await;
    let (own, own_verifier) = (other.checkpoints.clone(), other.verifier.clone());
    assert_eq!(other.complaint(&own, &own_verifier), None, "by itself the other history holds");
    let complaint = other.complaint(&checkpoints, &verifier);
    println!("all is written anew: {}", complaint.as_deref().unwrap_or("nothing is found"));
    assert!(complaint.is_some(), "another history passes for the one that the checkpoints are of");
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("a file can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it can be made private");
}
