//! Going on with what one member has when the quorum is lost for good, offline.
//!
//! Nobody can know what the lost members had acknowledged to clients that this one has not: an operator decides, after
//! [`account`] said what there is. [`recover`] then makes this member the only voter of every shard, by entries at the end of
//! their logs as if its leader had written them, and gives the cluster a new id, so that the others are strangers should they
//! come back. Whatever lies in the logs counts as decided from then on, also what was never acknowledged.

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc},
};

use base::{ClusterId, Disk, EntryId, Error, Kind, NodeId, Result, ShardId};
use journal::{Journal, Record, Writer};
use table::Tree;

use crate::{
    batch::{self, Read, Target},
    consensus::offline::{self, Logged},
    directory::{self, Held},
    identity::Identity,
    node::NodeOptions,
    paper,
    rebuild::Order,
    runtime,
};

/// The note that a recovery has begun.
const NOTE: &str = "recover";
const NOTE_FORMAT: u64 = 1;
/// Entries at the end of a log in which the time of the last commands is looked for.
const LOOK_BACK: u64 = 256;

/// What one member holds of a cluster.
#[derive(Clone, Debug)]
pub struct Account {
    /// The cluster, before and after.
    pub cluster_id: ClusterId,
    /// The member.
    pub node_id: NodeId,
    /// Who is removed, with their names as far as they are known.
    pub removed: Vec<(NodeId, String)>,
    /// Shard by shard.
    pub shards: Vec<ShardAccount>,
}

/// What one member holds of a shard.
#[derive(Clone, Debug)]
pub struct ShardAccount {
    /// Which.
    pub shard: ShardId,
    /// The last entry that is known here to be decided.
    pub decided: Option<EntryId>,
    /// The last entry that is here: the member with the greatest one, by term and then index, has most.
    pub last: Option<EntryId>,
    /// When the last command that is here was proposed, in milliseconds since 1970; `None` if the log does not say.
    pub time_ms: Option<u64>,
    term: u64,
    settled: Option<EntryId>,
    voters: BTreeSet<NodeId>,
}

impl Account {
    fn check(&self) -> Result<()> {
        if self.removed.is_empty() {
            return Err(Error::new(Kind::Precondition, "this member is alone in its cluster: there is nothing to recover"));
        }
        Ok(())
    }
}

impl ShardAccount {
    /// Entries of which nobody here knows whether they were ever decided; a recovery keeps them.
    pub fn undecided(&self) -> u64 {
        let index = |id: Option<EntryId>| id.map_or(0, |id| id.index + 1);
        index(self.last).saturating_sub(index(self.decided))
    }
}

/// What this member holds. Changes nothing.
///
/// # Errors
/// `Conflict` while a process uses the data directory; `Precondition` if there is nothing to recover.
pub fn account(options: &NodeOptions) -> Result<Account> {
    let held = directory::hold_known(&options.data_dir)?;
    let (journal, _) = open_journal(options, &held)?;
    let account = Site::open(options, &held, &journal)?.look_at_all()?;
    account.check().map(|()| account)
}

/// Makes this member go on alone. May be repeated if it was interrupted.
///
/// # Errors
/// As [`account`]; `Unavailable` if the disk refuses.
pub fn recover(options: &NodeOptions) -> Result<Account> {
    let held = directory::hold_known(&options.data_dir)?;
    let (journal, writer) = open_journal(options, &held)?;
    let site = Site::open(options, &held, &journal)?;
    let begun = noted(held.home())?;
    let account = site.look_at_all()?;
    let cluster_id = match begun {
        Some(cluster_id) => cluster_id,
        None => {
            account.check()?;
            let cluster_id = runtime::random_u64().max(1);
            let text = format!("format = {NOTE_FORMAT}\ncluster_id = {cluster_id:016x}\n");
            paper::store(held.home(), NOTE, &paper::seal(text))?;
            cluster_id
        }
    };
    site.write(&account, cluster_id, writer)?;
    Identity { cluster_id, founders: vec![account.node_id], ..held.identity().clone() }.store(held.home())?;
    paper::remove(held.home(), crate::rebuild::BOOK)?;
    paper::remove(held.home(), NOTE)?;
    Ok(account)
}

