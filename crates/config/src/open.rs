//! Loading a store from what is settled.

use std::{collections::BTreeMap, sync::Arc};

use base::Result;
use bytes::Bytes;
use table::{Direction, Table};

use crate::{
    audit::{NamespaceId, Record},
    bugs::{Bug, planted},
    command::Command,
    error::damaged,
    import::PUBLISHING,
    keys::{Keys, Span, first_number, hash_of, last_number, namespace_of, part_of, text_of, version_of},
    merkle::leaf_hash,
    record::{Answer, Finished, PathRecord, Publishing, Slot, decode_chunk, decode_held, decode_import, decode_number},
    state::{Hidden, Import, Namespace, Path, State, slot_bytes},
    tree::Frontier,
};

/// The state, and how many keys of namespaces that are gone wait to be dropped.
pub(crate) fn read(table: &Table, keys: Keys) -> Result<(State, u64)> {
    let mut state = State::default();
    load_position(table, keys, &mut state)?;
    load_paths(table, keys, &mut state)?;
    load_current(table, keys, &mut state)?;
    load_ordinals(table, keys, &mut state)?;
    load_chunks(table, keys, &mut state)?;
    for pair in all(table, keys.all_answers()).filter(|_| !planted(Bug::AnswersForgotten)) {
        state.answers.load(Answer::decode(pair?.1)?);
    }
    load_imports(table, keys, &mut state)?;
    let leaf = |index: u64| {
        let record = table.get(&keys.audit(index + 1))?.ok_or_else(|| damaged("a record of the audit trail is missing"))?;
        Ok(leaf_hash(&record))
    };
    state.tree = Frontier::load(state.position, table, keys, leaf)?;
    let mut droppable = 0;
    for pair in all(table, keys.all_dead()) {
        droppable += decode_number(pair?.1)?;
    }
    Ok((state, droppable))
}

fn all(table: &Table, (from, to): Span) -> impl Iterator<Item = Result<(Bytes, Bytes)>> {
    table.range(from, to, Direction::Forward)
}

fn load_position(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    let (from, to) = keys.all_audit();
    if let Some(last) = table.range(from, to, Direction::Backward).next() {
        let record = Record::decode(last?.1)?;
        (state.position, state.time_ms) = (record.position, record.time_ms);
    }
    let publishing = table.get(&keys.mark(PUBLISHING))?;
    state.publishing = publishing.map(Publishing::decode).transpose()?;
    state.visible = state.publishing.map_or(state.position, |publishing| publishing.before);
    Ok(())
}

fn load_paths(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    for pair in all(table, keys.all_paths()) {
        let (table_key, record) = pair?;
        let name: Arc<str> = text_of(&table_key).ok_or_else(|| damaged("the path of a namespace cannot be read"))?.into();
        let record = PathRecord::decode(record)?;
        let mut path = Path { generation: record.generation, ..Path::new(record.id) };
        path.namespace = record.state.map(|state| Namespace { state, ..Namespace::default() });
        state.namespaces += u64::from(path.at(state.visible).is_some());
        state.named.insert(path.id, name.clone());
        state.paths.insert(name, path);
    }
    for pair in all(table, keys.all_trimmed()) {
        let (table_key, record) = pair?;
        let name = first_number(&table_key).and_then(|path| state.named.get(&path));
        if let Some(path) = name.and_then(|name| state.paths.get_mut(name)) {
            path.trimmed = decode_number(record)?;
        }
    }
    Ok(())
}

