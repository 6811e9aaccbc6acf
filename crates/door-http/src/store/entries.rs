//! A key: reading it, writing it, deleting it.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::Kind;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use config::{At, Changed, Cold, Command, Content, Expect, INLINE_BYTES_MAX, Operation, Put, Reply, Stored, ValueType, Written};
use futures_util::{FutureExt, future::BoxFuture};
use replica::{Lane, runtime};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    call::{Call, etag, of_read, of_write},
    json,
    leader::{applied, here},
    path::malformed,
    time, yaml,
};
use crate::{
    limits::VALUE_BODY_BYTES_MAX,
    object,
    problem::{Problem, Reason},
    room::Share,
};

/// How often a write whose chunks went meanwhile is done anew.
const ATTEMPTS: usize = 3;

/// Names of the headers that go with a value by itself.
const VERSION: &str = "manifold-version";
const TYPE: &str = "manifold-type";

/// The forms a value is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Yaml,
    /// The value by itself, as text.
    Plain,
    /// The value by itself.
    Bytes,
}

/// What is said of a key beside its value.
pub(crate) struct Entry<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) key: &'a str,
    pub(crate) value_type: ValueType,
    pub(crate) version: u64,
    pub(crate) position: u64,
    pub(crate) time_ms: u64,
    pub(crate) author: &'a str,
    pub(crate) bytes: u64,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(namespace: &'a str, stored: &'a Stored) -> Entry<'a> {
        Entry {
            namespace,
            key: &stored.key,
            value_type: stored.value_type,
            version: stored.version,
            position: stored.position,
            time_ms: stored.time_ms,
            author: &stored.author,
            bytes: stored.bytes,
        }
    }

    /// Writes the entry; without a value if there is none to show.
    pub(crate) fn put(&self, out: &mut Vec<u8>, namespace_is_called: &str, value: Option<&[u8]>) {
        out.push(b'{');
        json::text(out, namespace_is_called, self.namespace);
        json::text(out, "key", self.key);
        if let Some(value) = value {
            json::value(out, "value", self.value_type, value);
        }
        json::text(out, "type", self.value_type.name());
        json::number(out, "version", self.version);
        json::time(out, "updatedAt", self.time_ms);
        if !self.author.is_empty() || value.is_some() {
            json::text(out, "updatedBy", self.author);
        }
        json::number(out, "position", self.position);
        if value.is_none() {
            json::number(out, "bytes", self.bytes);
        }
        out.push(b'}');
    }
}

pub(crate) fn get(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let form = form(call)?;
        let at = at(call)?;
        if let Some(wait) = call.wait()? {
            super::watch::wait_for_key(call, wait).await?;
        }
        call.settle().await?;
        let (stored, position) = load(call, at).await?;
        if call.has(stored.position)? {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(stored.position))]).into_response());
        }
        let (value, share) = value_of(call, &stored).await?;
        let mut response = shown(call.namespace(), &stored, value, share, form)?;
        let headers = response.headers_mut();
        headers.insert(header::ETAG, etag(stored.position));
        headers.insert(super::call::POSITION, HeaderValue::from(position));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        Ok(response)
    }
    .boxed()
}

/// A version as it is asked for, and the last position when it was read.
pub(crate) async fn load(call: &Call, at: At) -> Result<(Stored, u64), Problem> {
    let (namespace, key) = (call.namespace(), call.key());
    let found = match call.store.machine().get(namespace, key, at, Cold::Refuse) {
        Some(found) => found,
        None => {
            let (namespace, key) = (namespace.to_owned(), key.to_owned());
            call.store.read(move |machine, cold| machine.get(&namespace, &key, at, cold)).await
        }
    };
    let (stored, position) = found.map_err(|error| match (error.kind, at) {
        (Kind::OutOfRange, At::Version(_) | At::Time(_)) => Problem::new(Reason::Gone, error.message),
        _ => of_read(&error),
    })?;
    if stored.content == Content::Deleted {
        let text = format!("the key was deleted there, by version {}: ask for one before", stored.version);
        return Err(Problem::new(Reason::NotFound, text));
    }
    Ok((stored, position))
}

