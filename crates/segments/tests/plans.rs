//! Plans over random shapes: they move what they may, in order and within their budget, and repeated they come to an end at which
//! short runs are gone where they can be, little is dead, and no byte was moved too often.

mod kit;

use kit::{apply, id};
use proptest::prelude::*;
use segments::{PartitionKey, Plan, PlanOptions, RunShape, SegmentShape, Shape, plan};

fn options() -> PlanOptions {
    PlanOptions {
        bytes_max: 4_000,
        bytes_min: 0,
        long_run_bytes: 1_000,
        small_segment_bytes: 500,
        dead_percent_max: 30,
        fan: 4,
        growth: 2,
    }
}

/// Runs by (partition, settle): bytes alive, dead bytes beside them, and whether a gap comes before.
fn shape() -> impl Strategy<Value = Shape> {
    let bytes = prop_oneof![4 => 1..50_u64, 2 => 50..600_u64, 1 => 600..6_000_u64];
    let run = (0..6_u32, 0..24_u32, bytes, prop_oneof![3 => Just(0_u64), 1 => 0..3_000_u64], any::<u8>());
    prop::collection::vec(run, 0..80).prop_map(|mut runs| {
        runs.sort();
        runs.dedup_by_key(|run| (run.0, run.1));
        let mut shape = Shape::default();
        for settle in 0..24 {
            let data_bytes = runs.iter().filter(|run| run.1 == settle).map(|run| run.2 + run.3).sum();
            shape.segments.push(SegmentShape { id: id(settle.into()), data_bytes, generation: 0 });
        }
        let mut next = 0;
        for (partition, settle, live_bytes, _, gap) in runs {
            let base_offset = next + i64::from(gap < 20);
            next = base_offset + 10;
            let partition = PartitionKey::new(5, partition);
            shape.runs.push(RunShape { partition, base_offset, last_offset: next - 1, live_bytes, segment: settle });
        }
        shape
    })
}

fn run_of<'a>(shape: &'a Shape, plan: &Plan, at: usize) -> &'a RunShape {
    let moved = &plan.moved[at];
    let found = shape.runs.iter().find(|run| run.partition == moved.partition && run.base_offset == moved.base_offset);
    found.filter(|run| shape.segments[run.segment as usize].id == moved.segment).expect("what is moved is there")
}

fn dead_percent(shape: &Shape) -> u64 {
    let all: u64 = shape.segments.iter().map(|segment| segment.data_bytes).sum();
    let live: u64 = shape.runs.iter().map(|run| run.live_bytes).sum();
    (all - live) * 100 / all.max(1)
}

/// Runs that are short, side by side, without a gap.
fn stretches(shape: &Shape) -> Vec<Vec<u64>> {
    let mut stretches: Vec<Vec<u64>> = Vec::new();
    let mut before: Option<&RunShape> = None;
    for run in &shape.runs {
        let is_short = run.live_bytes < options().long_run_bytes;
        let follows = before.is_some_and(|before| {
            before.partition == run.partition && before.last_offset + 1 >= run.base_offset && before.live_bytes < 1_000
        });
        match stretches.last_mut() {
            Some(stretch) if is_short && follows => stretch.push(run.live_bytes),
            _ if is_short => stretches.push(vec![run.live_bytes]),
            _ => {}
        }
        before = Some(run);
    }
    stretches
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn one_plan_keeps_to_its_rules(shape in shape()) {
        let (options, plan) = (options(), plan(&shape, &options()));
        let moved: Vec<&RunShape> = (0..plan.moved.len()).map(|at| run_of(&shape, &plan, at)).collect();
        prop_assert!(plan.moved.windows(2).all(|pair| (pair[0].partition, pair[0].base_offset) < (pair[1].partition, pair[1].base_offset)));
        let bytes: u64 = moved.iter().map(|run| run.live_bytes).sum();
        prop_assert_eq!(bytes, plan.bytes);
        // One group or one run alone may be larger.
        prop_assert!(bytes <= options.bytes_max || moved.len() == 1 || bytes < 2 * options.long_run_bytes);
        for (at, segment) in shape.segments.iter().enumerate() {
            let runs: Vec<&RunShape> = shape.runs.iter().filter(|run| run.segment as usize == at).collect();
            let is_emptied = runs.iter().all(|run| moved.contains(run));
            prop_assert_eq!(plan.removed.contains(&segment.id), is_emptied, "what is removed has nothing alive left, and the other way round");
        }
        for run in moved.iter().filter(|run| run.live_bytes >= options.long_run_bytes) {
            let segment = &shape.segments[run.segment as usize];
            let live: u64 = shape.runs.iter().filter(|other| other.segment == run.segment).map(|other| other.live_bytes).sum();
            prop_assert!((segment.data_bytes - live) * 100 > segment.data_bytes * 30, "a long run is moved for dead bytes only");
        }
        prop_assert_eq!(plan.is_empty(), plan.moved.is_empty() && plan.removed.is_empty());
    }

    #[test]
    fn plans_come_to_an_end_at_which_all_is_well(mut shape in shape()) {
        let options = options();
        let live: u64 = shape.runs.iter().map(|run| run.live_bytes).sum();
        let dead: u64 = shape.segments.iter().map(|segment| segment.data_bytes).sum::<u64>() - live;
        let (mut moved, mut steps) = (0, 0);
        while let Some(bytes) = apply(&mut shape, &options, id(1_000 + steps)) {
            moved += bytes;
            steps += 1;
            prop_assert!(steps < 500, "it goes on and on");
        }
        prop_assert_eq!(live, shape.runs.iter().map(|run| run.live_bytes).sum::<u64>(), "nothing alive is lost");
        prop_assert!(dead_percent(&shape) <= 30);
        for stretch in stretches(&shape) {
            let sum: u64 = stretch.iter().sum();
            prop_assert!(stretch.len() == 1 || sum < options.long_run_bytes, "{stretch:?} would be a long run");
            let largest = stretch.iter().copied().max().unwrap_or(0);
            prop_assert!(stretch.len() < options.fan || sum < options.growth * largest, "{stretch:?} would be one run");
        }
        let small: Vec<u64> = (0..shape.segments.len()).map(|at| {
            shape.runs.iter().filter(|run| run.segment as usize == at).map(|run| run.live_bytes).sum()
        }).collect();
        prop_assert!(small.iter().all(|live| *live > 0), "what has nothing alive is gone");
        // From 1 byte to 1000 by twos is ten times; all dead bytes, those that moving makes included, ask for 7/3 each.
        prop_assert!(moved * 3 <= (live * 12 + dead) * 10, "{moved} moved for {live} alive and {dead} dead");
    }
}

