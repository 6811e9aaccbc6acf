//! How far a partition's log start moves by its age and size.

use base::Result;

use crate::{key::PartitionKey, run::Placed, store::Store};

/// A part of a partition that is kept or dropped as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its greatest timestamp in ms, or that of everything up to its end.
    pub max_timestamp: i64,
    /// Its bytes.
    pub bytes: u64,
}

/// What a partition may keep. Both unset: everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Pieces whose greatest timestamp is earlier than this, in ms, go.
    pub older_than_ms: Option<i64>,
    /// Pieces go as long as so many bytes are left without them.
    pub bytes_max: Option<u64>,
}

/// Takes the pieces of a partition from the oldest on.
struct Cut {
    retention: Retention,
    left: u64,
    start: Option<i64>,
}

impl Cut {
    /// Whether `piece` goes. With the first one that stays, it is decided.
    fn takes(&mut self, piece: &Piece) -> bool {
        let is_old = self.retention.older_than_ms.is_some_and(|older_than| piece.max_timestamp < older_than);
        let left = self.left.saturating_sub(piece.bytes);
        let is_beyond = self.retention.bytes_max.is_some_and(|bytes_max| left >= bytes_max);
        if is_old || is_beyond {
            self.left = left;
            self.start = Some(piece.last_offset + 1);
        }
        is_old || is_beyond
    }
}

/// The log start of a partition with these `pieces`, oldest first, that keeps to `retention`; `None` if nothing is to go.
pub fn retention_cut(pieces: &[Piece], retention: Retention) -> Option<i64> {
    let left = pieces.iter().map(|piece| piece.bytes).sum();
    let mut cut = Cut { retention, left, start: None };
    let _ = pieces.iter().take_while(|piece| cut.takes(piece)).count();
    cut.start
}

impl Store {
    /// The log start of `partition` that keeps to `retention`, as far as runs and their blocks allow; `None` if it is to stay. Only
    /// runs that end before `until` count: the rest is the caller's to count, as what is not settled yet.
    ///
    /// # Errors
    /// As [`Store::read`]: a long run's list of blocks may have to be read.
    pub fn retention_cut(&self, partition: PartitionKey, until: i64, retention: Retention) -> Result<Option<i64>> {
        let Some((runs, log_start)) = self.served(&partition, until) else { return Ok(None) };
        let Some(first) = runs.first() else { return Ok(None) };
        let mut pieces = blocks_of(first, log_start)?;
        pieces.extend(runs[1..].iter().map(piece_of));
        // First by whole runs, then by the blocks of the first run that stays.
        let Some(stays) = first_that_stays(&runs, &pieces, retention) else { return Ok(retention_cut(&pieces, retention)) };
        if stays > 0 {
            let at = pieces.len() - (runs.len() - stays);
            let blocks = blocks_of(&runs[stays], log_start)?;
            pieces.splice(at..=at, blocks);
        }
        Ok(retention_cut(&pieces, retention))
    }

    fn served(&self, partition: &PartitionKey, until: i64) -> Option<(Vec<Placed>, i64)> {
        let index = self.index.read();
        let partition = index.partition(partition)?;
        let runs = partition.served().iter().take_while(|run| run.last_offset < until);
        Some((runs.filter_map(|run| index.place(run)).collect(), partition.log_start()))
    }
}

/// The place among `runs` of the first one that is not wholly dropped, where `pieces` are the blocks of the first and then runs.
fn first_that_stays(runs: &[Placed], pieces: &[Piece], retention: Retention) -> Option<usize> {
    let start = retention_cut(pieces, retention).unwrap_or(0);
    runs.iter().position(|placed| placed.run.last_offset >= start)
}

fn piece_of(placed: &Placed) -> Piece {
    let run = &placed.run;
    Piece { last_offset: run.last_offset, max_timestamp: run.max_timestamp, bytes: run.length.into() }
}

/// The blocks of a run that reach `log_start`.
fn blocks_of(placed: &Placed, log_start: i64) -> Result<Vec<Piece>> {
    let blocks = placed.blocks()?;
    let pieces = (blocks.containing(log_start)..blocks.count()).map(|at| {
        let block = blocks.get(at);
        Piece { last_offset: block.last_offset, max_timestamp: blocks.max_timestamp(at), bytes: block.length.into() }
    });
    Ok(pieces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(last_offset: i64, max_timestamp: i64, bytes: u64) -> Piece {
        Piece { last_offset, max_timestamp, bytes }
    }

    #[test]
    fn what_is_old_or_too_much_goes_from_the_oldest_on() {
        let pieces = [piece(9, 100, 50), piece(19, 300, 50), piece(29, 200, 50)];
        let cut = |older_than_ms, bytes_max| retention_cut(&pieces, Retention { older_than_ms, bytes_max });
        assert_eq!(cut(None, None), None);
        assert_eq!(cut(Some(100), None), None, "a timestamp that is not earlier stays");
        assert_eq!(cut(Some(101), None), Some(10));
        assert_eq!(cut(Some(250), None), Some(10), "what is young holds back what lies behind it");
        assert_eq!(cut(Some(301), None), Some(30));
        assert_eq!(cut(None, Some(101)), None, "never below the limit");
        assert_eq!(cut(None, Some(100)), Some(10));
        assert_eq!(cut(None, Some(99)), Some(10));
        assert_eq!(cut(None, Some(50)), Some(20));
        assert_eq!(cut(None, Some(0)), Some(30));
        assert_eq!(cut(Some(101), Some(50)), Some(20), "either is enough");
        assert_eq!(retention_cut(&[], Retention { older_than_ms: Some(1), bytes_max: Some(0) }), None);
    }
}
