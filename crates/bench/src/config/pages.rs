//! The same page again and again: of the audit trail, of a namespace's keys, or of namespaces.
//!
//! Nothing changes meanwhile, so the first answer is looked into and every other one has to be the same, byte for byte.

use std::{collections::HashMap, rc::Rc};

use serde::Deserialize;

use super::{
    answer,
    load::{Answer, Ask, Load, play, share},
    place::Place,
    request::Name,
    trail::Record,
};
use crate::{
    arguments::{Config, Listed, Workload},
    error::{Error, Result},
    http::Head,
    ledger::{Producer, Verdict},
    limits::ANSWER_TIMEOUT,
    payload,
    sender::Sent,
};

/// Records of the trail on a page, if nothing is said.
pub(crate) const AUDIT_PAGE: u64 = 50;
/// Keys or namespaces on a page, if nothing is said.
pub(crate) const LIST_PAGE: u64 = 100;

/// One connection.
struct Asking {
    request: Vec<u8>,
    expected: Rc<[u8]>,
    left: u64,
    found: Verdict,
}

impl Ask for Asking {
    fn next(&mut self) -> Option<&[u8]> {
        self.left = self.left.checked_sub(1)?;
        Some(&self.request)
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        if head.status != 200 {
            return Answer::Refused(answer::refusal(head.status, body));
        }
        self.found.acknowledged += 1;
        if *body == *self.expected {
            self.found.held += 1
        } else {
            self.found.changed += 1
        }
        Answer::Done(body.len() as u64)
    }
}

#[derive(Deserialize)]
struct Key<'a> {
    key: &'a str,
    value: &'a str,
    position: i64,
}

#[derive(Deserialize)]
struct Namespace<'a> {
    path: &'a str,
}

/// What was written, and what a page has to show of it.
struct Written {
    /// Where each key was acknowledged, by its name.
    at: HashMap<String, i64>,
    limit: usize,
}

impl Written {
    fn new(producers: &[Producer], limit: u64) -> Written {
        let of = |producer: &Producer| {
            let keys = (0..producer.next_serial()).filter_map(|serial| {
                let name = Name { namespace: 0, producer: producer.id(), serial };
                Some((name.key(), producer.acknowledged_at(serial)?))
            });
            keys.collect::<Vec<_>>()
        };
        Written { at: producers.iter().flat_map(of).collect(), limit: limit as usize }
    }

    /// The newest records of a namespace, and the one that it was made by, if there is room for it.
    fn is_trail(&self, page: &[Record<'_>]) -> bool {
        let newest = self.at.values().max();
        let is_known = |record: &Record<'_>| match &record.key {
            Some(key) => self.at.get(&**key) == Some(&record.position),
            None => record.action == "namespace.created",
        };
        page.len() == self.limit.min(self.at.len() + 1)
            && page.first().map(|record| &record.position) == newest
            && page.is_sorted_by(|one, next| one.position > next.position)
            && page.iter().all(is_known)
    }

    /// The first keys in their order, each as it was written.
    fn is_list(&self, page: &[Key<'_>]) -> bool {
        let mut names: Vec<&str> = self.at.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.truncate(self.limit);
        let is_right = |one: &Key<'_>| {
            let intact = payload::read(one.value.as_bytes()).is_some_and(|stamp| stamp.intact);
            intact && one.value.starts_with(one.key) && self.at.get(one.key) == Some(&one.position)
        };
        page.iter().map(|one| one.key).eq(names) && page.iter().all(is_right)
    }
}

