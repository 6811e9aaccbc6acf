//! A member of a classic consumer group, through the wire: it joins, reads what it is given, and commits.

use super::book::Book;
use super::limits::{BACKOFF, HEARTBEAT, JOIN, SESSION_MS};
use super::link::Link;
use super::reader::Reader;
use super::routes::Routes;
use kafka_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use kafka_wire::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic, OffsetFetchResponse};
use kafka_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};
use kafka_wire::{ErrorCode, Message};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use tokio::time::sleep;

const FIND_COORDINATOR: i16 = 2;
const JOIN_GROUP: i16 = 7;
const SYNC_GROUP: i16 = 5;
const HEARTBEATS: i16 = 4;
const OFFSET_COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 7;

/// What a member does next.
enum Next {
    /// Looks for the coordinator again.
    Find,
    /// Joins again.
    Join,
}

/// A member.
struct Member {
    book: Arc<Book>,
    routes: Routes,
    reader: Reader,
    link: Option<Link>,
    id: String,
    generation: i32,
    assigned: Vec<i32>,
}

/// Takes part in the group until the book ends.
pub async fn take_part(book: Arc<Book>, number: u64) {
    let mut member = Member {
        routes: Routes::new(&book, 100 + number),
        reader: Reader::new(&book, format!("member {number}"), 200 + number, true),
        book,
        link: None,
        id: String::new(),
        generation: -1,
        assigned: Vec::new(),
    };
    while !member.book.ends.load(Relaxed) {
        if member.link.is_none() {
            member.link = find(&member.book, &mut member.routes).await;
        }
        if member.link.is_none() || (member.generation < 0 && !member.join().await) {
            sleep(BACKOFF).await;
            continue;
        }
        match member.serve().await {
            Next::Find => {
                member.link = None;
                sleep(BACKOFF).await;
            }
            Next::Join => member.generation = -1,
        }
    }
}

/// A connection to the group's coordinator.
async fn find(book: &Arc<Book>, routes: &mut Routes) -> Option<Link> {
    let mut link = Link::open(&routes.somebody()?, book).await?;
    let request = FindCoordinatorRequest { key: book.group.as_str().into(), ..FindCoordinatorRequest::default() };
    let answer = link.ask(FIND_COORDINATOR, &request).await?;
    let answer = FindCoordinatorResponse::decode(&answer, FIND_COORDINATOR).ok()?;
    if answer.error_code != 0 {
        book.trace(|| format!("no coordinator: {}", answer.error_code));
        return None;
    }
    Link::open(&format!("{}:{}", answer.host, answer.port), book).await
}

/// What the group holds, told by its coordinator; `None` if it does not answer well.
pub async fn fetch_offsets(book: &Arc<Book>, link: &mut Link, partitions: &[i32]) -> Option<Vec<(i32, i64)>> {
    let topic = OffsetFetchRequestTopic { name: book.topic.as_str().into(), partition_indexes: partitions.to_vec() };
    let group_id = book.group.as_str().into();
    let request = OffsetFetchRequest { group_id, topics: Some(vec![topic]), ..OffsetFetchRequest::default() };
    let asked = Instant::now();
    let answer = link.ask(OFFSET_FETCH, &request).await?;
    let answer = OffsetFetchResponse::decode(&answer, OFFSET_FETCH).ok()?;
    let partitions: Vec<_> = answer.topics.iter().flat_map(|topic| &topic.partitions).collect();
    if answer.error_code != 0 || partitions.iter().any(|partition| partition.error_code != 0) {
        return None;
    }
    for partition in &partitions {
        let token = partition.metadata.as_deref().unwrap_or_default();
        book.found(partition.partition_index, partition.committed_offset, token, asked);
    }
    Some(partitions.iter().map(|partition| (partition.partition_index, partition.committed_offset)).collect())
}

/// Waits until the group's coordinator has told everything that the group holds.
pub async fn audit(book: &Arc<Book>) {
    let mut routes = Routes::new(book, 300);
    let all: Vec<i32> = (0..book.partitions()).collect();
    let end = Instant::now() + super::limits::SETTLE;
    loop {
        if let Some(mut link) = find(book, &mut routes).await
            && fetch_offsets(book, &mut link, &all).await.is_some()
        {
            return;
        }
        assert!(Instant::now() < end, "the group's coordinator does not answer");
        sleep(BACKOFF).await;
    }
}

impl Member {
    /// Joins a generation; whether that came about.
    async fn join(&mut self) -> bool {
        self.try_join().await.is_some()
    }

