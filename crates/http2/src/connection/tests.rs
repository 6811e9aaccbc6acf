use super::*;
use crate::{
    frame::*,
    limits::{FAULTS_MAX, OUTPUT_BYTES, QUEUED_BYTES_PER_STREAM, RESETS_MAX, USELESS_FRAMES_MAX},
};

/// A connection with the other side's hands: what is sent, and what came of it.
struct Pair {
    connection: Connection,
    input: BytesMut,
}

/// A frame of the server's: kind, flags, stream, payload.
type Sent = (u8, u8, u32, Vec<u8>);

fn settings() -> Settings {
    Settings { streams_max: 4, known_fields: &[("grpc-status", "0")], ..Settings::default() }
}

/// `POST /` over http, in indices and one literal.
const HEAD: &[u8] = &[0x83, 0x86, 0x84];

impl Pair {
    fn open() -> Pair {
        Pair::with(settings())
    }

    fn with(settings: Settings) -> Pair {
        let mut pair = Pair { connection: Connection::new(settings), input: BytesMut::from(&PREFACE[..]) };
        assert!(pair.say(SETTINGS, 0, 0, &[]).is_empty());
        pair.sent();
        pair
    }

    fn say(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<Event> {
        let mut out = Vec::new();
        head(&mut out, payload.len(), kind, flags, stream);
        out.extend_from_slice(payload);
        self.say_bytes(&out)
    }

    fn say_bytes(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.input.extend_from_slice(bytes);
        std::iter::from_fn(|| self.connection.receive(&mut self.input)).collect()
    }

    fn ask(&mut self, stream: u32, end: bool) -> Vec<Event> {
        self.say(HEADERS, END_HEADERS | u8::from(end), stream, HEAD)
    }

    /// What the server wrote since the last time.
    fn sent(&mut self) -> Vec<Sent> {
        self.connection.pump();
        let bytes = self.connection.output().to_vec();
        self.connection.written(bytes.len());
        let (mut rest, mut frames) = (&bytes[..], Vec::new());
        while let Some(found) = Head::read(rest) {
            let (payload, after) = rest[HEAD_BYTES..].split_at(found.length);
            frames.push((found.kind, found.flags, found.stream, payload.to_vec()));
            rest = after;
        }
        assert!(rest.is_empty());
        frames
    }

    /// The connection ends with this code.
    fn ends(&mut self, events: &[Event], code: Code) {
        let Some(Event::Closed(fault)) = events.last() else { panic!("{events:?}") };
        assert_eq!(fault.code, code, "{fault}");
        let (kind, _, _, payload) = self.sent().pop().unwrap();
        assert_eq!((kind, number(&payload[4..])), (GOAWAY, code.0));
        assert!(self.connection.is_over());
        assert!(self.say(PING, 0, 0, &[0; 8]).is_empty(), "nothing is heard any more");
    }
}

fn reset(stream: u32, code: Code) -> Sent {
    (RST_STREAM, 0, stream, code.0.to_be_bytes().to_vec())
}

#[test]
fn a_request_and_its_answer() {
    let mut pair = Pair::open();
    let events = pair.ask(1, false);
    assert!(matches!(&events[..], [Event::Request { stream: 1, request, end: false }] if request.method == "POST"));
    let events = pair.say(DATA, END_STREAM, 1, b"body");
    assert!(matches!(&events[..], [Event::Data { stream: 1, data, end: true }] if data == "body"));
    assert!(pair.connection.answer(1, &[], 3, |out| out.extend_from_slice(b"abc"), &[(b"grpc-status", b"0")]));
    let sent = pair.sent();
    assert_eq!(sent[0], (HEADERS, END_HEADERS, 1, vec![0x88]));
    assert_eq!(sent[1], (DATA, 0, 1, b"abc".to_vec()));
    assert_eq!((sent[2].0, sent[2].1, sent.len()), (HEADERS, END_HEADERS | END_STREAM, 3));
    assert_eq!(pair.connection.streams(), 0);
    assert!(!pair.connection.send(1, Bytes::from_static(b"late")), "the stream is gone");
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut pair = Pair { connection: Connection::new(settings()), input: BytesMut::new() };
    let mut all = PREFACE.to_vec();
    head(&mut all, 0, SETTINGS, 0, 0);
    head(&mut all, 3, HEADERS, END_HEADERS, 1);
    all.extend_from_slice(HEAD);
    head(&mut all, 2, DATA, END_STREAM, 1);
    all.extend_from_slice(b"ab");
    let events: Vec<Event> = all.iter().flat_map(|byte| pair.say_bytes(&[*byte])).collect();
    assert!(matches!(&events[..], [Event::Request { .. }, Event::Data { end: true, .. }]), "{events:?}");
    assert_eq!(pair.connection.frames(), 3);
}

#[test]
fn what_begins_otherwise_is_closed() {
    let mut pair = Pair { connection: Connection::new(settings()), input: BytesMut::new() };
    let events = pair.say_bytes(b"GET / HTTP/1.1\r\n");
    pair.ends(&events, Code::PROTOCOL_ERROR);
    let mut pair = Pair { connection: Connection::new(settings()), input: BytesMut::from(&PREFACE[..]) };
    let events = pair.say(PING, 0, 0, &[0; 8]);
    pair.ends(&events, Code::PROTOCOL_ERROR);
}

#[test]
fn faults_of_the_connection_end_it() {
    let cases: [(u8, u8, u32, &[u8], Code); 22] = [
        (DATA, 0, 0, b"x", Code::PROTOCOL_ERROR),
        (DATA, 0, 5, b"x", Code::PROTOCOL_ERROR),
        (DATA, 8, 1, &[2, 0], Code::PROTOCOL_ERROR),
        (DATA, 8, 1, &[], Code::FRAME_SIZE_ERROR),
        (HEADERS, 4, 0, HEAD, Code::PROTOCOL_ERROR),
        (HEADERS, 4, 2, HEAD, Code::PROTOCOL_ERROR),
        (HEADERS, 4, 3, &[0x80], Code::COMPRESSION_ERROR),
        (HEADERS, 4 | 0x20, 3, &[0], Code::FRAME_SIZE_ERROR),
        (PRIORITY, 0, 0, &[0; 5], Code::PROTOCOL_ERROR),
        (RST_STREAM, 0, 3, &[0; 4], Code::PROTOCOL_ERROR),
        (RST_STREAM, 0, 1, &[0; 3], Code::FRAME_SIZE_ERROR),
        (SETTINGS, 0, 1, &[], Code::PROTOCOL_ERROR),
        (SETTINGS, 0, 0, &[0; 5], Code::FRAME_SIZE_ERROR),
        (SETTINGS, 1, 0, &[0; 6], Code::FRAME_SIZE_ERROR),
        (SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2], Code::PROTOCOL_ERROR),
        (SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0], Code::FLOW_CONTROL_ERROR),
        (SETTINGS, 0, 0, &[0, 5, 0, 0, 0x3f, 0xff], Code::PROTOCOL_ERROR),
        (PUSH_PROMISE, 4, 1, &[0; 4], Code::PROTOCOL_ERROR),
        (PING, 0, 0, &[0; 7], Code::FRAME_SIZE_ERROR),
        (GOAWAY, 0, 1, &[0; 8], Code::PROTOCOL_ERROR),
        (WINDOW_UPDATE, 0, 0, &[0; 4], Code::PROTOCOL_ERROR),
        (CONTINUATION, 4, 1, HEAD, Code::PROTOCOL_ERROR),
    ];
    for (kind, flags, stream, payload, code) in cases {
        let mut pair = Pair::open();
        pair.ask(1, false);
        let events = pair.say(kind, flags, stream, payload);
        pair.ends(&events, code);
    }
    let mut pair = Pair::open();
    let events = pair.say(PING, 0, 0, &[0; 16_385]);
    pair.ends(&events, Code::FRAME_SIZE_ERROR);
}

