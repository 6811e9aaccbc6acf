//! A machine over a tree in memory, with short ways to ask it.

use std::sync::Arc;

use base::{EntryId, ShardId};
use bytes::{BufMut, Bytes, BytesMut};
use table::{Direction, Mark, MemoryTree, Table, Tree};

use crate::{
    Appended, Applied, Command, Entry, GroupState, Machine, Member, OffsetCommit, OffsetItem, Options, PartitionId, Refusal,
    Reply, Settling, TopicId,
};

pub(super) const SHARD: ShardId = ShardId(3);

/// A record batch without records behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) producer: i64,
    pub(super) epoch: i16,
    pub(super) sequence: i32,
    pub(super) records: i32,
    pub(super) timestamp: i64,
    pub(super) attributes: i16,
    pub(super) crc: u32,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch { producer: -1, epoch: -1, sequence: -1, records: 1, timestamp: 5, attributes: 0, crc: 0x0a0b_0c0d }
    }
}

pub(super) const BATCH_BYTES: usize = 70;

impl Batch {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i64(0);
        out.put_i32(i32::try_from(BATCH_BYTES).expect("small") - 12);
        out.put_i32(-1);
        out.put_u8(2);
        out.put_u32(self.crc);
        out.put_i16(self.attributes);
        out.put_i32(self.records - 1);
        out.put_i64(self.timestamp);
        out.put_i64(self.timestamp);
        out.put_i64(self.producer);
        out.put_i16(self.epoch);
        out.put_i32(self.sequence);
        out.put_i32(self.records);
        out.resize(BATCH_BYTES, 0x77);
        out.freeze()
    }
}

pub(super) fn by(producer: i64, epoch: i16, sequence: i32, records: i32) -> Batch {
    Batch { producer, epoch, sequence, records, ..Batch::default() }
}

pub(super) fn partition(number: u32) -> PartitionId {
    PartitionId { topic: TopicId(0xabc << 64 | 5), partition: number }
}

pub(super) fn append(id: PartitionId, batch: Batch) -> Command {
    Command::Append { term: 0, partition: id, batch: batch.encode() }
}

