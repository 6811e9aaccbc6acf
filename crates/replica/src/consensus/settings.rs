//! How openraft is set, and why. `docs/decisions/0001-consensus.md` gives every reason and the name of its test.

use std::{sync::Arc, time::Duration};

use openraft::{Config, SnapshotPolicy};

use crate::bugs::{Bug, planted};

/// Shortest time without a leader's word after which a follower asks for votes.
pub(super) const ELECTION_TIMEOUT_MIN_MS: u64 = 300;
/// Longest such time. Noticing a dead leader takes twice this at most: a member's own longest time, and a random one of its own.
pub(super) const ELECTION_TIMEOUT_MAX_MS: u64 = 390;
/// Members that have times of their own: two that ask at once divide the votes, and all wait once more.
pub(super) const ELECTION_TURNS: u64 = 3;
/// How often a leader gives its word: at least twice in the shortest election timeout.
pub(super) const HEARTBEAT_MS: u64 = 100;
/// Entries below the settled one that openraft leaves in the log: all of them, since whoever settles says what goes.
pub(super) const SETTLED_ENTRIES_KEPT: u64 = u64::MAX;
/// How long a settle may take to be noted before the log is purged up to it.
pub(super) const SETTLED_WAIT: Duration = Duration::from_secs(5);
/// Bytes of entries that one replication message carries, unless one entry alone is larger.
pub(super) const REPLICATION_BYTES_MAX: usize = 1 << 20;
/// Bytes of entries that apply reads from the journal at once.
pub(super) const APPLY_READ_BYTES_MAX: usize = 4 << 20;
/// Entries that one replication message carries at most.
const REPLICATION_ENTRIES_MAX: u64 = 300;

/// How long a peer may take to answer a vote or a leader's word.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a stream that could not be opened is left alone.
pub(super) const REOPEN_REST: Duration = Duration::from_millis(25);
/// Bytes of pairs in one message of a snapshot, unless one pair alone is larger; far below what a frame holds.
pub(super) const SNAPSHOT_CHUNK_BYTES: usize = 256 << 10;
/// Messages of a snapshot that are written to disk in one go.
pub(super) const SNAPSHOT_QUEUE: usize = 8;

/// How long a proposal or a barrier waits for a fresh leader's first quorum answer before it is refused.
pub(super) const FRESH_LEADER_WAIT: Duration = Duration::from_secs(1);
/// How often it looks meanwhile.
pub(super) const FRESH_LEADER_LOOK: Duration = Duration::from_millis(2);

/// How long a leader may be silent and still count as leading: longer than an election takes, so that one is not missed by those
/// who only ask whether the group is led.
pub(super) const LEADER_SILENCE: Duration = Duration::from_secs(1);

/// openraft's configuration of every group. `turn` is the place of this member among all of them.
pub(super) fn config(name: String, turn: usize) -> Arc<Config> {
    let each = (ELECTION_TIMEOUT_MAX_MS - ELECTION_TIMEOUT_MIN_MS) / ELECTION_TURNS;
    let shortest = ELECTION_TIMEOUT_MIN_MS + turn as u64 % ELECTION_TURNS * each;
    let config = Config {
        cluster_name: name,
        election_timeout_min: shortest,
        election_timeout_max: shortest + each / 2,
        heartbeat_interval: HEARTBEAT_MS,
        // A restored leader gives (term, index) pairs that it had acknowledged to other content.
        enable_leader_restore: Some(planted(Bug::LeaderRestored)),
        enable_pre_vote: Some(true),
        // What is settled is the snapshot, and only settling moves it.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: SETTLED_ENTRIES_KEPT,
        max_payload_entries: REPLICATION_ENTRIES_MAX,
        // Until the members are known, and for good in a cluster of one.
        enable_tick: false,
        ..Config::default()
    };
    Arc::new(config.validate().expect("the settings are constants, and a test validates them"))
}
