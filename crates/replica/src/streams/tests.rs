//! Batches on their way from the log into segments, and to another replica.

use std::{collections::BTreeMap, thread};

use base::{
    EntryId,
    disk::{Ending, MemoryDisk},
};
use bytes::Bytes;
use journal::{Journal, Record};
use kv::Cold;
use segments::{Arrival, Hold, Retention, batch::sample};
use stream::TopicId;
use table::{Direction, MemoryTree, Staged};

use super::{
    log::Log,
    read::{Reader, Wanted},
    *,
};
use crate::{
    batch::{self, Target},
    consensus::{Reply, StateMachine, offline},
    limits::KEYS_END,
    shard::{ShardState, tests::options},
};

const SHARD: ShardId = ShardId(1);
const TERM: u64 = 3;

fn partition(number: u32) -> PartitionId {
    PartitionId { topic: TopicId(0x70), partition: number }
}

/// What survives a crash: the disks.
#[derive(Clone, Default)]
struct Disks {
    journal: MemoryDisk,
    tree: Arc<MemoryTree>,
    segments: MemoryDisk,
}

/// A replica whose log is written by hand.
struct Replica {
    disks: Disks,
    journal: Journal,
    state: Arc<ShardState>,
    index: u64,
    writing: Option<thread::JoinHandle<std::io::Result<()>>>,
}

impl Replica {
    fn open(disks: Disks) -> Replica {
        let options_ =
            journal::Options { segment_bytes: 1 << 20, tail_bytes: 4 << 10, write_bytes_max: 1 << 18, reserve_bytes: 0 };
        let (journal, writer) = Journal::open(Arc::new(disks.journal.clone()), options_).expect("opens");
        let writing = thread::spawn(move || writer.run());
        let place = Some((Arc::new(disks.segments.clone()) as Arc<dyn Disk>, 0xA1));
        let state = Arc::new(ShardState::open(SHARD, disks.tree.clone(), place, options()).expect("opens"));
        let index = state.mark().applied.map_or(0, |id| id.index);
        let mut replica = Replica { disks, journal, state, index, writing: Some(writing) };
        replica.apply_tail();
        replica
    }

    /// What the log holds behind what is settled.
    fn apply_tail(&mut self) {
        let last = self.journal.state(SHARD).last.map_or(0, |id| id.index);
        for entry in self.journal.read(SHARD, self.index + 1, last + 1, usize::MAX).expect("reads") {
            let offline::Logged::Batch(batch) = offline::look(entry.payload).expect("is an entry") else { continue };
            self.state.apply(entry.id, &batch);
            self.index = entry.id.index;
        }
    }

    /// Appends these batches in one entry, and gives where they came to lie.
    fn append(&mut self, batches: &[(u32, Vec<u8>)]) -> Vec<i64> {
        let encoded: Vec<Vec<u8>> = batches
            .iter()
            .map(|(number, batch)| {
                let mut out = Vec::new();
                Command::Append { term: 0, partition: partition(*number), batch: Bytes::from(batch.clone()) }.encode(&mut out);
                out
            })
            .collect();
        let items = encoded.iter().map(|command| (Target::Streams, &command[..]));
        let batch = batch::encode(cluster::LEVEL, 1, None, items, 0);
        self.index += 1;
        let id = EntryId { term: TERM, index: self.index };
        let (done, durable) = std::sync::mpsc::channel();
        let record = Record::Append(SHARD, vec![offline::batch(id, &batch)]);
        self.journal.submit(record, Some(Box::new(move |outcome| done.send(outcome).expect("is waited for"))));
        durable.recv().expect("is told").expect("is written");
        let replies = self.state.apply(id, &batch).0;
        let offset = |reply| match reply {
            Reply::Stream(Ok(stream::Reply::Appended(appended))) => appended.base_offset,
            other => panic!("{other:?}"),
        };
        replies.into_iter().map(offset).collect()
    }

    fn streams(&self) -> &Arc<Streams> {
        self.state.streams().expect("a data shard has some")
    }

    fn log(&self) -> Log {
        Log::new(self.journal.clone(), SHARD)
    }

    /// As the settler does it.
    fn settle(&self) {
        let (sealed, mark, settling) = self.state.seal().expect("one at a time");
        let settling = settling.expect("a data shard has streams");
        let written = self.streams().write(&settling, &self.log()).expect("writes").expect("nothing overtakes it");
        assert!(self.state.table().settle(sealed, written.changes(), &[]).expect("settles"));
        self.streams().committed(settling, &written).expect("adopts");
        if let Some(upto) = mark.applied {
            self.journal.submit(Record::Purge(SHARD, upto), None);
        }
    }

