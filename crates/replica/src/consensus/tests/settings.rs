//! Each setting, so that none changes unnoticed. `docs/decisions/0001-consensus.md` has the reasons.

use openraft::{RaftTypeConfig, SnapshotPolicy, impls::leader_id_std::LeaderId, vote::RaftLeaderId};

use crate::consensus::{settings, types::Types};

fn config() -> std::sync::Arc<openraft::Config> {
    settings::config("shard 1".to_owned(), 2)
}

#[test]
fn a_restarted_leader_is_not_restored() {
    assert_eq!(config().enable_leader_restore, Some(false));
}

#[test]
fn a_candidate_asks_before_it_raises_the_term() {
    assert_eq!(config().enable_pre_vote, Some(true));
}

#[test]
fn a_term_has_one_leader() {
    // The standard id keeps only the term once a leader is known; the default one of openraft keeps the node as well,
    // and so allows two leaders in a term.
    let committed = <<Types as RaftTypeConfig>::LeaderId as RaftLeaderId>::to_committed(&LeaderId { term: 3, voted_for: 1 });
    assert_eq!(committed, LeaderId { term: 3, voted_for: 2 }.to_committed());
    assert_eq!(LeaderId { term: 3, voted_for: 1u64 }.partial_cmp(&LeaderId { term: 3, voted_for: 2 }), None);
}

#[test]
fn snapshots_and_purges_come_from_settling_only() {
    assert_eq!(config().snapshot_policy, SnapshotPolicy::Never);
    assert_eq!(config().max_in_snapshot_log_to_keep, u64::MAX, "openraft purges nothing by itself");
}

#[test]
fn a_dead_leader_is_noticed_within_a_second() {
    let config = config();
    assert!(2 * config.election_timeout_max < 1000, "the longest timeout and a random one");
    assert!(2 * config.heartbeat_interval < config.election_timeout_min, "one lost heartbeat is no reason to elect");
    assert!((100..=250).contains(&config.heartbeat_interval), "more often costs an idle node too much");
}

/// Two survivors of three drew nearly the same time after their leader's death, divided the votes and waited once more: a write was
/// acknowledged after 1.1 s instead of 0.7.
#[test]
fn members_do_not_ask_for_votes_at_once() {
    let of = |turn| settings::config("shard 1".to_owned(), turn);
    for turn in 0..7 {
        let (this, next) = (of(turn), of(turn + 1));
        assert!(this.election_timeout_min < this.election_timeout_max);
        let longest = this.election_timeout_max.min(next.election_timeout_max);
        let shortest = this.election_timeout_min.max(next.election_timeout_min);
        // Their leases differ as much: what passes between the two is twice this.
        assert!(shortest >= longest + 15, "{turn}");
    }
}

#[test]
fn ticks_wait_until_there_are_peers() {
    assert!(!config().enable_tick);
}
