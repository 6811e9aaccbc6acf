//! The routes about API keys: the first one is made here.
//!
//! A key's text is in the answer that makes or rotates it, and nowhere else.

use std::{fmt, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use base::{Error, Kind, Result};
use cluster::principals::keys::{ApiKey, KeyId, Terms};
use replica::runtime;
use serde::{Deserialize, Serialize};

use super::{
    Context, answer,
    members::{Asked, asked},
};
use crate::{
    keys::{Caller, Doorkeeper, Limit, Made, Permitted, create, namespaces, operations, rate, revoke, rights, rotate, standing},
    problem::Problem,
};

/// One key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The principal that acts through it.
    pub owner: String,
    /// How its text begins.
    pub prefix: String,
    /// viewer, editor, publisher or admin.
    pub role: String,
    /// What it lets do.
    pub operations: Vec<String>,
    /// Where; `*`: everywhere.
    pub namespaces: Vec<String>,
    /// good, expired or revoked.
    pub standing: String,
    /// Whether it came from a file.
    pub imported: bool,
    /// When it was made, ms since 1970.
    pub created_ms: u64,
    /// Until when it is good, ms since 1970.
    pub expires_ms: Option<u64>,
    /// When it was given another text last, ms since 1970.
    pub rotated_ms: Option<u64>,
    /// Until when its former text is good, too, ms since 1970.
    pub former_until_ms: Option<u64>,
    /// When it was revoked, ms since 1970.
    pub revoked_ms: Option<u64>,
    /// How often it may be used on each node.
    pub rate: Option<Limit>,
}

impl Key {
    fn of(key: &ApiKey) -> Key {
        let (now_ms, some) = (runtime::wall_ms(), |ms: u64| (ms != 0).then_some(ms));
        Key {
            id: key.id.to_string(),
            name: key.terms.name.clone(),
            owner: key.terms.owner.to_string(),
            prefix: key.secret.prefix.clone(),
            role: key.terms.rights.role.name().to_owned(),
            operations: operations(key).into_iter().map(str::to_owned).collect(),
            namespaces: namespaces(key),
            standing: standing(key, now_ms).to_owned(),
            imported: key.is_imported,
            created_ms: key.created_ms,
            expires_ms: some(key.terms.expires_ms),
            rotated_ms: some(key.rotated_ms),
            former_until_ms: key.former.map(|(_, until)| until).filter(|until| *until > now_ms),
            revoked_ms: some(key.revoked_ms),
            rate: key.terms.rate.map(|rate| Limit { per_second: rate.per_second, burst: Some(rate.burst) }),
        }
    }
}

/// `POST /v1/keys/create`: a key to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// What people call it.
    pub name: String,
    /// The principal that acts through it; the name if it is not said.
    pub owner: Option<String>,
    /// viewer, editor, publisher or admin.
    pub role: String,
    /// Only these of the role's operations; all if there are none.
    pub operations: Vec<String>,
    /// Only in these namespaces and below; everywhere if there are none.
    pub namespaces: Vec<String>,
    /// How long it is good, in seconds; for good if it is not said.
    pub valid_seconds: Option<u64>,
    /// How often it may be used on each node.
    pub rate: Option<Limit>,
}

/// `POST /v1/keys/rotate` and `/v1/keys/revoke`: which key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Its id, or the name of one that is not revoked.
    pub key: String,
    /// How long the former text is good beside the new one, in seconds.
    #[serde(default)]
    pub grace_seconds: u64,
}

/// A key and its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The key.
    #[serde(flatten)]
    pub key: Key,
    /// What its holder sends.
    pub secret: String,
}

impl fmt::Debug for Shown {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("key", &self.key).finish_non_exhaustive()
    }
}

/// `POST /v1/keys/whoami`: a key's text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What its holder sends.
    pub secret: String,
}