    fn read(&self, number: u32, offset: i64, bytes_max: usize) -> Found {
        let wanted = Wanted { partition: partition(number), offset, bytes_max, at_least_one: true };
        let reader = Reader::new(self.streams().clone(), self.log());
        reader.read(wanted, Cold::Allow).expect("reads").expect("may wait for the disk")
    }

    /// All of a partition from `offset` on.
    fn everything(&self, number: u32, mut offset: i64, bytes_max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while let Found::Batches(found) = self.read(number, offset, bytes_max) {
            assert!(found.next > offset, "a read goes on");
            assert_eq!(found.pieces.iter().map(Bytes::len).sum::<usize>(), found.bytes);
            found.pieces.iter().for_each(|piece| out.extend_from_slice(piece));
            offset = found.next;
        }
        out
    }

    /// Ends it, and lets what was not synced meet its fate.
    fn crash(mut self, ending: Ending) -> Disks {
        self.journal.close();
        self.writing.take().expect("runs").join().expect("does not panic").expect("writes");
        Disks {
            journal: self.disks.journal.crash(ending, 7),
            tree: self.disks.tree.crash_image(),
            segments: self.disks.segments.crash(ending, 8),
        }
    }
}

/// What clients should read: batches with the offsets and the epoch that they were given.
#[derive(Clone, Default)]
struct Model(BTreeMap<u32, (i64, Vec<u8>)>);

impl Model {
    fn add(&mut self, number: u32, records: i32, timestamp: i64, payload: &[u8]) -> Vec<u8> {
        let (end, bytes) = self.0.entry(number).or_default();
        bytes.extend(sample(*end, records, timestamp, i32::try_from(TERM - 1).expect("small"), payload));
        *end += i64::from(records);
        // As a client sends it.
        sample(0, records, timestamp, -1, payload)
    }

    fn check(&self, replica: &Replica) {
        for (number, (end, bytes)) in &self.0 {
            for bytes_max in [1, 700, 1 << 20] {
                assert!(replica.everything(*number, 0, bytes_max) == *bytes, "partition {number} in reads of {bytes_max}");
            }
            assert!(matches!(replica.read(*number, *end, 1), Found::AtEnd));
            assert!(matches!(replica.read(*number, *end + 1, 1), Found::BeyondEnd));
        }
    }
}

fn fill(replica: &mut Replica, model: &mut Model, entries: i64) {
    for entry in 0..entries {
        let mut batches = Vec::new();
        for number in [3_u32, 0, 3, 7] {
            let payload = vec![u8::try_from(entry % 251).expect("a byte"); 200 + 61 * usize::try_from(number).expect("small")];
            batches.push((number, model.add(number, 1 + i32::try_from(number).expect("small"), 1_000 + entry, &payload)));
        }
        replica.append(&batches);
    }
}

#[test]
fn what_was_appended_is_read_from_the_journal_from_segments_and_after_a_crash() {
    let (mut replica, mut model) = (Replica::open(Disks::default()), Model::default());
    assert!(matches!(replica.read(3, 0, 1), Found::Unknown));
    fill(&mut replica, &mut model, 40);
    model.check(&replica);
    replica.settle();
    assert_eq!(replica.streams().machine().unsettled_bytes(), 0);
    assert!(replica.streams().disk_bytes() > 0);
    model.check(&replica);
    fill(&mut replica, &mut model, 10);
    model.check(&replica);
    for ending in [Ending::NothingLost, Ending::UnsyncedLost, Ending::Torn512] {
        replica = Replica::open(replica.crash(ending));
        model.check(&replica);
        fill(&mut replica, &mut model, 5);
        replica.settle();
        fill(&mut replica, &mut model, 5);
    }
    model.check(&replica);
    // A batch is found by any of its offsets.
    let Found::Batches(found) = replica.read(7, 9, 1) else { panic!("is there") };
    assert_eq!((found.next, found.pieces[0][..8].to_vec()), (16, 8_i64.to_be_bytes().to_vec()));
    let reader = Reader::new(replica.streams().clone(), replica.log());
    for (timestamp, base) in [(0, Some(0)), (1_000, Some(0)), (1_005, Some(5)), (2_000, None)] {
        assert_eq!(reader.first_at_or_after(partition(0), 0, timestamp).expect("reads"), base, "timestamp {timestamp}");
    }
}

/// A crash between the segment and the commit that names it leaves the entries, and a file that goes.
#[test]
fn a_segment_that_nobody_names_goes() {
    let (mut replica, mut model) = (Replica::open(Disks::default()), Model::default());
    fill(&mut replica, &mut model, 10);
    let (_sealed, _, settling) = replica.state.seal().expect("one at a time");
    replica.streams().write(&settling.expect("has streams"), &replica.log()).expect("writes");
    let disks = replica.crash(Ending::NothingLost);
    assert_eq!(disks.segments.list().expect("lists").len(), 1);
    let replica = Replica::open(disks.clone());
    assert_eq!(disks.segments.list().expect("lists").len(), 0);
    model.check(&replica);
}

