//! Which operations met which faults: what was never tried together proves nothing.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$kind_doc:meta])* $kind:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$kind_doc])* $kind,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$kind,)*];

            /// The word for it in tables.
            pub fn word(self) -> &'static str {
                match self { $($name::$kind => $word,)* }
            }
        }
    };
}

kinds! {
    /// What clients do.
    Operation {
        /// A put.
        Put = "put",
        /// A deletion.
        Delete = "delete",
        /// A transaction with a compare.
        Txn = "txn",
        /// A linearizable read.
        Read = "read",
        /// A read without a barrier.
        LocalRead = "local read",
        /// A lease and a key on it.
        Grant = "grant",
        /// A renewal.
        KeepAlive = "keep alive",
        /// A revocation.
        Revoke = "revoke",
        /// A compaction.
        Compact = "compact",
        /// A watch that is open.
        Watch = "watch",
        /// A batch appended to a stream.
        Append = "append",
        /// A batch that is sent once more.
        Repeat = "repeat",
        /// A batch of a producer whose epoch is over.
        Fence = "fence",
        /// A read of a stream.
        Fetch = "fetch",
        /// Where a stream ends.
        Ends = "ends",
        /// What a leader says of where a stream ends.
        Watermark = "watermark",
        /// Old records of a stream are to go.
        Trim = "trim",
        /// Records beyond what a stream may keep are to go.
        Retain = "retain",
        /// A member takes the group over.
        Join = "join",
        /// The group commits an offset.
        Commit = "commit",
        /// What the group has committed.
        Committed = "committed",
        /// A write to the configuration store.
        Configure = "configure",
        /// A deletion there.
        Unset = "unset",
        /// A value there that goes in chunks.
        Large = "large",
        /// An import.
        Import = "import",
        /// A read there of what is latest.
        Look = "look",
        /// Its changes, one after the other.
        Follow = "follow",
        /// The root of its trail, and a proof.
        Audit = "audit",
    }
}

kinds! {
    /// What happens to nodes, disks, clocks and wires.
    FaultKind {
        /// Messages get lost.
        Loss = "loss",
        /// Messages take long.
        Delay = "delay",
        /// Messages arrive twice.
        Duplication = "twice",
        /// Old messages arrive again.
        Replay = "replay",
        /// A direction lets nothing through for a while.
        Clog = "clog",
        /// Two parts that do not hear each other.
        Partition = "parted",
        /// One part does not hear the other.
        OneWay = "one way",
        /// The leader is in a minority.
        LeaderCut = "leader",
        /// Connections break.
        Reset = "reset",
        /// A crash and a quick start.
        CrashShort = "bounce",
        /// A crash that lasts.
        CrashLong = "crash",
        /// A process that stands still.
        Pause = "pause",
        /// A disk that is slow.
        SlowDisk = "slow disk",
        /// A disk that takes nothing for a while.
        DiskStall = "stall",
        /// A write that fails.
        WriteFault = "write",
        /// A sync that fails.
        SyncFault = "sync",
        /// A settle that fails.
        SettleFault = "settle",
        /// A node that loses its journal, its settled state or both, and is rebuilt from the others.
        DiskLost = "lost",
        /// Leadership is moved by hand.
        Moved = "moved",
        /// A member that is drained for a while.
        Drained = "drained",
        /// A member that is taken out, and comes back as a new one.
        Left = "left",
        /// Clocks that are too fast or too slow.
        ClockRate = "rate",
        /// A time of day that jumps.
        ClockJump = "jump",
    }
}

type Cells = Vec<Vec<u64>>;

struct State {
    cells: Cells,
    active: Vec<u64>,
    in_flight: Vec<u64>,
}

/// Counts meetings of operations and faults. Cheap to clone.
#[derive(Clone)]
pub struct Matrix {
    state: Arc<Mutex<State>>,
}

/// While it lives, an operation is in flight.
pub struct InFlight(Matrix, Operation);

/// While it lives, a fault is there.
pub struct Active(Matrix, FaultKind);

impl Default for Matrix {
    fn default() -> Self {
        let state = State {
            cells: vec![vec![0; FaultKind::ALL.len()]; Operation::ALL.len()],
            active: vec![0; FaultKind::ALL.len()],
            in_flight: vec![0; Operation::ALL.len()],
        };
        Matrix { state: Arc::new(Mutex::new(state)) }
    }
}

impl Matrix {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operation begins.
    pub fn begin(&self, operation: Operation) -> InFlight {
        let mut state = self.state();
        state.in_flight[operation as usize] += 1;
        for fault in 0..FaultKind::ALL.len() {
            state.cells[operation as usize][fault] += u64::from(state.active[fault] > 0);
        }
        drop(state);
        InFlight(self.clone(), operation)
    }

    /// A fault begins.
    pub fn strike(&self, fault: FaultKind) -> Active {
        let mut state = self.state();
        state.active[fault as usize] += 1;
        for operation in 0..Operation::ALL.len() {
            state.cells[operation][fault as usize] += state.in_flight[operation];
        }
        drop(state);
        Active(self.clone(), fault)
    }

    /// The counts, by operation and fault.
    pub fn cells(&self) -> Vec<Vec<u64>> {
        self.state().cells.clone()
    }

    /// Adds another run's counts.
    pub fn add(&self, cells: &[Vec<u64>]) {
        let mut state = self.state();
        for (sums, counts) in state.cells.iter_mut().zip(cells) {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// Pairs that never met.
    pub fn empty_cells(&self) -> Vec<String> {
        let state = self.state();
        let mut out = Vec::new();
        for operation in Operation::ALL {
            for fault in FaultKind::ALL {
                if state.cells[*operation as usize][*fault as usize] == 0 {
                    out.push(format!("{} x {}", operation.word(), fault.word()));
                }
            }
        }
        out
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "{:>10}", "")?;
        FaultKind::ALL.iter().try_for_each(|fault| write!(f, " {:>9}", fault.word()))?;
        for operation in Operation::ALL {
            write!(f, "\n{:>10}", operation.word())?;
            state.cells[*operation as usize].iter().try_for_each(|count| write!(f, " {count:>9}"))?;
        }
        Ok(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.state().in_flight[self.1 as usize] -= 1;
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.state().active[self.1 as usize] -= 1;
    }
}
