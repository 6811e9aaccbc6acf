//! A machine over a tree in memory, with short ways to ask it.

use std::sync::Arc;

use base::{EntryId, KeyspaceId, Result};
use bytes::Bytes;
use table::{Direction, Mark, MemoryTree, Snapshot, Staged, Table, Tree};

use crate::{
    Applied, Cold, Command, Compare, CompareTarget, Comparison, DeleteRequest, Entry, Machine, Operation, Options, PutRequest,
    RangeReply, RangeRequest, Reply, Span, Txn, event::Changes,
};

pub(super) const SPACE: KeyspaceId = KeyspaceId(7);

pub(super) struct House {
    pub(super) tree: Arc<MemoryTree>,
    pub(super) table: Table,
    pub(super) machine: Machine,
    pub(super) entry: Entry,
}

pub(super) fn options() -> Options {
    Options { cache_bytes: 4096, reclaim_bytes: 1 << 40, fold_look_bytes: 0 }
}

impl House {
    pub(super) fn new() -> House {
        House::over(Arc::new(MemoryTree::default()))
    }

    pub(super) fn over(tree: Arc<MemoryTree>) -> House {
        House::open(tree, options())
    }

    pub(super) fn with(options: Options) -> House {
        House::open(Arc::new(MemoryTree::default()), options)
    }

    fn open(tree: Arc<MemoryTree>, options: Options) -> House {
        let table = Table::new(tree.clone());
        let machine = Machine::open(SPACE, table.clone(), options).expect("opens");
        House { tree, table, machine, entry: Entry { id: EntryId { term: 1, index: 1 }, time_ms: 1 } }
    }

    /// One settle, as the hall does it. `false`: nothing was reclaimed.
    pub(super) fn settle(&self, slice_bytes: usize) -> bool {
        let sealed = self.table.seal(Mark { applied: Some(self.entry.id), membership: Bytes::new() }).expect("one at a time");
        let (changes, dropped) = self.machine.reclaim(slice_bytes).expect("reclaims");
        let reclaimed = !dropped.is_empty();
        assert!(self.table.settle(sealed, changes, &dropped).expect("settles"));
        self.machine.reclaimed();
        reclaimed
    }

    /// Settles until everything before the mark is reclaimed.
    pub(super) fn reclaim_all(&self) {
        self.machine.force_reclaim();
        while self.machine.wants_reclaim() {
            self.settle(300);
        }
    }

    /// Puts everything that `from` has settled into the place of everything here, as the hall does it.
    pub(super) fn install(&mut self, from: &House) {
        let staged = copy(&*from.tree.snapshot(), &*self.tree);
        self.entry.id = staged.mark().applied.expect("something was applied");
        self.table.replace(staged).expect("replaces");
        self.machine.reload().expect("loads");
    }

    /// Every key in the tree.
    pub(super) fn tree_keys(&self) -> Vec<Bytes> {
        let snapshot = self.tree.snapshot();
        let pairs = snapshot.range(Bytes::new(), Bytes::from_static(&[0xff; 8]), Direction::Forward);
        pairs.map(|pair| pair.expect("reads").0).collect()
    }

    /// What a restart finds when everything was settled.
    pub(super) fn reopen(&self) -> House {
        self.settle(0);
        House::over(self.tree.crash_image())
    }

    pub(super) fn apply(&mut self, command: Command) -> Applied {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let decoded = Command::decode(encoded.into()).expect("decodes");
        assert_eq!(decoded, command, "encoded and decoded");
        self.entry.id.index += 1;
        self.machine.apply(self.entry, decoded)
    }

    /// Applies and reads what is owed.
    pub(super) fn run(&mut self, command: Command) -> (Result<Reply>, Vec<Changes>) {
        let command = match command {
            Command::Txn(mut txn) => {
                self.machine.witness(&mut txn, Cold::Allow).expect("may read").expect("reads");
                Command::Txn(txn)
            }
            other => other,
        };
        let applied = self.apply(command);
        assert_eq!(applied.revision, self.machine.revision());
        (applied.reply.and_then(|owed| self.resolve(owed)), applied.changes)
    }