/// The bytes of a version's value, and what they take of the room for large answers, if they are many.
pub(crate) async fn value_of(call: &Call, stored: &Stored) -> Result<(Bytes, Option<Share>), Problem> {
    if let Content::Inline(value) = &stored.content {
        return Ok((value.clone(), None));
    }
    let bytes = usize::try_from(stored.bytes).unwrap_or(usize::MAX);
    // The value, and how it is written.
    let share = call.door.0.reads.wait(bytes.saturating_mul(2)).await?;
    let (machine, stored) = (call.store.machine().clone(), stored.clone());
    let value = runtime::spawn_blocking(move || machine.value(&stored)).await.map_err(|error| match error.kind {
        Kind::OutOfRange => Problem::new(Reason::Gone, error.message),
        _ => of_read(&error),
    })?;
    Ok((value, Some(share)))
}

pub(crate) fn shown(
    namespace: &str,
    stored: &Stored,
    value: Bytes,
    share: Option<Share>,
    form: Form,
) -> Result<Response, Problem> {
    let entry = Entry::of(namespace, stored);
    let mut out = Vec::new();
    let (content_type, bytes) = match form {
        Form::Json => {
            out.reserve(value.len() + namespace.len() + stored.key.len() + 192);
            entry.put(&mut out, "namespace", Some(&value));
            ("application/json", Bytes::from(out))
        }
        Form::Yaml => {
            yaml::put_entry(&mut out, &entry, &value);
            ("application/yaml", Bytes::from(out))
        }
        Form::Plain if std::str::from_utf8(&value).is_err() => {
            return Err(Problem::new(Reason::NotAcceptable, "the value is no text: accept application/octet-stream, or JSON"));
        }
        Form::Plain => ("text/plain; charset=utf-8", value),
        Form::Bytes => ("application/octet-stream", value),
    };
    let length = bytes.len();
    let body = match share {
        Some(share) => json::held(bytes, share),
        None => Body::from(bytes),
    };
    let mut response = json::of_type(content_type, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if matches!(form, Form::Plain | Form::Bytes) {
        headers.insert(VERSION, HeaderValue::from(stored.version));
        headers.insert(TYPE, HeaderValue::from_static(stored.value_type.name()));
        // What was stored is nobody's page.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    Ok(response)
}

/// Which form `Accept` asks for (RFC 9110, section 12.5.1).
fn form(call: &Call) -> Result<Form, Problem> {
    let Some(accept) = call.header("accept")? else { return Ok(Form::Json) };
    chosen(accept).ok_or_else(|| {
        let text = "served are application/json, application/yaml, and the value by itself: text/plain, application/octet-stream";
        Problem::new(Reason::NotAcceptable, text)
    })
}

fn chosen(accept: &str) -> Option<Form> {
    let mut best: Option<(Form, u32)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Form::Json,
            "application/yaml" | "application/x-yaml" | "text/yaml" => Form::Yaml,
            "text/plain" | "text/*" => Form::Plain,
            "application/octet-stream" => Form::Bytes,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        // Weights have three digits.
        let weight = (weight.clamp(0.0, 1.0) * 1_000.0) as u32;
        if weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form)
}

/// Which version is asked for: `?at=` a position, `v` and a version, or a time.
pub(crate) fn at(call: &Call) -> Result<At, Problem> {
    let Some(text) = call.query.text("at") else { return Ok(At::Latest) };
    let number = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
    let at = match text.strip_prefix('v') {
        Some(version) => number(version).map(At::Version),
        None => number(text).map(At::Position).or_else(|| time::parse(text).map(At::Time)),
    };
    at.ok_or_else(|| malformed("at is a position such as 42, a version such as v3, or a time such as 2026-01-31T12:00:00Z"))
}

/// What a JSON body says of a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given<'a> {
    #[serde(borrow)]
    pub(crate) value: &'a RawValue,
    #[serde(borrow, rename = "type", default)]
    pub(crate) value_type: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) comment: Option<String>,
}

