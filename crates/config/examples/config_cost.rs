//! What a store costs: `cargo run --profile sim -p config --example config_cost`, with a number of audit records if it is not a million.
//!
//! Prints microseconds of processor time for writes, imports, lists and reads of the audit trail.

#![expect(clippy::disallowed_methods, reason = "a measurement reads what the system says of the process")]

use std::hint::black_box;

use base::EntryId;
use bytes::Bytes;
use config::{
    AuditQuery, Cold, Command, Context, Entry, Expect, Filter, ListQuery, Machine, Operation, Options, Put, Reply, StoreId,
    Transaction, Value, ValueType, Who,
};
use table::{LsmTree, Mark, Table, TreeOptions};

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn busy_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedstat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn time<R>(name: &str, times: u64, mut work: impl FnMut(u64) -> R) {
    let start = busy_ns();
    (0..times).for_each(|number| drop(black_box(work(number))));
    let ns = busy_ns().saturating_sub(start) / times.max(1);
    println!("{name:56} {:9}.{:03} us", ns / 1_000, ns % 1_000);
}

fn settle(table: &Table, machine: &Machine) {
    if let Some(sealed) = table.seal(Mark::default()) {
        let (changes, dropped) = machine.reclaim().unwrap_or_default();
        table.settle(sealed, changes, &dropped).unwrap_or_else(|error| panic!("{error}"));
        machine.reclaimed();
        while table.tree().maintain(u64::MAX).unwrap_or(false) {}
    }
}

fn key(number: u64) -> String {
    format!("service/{:04}/setting-{number:08}", number % 977)
}

fn put(namespace: &str, number: u64, value: &Bytes) -> Operation {
    Operation::Put(Put {
        namespace: namespace.to_owned(),
        key: key(number),
        value_type: ValueType::String,
        value: Value::Inline(value.clone()),
        expect: Expect::Any,
        creates_namespace: true,
        restores: 0,
    })
}

fn context() -> Context {
    let who = Who { principal: "svc-deploy".into(), key_id: "key-7f3a".into(), address: "10.1.2.3".into() };
    Context { who, request_id: "5f0c3f9e-0000-4000-8000-0123456789ab".into(), comment: String::new() }
}

struct Store {
    table: Table,
    machine: Machine,
    index: u64,
}

impl Store {
    fn apply(&mut self, command: Command) -> Reply {
        self.index += 1;
        let entry = Entry { id: EntryId { term: 1, index: self.index }, time_ms: self.index };
        self.machine.apply(entry, command).reply.unwrap_or_else(|error| panic!("{error}"))
    }

    fn write(&mut self, operations: Vec<Operation>) {
        self.apply(Command::Write(Transaction { context: context(), operations, ..Transaction::default() }));
    }
}

fn import(store: &mut Store, keys: u64, value: &Bytes) {
    store.apply(Command::ImportBegin { import: 1, context: context() });
    let parts = (0..keys / 500).map(|part| (part * 500..(part + 1) * 500).map(|number| put("imported", number, value)).collect());
    let parts: Vec<Vec<Operation>> = parts.collect();
    let start = busy_ns();
    for (part, items) in (0..).zip(parts) {
        store.apply(Command::ImportPart { import: 1, part, items });
    }
    let staged = busy_ns();
    let (mut longest, mut command) = (0, Command::ImportCommit { import: 1 });
    loop {
        let before = busy_ns();
        let reply = store.apply(command);
        longest = longest.max(busy_ns() - before);
        if matches!(reply, Reply::Import(progress) if progress.visible.is_some()) {
            break;
        }
        command = Command::ImportAdvance { import: 1 };
    }
    let (staging, publishing) = ((staged - start) / 1_000_000, (busy_ns() - staged) / 1_000_000);
    println!("import of {keys} keys: staged in {staging} ms, visible in {publishing} ms, longest slice {} us", longest / 1_000);
}

