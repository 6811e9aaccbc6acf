//! What to merge next: a pure function over the shape of a store.
//!
//! A settle writes for each partition what it took out of the journal: megabytes where a partition is busy, a few hundred bytes where
//! it is not. Long runs are good as they are. Short ones are gathered by partition, whatever segments they lie in: a step takes, in
//! the order of partitions, neighbouring short runs of many partitions and writes them as one new segment, where they are one run
//! each. They stay in their old files too, as dead bytes there, since of runs that hold the same offsets only the widest is served.
//! So a step may be as small as its budget wants, nothing is remembered between steps, and long runs beside the short ones stay
//! where they are.
//!
//! Three rules, and each byte that they move pays for something:
//!
//! 1. **Short runs.** Of a stretch of short runs without a long one or a gap between them, the newest are merged when together they
//!    make a long one (those bytes are never moved for their size again), or when there are [`FAN`] of them and
//!    the result is [`GROWTH`] times the largest: a byte is moved at most log(long / its run) / log(GROWTH) + 1
//!    times for this rule, whatever comes in which order. The two kinds go into different segments. A step waits until it has some
//!    megabytes to do.
//! 2. **Small segments.** The same by whole segments with little alive, so that files do not pile up where hardly anything is written.
//! 3. **Dead bytes.** A segment with nothing alive is dropped, which costs nothing; most segments end so, since what was settled
//!    together tends to expire together. Only while more than 30 % of all bytes are dead, what is alive moves out of the segments
//!    with the least alive: at most 7/3 bytes for each that it frees. Segments that rule 1 is emptying are left to it.

use crate::{
    key::{PartitionKey, SegmentId},
    limits::{DEAD_PERCENT_MAX, FAN, GROWTH, LONG_RUN_BYTES, MERGE_BYTES, MERGE_BYTES_MIN, SMALL_SEGMENT_BYTES},
};

/// A live segment as a plan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentShape {
    /// Which.
    pub id: SegmentId,
    /// Bytes of batches in its file, dead ones included.
    pub data_bytes: u64,
    /// How often its bytes were merged at most.
    pub generation: u32,
}

/// A served run as a plan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunShape {
    /// Whose.
    pub partition: PartitionKey,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Bytes that are not dead, at least 1.
    pub live_bytes: u64,
    /// The place of its segment in the shape.
    pub segment: u32,
}

/// A store as a plan sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The live segments.
    pub segments: Vec<SegmentShape>,
    /// The served runs, by partition and offset.
    pub runs: Vec<RunShape>,
    /// How often segments had been taken out of the store.
    pub removals: u64,
}

/// How much a plan may do, and when it is worth while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Bytes that it moves at most, unless one run alone is larger.
    pub bytes_max: u64,
    /// Bytes of short runs that it moves at least.
    pub bytes_min: u64,
    /// Runs of so many bytes are long.
    pub long_run_bytes: u64,
    /// Segments with fewer live bytes are small.
    pub small_segment_bytes: u64,
    /// Share of dead bytes that is put up with, in percent.
    pub dead_percent_max: u64,
    /// How many of like size are merged.
    pub fan: usize,
    /// How much larger than its largest part the result of a merge is at least.
    pub growth: u64,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            bytes_max: MERGE_BYTES,
            bytes_min: MERGE_BYTES_MIN,
            long_run_bytes: LONG_RUN_BYTES,
            small_segment_bytes: SMALL_SEGMENT_BYTES,
            dead_percent_max: DEAD_PERCENT_MAX,
            fan: FAN,
            growth: GROWTH,
        }
    }
}

/// What a merge moves: a run, named by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whose.
    pub partition: PartitionKey,
    /// Offset of its first record.
    pub base_offset: i64,
    /// In which segment it lies.
    pub segment: SegmentId,
}