/// A value and its type, checked.
pub(crate) struct Parsed {
    pub(crate) value: Bytes,
    pub(crate) value_type: ValueType,
}

/// Reads what is said of a value. A string is the value as it is; a number, a boolean, an object and an array are written as they
/// stand in the JSON, and their types are theirs if none is said.
pub(crate) fn parse(value: &RawValue, named: Option<&str>, body: &Bytes) -> Result<Parsed, Problem> {
    let raw = value.get();
    let (inner, own) = match raw.as_bytes().first() {
        Some(b'"') => {
            let text: Cow<'_, str> = serde_json::from_str::<Text<'_>>(raw).map_err(|error| Problem::of_json(&error))?.0;
            (text, ValueType::String)
        }
        Some(b'{' | b'[') => (Cow::Borrowed(raw), ValueType::Json),
        Some(b't' | b'f') => (Cow::Borrowed(raw), ValueType::Boolean),
        Some(b'n') => return Err(invalid("a value is not null: delete the key, or write \"null\" as JSON")),
        _ => (Cow::Borrowed(raw), ValueType::Number),
    };
    let value_type = match named {
        None => own,
        Some(name) => ValueType::named(name).ok_or_else(unknown_type)?,
    };
    let value = match (value_type, inner) {
        (ValueType::Binary, text) if own == ValueType::String => {
            let wrong = |_| invalid("a binary value is given in Base64, as a string");
            Bytes::from(STANDARD.decode(text.as_bytes()).map_err(wrong)?)
        }
        (ValueType::Binary, _) => return Err(invalid("a binary value is given in Base64, as a string")),
        // It shares the body.
        (_, Cow::Borrowed(text)) => body.slice_ref(text.as_bytes()),
        (_, Cow::Owned(text)) => Bytes::from(text),
    };
    check(value_type, &value)?;
    Ok(Parsed { value, value_type })
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether a value is of its type.
pub(crate) fn check(value_type: ValueType, value: &[u8]) -> Result<(), Problem> {
    if value.len() as u64 > config::VALUE_BYTES_MAX {
        let text = format!("a value has at most {} bytes: keep what is larger elsewhere", config::VALUE_BYTES_MAX);
        return Err(Problem::new(Reason::TooLarge, text));
    }
    value_type.check(value).map_err(|error| Problem::new(Reason::Invalid, error.message))?;
    if value_type == ValueType::Json
        && let Some(place) = json::too_deep(value)
    {
        let text =
            format!("the JSON is deeper than {} at byte {place}: make it flatter, or write it as a string", json::DEPTH_MAX);
        return Err(invalid(text));
    }
    let is_finite = || std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok()).is_some_and(f64::is_finite);
    if value_type == ValueType::Number && !is_finite() {
        return Err(invalid("the number is too large for anybody to read: write it as a string"));
    }
    Ok(())
}

pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(Reason::Invalid, detail)
}

pub(crate) fn unknown_type() -> Problem {
    let names: Vec<&str> = ValueType::ALL.into_iter().map(ValueType::name).collect();
    invalid(format!("there is no such type: choose one of {}", names.join(", ")))
}

/// What the body of a write says: the value, and why.
async fn read(call: &mut Call) -> Result<(Parsed, Option<String>, Share), Problem> {
    let named = call.query.owned("type");
    let raw = match call.content_type() {
        // Clients that say nothing send JSON.
        None | Some("application/json") => None,
        Some("text/plain") => Some(ValueType::String),
        Some("application/octet-stream") => Some(ValueType::Binary),
        Some(_) => {
            let text = "say what the body is: content-type: application/json, or the value itself as text/plain or \
                        application/octet-stream";
            return Err(Problem::new(Reason::MediaType, text));
        }
    };
    let (body, share) = call.read_body(VALUE_BODY_BYTES_MAX).await?;
    let Some(raw) = raw else {
        if body.len() <= INLINE_BYTES_MAX {
            let (parsed, comment) = read_json(&body, named.as_deref())?;
            return Ok((parsed, comment, share));
        }
        let (parsed, comment) = runtime::spawn_blocking(move || read_json(&body, named.as_deref())).await?;
        return Ok((parsed, comment, share));
    };
    let value_type = named.as_deref().map_or(Ok(raw), |name| ValueType::named(name).ok_or_else(unknown_type))?;
    if body.len() <= INLINE_BYTES_MAX {
        check(value_type, &body)?;
        return Ok((Parsed { value: body, value_type }, None, share));
    }
    let checked = runtime::spawn_blocking(move || check(value_type, &body).map(|()| Parsed { value: body, value_type })).await?;
    Ok((checked, None, share))
}

