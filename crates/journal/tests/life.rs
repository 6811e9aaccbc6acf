//! A journal's ordinary life, on the machine's disk and in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use base::{
    Disk, EntryId, ShardId,
    disk::{Fault, MemoryDisk, RealDisk},
};
use bytes::Bytes;
use journal::{Entry, Journal, Options, Record, Writer};

fn options() -> Options {
    Options { segment_bytes: 64 * 1024, tail_bytes: 16 * 1024, write_bytes_max: 32 * 1024, reserve_bytes: 64 * 1024 }
}

fn entry(term: u64, index: u64, bytes: usize) -> Entry {
    Entry { id: EntryId { term, index }, payload: payload(index, bytes) }
}

fn payload(index: u64, bytes: usize) -> Bytes {
    (0..bytes).map(|at| (index as usize * 7 + at) as u8).collect::<Vec<_>>().into()
}

fn start(disk: Arc<dyn Disk>) -> (Journal, std::thread::JoinHandle<std::io::Result<()>>) {
    let (journal, writer) = Journal::open(disk, options()).expect("opens");
    (journal, std::thread::spawn(move || writer.run()))
}

fn step(writer: &mut Writer) {
    while writer.write().expect("writes") {
        writer.sync().expect("syncs");
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (a, b) = (ShardId(1), ShardId(2));
    for round in 0..3u64 {
        let (journal, thread) = start(Arc::new(RealDisk::open(directory.path()).expect("a disk")));
        let before = round * 200;
        for shard in [a, b] {
            assert_eq!(journal.state(shard).last.map(|id| id.index + 1).unwrap_or(0), before);
        }
        let acked = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::channel();
        for index in before..before + 200 {
            for shard in [a, b] {
                let (acked, sender) = (acked.clone(), sender.clone());
                let done = Box::new(move |result: std::io::Result<()>| {
                    result.expect("durable");
                    acked.fetch_add(1, Ordering::SeqCst);
                    sender.send(()).expect("the test waits");
                });
                journal.submit(Record::Append(shard, vec![entry(1, index, 300)]), Some(done));
            }
            journal.submit(Record::Committed(a, EntryId { term: 1, index }), None);
        }
        journal.submit(Record::Vote(b, Bytes::from(format!("vote {round}"))), None);
        (0..400).for_each(|_| receiver.recv().expect("acknowledged"));
        assert_eq!(acked.load(Ordering::SeqCst), 400);
        for shard in [a, b] {
            let entries = journal.read(shard, 0, u64::MAX, usize::MAX).expect("reads");
            assert_eq!(entries.len() as u64, before + 200);
            assert!(entries.iter().all(|found| *found == entry(1, found.id.index, 300)));
        }
        journal.close();
        thread.join().expect("joined").expect("no error");
        assert_eq!(journal.state(a).committed, Some(EntryId { term: 1, index: before + 199 }));
    }
    let (journal, thread) = start(Arc::new(RealDisk::open(directory.path()).expect("a disk")));
    assert_eq!(journal.state(b).vote, Some(Bytes::from("vote 2")));
    assert_eq!(journal.state(a).committed, Some(EntryId { term: 1, index: 599 }));
    assert_eq!(journal.shards(), [a, b]);
    journal.close();
    thread.join().expect("joined").expect("no error");
}

#[test]
fn purges_give_segments_back_and_idle_shards_pin_none() {
    let disk = MemoryDisk::new();
    let (journal, mut writer) = Journal::open(Arc::new(disk.clone()), options()).expect("opens");
    let (busy, idle) = (ShardId(1), ShardId(2));
    journal.submit(Record::Vote(idle, Bytes::from_static(b"for nobody")), None);
    journal.submit(Record::Append(idle, vec![entry(1, 1, 10)]), None);
    journal.submit(Record::Purge(idle, EntryId { term: 1, index: 1 }), None);
    for index in 0..2000 {
        journal.submit(Record::Append(busy, vec![entry(1, index, 1000)]), None);
        if index % 50 == 49 {
            journal.submit(Record::Purge(busy, EntryId { term: 1, index: index - 20 }), None);
        }
        step(&mut writer);
    }
    assert_eq!(journal.pressure().0, Some(busy));
    let bytes: u64 = disk.list().expect("lists").iter().map(|name| disk.open(name, false).unwrap().len().unwrap()).sum();
    assert!(bytes <= 14 * 64 * 1024, "{bytes} bytes are kept for 70 entries of 1000 bytes in blocks of 4096");
    drop(writer);
    let (journal, _writer) = Journal::open(Arc::new(disk), options()).expect("opens");
    assert_eq!(journal.state(idle).vote, Some(Bytes::from_static(b"for nobody")));
    assert_eq!(journal.state(idle).purged, Some(EntryId { term: 1, index: 1 }));
    assert_eq!(journal.state(busy).last, Some(EntryId { term: 1, index: 1999 }));
    let entries = journal.read(busy, 0, u64::MAX, usize::MAX).expect("reads");
    assert_eq!(entries.first().map(|e| e.id.index), Some(1980));
    assert!(entries.iter().all(|found| *found == entry(1, found.id.index, 1000)));
}

#[test]
fn a_large_entry_gets_a_segment_of_its_size() {
    let disk = MemoryDisk::new();
    let (journal, mut writer) = Journal::open(Arc::new(disk.clone()), options()).expect("opens");
    let shard = ShardId(3);
    journal.submit(Record::Append(shard, (0..5).map(|index| entry(1, index, 40_000 * (index as usize + 1))).collect()), None);
    step(&mut writer);
    drop(writer);
    let (journal, _writer) = Journal::open(Arc::new(disk), options()).expect("opens");
    let entries = journal.read(shard, 0, 5, usize::MAX).expect("reads");
    assert_eq!(entries.len(), 5);
    assert!(entries.iter().all(|found| *found == entry(1, found.id.index, 40_000 * (found.id.index as usize + 1))));
    assert_eq!(journal.read(shard, 0, 5, 1).expect("reads").len(), 1, "at least one, whatever the limit");
}

#[test]
fn a_failed_sync_reaches_everyone_who_waits_and_everyone_who_comes() {
    for fault in [Fault::Sync(5), Fault::Write(5), Fault::Write(28)] {
        // No reserve: the thread that makes it would take the fault.
        let disk = MemoryDisk::new();
        let (journal, mut writer) =
            Journal::open(Arc::new(disk.clone()), Options { reserve_bytes: 0, ..options() }).expect("opens");
        let (sender, receiver) = mpsc::channel();
        let done = |number: u32| -> Option<journal::Done> {
            let sender = sender.clone();
            Some(Box::new(move |result: std::io::Result<()>| sender.send((number, result.is_ok())).expect("the test waits")))
        };
        journal.submit(Record::Append(ShardId(1), vec![entry(1, 0, 10)]), done(1));
        step(&mut writer);
        disk.inject(fault);
        journal.submit(Record::Append(ShardId(1), vec![entry(1, 1, 10)]), done(2));
        journal.submit(Record::Vote(ShardId(1), Bytes::from_static(b"v")), done(3));
        assert!(writer.run().is_err());
        journal.submit(Record::Append(ShardId(1), vec![entry(1, 2, 10)]), done(4));
        drop(sender);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [(1, true), (2, false), (3, false), (4, false)]);
    }
}

