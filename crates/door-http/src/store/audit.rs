//! The audit trail: who did what, newest first.

use axum::response::Response;
use config::{Action, AuditQuery, Order, told::put_audited};
use futures_util::{FutureExt, future::BoxFuture};
use replica::runtime;

use super::{
    call::{Call, of_read},
    json,
    list::Paging,
    path::malformed,
    time,
};
use crate::{keys::Operation as Right, limits::AUDIT_PAGE, problem::Problem};

/// The trail of a namespace, and of what had its path before.
pub(crate) fn of_namespace(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let namespace = Some(call.namespace().to_owned());
        page(call, namespace).await
    }
    .boxed()
}

/// The whole trail, or what is asked for of it.
pub(crate) fn of_all(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let namespace = call.query.owned("namespace");
        call.demand(Right::Audit, namespace.as_deref())?;
        page(call, namespace).await
    }
    .boxed()
}

async fn page(call: &Call, namespace: Option<String>) -> Result<Response, Problem> {
    let paging = Paging::of(call)?;
    let time = |name: &str| {
        let wrong = || malformed(format!("{name} is a time such as 2026-01-31T12:00:00Z"));
        call.query.text(name).map(|text| time::parse(text).ok_or_else(wrong)).transpose()
    };
    let named = |name: &str| {
        let names: Vec<&str> = Action::ALL.into_iter().map(Action::name).collect();
        Action::named(name).ok_or_else(|| malformed(format!("there is no such action: choose one of {}", names.join(", "))))
    };
    // Hashes give values away that few are possible for, so whoever may not read sees no values, and clients know both.
    let shows_values = call.query.flag("values", true)? && call.may(Right::Read, namespace.as_deref());
    let query = AuditQuery {
        key: call.query.owned("key"),
        actor: call.query.owned("actor"),
        action: call.query.text("action").map(named).transpose()?,
        from_ms: time("from")?,
        to_ms: time("to")?,
        order: match call.query.text("order") {
            None | Some("newest") => Order::NewestFirst,
            Some("oldest") => Order::OldestFirst,
            Some(_) => return Err(malformed("order is newest or oldest")),
        },
        after: paging.number_after()?,
        limit: call.query.limit(AUDIT_PAGE, config::PAGE_MAX)?,
        with_values: shows_values,
        namespace,
    };
    let is_raw = call.query.flag("raw", false)?;
    call.settle().await?;
    let machine = call.store.machine().clone();
    let read = move || {
        let position = machine.position();
        let page = machine.audit(&query)?;
        let out = json::array(&page.records, |out, audited| put_audited(out, audited, is_raw));
        Ok((out, page.next, position))
    };
    let (out, next, position) = runtime::spawn_blocking(read).await.map_err(|error: base::Error| of_read(&error))?;
    let next = next.map(|next| next.to_string());
    Ok(paging.answer(call, json::ok(out), next.as_deref(), None, position))
}

/// One record.
pub(crate) fn record(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let wrong = |_| malformed("a record is named by its position, a number");
        let position: u64 = call.parts[0].parse().map_err(wrong)?;
        call.settle().await?;
        let shows_values = call.may(Right::Read, None);
        let machine = call.store.machine().clone();
        let read = move || machine.audit_record(position, shows_values);
        let audited = runtime::spawn_blocking(read).await.map_err(|error| of_read(&error))?;
        let mut out = Vec::new();
        put_audited(&mut out, &audited, true);
        Ok(json::ok(out))
    }
    .boxed()
}
