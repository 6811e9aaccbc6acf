use std::io::Cursor;

use bytes::BytesMut;
use table::Pair;

use super::*;

const HEADER: Header = Header { cluster_id: 0x0102, shard: ShardId(1), applied: EntryId { term: 3, index: 9 } };

fn pair(key: &str, value: &str) -> Pair {
    (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
}

fn many(count: usize) -> Vec<Pair> {
    (0..count).map(|n| pair(&format!("key{n:06}"), &"v".repeat(n % 3000))).collect()
}

fn file(pairs: &[Pair], piece_bytes: usize) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut pairs = pairs.iter().cloned().map(Ok);
    Writer::write(&HEADER, &mut pairs, piece_bytes, &mut |piece| {
        assert!(piece.len() <= piece_bytes.max(HASH_BYTES));
        out.extend_from_slice(&piece);
        true
    })
    .unwrap();
    out.to_vec()
}

fn read(file: &[u8]) -> Result<Vec<Pair>> {
    Reader::open(Cursor::new(file))?.collect()
}

/// The example of `docs/formats/snapshot.md`, byte for byte.
#[test]
fn encodes_the_drawing() {
    let file = file(&[pair("a", "xy")], 1000);
    assert_eq!(file.len(), 512 + 32);
    assert_eq!(&file[..16], b"MANIFOLD\x01\0\0\0\x01\0\0\0");
    assert_eq!(&file[16..40], b"\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0");
    assert_eq!(file[40..60], [0; 20]);
    assert_eq!(&file[64..72], b"\x0b\0\0\0\x01\0\0\0");
    assert_eq!(&file[76..87], b"\x01\0\0\0\x02\0\0\0axy");
    assert_eq!(&file[87..95], b"\x10\0\0\0\0\0\0\0");
    assert_eq!(&file[99..115], b"\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0");
    assert_eq!(file[115..512], [0; 397]);
}

#[test]
fn gives_back_what_was_written_whatever_the_pieces() {
    for count in [0, 1, 2, 200] {
        let pairs = many(count);
        let expected = file(&pairs, 64 * 1024);
        assert_eq!(expected.len() % BLOCK_BYTES, HASH_BYTES);
        assert_eq!(file(&pairs, 777), expected);
        let reader = Reader::open(Cursor::new(&expected)).unwrap();
        assert_eq!(*reader.header(), HEADER);
        assert_eq!(read(&expected).unwrap(), pairs);
    }
}

#[test]
fn every_cut_and_every_flipped_bit_is_an_error() {
    let good = file(&[pair("a", "one"), pair("b", ""), pair("c", "three")], 512);
    for cut in 0..good.len() {
        assert!(read(&good[..cut]).is_err(), "cut at {cut}");
    }
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&bad).is_err(), "bit {bit}");
    }
    let mut longer = good;
    longer.push(0);
    assert!(read(&longer).unwrap_err().message.contains("more follows"));
}

#[test]
fn chunks_in_another_order_are_an_error() {
    let good = file(&many(200), 64 * 1024);
    let first = CHUNK_HEAD_BYTES + u32_at(&good, HEADER_BYTES) as usize;
    let second = CHUNK_HEAD_BYTES + u32_at(&good, HEADER_BYTES + first) as usize;
    let mut swapped = good[..HEADER_BYTES].to_vec();
    swapped.extend_from_slice(&good[HEADER_BYTES + first..HEADER_BYTES + first + second]);
    swapped.extend_from_slice(&good[HEADER_BYTES..HEADER_BYTES + first]);
    swapped.extend_from_slice(&good[HEADER_BYTES + first + second..]);
    assert_eq!(read(&swapped).unwrap_err().kind, Kind::Corrupt);
}

#[test]
fn says_what_it_is_not() {
    assert!(read(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xed\xda\x0c\xed").unwrap_err().message.contains("cut short"));
    assert_eq!(read(&[7; 600]).unwrap_err().kind, Kind::Invalid);
    let mut other = file(&[], 512);
    other[8] = 2;
    let error = read(&other).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.message.contains("version 2"));
}

#[test]
fn lengths_are_checked_before_memory_is_taken() {
    let mut file = file(&[pair("a", "b")], 512);
    file[HEADER_BYTES..HEADER_BYTES + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(read(&file).unwrap_err().kind, Kind::Corrupt);
}

#[test]
fn what_the_source_fails_with_is_what_the_writer_fails_with() {
    let mut pairs = vec![Ok(pair("a", "b")), Err(Error::new(Kind::Corrupt, "rot"))].into_iter();
    let error = Writer::write(&HEADER, &mut pairs, 512, &mut |_| true).unwrap_err();
    assert_eq!(error.message, "rot");
}

#[test]
fn a_receiver_that_leaves_ends_the_writing() {
    let mut drawn = 0;
    let mut pairs = many(100_000).into_iter().map(|pair| {
        drawn += 1;
        Ok(pair)
    });
    Writer::write(&HEADER, &mut pairs, 4096, &mut |_| false).unwrap();
    assert!(drawn < 1000, "{drawn} pairs were read for nobody");
}
