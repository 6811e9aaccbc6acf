//! A snapshot while others read and write: how long they wait for it.

use std::{rc::Rc, time::Duration};

use serde::Deserialize;
use tokio::time::sleep;

use super::{
    load::{Answer, Ask, Load, Window, play},
    place::Place,
    reads::{Keys, Reader, readers},
    writes::{Writer, writers},
};
use crate::{
    arguments::{Config, Limit},
    error::{Error, Result},
    http::Head,
    ledger::{Producer, Verdict},
    limits::{SECONDS_DEFAULT, SNAPSHOT_TIMEOUT},
    sender::Sent,
};

/// One connection of either kind.
enum Either {
    Reads(Reader),
    Writes(Writer),
}

impl Ask for Either {
    fn next(&mut self) -> Option<&[u8]> {
        match self {
            Either::Reads(reader) => reader.next(),
            Either::Writes(writer) => writer.next(),
        }
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        match self {
            Either::Reads(reader) => reader.take(head, body),
            Either::Writes(writer) => writer.take(head, body),
        }
    }
}

/// What the store says of a snapshot.
#[derive(Debug, Deserialize)]
pub(crate) struct Taken {
    pub(crate) bytes: u64,
    pub(crate) milliseconds: u64,
}

/// What came of it.
pub(crate) struct Beside {
    pub(crate) sent: Sent,
    /// Before and meanwhile.
    pub(crate) written: Vec<Producer>,
    /// What the readers found.
    pub(crate) found: Verdict,
    pub(crate) taken: Taken,
    pub(crate) window: Rc<Window>,
}

/// Half of the connections read and half of them write, for the time; the snapshot begins after a third of it, and the load does not end
/// before it is taken.
pub(crate) async fn take(o: &Config, place: &Rc<Place>, keys: &Rc<Keys>, load: &Load) -> Result<Beside> {
    let third = Duration::from_secs(o.run.seconds.unwrap_or(SECONDS_DEFAULT)) / 3;
    let (no_limit, half) = (Limit { count: None, time: None }, (o.connections / 2).max(1));
    let reading = readers(o, place, keys, half, &no_limit).into_iter().map(Either::Reads);
    let writing = writers(place, half, &no_limit, o.value_size).into_iter().map(Either::Writes);
    let load = Load { time: None, ..load.clone() };
    let window = load.window.clone();
    let snapshot = async {
        sleep(third).await;
        window.begin();
        let taken = one(place).await;
        window.end();
        sleep(2 * third).await;
        window.close();
        taken
    };
    let (played, taken) = tokio::join!(play(place, &load, reading.chain(writing).collect()), snapshot);
    let ((sent, asks), taken) = (played?, taken?);
    // The trail has what was written before, too.
    let (mut readers, mut written) = (Vec::new(), keys.producers().to_vec());
    for ask in asks {
        match ask {
            Either::Reads(reader) => readers.push(reader),
            Either::Writes(writer) => written.push(writer.producer),
        }
    }
    Ok(Beside { sent, written, found: super::reads::found(&readers), taken, window })
}

async fn one(place: &Place) -> Result<Taken> {
    let (head, body) = place.ask("POST", "/api/v1/admin/snapshot", "", b"", SNAPSHOT_TIMEOUT).await?;
    if head.status != 200 {
        return Err(place.refused("for a snapshot", &head, &body));
    }
    serde_json::from_slice(&body).map_err(|error| Error::failed(format!("a snapshot's answer cannot be read: {error}")))
}
