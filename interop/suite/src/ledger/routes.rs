//! What a client knows of brokers and leaders, as it was told.

use super::book::Book;
use super::link::Link;
use crate::random::Random;
use kafka_wire::Message;
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use std::collections::HashMap;
use std::sync::Arc;

const METADATA: i16 = 9;

/// A client's own view of the cluster.
#[derive(Debug)]
pub struct Routes {
    book: Arc<Book>,
    random: Random,
    brokers: HashMap<i32, String>,
    leaders: HashMap<i32, (i32, i32)>,
}

impl Routes {
    /// Knows nothing yet.
    pub fn new(book: &Arc<Book>, seed: u64) -> Self {
        Self { book: book.clone(), random: Random::new(seed), brokers: HashMap::new(), leaders: HashMap::new() }
    }

    /// A broker that one may ask anything, as likely one that was told as one that is known from the beginning.
    pub fn somebody(&mut self) -> Option<String> {
        let doors = self.book.doors();
        (!doors.is_empty()).then(|| format!("127.0.0.1:{}", self.random.pick(&doors)))
    }

    /// Asks somebody anew.
    pub async fn refresh(&mut self) {
        let Some(address) = self.somebody() else { return };
        let Some(mut link) = Link::open(&address, &self.book).await else { return };
        let topic = MetadataRequestTopic { name: Some(self.book.topic.clone().into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
        let Some(answer) = link.ask(METADATA, &request).await else { return };
        let Ok(answer) = MetadataResponse::decode(&answer, METADATA) else {
            return self.book.fault("an answer to Metadata cannot be read".to_owned());
        };
        self.brokers = answer.brokers.iter().map(|broker| (broker.node_id, format!("{}:{}", broker.host, broker.port))).collect();
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions).filter(|partition| partition.leader_id >= 0) {
            // Who is behind does not make a client forget what it knows (KIP-320).
            let known = self.leaders.get(&partition.partition_index).map_or(-1, |(_, epoch)| *epoch);
            if partition.leader_epoch >= known {
                self.leaders.insert(partition.partition_index, (partition.leader_id, partition.leader_epoch));
            }
        }
    }

    /// The leader of a partition: its number, where it is, and its epoch.
    pub fn leader(&self, partition: i32) -> Option<(i32, &str, i32)> {
        let (number, epoch) = self.leaders.get(&partition)?;
        Some((*number, self.brokers.get(number)?, *epoch))
    }
}