#[test]
fn faults_of_a_stream_end_it_alone() {
    let malformed: [&[u8]; 4] = [&[0x83], &[0x83, 0x86, 0x84, 0x84], &[0x83, 0x86, 0x84, 0, 1, b'A', 1, b'b'], &[0x88]];
    let mut pair = Pair::open();
    for (number, block) in (1..).step_by(2).zip(malformed) {
        assert!(pair.say(HEADERS, END_HEADERS, number, block).is_empty());
        assert_eq!(pair.sent(), [reset(number, Code::PROTOCOL_ERROR)]);
    }
    pair.ask(11, true);
    let events = pair.say(DATA, 0, 11, b"more");
    assert!(matches!(events[..], [Event::Reset { stream: 11, code: Code::STREAM_CLOSED }]));
    pair.ask(13, false);
    let events = pair.say(WINDOW_UPDATE, 0, 13, &[0; 4]);
    assert!(matches!(events[..], [Event::Reset { stream: 13, code: Code::PROTOCOL_ERROR }]));
    assert_eq!(pair.sent().len(), 2);
    // What was on its way to a stream that this side ended is let pass.
    assert!(pair.say(DATA, 0, 13, b"late").is_empty());
    assert!(pair.say(HEADERS, END_HEADERS | END_STREAM, 13, &[]).is_empty());
    assert!(pair.sent().is_empty());
    assert!(matches!(pair.ask(15, true)[..], [Event::Request { .. }]), "the connection lives");
}

