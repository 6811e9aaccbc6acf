use super::*;
use crate::{BoxFuture, Handler, Incoming, Options, Outgoing, Request, Roster, Security, Standing, counts::Counters, tls::Tls};

struct Nobody;

impl Roster for Nobody {
    fn check(&self, _node: NodeId) -> Standing {
        Standing::Member
    }
}

impl Handler for Nobody {
    fn call(&self, _request: Request, body: Bytes) -> BoxFuture<'static, Result<Bytes, base::Error>> {
        Box::pin(async { Ok(body) })
    }

    fn stream(&self, _request: Request, _incoming: Incoming, _outgoing: Outgoing) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// What the connections of `node` share when they use `tls`.
pub(crate) fn shared(node: NodeId, tls: Tls) -> Arc<Shared> {
    let options = Options::new(1, node, "a node", Security::Plain);
    Arc::new(Shared::new(options, tls, Arc::<Counters>::default(), Arc::new(Nobody), Arc::new(Nobody)))
}

/// A connection that nobody reads from or writes to.
pub(crate) fn connection(channel: Channel, dialled: bool) -> Connection {
    Connection::new(Terms { peer: 2, channel, version: 1, credit: 1 << 20, dialled }, shared(1, Tls::Plain))
}

pub(crate) async fn call(connection: &Connection, body: &'static [u8]) -> (u64, oneshot::Receiver<Answer>) {
    let frame = Frame { body: Bytes::from_static(body), ..Frame::bare(FrameKind::Call, 0) };
    let room = connection.room(frame.cost()).await.unwrap();
    connection.begin_call(frame, room).unwrap()
}

fn taken(connection: &Connection) -> Vec<(FrameKind, u64)> {
    connection.take().frames().map(|frame| (frame.kind, frame.id)).collect()
}

#[tokio::test]
async fn small_frames_go_first_and_forgotten_calls_not_at_all() {
    let connection = connection(Channel::Small, true);
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(call(&connection, b"x").await);
    }
    connection.ping();
    connection.pinged(77);
    assert!(connection.forget_call(2), "it was not sent");
    let expected =
        [(FrameKind::Pong, 77), (FrameKind::Ping, 1), (FrameKind::Call, 1), (FrameKind::Call, 3), (FrameKind::Call, 4)];
    assert_eq!(taken(&connection), expected);
    assert!(!connection.forget_call(3), "it may have been sent");
    assert!(taken(&connection).is_empty());
}

#[tokio::test]
async fn the_end_of_a_connection_parts_calls_into_sent_and_not_sent() {
    let connection = connection(Channel::Small, true);
    let (_, first) = call(&connection, b"first").await;
    drop(connection.take());
    let (_, second) = call(&connection, b"second").await;
    connection.close(Lost::new(io::ErrorKind::ConnectionReset, "gone"));
    connection.close(Lost::new(io::ErrorKind::Other, "twice"));
    assert!(matches!(first.await.unwrap(), Err(CallError::Unknown(error)) if error.to_string() == "gone"));
    assert!(matches!(second.await.unwrap(), Err(CallError::NotSent(error)) if error.to_string() == "gone"));
    assert_eq!(connection.room(1).await.unwrap_err().to_string(), "gone");
    assert!(!connection.is_open());
}

#[tokio::test]
async fn what_waits_to_be_written_is_bounded_and_room_comes_back() {
    let connection = connection(Channel::Snapshot, true);
    let most = Channel::Snapshot.frame_bytes_max();
    for _ in 0..3 {
        for _ in 0..limits::OUTBOX_FRAMES {
            let frame = Frame { body: vec![0; most].into(), ..Frame::bare(FrameKind::Call, 0) };
            let room = connection.room(frame.cost()).await.unwrap();
            let _ = connection.begin_call(frame, room).unwrap();
        }
        let full = tokio::time::timeout(Duration::from_millis(5), connection.room(limits::FRAME_COST_BYTES)).await;
        assert!(full.is_err(), "no more fits");
        while !connection.take().is_empty() {}
    }
}

#[tokio::test]
async fn more_answers_than_may_be_owed_become_errors_that_promise_nothing() {
    let connection = connection(Channel::Forward, false);
    let answer = Bytes::from(vec![0; 16 << 20]);
    for id in 0..10 {
        connection.answer(id, Ok(answer.clone()));
    }
    assert!(!connection.owes_little());
    let (mut answers, mut failures) = (0, Vec::new());
    loop {
        let batch = connection.take();
        if batch.is_empty() {
            break;
        }
        for frame in batch.frames() {
            match frame.kind {
                FrameKind::Answer => answers += 1,
                _ => failures.push(failure::decode(&frame.body).kind),
            }
        }
    }
    assert_eq!((answers, failures), (3, vec![Kind::Unavailable; 7]));
    assert!(connection.owes_little(), "what was written is not owed any more");
}

#[test]
fn a_peer_that_makes_work_and_takes_nothing_is_cut_off() {
    let connection = connection(Channel::Small, false);
    let overloaded = base::Error::new(Kind::Overloaded, "no");
    for id in 0..limits::CONTROL_FRAMES_MAX as u64 {
        connection.fail(id, &overloaded);
    }
    assert!(connection.is_open());
    connection.fail(0, &overloaded);
    assert!(!connection.is_open());
}