/// What to do next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Runs that go into one new segment, by partition and offset.
    pub moved: Vec<Moved>,
    /// Their live bytes: what the merge writes.
    pub bytes: u64,
    /// The generation of the new segment.
    pub generation: u32,
    /// Segments that have nothing alive, or nothing once the runs are moved.
    pub removed: Vec<SegmentId>,
    /// How often segments had been taken out of the store when this was planned: once more, and it does not hold any more, since what
    /// was dead because of another segment may be alive.
    pub removals: u64,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.removed.is_empty()
    }
}

/// What to do next with a store of this shape.
pub fn plan(shape: &Shape, options: &PlanOptions) -> Plan {
    let planner = Planner::new(shape, options);
    let groups = planner.groups();
    let mut chosen = planner.evacuation(&groups);
    if chosen.is_empty() {
        chosen = planner.short_runs(&groups);
    }
    if chosen.is_empty() {
        chosen = planner.small_segments();
    }
    planner.plan(&chosen)
}

/// Neighbouring short runs of one partition that are worth merging.
struct Group {
    runs: std::ops::Range<usize>,
    bytes: u64,
    /// The result is a long run.
    is_final: bool,
}

struct Planner<'a> {
    shape: &'a Shape,
    options: &'a PlanOptions,
    /// Live bytes by segment.
    live: Vec<u64>,
}

impl<'a> Planner<'a> {
    fn new(shape: &'a Shape, options: &'a PlanOptions) -> Self {
        let mut live = vec![0; shape.segments.len()];
        for run in &shape.runs {
            live[run.segment as usize] += run.live_bytes;
        }
        Planner { shape, options, live }
    }

    /// The groups that are worth while and whose kind has enough of them for a step.
    fn groups(&self) -> Vec<Group> {
        let runs = &self.shape.runs;
        let mut groups = Vec::new();
        let mut start = 0;
        while start < runs.len() {
            let end = self.stretch_end(start);
            groups.extend(self.group(start..end));
            start = end.max(start + 1);
        }
        let sum = |is_final: bool| groups.iter().filter(|group| group.is_final == is_final).map(|group| group.bytes).sum::<u64>();
        let enough = [sum(false), sum(true)].map(|bytes| bytes >= self.options.bytes_min);
        groups.retain(|group| enough[usize::from(group.is_final)]);
        groups
    }

    fn is_short(&self, run: &RunShape) -> bool {
        run.live_bytes < self.options.long_run_bytes
    }

    /// Where the stretch of short runs of one partition ends that begins at `start`; `start` if that run is long.
    fn stretch_end(&self, start: usize) -> usize {
        let runs = &self.shape.runs;
        let mut end = start;
        while end < runs.len() && self.is_short(&runs[end]) && (end == start || follows(&runs[end - 1], &runs[end])) {
            end += 1;
        }
        end
    }

    /// The newest runs of a stretch that are worth merging.
    fn group(&self, stretch: std::ops::Range<usize>) -> Option<Group> {
        let (mut bytes, mut largest) = (0, 0);
        for at in stretch.clone().rev() {
            let run = self.shape.runs[at].live_bytes;
            bytes += run;
            largest = largest.max(run);
            let count = stretch.end - at;
            let is_final = bytes >= self.options.long_run_bytes;
            if count > 1 && (is_final || (count >= self.options.fan && bytes >= self.options.growth * largest)) {
                return Some(Group { runs: at..stretch.end, bytes, is_final });
            }
        }
        None
    }

    /// Rule 1: groups of one kind, in order, as far as the budget goes.
    fn short_runs(&self, groups: &[Group]) -> Vec<usize> {
        let sum = |is_final: bool| groups.iter().filter(|group| group.is_final == is_final).map(|group| group.bytes).sum::<u64>();
        let kind = sum(true) > sum(false);
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for group in groups.iter().filter(|group| group.is_final == kind) {
            if !chosen.is_empty() && bytes + group.bytes > self.options.bytes_max {
                break;
            }
            bytes += group.bytes;
            chosen.extend(group.runs.clone());
        }
        chosen
    }