#[test]
fn lengths_that_were_announced_are_kept() {
    let of = |length: &[u8]| [HEAD, &[0x0f, 0x0d, u8::try_from(length.len()).unwrap()], length].concat();
    for (length, body) in [(&b"3"[..], &b"abcd"[..]), (b"5", b"abcd")] {
        let mut pair = Pair::open();
        pair.say(HEADERS, END_HEADERS, 1, &of(length));
        let events = pair.say(DATA, END_STREAM, 1, body);
        assert!(matches!(events[..], [Event::Reset { stream: 1, code: Code::PROTOCOL_ERROR }]), "{events:?}");
    }
    let mut pair = Pair::open();
    pair.say(HEADERS, END_HEADERS, 1, &of(b"4"));
    assert!(matches!(pair.say(DATA, END_STREAM, 1, b"abcd")[..], [Event::Data { end: true, .. }]));
    assert!(pair.say(HEADERS, END_HEADERS | END_STREAM, 3, &of(b"4")).is_empty());
}

#[test]
fn trailers_end_a_request() {
    let mut pair = Pair::open();
    pair.ask(1, false);
    let events = pair.say(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 1, b'a', 1, b'b']);
    assert!(matches!(&events[..], [Event::Data { stream: 1, data, end: true }] if data.is_empty()));
    pair.ask(3, false);
    let events = pair.say(HEADERS, END_HEADERS, 3, &[0, 1, b'a', 1, b'b']);
    assert!(matches!(events[..], [Event::Reset { stream: 3, .. }]));
    let events = pair.say(HEADERS, END_HEADERS | END_STREAM, 1, HEAD);
    assert!(matches!(events[..], [Event::Reset { stream: 1, code: Code::STREAM_CLOSED }]));
}

#[test]
fn padding_and_priorities_are_taken_off() {
    let mut pair = Pair::open();
    let block = [&[2, 0, 0, 0, 0, 7][..], HEAD, &[0, 0]].concat();
    assert!(matches!(pair.say(HEADERS, END_HEADERS | 0x28, 1, &block)[..], [Event::Request { .. }]));
    let events = pair.say(DATA, 8 | END_STREAM, 1, &[3, b'a', 0, 0, 0]);
    assert!(matches!(&events[..], [Event::Data { data, end: true, .. }] if data == "a"));
    assert!(pair.say(PRIORITY, 0, 9, &[0, 0, 0, 1, 1]).is_empty());
    assert!(pair.say(0xbe, 0xff, 9, b"unknown").is_empty());
    assert!(pair.sent().is_empty());
    let block = [&[0, 0, 0, 3, 7][..], HEAD].concat();
    assert!(pair.say(HEADERS, END_HEADERS | 0x20, 3, &block).is_empty());
    assert_eq!(pair.sent(), [reset(3, Code::PROTOCOL_ERROR)]);
}

#[test]
fn header_blocks_may_come_in_pieces_but_not_in_endless_ones() {
    let mut pair = Pair::open();
    assert!(pair.say(HEADERS, END_STREAM, 1, &HEAD[..1]).is_empty());
    assert!(pair.say(CONTINUATION, 0, 1, &HEAD[1..2]).is_empty());
    let events = pair.say(CONTINUATION, END_HEADERS, 1, &HEAD[2..]);
    assert!(matches!(events[..], [Event::Request { end: true, .. }]));

    pair.say(HEADERS, 0, 3, HEAD);
    let events = pair.say(PING, 0, 0, &[0; 8]);
    pair.ends(&events, Code::PROTOCOL_ERROR);

    for piece in [&[][..], &[0; 16_000]] {
        let mut pair = Pair::open();
        pair.say(HEADERS, 0, 1, HEAD);
        let events: Vec<Event> = (0..20).flat_map(|_| pair.say(CONTINUATION, 0, 1, piece)).collect();
        pair.ends(&events, Code::ENHANCE_YOUR_CALM);
    }
}