    pub(super) fn resolve(&self, owed: crate::Owed) -> Result<Reply> {
        let owed = match self.machine.resolve(owed, Cold::Refuse) {
            Ok(reply) => return reply,
            Err(owed) => owed,
        };
        self.machine.resolve(owed, Cold::Allow).unwrap_or_else(|_| panic!("it may read"))
    }

    pub(super) fn do_it(&mut self, command: Command) -> Reply {
        self.run(command).0.expect("succeeds")
    }

    pub(super) fn put(&mut self, key: &str, value: &str) -> i64 {
        self.do_it(put(key, value));
        self.machine.revision()
    }

    pub(super) fn delete(&mut self, key: &str) -> i64 {
        self.do_it(delete(key, ""));
        self.machine.revision()
    }

    pub(super) fn fails(&mut self, command: Command) -> String {
        let before = self.machine.revision();
        let (reply, changes) = self.run(command);
        assert_eq!((self.machine.revision(), changes.len()), (before, 0), "a refusal changes nothing");
        reply.expect_err("is refused").message.into_owned()
    }

    pub(super) fn range(&self, request: &RangeRequest) -> Result<RangeReply> {
        if let Some(answer) = self.machine.range(request, Cold::Refuse) {
            let cold = self.machine.range(request, Cold::Allow).expect("may read");
            assert_eq!(answer, cold);
        }
        let (reply, header) = self.machine.range(request, Cold::Allow).expect("may read")?;
        assert_eq!(header, self.machine.revision());
        Ok(reply)
    }

    /// `key=value@mod` of a span at a revision, in the answer's order.
    pub(super) fn list(&self, request: &RangeRequest) -> String {
        match self.range(request) {
            Ok(reply) => show(&reply),
            Err(error) => error.message.into_owned(),
        }
    }

    pub(super) fn at(&self, revision: i64) -> String {
        self.list(&RangeRequest { revision, ..all() })
    }
}

/// Stages what `from` holds in `into`.
pub(super) fn copy(from: &dyn Snapshot, into: &dyn Tree) -> Staged {
    let mut stage = into.stage().expect("stages");
    for pair in from.range(Bytes::new(), Bytes::from_static(&[0xff; 8]), Direction::Forward) {
        stage.push(pair.expect("reads")).expect("takes");
    }
    stage.finish(from.mark().clone()).expect("is whole")
}

pub(super) fn show(reply: &RangeReply) -> String {
    let kvs: Vec<String> = reply
        .kvs
        .iter()
        .map(|kv| format!("{}={}@{}", String::from_utf8_lossy(&kv.key), String::from_utf8_lossy(&kv.value), kv.mod_revision))
        .collect();
    let more = if reply.more { " more" } else { "" };
    format!("{} of {}{more}", kvs.join(" "), reply.count)
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn span(key: &str, end: &str) -> Span {
    Span { key: bytes(key), range_end: bytes(end) }
}

pub(super) fn all() -> RangeRequest {
    RangeRequest { span: span("\0", "\0"), ..RangeRequest::default() }
}

pub(super) fn one(key: &str) -> RangeRequest {
    RangeRequest { span: span(key, ""), ..RangeRequest::default() }
}

pub(super) fn put_request(key: &str, value: &str) -> PutRequest {
    PutRequest { key: bytes(key), value: bytes(value), ..PutRequest::default() }
}

pub(super) fn put(key: &str, value: &str) -> Command {
    Command::Put(put_request(key, value))
}

pub(super) fn delete(key: &str, end: &str) -> Command {
    Command::Delete(DeleteRequest { span: span(key, end), prev_kv: false })
}

pub(super) fn compact(revision: i64) -> Command {
    Command::Compact { revision }
}

pub(super) fn compare(key: &str, end: &str, comparison: Comparison, target: CompareTarget) -> Compare {
    Compare { span: span(key, end), comparison, target }
}

pub(super) fn value(value: &str) -> CompareTarget {
    CompareTarget::Value { value: bytes(value), witness: None }
}

pub(super) fn txn(compare: Vec<Compare>, success: Vec<Operation>, failure: Vec<Operation>) -> Command {
    Command::Txn(Txn { compare, success, failure })
}
