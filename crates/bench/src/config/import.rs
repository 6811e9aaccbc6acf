//! One import of many keys: how long it takes, that it is there at one moment or not at all, and that all of it is there.

use std::{cell::RefCell, collections::BTreeSet, io, rc::Rc};

use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::{answer, place::Place, request::Name};
use crate::{
    arguments::Config,
    error::{Error, Result},
    http::Connection,
    ledger::{Audit, Fate, Producer, Verdict},
    limits::{ANSWER_TIMEOUT, IMPORT_TIMEOUT, LOOKED_EVERY, STALLED},
    monitor::Live,
    payload,
    sender::Sent,
};

/// Bytes that are written at once at least.
const PIECE_BYTES: usize = 128 << 10;
/// Who wrote the keys: there is one.
const PRODUCER: u64 = 0;

/// A line of the file, patched where it lies.
struct Line {
    bytes: Vec<u8>,
    namespace: usize,
    key: usize,
    value: usize,
    filler_hash: u64,
}

impl Line {
    fn new(place: &Place, value_bytes: usize) -> Line {
        let mut value = payload::blank(PRODUCER, value_bytes);
        payload::set_producer(&mut value, PRODUCER);
        let filler_hash = payload::filler_hash(&value);
        let namespace = format!(r#"{{"namespace":"{}"#, place.path(0));
        let key = format!(r#"{namespace}","key":"{}"#, Name { namespace: 0, producer: PRODUCER, serial: 0 }.key());
        let before = format!(r#"{key}","type":"string","value":""#);
        let bytes = [before.as_bytes(), &value, b"\"}\n"].concat();
        Line { bytes, namespace: namespace.len() - 16, key: key.len() - 16, value: before.len(), filler_hash }
    }

    fn patched(&mut self, namespace: u64, serial: u64) -> &[u8] {
        payload::hexadecimal(&mut self.bytes[self.namespace..self.namespace + 16], namespace);
        payload::hexadecimal(&mut self.bytes[self.key..self.key + 16], serial);
        let end = self.bytes.len() - 3;
        payload::set_serial(&mut self.bytes[self.value..end], PRODUCER, serial, self.filler_hash);
        &self.bytes
    }
}

#[derive(Deserialize)]
struct Imported {
    items: u64,
}

/// A key as it is exported.
#[derive(Deserialize)]
struct Exported<'a> {
    namespace: &'a str,
    key: &'a str,
    value: &'a str,
}

/// How many keys of a namespace somebody who looked on saw, and how often they looked.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    pub(crate) count: u64,
    seen: BTreeSet<u64>,
}

/// Imports, while somebody looks on.
pub(crate) async fn import(o: &Config, place: &Rc<Place>, live: &Rc<Live>) -> Result<(Sent, Producer, Looks)> {
    let mut producer = Producer::new(PRODUCER, 1);
    for serial in 0..o.keys {
        producer.send(place.namespace_of(PRODUCER, serial) as i32, 1);
    }
    let (mut sent, begin, looks) = (Sent::default(), Instant::now(), RefCell::<Looks>::default());
    let sending = timeout(IMPORT_TIMEOUT, send(o, place, live));
    let outcome = tokio::select! {
        outcome = sending => outcome.unwrap_or_else(|_| Err(Error::failed("the import was not answered in time"))),
        never = look(place, &looks) => match never? {},
    };
    sent.seconds = begin.elapsed().as_secs_f64();
    match outcome? {
        Ok(items) => {
            if items != o.keys {
                return Err(Error::failed(format!("{} keys were sent, and the import is said to have {items}", o.keys)));
            }
            // Where a key is in the file stands for its position, which is not told.
            for serial in 0..o.keys {
                let namespace = place.namespace_of(PRODUCER, serial) as i32;
                producer.settle(serial as usize, namespace, Fate::Acknowledged(serial as i64));
            }
            sent.latency.saturating_record(begin.elapsed().as_micros() as u64);
            (sent.done, sent.bytes) = (o.keys, o.keys * o.value_size);
            live.done.set(o.keys);
        }
        Err(why) => {
            sent.errors.insert(why, 1);
        }
    }
    Ok((sent, producer, looks.into_inner()))
}

/// Sends the file, and gives how many keys are said to be in it, or why it was refused.
async fn send(o: &Config, place: &Place, live: &Live) -> Result<std::result::Result<u64, String>> {
    let mut connection = place.connect().await?;
    let mut line = Line::new(place, o.value_size as usize);
    let bytes = o.keys * line.bytes.len() as u64;
    let lines = format!("Content-Type: application/x-ndjson\r\nContent-Length: {bytes}\r\n");
    let head = place.head("POST", "/api/v1/import", &lines, None);
    let mut piece = head.into_bytes();
    for serial in 0..o.keys {
        piece.extend_from_slice(line.patched(place.namespace_of(PRODUCER, serial), serial));
        if piece.len() >= PIECE_BYTES || serial + 1 == o.keys {
            // Who refuses an import may have closed the connection before all of it is sent; the answer is there all the same.
            if connection.send(&piece).await.is_err() {
                break;
            }
            live.read.set(serial + 1);
            piece.clear();
        }
    }
    let broken = |error: io::Error| Error::unreachable(format!("the connection of the import broke: {error}"));
    let head = connection.answer().await.map_err(broken)?;
    let body = connection.body(&head);
    if head.status != 200 {
        return Ok(Err(answer::refusal(head.status, body)));
    }
    let told: Imported =
        serde_json::from_slice(body).map_err(|error| Error::failed(format!("an import's answer cannot be read: {error}")))?;
    Ok(Ok(told.items))
}

/// Counts the keys of the first namespace again and again.
async fn look(place: &Place, looks: &RefCell<Looks>) -> Result<std::convert::Infallible> {
    let target = format!("{}/config?limit=1&values=0", place.resource(0));
    let request = place.head("GET", &target, "", None).into_bytes();
    let mut connection = place.connect().await?;
    loop {
        let broken = |error: io::Error| Error::unreachable(format!("the connection that looks on broke: {error}"));
        let head = connection.ask(&request, ANSWER_TIMEOUT).await.map_err(broken)?;
        let count = match (head.status, head.count) {
            (404, _) => Some(0),
            (200, count) => count,
            _ => None,
        };
        if let Some(count) = count {
            let mut looks = looks.borrow_mut();
            looks.count += 1;
            looks.seen.insert(count);
        }
        connection.forget(&head).await.map_err(broken)?;
        sleep(LOOKED_EVERY).await;
    }
}

impl Looks {
    /// What was seen of an import while it was not whole, in words.
    pub(crate) fn complaint(&self, place: &Place, keys: u64) -> Option<String> {
        // Keys go into the namespaces in turn, into the first one first.
        let whole = keys.div_ceil(place.namespaces);
        let partly: Vec<_> = self.seen.iter().filter(|seen| ![0, whole].contains(seen)).collect();
        (!partly.is_empty()).then(|| format!("the import was seen in part: of {whole} keys of a namespace {partly:?} were there"))
    }
}

/// Exports all of it again and holds it against what was sent.
pub(crate) async fn verify(place: &Place, producer: Producer, live: &Live) -> Result<Verdict> {
    let target = format!("/api/v1/export?format=jsonl&below={}", place.root());
    let mut connection: Connection = place.connect().await?;
    let broken = |error: io::Error| Error::failed(format!("the export of what was imported broke: {error}"));
    connection.send(place.head("GET", &target, "", None).as_bytes()).await.map_err(broken)?;
    let head = timeout(STALLED, connection.head()).await.map_err(|_| Error::failed("an export was not answered in time"))?;
    let head = head.map_err(broken)?;
    if head.status != 200 {
        return Err(place.refused("for an export", &head, b""));
    }
    let mut audit = Audit::new(vec![producer]);
    let each = |line: &[u8]| {
        let Ok(one) = serde_json::from_slice::<Exported<'_>>(line) else { return audit.note(0, 0, None) };
        let namespace = one.namespace.rsplit('/').next().and_then(|digits| payload::number(digits.as_bytes()));
        // A value under another's key is not what was sent under this one.
        let serial = Name::stamp(one.key).filter(|_| one.value.starts_with(one.key)).map_or(-1, |stamp| stamp.serial as i64);
        audit.take(namespace.map_or(-1, |namespace| namespace as i32), serial, Some(one.value.as_bytes()));
        Live::add(&live.read, 1);
    };
    connection.lines(&head, STALLED, each).await.map_err(broken)?;
    Ok(audit.finish(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::place::{Dialect, tests::place};

    #[test]
    fn each_line_is_a_key_of_its_own() {
        let place = place(Dialect::Store);
        let mut line = Line::new(&place, 60);
        let mut lengths = BTreeSet::new();
        for serial in [0, 1, 1 << 40] {
            let text = line.patched(3, serial).to_vec();
            lengths.insert(text.len());
            let one: Exported<'_> = serde_json::from_slice(&text).expect("JSON");
            assert_eq!((one.namespace, text.last()), (&place.path(3)[..], Some(&b'\n')));
            let stamp = payload::read(one.value.as_bytes()).expect("a payload");
            assert!(stamp.intact && one.value.starts_with(one.key) && one.value.len() == 60);
            assert_eq!(Name::stamp(one.key), Some(stamp));
        }
        assert_eq!(lengths.len(), 1, "the length is known before");
    }

    #[test]
    fn an_import_that_is_seen_in_part_is_complained_of() {
        let place = place(Dialect::Store);
        let looks = |seen: &[u64]| Looks { count: 9, seen: seen.iter().copied().collect() };
        assert_eq!(looks(&[0, 3]).complaint(&place, 10), None);
        assert!(looks(&[0, 1, 3]).complaint(&place, 10).expect("it is broken").contains("[1]"));
    }
}
