//! What keys look like to who only asks for them.

use std::collections::BTreeMap;

use super::keys::{Hash, Keys};
use crate::limits::SCRAM_ITERATIONS;

/// What of somebody's keys shows, though their password is not known: the server tells salt and rounds to anyone who asks, and how
/// long a password takes to check is seen from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// The hash.
    pub hash: Hash,
    /// Rounds of the key derivation.
    pub iterations: u32,
    /// Bytes of the salt.
    pub salt_bytes: usize,
    /// Whether the salt is digits and small letters alone: Kafka's clients draw such ones.
    pub is_text: bool,
}

/// The digits and letters of salts that are text: those of numbers to the base 36.
pub(super) const TEXT: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl Shape {
    /// That of keys with this salt.
    pub fn new(hash: Hash, iterations: u32, salt: &[u8]) -> Shape {
        Shape { hash, iterations, salt_bytes: salt.len(), is_text: salt.iter().all(|byte| TEXT.contains(byte)) }
    }

    /// That of these keys.
    pub fn of(keys: &Keys) -> Shape {
        Shape::new(keys.hash(), keys.iterations(), keys.salt())
    }
}

/// How many users have keys of which shape. Names that nobody has are given shapes in the same proportions, so that a shape says
/// nothing about whether there is such a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    counts: BTreeMap<Shape, u64>,
    total: u64,
}

impl Shapes {
    /// Counts somebody. A shape that no keys can have is passed over.
    pub fn add(&mut self, shape: Shape) {
        if SCRAM_ITERATIONS.contains(&shape.iterations) && shape.salt_bytes > 0 {
            *self.counts.entry(shape).or_default() += 1;
            self.total += 1;
        }
    }

    /// The shape of a name that nobody has; `None`: nobody was counted. The same each time, and of most names still the same when
    /// a few users come or go. `secret` is the server's own.
    pub fn pick(&self, secret: &[u8], user: &str) -> Option<Shape> {
        let drawn = Hash::Sha256.keyed(secret, &[b"shape ", user.as_bytes()].concat());
        let drawn = drawn.first_chunk().map_or(0, |word| u64::from_be_bytes(*word));
        // Somewhere in all of them, each as likely.
        let at = u64::try_from((u128::from(drawn) * u128::from(self.total)) >> 64).expect("less than the total");
        let mut before = 0;
        self.counts.iter().find_map(|(shape, count)| {
            before += count;
            (at < before).then_some(*shape)
        })
    }
}
