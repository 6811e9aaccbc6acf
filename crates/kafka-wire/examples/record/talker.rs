//! One connection to the broker, on which questions are asked one after another.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use kafka_wire::{
    Api,
    frame::{SIZE_BYTES, ask, frame_bytes},
    message::Message,
    messages::header::ResponseHeader,
};

use crate::golden::{Golden, OURS};

/// What every request carries and every answer repeats.
const CORRELATION_ID: i32 = 7;
/// No answer here is nearly as large.
const ANSWER_BYTES_MAX: u32 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Talker<'g> {
    socket: TcpStream,
    golden: &'g Golden,
}

/// What was answered, with its size.
pub(crate) struct Answer {
    api: &'static Api,
    version: i16,
    frame: Vec<u8>,
}

impl<'g> Talker<'g> {
    pub(crate) fn connect(port: u16, golden: &'g Golden) -> io::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, golden })
    }

    /// Asks, and records the question and the answer.
    pub(crate) fn ask<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> Answer {
        let (request, answer) = self.exchange(version, message);
        self.golden.keep(OURS, &request, &answer.frame);
        answer
    }

    /// Asks what only prepares something else.
    pub(crate) fn prepare<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> Answer {
        self.exchange(version, message).1
    }

    fn exchange<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> (Vec<u8>, Answer) {
        let api = M::API.expect("a message has an API").api();
        let mut request = Vec::new();
        ask(CORRELATION_ID, version, Some("golden"), message, &mut request)
            .unwrap_or_else(|error| panic!("{} version {version} cannot be written: {error}", api.name));
        let written = self.socket.write_all(&request);
        let frame = written
            .and_then(|()| read_frame(&mut self.socket, ANSWER_BYTES_MAX))
            .unwrap_or_else(|error| panic!("{} version {version} was not answered: {error}: {request:02x?}", api.name));
        (request, Answer { api, version, frame })
    }
}

impl Answer {
    /// The message, of which nothing is left over.
    pub(crate) fn read<'a, M: Message<'a>>(&'a self) -> M {
        let Answer { api, version, frame } = self;
        assert_eq!(M::API, Some(api.key), "an answer is read as what it is");
        let header_bytes = if api.response_header_version(*version) >= 1 { 5 } else { 4 };
        let (header, body) = frame[SIZE_BYTES..].split_at(header_bytes);
        let header = ResponseHeader::decode(header, api.response_header_version(*version));
        assert_eq!(header.map(|header| header.correlation_id), Ok(CORRELATION_ID), "{} version {version}", api.name);
        M::decode(body, *version)
            .unwrap_or_else(|error| panic!("{} version {version}: the answer cannot be read: {error}: {body:02x?}", api.name))
    }
}

/// The next frame, with its size.
pub(crate) fn read_frame(from: &mut impl Read, bytes_max: u32) -> io::Result<Vec<u8>> {
    let mut size = [0; SIZE_BYTES];
    from.read_exact(&mut size)?;
    let mut frame = size.to_vec();
    frame.resize(SIZE_BYTES + frame_bytes(size, bytes_max).map_err(io::Error::other)?, 0);
    from.read_exact(&mut frame[SIZE_BYTES..])?;
    Ok(frame)
}
