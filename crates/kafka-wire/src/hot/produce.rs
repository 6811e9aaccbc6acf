//! A Produce request, walked in place.

use crate::{
    Uuid,
    decoder::Decoder,
    error::{Kind, Result},
    message::{Message, Wire},
    messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData},
};

/// The first version that names topics by their ids (KIP-516).
const TOPIC_IDS_FROM: i16 = 13;

/// A Produce request of versions 3 to 13. It was read to its end once, so that walking it does not fail and allocates nothing.
#[derive(Clone, Debug)]
pub struct Produce<'a> {
    /// The transaction that it belongs to.
    pub transactional_id: Option<&'a str>,
    /// Whose acknowledgement the client waits for: 1 and -1 are answered alike, 0 not at all.
    pub acks: i16,
    /// How long, in ms, it waits.
    pub timeout_ms: i32,
    topics: Topics<'a>,
}

/// The topics of a request.
#[derive(Clone, Debug)]
pub struct Topics<'a> {
    left: usize,
    from: Decoder<'a>,
}

/// One topic of a request.
#[derive(Clone, Debug)]
pub struct Topic<'a> {
    /// Its name, until version 12; then it is empty.
    pub name: &'a str,
    /// Its id, from version 13 on; before, it is zero.
    pub id: Uuid,
    partitions: Partitions<'a>,
}

/// The partitions of a topic.
#[derive(Clone, Debug)]
pub struct Partitions<'a> {
    left: usize,
    from: Decoder<'a>,
}

/// One partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition<'a> {
    /// Its number.
    pub index: i32,
    /// Its record batches, to be looked at by [`crate::batch::validate`].
    pub records: Option<&'a [u8]>,
}

/// The partitions of a request with their topics.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    topics_left: usize,
    partitions_left: usize,
    name: &'a str,
    id: Uuid,
    from: Decoder<'a>,
}

/// One partition of a request with its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The topic's name, as in [`Topic::name`].
    pub name: &'a str,
    /// The topic's id, as in [`Topic::id`].
    pub id: Uuid,
    /// The partition.
    pub partition: Partition<'a>,
}

impl<'a> Produce<'a> {
    /// Reads all of `body` but the records.
    pub fn parse(body: &'a [u8], version: i16) -> Result<Produce<'a>> {
        let flexible = version >= ProduceRequest::FLEXIBLE_FROM;
        let mut from = Decoder::new(body, version, flexible);
        if !ProduceRequest::VERSIONS.contains(&version) {
            return Err(from.fault(Kind::Version));
        }
        let transactional_id = from.text_or_null()?;
        let (acks, timeout_ms) = (from.i16()?, from.i32()?);
        let left = from.count(TopicProduceData::BYTES_MIN)?;
        let topics = Topics { left, from: from.clone() };
        for _ in 0..left {
            topic(&mut from)?;
        }
        from.skip_tags()?;
        // What stands behind it is not looked at, as in [`Message::decode_first`].
        Ok(Produce { transactional_id, acks, timeout_ms, topics })
    }

    /// Its topics, in their order.
    pub fn topics(&self) -> Topics<'a> {
        self.topics.clone()
    }

    /// The partitions of all its topics, in their order, in one pass.
    pub fn entries(&self) -> Entries<'a> {
        let Topics { left, from } = self.topics.clone();
        Entries { topics_left: left, partitions_left: 0, name: "", id: Uuid::ZERO, from }
    }
}

impl<'a> Entries<'a> {
    /// The next partition; or the next topic's head, which gives none.
    fn step(&mut self) -> Result<Option<Entry<'a>>> {
        if self.partitions_left == 0 {
            (self.name, self.id) = topic_name(&mut self.from)?;
            self.partitions_left = self.from.count(PartitionProduceData::BYTES_MIN)?;
            self.topics_left -= 1;
            return if self.partitions_left == 0 { self.from.skip_tags().map(|()| None) } else { Ok(None) };
        }
        let partition = partition(&mut self.from)?;
        self.partitions_left -= 1;
        if self.partitions_left == 0 {
            self.from.skip_tags()?;
        }
        Ok(Some(Entry { name: self.name, id: self.id, partition }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        while self.partitions_left > 0 || self.topics_left > 0 {
            if let Some(entry) = self.step().ok()? {
                return Some(entry);
            }
        }
        None
    }
}

impl<'a> Topic<'a> {
    /// Its partitions, in their order.
    pub fn partitions(&self) -> Partitions<'a> {
        self.partitions.clone()
    }
}

impl<'a> Iterator for Topics<'a> {
    type Item = Topic<'a>;

    fn next(&mut self) -> Option<Topic<'a>> {
        self.left = self.left.checked_sub(1)?;
        topic(&mut self.from).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Topics<'_> {}

impl<'a> Iterator for Partitions<'a> {
    type Item = Partition<'a>;

    fn next(&mut self) -> Option<Partition<'a>> {
        self.left = self.left.checked_sub(1)?;
        partition(&mut self.from).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Partitions<'_> {}

fn topic_name<'a>(from: &mut Decoder<'a>) -> Result<(&'a str, Uuid)> {
    if from.version() >= TOPIC_IDS_FROM {
        return Ok(("", from.uuid()?));
    }
    let name = from.text_or_null()?;
    Ok((name.ok_or_else(|| from.fault(Kind::Null))?, Uuid::ZERO))
}

fn topic<'a>(from: &mut Decoder<'a>) -> Result<Topic<'a>> {
    let (name, id) = topic_name(from)?;
    let left = from.count(PartitionProduceData::BYTES_MIN)?;
    let partitions = Partitions { left, from: from.clone() };
    for _ in 0..left {
        partition(from)?;
    }
    from.skip_tags()?;
    Ok(Topic { name, id, partitions })
}

fn partition<'a>(from: &mut Decoder<'a>) -> Result<Partition<'a>> {
    let (index, records) = (from.i32()?, from.records_or_null()?);
    from.skip_tags()?;
    Ok(Partition { index, records })
}
