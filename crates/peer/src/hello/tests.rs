use super::*;

struct Everybody;

impl Roster for Everybody {
    fn check(&self, node: NodeId) -> Standing {
        match node {
            66 => Standing::Removed,
            77 | 78 => Standing::Unknown,
            _ => Standing::Member,
        }
    }

    fn admits_unknown(&self, node: NodeId) -> bool {
        node == 78
    }
}

fn identity(node: NodeId, versions: RangeInclusive<u16>) -> Identity {
    Identity { cluster: 0xc1, node, name: "one".to_owned(), versions, credit: 0x40_0000 }
}

fn hello() -> Hello {
    identity(1, 1..=2).hello(2, Channel::Bulk, 0)
}

fn refused(judged: Result<u16, Refused>) -> Refusal {
    judged.unwrap_err().reason
}

#[test]
fn the_drawing_s_hello_is_encoded_so() {
    let drawn = [
        b"MANIPEER".as_slice(),
        &[0x01, 0, 0x27, 0],
        &[0x01, 0, 0x02, 0, 0, 0, 0x02, 0x03],
        &[0xc1, 0, 0, 0, 0, 0, 0, 0],
        &[0x01, 0, 0, 0, 0, 0, 0, 0],
        &[0x02, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0x40, 0],
        b"one",
        &[0xb9, 0xe7, 0xe4, 0xf6],
    ];
    let encoded = Message::Hello(hello()).encode();
    assert_eq!(encoded, drawn.concat(), "{encoded:02x?}");
}

#[test]
fn messages_come_back_and_every_flipped_bit_and_every_cut_is_refused() {
    let messages = [
        Message::Hello(hello()),
        Message::Welcome(hello()),
        Message::Ready,
        Message::Refuse(Refusal::Removed, "node 3 was removed".to_owned()),
    ];
    for message in messages {
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes).unwrap(), message);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Message::decode(&flipped).is_err(), "bit {bit} of {message:?}");
        }
        for cut in 0..bytes.len() {
            assert!(Message::decode(&bytes[..cut]).is_err(), "{cut} bytes of {message:?}");
        }
    }
}

#[test]
fn what_a_later_version_adds_to_a_hello_is_ignored() {
    let mut body = Vec::new();
    hello().encode(&mut body, 1);
    body.extend_from_slice(b"and more");
    assert_eq!(Hello::decode(&body).unwrap(), hello());
}

#[test]
fn long_names_are_cut_and_control_characters_are_not_printed() {
    let long = Hello { name: "ä".repeat(300), ..hello() };
    let Ok(Message::Hello(read)) = Message::decode(&Message::Hello(long).encode()) else { panic!("not a hello") };
    assert_eq!(read.name, "ä".repeat(127));
    let dirty = Message::Refuse(Refusal::Full, "\u{1b}[31mred".to_owned());
    assert_eq!(Message::decode(&dirty.encode()).unwrap(), Message::Refuse(Refusal::Full, "\\u{1b}[31mred".to_owned()));
}

#[test]
fn the_accepting_side_refuses_by_reason() {
    let here = identity(2, 1..=2);
    assert_eq!(here.judge_hello(&hello(), &Everybody), Ok(2));
    assert_eq!(refused(here.judge_hello(&Hello { cluster: 0xc2, ..hello() }, &Everybody)), Refusal::WrongCluster);
    assert_eq!(refused(here.judge_hello(&Hello { to: 3, ..hello() }, &Everybody)), Refusal::WrongNode);
    assert_eq!(refused(here.judge_hello(&Hello { node: 2, ..hello() }, &Everybody)), Refusal::WrongNode);
    assert_eq!(refused(here.judge_hello(&Hello { node: 66, ..hello() }, &Everybody)), Refusal::Removed);
    assert_eq!(refused(here.judge_hello(&Hello { node: 77, ..hello() }, &Everybody)), Refusal::Unknown);
    assert_eq!(here.judge_hello(&Hello { node: 78, ..hello() }, &Everybody), Ok(2));
}

#[test]
fn the_highest_common_version_is_chosen() {
    for (theirs, ours, chosen) in [((1, 1), 1..=2, 1), ((1, 3), 1..=2, 2), ((2, 5), 3..=4, 4), ((4, 4), 1..=4, 4)] {
        assert_eq!(identity(2, ours).judge_hello(&Hello { versions: theirs, ..hello() }, &Everybody), Ok(chosen));
    }
    for (theirs, ours) in [((1, 1), 2..=3), ((4, 9), 1..=3), ((3, 2), 1..=9), ((0, 0), 1..=1)] {
        let judged = identity(2, ours).judge_hello(&Hello { versions: theirs, ..hello() }, &Everybody);
        assert_eq!(refused(judged), Refusal::Version, "{theirs:?}");
    }
}

#[test]
fn the_dialling_side_refuses_by_reason() {
    let here = identity(1, 1..=2);
    let welcome = identity(2, 1..=1).hello(1, Channel::Bulk, 1);
    let judge = |welcome: Hello| here.judge_welcome(&welcome, 2, Channel::Bulk, &Everybody);
    assert_eq!(judge(welcome.clone()), Ok(1));
    assert_eq!(refused(judge(Hello { cluster: 5, ..welcome.clone() })), Refusal::WrongCluster);
    assert_eq!(refused(judge(Hello { node: 3, ..welcome.clone() })), Refusal::WrongNode);
    assert_eq!(refused(judge(Hello { to: 3, ..welcome.clone() })), Refusal::WrongNode);
    assert_eq!(refused(judge(Hello { chosen: 0, ..welcome.clone() })), Refusal::Version);
    assert_eq!(refused(judge(Hello { chosen: 3, ..welcome.clone() })), Refusal::Version);
    assert_eq!(refused(judge(Hello { channel: Channel::Small, ..welcome })), Refusal::Version);
    let removed = identity(66, 1..=1).hello(1, Channel::Bulk, 1);
    assert_eq!(refused(here.judge_welcome(&removed, 66, Channel::Bulk, &Everybody)), Refusal::Removed);
}
