//! A store's life in single scenes: who may use an id, what readers hold on to, what is received, and what the disk may refuse.

mod kit;

use std::sync::Arc;

use base::{
    Disk, Error, Kind,
    disk::{Event, Fault, MemoryDisk, RealDisk},
};
use kit::{Kept, World, begun, eager, id, key};
use parking_lot::Mutex;
use segments::{Arrival, PlanOptions, Retention, SegmentMeta, Store, batch, file_name, inspect, limits::BLOCK_BYTES};

fn world() -> World {
    World::new(MemoryDisk::new(), 1)
}

/// Settles `count` batches with `bytes` of payload each of `partition`, one segment.
fn settle(world: &mut World, partition: u32, count: usize, bytes: usize) -> SegmentMeta {
    let mut new = Vec::new();
    let mut next = world.model.end(partition);
    for _ in 0..count {
        let kept = Kept::new(partition, next, 2, next, bytes);
        next = kept.last_offset + 1;
        new.push((partition, kept));
    }
    let meta = world.write(&new).expect("writes").expect("has runs");
    world.commit(new, meta);
    world.store.adopt(&[meta], &[]).expect("adopts");
    meta
}

#[test]
fn what_is_not_adopted_is_not_seen() {
    let mut world = world();
    let new = vec![(0, Kept::new(0, 0, 3, 5, 10))];
    let meta = world.write(&new).expect("writes").expect("has runs");
    assert_eq!((world.store.extent(key(0)), world.store.is_live(meta.id)), (None, false));
    assert!(world.store.read(key(0), 0, 1000, true).expect("reads").is_empty());
    world.commit(new, meta);
    world.store.adopt(&[meta], &[]).expect("adopts");
    world.compare().expect("reads");
}

#[test]
fn the_writer_syncs_the_file_and_then_its_name() {
    let world = world();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    world.disk.observe(move |event, _| seen.lock().push(event));
    let mut writer = world.store.writer(id(1)).expect("begins");
    let kept = Kept::new(0, 0, 1, 1, 10);
    writer.push(key(0), 0, 0, 1, &kept.bytes).expect("writes");
    writer.finish().expect("finishes").expect("has a run");
    assert_eq!(events.lock()[..].last_chunk(), Some(&[Event::Write, Event::Sync, Event::SyncDir]));
}

#[test]
fn a_writer_refuses_what_is_not_whole_batches() {
    let world = world();
    let mut writer = world.store.writer(id(1)).expect("begins");
    let kept = Kept::new(0, 10, 3, 5, 10);
    let twice = [kept.bytes.clone(), kept.bytes.clone()].concat();
    let refused: [(i64, i64, i64, &[u8]); 7] = [
        (10, 12, 5, &kept.bytes[..kept.bytes.len() - 1]),
        (10, 12, 5, &[]),
        (11, 12, 5, &kept.bytes),
        (10, 13, 5, &kept.bytes),
        (10, 12, 6, &kept.bytes),
        (10, 12, 5, &twice),
        (10, 12, 5, &[&kept.bytes[..], &[0]].concat()),
    ];
    for (base_offset, last_offset, max_timestamp, bytes) in refused {
        let error = writer.push(key(0), base_offset, last_offset, max_timestamp, bytes).expect_err("is refused");
        assert_eq!(error.kind, Kind::Invalid);
    }
    writer.push(key(0), 10, 12, 5, &kept.bytes).expect("writes");
    let meta = writer.finish().expect("finishes").expect("has a run");
    assert_eq!((meta.data_bytes, meta.runs), (kept.bytes.len() as u64, 1), "nothing of what was refused is in it");
}

#[test]
#[should_panic(expected = "batches come in the order of partition and offset")]
fn a_writer_insists_on_the_order() {
    let world = world();
    let mut writer = world.store.writer(id(1)).expect("begins");
    let (first, second) = (Kept::new(0, 10, 3, 5, 10), Kept::new(0, 12, 3, 5, 10));
    writer.push(key(0), 10, 12, 5, &first.bytes).expect("writes");
    let _ = writer.push(key(0), 12, 14, 5, &second.bytes);
}

