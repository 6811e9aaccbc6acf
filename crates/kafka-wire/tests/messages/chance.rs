//! Chance that repeats: a generator of its own, and how plain values are filled by it.

use std::borrow::Cow;

use kafka_wire::Uuid;

pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        // The step of splitmix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    /// Small, large and middling lengths, so that varints of one and two bytes occur.
    fn length(&mut self) -> usize {
        match self.below(12) {
            0 => 0,
            1 => 126 + self.below(4),
            _ => 1 + self.below(9),
        }
    }

    /// Changes one to four bytes, cuts, repeats or inserts.
    pub(crate) fn mutate(&mut self, case: &[u8]) -> Vec<u8> {
        let mut out = case.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let byte = self.next().to_be_bytes()[0];
            match self.below(6) {
                0 => out.truncate(at),
                1 => out.insert(at, byte),
                2 => out.extend_from_within(at..),
                _ if out.is_empty() => out.push(byte),
                3 => out[at] = byte,
                4 => out[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                _ => out[at] ^= 1 << (byte % 8),
            }
        }
        out
    }
}

pub(crate) trait Fill {
    fn fill(chance: &mut Chance, version: i16) -> Self;
}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(impl Fill for $type {
            fn fill(chance: &mut Chance, _version: i16) -> Self {
                match chance.below(4) {
                    0 => 0 as $type,
                    1 => <$type>::MAX,
                    _ => chance.next() as $type,
                }
            }
        })*
    };
}

numbers!(i8, i16, u16, i32, i64);

impl Fill for bool {
    fn fill(chance: &mut Chance, _version: i16) -> Self {
        chance.below(2) == 1
    }
}

/// No NaN, which equals nothing.
impl Fill for f64 {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        i32::fill(chance, version).into()
    }
}

impl Fill for Uuid {
    fn fill(chance: &mut Chance, _version: i16) -> Self {
        Uuid(u128::from(chance.next()) << 64 | u128::from(chance.next()))
    }
}

impl Fill for Cow<'static, str> {
    fn fill(chance: &mut Chance, _version: i16) -> Self {
        let length = chance.length();
        Cow::Owned((0..length).map(|_| ['a', 'z', '-', 'ß', '水'][chance.below(5)]).collect())
    }
}

impl Fill for Cow<'static, [u8]> {
    fn fill(chance: &mut Chance, _version: i16) -> Self {
        let length = chance.length();
        Cow::Owned((0..length).map(|_| chance.next().to_be_bytes()[0]).collect())
    }
}

impl Fill for &'static [u8] {
    fn fill(chance: &mut Chance, _version: i16) -> Self {
        const RECORDS: &[u8] = &[0xa5; 300];
        &RECORDS[..chance.length()]
    }
}

impl<T: Fill> Fill for Option<T> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        (chance.below(3) != 0).then(|| T::fill(chance, version))
    }
}

impl<T: Fill> Fill for Vec<T> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let length = chance.below(4);
        (0..length).map(|_| T::fill(chance, version)).collect()
    }
}
