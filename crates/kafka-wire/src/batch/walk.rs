//! Batches one after another.

use super::{fault::Fault, view::Batch};

/// The batches of a fetch answer or of a part of a log. A batch that is cut at the end is not given, which is normal there;
/// after a fault nothing more is.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Batches<'a> {
    /// The batches of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not given yet; at the end, the part of a batch that was cut.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        match Batch::split(self.rest) {
            Ok(Some((batch, rest))) => {
                self.rest = rest;
                Some(Ok(batch))
            }
            Ok(None) => None,
            Err(fault) => {
                self.rest = &[];
                Some(Err(fault))
            }
        }
    }
}
