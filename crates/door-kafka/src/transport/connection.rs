//! One connection: requests in their order, answers in the same.
//!
//! Kafka's brokers take the next request of a connection when the last one is answered. Here Produce requests may overlap, since
//! what one read brought then travels together; they are handed on in the order in which they came, so that a producer's sequence
//! holds. Behind anything else the connection waits.

use std::{
    collections::VecDeque,
    future::{Ready, ready},
    io,
    io::IoSlice,
    net::SocketAddr,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{
    FutureExt, StreamExt,
    future::{Fuse, FusedFuture, maybe_done},
    stream::FuturesOrdered,
};
use gate::Guarded;
use kafka_wire::frame::{FrameFault, SIZE_BYTES, frame_bytes};
use replica::runtime;
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, watch},
};

use super::dispatch::{Answer, Answering, Begun, begin};
use crate::{
    Door,
    limits::{IDLE_MAX, IN_FLIGHT_MAX, LARGE_REQUEST_BYTES, LARGE_REQUEST_MAX, READ_BYTES, SIGN_IN_BYTES_MAX},
    security::{Received, Session},
};

/// Bytes that are taken from a client while it signs in, beside the request that is looked at.
const SIGN_IN_AHEAD_BYTES_MAX: usize = SIGN_IN_BYTES_MAX as usize;

/// Pieces of one vectored write.
const SLICES_MAX: usize = 64;

pub(super) struct Connection {
    stream: Guarded,
    peer: SocketAddr,
    door: Door,
    session: Session,
    /// Says when users or grants have changed.
    principals: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    input: BytesMut,
    in_flight: FuturesOrdered<Answering>,
    /// Answers that were ready while others were being written.
    ready: VecDeque<Answer>,
    /// Whether the last request under way lets another one begin.
    is_open: bool,
    /// The room of a large request that comes in, and until when it has to be there.
    large: Option<(OwnedSemaphorePermit, Duration)>,
    output: VecDeque<Bytes>,
}

/// A request that begins while answers are written.
type Beside<'a> = Pin<&'a mut (dyn FusedFuture<Output = ()> + Send + 'a)>;

/// Why a connection ends.
enum End {
    /// The client went, or the door closes.
    Gone,
    /// What came is no request that is served.
    Refused(String),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Gone
    }
}

impl From<FrameFault> for End {
    fn from(fault: FrameFault) -> End {
        End::Refused(fault.to_string())
    }
}

impl Connection {
    /// Serves a connection until it ends.
    pub(super) async fn serve(stream: Guarded, door: Door, stopping: watch::Receiver<bool>) {
        let (peer, shared) = (stream.peer().address, door.shared.clone());
        let ended = match Connection::new(stream, door, stopping) {
            Ok(mut connection) => connection.run().await,
            Err(why) => End::Refused(why),
        };
        let End::Refused(why) = ended else { return };
        shared.metrics.refused();
        tracing::debug!(%peer, why, "a connection was closed");
    }

    fn new(stream: Guarded, door: Door, stopping: watch::Receiver<bool>) -> Result<Connection, String> {
        let peer = stream.peer().address;
        // From before the session looks at users on, so that it misses no change.
        let principals = door.shared.principals.subscribe();
        let session = Session::new(door.shared.clone(), stream.peer())?;
        let (input, in_flight, output) = (BytesMut::new(), FuturesOrdered::new(), VecDeque::new());
        let (ready, is_open, large) = (VecDeque::new(), true, None);
        Ok(Connection { stream, peer, door, session, principals, stopping, input, in_flight, ready, is_open, large, output })
    }

    /// Until it ends; then why.
    async fn run(&mut self) -> End {
        loop {
            if let Err(end) = self.turn().await {
                return end;
            }
        }
    }

