//! A machine that writes down what it is given.

use std::sync::Arc;

use base::{EntryId, Result};
use bytes::{Buf, BufMut, Bytes};
use parking_lot::Mutex;
use table::{Direction, Mark, MemoryTree, Pair, Snapshot, Stage, Staged, Tree as _};

use crate::consensus::{Replies, Reply, StateMachine};

/// Index and content of every entry with commands.
type Lines = Vec<(u64, Bytes)>;

#[derive(Default)]
struct Book {
    lines: Lines,
    mark: Mark,
    settled: Arc<Page>,
    installed: usize,
}

/// A machine that writes down what it is given, and settles when told to.
#[derive(Default)]
pub(super) struct Ledger {
    book: Mutex<Book>,
    /// Where states are staged.
    tree: MemoryTree,
}

impl Ledger {
    /// As the next start finds it: what was settled.
    pub(super) fn restarted(&self) -> Ledger {
        let settled = self.book.lock().settled.clone();
        let book = Book { lines: settled.lines.clone(), mark: settled.mark.clone(), settled, installed: 0 };
        Ledger { book: Mutex::new(book), tree: MemoryTree::default() }
    }

    pub(super) fn lines(&self) -> Lines {
        self.book.lock().lines.clone()
    }

    /// Settles everything applied.
    pub(super) fn settle(&self) -> EntryId {
        let mut book = self.book.lock();
        book.settled = Arc::new(Page { lines: book.lines.clone(), mark: book.mark.clone() });
        book.mark.applied.expect("something was applied")
    }

    pub(super) fn installed(&self) -> usize {
        self.book.lock().installed
    }
}

impl StateMachine for Ledger {
    fn apply(&self, id: EntryId, payload: &Bytes) -> Replies {
        let mut book = self.book.lock();
        assert!(book.mark.applied < Some(id), "entries are applied in order, once");
        book.mark.applied = Some(id);
        book.lines.push((id.index, payload.clone()));
        let echo = String::from_utf8_lossy(payload).into_owned();
        Replies(vec![Reply::Refused(base::Error::new(base::Kind::Invalid, echo))])
    }

    fn note(&self, id: EntryId, membership: Option<Bytes>) {
        let mut book = self.book.lock();
        assert!(book.mark.applied < Some(id), "entries are applied in order, once");
        book.mark.applied = Some(id);
        if let Some(membership) = membership {
            book.mark.membership = membership;
        }
    }

    fn mark(&self) -> Mark {
        self.book.lock().mark.clone()
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.book.lock().settled.clone()
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        self.tree.stage()
    }

    fn install(&self, staged: Staged) -> Result<()> {
        self.tree.replace(staged)?;
        let snapshot = self.tree.snapshot();
        let pairs = snapshot.range(Bytes::new(), Bytes::from_static(&[0xff; 9]), Direction::Forward);
        let lines = pairs.map(|pair| pair.map(|(mut key, value)| (key.get_u64(), value))).collect::<Result<Lines>>()?;
        let mut book = self.book.lock();
        assert!(book.mark.applied < snapshot.mark().applied, "only what is newer is sent");
        book.mark = snapshot.mark().clone();
        book.settled = Arc::new(Page { lines: lines.clone(), mark: book.mark.clone() });
        book.lines = lines;
        book.installed += 1;
        Ok(())
    }
}

/// What was settled.
#[derive(Default)]
struct Page {
    lines: Lines,
    mark: Mark,
}

impl Snapshot for Page {
    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn get(&self, _key: &[u8]) -> Result<Option<Bytes>> {
        Ok(None)
    }

    fn range(&self, _from: Bytes, _to: Bytes, _direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        Box::new(self.lines.iter().map(|(index, line)| {
            let mut key = Vec::new();
            key.put_u64(*index);
            Ok((Bytes::from(key), line.clone()))
        }))
    }
}
