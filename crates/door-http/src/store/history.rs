//! What a key was: its versions, what changed between two of them, and bringing one back.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use config::{At, Cold, Content, Operation, Stored, ValueType, diff};
use futures_util::{FutureExt, future::BoxFuture};
use replica::runtime;
use serde::Deserialize;

use super::{
    call::{Call, of_read},
    entries::{self, Entry, propose_one, told, value_of},
    json,
    leader::{applied, here},
    list::Paging,
    path::malformed,
};
use crate::{
    limits::{DIFF_BYTES_MAX, SMALL_BODY_BYTES_MAX, STORE_PAGE},
    object,
    problem::{Problem, Reason},
};

pub(crate) fn versions(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let paging = Paging::of(call)?;
        let with_values = call.query.flag("values", false)?;
        let limit = call.query.limit(STORE_PAGE, config::PAGE_MAX)?;
        let before = paging.number_after()?;
        call.settle().await?;
        let (machine, namespace, key) = (call.store.machine().clone(), call.namespace().to_owned(), call.key().to_owned());
        let read = move || {
            let position = machine.position();
            let (versions, has_more) = machine.versions(&namespace, &key, before, limit)?;
            let out = json::array(&versions, |out, stored| put_version(out, &namespace, stored, with_values));
            let next = versions.last().filter(|_| has_more).map(|last| last.version.to_string());
            Ok((out, next, position))
        };
        let (out, next, position) = runtime::spawn_blocking(read).await.map_err(|error: base::Error| of_read(&error))?;
        Ok(paging.answer(call, json::ok(out), next.as_deref(), None, position))
    }
    .boxed()
}

fn put_version(out: &mut Vec<u8>, namespace: &str, stored: &Stored, with_values: bool) {
    let value = match &stored.content {
        Content::Inline(value) if with_values => Some(&**value),
        _ => None,
    };
    Entry::of(namespace, stored).put(out, "namespace", value);
    // The closing brace goes behind what follows.
    out.pop();
    if value.is_some() {
        json::number(out, "bytes", stored.bytes);
    }
    json::flag(out, "deleted", stored.content == Content::Deleted);
    json::number(out, "created", stored.created);
    if stored.restored > 0 {
        json::number(out, "restored", stored.restored);
    }
    if !stored.comment.is_empty() {
        json::text(out, "comment", &stored.comment);
    }
    json::hash(out, "hash", &stored.hash);
    out.push(b'}');
}

/// A version's value, if it has one: nothing for a deletion.
async fn side(call: &Call, version: u64) -> Result<(ValueType, bytes::Bytes), Problem> {
    if version == 0 {
        return Ok((ValueType::String, bytes::Bytes::new()));
    }
    let (namespace, key) = (call.namespace().to_owned(), call.key().to_owned());
    let read = move |machine: &config::Machine, cold: Cold| machine.get(&namespace, &key, At::Version(version), cold);
    let (stored, _) = call.store.read(read).await.map_err(|error| match error.kind {
        base::Kind::OutOfRange => Problem::new(Reason::Gone, error.message),
        _ => of_read(&error),
    })?;
    if stored.content == Content::Deleted {
        return Ok((ValueType::String, bytes::Bytes::new()));
    }
    if stored.bytes > DIFF_BYTES_MAX {
        let text = format!("differences are shown of values of at most {DIFF_BYTES_MAX} bytes: read both versions instead");
        return Err(Problem::new(Reason::TooLarge, text));
    }
    let (value, _share) = value_of(call, &stored).await?;
    Ok((stored.value_type, value))
}

/// Between two versions; left out, the last one and the one before it.
pub(crate) fn difference(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let (from, to) = (call.query.number("from")?, call.query.number("to")?);
        call.settle().await?;
        let to = match to {
            Some(to) => to,
            None => {
                let (machine, namespace, key) =
                    (call.store.machine().clone(), call.namespace().to_owned(), call.key().to_owned());
                let read = move || machine.versions(&namespace, &key, None, 1);
                let (versions, _) = runtime::spawn_blocking(read).await.map_err(|error| of_read(&error))?;
                versions.first().map_or(0, |last| last.version)
            }
        };
        let from = from.unwrap_or(to.saturating_sub(1));
        let ((_, old), (_, new)) = (side(call, from).await?, side(call, to).await?);
        let (old_name, new_name) = (format!("{} v{from}", call.key()), format!("{} v{to}", call.key()));
        let compare = move || {
            let texts = std::str::from_utf8(&old).ok().zip(std::str::from_utf8(&new).ok());
            let unified = texts.map(|(old, new)| diff::unified(&old_name, &new_name, old, new));
            (unified, diff::json_patch(&old, &new).ok())
        };
        let (unified, patch) = runtime::spawn_blocking(compare).await;
        let accept = call.header("accept")?.unwrap_or_default();
        if accept.starts_with("text/plain") {
            let text = unified.ok_or_else(|| entries::invalid("one of the values is no text"))?;
            return Ok(json::of_type("text/plain; charset=utf-8", Body::from(text)));
        }
        if accept.starts_with("application/json-patch+json") {
            let patch = patch.ok_or_else(|| entries::invalid("a JSON Patch is between two values that are JSON"))?;
            return Ok(json::of_type("application/json-patch+json", Body::from(patch.to_string())));
        }
        let mut out = vec![b'{'];
        json::number(&mut out, "from", from);
        json::number(&mut out, "to", to);
        match unified {
            Some(unified) => json::text(&mut out, "unified", &unified),
            None => json::null(&mut out, "unified"),
        }
        json::name(&mut out, "patch");
        out.extend_from_slice(patch.map_or_else(|| "null".to_owned(), |patch| patch.to_string()).as_bytes());
        out.push(b'}');
        let mut response = json::ok(out);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        Ok(response)
    }
    .boxed()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rollback {
    to_version: u64,
    #[serde(default)]
    comment: Option<String>,
}

pub(crate) fn rollback(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let (body, _share) = call.read_body(SMALL_BODY_BYTES_MAX).await?;
        let wanted: Rollback = object::read(&body)?;
        if wanted.to_version == 0 {
            return Err(malformed("versions count from 1"));
        }
        let expect = entries::expects(call)?;
        call.settle().await?;
        let (machine, namespace, key) = (call.store.machine().clone(), call.namespace().to_owned(), call.key().to_owned());
        let version = wanted.to_version;
        let read = move || machine.rollback(&namespace, &key, version, expect);
        let operation = runtime::spawn_blocking(read).await.map_err(|error| match error.kind {
            base::Kind::OutOfRange => Problem::new(Reason::Gone, error.message),
            _ => of_read(&error),
        })?;
        let Operation::Put(_) = &operation else {
            return Err(Problem::new(Reason::Broken, "a rollback is no write"));
        };
        let (written, change) = propose_one(call, operation, wanted.comment).await?;
        let (stored, _) = entries::load(call, At::Position(change.position)).await?;
        let (value, share) = value_of(call, &stored).await?;
        let response = entries::shown(call.namespace(), &stored, value, share, entries::Form::Json)?;
        Ok(applied(told(response, &written, change.position), is_forwarded))
    }
    .boxed()
}
