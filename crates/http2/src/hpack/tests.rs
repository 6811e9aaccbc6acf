use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, Broken> {
    let mut out = Vec::new();
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    decoder.decode(block, |field| out.push(format!("{}: {}", text(&field.name), text(&field.value)))).map(|()| out)
}

/// RFC 7541, appendix C.2.
#[test]
fn fields_alone() {
    let cases = [
        ("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header"),
        ("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"),
        ("82", ":method: GET"),
    ];
    for (block, field) in cases {
        assert_eq!(decode(&mut Decoder::new(), &hex(block)).unwrap(), [field]);
    }
}

/// RFC 7541, appendices C.3 and C.4: the same three requests, without and with Huffman code.
#[test]
fn requests_that_build_on_each_other() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    let wanted: [&[&str]; 3] = [
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        &[":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new();
        for (block, wanted) in blocks.iter().zip(wanted) {
            assert_eq!(decode(&mut decoder, &hex(block)).unwrap(), wanted);
        }
    }
}

/// RFC 7541, appendix C.5, but for the table's size: entries of a table of 256 bytes are pushed out.
#[test]
fn a_small_table_forgets_the_oldest() {
    let mut decoder = Decoder::new();
    let first = "3fe1 01 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 \
                 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d";
    let location = "location: https://www.example.com";
    let wanted = [":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", location];
    assert_eq!(decode(&mut decoder, &hex(first)).unwrap(), wanted);
    let second = decode(&mut decoder, &hex("4803 3330 37c1 c0bf")).unwrap();
    assert_eq!(second, [":status: 307", wanted[1], wanted[2], location]);
    // Four entries are known: the oldest was pushed out by the new status.
    assert_eq!(decode(&mut decoder, &hex("c1")).unwrap(), [wanted[1]]);
    assert_eq!(decode(&mut decoder, &hex("c2")), Err(Broken::Index));
}

#[test]
fn broken_blocks_are_told_from_each_other() {
    let of = |block: &str| decode(&mut Decoder::new(), &hex(block)).unwrap_err();
    assert_eq!(of("80"), Broken::Index);
    assert_eq!(of("be"), Broken::Index);
    assert_eq!(of("7f ffff ffff 7f"), Broken::Number);
    assert_eq!(of("40 0a 63"), Broken::Truncated);
    assert_eq!(of("40"), Broken::Truncated);
    assert_eq!(of("82 20"), Broken::Resize);
    assert_eq!(of("3fe2 1f"), Broken::Resize);
    assert_eq!(of("00 81 00 00"), Broken::Huffman);
}

#[test]
fn a_field_larger_than_the_table_empties_it() {
    let mut decoder = Decoder::new();
    decode(&mut decoder, &hex("4001 6101 62")).unwrap();
    let mut large = vec![0x40, 1, b'c', 0x7f, 0x81, 0x1f];
    large.extend([b'v'; 4096]);
    assert_eq!(decode(&mut decoder, &large).unwrap().len(), 1);
    assert_eq!(decode(&mut decoder, &hex("be")), Err(Broken::Index));
}

const KNOWN: &[(&str, &str)] = &[("content-type", "application/grpc"), ("grpc-status", "0")];

#[test]
fn known_fields_shrink_to_a_byte_and_come_back_right() {
    let (mut encoder, mut decoder) = (Encoder::new(KNOWN), Decoder::new());
    let mut lengths = Vec::new();
    for round in 0..3 {
        let mut block = Vec::new();
        encoder.status(&mut block, 200);
        encoder.field(&mut block, b"content-type", b"application/grpc");
        lengths.push(block.len());
        assert_eq!(decode(&mut decoder, &block).unwrap(), [":status: 200", "content-type: application/grpc"]);
        block.clear();
        encoder.begin(&mut block);
        encoder.field(&mut block, b"grpc-status", if round == 1 { b"5" } else { b"0" });
        encoder.field(&mut block, b"grpc-message", b"text");
        let status = if round == 1 { "grpc-status: 5" } else { "grpc-status: 0" };
        assert_eq!(decode(&mut decoder, &block).unwrap(), [status, "grpc-message: text"]);
    }
    assert_eq!(lengths[1..], [2, 2]);
    let mut block = Vec::new();
    encoder.status(&mut block, 404);
    assert_eq!(decode(&mut decoder, &block).unwrap(), [":status: 404"]);
}

#[test]
fn a_table_made_smaller_begins_again() {
    let (mut encoder, mut decoder) = (Encoder::new(KNOWN), Decoder::new());
    for bytes_max in [4096, 70, 0, 0] {
        encoder.resize(bytes_max);
        for _ in 0..2 {
            let mut block = Vec::new();
            encoder.begin(&mut block);
            encoder.field(&mut block, b"grpc-status", b"0");
            encoder.field(&mut block, b"content-type", b"application/grpc");
            let wanted = ["grpc-status: 0", "content-type: application/grpc"];
            assert_eq!(decode(&mut decoder, &block).unwrap(), wanted, "with {bytes_max} bytes");
        }
    }
}
