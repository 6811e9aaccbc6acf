//! Disks that fill up, fail or come back changed; a process without descriptors, stopped, or with nobody reading its log.
//!
//! Where a file system of the test's own is needed it is mounted (root only); otherwise the test says what it left out.
//! A clock that jumps is not tested here: that needs a preloaded library; the simulator jumps its clocks instead.

use bytes::Bytes;
use interop::disks::Mount;
use interop::wire::{Wire, fault, pb};
use interop::{Server, Settings};
use rustix::process::Signal;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tonic::Code;

/// Exit codes of `docs/operating.md`.
const DAMAGED: i32 = 65;
const STORAGE: i32 = 74;

fn small() -> Settings {
    Settings::manifold().with_arguments(&["--journal-segment", "16MiB", "--settle", "4MiB", "--shards", "1"])
}

/// Puts until one is refused or `count` were taken: what was acknowledged, and the refusal.
async fn fill(wire: &mut Wire, from: usize, count: usize, bytes: usize) -> (HashMap<String, u8>, Option<tonic::Status>) {
    let mut held = HashMap::new();
    for n in from..from + count {
        let (key, fill) = (format!("disk/{n:06}"), (n % 251) as u8);
        match wire.put(key.clone(), vec![fill; bytes]).await {
            Ok(_) => held.insert(key, fill),
            Err(status) => return (held, Some(status)),
        };
    }
    (held, None)
}

