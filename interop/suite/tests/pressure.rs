//! Overload is answered, not buffered: whatever clients do, memory stays within the limits that the doors name, others are served, and
//! what was acknowledged is there.
//!
//! Memory is what the kernel says that the process holds; what a test lets it grow by is the sum of named limits.

use interop::disks::{Mount, Throttle};
use interop::http::Http;
use interop::kafka_load::{FETCH, PRODUCE, address, batch, bytes, fetch, link, produce, produced, topic, values};
use interop::ledger::book::Book;
use interop::process::Peak;
use interop::server::memory_folder;
use interop::{Server, Settings};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const MIB: u64 = 1 << 20;
const SMALL: [&str; 8] = ["--journal-segment", "16MiB", "--settle", "4MiB", "--value-cache", "1MiB", "--shards", "1"];
/// What a node with these settings may hold beside what its doors have under way: twice the settle budget while one runs, twice that
/// where the disk is slower than clients, the same of the journal's recent tail and its write, and what the allocator keeps.
const HOUSE_BYTES: u64 = 96 * MIB;
/// Bytes of Produce requests that a node has under way (`door-kafka`: `PRODUCE_BYTES_MAX`), and of records over HTTP (`door-http`:
/// `UNDER_WAY_BYTES_MAX`).
const UNDER_WAY_BYTES: u64 = 64 * MIB;
/// What requests of 64 MiB take: a request shares its buffer with the beginning of the next one, and a buffer has up to twice the bytes.
const BUFFERS_BYTES: u64 = 2 * UNDER_WAY_BYTES;
/// Bytes of Fetch answers that a node has under way (`door-kafka`: `FETCHES_BYTES_MAX`).
const FETCHES_BYTES: u64 = 256 * MIB;
/// Bytes of large requests that a node reads at once (`door-kafka`: `LARGE_REQUESTS_BYTES_MAX`).
const LARGE_REQUESTS_BYTES: u64 = 256 * MIB;
/// Bytes of writes that wait for the disk (`admission-bytes` as it comes): what nobody waits for any more is among them.
const ADMISSION_BYTES: u64 = 64 * MIB;
/// Somebody else is answered within this time, on a busy machine, too.
const SERVED_WITHIN: Duration = Duration::from_secs(5);
/// A client that takes nothing loses its connection after ten seconds.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(30);

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// A client as it should be, beside those that are not.
struct Polite {
    stops: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(usize, Duration)>,
}

impl Polite {
    /// Writes a record and reads, again and again.
    async fn begin(server: &Server) -> Self {
        let book = topic(&[server], "polite", 1).await;
        let stops = Arc::<AtomicBool>::default();
        let told = stops.clone();
        let task = tokio::spawn(async move {
            let (mut link, mut longest, mut turns) = (link(&book).await, Duration::ZERO, 0);
            while !told.load(Relaxed) {
                let begin = Instant::now();
                let batch = batch(None, [&b"polite"[..]]);
                let answer = link.ask_within(6 * SERVED_WITHIN, PRODUCE, &produce("polite", 0, -1, &batch)).await;
                let (code, offset) = produced(&answer.expect("an answer"));
                assert_eq!(code, 0, "it is acknowledged");
                let answer = link.ask_within(6 * SERVED_WITHIN, FETCH, &fetch("polite", 0, offset, 1 << 20)).await;
                assert!(answer.expect("an answer").windows(6).any(|bytes| bytes == b"polite"), "it is there");
                longest = longest.max(begin.elapsed());
                turns += 1;
                sleep(Duration::from_millis(10)).await;
            }
            (turns, longest)
        });
        Self { stops, task }
    }

    /// Panics if it was not served.
    async fn finish(self) {
        self.stops.store(true, Relaxed);
        let (turns, longest) = self.task.await.expect("it was served");
        println!("a polite client had {turns} turns, the longest of {longest:.1?}");
        assert!(turns > 10 && longest < SERVED_WITHIN, "{turns} turns, the longest of {longest:?}");
    }
}

/// A connection of somebody who reads nothing: what comes back stands in small buffers.
async fn deaf(address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 << 10).expect("a small buffer");
    socket.connect(address.parse().expect("an address")).await.expect("the door takes a connection")
}

fn assert_grew(what: &str, grew: u64, limit: u64) {
    println!("{what}: memory grew by {} MiB, and may by {}", grew / MIB, limit / MIB);
    assert!(grew <= limit, "{what}: memory grew by {} MiB, and may by {}", grew / MIB, limit / MIB);
}

