//! What the cases share: a server, names that no other run has, and what they say.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, KafkaResult};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a case says, line by line; or what it could not go on after.
pub type Said = KafkaResult<Vec<String>>;

/// How long one answer, or one record, may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One case's server and names.
pub struct Run {
    config: ClientConfig,
    tag: String,
    case: String,
}

impl Run {
    /// A run of a case.
    pub fn new(bootstrap: &str, sasl: Option<&str>, case: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap);
        if let Some(sasl) = sasl {
            let mut words = sasl.splitn(3, ':');
            let keys = ["sasl.mechanism", "sasl.username", "sasl.password"];
            for (key, word) in keys.into_iter().zip(words.by_ref()) {
                config.set(key, word);
            }
            config.set("security.protocol", "sasl_plaintext");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        Self { config, tag: format!("r{:x}-", now.as_nanos()), case: case.to_owned() }
    }

    /// A topic's or group's name that no other run and no other case has.
    pub fn name(&self, suffix: &str) -> String {
        format!("{}{}{suffix}", self.tag, self.case)
    }

    /// A line without what differs from run to run.
    pub fn plain(&self, line: &str) -> String {
        line.replace(&self.tag, "")
    }

    /// The settings of a client, with more of its own.
    pub fn config(&self, more: &[(&str, &str)]) -> ClientConfig {
        let mut config = self.config.clone();
        for (key, value) in more {
            config.set(*key, *value);
        }
        config
    }

    /// An administrator.
    pub fn admin(&self) -> KafkaResult<AdminClient<DefaultClientContext>> {
        self.config(&[]).create()
    }

    /// A new topic.
    pub fn topic(&self, suffix: &str, partitions: i32) -> KafkaResult<String> {
        let name = self.name(suffix);
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(-1));
        let made = futures_executor::block_on(self.admin()?.create_topics([&topic], &AdminOptions::new()))?;
        match made.into_iter().next() {
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            _ => Ok(name),
        }
    }
}

/// A short name for what some values hold, in their order (FNV-1a, 64 bits).
pub fn digest<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for value in values {
        for byte in (value.len() as u32).to_be_bytes().iter().chain(value) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
