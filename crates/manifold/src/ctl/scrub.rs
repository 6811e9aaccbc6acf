//! `ctl scrub`: everything on the node's disk is read and compared with its checksums, now.

use std::{path::Path, thread::sleep};

use door_http::admin::{Scrub, Status, members::Done};
use serde::Serialize;

use super::{client, members::POLL_INTERVAL, progress::Line};
use crate::{
    config::readable,
    exit::{Code, Failure, Outcome},
};

/// What was read.
#[derive(Serialize)]
pub(super) struct Scrubbed {
    bytes: u64,
}

impl Scrubbed {
    pub(super) fn to_text(&self) -> String {
        format!("{} were read, and all of it is as it was written\n", readable(self.bytes))
    }
}

/// Starts a scrub, unless one runs, and waits until it is done.
pub(super) fn scrub(data_dir: &Path) -> Outcome<Scrubbed> {
    let look = || client::ask::<Status>(data_dir, "/v1/status");
    let before = look()?;
    let total = before.journal_bytes + before.shards.iter().map(|shard| shard.tree_bytes).sum::<u64>();
    if !before.scrub.running {
        let Done {} = client::tell(data_dir, "/v1/scrub", &Done {})?;
    }
    let mut line = Line::new();
    loop {
        let Scrub { running, bytes, finished, damage } = match look() {
            Ok(status) if status.uptime_seconds < before.uptime_seconds => return Err(ended()),
            Ok(status) => status.scrub,
            // It is gone, or says that it recovers.
            Err(_) => return Err(ended()),
        };
        if !running && finished > before.scrub.finished {
            drop(line);
            return match damage {
                Some(damage) => Err(Failure::new(Code::Damaged, damage)),
                None => Ok(Scrubbed { bytes }),
            };
        }
        line.show(|| format!("{} of about {} read; it goes on if this command is stopped", readable(bytes), readable(total)));
        sleep(POLL_INTERVAL);
    }
}

fn ended() -> Failure {
    Failure::new(Code::Damaged, "the node ended meanwhile; if it found damage it is rebuilt from the other members: see its log")
}
