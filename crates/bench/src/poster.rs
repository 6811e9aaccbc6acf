//! One connection that posts records over HTTP, with a body that is encoded once and patched.

use std::{borrow::Cow, io, ops::Range, rc::Rc, time::Duration};

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    http::{Connection, reason},
    ledger::{Fate, Producer},
    limits::{GRACE, REFUSED_PAUSE},
    monitor::Live,
    payload,
    sender::Sent,
};

/// A request whose payloads are patched where they lie.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    head_bytes: usize,
    producer: u64,
    payloads: Vec<(Range<usize>, u64)>,
}

impl Body {
    /// A request with `records` records for the topic.
    pub(crate) fn new(topic: &str, host: &str, producer: u64, records: u32, record_bytes: usize) -> Body {
        let mut body = br#"{"records":["#.to_vec();
        let mut payloads = Vec::new();
        for place in 0..records {
            let mut record = payload::blank(place.into(), record_bytes);
            payload::set_producer(&mut record, producer);
            body.extend_from_slice(if place > 0 { br#",{"value":""# } else { br#"{"value":""# });
            payloads.push((body.len()..body.len() + record_bytes, payload::filler_hash(&record)));
            body.extend_from_slice(&record);
            body.extend_from_slice(br#""}"#);
        }
        body.extend_from_slice(b"]}");
        let mut bytes = format!(
            "POST /topics/{topic}/records HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        let head_bytes = bytes.len();
        for (place, _) in &mut payloads {
            *place = place.start + head_bytes..place.end + head_bytes;
        }
        bytes.append(&mut body);
        Body { bytes, head_bytes, producer, payloads }
    }

    /// Bytes behind the head.
    pub(crate) fn body_bytes(&self) -> usize {
        self.bytes.len() - self.head_bytes
    }

    fn records(&self) -> u32 {
        self.payloads.len() as u32
    }

    fn patched(&mut self, serial: u64) -> &[u8] {
        for (serial, (place, filler_hash)) in (serial..).zip(&self.payloads) {
            payload::set_serial(&mut self.bytes[place.clone()], self.producer, serial, *filler_hash);
        }
        &self.bytes
    }
}

/// When a poster ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) requests: u64,
    pub(crate) end: Option<Instant>,
}

/// What became of each record.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    records: Vec<One<'a>>,
    #[serde(borrow, rename = "type")]
    problem: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct One<'a> {
    status: u16,
    partition: Option<i32>,
    offset: Option<i64>,
    #[serde(borrow, rename = "type")]
    problem: Option<Cow<'a, str>>,
}

/// The connection.
pub(crate) struct Poster {
    connection: Connection,
    body: Body,
    producer: Producer,
    partitions: i32,
    sent: Sent,
    live: Rc<Live>,
}

impl Poster {
    pub(crate) async fn open(address: &str, body: Body, producer: Producer, partitions: i32, live: Rc<Live>) -> Result<Poster> {
        let connection = Connection::open(address).await.map_err(|error| {
            Error::unreachable(format!(
                "no HTTP door answers at {address}: {error}; start a node with \"manifold serve\", name another address with \
                 --http HOST:PORT, or add --start to have one started for the run"
            ))
        })?;
        Ok(Poster { connection, body, producer, partitions, sent: Sent::default(), live })
    }

    /// Posts until its end.
    pub(crate) async fn run(mut self, rules: Rules) -> Sent {
        for _ in 0..rules.requests {
            if rules.end.is_some_and(|end| Instant::now() >= end) {
                break;
            }
            match self.post().await {
                Ok(None) => {}
                Ok(Some(pause)) => sleep(rules.end.map_or(pause, |end| pause.min(end.duration_since(Instant::now())))).await,
                Err(error) => {
                    self.sent.answers.count(0);
                    self.fail(error.to_string(), self.body.records().into());
                    break;
                }
            }
        }
        self.sent.producers.push(self.producer);
        self.sent
    }

    /// One request and its answer; how long to wait after a refusal.
    async fn post(&mut self) -> io::Result<Option<Duration>> {
        let since = Instant::now();
        let first = self.producer.next_serial() as usize;
        for _ in 0..self.body.records() {
            self.producer.send(0, 1);
        }
        let answer = self.connection.ask(self.body.patched(first as u64), GRACE).await?;
        let body = self.connection.body(&answer);
        let told = if body.is_empty() { None } else { Some(serde_json::from_slice::<Told<'_>>(body)?) };
        self.sent.latency.saturating_record((since.elapsed().as_micros() as u64).max(1));
        let records = told.as_ref().map_or(&[][..], |told| &told.records);
        let refused = if records.is_empty() {
            let why = reason(answer.status, told.as_ref().and_then(|told| told.problem.as_deref()));
            vec![(why, (first..first + self.body.payloads.len()).collect::<Vec<_>>())]
        } else {
            settle(&mut self.producer, &mut self.sent, &self.body, first, self.partitions, records)
        };
        Live::add(
            &self.live.done,
            (self.body.payloads.len() - refused.iter().map(|(_, units)| units.len()).sum::<usize>()) as u64,
        );
        let pause = (!refused.is_empty()).then(|| answer.retry_after.unwrap_or(REFUSED_PAUSE));
        for (why, units) in refused {
            units.iter().for_each(|unit| self.producer.settle(*unit, 0, Fate::Refused));
            self.fail(why, units.len() as u64);
        }
        self.sent.answers.count(answer.status);
        self.connection.forget(&answer).await?;
        Ok(pause)
    }

    fn fail(&mut self, why: String, records: u64) {
        *self.sent.errors.entry(why).or_default() += records;
        Live::add(&self.live.refused, records);
    }
}

/// Notes what is said of each record; gives those that are refused, by reason.
fn settle(
    producer: &mut Producer,
    sent: &mut Sent,
    body: &Body,
    first: usize,
    partitions: i32,
    records: &[One<'_>],
) -> Vec<(String, Vec<usize>)> {
    let mut refused: Vec<(String, Vec<usize>)> = Vec::new();
    for (number, (place, _)) in body.payloads.iter().enumerate() {
        let one = records.get(number);
        let placed = one.filter(|one| one.status == 200).and_then(|one| one.partition.zip(one.offset));
        match placed.filter(|(partition, _)| (0..partitions).contains(partition)) {
            Some((partition, offset)) => {
                producer.settle(first + number, partition, Fate::Acknowledged(offset));
                sent.done += 1;
                sent.bytes += place.len() as u64;
            }
            None => {
                let why =
                    one.map_or_else(|| "a record without a status".to_owned(), |one| reason(one.status, one.problem.as_deref()));
                match refused.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, units)) => units.push(first + number),
                    None => refused.push((why, vec![first + number])),
                }
            }
        }
    }
    sent.last = Some(Instant::now());
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sender::Answers;

    #[test]
    fn a_body_is_json_of_unique_records() {
        let mut body = Body::new("orders", "127.0.0.1:1", 5, 3, 100);
        let mut seen = std::collections::HashSet::new();
        for round in 0..2 {
            let bytes = body.patched(round * 3).to_vec();
            let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
            let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
            assert!(head.starts_with("POST /topics/orders/records HTTP/1.1\r\n"));
            assert!(head.contains(&format!("Content-Length: {}\r\n", bytes.len() - head_end)), "{head}");
            let json: serde_json::Value = serde_json::from_slice(&bytes[head_end..]).expect("JSON");
            for (place, record) in (0..).zip(json["records"].as_array().expect("an array")) {
                let value = record["value"].as_str().expect("a text");
                let stamp = payload::read(value.as_bytes()).expect("a payload");
                assert_eq!(stamp, payload::Stamp { producer: 5, serial: round * 3 + place, intact: true });
                assert!(seen.insert(value.to_owned()));
            }
        }
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn each_record_s_status_counts() {
        let answer = br#"{"acknowledged":1,"failed":2,"records":[{"status":200,"topic":"o","partition":0,"offset":7},
            {"status":404,"type":"urn:manifold:problem:unknown-partition"},{"status":404,"type":"urn:manifold:problem:unknown-partition"}]}"#;
        let told: Told<'_> = serde_json::from_slice(answer).expect("JSON");
        let (mut producer, mut sent) = (Producer::new(1, 1), Sent::default());
        let body = Body::new("o", "h", 1, 4, 48);
        assert_eq!((0..4).map(|_| producer.send(0, 1)).last(), Some(3));
        let refused = settle(&mut producer, &mut sent, &body, 0, 1, &told.records);
        let expected = vec![("404 unknown-partition".to_owned(), vec![1, 2]), ("a record without a status".to_owned(), vec![3])];
        assert_eq!((refused, sent.done, sent.bytes, producer.acknowledged()), (expected, 1, 48, 1));
    }

    /// Answers each request on one connection with the next of some texts.
    fn server(answers: Vec<String>) -> String {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let request_bytes = Body::new("o", &address, 1, 2, 48).bytes.len();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            for answer in answers {
                stream.read_exact(&mut vec![0; request_bytes]).expect("a request");
                stream.write_all(answer.as_bytes()).expect("the client is there");
            }
        });
        address
    }

    fn answer(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn a_server_under_pressure_is_given_its_time_and_asked_again() {
        let placed = r#"{"records":[{"status":200,"partition":0,"offset":0},{"status":200,"partition":0,"offset":1}]}"#;
        let address = server(vec![
            answer("429 Too Many Requests\r\nRetry-After: 1", r#"{"type":"urn:manifold:problem:pressure"}"#),
            answer("200 OK", placed),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let begin = std::time::Instant::now();
        let sent = runtime.block_on(async {
            let body = Body::new("o", &address, 1, 2, 48);
            let poster = Poster::open(&address, body, Producer::new(1, 1), 1, Rc::default()).await.expect("it is there");
            poster.run(Rules { requests: 2, end: None }).await
        });
        assert!(begin.elapsed() >= Duration::from_secs(1), "it waited");
        assert_eq!((sent.answers, sent.done), (Answers { done: 1, too_many: 1, other: 0 }, 2));
        assert_eq!(sent.producers[0].acknowledged(), 2);
        assert_eq!(sent.errors.into_iter().collect::<Vec<_>>(), [("429 pressure".to_owned(), 2)]);
    }
}