#[test]
fn nothing_pushed_is_no_file_and_so_is_a_writer_given_up() {
    let world = world();
    assert_eq!(world.store.writer(id(1)).expect("begins").finish().expect("finishes"), None);
    let mut writer = world.store.writer(id(2)).expect("begins");
    writer.push(key(0), 0, 0, 1, &Kept::new(0, 0, 1, 1, 10).bytes).expect("writes");
    drop(writer);
    assert!(world.disk.list().expect("lists").is_empty());
}

#[test]
fn a_gap_begins_another_run_and_a_read_ends_at_it() {
    let mut world = world();
    let (first, second) = (Kept::new(0, 0, 3, 5, 10), Kept::new(0, 10, 3, 5, 10));
    let meta = world.write(&[(0, first.clone()), (0, second)]).expect("writes").expect("has runs");
    world.store.adopt(&[meta], &[]).expect("adopts");
    assert_eq!(meta.runs, 2);
    let chunks = world.store.read(key(0), 1, 10_000, true).expect("reads");
    assert_eq!(chunks.iter().map(|chunk| (chunk.base_offset, chunk.last_offset)).collect::<Vec<_>>(), [(0, 2)]);
    assert!(world.store.read(key(0), 3, 10_000, true).expect("reads").is_empty());
    assert_eq!(world.store.next_settled(key(0), 3), Some(10));
    assert_eq!(world.store.next_settled(key(0), 12), Some(12));
    assert_eq!(world.store.next_settled(key(0), 13), None);
}

#[test]
fn a_number_is_used_once() {
    let mut world = world();
    let meta = settle(&mut world, 0, 1, 10);
    assert_eq!(world.store.writer(meta.id).map(drop).expect_err("is live").kind, Kind::Conflict);
    assert_eq!(world.store.adopt(&[meta], &[]).expect_err("is live").kind, Kind::Conflict);
    assert_eq!(world.store.adopt(&[], &[id(77)]).expect_err("is not live").kind, Kind::Conflict);
    assert_eq!(world.store.discard(meta.id).expect_err("is live").kind, Kind::Conflict);
    let wrong = SegmentMeta { id: id(78), ..meta };
    assert_eq!(world.store.adopt(&[wrong], &[meta.id]).expect_err("is not there").kind, Kind::Corrupt);
    world.compare().expect("nothing was changed");
}

#[test]
fn a_file_goes_when_its_last_reader_is_done() {
    let mut world = world();
    let old = settle(&mut world, 0, 3, 50);
    let new = settle(&mut world, 1, 3, 50);
    let mut export = world.store.export(old.id).expect("exports");
    world.store.adopt(&[], &[old.id]).expect("adopts");
    assert_eq!(world.store.extent(key(0)), None);
    assert_eq!(world.disk.list().expect("lists").len(), 2, "it is being read");
    assert_eq!(export.next_piece().expect("reads").map(|piece| piece.len() as u64), Some(old.length));
    drop(export);
    world.store.clear().expect("removes");
    assert_eq!(world.disk.list().expect("lists"), [file_name(new.id)]);
    assert_eq!(world.store.export(old.id).map(drop).expect_err("is gone").kind, Kind::NotFound);
}

#[test]
fn a_segment_that_comes_back_while_it_is_still_read_stays() {
    let mut world = world();
    let meta = settle(&mut world, 0, 3, 50);
    let mut export = world.store.export(meta.id).expect("exports");
    world.store.adopt(&[], &[meta.id]).expect("adopts");
    let mut import = begun(world.store.import(meta));
    import.push(&export.next_piece().expect("reads").expect("a piece")).expect("writes");
    let hold = import.finish().expect("is whole");
    drop(export);
    world.store.clear().expect("removes");
    world.store.adopt(&[meta], &[]).expect("the file is there");
    drop(hold);
    world.store.clear().expect("removes");
    world.compare().expect("reads");
}