/// Everything acknowledged is there, with its bytes.
async fn check(wire: &mut Wire, held: &HashMap<String, u8>) {
    for (key, fill) in held {
        let kv = wire.get(key.clone()).await.expect("served").unwrap_or_else(|| panic!("{key} is lost"));
        assert!(kv.value.iter().all(|b| b == fill), "{key} holds other bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_refused_before_the_cliff_and_survived_after_it() {
    let Some(mount) = Mount::new("a disk that fills up", &["-t", "tmpfs", "-o", "size=1g", "tmpfs"]) else { return };
    let mut server = Server::start(small().under(mount.path())).await;
    let mut wire = Wire::lazy(server.port);
    let (mut held, refusal) = fill(&mut wire, 0, 3_000, 1 << 20).await;
    let refusal = refusal.expect("1 GiB does not take 3,000 MiB");
    assert_eq!(fault(&refusal), (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded".into()));
    println!("{} MiB were taken before the refusal", held.len());
    assert!(server.exited().is_none(), "the process goes on:\n{}", server.log_tail());
    let alarms = wire.maintenance.alarm(pb::AlarmRequest::default()).await.expect("told").into_inner().alarms;
    assert_eq!(alarms.iter().map(|a| a.alarm()).collect::<Vec<_>>(), [pb::AlarmType::Nospace]);
    check(&mut wire, &held).await;

    // Deletes pass, compaction gives the space back, and then puts pass again.
    let gone: Vec<String> = held.keys().filter(|k| !k.ends_with('0')).cloned().collect();
    for key in gone {
        wire.kv
            .delete_range(pb::DeleteRangeRequest { key: key.clone().into(), ..Default::default() })
            .await
            .expect("deletes pass");
        held.remove(&key);
    }
    let revision = wire.list("nothing", 0).await.expect("served").header.expect("a header").revision;
    wire.kv.compact(pb::CompactionRequest { revision, physical: true }).await.expect("compactions pass");
    let begin = Instant::now();
    while let Err(status) = wire.put("again", "x").await {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "no room after everything was deleted: {status}\n{}",
            server.log_tail()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("puts pass again {:?} after the compaction", begin.elapsed());

    // Somebody else takes the rest: the process may refuse or end itself, but loses nothing.
    let foreign = mount.path().join("foreign");
    let _ = fs::write(&foreign, vec![1; 1 << 30]);
    let (more, _) = fill(&mut wire, 10_000, 300, 1 << 18).await;
    held.extend(more);
    if let Some(status) = server.wait_exit(2) {
        assert_eq!(status.code(), Some(STORAGE), "{}", server.log_tail());
    }
    fs::remove_file(&foreign).expect("it can be removed");
    server.restart().await;
    let mut wire = Wire::lazy(server.port);
    check(&mut wire, &held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_ends_the_process_and_loses_nothing() {
    // An ext4 whose backing file promises more than its memory holds: past that, writes fail with EIO.
    let Some(backing) = Mount::new("a disk that fails", &["-t", "tmpfs", "-o", "size=150m", "tmpfs"]) else { return };
    let image = backing.path().join("image");
    let file = fs::File::create(&image).expect("made");
    file.set_len(1 << 30).expect("sparse");
    let made = Command::new("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=1"]).arg(&image).status();
    if !made.is_ok_and(|s| s.success()) {
        eprintln!("LEFT OUT: a disk that fails: mkfs.ext4 is missing");
        return;
    }
    let image = image.to_str().expect("the path is text");
    let Some(disk) = Mount::new("a disk that fails", &["-o", "loop", image]) else { return };
    let mut server = Server::start(small().under(disk.path())).await;
    let mut wire = Wire::lazy(server.port);
    let (held, refusal) = fill(&mut wire, 0, 1_000, 1 << 18).await;
    println!("{} puts acknowledged, then {refusal:?}", held.len());
    assert!(refusal.is_some(), "a failing disk acknowledged 250 MiB on 150");
    let status = server.wait_exit(30).unwrap_or_else(|| panic!("it goes on after a failed write:\n{}", server.log_tail()));
    let log = server.log_tail();
    assert_eq!(status.code(), Some(STORAGE), "{log}");
    let said = log.lines().rev().find(|l| l.starts_with("manifold:") || l.contains("ERROR")).unwrap_or_default().to_owned();
    println!("it says: {said}");
    assert!(said.contains("fail") || said.contains("error"), "the last words say what failed: {log}");
    // The disk comes back whole: the same image with room behind it. What was acknowledged is on it.
    server.kill();
    assert!(Command::new("umount").arg(disk.path()).status().is_ok_and(|s| s.success()), "it can be unmounted");
    assert!(backing.remount("size=1200m"), "more room behind the image");
    let again = Command::new("mount").args(["-o", "loop", image]).arg(disk.path()).status();
    assert!(again.is_ok_and(|s| s.success()), "it can be mounted again");
    server.restart().await;
    check(&mut Wire::lazy(server.port), &held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_refused_at_the_start() {
    let Some(mount) = Mount::new("a read-only disk", &["-t", "tmpfs", "-o", "size=300m", "tmpfs"]) else { return };
    let mut server = Server::start(small().under(mount.path())).await;
    let (held, refusal) = fill(&mut Wire::lazy(server.port), 0, 20, 1000).await;
    assert!(refusal.is_none(), "{refusal:?}");
    server.kill();
    assert!(mount.remount("ro"), "it can be remounted");
    let out = tempfile::NamedTempFile::new().expect("made");
    let handle = || Stdio::from(out.reopen().expect("opened"));
    server.spawn_with(handle(), handle());
    let status = server.wait_exit(20).expect("a server on a read-only disk does not start");
    let said = fs::read_to_string(out.path()).expect("read");
    println!("{status}: {said}");
    assert!([STORAGE, 71, 75].contains(&status.code().unwrap_or_default()), "{status}: {said}");
    assert!(said.to_lowercase().contains("read-only"), "it says what is wrong: {said}");
    assert!(mount.remount("rw"), "it can be remounted");
    server.restart().await;
    check(&mut Wire::lazy(server.port), &held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_the_open_connections_keep_their_service() {
    let mut server = Server::start(small()).await;
    let mut wire = Wire::lazy(server.port);
    let (mut held, _) = fill(&mut wire, 0, 10, 100).await;
    let pid = server.pid().to_string();
    let open = interop::process::open_files(server.pid()).expect("it runs");
    let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={0}:{0}", open + 20)]).status();
    if !limited.is_ok_and(|s| s.success()) {
        eprintln!("LEFT OUT: a process without descriptors: prlimit is missing");
        return;
    }
    let crowd: Vec<_> = (0..200).map(|_| std::net::TcpStream::connect(("127.0.0.1", server.port))).collect();
    let (more, refusal) = fill(&mut wire, 100, 200, 100).await;
    assert!(refusal.is_none(), "an open connection keeps its service: {refusal:?}");
    held.extend(more);
    drop(crowd);
    let begin = Instant::now();
    while !interop::wire::answers(server.port).await {
        assert!(begin.elapsed() < Duration::from_secs(30), "new connections come in again:\n{}", server.log_tail());
    }
    server.restart().await;
    check(&mut Wire::lazy(server.port), &held).await;
}

/// The journal's segment files, oldest first.
fn segments(data: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(data.join("journal"))
        .expect("the journal has a folder")
        .map(|e| e.expect("it can be listed").path())
        .filter(|p| fs::metadata(p).is_ok_and(|m| m.is_file() && m.len() >= 16 << 20))
        .filter(|p| {
            p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit() || c == 's'))
        })
        .collect();
    found.sort();
    found
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("known") {
            kind if kind.is_dir() => copy_folder(&entry.path(), &target),
            kind if kind.is_file() => drop(fs::copy(entry.path(), target).expect("copied")),
            // The administration's socket.
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_segments_are_refused_or_harmless() {
    // A settle size that is never reached: everything is in the journal alone.
    let settings = Settings::manifold().with_arguments(&["--journal-segment", "16MiB", "--settle", "1GiB", "--shards", "1"]);
    let mut other = Server::start(settings.clone()).await;
    fill(&mut Wire::lazy(other.port), 0, 150, 1 << 18).await;
    other.kill();
    let mut server = Server::start(settings.clone()).await;
    let (held, refusal) = fill(&mut Wire::lazy(server.port), 0, 300, 1 << 18).await;
    assert!(refusal.is_none(), "{refusal:?}");
    server.kill();
    let original = server.data_dir();
    let names = segments(&original);
    assert!(names.len() >= 4, "75 MiB lie in several segments: {names:?}");
    let foreign = segments(&other.data_dir())[1].clone();
    let name = |n: usize| names[n].file_name().expect("a file has a name").to_owned();

    type Damage<'a> = (&'static str, Box<dyn Fn(&Path) + 'a>);
    let damages: Vec<Damage<'_>> = vec![
        ("nothing", Box::new(|_| {})),
        ("the second deleted", Box::new(|j| fs::remove_file(j.join(name(1))).expect("removed"))),
        ("the first deleted", Box::new(|j| fs::remove_file(j.join(name(0))).expect("removed"))),
        ("the second cut to half", Box::new(|j| truncate(&j.join(name(1)), 8 << 20))),
        ("the second emptied", Box::new(|j| truncate(&j.join(name(1)), 0))),
        ("the second renamed", Box::new(|j| fs::rename(j.join(name(1)), j.join("renamed")).expect("renamed"))),
        ("two swapped", Box::new(|j| swap(&j.join(name(1)), &j.join(name(2))))),
        ("one over another", Box::new(|j| copy(&j.join(name(1)), &j.join(name(2))))),
        ("one from another node", Box::new(|j| copy(&foreign, &j.join(name(1))))),
        ("a byte flipped in the middle", Box::new(|j| flip(&j.join(name(1)), 5 << 20))),
        ("a page zeroed in the middle", Box::new(|j| zero(&j.join(name(1)), 6 << 20))),
    ];
    for (what, damage) in damages {
        let mut copy = Server::prepare(settings.clone());
        copy_folder(&original, &copy.data_dir());
        damage(&copy.data_dir().join("journal"));
        copy.spawn();
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = copy.exited() {
                break Some(status);
            }
            if interop::wire::answers(copy.port).await {
                break None;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{what}: it neither serves nor ends:\n{}", copy.log_tail());
        };
        let Some(status) = status else {
            println!("{what}: it serves, and nothing is lost");
            check(&mut Wire::lazy(copy.port), &held).await;
            continue;
        };
        let log = copy.log_tail();
        let said = log.lines().last().unwrap_or_default();
        println!("{what}: {status}: {said}");
        assert_ne!(what, "nothing", "{log}");
        assert_eq!(status.code(), Some(DAMAGED), "{what}: {log}");
        assert!(log.contains("manifold inspect"), "{what}: it says what to do: {log}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).expect("copied");
}

fn truncate(file: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(file).and_then(|f| f.set_len(length)).expect("cut");
}

fn swap(one: &Path, two: &Path) {
    let aside = one.with_extension("aside");
    for (from, to) in [(one, aside.as_path()), (two, one), (&aside, two)] {
        fs::rename(from, to).expect("renamed");
    }
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("read");
    bytes[at] ^= 1;
    fs::write(file, bytes).expect("written");
}

fn zero(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("read");
    bytes[at..at + 4096].fill(0);
    fs::write(file, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_goes_on_where_it_was() {
    let server = Server::start(small()).await;
    let mut wire = Wire::lazy(server.port);
    for (id, ttl) in [(1, 600), (2, 3)] {
        wire.lease.lease_grant(pb::LeaseGrantRequest { id, ttl }).await.expect("granted");
        let put = pb::PutRequest { key: format!("lease/{id}").into(), lease: id, ..Default::default() };
        wire.kv.put(put).await.expect("served");
    }
    let revision = wire.put("a", "before").await.expect("served");
    server.signal(Signal::STOP);
    let waiting = {
        let mut wire = wire.clone();
        tokio::spawn(async move { wire.put("a", "during").await })
    };
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.signal(Signal::CONT);
    let at = waiting.await.expect("no panic").expect("it is answered afterwards");
    assert!(at > revision);
    let held = wire.get("a").await.expect("served").expect("there");
    assert_eq!(held.value, Bytes::from_static(b"during"));
    let left =
        wire.lease.lease_time_to_live(pb::LeaseTimeToLiveRequest { id: 1, keys: true }).await.expect("served").into_inner();
    assert!((580..=600).contains(&left.ttl) && left.keys.len() == 1, "{left:?}");
    let begin = Instant::now();
    while wire.get("lease/2").await.expect("served").is_some() {
        assert!(begin.elapsed() < Duration::from_secs(15), "a lease of 3 s is gone some time after the pause");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_reads_holds_up_nothing() {
    let settings = small().with_arguments(&["--log-level", "trace"]);
    let mut server = Server::prepare(settings);
    server.spawn_with(Stdio::piped(), Stdio::piped());
    server.wait_ready().await;
    let wire = Wire::lazy(server.port);
    let begin = Instant::now();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let mut wire = wire.clone();
            tokio::spawn(async move {
                for m in 0..100 {
                    wire.put(format!("log/{n}/{m}"), "x").await.expect("served");
                }
            })
        })
        .collect();
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("puts go on").expect("no panic");
    }
    println!("2,000 puts in {:?} with a full log", begin.elapsed());
    // The pipes are really full: nobody has read a byte of them.
    let child = server.child();
    drop((child.stdout.take(), child.stderr.take()));
    let (held, refusal) = fill(&mut Wire::lazy(server.port), 0, 50, 100).await;
    assert!(refusal.is_none() && held.len() == 50, "with its log's reader gone: {refusal:?}");
}
