//! Bugs that are planted to prove that the alarms ring. Only with the feature `planted`, which no normal build has.
//!
//! Each is a real one of some system (etcd, Kafka, Redpanda, NATS, openraft), and each has its place:
//!
//! | bug | where it is planted | found by |
//! |---|---|---|
//! | acknowledged before the sync | `journal` writer, `put`: `AckBeforeSync` | lost writes after a crash |
//! | the log before the vote | `journal` writer, `postpone_votes`: `VoteAfterAppend` | the crash sweep: whoever asks for a vote waits for the later write, too |
//! | a damaged middle is cut as if torn | `journal` recovery: `MiddleCutAsTorn` | the crash sweep, which damages what was synced |
//! | a misdirected write is believed | `journal` walk and recovery: `PlaceNotChecked` | the crash sweep |
//! | a failed sync is repeated | `journal` writer, `sync`: `SyncRetried` | lost writes after sync faults and crashes |
//! | the directory is not synced | `journal` segment: `DirectoryNotSynced` | lost writes, or a start that is refused |
//! | the vote is not kept | `replica` consensus log, `save_vote`: `VoteNotKept` | two leaders of a term |
//! | an entry is applied twice after a start | `replica` shard, `seal`: `AppliedTwice` | unequal digests |
//! | the local clock in apply | `replica` shard, `apply_item`: `LocalClock` | unequal digests, unequal leases |
//! | a read without asking the quorum | `replica` consensus group, `barrier` and `read_index`: `ReadWithoutQuorum` | stale reads after pauses and cuts |
//! | the read's index taken before the request | `replica` barrier, `rounds`: `LateReadersJoin` | stale reads |
//! | a batch that may have been proposed is proposed again | `replica` post, `hand_to`: `RetriedBlindly` | writes that happened twice |
//! | a leader that restarts goes on leading | `replica` consensus settings: `LeaderRestored` | one place with two contents |
//! | lost data is denied instead of rebuilt | `replica` node, at the start: `LossIgnored` | lost writes, two leaders of a term |
//! | a hash map's order in apply | `kv` apply, `end_lease`: `HashOrder` | unequal digests |
//! | an old leader ends leases after a stall | `kv` apply, `LeaseExpire`: `ExpiryWithoutTerm` | leases that end early |
//! | the revision falls after a crash | `kv` reclaim and open: `RevisionForgotten` | revisions in the order of real time |
//! | a watch loses the change at the mark | `kv` history: `ChangeAtMarkLost` | watchers that missed something |
//! | a watch repeats after it is taken up again | `replica` watch stream, `admit`: `RepeatsLast` | watchers that saw something twice |
//! | a producer of an earlier epoch goes on | `stream` sequences, `judge`: `EpochNotFenced` | a batch that is not refused |
//! | of a producer's batches the first is settled only | `stream` append, `remember`: `SequencesNotSettled` | batches that are refused, unequal digests |
//! | producers are lost with a snapshot | `stream` machine, `reload`: `ProducersNotTakenOver` | unequal digests |
//! | a duplicate is said to lie at the end | `stream` append, `repeated`: `DuplicateAtEnd` | what is sent again is told another offset |
//! | a log start that is asked for late moves back | `stream` apply, `trim`: `LogStartFalls` | log starts that fall |
//! | a log start is lost at a restart | `stream` apply, `trim`: `TrimNotSettled` | log starts that fall, unequal digests |
//! | offsets begin anew after all records are gone | `stream` partition, `decode`: `OffsetsReused` | ends that fall, unequal digests |
//! | a leader epoch's start lies behind its first batch | `stream` partition, `extend`: `EpochStartWrong` | epochs of batches against what is said of them |
//! | an old coordinator commits | `stream` groups, `commit_offsets`: `CommitNotFenced` | commits that go back |
//! | a member of an earlier generation commits | `stream` groups, `check_member`: `FormerMemberCommits` | a commit that is not refused |
//! | a settle forgets a batch that it did not write | `stream` settle, `begin`: `SettleLosesLast` | offsets at which nothing is |
//! | a new leader's end is too low | `replica` consensus group, `lead`: `LeadsAtOnce` | high watermarks that fall |
//! | retention drops more than it may | `replica` streams, `retention_cut`: `RetentionCountsTwice` | bytes that are left |
//! | a start forgets what it answered | `config` open: `AnswersForgotten` | unequal digests, requests that happened twice |
//! | an import is seen in part | `config` import, `advance_import`: `ImportShownEarly` | reads in the midst of it |
//! | memory is older than a state that was installed | `replica` stores, `restart`: `StoreNotReloaded` | unequal digests |
//!
//! Those of openraft itself (an old term's entry committed by count, an append without a match before it, a removed node in the
//! quorum) are its own simulation's matter.

