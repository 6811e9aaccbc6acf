//! What changed since the last settle: the changed keys and their newest values, in memory.
//!
//! A range reads an overlay page by page, under a lock that it holds for one page only, and still sees one moment: every change
//! has a number, a reader looks past changes younger than its moment, and a change that overwrites another keeps the earlier
//! one as long as some reader's moment needs it. Without readers nothing is kept, and a change costs one insertion into a map.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use crate::{
    Change, Direction,
    limits::{OVERLAY_ENTRY_BYTES, PAGE_KEYS_MAX, PAGE_KEYS_MIN},
};

/// A changed key's value (`None`: deleted), and what a reader of an earlier moment needs.
struct Version {
    number: u64,
    value: Option<Bytes>,
    earlier: Option<Box<Version>>,
}

impl Version {
    fn at(&self, moment: u64) -> Option<&Option<Bytes>> {
        let mut version = self;
        while version.number > moment {
            version = version.earlier.as_deref()?;
        }
        Some(&version.value)
    }
}

/// The changes, in the order of their keys.
#[derive(Default)]
pub(crate) struct Changes {
    map: BTreeMap<Bytes, Version>,
    /// How many changes there were.
    number: u64,
    /// Of all changes, in their order: see [`chained`].
    pub(crate) digest: u64,
}

/// A digest of changes with one more change in it. It tells replicas apart that should have changed alike; it is no secret, and
/// stands no attack.
fn chained(digest: u64, key: &[u8], value: Option<&[u8]>) -> u64 {
    const DELETED: u32 = 0x9e37_79b9;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let check = u64::from(crc32c::crc32c(key)) << 32 | u64::from(value.map_or(DELETED, crc32c::crc32c));
    (digest.rotate_left(29) ^ check).wrapping_mul(FACTOR)
}

impl Changes {
    /// The newest value of each changed key.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (&Bytes, &Option<Bytes>)> {
        self.map.iter().map(|(key, version)| (key, &version.value))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        self.map.get(key).map(|version| &version.value)
    }
}

/// An overlay.
#[derive(Default)]
pub(crate) struct Overlay {
    pub(crate) changes: RwLock<Changes>,
    /// Bytes of keys and newest values.
    bytes: AtomicU64,
    /// Moments that are being read, and by how many.
    moments: Mutex<BTreeMap<u64, usize>>,
}

impl Overlay {
    pub(crate) fn set(&self, key: Bytes, value: Option<Bytes>) {
        let mut changes = self.changes.write();
        changes.digest = chained(changes.digest, &key, value.as_deref());
        self.set_in(&mut changes, key, value);
    }

    /// The same, with other bytes in the digest than the value's.
    pub(crate) fn set_as(&self, key: Bytes, value: Bytes, digested: &[u8]) {
        let mut changes = self.changes.write();
        changes.digest = chained(changes.digest, &key, Some(digested));
        self.set_in(&mut changes, key, Some(value));
    }

    fn set_in(&self, changes: &mut Changes, key: Bytes, value: Option<Bytes>) {
        changes.number += 1;
        let number = changes.number;
        let (key_bytes, value_bytes) = (key.len() as u64, length(&value));
        match changes.map.entry(key) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Version { number, value, earlier: None });
                self.bytes.fetch_add(key_bytes + value_bytes, Relaxed);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let version = place.get_mut();
                let before = length(&version.value);
                match self.moments.lock().last_key_value() {
                    None => version.earlier = None,
                    Some((newest, _)) if *newest >= version.number => {
                        let earlier = std::mem::replace(version, Version { number, value: None, earlier: None });
                        version.earlier = Some(Box::new(earlier));
                    }
                    Some(_) => {}
                }
                (version.number, version.value) = (number, value);
                self.bytes.fetch_add(value_bytes, Relaxed);
                self.bytes.fetch_sub(before, Relaxed);
            }
        }
    }

    /// Bytes of keys and newest values.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.bytes() + self.changes.read().map.len() as u64 * OVERLAY_ENTRY_BYTES
    }

    /// The changes of `[from, to)` as they are now, read as they are pulled.
    pub(crate) fn range(self: &Arc<Self>, from: &Bytes, to: &Bytes, direction: Direction) -> OverlayRange {
        let changes = self.changes.read();
        let moment = changes.number;
        *self.moments.lock().entry(moment).or_default() += 1;
        drop(changes);
        OverlayRange {
            overlay: self.clone(),
            moment,
            from: Bound::Included(from.clone()),
            to: to.clone(),
            direction,
            page: VecDeque::new(),
            page_keys: PAGE_KEYS_MIN,
            has_ended: from >= to,
        }
    }
}