#[test]
fn small_segments_are_merged_and_trimmed_ones_go() {
    let (mut replica, mut model) = (Replica::open(Disks::default()), Model::default());
    for _ in 0..40 {
        fill(&mut replica, &mut model, 3);
        replica.settle();
        replica.streams().merge(1 << 30).expect("merges");
    }
    let files = || replica.disks.segments.list().expect("lists").len();
    assert!(files() < 40, "{} files of 40 settles", files());
    model.check(&replica);
    // Everything of every partition is trimmed: every segment is dead, and goes with the commit after the one that says so.
    let trim = |number| Command::Trim { partition: partition(number), log_start: -1 };
    for number in [0, 3, 7] {
        replica.streams().apply(Entry { id: EntryId { term: TERM, index: 10_000 }, time_ms: 0, position: 0 }, trim(number));
    }
    for _ in 0..3 {
        replica.settle();
        replica.streams().merge(1 << 30).expect("merges");
    }
    assert_eq!((files(), replica.streams().disk_bytes()), (0, 0));
    assert!(matches!(replica.read(3, 0, 1), Found::BelowStart));
}

/// While a settle ended, its batches were counted as settled and as unsettled, so that retention by bytes cut as many bytes too much.
/// Of what is in a segment and in the index, one counts.
#[test]
fn retention_never_keeps_less_than_it_is_told_while_a_settle_ends() {
    let mut replica = Replica::open(Disks::default());
    let append = |replica: &mut Replica| {
        (0..10).for_each(|nth| drop(replica.append(&[(0, sample(0, 1, 1_000 + nth, -1, &[b'x'; 400]))])));
    };
    let size = sample(0, 1, 0, -1, &[b'x'; 400]).len() as u64;
    append(&mut replica);
    replica.settle();
    append(&mut replica);
    let (sealed, _, settling) = replica.state.seal().expect("one at a time");
    let settling = settling.expect("a data shard has streams");
    append(&mut replica);
    let streams = replica.streams();
    let cut = |older_than_ms, bytes_max| {
        streams.retention_cut(partition(0), Retention { older_than_ms, bytes_max }).expect("reads").unwrap_or(0)
    };
    let kept = |bytes_max: u64| (30 - u64::try_from(cut(None, Some(bytes_max))).expect("positive")) * size;
    let check = |when: &str| {
        for batches in 0..=30 {
            let (told, kept) = (batches * size, kept(batches * size));
            assert!(kept >= told, "{when}: {kept} bytes are kept of {told}");
        }
        // A run of one block goes as a whole, what is not settled batch by batch.
        assert_eq!((kept(0), kept(5 * size), kept(20 * size)), (0, 5 * size, 20 * size), "{when}");
        assert_eq!((cut(Some(1_000), None), cut(Some(1_005), None), cut(Some(2_000), None)), (0, 0, 30), "{when}");
    };
    check("before");
    let written = streams.write(&settling, &replica.log()).expect("writes").expect("nothing overtakes it");
    assert!(replica.state.table().settle(sealed, written.changes(), &[]).expect("settles"));
    streams.store.adopt(&written.added, &written.removed).expect("adopts");
    check("in both");
    streams.machine.settled(settling.token);
    check("after");
}

/// Sends the settled state: what is to be installed, what holds its segments meanwhile, and how many of them were sent.
fn send(ahead: &Replica, behind: &Replica) -> (Staged, Vec<Hold>, usize) {
    let state = ahead.state.snapshot();
    let (mut sent, mut held) = (0, Vec::new());
    for mut export in ahead.state.exports(&*state).expect("holds") {
        let mut import = match behind.state.import(export.meta()).expect("begins") {
            Arrival::Begun(import) => import,
            Arrival::Here(hold) => {
                held.push(hold);
                continue;
            }
        };
        while let Some(piece) = export.next_piece().expect("reads") {
            import.push(&piece).expect("takes");
        }
        held.push(import.finish().expect("is whole"));
        sent += 1;
    }
    let mut stage = behind.state.stage().expect("stages");
    for pair in state.range(Bytes::new(), Bytes::from_static(&KEYS_END), Direction::Forward) {
        stage.push(pair.expect("reads")).expect("takes");
    }
    (stage.finish(state.mark().clone()).expect("is whole"), held, sent)
}

