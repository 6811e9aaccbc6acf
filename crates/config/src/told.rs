//! How changes and records of the audit trail are told, by whatever door: JSON objects. `docs/config.md` shows them.

use crate::{Action, Audited, Content, Record, json, value::ValueType};

/// Writes what is known of a change, all but the values; the object is not closed yet.
pub fn put_record(out: &mut Vec<u8>, record: &Record) {
    out.push(b'{');
    json::time(out, "timestamp", record.time_ms);
    json::text(out, "action", record.action.name());
    json::text(out, "actor", &record.who[0]);
    json::text(out, "namespace", &record.namespace);
    match &record.key {
        Some(key) => json::text(out, "key", key),
        None => json::null(out, "key"),
    }
    json::number(out, "position", record.position);
    json::number(out, "transaction", record.first);
    json::flag(out, "closes", record.closes);
    if record.version > 0 {
        json::number(out, "version", record.version);
    }
    if record.replaced > 0 {
        json::number(out, "replaced", record.replaced);
    }
    if record.restored > 0 {
        json::number(out, "restored", record.restored);
    }
    if record.import > 0 {
        json::text(out, "import", &format!("{:016x}", record.import));
    }
    if record.keys > 0 {
        json::number(out, "keys", record.keys);
    }
    if let Some(attempted) = record.attempted {
        json::text(out, "attempted", attempted.name());
    }
    if record.key.is_some() && record.after.is_some() {
        json::text(out, "type", record.value_type.name());
        json::number(out, "bytes", record.bytes);
    }
    for (name, text) in
        [("keyId", &record.who[1]), ("address", &record.who[2]), ("requestId", &record.request_id), ("comment", &record.comment)]
    {
        if !text.is_empty() {
            json::text(out, name, text);
        }
    }
}

fn put_hashes(out: &mut Vec<u8>, record: &Record) {
    for (name, hash) in [("oldHash", &record.before), ("newHash", &record.after)] {
        if let Some(hash) = hash {
            json::hash(out, name, hash);
        }
    }
}

/// What a line of an export shows of a record, all but the values and the bytes that are hashed.
pub fn shown(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    put_record(&mut out, record);
    put_hashes(&mut out, record);
    json::hash(&mut out, "leaf", &record.leaf_hash());
    out.push(b'}');
    out
}

/// Writes a record of the trail; `is_raw`: with the bytes that are hashed.
pub fn put_audited(out: &mut Vec<u8>, audited: &Audited, is_raw: bool) {
    let record = &audited.record;
    put_record(out, record);
    let mut omitted = None;
    let mut put = |name: &str, content: &Content, is_there: bool| match content {
        Content::Inline(value) => json::value(out, name, record.value_type, value),
        content => {
            json::null(out, name);
            match content {
                _ if !is_there => {}
                Content::Chunks(_) => omitted = Some("large"),
                Content::Gone => omitted = omitted.or(Some("gone")),
                _ => omitted = omitted.or(Some("hidden")),
            }
        }
    };
    put("oldValue", &audited.before, record.before.is_some());
    put("newValue", &audited.after, record.after.is_some());
    // Why a value that there was is not shown.
    if let Some(omitted) = omitted.filter(|_| record.key.is_some()) {
        json::text(out, "omitted", omitted);
    }
    put_hashes(out, record);
    if is_raw {
        json::value(out, "record", ValueType::Binary, &record.to_bytes());
        json::hash(out, "leaf", &record.leaf_hash());
    }
    out.push(b'}');
}

/// Writes a change as watchers are told of it.
pub fn put_event(out: &mut Vec<u8>, record: &Record, content: &Content, with_value: bool) {
    put_record(out, record);
    if record.key.is_some() && record.action != Action::ConfigDeleted {
        match content {
            Content::Inline(value) if with_value => json::value(out, "value", record.value_type, value),
            Content::Chunks(_) if with_value => json::text(out, "omitted", "large"),
            Content::Gone if with_value => json::text(out, "omitted", "gone"),
            _ => {}
        }
    }
    out.push(b'}');
}
