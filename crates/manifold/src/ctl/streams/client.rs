//! The brokers of a cluster, and who of them leads what.

use std::{borrow::Cow, collections::BTreeMap, thread::sleep, time::Instant};

use kafka_wire::{
    ApiKey, ErrorCode, Message,
    messages::{
        find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
    },
};

use super::{
    connection::{Answer, Connection},
    fault::Fault,
    limits::{REQUEST_TIMEOUT_MS, RETRY_FOR, RETRY_WAIT_MAX, RETRY_WAIT_MIN},
};
use crate::exit::{Failure, Outcome};

/// The newest versions that are spoken: later ones name topics by ids, or ask for several groups at once.
const METADATA_NEWEST: i16 = 8;
const FIND_COORDINATOR_NEWEST: i16 = 3;
const LIST_OFFSETS_NEWEST: i16 = 7;

/// A topic as the cluster tells it.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) internal: bool,
    pub(super) partitions: Vec<Partition>,
}

/// One partition of a topic, and who has it; brokers by their numbers.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub(super) index: i32,
    /// None while nobody leads it.
    pub(super) leader: Option<i32>,
    pub(super) replicas: Vec<i32>,
    pub(super) in_sync: Vec<i32>,
}

/// One connection for each broker, made when it is needed, and one to where the client began.
pub(super) struct Client {
    bootstrap: String,
    first: Connection,
    brokers: BTreeMap<i32, String>,
    open: BTreeMap<i32, Connection>,
}

impl Client {
    /// Connects to the first broker. Nothing is repeated here: who mistyped an address is told at once.
    pub(super) fn connect(bootstrap: String) -> Outcome<Client> {
        let first = Connection::open(&bootstrap).map_err(|fault| {
            let mut failure = Failure::from(fault);
            failure.message += "; --bootstrap HOST:PORT names another broker";
            failure
        })?;
        Ok(Client { bootstrap, first, brokers: BTreeMap::new(), open: BTreeMap::new() })
    }

    /// A connection to any broker.
    pub(super) fn any(&mut self) -> Result<&mut Connection, Fault> {
        if self.first.is_broken() {
            let others = std::iter::once(&self.bootstrap).chain(self.brokers.values());
            let mut last = None;
            let opened = others
                .map(|address| Connection::open(address))
                .find_map(|opened| opened.map_err(|fault| last = Some(fault)).ok());
            match (opened, last) {
                (Some(opened), _) => self.first = opened,
                (None, fault) => return Err(fault.unwrap_or_else(|| Fault::Lost("no broker is known".to_owned()))),
            }
        }
        Ok(&mut self.first)
    }

    /// The connection to a broker.
    pub(super) fn broker(&mut self, number: i32) -> Result<&mut Connection, Fault> {
        if self.open.get(&number).is_none_or(Connection::is_broken) {
            let address = self.brokers.get(&number).ok_or_else(|| Fault::Lost(format!("broker {number} is not known")))?;
            self.open.insert(number, Connection::open(address)?);
        }
        self.open.get_mut(&number).ok_or_else(|| Fault::Lost(format!("broker {number} is not known")))
    }

    /// Forgets a connection on which answers are owed that nobody waits for any more.
    pub(super) fn forget(&mut self, number: i32) {
        self.open.remove(&number);
    }

    /// The numbers of all brokers that are known.
    pub(super) fn brokers(&self) -> Vec<i32> {
        self.brokers.keys().copied().collect()
    }

    /// Where a broker is.
    pub(super) fn address(&self, number: i32) -> Option<&str> {
        self.brokers.get(&number).map(String::as_str)
    }

    /// Whether the broker that was connected to first serves an API.
    pub(super) fn serves(&self, api: ApiKey) -> bool {
        self.first.serves(api)
    }

    /// Asks any broker.
    pub(super) fn ask<'q, Q: Message<'q>>(&mut self, question: &Q, newest: i16) -> Result<Answer, Fault> {
        self.any()?.ask(question, newest)
    }

    /// Asks who there is, and what of these topics; none: of all. Topics are not created by asking.
    pub(super) fn metadata(&mut self, names: Option<&[&str]>) -> Result<Vec<Topic>, Fault> {
        let wanted =
            |name: &&str| MetadataRequestTopic { name: Some(Cow::Owned((*name).to_owned())), ..MetadataRequestTopic::default() };
        let topics = names.map(|names| names.iter().map(wanted).collect());
        let question = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let answer = self.ask(&question, METADATA_NEWEST)?;
        let told: MetadataResponse<'_> = answer.read()?;
        let place =
            |host: &str, port: i32| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let brokers: BTreeMap<i32, String> =
            told.brokers.iter().map(|broker| (broker.node_id, place(&broker.host, broker.port))).collect();
        // A broker that moved is not talked to where it was.
        self.open.retain(|number, _| brokers.get(number) == self.brokers.get(number));
        self.brokers = brokers;
        let mut topics = Vec::new();
        for topic in &told.topics {
            let name = topic.name.as_deref().unwrap_or_default().to_owned();
            Fault::check(topic.error_code, None, format_args!("topic {name}"))?;
            let mut partitions: Vec<Partition> = topic.partitions.iter().map(partition).collect();
            partitions.sort_unstable_by_key(|partition| partition.index);
            topics.push(Topic { name, internal: topic.is_internal, partitions });
        }
        topics.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Ok(topics)
    }

    /// One topic that there is.
    pub(super) fn topic(&mut self, name: &str) -> Result<Topic, Fault> {
        let missing = || Fault::failed(format!("there is no topic {name}; \"manifold ctl topic create {name}\" makes one"));
        match self.metadata(Some(&[name])) {
            Err(Fault::Refused(ErrorCode::UnknownTopicOrPartition, _)) => Err(missing()),
            told => told?.into_iter().find(|topic| topic.name == name).ok_or_else(missing),
        }
    }