#[test]
fn an_import_takes_the_promised_segment_only() {
    let mut world = world();
    let meta = settle(&mut world, 0, 3, 50);
    let bytes = world.store.export(meta.id).expect("exports").next_piece().expect("reads").expect("a piece");
    let disk = MemoryDisk::new();
    let receiver = Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
    let mut import = begun(receiver.import(meta));
    assert_eq!(receiver.import(meta).map(drop).expect_err("is under way").kind, Kind::Conflict);
    import.push(&bytes[..100]).expect("writes");
    assert_eq!(import.push(&bytes).expect_err("is too long").kind, Kind::Invalid);
    assert_eq!(import.finish().map(drop).expect_err("ended early").kind, Kind::Corrupt);
    assert!(disk.list().expect("lists").is_empty());
    for at in 0..bytes.len() {
        let mut rotten = bytes.to_vec();
        rotten[at] ^= 0x10;
        let mut import = begun(receiver.import(meta));
        import.push(&rotten).expect("writes");
        assert_eq!(import.finish().map(drop).expect_err("rotted on its way").kind, Kind::Corrupt, "byte {at}");
    }
    assert!(disk.list().expect("lists").is_empty());
    let other = SegmentMeta { checksum: meta.checksum ^ 1, ..meta };
    assert_eq!(world.store.import(other).map(drop).expect_err("has another").kind, Kind::Conflict);
    let mut import = begun(receiver.import(meta));
    import.push(&bytes).expect("writes");
    let hold = import.finish().expect("is whole");
    assert_eq!(receiver.import(other).map(drop).expect_err("received another").kind, Kind::Conflict);
    assert!(matches!(receiver.import(meta), Ok(Arrival::Here(_))));
    receiver.clear().expect("removes");
    assert_eq!(disk.list().expect("lists"), [file_name(meta.id)], "it is held");
    drop(hold);
    receiver.clear().expect("removes");
    assert!(disk.list().expect("lists").is_empty(), "nobody adopted it");
    let mut import = begun(receiver.import(meta));
    import.push(&bytes).expect("writes");
    let hold = import.finish().expect("is whole");
    receiver.discard(meta.id).expect("discards");
    drop(hold);
    receiver.clear().expect("what is gone is no failure");
    assert!(disk.list().expect("lists").is_empty());
}

/// A segment that was here was not sent. A merge took it out of the store before the state that names it was installed, and its file
/// was gone then.
#[test]
fn a_segment_that_is_here_stays_for_who_asked_for_it() {
    let mut world = world();
    let meta = settle(&mut world, 0, 3, 50);
    let Ok(Arrival::Here(hold)) = world.store.import(meta) else { panic!("it is here") };
    world.store.adopt(&[], &[meta.id]).expect("a merge removes it");
    world.store.clear().expect("removes what nobody needs");
    world.store.adopt(&[meta], &[]).expect("the file is there");
    drop(hold);
    world.store.clear().expect("removes what nobody needs");
    world.compare().expect("reads");
}

#[test]
fn a_dropped_partition_stays_dropped_whatever_is_adopted() {
    let mut world = world();
    let first = settle(&mut world, 0, 2, 50);
    settle(&mut world, 1, 2, 50);
    world.store.drop_partition(key(0));
    world.model.dropped.push(0);
    settle(&mut world, 0, 2, 50);
    assert_eq!((world.store.extent(key(0)), world.store.bytes(key(0))), (None, 0));
    let plan = world.store.plan(&eager()).expect("plans");
    assert_eq!((plan.moved.len(), plan.removed.len(), plan.removed.contains(&first.id)), (0, 2, true));
    world.compare().expect("reads");
}

#[test]
fn a_merge_that_was_planned_before_segments_went_does_not_fit() {
    let mut world = world();
    let metas: Vec<SegmentMeta> = (0..6).map(|_| settle(&mut world, 0, 2, 3_000)).collect();
    let plan = world.store.plan(&eager()).expect("plans");
    assert!(plan.moved.len() > 2, "{plan:?}");
    let merger = world.store.merge(&plan, id(100)).expect("begins");
    settle(&mut world, 1, 1, 10);
    let merged = merger.finish().expect("finishes");
    assert!(world.store.fits(&merged), "a settle in between does no harm");
    world.store.adopt(&[], &[metas[5].id]).expect("adopts");
    assert!(!world.store.fits(&merged));
    assert_eq!(world.store.merge(&plan, id(101)).map(drop).expect_err("is outdated").kind, Kind::Conflict);
    world.store.discard(id(100)).expect("discards");
}

