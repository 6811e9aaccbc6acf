//! The machine against a plain list of everything that ever happened, while settles, reclaims, restarts and crashes go on.

use std::{cmp::Ordering, collections::BTreeMap};

use bytes::Bytes;
use proptest::prelude::*;

use super::{random, support::*};
use crate::{
    Cold, Command, Compare, CompareTarget, Comparison, DeleteReply, DeleteRequest, EventKind, KeyValue, Operation,
    OperationReply, PutReply, PutRequest, RangeReply, RangeRequest, Reply, SortOrder, SortTarget, Span, Txn, TxnReply,
};

/// One change: the key's state after it, without a value if it was deleted.
#[derive(Clone, Debug)]
struct Change {
    kv: KeyValue,
    is_deletion: bool,
}

/// Everything that happened, and etcd's rules in the plainest words.
#[derive(Default)]
struct Model {
    changes: Vec<Change>,
    revision: i64,
    compacted: i64,
    leases: BTreeMap<i64, i64>,
}

type State = BTreeMap<Bytes, KeyValue>;

fn within(span: &Span, key: &Bytes) -> bool {
    match &span.range_end[..] {
        [] => *key == span.key,
        [0] => *key >= span.key,
        end => *key >= span.key && &key[..] < end,
    }
}

impl Model {
    fn new() -> Model {
        Model { revision: 1, compacted: -1, ..Model::default() }
    }

    fn state(&self, revision: i64) -> State {
        let mut state = State::new();
        for change in self.changes.iter().filter(|change| change.kv.mod_revision <= revision) {
            if change.is_deletion {
                state.remove(&change.kv.key);
            } else {
                state.insert(change.kv.key.clone(), change.kv.clone());
            }
        }
        state
    }

    fn now(&self) -> State {
        self.state(i64::MAX)
    }

