//! Names as Java writes them.

use proptest::prelude::*;

use super::*;

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        length @ 0..=0x7f => vec![length as u8],
        length @ 0x80..=0xff => vec![0x81, length as u8],
        length => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [&[tag], &length[..], content].concat()
}

fn attribute(identifier: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    wrapped(SEQUENCE, &[wrapped(OBJECT_IDENTIFIER, identifier), wrapped(tag, value)].concat())
}

/// A name of parts with one attribute each.
fn name(attributes: &[(u8, u8, &[u8])]) -> Vec<u8> {
    attributes.iter().flat_map(|(last, tag, value)| wrapped(SET, &attribute(&[0x55, 0x04, *last], *tag, value))).collect()
}

fn written(der: &[u8]) -> String {
    Name::read(der).unwrap().to_string()
}

const CN: u8 = 3;
const O: u8 = 10;
const OU: u8 = 11;

#[test]
fn the_most_specific_part_stands_first() {
    let der =
        name(&[(6, PRINTABLE_STRING, b"DE"), (O, UTF8_STRING, b"acme"), (OU, UTF8_STRING, b"dev"), (CN, UTF8_STRING, b"alice")]);
    assert_eq!(written(&der), "CN=alice,OU=dev,O=acme,C=DE");
    assert_eq!(written(&[]), "");
    let several = name(&[(CN, UTF8_STRING, b"general"), (CN, UTF8_STRING, b"specific"), (O, UTF8_STRING, b"acme")]);
    assert_eq!(Name::read(&several).unwrap().common_name().as_deref(), Some("specific"));
    assert_eq!(Name::read(&name(&[(O, UTF8_STRING, b"acme")])).unwrap().common_name(), None);
}

#[test]
fn every_word_is_known() {
    let words: Vec<(u8, &str)> = vec![(3, "CN"), (6, "C"), (7, "L"), (8, "ST"), (9, "STREET"), (10, "O"), (11, "OU")];
    for (last, word) in words {
        assert_eq!(written(&name(&[(last, UTF8_STRING, b"x")])), format!("{word}=x"));
    }
    let pilot = |last| [&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01][..], &[last]].concat();
    assert_eq!(written(&wrapped(SET, &attribute(&pilot(25), IA5_STRING, b"net"))), "DC=net");
    assert_eq!(written(&wrapped(SET, &attribute(&pilot(1), UTF8_STRING, b"u1"))), "UID=u1");
}

#[test]
fn what_has_no_word_or_no_text_is_written_in_hexadecimal() {
    // emailAddress, 1.2.840.113549.1.9.1
    let mail = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
    let der = wrapped(SET, &attribute(&mail, IA5_STRING, b"a@b"));
    assert_eq!(written(&der), "1.2.840.113549.1.9.1=#1603614062");
    assert_eq!(written(&name(&[(CN, 0x04, b"\x01\xff")])), "CN=#040201ff");
    assert_eq!(written(&name(&[(CN, UTF8_STRING, b"\xff")])), "CN=#0c01ff");
    assert_eq!(written(&wrapped(SET, &attribute(&[0x88, 0x37], UTF8_STRING, b""))), "2.999=#0c00");
}

#[test]
fn what_is_notation_is_escaped() {
    let cases: [(&[u8], &str); 8] = [
        (b"Sue, Grabbit and Runn", "Sue\\, Grabbit and Runn"),
        (b"a+b=c", "a\\+b\\=c"),
        (b"<\"\\\";#>", "\\<\\\"\\\\\\\"\\;\\#\\>"),
        (b"  two  ", "\\ \\ two\\ \\ "),
        (b" ", "\\ "),
        (b"a b", "a b"),
        (b"nul\0l", "nul\\00l"),
        ("Lu\u{10d}i\u{107}".as_bytes(), "Lu\u{10d}i\u{107}"),
    ];
    for (value, expected) in cases {
        assert_eq!(written(&name(&[(CN, UTF8_STRING, value)])), format!("CN={expected}"));
    }
}

#[test]
fn each_kind_of_text_is_read() {
    let cases: [(u8, &[u8], &str); 6] = [
        (PRINTABLE_STRING, b"plain", "plain"),
        (IA5_STRING, b"a@b", "a@b"),
        (GENERAL_STRING, b"general", "general"),
        (TELETEX_STRING, b"M\xfcller", "M\u{fc}ller"),
        (BMP_STRING, b"\0M\0\xfc\x01\x07", "M\u{fc}\u{107}"),
        (UNIVERSAL_STRING, b"\0\0\0M\0\x01\xf6\x00", "M\u{1f600}"),
    ];
    for (tag, value, expected) in cases {
        assert_eq!(written(&name(&[(CN, tag, value)])), format!("CN={expected}"));
    }
    assert_eq!(written(&name(&[(CN, BMP_STRING, b"odd")])), "CN=#1e036f6464");
}

#[test]
fn several_attributes_of_one_part_are_joined() {
    let part = [attribute(&[0x55, 4, OU], UTF8_STRING, b"Sales"), attribute(&[0x55, 4, CN], UTF8_STRING, b"J. Smith")].concat();
    let der = [name(&[(O, UTF8_STRING, b"Widget Inc.")]), wrapped(SET, &part)].concat();
    assert_eq!(written(&der), "OU=Sales+CN=J. Smith,O=Widget Inc.");
    assert_eq!(Name::read(&der).unwrap().common_name().as_deref(), Some("J. Smith"));
}

#[test]
fn what_is_no_name_is_refused() {
    let whole = name(&[(CN, UTF8_STRING, b"alice")]);
    for cut in 1..whole.len() {
        assert!(Name::read(&whole[..cut]).is_none(), "{cut} bytes");
    }
    let value = wrapped(UTF8_STRING, b"x");
    let beyond = [&[0x2a][..], &[0xff; 10], &[0x7f]].concat();
    for attribute in [
        attribute(&[], UTF8_STRING, b"x"),
        attribute(&[0x2a, 0x86], UTF8_STRING, b"x"),
        attribute(&beyond, UTF8_STRING, b"x"),
        wrapped(SEQUENCE, &[attribute(&[0x55, 4, CN], UTF8_STRING, b"x"), value.clone()].concat()),
        wrapped(SEQUENCE, &[wrapped(OBJECT_IDENTIFIER, &[0x55, 4, CN]), value.clone(), value].concat()),
    ] {
        assert!(Name::read(&wrapped(SET, &attribute)).is_none(), "{attribute:02x?}");
    }
    for length in [[0x80, 0, 0], [0x83, 0, 0]] {
        assert!(Name::read(&[&[SET], &length[..]].concat()).is_none(), "a length that no certificate has");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_the_end_of_it(der in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Name::read(&der).map(|name| (name.to_string(), name.common_name()));
    }

    /// Two names that differ are never written alike.
    #[test]
    fn a_written_name_is_of_one_person(one in "[a-c,=+ \\\\#]{0,6}", other in "[a-c,=+ \\\\#]{0,6}", whole in "[a-c,=+ \\\\#]{0,13}") {
        let two = name(&[(O, UTF8_STRING, other.as_bytes()), (CN, UTF8_STRING, one.as_bytes())]);
        let single = name(&[(CN, UTF8_STRING, whole.as_bytes())]);
        prop_assert_ne!(written(&two), written(&single));
    }

    #[test]
    fn long_values_are_read(length in 0_usize..70_000) {
        prop_assume!(length < 65_000);
        let value = vec![b'x'; length];
        let der = name(&[(CN, UTF8_STRING, &value)]);
        prop_assert_eq!(written(&der).len(), length + 3);
    }
}
