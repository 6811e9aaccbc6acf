//! Questions and chores about this member.

use ::cluster::MemberStanding;
use base::{Error, Kind, Result};
use bytes::Bytes;
use kv::{Command, Reply};
use replica::Lane;
use tokio::sync::mpsc;

use super::{Context, cluster, unexpected};
use crate::{
    backup::{self, Writer},
    limits,
    pb::{self, AlarmType, alarm_request::AlarmAction},
};

/// The etcd version whose contract this door keeps.
pub const ETCD_VERSION: &str = "3.7.3";

/// The storage version that goes with it.
pub const STORAGE_VERSION: &str = "3.7.0";

/// How this member is.
///
/// # Errors
/// None at present.
pub async fn status(context: &Context, _request: pb::StatusRequest) -> Result<pb::StatusResponse> {
    let (keyspace, shard) = (&context.keyspace, context.shard());
    let (journal_bytes, member_id) = (context.node.status().journal_bytes, keyspace.header().member_id);
    let (_, in_use) = keyspace.machine().size();
    let group = shard.as_ref().map(|shard| shard.group.clone()).unwrap_or_default();
    let tree_bytes = shard.map_or(0, |shard| shard.tree_bytes);
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut errors = Vec::new();
    if group.leader.is_none() {
        errors.push("etcdserver: no leader".to_owned());
    }
    errors.extend(keyspace.machine().alarms().into_iter().map(alarm_text));
    Ok(pb::StatusResponse {
        header: Some(context.header()),
        version: ETCD_VERSION.to_owned(),
        // Before the first settle everything lies in the journal.
        db_size: signed((tree_bytes + journal_bytes).max(in_use)),
        leader: group.leader.unwrap_or(0),
        raft_index: group.last.unwrap_or(0),
        raft_term: group.term,
        raft_applied_index: group.applied.unwrap_or(0),
        errors,
        db_size_in_use: signed(in_use),
        is_learner: cluster::standing(context, member_id) == Some(MemberStanding::Joining),
        storage_version: STORAGE_VERSION.to_owned(),
        db_size_quota: signed(context.options.quota_bytes),
        downgrade_info: Some(pb::DowngradeInfo::default()),
    })
}

fn alarm_text((member, alarm): (u64, i32)) -> String {
    let name = AlarmType::try_from(alarm).map_or_else(|_| alarm.to_string(), |known| known.as_str_name().to_owned());
    format!("memberID:{member} alarm:{name}")
}

/// Asks for, raises or clears alarms.
///
/// # Errors
/// `Unavailable` while there is no leader.
pub async fn alarm(context: &Context, request: pb::AlarmRequest) -> Result<pb::AlarmResponse> {
    let asked = (request.member_id, request.alarm);
    let raised = || context.keyspace.machine().alarms();
    let alarms = match AlarmAction::try_from(request.action) {
        Ok(AlarmAction::Get) => {
            context.keyspace.barrier().await?;
            raised().into_iter().filter(|(_, alarm)| request.alarm == 0 || *alarm == request.alarm).collect()
        }
        Ok(AlarmAction::Activate) if is_alarm(request.alarm) => {
            change_alarm(context, asked, true).await?;
            vec![asked]
        }
        Ok(AlarmAction::Deactivate) if raised().contains(&asked) => {
            change_alarm(context, asked, false).await?;
            vec![asked]
        }
        // etcd, too, answers a request that changes nothing with an empty list.
        _ => Vec::new(),
    };
    let alarms = alarms.into_iter().map(|(member_id, alarm)| pb::AlarmMember { member_id, alarm }).collect();
    Ok(pb::AlarmResponse { header: Some(context.header()), alarms })
}

fn is_alarm(alarm: i32) -> bool {
    AlarmType::try_from(alarm).is_ok_and(|alarm| alarm != AlarmType::None)
}

async fn change_alarm(context: &Context, (member, alarm): (u64, i32), raise: bool) -> Result<()> {
    match context.keyspace.propose(Lane::Urgent, Command::Alarm { member, alarm, raise }).await? {
        (Reply::Alarms(_), _) => Ok(()),
        _ => Err(unexpected()),
    }
}

