//! The table of all routes: what is served, who may ask for it, and what is told of it.

use std::sync::OnceLock;

use axum::http::{Method, StatusCode};

use super::{
    audit, entries, health, history, list, namespaces, openapi, proofs,
    routes::{Access, Answer, BodyOf, Handler, Parameter, Route, Type},
    snapshot, transaction, transfer, watch,
};

use crate::keys::Operation as Right;

const NAMESPACE: &str = "/api/v1/namespaces/{ns}";
const KEYS: &str = "/api/v1/namespaces/{ns}/config";
const KEY: &str = "/api/v1/namespaces/{ns}/config/{key}";

const VERSIONS: &str = "/api/v1/namespaces/{ns}/config/{key}/versions";
const DIFF: &str = "/api/v1/namespaces/{ns}/config/{key}/diff";
const ROLLBACK: &str = "/api/v1/namespaces/{ns}/config/{key}/rollback";

const JSON: &str = "application/json";

const fn query(name: &'static str, kind: Type, says: &'static str) -> Parameter {
    Parameter { name, kind, says }
}

const CONSISTENCY: Parameter = query(
    "consistency",
    Type::OneOf(&["linearizable", "local"]),
    "linearizable (the default): all that was acknowledged before; local: what this node has applied, without asking others",
);
const AT: Parameter = query("at", Type::Text, "a position (42), a version (v3) or a time (2026-01-31T12:00:00Z); left out: now");
const PREFIX: Parameter = query("prefix", Type::Text, "only those whose names begin so");
const WAIT: Parameter = query("wait", Type::Text, "how long to wait for a change, such as 30s; at most 5 minutes");
const SINCE: Parameter = query("since", Type::Number, "the position that the client has: what comes after it is wanted");
const INDEX: Parameter = query("index", Type::Number, "the same as since");
const CURSOR: Parameter = query("cursor", Type::Text, "the X-Next-Cursor of the page before");
const LIMIT: Parameter = query("limit", Type::Limit, "at most so many; left out: all of them, at one moment");
const PAGE: Parameter = query("limit", Type::Limit, "at most so many, 1 to 1,000; left out: 50");
const PAGE_100: Parameter = query("limit", Type::Limit, "at most so many, 1 to 1,000; left out: 100");
const NO_VALUES: Parameter = query("values", Type::Flag, "1: with values");
const FROM_VERSION: Parameter = query("from", Type::Number, "a version; left out: the one before; 0: nothing");
const TO_VERSION: Parameter = query("to", Type::Number, "a version; left out: the last one");
const FORMAT: Parameter =
    query("format", Type::OneOf(transfer::Format::NAMES), "if the content type does not say it; left out: jsonl");
const EXPORTED: Parameter = query("namespace", Type::Text, "only this namespace; for variables it must be said");
const EXPORTED_BELOW: Parameter = query("below", Type::Text, "only namespaces that are this path or lie below it");
const INTO: Parameter = query("namespace", Type::Text, "the namespace of keys that do not say theirs");
const MODE: Parameter =
    query("mode", Type::OneOf(&["merge", "replace"]), "replace: other keys of the namespaces that are named go; left out: merge");
const DRY_RUN: Parameter = query("dryRun", Type::Flag, "1: only tell what it would do");
const VALUES: Parameter = query("values", Type::Flag, "0: without values");
const COMMENT: Parameter = query("comment", Type::Text, "why; it goes into the audit trail");
const TYPE: Parameter =
    query("type", Type::OneOf(&["string", "number", "boolean", "json", "binary"]), "what the value is, if the body does not say");

const IF_MATCH: Parameter = query("If-Match", Type::Text, "the ETag that it must have; *: it must be there");
const IF_NONE_MATCH: Parameter = query("If-None-Match", Type::Text, "the ETag that the client has: 304 if it still has it");
const ABSENT: Parameter = query("If-None-Match", Type::Text, "*: it must not be there");
const IDEMPOTENCY: Parameter =
    query("Idempotency-Key", Type::Text, "a request that comes again under it within a day is answered as the first time");