    fn range(&self, request: &RangeRequest) -> Result<RangeReply, &'static str> {
        let revision = if request.revision <= 0 { self.revision } else { request.revision };
        if revision > self.revision {
            return Err("etcdserver: mvcc: required revision is a future revision");
        }
        if revision < self.compacted {
            return Err("etcdserver: mvcc: required revision has been compacted");
        }
        Ok(answer(request, &self.state(revision)))
    }

    fn put(&mut self, put: &PutRequest) -> PutReply {
        let before = self.now().remove(&put.key);
        let (mut value, mut lease) = (put.value.clone(), put.lease);
        if let Some(before) = &before {
            if put.ignore_value {
                value = before.value.clone();
            }
            if put.ignore_lease {
                lease = before.lease;
            }
        }
        let kv = KeyValue {
            key: put.key.clone(),
            create_revision: before.as_ref().map_or(self.revision + 1, |before| before.create_revision),
            mod_revision: self.revision + 1,
            version: before.as_ref().map_or(1, |before| before.version + 1),
            value,
            lease,
        };
        self.changes.push(Change { kv, is_deletion: false });
        PutReply { prev_kv: before.filter(|_| put.prev_kv) }
    }

    fn delete(&mut self, delete: &DeleteRequest) -> DeleteReply {
        let gone: Vec<KeyValue> = self.now().into_values().filter(|kv| within(&delete.span, &kv.key)).collect();
        for kv in &gone {
            let kv = KeyValue { key: kv.key.clone(), mod_revision: self.revision + 1, ..KeyValue::default() };
            self.changes.push(Change { kv, is_deletion: true });
        }
        DeleteReply { deleted: gone.len() as i64, prev_kvs: if delete.prev_kv { gone } else { Vec::new() } }
    }

    fn end_revision(&mut self, changes_before: usize) {
        if self.changes.len() > changes_before {
            self.revision += 1;
        }
    }

    fn check_put(&self, put: &PutRequest, state: &State) -> Result<(), &'static str> {
        if put.lease != 0 && !self.leases.contains_key(&put.lease) {
            return Err("etcdserver: requested lease not found");
        }
        if (put.ignore_value || put.ignore_lease) && !state.contains_key(&put.key) {
            return Err("etcdserver: key not found");
        }
        Ok(())
    }

    fn check(&self, txn: &Txn, state: &State) -> Result<(), &'static str> {
        for operation in chosen(txn, state) {
            match operation {
                Operation::Range(range) if range.revision > self.revision => {
                    return Err("etcdserver: mvcc: required revision is a future revision");
                }
                Operation::Range(range) if range.revision != 0 && range.revision < self.compacted => {
                    return Err("etcdserver: mvcc: required revision has been compacted");
                }
                Operation::Put(put) => self.check_put(put, state)?,
                Operation::Txn(txn) => self.check(txn, state)?,
                Operation::Range(_) | Operation::Delete(_) => {}
            }
        }
        Ok(())
    }

    fn txn(&mut self, txn: &Txn, before: &State) -> TxnReply {
        let mut replies = Vec::new();
        for operation in chosen(txn, before) {
            replies.push(match operation {
                Operation::Range(range) if range.revision <= 0 => OperationReply::Range(answer(range, &self.now())),
                Operation::Range(range) => OperationReply::Range(answer(range, &self.state(range.revision))),
                Operation::Put(put) => OperationReply::Put(self.put(put)),
                Operation::Delete(delete) => OperationReply::Delete(self.delete(delete)),
                Operation::Txn(txn) => OperationReply::Txn(self.txn(txn, before)),
            });
        }
        TxnReply { succeeded: holds(txn, before), replies }
    }

    fn apply(&mut self, command: &Command) -> Result<Reply, &'static str> {
        let (before, state) = (self.changes.len(), self.now());
        let reply = match command {
            Command::Put(put) => {
                self.check_put(put, &state)?;
                Reply::Put(self.put(put))
            }
            Command::Delete(delete) => Reply::Delete(self.delete(delete)),
            Command::Txn(txn) => {
                self.check(txn, &state)?;
                Reply::Txn(self.txn(txn, &state))
            }
            Command::LeaseGrant { id, ttl } => {
                if self.leases.contains_key(id) {
                    return Err("etcdserver: lease already exists");
                }
                self.leases.insert(*id, (*ttl).max(2));
                Reply::LeaseGrant { id: *id, ttl: (*ttl).max(2) }
            }
            Command::LeaseRevoke { id } => {
                self.leases.remove(id).ok_or("etcdserver: requested lease not found")?;
                self.end_lease(*id);
                Reply::Done
            }
            Command::LeaseExpire { ids, .. } => {
                for id in ids {
                    if self.leases.remove(id).is_some() {
                        let before = self.changes.len();
                        self.end_lease(*id);
                        self.end_revision(before);
                    }
                }
                return Ok(Reply::Done);
            }
            Command::Compact { revision } if *revision <= self.compacted => {
                return Err("etcdserver: mvcc: required revision has been compacted");
            }
            Command::Compact { revision } if *revision > self.revision => {
                return Err("etcdserver: mvcc: required revision is a future revision");
            }
            Command::Compact { revision } => {
                self.compacted = *revision;
                Reply::Done
            }
            Command::LeaseCheckpoint { .. } | Command::Alarm { .. } => unreachable!("not generated"),
        };
        self.end_revision(before);
        Ok(reply)
    }

    fn end_lease(&mut self, id: i64) {
        for kv in self.now().into_values().filter(|kv| kv.lease == id) {
            self.delete(&DeleteRequest { span: Span { key: kv.key, range_end: Bytes::new() }, prev_kv: false });
        }
    }
}

fn chosen<'a>(txn: &'a Txn, state: &State) -> &'a [Operation] {
    if holds(txn, state) { &txn.success } else { &txn.failure }
}

fn holds(txn: &Txn, state: &State) -> bool {
    txn.compare.iter().all(|compare| {
        let kvs: Vec<&KeyValue> = state.values().filter(|kv| within(&compare.span, &kv.key)).collect();
        match (&compare.target, kvs.is_empty()) {
            (CompareTarget::Value { .. }, true) => false,
            (_, true) => compare_holds(compare, &KeyValue::default()),
            (_, false) => kvs.into_iter().all(|kv| compare_holds(compare, kv)),
        }
    })
}

fn compare_holds(compare: &Compare, kv: &KeyValue) -> bool {
    let order = match &compare.target {
        CompareTarget::Version(number) => kv.version.cmp(number),
        CompareTarget::Create(number) => kv.create_revision.cmp(number),
        CompareTarget::Mod(number) => kv.mod_revision.cmp(number),
        CompareTarget::Lease(number) => kv.lease.cmp(number),
        CompareTarget::Value { value, .. } => kv.value.cmp(value),
    };
    match compare.comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::Less => order == Ordering::Less,
    }
}