/// A digest of everything kept, at the latest revision.
///
/// # Errors
/// `Corrupt` when stored bytes are not what was written.
pub async fn hash(context: &Context, _request: pb::HashRequest) -> Result<pb::HashResponse> {
    let (hash, revision, _) = digest(context, 0).await?;
    Ok(pb::HashResponse { header: Some(context.header_at(revision)), hash })
}

/// A digest of all versions kept up to a revision; 0 is the latest.
///
/// # Errors
/// `OutOfRange` with etcd's texts for a revision that is compacted or does not exist yet.
pub async fn hash_kv(context: &Context, request: pb::HashKvRequest) -> Result<pb::HashKvResponse> {
    let (hash, hash_revision, compacted) = digest(context, request.revision).await?;
    Ok(pb::HashKvResponse {
        header: Some(context.header()),
        hash,
        // etcd's word for "never".
        compact_revision: if compacted == 0 { -1 } else { compacted },
        hash_revision,
    })
}

async fn digest(context: &Context, revision: i64) -> Result<(u32, i64, i64)> {
    context.keyspace.recovered().await?;
    let machine = context.keyspace.machine().clone();
    let digest = tokio::task::spawn_blocking(move || machine.hash_kv(revision));
    digest.await.unwrap_or_else(|_| Err(Error::new(Kind::Unavailable, "etcdserver: server stopped")))
}

/// Hands the lead of the key space's shard to another member. It moves back in time, unless the member that led it is drained.
///
/// # Errors
/// As etcd's: this member does not lead, the other one cannot.
pub async fn move_leader(context: &Context, request: pb::MoveLeaderRequest) -> Result<pb::MoveLeaderResponse> {
    let not_leader = || Error::new(Kind::Precondition, "etcdserver: not leader");
    let shard = context.shard().ok_or_else(not_leader)?;
    if !shard.group.leading || shard.group.leader != Some(context.keyspace.header().member_id) {
        return Err(not_leader());
    }
    if !shard.group.voters.contains(&request.target_id) {
        return Err(Error::new(Kind::Precondition, "etcdserver: bad leader transferee"));
    }
    context.node.move_leader(Some(shard.shard), request.target_id).await?;
    Ok(pb::MoveLeaderResponse::default())
}

/// Answered at once: nothing here ever needs it.
///
/// # Errors
/// None.
pub async fn defragment(_context: &Context, _request: pb::DefragmentRequest) -> Result<pb::DefragmentResponse> {
    Ok(pb::DefragmentResponse::default())
}

/// A backup, in pieces; the last one is the SHA-256 of all before it. `docs/formats/snapshot.md` draws the file.
///
/// `remaining_bytes` stays 0: the size is not known before the state was read.
///
/// # Errors
/// `Corrupt` when stored bytes are not what was written, also as the stream's last item.
pub async fn snapshot(context: &Context, _request: pb::SnapshotRequest) -> Result<mpsc::Receiver<Result<pb::SnapshotResponse>>> {
    let snapshot = context.node.settled_snapshot(&context.options.keyspace).await?;
    let header = backup::Header {
        cluster_id: context.keyspace.header().cluster_id,
        shard: context.shard().map(|shard| shard.shard).unwrap_or_default(),
        applied: snapshot.mark().applied.unwrap_or_default(),
    };
    let (pieces, receiver) = mpsc::channel(limits::PARTS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let mut pairs = snapshot.range(Bytes::new(), backup::END_OF_KEYS, table::Direction::Forward);
        let outcome = Writer::write(&header, &mut pairs, limits::SNAPSHOT_PIECE_BYTES, &mut |blob| {
            let piece = pb::SnapshotResponse { blob, version: STORAGE_VERSION.to_owned(), ..pb::SnapshotResponse::default() };
            pieces.blocking_send(Ok(piece)).is_ok()
        });
        if let Err(error) = outcome {
            // A client that left does not need to know.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    Ok(receiver)
}
