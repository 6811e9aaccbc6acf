//! What the tests of this room share: numbers from a seed, batches whose content follows from their place, and a store with a model
//! of what it must hold.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{collections::BTreeMap, sync::Arc};

use base::{Disk, Result, disk::MemoryDisk};
use segments::{
    Arrival, Import, Merged, PartitionKey, PlanOptions, RunShape, SegmentId, SegmentMeta, SegmentShape, Shape, Store, batch, plan,
};

/// A stream of numbers that follows from a seed (splitmix64, Steele et al., OOPSLA 2014).
#[derive(Clone)]
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}

/// The import that was asked for.
pub(crate) fn begun(arrival: Result<Arrival>) -> Import {
    match arrival.expect("imports") {
        Arrival::Begun(import) => import,
        Arrival::Here(_) => panic!("it is here"),
    }
}

pub(crate) fn key(number: u32) -> PartitionKey {
    PartitionKey::new(u128::from(number / 4) << 64 | 0xABCD, number % 4)
}

pub(crate) fn id(sequence: u64) -> SegmentId {
    SegmentId { owner: 7, sequence }
}

/// One batch as the model keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) bytes: Vec<u8>,
}

impl Kept {
    pub(crate) fn new(partition: u32, base_offset: i64, records: i32, max_timestamp: i64, payload_bytes: usize) -> Kept {
        let mut dice = Dice(u64::from(partition) << 40 ^ base_offset as u64);
        let payload: Vec<u8> =
            (0..payload_bytes.div_ceil(8)).flat_map(|_| dice.next().to_le_bytes()).take(payload_bytes).collect();
        let bytes = batch::sample(base_offset, records, max_timestamp, partition as i32, &payload);
        Kept { base_offset, last_offset: base_offset + i64::from(records) - 1, max_timestamp, bytes }
    }
}

/// What must be there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) batches: BTreeMap<u32, Vec<Kept>>,
    pub(crate) log_starts: BTreeMap<u32, i64>,
    pub(crate) dropped: Vec<u32>,
    /// What the last commit names.
    pub(crate) live: Vec<SegmentMeta>,
}

impl Model {
    pub(crate) fn log_start(&self, partition: u32) -> i64 {
        self.log_starts.get(&partition).copied().unwrap_or(0)
    }

    pub(crate) fn end(&self, partition: u32) -> i64 {
        self.batches.get(&partition).and_then(|batches| batches.last()).map_or(0, |batch| batch.last_offset + 1)
    }

    /// The batches of a partition that reach its log start.
    pub(crate) fn served(&self, partition: u32) -> &[Kept] {
        let Some(batches) = self.batches.get(&partition).filter(|_| !self.dropped.contains(&partition)) else { return &[] };
        &batches[batches.partition_point(|batch| batch.last_offset < self.log_start(partition))..]
    }

    /// Opens a store as a start does it.
    pub(crate) fn open(&self, disk: Arc<dyn Disk>) -> Result<Store> {
        let store = Store::open(disk, self.live.clone())?;
        let exists: Vec<PartitionKey> =
            self.batches.keys().filter(|partition| !self.dropped.contains(partition)).map(|partition| key(*partition)).collect();
        store.retain_partitions(|partition| exists.contains(partition));
        self.log_starts.iter().for_each(|(partition, offset)| store.set_log_start(key(*partition), *offset));
        Ok(store)
    }

    /// Compares all that the store answers with what it must answer.
    pub(crate) fn compare(&self, store: &Store, dice: &mut Dice) -> Result<()> {
        for partition in self.batches.keys() {
            let served = self.served(*partition);
            let extent = store.extent(key(*partition));
            assert_eq!(extent.map(|extent| extent.last_offset), served.last().map(|batch| batch.last_offset), "{partition}");
            if let (Some(extent), Some(first)) = (extent, served.first()) {
                assert_eq!(extent.first_offset, first.base_offset.max(self.log_start(*partition)));
                self.compare_all(store, *partition)?;
                self.compare_some(store, *partition, dice)?;
                self.compare_times(store, *partition, dice)?;
            }
            let below = self.log_start(*partition) - 1;
            assert!(store.read(key(*partition), below, 1 << 20, true)?.is_empty(), "below the log start");
            assert!(store.read(key(*partition), self.end(*partition), 1 << 20, true)?.is_empty(), "beyond the end");
        }
        Ok(())
    }

