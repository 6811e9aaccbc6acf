//! `ctl recover`: when the quorum is lost for good, one member goes on alone with what it has. Offline.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use replica::recover::{self, Account, ShardAccount};
use serde::Serialize;

use super::{members::confirm, show::elapsed};
use crate::{
    config::Config,
    exit::{Failure, Outcome},
    table::table,
};

/// What a member holds, and whether it goes on alone.
#[derive(Serialize)]
pub(super) struct Recovered {
    data_dir: PathBuf,
    cluster_id: String,
    node_id: String,
    /// Members that are no more, by id.
    removed: Vec<Removed>,
    shards: Vec<Shard>,
    /// Whether it was done, or only looked at.
    done: bool,
}

#[derive(Serialize)]
struct Removed {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct Shard {
    shard: u32,
    term: Option<u64>,
    last: Option<u64>,
    decided: Option<u64>,
    undecided: u64,
    /// When the last command was proposed, in milliseconds since 1970.
    last_command_ms: Option<u64>,
}

impl Recovered {
    fn new(data_dir: &Path, account: Account, done: bool) -> Self {
        let shard = |shard: ShardAccount| Shard {
            shard: shard.shard.0,
            term: shard.last.map(|id| id.term),
            last: shard.last.map(|id| id.index),
            decided: shard.decided.map(|id| id.index),
            undecided: shard.undecided(),
            last_command_ms: shard.time_ms,
        };
        let removed = account.removed.into_iter().map(|(id, name)| Removed { id: format!("{id:x}"), name });
        Self {
            data_dir: data_dir.to_owned(),
            cluster_id: format!("{:x}", account.cluster_id),
            node_id: format!("{:x}", account.node_id),
            removed: removed.collect(),
            shards: account.shards.into_iter().map(shard).collect(),
            done,
        }
    }

    pub(super) fn to_text(&self) -> String {
        let account = self.account();
        let dir = self.data_dir.display();
        if !self.done {
            return format!("{account}\nNothing was changed. To go on with this member: manifold ctl recover --data-dir {dir}\n");
        }
        format!(
            "{account}\nThis member goes on alone, as a cluster with a new id. Delete the data of the others before anything of theirs \
             is started.\nStart it with its usual settings, without --cluster, and let it grow again:\n\n  \
             manifold serve --data-dir {dir} ...\n  manifold ctl member add NAME=HOST:PORT\n"
        )
    }

    /// What there is, and what may be lost.
    fn account(&self) -> String {
        let removed: Vec<String> = self.removed.iter().map(|Removed { id, name }| format!("{name} ({id})")).collect();
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let rows: Vec<[String; 6]> = self
            .shards
            .iter()
            .map(|shard| {
                [
                    shard.shard.to_string(),
                    number(shard.term),
                    number(shard.last),
                    number(shard.decided),
                    shard.undecided.to_string(),
                    shard.last_command_ms.map_or_else(|| "unknown".to_owned(), |at| format!("{} ago", elapsed(since(at)))),
                ]
            })
            .collect();
        format!(
            "Member {} of cluster {} has:\n\n{}\n\
             - LOST: every write that the others acknowledged and that is not in here. Nobody can list them. Compare with the other\n  \
             members' data, if any can still be read: the greatest TERM, then the greatest LAST, has most.\n\
             - KEPT: the entries that are UNDECIDED here. Some may never have been acknowledged to anybody; they count from now on.\n\
             - REMOVED for good: {}. If they come back they are strangers.\n",
            self.node_id,
            self.cluster_id,
            table(["SHARD", "TERM", "LAST", "DECIDED", "UNDECIDED", "LAST COMMAND"], &rows),
            removed.join(", ")
        )
    }
}

fn since(at_ms: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    now.saturating_sub(at_ms / 1000)
}

/// Shows what the member has, asks, and does it.
pub(super) fn recover(data_dir: &Path, dry_run: bool, yes: bool) -> Outcome<Recovered> {
    let options = Config { data_dir: data_dir.to_owned(), ..Config::default() }.node_options();
    let failed = |error| Failure::from_room(&error);
    let found = Recovered::new(data_dir, recover::account(&options).map_err(failed)?, false);
    if dry_run {
        return Ok(found);
    }
    if !yes {
        // With stderr gone nobody can be asked either, which the question below notices.
        let _ = writeln!(io::stderr(), "{}", found.account());
    }
    confirm(yes, "Are the other members lost for good, and shall this one go on alone?")?;
    Ok(Recovered::new(data_dir, recover::recover(&options).map_err(failed)?, true))
}