/// A replica that was sent a state still settled and merged what it had: segments that were not sent, since they were here, were
/// gone when the state was installed, and the process could not go on with its data.
#[test]
fn merges_while_a_state_is_received_take_nothing_from_it() {
    let (mut ahead, mut model) = (Replica::open(Disks::default()), Model::default());
    let mut behind = Replica::open(Disks::default());
    for _ in 0..40 {
        fill(&mut ahead, &mut model, 3);
        ahead.settle();
    }
    let (staged, held, _) = send(&ahead, &behind);
    behind.state.install(staged).expect("installs");
    drop(held);
    behind.index = ahead.index;
    fill(&mut ahead, &mut model, 3);
    ahead.settle();
    let (staged, held, sent) = send(&ahead, &behind);
    assert_eq!(sent, 1, "the others are here");
    assert!(behind.streams().merge(1 << 30).expect("merges"), "there is much to merge");
    behind.settle();
    behind.state.install(staged).expect("installs");
    drop(held);
    model.check(&behind);
    let names = |replica: &Replica| {
        let mut names = replica.disks.segments.list().expect("lists");
        names.sort();
        names
    };
    behind.settle();
    assert_eq!(names(&behind), names(&ahead));
    model.check(&Replica::open(behind.crash(Ending::UnsyncedLost)));
}

/// The whole state is replaced in each moment of a settle. What was settled out of the state before was shown in the one after it,
/// and entries that were purged as part of the new state were missed like lost ones: a healthy replica gave up its place.
#[test]
fn a_settle_that_a_state_overtakes_changes_nothing_in_it() {
    for moment in 0..4 {
        let (mut ahead, mut model) = (Replica::open(Disks::default()), Model::default());
        let mut behind = Replica::open(Disks::default());
        fill(&mut ahead, &mut model, 10);
        ahead.settle();
        let (staged, held, _) = send(&ahead, &behind);
        behind.state.install(staged).expect("installs");
        drop(held);
        behind.index = ahead.index;
        fill(&mut behind, &mut model.clone(), 5);
        fill(&mut ahead, &mut model, 10);
        ahead.settle();
        let (staged, held, _) = send(&ahead, &behind);
        let mut staged = Some(staged);
        let upto = ahead.state.mark().applied.expect("was applied");
        let mut overtake = |now| {
            if now == moment {
                behind.state.install(staged.take().expect("once")).expect("installs");
                behind.journal.submit(Record::Purge(SHARD, upto), None);
            }
        };
        let (sealed, _, settling) = behind.state.seal().expect("one at a time");
        let settling = settling.expect("a data shard has streams");
        overtake(0);
        let written = behind.streams().write(&settling, &behind.log()).expect("is no damage");
        overtake(1);
        let changes = written.as_ref().map(|written| written.changes()).unwrap_or_default();
        let is_settled = behind.state.table().settle(sealed, changes, &[]).expect("settles");
        assert_eq!(is_settled, moment > 1);
        overtake(2);
        match written {
            Some(written) if is_settled => behind.streams().committed(settling, &written).expect("adopts"),
            Some(written) => behind.streams().abandoned(&written).expect("removes"),
            None => {}
        }
        overtake(3);
        drop(held);
        behind.index = ahead.index;
        model.check(&behind);
        assert_eq!(behind.streams().store.live().len(), ahead.streams().store.live().len());
        fill(&mut behind, &mut model, 5);
        behind.settle();
        assert_eq!(behind.disks.segments.list().expect("lists").len(), 3, "nothing is left of the settle, at moment {moment}");
        model.check(&Replica::open(behind.crash(Ending::UnsyncedLost)));
    }
}

/// What a leader sends to a replica that is behind: pairs, and the segments that it lacks.
#[test]
fn a_state_is_taken_over_with_its_segments() {
    let (mut ahead, mut model) = (Replica::open(Disks::default()), Model::default());
    fill(&mut ahead, &mut model, 30);
    ahead.settle();
    let mut behind = Replica::open(Disks::default());
    let take_over = |ahead: &Replica, behind: &Replica| {
        let (staged, _held, sent) = send(ahead, behind);
        behind.state.install(staged).expect("installs");
        sent
    };
    assert_eq!(take_over(&ahead, &behind), 1);
    model.check(&behind);
    behind.index = ahead.index;
    fill(&mut ahead, &mut model, 30);
    ahead.settle();
    assert_eq!(take_over(&ahead, &behind), 1, "the first segment is there already");
    model.check(&behind);
    let behind = Replica::open(behind.crash(Ending::UnsyncedLost));
    model.check(&behind);
    let digest = |replica: &Replica| replica.state.table().digest();
    assert_eq!(digest(&ahead), digest(&behind));
}