fn answer(request: &RangeRequest, state: &State) -> RangeReply {
    let mut kvs: Vec<KeyValue> = state.values().filter(|kv| within(&request.span, &kv.key)).cloned().collect();
    let count = kvs.len() as i64;
    if request.count_only {
        return RangeReply { kvs: Vec::new(), more: false, count };
    }
    let limit = if request.limit <= 0 { usize::MAX } else { request.limit as usize };
    let has_filters =
        [request.min_mod_revision, request.max_mod_revision, request.min_create_revision, request.max_create_revision] != [0; 4];
    if request.sort_order == SortOrder::None && !has_filters {
        kvs.truncate(limit.saturating_add(1));
    }
    kvs.retain(|kv| {
        (request.min_mod_revision == 0 || kv.mod_revision >= request.min_mod_revision)
            && (request.max_mod_revision == 0 || kv.mod_revision <= request.max_mod_revision)
            && (request.min_create_revision == 0 || kv.create_revision >= request.min_create_revision)
            && (request.max_create_revision == 0 || kv.create_revision <= request.max_create_revision)
    });
    kvs.sort_by(|a, b| {
        let order = match request.sort_target {
            SortTarget::Key => a.key.cmp(&b.key),
            SortTarget::Version => a.version.cmp(&b.version),
            SortTarget::Create => a.create_revision.cmp(&b.create_revision),
            SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
            SortTarget::Value => a.value.cmp(&b.value),
        };
        if request.sort_order == SortOrder::Descend { order.reverse() } else { order }
    });
    let more = kvs.len() > limit;
    kvs.truncate(limit);
    if request.keys_only {
        for kv in &mut kvs {
            kv.value = Bytes::new();
            if request.sort_target != SortTarget::Value {
                kv.lease = 0;
            }
        }
    }
    RangeReply { kvs, more, count }
}

/// Compares everything that can be asked.
fn check_all(house: &House, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(house.machine.revision(), model.revision);
    for revision in model.compacted.max(1) - 1..=model.revision + 1 {
        let request = RangeRequest { revision, ..all() };
        same(house.range(&request).map_err(|error| error.message.into_owned()), model.range(&request))?;
        for key in random::KEYS {
            let request =
                RangeRequest { revision, span: Span { key: Bytes::from_static(key), range_end: Bytes::new() }, ..all() };
            same(house.range(&request).map_err(|error| error.message.into_owned()), model.range(&request))?;
        }
    }
    let state = model.now();
    let bytes: usize = state.values().map(|kv| kv.key.len() + kv.value.len()).sum();
    prop_assert_eq!(house.machine.size(), (state.len() as u64, bytes as u64));
    prop_assert_eq!(house.machine.leases(), model.leases.keys().copied().collect::<Vec<_>>());
    for id in model.leases.keys() {
        let keys: Vec<Bytes> = state.values().filter(|kv| kv.lease == *id).map(|kv| kv.key.clone()).collect();
        prop_assert_eq!(house.machine.lease(*id).map(|lease| lease.keys), Some(keys));
    }
    check_history(house, model)
}

