//! The routes of the administrative socket, which `manifold ctl` asks.
//!
//! | route | answer |
//! |---|---|
//! | `GET /v1/status` | [`Status`] as JSON |
//! | `GET /v1/members` | a list of [`members::Member`] as JSON |
//! | `GET /v1/snapshot` | the backup, streamed; header `x-estimated-bytes` says about how many bytes will come |
//! | `POST /v1/members/add` | [`members::Add`] is answered with [`members::Announced`] |
//! | `POST /v1/members/replace` | [`members::Replace`], the same |
//! | `POST /v1/members/ticket` | [`members::Chosen`], the same, for a member that is awaited already |
//! | `POST /v1/members/remove` | [`members::Chosen`] is answered with [`members::Done`], when it is under way; it is gone when the list says so |
//! | `POST /v1/members/update` | [`members::Update`], the same |
//! | `POST /v1/members/drain` | [`members::Drain`], the same |
//! | `POST /v1/leader` | [`members::Lead`], the same |
//! | `POST /v1/level` | [`members::Raise`], the same |
//! | `GET /v1/users` | a list of [`users::User`] as JSON |
//! | `POST /v1/users/add` | [`users::Secret`] is answered with [`members::Done`] |
//! | `POST /v1/users/password` | [`users::Secret`], the same |
//! | `POST /v1/users/remove` | [`users::Chosen`], the same |
//! | `POST /v1/users/disable` | [`users::Chosen`], the same |
//! | `POST /v1/users/enable` | [`users::Chosen`], the same |
//! | `GET /v1/acls` | a list of [`acls::Acl`] as JSON |
//! | `POST /v1/acls/add` | [`acls::OneOrMore`] is answered with [`members::Done`] |
//! | `POST /v1/acls/remove` | [`acls::OneOrMore`], the same |
//! | `GET /v1/keys` | a list of [`keys::Key`] as JSON |
//! | `POST /v1/keys/create` | [`keys::Create`] is answered with [`keys::Shown`] |
//! | `POST /v1/keys/rotate` | [`keys::Chosen`], the same |
//! | `POST /v1/keys/revoke` | [`keys::Chosen`] is answered with [`keys::Key`] |
//! | `POST /v1/keys/whoami` | [`keys::Text`] is answered with [`keys::Holder`] |
//! | `POST /v1/scrub` | [`members::Done`], the same; how far it is the status says |
//!
//! What is posted is JSON. An error has the status of its kind and a [`Failure`] as JSON.
//!
//! The socket lies in the data directory and belongs to its owner (mode 0600): whoever may open it may do everything.

pub mod acls;
pub mod keys;
pub mod members;
pub mod users;

use std::{
    fs, io,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use base::{Error, Kind, Result};
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use crate::{Directory, ETCD_VERSION, Membership, health::alarm_name, house::House};

/// The socket's name in the data directory.
pub const SOCKET: &str = "admin.sock";

/// Header of `GET /v1/snapshot`: about how many bytes will come.
pub const ESTIMATED_BYTES: &str = "x-estimated-bytes";

/// Starts a backup: its bytes in order, or the reason why there is none.
pub type Backup = Arc<dyn Fn() -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes>>>> + Send + Sync>;

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// The node.
    pub house: Arc<dyn House>,
    /// The cluster that it belongs to, for changes.
    pub membership: Arc<dyn Membership>,
    /// Users and grants.
    pub directory: Arc<dyn Directory>,
    /// Its backup, the same as the etcd door's `Snapshot`.
    pub backup: Backup,
    /// Where its doors are.
    pub doors: Doors,
    /// What protects its connections with other nodes.
    pub protection: Protection,
    /// When the process began to serve.
    pub since: Instant,
}

/// What protects connections between nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// Nothing: they never leave the machine.
    #[default]
    None,
    /// The secret that all nodes share.
    Secret,
    /// Certificates of the operator's.
    Certificates,
}

/// Addresses of the open doors, with the ports that were really taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    /// The etcd door.
    pub etcd: Option<String>,
    /// The Kafka door.
    #[serde(default)]
    pub kafka: Option<String>,
    /// The HTTP door.
    pub http: Option<String>,
    /// Where other nodes connect.
    pub peer: Option<String>,
}

/// What a node says of itself. Ids are hexadecimal, as etcdctl prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The node's name.
    pub name: String,
    /// Its id.
    pub node_id: String,
    /// The cluster's id.
    pub cluster_id: String,
    /// This server's version.
    pub version: String,
    /// The etcd version that it answers as.
    pub etcd_version: String,
    /// Seconds since it began to serve.
    pub uptime_seconds: u64,
    /// Where its doors are.
    pub doors: Doors,
    /// What protects its connections with other nodes.
    pub protection: Protection,
    /// Bytes of the journal's files.
    pub journal_bytes: u64,
    /// Bytes that may still be written to its file system, if it is known.
    pub disk_free_bytes: Option<u64>,
    /// Bytes of its file system in all, if it is known.
    pub disk_total_bytes: Option<u64>,
    /// Reading everything on its disk.
    #[serde(default)]
    pub scrub: Scrub,
    /// Alarms raised.
    pub alarms: Vec<Alarm>,
    /// The default key space.
    pub keyspace: Keyspace,
    /// The members of its cluster.
    pub members: Vec<members::Member>,
    /// The level of formats that the cluster writes.
    #[serde(default)]
    pub level: u32,
    /// The shards that it hosts.
    pub shards: Vec<Shard>,
}

