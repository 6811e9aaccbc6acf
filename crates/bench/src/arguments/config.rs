//! What is said of a load on the configuration store.

use clap::{Args, ValueEnum, value_parser};

use super::{Against, CONNECTIONS, Run, rate};
use crate::{
    error::{Error, Result},
    limits::{NAMESPACES_MAX, NODES_MAX, VALUE_BYTES_MAX, WATCHERS_MAX},
    payload::HEAD_BYTES,
    process::ApiKey,
};

/// Keys of a load that only warms up.
const WARM_KEYS: u64 = 1_000;

/// `manifold bench config`
#[derive(Args, Clone, Debug)]
pub(crate) struct Config {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) against: Against,
    /// What is asked
    #[arg(long, value_enum, default_value_t = Workload::Write)]
    pub(crate) workload: Workload,
    /// The HTTP door of any node: the load goes to the leader
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8480", conflicts_with = "start")]
    pub(crate) http: String,
    /// How many nodes are started for each run
    #[arg(long, value_name = "N", default_value_t = 1, requires = "start", value_parser = value_parser!(u32).range(1..=i64::from(NODES_MAX)))]
    pub(crate) nodes: u32,
    /// An API key of the role admin; a node that is started has one of its own. Others see command lines, and not variables
    #[arg(long, value_name = "KEY", env = "MANIFOLD_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) connections: u64,
    /// Stop after so many requests; for watch after so many changes [default: 100], for import and snapshot there is one
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1 << 32))]
    pub(crate) requests: Option<u64>,
    /// Requests a second over all connections, sent on schedule whatever the answers do
    #[arg(long, value_name = "REQUESTS_PER_SECOND", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Keys that are written before, or imported; writes make a new key each
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1 << 32))]
    pub(crate) keys: u64,
    /// Bytes of each value, at least 48: it says who wrote it, which one it is, and a hash
    #[arg(long, value_name = "BYTES", default_value_t = 1_024, value_parser = value_parser!(u64).range(HEAD_BYTES as u64..=VALUE_BYTES_MAX))]
    pub(crate) value_size: u64,
    /// Namespaces that keys are spread over; audit, watch and a list of keys have one
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u64).range(1..=NAMESPACES_MAX))]
    pub(crate) namespaces: u64,
    /// What reads show: all that was acknowledged, or what the node has applied
    #[arg(long, value_enum, default_value_t = Consistency::Linearizable)]
    pub(crate) consistency: Consistency,
    /// What a list is of
    #[arg(long, value_enum, default_value_t = Listed::Keys)]
    pub(crate) of: Listed,
    /// Records, keys or namespaces of one page [default: 50 of the audit trail, 100 of a list]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000))]
    pub(crate) limit: Option<u64>,
    /// Watchers of one key, each on a connection of its own
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=WATCHERS_MAX))]
    pub(crate) watchers: u64,
}

/// What is asked of the configuration store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// New keys with new values; all are read back, and the audit trail has each once
    Write,
    /// Random ones of --keys keys
    Read,
    /// The newest records of one namespace, after --keys writes to it
    Audit,
    /// The first page of a namespace's keys, or of namespaces
    List,
    /// Changes of one key, one after the other, each until the last of --watchers has it
    Watch,
    /// One import of --keys keys, all at one moment or not at all
    Import,
    /// A snapshot while half of the connections write and half read
    Snapshot,
}

impl Workload {
    /// As reports call it.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Workload::Write => "config write",
            Workload::Read => "config read",
            Workload::Audit => "config audit",
            Workload::List => "config list",
            Workload::Watch => "config watch",
            Workload::Import => "config import",
            Workload::Snapshot => "config snapshot",
        }
    }
}

/// How fresh reads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Consistency {
    /// All that was acknowledged before
    Linearizable,
    /// What the node has applied; of etcd a serializable read
    Local,
}

impl Consistency {
    pub(crate) fn name(self) -> &'static str {
        if self == Consistency::Local { "local" } else { "linearizable" }
    }
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// The keys of one namespace, with their values
    Keys,
    /// Namespaces
    Namespaces,
}

impl Config {
    /// The key that is given, if it can be one.
    pub(crate) fn api_key(&self) -> Result<Option<ApiKey>> {
        self.api_key.as_deref().map(ApiKey::new).transpose()
    }

    pub(crate) fn is_local(&self) -> bool {
        self.consistency == Consistency::Local
    }

    /// What the arguments say of each other.
    pub(crate) fn check(&self) -> Result {
        self.api_key()?;
        let has_peer = matches!(self.workload, Workload::Write | Workload::Read);
        if self.against.peer.is_some() && !has_peer {
            return Err(Error::usage("etcd has nothing like that: --peer etcd is for --workload write and read"));
        }
        if self.requests.is_some() && matches!(self.workload, Workload::Import | Workload::Snapshot) {
            return Err(Error::usage("there is one import of --keys, and one snapshot in --seconds: leave --requests out"));
        }
        if self.rate.is_some() && self.workload == Workload::Import {
            return Err(Error::usage("an import goes as fast as it can: leave --rate out"));
        }
        if self.connections < 2 && self.workload == Workload::Snapshot {
            return Err(Error::usage("half of the connections write and half read: --connections is at least 2 for a snapshot"));
        }
        Ok(())
    }

    /// The load that warms up for this one: what is slow when it is new is so for any of them.
    pub(super) fn warm(&mut self) {
        if matches!(self.workload, Workload::Import | Workload::Snapshot) {
            self.workload = Workload::Write;
        }
        if self.workload != Workload::Watch {
            self.requests = None;
        }
        self.keys = self.keys.min(WARM_KEYS);
    }
}
