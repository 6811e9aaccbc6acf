//! A Fetch answer whose records are not copied.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    Uuid,
    encoder::Encoder,
    error::{Error, Kind, Result},
    frame::{SIZE_BYTES, response_header},
    message::{Message, Wire},
    messages::{
        ApiKey,
        fetch::{AbortedTransaction, EpochEndOffset, FetchResponse, LeaderIdAndEpoch, NodeEndpoint},
    },
};

/// An answer to Fetch. What a version does not have is left out.
#[derive(Clone, Debug, Default)]
pub struct FetchAnswer<'a> {
    /// How long the client is asked to wait, in ms.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, from version 7 on.
    pub error_code: i16,
    /// The fetch session (KIP-227), from version 7 on; 0 for none.
    pub session_id: i32,
    /// The topics, in the request's order.
    pub topics: Vec<FetchTopicAnswer<'a>>,
    /// Where the leaders are that partitions name (KIP-951), from version 16 on.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

/// One topic of an answer.
#[derive(Clone, Debug, Default)]
pub struct FetchTopicAnswer<'a> {
    /// Its name, until version 12.
    pub name: Cow<'a, str>,
    /// Its id, from version 13 on.
    pub id: Uuid,
    /// Its partitions, in the request's order.
    pub partitions: Vec<FetchPartitionAnswer>,
}

/// One partition of an answer.
#[derive(Clone, Debug)]
pub struct FetchPartitionAnswer {
    /// Its number.
    pub index: i32,
    /// What is wrong with it, 0 for nothing.
    pub error_code: i16,
    /// Its high watermark.
    pub high_watermark: i64,
    /// Its last stable offset, -1 if not known.
    pub last_stable_offset: i64,
    /// Its first offset, from version 5 on; -1 if not known.
    pub log_start_offset: i64,
    /// Where it and the client's log part, from version 12 on (KIP-595).
    pub diverging_epoch: Option<EpochEndOffset>,
    /// Who leads it, from version 12 on, if not this node (KIP-951).
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// What a consumer of committed records must drop; null for one that reads all.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// From which replica to read, from version 11 on; -1 for this one.
    pub preferred_read_replica: i32,
    /// The record batches, in pieces that follow each other. Never null on the wire: old clients do not expect that.
    pub records: Vec<Bytes>,
}

impl Default for FetchPartitionAnswer {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: None,
            aborted_transactions: None,
            preferred_read_replica: -1,
            records: Vec::new(),
        }
    }
}

/// What was written so far, and where records go into it.
struct Framing<'a> {
    bytes: Vec<u8>,
    /// Each with the place in `bytes` that it is before, ascending.
    records: Vec<(usize, &'a Bytes)>,
    record_bytes: usize,
}

impl FetchAnswer<'_> {
    /// The answer in pieces, to be written one after another: size, header and message, and between them the records as they were
    /// handed in. [`Kind::Version`] for a version that there is none of, [`Kind::TooLong`] past 2 GiB.
    pub fn encode(&self, correlation_id: i32, version: i16) -> Result<Vec<Bytes>> {
        if !FetchResponse::VERSIONS.contains(&version) {
            return Err(Error::new(Kind::Version, 0));
        }
        let mut framing = Framing { bytes: vec![0; SIZE_BYTES], records: Vec::new(), record_bytes: 0 };
        response_header(Some(ApiKey::Fetch), correlation_id, version, &mut framing.bytes);
        self.write(version, &mut framing)?;
        framing.into_pieces()
    }

    fn write<'a>(&'a self, version: i16, framing: &mut Framing<'a>) -> Result<()> {
        let mut to = framing.encoder(version);
        to.i32(self.throttle_time_ms);
        if version >= 7 {
            to.i16(self.error_code);
            to.i32(self.session_id);
        }
        to.length(Some(self.topics.len()))?;
        for topic in &self.topics {
            topic.write(version, framing)?;
        }
        let mut to = framing.encoder(version);
        if to.flexible() {
            let tags = to.tags();
            if version >= 16 && !self.node_endpoints.is_empty() {
                let at = to.tag(&tags, 0);
                to.array(&self.node_endpoints)?;
                to.end_tag(at)?;
            }
        }
        Ok(())
    }
}

impl FetchTopicAnswer<'_> {
    fn write<'a>(&'a self, version: i16, framing: &mut Framing<'a>) -> Result<()> {
        let mut to = framing.encoder(version);
        if version <= 12 {
            to.string(&self.name)?;
        } else {
            to.uuid(self.id);
        }
        to.length(Some(self.partitions.len()))?;
        for partition in &self.partitions {
            partition.write(version, framing)?;
        }
        framing.encoder(version).no_tags();
        Ok(())
    }
}

impl FetchPartitionAnswer {
    fn write<'a>(&'a self, version: i16, framing: &mut Framing<'a>) -> Result<()> {
        let mut to = framing.encoder(version);
        to.i32(self.index);
        to.i16(self.error_code);
        to.i64(self.high_watermark);
        to.i64(self.last_stable_offset);
        if version >= 5 {
            to.i64(self.log_start_offset);
        }
        to.array_or_null(self.aborted_transactions.as_deref())?;
        if version >= 11 {
            to.i32(self.preferred_read_replica);
        }
        let length = self.records.iter().map(Bytes::len).sum();
        to.length(Some(length))?;
        framing.put(&self.records, length);
        self.write_tags(&mut framing.encoder(version))
    }

    fn write_tags(&self, to: &mut Encoder<'_>) -> Result<()> {
        if !to.flexible() {
            return Ok(());
        }
        let tags = to.tags();
        if let Some(epoch) = &self.diverging_epoch {
            let at = to.tag(&tags, 0);
            epoch.write(to)?;
            to.end_tag(at)?;
        }
        if let Some(leader) = &self.current_leader {
            let at = to.tag(&tags, 1);
            leader.write(to)?;
            to.end_tag(at)?;
        }
        Ok(())
    }
}

impl<'a> Framing<'a> {
    fn encoder(&mut self, version: i16) -> Encoder<'_> {
        Encoder::new(&mut self.bytes, version, version >= FetchResponse::FLEXIBLE_FROM)
    }

    fn put(&mut self, records: &'a [Bytes], length: usize) {
        let at = self.bytes.len();
        self.records.extend(records.iter().filter(|piece| !piece.is_empty()).map(|piece| (at, piece)));
        self.record_bytes += length;
    }

    fn into_pieces(mut self) -> Result<Vec<Bytes>> {
        let size = i32::try_from(self.bytes.len() - SIZE_BYTES + self.record_bytes);
        let size = size.map_err(|_| Error::new(Kind::TooLong, self.bytes.len()))?;
        self.bytes[..SIZE_BYTES].copy_from_slice(&size.to_be_bytes());
        let bytes = Bytes::from(self.bytes);
        let mut pieces = Vec::with_capacity(2 * self.records.len() + 1);
        let mut from = 0;
        for (at, records) in self.records {
            if at > from {
                pieces.push(bytes.slice(from..at));
            }
            pieces.push(records.clone());
            from = at;
        }
        if from < bytes.len() {
            pieces.push(bytes.slice(from..));
        }
        Ok(pieces)
    }
}
