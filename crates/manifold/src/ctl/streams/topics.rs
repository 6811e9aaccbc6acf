//! `ctl topic …`: what topics there are, and changing them.

use std::{borrow::Cow, collections::BTreeMap};

use kafka_wire::{
    ApiKey,
    messages::{
        create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic},
        create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse},
        delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic},
        delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse},
    },
};
use serde::Serialize;

use super::{
    client::{Client, Topic, leader_of, patiently},
    configs::{self, Setting},
    fault::Fault,
    limits::REQUEST_TIMEOUT_MS,
    place::{EARLIEST, LATEST},
};
use crate::{exit::Outcome, table::table};

const CREATE_NEWEST: i16 = 6;
/// Later versions name topics by their ids, too.
const DELETE_NEWEST: i16 = 5;
const GROW_NEWEST: i16 = 3;
const TRIM_NEWEST: i16 = 2;
/// The broker's own default of partitions or replicas (KIP-464).
const DEFAULT: i32 = -1;

/// A line of `topic list`.
#[derive(Serialize)]
pub(super) struct Listed {
    name: String,
    partitions: usize,
    replicas: usize,
    /// Of the server's own making.
    internal: bool,
}

impl From<&Topic> for Listed {
    fn from(topic: &Topic) -> Listed {
        let replicas = topic.partitions.iter().map(|partition| partition.replicas.len()).max().unwrap_or(0);
        Listed { name: topic.name.clone(), partitions: topic.partitions.len(), replicas, internal: topic.internal }
    }
}

pub(super) fn list(client: &mut Client) -> Outcome<Vec<Listed>> {
    let topics = patiently(|| client.metadata(None))?;
    Ok(topics.iter().map(Listed::from).collect())
}

pub(super) fn list_text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "There is no topic; \"manifold ctl topic create NAME\" makes one.\n".to_owned();
    }
    let row = |topic: &Listed| [topic.name.clone(), topic.partitions.to_string(), topic.replicas.to_string()];
    table(["TOPIC", "PARTITIONS", "REPLICAS"], &listed.iter().map(row).collect::<Vec<_>>())
}

/// What `topic describe` tells.
#[derive(Serialize)]
pub(super) struct Described {
    name: String,
    /// None: the server does not tell settings.
    settings: Option<Vec<Setting>>,
    partitions: Vec<DescribedPartition>,
}

#[derive(Serialize)]
struct DescribedPartition {
    partition: i32,
    leader: Option<i32>,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    /// The first offset that is still there.
    start: i64,
    /// The offset that the next record will have.
    end: i64,
}

pub(super) fn describe(client: &mut Client, name: &str, all: bool) -> Outcome<Described> {
    let topic = patiently(|| client.topic(name))?;
    let at = |timestamp: i64| topic.partitions.iter().map(|partition| (partition.index, timestamp)).collect::<BTreeMap<_, _>>();
    let (starts, ends) = (client.offsets(name, &at(EARLIEST))?, client.offsets(name, &at(LATEST))?);
    let settings = if client.serves(ApiKey::DescribeConfigs) { Some(configs::of_topic(client, name, all)?) } else { None };
    let partition = |partition: &super::client::Partition| DescribedPartition {
        partition: partition.index,
        leader: partition.leader,
        replicas: partition.replicas.clone(),
        in_sync: partition.in_sync.clone(),
        start: starts.get(&partition.index).copied().unwrap_or(-1),
        end: ends.get(&partition.index).copied().unwrap_or(-1),
    };
    Ok(Described { name: topic.name.clone(), settings, partitions: topic.partitions.iter().map(partition).collect() })
}

