//! Pieces of the ring, and the bodies made of them.

use std::{
    ops::{Deref, Range},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};

use super::ring::Entry;

/// Entries of the ring, one after the other.
#[derive(Clone)]
pub(super) struct Stretch {
    pub(super) entries: Arc<[Arc<Entry>]>,
    pub(super) range: Range<usize>,
}

impl Default for Stretch {
    fn default() -> Self {
        Stretch { entries: Arc::new([]), range: 0..0 }
    }
}

impl Deref for Stretch {
    type Target = [Arc<Entry>];

    fn deref(&self) -> &[Arc<Entry>] {
        &self.entries[self.range.clone()]
    }
}

/// Encoded events; a single piece is passed on without a copy.
#[derive(Default)]
pub(super) struct Gathered {
    single: Bytes,
    many: BytesMut,
}

impl Gathered {
    pub(super) fn len(&self) -> usize {
        self.single.len() + self.many.len()
    }

    pub(super) fn whole(&mut self, frames: &Bytes) {
        if self.len() == 0 {
            self.single = frames.clone();
        } else {
            self.part(frames);
        }
    }

    pub(super) fn part(&mut self, frames: &[u8]) {
        if !self.single.is_empty() {
            let first = std::mem::take(&mut self.single);
            self.many.extend_from_slice(&first);
        }
        self.many.extend_from_slice(frames);
    }

    pub(super) fn finish(self) -> Bytes {
        if self.single.is_empty() { self.many.freeze() } else { self.single }
    }
}
