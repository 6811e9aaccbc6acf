//! Reads partitions from their leaders, and checks what comes.

use super::book::Book;
use super::limits::{BACKOFF, FETCH_BYTES, FETCH_WAIT_MS};
use super::link::Link;
use super::record::{Entry, parse};
use super::routes::Routes;
use kafka_wire::batch::Batches;
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use kafka_wire::{ErrorCode, Message};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::time::sleep;

const FETCH: i16 = 12;
/// The newest version that leaders alone answer (KIP-392): without an epoch nothing else tells a follower from its leader.
const FETCH_FROM_LEADER: i16 = 10;
/// Bytes of a batch once it is inflated.
const INFLATED_BYTES_MAX: usize = 16 << 20;

/// Where a consumer stands in one partition.
#[derive(Debug, Default, Clone, Copy)]
struct Stand {
    position: i64,
    high_watermark: i64,
}

/// A consumer's way of reading.
#[derive(Debug)]
pub struct Reader {
    name: String,
    book: Arc<Book>,
    routes: Routes,
    links: HashMap<i32, Link>,
    stands: Vec<Stand>,
    /// Whether it says in which epoch it believes a leader (KIP-320); old clients do not.
    says_epoch: bool,
    is_lost: bool,
    /// What was read of each partition, if that is wanted.
    kept: Option<Vec<Vec<Entry>>>,
    /// The records' values instead, where they may be somebody else's.
    values: Option<Vec<Vec<Vec<u8>>>>,
}

/// Reads everything, all the time.
pub async fn consume(book: Arc<Book>, number: u64) {
    let mut reader = Reader::new(&book, format!("consumer {number}"), number, number.is_multiple_of(2));
    let all: Vec<i32> = (0..book.partitions()).collect();
    while !book.ends.load(Relaxed) {
        reader.poll(&all).await;
    }
}

impl Reader {
    /// At the beginning of everything.
    pub fn new(book: &Arc<Book>, name: String, seed: u64, says_epoch: bool) -> Self {
        Self {
            name,
            book: book.clone(),
            routes: Routes::new(book, seed),
            links: HashMap::new(),
            stands: vec![Stand::default(); book.partitions() as usize],
            says_epoch,
            is_lost: true,
            kept: None,
            values: None,
        }
    }

    /// The next offset that it reads.
    pub fn position(&self, partition: i32) -> i64 {
        self.stands[partition as usize].position
    }

    /// Goes elsewhere.
    pub fn seek(&mut self, partition: i32, offset: i64) {
        self.stands[partition as usize].position = offset;
    }

    /// Everything that there is, read anew, from the first record to the end as it is now.
    pub async fn everything(mut self) -> Vec<Vec<Entry>> {
        self.kept = Some(vec![Vec::new(); self.stands.len()]);
        self.read_to_the_end().await;
        self.kept.take().expect("it was wanted")
    }

    /// The values of all records, whoever wrote them.
    pub async fn values(mut self) -> Vec<Vec<Vec<u8>>> {
        self.values = Some(vec![Vec::new(); self.stands.len()]);
        self.read_to_the_end().await;
        self.values.take().expect("they were wanted")
    }

    async fn read_to_the_end(&mut self) {
        let all: Vec<i32> = (0..self.book.partitions()).collect();
        let end = std::time::Instant::now() + super::limits::SETTLE;
        let mut quiet = 0;
        // Producers have stopped: two answers of every leader without news, at the end, say that this is all.
        while quiet < 2 {
            let got = self.poll(&all).await;
            quiet = if got == Some(0) { quiet + 1 } else { 0 };
            assert!(std::time::Instant::now() < end, "the partitions cannot be read to their ends: {:?}", self.stands);
        }
    }

    /// Asks the leaders of these partitions once; how many records came, `None` if not everybody answered well.
    pub async fn poll(&mut self, partitions: &[i32]) -> Option<usize> {
        if self.is_lost {
            self.routes.refresh().await;
            self.is_lost = false;
        }
        let mut by_leader: BTreeMap<i32, (String, Vec<FetchPartition>)> = BTreeMap::new();
        let mut all = Some(0);
        for partition in partitions {
            let Some((broker, address, epoch)) = self.routes.leader(*partition) else {
                (self.is_lost, all) = (true, None);
                continue;
            };
            by_leader.entry(broker).or_insert_with(|| (address.to_owned(), Vec::new())).1.push(FetchPartition {
                partition: *partition,
                current_leader_epoch: if self.says_epoch { epoch } else { -1 },
                fetch_offset: self.position(*partition),
                partition_max_bytes: FETCH_BYTES,
                ..FetchPartition::default()
            });
        }
        for (broker, (address, wanted)) in by_leader {
            let got = self.ask(broker, &address, wanted).await;
            all = all.zip(got).map(|(all, got)| all + got);
            if got.is_none() {
                self.is_lost = true;
            }
        }
        if self.is_lost {
            sleep(BACKOFF).await;
        }
        all
    }

