//! Changes: into the table, the memory, the audit trail and its tree, in one place.

use std::sync::Arc;

use table::Table;

use crate::{
    audit::{Action, NamespaceId, Record},
    command::Changed,
    keys::Keys,
    limits::DROPS_PER_PUT,
    merkle::leaf_hash,
    record::{Draft, Meta, NamespaceState, Slot, encode_number},
    request::{Context, Put, Refused, Settings},
    state::{Namespace, Path, State, slot_bytes},
    value::{Hash, Value, ValueType, sha256},
    values::Values,
};

/// Makes the changes of one transaction, or of one slice of an import.
pub(crate) struct Writer<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) table: &'a Table,
    pub(crate) keys: Keys,
    pub(crate) values: &'a Values,
    pub(crate) context: &'a Context,
    /// Of the entry, or of the change before if that is later.
    pub(crate) time_ms: u64,
    /// The first position of the transaction.
    pub(crate) first: u64,
    /// The import that it belongs to, whose changes nobody sees yet.
    pub(crate) import: Option<u64>,
}

/// What an audit record says beside where, when and who.
#[derive(Default)]
struct Told {
    closes: bool,
    version: u64,
    replaced: u64,
    restored: u64,
    keys: u64,
    value_type: ValueType,
    bytes: u64,
    before: Option<Hash>,
    after: Option<Hash>,
    attempted: Option<Action>,
    shows_values: bool,
}

