//! The decoders over their corpus, over deterministic mutations of it, and over random frames with right checksums.
//!
//! `PEER_WRITE_CORPUS=1 cargo test -p peer --test fuzz` writes the corpus in `fuzz-corpus/` anew after a change of format.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{fs, path::PathBuf};

use peer::fuzz;

const MUTATIONS_PER_CASE: usize = 3000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus")
}

/// A frame as `docs/formats/peer.md` draws it, made here on its own.
fn frame(kind: u8, flags: u8, id: u64, length: u32, body: &[u8]) -> Vec<u8> {
    let mut out = length.to_le_bytes().to_vec();
    out.extend([kind, flags, 7, 0]);
    out.extend(id.to_le_bytes());
    out.extend(3u32.to_le_bytes());
    out.extend(crc32c::crc32c(&out).to_le_bytes());
    out.extend(crc32c::crc32c_append(crc32c::crc32c(&out), body).to_le_bytes());
    out.extend(body);
    out
}

fn whole(kind: u8, id: u64, body: &[u8]) -> Vec<u8> {
    frame(kind, 0, id, u32::try_from(body.len()).unwrap(), body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = b"MANIPEER".to_vec();
    out.extend([kind, 0]);
    out.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    out.extend(body);
    out.extend(crc32c::crc32c(&out).to_le_bytes());
    out
}

fn hello(versions: [u8; 4], channel: u8, name: &[u8]) -> Vec<u8> {
    let mut body = versions.to_vec();
    body.extend([0, 0, channel, u8::try_from(name.len()).unwrap()]);
    for id in [0xc1u64, 1, 2] {
        body.extend(id.to_le_bytes());
    }
    body.extend((4u32 << 20).to_le_bytes());
    body.extend(name);
    message(1, &body)
}

/// The corpus: a name, and the bytes. Those for frames begin with a byte that chooses channel and pieces.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let all: Vec<u8> = (1..=11)
        .flat_map(|kind| {
            whole(
                kind,
                9,
                if kind == 6 {
                    &[1, 0, 0, 0]
                } else if kind <= 5 && kind != 4 {
                    b"body"
                } else {
                    b""
                },
            )
        })
        .collect();
    vec![
        ("frames-every-kind", [vec![4], all].concat()),
        ("frames-huge-length", [vec![0xfd], frame(5, 0, 1, 1 << 31, b"")].concat()),
        ("frames-unknown-flag", [vec![0xfc], frame(1, 0x80, 1, 0, b"")].concat()),
        ("frames-unknown-kind", [vec![0xfc], whole(99, 1, b"")].concat()),
        ("frames-credit-of-three", [vec![0], whole(6, 1, &[1, 2, 3])].concat()),
        ("frames-cut", [vec![0xff], whole(1, u64::MAX, &[0; 500])[..300].to_vec()].concat()),
        ("hello", hello([1, 0, 2, 0], 2, b"one")),
        ("hello-no-version", hello([0, 0, 0, 0], 1, b"")),
        ("hello-bad-name", hello([1, 0, 1, 0], 4, &[0xff; 255])),
        ("hello-unknown-channel", hello([1, 0, 1, 0], 9, b"one")),
        ("ready", message(3, b"")),
        ("refuse", message(4, b"\x03node 3 was removed")),
        ("refuse-unknown-reason", message(4, b"\xc8for a reason of its own")),
        ("http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
    ]
}

/// A small generator of its own, so that a failure repeats.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

fn feed(data: &[u8]) -> (usize, bool) {
    (fuzz::frames(data), fuzz::handshake(data))
}

#[test]
fn the_corpus_and_its_mutations_do_no_harm() {
    if std::env::var_os("PEER_WRITE_CORPUS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        cases().iter().for_each(|(name, bytes)| fs::write(folder().join(name), bytes).unwrap());
    }
    for (name, bytes) in cases() {
        assert_eq!(
            fs::read(folder().join(name)).unwrap(),
            bytes,
            "{name} is not what this version writes; see the head of this file"
        );
        feed(&bytes);
        for seed in 0..MUTATIONS_PER_CASE {
            let (mut chance, mut mutated) = (Chance(seed as u64), bytes.clone());
            for _ in 0..=chance.below(4) {
                let place = chance.below(mutated.len());
                match chance.below(4) {
                    0 => mutated[place] = chance.byte(),
                    1 => mutated[place] ^= 1 << chance.below(8),
                    2 => mutated.truncate(place.max(1)),
                    _ => mutated.insert(place, chance.byte()),
                }
            }
            feed(&mutated);
        }
    }
}

#[test]
fn the_corpus_means_what_its_names_say() {
    for (name, bytes) in cases() {
        let (frames, handshake) = feed(&bytes);
        let whole = match name {
            "frames-every-kind" => 11,
            // Frames of their own; what they mean is judged where they go.
            "frames-credit-of-three" => 1,
            _ => 0,
        };
        assert_eq!(frames, whole, "{name}");
        let good = ["hello", "hello-no-version", "hello-bad-name", "ready", "refuse", "refuse-unknown-reason"];
        assert_eq!(handshake, good.contains(&name), "{name}");
    }
}

#[test]
fn random_bytes_and_random_frames_do_no_harm() {
    let mut chance = Chance(42);
    for _ in 0..20_000 {
        let size = chance.below(200);
        let noise: Vec<u8> = (0..size).map(|_| chance.byte()).collect();
        feed(&noise);
        // Right checksums let what is behind them be reached.
        let kind = chance.byte() % 14;
        let body = &noise[..chance.below(noise.len() + 1)];
        let mut data = vec![chance.byte()];
        data.extend(whole(kind, chance.next(), body));
        data.extend(frame(chance.byte(), 0, 1, u32::try_from(chance.next() & 0xffff_ffff).unwrap(), body));
        feed(&data);
        feed(&message(kind % 6, body));
    }
}
