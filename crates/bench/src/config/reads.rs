//! Reads of keys that were written before, each held against what was written.

use std::{cell::RefCell, rc::Rc};

use super::{
    answer::{self, Entry},
    load::{Answer, Ask, Load, play, share},
    place::Place,
    request::{Name, Request},
};
use crate::{
    arguments::{Config, Limit},
    error::Result,
    http::Head,
    ledger::{Audit, Producer, Verdict},
    monitor::Live,
    payload::{self, mix},
    sender::Sent,
};

/// How often a key that is read back is asked for, where the answer says nothing of it.
const TRIES: u32 = 100;

/// Keys that were all acknowledged, and how to draw one of them.
#[derive(Debug)]
pub(crate) struct Keys {
    producers: Vec<Producer>,
    count: u64,
}

impl Keys {
    /// They were written in equal shares.
    pub(crate) fn new(producers: Vec<Producer>) -> Rc<Keys> {
        let count = producers.iter().map(Producer::next_serial).sum();
        Rc::new(Keys { producers, count })
    }

    pub(crate) fn producers(&self) -> &[Producer] {
        &self.producers
    }

    /// A number draws one of them: whose it is, which it is, and where it was acknowledged.
    fn drawn(&self, number: u64) -> (u64, u64, Option<i64>) {
        let (number, connections) = (number % self.count, self.producers.len() as u64);
        let producer = &self.producers[(number % connections) as usize];
        let serial = number / connections;
        (producer.id(), serial, producer.acknowledged_at(serial))
    }
}

/// One connection that reads random keys.
pub(crate) struct Reader {
    place: Rc<Place>,
    request: Request,
    keys: Rc<Keys>,
    left: u64,
    state: u64,
    asked: (u64, u64, Option<i64>),
    pub(crate) found: Verdict,
}

/// So many connections that read.
pub(crate) fn readers(o: &Config, place: &Rc<Place>, keys: &Rc<Keys>, connections: u64, limit: &Limit) -> Vec<Reader> {
    let reader = |index| Reader {
        place: place.clone(),
        request: Request::get(place, o.is_local()),
        keys: keys.clone(),
        left: share(limit, index, connections),
        state: rand::random(),
        asked: (0, 0, None),
        found: Verdict::default(),
    };
    (0..connections).map(reader).collect()
}

impl Ask for Reader {
    fn next(&mut self) -> Option<&[u8]> {
        self.left = self.left.checked_sub(1)?;
        self.state = mix(self.state);
        self.asked = self.keys.drawn(self.state);
        let (producer, serial, _) = self.asked;
        let namespace = self.place.namespace_of(producer, serial);
        Some(self.request.patched(Name { namespace, producer, serial }))
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        let (producer, serial, position) = self.asked;
        let (bytes, count) = match answer::entry(self.place.dialect, head.status, body) {
            Entry::Unknown(why) => return Answer::Refused(why),
            Entry::Absent => (0, &mut self.found.lost),
            Entry::There(at, value) => {
                let stamp = payload::read(&value).filter(|stamp| stamp.intact);
                let is_right = stamp.is_some_and(|stamp| (stamp.producer, stamp.serial) == (producer, serial));
                let count = match (is_right, Some(at) == position) {
                    (true, true) => &mut self.found.held,
                    (true, false) => &mut self.found.disordered,
                    (false, _) => &mut self.found.changed,
                };
                (value.len() as u64, count)
            }
        };
        *count += 1;
        self.found.read += u64::from(bytes > 0);
        self.found.acknowledged += 1;
        Answer::Done(bytes)
    }
}

/// What all of them found.
pub(crate) fn found(readers: &[Reader]) -> Verdict {
    readers.iter().fold(Verdict::default(), |all, Reader { found, .. }| Verdict {
        read: all.read + found.read,
        acknowledged: all.acknowledged + found.acknowledged,
        held: all.held + found.held,
        lost: all.lost + found.lost,
        changed: all.changed + found.changed,
        disordered: all.disordered + found.disordered,
        ..all
    })
}