#[test]
fn merging_drops_what_lies_below_the_log_start_by_batches() {
    let mut world = world();
    settle(&mut world, 3, 12, 9_000);
    world.store.set_log_start(key(3), 17);
    world.model.log_starts.insert(3, 17);
    world.compare().expect("reads");
    let plan = world.store.plan(&eager()).expect("plans");
    assert_eq!(plan.moved.len(), 1);
    let merged = world.store.merge(&plan, id(50)).and_then(|merger| merger.finish()).expect("merges");
    world.commit_merge(&merged);
    world.store.adopt(merged.added.as_slice(), &merged.removed).expect("adopts");
    world.compare().expect("reads");
    let runs = inspect::runs(&world.disk, id(50)).expect("has runs");
    assert_eq!((runs.len(), runs[0].base_offset, runs[0].batches), (1, 16, 4), "the batch that holds the log start is the first");
    assert!(world.store.plan(&eager()).expect("plans").is_empty(), "it is not done again and again");
}

#[test]
fn retention_cuts_at_runs_and_inside_of_them_at_blocks() {
    let mut world = world();
    settle(&mut world, 3, 12, 9_000);
    settle(&mut world, 3, 12, 9_000);
    let cut = |older_than_ms, bytes_max| {
        world.store.retention_cut(key(3), i64::MAX, Retention { older_than_ms, bytes_max }).expect("reads")
    };
    let blocks = |offset: i64| offset % 8 == 0;
    assert_eq!((cut(None, None), cut(Some(0), Some(1 << 20))), (None, None));
    assert_eq!(cut(Some(1000), None), Some(48), "all is older");
    assert_eq!(cut(Some(22), None).filter(|offset| blocks(*offset)), Some(16), "two blocks of the first run");
    assert_eq!(cut(Some(35), None).filter(|offset| blocks(*offset)), Some(32), "the first run and a block of the second");
    assert_eq!(cut(None, Some(109_000)).filter(|offset| blocks(*offset)), Some(16));
    assert_eq!(cut(None, Some(0)), Some(48));
    assert!(u64::from(BLOCK_BYTES) < 4 * 9_061, "a block here has four batches of two records");
    world.store.set_log_start(key(3), 20);
    assert_eq!(cut_of(&world, Some(22)), None, "the block that holds the log start is not wholly old");
    assert_eq!(cut_of(&world, Some(23)), Some(24));
    assert_eq!(world.store.retention_cut(key(9), i64::MAX, Retention::default()).expect("reads"), None);
    let nothing = Retention { older_than_ms: None, bytes_max: Some(0) };
    let until = |offset| world.store.retention_cut(key(3), offset, nothing).expect("reads");
    assert_eq!((until(23), until(24), until(47), until(48)), (None, Some(24), Some(24), Some(48)), "whole runs before it");
}

fn cut_of(world: &World, older_than_ms: Option<i64>) -> Option<i64> {
    world.store.retention_cut(key(3), i64::MAX, Retention { older_than_ms, bytes_max: None }).expect("reads")
}

#[test]
fn a_disk_that_refuses_leaves_everything_as_it_was() {
    let mut world = world();
    settle(&mut world, 0, 3, 50);
    for fault in [Fault::Write(5), Fault::Sync(5), Fault::Write(28)] {
        world.disk.inject(fault);
        let new = vec![(1, Kept::new(1, 0, 1, 1, 10))];
        assert_eq!(world.write(&new).expect_err("is refused").kind, Kind::Unavailable);
        world.disk.heal();
    }
    assert_eq!(world.disk.list().expect("lists").len(), 1, "what was begun is removed");
    world.compare().expect("reads");
}

#[test]
fn a_scrub_reads_everything_at_the_pace_that_it_is_given() {
    let mut world = world();
    let meta = settle(&mut world, 3, 200, 9_000);
    let mut pieces = Vec::new();
    let bytes = world.store.verify(meta.id, &mut |bytes| {
        pieces.push(bytes);
        Ok(())
    });
    assert_eq!(bytes.expect("is whole"), meta.data_bytes);
    assert_eq!((pieces.iter().sum::<u64>(), pieces.len()), (meta.data_bytes, 2));
    let given_up = world.store.verify(meta.id, &mut |_| Err(Error::new(Kind::Cancelled, "enough")));
    assert_eq!(given_up.expect_err("is given up").kind, Kind::Cancelled);
}

#[test]
fn a_large_batch_is_one_block_and_its_neighbours_are_not_read_for_it() {
    let mut world = world();
    settle(&mut world, 3, 3, 1_200_000);
    let chunks = world.store.read(key(3), 3, 10, true).expect("reads");
    assert_eq!((chunks.len(), chunks[0].base_offset, chunks[0].bytes.len()), (1, 2, 1_200_000 + batch::HEAD_BYTES));
    assert!(world.store.read(key(3), 3, 10, false).expect("reads").is_empty());
    world.compare().expect("reads");
}

