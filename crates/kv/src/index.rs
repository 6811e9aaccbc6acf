//! The current keys in order, counted.
//!
//! An [`Index`] maps every current key to its [`Meta`]. It is a flat tree: groups of blocks of keys, at most 256 in each.
//! Beside a group's blocks lies one array with their lengths, so that the rank of a key (how many are smaller) is the sum
//! of a few short arrays of small numbers, and the count of a span is the difference of two ranks.

mod group;
mod run;
#[cfg(test)]
mod tests;

use group::Group;

use crate::event::Revision;

/// What is known of a current key without its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) create: i64,
    pub(crate) main: i64,
    pub(crate) version: i64,
    pub(crate) lease: i64,
    pub(crate) sub: u32,
    pub(crate) value_len: u32,
}

impl Meta {
    /// Where the version was written.
    pub(crate) fn modified(&self) -> Revision {
        Revision { main: self.main, sub: i64::from(self.sub) }
    }
}

/// The ordered, counted map of the current keys.
#[derive(Debug, Default)]
pub(crate) struct Index {
    groups: Vec<Group>,
    keys: usize,
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.keys
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Meta> {
        self.groups.get(self.group_of(key))?.get(key)
    }

    /// Inserts or replaces; answers what was there.
    pub(crate) fn insert(&mut self, key: &[u8], meta: Meta) -> Option<Meta> {
        let number = self.group_of(key);
        let Some(group) = self.groups.get_mut(number) else {
            self.groups.push(Group::with_one(key, meta));
            self.keys = 1;
            return None;
        };
        let (before, right) = group.insert(key, meta);
        if let Some(right) = right {
            self.groups.insert(number + 1, right);
        }
        self.keys += usize::from(before.is_none());
        before
    }

    /// Removes; answers what was there.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Meta> {
        let number = self.group_of(key);
        let group = self.groups.get_mut(number)?;
        let meta = group.remove(key)?;
        self.keys -= 1;
        if group.keys() == 0 {
            self.groups.remove(number);
        } else {
            self.join_small(number);
        }
        Some(meta)
    }

    /// How many keys are smaller than `key`.
    pub(crate) fn rank(&self, key: &[u8]) -> usize {
        let number = self.group_of(key);
        let Some(group) = self.groups.get(number) else { return 0 };
        self.groups[..number].iter().map(Group::keys).sum::<usize>() + group.rank(key)
    }

    /// The keys from rank `from` on, ascending, `most` at most.
    pub(crate) fn at_rank(&self, from: usize, most: usize) -> impl Iterator<Item = (&[u8], Meta)> {
        let (mut group, mut block, mut at) = self.place(from);
        (0..most).map_while(move |_| {
            // Blocks may be empty; groups are not.
            while at == self.groups.get(group)?.block(block).len() {
                (block, at) = (block + 1, 0);
                if block == self.groups[group].len() {
                    (group, block) = (group + 1, 0);
                }
            }
            let found = self.groups[group].block(block);
            at += 1;
            Some((found.key(at - 1), *found.get(at - 1)))
        })
    }

    /// The group, the block and the position in it of the key of this rank.
    fn place(&self, rank: usize) -> (usize, usize, usize) {
        let mut left = rank;
        for (number, group) in self.groups.iter().enumerate() {
            if left < group.keys() {
                let (block, at) = group.place(left);
                return (number, block, at);
            }
            left -= group.keys();
        }
        (self.groups.len(), 0, 0)
    }

    /// The group that holds `key` if any does: the last that begins at or before it, or the first.
    fn group_of(&self, key: &[u8]) -> usize {
        self.groups.partition_point(|group| group.first() <= key).saturating_sub(1)
    }

    fn join_small(&mut self, number: usize) {
        let fits = |left: usize| left + 1 < self.groups.len() && self.groups[left].can_join(&self.groups[left + 1]);
        let left = match number.checked_sub(1) {
            Some(left) if fits(left) => left,
            _ if fits(number) => number,
            _ => return,
        };
        let right = self.groups.remove(left + 1);
        self.groups[left].join(right);
    }
}
