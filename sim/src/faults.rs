//! Faults: each kind has a task of its own, which strikes in storms and heals when they end.

use std::time::Duration;

use base::disk::{Ending, Fault};
use replica::runtime;
use table::Interrupted;

use crate::{
    administration::Administration,
    cluster::{Cluster, tell},
    dice::Dice,
    executor::{STAGE, world},
    house::{House, Loss},
    matrix::{Active, FaultKind, Matrix},
    network::Crash,
    plan::{Plan, Rate, Storm},
};

/// errno of an I/O error.
const EIO: i32 = 5;
/// What a crash may do to what was not synced; rot of synced bytes is another test's matter.
const ENDINGS: [Ending; 7] = [
    Ending::NothingLost,
    Ending::UnsyncedLost,
    Ending::Torn512,
    Ending::Torn4096,
    Ending::Reordered,
    Ending::Zeroed,
    Ending::Stale,
];
/// How long a crash is reckoned with in the matrix if the node does not serve before.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// What strikes.
#[derive(Clone)]
pub(crate) struct Faults {
    cluster: Cluster,
    matrix: Matrix,
    plan: Plan,
    administration: Administration,
}

impl Faults {
    pub(crate) fn new(cluster: Cluster, matrix: Matrix, plan: Plan) -> Faults {
        let administration = Administration::new(cluster.clone(), matrix.clone());
        Faults { cluster, matrix, plan, administration }
    }

    /// Starts all tasks. They end by themselves when the busy time is over.
    pub(crate) fn start(&self) {
        let world = world();
        for house in self.cluster.houses() {
            world.spawn_in(STAGE, self.clone().look_after(house.clone(), Dice::new(world.dice().next())));
        }
        world.spawn_in(STAGE, self.clone().weather());
        for (kind, rate) in self.plan.faults.clone() {
            world.spawn_in(STAGE, self.clone().strike_again(kind, rate, Dice::new(world.dice().next())));
        }
    }

    /// A service manager: what gave up is ended and started again.
    async fn look_after(self, house: House, dice: Dice) {
        loop {
            house.failed().await;
            let ending = ENDINGS[index(&dice, ENDINGS.len())];
            if house.crash(ending, Crash::Reset) {
                runtime::sleep(Duration::from_millis(50 + dice.below(1000))).await;
                house.start();
            }
        }
    }

    /// Foul in storms, fair between them.
    async fn weather(self) {
        let wires = self.cluster.wires().clone();
        for storm in self.plan.storms.clone() {
            runtime::sleep_until(storm.from).await;
            wires.set_weather(self.plan.weather);
            tell(format!("a storm begins: {:?}", self.plan.weather));
            let active = self.foul();
            runtime::sleep_until(storm.to).await;
            wires.set_weather(self.plan.fair);
            wires.unclog();
            tell("the storm is over");
            drop(active);
        }
    }

    fn foul(&self) -> Vec<Active> {
        let (weather, fair) = (self.plan.weather, self.plan.fair);
        let mut kinds = Vec::new();
        if self.plan.nodes > 1 {
            let there = [
                (FaultKind::Loss, weather.loss > 0),
                (FaultKind::Delay, weather.delay_us > fair.delay_us),
                (FaultKind::Duplication, weather.duplication > 0),
                (FaultKind::Replay, weather.replay > 0),
            ];
            kinds.extend(there.into_iter().filter(|(_, is_there)| *is_there).map(|(kind, _)| kind));
        }
        if self.plan.clock_rates.iter().any(|rate| *rate != 1000) {
            kinds.push(FaultKind::ClockRate);
        }
        kinds.into_iter().map(|kind| self.matrix.strike(kind)).collect()
    }

    async fn strike_again(self, kind: FaultKind, rate: Rate, dice: Dice) {
        while let Some(storm) = self.next_storm(rate, &dice).await {
            let range = u64::try_from((rate.most - rate.least).as_millis()).unwrap_or(0);
            // Mostly short, sometimes as long as may be.
            let longest = 1 + if dice.chance(30) { range } else { range / 8 };
            let time = rate.least + Duration::from_millis(dice.below(longest));
            let end = (runtime::now() + time).min(storm.to);
            self.strike(kind, end, &dice).await;
        }
    }

    /// The storm that the next strike falls into, once it does; `None` when there are no more.
    async fn next_storm(&self, rate: Rate, dice: &Dice) -> Option<Storm> {
        let mean = u64::try_from(rate.every.as_millis()).unwrap_or(1000);
        loop {
            runtime::sleep(Duration::from_millis(mean / 5 + dice.below(mean * 8 / 5))).await;
            let now = runtime::now();
            let storm = *self.plan.storms.iter().find(|storm| storm.to > now)?;
            if storm.from <= now {
                return Some(storm);
            }
            runtime::sleep_until(storm.from).await;
        }
    }