#[test]
fn a_full_disk_takes_the_reserve_then_ends_the_writer_and_loses_nothing() {
    let disk = MemoryDisk::new();
    disk.limit(Some(400 * 1024));
    let (journal, writer) = Journal::open(Arc::new(disk.clone()), options()).expect("opens");
    let thread = std::thread::spawn(move || writer.run());
    let (sender, receiver) = mpsc::channel();
    let mut acked = 0;
    let mut alarmed = None;
    let failed = loop {
        let sender = sender.clone();
        let done: journal::Done = Box::new(move |result| sender.send(result).expect("the test waits"));
        journal.submit(Record::Append(ShardId(1), vec![entry(1, acked, 3000)]), Some(done));
        match receiver.recv().expect("every record is answered") {
            Ok(()) => acked += 1,
            Err(error) => break error,
        }
        let space = journal.space().expect("asks");
        if space.alarm && alarmed.is_none() {
            alarmed = Some((acked, space.reserve));
        }
    };
    assert_eq!(failed.kind(), std::io::ErrorKind::StorageFull, "{failed}");
    assert_eq!(thread.join().expect("joined").expect_err("ends").kind(), std::io::ErrorKind::StorageFull);
    let (before, _) = alarmed.expect("the alarm comes before the end");
    assert!(before < acked, "the alarm came at {before}, the end at {acked}");
    assert!(!journal.space().expect("asks").reserve, "the reserve was used");
    disk.limit(None);
    let (journal, _writer) = Journal::open(Arc::new(disk), options()).expect("opens");
    assert!(journal.read(ShardId(1), 0, u64::MAX, usize::MAX).expect("reads").len() as u64 >= acked);
}
