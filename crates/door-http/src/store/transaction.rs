//! Changes that are made together or not at all.

use std::borrow::Cow;

use axum::response::Response;
use bytes::Bytes;
use config::{Condition, Expect, Operation, Put, Settings};
use futures_util::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    call::{Call, of_write},
    entries::{self, Parsed, told},
    json,
    leader::{applied, here},
    namespaces::GivenSettings,
};
use crate::{
    keys::Operation as Right,
    limits::TRANSACTION_BODY_BYTES_MAX,
    object::{self, Object},
    problem::{Problem, Reason},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<'a> {
    #[serde(borrow, rename = "if", default)]
    conditions: Vec<Object<GivenCondition<'a>>>,
    #[serde(borrow)]
    then: Vec<Object<Step<'a>>>,
    #[serde(default)]
    comment: Option<String>,
}

/// What must hold of a key, or of a namespace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenCondition<'a> {
    #[serde(borrow, alias = "ns")]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(alias = "modIndex")]
    position: Option<u64>,
    version: Option<u64>,
    exists: Option<bool>,
}

/// A change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, alias = "ns")]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, rename = "type", default)]
    value_type: Option<Cow<'a, str>>,
    description: Option<String>,
    owner: Option<String>,
    settings: Option<Object<GivenSettings>>,
    #[serde(alias = "modIndex")]
    position: Option<u64>,
    version: Option<u64>,
    exists: Option<bool>,
}

fn expect(position: Option<u64>, version: Option<u64>, exists: Option<bool>) -> Result<Expect, Problem> {
    match (position, version, exists) {
        (None, None, None) => Ok(Expect::Any),
        (Some(position), None, None) => Ok(Expect::Position(position)),
        (None, Some(version), None) => Ok(Expect::Version(version)),
        (None, None, Some(true)) => Ok(Expect::Present),
        (None, None, Some(false)) => Ok(Expect::Absent),
        _ => Err(entries::invalid("say one of position, version and exists of a thing")),
    }
}

/// An operation whose value is not put yet.
enum Wanted {
    Put { namespace: String, key: String, parsed: Parsed, expect: Expect },
    Other(Operation),
}

fn wanted(call: &Call, step: Step<'_>, body: &Bytes) -> Result<Wanted, Problem> {
    let expect = expect(step.position, step.version, step.exists)?;
    let namespace = step.namespace.into_owned();
    let is_of_key = matches!(&*step.op, "put" | "delete");
    let is_of_namespace = step.description.is_some() || step.owner.is_some() || step.settings.is_some();
    let has_value = step.value.is_some() || step.value_type.is_some();
    if is_of_key && is_of_namespace || has_value && step.op != "put" || !is_of_key && step.key.is_some() {
        return Err(entries::invalid(format!("the step \"{}\" has a member that is not its own", step.op.escape_default())));
    }
    let key = || step.key.as_deref().map(str::to_owned).ok_or_else(|| entries::invalid("put and delete name a key"));
    let right = if is_of_key { Right::Write } else { Right::Manage };
    call.demand(right, Some(&namespace))?;
    Ok(match &*step.op {
        "put" => {
            let value = step.value.ok_or_else(|| entries::invalid("put has a value"))?;
            let parsed = entries::parse(value, step.value_type.as_deref(), body)?;
            Wanted::Put { key: key()?, namespace, parsed, expect }
        }
        "delete" => Wanted::Other(Operation::Delete { key: key()?, namespace, expect }),
        "putNamespace" => {
            let known = call.store.machine().namespace(&namespace).map_or_else(|_| Settings::default(), |info| info.settings);
            let settings = step.settings.map(|settings| settings.0.over(known));
            let (description, owner) = (step.description, step.owner);
            Wanted::Other(Operation::PutNamespace { namespace, description, owner, settings, expect })
        }
        "deleteNamespace" => Wanted::Other(Operation::DeleteNamespace { namespace, expect }),
        other => {
            let text = format!("there is no step \"{}\": put, delete, putNamespace, deleteNamespace", other.escape_default());
            return Err(entries::invalid(text));
        }
    })
}

fn conditions(call: &Call, given: Vec<Object<GivenCondition<'_>>>) -> Result<Vec<Condition>, Problem> {
    let condition = |Object(given): Object<GivenCondition<'_>>| {
        call.demand(Right::Read, Some(&given.namespace))?;
        let expect = expect(given.position, given.version, given.exists)?;
        if expect == Expect::Any {
            return Err(entries::invalid("a condition says position, version or exists"));
        }
        Ok(Condition { namespace: given.namespace.into_owned(), key: given.key.map(Cow::into_owned), expect })
    };
    given.into_iter().map(condition).collect()
}

/// What a body asks for.
struct Asked {
    conditions: Vec<Condition>,
    steps: Vec<Wanted>,
    comment: Option<String>,
}

fn read(call: &Call, body: &Bytes) -> Result<Asked, Problem> {
    let given: Given<'_> = object::read(body)?;
    let conditions = conditions(call, given.conditions)?;
    let steps = given.then.into_iter().map(|step| wanted(call, step.0, body)).collect::<Result<_, _>>()?;
    Ok(Asked { conditions, steps, comment: given.comment })
}

pub(crate) fn commit(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        if call.content_type().is_some_and(|media| media != "application/json") {
            return Err(Problem::new(Reason::MediaType, "say what the body is: content-type: application/json"));
        }
        let (body, _share) = call.read_body(TRANSACTION_BODY_BYTES_MAX).await?;
        let asked = read(call, &body)?;
        let mut transaction = call.transaction(asked.comment)?;
        transaction.conditions = asked.conditions;
        for step in asked.steps {
            transaction.operations.push(match step {
                Wanted::Other(operation) => operation,
                Wanted::Put { namespace, key, parsed, expect } => {
                    let Parsed { value, value_type } = parsed;
                    let value = call.store.put_value(value).await.map_err(|error| of_write(&error, false))?;
                    Operation::Put(Put { namespace, key, value_type, value, expect, creates_namespace: true, restores: 0 })
                }
            });
        }
        let has_condition = !transaction.conditions.is_empty() || transaction.operations.iter().any(entries::has_condition);
        let written = entries::propose(call, transaction, has_condition).await?;
        let mut out = vec![b'{'];
        json::number(&mut out, "first", written.first);
        json::number(&mut out, "position", written.last);
        json::time(&mut out, "updatedAt", written.time_ms);
        json::flag(&mut out, "repeated", written.is_repeated);
        json::name(&mut out, "changes");
        out.extend_from_slice(&json::array(&written.changes, |out, change| {
            out.push(b'{');
            json::number(out, "position", change.position);
            json::number(out, "version", change.version);
            out.push(b'}');
        }));
        out.push(b'}');
        let mut response = told(json::ok(out), &written, written.last);
        response.headers_mut().remove(axum::http::header::ETAG);
        Ok(applied(response, is_forwarded))
    }
    .boxed()
}
