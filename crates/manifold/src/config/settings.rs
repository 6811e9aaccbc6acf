//! The settings, one line each.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use door_http::keys::FixedKey;
use replica::{ClusterSecret, NodeOptions, Ticket};
use tracing_subscriber::EnvFilter;

use super::{
    DATA_DIR,
    endpoint::{self, Endpoint},
    kafka::{self, KafkaSecurity},
    keys::{self, IMPORT_KEYS},
    peers::PeerFiles,
    secret::{self, SECRET},
    tls::{self, DoorFiles, DoorTls},
    units,
};

/// What the process runs with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) name: String,
    /// `None`: not opened.
    pub(crate) etcd: Option<SocketAddr>,
    /// `None`: not opened.
    pub(crate) kafka: Option<SocketAddr>,
    /// Where clients are told that they reach the Kafka door; `None`: at its address.
    pub(crate) kafka_advertise: Option<Endpoint>,
    /// Of a topic for which nobody says how many.
    pub(crate) kafka_partitions: u32,
    /// Whether topics come into being when they are asked for.
    pub(crate) kafka_auto_create: bool,
    /// How long the first rebalance of an empty group waits for more members.
    pub(crate) kafka_rebalance_delay: Duration,
    /// Where the node stands; `None`: nobody said.
    pub(crate) rack: Option<String>,
    /// `None`: what the files say.
    pub(crate) kafka_tls: Option<DoorTls>,
    pub(crate) kafka_security: KafkaSecurity,
    /// `None`: not opened.
    pub(crate) http: Option<SocketAddr>,
    pub(crate) tls_files: DoorFiles,
    /// `None`: what the files say.
    pub(crate) etcd_tls: Option<DoorTls>,
    /// `None`: what the files say.
    pub(crate) http_tls: Option<DoorTls>,
    /// `None`: on unless Kafka's clients have to say who they are.
    pub(crate) http_records: Option<bool>,
    /// Where clients are told that they reach the HTTP door; `None`: at its address.
    pub(crate) http_advertise: Option<String>,
    /// Whether everybody may read all keys of the configuration store.
    pub(crate) http_open_configs: bool,
    /// The file of the key that signs the audit trail; `None`: the node's own.
    pub(crate) audit_key: Option<PathBuf>,
    /// Of a file.
    pub(crate) import_keys: Vec<FixedKey>,
    /// `None`: not opened.
    pub(crate) peer: Option<SocketAddr>,
    /// Empty: the peer address, or this node's own entry in `cluster`.
    pub(crate) peer_advertise: String,
    /// Addresses by name; empty: none are given.
    pub(crate) cluster: BTreeMap<String, String>,
    pub(crate) cluster_token: String,
    pub(crate) join: Option<Ticket>,
    pub(crate) cluster_secret: Option<ClusterSecret>,
    pub(crate) peer_files: PeerFiles,
    /// A second; 0: no limit.
    pub(crate) snapshot_bytes: u64,
    /// Empty: the etcd door's address.
    pub(crate) etcd_advertise: Vec<String>,
    pub(crate) shards: u32,
    pub(crate) connections_max: usize,
    pub(crate) quota_bytes: u64,
    /// Zero: only when asked.
    pub(crate) scrub_every: Duration,
    /// A second; 0: no limit.
    pub(crate) scrub_bytes: u64,
    pub(crate) journal_segment_bytes: u64,
    pub(crate) settle_bytes: u64,
    pub(crate) value_cache_bytes: u64,
    pub(crate) watch_ring_bytes: u64,
    pub(crate) admission_bytes: u64,
    pub(crate) admission_commands: usize,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// One setting: how it is called, what it is for, and how its text becomes part of a [`Config`].
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    /// What stands for its value in help.
    pub(crate) value: &'static str,
    pub(crate) default: &'static str,
    pub(crate) help: &'static str,
    pub(crate) set: fn(&mut Config, &str) -> Result<(), String>,
}

impl Setting {
    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("MANIFOLD_{}", self.key.to_uppercase().replace('-', "_"))
    }
}

/// Shortest and longest journal segment.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 16 << 20..=1 << 30;

