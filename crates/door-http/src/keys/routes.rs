//! The routes about keys, under `/api/v1/keys`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base::{Error, Kind};
use cluster::principals::keys::{ApiKey, KeyId, Operation, Terms};
use replica::runtime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    caller::Caller,
    desk::{self, Made, may_manage},
    doorkeeper::{Doorkeeper, look_at},
    moment,
    words::{Limit, rate, rights, shown},
};
use crate::{
    body::whole,
    limits::{KEYS_BODIES_BYTES_MAX, KEYS_BODY_BYTES_MAX, KEYS_PER_PAGE_MAX},
    object,
    problem::{OUTCOME, Problem, Reason},
    room::Room,
    visitor::Visitor,
};

/// What the routes share.
#[derive(Clone)]
struct Desk {
    doorkeeper: Doorkeeper,
    /// For bodies that are being read.
    room: Arc<Room>,
}

type Answer = Result<Response, Problem>;

/// The router, for the public port.
pub fn router(doorkeeper: Doorkeeper) -> Router {
    let room = Arc::new(Room::new(KEYS_BODIES_BYTES_MAX, "the bound on bodies about keys that are read at once on this node"));
    Router::new()
        .route("/api/v1/keys", get(list).post(create))
        .route("/api/v1/keys/whoami", get(whoami))
        .route("/api/v1/keys/{id}", get(one))
        .route("/api/v1/keys/{id}/rotate", post(rotate))
        .route("/api/v1/keys/{id}/revoke", post(revoke))
        .with_state(Desk { doorkeeper, room })
}

/// `POST /api/v1/keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    name: String,
    role: String,
    #[serde(default)]
    operations: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    #[serde(default)]
    rate: Option<Limit>,
}

impl Wanted {
    fn terms(self, caller: &Caller) -> Result<Terms, Problem> {
        let invalid = |text: &'static str| Problem::new(Reason::Invalid, text);
        let expires_ms = match (self.expires_at, self.expires_in_seconds) {
            (None, None) => 0,
            (Some(text), None) => {
                moment::parse(&text).ok_or_else(|| invalid("expiresAt is a time such as 2027-01-31T00:00:00Z"))?
            }
            (None, Some(seconds)) => runtime::wall_ms().saturating_add(seconds.saturating_mul(1_000)),
            (Some(_), Some(_)) => return Err(invalid("say either expiresAt or expiresInSeconds")),
        };
        let rights = rights(&self.role, &self.operations, &self.namespaces).map_err(|error| problem(&error))?;
        let owner = self.owner.map_or_else(|| caller.principal.clone(), Into::into);
        Ok(Terms { name: self.name, owner, rights, expires_ms, rate: rate(self.rate).map_err(|error| problem(&error))? })
    }
}

/// `POST /api/v1/keys/{id}/rotate`; the body may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rotation {
    #[serde(default)]
    grace_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn create(State(desk): State<Desk>, visitor: Visitor, request: Request) -> Response {
    respond(async {
        let (caller, body) = enter(&desk, visitor, request).await?;
        let wanted: Wanted = desk.read(body).await?;
        let terms = wanted.terms(&caller)?;
        if !may_manage(&caller, &terms.rights) {
            desk.doorkeeper.require(&caller, Operation::Keys, None)?;
            return Err(beyond());
        }
        let made = desk::create(desk.doorkeeper.directory(), &caller, terms).await.map_err(|error| problem(&error))?;
        Ok((StatusCode::CREATED, Json(with_secret(&made))).into_response())
    })
    .await
}

async fn list(
    State(desk): State<Desk>,
    visitor: Visitor,
    headers: HeaderMap,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    respond(async {
        let caller = desk.doorkeeper.authenticate(&headers, visitor).await?;
        if !desk.doorkeeper.may_somewhere(&caller, Operation::Keys) {
            desk.doorkeeper.require(&caller, Operation::Keys, None)?;
        }
        let Query(page) = page.map_err(|error| Problem::new(Reason::Malformed, error.body_text()))?;
        let limit = page.limit.unwrap_or(KEYS_PER_PAGE_MAX);
        if !(1..=KEYS_PER_PAGE_MAX).contains(&limit) {
            return Err(Problem::new(Reason::Invalid, format!("limit is 1 to {KEYS_PER_PAGE_MAX}")));
        }
        let after = match page.cursor.as_deref() {
            None => KeyId(0),
            Some(text) => KeyId::parse(text).ok_or_else(|| Problem::new(Reason::Invalid, "cursor is what next said"))?,
        };
        let all: Vec<Arc<ApiKey>> = look_at(desk.doorkeeper.directory(), |principals| {
            principals.keys().all().filter(|key| may_manage(&caller, &key.terms.rights)).cloned().collect()
        })?;
        let now_ms = runtime::wall_ms();
        let rest: Vec<&Arc<ApiKey>> = all.iter().filter(|key| key.id > after).collect();
        let shown_ones: Vec<Value> = rest.iter().take(limit).map(|key| shown(key, now_ms)).collect();
        let next = rest.get(limit).and(rest.get(limit - 1)).map(|key| key.id.to_string());
        Ok(Json(json!({ "keys": shown_ones, "count": all.len(), "next": next })).into_response())
    })
    .await
}