const PREFER: Parameter = query("Prefer", Type::Text, "forward: this node asks the leader, rather than to answer 307");

const WRITE_HEADERS: &[Parameter] = &[IF_MATCH, ABSENT, IDEMPOTENCY, PREFER];

const ENTRY: &[(&str, &str)] = &[(JSON, "Entry")];
const ENTRY_FORMS: &[(&str, &str)] =
    &[(JSON, "Entry"), ("application/yaml", "Any"), ("text/plain", "Text"), ("application/octet-stream", "Bytes")];

const DIFFERENCES: &[(&str, &str)] = &[(JSON, "Difference"), ("text/plain", "Text"), ("application/json-patch+json", "Patch")];
const EXPORTS: &[(&str, &str)] = &[("application/x-ndjson", "Text"), ("application/yaml", "Any"), ("text/plain", "Text")];

const fn ok(says: &'static str, forms: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: StatusCode::OK, says, forms }
}

const NO_CONTENT: Answer = Answer { status: StatusCode::NO_CONTENT, says: "it is gone", forms: &[] };
const NOT_MODIFIED: Answer = Answer { status: StatusCode::NOT_MODIFIED, says: "it is as the client has it", forms: &[] };
const AWAY: Answer =
    Answer { status: StatusCode::TEMPORARY_REDIRECT, says: "another node leads the store: repeat it at Location", forms: &[] };

const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const GONE: StatusCode = StatusCode::GONE;
const FAILED: StatusCode = StatusCode::PRECONDITION_FAILED;
const TOO_LARGE: StatusCode = StatusCode::PAYLOAD_TOO_LARGE;
const MEDIA: StatusCode = StatusCode::UNSUPPORTED_MEDIA_TYPE;
const UNACCEPTABLE: StatusCode = StatusCode::NOT_ACCEPTABLE;
const OUT_OF_RANGE: StatusCode = StatusCode::RANGE_NOT_SATISFIABLE;
const SLOW: StatusCode = StatusCode::REQUEST_TIMEOUT;

/// A route that only reads, with nothing told of it yet.
fn route(method: Method, path: &'static str, name: &'static str, access: Access, handler: Handler) -> Route {
    Route {
        method,
        path,
        name,
        group: "",
        summary: "",
        access,
        query: &[],
        headers: &[],
        body: None,
        answers: Vec::new(),
        problems: &[],
        handler,
    }
}

/// All routes, those that are asked most first.
pub(crate) fn routes() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| [of_keys(), of_watching(), of_namespaces(), of_audit(), of_the_door()].into_iter().flatten().collect())
}

