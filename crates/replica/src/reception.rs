//! What peers say to this node, and who hears it.

use std::sync::Weak;

use base::{Error, KeyspaceId, Kind, NodeId, Result, ShardId};
use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{
    digests, founding,
    network::{BoxFuture, Message, Receiver, Reception, Sender, Standing, kind},
    node::{Inner, Node},
    shard::Shard,
};

/// The node, for those who bring messages. It does not keep the node alive.
pub(crate) struct Desk(pub(crate) Weak<Inner>);

fn closed() -> Error {
    Error::new(Kind::Unavailable, "this node is not serving")
}

fn malformed() -> Error {
    Error::new(Kind::Invalid, "a peer's message cannot be read")
}

impl Desk {
    fn node(&self) -> Result<Node> {
        self.0.upgrade().map(Node::from_inner).ok_or_else(closed)
    }

    /// A shard that may hear its peers: one that has lost its disk would vote twice and confirm what it does not have.
    fn shard(&self, id: u32) -> Result<(Node, Shard)> {
        let node = self.node()?;
        let shard = node.shard(ShardId(id)).filter(|_| node.is_admitted()).ok_or_else(closed)?;
        Ok((node, shard))
    }
}

impl Reception for Desk {
    fn call(&self, from: NodeId, message: Message, body: Bytes) -> BoxFuture<'static, Result<Bytes>> {
        let found = match message.kind {
            kind::HELLO | kind::ANNOUNCE => Err(self.node()),
            _ => Ok(self.shard(message.shard)),
        };
        Box::pin(async move {
            match found {
                Ok(found) => {
                    let (node, shard) = found?;
                    answer(&node, &shard, from, message.kind, body).await
                }
                Err(node) if message.kind == kind::HELLO => founding::hello(&node?),
                Err(node) => founding::announced(&node?, from, body).await,
            }
        })
    }

    fn stream(&self, _from: NodeId, message: Message, receiver: Receiver, sender: Sender) -> BoxFuture<'static, ()> {
        let found = self.shard(message.shard);
        Box::pin(async move {
            let Ok((_, shard)) = found else { return };
            shard.group.attend(message.kind, receiver, sender).await;
        })
    }

    fn standing(&self, node: NodeId) -> Standing {
        self.node().map_or(Standing::Unknown, |me| me.standing(node))
    }
}

async fn answer(node: &Node, shard: &Shard, from: NodeId, kind: u8, body: Bytes) -> Result<Bytes> {
    match kind {
        kind::FORWARD => shard.post.take(from, body).await,
        kind::READ_INDEX => shard.post.read_index().await,
        kind::DIGESTS => Ok(digests::encode(&shard.state.digests().list())),
        kind::DIFFERS => node.told_to_differ(shard, body).await,
        kind::HAND_OVER => {
            let to = body[..].try_into().map(u64::from_le_bytes).map_err(|_| malformed())?;
            node.hand_over(shard, to).await.map(|()| Bytes::new())
        }
        kind::KEEP_ALIVE | kind::LEASE_LEFT => {
            let mut body = body;
            let (Ok(space), Ok(lease)) = (body.try_get_u32_le(), body.try_get_i64_le()) else { return Err(malformed()) };
            let keyspace = node.keyspace_by_id(KeyspaceId(space)).ok_or_else(closed)?;
            let left = if kind == kind::KEEP_ALIVE {
                keyspace.keep_alive_here(lease).await?
            } else {
                keyspace.remaining_here(lease).await?
            };
            Ok(encode_left(left))
        }
        _ => {
            shard.group.answer(kind, body).await.unwrap_or_else(|| {
                Err(Error::new(Kind::Unsupported, format!("this build does not know messages of kind {kind}")))
            })
        }
    }
}

/// A question about a lease.
pub(crate) fn encode_lease(space: KeyspaceId, lease: i64) -> Bytes {
    let mut out = BytesMut::with_capacity(12);
    out.put_u32_le(space.0);
    out.put_i64_le(lease);
    out.freeze()
}

/// Seconds that a lease has left; nothing if it does not exist.
pub(crate) fn encode_left(left: Option<i64>) -> Bytes {
    left.map_or_else(Bytes::new, |left| Bytes::copy_from_slice(&left.to_le_bytes()))
}

pub(crate) fn decode_left(answer: &Bytes) -> Result<Option<i64>> {
    if answer.is_empty() {
        return Ok(None);
    }
    answer[..].try_into().map(|left| Some(i64::from_le_bytes(left))).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `docs/formats/messages.md`.
    #[test]
    fn a_lease_s_question_and_answer_are_the_drawing_s() {
        assert_eq!(encode_lease(KeyspaceId(1), 9), [1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0][..]);
        assert_eq!(encode_left(Some(60)), [60, 0, 0, 0, 0, 0, 0, 0][..]);
        assert_eq!(decode_left(&encode_left(Some(60))).unwrap(), Some(60));
        assert_eq!(decode_left(&encode_left(None)).unwrap(), None);
        assert!(decode_left(&Bytes::from_static(&[1])).is_err());
    }
}
