//! Whether replicas of a shard hold the same state: each chains a digest of the changes that applying makes, and a shard's leader
//! compares its own with the others' at entries that both remember.
//!
//! Entries are applied alike everywhere, so a difference is a fault: of this program, of a build that applied otherwise, or of a
//! machine's memory. Who differs from the majority is rebuilt from it. Where there is no majority nobody knows who is right; then
//! an alarm is raised, which a person has to look at.
//!
//! What lies on the disk is another matter: that has checksums, and [`scrub`](crate::scrub) reads it.

use std::{collections::VecDeque, time::Duration};

use base::{Error, Kind, NodeId, Result};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kv::Command as KvCommand;
use parking_lot::Mutex;

use crate::{
    lanes::Lane,
    limits::{DIGEST_COMPARE_MS, DIGEST_KEPT, DIGEST_STEPS, DIGEST_TIMEOUT_MS},
    network::{Channel, Message, kind},
    node::Node,
    runtime,
    shard::Shard,
};

/// etcd's number of the alarm that members hold different data.
const CORRUPT: i32 = 2;

/// An entry's index, and the digest behind it.
pub(crate) type Digest = (u64, u64);

/// The last digests of a shard, some close to each other and some further apart, so that replicas that are not equally far have
/// some in common.
#[derive(Default)]
pub(crate) struct Digests {
    rings: Mutex<[VecDeque<Digest>; DIGEST_STEPS.len()]>,
}

impl Digests {
    /// The entry at `index` was applied.
    pub(crate) fn note(&self, index: u64, digest: u64) {
        if !index.is_multiple_of(DIGEST_STEPS[0]) {
            return;
        }
        for (ring, step) in self.rings.lock().iter_mut().zip(DIGEST_STEPS) {
            if index.is_multiple_of(step) {
                ring.push_back((index, digest));
                if ring.len() > DIGEST_KEPT {
                    ring.pop_front();
                }
            }
        }
    }

