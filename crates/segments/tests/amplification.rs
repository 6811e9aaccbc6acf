//! What merging costs: settles of 64 MiB are simulated by their shapes alone, planned and merged until there is nothing to do, and all
//! bytes written are counted for each byte produced: 1.0 in the journal, 1.0 by settles, and what merging writes.

mod kit;

use kit::{Dice, apply, id};
use segments::{PartitionKey, PlanOptions, RunShape, SegmentShape, Shape};

const SETTLE_BYTES: u64 = 64 << 20;
/// What a batch takes of the segment file beside its own bytes does not count; a run takes 72.
const RUN_BYTES: u64 = 72;

struct Simulation {
    shape: Shape,
    next_offset: Vec<i64>,
    sequence: u64,
    produced: u64,
    merged: u64,
    runs_written: u64,
    segments_max: usize,
    dead_percent_max: u64,
}

impl Simulation {
    fn new(partitions: usize) -> Self {
        Simulation {
            shape: Shape::default(),
            next_offset: vec![0; partitions],
            sequence: 0,
            produced: 0,
            merged: 0,
            runs_written: 0,
            segments_max: 0,
            dead_percent_max: 0,
        }
    }

    /// One settle: bytes by partition, one offset for each byte, so that offsets tell how old something is.
    fn settle(&mut self, bytes: impl Iterator<Item = (u32, u64)>) {
        self.sequence += 1;
        let segment = self.shape.segments.len() as u32;
        let mut data_bytes = 0;
        for (partition, bytes) in bytes.filter(|(_, bytes)| *bytes > 0) {
            let base_offset = self.next_offset[partition as usize];
            self.next_offset[partition as usize] += bytes as i64;
            let last_offset = base_offset + bytes as i64 - 1;
            let partition = PartitionKey::new(1, partition);
            self.shape.runs.push(RunShape { partition, base_offset, last_offset, live_bytes: bytes, segment });
            data_bytes += bytes;
            self.runs_written += 1;
        }
        self.shape.runs.sort_by_key(|run| (run.partition, run.base_offset));
        self.shape.segments.push(SegmentShape { id: id(self.sequence), data_bytes, generation: 0 });
        self.produced += data_bytes;
    }

    /// Each partition keeps its last `bytes(partition)` bytes, by whole runs.
    fn retain(&mut self, bytes: impl Fn(u32) -> u64) {
        let next_offset = &self.next_offset;
        self.shape.runs.retain(|run| {
            let partition = run.partition.partition();
            run.last_offset >= next_offset[partition as usize] - bytes(partition) as i64
        });
    }

    fn merge(&mut self) {
        loop {
            self.sequence += 1;
            let Some(bytes) = apply(&mut self.shape, &PlanOptions::default(), id(self.sequence)) else { break };
            self.merged += bytes;
        }
        self.segments_max = self.segments_max.max(self.shape.segments.len());
        self.dead_percent_max = self.dead_percent_max.max(self.dead_percent());
    }

    fn dead_percent(&self) -> u64 {
        let all: u64 = self.shape.segments.iter().map(|segment| segment.data_bytes).sum();
        let live: u64 = self.shape.runs.iter().map(|run| run.live_bytes).sum();
        (all - live) * 100 / all.max(1)
    }

    fn report(&self, name: &str) -> f64 {
        let table = self.runs_written * RUN_BYTES;
        let written = 2.0 + (self.merged + table) as f64 / self.produced as f64;
        let long = self.shape.runs.iter().filter(|run| run.live_bytes >= 1 << 20).map(|run| run.live_bytes).sum::<u64>();
        let live: u64 = self.shape.runs.iter().map(|run| run.live_bytes).sum();
        println!(
            "{name:48} {written:5.2} bytes written for a byte; {:5} runs of {:4} KiB, {:3} % of the bytes in long ones; at most {:3} segments, {:2} % dead",
            self.shape.runs.len(),
            live / 1024 / self.shape.runs.len().max(1) as u64,
            long * 100 / live.max(1),
            self.segments_max,
            self.dead_percent_max,
        );
        assert!(self.dead_percent_max <= 30, "{name}: {} % are dead", self.dead_percent_max);
        written
    }
}

#[test]
fn busy_partitions_are_written_once() {
    let mut simulation = Simulation::new(16);
    let mut dice = Dice(1);
    for _ in 0..160 {
        simulation.settle((0..16).map(|partition| (partition, SETTLE_BYTES / 20 + dice.below(SETTLE_BYTES / 40))));
        simulation.retain(|_| 200 << 20);
        simulation.merge();
    }
    let written = simulation.report("16 busy partitions, 200 MiB kept of each");
    assert!(written <= 2.2, "{written}");
}

#[test]
fn partitions_that_keep_different_times_cost_little() {
    let mut simulation = Simulation::new(16);
    for _ in 0..160 {
        simulation.settle((0..16).map(|partition| (partition, SETTLE_BYTES / 16)));
        simulation.retain(|partition| (50 << 20) * (1 + u64::from(partition % 4)));
        simulation.merge();
    }
    let written = simulation.report("16 busy partitions, 50 to 200 MiB kept of each");
    assert!(written <= 2.8, "{written}");
}

#[test]
fn ten_thousand_lightly_used_partitions_end_in_long_runs() {
    let mut simulation = Simulation::new(10_000);
    let mut dice = Dice(2);
    for _ in 0..96 {
        simulation.settle((0..10_000).map(|partition| (partition, dice.below(SETTLE_BYTES / 5_000))));
        simulation.merge();
    }
    let written = simulation.report("10,000 partitions alike, all kept");
    assert!(written <= 4.6, "{written}");
}

#[test]
fn skewed_partitions_end_in_long_runs() {
    let mut simulation = Simulation::new(10_000);
    let mut dice = Dice(3);
    for _ in 0..96 {
        // A third of the bytes each to 1, 9 and 90 % of the partitions.
        let weight = |partition: u32| [220_000, 22_000, 2_200][(partition % 1000).checked_ilog10().unwrap_or(0) as usize];
        simulation.settle((0..10_000).map(|partition| (partition, dice.below(2 * weight(partition)))));
        simulation.merge();
    }
    let written = simulation.report("10,000 partitions, skewed, all kept");
    assert!(written <= 4.3, "{written}");
}

#[test]
fn a_mix_with_retention_stays_in_bounds() {
    let mut simulation = Simulation::new(4_016);
    let mut dice = Dice(4);
    for _ in 0..200 {
        let busy = SETTLE_BYTES * 3 / 4 / 16;
        let light = SETTLE_BYTES / 4 / 4_000;
        simulation.settle((0..4_016).map(|partition| (partition, if partition < 16 { busy } else { dice.below(2 * light) })));
        simulation.retain(|partition| if partition < 16 { 200 << 20 } else { 1 << 20 });
        simulation.merge();
    }
    let written = simulation.report("16 busy and 4,000 light partitions, retention");
    assert!(written <= 3.3, "{written}");
}

#[test]
fn trickles_do_not_pile_up_files() {
    let mut simulation = Simulation::new(50);
    let mut dice = Dice(5);
    for _ in 0..2_000 {
        simulation.settle((0..50).map(|partition| (partition, dice.below(2_000))));
        simulation.merge();
    }
    let written = simulation.report("50 partitions, 50 KB a settle");
    assert!(written <= 5.0 && simulation.segments_max <= 64, "{written}");
}