fn of_keys() -> Vec<Route> {
    vec![
        Route {
            group: "keys",
            summary: "Read a key",
            query: &[CONSISTENCY, AT, WAIT, SINCE, INDEX],
            headers: &[IF_NONE_MATCH],
            answers: vec![ok("the key; its ETag is its position", ENTRY_FORMS), NOT_MODIFIED],
            problems: &[NOT_FOUND, UNACCEPTABLE, GONE, OUT_OF_RANGE],
            ..route(Method::GET, KEY, "getEntry", Access::Here(Right::Read), entries::get)
        },
        Route {
            group: "keys",
            summary: "Write a key; its namespace is created if it is not there",
            query: &[TYPE, COMMENT],
            headers: WRITE_HEADERS,
            body: Some(BodyOf {
                is_required: true,
                forms: &[(JSON, "EntryWrite"), ("text/plain", "Text"), ("application/octet-stream", "Bytes")],
            }),
            answers: vec![ok("the key as it is now", ENTRY), AWAY],
            problems: &[CONFLICT, FAILED, TOO_LARGE, MEDIA, SLOW],
            ..route(Method::PUT, KEY, "putEntry", Access::Here(Right::Write), entries::put)
        },
        Route {
            group: "keys",
            summary: "Delete a key",
            query: &[COMMENT],
            headers: WRITE_HEADERS,
            answers: vec![NO_CONTENT, AWAY],
            problems: &[NOT_FOUND, CONFLICT, FAILED],
            ..route(Method::DELETE, KEY, "deleteEntry", Access::Here(Right::Write), entries::delete)
        },
        Route {
            group: "keys",
            summary: "Read all keys of a namespace, or a page of them",
            query: &[CONSISTENCY, PREFIX, CURSOR, LIMIT, VALUES],
            answers: vec![ok("the keys in order", &[(JSON, "Entries")])],
            problems: &[NOT_FOUND],
            ..route(Method::GET, KEYS, "listEntries", Access::Here(Right::Read), list::entries)
        },
        Route {
            group: "keys",
            summary: "The versions of a key that are kept, the newest first",
            query: &[CONSISTENCY, PAGE_100, CURSOR, NO_VALUES],
            answers: vec![ok("versions; also of a key that was deleted", &[(JSON, "Versions")])],
            problems: &[NOT_FOUND],
            ..route(Method::GET, VERSIONS, "listVersions", Access::Here(Right::Read), history::versions)
        },
        Route {
            group: "keys",
            summary: "What changed between two versions",
            query: &[CONSISTENCY, FROM_VERSION, TO_VERSION],
            answers: vec![ok("as text, and as a JSON Patch if both are JSON", DIFFERENCES)],
            problems: &[NOT_FOUND, GONE, OUT_OF_RANGE, TOO_LARGE],
            ..route(Method::GET, DIFF, "diffVersions", Access::Here(Right::Read), history::difference)
        },
        Route {
            group: "keys",
            summary: "Write the value of an earlier version again: a new version",
            query: &[CONSISTENCY, COMMENT],
            headers: WRITE_HEADERS,
            body: Some(BodyOf { is_required: true, forms: &[(JSON, "Rollback")] }),
            answers: vec![ok("the key as it is now", ENTRY), AWAY],
            problems: &[NOT_FOUND, CONFLICT, GONE, FAILED, TOO_LARGE, SLOW, OUT_OF_RANGE],
            ..route(Method::POST, ROLLBACK, "rollBack", Access::Here(Right::Write), history::rollback)
        },
        Route {
            group: "keys",
            summary: "Change many keys and namespaces together, if all conditions hold",
            headers: &[IDEMPOTENCY, PREFER],
            query: &[COMMENT],
            body: Some(BodyOf { is_required: true, forms: &[(JSON, "Transaction")] }),
            answers: vec![ok("what was done", &[(JSON, "Committed")]), AWAY],
            problems: &[NOT_FOUND, CONFLICT, FAILED, TOO_LARGE, MEDIA, SLOW],
            ..route(Method::POST, "/api/v1/txn", "commit", Access::Somewhere(Right::Read), transaction::commit)
        },
        Route {
            group: "transfer",
            summary: "Give keys out: JSON lines, YAML, or variables",
            query: &[CONSISTENCY, FORMAT, EXPORTED, EXPORTED_BELOW, PREFIX],
            answers: vec![ok("keys, namespace by namespace", EXPORTS)],
            problems: &[NOT_FOUND],
            ..route(Method::GET, "/api/v1/export", "exportEntries", Access::Somewhere(Right::Read), transfer::export)
        },
        Route {
            group: "transfer",
            summary: "Take keys in, all at one moment or not at all",
            query: &[FORMAT, INTO, MODE, DRY_RUN, COMMENT],
            headers: &[PREFER],
            body: Some(BodyOf { is_required: true, forms: EXPORTS }),
            answers: vec![ok("what was done, or would be", &[(JSON, "Imported")]), AWAY],
            problems: &[CONFLICT, TOO_LARGE, SLOW],
            ..route(Method::POST, "/api/v1/import", "importEntries", Access::Somewhere(Right::Write), transfer::import)
        },
        Route {
            group: "keys",
            summary: "Read all keys of all namespaces; served only where http-open-configs is set",
            query: &[CONSISTENCY],
            answers: vec![ok("all keys", &[(JSON, "OpenEntries")])],
            problems: &[NOT_FOUND],
            ..route(Method::GET, "/api/v1/configs", "listAllEntries", Access::Anybody, list::configs)
        },
    ]
}

