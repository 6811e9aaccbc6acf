//! Scrubbing: now and then everything that lies on the disk is read and compared with its checksums, slowly, so that damage is
//! found while the other members are well and this node can be rebuilt from them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{Error, Kind, Result};
use journal::Journal;
use parking_lot::Mutex;

use crate::{lanes::stopped, limits::SCRUB_READ_BYTES, node::Node, runtime, shard::Shard};

/// When damage is looked at again that could not be mended when it was found.
const SCRUB_AGAIN: Duration = Duration::from_secs(60);

/// What scrubbing has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrubStatus {
    /// Whether one is running.
    pub is_running: bool,
    /// Bytes read by the one that runs, or by the last one.
    pub bytes: u64,
    /// How many were finished since the start.
    pub finished: u64,
    /// What the last one found, if it was not all well.
    pub damage: Option<String>,
}

/// The node's scrubbing.
#[derive(Default)]
pub(crate) struct Scrub {
    is_running: AtomicBool,
    bytes: AtomicU64,
    finished: AtomicU64,
    damage: Mutex<Option<String>>,
}

impl Scrub {
    pub(crate) fn status(&self) -> ScrubStatus {
        ScrubStatus {
            is_running: self.is_running.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            finished: self.finished.load(Relaxed),
            damage: self.damage.lock().clone(),
        }
    }
}

impl Node {
    /// Scrubs every so often, as long as the node runs.
    pub(crate) async fn scrub_now_and_then(self, every: Duration) {
        while !self.is_stopping() {
            let is_well = self.scrubbing().status().damage.is_none();
            runtime::sleep(if is_well { every } else { every.min(SCRUB_AGAIN) }).await;
            // What it finds it has told itself.
            let _ = self.scrub().await;
        }
    }

    /// Reads everything on the disk. Damage ends a node that can be rebuilt from others.
    ///
    /// # Errors
    /// `Corrupt`: what was found; `Conflict` if a scrub runs already; `Unavailable` if the disk refused.
    pub async fn scrub(&self) -> Result<u64> {
        let scrub = self.scrubbing().clone();
        if scrub.is_running.swap(true, Relaxed) {
            return Err(Error::new(Kind::Conflict, "a scrub is running already"));
        }
        scrub.bytes.store(0, Relaxed);
        let mut outcome = self.read_all(&scrub).await;
        if outcome.as_ref().is_err_and(|error| error.kind == Kind::Unavailable) && !self.is_stopping() {
            // A sector that cannot be read is as lost as one that is wrong, unless it can be read after all.
            scrub.bytes.store(0, Relaxed);
            outcome = self.read_all(&scrub).await.map_err(|error| Error::new(Kind::Corrupt, error.message));
        }
        *scrub.damage.lock() = outcome.as_ref().err().map(ToString::to_string);
        scrub.finished.fetch_add(1, Relaxed);
        scrub.is_running.store(false, Relaxed);
        match &outcome {
            Ok(bytes) => tracing::info!(bytes, "everything on the disk was read and is as it was written"),
            Err(_) if self.is_stopping() => {}
            Err(error) => self.found_damage(error).await,
        }
        outcome
    }

    async fn read_all(&self, scrub: &Arc<Scrub>) -> Result<u64> {
        for shard in self.shards() {
            let (node, scrub, journal) = (self.clone(), scrub.clone(), self.journal().clone());
            runtime::spawn_background(move || {
                let mut read = |bytes| {
                    scrub.bytes.fetch_add(bytes, Relaxed);
                    node.rest_after(bytes)
                };
                shard.state.table().tree().verify(&mut read)?;
                if let Some(streams) = shard.state.streams() {
                    streams.verify(&mut read)?;
                }
                read_log(&shard, &journal, &mut read)
            })
            .await?;
        }
        Ok(scrub.bytes.load(Relaxed))
    }

    /// Goes no faster than is allowed, and not at all when the node stops.
    #[expect(clippy::disallowed_methods, reason = "a thread of the machine that may block; the simulator does not scrub")]
    fn rest_after(&self, bytes: u64) -> Result<()> {
        if self.is_stopping() {
            return Err(stopped());
        }
        if let Some(rate) = self.scrub_rate() {
            std::thread::sleep(Duration::from_micros(bytes.saturating_mul(1_000_000) / rate));
        }
        Ok(())
    }
}

/// Reads the log of a shard; each entry's checksum is compared by whoever reads it.
fn read_log(shard: &Shard, journal: &Journal, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
    let mut at = 0;
    loop {
        let state = journal.state(shard.id);
        let (from, to) = (state.purged.map_or(0, |id| id.index + 1).max(at), state.last.map_or(0, |id| id.index + 1));
        if from >= to {
            return Ok(());
        }
        match journal.read(shard.id, from, to, SCRUB_READ_BYTES) {
            Ok(entries) => {
                let Some(last) = entries.last() else { return Ok(()) };
                at = last.id.index + 1;
                read(entries.iter().map(|entry| entry.payload.len() as u64).sum())?;
            }
            // Trimmed meanwhile.
            Err(_) if journal.state(shard.id).purged.is_some_and(|purged| purged.index >= from) => {}
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::new(Kind::Corrupt, format!("the journal is damaged: {error}")));
            }
            Err(error) => return Err(Error::new(Kind::Unavailable, format!("the journal cannot be read: {error}"))),
        }
    }
}
