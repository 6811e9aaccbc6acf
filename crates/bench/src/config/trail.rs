//! The audit trail, read page by page and held against what was written: each acknowledged write has one record.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, rc::Rc};

use serde::Deserialize;

use super::{
    answer,
    load::{Answer, Ask, Load, play},
    place::{Dialect, Place},
    request::Name,
};
use crate::{
    arguments::Config,
    error::Result,
    http::Head,
    ledger::{Audit, Producer, Verdict},
    monitor::Live,
};

/// Records of one page: as many as the store gives.
const PAGE: u64 = 1_000;
/// How often a page is asked for, where it does not come.
const TRIES: u32 = 100;

/// A record, as far as it is of use here.
#[derive(Debug, Deserialize)]
pub(crate) struct Record<'a> {
    #[serde(borrow)]
    pub(crate) action: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) key: Option<Cow<'a, str>>,
    pub(crate) position: i64,
}

/// One connection that reads the trails of some namespaces, one after the other.
struct Reading {
    place: Rc<Place>,
    namespaces: Rc<RefCell<Vec<u64>>>,
    /// The one that is being read, and what to say for its next page.
    now: Option<(u64, String)>,
    request: Vec<u8>,
    audit: Rc<RefCell<Audit>>,
    tries: u32,
    unread: BTreeSet<String>,
    live: Rc<Live>,
}

impl Ask for Reading {
    fn next(&mut self) -> Option<&[u8]> {
        if self.now.is_none() {
            self.now = Some((self.namespaces.borrow_mut().pop()?, String::new()));
        }
        let (namespace, cursor) = self.now.as_ref()?;
        let target = format!("{}/audit?order=oldest&values=0&limit={PAGE}{cursor}", self.place.resource(*namespace));
        self.request = self.place.head("GET", &target, "", None).into_bytes();
        Some(&self.request)
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        let Some((namespace, cursor)) = &mut self.now else { return Answer::Done(0) };
        let records = match head.status {
            200 => serde_json::from_slice::<Vec<Record<'_>>>(body).map_err(|error| format!("a page of the trail: {error}")),
            status => Err(answer::refusal(status, body)),
        };
        let records = match records {
            Ok(records) => records,
            Err(why) => {
                self.tries += 1;
                if self.tries == TRIES {
                    self.unread.insert(why.clone());
                    (self.now, self.tries) = (None, 0);
                }
                return Answer::Refused(why);
            }
        };
        self.tries = 0;
        let mut audit = self.audit.borrow_mut();
        for record in records.iter().filter(|record| record.action.starts_with("config.")) {
            audit.note(*namespace as i32, record.position, record.key.as_deref().and_then(Name::stamp));
        }
        Live::add(&self.live.read, records.len() as u64);
        match &head.next {
            Some(next) => *cursor = format!("&cursor={next}"),
            None => self.now = None,
        }
        Answer::Done(0)
    }
}

/// Reads the trails of all namespaces that were written to; none where there are no trails.
pub(crate) async fn read(
    o: &Config,
    place: &Rc<Place>,
    producers: Vec<Producer>,
    live: &Rc<Live>,
) -> Result<Option<(Verdict, Vec<String>)>> {
    if place.dialect == Dialect::Gateway {
        return Ok(None);
    }
    let of = |producer: &Producer| {
        let (id, serials) = (producer.id(), producer.next_serial().min(place.namespaces));
        (0..serials).map(move |serial| place.namespace_of(id, serial)).collect::<Vec<_>>()
    };
    let used: BTreeSet<u64> = producers.iter().flat_map(of).collect();
    let connections = o.connections.min(used.len() as u64);
    let namespaces = Rc::new(RefCell::new(used.into_iter().collect()));
    let audit = Rc::new(RefCell::new(Audit::new(producers)));
    let reading = |_| Reading {
        place: place.clone(),
        namespaces: namespaces.clone(),
        now: None,
        request: Vec::new(),
        audit: audit.clone(),
        tries: 0,
        unread: BTreeSet::new(),
        live: live.clone(),
    };
    let (sent, asks) = play(place, &Load::free(&Rc::default()), (0..connections).map(reading).collect()).await?;
    let mut unread: BTreeSet<String> = asks.into_iter().flat_map(|ask| ask.unread).collect();
    if !namespaces.borrow().is_empty() {
        unread.extend(sent.errors.into_keys());
    }
    let audit = std::mem::replace(&mut *audit.borrow_mut(), Audit::of_strangers());
    let broken = (!unread.is_empty()).then(|| format!("the audit trail could not be read to its end: {unread:?}"));
    Ok(Some((audit.finish(true), broken.into_iter().collect())))
}