impl Described {
    pub(super) fn to_text(&self) -> String {
        let settings = match &self.settings {
            None => "not told by this server".to_owned(),
            Some(settings) if settings.is_empty() => "all as by default".to_owned(),
            Some(settings) => settings.iter().map(Setting::to_text).collect::<Vec<_>>().join("\n          "),
        };
        let numbers = |numbers: &[i32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let row = |partition: &DescribedPartition| {
            [
                partition.partition.to_string(),
                partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
                numbers(&partition.replicas),
                numbers(&partition.in_sync),
                partition.start.to_string(),
                partition.end.to_string(),
                (partition.end - partition.start).max(0).to_string(),
            ]
        };
        let rows: Vec<_> = self.partitions.iter().map(row).collect();
        let headings = ["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "START", "END", "RECORDS"];
        format!("topic     {}\nsettings  {settings}\n\n{}", self.name, table(headings, &rows))
    }
}

/// A topic that something was done to.
#[derive(Serialize)]
pub(super) struct Changed {
    topic: String,
    /// What is so now.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(skip)]
    text: String,
}

impl Changed {
    pub(super) fn new(topic: &str, state: &'static str, text: String) -> Changed {
        Changed { topic: topic.to_owned(), state, partitions: None, partition: None, start: None, text }
    }

    pub(super) fn to_text(&self) -> String {
        format!("{} {}\n", self.topic, self.text)
    }
}

/// Creates a topic; without a count the broker's default decides.
pub(super) fn create(client: &mut Client, name: &str, partitions: Option<i32>, configs: &[(String, String)]) -> Outcome<Changed> {
    let config = |(name, value): &(String, String)| CreatableTopicConfig {
        name: Cow::Owned(name.clone()),
        value: Some(Cow::Owned(value.clone())),
    };
    let wanted = CreatableTopic {
        name: Cow::Borrowed(name),
        num_partitions: partitions.unwrap_or(DEFAULT),
        replication_factor: -1,
        configs: configs.iter().map(config).collect(),
        ..CreatableTopic::default()
    };
    let question = CreateTopicsRequest { topics: vec![wanted], timeout_ms: REQUEST_TIMEOUT_MS, validate_only: false };
    patiently(|| {
        let answer = client.ask(&question, CREATE_NEWEST).map_err(Fault::once)?;
        let told: CreateTopicsResponse<'_> = answer.read()?;
        let result = told.topics.first().ok_or_else(silent)?;
        Fault::check(result.error_code, result.error_message.as_ref(), format_args!("topic {name} cannot be created"))
    })?;
    let count = patiently(|| client.topic(name))?.partitions.len();
    let text = format!("is there, with {}", counted(count, "partition"));
    Ok(Changed { partitions: Some(count), ..Changed::new(name, "created", text) })
}

pub(super) fn delete(client: &mut Client, name: &str) -> Outcome<Changed> {
    let topic_names = vec![Cow::Borrowed(name)];
    let question = DeleteTopicsRequest { topic_names, timeout_ms: REQUEST_TIMEOUT_MS, ..DeleteTopicsRequest::default() };
    patiently(|| {
        let answer = client.ask(&question, DELETE_NEWEST).map_err(Fault::once)?;
        let told: DeleteTopicsResponse<'_> = answer.read()?;
        let result = told.responses.first().ok_or_else(silent)?;
        Fault::check(result.error_code, result.error_message.as_ref(), format_args!("topic {name} cannot be deleted"))
    })?;
    Ok(Changed::new(name, "deleted", "is deleted, with all its records".to_owned()))
}

/// Gives a topic more partitions, so that it has `count`.
pub(super) fn grow(client: &mut Client, name: &str, count: i32) -> Outcome<Changed> {
    let topics = vec![CreatePartitionsTopic { name: Cow::Borrowed(name), count, assignments: None }];
    let question = CreatePartitionsRequest { topics, timeout_ms: REQUEST_TIMEOUT_MS, validate_only: false };
    patiently(|| {
        let answer = client.ask(&question, GROW_NEWEST).map_err(Fault::once)?;
        let told: CreatePartitionsResponse<'_> = answer.read()?;
        let result = told.results.first().ok_or_else(silent)?;
        Fault::check(result.error_code, result.error_message.as_ref(), format_args!("topic {name} cannot grow"))
    })?;
    let text = format!("has {count} partitions now; records with the same key may go to another one than before");
    Ok(Changed { partitions: usize::try_from(count).ok(), ..Changed::new(name, "grown", text) })
}

/// Deletes the records of a partition that lie before an offset (KIP-107).
pub(super) fn trim(client: &mut Client, name: &str, index: i32, before: i64) -> Outcome<Changed> {
    patiently(|| client.topic(name))?.chosen(Some(index))?;
    let start = patiently(|| {
        let leader = leader_of(&client.topic(name)?.leaders(), name, index)?;
        let partitions = vec![DeleteRecordsPartition { partition_index: index, offset: before }];
        let topics = vec![DeleteRecordsTopic { name: Cow::Borrowed(name), partitions }];
        let answer = client.broker(leader)?.ask(&DeleteRecordsRequest { topics, timeout_ms: REQUEST_TIMEOUT_MS }, TRIM_NEWEST)?;
        let told: DeleteRecordsResponse<'_> = answer.read()?;
        let result = told.topics.first().and_then(|topic| topic.partitions.first()).ok_or_else(silent)?;
        Fault::check(result.error_code, None, format_args!("{name}, partition {index}, cannot be trimmed to {before}"))?;
        Ok(result.low_watermark)
    })?;
    let text = format!("begins at offset {start} in partition {index}");
    Ok(Changed { partition: Some(index), start: Some(start), ..Changed::new(name, "trimmed", text) })
}

/// A broker whose answer is about something else.
pub(super) fn silent() -> Fault {
    Fault::failed("the broker's answer does not say what was asked")
}

/// "1 partition", "2 partitions".
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_a_table() {
        let topic = |name: &str, partitions| Listed { name: name.to_owned(), partitions, replicas: 3, internal: false };
        let text = list_text(&[topic("orders", 12), topic("a", 1)]);
        assert_eq!(text, "TOPIC   PARTITIONS  REPLICAS\norders          12         3\na                1         3\n");
        assert!(list_text(&[]).contains("topic create"));
    }

    #[test]
    fn a_topic_is_a_page() {
        let partition = |partition, leader, start, end| DescribedPartition {
            partition,
            leader,
            replicas: vec![1, 2],
            in_sync: vec![2],
            start,
            end,
        };
        let setting = Setting::example("retention.ms", "1000");
        let partitions = vec![partition(0, Some(1), 5, 15), partition(1, None, 0, 0)];
        let mut described = Described { name: "orders".to_owned(), settings: Some(vec![setting]), partitions };
        let expected = "\
topic     orders
settings  retention.ms=1000

PARTITION  LEADER  REPLICAS  IN SYNC  START  END  RECORDS
        0  1       1,2             2      5   15       10
        1  none    1,2             2      0    0        0
";
        assert_eq!(described.to_text(), expected);
        described.settings = None;
        assert!(described.to_text().contains("settings  not told by this server\n"));
    }
}
