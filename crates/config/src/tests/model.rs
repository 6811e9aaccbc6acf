//! What a store is, as naively as it can be written down.

use std::collections::BTreeMap;

use base::Kind;

use crate::{Action, Condition, Context, Expect, Hash, Operation, Refused, Settings, Transaction, Value, ValueType, sha256};

type Outcome<T> = Result<T, Kind>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) position: u64,
    pub(super) time_ms: u64,
    /// `None`: deleted.
    pub(super) value: Option<(ValueType, Value)>,
    pub(super) author: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    pub(super) versions: Vec<Version>,
}

impl Key {
    pub(super) fn live(&self) -> Option<&Version> {
        self.versions.last().filter(|version| version.value.is_some())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Namespace {
    pub(super) settings: Settings,
    pub(super) description: String,
    pub(super) version: u64,
    pub(super) updated: u64,
    pub(super) keys: BTreeMap<String, Key>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    pub(super) generation: u32,
    pub(super) namespace: Option<Namespace>,
    pub(super) audit: Vec<u64>,
    pub(super) config: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) position: u64,
    pub(super) first: u64,
    pub(super) closes: bool,
    pub(super) time_ms: u64,
    pub(super) action: Action,
    pub(super) actor: String,
    pub(super) namespace: String,
    pub(super) generation: u32,
    pub(super) key: Option<String>,
    pub(super) version: u64,
    pub(super) replaced: u64,
    /// Of values only.
    pub(super) hashes: (Option<Hash>, Option<Hash>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) paths: BTreeMap<String, Path>,
    pub(super) records: Vec<Record>,
    pub(super) chunks: BTreeMap<Hash, u64>,
    pub(super) time_ms: u64,
    first: u64,
}

fn hash_of(value: &Value) -> Hash {
    match value {
        Value::Inline(value) => sha256(value),
        Value::Chunks { hash, .. } => *hash,
    }
}

impl Model {
    pub(super) fn position(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn namespace(&self, path: &str) -> Option<&Namespace> {
        self.paths.get(path)?.namespace.as_ref()
    }

    pub(super) fn key(&self, namespace: &str, key: &str) -> Option<&Version> {
        self.namespace(namespace)?.keys.get(key)?.live()
    }

    fn expect(expect: Expect, found: Option<(u64, u64)>) -> Outcome<()> {
        let (version, position) = found.unwrap_or((0, 0));
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Present => found.is_some(),
            Expect::Version(wanted) => version == wanted,
            Expect::Position(wanted) => position == wanted,
        };
        if holds { Ok(()) } else { Err(Kind::Precondition) }
    }

    fn found(&self, namespace: &str, key: Option<&str>) -> Option<(u64, u64)> {
        match key {
            Some(key) => self.key(namespace, key).map(|version| (version.number, version.position)),
            None => self.namespace(namespace).map(|namespace| (namespace.version, namespace.updated)),
        }
    }

    fn check_condition(&self, condition: &Condition) -> Outcome<()> {
        Model::expect(condition.expect, self.found(&condition.namespace, condition.key.as_deref()))
    }

    fn check(&self, operation: &Operation, beside: &[Operation]) -> Outcome<()> {
        let found = self.found(operation.namespace(), operation.key());
        match operation {
            Operation::Put(put) => {
                Model::expect(put.expect, found)?;
                let creates =
                    |it: &Operation| matches!(it, Operation::PutNamespace { namespace, .. } if *namespace == put.namespace);
                if self.namespace(&put.namespace).is_none() && !put.creates_namespace && !beside.iter().any(creates) {
                    return Err(Kind::NotFound);
                }
                if put.value.chunks().iter().any(|chunk| !self.chunks.contains_key(chunk)) {
                    return Err(Kind::Precondition);
                }
                Ok(())
            }
            Operation::PutNamespace { expect, .. } => Model::expect(*expect, found),
            Operation::Delete { expect, .. } | Operation::DeleteNamespace { expect, .. } => {
                Model::expect(*expect, found)?;
                found.map(drop).ok_or(Kind::NotFound)
            }
        }
    }

    fn record(&mut self, context: &Context, action: Action, operation: (&str, Option<&str>), about: Record) {
        let position = self.position() + 1;
        let (namespace, key) = operation;
        let generation = self.paths.get(namespace).map_or(0, |path| path.generation);
        if let Some(path) = self.paths.get_mut(namespace) {
            path.audit.push(position);
            if matches!(action, Action::NamespaceDeleted) || (key.is_some() && action != Action::Refused) {
                path.config.push(position);
            }
        }
        self.records.push(Record {
            position,
            first: self.first,
            time_ms: self.time_ms,
            action,
            actor: context.who.principal.clone(),
            namespace: namespace.into(),
            generation,
            key: key.map(str::to_owned),
            ..about
        });
    }

    fn about() -> Record {
        Record {
            position: 0,
            first: 0,
            closes: false,
            time_ms: 0,
            action: Action::Refused,
            actor: String::new(),
            namespace: String::new(),
            generation: 0,
            key: None,
            version: 0,
            replaced: 0,
            hashes: (None, None),
        }
    }

