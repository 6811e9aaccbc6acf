//! A machine over a tree in memory, with short ways to ask it.

use std::sync::Arc;

use base::{EntryId, Kind, Result};
use bytes::Bytes;
use table::{Direction, Mark, MemoryTree, Table};

use crate::{
    Applied, At, AuditQuery, Cold, Command, Content, Context, Entry, Expect, Machine, Operation, Options, Progress, Put, Reply,
    Settings, StoreId, Stored, Transaction, Value, ValueType, Who, Written,
};

pub(super) const STORE: StoreId = StoreId(0);

pub(super) struct House {
    pub(super) tree: Arc<MemoryTree>,
    pub(super) table: Table,
    pub(super) machine: Machine,
    pub(super) entry: Entry,
    options: Options,
}

pub(super) fn options() -> Options {
    Options {
        cache_bytes: 4_096,
        staged_bytes_max: 1 << 20,
        answers_max: 3,
        answer_expiry_ms: 10_000,
        chunk_expiry_ms: 10_000,
        import_expiry_ms: 10_000,
        import_slice_items: 2,
    }
}

impl House {
    pub(super) fn new() -> House {
        House::with(options())
    }

    pub(super) fn with(options: Options) -> House {
        House::open(Arc::new(MemoryTree::default()), options)
    }

    fn open(tree: Arc<MemoryTree>, options: Options) -> House {
        let table = Table::new(tree.clone());
        let machine = Machine::open(STORE, table.clone(), options.clone()).expect("opens");
        House { tree, table, machine, entry: Entry { id: EntryId { term: 1, index: 0 }, time_ms: 1_000 }, options }
    }

    /// One settle, as the hall does it.
    pub(super) fn settle(&self) {
        let sealed = self.table.seal(Mark { applied: Some(self.entry.id), membership: Bytes::new() }).expect("one at a time");
        let (changes, dropped) = self.machine.reclaim().expect("reclaims");
        assert!(self.table.settle(sealed, changes, &dropped).expect("settles"));
        self.machine.reclaimed();
    }

    /// What a restart finds when everything was settled.
    pub(super) fn reopen(self) -> House {
        self.settle();
        let opened = House::open(self.tree.crash_image(), self.options);
        opened.table.set_digest(self.table.digest());
        House { entry: self.entry, ..opened }
    }

    /// Every key of the table that begins so.
    pub(super) fn family(&self, letter: u8) -> Vec<Bytes> {
        let from = Bytes::from(vec![0xff, 0xff, 0xff, 0xfe, letter]);
        let to = Bytes::from(vec![0xff, 0xff, 0xff, 0xfe, letter + 1]);
        self.table.range(from, to, Direction::Forward).map(|pair| pair.expect("reads").0).collect()
    }

    pub(super) fn apply(&mut self, command: Command) -> Applied {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let decoded = Command::decode(encoded.into()).expect("decodes");
        assert_eq!(decoded, command, "encoded and decoded");
        self.entry.id.index += 1;
        let before = self.machine.position();
        let applied = self.machine.apply(self.entry, decoded);
        assert_eq!(applied.visible, before + 1..self.machine.position() + 1);
        applied
    }

    pub(super) fn run(&mut self, command: Command) -> Result<Reply> {
        self.apply(command).reply
    }

    pub(super) fn write(&mut self, operations: Vec<Operation>) -> Result<Written> {
        self.transact(Transaction { context: context("ann"), operations, ..Transaction::default() })
    }

    pub(super) fn transact(&mut self, transaction: Transaction) -> Result<Written> {
        match self.run(Command::Write(transaction))? {
            Reply::Written(written) => Ok(written),
            other => panic!("{other:?}"),
        }
    }

    /// The position of the put.
    pub(super) fn put(&mut self, namespace: &str, key: &str, value: &str) -> u64 {
        self.write(vec![put(namespace, key, value)]).expect("writes").last
    }