/// How far reading everything on the disk is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrub {
    /// Whether it is going on.
    pub running: bool,
    /// Bytes read so far, or by the last one.
    pub bytes: u64,
    /// How many were finished since the node started.
    pub finished: u64,
    /// What the last one found, if not all was well.
    pub damage: Option<String>,
}

/// One alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The member that it is about.
    pub member: String,
    /// etcd's name of it.
    pub alarm: String,
}

/// The default key space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyspace {
    /// Its revision.
    pub revision: i64,
    /// Its compaction mark.
    pub compact_revision: i64,
    /// Keys that exist now.
    pub keys: u64,
    /// Bytes of these keys and values.
    pub bytes: u64,
    /// Leases that exist now.
    pub leases: usize,
}

/// One shard's replica on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number; 0 holds the cluster's own state.
    pub shard: u32,
    /// Who leads it, if anyone.
    pub leader: Option<String>,
    /// Whether this node leads it and serves.
    pub leading: bool,
    /// Raft's term.
    pub term: u64,
    /// Greatest index in its log.
    pub last: Option<u64>,
    /// Greatest applied index.
    pub applied: Option<u64>,
    /// Greatest settled index.
    pub settled: Option<u64>,
    /// Commands waiting to be proposed.
    pub waiting: usize,
    /// Bytes not settled yet.
    pub unsettled_bytes: u64,
    /// Bytes of its settled tree.
    pub tree_bytes: u64,
    /// Who votes.
    pub voters: Vec<String>,
    /// Who only follows.
    pub learners: Vec<String>,
}

/// An error as the socket answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong, for a person.
    pub error: String,
}

/// The router.
pub fn router(context: Context) -> Router {
    Router::new()
        .route("/v1/status", get(async |State(context): State<Context>| Json(status(&context))))
        .route("/v1/snapshot", get(snapshot))
        .merge(members::routes())
        .merge(users::routes())
        .merge(acls::routes())
        .merge(keys::routes())
        .with_state(context)
}

fn status(context: &Context) -> Status {
    let node = context.house.status();
    let figures = context.house.figures();
    let alarms = context.house.alarms().into_iter();
    Status {
        name: node.name,
        node_id: hex(node.node_id),
        cluster_id: hex(node.cluster_id),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        etcd_version: ETCD_VERSION.to_owned(),
        uptime_seconds: context.since.elapsed().as_secs(),
        doors: context.doors.clone(),
        protection: context.protection,
        journal_bytes: node.journal_bytes,
        disk_free_bytes: node.space.map(|space| space.free),
        disk_total_bytes: node.space.map(|space| space.total),
        scrub: Scrub {
            running: node.scrub.is_running,
            bytes: node.scrub.bytes,
            finished: node.scrub.finished,
            damage: node.scrub.damage,
        },
        alarms: alarms.map(|(member, alarm)| Alarm { member: hex(member), alarm: alarm_name(alarm).to_owned() }).collect(),
        keyspace: Keyspace {
            revision: figures.revision,
            compact_revision: figures.compact_revision,
            keys: figures.keys,
            bytes: figures.bytes,
            leases: figures.leases,
        },
        members: members::members(context),
        level: node.level,
        shards: node.shards.into_iter().map(shard).collect(),
    }
}

fn shard(status: replica::ShardStatus) -> Shard {
    let group = status.group;
    Shard {
        shard: status.shard.0,
        leader: group.leader.map(hex),
        leading: group.leading,
        term: group.term,
        last: group.last,
        applied: group.applied,
        settled: status.settled,
        waiting: status.waiting,
        unsettled_bytes: status.unsettled_bytes,
        tree_bytes: status.tree_bytes,
        voters: group.voters.into_iter().map(hex).collect(),
        learners: group.learners.into_iter().map(hex).collect(),
    }
}

async fn snapshot(State(context): State<Context>) -> Response {
    let bytes = context.house.figures().bytes;
    match (context.backup)().await {
        Ok(stream) => ([(ESTIMATED_BYTES, bytes.to_string())], Body::from_stream(stream)).into_response(),
        Err(error) => refused(&error),
    }
}

fn answer<T: Serialize>(outcome: Result<T>) -> Response {
    match outcome {
        Ok(done) => Json(done).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &Error) -> Response {
    let status = match error.kind {
        Kind::Invalid | Kind::OutOfRange => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Unavailable | Kind::Overloaded | Kind::Deadline => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(Failure { error: error.to_string() })).into_response()
}

fn hex(id: u64) -> String {
    format!("{id:x}")
}

/// Opens the socket in `data_dir`, which the caller has locked: one that an earlier process left there is replaced.
///
/// It is bound inside a directory that only the owner may enter and moved into its place when its mode is set, so there is no
/// moment at which anyone else could connect.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let nursery = data_dir.join(".admin");
    match fs::create_dir(&nursery) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => fs::set_permissions(&nursery, fs::Permissions::from_mode(0o700))?,
    }
    let newborn = nursery.join(SOCKET);
    if let Err(error) = fs::remove_file(&newborn)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let (_directory, short) = short_path(&newborn)?;
    let listener = UnixListener::bind(short)?;
    fs::set_permissions(&newborn, fs::Permissions::from_mode(0o600))?;
    fs::rename(&newborn, data_dir.join(SOCKET))?;
    fs::remove_dir(&nursery)?;
    Ok(listener)
}

/// The path of a socket through its open directory, which the kernel's limit of 107 bytes does not cut off. It is good for as
/// long as the directory, the first part, is held.
pub fn short_path(socket: &Path) -> io::Result<(fs::File, PathBuf)> {
    let parent = socket.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = fs::File::open(parent)?;
    let mut short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    short.push(socket.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    Ok((directory, short))
}