    /// A refusal that a member goes on after. Anything but a place to look again is forgotten with the connection.
    fn refused(&mut self, code: i16) {
        match ErrorCode::from_code(code) {
            Some(ErrorCode::UnknownMemberId) => self.id.clear(),
            Some(ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration) => {}
            Some(code) if code.is_retriable() => self.link = None,
            code => self.book.fault(format!("the group refuses its member {} with {code:?}", self.id)),
        }
    }

    fn decoded<T>(&self, decoded: kafka_wire::Result<T>) -> Option<T> {
        decoded.inspect_err(|error| self.book.fault(format!("an answer to a member cannot be read: {error:?}"))).ok()
    }

    async fn try_join(&mut self) -> Option<()> {
        let (members, leader, generation) = loop {
            let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: subscription(&self.book.topic).into() };
            let (id, group) = (self.id.clone(), self.book.group.clone());
            let request = JoinGroupRequest {
                group_id: group.into(),
                session_timeout_ms: SESSION_MS,
                rebalance_timeout_ms: SESSION_MS,
                member_id: id.into(),
                protocol_type: "consumer".into(),
                protocols: vec![protocol],
                ..JoinGroupRequest::default()
            };
            let answer = self.link.as_mut()?.ask_within(JOIN, JOIN_GROUP, &request).await;
            let Some(answer) = answer else {
                self.book.trace(|| format!("member {}: no answer to its join", self.id));
                self.link = None;
                return None;
            };
            let answer = self.decoded(JoinGroupResponse::decode(&answer, JOIN_GROUP))?;
            let code = answer.error_code;
            self.book.trace(|| format!("member {} joins: {code}, generation {}", self.id, answer.generation_id));
            if answer.error_code == ErrorCode::MemberIdRequired as i16 {
                self.id = answer.member_id.to_string();
                continue;
            }
            if answer.error_code != 0 {
                self.refused(answer.error_code);
                return None;
            }
            self.id = answer.member_id.to_string();
            let members: Vec<String> = answer.members.iter().map(|member| member.member_id.to_string()).collect();
            break (members, answer.leader.to_string(), answer.generation_id);
        };
        let assignments = if leader == self.id { assign(&self.book, &members) } else { Vec::new() };
        self.sync(generation, assignments).await
    }

    async fn sync(&mut self, generation: i32, assignments: Vec<(String, Vec<u8>)>) -> Option<()> {
        let assignment = |(member, bytes): (String, Vec<u8>)| SyncGroupRequestAssignment {
            member_id: member.into(),
            assignment: bytes.into(),
        };
        let (id, group) = (self.id.clone(), self.book.group.clone());
        let request = SyncGroupRequest {
            group_id: group.into(),
            generation_id: generation,
            member_id: id.into(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            assignments: assignments.into_iter().map(assignment).collect(),
            ..SyncGroupRequest::default()
        };
        let answer = self.link.as_mut()?.ask_within(JOIN, SYNC_GROUP, &request).await;
        let Some(answer) = answer else {
            self.book.trace(|| format!("member {}: no answer to its sync", self.id));
            self.link = None;
            return None;
        };
        let answer = self.decoded(SyncGroupResponse::decode(&answer, SYNC_GROUP))?;
        self.book.trace(|| format!("member {} in {generation} is synchronised: {}", self.id, answer.error_code));
        if answer.error_code != 0 {
            self.refused(answer.error_code);
            return None;
        }
        let Some(assigned) = assigned(&answer.assignment, &self.book.topic) else {
            self.book.fault(format!("an assignment came that nobody made: {:?}", answer.assignment));
            return None;
        };
        let offsets = fetch_offsets(&self.book, self.link.as_mut()?, &assigned).await;
        let Some(offsets) = offsets else {
            self.book.trace(|| format!("member {} is not told offsets", self.id));
            self.link = None;
            return None;
        };
        for (partition, offset) in offsets {
            self.reader.seek(partition, offset.max(0));
        }
        (self.assigned, self.generation) = (assigned, generation);
        self.book.rebalanced();
        Some(())
    }

    /// Reads, commits and says that it is alive, until something is in the way.
    async fn serve(&mut self) -> Next {
        let mut beat = Instant::now();
        while !self.book.ends.load(Relaxed) {
            self.reader.poll(&self.assigned).await;
            if let Err(next) = self.commit().await {
                return next;
            }
            if beat.elapsed() >= HEARTBEAT {
                beat = Instant::now();
                if let Err(next) = self.beat().await {
                    return next;
                }
            }
        }
        Next::Find
    }

    fn after(&mut self, what: &str, code: i16) -> Result<(), Next> {
        if code != 0 {
            self.book.trace(|| format!("member {} in {}: its {what} is refused with {code}", self.id, self.generation));
        }
        match ErrorCode::from_code(code) {
            Some(ErrorCode::None) => Ok(()),
            Some(ErrorCode::UnknownMemberId) => {
                self.id.clear();
                Err(Next::Join)
            }
            Some(ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration) => Err(Next::Join),
            Some(code) if code.is_retriable() => Err(Next::Find),
            code => {
                self.book.fault(format!("the group refuses its member {} with {code:?}", self.id));
                Err(Next::Join)
            }
        }
    }

    async fn beat(&mut self) -> Result<(), Next> {
        let (id, group) = (self.id.clone(), self.book.group.clone());
        let request = HeartbeatRequest {
            group_id: group.into(),
            generation_id: self.generation,
            member_id: id.into(),
            ..HeartbeatRequest::default()
        };
        let link = self.link.as_mut().ok_or(Next::Find)?;
        let answer = link.ask(HEARTBEATS, &request).await.ok_or(Next::Find)?;
        let answer = HeartbeatResponse::decode(&answer, HEARTBEATS).map_err(|_| Next::Find)?;
        self.after("heartbeat", answer.error_code)
    }

    async fn commit(&mut self) -> Result<(), Next> {
        let (mut sent, mut partitions) = (Vec::new(), Vec::new());
        for partition in &self.assigned {
            let committed_offset = self.reader.position(*partition);
            let token = self.book.commit(*partition, committed_offset);
            sent.push((*partition, token));
            partitions.push(OffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset,
                committed_metadata: Some(token.to_string().into()),
                ..OffsetCommitRequestPartition::default()
            });
        }
        let topic = OffsetCommitRequestTopic { name: self.book.topic.clone().into(), partitions, ..Default::default() };
        let (id, group) = (self.id.clone(), self.book.group.clone());
        let request = OffsetCommitRequest {
            group_id: group.into(),
            generation_id_or_member_epoch: self.generation,
            member_id: id.into(),
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        let link = self.link.as_mut().ok_or(Next::Find)?;
        let answer = link.ask(OFFSET_COMMIT, &request).await.ok_or(Next::Find)?;
        let answer = OffsetCommitResponse::decode(&answer, OFFSET_COMMIT).map_err(|_| Next::Find)?;
        let mut worst = 0;
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            let token = sent.iter().find(|(sent, _)| *sent == partition.partition_index).map(|(_, token)| *token);
            let Some(token) = token else {
                self.book.fault(format!("a commit of {} was answered that was not sent", partition.partition_index));
                continue;
            };
            self.book.committed(partition.partition_index, token, partition.error_code);
            worst = if partition.error_code == 0 { worst } else { partition.error_code };
        }
        self.after("commit", worst)
    }
}