fn even(partitions: u32, settles: u32, bytes: u64) -> Shape {
    let mut shape = Shape::default();
    for settle in 0..settles {
        let data_bytes = u64::from(partitions) * bytes;
        shape.segments.push(SegmentShape { id: id(settle.into()), data_bytes, generation: 0 });
    }
    for partition in 0..partitions {
        for segment in 0..settles {
            let base_offset = i64::from(segment) * 10;
            let partition = PartitionKey::new(5, partition);
            shape.runs.push(RunShape { partition, base_offset, last_offset: base_offset + 9, live_bytes: bytes, segment });
        }
    }
    shape
}

#[test]
fn long_runs_are_left_alone() {
    let shape = even(16, 100, 2 << 20);
    assert!(plan(&shape, &PlanOptions::default()).is_empty());
}

#[test]
fn short_runs_wait_until_there_are_enough_of_them() {
    let options = PlanOptions::default();
    assert!(plan(&even(10_000, 15, 6_000), &options).is_empty());
    let sixteen = plan(&even(10_000, 16, 6_000), &options);
    assert!(sixteen.bytes > options.bytes_max - 16 * 6_000 && sixteen.bytes <= options.bytes_max);
    assert!(sixteen.removed.is_empty(), "a step of the budget's size empties no segment yet");
    assert!(plan(&even(50, 16, 6_000), &PlanOptions { small_segment_bytes: 0, ..options }).is_empty(), "too little for a step");
    // Together a long run: two are enough.
    assert_eq!(plan(&even(10, 2, 600_000), &options).moved.len(), 20);
    assert!(plan(&even(10, 2, 500_000), &options).is_empty());
}

#[test]
fn a_gap_and_a_long_run_part_what_is_merged() {
    let options = PlanOptions { bytes_min: 0, small_segment_bytes: 0, ..PlanOptions::default() };
    let mut shape = even(1, 3, 600_000);
    shape.runs[1].live_bytes = 2 << 20;
    shape.segments[1].data_bytes = 2 << 20;
    assert!(plan(&shape, &options).is_empty());
    let mut shape = even(1, 2, 600_000);
    shape.runs[1].base_offset += 1;
    assert!(plan(&shape, &options).is_empty());
}

#[test]
fn a_segment_with_nothing_alive_costs_nothing() {
    let mut shape = even(2, 3, 2 << 20);
    shape.runs.retain(|run| run.segment != 1);
    let plan = plan(&shape, &PlanOptions::default());
    assert_eq!((plan.moved.len(), plan.bytes, plan.removed), (0, 0, vec![id(1)]));
}

#[test]
fn little_alive_moves_out_once_too_much_is_dead_in_all() {
    let options = PlanOptions::default();
    let mut shape = even(10, 4, 2 << 20);
    let keep = |shape: &mut Shape, count: u32| shape.runs.retain(|run| run.segment != 2 || run.partition.partition() < count);
    keep(&mut shape, 2);
    assert!(plan(&shape, &options).is_empty(), "8 of 40 are dead");
    shape.runs.retain(|run| run.segment != 1 || run.partition.partition() < 5);
    let plan = plan(&shape, &options);
    assert_eq!((plan.moved.len(), plan.removed, plan.generation), (7, vec![id(1), id(2)], 1), "13 of 40 are dead");
}