pub(super) fn trim(id: PartitionId, log_start: i64) -> Command {
    Command::Trim { partition: id, log_start }
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn member(id: &str, instance: Option<&str>) -> Member {
    Member { id: bytes(id), instance: instance.map(bytes), subscription: bytes("sub"), ..Member::default() }
}

pub(super) fn group_state(generation: i32, members: &[Member]) -> GroupState {
    GroupState {
        generation,
        protocol_type: Some(bytes("consumer")),
        protocol: Some(bytes("range")),
        leader: members.first().map(|member| member.id.clone()),
        members: members.to_vec(),
    }
}

pub(super) fn store(term: u64, group: &str, generation: i32, members: &[Member]) -> Command {
    Command::GroupStore { term, group: bytes(group), state: group_state(generation, members) }
}

pub(super) fn commit(term: u64, group: &str, generation: i32, member: &str, id: PartitionId, offset: i64) -> OffsetCommit {
    let item = OffsetItem { partition: id, offset, leader_epoch: 1, metadata: bytes("m") };
    OffsetCommit {
        term,
        group: bytes(group),
        generation,
        member: bytes(member),
        instance: None,
        retention_ms: -1,
        offsets: vec![item],
    }
}

/// What a restart needs beside the tree: the digest at the last settle, and the commands since then with their answers.
#[derive(Clone, Default)]
struct Tail {
    digest: u64,
    log: Vec<(Entry, Bytes, Applied)>,
}

/// A settle under way.
pub(super) struct Seal {
    sealed: table::Sealed,
    settling: Settling,
    logged: usize,
    digest: u64,
}

pub(super) struct House {
    pub(super) tree: Arc<MemoryTree>,
    pub(super) table: Table,
    pub(super) machine: Machine,
    pub(super) entry: Entry,
    pub(super) options: Options,
    tail: Tail,
}

impl House {
    pub(super) fn new() -> House {
        House::with(Options::default())
    }

    pub(super) fn with(options: Options) -> House {
        let tree = Arc::new(MemoryTree::default());
        let table = Table::new(tree.clone());
        let machine = Machine::open(SHARD, table.clone(), options).expect("opens");
        let entry = Entry { id: EntryId { term: 1, index: 0 }, time_ms: 1_000, position: 25 };
        House { tree, table, machine, entry, options, tail: Tail::default() }
    }

    /// Applies a command in an entry of its own, by way of its encoding.
    pub(super) fn apply(&mut self, command: Command) -> Applied {
        self.entry.id.index += 1;
        self.apply_again(command)
    }

    /// The same in the entry of the command before.
    pub(super) fn apply_beside(&mut self, command: Command) -> Applied {
        self.entry.position += 1_000;
        let applied = self.apply_again(command);
        self.entry.position -= 1_000;
        applied
    }

    fn apply_again(&mut self, command: Command) -> Applied {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let encoded = Bytes::from(encoded);
        let decoded = Command::decode(encoded.clone()).expect("decodes");
        assert_eq!(decoded, command, "encoded and decoded");
        let applied = self.machine.apply(self.entry, decoded);
        self.tail.log.push((self.entry, encoded, applied.clone()));
        applied
    }

    pub(super) fn run(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.apply(command).reply
    }

    pub(super) fn refused(&mut self, command: Command) -> Refusal {
        let digest = self.table.digest();
        let applied = self.apply(command);
        assert_eq!((self.table.digest(), applied.moved.as_slice()), (digest, &[][..]), "a refusal changes nothing");
        applied.reply.expect_err("is refused")
    }

    pub(super) fn append(&mut self, id: PartitionId, batch: Batch) -> Result<Appended, Refusal> {
        let applied = self.apply(append(id, batch));
        let is_moved = matches!(applied.reply, Ok(Reply::Appended(Appended { is_duplicate: false, .. })));
        assert_eq!(applied.moved.as_slice(), if is_moved { vec![id] } else { vec![] });
        match applied.reply? {
            Reply::Appended(appended) => Ok(appended),
            other => panic!("{other:?}"),
        }
    }

    /// Base offset of a batch that is appended, or why it is not.
    pub(super) fn base(&mut self, id: PartitionId, batch: Batch) -> Result<i64, Refusal> {
        self.append(id, batch).map(|appended| appended.base_offset)
    }

    /// The first half of a settle, between two applies.
    pub(super) fn seal(&mut self) -> Seal {
        let (_, settling) = self.machine.begin_settle(self.entry.id.index);
        self.machine.flush();
        let mark = Mark { applied: Some(self.entry.id), membership: Bytes::new() };
        let sealed = self.table.seal(mark).expect("one at a time");
        Seal { sealed, settling, logged: self.tail.log.len(), digest: self.table.digest() }
    }

    /// The second half: `false` if the state was replaced meanwhile.
    pub(super) fn finish(&mut self, seal: Seal) -> bool {
        let is_done = self.table.settle(seal.sealed, Vec::new(), &[]).expect("settles");
        if is_done {
            self.tail.log.drain(..seal.logged);
            self.tail.digest = seal.digest;
        }
        self.machine.settled(seal.settling);
        is_done
    }

    /// One settle, as the hall does it.
    pub(super) fn settle(&mut self) {
        let seal = self.seal();
        assert!(self.finish(seal));
    }

    /// What a restart finds: the settled tree, and the log behind it.
    pub(super) fn restart(&mut self) {
        self.tree = self.tree.crash_image();
        self.table = Table::new(self.tree.clone());
        self.machine = Machine::open(SHARD, self.table.clone(), self.options).expect("opens");
        self.replay();
    }

    /// Takes over a settled state that another replica sent, which is as far as this one had settled.
    pub(super) fn install(&mut self) {
        let from = self.tree.snapshot();
        let mut stage = self.tree.stage().expect("stages");
        for pair in from.range(Bytes::new(), Bytes::from_static(&[0xff; 8]), Direction::Forward) {
            stage.push(pair.expect("reads")).expect("takes");
        }
        self.table.replace(stage.finish(from.mark().clone()).expect("is whole")).expect("replaces");
        self.machine.reload().expect("reloads");
        self.replay();
    }

    fn replay(&mut self) {
        self.table.set_digest(self.tail.digest);
        for (entry, encoded, applied) in &self.tail.log {
            let command = Command::decode(encoded.clone()).expect("decodes");
            assert_eq!(self.machine.apply(*entry, command), *applied, "applied again");
        }
    }

    /// Every key in the tree of one family.
    pub(super) fn tree_keys(&self, family: u8) -> usize {
        let (from, to) = (vec![0xff, 0xff, 0xff, 0xff, family], vec![0xff, 0xff, 0xff, 0xff, family + 1]);
        self.tree.snapshot().range(from.into(), to.into(), Direction::Forward).count()
    }
}