fn read_json(body: &Bytes, named: Option<&str>) -> Result<(Parsed, Option<String>), Problem> {
    let given: Given<'_> = object::read(body)?;
    let parsed = parse(given.value, given.value_type.as_deref().or(named), body)?;
    Ok((parsed, given.comment))
}

pub(crate) fn put(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let (parsed, comment, _share) = read(call).await?;
        let expect = expects(call)?;
        let value = parsed.value.clone();
        let write = Write { parsed, expect, restores: 0, comment };
        let (written, change) = write.propose(call).await?;
        let entry = Entry {
            namespace: call.namespace(),
            key: call.key(),
            value_type: write.parsed.value_type,
            version: change.version,
            position: change.position,
            time_ms: written.time_ms,
            author: &call.who().principal,
            bytes: value.len() as u64,
        };
        let is_short = call.prefers("return=minimal");
        let mut out = Vec::with_capacity(entry.namespace.len() + entry.key.len() + 192 + if is_short { 0 } else { value.len() });
        entry.put(&mut out, "namespace", Some(&value).filter(|_| !is_short).map(|value| &**value));
        Ok(applied(told(json::ok(out), &written, change.position), is_forwarded))
    }
    .boxed()
}

/// Adds to an answer what came of a write.
pub(crate) fn told(mut response: Response, written: &Written, position: u64) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag(position));
    headers.insert(super::call::POSITION, HeaderValue::from(written.last));
    if written.is_repeated {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// What the headers demand of this key.
pub(crate) fn expects(call: &Call) -> Result<Expect, Problem> {
    let current = || {
        // Only where several tags are named, which nearly nobody does: then it may wait for the disk.
        let found = call.store.machine().get(call.namespace(), call.key(), At::Latest, Cold::Allow);
        found.and_then(Result::ok).map_or(0, |(stored, _)| stored.position)
    };
    call.expects(current)
}

/// A key's new version.
pub(crate) struct Write {
    pub(crate) parsed: Parsed,
    pub(crate) expect: Expect,
    pub(crate) restores: u64,
    pub(crate) comment: Option<String>,
}

impl Write {
    pub(crate) async fn propose(&self, call: &Call) -> Result<(Written, Changed), Problem> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let value = call.store.put_value(self.parsed.value.clone()).await.map_err(|error| of_write(&error, false))?;
            let is_large = !value.chunks().is_empty();
            let put = Put {
                namespace: call.namespace().to_owned(),
                key: call.key().to_owned(),
                value_type: self.parsed.value_type,
                value,
                expect: self.expect,
                creates_namespace: true,
                restores: self.restores,
            };
            match propose_one(call, Operation::Put(put), self.comment.clone()).await {
                // A chunk went that nothing had pointed at for an hour: it is put again.
                Err(problem) if is_large && attempt < ATTEMPTS && problem.reason == Reason::Unavailable => {}
                outcome => return outcome,
            }
        }
    }
}

/// Proposes one change of the request's own, and gives what it came to.
pub(crate) async fn propose_one(
    call: &Call,
    operation: Operation,
    comment: Option<String>,
) -> Result<(Written, Changed), Problem> {
    let has_condition = has_condition(&operation);
    let mut transaction = call.transaction(comment)?;
    transaction.operations.push(operation);
    let written = propose(call, transaction, has_condition).await?;
    // Its own change is the last one: a namespace that comes with a key comes first.
    let change = written.changes.last().copied().unwrap_or(Changed { position: written.last, version: 0 });
    Ok((written, change))
}

