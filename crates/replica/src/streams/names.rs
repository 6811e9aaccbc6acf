//! Which segments there are: records of the shard's tree. `docs/formats/stream.md` draws them.

use base::Result;
use bytes::{BufMut, Bytes, BytesMut};
use segments::{SegmentId, SegmentMeta};
use table::{Change, Direction, Snapshot};

/// As the stream machine's keys begin, with a family of their own.
const PREFIX: [u8; 4] = [0xff; 4];
const SEGMENT: u8 = b's';

fn start(family: u8) -> BytesMut {
    let mut key = BytesMut::with_capacity(PREFIX.len() + 1 + 16);
    key.put_slice(&PREFIX);
    key.put_u8(family);
    key
}

fn segment_key(id: SegmentId) -> Bytes {
    let mut key = start(SEGMENT);
    key.put_u64(id.owner);
    key.put_u64(id.sequence);
    key.freeze()
}

/// The segments that a settled state names.
pub(crate) fn live(state: &dyn Snapshot) -> Result<Vec<SegmentMeta>> {
    let (from, to) = (start(SEGMENT).freeze(), start(SEGMENT + 1).freeze());
    state.range(from, to, Direction::Forward).map(|pair| SegmentMeta::decode(&pair?.1)).collect()
}

/// What a commit changes, ascending: segments that are named from now on, and those that are not.
pub(crate) fn changes(added: &[SegmentMeta], removed: &[SegmentId]) -> Vec<Change> {
    let gone = removed.iter().map(|id| (segment_key(*id), None));
    let named = added.iter().map(|meta| (segment_key(meta.id), Some(Bytes::from(meta.encode()))));
    let mut changes: Vec<Change> = gone.chain(named).collect();
    changes.sort_by(|a, b| a.0.cmp(&b.0));
    changes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use table::{Mark, MemoryTree, Table, Tree};

    use super::*;

    #[test]
    fn what_a_commit_names_is_live_and_what_it_forgets_is_not() {
        let tree = Arc::new(MemoryTree::default());
        let table = Table::new(tree.clone());
        let meta = |sequence| SegmentMeta {
            id: SegmentId { owner: 0xA1, sequence },
            length: 10,
            data_bytes: 5,
            runs: 1,
            generation: 0,
            checksum: 7,
        };
        let commit = |added: &[SegmentMeta], removed: &[SegmentId]| {
            let sealed = table.seal(Mark::default()).expect("no settle is under way");
            assert!(table.settle(sealed, changes(added, removed), &[]).expect("settles"));
        };
        commit(&[meta(0), meta(1)], &[]);
        assert_eq!(live(&*tree.snapshot()).expect("reads"), [meta(0), meta(1)]);
        commit(&[meta(2)], &[meta(0).id]);
        assert_eq!(live(&*tree.snapshot()).expect("reads"), [meta(1), meta(2)]);
    }
}