fn load_current(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    let visible = state.visible;
    let mut gathered: BTreeMap<NamespaceId, Vec<(Box<str>, Slot)>> = BTreeMap::new();
    for pair in all(table, keys.all_current()) {
        let (table_key, record) = pair?;
        let unreadable = || damaged("the name of a key cannot be read");
        let (id, key) = namespace_of(&table_key).ok_or_else(unreadable)?;
        let key = std::str::from_utf8(key).map_err(|_| unreadable())?;
        let mut slot = Slot::decode(record)?;
        if slot.meta.position <= visible {
            slot.before = None;
        }
        gathered.entry(id).or_default().push((key.into(), slot));
    }
    for (id, slots) in gathered {
        let Some(path) = state.named.get(&id.path).and_then(|name| state.paths.get_mut(name)) else { continue };
        // Those of a namespace that is gone wait to be dropped.
        if path.namespace_id() != id {
            continue;
        }
        let Some(namespace) = path.namespace.as_mut() else { continue };
        let is_live = |meta: &crate::record::Meta| !meta.is_deleted;
        let live = slots.iter().filter(|(_, slot)| slot.at(visible).is_some_and(is_live)).count() as u64;
        let after = slots.iter().filter(|(_, slot)| is_live(&slot.meta)).count() as u64;
        namespace.live = live;
        path.hidden.live = after.cast_signed() - live.cast_signed();
        state.keys += live;
        namespace.bytes = slots.iter().map(|(key, _)| slot_bytes(key)).sum();
        state.key_bytes += namespace.bytes;
        // From what is in order a map is built at once.
        namespace.keys = slots.into_iter().collect();
    }
    Ok(())
}

/// The end of an index that counts, and how many of its last entries are not visible.
fn load_end(table: &Table, (from, to): Span, visible: u64) -> Result<(u64, u64)> {
    let (mut end, mut hidden) = (0, 0);
    for pair in table.range(from, to, Direction::Backward) {
        let (table_key, record) = pair?;
        let ordinal = last_number(&table_key).ok_or_else(|| damaged("the place of a record cannot be read"))?;
        end = end.max(ordinal + 1);
        if decode_number(record)? <= visible {
            break;
        }
        hidden += 1;
    }
    Ok((end, hidden))
}

fn load_ordinals(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    let visible = state.visible;
    for path in state.paths.values_mut() {
        let audit = (keys.by_namespace(path.id, 0), keys.by_namespace(path.id + 1, 0));
        let config = (keys.config(path.id, 0), keys.config(path.id + 1, 0));
        let (hidden_audit, hidden_config);
        (path.audit_end, hidden_audit) = load_end(table, audit, visible)?;
        (path.config_end, hidden_config) = load_end(table, config, visible)?;
        path.hidden = Hidden { audit: hidden_audit, config: hidden_config, ..path.hidden };
    }
    Ok(())
}

fn load_chunks(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    for pair in all(table, keys.all_chunks_known()) {
        let (table_key, record) = pair?;
        let hash = hash_of(&table_key).ok_or_else(|| damaged("the name of a chunk cannot be read"))?;
        let (bytes, time_ms) = decode_chunk(record)?;
        state.chunks.load(hash, bytes, time_ms);
    }
    for pair in all(table, keys.all_held()) {
        let (table_key, record) = pair?;
        let name = version_of(&table_key).ok_or_else(|| damaged("the name of a version cannot be read"))?;
        state.chunks.load_held((name.0, name.1.into(), name.2), decode_held(record)?);
    }
    for id in state.chunks.namespaces() {
        let path = state.named.get(&id.path).and_then(|name| state.paths.get(name));
        if path.is_none_or(|path| path.namespace.is_none() || path.namespace_id() != id) {
            state.dead.insert(id);
        }
    }
    Ok(())
}

fn load_imports(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    for pair in all(table, keys.all_imports()) {
        let (table_key, record) = pair?;
        let import = first_number(&table_key).ok_or_else(|| damaged("the number of an import cannot be read"))?;
        let (begun_ms, context) = decode_import(record)?;
        state.imports.insert(import, Import { context, begun_ms, parts: BTreeMap::new(), items: 0 });
    }
    for pair in all(table, keys.all_finished()) {
        let finished = Finished::decode(pair?.1)?;
        state.finished.insert(finished.last, finished);
    }
    for pair in all(table, keys.all_parts()) {
        let (table_key, record) = pair?;
        let (import, part) = part_of(&table_key).ok_or_else(|| damaged("the number of a part cannot be read"))?;
        let length = record.len();
        let Command::ImportPart { items, .. } = Command::decode(Bytes::copy_from_slice(&record))? else {
            return Err(damaged("a part of an import is another command"));
        };
        state.stage(import, part, items, length);
    }
    Ok(())
}