const LAST_EVENT: Parameter = query("Last-Event-ID", Type::Text, "the same as since; browsers send it by themselves");
const WATCHED: Parameter = query("namespace", Type::Text, "the namespace to watch, or that of the key or prefix");
const BELOW: Parameter = query("below", Type::Text, "a path: all namespaces that are it or lie below it");

fn of_watching() -> Vec<Route> {
    vec![Route {
        group: "watch",
        summary: "Changes as they come, from any position on: a stream of events, or, with wait, one answer",
        query: &[CONSISTENCY, WATCHED, BELOW, OF_KEY, PREFIX, SINCE, WAIT, VALUES],
        headers: &[LAST_EVENT],
        answers: vec![ok("each change once, in order", &[("text/event-stream", "Text"), (JSON, "Events")])],
        problems: &[OUT_OF_RANGE],
        ..route(Method::GET, "/api/v1/watch", "watch", Access::Somewhere(Right::Read), watch::watch)
    }]
}

fn of_namespaces() -> Vec<Route> {
    vec![
        Route {
            group: "namespaces",
            summary: "List namespaces that one may read",
            query: &[CONSISTENCY, PREFIX, CURSOR, LIMIT],
            answers: vec![ok("namespaces in the order of their paths", &[(JSON, "Namespaces")])],
            ..route(Method::GET, "/api/v1/namespaces", "listNamespaces", Access::Somewhere(Right::Read), namespaces::list)
        },
        Route {
            group: "namespaces",
            summary: "Read what a namespace is",
            query: &[CONSISTENCY],
            answers: vec![ok("the namespace", &[(JSON, "Namespace")])],
            problems: &[NOT_FOUND],
            ..route(Method::GET, NAMESPACE, "getNamespace", Access::Here(Right::Read), namespaces::get)
        },
        Route {
            group: "namespaces",
            summary: "Create a namespace or change it; what is left out stays",
            query: &[COMMENT],
            headers: WRITE_HEADERS,
            body: Some(BodyOf { is_required: false, forms: &[(JSON, "NamespaceWrite")] }),
            answers: vec![ok("the namespace as it is now", &[(JSON, "Namespace")]), AWAY],
            problems: &[CONFLICT, FAILED, TOO_LARGE, SLOW],
            ..route(Method::PUT, NAMESPACE, "putNamespace", Access::Here(Right::Manage), namespaces::put)
        },
        Route {
            group: "namespaces",
            summary: "Delete a namespace, its keys and their versions",
            query: &[COMMENT],
            headers: WRITE_HEADERS,
            answers: vec![NO_CONTENT, AWAY],
            problems: &[NOT_FOUND, CONFLICT, FAILED],
            ..route(Method::DELETE, NAMESPACE, "deleteNamespace", Access::Here(Right::Manage), namespaces::delete)
        },
    ]
}

const ACTION: Parameter = query(
    "action",
    Type::OneOf(&[
        "config.created",
        "config.updated",
        "config.deleted",
        "namespace.created",
        "namespace.updated",
        "namespace.deleted",
        "access.refused",
    ]),
    "only what was done so",
);
const ACTOR: Parameter = query("actor", Type::Text, "only what this principal did");
const FROM: Parameter = query("from", Type::Text, "not before this time");
const TO: Parameter = query("to", Type::Text, "not after this time");
const ORDER: Parameter = query("order", Type::OneOf(&["newest", "oldest"]), "what comes first; left out: the newest");
const OF_NAMESPACE: Parameter =
    query("namespace", Type::Text, "only of this namespace; who may not see all of them has to say it");
const OF_KEY: Parameter = query("key", Type::Text, "only of this key");
const SIZE: Parameter = query("size", Type::Number, "of the trail; left out: as it is now");
const FROM_SIZE: Parameter = query("from", Type::Number, "the size that was known");
const TO_SIZE: Parameter = query("to", Type::Number, "the size now; left out: as it is now");
const RAW: Parameter = query("raw", Type::Flag, "1: with each record's bytes, as they are hashed");