/// Data shards at most; the rest of the node is sized for few.
const SHARDS_MAX: u32 = 64;

/// Partitions of one topic at most.
const PARTITIONS_MAX: u32 = 100_000;

/// All settings, in the order in which help and documentation list them.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "data-dir",
        value: "DIR",
        default: DATA_DIR,
        help: "Where data is kept; created when missing",
        set: |config, text| {
            if text.is_empty() {
                return Err("is no directory".to_owned());
            }
            config.data_dir = PathBuf::from(text);
            Ok(())
        },
    },
    Setting {
        key: "name",
        value: "NAME",
        default: "default",
        help: "The member's name",
        set: |config, text| label(text).map(|()| text.clone_into(&mut config.name)),
    },
    Setting {
        key: "etcd",
        value: "ADDR",
        default: "127.0.0.1:2379",
        help: "Address of the etcd door; \"off\": not opened; port 0: a free one",
        set: |config, text| address(text).map(|address| config.etcd = address),
    },
    Setting {
        key: "kafka",
        value: "ADDR",
        default: "127.0.0.1:9092",
        help: "Address of the Kafka door; \"off\": not opened; port 0: a free one",
        set: |config, text| address(text).map(|address| config.kafka = address),
    },
    Setting {
        key: "kafka-advertise",
        value: "HOST:PORT",
        default: "",
        help: "Where Kafka's clients are told that they reach this node; if not given: the door's own address",
        set: |config, text| {
            config.kafka_advertise = if text.is_empty() { None } else { Some(Endpoint::parse(text)?) };
            Ok(())
        },
    },
    Setting {
        key: "kafka-partitions",
        value: "NUMBER",
        default: "1",
        help: "Partitions of a topic for which nobody says how many",
        set: |config, text| {
            let number = text.parse().ok().filter(|number| (1..=PARTITIONS_MAX).contains(number));
            config.kafka_partitions = number.ok_or_else(|| format!("is not a number from 1 to {PARTITIONS_MAX}"))?;
            Ok(())
        },
    },
    Setting {
        key: "kafka-auto-create",
        value: "BOOL",
        default: "true",
        help: "Whether a topic that does not exist is created when a client asks for it",
        set: |config, text| {
            config.kafka_auto_create = text.parse().map_err(|_| "is neither true nor false".to_owned())?;
            Ok(())
        },
    },
    Setting {
        key: "kafka-rebalance-delay",
        value: "TIME",
        default: "3s",
        help: "How long an empty consumer group waits for more members when the first one joins",
        set: |config, text| {
            config.kafka_rebalance_delay = units::duration(text)?;
            Ok(())
        },
    },
    Setting {
        key: "rack",
        value: "NAME",
        default: "",
        help: "The rack, zone or site where this node stands: Kafka's consumers that say the same (client.rack) read from it",
        set: |config, text| {
            if !text.is_empty() {
                label(text)?;
            }
            config.rack = Some(text.to_owned()).filter(|rack| !rack.is_empty());
            Ok(())
        },
    },
    Setting {
        key: "http",
        value: "ADDR",
        default: "127.0.0.1:8480",
        help: "Address of the HTTP door (health, metrics, version); \"off\": not opened; port 0: a free one",
        set: |config, text| address(text).map(|address| config.http = address),
    },
    Setting {
        key: "http-records",
        value: "MODE",
        default: "",
        help: "on or off: records in and out over HTTP, by whoever reaches it; if not given: on where Kafka's clients need not sign in",
        set: |config, text| {
            config.http_records = if text.is_empty() { None } else { Some(kafka::switch(text, "on")?) };
            Ok(())
        },
    },
    Setting {
        key: "http-advertise",
        value: "URL",
        default: "",
        help: "Where clients of the configuration store reach this node's HTTP door, when another one sends them here; if not given: its \
               address",
        set: |config, text| {
            let one = || "is not one URL".to_owned();
            let mut urls = if text.is_empty() { Vec::new() } else { endpoint::urls(text)? };
            config.http_advertise = urls.pop();
            if urls.is_empty() { Ok(()) } else { Err(one()) }
        },
    },
    Setting {
        key: "http-open-configs",
        value: "MODE",
        default: "off",
        help: "on or off: GET /api/v1/configs gives all keys of the configuration store to everybody, for dashboards that have no key",
        set: |config, text| kafka::switch(text, "on").map(|is_on| config.http_open_configs = is_on),
    },
    Setting {
        key: IMPORT_KEYS,
        value: "FILE",
        default: "",
        help: "File of fixed API keys, which nobody else may read: a line for each with its name, text, role and namespaces, or JSON",
        set: |config, text| keys::from_file(text).map(|keys| config.import_keys = keys),
    },
    Setting {
        key: "audit-key",
        value: "FILE",
        default: "",
        help: "The Ed25519 key that signs checkpoints of the audit trail, 64 hexadecimal digits; if not given: the node makes its own",
        set: |config, text| file(text).map(|file| config.audit_key = file),
    },
    Setting {
        key: "tls-cert",
        value: "FILE",
        default: "",
        help: "PEM certificate that doors show to clients, and those between it and its authority; files may change at any time",
        set: |config, text| file(text).map(|file| config.tls_files.cert = file),
    },
    Setting {
        key: "tls-key",
        value: "FILE",
        default: "",
        help: "The PEM key of tls-cert, which nobody else may read",
        set: |config, text| file(text).map(|file| config.tls_files.key = file),
    },
    Setting {
        key: "tls-client-ca",
        value: "FILE",
        default: "",
        help: "PEM certificates of the authorities that sign clients; clients without a certificate are refused then",
        set: |config, text| file(text).map(|file| config.tls_files.client_ca = file),
    },
    Setting {
        key: "tls-crl",
        value: "FILE",
        default: "",
        help: "PEM revocation lists, one of each authority between a client and tls-client-ca",
        set: |config, text| file(text).map(|file| config.tls_files.crl = file),
    },
    Setting {
        key: "etcd-tls",
        value: "MODE",
        default: "",
        help: "off, on, request or require (a client's certificate); if not given: the strictest that there are files for",
        set: |config, text| tls::mode(text).map(|mode| config.etcd_tls = mode),
    },
    Setting {
        key: "http-tls",
        value: "MODE",
        default: "",
        help: "The same for the HTTP door, where probes and Prometheus ask",
        set: |config, text| tls::mode(text).map(|mode| config.http_tls = mode),
    },
    Setting {
        key: "kafka-tls",
        value: "MODE",
        default: "",
        help: "The same for the Kafka door; who shows a certificate is who that says, unless they have to sign in",
        set: |config, text| tls::mode(text).map(|mode| config.kafka_tls = mode),
    },
    Setting {
        key: "kafka-principal-rules",
        value: "RULES",
        default: "",
        help: "What names in certificates become, as ssl.principal.mapping.rules; if not given: they stay as they are",
        set: |config, text| kafka::rules(text).map(|rules| config.kafka_security.principal_rules = rules),
    },
    Setting {
        key: "kafka-sasl",
        value: "MODE",
        default: "off",
        help: "off or required: whether Kafka's clients have to sign in with a name and a password",
        set: |config, text| kafka::switch(text, "required").map(|sasl| config.kafka_security.sasl = sasl),
    },
    Setting {
        key: "kafka-sasl-mechanisms",
        value: "LIST",
        default: "",
        help: "Of SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN; if not given: all, and PLAIN only over TLS or on a loopback address",
        set: |config, text| kafka::mechanisms(text).map(|mechanisms| config.kafka_security.mechanisms = mechanisms),
    },
    Setting {
        key: "kafka-sasl-session",
        value: "TIME",
        default: "0s",
        help: "How long who signed in may go on before they do it again; 0: as long as the connection lasts",
        set: |config, text| {
            config.kafka_security.session = units::duration(text)?;
            Ok(())
        },
    },
    Setting {
        key: "kafka-authorization",
        value: "MODE",
        default: "off",
        help: "off or on: whether clients may only do what grants allow; administrators may do everything",
        set: |config, text| kafka::switch(text, "on").map(|on| config.kafka_security.authorization = on),
    },
    Setting {
        key: "peer",
        value: "ADDR",
        default: "127.0.0.1:7480",
        help: "Address that other nodes reach this one at; \"off\": not opened, for a node alone; port 0: a free one",
        set: |config, text| address(text).map(|address| config.peer = address),
    },
    Setting {
        key: "peer-advertise",
        value: "HOST:PORT",
        default: "",
        help: "Where other nodes are told that they reach this one; if not given: its entry in cluster, or the peer address",
        set: |config, text| {
            text.clone_into(&mut config.peer_advertise);
            if text.is_empty() { Ok(()) } else { Endpoint::parse(text).map(drop) }
        },
    },
    Setting {
        key: "cluster",
        value: "MEMBERS",
        default: "",
        help: "NAME=HOST:PORT,... of all that found a new cluster, this one among them; only looked at on the first start",
        set: |config, text| endpoint::members(text).map(|members| config.cluster = members),
    },
    Setting {
        key: "cluster-token",
        value: "TEXT",
        default: "manifold",
        help: "Tells a new cluster from others whose members have the same names; the same on all of its nodes",
        set: |config, text| label(text).map(|()| text.clone_into(&mut config.cluster_token)),
    },
    Setting {
        key: "join",
        value: "TICKET",
        default: "",
        help: "What \"manifold ctl member add\" printed for this new node; only looked at on the first start",
        set: |config, text| ticket(text).map(|ticket| config.join = ticket),
    },
    Setting {
        key: SECRET,
        value: "FILE",
        default: "",
        help: "File of the secret that all nodes share, from \"manifold ctl secret new FILE\"; the variable holds the secret itself",
        set: |config, text| {
            config.cluster_secret = (!text.is_empty()).then(|| secret::from_file(text)).transpose()?;
            Ok(())
        },
    },
    Setting {
        key: "peer-ca",
        value: "FILE",
        default: "",
        help: "Instead of a secret: PEM certificates of the authority that signs nodes, and nothing but nodes",
        set: |config, text| file(text).map(|file| config.peer_files.ca = file),
    },
    Setting {
        key: "peer-cert",
        value: "FILE",
        default: "",
        help: "This node's PEM certificate for peer-ca, and those between the two",
        set: |config, text| file(text).map(|file| config.peer_files.cert = file),
    },
    Setting {
        key: "peer-key",
        value: "FILE",
        default: "",
        help: "The PEM key of peer-cert",
        set: |config, text| file(text).map(|file| config.peer_files.key = file),
    },
    Setting {
        key: "snapshot-rate",
        value: "SIZE",
        default: "0B",
        help: "Bytes a second sent to members that need the whole state, to all of them together; 0B: as fast as it goes",
        set: |config, text| {
            config.snapshot_bytes = units::size(text)?;
            Ok(())
        },
    },
    Setting {
        key: "etcd-advertise",
        value: "URL,...",
        default: "",
        help: "Where clients are told that they reach this node's etcd door; if not given: its address",
        set: |config, text| endpoint::urls(text).map(|urls| config.etcd_advertise = urls),
    },
    Setting {
        key: "shards",
        value: "N",
        default: "0",
        help: "Data shards, fixed at the first start; 0: one per two cores, at least one, at most eight",
        set: |config, text| {
            config.shards = text.parse().ok().filter(|shards| *shards <= SHARDS_MAX).ok_or("is not a number from 0 to 64")?;
            Ok(())
        },
    },
    Setting {
        key: "connections-max",
        value: "N",
        default: "10000",
        help: "Connections open at once on each door; one more is closed at once",
        set: |config, text| {
            config.connections_max = positive(text)?;
            Ok(())
        },
    },
    Setting {
        key: "quota",
        value: "SIZE",
        default: "0B",
        help: "Bytes of keys and values at which writes are refused (NOSPACE); 0B: only the free disk decides",
        set: |config, text| {
            config.quota_bytes = units::size(text)?;
            Ok(())
        },
    },
    Setting {
        key: "scrub-every",
        value: "TIME",
        default: "24h",
        help: "How often everything on the disk is read and compared with its checksums; 0s: only by \"manifold ctl scrub\"",
        set: |config, text| {
            config.scrub_every = units::duration(text)?;
            Ok(())
        },
    },
    Setting {
        key: "scrub-rate",
        value: "SIZE",
        default: "16MiB",
        help: "Bytes a second that this reads at most; 0B: as fast as it goes",
        set: |config, text| {
            config.scrub_bytes = units::size(text)?;
            Ok(())
        },
    },
    Setting {
        key: "journal-segment",
        value: "SIZE",
        default: "64MiB",
        help: "Size of one journal file, 16MiB to 1GiB; fixed at the first start",
        set: |config, text| {
            config.journal_segment_bytes = units::size(text)?;
            let fits = SEGMENT_BYTES.contains(&config.journal_segment_bytes) && config.journal_segment_bytes.is_multiple_of(4096);
            if fits { Ok(()) } else { Err("is not a multiple of 4KiB from 16MiB to 1GiB".to_owned()) }
        },
    },
    Setting {
        key: "settle",
        value: "SIZE",
        default: "64MiB",
        help: "Bytes of changes kept in memory per shard before they move to their long-term place",
        set: |config, text| at_least(text, 1 << 20).map(|bytes| config.settle_bytes = bytes),
    },
    Setting {
        key: "value-cache",
        value: "SIZE",
        default: "48MiB",
        help: "Bytes of settled values kept in memory",
        set: |config, text| {
            config.value_cache_bytes = units::size(text)?;
            Ok(())
        },
    },
    Setting {
        key: "watch-ring",
        value: "SIZE",
        default: "16MiB",
        help: "Bytes of recent changes kept in memory for watchers; older ones are read from history",
        set: |config, text| at_least(text, 1 << 20).map(|bytes| config.watch_ring_bytes = bytes),
    },
    Setting {
        key: "admission-bytes",
        value: "SIZE",
        default: "64MiB",
        help: "Bytes of writes that may wait per shard before more are refused (ResourceExhausted)",
        set: |config, text| at_least(text, 2 << 20).map(|bytes| config.admission_bytes = bytes),
    },
    Setting {
        key: "admission-commands",
        value: "N",
        default: "20000",
        help: "Writes that may wait per shard before more are refused (ResourceExhausted)",
        set: |config, text| {
            config.admission_commands = positive(text)?;
            Ok(())
        },
    },
    Setting {
        key: "shutdown-timeout",
        value: "TIME",
        default: "10s",
        help: "How long requests in flight may take to finish when the process is asked to stop",
        set: |config, text| {
            config.shutdown_timeout = units::duration(text)?;
            Ok(())
        },
    },
    Setting {
        key: "log-format",
        value: "FORMAT",
        default: "text",
        help: "How log lines on stderr look: text or json",
        set: |config, text| {
            config.log_format = match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("is neither text nor json".to_owned()),
            };
            Ok(())
        },
    },
    Setting {
        key: "log-level",
        value: "LEVEL",
        default: "info",
        help: "error, warn, info, debug or trace; or per room, like \"info,replica=debug\"",
        set: |config, text| {
            text.clone_into(&mut config.log_level);
            EnvFilter::try_new(text).map(drop).map_err(|error| format!("is no log level: {error}"))
        },
    },
];

