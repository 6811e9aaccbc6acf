use super::*;

fn frame(body: &[u8]) -> Frame {
    Frame { kind: FrameKind::Call, id: 0x0102, shard: 3, message: 7, body: Bytes::copy_from_slice(body) }
}

fn encode(frame: &Frame) -> Vec<u8> {
    [&frame.head()[..], &frame.body].concat()
}

fn parse(channel: Channel, bytes: &[u8]) -> (Parser, Result<Option<Frame>, BadFrame>) {
    let mut parser = Parser::new(channel);
    parser.room().put_slice(bytes);
    let next = parser.next();
    (parser, next)
}

/// A head with right checksums and any length, kind and flags.
fn head(length: u32, kind: u8, flags: u8) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&length.to_le_bytes());
    (head[4], head[5]) = (kind, flags);
    let check = crc32c::crc32c(&head[..20]);
    head[20..24].copy_from_slice(&check.to_le_bytes());
    let check = crc32c::crc32c(&head[..24]);
    head[24..].copy_from_slice(&check.to_le_bytes());
    head
}

#[test]
fn the_drawing_s_frame_is_encoded_so() {
    let drawn = [
        [0x02, 0, 0, 0, 0x01, 0, 0x07, 0].as_slice(),
        &[0x02, 0x01, 0, 0, 0, 0, 0, 0],
        &[0x03, 0, 0, 0, 0x01, 0xbe, 0x06, 0x1e],
        &[0x9a, 0xd2, 0xd6, 0x53],
        b"hi",
    ];
    assert_eq!(encode(&frame(b"hi")), drawn.concat(), "{:02x?}", encode(&frame(b"hi")));
}

#[test]
fn every_flipped_bit_is_noticed_and_nothing_comes_out() {
    let bytes = encode(&frame(b"what was sent"));
    assert_eq!(parse(Channel::Small, &bytes).1, Ok(Some(frame(b"what was sent"))));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (_, next) = parse(Channel::Small, &flipped);
        // Heads are checked on their own, so a wrong length does not even make the reader wait for more.
        assert!(next.is_err(), "bit {bit}: {next:?}");
    }
}

#[test]
fn a_cut_frame_is_waited_for_and_pieces_make_frames() {
    let frames = [frame(b""), frame(&[5; 70_000]), Frame::bare(FrameKind::Ping, u64::MAX)];
    let bytes: Vec<u8> = frames.iter().flat_map(encode).collect();
    for size in [1, 27, 28, 29, 4096, bytes.len()] {
        let (mut parser, mut out) = (Parser::new(Channel::Small), Vec::new());
        for piece in bytes.chunks(size) {
            parser.room().put_slice(piece);
            while let Some(frame) = parser.next().unwrap() {
                out.push(frame);
            }
        }
        assert_eq!(out, frames, "in pieces of {size}");
    }
    for cut in 0..HEAD_BYTES {
        assert_eq!(parse(Channel::Small, &bytes[..cut]).1, Ok(None));
    }
}

#[test]
fn lengths_are_checked_before_memory_is_taken() {
    for (channel, most) in
        [(Channel::Small, 256 << 10), (Channel::Bulk, (16 << 20) + (64 << 10)), (Channel::Snapshot, (1 << 20) + (64 << 10))]
    {
        for length in [most + 1, 1 << 31, u32::MAX] {
            let (mut parser, next) = parse(channel, &head(length, FrameKind::Message as u8, 0));
            assert_eq!(next, Err(BadFrame::Length(length)));
            parser.room();
            assert!(parser.capacity() <= 4 * limits::READ_BYTES, "{} bytes were taken", parser.capacity());
        }
        assert_eq!(parse(channel, &head(most, FrameKind::Message as u8, 0)).1, Ok(None), "the longest frame is taken");
    }
    assert_eq!(parse(Channel::Bulk, &head(1, FrameKind::Ping as u8, 0)).1, Err(BadFrame::Length(1)));
    assert_eq!(parse(Channel::Bulk, &head(5, FrameKind::Credit as u8, 0)).1, Err(BadFrame::Length(5)));
}

#[test]
fn unknown_kinds_and_flags_are_refused() {
    for kind in [0, 12, 255] {
        assert_eq!(parse(Channel::Bulk, &head(0, kind, 0)).1, Err(BadFrame::Kind(kind)));
    }
    assert_eq!(parse(Channel::Bulk, &head(0, 1, 4)).1, Err(BadFrame::Kind(4)));
}

#[test]
fn a_short_body_does_not_hold_on_to_the_read_that_brought_it() {
    let bytes: Vec<u8> = [frame(b"x"), frame(&[1; 60_000])].iter().flat_map(encode).collect();
    let (mut parser, first) = parse(Channel::Small, &bytes);
    let second = parser.next().unwrap().unwrap();
    assert!(first.unwrap().unwrap().body.try_into_mut().is_ok_and(|body| body.capacity() < 100));
    assert_eq!(second.body.len(), 60_000);
}

#[test]
fn what_was_taken_for_a_long_frame_is_not_kept() {
    let long = frame(&vec![1; 4 << 20]);
    let (mut parser, first) = parse(Channel::Bulk, &[encode(&long), encode(&frame(b"x"))].concat());
    assert_eq!(first.unwrap().unwrap(), long);
    assert_eq!(parser.next().unwrap().unwrap(), frame(b"x"));
    parser.room();
    assert!(parser.capacity() <= 4 * limits::READ_BYTES, "{} bytes are kept", parser.capacity());
}