    fn compare_all(&self, store: &Store, partition: u32) -> Result<()> {
        let served = self.served(partition);
        let (mut offset, mut bytes) = (self.log_start(partition).max(served[0].base_offset), Vec::new());
        assert_eq!(store.next_settled(key(partition), 0), Some(offset));
        while offset < self.end(partition) {
            let chunks = store.read(key(partition), offset, 100_000, true)?;
            assert!(!chunks.is_empty(), "{partition}: nothing at {offset}");
            for chunk in chunks {
                bytes.extend_from_slice(&chunk.bytes);
                offset = chunk.last_offset + 1;
            }
        }
        assert!(bytes == served.iter().flat_map(|batch| batch.bytes.clone()).collect::<Vec<u8>>(), "{partition}: other bytes");
        Ok(())
    }

    /// Reads from anywhere, as much as anyone might want.
    fn compare_some(&self, store: &Store, partition: u32, dice: &mut Dice) -> Result<()> {
        let served = self.served(partition);
        let start = self.log_start(partition).max(served[0].base_offset);
        for _ in 0..3 {
            let offset = start + dice.below((self.end(partition) - start) as u64) as i64;
            let (bytes_max, must_give) = (dice.below(90_000) as usize, dice.below(2) == 0);
            let first = served.partition_point(|batch| batch.last_offset < offset);
            let (mut wanted, mut left) = (Vec::new(), bytes_max);
            for (at, batch) in served[first..].iter().enumerate() {
                if batch.bytes.len() > left && !(at == 0 && must_give) {
                    break;
                }
                left = left.saturating_sub(batch.bytes.len());
                wanted.extend_from_slice(&batch.bytes);
            }
            let chunks = store.read(key(partition), offset, bytes_max, must_give)?;
            assert_eq!(chunks.first().map(|chunk| chunk.base_offset), (!wanted.is_empty()).then(|| served[first].base_offset));
            let found: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
            assert!(found == wanted, "{partition}: {offset}, {bytes_max}, {must_give}");
        }
        Ok(())
    }

    fn compare_times(&self, store: &Store, partition: u32, dice: &mut Dice) -> Result<()> {
        for _ in 0..3 {
            let timestamp = dice.below(1100) as i64;
            let start = self.log_start(partition);
            let from = start + dice.below((self.end(partition) - start) as u64) as i64;
            for from in [0, from] {
                let mut left = self.served(partition).iter().filter(|batch| batch.last_offset >= from);
                let wanted = left.find(|batch| batch.max_timestamp >= timestamp);
                let found = store.first_at_or_after_timestamp(key(partition), from, timestamp)?;
                assert_eq!(found, wanted.map(|batch| batch.base_offset), "{partition}: the first of {timestamp} from {from} on");
            }
            let left = self.served(partition).iter().filter(|batch| batch.base_offset >= from);
            let greatest = store.greatest_timestamp(key(partition), from)?;
            assert_eq!(greatest, left.map(|batch| batch.max_timestamp).max(), "{partition}: the greatest from {from} on");
        }
        Ok(())
    }
}

/// Plan options with which small stores have something to merge.
pub(crate) fn eager() -> PlanOptions {
    PlanOptions {
        bytes_max: 300_000,
        bytes_min: 5_000,
        long_run_bytes: 60_000,
        small_segment_bytes: 20_000,
        dead_percent_max: 30,
        fan: 3,
        growth: 2,
    }
}

/// A store, its disk, and what it must hold.
pub(crate) struct World {
    pub(crate) disk: MemoryDisk,
    pub(crate) store: Store,
    pub(crate) model: Model,
    pub(crate) sequence: u64,
    pub(crate) dice: Dice,
}

impl World {
    pub(crate) fn new(disk: MemoryDisk, seed: u64) -> World {
        let store = Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
        World { disk, store, model: Model::default(), sequence: 1, dice: Dice(seed) }
    }

