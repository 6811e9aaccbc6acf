//! The questions that probes ask, and how a list of them is answered.
//!
//! Paths, parameters and texts are etcd's (`/health` of every version, `/livez` and `/readyz` of 3.6), so that probes written
//! for it work unchanged.

use std::{collections::HashSet, fmt::Write};

use gate::limits::HEALTH_TIMEOUT;

use crate::house::House;

/// One question that a probe can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    DataCorruption,
    SerializableRead,
    LinearizableRead,
    NonLearner,
}

/// What must hold for a process that should not be restarted.
pub(crate) const LIVE: &[Check] = &[Check::SerializableRead];

/// What must hold for a node that should get traffic.
pub(crate) const READY: &[Check] = &[Check::DataCorruption, Check::SerializableRead, Check::LinearizableRead, Check::NonLearner];

const NOSPACE: i32 = 1;
const CORRUPT: i32 = 2;

impl Check {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Check::DataCorruption => "data_corruption",
            Check::SerializableRead => "serializable_read",
            Check::LinearizableRead => "linearizable_read",
            Check::NonLearner => "non_learner",
        }
    }

    pub(crate) async fn run(self, house: &dyn House) -> Result<(), String> {
        match self {
            Check::DataCorruption => {
                let corrupt = house.alarms().iter().any(|(_, alarm)| *alarm == CORRUPT);
                if corrupt { Err("alarm activated: CORRUPT".to_owned()) } else { Ok(()) }
            }
            Check::SerializableRead => in_time(house.serializable_read()).await,
            // Known at once: a probe may wait for less time than a read does.
            Check::LinearizableRead if is_leaderless(house) => Err("etcdserver: no leader".to_owned()),
            Check::LinearizableRead => in_time(house.linearizable_read()).await,
            Check::NonLearner => {
                let status = house.status();
                let learner = status.shards.iter().any(|shard| shard.group.learners.contains(&status.node_id));
                if learner { Err("local node is a learner".to_owned()) } else { Ok(()) }
            }
        }
    }
}

/// What a list of checks found, in words, and whether all of them passed.
pub(crate) async fn run_all(checks: &[Check], excluded: &HashSet<String>, house: &dyn House) -> (bool, String) {
    let mut report = String::new();
    let mut all_well = true;
    for check in checks.iter().filter(|check| !excluded.contains(check.name())) {
        let name = check.name();
        // Writing to a string cannot fail.
        let _ = match check.run(house).await {
            Ok(()) => writeln!(report, "[+]{name} ok"),
            Err(reason) => {
                all_well = false;
                writeln!(report, "[-]{name} failed: {reason}")
            }
        };
    }
    (all_well, report)
}

/// etcd's `/health`: the reason why this node is not healthy, in its words; `None` when it is.
pub(crate) async fn unhealthy(house: &dyn House, serializable: bool, excluded: &HashSet<String>) -> Option<String> {
    for (_, alarm) in house.alarms() {
        let name = alarm_name(alarm);
        if !excluded.contains(name) {
            return Some(format!("ALARM {name}"));
        }
    }
    if !serializable && is_leaderless(house) {
        return Some("RAFT NO LEADER".to_owned());
    }
    let read = if serializable { in_time(house.serializable_read()).await } else { in_time(house.linearizable_read()).await };
    read.err().map(|reason| format!("RANGE ERROR:{reason}"))
}

/// Whether any shard is without a leader.
fn is_leaderless(house: &dyn House) -> bool {
    house.status().shards.iter().any(|shard| shard.group.leader.is_none())
}

/// etcd's name of an alarm.
pub(crate) fn alarm_name(alarm: i32) -> &'static str {
    match alarm {
        NOSPACE => "NOSPACE",
        CORRUPT => "CORRUPT",
        _ => "UNKNOWN",
    }
}

async fn in_time(read: impl Future<Output = base::Result<()>>) -> Result<(), String> {
    match tokio::time::timeout(HEALTH_TIMEOUT, read).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", HEALTH_TIMEOUT.as_secs())),
    }
}