#[test]
fn large_heads_are_answered_431() {
    let mut pair = Pair::with(Settings { header_list_bytes_max: 200, ..settings() });
    let field = [&[0, 1, b'a', 100][..], &[b'v'; 100]].concat();
    assert!(pair.say(HEADERS, END_HEADERS | END_STREAM, 1, &[HEAD, &field].concat()).is_empty());
    let sent = pair.sent();
    assert_eq!((sent.len(), sent[0].1, &sent[0].3[..]), (1, END_HEADERS | END_STREAM, &[8, 3, b'4', b'3', b'1'][..]));
    assert_eq!(pair.connection.streams(), 0);
}

#[test]
fn streams_too_many_are_refused() {
    let mut pair = Pair::open();
    for stream in [1, 3, 5, 7] {
        assert_eq!(pair.ask(stream, true).len(), 1);
    }
    assert!(pair.ask(9, true).is_empty());
    assert_eq!(pair.sent(), [reset(9, Code::REFUSED_STREAM)]);
    pair.connection.reset(1, Code::CANCEL);
    assert_eq!(pair.ask(11, true).len(), 1);
}

#[test]
fn the_other_side_may_send_what_was_taken() {
    let mut pair = Pair::open();
    pair.ask(1, false);
    let piece = vec![7; 16_000];
    for _ in 0..4 {
        assert_eq!(pair.say(DATA, 0, 1, &piece).len(), 1);
    }
    assert!(pair.sent().is_empty(), "nothing was taken");
    pair.connection.release(1, 20_000);
    assert!(pair.sent().is_empty(), "less than half");
    pair.connection.release(1, 20_000);
    let update = |stream| (WINDOW_UPDATE, 0, stream, 40_000_u32.to_be_bytes().to_vec());
    assert_eq!(pair.sent(), [update(1), update(0)]);
    for _ in 0..2 {
        assert_eq!(pair.say(DATA, 0, 1, &piece).len(), 1);
    }
    let events = pair.say(DATA, 0, 1, &piece);
    pair.ends(&events, Code::FLOW_CONTROL_ERROR);
}

#[test]
fn a_stream_that_sends_too_much_ends_alone_and_gives_the_connections_window_back() {
    let mut pair = Pair::with(Settings { connection_window: 200_000, ..settings() });
    pair.ask(1, false);
    let piece = vec![7; 16_000];
    let events: Vec<Event> = (0..5).flat_map(|_| pair.say(DATA, 0, 1, &piece)).collect();
    assert!(matches!(events[4], Event::Reset { stream: 1, code: Code::FLOW_CONTROL_ERROR }));
    assert_eq!(pair.sent(), [reset(1, Code::FLOW_CONTROL_ERROR)]);
    pair.say(DATA, 0, 1, &piece);
    let update = pair.say(DATA, 0, 1, &piece[..4000]);
    assert!(update.is_empty());
    assert_eq!(pair.sent(), [(WINDOW_UPDATE, 0, 0, 100_000_u32.to_be_bytes().to_vec())]);
}

#[test]
fn data_waits_for_windows_and_streams_take_turns() {
    let mut pair = Pair::open();
    for stream in [1, 3] {
        pair.ask(stream, true);
        pair.connection.respond(stream, 200, &[], false);
        pair.connection.send(stream, Bytes::from(vec![7; 50_000]));
        pair.connection.finish(stream, &[]);
    }
    let data: Vec<(u32, usize)> =
        pair.sent().into_iter().filter(|sent| sent.0 == DATA).map(|sent| (sent.2, sent.3.len())).collect();
    assert_eq!(data, [(1, 16_384), (3, 16_384), (1, 16_384), (3, 16_383)]);
    assert!(pair.sent().is_empty());
    pair.say(WINDOW_UPDATE, 0, 0, &50_000_u32.to_be_bytes());
    let sent = pair.sent();
    let ends: Vec<u32> = sent.iter().filter(|sent| sent.1 & END_STREAM != 0).map(|sent| sent.2).collect();
    assert_eq!(ends, [1, 3]);
    assert_eq!(sent.iter().map(|sent| sent.3.len()).sum::<usize>(), 100_000 - 65_535);
}

