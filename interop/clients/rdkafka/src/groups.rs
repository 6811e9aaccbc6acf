//! A group whose next member goes on where the last one committed.

use crate::records::send;
use crate::report::{PATIENCE, Run, Said};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::Instant;

/// The offsets of so many records that a new member reads; then it commits and leaves.
fn member(run: &Run, topic: &str, count: usize) -> KafkaResult<(Vec<i64>, Offset)> {
    let settings = [("group.id", &run.name("-group")[..]), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    let consumer: BaseConsumer = run.config(&settings).create()?;
    consumer.subscribe(&[topic])?;
    let (begin, mut found) = (Instant::now(), Vec::new());
    while found.len() < count && begin.elapsed() < PATIENCE {
        if let Some(message) = consumer.poll(PATIENCE) {
            found.push(message?.offset());
        }
    }
    let mut next = TopicPartitionList::new();
    next.add_partition_offset(topic, 0, Offset::Offset(found.last().map_or(0, |last| last + 1)))?;
    consumer.commit(&next, CommitMode::Sync)?;
    let committed = consumer.committed(PATIENCE)?;
    Ok((found, committed.find_partition(topic, 0).map_or(Offset::Invalid, |partition| partition.offset())))
}

pub fn going_on(run: &Run) -> Said {
    let topic = run.topic("", 1)?;
    let values: Vec<Vec<u8>> = (0..10).map(|number| vec![number; 10]).collect();
    send(run, &topic, 1, &values, &[])?;
    let mut said = Vec::new();
    for count in [4, 6] {
        let (offsets, committed) = member(run, &topic, count)?;
        said.push(format!("read {offsets:?} committed {committed:?}"));
    }
    Ok(said)
}