impl fmt::Debug for Text {
    /// Without it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

/// Whose key it is and what it lets do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The key.
    pub key: Key,
    /// What it lets do, and where.
    pub permitted: Vec<Permitted>,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/v1/keys", get(async |State(context): State<Context>| Json(keys(&context))))
        .route("/v1/keys/create", post(create_one))
        .route("/v1/keys/rotate", post(rotate_one))
        .route("/v1/keys/revoke", post(revoke_one))
        .route("/v1/keys/whoami", post(whoami))
}

fn keys(context: &Context) -> Vec<Key> {
    let mut keys = Vec::new();
    context.directory.look(&mut |principals| keys = principals.keys().all().map(|key| Key::of(key)).collect());
    // Those that let somebody in first, by name.
    keys.sort_by(|one, another| (one.revoked_ms, &one.name).cmp(&(another.revoked_ms, &another.name)));
    keys
}

async fn create_one(State(context): State<Context>, body: Asked<Create>) -> Response {
    let run = async || {
        let Create { name, owner, role, operations, namespaces, valid_seconds, rate: limit } = asked(body)?;
        let expires_ms = match valid_seconds {
            None => 0,
            Some(0) => return Err(Error::new(Kind::Invalid, "a key is good for at least a second")),
            Some(seconds) => runtime::wall_ms().saturating_add(seconds.saturating_mul(1_000)),
        };
        let owner = owner.unwrap_or_else(|| name.clone()).into();
        let terms = Terms { name, owner, rights: rights(&role, &operations, &namespaces)?, expires_ms, rate: rate(limit)? };
        create(&*context.directory, &Caller::operator(), terms).await.map(shown)
    };
    answer(run().await)
}

async fn rotate_one(State(context): State<Context>, body: Asked<Chosen>) -> Response {
    let run = async || {
        let Chosen { key, grace_seconds } = asked(body)?;
        let (id, grace) = (find(&context, &key)?, Duration::from_secs(grace_seconds));
        rotate(&*context.directory, &Caller::operator(), id, grace).await.map(shown)
    };
    answer(run().await)
}

async fn revoke_one(State(context): State<Context>, body: Asked<Chosen>) -> Response {
    let run = async || {
        let id = find(&context, &asked(body)?.key)?;
        revoke(&*context.directory, &Caller::operator(), id).await.map(|key| Key::of(&key))
    };
    answer(run().await)
}

async fn whoami(State(context): State<Context>, body: Asked<Text>) -> Response {
    let run = || {
        let doorkeeper = Doorkeeper::new(context.directory.clone());
        let caller = doorkeeper
            .holder(&asked(body)?.secret)
            .map_err(|refusal| Error::new(Kind::NotFound, Problem::from(refusal).detail))?;
        let key = caller.key().map(Key::of).ok_or_else(|| missing(""))?;
        Ok(Holder { key, permitted: doorkeeper.permitted(&caller) })
    };
    answer(run())
}

fn shown(Made { key, text }: Made) -> Shown {
    Shown { key: Key::of(&key), secret: text }
}

/// The key with this id, or of this name.
fn find(context: &Context, key: &str) -> Result<KeyId> {
    let mut found = None;
    context.directory.look(&mut |principals| {
        let keys = principals.keys();
        let by_id = KeyId::parse(key).and_then(|id| keys.get(id));
        found = by_id.or_else(|| keys.named(key)).map(|key| key.id);
    });
    found.ok_or_else(|| missing(key))
}

fn missing(key: &str) -> Error {
    let key = key.escape_default();
    Error::new(Kind::NotFound, format!("there is no key \"{key}\"; \"manifold ctl key list\" shows those that there are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let key = Key {
            id: String::new(),
            name: "ci".to_owned(),
            owner: String::new(),
            prefix: String::new(),
            role: String::new(),
            operations: Vec::new(),
            namespaces: Vec::new(),
            standing: String::new(),
            imported: false,
            created_ms: 0,
            expires_ms: None,
            rotated_ms: None,
            former_until_ms: None,
            revoked_ms: None,
            rate: None,
        };
        let shown = Shown { key, secret: "hunter2".to_owned() };
        let text = Text { secret: "hunter2".to_owned() };
        assert!(!format!("{shown:?} {text:?}").contains("hunter2"));
    }
}
