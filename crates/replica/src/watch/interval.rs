//! Half-open key ranges, and which of them hold a key.
//!
//! A treap: a binary tree ordered by (start, end) whose shape comes from random priorities; each node knows the greatest end
//! below it, so that a search leaves out every subtree that ends too early (augmented trees, Cormen et al., chapter 14).
//! Priorities come from a counter through a mixing function: nobody outside chooses them, and a run can be repeated.

use std::cmp::Ordering;

use bytes::Bytes;

/// A node's place in the arena.
type Place = u32;
const NONE: Place = Place::MAX;

/// Where a range ends; ordered, with no end at all last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Before this key.
    Before(Bytes),
    /// Never.
    Open,
}

impl End {
    fn is_after(&self, key: &[u8]) -> bool {
        match self {
            End::Before(end) => *key < **end,
            End::Open => true,
        }
    }
}

#[derive(Debug)]
struct Node<T> {
    start: Bytes,
    end: End,
    end_max: End,
    priority: u64,
    left: Place,
    right: Place,
    values: Vec<T>,
}

/// Values by range. Equal ranges share a node.
#[derive(Debug)]
pub(super) struct Intervals<T> {
    nodes: Vec<Node<T>>,
    free: Vec<Place>,
    root: Place,
    drawn: u64,
}

impl<T> Default for Intervals<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), free: Vec::new(), root: NONE, drawn: 0 }
    }
}

impl<T> Intervals<T> {
    /// Adds `value` under `[start, end)`.
    pub(super) fn insert(&mut self, start: &Bytes, end: &End, value: T) {
        if let Some(place) = self.find(start, end) {
            self.nodes[place as usize].values.push(value);
            return;
        }
        let node = self.new_node(start, end, value);
        let (left, right) = self.split(self.root, start, end);
        let left = self.merge(left, node);
        self.root = self.merge(left, right);
    }

    /// Takes out the first value under `[start, end)` that `is_it`.
    pub(super) fn remove(&mut self, start: &Bytes, end: &End, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let place = self.find(start, end)?;
        let values = &mut self.nodes[place as usize].values;
        let value = values.swap_remove(values.iter().position(is_it)?);
        if values.is_empty() {
            self.root = self.unlink(self.root, start, end);
            self.free.push(place);
        }
        Some(value)
    }

    /// Visits the values of all ranges that hold `key`.
    pub(super) fn stab(&self, key: &[u8], visit: &mut impl FnMut(&T)) {
        self.stab_below(self.root, key, visit);
    }

    /// Visits all values.
    pub(super) fn each(&self, visit: &mut impl FnMut(&T)) {
        self.nodes.iter().flat_map(|node| &node.values).for_each(visit);
    }

    fn stab_below(&self, place: Place, key: &[u8], visit: &mut impl FnMut(&T)) {
        let Some(node) = self.nodes.get(place as usize) else { return };
        if !node.end_max.is_after(key) {
            return;
        }
        self.stab_below(node.left, key, visit);
        if *node.start <= *key {
            if node.end.is_after(key) {
                node.values.iter().for_each(&mut *visit);
            }
            self.stab_below(node.right, key, visit);
        }
    }

    fn order(&self, place: Place, start: &Bytes, end: &End) -> Ordering {
        let node = &self.nodes[place as usize];
        start.cmp(&node.start).then_with(|| end.cmp(&node.end))
    }

    fn find(&self, start: &Bytes, end: &End) -> Option<Place> {
        let mut place = self.root;
        while place != NONE {
            match self.order(place, start, end) {
                Ordering::Less => place = self.nodes[place as usize].left,
                Ordering::Greater => place = self.nodes[place as usize].right,
                Ordering::Equal => return Some(place),
            }
        }
        None
    }

    fn new_node(&mut self, start: &Bytes, end: &End, value: T) -> Place {
        self.drawn += 1;
        let node = Node {
            start: start.clone(),
            end: end.clone(),
            end_max: end.clone(),
            priority: mix(self.drawn),
            left: NONE,
            right: NONE,
            values: vec![value],
        };
        if let Some(place) = self.free.pop() {
            self.nodes[place as usize] = node;
            return place;
        }
        self.nodes.push(node);
        Place::try_from(self.nodes.len() - 1).expect("watches are capped far below 2^32")
    }

    /// Everything ordered before the range, and everything after it.
    fn split(&mut self, place: Place, start: &Bytes, end: &End) -> (Place, Place) {
        if place == NONE {
            return (NONE, NONE);
        }
        if self.order(place, start, end) == Ordering::Less {
            let (left, right) = self.split(self.nodes[place as usize].left, start, end);
            self.nodes[place as usize].left = right;
            self.refresh(place);
            (left, place)
        } else {
            let (left, right) = self.split(self.nodes[place as usize].right, start, end);
            self.nodes[place as usize].right = left;
            self.refresh(place);
            (place, right)
        }
    }

    /// Joins two trees, all of `left` being ordered before all of `right`.
    fn merge(&mut self, left: Place, right: Place) -> Place {
        if left == NONE || right == NONE {
            return if left == NONE { right } else { left };
        }
        if self.nodes[left as usize].priority > self.nodes[right as usize].priority {
            self.nodes[left as usize].right = self.merge(self.nodes[left as usize].right, right);
            self.refresh(left);
            left
        } else {
            self.nodes[right as usize].left = self.merge(left, self.nodes[right as usize].left);
            self.refresh(right);
            right
        }
    }

    fn unlink(&mut self, place: Place, start: &Bytes, end: &End) -> Place {
        let (left, right) = (self.nodes[place as usize].left, self.nodes[place as usize].right);
        match self.order(place, start, end) {
            Ordering::Equal => return self.merge(left, right),
            Ordering::Less => self.nodes[place as usize].left = self.unlink(left, start, end),
            Ordering::Greater => self.nodes[place as usize].right = self.unlink(right, start, end),
        }
        self.refresh(place);
        place
    }

    fn refresh(&mut self, place: Place) {
        let node = &self.nodes[place as usize];
        let below = [node.left, node.right].into_iter().filter_map(|child| self.nodes.get(child as usize));
        let end_max = below.map(|child| &child.end_max).fold(&node.end, Ord::max).clone();
        self.nodes[place as usize].end_max = end_max;
    }
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
fn mix(drawn: u64) -> u64 {
    let mut z = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