/// Requests without an end on connections whose answers nobody reads: small ones, until the answers stand in the way, and large ones,
/// many times what the node may have under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn producers_that_read_no_answer_cost_bounded_memory() {
    let _turn = turn().await;
    let server = Server::start(Settings::manifold().with_arguments(&SMALL)).await;
    let book = topic(&[&server], "flood", 1).await;
    let polite = Polite::begin(&server).await;
    let sent = Arc::<AtomicU64>::default();
    let peak = Peak::begin(server.pid());
    // First the small ones: beside large ones each of their requests waits for its turn behind those, and a pipeline of them takes longer
    // than the time in which who takes nothing is cut off.
    for is_large in [false, true] {
        let mut clients = JoinSet::new();
        for _ in 0..8 {
            let (address, sent) = (address(&book), sent.clone());
            clients.spawn(async move {
                let value = vec![b'x'; if is_large { 900 << 10 } else { 1 }];
                let batch = batch(None, [&value[..]]);
                let request = bytes(1, PRODUCE, &produce("flood", 0, -1, &batch));
                // The large ones' answers are few: an ordinary socket holds them.
                let mut socket =
                    if is_large { TcpStream::connect(&address).await.expect("a connection") } else { deaf(&address).await };
                let begin = Instant::now();
                // Small ones are many at once, as a pipeline has them.
                let piece = if is_large { request } else { request.repeat(500) };
                loop {
                    if is_large && sent.load(Relaxed) > 12 * UNDER_WAY_BYTES {
                        return is_large;
                    }
                    match timeout(CUT_OFF_WITHIN, socket.write_all(&piece)).await {
                        Ok(Ok(())) => sent.fetch_add(piece.len() as u64, Relaxed),
                        Ok(Err(_)) => return is_large,
                        Err(_) => panic!(
                            "a client (large: {is_large}) that takes nothing keeps its connection, {} MiB in all",
                            sent.load(Relaxed) / MIB
                        ),
                    };
                    assert!(begin.elapsed() < Duration::from_secs(90), "nobody stops it");
                }
            });
        }
        while let Some(done) = clients.join_next().await {
            done.expect("a client does not panic");
        }
    }
    let grew = peak.growth();
    polite.finish().await;
    println!("{} MiB were sent", sent.load(Relaxed) / MIB);
    // Each connection has a request of at most a MiB half read.
    assert_grew("producers that read nothing", grew, BUFFERS_BYTES + ADMISSION_BYTES + HOUSE_BYTES + 16 * MIB);
    assert!(sent.load(Relaxed) > 12 * UNDER_WAY_BYTES, "far more was sent than may be under way");
    let stalled = server.metric("manifold_connections_refused_total").expect("a figure");
    assert!(stalled >= 8.0, "who takes no answers is cut off: {stalled}");
    let waits = server.metric("manifold_kafka_produce_waits_total").expect("a figure");
    assert!(waits > 0.0, "requests waited for room");
}

/// Fetches of all there is on connections that nobody reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_take_nothing_cost_bounded_memory() {
    let _turn = turn().await;
    let server = Server::start(Settings::manifold().with_arguments(&SMALL)).await;
    let book = topic(&[&server], "heap", 1).await;
    let mut link = link(&book).await;
    let value: Vec<u8> = (0..900_u32 << 10).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let batch = batch(None, [&value[..]]);
    for _ in 0..80 {
        assert_eq!(produced(&link.ask(PRODUCE, &produce("heap", 0, -1, &batch)).await.expect("an answer")).0, 0);
    }
    // It rests, so that all of it is settled.
    sleep(Duration::from_secs(3)).await;
    let polite = Polite::begin(&server).await;
    let peak = Peak::begin(server.pid());
    let request = bytes(1, FETCH, &fetch("heap", 0, 0, i32::MAX));
    let mut sockets = Vec::new();
    for _ in 0..60 {
        let mut socket = deaf(&address(&book)).await;
        socket.write_all(&request).await.expect("it can be sent");
        sockets.push(socket);
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_secs(3)).await;
    let grew = peak.growth();
    polite.finish().await;
    println!("60 readers of 72 MiB each that take nothing: {} MiB", grew / MIB);
    assert_grew("readers that take nothing", grew, FETCHES_BYTES + HOUSE_BYTES);
    assert!(grew > FETCHES_BYTES / 4, "the answers are under way: {grew}");
    // Who takes nothing is cut off, and all that was held for them is given back.
    interop::cluster::within(30, "nothing is under way", async || {
        (server.metric("manifold_kafka_fetch_under_way_bytes")? == 0.0).then_some(())
    })
    .await;
    let stalled = server.metrics().expect("it answers").lines().find_map(|line| {
        line.strip_prefix("manifold_connections_refused_total{door=\"kafka\",reason=\"stalled\"} ")?.parse::<u32>().ok()
    });
    assert!(stalled.is_some_and(|stalled| stalled > 10), "{stalled:?} were cut off");
}

