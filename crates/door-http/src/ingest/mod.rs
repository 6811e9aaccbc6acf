//! Records into topics and out of them over plain HTTP, for programs without a Kafka client. `docs/http.md` has the shapes.
//!
//! A request's records are parsed where they lie, packed into one batch for each partition, and submitted to the partition's shard
//! on this node, which passes them to whoever leads it. The answer waits until they are durable on a quorum and applied, except for
//! what is fired and forgotten. Nobody's records are remembered by who sent them: a request that is repeated is appended again.
//!
//! What is under way is bounded in bytes for the node ([`crate::limits::UNDER_WAY_BYTES_MAX`]); beyond it requests are answered 429,
//! and a stream that has begun is not read any more until there is room. Nothing is kept of a connection that is closed.

mod answer;
mod content;
mod delivery;
mod lines;
mod meters;
mod packing;
mod produce;
mod read;
mod record;
mod topics;

use std::sync::{Arc, atomic::AtomicU32};

use axum::{
    Router,
    routing::{get, post},
};
use base::Kind;
use cluster::catalogue::Topic;
use replica::{Node, streams::Topics};

use self::meters::{Meters, UnderWay};
use crate::{
    limits::{READS_BYTES_MAX, READS_WAITING_MAX, UNDER_WAY_BYTES_MAX},
    metrics::Collector,
    problem::{Problem, Reason},
    room::Room,
};

/// How records are taken.
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// Whether a topic that does not exist comes into being with its first record.
    pub auto_create: bool,
    /// Partitions of a topic for which nobody says how many, at least 1.
    pub partitions: u32,
    /// Bytes of records under way at once, at most.
    pub under_way_bytes_max: usize,
}

impl Default for IngestOptions {
    fn default() -> IngestOptions {
        IngestOptions { auto_create: true, partitions: 1, under_way_bytes_max: UNDER_WAY_BYTES_MAX }
    }
}

/// Records over HTTP, of one node. Cheap to clone.
#[derive(Clone)]
pub struct Ingest(Arc<Shared>);

/// What all requests share.
pub(crate) struct Shared {
    topics: Topics,
    options: IngestOptions,
    meters: Meters,
    /// For records under way.
    room: Room,
    /// For records that are being read.
    reads: Room,
    /// Places for reads that wait; each takes one.
    waiting: Room,
    /// Whose turn it is among the partitions, for records without a key.
    turn: AtomicU32,
}

impl Ingest {
    /// Of a node that serves.
    pub fn new(node: Node, options: IngestOptions) -> Ingest {
        let shared = Shared {
            topics: Topics::new(node),
            meters: Meters::default(),
            room: Room::new(options.under_way_bytes_max, "the bound on bytes of records under way on this node"),
            reads: Room::new(READS_BYTES_MAX, "the bound on bytes that are read at once on this node"),
            waiting: Room::new(READS_WAITING_MAX, "the bound on reads that wait on this node"),
            turn: AtomicU32::new(0),
            options,
        };
        Ingest(Arc::new(shared))
    }

    /// Its routes, for the public port.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/produce", post(produce::one))
            .route("/produce/batch", post(produce::batch))
            .route("/produce/fire/batch", post(produce::fire))
            .route("/topics", get(topics::list))
            .route("/topics/{topic}", get(topics::describe).put(topics::create).delete(topics::delete))
            .route("/topics/{topic}/records", post(produce::to_topic))
            .route("/topics/{topic}/partitions/{partition}/records", get(read::records))
            .with_state(self.clone())
    }

    /// What it adds to `/metrics`.
    pub fn collector(&self) -> Collector {
        let shared = self.0.clone();
        Arc::new(move |out| {
            let under_way = UnderWay { bytes: shared.room.used(), waiting_reads: shared.waiting.used() };
            shared.meters.expose(out, under_way);
        })
    }
}

impl Shared {
    /// The topic with this name, for records: it is created if that is set.
    async fn find_or_create(&self, name: &str) -> Result<Arc<Topic>, Problem> {
        let create = self.options.auto_create.then_some(self.options.partitions);
        let topic = self.topics.find_or_create(name, create).await.map_err(|error| match error.kind {
            Kind::Invalid => Problem::new(Reason::InvalidTopic, error.message),
            Kind::NotFound => unknown_topic(name),
            _ => Problem::of_error(&error),
        })?;
        if topic.internal { Err(internal(name)) } else { Ok(topic) }
    }

    /// The topic with this name, which must exist.
    fn find(&self, name: &str) -> Result<Arc<Topic>, Problem> {
        self.topics.topic(name).ok_or_else(|| unknown_topic(name))
    }
}

fn unknown_topic(name: &str) -> Problem {
    let shown = cluster::catalogue::check_name(name).is_ok();
    let which = if shown { format!("there is no topic {name}") } else { "there is no such topic".to_owned() };
    Problem::new(Reason::UnknownTopic, format!("{which}: create it with PUT /topics/NAME, or set kafka-auto-create"))
}

fn internal(name: &str) -> Problem {
    Problem::new(Reason::Internal, format!("{name} is the server's own: choose another topic"))
}
