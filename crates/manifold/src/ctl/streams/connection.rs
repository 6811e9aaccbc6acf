//! One connection to a broker.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
};

use kafka_wire::{
    ApiKey, Message,
    frame::{self, SIZE_BYTES},
    messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse},
};

use super::{
    fault::Fault,
    limits::{ANSWER_BYTES_MAX, ANSWER_TIMEOUT, CONNECT_TIMEOUT},
};

/// Whom brokers know this client as.
pub(super) const CLIENT_ID: &str = "manifold-ctl";

/// A request whose answer has not come yet. A broker answers in the order of the requests.
struct Awaited {
    correlation_id: i32,
    api: ApiKey,
    version: i16,
}

/// A connection whose broker said what it serves.
pub(super) struct Connection {
    stream: TcpStream,
    address: String,
    /// First and last version of each API that the broker serves.
    served: BTreeMap<i16, (i16, i16)>,
    last_id: i32,
    awaited: VecDeque<Awaited>,
    broken: bool,
}

/// An answer as it came, without its header.
pub(super) struct Answer {
    bytes: Vec<u8>,
    header_bytes: usize,
    version: i16,
}

impl Answer {
    /// The answer as what it is.
    pub(super) fn read<'a, M: Message<'a>>(&'a self) -> Result<M, Fault> {
        let message = M::decode(&self.bytes[self.header_bytes..], self.version);
        message.map_err(|error| Fault::failed(format!("a broker's answer is not understood: {error}")))
    }
}

impl Connection {
    /// Connects, and asks the broker what it serves.
    pub(super) fn open(address: &str) -> Result<Connection, Fault> {
        let lost = |error: std::io::Error| Fault::Lost(format!("no broker answers on {address}: {error}"));
        let mut last = std::io::Error::other("the name has no address");
        for place in address.to_socket_addrs().map_err(lost)? {
            match TcpStream::connect_timeout(&place, CONNECT_TIMEOUT) {
                Ok(stream) => return Connection::over(stream, address),
                Err(error) => last = error,
            }
        }
        Err(lost(last))
    }

    fn over(stream: TcpStream, address: &str) -> Result<Connection, Fault> {
        let set = stream
            .set_read_timeout(Some(ANSWER_TIMEOUT))
            .and_then(|()| stream.set_write_timeout(Some(ANSWER_TIMEOUT)))
            .and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| Fault::Lost(format!("the connection to {address} cannot be set up: {error}")))?;
        // Version 0 of ApiVersions is what every broker of any age has.
        let served = BTreeMap::from([(ApiKey::ApiVersions.code(), (0, 0))]);
        let awaited = VecDeque::new();
        let mut connection = Connection { stream, address: address.to_owned(), served, last_id: 0, awaited, broken: false };
        let answer = connection.ask(&ApiVersionsRequest::default(), 0)?;
        let told: ApiVersionsResponse<'_> = answer.read()?;
        Fault::check(told.error_code, None, format_args!("{address} does not say what it serves"))?;
        let range = |api: &kafka_wire::messages::api_versions::ApiVersion| (api.api_key, (api.min_version, api.max_version));
        connection.served = told.api_keys.iter().map(range).collect();
        Ok(connection)
    }

    /// Whether nothing can be asked on it any more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the broker serves an API in any version.
    pub(super) fn serves(&self, api: ApiKey) -> bool {
        self.served.contains_key(&api.code())
    }

    /// The newest version that the broker and this client have, up to `newest`.
    fn version(&self, api: ApiKey, newest: i16) -> Result<i16, Fault> {
        let row = api.api();
        let missing = |problem: &str| {
            let advice = "is it older than this manifold?";
            Fault::failed(format!("{} {problem} {}: {advice}", self.address, row.name))
        };
        let (first, last) = *self.served.get(&api.code()).ok_or_else(|| missing("does not have"))?;
        let version = newest.min(last).min(row.max);
        if version < first.max(row.min) { Err(missing("has no version that is spoken here of")) } else { Ok(version) }
    }

    /// Sends a request, in the newest version up to `newest`, and waits for its answer.
    pub(super) fn ask<'q, Q: Message<'q>>(&mut self, question: &Q, newest: i16) -> Result<Answer, Fault> {
        self.send(question, newest)?;
        self.receive()
    }

    /// Sends a request. Its answer comes after those of the requests before it.
    pub(super) fn send<'q, Q: Message<'q>>(&mut self, question: &Q, newest: i16) -> Result<(), Fault> {
        let api = Q::API.ok_or_else(|| Fault::failed("a header is no request"))?;
        let version = self.version(api, newest)?;
        let correlation_id = self.last_id.wrapping_add(1) & i32::MAX;
        let mut bytes = Vec::new();
        frame::ask(correlation_id, version, Some(CLIENT_ID), question, &mut bytes)
            .map_err(|error| Fault::failed(format!("the request cannot be written: {error}")))?;
        self.last_id = correlation_id;
        self.stream.write_all(&bytes).map_err(|error| self.lost(&error))?;
        self.awaited.push_back(Awaited { correlation_id, api, version });
        Ok(())
    }

    /// The answer to the oldest request that has none.
    pub(super) fn receive(&mut self) -> Result<Answer, Fault> {
        let awaited = self.awaited.pop_front().ok_or_else(|| Fault::failed("nothing was asked"))?;
        let mut size = [0; SIZE_BYTES];
        self.stream.read_exact(&mut size).map_err(|error| self.lost(&error))?;
        let size = frame::frame_bytes(size, ANSWER_BYTES_MAX).map_err(|_| self.foreign("its size is wrong"))?;
        // Grows as bytes come: what the size says is not believed before.
        let mut bytes = Vec::new();
        let read = (&mut self.stream).take(size as u64).read_to_end(&mut bytes).map_err(|error| self.lost(&error))?;
        if read < size {
            return Err(self.lost(&"it was closed in the middle of an answer"));
        }
        let header_bytes = 4 + usize::from(awaited.api.api().response_header_version(awaited.version) >= 1);
        let id = bytes.first_chunk().map(|id| i32::from_be_bytes(*id));
        if id != Some(awaited.correlation_id) || bytes.len() < header_bytes {
            return Err(self.foreign("it belongs to no request"));
        }
        // The header's tags; no version of Kafka has any.
        if header_bytes == 5 && bytes[4] != 0 {
            return Err(self.foreign("its header has tags that are not known"));
        }
        Ok(Answer { bytes, header_bytes, version: awaited.version })
    }

    fn lost(&mut self, error: &dyn std::fmt::Display) -> Fault {
        self.broken = true;
        let advice = "does a door for Kafka's clients listen there?";
        Fault::Lost(format!("the connection to {} broke: {error}; {advice}", self.address))
    }

    fn foreign(&mut self, problem: &str) -> Fault {
        self.broken = true;
        Fault::failed(format!("what {} answers is not Kafka's protocol: {problem}", self.address))
    }
}