pub(crate) fn has_condition(operation: &Operation) -> bool {
    match operation {
        Operation::Put(put) => put.expect != Expect::Any,
        Operation::Delete { expect, .. } | Operation::PutNamespace { expect, .. } | Operation::DeleteNamespace { expect, .. } => {
            *expect != Expect::Any
        }
    }
}

pub(crate) async fn propose(call: &Call, transaction: config::Transaction, has_condition: bool) -> Result<Written, Problem> {
    match call.store.propose(Lane::Normal, &Command::Write(transaction)).await {
        Ok(Reply::Written(written)) => Ok(written),
        Ok(_) => Err(Problem::new(Reason::Broken, "a write was answered with something else")),
        Err(error) => Err(of_write(&error, has_condition)),
    }
}

pub(crate) fn delete(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let expect = expects(call)?;
        let operation = Operation::Delete { namespace: call.namespace().to_owned(), key: call.key().to_owned(), expect };
        let (written, change) = propose_one(call, operation, None).await?;
        let mut response = applied(told(super::no_content(), &written, change.position), is_forwarded);
        // What is not there has no tag.
        response.headers_mut().remove(header::ETAG);
        Ok(response)
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<(String, ValueType), Reason> {
        let body = Bytes::from(body.to_owned());
        let (parsed, _) = read_json(&body, None).map_err(|problem| problem.reason)?;
        Ok((String::from_utf8_lossy(&parsed.value).into_owned(), parsed.value_type))
    }

    #[test]
    fn a_value_is_as_it_is_written() {
        for (body, value, value_type) in [
            (r#"{"value":"a\n\"b\""}"#, "a\n\"b\"", ValueType::String),
            (r#"{"value":"5","type":"number"}"#, "5", ValueType::Number),
            (r#"{"value":1.50}"#, "1.50", ValueType::Number),
            (r#"{"value": {"a": [1, 2]} }"#, r#"{"a": [1, 2]}"#, ValueType::Json),
            (r#"{"value":true}"#, "true", ValueType::Boolean),
            (r#"{"value":"{}","type":"json","comment":"why"}"#, "{}", ValueType::Json),
            (r#"{"value":"YWI=","type":"binary"}"#, "ab", ValueType::Binary),
            (r#"{"value":5,"type":"string"}"#, "5", ValueType::String),
        ] {
            assert_eq!(parsed(body), Ok((value.to_owned(), value_type)), "{body}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let deep = format!(r#"{{"value":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (body, reason) in [
            ("", Reason::Malformed),
            ("{}", Reason::Malformed),
            ("[]", Reason::Malformed),
            (r#"{"value":"a","value":"b"}"#, Reason::Malformed),
            (r#"{"value":"a","colour":"b"}"#, Reason::Malformed),
            (r#"{"value":"\ud800"}"#, Reason::Malformed),
            (r#"{"value":NaN}"#, Reason::Malformed),
            (r#"{"value":"a"}x"#, Reason::Malformed),
            (r#"{"value":1e400}"#, Reason::Invalid),
            (r#"{"value":null}"#, Reason::Invalid),
            (r#"{"value":"x","type":"number"}"#, Reason::Invalid),
            (r#"{"value":"x","type":"colour"}"#, Reason::Invalid),
            (r#"{"value":"*","type":"binary"}"#, Reason::Invalid),
            (r#"{"value":5,"type":"binary"}"#, Reason::Invalid),
            (&deep, Reason::Invalid),
        ] {
            assert_eq!(parsed(body), Err(reason), "{}", &body[..body.len().min(60)]);
        }
    }

    #[test]
    fn the_form_with_most_weight_is_served() {
        for (accept, form) in [
            ("*/*", Some(Form::Json)),
            ("text/html, application/json;q=0.9, */*;q=0.8", Some(Form::Json)),
            ("application/json;q=0.1, text/plain", Some(Form::Plain)),
            ("application/octet-stream", Some(Form::Bytes)),
            ("text/yaml", Some(Form::Yaml)),
            ("image/png", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(chosen(accept), form, "{accept}");
        }
    }
}
