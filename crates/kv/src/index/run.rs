//! Neighbouring keys with something for each, made to be searched with few looks at memory.
//!
//! The keys' bytes lie together in one buffer. All keys of a [`Run`] begin with the same bytes; of what follows, the next
//! eight are kept apart as one number, so that a search compares numbers in a short array and reads few keys in full.

/// Where a key's bytes are.
#[derive(Clone, Copy, Debug)]
struct Slot {
    offset: u32,
    length: u32,
}

impl Slot {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.offset as usize..][..self.length as usize]
    }
}

/// Keys, ascending and unique, with a `T` each.
#[derive(Debug)]
pub(super) struct Run<T> {
    /// How many first bytes all keys have in common, at least.
    shared: usize,
    heads: Vec<u64>,
    slots: Vec<Slot>,
    payload: Vec<T>,
    bytes: Vec<u8>,
    /// Bytes of removed keys still in `bytes`.
    dead: usize,
}

impl<T> Default for Run<T> {
    fn default() -> Run<T> {
        Run { shared: 0, heads: Vec::new(), slots: Vec::new(), payload: Vec::new(), bytes: Vec::new(), dead: 0 }
    }
}

/// The first eight bytes as a number that orders as they do, as far as it reaches.
fn head(rest: &[u8]) -> u64 {
    if let Some(eight) = rest.first_chunk::<8>() {
        return u64::from_be_bytes(*eight);
    }
    let mut padded = [0; 8];
    padded[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(padded)
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl<T> Run<T> {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn key(&self, at: usize) -> &[u8] {
        self.slots[at].of(&self.bytes)
    }

    pub(super) fn get(&self, at: usize) -> &T {
        &self.payload[at]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut T {
        &mut self.payload[at]
    }

    /// `Ok`: the key's position; `Err`: where it would be.
    pub(super) fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let Some(first) = self.slots.first() else { return Err(0) };
        let shared = &first.of(&self.bytes)[..self.shared];
        match key.get(..self.shared) {
            Some(start) if start == shared => {}
            _ => return Err(if key < shared { 0 } else { self.len() }),
        }
        let wanted = head(&key[self.shared..]);
        let from = self.heads.partition_point(|head| *head < wanted);
        let alike = self.heads[from..].partition_point(|head| *head == wanted);
        let found = self.slots[from..from + alike].binary_search_by(|slot| slot.of(&self.bytes).cmp(key));
        found.map(|at| from + at).map_err(|at| from + at)
    }

    /// The last position whose key is at most `key`, or the first.
    pub(super) fn at_most(&self, key: &[u8]) -> usize {
        self.find(key).unwrap_or_else(|at| at.saturating_sub(1))
    }

    /// Inserts before position `at`, where `find` said.
    pub(super) fn insert(&mut self, at: usize, key: &[u8], value: T) {
        self.share(key);
        let slot = self.store(key);
        self.heads.insert(at, head(&key[self.shared..]));
        self.slots.insert(at, slot);
        self.payload.insert(at, value);
    }

    pub(super) fn remove(&mut self, at: usize) -> T {
        self.heads.remove(at);
        self.dead += self.slots.remove(at).length as usize;
        let value = self.payload.remove(at);
        self.tidy();
        value
    }

    /// Gives the first position another key, smaller than it was.
    pub(super) fn lower_first(&mut self, key: &[u8]) {
        self.share(key);
        self.dead += self.slots[0].length as usize;
        self.slots[0] = self.store(key);
        self.heads[0] = head(&key[self.shared..]);
        self.tidy();
    }

    /// Takes the keys from position `cut` on into a run of their own.
    pub(super) fn split(&mut self, cut: usize) -> Run<T> {
        let mut right = Run::default();
        let payload = self.payload.split_off(cut);
        right.refill(self.slots[cut..].iter().map(|slot| slot.of(&self.bytes)));
        right.payload = payload;
        self.heads.truncate(cut);
        self.slots.truncate(cut);
        self.rebuild();
        right
    }

    /// Appends a run whose keys are all greater.
    pub(super) fn join(&mut self, mut right: Run<T>) {
        let mut joined = Run::default();
        let keys = self.slots.iter().map(|slot| slot.of(&self.bytes));
        joined.refill(keys.chain(right.slots.iter().map(|slot| slot.of(&right.bytes))));
        joined.payload = std::mem::take(&mut self.payload);
        joined.payload.append(&mut right.payload);
        *self = joined;
    }

    /// Sets keys, ascending, without payload.
    fn refill<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]> + Clone) {
        self.bytes.reserve_exact(keys.clone().map(<[u8]>::len).sum());
        let first = keys.clone().next().unwrap_or_default();
        self.shared = keys.clone().last().map_or(0, |last| common(first, last));
        for key in keys {
            let slot = self.store(key);
            self.slots.push(slot);
            self.heads.push(head(&key[self.shared..]));
        }
    }

    fn rebuild(&mut self) {
        let mut fresh = Run::default();
        fresh.refill(self.slots.iter().map(|slot| slot.of(&self.bytes)));
        fresh.payload = std::mem::take(&mut self.payload);
        *self = fresh;
    }

    fn tidy(&mut self) {
        if self.dead * 2 > self.bytes.len() {
            self.rebuild();
        }
    }

    /// Lets the shared start hold for `key`, too.
    fn share(&mut self, key: &[u8]) {
        let Some(first) = self.slots.first() else {
            self.shared = key.len();
            return;
        };
        let shared = common(&first.of(&self.bytes)[..self.shared], key);
        if shared < self.shared {
            self.shared = shared;
            self.heads = self.slots.iter().map(|slot| head(&slot.of(&self.bytes)[shared..])).collect();
        }
    }

    fn store(&mut self, key: &[u8]) -> Slot {
        if self.bytes.capacity() - self.bytes.len() < key.len() {
            self.bytes.reserve_exact(key.len().max(self.bytes.len() / 4));
        }
        let offset = u32::try_from(self.bytes.len()).expect("a few hundred keys of a few megabytes at most");
        let length = u32::try_from(key.len()).expect("a key is shorter than 4 GiB");
        self.bytes.extend_from_slice(key);
        Slot { offset, length }
    }
}