impl Default for Config {
    /// Every setting's default, read by the same code as what people write.
    fn default() -> Self {
        let mut config = Self {
            data_dir: PathBuf::new(),
            name: String::new(),
            etcd: None,
            kafka: None,
            kafka_advertise: None,
            kafka_partitions: 0,
            kafka_auto_create: false,
            kafka_rebalance_delay: Duration::ZERO,
            rack: None,
            kafka_tls: None,
            kafka_security: KafkaSecurity::default(),
            http: None,
            tls_files: DoorFiles::default(),
            etcd_tls: None,
            http_tls: None,
            http_records: None,
            http_advertise: None,
            http_open_configs: false,
            audit_key: None,
            import_keys: Vec::new(),
            peer: None,
            peer_advertise: String::new(),
            cluster: BTreeMap::new(),
            cluster_token: String::new(),
            join: None,
            cluster_secret: None,
            peer_files: PeerFiles::default(),
            snapshot_bytes: 0,
            etcd_advertise: Vec::new(),
            shards: 0,
            connections_max: 0,
            quota_bytes: 0,
            scrub_every: Duration::ZERO,
            scrub_bytes: 0,
            journal_segment_bytes: 0,
            settle_bytes: 0,
            value_cache_bytes: 0,
            watch_ring_bytes: 0,
            admission_bytes: 0,
            admission_commands: 0,
            shutdown_timeout: Duration::ZERO,
            log_format: LogFormat::Text,
            log_level: String::new(),
        };
        for setting in SETTINGS {
            (setting.set)(&mut config, setting.default).expect("a default is a valid value; a test goes over all of them");
        }
        config
    }
}