fn length(value: &Option<Bytes>) -> u64 {
    value.as_ref().map_or(0, |value| value.len() as u64)
}

/// Changes of one moment, page by page.
pub(crate) struct OverlayRange {
    overlay: Arc<Overlay>,
    moment: u64,
    from: Bound<Bytes>,
    to: Bytes,
    direction: Direction,
    page: VecDeque<Change>,
    page_keys: usize,
    has_ended: bool,
}

impl OverlayRange {
    /// Takes the next page; it may be empty where all keys changed for the first time after the moment.
    fn turn(&mut self) {
        let overlay = self.overlay.clone();
        let changes = overlay.changes.read();
        let bounds = (self.from.clone(), Bound::Excluded(self.to.clone()));
        let mut keys = changes.map.range(bounds);
        let mut looked_at = None;
        let mut left = self.page_keys;
        while left > 0 {
            let next = match self.direction {
                Direction::Forward => keys.next(),
                Direction::Backward => keys.next_back(),
            };
            let Some((key, version)) = next else {
                self.has_ended = true;
                break;
            };
            looked_at = Some(key);
            if let Some(value) = version.at(self.moment) {
                self.page.push_back((key.clone(), value.clone()));
            }
            left -= 1;
        }
        if let Some(key) = looked_at.cloned() {
            match self.direction {
                Direction::Forward => {
                    // Between a key and the end there may be none left, and a map refuses bounds that are both excluded and equal.
                    self.has_ended |= key >= self.to;
                    self.from = Bound::Excluded(key);
                }
                Direction::Backward => self.to = key,
            }
        }
        self.page_keys = (self.page_keys * 4).min(PAGE_KEYS_MAX);
    }

    fn is_empty(&self) -> bool {
        match &self.from {
            Bound::Included(from) | Bound::Excluded(from) => *from >= self.to,
            Bound::Unbounded => false,
        }
    }
}

impl Iterator for OverlayRange {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        while self.page.is_empty() && !self.has_ended && !self.is_empty() {
            self.turn();
        }
        self.page.pop_front()
    }
}

impl Drop for OverlayRange {
    fn drop(&mut self) {
        let mut moments = self.overlay.moments.lock();
        if let Some(readers) = moments.get_mut(&self.moment) {
            *readers -= 1;
            if *readers == 0 {
                moments.remove(&self.moment);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: u32) -> Bytes {
        Bytes::from(format!("{n:05}"))
    }

    #[test]
    fn a_range_sees_one_moment_however_slowly_it_is_read() {
        let overlay = Arc::new(Overlay::default());
        for n in (0..2000).step_by(2) {
            overlay.set(bytes(n), Some(bytes(n)));
        }
        let wanted: Vec<Change> = (0..2000).step_by(2).map(|n| (bytes(n), Some(bytes(n)))).collect();
        let mut forward = overlay.range(&bytes(0), &bytes(5000), Direction::Forward);
        let backward = overlay.range(&bytes(0), &bytes(5000), Direction::Backward);
        let mut seen: Vec<Change> = forward.by_ref().take(40).collect();
        for round in 0..3 {
            for n in 0..2000 {
                overlay.set(bytes(n), (n % 3 != round).then(|| bytes(n + 7)));
            }
        }
        seen.extend(forward);
        assert_eq!(seen, wanted);
        assert_eq!(backward.collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn nothing_is_kept_for_readers_that_are_gone() {
        let overlay = Arc::new(Overlay::default());
        overlay.set(bytes(1), Some(bytes(1)));
        let range = overlay.range(&bytes(0), &bytes(9), Direction::Forward);
        overlay.set(bytes(1), Some(bytes(2)));
        assert!(overlay.changes.read().map[&bytes(1)].earlier.is_some());
        // One earlier value is enough for that reader, however often the key changes.
        overlay.set(bytes(1), Some(bytes(3)));
        assert!(overlay.changes.read().map[&bytes(1)].earlier.as_ref().is_some_and(|version| version.earlier.is_none()));
        drop(range);
        overlay.set(bytes(1), None);
        assert!(overlay.changes.read().map[&bytes(1)].earlier.is_none());
        assert_eq!(overlay.bytes(), 5);
    }
}
