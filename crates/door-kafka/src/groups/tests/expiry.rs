//! Whose offsets may expire, and what becomes of a group that has none left.

use super::support::*;
use crate::groups::{Expiry, Join, Protocol, State};

fn nobody() -> crate::groups::Commit<'static> {
    crate::groups::Commit { version: 8, group_id: GROUP, generation: -1, member_id: "", instance_id: None, transactional: false }
}

/// What a consumer says that is subscribed to these topics.
fn subscription(topics: &[&str]) -> Vec<Protocol> {
    let count = u8::try_from(topics.len()).expect("few");
    let mut metadata = vec![0, 1, 0, 0, 0, count];
    for topic in topics {
        metadata.extend([0, u8::try_from(topic.len()).expect("short")]);
        metadata.extend_from_slice(topic.as_bytes());
    }
    vec![Protocol { name: "range".to_owned(), metadata: metadata.into() }]
}

/// Two members with these protocols, stable.
fn stable(house: &mut House, first: Vec<Protocol>, second: Vec<Protocol>) {
    let join = |client: &str, id: &str, protocols: &[Protocol]| Join {
        member_id: id.to_owned(),
        protocols: protocols.to_vec(),
        ..join_as(client)
    };
    let one = house.join_now(&join("a", "", &first)).member_id;
    house.join(&join("a", &one, &first));
    let two = house.join_now(&join("b", "", &second)).member_id;
    house.join(&join("b", &two, &second));
    house.join(&join("a", &one, &first));
    house.assign(&[one, two]);
}

/// Offsets never expired. Now those of a topic that a member reads must not, however old they are.
#[test]
fn what_a_member_is_subscribed_to_does_not_expire() {
    let mut house = House::new();
    assert_eq!(house.coordinator.expiry(GROUP), Expiry::All, "nobody ever joined");
    stable(&mut house, subscription(&["t", "u"]), subscription(&["v"]));
    let expiry = house.coordinator.expiry(GROUP);
    let taken = ["t", "u", "v", "w"].map(|topic| expiry.takes(Some(topic)));
    assert_eq!((taken, expiry.takes(None)), ([false, false, false, true], false));
    // Somebody joins: who wants what is not settled.
    house.enter("c");
    assert_eq!((house.state(), house.coordinator.expiry(GROUP)), (State::PreparingRebalance, Expiry::Nothing));
    house.pass(10 * REBALANCE_MS);
    assert_eq!((house.state(), house.coordinator.expiry(GROUP)), (State::Empty, Expiry::All));
    house.coordinator.resign();
    assert_eq!(house.coordinator.expiry(GROUP), Expiry::Nothing);
}

#[test]
fn nothing_expires_where_it_is_not_known_what_members_read() {
    let mut house = House::new();
    stable(&mut house, subscription(&["t"]), protocols(&["range"]));
    assert_eq!(house.coordinator.expiry(GROUP), Expiry::Nothing);
}

#[test]
fn a_group_that_the_log_has_no_more_is_forgotten_unless_somebody_is_there() {
    let mut house = House::new();
    house.commit_as(&nobody()).expect("a simple group");
    assert_eq!(house.coordinator.list(&[], &[]).len(), 1);
    house.coordinator.forget(0, GROUP);
    house.coordinator.check();
    assert_eq!((house.coordinator.list(&[], &[]).len(), house.stores.len()), (0, 0), "nothing is to be stored for it");
    house.stable(&["a"]);
    house.coordinator.forget(0, GROUP);
    house.coordinator.check();
    assert_eq!(house.state(), State::Stable);
}

/// An offset that was on its way when its group was forgotten made a group in the log that no list showed.
#[test]
fn a_group_that_a_late_commit_made_is_taken_in() {
    let mut house = House::new();
    let stored = || crate::groups::StoredGroup { group_id: GROUP.to_owned(), ..Default::default() };
    let effects = house.coordinator.adopt(0, stored());
    house.take(effects);
    assert_eq!((house.state(), house.coordinator.list(&[], &[]).len()), (State::Empty, 1));
    let members = house.stable(&["a"]);
    let effects = house.coordinator.adopt(0, stored());
    house.take(effects);
    assert_eq!((house.state(), house.member_ids()), (State::Stable, members), "what is known stays");
    house.coordinator.resign();
    let effects = house.coordinator.adopt(0, stored());
    house.take(effects);
    assert!(!house.coordinator.knows(GROUP));
}
