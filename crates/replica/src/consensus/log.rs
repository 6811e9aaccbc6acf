//! A shard's log and vote, kept in the node's journal.

use std::{
    fmt::Debug,
    io,
    ops::{Bound, RangeBounds},
    sync::Arc,
};

use base::ShardId;
use futures_util::{Stream, StreamExt, stream};
use journal::{Journal, Record};
use openraft::{LogState, OptionalSend, RaftLogReader, entry::RaftEntry, storage::RaftLogStorage};
use tokio::sync::oneshot;

use super::{
    super::bugs::{Bug, planted},
    StateMachine, codec,
    settings::{APPLY_READ_BYTES_MAX, REPLICATION_BYTES_MAX},
    types::{Entry, Flushed, LogId, Types, Vote, entry_id, log_id, storage_error},
};

/// The log of one shard. Cheap to clone; all clones are one log.
#[derive(Clone)]
pub(super) struct LogStore {
    shard: ShardId,
    journal: Journal,
    machine: Arc<dyn StateMachine>,
}

impl LogStore {
    pub(super) fn new(shard: ShardId, journal: Journal, machine: Arc<dyn StateMachine>) -> LogStore {
        LogStore { shard, journal, machine }
    }

    fn read(&self, from: u64, to: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        self.journal.read(self.shard, from, to, bytes_max)?.into_iter().map(decode_entry).collect()
    }
}

/// An append that openraft waits for. One that is dropped unanswered has failed: openraft would wait for ever.
struct Pending(Option<Flushed>);

impl Pending {
    fn complete(mut self, outcome: io::Result<()>) {
        if let Some(callback) = self.0.take() {
            callback.io_completed(outcome);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(callback) = self.0.take() {
            callback.io_completed(Err(storage_error("the journal ended before an append was durable: start the node again")));
        }
    }
}

fn decode_entry(entry: journal::Entry) -> io::Result<Entry> {
    let payload = codec::decode_payload(entry.payload).map_err(storage_error)?;
    Ok(Entry::new(log_id(entry.id), payload))
}

fn encode_entry(entry: &Entry) -> journal::Entry {
    journal::Entry { id: entry_id(&entry.log_id), payload: codec::encode_payload(&entry.payload) }
}

/// `[from, to)` of any range of indices.
fn half_open(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(from) => *from,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(to) => *to,
        Bound::Unbounded => u64::MAX,
    };
    (from, to)
}

impl RaftLogReader<Types> for LogStore {
    async fn entries_stream<RB>(&mut self, range: RB) -> impl Stream<Item = io::Result<Entry>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (from, to) = half_open(&range);
        // Page by page: after a restart this can be everything since the last settle.
        let pages = stream::unfold((self.clone(), from), move |(log, from)| async move {
            if from >= to {
                return None;
            }
            match log.read(from, to, APPLY_READ_BYTES_MAX) {
                Ok(entries) => match entries.last() {
                    Some(last) => {
                        let next = last.log_id.index + 1;
                        Some((entries.into_iter().map(Ok).collect::<Vec<_>>(), (log, next)))
                    }
                    // What was appended since the journal refuses is nowhere: it must not count as applied.
                    None => log.journal.refusal().map(|error| (vec![Err(error)], (log, to))),
                },
                Err(error) => Some((vec![Err(error)], (log, to))),
            }
        });
        Box::pin(pages.flat_map(stream::iter))
    }

    async fn try_get_log_entries<RB>(&mut self, range: RB) -> io::Result<Vec<Entry>>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (from, to) = half_open(&range);
        if from >= to { Ok(Vec::new()) } else { self.read(from, to, usize::MAX) }
    }

    async fn limited_get_log_entries(&mut self, from: u64, to: u64) -> io::Result<Vec<Entry>> {
        if from >= to { Ok(Vec::new()) } else { self.read(from, to, REPLICATION_BYTES_MAX) }
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        self.journal.state(self.shard).vote.map(codec::decode_vote).transpose().map_err(storage_error)
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = LogStore;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let state = self.journal.state(self.shard);
        let last_purged_log_id = state.purged.map(log_id);
        Ok(LogState { last_log_id: state.last.map(log_id).or(last_purged_log_id), last_purged_log_id })
    }

    async fn get_log_reader(&mut self) -> LogStore {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        if planted(Bug::VoteNotKept) {
            return Ok(());
        }
        let (done, durable) = oneshot::channel();
        let record = Record::Vote(self.shard, codec::encode_vote(vote));
        self.journal.submit(
            record,
            Some(Box::new(move |outcome| {
                // Nobody waits any more if the replica is being dropped.
                let _ = done.send(outcome);
            })),
        );
        durable.await.map_err(|_| storage_error("the journal ended before a vote was durable: start the node again"))?
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        // A hint: it travels with the next write, clamped to what is flushed, so that nobody has to wait for it.
        if let Some(committed) = committed {
            self.journal.submit(Record::Committed(self.shard, entry_id(&committed)), None);
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.journal.state(self.shard).committed.map(log_id))
    }

    async fn append<I>(&mut self, entries: I, callback: Flushed) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<_> = entries.into_iter().map(|entry| encode_entry(&entry)).collect();
        self.machine.appending(entries.iter().map(|entry| entry.payload.len()).sum());
        let pending = Pending(Some(callback));
        let done = Box::new(move |outcome| pending.complete(outcome));
        self.journal.submit(Record::Append(self.shard, entries), Some(done));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        self.journal.submit(Record::Truncate(self.shard, last.as_ref().map(entry_id)), None);
        Ok(())
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.journal.submit(Record::Purge(self.shard, entry_id(&upto)), None);
        Ok(())
    }
}