/// A node does not start with half a recovery.
pub(crate) fn check_done(home: &dyn Disk) -> Result<()> {
    if noted(home)?.is_none() {
        return Ok(());
    }
    let text = "a recovery of this data directory has begun and not ended: run `manifold ctl recover` again";
    Err(Error::new(Kind::Precondition, text))
}

fn noted(home: &dyn Disk) -> Result<Option<ClusterId>> {
    let Some(text) = crate::rebuild::read(home, NOTE, NOTE_FORMAT)? else { return Ok(None) };
    let id = paper::field(&text, "cluster_id").and_then(|id| u64::from_str_radix(id, 16).ok());
    id.map(Some)
        .ok_or_else(|| Error::new(Kind::Corrupt, format!("the file {NOTE} in the data directory lacks a line: remove it")))
}

fn open_journal(options: &NodeOptions, held: &Held) -> Result<(Journal, Writer)> {
    let disk: Arc<dyn Disk> = Arc::new(held.journal_disk()?);
    Journal::open_owned(disk, options.journal_options(), held.identity().node_id)
}

/// Brings the cluster's own state to the end of its log, in memory.
fn replay(journal: &Journal, tree: &dyn Tree, machine: &mut cluster::Machine) -> Result<()> {
    let zero = ShardId(0);
    let from = tree.snapshot().mark().applied.map_or(0, |id| id.index + 1);
    let unreadable = |error| Error::new(Kind::Unavailable, format!("the log of {zero} cannot be read: {error}"));
    for entry in journal.read(zero, from, u64::MAX, usize::MAX).map_err(unreadable)? {
        let Logged::Batch(batch) = offline::look(entry.payload)? else { continue };
        for item in batch::read(batch)?.items {
            if let Read::Cluster(command) = item {
                // What was refused then is refused again.
                let _ = machine.apply(command);
            }
        }
    }
    Ok(())
}

/// One member's data, open.
struct Site<'a> {
    identity: &'a Identity,
    journal: &'a Journal,
    trees: Vec<(ShardId, Arc<dyn Tree>)>,
    cluster: cluster::Machine,
}