#[test]
fn windows_follow_the_settings_also_below_zero() {
    let mut pair = Pair::open();
    pair.ask(1, true);
    pair.connection.respond(1, 200, &[], false);
    pair.connection.send(1, Bytes::from(vec![7; 1000]));
    pair.sent();
    // The window of 65,535 was used by 1,000; now it shall have been 500.
    pair.say(SETTINGS, 0, 0, &[0, 4, 0, 0, 1, 0xf4]);
    pair.connection.send(1, Bytes::from(vec![7; 100]));
    assert_eq!(pair.sent(), [(SETTINGS, ACK, 0, vec![])]);
    pair.say(WINDOW_UPDATE, 0, 1, &500_u32.to_be_bytes());
    assert!(pair.sent().is_empty(), "the window is at zero");
    pair.say(WINDOW_UPDATE, 0, 1, &60_u32.to_be_bytes());
    assert_eq!(pair.sent().iter().map(|sent| sent.3.len()).collect::<Vec<_>>(), [60]);
    let events = pair.say(WINDOW_UPDATE, 0, 1, &0x7fff_ffff_u32.to_be_bytes());
    assert!(events.is_empty(), "40 bytes below zero would not be counted: {events:?}");
    let events = pair.say(WINDOW_UPDATE, 0, 1, &0x7fff_ffff_u32.to_be_bytes());
    assert!(matches!(events[..], [Event::Reset { code: Code::FLOW_CONTROL_ERROR, .. }]));
}

#[test]
fn an_answer_that_does_not_fit_is_queued_whole() {
    let mut pair = Pair::open();
    pair.say(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 2]);
    pair.ask(1, true);
    pair.connection.answer(1, &[], 5, |out| out.extend_from_slice(b"abcde"), &[(b"grpc-status", b"0")]);
    let data = |sent: Vec<Sent>| sent.into_iter().filter(|sent| sent.0 == DATA).map(|sent| sent.3).collect::<Vec<_>>();
    assert_eq!(data(pair.sent()), [b"ab"]);
    pair.say(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 9]);
    let sent = pair.sent();
    assert_eq!(sent[0].3, b"cde");
    assert_eq!((sent[1].0, sent[1].1), (HEADERS, END_HEADERS | END_STREAM));
}

#[test]
fn a_client_that_takes_nothing_stops_its_producer() {
    let mut pair = Pair::open();
    pair.say(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    pair.ask(1, true);
    pair.connection.respond(1, 200, &[], false);
    assert_eq!(pair.connection.capacity(1), Some(QUEUED_BYTES_PER_STREAM));
    pair.connection.send(1, Bytes::from(vec![7; QUEUED_BYTES_PER_STREAM]));
    assert_eq!(pair.connection.capacity(1), Some(0));
    pair.sent();
    assert_eq!(pair.connection.next_with_room(), None);
    pair.say(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 9]);
    pair.sent();
    assert_eq!(pair.connection.next_with_room(), Some(1));
    assert_eq!(pair.connection.capacity(1), Some(9));
    assert_eq!(pair.connection.capacity(3), None);
}

#[test]
fn who_asks_and_does_not_take_is_found() {
    let mut pair = Pair::open();
    for stream in [1, 3] {
        pair.ask(stream, true);
        pair.connection.respond(stream, 200, &[], false);
        pair.connection.send(stream, Bytes::from(vec![7; 40_000]));
    }
    pair.sent();
    pair.connection.rest();
    pair.connection.rest();
    assert_eq!(pair.connection.stalled(3), []);
    pair.say(WINDOW_UPDATE, 0, 0, &10_u32.to_be_bytes());
    pair.sent();
    pair.connection.rest();
    let stalled = pair.connection.stalled(3);
    assert_eq!(stalled.len(), 1, "one of them could send a little: {stalled:?}");
    pair.connection.reset(stalled[0], Code::CANCEL);
    assert_eq!(pair.sent(), [reset(stalled[0], Code::CANCEL)]);
}