fn of_audit() -> Vec<Route> {
    vec![
        Route {
            group: "audit",
            summary: "Who changed what in a namespace",
            query: &[CONSISTENCY, OF_KEY, ACTOR, ACTION, FROM, TO, ORDER, PAGE, CURSOR, VALUES, RAW],
            answers: vec![ok("records, the newest first", &[(JSON, "AuditRecords")])],
            ..route(
                Method::GET,
                "/api/v1/namespaces/{ns}/audit",
                "listAuditOfNamespace",
                Access::Here(Right::Audit),
                audit::of_namespace,
            )
        },
        Route {
            group: "audit",
            summary: "Who changed what",
            query: &[CONSISTENCY, OF_NAMESPACE, OF_KEY, ACTOR, ACTION, FROM, TO, ORDER, PAGE, CURSOR, VALUES, RAW],
            answers: vec![ok("records, the newest first", &[(JSON, "AuditRecords")])],
            ..route(Method::GET, "/api/v1/audit", "listAudit", Access::Somewhere(Right::Audit), audit::of_all)
        },
        Route {
            group: "audit",
            summary: "One record of the audit trail",
            query: &[CONSISTENCY],
            answers: vec![ok("the record, with its bytes as they are hashed", &[(JSON, "AuditRecord")])],
            problems: &[OUT_OF_RANGE],
            ..route(
                Method::GET,
                "/api/v1/audit/records/{position}",
                "getAuditRecord",
                Access::Everywhere(Right::Audit),
                audit::record,
            )
        },
        Route {
            group: "audit",
            summary: "The root of the audit trail, signed by this node: keep it elsewhere",
            query: &[CONSISTENCY],
            answers: vec![ok("a checkpoint; as text it is the signed note", &[(JSON, "Checkpoint"), ("text/plain", "Text")])],
            ..route(Method::GET, "/api/v1/audit/checkpoint", "getCheckpoint", Access::Somewhere(Right::Audit), proofs::checkpoint)
        },
        Route {
            group: "audit",
            summary: "That a record is in the trail of a size",
            query: &[CONSISTENCY, SIZE],
            answers: vec![ok("hashes, as RFC 9162 has them", &[(JSON, "InclusionProof")])],
            problems: &[OUT_OF_RANGE],
            ..route(
                Method::GET,
                "/api/v1/audit/proof/{position}",
                "proveInclusion",
                Access::Somewhere(Right::Audit),
                proofs::inclusion,
            )
        },
        Route {
            group: "audit",
            summary: "That the trail of one size begins with that of an earlier size",
            query: &[CONSISTENCY, FROM_SIZE, TO_SIZE],
            answers: vec![ok("hashes, as RFC 9162 has them", &[(JSON, "ConsistencyProof")])],
            problems: &[OUT_OF_RANGE],
            ..route(
                Method::GET,
                "/api/v1/audit/consistency",
                "proveConsistency",
                Access::Somewhere(Right::Audit),
                proofs::consistency,
            )
        },
    ]
}

fn of_the_door() -> Vec<Route> {
    let ready = vec![
        ok("this node answers", &[(JSON, "Ready")]),
        Answer { status: StatusCode::SERVICE_UNAVAILABLE, says: "nobody leads", forms: &[(JSON, "Ready")] },
    ];
    let description = |path, name| Route {
        group: "door",
        summary: "This description",
        answers: vec![ok("OpenAPI 3.1", &[(JSON, "Any")])],
        ..route(Method::GET, path, name, Access::Anybody, openapi::get)
    };
    vec![
        Route {
            group: "door",
            summary: "Whether this node can serve the store, and who leads it",
            answers: ready,
            ..route(Method::GET, "/health/ready", "ready", Access::Anybody, health::ready)
        },
        Route {
            group: "door",
            summary: "Take a snapshot on this node, and tell its size and how long it took",
            answers: vec![ok("it was taken", &[(JSON, "Snapshot")])],
            problems: &[CONFLICT],
            ..route(Method::POST, "/api/v1/admin/snapshot", "takeSnapshot", Access::Everywhere(Right::Operate), snapshot::take)
        },
        description("/openapi.json", "describe"),
        description("/swagger/v1/swagger.json", "describeAsBefore"),
    ]
}