impl<'a> Site<'a> {
    fn open(options: &NodeOptions, held: &'a Held, journal: &'a Journal) -> Result<Site<'a>> {
        if Order::load(held.home())?.is_some() {
            let text = "this member lost its data and waits to be rebuilt: recover from another one";
            return Err(Error::new(Kind::Precondition, text));
        }
        let trees: Vec<_> =
            journal.shards().into_iter().map(|shard| Ok((shard, held.tree(options, shard)?))).collect::<Result<_>>()?;
        let zero = trees.iter().find(|(shard, _)| *shard == ShardId(0)).map(|(_, tree)| tree.clone());
        let zero =
            zero.ok_or_else(|| Error::new(Kind::Precondition, "this member has not begun: there is nothing to recover"))?;
        let mut cluster = cluster::Machine::open(table::Table::new(zero.clone()))?;
        replay(journal, &*zero, &mut cluster)?;
        let site = Site { identity: held.identity(), journal, trees, cluster };
        site.check()?;
        Ok(site)
    }

    /// All shards are here, and this is a member.
    fn check(&self) -> Result<()> {
        let lacks = |what: &str| Err(Error::new(Kind::Precondition, format!("this member {what}: recover from another one")));
        let Some((_, data_shards)) = self.cluster.found() else { return lacks("does not know the cluster yet") };
        if self.cluster.member(self.identity.node_id).is_none() {
            return lacks("is not known to the cluster");
        }
        match (1..=data_shards).map(ShardId).find(|shard| !self.trees.iter().any(|(known, _)| known == shard)) {
            Some(missing) => lacks(&format!("has nothing of {missing}")),
            None => Ok(()),
        }
    }

    fn look_at_all(&self) -> Result<Account> {
        let shards: Vec<ShardAccount> =
            self.trees.iter().map(|(shard, tree)| self.look(*shard, &**tree)).collect::<Result<_>>()?;
        let me = self.identity.node_id;
        let ids: BTreeSet<NodeId> = shards.iter().flat_map(|shard| shard.voters.iter().copied()).filter(|id| *id != me).collect();
        let name = |id| self.cluster.member(id).map(|member| member.name.clone()).unwrap_or_default();
        let removed = ids.into_iter().map(|id| (id, name(id))).collect();
        Ok(Account { cluster_id: self.identity.cluster_id, node_id: me, removed, shards })
    }

    fn look(&self, shard: ShardId, tree: &dyn Tree) -> Result<ShardAccount> {
        let (state, mark) = (self.journal.state(shard), tree.snapshot().mark().clone());
        let last = state.last.max(state.purged).max(mark.applied);
        let mut voters = None;
        let mut time_ms = None;
        let end = state.last.map_or(0, |id| id.index + 1);
        let unreadable = |error| Error::new(Kind::Unavailable, format!("the log of {shard} cannot be read: {error}"));
        // Whoever votes may have been said long ago, but not before what is settled.
        let from = mark.applied.map_or(0, |id| id.index + 1).min(end.saturating_sub(LOOK_BACK));
        let mut at = from;
        while at < end {
            let entries = self.journal.read(shard, at, end, 1 << 20).map_err(unreadable)?;
            let Some(next) = entries.last().map(|entry| entry.id.index + 1) else { break };
            for entry in entries {
                match offline::look(entry.payload)? {
                    Logged::Voters(of) => voters = Some(of),
                    Logged::Batch(batch) => time_ms = Some(batch::decode(batch)?.time_ms),
                    Logged::Blank => {}
                }
            }
            at = next;
        }
        let voters = match voters {
            Some(voters) => voters,
            None => offline::settled_voters(mark.membership)?,
        };
        let decided = state.committed.max(mark.applied);
        Ok(ShardAccount { shard, decided, last, time_ms, term: offline::term(state.vote)?, settled: mark.applied, voters })
    }

    fn write(&self, account: &Account, cluster: ClusterId, writer: Writer) -> Result<()> {
        let (told, outcomes) = mpsc::channel();
        let mut waiting = 0;
        for shard in &account.shards {
            for record in self.records(shard, cluster) {
                let told = told.clone();
                waiting += 1;
                // The receiver is there until all have told.
                self.journal.submit(record, Some(Box::new(move |outcome| drop(told.send(outcome)))));
            }
        }
        let failed =
            |error: String| Error::new(Kind::Unavailable, format!("the journal could not be written: {error}; try again"));
        self.journal.close();
        writer.run().map_err(|error| failed(error.to_string()))?;
        for _ in 0..waiting {
            let outcome = outcomes.recv().map_err(|error| failed(error.to_string()))?;
            outcome.map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }

    /// What makes this member the only one of a shard.
    fn records(&self, shard: &ShardAccount, cluster: ClusterId) -> Vec<Record> {
        let (id, me) = (shard.shard, self.identity.node_id);
        let mut records = Vec::new();
        let known = self.journal.state(id);
        if shard.settled > known.last.max(known.purged) {
            // A state that was taken over a moment before the end: the log goes on behind it.
            records.extend(shard.settled.map(|settled| Record::Purge(id, settled)));
        }
        let term = shard.term.max(shard.last.map_or(0, |last| last.term)) + 1;
        records.push(Record::Vote(id, offline::own_vote(term, me)));
        let index = shard.last.map_or(0, |last| last.index + 1);
        let mut entries = vec![offline::sole_voter(EntryId { term, index }, me)];
        if id == ShardId(0) {
            let command = cluster::Command::Recover { id: me, cluster }.encode();
            let items = [(Target::Cluster, &command[..])].into_iter();
            let bytes = batch::item_bytes(command.len());
            let batch = batch::encode(self.cluster.level(), runtime::wall_ms(), None, items, bytes);
            entries.push(offline::batch(EntryId { term, index: index + 1 }, &batch));
        }
        records.push(Record::Append(id, entries));
        records
    }
}
