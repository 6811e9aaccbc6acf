//! What is asked of a key space and what it answers, free of any transport. Names and meanings are etcd v3's.

use bytes::Bytes;

/// Order of a range's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// As stored (by key), or ascending when the target is not the key.
    #[default]
    None,
    /// Smallest first.
    Ascend,
    /// Greatest first.
    Descend,
}

/// What a range's answer is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortTarget {
    /// The key's bytes.
    #[default]
    Key,
    /// The version.
    Version,
    /// The create revision.
    Create,
    /// The modification revision.
    Mod,
    /// The value's bytes.
    Value,
}

/// The keys a request names: one key, or `[key, range_end)`. An empty end names one key; an end of one zero byte is no end;
/// a key of one zero byte with such an end is every key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First key.
    pub key: Bytes,
    /// End, see above.
    pub range_end: Bytes,
}

/// A read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeRequest {
    /// Which keys.
    pub span: Span,
    /// Greatest number of keys in the answer; 0 or less is no limit.
    pub limit: i64,
    /// The revision to read at; 0 or less is the latest.
    pub revision: i64,
    /// See [`SortOrder`].
    pub sort_order: SortOrder,
    /// See [`SortTarget`].
    pub sort_target: SortTarget,
    /// Leave values out.
    pub keys_only: bool,
    /// Only count.
    pub count_only: bool,
    /// Leave out keys modified before this revision; 0 leaves out none. The filters do not change `count`.
    pub min_mod_revision: i64,
    /// Leave out keys modified after this revision; 0 leaves out none.
    pub max_mod_revision: i64,
    /// Leave out keys created before this revision; 0 leaves out none.
    pub min_create_revision: i64,
    /// Leave out keys created after this revision; 0 leaves out none.
    pub max_create_revision: i64,
}

/// One key's state at a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: Bytes,
    /// Revision of its creation.
    pub create_revision: i64,
    /// Revision of its last change.
    pub mod_revision: i64,
    /// Changes since its creation, that one included.
    pub version: i64,
    /// The value.
    pub value: Bytes,
    /// The lease it hangs on, or 0.
    pub lease: i64,
}

/// Answer of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeReply {
    /// What was found.
    pub kvs: Vec<KeyValue>,
    /// The limit left something out.
    pub more: bool,
    /// Keys in the span, whatever limit and filters say.
    pub count: i64,
}

/// A write of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutRequest {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
    /// The lease to hang it on; 0 is none.
    pub lease: i64,
    /// Answer the value before.
    pub prev_kv: bool,
    /// Keep the value, change the rest.
    pub ignore_value: bool,
    /// Keep the lease.
    pub ignore_lease: bool,
}

/// A deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Which keys.
    pub span: Span,
    /// Answer the values before.
    pub prev_kv: bool,
}

/// How a compare compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    #[default]
    Equal,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `!=`
    NotEqual,
}

/// What a compare compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompareTarget {
    /// The version.
    Version(i64),
    /// The create revision.
    Create(i64),
    /// The modification revision.
    Mod(i64),
    /// The lease.
    Lease(i64),
    /// The value. Apply reads no disk, so the proposer decides it and says what it looked at.
    Value {
        /// Bytes to compare with.
        value: Bytes,
        /// Filled in before proposing; see [`Witness`].
        witness: Option<Witness>,
    },
}

/// What the proposer of a VALUE compare saw. If it no longer holds at apply, nothing is changed and the transaction is proposed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Keys in the span.
    pub count: u64,
    /// Greatest modification revision among them, 0 if none.
    pub mod_revision: i64,
    /// Whether the compare held.
    pub holds: bool,
}

/// One condition of a transaction; over a span it must hold for every key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// Which keys.
    pub span: Span,
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub target: CompareTarget,
}

/// A transaction: if all compares hold `success` runs, else `failure`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// Conditions.
    pub compare: Vec<Compare>,
    /// Operations when all conditions hold.
    pub success: Vec<Operation>,
    /// Operations otherwise.
    pub failure: Vec<Operation>,
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A read; sees earlier writes of the same transaction.
    Range(RangeRequest),
    /// A write.
    Put(PutRequest),
    /// A deletion.
    Delete(DeleteRequest),
    /// A transaction inside; its compares run with all others before any write.
    Txn(Txn),
}

/// Answer of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutReply {
    /// The state before, if asked for and there was one.
    pub prev_kv: Option<KeyValue>,
}

/// Answer of a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteReply {
    /// Keys deleted.
    pub deleted: i64,
    /// The states before, if asked for.
    pub prev_kvs: Vec<KeyValue>,
}

/// Answer of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxnReply {
    /// Whether all compares held.
    pub succeeded: bool,
    /// One answer per operation that ran.
    pub replies: Vec<OperationReply>,
}

/// Answer of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationReply {
    /// Of a read.
    Range(RangeReply),
    /// Of a write.
    Put(PutReply),
    /// Of a deletion.
    Delete(DeleteReply),
    /// Of a transaction inside.
    Txn(TxnReply),
}
