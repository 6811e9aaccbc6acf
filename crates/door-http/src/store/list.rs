//! Lists, page by page or whole. A list is a bare array; what is told of it stands in headers.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use config::{At, Cold, Content, ListQuery, Machine, Page, Stored};
use futures_util::{FutureExt, future::BoxFuture, stream};
use replica::runtime;

use super::{
    call::{Call, POSITION, of_read},
    entries::Entry,
    json,
    path::malformed,
};
use crate::{
    limits::{LIST_BYTES, LIST_KEYS},
    problem::{Problem, Reason},
    room::Share,
};

/// How many there are in all.
const COUNT: &str = "x-total-count";
/// What to say as `cursor` for the next page.
const NEXT: &str = "x-next-cursor";

/// Which page of a list.
pub(crate) struct Paging {
    /// At most so many; 0: all of them.
    pub(crate) limit: usize,
    pub(crate) after: Option<String>,
}

impl Paging {
    /// Without a limit it is all of the list.
    pub(crate) fn of(call: &Call) -> Result<Paging, Problem> {
        let wrong = || malformed("this cursor is none: take it from the headers of the page before");
        let decoded = |cursor: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
            String::from_utf8(bytes).map_err(|_| wrong())
        };
        let after = call.query.text("cursor").map(decoded).transpose()?;
        let limit = if call.query.text("limit").is_some() { call.query.limit(0, 10_000)? } else { 0 };
        Ok(Paging { limit, after })
    }

    pub(crate) fn number_after(&self) -> Result<Option<u64>, Problem> {
        let wrong = |_| malformed("this cursor is none: take it from the headers of the page before");
        self.after.as_deref().map(|after| after.parse().map_err(wrong)).transpose()
    }

    /// Adds what is told of a page.
    pub(crate) fn answer(
        &self,
        call: &Call,
        mut response: Response,
        next: Option<&str>,
        count: Option<u64>,
        position: u64,
    ) -> Response {
        let headers = response.headers_mut();
        headers.insert(POSITION, HeaderValue::from(position));
        if let Some(count) = count {
            headers.insert(COUNT, HeaderValue::from(count));
        }
        if let Some(next) = next {
            let cursor = URL_SAFE_NO_PAD.encode(next);
            let given = call.uri.query().unwrap_or_default().split('&');
            let kept = given.filter(|part| !part.is_empty() && !part.starts_with("cursor="));
            let query: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
            let link = format!("<{}?{}>; rel=\"next\"", call.uri.path(), query.join("&"));
            if let (Ok(link), Ok(cursor)) = (HeaderValue::try_from(link), HeaderValue::try_from(cursor)) {
                headers.insert(header::LINK, link);
                headers.insert(NEXT, cursor);
            }
        }
        response
    }
}

/// Keys of a namespace: a page, or all of them at one moment.
pub(crate) fn entries(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let paging = Paging::of(call)?;
        let with_values = call.query.flag("values", true)?;
        call.settle().await?;
        let query = ListQuery {
            namespace: call.namespace().to_owned(),
            prefix: call.query.owned("prefix").unwrap_or_default(),
            after: paging.after.clone(),
            limit: paging.limit,
            omits_content: true,
        };
        let page = listed(call, query.clone()).await?;
        if !with_values {
            let out = json::array(&page.items, |out, stored| {
                Entry::of(call.namespace(), stored).put(out, "namespace", None);
            });
            return Ok(paging.answer(call, json::ok(out), page.next.as_deref(), Some(page.count), page.position));
        }
        let bytes: u64 = page.items.iter().map(|stored| stored.bytes).sum();
        if bytes > LIST_BYTES {
            let (next, count, position) = (page.next.clone(), page.count, page.position);
            let items = vec![(call.namespace().to_owned(), page.items)];
            let body = long(call, items, "namespace").await?;
            let response = json::of_type("application/json", body);
            return Ok(paging.answer(call, response, next.as_deref(), Some(count), position));
        }
        let page = listed(call, ListQuery { omits_content: false, ..query }).await?;
        let out = short(call, call.namespace(), &page.items).await?;
        Ok(paging.answer(call, json::ok(out), page.next.as_deref(), Some(page.count), page.position))
    }
    .boxed()
}

async fn listed(call: &Call, query: ListQuery) -> Result<Page<Stored>, Problem> {
    call.store.read(move |machine, cold| machine.list(&query, cold)).await.map_err(|error| of_read(&error))
}

