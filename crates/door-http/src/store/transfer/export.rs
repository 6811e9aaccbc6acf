//! Giving keys out, namespace by namespace, in bounded memory.

use std::io;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use config::{Cold, ListQuery, Machine, Stored};
use futures_util::{FutureExt, future::BoxFuture, stream};
use replica::runtime;

use super::{
    super::{
        call::{Call, of_read},
        entries::invalid,
        json,
        list::version,
        path::malformed,
        yaml,
    },
    item::{Format, Item, put_env, put_line, put_yaml},
};
use crate::{
    keys::Operation as Right,
    limits::{LIST_BYTES, LIST_KEYS},
    problem::Problem,
    room::Share,
};

pub(crate) fn export(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let accept = call.header("accept")?.map(|accept| accept.split([',', ';']).next().unwrap_or_default().trim());
        let format = Format::of(call, accept)?;
        let (namespace, below) = (call.query.owned("namespace"), call.query.owned("below"));
        if namespace.is_some() && below.is_some() {
            return Err(malformed("say namespace or below"));
        }
        if format == Format::Env && namespace.is_none() {
            return Err(invalid("variables have no namespaces: say one as a parameter"));
        }
        let prefix = call.query.owned("prefix").unwrap_or_default();
        call.settle().await?;
        let machine = call.store.machine().clone();
        let position = machine.position();
        let paths = match (&namespace, &below) {
            (Some(namespace), _) => {
                call.demand(Right::Read, Some(namespace))?;
                vec![namespace.clone()]
            }
            (None, below) => {
                let all = machine.namespaces(below.as_deref().unwrap_or_default(), None, 0).items.into_iter();
                let is_below = |path: &str| {
                    below
                        .as_deref()
                        .is_none_or(|below| path.strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
                };
                all.map(|info| info.path).filter(|path| is_below(path) && call.may(Right::Read, Some(path))).collect()
            }
        };
        let mut items = Vec::new();
        for path in paths {
            let query =
                ListQuery { namespace: path.clone(), prefix: prefix.clone(), omits_content: true, ..ListQuery::default() };
            match machine.list(&query, Cold::Refuse) {
                Some(Ok(page)) => items.push((path, page.items)),
                // It went meanwhile.
                Some(Err(_)) if namespace.is_none() => {}
                Some(Err(error)) => return Err(of_read(&error)),
                None => return Err(Problem::new(crate::problem::Reason::Broken, "names of keys are not in memory")),
            }
        }
        let body = body(call, machine, items, format).await?;
        let mut response = json::of_type(format.content_type(), body);
        response.headers_mut().insert(super::super::call::POSITION, position.into());
        Ok(response)
    }
    .boxed()
}

/// What is left to be given out, the next things last.
struct Rest {
    machine: Machine,
    format: Format,
    items: Vec<(String, Vec<Stored>)>,
    /// Whether the namespace that is next was named.
    is_named: bool,
    _share: Share,
}

async fn body(call: &Call, machine: Machine, mut items: Vec<(String, Vec<Stored>)>, format: Format) -> Result<Body, Problem> {
    let largest = items.iter().flat_map(|(_, items)| items).map(|stored| stored.bytes).max().unwrap_or(0).max(LIST_BYTES);
    let share = call.door.0.reads.wait(usize::try_from(largest).unwrap_or(usize::MAX).saturating_mul(2)).await?;
    if items.is_empty() && format == Format::Yaml {
        return Ok(Body::from("{}\n"));
    }
    items.iter_mut().for_each(|(_, items)| items.reverse());
    items.reverse();
    let rest = Rest { machine, format, items, is_named: false, _share: share };
    let pieces = stream::try_unfold(rest, async |rest: Rest| {
        if rest.items.is_empty() {
            return Ok(None);
        }
        runtime::spawn_blocking(move || rest.next().map(Some)).await
    });
    Ok(Body::from_stream(pieces))
}

impl Rest {
    fn next(mut self) -> io::Result<(Bytes, Rest)> {
        let (mut out, mut count) = (Vec::new(), 0);
        while count < LIST_KEYS && (out.len() as u64) < LIST_BYTES {
            let Some((namespace, items)) = self.items.last_mut() else { break };
            if !self.is_named && self.format == Format::Yaml {
                yaml::put_text(&mut out, namespace);
                out.extend_from_slice(if items.is_empty() { b": {}\n" } else { b":\n" });
            }
            self.is_named = true;
            let Some(stored) = items.pop() else {
                self.items.pop();
                self.is_named = false;
                continue;
            };
            let (stored, value) = version(&self.machine, namespace, &stored).map_err(io::Error::other)?;
            let item = Item { namespace: namespace.clone(), key: stored.key, value_type: stored.value_type, value };
            match self.format {
                Format::Lines => put_line(&mut out, &item),
                Format::Yaml => put_yaml(&mut out, &item),
                Format::Env => put_env(&mut out, &item),
            }
            count += 1;
        }
        Ok((out.into(), self))
    }
}