    async fn strike(&self, kind: FaultKind, end: Duration, dice: &Dice) {
        let house = self.cluster.any(dice).clone();
        match kind {
            FaultKind::Clog => self.clog(end, dice).await,
            FaultKind::Partition | FaultKind::OneWay | FaultKind::LeaderCut => self.part(kind, end, dice).await,
            FaultKind::Reset => {
                let _active = self.matrix.strike(kind);
                tell("a connection breaks");
                self.cluster.wires().reset_one();
                runtime::sleep_until(end).await;
            }
            FaultKind::CrashShort | FaultKind::CrashLong => self.crash(kind, &house, end, dice).await,
            FaultKind::Pause => self.pause(&house, end).await,
            FaultKind::DiskLost => self.lose_disk(&house, end, dice).await,
            FaultKind::Moved => self.administration.move_leader(&house, end, dice).await,
            FaultKind::Drained => self.administration.drain(&house, end, dice).await,
            FaultKind::Left => self.administration.leave(&house, end, dice).await,
            FaultKind::SlowDisk => {
                let _active = self.matrix.strike(kind);
                let times = 3 + dice.below(if dice.chance(30) { 300 } else { 30 });
                tell(format!("the disk of {} gets {times} times slower", house.name()));
                house.slow_disk(times);
                runtime::sleep_until(end).await;
                house.slow_disk(1);
            }
            FaultKind::DiskStall => {
                let _active = self.matrix.strike(kind);
                tell(format!("the disk of {} stalls until {end:?}", house.name()));
                house.stall_disk(end);
                runtime::sleep_until(end).await;
            }
            FaultKind::WriteFault => self.break_disk(kind, &house, end, |house| house.inject(Fault::Write(EIO))).await,
            FaultKind::SyncFault => self.break_disk(kind, &house, end, |house| house.inject(Fault::Sync(EIO))).await,
            FaultKind::SettleFault => {
                let leaves = if dice.chance(50) { Interrupted::Before } else { Interrupted::After };
                self.break_disk(kind, &house, end, move |house| house.interrupt_settle(leaves)).await;
            }
            FaultKind::ClockJump => {
                let _active = self.matrix.strike(kind);
                let most = if dice.chance(50) { 5_000 } else { 3_600_000 };
                let by = i64::try_from(dice.below(2 * most + 1)).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
                tell(format!("the time of day of {} jumps by {by} ms", house.name()));
                house.jump_wall_clock(by);
                runtime::sleep_until(end).await;
            }
            // These come with the weather and the plan.
            FaultKind::Loss | FaultKind::Delay | FaultKind::Duplication | FaultKind::Replay | FaultKind::ClockRate => {}
        }
    }

    async fn clog(&self, end: Duration, dice: &Dice) {
        let (from, to) = (self.cluster.any(dice).node_id(), self.cluster.any(dice).node_id());
        if from == to {
            return;
        }
        let _active = self.matrix.strike(FaultKind::Clog);
        tell(format!("{from:x} to {to:x} is clogged until {end:?}"));
        self.cluster.wires().clog(from, to, end);
        runtime::sleep_until(end).await;
    }

    async fn part(&self, kind: FaultKind, end: Duration, dice: &Dice) {
        let houses = self.cluster.houses();
        let mut here: Vec<u64> = houses.iter().filter(|_| dice.chance(50)).map(House::node_id).collect();
        if kind == FaultKind::LeaderCut {
            let Some(leader) = self.cluster.leader() else { return };
            here = vec![leader];
            if houses.len() > 3 && dice.chance(50) {
                here.push(self.cluster.any(dice).node_id());
            }
        }
        let out = self.cluster.between(|node| here.contains(&node));
        let back = self.cluster.between(|node| !here.contains(&node));
        let cut = match kind {
            FaultKind::OneWay => out,
            _ => [out, back].concat(),
        };
        if cut.is_empty() {
            return;
        }
        let _active = self.matrix.strike(kind);
        tell(format!("{} until {end:?}: {here:x?} are cut off", kind.word()));
        self.cluster.wires().cut(&cut);
        runtime::sleep_until(end).await;
        self.cluster.wires().mend(&cut);
        tell(format!("{}: {here:x?} are back", kind.word()));
    }

    async fn crash(&self, kind: FaultKind, house: &House, end: Duration, dice: &Dice) {
        let _active = self.matrix.strike(kind);
        let how = if dice.chance(50) { Crash::Reset } else { Crash::Silent };
        if !house.crash(ENDINGS[index(dice, ENDINGS.len())], how) {
            return;
        }
        runtime::sleep_until(end).await;
        house.start();
        tokio::select! {
            biased;
            _ = house.serving() => {}
            () = runtime::sleep(RECOVERY_MAX) => {}
        }
    }

    /// One at a time, and not while a member changes: what a majority loses is lost.
    async fn lose_disk(&self, house: &House, end: Duration, dice: &Dice) {
        let Some(_turn) = self.administration.turn() else { return };
        let _active = self.matrix.strike(FaultKind::DiskLost);
        if !house.crash(ENDINGS[index(dice, ENDINGS.len())], Crash::Reset) {
            return;
        }
        let what = [Loss::Journal, Loss::Trees, Loss::Both][index(dice, 3)];
        tell(format!("{} loses its disk: {what:?}", house.name()));
        house.lose(what);
        runtime::sleep_until(end).await;
        house.start();
        self.administration.whole().await;
    }

    async fn pause(&self, house: &House, end: Duration) {
        if !house.is_up() {
            return;
        }
        let _active = self.matrix.strike(FaultKind::Pause);
        tell(format!("{} stands still until {end:?}", house.name()));
        let start = house.hold();
        runtime::sleep_until(end).await;
        house.release(start);
    }

    async fn break_disk(&self, kind: FaultKind, house: &House, end: Duration, fault: impl Fn(&House)) {
        let _active = self.matrix.strike(kind);
        tell(format!("a {} of {} will fail", kind.word(), house.name()));
        fault(house);
        runtime::sleep_until(end).await;
    }
}

fn index(dice: &Dice, of: usize) -> usize {
    usize::try_from(dice.below(of as u64)).expect("an index below a length")
}
