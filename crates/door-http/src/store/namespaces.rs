//! Namespaces: what there is, and changing that.

use axum::{http::header, response::Response};
use config::{Expect, NamespaceInfo, Operation, Settings};
use futures_util::{FutureExt, future::BoxFuture};
use serde::Deserialize;

use super::{
    call::{Call, of_read},
    entries::{propose_one, told},
    json,
    leader::{applied, here},
    list::Paging,
};
use crate::{
    keys::Operation as Right,
    limits::SMALL_BODY_BYTES_MAX,
    object::{self, Object},
    problem::Problem,
};

/// Writes a namespace.
pub(crate) fn put_info(out: &mut Vec<u8>, info: &NamespaceInfo) {
    out.push(b'{');
    json::text(out, "path", &info.path);
    for (name, text) in [("description", &info.description), ("owner", &info.owner)] {
        if text.is_empty() { json::null(out, name) } else { json::text(out, name, text) }
    }
    json::time(out, "createdAt", info.created.1);
    json::time(out, "updatedAt", info.updated.1);
    json::number(out, "version", info.version);
    json::number(out, "position", info.updated.0);
    json::number(out, "keys", info.keys);
    json::name(out, "settings");
    out.push(b'{');
    json::number(out, "versionsKept", info.settings.versions_kept.into());
    json::number(out, "versionAgeMs", info.settings.version_age_ms);
    json::flag(out, "auditsValues", info.settings.audits_values);
    out.extend_from_slice(b"}}");
}

pub(crate) fn list(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let paging = Paging::of(call)?;
        let prefix = call.query.text("prefix").unwrap_or_default();
        call.settle().await?;
        let machine = call.store.machine();
        if call.may(Right::Read, None) {
            let page = machine.namespaces(prefix, paging.after.as_deref(), paging.limit);
            let out = json::array(&page.items, put_info);
            return Ok(paging.answer(call, json::ok(out), page.next.as_deref(), Some(page.count), page.position));
        }
        // Who may not see all of them is not told how many there are.
        let all = machine.namespaces(prefix, paging.after.as_deref(), 0);
        let seen = |info: &&NamespaceInfo| call.may(Right::Read, Some(&info.path));
        let mut seen = all.items.iter().filter(seen);
        let most = if paging.limit == 0 { usize::MAX } else { paging.limit };
        let items: Vec<&NamespaceInfo> = seen.by_ref().take(most).collect();
        let next = seen.next().and_then(|_| items.last().map(|info| info.path.clone()));
        Ok(paging.answer(call, json::ok(json::array(items, put_info)), next.as_deref(), None, all.position))
    }
    .boxed()
}

fn shown(info: &NamespaceInfo) -> Response {
    let mut out = Vec::with_capacity(320);
    put_info(&mut out, info);
    super::call::tagged(json::ok(out), info.updated.0)
}

pub(crate) fn get(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        call.settle().await?;
        let info = call.store.machine().namespace(call.namespace()).map_err(|error| of_read(&error))?;
        Ok(shown(&info))
    }
    .boxed()
}

/// What a body says of a namespace; what it does not say stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Given {
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) settings: Option<Object<GivenSettings>>,
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GivenSettings {
    versions_kept: Option<u32>,
    version_age_ms: Option<u64>,
    audits_values: Option<bool>,
}

impl GivenSettings {
    /// Over what there is.
    pub(crate) fn over(&self, settings: Settings) -> Settings {
        Settings {
            versions_kept: self.versions_kept.unwrap_or(settings.versions_kept),
            version_age_ms: self.version_age_ms.unwrap_or(settings.version_age_ms),
            audits_values: self.audits_values.unwrap_or(settings.audits_values),
        }
    }
}

fn expects(call: &Call) -> Result<Expect, Problem> {
    call.expects(|| call.store.machine().namespace(call.namespace()).map_or(0, |info| info.updated.0))
}

pub(crate) fn put(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let (body, _share) = call.read_body(SMALL_BODY_BYTES_MAX).await?;
        let given: Given = if body.trim_ascii().is_empty() { Given::default() } else { object::read(&body)? };
        let known = call.store.machine().namespace(call.namespace()).ok();
        // Somebody answers for what was made by hand. A request that may come again says the same both times.
        let is_named = known.is_none() && !call.headers.contains_key("idempotency-key");
        let owner = given.owner.or_else(|| is_named.then(|| call.who().principal));
        let known = known.map_or_else(Settings::default, |info| info.settings);
        let operation = Operation::PutNamespace {
            namespace: call.namespace().to_owned(),
            description: given.description,
            owner,
            settings: given.settings.map(|settings| settings.0.over(known)),
            expect: expects(call)?,
        };
        let (written, change) = propose_one(call, operation, given.comment).await?;
        let info = call.store.machine().namespace(call.namespace()).map_err(|error| of_read(&error))?;
        Ok(applied(told(shown(&info), &written, change.position), is_forwarded))
    }
    .boxed()
}

pub(crate) fn delete(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let operation = Operation::DeleteNamespace { namespace: call.namespace().to_owned(), expect: expects(call)? };
        let (written, change) = propose_one(call, operation, None).await?;
        let mut response = applied(told(super::no_content(), &written, change.position), is_forwarded);
        response.headers_mut().remove(header::ETAG);
        Ok(response)
    }
    .boxed()
}
