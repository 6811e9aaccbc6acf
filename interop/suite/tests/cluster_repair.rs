//! Members that lose what they had: a journal or a settled tree that is damaged or gone is noticed, and the member is rebuilt from
//! the others; it never denies what it lost. And a cluster that lost its majority for good goes on with one member by hand.

use interop::Server;
use interop::cluster::{Cluster, Plan, ctl_json, invite, name, put_until_acknowledged, settings, within};
use interop::serials::{Load, Size};
use interop::wire::Wire;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Small files and small settles, so that there is a settled tree, and a journal that was trimmed.
const SMALL: [&str; 4] = ["--journal-segment", "16MiB", "--settle", "1MiB"];
const LIGHT: Size = Size { bound: 1, roaming: 2, pause: Duration::from_millis(5) };

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// Overwrites some bytes in the middle of a file.
fn damage(file: &Path) {
    let file = fs::File::options().write(true).read(true).open(file).expect("a file to damage");
    let at = file.metadata().expect("its length").len() / 2;
    let mut bytes = [0; 64];
    file.read_exact_at(&mut bytes, at).expect("reads");
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
    file.write_all_at(&bytes, at).expect("writes");
}

/// The largest file of a directory whose name ends so.
fn largest(dir: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let files = files.map(|file| file.expect("a file").path()).filter(|file| file.to_string_lossy().ends_with(ending));
    files.max_by_key(|file| fs::metadata(file).map_or(0, |known| known.len())).expect("there is a file")
}

/// Writes values that do not shrink.
async fn fill(port: u16, prefix: &str, keys: usize) {
    let mut wire = Wire::lazy(port);
    for key in 0..keys {
        wire.put(format!("{prefix}/{key:05}"), format!("{key}").repeat(5_000)).await.expect("a write");
    }
}

fn id_of(by: &Server, name: &str) -> String {
    let members = ctl_json(by, &["member", "list"]);
    let members = members.as_array().expect("a list");
    let found: Vec<&str> =
        members.iter().filter(|member| member["name"] == name).map(|member| member["id"].as_str().expect("an id")).collect();
    assert_eq!(found.len(), 1, "one member is called {name}: {members:?}");
    found[0].to_owned()
}

