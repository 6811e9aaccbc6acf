//! Who commits offsets.

/// What an OffsetCommit or TxnOffsetCommit says about who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The version of OffsetCommit; of no meaning for TxnOffsetCommit.
    pub version: i16,
    /// The group.
    pub group_id: &'a str,
    /// The member's generation; -1 from who is no member (an administrator, or a consumer that assigns itself).
    pub generation: i32,
    /// The member's id, or empty.
    pub member_id: &'a str,
    /// Its instance id.
    pub instance_id: Option<&'a str>,
    /// Whether it is TxnOffsetCommit.
    pub transactional: bool,
}
