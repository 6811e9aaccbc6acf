//! Bytes on their way out.

/// A buffer that grows at its end and is taken from its beginning.
#[derive(Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    taken: usize,
}

/// Above this the buffer is given back when it is empty, so that a connection that was busy once does not keep it.
const KEPT_BYTES: usize = 64 * 1024;

impl Output {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Where more is written.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn take(&mut self, count: usize) {
        self.taken += count;
        assert!(self.taken <= self.bytes.len(), "no more is taken than there was");
        if self.taken == self.bytes.len() {
            self.taken = 0;
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES);
        } else if self.taken > KEPT_BYTES && self.taken > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }
}
