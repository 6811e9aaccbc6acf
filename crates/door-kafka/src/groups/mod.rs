//! The coordinator of classic consumer groups: the part of a group that its shard's leader keeps in memory.
//!
//! A group has two halves. The durable one ([`StoredGroup`]: generation, protocol, leader, members and their assignments) is an
//! entry of the log; the other one (heartbeats, timers, joins and syncs that wait for others) lives here and begins anew, with
//! full timeouts, when another node takes over.
//!
//! A group goes round in a circle. It is *Empty* until somebody joins; then it is *PreparingRebalance* and collects joins until
//! everybody is there or the time is up; then the leader of the new generation is sent all members' metadata and the group is
//! *CompletingRebalance* until the leader's assignments are durable; then it is *Stable* until somebody comes, goes or changes
//! its mind. *Dead* is a group whose deletion is on its way into the log.
//!
//! The [`Coordinator`] answers at once or later: [`Effect::Answer`] carries the [`Ticket`] of the request, whenever it comes.
//! [`Effect::Store`] asks for a group to be proposed to the log. What may be answered only once that is durable waits until
//! [`Coordinator::stored`] says what became of it. Proposals of one group must reach the log in the order in which they were asked
//! for.
//!
//! It decides as Kafka 4.3 does, except that:
//!
//! * a group that nobody joined yet, because it consists of ids that were handed out or of a refused join, is not stored and is
//!   forgotten with the last of them, so that unknown clients cannot fill the log with names of groups;
//! * a request that takes the place of an earlier one of the same member answers the earlier one with REBALANCE_IN_PROGRESS (and
//!   a member that is removed while its sync waits gets UNKNOWN_MEMBER_ID), where Kafka leaves them without an answer;
//! * a leader that sends its assignments twice has the first ones stored, not both;
//! * members, bytes and groups are bounded ([`crate::limits`]): a group that is full says GROUP_MAX_SIZE_REACHED, a coordinator
//!   that is full COORDINATOR_NOT_AVAILABLE, a member that is too large MESSAGE_TOO_LARGE.

mod commit;
mod coordinator;
mod deadlines;
mod durable;
mod effect;
mod expiring;
mod expiry;
mod group;
mod heartbeat;
mod join;
mod joining;
mod leave;
mod leaving;
mod member;
mod rebalancing;
mod settings;
mod state;
mod static_members;
mod stored;
mod stores;
mod sync;
mod syncing;
mod turn;
mod views;

#[cfg(test)]
mod tests;

pub use commit::Commit;
pub use coordinator::Coordinator;
pub use effect::{Effect, Reply, StoreId, Ticket};
pub use expiry::{Expiry, subscriptions};
pub use heartbeat::Heartbeat;
pub use join::{Join, JoinReply, JoinedMember, Protocol};
pub use leave::{Leave, LeaveReply, Leaver, LeaverReply};
pub use settings::Settings;
pub use state::State;
pub use stored::{StoredGroup, StoredMember};
pub use stores::StoreFailure;
pub use sync::{Sync, SyncReply};
pub use views::{GroupView, ListedGroup, MemberView};