    /// The number of the broker that coordinates a group.
    pub(super) fn coordinator(&mut self, group: &str) -> Result<i32, Fault> {
        let question = FindCoordinatorRequest { key: Cow::Borrowed(group), ..FindCoordinatorRequest::default() };
        let answer = self.ask(&question, FIND_COORDINATOR_NEWEST)?;
        let told: FindCoordinatorResponse<'_> = answer.read()?;
        Fault::check(told.error_code, told.error_message.as_ref(), format_args!("group {group} has no coordinator"))?;
        let number = told.node_id;
        if !self.brokers.contains_key(&number) {
            self.metadata(Some(&[]))?;
        }
        Ok(number)
    }

    /// Asks a group's coordinator, again if it was another one. `read` looks into the answer.
    pub(super) fn ask_coordinator<'q, Q: Message<'q>, T>(
        &mut self,
        group: &str,
        question: &Q,
        newest: i16,
        read: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Outcome<T> {
        patiently(|| {
            let number = self.coordinator(group)?;
            read(&self.broker(number)?.ask(question, newest)?)
        })
    }

    /// Offsets of a topic's partitions at timestamps in ms, or at [`EARLIEST`](super::place::EARLIEST) and
    /// [`LATEST`](super::place::LATEST); -1 where nothing is so young.
    pub(super) fn offsets(&mut self, topic: &str, wanted: &BTreeMap<i32, i64>) -> Outcome<BTreeMap<i32, i64>> {
        let mut found = BTreeMap::new();
        patiently(|| {
            let leaders = self.topic(topic)?.leaders();
            let mut asked: BTreeMap<i32, Vec<ListOffsetsPartition>> = BTreeMap::new();
            for (index, timestamp) in wanted.iter().filter(|(index, _)| !found.contains_key(*index)) {
                let leader = leader_of(&leaders, topic, *index)?;
                let partition = ListOffsetsPartition { partition_index: *index, timestamp: *timestamp, ..Default::default() };
                asked.entry(leader).or_default().push(partition);
            }
            for (leader, partitions) in asked {
                let topics = vec![ListOffsetsTopic { name: Cow::Borrowed(topic), partitions }];
                let question = ListOffsetsRequest {
                    replica_id: -1,
                    topics,
                    timeout_ms: REQUEST_TIMEOUT_MS,
                    ..ListOffsetsRequest::default()
                };
                let answer = self.broker(leader)?.ask(&question, LIST_OFFSETS_NEWEST)?;
                let told: ListOffsetsResponse<'_> = answer.read()?;
                for partition in told.topics.iter().flat_map(|topic| &topic.partitions) {
                    let index = partition.partition_index;
                    Fault::check(partition.error_code, None, format_args!("the offsets of {topic}, partition {index}"))?;
                    found.insert(index, partition.offset);
                }
            }
            Ok(())
        })?;
        match wanted.keys().find(|index| !found.contains_key(*index)) {
            Some(index) => Err(Fault::failed(format!("a broker says nothing of {topic}, partition {index}")).into()),
            None => Ok(found),
        }
    }
}

impl Topic {
    /// Who leads each partition; none: nobody now.
    pub(super) fn leaders(&self) -> BTreeMap<i32, Option<i32>> {
        self.partitions.iter().map(|partition| (partition.index, partition.leader)).collect()
    }

    /// The numbers of its partitions, or of the one that was asked for.
    pub(super) fn chosen(&self, partition: Option<i32>) -> Outcome<Vec<i32>> {
        let all = self.partitions.iter().map(|partition| partition.index);
        let chosen: Vec<i32> = all.filter(|index| partition.is_none_or(|wanted| wanted == *index)).collect();
        match partition {
            Some(wanted) if chosen.is_empty() => {
                let (name, count) = (&self.name, self.partitions.len());
                Err(Fault::failed(format!("topic {name} has no partition {wanted}, it has {count}, counted from 0")).into())
            }
            _ => Ok(chosen),
        }
    }
}

/// The leader of a partition; a fault that passes if there is none now.
pub(super) fn leader_of(leaders: &BTreeMap<i32, Option<i32>>, topic: &str, index: i32) -> Result<i32, Fault> {
    let code = match leaders.get(&index) {
        Some(Some(leader)) => return Ok(*leader),
        Some(None) => ErrorCode::LeaderNotAvailable,
        None => ErrorCode::UnknownTopicOrPartition,
    };
    let what = format_args!("topic {topic}, partition {index}");
    Err(Fault::check(code as i16, None, what).err().unwrap_or_else(|| Fault::failed(what)))
}

fn partition(told: &kafka_wire::messages::metadata::MetadataResponsePartition) -> Partition {
    Partition {
        index: told.partition_index,
        leader: Some(told.leader_id).filter(|leader| *leader >= 0),
        replicas: told.replica_nodes.clone(),
        in_sync: told.isr_nodes.clone(),
    }
}

/// Repeats what fails in a way that passes by itself, for a while.
pub(super) fn patiently<T>(mut action: impl FnMut() -> Result<T, Fault>) -> Outcome<T> {
    let start = Instant::now();
    let mut wait = RETRY_WAIT_MIN;
    loop {
        match action() {
            Err(fault) if fault.is_transient() && start.elapsed() < RETRY_FOR => {
                sleep(wait);
                wait = (wait * 2).min(RETRY_WAIT_MAX);
            }
            outcome => return outcome.map_err(Failure::from),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
