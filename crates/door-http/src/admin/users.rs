//! The routes about users: who there is, and what they sign in with.
//!
//! A password comes over the socket once, is turned into what SCRAM needs, and is neither kept nor logged.

use std::fmt;

use axum::{
    Json, Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use base::{Error, Kind, Result};
use bytes::Bytes;
use cluster::principals::{Command, Credential, Mechanism, check_user_name};
use gate::{
    limits::SCRAM_SALT_BYTES,
    scram::{Hash, Keys},
};
use replica::runtime;
use serde::{Deserialize, Serialize};

use super::{
    Context, answer,
    members::{Asked, asked, done},
};

/// Rounds of the key derivation of new credentials.
const ITERATIONS: u32 = 8_192;

/// Bytes of a password at most: what a client can say in PLAIN beside the longest name.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Whether it may sign in and do anything.
    pub enabled: bool,
    /// Whether it may do everything.
    pub admin: bool,
    /// How it can sign in.
    pub mechanisms: Vec<String>,
    /// When it was created, ms since 1970.
    pub created_ms: u64,
}

/// `POST /v1/users/add` and `POST /v1/users/password`: a user to be, or one that signs in by another password from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Whether it may do everything; only looked at for a new one.
    #[serde(default)]
    pub admin: bool,
    /// What it signs in with.
    pub password: String,
}

impl fmt::Debug for Secret {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).field("admin", &self.admin).finish_non_exhaustive()
    }
}

/// `POST /v1/users/remove`, `/v1/users/disable` and `/v1/users/enable`: which user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Its name.
    pub name: String,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/v1/users", get(async |State(context): State<Context>| Json(users(&context))))
        .route("/v1/users/add", post(add))
        .route("/v1/users/password", post(password))
        .route("/v1/users/remove", post(remove))
        .route("/v1/users/disable", post(async |context, body| set_enabled(context, body, false).await))
        .route("/v1/users/enable", post(async |context, body| set_enabled(context, body, true).await))
}

fn users(context: &Context) -> Vec<User> {
    let user = |user: cluster::principals::User| User {
        mechanisms: user.credentials.keys().map(|mechanism| hash(*mechanism).mechanism().to_owned()).collect(),
        name: user.name,
        enabled: user.enabled,
        admin: user.is_admin,
        created_ms: user.created_ms,
    };
    context.directory.users().into_iter().map(user).collect()
}

fn find(context: &Context, name: &str) -> Option<cluster::principals::User> {
    context.directory.users().into_iter().find(|user| user.name == name)
}

fn missing(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no user \"{name}\""))
}

async fn add(State(context): State<Context>, body: Asked<Secret>) -> Response {
    let run = async || {
        let Secret { name, admin, password } = asked(body)?;
        check_user_name(&name)?;
        if find(&context, &name).is_some() {
            return Err(Error::new(Kind::Conflict, format!("there is a user \"{name}\" already")));
        }
        let credentials = credentials(password).await?;
        // Until the last of them is there the user cannot sign in by it: nothing is open meanwhile.
        let user = Command::SetUser { name: name.clone(), enabled: true, is_admin: admin, time_ms: runtime::wall_ms() };
        context.directory.change(user).await?;
        keep(&context, &name, credentials).await
    };
    answer(run().await.map(done))
}

async fn password(State(context): State<Context>, body: Asked<Secret>) -> Response {
    let run = async || -> Result<()> {
        let Secret { name, password, .. } = asked(body)?;
        find(&context, &name).ok_or_else(|| missing(&name))?;
        keep(&context, &name, credentials(password).await?).await
    };
    answer(run().await.map(done))
}

async fn remove(State(context): State<Context>, body: Asked<Chosen>) -> Response {
    let run = async || -> Result<()> {
        let Chosen { name } = asked(body)?;
        find(&context, &name).ok_or_else(|| missing(&name))?;
        context.directory.change(Command::RemoveUser { name }).await
    };
    answer(run().await.map(done))
}

/// Keeps a user out, or lets them in again. What they sign in with and what is granted to them stays.
async fn set_enabled(State(context): State<Context>, body: Asked<Chosen>, enabled: bool) -> Response {
    let run = async || -> Result<()> {
        let Chosen { name } = asked(body)?;
        let is_admin = find(&context, &name).ok_or_else(|| missing(&name))?.is_admin;
        context.directory.change(Command::SetUser { name, enabled, is_admin, time_ms: runtime::wall_ms() }).await
    };
    answer(run().await.map(done))
}

async fn keep(context: &Context, name: &str, credentials: Vec<Credential>) -> Result<()> {
    for credential in credentials {
        let command = Command::SetCredential { name: name.to_owned(), credential, time_ms: runtime::wall_ms() };
        context.directory.change(command).await?;
    }
    Ok(())
}

fn hash(mechanism: Mechanism) -> Hash {
    match mechanism {
        Mechanism::ScramSha256 => Hash::Sha256,
        Mechanism::ScramSha512 => Hash::Sha512,
    }
}

/// What is kept of a password, for each mechanism.
async fn credentials(password: String) -> Result<Vec<Credential>> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX || password.contains('\0') {
        let text = format!("a password has 1 to {PASSWORD_BYTES_MAX} bytes, and none of them is zero");
        return Err(Error::new(Kind::Invalid, text));
    }
    runtime::spawn_blocking(move || Mechanism::ALL.into_iter().map(|mechanism| credential(mechanism, &password)).collect()).await
}

fn credential(mechanism: Mechanism, password: &str) -> Result<Credential> {
    let mut salt: Vec<u8> =
        std::iter::repeat_with(runtime::random_u64).take(SCRAM_SALT_BYTES / 8).flat_map(u64::to_le_bytes).collect();
    salt.truncate(SCRAM_SALT_BYTES);
    let keys = Keys::derive(hash(mechanism), password.as_bytes(), &salt, ITERATIONS)?;
    Ok(Credential {
        mechanism,
        iterations: ITERATIONS,
        salt: salt.into(),
        stored_key: Bytes::copy_from_slice(keys.stored_key()),
        server_key: Bytes::copy_from_slice(keys.server_key()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_becomes_what_both_mechanisms_need() {
        let made = credentials("wonder".to_owned()).await.unwrap();
        assert_eq!(made.iter().map(|credential| credential.mechanism).collect::<Vec<_>>(), Mechanism::ALL);
        for credential in made {
            credential.check().unwrap();
            let Credential { mechanism, iterations, salt, stored_key, server_key } = credential;
            assert_eq!((iterations, salt.len()), (8_192, 16));
            let keys = Keys::new(hash(mechanism), iterations, salt.to_vec(), stored_key.to_vec(), server_key.to_vec()).unwrap();
            assert!(keys.verify_password(b"wonder") && !keys.verify_password(b"wunder"));
        }
        for bad in [String::new(), "a\0b".to_owned(), "x".repeat(1_025)] {
            assert_eq!(credentials(bad).await.unwrap_err().kind, Kind::Invalid);
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let secret = Secret { name: "alice".to_owned(), admin: true, password: "wonder".to_owned() };
        assert!(!format!("{secret:?}").contains("wonder"));
    }
}
