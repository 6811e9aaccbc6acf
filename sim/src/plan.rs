//! What is wanted of a run, drawn from its seed.
//!
//! Not everything at once: each seed leaves kinds of faults out, and draws rates for the others, because what hides a defect is
//! often another fault (swarm testing: Groce et al., ISSTA 2012).

use std::time::Duration;

use crate::{dice::Dice, matrix::FaultKind, network::Weather};

/// How often a kind of fault strikes, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Mean time between two.
    pub every: Duration,
    /// The shortest time it lasts.
    pub least: Duration,
    /// The longest time it lasts.
    pub most: Duration,
}

/// Time under faults; between such times it is quiet, since some defects only show in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// When it begins.
    pub from: Duration,
    /// When it ends.
    pub to: Duration,
}

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Nodes: 1, 3 or 5.
    pub nodes: usize,
    /// Data shards.
    pub data_shards: u32,
    /// Simulated time until faults and clients stop.
    pub busy: Duration,
    /// Clients bound to a node, one after the other; the rest roam.
    pub bound_clients: u64,
    /// Clients that ask another node every time.
    pub roaming_clients: u64,
    /// Producers of streams, and as many consumers.
    pub producers: u64,
    /// Clients of the configuration store.
    pub configurers: u64,
    /// Longest pause of a client between two operations.
    pub think_ms: u64,
    /// Revisions that a compaction leaves.
    pub kept_revisions: i64,
    /// Weather of the quiet times.
    pub fair: Weather,
    /// Weather of the storms.
    pub weather: Weather,
    /// Bytes that a stream's sender may have on the way.
    pub stream_credit: usize,
    /// Thousandths of true time, by node.
    pub clock_rates: Vec<u32>,
    /// The storms, in order.
    pub storms: Vec<Storm>,
    /// The faults that strike in them.
    pub faults: Vec<(FaultKind, Rate)>,
}

const fn ms(from: u64) -> Duration {
    Duration::from_millis(from)
}

/// The rarest and the most frequent mean distance in seconds, and the shortest and longest time in milliseconds.
const STRIKES: [(FaultKind, u64, u64, u64, u64); 18] = [
    (FaultKind::Clog, 2, 20, 50, 5_000),
    (FaultKind::Partition, 5, 60, 200, 20_000),
    (FaultKind::OneWay, 5, 60, 200, 15_000),
    (FaultKind::LeaderCut, 5, 60, 200, 15_000),
    (FaultKind::Reset, 2, 20, 1_000, 1_000),
    (FaultKind::CrashShort, 5, 60, 10, 2_000),
    (FaultKind::CrashLong, 30, 120, 5_000, 40_000),
    (FaultKind::Pause, 5, 60, 100, 10_000),
    (FaultKind::SlowDisk, 10, 60, 1_000, 20_000),
    (FaultKind::DiskStall, 10, 60, 100, 5_000),
    (FaultKind::WriteFault, 20, 120, 2_000, 2_000),
    (FaultKind::SyncFault, 20, 120, 2_000, 2_000),
    (FaultKind::SettleFault, 20, 120, 2_000, 2_000),
    (FaultKind::ClockJump, 5, 60, 2_000, 2_000),
    (FaultKind::DiskLost, 15, 60, 10, 5_000),
    (FaultKind::Moved, 2, 30, 100, 3_000),
    (FaultKind::Drained, 10, 60, 1_000, 20_000),
    (FaultKind::Left, 15, 60, 10, 10_000),
];

/// Those that need peers.
const BETWEEN_NODES: [FaultKind; 9] = [
    FaultKind::Clog,
    FaultKind::Partition,
    FaultKind::OneWay,
    FaultKind::LeaderCut,
    FaultKind::Reset,
    FaultKind::DiskLost,
    FaultKind::Moved,
    FaultKind::Drained,
    FaultKind::Left,
];

