//! The bytes on disk.

use std::collections::{BTreeMap, BTreeSet};

use base::{EntryId, NodeId};
use bytes::Bytes;
use openraft::{
    EmptyNode,
    entry::RaftEntry as _,
    impls::leader_id_std::LeaderId,
    raft::{AppendEntriesRequest, VoteRequest},
};

use crate::consensus::{
    codec::*,
    types::{Command, Entry, EntryPayload, Membership, Types, Vote, log_id},
    wire,
};

fn membership(voters: &[&[NodeId]], nodes: &[NodeId]) -> Membership {
    let voters = voters.iter().map(|set| set.iter().copied().collect::<BTreeSet<_>>()).collect();
    let nodes: BTreeMap<_, _> = nodes.iter().map(|id| (*id, EmptyNode {})).collect();
    Membership::new(voters, nodes).unwrap()
}

/// The examples of `docs/formats/consensus.md`, byte for byte.
#[test]
fn encodes_the_drawings() {
    let vote = Vote { leader_id: LeaderId { term: 3, voted_for: 7 }, committed: true };
    let drawing = [1, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(&encode_vote(&vote)[..], drawing);
    assert_eq!(decode_vote(encode_vote(&vote)).unwrap(), vote);

    assert_eq!(&encode_payload(&EntryPayload::Blank)[..], [1, 0]);
    assert_eq!(&encode_payload(&EntryPayload::Normal(Command::new(b"ab")))[..], [1, 1, b'a', b'b']);

    let one = membership(&[&[7]], &[7, 8]);
    let body = [
        [1, 0, 0, 0].as_slice(), // one set of voters
        &[1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(encode_payload(&EntryPayload::Membership(one.clone())), [&[1, 2][..], &body].concat());
    let kept = encode_membership(EntryId { term: 3, index: 9 }, &one);
    assert_eq!(kept, [&[1, 3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0][..], &body].concat());
}

/// The examples of `docs/formats/messages.md`, byte for byte.
#[test]
fn encodes_the_drawings_of_messages() {
    let number = |number: u8| [number, 0, 0, 0, 0, 0, 0, 0];
    let id = |index: u8| [&[1][..], &number(3), &number(index)].concat();
    let at = |index| log_id(EntryId { term: 3, index });
    let append = AppendEntriesRequest::<Types> {
        vote: Vote { leader_id: LeaderId { term: 3, voted_for: 7 }, committed: true },
        prev_log_id: Some(at(8)),
        leader_commit: Some(at(8)),
        entries: vec![Entry::new(at(9), EntryPayload::Normal(Command::new(b"ab")))],
    };
    let entry = [&number(3)[..], &number(9), &[4, 0, 0, 0, 1, 1, b'a', b'b']].concat();
    let drawing = [&[1][..], &number(3), &number(7), &[1], &id(8), &id(8), &[1, 0, 0, 0], &entry].concat();
    assert_eq!(wire::encode_append(&append), drawing);
    assert_eq!(wire::encode_append(&wire::decode_append(drawing.into()).unwrap()), wire::encode_append(&append));

    assert_eq!(wire::encode_appended(&Ok(Some(at(9)))), [&[1, 0][..], &id(9)].concat());
    let candidate = Vote { leader_id: LeaderId { term: 4, voted_for: 8 }, committed: false };
    let asked = wire::encode_vote_request(&VoteRequest::new(candidate, Some(at(9))));
    assert_eq!(asked, [&[1][..], &number(4), &number(8), &[0], &id(9), &[0]].concat());
}

#[test]
fn what_was_encoded_is_read_again() {
    let joint = membership(&[&[1, 2, 3], &[2, 3, 4]], &[1, 2, 3, 4, 5]);
    for payload in [
        EntryPayload::Blank,
        EntryPayload::Normal(Command::new(b"")),
        EntryPayload::Normal(Command::new(&[9; 300])),
        EntryPayload::Membership(joint.clone()),
    ] {
        assert_eq!(decode_payload(encode_payload(&payload)).unwrap(), payload);
    }
    let id = EntryId { term: u64::MAX, index: 1 };
    let kept = decode_membership(encode_membership(id, &joint)).unwrap();
    assert_eq!((*kept.log_id(), kept.membership()), (Some(log_id(id)), &joint));
    assert_eq!(decode_membership(Bytes::new()).unwrap(), Default::default());
    assert_eq!(&Command::new(b"abc").batch()[..], b"abc");
}

/// Cut anywhere, longer by a byte, or of another version: an error, never a panic and never another value.
#[test]
fn refuses_what_is_damaged() {
    let joint = membership(&[&[1, 2], &[2, 3]], &[1, 2, 3]);
    let vote = encode_vote(&Vote { leader_id: LeaderId { term: 1, voted_for: 2 }, committed: false });
    let entry = encode_payload(&EntryPayload::Membership(joint.clone()));
    let kept = encode_membership(EntryId { term: 1, index: 2 }, &joint);
    type Refuses = fn(Bytes) -> bool;
    let readers: [(Bytes, Refuses); 3] = [
        (vote, |data| decode_vote(data).is_err()),
        (entry, |data| decode_payload(data).is_err()),
        (kept, |data| decode_membership(data).is_err()),
    ];
    for (whole, refused) in readers {
        for cut in 1..whole.len() {
            assert!(refused(whole.slice(..cut)), "cut at {cut} of {whole:?}");
        }
        assert!(refused([&whole[..], &[0]].concat().into()), "one byte more");
        assert!(refused([&[2], &whole[1..]].concat().into()), "another version");
    }
    assert!(decode_payload(Bytes::new()).is_err());
    assert!(decode_payload(Bytes::from_static(&[1, 3])).is_err(), "an unknown kind");
    assert!(decode_payload(Bytes::from_static(&[1, 2, 0xff, 0xff, 0xff, 0xff])).is_err(), "a huge count");
    assert!(decode_vote(Bytes::from_static(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])).is_err());
}