    pub(crate) fn take_id(&mut self) -> SegmentId {
        self.sequence += 1;
        id(self.sequence)
    }

    /// New batches of some partitions, as a settle has them: some small, some large, one partition busier than the others.
    pub(crate) fn produce(&mut self) -> Vec<(u32, Kept)> {
        let mut new = Vec::new();
        for partition in 0..10_u32 {
            if self.model.dropped.contains(&partition) || self.dice.below(3) == 0 {
                continue;
            }
            let mut end = self.model.end(partition);
            let count = if partition == 3 { 12 } else { 1 + self.dice.below(3) };
            for _ in 0..count {
                let records = 1 + self.dice.below(20) as i32;
                let bytes = if partition == 3 { 9_000 } else { [10, 300, 2000, 40_000][self.dice.below(4) as usize] };
                let kept = Kept::new(partition, end, records, self.dice.below(1000) as i64, bytes);
                end = kept.last_offset + 1;
                new.push((partition, kept));
            }
        }
        new
    }

    /// Writes new batches as one segment; `None` if there were none.
    pub(crate) fn write(&mut self, new: &[(u32, Kept)]) -> Result<Option<SegmentMeta>> {
        let id = self.take_id();
        let mut writer = self.store.writer(id)?;
        for (partition, kept) in new {
            writer.push(key(*partition), kept.base_offset, kept.last_offset, kept.max_timestamp, &kept.bytes)?;
        }
        writer.finish()
    }

    /// The commit of a settle.
    pub(crate) fn commit(&mut self, new: Vec<(u32, Kept)>, meta: SegmentMeta) {
        for (partition, kept) in new {
            self.model.batches.entry(partition).or_default().push(kept);
        }
        self.model.live.push(meta);
    }

    pub(crate) fn commit_merge(&mut self, merged: &Merged) {
        self.model.live.retain(|meta| !merged.removed.contains(&meta.id));
        self.model.live.extend(merged.added);
    }

    pub(crate) fn compare(&mut self) -> Result<()> {
        self.model.compare(&self.store, &mut self.dice)
    }
}

/// What a store of this shape would be once `plan` is done, without bytes: the runs that were moved are in a new segment `id`, joined
/// where they follow each other. Gives the bytes that were written.
pub(crate) fn apply(shape: &mut Shape, options: &PlanOptions, id: SegmentId) -> Option<u64> {
    let plan = plan(shape, options);
    if plan.is_empty() {
        return None;
    }
    let mut moved = plan.moved.iter().peekable();
    let mut runs: Vec<RunShape> = Vec::with_capacity(shape.runs.len());
    let new = u32::MAX;
    for run in &shape.runs {
        let segment = shape.segments[run.segment as usize].id;
        let is_moved = moved.peek().is_some_and(|moved| {
            moved.partition == run.partition && moved.base_offset == run.base_offset && moved.segment == segment
        });
        if !is_moved {
            runs.push(*run);
            continue;
        }
        moved.next();
        match runs.last_mut() {
            Some(last) if last.segment == new && last.partition == run.partition && last.last_offset + 1 >= run.base_offset => {
                last.last_offset = run.last_offset;
                last.live_bytes += run.live_bytes;
            }
            _ => runs.push(RunShape { segment: new, ..*run }),
        }
    }
    assert!(moved.next().is_none(), "a plan moves what is there, in order");
    let mut places = vec![None; shape.segments.len()];
    let mut segments = Vec::new();
    for (at, segment) in shape.segments.iter().enumerate() {
        if !plan.removed.contains(&segment.id) {
            places[at] = Some(segments.len() as u32);
            segments.push(*segment);
        }
    }
    if !plan.moved.is_empty() {
        segments.push(SegmentShape { id, data_bytes: plan.bytes, generation: plan.generation });
    }
    for run in &mut runs {
        run.segment = match run.segment {
            u32::MAX => segments.len() as u32 - 1,
            old => places[old as usize].expect("a segment with something alive is not removed"),
        };
    }
    shape.segments = segments;
    shape.runs = runs;
    Some(plan.bytes)
}