/// An answer that is written at once.
async fn short(call: &Call, namespace: &str, items: &[Stored]) -> Result<Vec<u8>, Problem> {
    let mut out = vec![b'['];
    for stored in items {
        if out.len() > 1 {
            out.push(b',');
        }
        let (value, _share) = super::entries::value_of(call, stored).await?;
        Entry::of(namespace, stored).put(&mut out, "namespace", Some(&value));
    }
    out.push(b']');
    Ok(out)
}

/// What is left of a list that is being sent.
struct Rest {
    machine: Machine,
    /// Namespaces and their keys, the next ones last.
    items: Vec<(String, Vec<Stored>)>,
    namespace_is_called: &'static str,
    begun: bool,
    ended: bool,
    _share: Share,
}

/// Entries version by version, as they were when they were listed: what changes meanwhile is not seen. A version that is not kept
/// any more when its turn comes ends the body before its end.
pub(crate) async fn long(
    call: &Call,
    mut items: Vec<(String, Vec<Stored>)>,
    namespace_is_called: &'static str,
) -> Result<Body, Problem> {
    let largest = items.iter().flat_map(|(_, items)| items).map(|stored| stored.bytes).max().unwrap_or(0).max(LIST_BYTES);
    let share = call.door.0.reads.wait(usize::try_from(largest).unwrap_or(usize::MAX).saturating_mul(2)).await?;
    items.iter_mut().for_each(|(_, items)| items.reverse());
    items.reverse();
    let machine = call.store.machine().clone();
    let rest = Rest { machine, items, namespace_is_called, begun: false, ended: false, _share: share };
    let pieces = stream::try_unfold(rest, async |rest: Rest| {
        if rest.ended {
            return Ok(None);
        }
        runtime::spawn_blocking(move || rest.next().map(Some)).await
    });
    Ok(Body::from_stream(pieces))
}

impl Rest {
    fn next(mut self) -> io::Result<(Bytes, Rest)> {
        let mut out = Vec::new();
        if !self.begun {
            out.push(b'[');
        }
        let mut count = 0;
        while count < LIST_KEYS && (out.len() as u64) < LIST_BYTES {
            let Some((namespace, items)) = self.items.last_mut() else { break };
            let Some(stored) = items.pop() else {
                self.items.pop();
                continue;
            };
            if self.begun {
                out.push(b',');
            }
            self.begun = true;
            put_version(&self.machine, namespace, &stored, self.namespace_is_called, &mut out).map_err(io::Error::other)?;
            count += 1;
        }
        self.begun = true;
        if self.items.is_empty() {
            out.push(b']');
            self.ended = true;
        }
        Ok((out.into(), self))
    }
}

fn put_version(machine: &Machine, namespace: &str, stored: &Stored, called: &str, out: &mut Vec<u8>) -> base::Result<()> {
    let (stored, value) = version(machine, namespace, stored)?;
    Entry::of(namespace, &stored).put(out, called, Some(&value));
    Ok(())
}

/// A version that was listed, whole. Blocking.
pub(crate) fn version(machine: &Machine, namespace: &str, stored: &Stored) -> base::Result<(Stored, Bytes)> {
    let at = At::Version(stored.version);
    let found = machine.get(namespace, &stored.key, at, Cold::Allow);
    let gone = || base::Error::new(base::Kind::OutOfRange, "a version is not kept any more");
    let (loaded, _) = found.unwrap_or_else(|| Err(gone()))?;
    // Another namespace of the same path.
    if loaded.position != stored.position {
        return Err(gone());
    }
    let value = match &loaded.content {
        Content::Inline(value) => value.clone(),
        _ => machine.value(&loaded)?,
    };
    Ok((loaded, value))
}

/// All keys of all namespaces, for dashboards that know no others. Namespaces are called `ns` there.
pub(crate) fn configs(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        if !call.door.0.options.open_configs {
            let text = "this list is not served: set http-open-configs, or ask for a namespace's keys with an API key";
            return Err(Problem::new(Reason::UnknownRoute, text));
        }
        call.settle().await?;
        let machine = call.store.machine();
        let mut items = Vec::new();
        for info in machine.namespaces("", None, 0).items {
            let query = ListQuery { namespace: info.path.clone(), omits_content: true, ..ListQuery::default() };
            // A namespace that went meanwhile is not there.
            if let Some(Ok(page)) = machine.list(&query, Cold::Refuse) {
                items.push((info.path, page.items));
            }
        }
        Ok(json::of_type("application/json", long(call, items, "ns").await?))
    }
    .boxed()
}