    /// Takes what comes or what is answered next.
    async fn turn(&mut self) -> Result<(), End> {
        let under_way = self.in_flight.len() + self.ready.len();
        if under_way == 0 && *self.stopping.borrow() {
            return Err(End::Gone);
        }
        let may_read = self.is_open && under_way < IN_FLIGHT_MAX;
        if may_read && let Some(frame) = self.next_frame()? {
            return self.start(frame).await;
        }
        let sign_in_until = self.session.sign_in_until();
        let whole_until = self.large.as_ref().map(|(_, until)| *until);
        let wants_room = if may_read { self.wants_room() } else { None };
        let may_read = may_read && wants_room.is_none();
        let room = self.door.shared.large_room.clone();
        tokio::select! {
            biased;
            Ok(()) = self.principals.changed() => self.look_who_is_here(),
            () = until(sign_in_until), if sign_in_until.is_some() => Err(too_late()),
            () = until(whole_until), if whole_until.is_some() => Err(too_slow()),
            Some(answer) = next_answer(&mut self.ready, &mut self.in_flight), if under_way > 0 => {
                self.answered(answer, pin!(Fuse::<Ready<()>>::terminated())).await
            }
            Ok(room) = room.acquire_many_owned(wants_room.unwrap_or(0)), if wants_room.is_some() => {
                // At once, since growing would copy it again and again, and leave as much behind.
                self.input.reserve((SIZE_BYTES + room.num_permits()).saturating_sub(self.input.len()));
                self.large = Some((room, runtime::now() + LARGE_REQUEST_MAX));
                Ok(())
            }
            read = read_some(&mut self.stream, &mut self.input), if may_read => match read {
                Ok(0) if under_way == 0 => Err(End::Gone),
                Ok(0) => self.finish().await,
                Ok(_) => Ok(()),
                Err(error) => Err(error.into()),
            },
            _ = self.stopping.changed(), if under_way == 0 => Err(End::Gone),
        }
    }

    /// The next whole request, if it is there.
    fn next_frame(&mut self) -> Result<Option<Bytes>, End> {
        let Some(size) = self.input.first_chunk::<SIZE_BYTES>() else { return Ok(None) };
        let bytes = frame_bytes(*size, self.session.bytes_max())?;
        if self.input.len() < SIZE_BYTES + bytes {
            return Ok(None);
        }
        self.input.advance(SIZE_BYTES);
        Ok(Some(self.input.split_to(bytes).freeze()))
    }

    /// The bytes of the request that comes in, if it is so large that it needs room and has none.
    fn wants_room(&self) -> Option<u32> {
        let size = u32::from_be_bytes(*self.input.first_chunk::<SIZE_BYTES>()?);
        (self.large.is_none() && size as usize > LARGE_REQUEST_BYTES).then_some(size)
    }

    async fn start(&mut self, frame: Bytes) -> Result<(), End> {
        // Not late any more, and there until it is answered.
        let room = self.large.take().map(|(room, _)| room);
        let begun = self.begin(frame).await?;
        self.is_open = begun.lets_next;
        let answering = begun.answering;
        self.in_flight.push_back(match room {
            None => answering,
            Some(room) => Box::pin(async move {
                let answer = answering.await;
                drop(room);
                answer
            }),
        });
        Ok(())
    }

    /// Begins a request. While it waits for room, those under way are answered: they may be who has taken it.
    async fn begin(&mut self, frame: Bytes) -> Result<Begun, End> {
        let door = self.door.clone();
        door.shared.metrics.received(SIZE_BYTES + frame.len());
        let authority = match self.receive(&frame).await? {
            Received::Passes(authority) => authority,
            Received::Answered(answer) => return Ok(Begun { answering: Box::pin(ready(answer)), lets_next: false }),
        };
        let mut begun = pin!(maybe_done(begin(&door, self.peer, authority, frame)));
        while !begun.is_terminated() {
            tokio::select! {
                biased;
                () = begun.as_mut() => {}
                Ok(()) = self.principals.changed() => self.look_who_is_here()?,
                Some(answer) = next_answer(&mut self.ready, &mut self.in_flight) => self.answered(answer, begun.as_mut()).await?,
            }
        }
        begun.take_output().expect("it has ended and was not asked before").map_err(End::Refused)
    }

    /// Lets the session look at a request.
    async fn receive(&mut self, frame: &Bytes) -> Result<Received, End> {
        let Connection { session, stream, input, stopping, .. } = self;
        if let Some(received) = received(session, frame, (stream, input), stopping).await? {
            return Ok(received);
        }
        self.finish().await?;
        Err(End::Gone)
    }

    /// Who was removed or disabled goes at once, whatever is under way.
    fn look_who_is_here(&self) -> Result<(), End> {
        let gone = || End::Refused("the user was removed or disabled".to_owned());
        if self.session.is_welcome() { Ok(()) } else { Err(gone()) }
    }