    /// Rule 2: the runs of small segments of like size.
    fn small_segments(&self) -> Vec<usize> {
        let small = |at: &usize| (1..self.options.small_segment_bytes).contains(&self.live[*at]);
        let mut segments: Vec<usize> = (0..self.live.len()).filter(small).collect();
        segments.sort_unstable_by_key(|at| (self.live[*at], self.shape.segments[*at].id));
        for start in 0..segments.len() {
            let mut bytes = 0;
            for (count, at) in segments[start..].iter().enumerate() {
                bytes += self.live[*at];
                if count + 1 >= self.options.fan && bytes >= self.options.growth * self.live[*at] {
                    return self.runs_of(&segments[start..=start + count]);
                }
            }
        }
        Vec::new()
    }

    /// Rule 3: the runs of segments with the least alive, while too much is dead in all.
    fn evacuation(&self, groups: &[Group]) -> Vec<usize> {
        let data = |at: usize| self.shape.segments[at].data_bytes;
        let is_draining = {
            let mut draining = vec![false; self.live.len()];
            for at in groups.iter().flat_map(|group| group.runs.clone()) {
                draining[self.shape.runs[at].segment as usize] = true;
            }
            draining
        };
        let held: Vec<usize> = (0..self.live.len()).filter(|at| self.live[*at] > 0).collect();
        let all: u64 = held.iter().map(|at| data(*at)).sum();
        let live: u64 = held.iter().map(|at| self.live[*at]).sum();
        if !self.is_too_dead(live, all) {
            return Vec::new();
        }
        let is_worth = |at: &usize| !is_draining[*at] && self.is_too_dead(self.live[*at], data(*at));
        let mut segments: Vec<usize> = held.into_iter().filter(is_worth).collect();
        let share = |at: usize| u128::from(self.live[at]) * 1_000_000 / u128::from(data(at).max(1));
        segments.sort_unstable_by_key(|at| (share(*at), self.shape.segments[*at].id));
        let mut bytes = 0;
        let count = segments.iter().take_while(|at| {
            bytes += self.live[**at];
            bytes <= self.options.bytes_max
        });
        let count = count.count().max(1).min(segments.len());
        self.runs_of(&segments[..count])
    }

    fn is_too_dead(&self, live: u64, all: u64) -> bool {
        let dead = u128::from(all.saturating_sub(live));
        dead * 100 > u128::from(all) * u128::from(self.options.dead_percent_max)
    }

    /// The runs of these segments, in order, as far as the budget goes.
    fn runs_of(&self, segments: &[usize]) -> Vec<usize> {
        let mut is_chosen = vec![false; self.live.len()];
        segments.iter().for_each(|at| is_chosen[*at] = true);
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for (at, run) in self.shape.runs.iter().enumerate().filter(|(_, run)| is_chosen[run.segment as usize]) {
            if !chosen.is_empty() && bytes + run.live_bytes > self.options.bytes_max {
                break;
            }
            bytes += run.live_bytes;
            chosen.push(at);
        }
        chosen
    }

    fn plan(&self, chosen: &[usize]) -> Plan {
        let mut left = self.live.clone();
        let mut plan = Plan { removals: self.shape.removals, ..Plan::default() };
        for run in chosen.iter().map(|at| &self.shape.runs[*at]) {
            let segment = &self.shape.segments[run.segment as usize];
            left[run.segment as usize] -= run.live_bytes;
            plan.bytes += run.live_bytes;
            plan.generation = plan.generation.max(segment.generation.saturating_add(1));
            plan.moved.push(Moved { partition: run.partition, base_offset: run.base_offset, segment: segment.id });
        }
        let empty = (0..left.len()).filter(|at| left[*at] == 0);
        plan.removed = empty.map(|at| self.shape.segments[at].id).collect();
        plan
    }
}

/// Whether `next` is the same partition's and goes on where `run` ends, or before.
fn follows(run: &RunShape, next: &RunShape) -> bool {
    run.partition == next.partition && next.base_offset <= run.last_offset + 1
}