impl Config {
    /// What can only be seen with all settings together.
    pub(crate) fn check(&self, problems: &mut Vec<String>) {
        let wanted = [("etcd", self.etcd), ("kafka", self.kafka), ("http", self.http), ("peer", self.peer)];
        for (place, (door, address)) in wanted.iter().enumerate() {
            let Some(address) = address.filter(|address| address.port() != 0) else { continue };
            if let Some((other, _)) = wanted[..place].iter().find(|(_, other)| *other == Some(address)) {
                problems.push(format!("{other} and {door} both want {address}; give each its own address"));
            }
        }
        if self.kafka.is_some_and(|address| address.ip().is_unspecified()) && self.kafka_advertise.is_none() {
            problems.push(
                "kafka: clients have to be told an address that they can reach; say it with kafka-advertise HOST:PORT".to_owned(),
            );
        }
        self.check_tls(problems);
        self.check_kafka(problems);
        self.check_peers(problems);
        if self.data_dir.exists() && !self.data_dir.is_dir() {
            problems.push(format!("data-dir: {} is not a directory", self.data_dir.display()));
        }
    }

    /// The part of it that the node takes.
    pub(crate) fn node_options(&self) -> NodeOptions {
        NodeOptions {
            data_dir: self.data_dir.clone(),
            name: self.name.clone(),
            data_shards: self.shards,
            journal_segment_bytes: self.journal_segment_bytes,
            settle_bytes: self.settle_bytes,
            value_cache_bytes: self.value_cache_bytes,
            watch_ring_bytes: usize::try_from(self.watch_ring_bytes).unwrap_or(usize::MAX),
            admission_bytes: usize::try_from(self.admission_bytes).unwrap_or(usize::MAX),
            admission_commands: self.admission_commands,
            quota_bytes: self.quota_bytes,
            scrub_every: self.scrub_every,
            scrub_bytes_per_second: self.scrub_bytes,
        }
    }
}

