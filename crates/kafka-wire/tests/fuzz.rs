//! The decoders over their corpus and over deterministic mutations of it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test")]

use std::{fs, path::Path};

use kafka_wire::{
    batch::{BatchBuilder, Codec},
    frame::ask,
    fuzz::fuzz,
    messages::{
        api_versions::ApiVersionsRequest,
        fetch::{FetchPartition, FetchRequest, FetchTopic},
        metadata::MetadataRequest,
        produce::{PartitionProduceData, ProduceRequest, TopicProduceData},
    },
};

const MUTATIONS_PER_CASE: usize = 3_000;

fn batch(codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec);
    for number in 0..20_u8 {
        builder.push(i64::from(number), Some(&[number]), Some(&[number / 4; 40]), &[("header", None)]);
    }
    builder.finish()
}

/// What a producer and a consumer say after they connected.
fn conversation(version: i16) -> Vec<u8> {
    let mut out = Vec::new();
    ask(1, 3, Some("fuzz"), &ApiVersionsRequest::default(), &mut out).unwrap();
    ask(2, version.min(13), None, &MetadataRequest::default(), &mut out).unwrap();
    let records = batch(Codec::Lz4);
    let data = PartitionProduceData { index: 3, records: Some(&records) };
    let topic = TopicProduceData { name: "topic".into(), partition_data: vec![data], ..TopicProduceData::default() };
    let produce = ProduceRequest { acks: -1, topic_data: vec![topic], ..ProduceRequest::default() };
    ask(3, version, Some("fuzz"), &produce, &mut out).unwrap();
    let partitions = vec![FetchPartition { fetch_offset: 7, ..FetchPartition::default() }];
    let topic = FetchTopic { topic: "topic".into(), partitions, ..FetchTopic::default() };
    let fetch = FetchRequest { topics: vec![topic], cluster_id: Some("c".into()), ..FetchRequest::default() };
    ask(4, version, None, &fetch, &mut out).unwrap();
    out
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
            match self.below(6) {
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
fn what_is_good_is_found_good() {
    for version in [4, 9, 12] {
        assert_eq!(fuzz(&conversation(version)).0, 4, "version {version}");
    }
    let all: Vec<u8> = Codec::ALL.into_iter().flat_map(batch).collect();
    assert_eq!(fuzz(&all).1, 5);
}

#[test]
fn the_corpus_and_its_mutations_do_no_harm() {
    let mut chance = Chance(1);
    let seeds = [4, 9, 12].into_iter().map(conversation).chain(Codec::ALL.into_iter().map(batch));
    for case in seeds.chain(corpus()) {
        fuzz(&case);
        for _ in 0..MUTATIONS_PER_CASE {
            fuzz(&chance.mutate(&case));
        }
    }
}