/// Asks for the page until the limit. The keys are all in one namespace, or each namespace has some.
pub(crate) async fn ask(o: &Config, place: &Rc<Place>, producers: &[Producer], load: &Load) -> Result<(Sent, Verdict)> {
    let limit = o.limit.unwrap_or(if o.workload == Workload::Audit { AUDIT_PAGE } else { LIST_PAGE });
    let target = match (o.workload, o.of) {
        (Workload::Audit, _) => format!("{}/audit?limit={limit}", place.resource(0)),
        (_, Listed::Keys) => format!("{}/config?limit={limit}", place.resource(0)),
        (_, Listed::Namespaces) => format!("/api/v1/namespaces?prefix={}/&limit={limit}", place.root()),
    };
    let (head, body) = place.ask("GET", &target, "", b"", ANSWER_TIMEOUT).await?;
    if head.status != 200 {
        return Err(place.refused("for the first page", &head, &body));
    }
    let is_right = match (o.workload, o.of) {
        (Workload::Audit, _) => read(&body).is_some_and(|page: Vec<_>| Written::new(producers, limit).is_trail(&page)),
        (_, Listed::Keys) => read(&body).is_some_and(|page: Vec<_>| Written::new(producers, limit).is_list(&page)),
        (_, Listed::Namespaces) => read(&body).is_some_and(|page: Vec<Namespace<'_>>| {
            let first = (0..place.namespaces.min(limit)).map(|namespace| place.path(namespace));
            page.iter().map(|one| one.path.to_owned()).eq(first)
        }),
    };
    if !is_right {
        return Err(Error::failed(format!("{} does not show what was written: GET {target}", place.address)));
    }
    let (request, expected) = (place.head("GET", &target, "", None).into_bytes(), Rc::<[u8]>::from(body));
    let count = o.run.limit(o.requests);
    let asking = |index| Asking {
        request: request.clone(),
        expected: expected.clone(),
        left: share(&count, index, o.connections),
        found: Verdict::default(),
    };
    let (sent, asks) = play(place, load, (0..o.connections).map(asking).collect()).await?;
    let found = asks.iter().fold(Verdict::default(), |all, Asking { found, .. }| Verdict {
        read: all.read + found.acknowledged,
        acknowledged: all.acknowledged + found.acknowledged,
        held: all.held + found.held,
        changed: all.changed + found.changed,
        ..all
    });
    Ok((sent, found))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn written(limit: usize) -> Written {
        Written { at: (1..=3).map(|n| (format!("k{n}"), 10 * n)).collect(), limit }
    }

    fn record(key: Option<&'static str>, position: i64) -> Record<'static> {
        let action = if key.is_some() { "config.created" } else { "namespace.created" };
        Record { action: Cow::Borrowed(action), key: key.map(Cow::Borrowed), position }
    }

    #[test]
    fn a_page_of_the_trail_has_the_newest_records() {
        let (third, second, first) = (record(Some("k3"), 30), record(Some("k2"), 20), record(Some("k1"), 10));
        assert!(written(2).is_trail(&[record(Some("k3"), 30), record(Some("k2"), 20)]));
        assert!(!written(2).is_trail(&[record(Some("k2"), 20), record(Some("k1"), 10)]), "not the newest");
        assert!(!written(2).is_trail(&[record(Some("k3"), 30)]), "too few");
        assert!(!written(2).is_trail(&[record(Some("k3"), 30), record(Some("k1"), 11)]), "at another position");
        assert!(!written(2).is_trail(&[record(Some("k3"), 30), record(Some("k3"), 30)]), "twice");
        assert!(written(9).is_trail(&[third, second, first, record(None, 9)]), "with the namespace itself");
    }

    #[test]
    fn a_page_of_keys_has_the_first_ones_as_they_were_written() {
        let name = Name { namespace: 0, producer: 5, serial: 1 };
        let mut value = payload::blank(5, 60);
        let filler = payload::filler_hash(&value);
        payload::set_producer(&mut value, 5);
        payload::set_serial(&mut value, 5, 1, filler);
        let (key, value) = (name.key(), String::from_utf8(value).expect("it is text"));
        let written = Written { at: [(key.clone(), 7), ("z".to_owned(), 8)].into(), limit: 1 };
        let page = |position| [Key { key: &key, value: &value, position }];
        assert!(written.is_list(&page(7)) && !written.is_list(&page(8)) && !written.is_list(&[]));
        let changed = value.replace('a', "b");
        assert!(!written.is_list(&[Key { key: &key, value: &changed, position: 7 }]));
    }
}
