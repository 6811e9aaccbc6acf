//! Why a command changed nothing.

/// A refusal: the command was applied, and the answer is no. A door has one table from here to Kafka's error codes, which are
/// named where one says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The batch's header makes no sense: INVALID_RECORD.
    InvalidBatch,
    /// A batch of a transaction or a control batch, which are not served.
    Unsupported,
    /// There are no numbers left for what was asked: offsets of a partition, or producer ids.
    Exhausted,
    /// An earlier epoch than the producer's: INVALID_PRODUCER_EPOCH.
    InvalidProducerEpoch,
    /// A sequence that does not follow the last one: OUT_OF_ORDER_SEQUENCE_NUMBER.
    OutOfOrderSequence,
    /// All of it was taken before, longer ago than what is remembered: DUPLICATE_SEQUENCE_NUMBER.
    DuplicateSequence,
    /// Nothing was ever appended to it, or it was dropped: UNKNOWN_TOPIC_OR_PARTITION, unless the catalogue knows better.
    UnknownPartition,
    /// The leader that proposed it leads no more: NOT_COORDINATOR.
    Fenced,
    /// A state of a group that is older than the one stored.
    StaleGeneration,
    /// ILLEGAL_GENERATION.
    IllegalGeneration,
    /// UNKNOWN_MEMBER_ID.
    UnknownMember,
    /// The instance is another member by now: FENCED_INSTANCE_ID.
    FencedInstance,
    /// GROUP_ID_NOT_FOUND.
    UnknownGroup,
    /// NON_EMPTY_GROUP.
    NonEmptyGroup,
    /// INVALID_GROUP_ID.
    GroupNameTooLong,
    /// The shard's groups take as much memory as they may: nothing can be added before something is deleted or expires.
    NoRoom,
    /// GROUP_MAX_SIZE_REACHED.
    TooManyMembers,
    /// The state of the group takes more bytes than one may.
    GroupTooLarge,
    /// The group holds as many offsets as it may.
    TooManyOffsets,
    /// OFFSET_METADATA_TOO_LARGE.
    MetadataTooLarge,
    /// No ids, or too many at once.
    InvalidCount,
}