fn address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" {
        return Ok(None);
    }
    let address = text.parse().map_err(|_| "is no address; write it like 127.0.0.1:2379, [::1]:2379 or off".to_owned())?;
    Ok(Some(address))
}

/// Texts that people call things by.
fn label(text: &str) -> Result<(), String> {
    let fits = !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err("is not a text of 1 to 255 bytes without control characters".to_owned()) }
}

fn ticket(text: &str) -> Result<Option<Ticket>, String> {
    const EXPECTED: &str =
        "is no ticket; copy it whole, as \"manifold ctl member ticket NAME\" prints it on a node of the cluster";
    if text.is_empty() {
        return Ok(None);
    }
    let ticket: Ticket = text.parse().map_err(|_| EXPECTED)?;
    let reachable = ticket.peers.values().all(|address| Endpoint::parse(address).is_ok());
    if reachable { Ok(Some(ticket)) } else { Err(EXPECTED.to_owned()) }
}

/// A file that must be there, for later.
fn file(text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    std::fs::File::open(text).map_err(|error| format!("cannot be read: {error}"))?;
    Ok(Some(PathBuf::from(text)))
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "is not a number above 0".to_owned())
}

fn at_least(text: &str, least: u64) -> Result<u64, String> {
    let bytes = units::size(text)?;
    if bytes >= least { Ok(bytes) } else { Err(format!("is less than {}", units::readable(least))) }
}