/// One connection that reads back what another wrote, in the same order.
struct Checking {
    place: Rc<Place>,
    request: Request,
    producer: u64,
    serials: u64,
    next: u64,
    /// How often the last one was asked for without learning anything.
    tries: u32,
    audit: Rc<RefCell<Audit>>,
    unread: u64,
    live: Rc<Live>,
}

impl Ask for Checking {
    fn next(&mut self) -> Option<&[u8]> {
        if self.tries == 0 {
            self.next += 1;
        }
        let serial = self.next - 1;
        let namespace = self.place.namespace_of(self.producer, serial);
        (serial < self.serials).then(|| self.request.patched(Name { namespace, producer: self.producer, serial }))
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        let namespace = self.place.namespace_of(self.producer, self.next - 1) as i32;
        match answer::entry(self.place.dialect, head.status, body) {
            Entry::Unknown(why) => {
                self.tries = (self.tries + 1) % TRIES;
                self.unread += u64::from(self.tries == 0);
                return Answer::Refused(why);
            }
            Entry::Absent => {}
            Entry::There(position, value) => {
                self.audit.borrow_mut().take(namespace, position, Some(&value));
                Live::add(&self.live.read, 1);
            }
        }
        self.tries = 0;
        Answer::Done(0)
    }
}

/// Reads all back that was sent. What cannot be read is not proved to be there.
pub(crate) async fn read_back(place: &Rc<Place>, producers: Vec<Producer>, live: &Rc<Live>) -> Result<(Verdict, Vec<String>)> {
    let written: Vec<(u64, u64)> = producers.iter().map(|producer| (producer.id(), producer.next_serial())).collect();
    let audit = Rc::new(RefCell::new(Audit::new(producers)));
    let checking = |(producer, serials)| Checking {
        place: place.clone(),
        request: Request::get(place, false),
        producer,
        serials,
        next: 0,
        tries: 0,
        audit: audit.clone(),
        unread: 0,
        live: live.clone(),
    };
    let asks = written.into_iter().map(checking).collect();
    let (sent, asks) = play(place, &Load::free(&Rc::default()), asks).await?;
    // Each that came to its end asked once more, in vain.
    let unread: u64 = asks.iter().map(|ask| ask.unread + (ask.serials + 1).saturating_sub(ask.next.max(1))).sum();
    drop(asks);
    let audit = std::mem::replace(&mut *audit.borrow_mut(), Audit::of_strangers());
    let why = sent.errors.keys().next_back().cloned().unwrap_or_default();
    let broken = (unread > 0).then(|| format!("{unread} keys could not be read back: {why}"));
    Ok((audit.finish(true), broken.into_iter().collect()))
}

/// Reads until the limit.
pub(crate) async fn read(o: &Config, place: &Rc<Place>, keys: &Rc<Keys>, load: &Load) -> Result<(Sent, Verdict)> {
    let limit = o.run.limit(o.requests);
    let (sent, asks) = play(place, load, readers(o, place, keys, o.connections, &limit)).await?;
    Ok((sent, found(&asks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Fate;

    #[test]
    fn every_key_is_drawn_and_no_other() {
        let producer = |id, count| {
            let mut producer = Producer::new(id, 1);
            (0..count).for_each(|serial| {
                let unit = producer.send(0, 1);
                producer.settle(unit, 0, Fate::Acknowledged(100 * id as i64 + serial));
            });
            producer
        };
        let keys = Keys::new(vec![producer(1, 3), producer(2, 2), producer(3, 2)]);
        let mut drawn: Vec<_> = (0..7).map(|number| keys.drawn(number)).collect();
        drawn.sort_unstable();
        let at = |producer, serial| (producer, serial, Some(100 * producer as i64 + serial as i64));
        assert_eq!(drawn, [at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(3, 0), at(3, 1)]);
        assert_eq!(keys.drawn(7), keys.drawn(0));
    }
}