/// Requests that say that they are as large as may be, and stop before their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_never_end_cost_bounded_memory() {
    let _turn = turn().await;
    let server = Server::start(Settings::manifold().with_arguments(&SMALL)).await;
    let polite = Polite::begin(&server).await;
    let book = topic(&[&server], "endless", 1).await;
    let peak = Peak::begin(server.pid());
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let address = address(&book);
        clients.spawn(async move {
            let mut socket = TcpStream::connect(address).await.expect("the door takes a connection");
            let mut beginning = vec![0_u8; 90 << 20];
            beginning[..4].copy_from_slice(&(100_u32 << 20).to_be_bytes());
            // Who finds no room is not read, and waits.
            let sent = timeout(Duration::from_secs(10), socket.write_all(&beginning)).await.is_ok_and(|sent| sent.is_ok());
            (sent, socket)
        });
    }
    let mut sockets = clients.join_all().await;
    let grew = peak.growth();
    polite.finish().await;
    let read = sockets.iter().filter(|(sent, _)| *sent).count();
    println!("{read} of {} were read as far as they went", sockets.len());
    assert_grew("requests that never end", grew, LARGE_REQUESTS_BYTES + HOUSE_BYTES);
    assert!(read > 0, "there is room for some");
    // Their time ends, and others find room.
    let cut_off =
        async |socket: &mut TcpStream| timeout(2 * CUT_OFF_WITHIN, socket.read_u8()).await.is_ok_and(|read| read.is_err());
    for (_, socket) in sockets.iter_mut().filter(|(sent, _)| *sent) {
        assert!(cut_off(socket).await, "a request that never ends keeps its room");
    }
}

/// A node on a disk of its own, which takes only so many writes a second. Dropped in this order.
struct Slow {
    server: Server,
    throttle: Option<Throttle>,
    _disk: Mount,
    _folder: tempfile::TempDir,
}

/// Writes that its disk takes in a second: a journal's write is several.
const WRITES_PER_SECOND: u32 = 20;
/// How long clients write to it.
const SLOW_RUN: Duration = Duration::from_secs(8);

impl Slow {
    async fn start(what: &str) -> Option<Self> {
        let folder = tempfile::tempdir_in(memory_folder()).expect("a folder in memory");
        let disk = Mount::ext4(what, folder.path(), "disk", 4_000)?;
        let server = Server::start(Settings::manifold().with_arguments(&SMALL).under(disk.path())).await;
        let throttle = Throttle::over(&server).and_then(|throttle| throttle.slow_down(WRITES_PER_SECOND).map(|()| throttle));
        let throttle = throttle.inspect_err(|why| eprintln!("LEFT OUT: {what}: {why}")).ok()?;
        Some(Self { server, throttle: Some(throttle), _disk: disk, _folder: folder })
    }

    /// From now on it is as fast as it can.
    fn hurry(&mut self) {
        self.throttle.take();
    }
}

/// A record that says which one it is: its number, and so many bytes behind it.
fn record(number: u64, bytes: usize) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(bytes, b'.');
    value
}

/// Every acknowledged record (offset, number) is in the partition, where it was said to be, and none is there twice.
fn assert_held(what: &str, acknowledged: &[(i64, u64)], held: &[Vec<u8>]) {
    let number = |value: &Vec<u8>| u64::from_be_bytes(*value.first_chunk().expect("a record of ours"));
    for (offset, sent) in acknowledged {
        let value = held.get(*offset as usize).unwrap_or_else(|| panic!("{what}: {sent} is lost, acknowledged at {offset}"));
        assert_eq!(number(value), *sent, "{what}: another record is at {offset}");
    }
    let distinct: HashSet<u64> = held.iter().map(number).collect();
    println!("{what}: {} acknowledged, {} held", acknowledged.len(), held.len());
    assert_eq!(distinct.len(), held.len(), "{what}: a record is there twice");
}

/// Many producers on a disk that is far slower: their requests wait, memory stays bounded, and what was acknowledged is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_makes_producers_wait_and_loses_nothing() {
    let _turn = turn().await;
    let Some(mut slow) = Slow::start("many producers on a slow disk").await else { return };
    let book = topic(&[&slow.server], "slow", 1).await;
    let peak = Peak::begin(slow.server.pid());
    let numbers = Arc::<AtomicU64>::default();
    let mut producers = JoinSet::new();
    for _ in 0..32 {
        producers.spawn(produce_on(book.clone(), numbers.clone()));
    }
    let (mut acknowledged, mut refused, mut longest) = (Vec::new(), 0, Duration::ZERO);
    while let Some(done) = producers.join_next().await {
        let (here, not, wait) = done.expect("a producer does not panic");
        acknowledged.extend(here);
        refused += not;
        longest = longest.max(wait);
    }
    let grew = peak.growth();
    println!("{} acknowledged, {refused} refused, the longest wait {longest:.1?}", acknowledged.len());
    slow.hurry();
    assert_held("a slow disk", &acknowledged, &values(&book).await[0]);
    assert!(!acknowledged.is_empty() && longest > Duration::from_millis(500), "it is slow, and it goes on");
    let waits = slow.server.metric("manifold_kafka_produce_waits_total").expect("a figure");
    assert!(waits > 0.0, "requests waited for room");
    // Of each connection, what was read of the next request.
    assert_grew("producers on a slow disk", grew, BUFFERS_BYTES + ADMISSION_BYTES + HOUSE_BYTES + 32 * MIB);
}