fn check_history(house: &House, model: &Model) -> Result<(), TestCaseError> {
    let from = model.compacted.max(1);
    let (mut told, mut next) = (Vec::new(), from);
    while next <= model.revision {
        let (changes, upto) = house.machine.history(next, model.revision, &all().span, 40).expect("is there");
        prop_assert!(upto >= next);
        told.extend(changes.into_iter().flat_map(|changes| changes.events));
        next = upto + 1;
    }
    let want: Vec<&Change> = model.changes.iter().filter(|change| change.kv.mod_revision >= from).collect();
    prop_assert_eq!(told.len(), want.len());
    for (event, want) in told.into_iter().zip(want) {
        prop_assert_eq!(&event.kv, &want.kv);
        prop_assert_eq!(event.kind == EventKind::Delete, want.is_deletion);
        let twice = |change: &&Change| change.kv.mod_revision == want.kv.mod_revision && change.kv.key == want.kv.key;
        if model.changes.iter().filter(twice).count() > 1 {
            continue;
        }
        let before = want.kv.mod_revision - 1;
        let prev = if before < model.compacted { None } else { model.state(before).remove(&want.kv.key) };
        let found = event.prev.and_then(|prev| house.machine.previous(&event.kv.key, prev).expect("reads"));
        prop_assert_eq!(found, prev, "before {:?}", want.kv);
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(has: Result<T, String>, wants: Result<T, &'static str>) -> Result<(), TestCaseError> {
    prop_assert_eq!(has, wants.map_err(str::to_owned));
    Ok(())
}

/// A machine under test, the log since its tree was made, and one that is left alone.
struct Trial {
    house: House,
    calm: House,
    model: Model,
    log: Vec<(u64, Command)>,
}

impl Trial {
    fn command(&mut self, command: Command) -> Result<(), TestCaseError> {
        let command = self.witnessed(command);
        self.log.push((self.house.entry.id.index + 1, command.clone()));
        let wants = self.model.apply(&command);
        let twin = self.calm.apply(command.clone());
        let applied = self.house.apply(command);
        prop_assert_eq!(applied.revision, self.model.revision);
        prop_assert_eq!(&applied.changes.len(), &twin.changes.len());
        let has = applied.reply.and_then(|owed| self.house.resolve(owed)).map_err(|error| error.message.into_owned());
        same(has, wants)
    }

    fn witnessed(&self, command: Command) -> Command {
        let Command::Txn(mut txn) = command else { return command };
        self.house.machine.witness(&mut txn, Cold::Allow).expect("may read").expect("reads");
        Command::Txn(txn)
    }

    /// Comes back with what the tree holds, and applies the log after it again.
    fn crash(&mut self) {
        let tree = self.house.tree.crash_image();
        let settled = table::Tree::snapshot(&*tree).mark().applied.map_or(0, |id| id.index);
        let mut house = House::over(tree);
        house.entry.id.index = settled;
        for (index, command) in &self.log {
            if *index > settled {
                house.entry.id.index = *index - 1;
                house.apply(command.clone());
            }
        }
        house.entry.id.index = self.house.entry.id.index;
        self.house = house;
    }

    fn step(&mut self, step: random::Step) -> Result<(), TestCaseError> {
        match step {
            random::Step::Command(command) => self.command(command)?,
            random::Step::Compact(back) => {
                let revision = self.model.revision - back;
                self.command(Command::Compact { revision })?;
            }
            random::Step::Range(request) => {
                let has = self.house.range(&request).map_err(|error| error.message.into_owned());
                same(has, self.model.range(&request))?;
                self.chunks(&request)?;
            }
            random::Step::Settle(bytes) => {
                self.house.settle(bytes);
            }
            random::Step::Reclaim(bytes) => {
                self.house.machine.force_reclaim();
                self.house.settle(bytes);
            }
            random::Step::Restart => {
                let index = self.house.entry.id.index;
                self.house = self.house.reopen();
                self.house.entry.id.index = index;
            }
            random::Step::Crash => self.crash(),
            random::Step::Check => {
                check_all(&self.house, &self.model)?;
                prop_assert_eq!(self.house.machine.hash_kv(0), self.calm.machine.hash_kv(0));
            }
        }
        Ok(())
    }

    fn chunks(&self, request: &RangeRequest) -> Result<(), TestCaseError> {
        let (mut whole, mut ended) = (RangeReply::default(), false);
        let told = self.house.machine.range_chunks(request, 4, &mut |part, _| {
            assert!(!ended);
            whole.kvs.extend(part.kvs);
            whole.more |= part.more;
            whole.count += part.count;
            true
        });
        ended = true;
        let has = told.map(|()| whole).map_err(|error| error.message.into_owned());
        prop_assert!(ended);
        same(has, self.model.range(request))
    }
}

fn run(steps: Vec<random::Step>) -> Result<(), TestCaseError> {
    let mut trial = Trial { house: House::new(), calm: House::new(), model: Model::new(), log: Vec::new() };
    for step in steps {
        trial.step(step)?;
    }
    trial.step(random::Step::Check)?;
    trial.step(random::Step::Crash)?;
    trial.step(random::Step::Check)?;
    trial.house.reclaim_all();
    trial.step(random::Step::Restart)?;
    trial.step(random::Step::Check)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn does_what_the_plain_list_says(steps in proptest::collection::vec(random::step(), 1..120)) {
        run(steps)?;
    }
}