#[test]
fn output_stops_growing_with_data() {
    let mut pair = Pair::open();
    pair.say(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes());
    pair.say(SETTINGS, 0, 0, &[0, 4, 0x7f, 0, 0, 0]);
    pair.ask(1, true);
    pair.connection.respond(1, 200, &[], false);
    pair.connection.send(1, Bytes::from(vec![7; 4 * OUTPUT_BYTES]));
    pair.connection.pump();
    assert!(pair.connection.output().len() < OUTPUT_BYTES + 17_000);
    let mut taken = 0;
    while !pair.connection.output().is_empty() {
        taken += 1000.min(pair.connection.output().len());
        pair.connection.written(1000.min(pair.connection.output().len()));
        pair.connection.pump();
    }
    assert!(taken > 4 * OUTPUT_BYTES);
}

#[test]
fn an_answer_before_the_requests_end_breaks_it_off_without_blame() {
    let mut pair = Pair::open();
    pair.ask(1, false);
    pair.connection.respond(1, 200, &[], true);
    assert_eq!(pair.sent()[1..], [reset(1, Code::NO_ERROR)]);
    assert!(pair.say(DATA, 0, 1, b"late").is_empty());
    assert!(pair.sent().is_empty());
}

#[test]
fn leaving_is_announced_and_then_done() {
    let mut pair = Pair::open();
    pair.ask(1, true);
    pair.connection.leave();
    let sent = pair.sent();
    assert_eq!((sent[0].0, number(&sent[0].3), sent[1].0), (GOAWAY, STREAM_MAX, PING));
    assert_eq!(pair.ask(3, true).len(), 1, "it was on its way");
    assert!(matches!(pair.say(PING, ACK, 0, &[0; 8])[..], [Event::Pong]));
    assert_eq!(number(&pair.sent()[0].3), 3);
    assert!(pair.ask(5, false).is_empty(), "it was told not to");
    assert!(pair.say(DATA, END_STREAM, 5, b"x").is_empty());
    assert!(!pair.connection.is_over());
    for stream in [1, 3] {
        pair.connection.respond(stream, 200, &[], true);
    }
    assert!(pair.connection.is_over());
}

#[test]
fn floods_end_the_connection_and_useful_work_allows_for_more() {
    let useless: [(u8, u8, u32, &[u8]); 6] = [
        (PING, 0, 0, &[0; 8]),
        (SETTINGS, 0, 0, &[]),
        (WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
        (PRIORITY, 0, 1, &[0; 5]),
        (DATA, 0, 1, &[]),
        (0xbe, 0, 0, &[]),
    ];
    for (kind, flags, stream, payload) in useless {
        let mut pair = Pair::open();
        pair.ask(1, false);
        let flood = |pair: &mut Pair| (0..USELESS_FRAMES_MAX - 1).flat_map(|_| pair.say(kind, flags, stream, payload)).count();
        assert_eq!(flood(&mut pair), 0);
        pair.connection.rest();
        assert_eq!(flood(&mut pair), 0, "it rested");
        let events: Vec<Event> = (0..3).flat_map(|_| pair.say(kind, flags, stream, payload)).collect();
        pair.ends(&events, Code::ENHANCE_YOUR_CALM);
    }
    let mut pair = Pair::open();
    pair.ask(1, false);
    for _ in 0..2 * USELESS_FRAMES_MAX {
        pair.say(DATA, 0, 1, b"x");
        pair.connection.release(1, 1);
        assert!(pair.say(PING, 0, 0, &[0; 8]).is_empty(), "data allows for pings");
        pair.sent();
    }
}

#[test]
fn rapid_resets_and_faults_end_the_connection() {
    let mut pair = Pair::open();
    let mut events = Vec::new();
    let mut stream = 1;
    while !matches!(events.last(), Some(Event::Closed(_))) {
        assert!(stream / 2 <= RESETS_MAX);
        events = pair.ask(stream, true);
        events.extend(pair.say(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        stream += 2;
    }
    assert!(stream / 2 >= RESETS_MAX);
    pair.ends(&events, Code::ENHANCE_YOUR_CALM);

    let mut pair = Pair::open();
    let mut events = Vec::new();
    for stream in (1..).step_by(2).take(FAULTS_MAX as usize + 1) {
        events = pair.say(HEADERS, END_HEADERS, stream, &[0x83]);
    }
    pair.ends(&events, Code::ENHANCE_YOUR_CALM);
}