    pub(super) fn refused(&mut self, operations: Vec<Operation>) -> Kind {
        let (digest, position) = (self.table.digest(), self.machine.position());
        let error = self.write(operations).expect_err("is refused");
        assert_eq!((self.table.digest(), self.machine.position()), (digest, position), "a refusal changes nothing");
        error.kind
    }

    pub(super) fn import(&mut self, import: u64, parts: Vec<Vec<Operation>>) -> Result<Reply> {
        self.run(Command::ImportBegin { import, context: context("ann") })?;
        for (part, items) in (0..).zip(parts) {
            self.run(Command::ImportPart { import, part, items })?;
        }
        self.run(Command::ImportCommit { import })
    }

    /// Advances until everything is visible.
    pub(super) fn finish(&mut self, import: u64, mut reply: Reply) -> Progress {
        loop {
            match reply {
                Reply::Import(progress) if progress.visible.is_some() => return progress,
                Reply::Import(_) => reply = self.run(Command::ImportAdvance { import }).expect("advances"),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(super) fn get(&self, namespace: &str, key: &str, at: At) -> Result<Stored> {
        let cold = self.machine.get(namespace, key, at, Cold::Allow).expect("may read");
        if let Some(warm) = self.machine.get(namespace, key, at, Cold::Refuse) {
            assert_eq!(warm, cold);
        }
        cold.map(|(stored, position)| {
            assert_eq!(position, self.machine.position());
            stored
        })
    }

    /// A current value as text.
    pub(super) fn text(&self, namespace: &str, key: &str) -> Option<String> {
        self.get(namespace, key, At::Latest).ok().map(|stored| text(&stored.content))
    }

    /// `action namespace/key` of a page.
    pub(super) fn audit(&self, query: &AuditQuery) -> Vec<String> {
        let page = self.machine.audit(query).expect("reads");
        let line = |record: crate::Record| {
            let key = record.key.map_or_else(String::new, |key| format!("/{key}"));
            format!("{} {}{key}", record.action.name(), record.namespace)
        };
        page.records.into_iter().map(|audited| line(audited.record)).collect()
    }
}

pub(super) fn text(content: &Content) -> String {
    match content {
        Content::Inline(value) => String::from_utf8_lossy(value).into_owned(),
        other => format!("{other:?}"),
    }
}

pub(super) fn context(principal: &str) -> Context {
    let who = Who { principal: principal.into(), key_id: "key-1".into(), address: "10.0.0.1".into() };
    Context { who, request_id: "r1".into(), comment: "why".into() }
}

pub(super) fn put_of(namespace: &str, key: &str, value: Value) -> Put {
    Put {
        namespace: namespace.into(),
        key: key.into(),
        value_type: ValueType::String,
        value,
        expect: Expect::Any,
        creates_namespace: true,
        restores: 0,
    }
}

pub(super) fn put(namespace: &str, key: &str, value: &str) -> Operation {
    Operation::Put(put_of(namespace, key, Value::Inline(Bytes::copy_from_slice(value.as_bytes()))))
}

pub(super) fn put_if(namespace: &str, key: &str, value: &str, expect: Expect) -> Operation {
    Operation::Put(Put { expect, ..put_of(namespace, key, Value::Inline(Bytes::copy_from_slice(value.as_bytes()))) })
}

pub(super) fn delete(namespace: &str, key: &str) -> Operation {
    Operation::Delete { namespace: namespace.into(), key: key.into(), expect: Expect::Any }
}

pub(super) fn namespace(path: &str, settings: Option<Settings>) -> Operation {
    Operation::PutNamespace { namespace: path.into(), description: None, owner: None, settings, expect: Expect::Any }
}

pub(super) fn delete_namespace(path: &str) -> Operation {
    Operation::DeleteNamespace { namespace: path.into(), expect: Expect::Any }
}

pub(super) fn all() -> AuditQuery {
    AuditQuery { limit: 1_000, ..AuditQuery::default() }
}