async fn one(State(desk): State<Desk>, visitor: Visitor, Path(id): Path<String>, headers: HeaderMap) -> Response {
    respond(async {
        let caller = desk.doorkeeper.authenticate(&headers, visitor).await?;
        let key = desk.managed(&caller, &id)?;
        Ok(Json(shown(&key, runtime::wall_ms())).into_response())
    })
    .await
}

async fn whoami(State(desk): State<Desk>, visitor: Visitor, headers: HeaderMap) -> Response {
    respond(async {
        let caller = desk.doorkeeper.authenticate(&headers, visitor).await?;
        let now_ms = runtime::wall_ms();
        Ok(Json(json!({
            "principal": &*caller.principal,
            "address": caller.address.map(|address| address.to_string()),
            "key": caller.key().map(|key| shown(key, now_ms)),
            "permitted": desk.doorkeeper.permitted(&caller),
        }))
        .into_response())
    })
    .await
}

async fn rotate(State(desk): State<Desk>, visitor: Visitor, Path(id): Path<String>, request: Request) -> Response {
    respond(async {
        let has_body = request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        let (caller, body) = if has_body {
            enter(&desk, visitor, request).await?
        } else {
            (desk.doorkeeper.authenticate(request.headers(), visitor).await?, Body::empty())
        };
        let Rotation { grace_seconds } = if has_body { desk.read(body).await? } else { Rotation::default() };
        let key = desk.managed(&caller, &id)?;
        let grace = Duration::from_secs(grace_seconds);
        let rotated = desk::rotate(desk.doorkeeper.directory(), &caller, key.id, grace).await;
        Ok(Json(with_secret(&rotated.map_err(|error| problem(&error))?)).into_response())
    })
    .await
}

async fn revoke(State(desk): State<Desk>, visitor: Visitor, Path(id): Path<String>, headers: HeaderMap) -> Response {
    respond(async {
        let caller = desk.doorkeeper.authenticate(&headers, visitor).await?;
        let key = desk.managed(&caller, &id)?;
        let revoked = desk::revoke(desk.doorkeeper.directory(), &caller, key.id).await.map_err(|error| problem(&error))?;
        Ok(Json(shown(&revoked, runtime::wall_ms())).into_response())
    })
    .await
}

async fn respond(work: impl Future<Output = Answer>) -> Response {
    let mut response = work.await.unwrap_or_else(IntoResponse::into_response);
    // Some have a secret in them, and none is for others.
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Who asks, before anything is read of what they send. A content type must be said: browsers send none, or one that is not
/// served, to other sites without asking them first.
async fn enter(desk: &Desk, visitor: Visitor, request: Request) -> Result<(Caller, Body), Problem> {
    let caller = desk.doorkeeper.authenticate(request.headers(), visitor).await?;
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next()).map(str::trim);
    if media != Some("application/json") {
        return Err(Problem::new(Reason::MediaType, "say what the body is: content-type: application/json"));
    }
    Ok((caller, request.into_body()))
}

impl Desk {
    async fn read<T: DeserializeOwned>(&self, body: Body) -> Result<T, Problem> {
        let (body, _share) = whole(body, KEYS_BODY_BYTES_MAX, &self.room).await?;
        object::read(&body)
    }

    /// A key that the caller may see and change. Whoever may not is not told whether it is there.
    fn managed(&self, caller: &Caller, id: &str) -> Result<Arc<ApiKey>, Problem> {
        if !self.doorkeeper.may_somewhere(caller, Operation::Keys) {
            self.doorkeeper.require(caller, Operation::Keys, None)?;
        }
        let missing = || Problem::new(Reason::NotFound, "there is no such key: GET /api/v1/keys lists those that there are");
        let id = KeyId::parse(id).ok_or_else(missing)?;
        let key = look_at(self.doorkeeper.directory(), |principals| principals.keys().get(id).cloned())?;
        key.filter(|key| may_manage(caller, &key.terms.rights)).ok_or_else(missing)
    }
}

/// What a key is asked for that goes beyond it.
fn beyond() -> Problem {
    let text = "a key makes only keys that may do no more than itself, in namespaces of its own";
    Problem::new(Reason::Denied, text).with("operation", Operation::Keys.name())
}

fn with_secret(Made { key, text }: &Made) -> Value {
    let mut made = shown(key, runtime::wall_ms());
    made["key"] = text.as_str().into();
    made
}

fn problem(error: &Error) -> Problem {
    let reason = match error.kind {
        Kind::Invalid | Kind::OutOfRange => Reason::Invalid,
        Kind::NotFound => Reason::NotFound,
        Kind::Denied => Reason::Denied,
        // It may have been done after all.
        Kind::Deadline => return Problem::of_error(error).with(OUTCOME, "unknown"),
        _ => return Problem::of_error(error),
    };
    Problem::new(reason, error.message.clone())
}