impl Plan {
    /// The plan of a seed, with so much time under faults.
    pub fn new(seed: u64, busy: Duration) -> Plan {
        // Other throws than the run's own, so that a change of the plan's dice leaves the run's alone.
        let dice = Dice::new(seed ^ 0x5157_4152_4d00_0000);
        let nodes = match dice.below(10) {
            0..2 => 1,
            2..8 => 3,
            _ => 5,
        };
        Plan::with_nodes(seed, busy, nodes, &dice)
    }

    /// The plan of a seed for a cluster of one.
    pub fn single(seed: u64, busy: Duration) -> Plan {
        Plan::with_nodes(seed, busy, 1, &Dice::new(seed ^ 0x5157_4152_4d00_0001))
    }

    /// The plan of a seed for a cluster of so many nodes.
    pub fn cluster(seed: u64, busy: Duration, nodes: usize) -> Plan {
        Plan::with_nodes(seed, busy, nodes, &Dice::new(seed ^ 0x5157_4152_4d00_0002))
    }

    fn with_nodes(seed: u64, busy: Duration, nodes: usize, dice: &Dice) -> Plan {
        let clients = 1 + dice.below(8);
        let bound_clients = dice.below(clients + 1);
        let fair = Weather { delay_us: [150, 300, 1_000][pick(dice, 3)], ..Weather::FAIR };
        let has_clock_faults = dice.chance(50);
        Plan {
            seed,
            nodes,
            data_shards: if dice.chance(25) { 4 } else { 1 },
            busy,
            bound_clients,
            roaming_clients: clients - bound_clients,
            producers: 1 + dice.below(3),
            // Few seeds of busy clients: they cost most of the time, and faults meet calm ones as well.
            think_ms: [60, 200, 200, 600, 600, 600, 2_000, 2_000][pick(dice, 8)],
            kept_revisions: [0, 40, 400, 4_000][pick(dice, 4)],
            fair,
            weather: weather(dice, fair),
            stream_credit: [8 << 10, 64 << 10, 4 << 20][pick(dice, 3)],
            clock_rates: (0..nodes).map(|_| if has_clock_faults { clock_rate(dice) } else { 1000 }).collect(),
            storms: storms(dice, busy),
            faults: faults(dice, nodes),
            configurers: 1 + dice.below(2),
        }
    }
}

fn pick(dice: &Dice, of: u64) -> usize {
    usize::try_from(dice.below(of)).expect("an index below a small number")
}

fn clock_rate(dice: &Dice) -> u32 {
    900 + u32::try_from(dice.below(201)).expect("a small number")
}

fn weather(dice: &Dice, fair: Weather) -> Weather {
    let rarely = |dice: &Dice, most: u64| match dice.below(4) {
        0 | 1 => 0,
        2 => 1 + dice.below(most / 10 + 1),
        _ => 1 + dice.below(most),
    };
    Weather {
        delay_us: match dice.below(4) {
            0 | 1 => fair.delay_us,
            2 => 1_000 + dice.below(10_000),
            _ => 10_000 + dice.below(60_000),
        },
        loss: rarely(dice, 100),
        duplication: rarely(dice, 300),
        replay: rarely(dice, 300),
    }
}

fn storms(dice: &Dice, busy: Duration) -> Vec<Storm> {
    let mut storms = Vec::new();
    let mut from = ms(500 + dice.below(10_000));
    while from < busy {
        let to = (from + ms(5_000 + dice.below(60_000))).min(busy);
        storms.push(Storm { from, to });
        from = to + ms(2_000 + dice.below(20_000));
    }
    storms
}

fn faults(dice: &Dice, nodes: usize) -> Vec<(FaultKind, Rate)> {
    let mut faults = Vec::new();
    for (kind, often, rare, least, most) in STRIKES {
        let (is_on, every) = (dice.chance(45), ms(often * 1000 + dice.below((rare - often) * 1000)));
        if is_on && (nodes > 1 || !BETWEEN_NODES.contains(&kind)) {
            faults.push((kind, Rate { every, least: ms(least), most: ms(most) }));
        }
    }
    faults
}