    /// Another state took the place of this one.
    pub(crate) fn forget(&self) {
        self.rings.lock().iter_mut().for_each(VecDeque::clear);
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Digest> {
        let mut all: Vec<Digest> = self.rings.lock().iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What a replica tells who compares.
pub(crate) fn encode(digests: &[Digest]) -> Bytes {
    let mut out = BytesMut::with_capacity(digests.len() * 16);
    for (index, digest) in digests {
        out.put_u64_le(*index);
        out.put_u64_le(*digest);
    }
    out.freeze()
}

pub(crate) fn decode(mut data: Bytes) -> Result<Vec<Digest>> {
    if !data.len().is_multiple_of(16) {
        return Err(Error::new(Kind::Invalid, "a peer's digests cannot be read"));
    }
    Ok(std::iter::from_fn(|| data.has_remaining().then(|| (data.get_u64_le(), data.get_u64_le()))).collect())
}

/// The digest of `theirs` at `index`.
fn at(theirs: &[Digest], index: u64) -> Option<u64> {
    theirs.binary_search_by_key(&index, |(index, _)| *index).ok().map(|place| theirs[place].1)
}

/// The first entry that two replicas remember differently.
fn difference(ours: &[Digest], theirs: &[Digest]) -> Option<u64> {
    ours.iter().find(|(index, digest)| at(theirs, *index).is_some_and(|other| other != *digest)).map(|(index, _)| *index)
}

/// What a comparison comes to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nobody differs.
    Equal,
    /// These differ from most.
    Odd(Vec<NodeId>, u64),
    /// The one who compares differs from most.
    Self_(u64),
    /// Some differ, and there is no majority.
    Open(u64),
    /// Some differ, and who could tell has not answered.
    Wait,
}

/// Judges by who agrees with whom at the first entry that all who answered remember and not all remember alike. `silent` others did
/// not answer, or have nothing to compare.
fn judge(ours: &[Digest], others: &[(NodeId, Vec<Digest>)], silent: usize) -> Verdict {
    let common = |index: &u64| others.iter().all(|(_, theirs)| at(theirs, *index).is_some());
    let differs = |(index, mine): &&Digest| others.iter().any(|(_, theirs)| at(theirs, *index) != Some(*mine));
    let Some((index, mine)) = ours.iter().filter(|(index, _)| common(index)).find(differs).copied() else {
        return Verdict::Equal;
    };
    let known: Vec<(NodeId, u64)> = others.iter().filter_map(|(id, theirs)| Some((*id, at(theirs, index)?))).collect();
    let votes = |digest: u64| known.iter().filter(|(_, theirs)| *theirs == digest).count() + usize::from(mine == digest);
    let all = known.len() + 1 + silent;
    if votes(mine) * 2 > all {
        return Verdict::Odd(known.iter().filter(|(_, theirs)| *theirs != mine).map(|(id, _)| *id).collect(), index);
    }
    match known.iter().find(|(_, theirs)| votes(*theirs) * 2 > all) {
        Some(_) => Verdict::Self_(index),
        None if silent > 0 => Verdict::Wait,
        None => Verdict::Open(index),
    }
}

impl Node {
    /// Compares the shards that this node leads with their other replicas, now and then.
    pub(crate) async fn compare_digests(self) {
        while !self.is_stopping() {
            runtime::sleep(Duration::from_millis(DIGEST_COMPARE_MS)).await;
            for shard in self.shards() {
                if shard.group.status().leading {
                    self.compare_shard(&shard).await;
                }
            }
        }
    }

    async fn compare_shard(&self, shard: &Shard) {
        let me = self.identity().node_id;
        // Builds of different levels may write other records for the same command.
        let members = self.cluster_members();
        if members.iter().any(|member| member.level != members[0].level) {
            return;
        }
        let status = shard.group.status();
        let replicas: Vec<NodeId> = status.voters.iter().chain(&status.learners).copied().filter(|id| *id != me).collect();
        let all = replicas.len();
        let asked = replicas.into_iter().map(|id| async move {
            let answer = self.ask(id, shard, kind::DIGESTS, Bytes::new()).await?;
            Some((id, decode(answer).ok().filter(|digests| !digests.is_empty())?))
        });
        let others: Vec<_> = futures_util::future::join_all(asked).await.into_iter().flatten().collect();
        // After the others were asked, so that this node remembers whatever they had applied.
        let ours = shard.state.digests().list();
        match judge(&ours, &others, all - others.len()) {
            Verdict::Equal | Verdict::Wait => {}
            Verdict::Odd(ids, index) => {
                let proof = encode(&ours);
                for id in ids {
                    tracing::error!(shard = %shard.id, peer = %format!("{id:x}"), index, "a replica differs from the others: it is to be rebuilt");
                    self.ask(id, shard, kind::DIFFERS, proof.clone()).await;
                }
            }
            Verdict::Self_(index) => self.found_damage(&differs(shard, index)).await,
            Verdict::Open(index) => {
                tracing::error!(shard = %shard.id, index, "two replicas differ, and nobody can tell which one is right: the alarm CORRUPT is raised");
                self.raise_corrupt(shard).await;
            }
        }
    }

    /// The leader says that this node's replica differs from most. It is believed if its digests say so.
    pub(crate) async fn told_to_differ(&self, shard: &Shard, proof: Bytes) -> Result<Bytes> {
        let theirs = decode(proof)?;
        if let Some(index) = difference(&shard.state.digests().list(), &theirs) {
            self.found_damage(&differs(shard, index)).await;
        }
        Ok(Bytes::new())
    }

    async fn ask(&self, id: NodeId, shard: &Shard, kind: u8, body: Bytes) -> Option<Bytes> {
        let message = Message { kind, shard: shard.id.0 };
        let timeout = Duration::from_millis(DIGEST_TIMEOUT_MS);
        self.network()?.call(id, Channel::Small, message, body, timeout).await.ok()
    }

    async fn raise_corrupt(&self, shard: &Shard) {
        let member = self.identity().node_id;
        for keyspace in self.keyspaces_of(shard.id) {
            if keyspace.machine().alarms().contains(&(member, CORRUPT)) {
                continue;
            }
            let command = KvCommand::Alarm { member, alarm: CORRUPT, raise: true };
            if let Err(error) = keyspace.propose(Lane::Urgent, command).await {
                tracing::warn!(%error, "the CORRUPT alarm could not be raised; trying again");
            }
        }
    }
}

fn differs(shard: &Shard, index: u64) -> Error {
    let text = format!("this node's replica of {} differs from the other members' at entry {index}", shard.id);
    Error::new(Kind::Corrupt, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(upto: u64, differ_from: u64) -> Vec<Digest> {
        let digests = Digests::default();
        for index in 0..=upto {
            digests.note(index, index * 7 + u64::from(index >= differ_from));
        }
        digests.list()
    }

    #[test]
    fn replicas_that_are_not_equally_far_have_digests_in_common() {
        let (ahead, behind) = (noted(20_000, u64::MAX), noted(12_000, u64::MAX));
        assert!(ahead.len() <= 3 * DIGEST_KEPT);
        assert_eq!(difference(&ahead, &behind), None);
        assert!(ahead.iter().filter(|(index, _)| at(&behind, *index).is_some()).count() > 10);
        assert_eq!(difference(&ahead, &noted(12_000, 11_000)), Some(11_008));
        assert_eq!(difference(&ahead, &[]), None);
        assert_eq!(decode(encode(&ahead)).unwrap(), ahead);
        assert!(decode(Bytes::from_static(b"seven..")).is_err());
    }

    #[test]
    fn the_majority_is_right() {
        let (good, bad) = (noted(100, u64::MAX), noted(100, 40));
        let judged = |ours: &[Digest], others: &[&[Digest]]| {
            let others: Vec<_> = (1..).zip(others.iter().map(|theirs| theirs.to_vec())).collect();
            judge(ours, &others, 0)
        };
        assert_eq!(judged(&good, &[&good, &good]), Verdict::Equal);
        assert_eq!(judged(&good, &[&good, &bad]), Verdict::Odd(vec![2], 40));
        assert_eq!(judged(&bad, &[&good, &good]), Verdict::Self_(40));
        assert_eq!(judged(&good, &[&bad]), Verdict::Open(40));
        assert_eq!(judged(&good, &[&noted(100, 70), &bad]), Verdict::Odd(vec![2], 40), "the first difference is judged first");
        // One that was just rebuilt remembers little: it may decide a moment later.
        let fresh: Vec<Digest> = good.iter().copied().filter(|(index, _)| *index > 96).collect();
        assert_eq!(judged(&good, &[&fresh, &bad]), Verdict::Equal, "nothing that all remember");
        assert_eq!(judged(&good, &[]), Verdict::Equal);
        assert_eq!(judge(&good, &[(1, bad.clone())], 1), Verdict::Wait);
        assert_eq!(judge(&good, &[(1, bad), (2, good.clone()), (3, good.clone())], 1), Verdict::Odd(vec![1], 40));
    }
}