    /// Sends an answer, and those behind it that are ready too, in one write, while `beside` goes on.
    async fn answered(&mut self, answer: Answer, mut beside: Beside<'_>) -> Result<(), End> {
        let (mut next, mut shares) = (Some(answer), Vec::new());
        while let Some(answer) = next {
            match answer {
                Answer::Pieces(pieces) => self.owe(pieces),
                Answer::Records(pieces, share) => {
                    self.owe(pieces);
                    shares.push(share);
                }
                Answer::None => {}
                Answer::Last(pieces, why) => {
                    self.owe(pieces);
                    self.write(beside.as_mut()).await?;
                    return Err(End::Refused(why));
                }
                Answer::Close(why) => {
                    self.write(beside.as_mut()).await?;
                    return Err(End::Refused(why));
                }
            }
            next = next_answer(&mut self.ready, &mut self.in_flight).now_or_never().flatten();
        }
        if self.in_flight.is_empty() {
            self.is_open = true;
        }
        self.write(beside.as_mut()).await?;
        // What was read for them is gone by now.
        drop(shares);
        Ok(())
    }

    fn owe(&mut self, pieces: Vec<Bytes>) {
        self.door.shared.metrics.sent(pieces.iter().map(Bytes::len).sum());
        self.output.extend(pieces);
    }

    /// The client sends no more, and is still owed answers.
    async fn finish(&mut self) -> Result<(), End> {
        while let Some(answer) = next_answer(&mut self.ready, &mut self.in_flight).await {
            self.answered(answer, pin!(Fuse::<Ready<()>>::terminated())).await?;
        }
        Err(End::Gone)
    }

    /// Writes what is to go out. Requests under way, and the one that begins, go on meanwhile: a client that takes nothing must not
    /// keep the room that they have or are given.
    async fn write(&mut self, mut beside: Beside<'_>) -> io::Result<()> {
        let mut writing = pin!(write_all(&mut self.stream, &mut self.output));
        loop {
            let begins = !beside.is_terminated();
            tokio::select! {
                biased;
                written = &mut writing => return written,
                Some(answer) = self.in_flight.next(), if !self.in_flight.is_empty() => self.ready.push_back(answer),
                () = beside.as_mut(), if begins => {}
            }
        }
    }
}

/// The next answer in the order of the requests; none if none is under way.
async fn next_answer(ready: &mut VecDeque<Answer>, in_flight: &mut FuturesOrdered<Answering>) -> Option<Answer> {
    match ready.pop_front() {
        Some(answer) => Some(answer),
        None => in_flight.next().await,
    }
}

/// What a session makes of a request; `None`: nobody waits for it any more, since the client went or the door closes.
///
/// Where somebody signs in it may take long. Who hangs up meanwhile is noticed at once, and what was begun for them is dropped.
async fn received(
    session: &mut Session,
    frame: &Bytes,
    (stream, input): (&mut Guarded, &mut BytesMut),
    stopping: &mut watch::Receiver<bool>,
) -> Result<Option<Received>, End> {
    let sign_in_until = session.sign_in_until();
    let mut received = pin!(session.receive(frame));
    if let Some(received) = received.as_mut().now_or_never() {
        return received.map(Some).map_err(End::Refused);
    }
    loop {
        let may_read = input.len() < SIGN_IN_AHEAD_BYTES_MAX;
        tokio::select! {
            biased;
            received = &mut received => return received.map(Some).map_err(End::Refused),
            () = until(sign_in_until), if sign_in_until.is_some() => return Err(too_late()),
            read = read_some(stream, input), if may_read => if read? == 0 { return Ok(None) },
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return Ok(None),
        }
    }
}

fn too_late() -> End {
    End::Refused("nobody signed in in time".to_owned())
}

fn too_slow() -> End {
    End::Refused("a large request did not come in in time".to_owned())
}

/// Completes at this time; never without one.
async fn until(time: Option<Duration>) {
    match time {
        Some(time) => runtime::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Reads what is there. The buffer grows with what came, not with what a client says will come.
async fn read_some(stream: &mut Guarded, input: &mut BytesMut) -> io::Result<usize> {
    input.reserve(READ_BYTES.min(input.len().max(READ_BYTES / 16)));
    tokio::select! {
        biased;
        read = stream.read_buf(input) => read,
        () = runtime::sleep(IDLE_MAX) => Ok(0),
    }
}

async fn write_all(stream: &mut (impl AsyncWrite + Unpin), output: &mut VecDeque<Bytes>) -> io::Result<()> {
    while !output.is_empty() {
        let slices: Vec<IoSlice<'_>> = output.iter().take(SLICES_MAX).map(|piece| IoSlice::new(piece)).collect();
        let mut written = stream.write_vectored(&slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while let Some(first) = output.front_mut().filter(|_| written > 0) {
            let part = written.min(first.len());
            first.advance(part);
            written -= part;
            if first.is_empty() {
                output.pop_front();
            }
        }
    }
    stream.flush().await
}