    fn put_namespace(&mut self, context: &Context, name: &str, description: Option<&str>, settings: Option<Settings>) {
        let updated = self.position() + 1;
        let path = self.paths.entry(name.into()).or_default();
        let before = path.namespace.as_ref().map_or(0, |namespace| namespace.version);
        path.generation += u32::from(path.namespace.is_none());
        let namespace = path.namespace.get_or_insert_default();
        namespace.version += 1;
        namespace.updated = updated;
        namespace.settings = settings.unwrap_or(namespace.settings);
        namespace.description = description.unwrap_or(&namespace.description).to_owned();
        let about = Record { version: namespace.version, replaced: before, ..Model::about() };
        let action = if before == 0 { Action::NamespaceCreated } else { Action::NamespaceUpdated };
        self.record(context, action, (name, None), about);
    }

    /// `seen`: in an import, the version that is seen until it is visible, or 0: what comes after it does not count yet.
    fn change(&mut self, context: &Context, namespace: &str, key: &str, value: Option<(ValueType, Value)>, seen: Option<u64>) {
        let (position, time_ms) = (self.position() + 1, self.time_ms);
        let there = self.paths.get_mut(namespace).and_then(|path| path.namespace.as_mut()).expect("is there");
        let kept = u64::from(there.settings.versions_kept);
        let versions = &mut there.keys.entry(key.into()).or_default().versions;
        let last = versions.last();
        let number = last.map_or(0, |last| last.number) + 1;
        let live = last.filter(|last| last.value.is_some());
        let about = Record {
            version: number,
            replaced: live.map_or(0, |live| live.number),
            hashes: (
                live.and_then(|live| live.value.as_ref()).map(|(_, value)| hash_of(value)),
                value.as_ref().map(|(_, value)| hash_of(value)),
            ),
            ..Model::about()
        };
        let action = match (live, &value) {
            (_, None) => Action::ConfigDeleted,
            (None, _) => Action::ConfigCreated,
            _ => Action::ConfigUpdated,
        };
        versions.push(Version { number, position, time_ms, value, author: context.who.principal.clone() });
        versions.retain(|version| version.number + kept > seen.unwrap_or(number));
        self.record(context, action, (namespace, Some(key)), about);
    }

    fn operate(&mut self, context: &Context, operation: &Operation, seen: Option<u64>) {
        match operation {
            Operation::Put(put) => {
                if self.namespace(&put.namespace).is_none() {
                    self.put_namespace(context, &put.namespace, None, None);
                }
                self.change(context, &put.namespace, &put.key, Some((put.value_type, put.value.clone())), seen);
            }
            Operation::Delete { namespace, key, .. } => self.change(context, namespace, key, None, seen),
            Operation::PutNamespace { namespace, description, settings, .. } => {
                self.put_namespace(context, namespace, description.as_deref(), *settings);
            }
            Operation::DeleteNamespace { namespace, .. } => {
                let gone = self.paths.get_mut(namespace).and_then(|path| path.namespace.take()).expect("is there");
                let about = Record { replaced: gone.version, ..Model::about() };
                self.record(context, Action::NamespaceDeleted, (namespace, None), about);
            }
        }
    }

    fn close(&mut self) {
        self.records.last_mut().expect("something was done").closes = true;
    }

    pub(super) fn write(&mut self, transaction: &Transaction, time_ms: u64) -> Outcome<()> {
        transaction.conditions.iter().try_for_each(|condition| self.check_condition(condition))?;
        let operations = &transaction.operations;
        operations.iter().try_for_each(|operation| self.check(operation, operations))?;
        self.begin(time_ms);
        operations.iter().for_each(|operation| self.operate(&transaction.context, operation, None));
        self.close();
        Ok(())
    }

    fn begin(&mut self, time_ms: u64) {
        self.time_ms = self.time_ms.max(time_ms);
        self.first = self.position() + 1;
    }

    pub(super) fn refuse(&mut self, refused: &Refused, time_ms: u64) {
        self.begin(time_ms);
        self.record(&refused.context, Action::Refused, (&refused.namespace, refused.key.as_deref()), Model::about());
        self.close();
    }

    /// The items of an import, all at once.
    pub(super) fn import(&mut self, context: &Context, items: &[Operation], time_ms: u64) -> Outcome<()> {
        items.iter().try_for_each(|item| self.check(item, &[]))?;
        self.begin(time_ms);
        let before = self.clone();
        for item in items {
            let key = before.namespace(item.namespace()).and_then(|namespace| namespace.keys.get(item.key()?));
            let seen = key.and_then(|key| key.versions.last()).map_or(0, |last| last.number);
            self.operate(context, item, Some(seen));
        }
        self.close();
        Ok(())
    }

    /// Forgets what is too old, by each namespace's settings.
    pub(super) fn trim(&mut self, now_ms: u64) {
        for namespace in self.paths.values_mut().filter_map(|path| path.namespace.as_mut()) {
            let age_ms = namespace.settings.version_age_ms;
            let Some(upto) = now_ms.checked_sub(age_ms).filter(|_| age_ms > 0) else { continue };
            for key in namespace.keys.values_mut() {
                let is_old = |version: &Version, next: Option<&Version>| {
                    next.is_some_and(|next| next.time_ms <= upto) || (version.value.is_none() && version.time_ms <= upto)
                };
                let versions = &key.versions;
                let places = 0..versions.len();
                let kept = places.filter(|place| !is_old(&versions[*place], versions.get(place + 1)));
                key.versions = kept.map(|place| versions[place].clone()).collect();
            }
            namespace.keys.retain(|_, key| !key.versions.is_empty());
        }
    }
}
