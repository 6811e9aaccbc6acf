//! Bodies as they come in: in pieces, each in time, and none believed to be as long as it says.

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::{
    limits::{BODY_STALL_TIMEOUT, BODY_TIMEOUT, REQUEST_OVERHEAD_BYTES},
    problem::{Problem, Reason},
    room::{Room, Share},
};

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

/// Reads a body of at most so many bytes. Its share of the room grows as it comes in; where there is none, the rest is read all the
/// same and thrown away: a connection that is closed before that takes the answer, which says when to come back, with it.
pub(crate) async fn whole(body: Body, bytes_max: usize, room: &Room) -> Result<(Bytes, Share), Problem> {
    let reading = async {
        let mut pieces = Pieces::new(body);
        let read = gather(&mut pieces, bytes_max, room).await;
        if read.as_ref().is_err_and(|problem| problem.reason == Reason::Pressure) {
            throw_away(&mut pieces, bytes_max).await;
        }
        read
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or_else(|_| Err(slow()))
}

async fn gather(pieces: &mut Pieces, bytes_max: usize, room: &Room) -> Result<(Bytes, Share), Problem> {
    let mut share = room.take(REQUEST_OVERHEAD_BYTES)?;
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
}

/// Reads on to the end, or to so many bytes.
pub(crate) async fn throw_away(pieces: &mut Pieces, bytes_max: usize) {
    let mut left = bytes_max;
    while left > 0
        && let Ok(Some(piece)) = pieces.next().await
    {
        left = left.saturating_sub(piece.len());
    }
}
