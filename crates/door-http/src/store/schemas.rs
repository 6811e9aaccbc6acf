//! The shapes of bodies, as OpenAPI says them.

use serde_json::{Value, json};

/// All of them, by name.
pub(crate) fn all() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let number = json!({ "type": "integer", "minimum": 0 });
    let time = json!({ "type": "string", "format": "date-time" });
    let list = |name: &str| json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } });
    let types = json!({ "type": "string", "enum": ["string", "number", "boolean", "json", "binary"] });
    let settings = json!({
        "type": "object",
        "properties": {
            "versionsKept": { "type": "integer", "minimum": 1, "maximum": config::VERSIONS_MAX },
            "versionAgeMs": number,
            "auditsValues": { "type": "boolean" },
        },
        "additionalProperties": false,
    });
    let entry = |namespace: &str| {
        json!({
            "type": "object",
            "properties": {
                namespace: text, "key": text, "value": { "type": "string", "description": "binary values in Base64" },
                "type": types, "version": number, "updatedAt": time, "updatedBy": text, "position": number, "bytes": number,
            },
            "required": [namespace, "key", "type", "version", "updatedAt", "position"],
            "additionalProperties": false,
        })
    };
    let all = [
        ("Any", json!({ "type": "object" })),
        ("Text", text.clone()),
        ("Bytes", json!({ "type": "string", "format": "binary" })),
        ("Key", json!({ "type": "string", "minLength": 1, "maxLength": config::KEY_BYTES_MAX })),
        (
            "NamespacePath",
            json!({
                "type": "string", "minLength": 1, "maxLength": config::NAMESPACE_BYTES_MAX,
                "pattern": "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$",
            }),
        ),
        ("Entry", entry("namespace")),
        ("OpenEntry", entry("ns")),
        ("Entries", list("Entry")),
        ("OpenEntries", list("OpenEntry")),
        (
            "EntryWrite",
            json!({
                "type": "object",
                "properties": {
                    "value": {
                        "type": ["string", "number", "boolean", "object", "array"],
                        "description": "a string is the value as it is; anything else is written as it stands here",
                    },
                    "type": types, "comment": text,
                },
                "required": ["value"],
                "additionalProperties": false,
            }),
        ),
        (
            "Namespace",
            json!({
                "type": "object",
                "properties": {
                    "path": text, "description": maybe, "owner": maybe, "createdAt": time, "updatedAt": time,
                    "version": number, "position": number, "keys": number, "settings": settings,
                },
                "required": ["path", "description", "owner", "createdAt", "updatedAt", "version", "position", "keys", "settings"],
                "additionalProperties": false,
            }),
        ),
        ("Namespaces", list("Namespace")),
        (
            "NamespaceWrite",
            json!({
                "type": "object",
                "properties": { "description": maybe, "owner": maybe, "settings": settings, "comment": maybe },
                "additionalProperties": false,
            }),
        ),
        (
            "AuditRecord",
            json!({
                "type": "object",
                "properties": {
                    "timestamp": time, "action": text, "actor": text, "namespace": text, "key": maybe,
                    "oldValue": maybe, "newValue": maybe, "position": number, "transaction": number,
                    "closes": { "type": "boolean" }, "version": number, "replaced": number, "restored": number, "import": text,
                    "keys": number, "attempted": text, "type": types, "bytes": number, "keyId": text, "address": text,
                    "requestId": text, "comment": text, "oldHash": text, "newHash": text, "record": text, "leaf": text,
                    "omitted": { "type": "string", "enum": ["large", "gone", "hidden"] },
                },
                "required": ["timestamp", "action", "actor", "namespace", "key", "oldValue", "newValue", "position"],
                "additionalProperties": false,
            }),
        ),
        ("AuditRecords", list("AuditRecord")),
        (
            "Version",
            json!({
                "type": "object",
                "properties": {
                    "namespace": text, "key": text, "value": text, "type": types, "version": number, "updatedAt": time,
                    "updatedBy": text, "position": number, "bytes": number, "deleted": { "type": "boolean" },
                    "created": number, "restored": number, "comment": text, "hash": text,
                },
                "required": ["namespace", "key", "type", "version", "updatedAt", "position", "deleted", "hash"],
                "additionalProperties": false,
            }),
        ),
        ("Versions", list("Version")),
        ("Patch", json!({ "type": "array", "items": { "type": "object" } })),
        (
            "Difference",
            json!({
                "type": "object",
                "properties": {
                    "from": number, "to": number, "unified": maybe,
                    "patch": { "type": ["array", "null"], "items": { "type": "object" } },
                },
                "required": ["from", "to", "unified", "patch"],
                "additionalProperties": false,
            }),
        ),
        (
            "Rollback",
            json!({
                "type": "object",
                "properties": { "toVersion": { "type": "integer", "minimum": 1 }, "comment": maybe },
                "required": ["toVersion"],
                "additionalProperties": false,
            }),
        ),
        (
            "Transaction",
            json!({
                "type": "object",
                "properties": {
                    "if": { "type": "array", "items": {
                        "type": "object",
                        "properties": {
                            "namespace": text, "key": maybe, "position": number, "version": number,
                            "exists": { "type": "boolean" },
                        },
                        "required": ["namespace"],
                        "additionalProperties": false,
                    } },
                    "then": { "type": "array", "minItems": 1, "items": {
                        "type": "object",
                        "properties": {
                            "op": { "type": "string", "enum": ["put", "delete", "putNamespace", "deleteNamespace"] },
                            "namespace": text, "key": text,
                            "value": { "type": ["string", "number", "boolean", "object", "array"] }, "type": types,
                            "description": text, "owner": text, "settings": settings,
                            "position": number, "version": number, "exists": { "type": "boolean" },
                        },
                        "required": ["op", "namespace"],
                        "additionalProperties": false,
                    } },
                    "comment": maybe,
                },
                "required": ["then"],
                "additionalProperties": false,
            }),
        ),
        (
            "Committed",
            json!({
                "type": "object",
                "properties": {
                    "first": number, "position": number, "updatedAt": time, "repeated": { "type": "boolean" },
                    "changes": { "type": "array", "items": {
                        "type": "object", "properties": { "position": number, "version": number },
                        "required": ["position", "version"],
                    } },
                },
                "required": ["first", "position", "updatedAt", "repeated", "changes"],
                "additionalProperties": false,
            }),
        ),
        (
            "Imported",
            json!({
                "type": "object",
                "properties": {
                    "dryRun": { "type": "boolean" }, "items": number, "import": text, "deleted": number, "first": number,
                    "position": number, "actions": { "type": "object", "additionalProperties": number },
                },
                "required": ["dryRun", "items"],
                "additionalProperties": false,
            }),
        ),
        (
            "Checkpoint",
            json!({
                "type": "object",
                "properties": { "origin": text, "size": number, "root": text, "note": text, "verifier": text },
                "required": ["origin", "size", "root", "note", "verifier"],
                "additionalProperties": false,
            }),
        ),
        (
            "InclusionProof",
            json!({
                "type": "object",
                "properties": {
                    "position": number, "index": number, "size": number, "leaf": text, "root": text,
                    "proof": { "type": "array", "items": text },
                },
                "required": ["position", "index", "size", "leaf", "root", "proof"],
                "additionalProperties": false,
            }),
        ),
        (
            "ConsistencyProof",
            json!({
                "type": "object",
                "properties": {
                    "from": number, "to": number, "oldRoot": text, "newRoot": text, "proof": { "type": "array", "items": text },
                },
                "required": ["from", "to", "oldRoot", "newRoot", "proof"],
                "additionalProperties": false,
            }),
        ),
        (
            "Snapshot",
            json!({
                "type": "object",
                "properties": { "bytes": number, "milliseconds": number, "position": number },
                "required": ["bytes", "milliseconds", "position"],
                "additionalProperties": false,
            }),
        ),
        (
            "Event",
            json!({
                "type": "object",
                "description": "an audit record without values before, and the value after",
                "properties": { "position": number, "action": text, "namespace": text, "key": maybe, "value": text },
                "required": ["position", "action", "namespace", "key"],
            }),
        ),
        (
            "Events",
            json!({
                "type": "object",
                "properties": { "events": list("Event"), "position": number },
                "required": ["events", "position"],
            }),
        ),
        (
            "Ready",
            json!({
                "type": "object",
                "properties": {
                    "status": { "type": "string", "enum": ["ready", "not_ready"] },
                    "timestamp": time,
                    "cluster": {
                        "type": "object",
                        "properties": {
                            "role": { "type": "string", "enum": ["leader", "follower"] },
                            "leaderKnown": { "type": "boolean" }, "leader": maybe, "term": number,
                        },
                        "required": ["role", "leaderKnown", "leader", "term"],
                    },
                },
                "required": ["status", "timestamp", "cluster"],
            }),
        ),
        (
            "Problem",
            json!({
                "type": "object",
                "properties": {
                    "type": text, "title": text, "status": number,
                    "detail": { "type": "string", "description": "what is wrong, and what to do" },
                },
                "required": ["type", "title", "status", "detail"],
            }),
        ),
    ];
    Value::Object(all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect())
}