    async fn ask(&mut self, broker: i32, address: &str, wanted: Vec<FetchPartition>) -> Option<usize> {
        let mut link = match self.links.remove(&broker) {
            Some(link) => link,
            None => Link::open(address, &self.book).await?,
        };
        let topic = FetchTopic { topic: self.book.topic.clone().into(), partitions: wanted, ..FetchTopic::default() };
        let request = FetchRequest {
            max_wait_ms: FETCH_WAIT_MS,
            min_bytes: 1,
            max_bytes: 16 * FETCH_BYTES,
            topics: vec![topic],
            ..FetchRequest::default()
        };
        let version = if self.says_epoch { FETCH } else { FETCH_FROM_LEADER };
        let answer = link.ask(version, &request).await?;
        self.links.insert(broker, link);
        let answer = match FetchResponse::decode(&answer, version) {
            Ok(answer) => answer,
            Err(error) => {
                self.book.fault(format!("an answer to Fetch cannot be read: {error:?}"));
                return None;
            }
        };
        let mut all = Some(0);
        for partition in answer.responses.iter().flat_map(|topic| &topic.partitions) {
            let got = self.take(partition).unwrap_or_else(|what| {
                let place = self.position(partition.partition_index);
                self.book.fault(format!("{} at {}/{place}: {what}", self.name, partition.partition_index));
                None
            });
            all = all.zip(got).map(|(all, got)| all + got);
        }
        all
    }

    /// Takes what came of one partition; `None` if it has to be asked elsewhere, the error is a broken promise.
    fn take(&mut self, answer: &PartitionData<'_>) -> Result<Option<usize>, String> {
        let code = ErrorCode::from_code(answer.error_code);
        match code {
            Some(ErrorCode::None) => {}
            Some(code) if code.is_retriable() => return Ok(None),
            _ => return Err(format!("the fetch was refused with {code:?}")),
        }
        let index = answer.partition_index;
        let before = self.stands[index as usize];
        if answer.high_watermark < before.high_watermark {
            return Err(format!("the high watermark fell from {} to {}", before.high_watermark, answer.high_watermark));
        }
        self.stands[index as usize].high_watermark = answer.high_watermark;
        let mut count = 0;
        for batch in Batches::new(answer.records.unwrap_or_default()) {
            let batch = batch.map_err(|fault| format!("a batch: {fault}"))?;
            if !batch.crc_is_right() {
                return Err(format!("the batch at {} has a wrong CRC", batch.base_offset()));
            }
            let inflated = batch.inflate(INFLATED_BYTES_MAX).map_err(|fault| format!("a batch: {fault}"))?;
            for record in batch.records(&inflated) {
                let record = record.map_err(|fault| format!("a record: {fault}"))?;
                let position = self.position(index);
                if record.offset < position && batch.base_offset() <= before.position {
                    // The batch that contains the position begins before it.
                    continue;
                }
                if record.offset != position || record.offset >= answer.high_watermark {
                    return Err(format!("record {} came at {position} below {}", record.offset, answer.high_watermark));
                }
                self.keep(index, record.offset, record.value.unwrap_or_default())?;
                self.stands[index as usize].position += 1;
                count += 1;
            }
        }
        Ok(Some(count))
    }

    fn keep(&mut self, partition: i32, offset: i64, value: &[u8]) -> Result<(), String> {
        if let Some(values) = &mut self.values {
            values[partition as usize].push(value.to_vec());
            return Ok(());
        }
        let entry = parse(value, partition).map_err(|what| format!("the record at {offset}: {what}"))?;
        self.book.see(partition, offset, entry);
        if let Some(kept) = &mut self.kept {
            kept[partition as usize].push(entry);
        }
        Ok(())
    }
}
