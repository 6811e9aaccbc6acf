//! Randomness, handed in.

/// A source of random numbers.
pub trait Rng: Send + Sync + 'static {
    /// 64 random bits.
    fn next_u64(&self) -> u64;
}
