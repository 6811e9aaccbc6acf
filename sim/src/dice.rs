//! The seed's dice.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and good enough to choose faults.
pub struct Dice {
    /// Only ever thrown by one thread; an atomic so that tasks may hold it.
    state: AtomicU64,
}

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn new(seed: u64) -> Dice {
        Dice { state: AtomicU64::new(seed) }
    }

    /// 64 bits.
    pub fn next(&self) -> u64 {
        let mut z = self.state.load(Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.store(z, Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True in `percent` of a hundred throws.
    pub fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
