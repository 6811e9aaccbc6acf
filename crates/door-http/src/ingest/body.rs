//! Bodies as they come in: in pieces, each in time, and none believed to be as long as it says.

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{
    problem::{Problem, Reason},
    room::{Room, Share},
};
use crate::limits::{BODY_STALL_TIMEOUT, BODY_TIMEOUT, REQUEST_OVERHEAD_BYTES};

/// A body that is being read.
pub(crate) struct Pieces(BodyDataStream);

impl Pieces {
    pub(crate) fn new(body: Body) -> Pieces {
        Pieces(body.into_data_stream())
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match tokio::time::timeout(BODY_STALL_TIMEOUT, self.0.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => Ok(Some(piece)),
            Ok(Some(Err(_))) => {
                Err(Problem::new(Reason::Malformed, "the body ended before it was whole, or its chunks are wrong"))
            }
            Err(_) => Err(slow()),
        }
    }
}

fn slow() -> Problem {
    Problem::new(Reason::Slow, "the rest of the body did not come in time: send it without pauses")
}

/// Reads a body of at most so many bytes. Its share of the room grows as it comes in.
pub(crate) async fn whole(body: Body, bytes_max: usize, room: &Room) -> Result<(Bytes, Share), Problem> {
    let reading = async {
        let mut share = room.take(REQUEST_OVERHEAD_BYTES)?;
        let mut pieces = Pieces::new(body);
        let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
        while let Some(piece) = pieces.next().await? {
            if first.len() + rest.len() + piece.len() > bytes_max {
                let text = format!("a body has at most {bytes_max} bytes here: send less at once, or NDJSON, which is streamed");
                return Err(Problem::new(Reason::TooLarge, text));
            }
            share.add(room.take(piece.len())?);
            match (first.is_empty(), rest.is_empty()) {
                // Most bodies are one piece, which is not copied.
                (true, true) => first = piece,
                (_, true) => {
                    rest.extend_from_slice(&first);
                    rest.extend_from_slice(&piece);
                    first = Bytes::new();
                }
                (_, false) => rest.extend_from_slice(&piece),
            }
        }
        Ok((if rest.is_empty() { first } else { rest.freeze() }, share))
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or_else(|_| Err(slow()))
}
