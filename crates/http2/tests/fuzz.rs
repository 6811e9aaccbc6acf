//! The engine over its corpus and over deterministic mutations of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{fs, path::Path};

use http2::fuzz;

const MUTATIONS_PER_CASE: usize = 5000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Conversations that are in order, in pieces of the first byte's length.
fn seeds() -> Vec<Vec<u8>> {
    let settings = frame(4, 0, 0, &[0, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]);
    let head = [&[0x83, 0x86, 0x44, 2, b'/', b'a', 0x40, 1, b'n', 0x83][..], &[0x1c, 0x64, 0x5f]].concat();
    let ask = |stream: u32| [frame(1, 4, stream, &head), frame(0, 1, stream, b"body")].concat();
    let whole = [ask(1), ask(3), ask(5), frame(1, 5, 7, &[0x83, 0x86, 0x84, 0xbe]), frame(8, 0, 0, &[0, 1, 0, 0])].concat();
    let parts = [frame(1, 0, 1, &head[..4]), frame(9, 0, 1, &head[4..7]), frame(9, 4, 1, &head[7..])].concat();
    let ends = [frame(0, 8, 1, &[2, b'x', 0, 0]), frame(1, 5, 1, &[0, 1, b't', 1, b'v']), frame(3, 0, 1, &[0, 0, 0, 8])].concat();
    let control = [frame(6, 0, 0, &[7; 8]), frame(6, 1, 0, &[0; 8]), frame(2, 0, 9, &[0, 0, 0, 1, 2]), frame(7, 0, 0, &[0; 8])];
    [whole, [parts, ends].concat(), control.concat()].iter().map(|rest| [&[200], &settings[..], rest].concat()).collect()
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!cases.is_empty(), "the corpus is missing");
    cases
}

/// A small generator of its own, so that a failure repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn mutate(&mut self, case: &[u8]) -> Vec<u8> {
        let mut out = case.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(5) {
                0 => out.truncate(at),
                1 => out.insert(at, byte),
                2 => out.extend_from_within(at..),
                _ if out.is_empty() => out.push(byte),
                3 => out[at] = byte,
                _ => out[at] ^= 1 << (byte % 8),
            }
        }
        out
    }
}

#[test]
fn the_corpus_and_its_mutations_do_no_harm() {
    let mut chance = Chance(1);
    for case in seeds().into_iter().chain(corpus()) {
        fuzz::connection(&case);
        fuzz::header_block(&case);
        for _ in 0..MUTATIONS_PER_CASE {
            let mutated = chance.mutate(&case);
            fuzz::connection(&mutated);
            fuzz::header_block(mutated.get(40..).unwrap_or_default());
        }
    }
}

#[test]
fn requests_are_found_in_whatever_pieces_they_come() {
    for size in 1..=255 {
        let found: Vec<usize> = seeds()
            .iter_mut()
            .map(|seed| {
                fuzz::connection(&{
                    seed[0] = size;
                    seed.clone()
                })
            })
            .collect();
        assert_eq!(found, [4, 1, 0], "in pieces of {size}");
    }
}
