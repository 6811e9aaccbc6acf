//! What the door counts: requests by method and code, messages, bytes. Counters are read by whoever asks, and cost an atomic
//! addition each.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tonic::Code;

use crate::transport::Method;

/// gRPC's codes are 0 to 16.
const CODES: usize = 17;

/// The counters of one method.
#[derive(Default)]
struct Counters {
    started: AtomicU64,
    handled: [AtomicU64; CODES],
    messages_received: AtomicU64,
    messages_sent: AtomicU64,
}

/// The door's counters.
pub struct Metrics {
    methods: Vec<Counters>,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    unknown: AtomicU64,
    foreign: AtomicU64,
}

/// What one method's counters say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodCounts {
    /// The service, with its package.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// etcd's word for its shape: `unary`, `server_stream`, `bidi_stream`.
    pub shape: &'static str,
    /// Calls begun.
    pub started: u64,
    /// Calls ended, by the code's name as etcd's metrics spell it; those with none are left out.
    pub handled: Vec<(&'static str, u64)>,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
}

/// What the counters say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// By method.
    pub methods: Vec<MethodCounts>,
    /// Bytes of messages received.
    pub received_bytes: u64,
    /// Bytes of messages sent.
    pub sent_bytes: u64,
    /// Calls of methods that do not exist.
    pub unknown: u64,
    /// Requests that were no gRPC.
    pub foreign: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            methods: Method::all().iter().map(|_| Counters::default()).collect(),
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    pub(crate) fn started(&self, method: Method) {
        self.methods[method as usize].started.fetch_add(1, Relaxed);
    }

    pub(crate) fn handled(&self, method: Method, code: Code) {
        self.methods[method as usize].handled[code as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn received(&self, method: Method, bytes: usize) {
        self.methods[method as usize].messages_received.fetch_add(1, Relaxed);
        self.received_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sent(&self, method: Method, bytes: usize) {
        self.methods[method as usize].messages_sent.fetch_add(1, Relaxed);
        self.sent_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn unknown(&self) {
        self.unknown.fetch_add(1, Relaxed);
    }

    pub(crate) fn foreign(&self) {
        self.foreign.fetch_add(1, Relaxed);
    }

    /// What the counters say now.
    pub fn snapshot(&self) -> Snapshot {
        let methods = Method::all().iter().zip(&self.methods).map(|(method, counters)| MethodCounts {
            service: method.service(),
            method: method.name(),
            shape: method.shape(),
            started: counters.started.load(Relaxed),
            handled: handled(counters),
            messages_received: counters.messages_received.load(Relaxed),
            messages_sent: counters.messages_sent.load(Relaxed),
        });
        Snapshot {
            methods: methods.collect(),
            received_bytes: self.received_bytes.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            foreign: self.foreign.load(Relaxed),
        }
    }
}

fn handled(counters: &Counters) -> Vec<(&'static str, u64)> {
    let all = counters.handled.iter().enumerate().map(|(code, count)| (code_name(code), count.load(Relaxed)));
    all.filter(|(_, count)| *count > 0).collect()
}

fn code_name(code: usize) -> &'static str {
    const NAMES: [&str; CODES] = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];
    NAMES[code]
}
