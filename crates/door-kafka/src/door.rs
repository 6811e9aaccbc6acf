//! What outlives a request.

use std::sync::Arc;

use parking_lot::Mutex;
use replica::{Node, runtime};
use tokio::sync::{Semaphore, watch};

use crate::{
    coordination::Coordination,
    groups::Settings,
    handlers::fetch::{FetchRoom, Listening},
    limits::{LARGE_REQUESTS_BYTES_MAX, PRODUCE_BYTES_MAX},
    metrics::{Metrics, Snapshot},
    offset_expiry,
    options::DoorOptions,
    producers::Producers,
    security::Vault,
    sessions::Sessions,
    topics::Topics,
};

pub(crate) struct Shared {
    pub(crate) options: DoorOptions,
    pub(crate) topics: Topics,
    pub(crate) coordination: Coordination,
    pub(crate) producers: Producers,
    pub(crate) metrics: Metrics,
    /// Consumers' fetch sessions.
    pub(crate) sessions: Mutex<Sessions<Listening>>,
    /// Bytes of Produce requests that may still be taken.
    pub(crate) produce_room: Arc<Semaphore>,
    /// Bytes of large requests that may still be read.
    pub(crate) large_room: Arc<Semaphore>,
    /// Bytes of Fetch answers that may still be made.
    pub(crate) fetch_room: FetchRoom,
    /// What checks who signs in.
    pub(crate) vault: Vault,
    /// The version of users and grants, as it was seen last.
    pub(crate) principals: watch::Sender<u64>,
}

/// The door of an open node. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    pub(crate) shared: Arc<Shared>,
}

impl Door {
    /// The door of a node that serves.
    pub fn new(node: Node, options: DoorOptions) -> Door {
        let topics = Topics::new(node);
        let settings = Settings { initial_rebalance_delay_ms: options.rebalance_delay_ms, ..Settings::default() };
        let produce_bytes_max = options.produce_bytes_max.clamp(1, PRODUCE_BYTES_MAX);
        let shared = Shared {
            options,
            coordination: Coordination::new(topics.shards(), settings),
            topics,
            producers: Producers::default(),
            metrics: Metrics::default(),
            sessions: Mutex::default(),
            produce_room: Arc::new(Semaphore::new(produce_bytes_max)),
            large_room: Arc::new(Semaphore::new(LARGE_REQUESTS_BYTES_MAX)),
            fetch_room: FetchRoom::default(),
            vault: Vault::default(),
            principals: watch::Sender::default(),
        };
        let shared = Arc::new(shared);
        runtime::spawn(offset_expiry::keep_looking(Arc::downgrade(&shared)));
        Door { shared }
    }

    /// Lets offsets go that are too old now, of groups that this node coordinates: what it does by itself every
    /// [`OFFSETS_LOOK`](crate::limits::OFFSETS_LOOK).
    pub async fn expire_offsets(&self) {
        offset_expiry::expire_offsets(&self.shared).await;
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Snapshot {
        let sessions = self.shared.sessions.lock();
        Snapshot {
            sessions: sessions.len(),
            session_partitions: sessions.partitions(),
            session_evictions: sessions.evictions(),
            fetching_bytes: self.shared.fetch_room.used(),
            ..self.shared.metrics.snapshot()
        }
    }

    /// How many clients have signed in so far, and how many were turned away.
    pub fn sign_ins(&self) -> (u64, u64) {
        self.shared.vault.counts()
    }

    /// How many passwords of clients that sign in by PLAIN are being checked or wait for that.
    pub fn passwords_checking(&self) -> usize {
        self.shared.vault.checking()
    }

    /// Its topics.
    pub fn topics(&self) -> &Topics {
        &self.shared.topics
    }
}