impl Writer<'_> {
    fn next(&self) -> u64 {
        self.state.position + 1
    }

    /// Writes the next audit record. Its position is the next one, which is the current one from then on.
    fn audit(&mut self, action: Action, namespace: &str, id: NamespaceId, key: Option<&str>, told: &Told) {
        let position = self.next();
        let Context { who, request_id, comment } = self.context;
        let record = Record::<&str> {
            position,
            first: self.first,
            closes: told.closes,
            time_ms: self.time_ms,
            action,
            attempted: told.attempted,
            who: [&who.principal, &who.key_id, &who.address],
            request_id,
            comment,
            namespace,
            namespace_id: id,
            key,
            version: told.version,
            replaced: told.replaced,
            restored: told.restored,
            import: self.import.unwrap_or(0),
            keys: told.keys,
            value_type: told.value_type,
            bytes: told.bytes,
            before: told.before,
            after: told.after,
            shows_values: told.shows_values,
        };
        let mut encoded = Vec::with_capacity(320);
        record.encode(&mut encoded);
        self.state.tree.append(leaf_hash(&encoded), self.table, self.keys);
        self.table.put(self.keys.audit(position), encoded.into());
        self.table.put(self.keys.by_actor(&who.principal, position), bytes::Bytes::new());
        self.table.put(self.keys.by_action(action, position), bytes::Bytes::new());
        if id.path != 0 {
            if let Some(key) = key {
                self.table.put(self.keys.by_key(id.path, key, position), bytes::Bytes::new());
            }
            self.number(namespace, action, position);
        }
        self.state.position = position;
        self.state.time_ms = self.time_ms;
    }

    /// Gives the record its place among those of its path.
    fn number(&mut self, namespace: &str, action: Action, position: u64) {
        let Some(path) = self.state.paths.get_mut(namespace) else { return };
        let record = encode_number(position);
        self.table.put(self.keys.by_namespace(path.id, path.audit_end), record.clone());
        path.audit_end += 1;
        path.hidden.audit += u64::from(self.import.is_some());
        if is_config(action) {
            self.table.put(self.keys.config(path.id, path.config_end), record);
            path.config_end += 1;
            path.hidden.config += u64::from(self.import.is_some());
        }
    }

    /// Writes a key.
    pub(crate) fn put(&mut self, put: &Put, closes: bool) -> Changed {
        self.ensure_namespace(&put.namespace);
        self.change(&put.namespace, &put.key, Some((put.value_type, &put.value)), put.restores, closes)
    }

    /// Deletes a key.
    pub(crate) fn delete(&mut self, namespace: &str, key: &str, closes: bool) -> Changed {
        self.change(namespace, key, None, 0, closes)
    }

    fn change(&mut self, namespace: &str, key: &str, value: Option<(ValueType, &Value)>, restored: u64, closes: bool) -> Changed {
        let path = self.state.paths.get(namespace).expect("the namespace was ensured or checked");
        let id = path.namespace_id();
        let there = path.namespace.as_ref().expect("the namespace was ensured or checked");
        let slot = there.keys.get(key);
        let (settings, before) = (there.state.settings, slot.map(|slot| slot.meta.clone()));
        let seen = slot.and_then(|slot| slot.at(self.state.visible)).map(|seen| seen.version);
        let live = before.as_ref().filter(|before| !before.is_deleted);
        let position = self.next();
        let mut meta = Meta {
            position,
            created: live.map_or(position, |live| live.created),
            version: before.as_ref().map_or(0, |before| before.version) + 1,
            first: before.as_ref().map_or(1, |before| before.first),
            time_ms: self.time_ms,
            bytes: value.map_or(0, |(_, value)| value.bytes()),
            value_type: value.map_or_else(ValueType::default, |(value_type, _)| value_type),
            is_deleted: value.is_none(),
            hash: value.map_or_else(Hash::default, |(_, value)| value.hash()),
        };
        self.keep(id, key, &meta, value.map(|(_, value)| value), restored);
        let told = Told {
            closes,
            version: meta.version,
            replaced: live.map_or(0, |live| live.version),
            restored,
            value_type: meta.value_type,
            bytes: meta.bytes,
            before: live.map(|live| live.hash),
            after: value.map(|_| meta.hash),
            shows_values: settings.audits_values,
            ..Told::default()
        };
        let action = match (live, value) {
            (None, Some(_)) => Action::ConfigCreated,
            (Some(_), Some(_)) => Action::ConfigUpdated,
            (_, None) => Action::ConfigDeleted,
        };
        self.drop_versions(id, key, &mut meta, seen, settings);
        let changed = Changed { position, version: meta.version };
        let step = i64::from(value.is_some()) - i64::from(live.is_some());
        self.set(namespace, key, meta, step);
        self.audit(action, namespace, id, Some(key), &told);
        changed
    }

    /// Puts a version into the table.
    fn keep(&mut self, id: NamespaceId, key: &str, meta: &Meta, value: Option<&Value>, restored: u64) {
        let draft = Draft {
            position: meta.position,
            created: meta.created,
            time_ms: meta.time_ms,
            restored,
            value_type: meta.value_type,
            hash: meta.hash,
            author: &self.context.who.principal,
            comment: &self.context.comment,
            value,
        };
        let (name, record) = (self.keys.version(id, key, meta.version), draft.encode());
        self.values.remember(name.clone(), record.clone());
        self.table.put(name, record);
        let chunks = value.map_or(&[][..], Value::chunks);
        self.state.chunks.hold_version(id, key, meta.version, chunks, self.table, self.keys);
    }

    /// Drops versions past those that the namespace keeps. `seen`: the newest one that readers see before this change. What an
    /// import adds does not count until it is visible: the next write drops what is too much then.
    fn drop_versions(&mut self, id: NamespaceId, key: &str, meta: &mut Meta, seen: Option<u64>, settings: Settings) {
        let kept = u64::from(settings.versions_kept);
        let newest = if self.import.is_some() { seen.unwrap_or(0) } else { meta.version };
        let upto = (newest + 1).saturating_sub(kept).min(meta.first + DROPS_PER_PUT);
        while meta.first < upto {
            self.drop_version(id, key, meta.first);
            meta.first += 1;
        }
    }

    pub(crate) fn drop_version(&mut self, id: NamespaceId, key: &str, version: u64) {
        let name = self.keys.version(id, key, version);
        self.values.forget(&name);
        self.table.delete(name);
        if self.state.chunks.has_versions() {
            self.state.chunks.release_version(&(id, key.into(), version), self.time_ms, self.table, self.keys);
        }
    }

    /// Makes `meta` the key's newest version. `step`: by how many keys the namespace has more now.
    fn set(&mut self, namespace: &str, key: &str, meta: Meta, step: i64) {
        let visible = self.state.visible;
        let Some(path) = self.state.paths.get_mut(namespace) else { return };
        let id = path.namespace_id();
        let Some(there) = path.namespace.as_mut() else { return };
        let slot = match there.keys.get_mut(key) {
            Some(slot) => {
                let first = meta.first;
                let earlier = std::mem::replace(&mut slot.meta, meta);
                if self.import.is_none() {
                    slot.before = None;
                } else if earlier.position <= visible {
                    slot.before = Some(Box::new(Meta { first, ..earlier }));
                }
                slot
            }
            None => {
                there.bytes += slot_bytes(key);
                self.state.key_bytes += slot_bytes(key);
                there.keys.entry(key.into()).or_insert(Slot { meta, before: None })
            }
        };
        self.table.put(self.keys.current(id, key), slot.encode());
        if self.import.is_some() {
            path.hidden.live += step;
        } else {
            there.live = there.live.saturating_add_signed(step);
            self.state.keys = self.state.keys.saturating_add_signed(step);
        }
    }

    /// Versions of a key before `first` were dropped. One that is deleted goes with its last version.
    pub(crate) fn set_first(&mut self, namespace: &str, key: &str, first: u64) {
        let Some(path) = self.state.paths.get_mut(namespace) else { return };
        let name = self.keys.current(path.namespace_id(), key);
        let Some(there) = path.namespace.as_mut() else { return };
        let Some(slot) = there.keys.get_mut(key).filter(|slot| slot.meta.first != first) else { return };
        if slot.meta.is_deleted && first > slot.meta.version {
            there.keys.remove(key);
            there.bytes -= slot_bytes(key);
            self.state.key_bytes -= slot_bytes(key);
            self.table.delete(name);
        } else {
            slot.meta.first = first;
            slot.before = None;
            self.table.put(name, slot.encode());
        }
    }

    fn ensure_namespace(&mut self, path: &str) {
        if self.state.paths.get(path).is_none_or(|path| path.namespace.is_none()) {
            self.put_namespace(path, None, None, None, false);
        }
    }

    /// Creates a namespace or changes it.
    pub(crate) fn put_namespace(
        &mut self,
        name: &str,
        description: Option<&str>,
        owner: Option<&str>,
        settings: Option<Settings>,
        closes: bool,
    ) -> Changed {
        let position = self.next();
        let path = self.path(name);
        let before = path.namespace.as_ref().map(|namespace| namespace.state.clone());
        let mut state = before.clone().unwrap_or_default();
        if let Some(description) = description {
            description.clone_into(&mut state.description);
        }
        if let Some(owner) = owner {
            owner.clone_into(&mut state.owner);
        }
        state.settings = settings.unwrap_or(state.settings);
        state.version += 1;
        (state.updated, state.updated_ms) = (position, self.time_ms);
        if before.is_none() {
            (state.created, state.created_ms) = (position, self.time_ms);
        }
        let told = Told {
            closes,
            version: state.version,
            replaced: before.as_ref().map_or(0, |before| before.version),
            before: before.as_ref().map(told_hash),
            after: Some(told_hash(&state)),
            ..Told::default()
        };
        let changed = Changed { position, version: state.version };
        let action = if before.is_some() { Action::NamespaceUpdated } else { Action::NamespaceCreated };
        let id = self.set_namespace(name, state);
        self.audit(action, name, id, None, &told);
        changed
    }

    fn path(&mut self, name: &str) -> &Path {
        if !self.state.paths.contains_key(name) {
            let id = self.state.paths.len() as u64 + 1;
            let shared: Arc<str> = name.into();
            self.state.named.insert(id, shared.clone());
            self.state.paths.insert(shared, Path::new(id));
        }
        &self.state.paths[name]
    }

    fn set_namespace(&mut self, name: &str, state: NamespaceState) -> NamespaceId {
        let path = self.state.paths.get_mut(name).expect("the path was made");
        if let Some(namespace) = &mut path.namespace {
            namespace.state = state;
        } else {
            path.generation += 1;
            path.namespace = Some(Namespace { state, ..Namespace::default() });
            self.state.namespaces += u64::from(self.import.is_none());
        }
        self.table.put(self.keys.path(name), path.record().encode());
        path.namespace_id()
    }

    /// Deletes a namespace. Its keys go with it in one piece, however many they are.
    pub(crate) fn delete_namespace(&mut self, name: &str, closes: bool) -> Changed {
        let position = self.next();
        let path = self.state.paths.get_mut(name).expect("the namespace was checked");
        let id = path.namespace_id();
        let gone = path.namespace.take().expect("the namespace was checked");
        let record = path.record().encode();
        self.table.put(self.keys.path(name), record);
        if gone.keys.is_empty() {
            self.state.buried.shrink_to_fit();
        } else {
            self.table.put(self.keys.dead(id), encode_number(gone.keys.len() as u64));
            self.state.buried.push(gone.keys);
        }
        if self.state.chunks.first_of(id).is_some() {
            self.state.dead.insert(id);
        }
        self.state.keys -= gone.live;
        self.state.key_bytes -= gone.bytes;
        self.state.namespaces -= 1;
        let told = Told {
            closes,
            replaced: gone.state.version,
            keys: gone.live,
            before: Some(told_hash(&gone.state)),
            ..Told::default()
        };
        self.audit(Action::NamespaceDeleted, name, id, None, &told);
        Changed { position, version: 0 }
    }

    /// Records an attempt that was refused.
    pub(crate) fn refuse(&mut self, refused: &Refused) -> u64 {
        // Only what was used has a number, so that attempts cannot fill memory with paths.
        let id = self.state.paths.get(refused.namespace.as_str()).map_or_else(NamespaceId::default, Path::namespace_id);
        let told = Told { closes: true, attempted: Some(refused.attempted), ..Told::default() };
        self.audit(Action::Refused, &refused.namespace, id, refused.key.as_deref(), &told);
        self.state.position
    }
}

/// Whether a record belongs to the changes of its path's keys.
pub(crate) fn is_config(action: Action) -> bool {
    matches!(action, Action::ConfigCreated | Action::ConfigUpdated | Action::ConfigDeleted | Action::NamespaceDeleted)
}

fn told_hash(state: &NamespaceState) -> Hash {
    let mut told = Vec::new();
    state.encode_told(&mut told);
    sha256(&told)
}
