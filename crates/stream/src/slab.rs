//! Things that are named by a small number while they live.

use crate::limits::SLAB_CHUNK;

/// The number of a thing in its slab. It is used again after the thing is gone.
pub(crate) type Slot = u32;

/// Things by slot. They lie in pieces that never move, so that growing costs no copy of what is there.
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<Slot>,
    length: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { chunks: Vec::new(), free: Vec::new(), length: 0 }
    }
}

fn place(slot: Slot) -> (usize, usize) {
    (slot as usize / SLAB_CHUNK, slot as usize % SLAB_CHUNK)
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, thing: T) -> Slot {
        self.length += 1;
        if let Some(slot) = self.free.pop() {
            let (chunk, at) = place(slot);
            self.chunks[chunk][at] = Some(thing);
            return slot;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == SLAB_CHUNK) {
            self.chunks.push(Vec::with_capacity(if self.chunks.is_empty() { 0 } else { SLAB_CHUNK }));
        }
        let chunk = self.chunks.len() - 1;
        self.chunks[chunk].push(Some(thing));
        Slot::try_from(chunk * SLAB_CHUNK + self.chunks[chunk].len() - 1).expect("fewer than 2^32 things fit into memory")
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let (chunk, at) = place(slot);
        let thing = self.chunks.get_mut(chunk)?.get_mut(at)?.take()?;
        self.free.push(slot);
        self.length -= 1;
        Some(thing)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        let (chunk, at) = place(slot);
        self.chunks.get(chunk)?.get(at)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let (chunk, at) = place(slot);
        self.chunks.get_mut(chunk)?.get_mut(at)?.as_mut()
    }

    /// The thing of a slot that its holder knows to be taken.
    pub(crate) fn at(&self, slot: Slot) -> &T {
        self.get(slot).expect("whoever keeps a slot forgets it before it is freed")
    }

    /// See [`Slab::at`].
    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut T {
        self.get_mut(slot).expect("whoever keeps a slot forgets it before it is freed")
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_and_others_stay() {
        let mut slab = Slab::default();
        let slots: Vec<Slot> = (0..3_000).map(|number| slab.insert(number)).collect();
        assert_eq!(slots, (0..3_000).collect::<Vec<_>>());
        assert_eq!((slab.remove(7), slab.remove(7), slab.len()), (Some(7), None, 2_999));
        assert_eq!((slab.get(7), slab.get(2_999), slab.get(3_000)), (None, Some(&2_999), None));
        assert_eq!((slab.insert(70), *slab.at(7), *slab.at(8)), (7, 70, 8));
        assert_eq!((slab.insert(3_000), slab.iter().count()), (3_000, 3_001));
    }
}