#[test]
fn the_real_disk_does_as_well() {
    let directory = tempfile::tempdir().expect("a directory");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).expect("opens"));
    let store = Store::open(disk.clone(), Vec::new()).expect("opens");
    let mut writer = store.writer(id(1)).expect("begins");
    for offset in 0..2_000 {
        writer.push(key(0), offset, offset, offset, &Kept::new(0, offset, 1, offset, 4_000).bytes).expect("writes");
    }
    let meta = writer.finish().expect("finishes").expect("has a run");
    drop(store);
    let store = Store::open(disk.clone(), vec![meta]).expect("opens");
    let chunks = store.read(key(0), 1_234, 2 << 20, true).expect("reads");
    assert_eq!(chunks[0].base_offset, 1_234);
    assert!(chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>() > (2 << 20) - 4_100);
    assert_eq!(store.first_at_or_after_timestamp(key(0), 0, 1_777).expect("reads"), Some(1_777));
    store.adopt(&[], &[meta.id]).expect("adopts");
    assert!(disk.list().expect("lists").is_empty());
}

/// Runs that a step of a small budget moved are not moved again, though their old segment is still needed for others.
#[test]
fn what_was_moved_is_served_from_where_it_went() {
    let mut world = world();
    let mut new = Vec::new();
    for partition in 3..7 {
        new.extend((0..12).map(|at| (partition, Kept::new(partition, at * 2, 2, at, 9_000))));
    }
    let meta = world.write(&new).expect("writes").expect("has runs");
    world.commit(new, meta);
    world.store.adopt(&[meta], &[]).expect("adopts");
    // One is gone, of one a part: the log start lies inside of a batch.
    for (partition, offset) in [(3, 24), (4, 9)] {
        world.model.log_starts.insert(partition, offset);
        world.store.set_log_start(key(partition), offset);
    }
    let options = PlanOptions { bytes_max: 1, ..eager() };
    let mut moved = Vec::new();
    loop {
        let plan = world.store.plan(&options).expect("plans");
        if plan.is_empty() {
            break;
        }
        assert!(moved.len() < 10, "it goes on and on: {moved:?}");
        moved.extend(plan.moved.iter().map(|moved| (moved.partition, moved.segment)));
        let id = world.take_id();
        let merged = world.store.merge(&plan, id).and_then(|merger| merger.finish()).expect("merges");
        world.commit_merge(&merged);
        world.store.adopt(merged.added.as_slice(), &merged.removed).expect("adopts");
        world.compare().expect("reads");
        world.store = world.model.open(Arc::new(world.disk.clone())).expect("opens");
        world.compare().expect("reads after a start");
    }
    let wanted: Vec<_> = (4..7).map(|partition| (key(partition), meta.id)).collect();
    assert_eq!(moved, wanted, "each once");
}

/// Blocks tell the greatest timestamp up to their end: of a run whose first batch is the latest of all, they tell nothing about the
/// rest, which was therefore not found by time once that batch was trimmed.
#[test]
fn the_greatest_timestamp_of_what_is_left_of_a_run_is_found() {
    let mut world = world();
    let timestamps = [900, 10, 20, 30, 40, 50, 60, 70, 55, 5];
    let kept = |(offset, timestamp): (i64, &i64)| (3, Kept::new(3, offset, 1, *timestamp, 9_000));
    let new: Vec<_> = (0..).zip(&timestamps).map(kept).collect();
    let meta = world.write(&new).expect("writes").expect("has runs");
    world.commit(new, meta);
    world.store.adopt(&[meta], &[]).expect("adopts");
    assert!(u64::from(BLOCK_BYTES) < 5 * 9_061, "there are several blocks");
    let greatest = |from| world.store.greatest_timestamp(key(3), from).expect("reads");
    for from in 0..timestamps.len() {
        let wanted = timestamps[from..].iter().max().copied();
        assert_eq!(greatest(i64::try_from(from).expect("small")), wanted, "from {from} on");
    }
    assert_eq!((greatest(10), world.store.greatest_timestamp(key(4), 0).expect("reads")), (None, None));
}
