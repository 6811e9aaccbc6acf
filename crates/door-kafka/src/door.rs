//! What outlives a request.

use std::sync::Arc;

use replica::Node;
use tokio::sync::{Semaphore, watch};

use crate::{
    coordination::Coordination, groups::Settings, limits::PRODUCE_BYTES_MAX, options::DoorOptions, producers::Producers,
    security::Vault, topics::Topics,
};

pub(crate) struct Shared {
    pub(crate) options: DoorOptions,
    pub(crate) topics: Topics,
    pub(crate) coordination: Coordination,
    pub(crate) producers: Producers,
    /// Bytes of Produce requests that may still be taken.
    pub(crate) produce_room: Arc<Semaphore>,
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
        let shared = Shared {
            options,
            coordination: Coordination::new(topics.shards(), settings),
            topics,
            producers: Producers::default(),
            produce_room: Arc::new(Semaphore::new(PRODUCE_BYTES_MAX)),
            vault: Vault::default(),
            principals: watch::Sender::default(),
        };
        Door { shared: Arc::new(shared) }
    }

    /// How many clients have signed in so far, and how many were turned away.
    pub fn sign_ins(&self) -> (u64, u64) {
        self.shared.vault.counts()
    }

    /// Its topics.
    pub fn topics(&self) -> &Topics {
        &self.shared.topics
    }
}