fn main() {
    let records: u64 = std::env::args().nth(1).and_then(|records| records.parse().ok()).unwrap_or(1_000_000);
    let dir = std::env::temp_dir().join(format!("config-cost-{}", std::process::id()));
    let tree = LsmTree::open(&dir, TreeOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let table = Table::new(tree);
    let machine = Machine::open(StoreId(0), table.clone(), Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut store = Store { table, machine, index: 0 };
    let value = Bytes::from(vec![b'v'; 1_024]);
    for round in 0..4 {
        time("put of 1 KB, 100,000 keys of 10 namespaces, in order", 25_000, |number| {
            let number = round * 25_000 + number;
            store.write(vec![put(&format!("bench-{}", number % 10), number, &value)]);
        });
        settle(&store.table, &store.machine);
    }
    time("put of 1 KB over them, anywhere", 25_000, |number| {
        let number = number.wrapping_mul(7_919) % 100_000;
        store.write(vec![put(&format!("bench-{}", number % 10), number, &value)]);
    });
    settle(&store.table, &store.machine);
    let small = Bytes::from_static(b"0123456789");
    time("put of 10 bytes over them, in transactions of 100", 1_000, |batch| {
        let operations =
            (batch * 100..batch * 100 + 100).map(|number| put(&format!("bench-{}", number % 10), number % 100_000, &small));
        store.write(operations.collect());
    });
    settle(&store.table, &store.machine);
    import(&mut store, 100_000, &value);
    settle(&store.table, &store.machine);
    while store.machine.position() < records {
        let from = store.machine.position();
        store.write((from..from + 500).map(|number| put("filler", number % 50_000, &small)).collect());
        if from % 100_000 < 500 {
            settle(&store.table, &store.machine);
        }
    }
    settle(&store.table, &store.machine);
    println!("audit records: {}", store.machine.position());
    read(&store);
    let start = busy_ns();
    let again = Machine::open(StoreId(0), store.table.clone(), Options::default()).unwrap_or_else(|error| panic!("{error}"));
    println!("open with {} keys: {} ms", again.counts().keys, (busy_ns() - start) / 1_000_000);
    time("delete a namespace of 100,000 keys", 1, |_| {
        store.write(vec![Operation::DeleteNamespace { namespace: "imported".into(), expect: Expect::Any }]);
    });
    let _ = std::fs::remove_dir_all(&dir);
}

fn read(store: &Store) {
    let machine = &store.machine;
    let query = |limit, with_values| AuditQuery { limit, with_values, ..AuditQuery::default() };
    time("audit, newest 50", 1_000, |_| machine.audit(&query(50, false)));
    let of = |namespace: &str| AuditQuery { namespace: Some(namespace.into()), ..query(50, true) };
    time("audit of a namespace, newest 50, with values", 1_000, |number| machine.audit(&of(&format!("bench-{}", number % 10))));
    let by = || AuditQuery { actor: Some("svc-deploy".into()), ..query(50, false) };
    time("audit by actor, newest 50", 1_000, |_| machine.audit(&by()));
    time("audit by actor in a span of time, newest 50", 1_000, |number| {
        machine.audit(&AuditQuery { from_ms: Some(number), to_ms: Some(20_000 + number), ..by() })
    });
    let list = |limit, omits_content| ListQuery { namespace: "imported".into(), limit, omits_content, ..ListQuery::default() };
    time("list 50 of 100,000, with values", 1_000, |_| machine.list(&list(50, false), Cold::Allow));
    time("list 50 of 100,000, without", 1_000, |_| machine.list(&list(50, true), Cold::Refuse));
    time("list 100,000, with values", 1, |_| machine.list(&list(0, false), Cold::Allow));
    time("get", 100_000, |number| machine.get("imported", &key(number % 1_000), config::At::Latest, Cold::Allow));
    time("events of a namespace, next 50", 1_000, |number| {
        machine.events(number, &Filter::Namespace("bench-1".into()), 50, true)
    });
    time("checkpoint", 1_000, |_| machine.checkpoint("example"));
    time("inclusion proof", 1_000, |number| machine.inclusion_proof(number + 1, machine.position()));
    time("consistency proof", 1_000, |number| machine.consistency_proof(number + 1, machine.position()));
}