use config::bugs::Bug as ConfigBug;
use journal::bugs::Bug as JournalBug;
use kv::bugs::Bug as KvBug;
use replica::bugs::Bug as HallBug;
use stream::bugs::Bug as StreamBug;

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// One of the journal.
    Journal(JournalBug),
    /// One of the configuration store's machine.
    Config(ConfigBug),
    /// One of the key space's machine.
    Kv(KvBug),
    /// One of the streams' machine.
    Stream(StreamBug),
    /// One of the hall.
    Hall(HallBug),
}

impl Bug {
    /// Those that the simulator has to find.
    pub const ALL: [Bug; 32] = [
        Bug::Journal(JournalBug::AckBeforeSync),
        Bug::Journal(JournalBug::SyncRetried),
        Bug::Journal(JournalBug::DirectoryNotSynced),
        Bug::Config(ConfigBug::AnswersForgotten),
        Bug::Config(ConfigBug::ImportShownEarly),
        Bug::Kv(KvBug::HashOrder),
        Bug::Kv(KvBug::ExpiryWithoutTerm),
        Bug::Kv(KvBug::RevisionForgotten),
        Bug::Kv(KvBug::ChangeAtMarkLost),
        Bug::Hall(HallBug::RepeatsLast),
        Bug::Hall(HallBug::StoreNotReloaded),
        Bug::Hall(HallBug::VoteNotKept),
        Bug::Hall(HallBug::AppliedTwice),
        Bug::Hall(HallBug::LocalClock),
        Bug::Hall(HallBug::ReadWithoutQuorum),
        Bug::Hall(HallBug::LateReadersJoin),
        Bug::Hall(HallBug::RetriedBlindly),
        Bug::Hall(HallBug::LeaderRestored),
        Bug::Hall(HallBug::LossIgnored),
        Bug::Stream(StreamBug::EpochNotFenced),
        Bug::Stream(StreamBug::SequencesNotSettled),
        Bug::Stream(StreamBug::ProducersNotTakenOver),
        Bug::Stream(StreamBug::DuplicateAtEnd),
        Bug::Stream(StreamBug::LogStartFalls),
        Bug::Stream(StreamBug::TrimNotSettled),
        Bug::Stream(StreamBug::OffsetsReused),
        Bug::Stream(StreamBug::EpochStartWrong),
        Bug::Stream(StreamBug::CommitNotFenced),
        Bug::Stream(StreamBug::FormerMemberCommits),
        Bug::Stream(StreamBug::SettleLosesLast),
        Bug::Hall(HallBug::LeadsAtOnce),
        Bug::Hall(HallBug::RetentionCountsTwice),
    ];
}

/// Heals what was planted when it is dropped.
pub struct Planted(());

/// Plants one bug into everything that runs on this thread.
#[must_use]
pub fn plant(bug: Bug) -> Planted {
    match bug {
        Bug::Journal(bug) => journal::bugs::plant(Some(bug)),
        Bug::Config(bug) => config::bugs::plant(Some(bug)),
        Bug::Kv(bug) => kv::bugs::plant(Some(bug)),
        Bug::Stream(bug) => stream::bugs::plant(Some(bug)),
        Bug::Hall(bug) => replica::bugs::plant(Some(bug)),
    }
    Planted(())
}

impl Drop for Planted {
    fn drop(&mut self) {
        journal::bugs::plant(None);
        config::bugs::plant(None);
        kv::bugs::plant(None);
        stream::bugs::plant(None);
        replica::bugs::plant(None);
    }
}
