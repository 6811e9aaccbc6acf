//! What an administrator sees.

use super::support::*;
use crate::groups::{Join, State};

fn names(house: &House, states: &[&str], types: &[&str]) -> Vec<String> {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    house.coordinator.list(&owned(states), &owned(types)).into_iter().map(|group| group.group_id).collect()
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut house = House::new();
    house.stable(&["a"]);
    house.join_now(&Join { group_id: "another".into(), version: 1, ..join_as("b") });
    assert_eq!(names(&house, &[], &[]), ["another", GROUP]);
    assert_eq!(names(&house, &["stable"], &[]), [GROUP]);
    assert_eq!(names(&house, &["CompletingRebalance", "Empty"], &["Classic"]), ["another"]);
    assert_eq!(names(&house, &["Dead"], &[]), Vec::<String>::new());
    assert_eq!(names(&house, &[], &["consumer"]), Vec::<String>::new());
}

#[test]
fn a_stable_group_shows_what_its_members_said_and_others_do_not() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let view = house.coordinator.describe(GROUP).expect("there");
    assert_eq!((view.state, view.protocol_type.as_str(), view.protocol.as_str()), (State::Stable, "consumer", "range"));
    assert_eq!(view.members.len(), 2);
    assert_eq!((&view.members[0].metadata, &view.members[0].assignment), (&text("range of topics"), &text(&members[0])));
    assert_eq!((view.members[0].client_id.as_str(), view.members[0].client_host.as_str()), ("a", "/10.0.0.1"));
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    let view = house.coordinator.describe(GROUP).expect("there");
    assert_eq!((view.state.name(), view.protocol.as_str()), ("PreparingRebalance", ""));
    assert_eq!((&view.members[0].metadata, &view.members[0].assignment), (&text(""), &text(&members[0])));
    assert_eq!(house.coordinator.describe("nothing"), None);
}