/// What a consumer subscribed to (ConsumerProtocolSubscription, version 0).
fn subscription(topic: &str) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    bytes.extend_from_slice(&(topic.len() as i16).to_be_bytes());
    bytes.extend_from_slice(topic.as_bytes());
    bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    bytes
}

/// Each member's part of the topic (ConsumerProtocolAssignment, version 0).
fn assign(book: &Book, members: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut members = members.to_vec();
    members.sort();
    let part = |(number, member): (usize, &String)| {
        let mine: Vec<i32> = (0..book.partitions()).filter(|partition| *partition as usize % members.len() == number).collect();
        let mut bytes = vec![0, 0, 0, 0, 0, 1];
        bytes.extend_from_slice(&(book.topic.len() as i16).to_be_bytes());
        bytes.extend_from_slice(book.topic.as_bytes());
        bytes.extend_from_slice(&(mine.len() as i32).to_be_bytes());
        mine.iter().for_each(|partition| bytes.extend_from_slice(&partition.to_be_bytes()));
        bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        (member.clone(), bytes)
    };
    members.iter().enumerate().map(part).collect()
}

/// The partitions in what [`assign`] wrote.
fn assigned(bytes: &[u8], topic: &str) -> Option<Vec<i32>> {
    let numbers = bytes.get(8 + topic.len()..)?.strip_suffix(&(-1_i32).to_be_bytes())?;
    let (count, numbers) = numbers.split_first_chunk()?;
    let numbers: Vec<i32> = numbers.chunks_exact(4).map(|bytes| i32::from_be_bytes(bytes.try_into().expect("four"))).collect();
    (numbers.len() as i32 == i32::from_be_bytes(*count)).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_assigned_to_one_member() {
        let book = Book::new("topic", "group", 5, 1);
        let parts = assign(&book, &["b".to_owned(), "a".to_owned()]);
        let mut all: Vec<i32> = parts.iter().flat_map(|(_, bytes)| assigned(bytes, "topic").expect("readable")).collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
        assert_eq!(assigned(&[], "topic"), None);
    }
}