/// Sends batches, thirty under way, until the time is over; what was acknowledged, how many were refused, and the longest wait.
async fn produce_on(book: Arc<Book>, numbers: Arc<AtomicU64>) -> (Vec<(i64, u64)>, usize, Duration) {
    let begin = Instant::now();
    let mut link = link(&book).await;
    let mut under_way = std::collections::VecDeque::new();
    let (mut acknowledged, mut refused, mut longest) = (Vec::new(), 0, Duration::ZERO);
    loop {
        while under_way.len() < 30 && begin.elapsed() < SLOW_RUN {
            let number = numbers.fetch_add(1, Relaxed);
            let batch = batch(None, [&record(number, 100 << 10)[..]]);
            // A node that does not read has let the socket fill: what was sent in part is not sent at all.
            let Some(answer) = link.send(PRODUCE, &produce("slow", 0, -1, &batch)).await else { break };
            under_way.push_back((number, Instant::now(), answer));
        }
        let Some((number, sent, answer)) = under_way.pop_front() else { return (acknowledged, refused, longest) };
        // An answer that never comes is no acknowledgement.
        let Ok(Ok(answer)) = timeout(Duration::from_secs(60), answer).await else { return (acknowledged, refused, longest) };
        longest = longest.max(sent.elapsed());
        match produced(&answer) {
            (0, offset) => acknowledged.push((offset, number)),
            _ => refused += 1,
        }
    }
}

/// The same over HTTP: who is too many is told to come back later, and what was answered as stored is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_makes_posters_come_back_later_and_loses_nothing() {
    let _turn = turn().await;
    let Some(mut slow) = Slow::start("records over HTTP on a slow disk").await else { return };
    let book = topic(&[&slow.server], "slow", 1).await;
    let peak = Peak::begin(slow.server.pid());
    let numbers = Arc::<AtomicU64>::default();
    let mut posters = JoinSet::new();
    for _ in 0..120 {
        posters.spawn(post_on(slow.server.http_port(), numbers.clone()));
    }
    let (mut acknowledged, mut later, mut unknown) = (Vec::new(), 0, 0);
    while let Some(done) = posters.join_next().await {
        let (here, asked_later, not_known) = done.expect("a poster does not panic");
        acknowledged.extend(here);
        later += asked_later;
        unknown += not_known;
    }
    let grew = peak.growth();
    println!("{} acknowledged, {later} told to come back, {unknown} unknown", acknowledged.len());
    slow.hurry();
    assert_held("HTTP on a slow disk", &acknowledged, &values(&book).await[0]);
    assert!(!acknowledged.is_empty() && later > 0, "some are stored, and some told to come back");
    // Of each connection, what was read of its body.
    assert_grew("HTTP on a slow disk", grew, BUFFERS_BYTES + ADMISSION_BYTES + HOUSE_BYTES + 32 * MIB);
}

/// Posts until the time is over; what was acknowledged, how often it was told to come back, and of how many it knows nothing.
async fn post_on(port: u16, numbers: Arc<AtomicU64>) -> (Vec<(i64, u64)>, usize, usize) {
    let begin = Instant::now();
    let (mut acknowledged, mut later, mut unknown) = (Vec::new(), 0, 0);
    let mut http = Http::open(port).await.expect("a connection");
    while begin.elapsed() < SLOW_RUN {
        let number = numbers.fetch_add(1, Relaxed);
        let value = record(number, 900 << 10);
        let answer = http.ask("POST", "/topics/slow/records", "application/octet-stream", &value).await.expect("an answer");
        match answer.status {
            200 => acknowledged.push((answer.json()["offset"].as_i64().expect("an offset"), number)),
            429 => {
                let seconds: u64 = answer.field("retry-after").and_then(|field| field.parse().ok()).expect("a time to come back");
                assert!((1..=10).contains(&seconds), "{answer:?}");
                later += 1;
                // Sooner than it was told.
                sleep(Duration::from_millis(100)).await;
            }
            503 | 504 => unknown += 1,
            _ => panic!("{answer:?}"),
        }
        if answer.field("connection").is_some_and(|field| field.eq_ignore_ascii_case("close")) {
            http = Http::open(port).await.expect("a connection");
        }
    }
    (acknowledged, later, unknown)
}
