//! A set of slots.

use crate::slab::Slot;

/// One bit for each slot: as large as the slab that it speaks of, however often something is put in.
#[derive(Default)]
pub(crate) struct SlotSet {
    words: Vec<u64>,
    length: usize,
}

fn place(slot: Slot) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

impl SlotSet {
    pub(crate) fn insert(&mut self, slot: Slot) {
        let (word, bit) = place(slot);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.length += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let (word, bit) = place(slot);
        if let Some(word) = self.words.get_mut(word) {
            self.length -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Takes out at most `count` of them, the smallest ones.
    pub(crate) fn take(&mut self, count: usize) -> Vec<Slot> {
        let taken: Vec<Slot> = self.iter().take(count).collect();
        taken.iter().for_each(|slot| self.remove(*slot));
        taken
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> {
        self.words.iter().zip(0..).flat_map(|(word, number): (&u64, Slot)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(number * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_put_in_and_not_taken_out() {
        let mut set = SlotSet::default();
        for slot in [64, 3, 63, 200, 3] {
            set.insert(slot);
        }
        set.remove(64);
        set.remove(65);
        set.remove(9_999);
        assert_eq!((set.len(), set.iter().collect::<Vec<_>>()), (3, vec![3, 63, 200]));
        assert_eq!((set.take(2), set.take(2), set.take(2), set.len()), (vec![3, 63], vec![200], vec![], 0));
    }
}
