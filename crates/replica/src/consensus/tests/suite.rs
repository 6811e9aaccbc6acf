//! openraft's own suite for log stores and state machines, against the journal.

use std::{sync::Arc, thread};

use base::{EntryId, disk::MemoryDisk};
use bytes::Bytes;
use futures_util::StreamExt;
use journal::{Journal, Record};
use openraft::{
    RaftLogReader,
    testing::log::{StoreBuilder, Suite},
};
use table::{Mark, Snapshot, Stage, Staged};

use super::{Ledger, SHARD, open_journal};
use crate::{
    consensus::{
        Replies, StateMachine,
        codec::encode_payload,
        log::LogStore,
        machine::MachineStore,
        types::{EntryPayload, Types},
    },
    runtime::Hall,
};

struct Builder;

/// The suite expects that a snapshot holds what was applied, so this one settles after every entry.
#[derive(Default)]
struct Eager(Ledger);

impl StateMachine for Eager {
    fn apply(&self, id: EntryId, payload: &Bytes) -> Replies {
        let replies = self.0.apply(id, payload);
        self.0.settle();
        replies
    }

    fn note(&self, id: EntryId, membership: Option<Bytes>) {
        self.0.note(id, membership);
        self.0.settle();
    }

    fn mark(&self) -> Mark {
        self.0.mark()
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.0.snapshot()
    }

    fn stage(&self) -> Result<Box<dyn Stage>, base::Error> {
        self.0.stage()
    }

    fn install(&self, staged: Staged) -> Result<(), base::Error> {
        self.0.install(staged)
    }
}

/// Ends the journal's writer after each of the suite's cases.
struct Guard {
    journal: Journal,
    writer: Option<thread::JoinHandle<std::io::Result<()>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.journal.close();
        if let Some(writer) = self.writer.take() {
            writer.join().expect("the writer does not panic").expect("the disk takes everything");
        }
    }
}

impl StoreBuilder<Types, LogStore, MachineStore, Guard> for Builder {
    async fn build(&self) -> Result<(Guard, LogStore, MachineStore), openraft::StorageError<Types>> {
        let (journal, writer) = open_journal(&MemoryDisk::new());
        let machine = Arc::new(Eager::default());
        let log = LogStore::new(SHARD, journal.clone(), machine.clone());
        Ok((Guard { journal, writer: Some(writer) }, log, MachineStore::new(machine)))
    }
}

/// A journal whose write had failed refused an entry that the leader had committed, and the stream of entries to be applied ended
/// before it as if it were whole: openraft counted it as applied, until the node ended a moment later. Seed 103 of the simulator.
#[tokio::test]
async fn what_the_journal_refused_does_not_count_as_applied() {
    let (journal, writer) = open_journal(&MemoryDisk::new());
    let mut log = LogStore::new(SHARD, journal.clone(), Arc::new(Eager::default()));
    let entry = |index| journal::Entry { id: EntryId { term: 1, index }, payload: encode_payload(&EntryPayload::Blank) };
    journal.submit(Record::Append(SHARD, (1..=3).map(entry).collect()), None);
    journal.close();
    journal.submit(Record::Append(SHARD, vec![entry(4)]), None);
    let read: Vec<_> = log.entries_stream(1..5).await.collect().await;
    let whole: Vec<_> = read.iter().map(Result::is_ok).collect();
    assert_eq!(whole, [true, true, true, false]);
    let read: Vec<_> = log.entries_stream(1..4).await.collect().await;
    assert!(read.len() == 3 && read.iter().all(Result::is_ok), "what is there can be read");
    writer.join().expect("the writer does not panic").expect("the disk takes everything");
}

#[test]
fn openraft_s_suite_for_stores_passes() {
    let outcome = <Hall as openraft::AsyncRuntime>::run(Suite::test_all(Builder));
    outcome.expect("every case of the suite passes");
}
