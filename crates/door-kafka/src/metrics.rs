//! What the door counts. A counter is read by whoever asks, and costs an atomic addition.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use kafka_wire::{ApiKey, ErrorCode, messages::APIS};

/// The counters of one API.
struct Counters {
    requests: AtomicU64,
    /// By the place of the code among all codes.
    errors: Vec<AtomicU64>,
}

/// The door's counters.
pub(crate) struct Metrics {
    /// In the order of [`APIS`].
    apis: Vec<Counters>,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    produced_records: AtomicU64,
    produced_bytes: AtomicU64,
    fetched_records: AtomicU64,
    fetched_bytes: AtomicU64,
    follower_fetched_bytes: AtomicU64,
    fetch_referrals: AtomicU64,
    produce_waits: AtomicU64,
    refused: AtomicU64,
}

/// What one API's counters say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCounts {
    /// Kafka's name of the API.
    pub api: &'static str,
    /// Requests taken.
    pub requests: u64,
    /// Errors in answers, by Kafka's name of the code; those that never were are left out. An answer may have several.
    pub errors: Vec<(&'static str, u64)>,
}

/// What the counters say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By API; those that nobody asked are left out.
    pub apis: Vec<ApiCounts>,
    /// Bytes of requests, sizes included.
    pub received_bytes: u64,
    /// Bytes of answers, sizes included.
    pub sent_bytes: u64,
    /// Records that were appended, or were there already when a producer repeated them.
    pub produced_records: u64,
    /// Bytes of their batches.
    pub produced_bytes: u64,
    /// Records from the offsets on that consumers asked for.
    pub fetched_records: u64,
    /// Bytes of the batches that hold them.
    pub fetched_bytes: u64,
    /// How many of them were of partitions that another node leads (KIP-392).
    pub follower_fetched_bytes: u64,
    /// How often a consumer was told to read a partition from a replica in its own rack.
    pub fetch_referrals: u64,
    /// Produce requests that waited since too many bytes were under way.
    pub produce_waits: u64,
    /// Connections that were closed because of what they sent.
    pub refused: u64,
    /// Fetch sessions that there are.
    pub sessions: usize,
    /// Partitions in them.
    pub session_partitions: usize,
    /// Sessions that others pushed out.
    pub session_evictions: u64,
    /// Bytes of Fetch answers under way.
    pub fetching_bytes: usize,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let counters =
            |_| Counters { requests: AtomicU64::new(0), errors: ErrorCode::ALL.iter().map(|_| AtomicU64::new(0)).collect() };
        Metrics {
            apis: APIS.iter().map(counters).collect(),
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            produced_records: AtomicU64::new(0),
            produced_bytes: AtomicU64::new(0),
            fetched_records: AtomicU64::new(0),
            fetched_bytes: AtomicU64::new(0),
            follower_fetched_bytes: AtomicU64::new(0),
            fetch_referrals: AtomicU64::new(0),
            produce_waits: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    fn of(&self, key: ApiKey) -> Option<&Counters> {
        let place = APIS.iter().position(|api| api.key == key)?;
        self.apis.get(place)
    }

    pub(crate) fn requested(&self, key: ApiKey) {
        if let Some(counters) = self.of(key) {
            counters.requests.fetch_add(1, Relaxed);
        }
    }

    /// An answer carries this code; success is not counted.
    pub(crate) fn told(&self, key: ApiKey, code: i16) {
        let place = ErrorCode::ALL.iter().position(|known| known.code() == code && code != 0);
        if let Some(errors) = place.and_then(|place| self.of(key)?.errors.get(place)) {
            errors.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn produced(&self, records: u32, bytes: usize) {
        self.produced_records.fetch_add(u64::from(records), Relaxed);
        self.produced_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// These were given, by who follows the leader or by the leader.
    pub(crate) fn fetched(&self, records: u64, bytes: usize, is_followed: bool) {
        self.fetched_records.fetch_add(records, Relaxed);
        self.fetched_bytes.fetch_add(bytes as u64, Relaxed);
        if is_followed {
            self.follower_fetched_bytes.fetch_add(bytes as u64, Relaxed);
        }
    }

    pub(crate) fn sent_elsewhere(&self) {
        self.fetch_referrals.fetch_add(1, Relaxed);
    }

    pub(crate) fn waited_to_produce(&self) {
        self.produce_waits.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// What the counters say now; sessions are counted where they are.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let asked = APIS.iter().zip(&self.apis).filter(|(_, counters)| counters.requests.load(Relaxed) > 0);
        let apis = asked.map(|(api, counters)| ApiCounts {
            api: api.name,
            requests: counters.requests.load(Relaxed),
            errors: errors(counters),
        });
        Snapshot {
            apis: apis.collect(),
            received_bytes: self.received_bytes.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            produced_records: self.produced_records.load(Relaxed),
            produced_bytes: self.produced_bytes.load(Relaxed),
            fetched_records: self.fetched_records.load(Relaxed),
            fetched_bytes: self.fetched_bytes.load(Relaxed),
            follower_fetched_bytes: self.follower_fetched_bytes.load(Relaxed),
            fetch_referrals: self.fetch_referrals.load(Relaxed),
            produce_waits: self.produce_waits.load(Relaxed),
            refused: self.refused.load(Relaxed),
            ..Snapshot::default()
        }
    }
}

fn errors(counters: &Counters) -> Vec<(&'static str, u64)> {
    let all = ErrorCode::ALL.iter().zip(&counters.errors).map(|(code, count)| (code.name(), count.load(Relaxed)));
    all.filter(|(_, count)| *count > 0).collect()
}