async fn all_active(by: &Server) {
    within(60, "three active members", async || {
        let members = ctl_json(by, &["member", "list"]);
        let members = members.as_array().expect("a list");
        (members.len() == 3 && members.iter().all(|member| member["standing"] == "active")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_and_damaged_data_is_rebuilt_from_the_others() {
    let _turn = turn().await;
    let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    fill(ports[0], "fill", 600).await;
    let mut load = Load::start(&ports, LIGHT).await;
    type Harm = (&'static str, fn(&Path));
    let harms: [Harm; 5] = [
        ("the journal is gone", |data| fs::remove_dir_all(data.join("journal")).expect("removes")),
        ("the journal's middle is damaged", |data| damage_oldest_segment(&data.join("journal"))),
        ("a settled tree is gone", |data| fs::remove_dir_all(data.join("shards/1")).expect("removes")),
        ("all settled trees are gone", |data| fs::remove_dir_all(data.join("shards")).expect("removes")),
        ("a settled tree's manifest is damaged", |data| damage(&data.join("shards/1/manifest"))),
    ];
    for (round, (what, harm)) in harms.into_iter().enumerate() {
        let victim = round % 3;
        let other = (victim + 1) % 3;
        let before = id_of(&cluster.servers[other], &name(victim));
        cluster.servers[victim].kill();
        harm(&cluster.servers[victim].data_dir());
        fill(ports[other], &format!("meanwhile{round}"), 20).await;
        let begin = Instant::now();
        cluster.spawn(victim);
        cluster.servers[victim].wait_ready().await;
        all_active(&cluster.servers[other]).await;
        let after = id_of(&cluster.servers[other], &name(victim));
        assert_ne!(before, after, "{what}: it came back as who it was:\n{}", cluster.servers[victim].log_tail());
        println!("{what}: rebuilt in {:.1?}", begin.elapsed());
        let found = Wire::lazy(ports[victim]).list("fill/", 0).await.expect("it serves");
        assert_eq!(found.count, 600, "{what}");
        load.assert_alive();
    }
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
    let aside = cluster.servers[0].data_dir().join("damaged");
    assert!(aside.is_dir(), "what was left was put aside");
}

/// The oldest segment that is needed lies before others, so its damage cannot be taken for a torn end.
fn damage_oldest_segment(journal: &Path) {
    let mut segments: Vec<PathBuf> = fs::read_dir(journal).expect("a journal").map(|file| file.expect("a file").path()).collect();
    segments.retain(|file| fs::metadata(file).is_ok_and(|known| known.len() >= 1 << 20));
    segments.sort();
    let file = fs::File::options().write(true).open(&segments[0]).expect("a segment");
    // Behind its head; whether it is needed or not, every later one begins with a repetition of what was before.
    for segment in &segments {
        let file = fs::File::options().write(true).open(segment).expect("a segment");
        file.write_all_at(&[0x5a; 4096], 8192).expect("writes");
    }
    drop(file);
}

/// What nobody has read for long is read by a scrub; the node begins anew by itself, in the same process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrub_finds_damage_that_nobody_reads() {
    let _turn = turn().await;
    let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    fill(ports[0], "fill", 600).await;
    let text = cluster.servers[1].ctl(&["scrub"]).expect("all is well");
    assert!(text.contains("is as it was written"), "{text}");
    let before = id_of(&cluster.servers[0], "n2");
    let table = within(30, "a settled table", async || {
        let shard = cluster.servers[1].data_dir().join("shards/1");
        let any =
            fs::read_dir(&shard).ok()?.any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|e| e == "table")));
        any.then(|| largest(&shard, ".table"))
    })
    .await;
    let pid = cluster.servers[1].pid();
    damage(&table);
    let refused = cluster.servers[1].ctl(&["scrub"]).expect_err("it is damaged");
    assert!(refused.contains("damage"), "{refused}");
    all_active_with_another(&cluster, &before).await;
    cluster.servers[1].wait_ready().await;
    assert_eq!((cluster.servers[1].pid(), cluster.servers[1].exited()), (pid, None), "the process went on as another node");
    let found = Wire::lazy(ports[1]).list("fill/", 0).await.expect("it serves");
    assert_eq!(found.count, 600);
    cluster.assert_equal().await;
}

async fn all_active_with_another(cluster: &Cluster, before: &str) {
    within(60, "a rebuilt member", async || {
        let members = ctl_json(&cluster.servers[0], &["member", "list"]);
        let members = members.as_array().expect("a list");
        let others = members.iter().all(|member| member["id"] != before && member["standing"] == "active");
        (members.len() == 3 && others).then_some(())
    })
    .await;
}

/// Two of three are lost for good: the third says what it has, and goes on when it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_majority_is_given_up_by_hand() {
    let _turn = turn().await;
    let plan = Plan { arguments: &SMALL, secret: true, ..Plan::default() };
    let mut cluster = Cluster::start(3, &plan).await;
    let ports = cluster.ports();
    fill(ports[0], "fill", 300).await;
    cluster.assert_equal().await;
    let refused = cluster.servers[0].ctl(&["recover", "--yes"]).expect_err("it runs");
    assert!(refused.contains("in use by another process"), "{refused}");
    let before = ctl_json(&cluster.servers[0], &["status"])["cluster_id"].clone();
    for server in &mut cluster.servers {
        server.kill();
    }
    let look = ctl_json(&cluster.servers[0], &["recover", "--dry-run"]);
    assert_eq!((look["done"].clone(), look["removed"].as_array().map(Vec::len)), (false.into(), Some(2)), "{look}");
    let asked = cluster.servers[0].ctl(&["recover"]).expect_err("there is no terminal to ask on");
    assert!(asked.contains("LOST") && asked.contains("--yes"), "{asked}");
    // One that was only looked at is as it was.
    cluster.spawn(0);
    cluster.spawn(1);
    put_until_acknowledged(ports[0], "after the look").await;
    cluster.servers[0].kill();
    cluster.servers[1].kill();

    let text = cluster.servers[0].ctl(&["recover", "--yes"]).expect("it goes on alone");
    assert!(text.contains("goes on alone") && text.contains("n2") && text.contains("n3"), "{text}");
    let again = cluster.servers[0].ctl(&["recover", "--yes"]).expect_err("once is enough");
    assert!(again.contains("nothing to recover"), "{again}");
    cluster.spawn(0);
    cluster.servers[0].wait_ready().await;
    let status = ctl_json(&cluster.servers[0], &["status"]);
    assert_ne!(status["cluster_id"], before);
    assert_eq!(status["members"].as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(Wire::lazy(ports[0]).list("fill/", 0).await.expect("it serves").count, 300);
    put_until_acknowledged(ports[0], "alone").await;
    // The others come back: they may elect one of themselves, but have nothing to do with it any more.
    cluster.spawn(1);
    let word = within(30, "a refusal", async || {
        let text = cluster.servers[1].log_text() + &cluster.servers[0].log_text();
        text.lines().find(|line| line.contains("wrong_cluster")).map(str::to_owned)
    })
    .await;
    println!("{word}");
    cluster.servers[1].kill();
    // And it grows again.
    let secret = cluster.secret.as_ref().expect("the plan wants one").path();
    let shared = settings(&plan).with_arguments(&["--cluster-secret", secret]);
    let mut four = invite(&cluster.servers[0], &["member", "add"], "n4", shared);
    four.spawn();
    four.wait_ready().await;
    assert_eq!(Wire::lazy(four.port).list("fill/", 0).await.expect("it serves").count, 300);
    interop::cluster::assert_equal(&[ports[0], four.port]).await;
}
