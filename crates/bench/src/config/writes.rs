//! Writes of keys and values that are there once only.

use std::rc::Rc;

use super::{
    answer,
    load::{Answer, Ask, Load, play, share},
    place::Place,
    reads,
    request::{Name, Request},
    trail,
};
use crate::{
    arguments::{Config, Limit},
    error::{Error, Result},
    http::Head,
    ledger::{Fate, Producer, Verdict},
    monitor::Live,
    sender::Sent,
};

/// One connection that writes: a producer whose partitions are namespaces, and whose offsets are positions.
pub(crate) struct Writer {
    place: Rc<Place>,
    request: Request,
    pub(crate) producer: Producer,
    value_bytes: u64,
    left: u64,
    unit: usize,
    namespace: i32,
}

/// So many connections that write.
pub(crate) fn writers(place: &Rc<Place>, connections: u64, limit: &Limit, value_bytes: u64) -> Vec<Writer> {
    let first = rand::random::<u64>() << 16;
    let writer = |index| {
        let producer = Producer::new(first | index, 1);
        let request = Request::put(place, producer.id(), value_bytes as usize);
        let left = share(limit, index, connections);
        Writer { place: place.clone(), request, producer, value_bytes, left, unit: 0, namespace: 0 }
    };
    (0..connections).map(writer).collect()
}

impl Ask for Writer {
    fn next(&mut self) -> Option<&[u8]> {
        self.left = self.left.checked_sub(1)?;
        let (producer, serial) = (self.producer.id(), self.producer.next_serial());
        let namespace = self.place.namespace_of(producer, serial);
        self.namespace = namespace as i32;
        self.unit = self.producer.send(self.namespace, 1);
        Some(self.request.patched(Name { namespace, producer, serial }))
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        let told = answer::written(self.place.dialect, head.status, body);
        let fate = told.as_ref().map_or(Fate::Refused, |position| Fate::Acknowledged(*position));
        self.producer.settle(self.unit, self.namespace, fate);
        told.map_or_else(Answer::Refused, |_| Answer::Done(self.value_bytes))
    }
}

/// Writes that many keys, as fast as it goes; each of them has to be acknowledged.
pub(crate) async fn fill(o: &Config, place: &Rc<Place>, keys: u64, live: &Rc<Live>) -> Result<Vec<Producer>> {
    let limit = Limit { count: Some(keys), time: None };
    let asks = writers(place, o.connections.min(keys), &limit, o.value_size);
    let (sent, asks) = play(place, &Load::free(live), asks).await?;
    live.done.set(0);
    match sent.errors.first_key_value() {
        Some((error, count)) => Err(Error::failed(format!("the keys cannot be written: {count} times {error}"))),
        None => Ok(asks.into_iter().map(|writer| writer.producer).collect()),
    }
}

/// What was written is there, and the audit trail has each write once.
pub(crate) struct Proof {
    pub(crate) verdict: Verdict,
    pub(crate) broken: Vec<String>,
    /// Records of changes that were found in the trail; none where there is no trail.
    pub(crate) audited: Option<u64>,
}

/// Reads everything back, and the trail.
pub(crate) async fn prove(o: &Config, place: &Rc<Place>, producers: Vec<Producer>, live: &Rc<Live>) -> Result<Proof> {
    let (verdict, mut broken) = reads::read_back(place, producers.clone(), live).await?;
    let audited = match trail::read(o, place, producers, live).await? {
        None => None,
        Some((trail, more)) => {
            if trail.faults() > 0 {
                broken.push(format!("in the audit trail {}", trail.to_text()));
            }
            broken.extend(more);
            Some(trail.read)
        }
    };
    Ok(Proof { verdict, broken, audited })
}

/// Writes until the limit.
pub(crate) async fn write(o: &Config, place: &Rc<Place>, load: &Load) -> Result<(Sent, Vec<Producer>)> {
    let limit = o.run.limit(o.requests);
    let (sent, asks) = play(place, load, writers(place, o.connections, &limit, o.value_size)).await?;
    Ok((sent, asks.into_iter().map(|writer| writer.producer).collect()))
}
