//! Proofs about the audit trail.

use base::Result;

use crate::{
    checkpoint::Checkpoint,
    machine::{Inner, Machine},
    tree::View,
    value::Hash,
};

impl Inner {
    fn with_tree<R>(&self, look: impl FnOnce(&View<'_>, u64) -> Result<R>) -> Result<R> {
        let (frontier, visible) = {
            let state = self.read();
            (state.tree.clone(), state.visible)
        };
        look(&View { frontier, table: &self.table, keys: self.keys }, visible)
    }
}

/// Of sizes beyond the last visible record nothing is told, although the tree may have it.
fn seen(size: u64, visible: u64) -> Result<()> {
    if size <= visible {
        return Ok(());
    }
    let message = format!("the audit trail has {visible} records, not {size}");
    Err(base::Error::new(base::Kind::OutOfRange, message))
}

impl Machine {
    /// The root of the audit trail as it is now, under the log's name. Blocking.
    ///
    /// # Errors
    /// What the table answers.
    pub fn checkpoint(&self, origin: &str) -> Result<Checkpoint> {
        self.inner()
            .with_tree(|tree, visible| Ok(Checkpoint { origin: origin.to_owned(), size: visible, root: tree.root(visible)? }))
    }

    /// The root of the first `size` records. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` if there are not so many.
    pub fn root(&self, size: u64) -> Result<Hash> {
        self.inner().with_tree(|tree, visible| seen(size, visible).and_then(|()| tree.root(size)))
    }

    /// That the record at `position` is leaf `position - 1` of the tree of the first `size`: see
    /// [`verify_inclusion`](crate::merkle::verify_inclusion). Blocking.
    ///
    /// # Errors
    /// `OutOfRange` if there are not so many, or the record is not among them.
    pub fn inclusion_proof(&self, position: u64, size: u64) -> Result<Vec<Hash>> {
        let index = position.checked_sub(1).ok_or_else(|| crate::error::invalid("positions count from 1"))?;
        self.inner().with_tree(|tree, visible| seen(size, visible).and_then(|()| tree.inclusion(index, size)))
    }

    /// That the tree of the first `new` records begins with that of the first `old`: see
    /// [`verify_consistency`](crate::merkle::verify_consistency). Blocking.
    ///
    /// # Errors
    /// `OutOfRange` if there are not so many, or `old` is more than `new`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        self.inner().with_tree(|tree, visible| seen(new, visible).and_then(|()| tree.consistency(old, new)))
    }

    /// A tile of 256 nodes, or fewer if it is the last one of its level, as C2SP's tlog-tiles lays them out. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` if there is no such tile.
    pub fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>> {
        self.inner().with_tree(|tree, visible| {
            let mut nodes = tree.tile(level, index)?;
            let all = visible.checked_shr(8 * u32::from(level)).unwrap_or(0);
            let seen = usize::try_from(all.saturating_sub(index * 256)).unwrap_or(usize::MAX);
            nodes.truncate(seen);
            Ok(nodes)
        })
    }
}
