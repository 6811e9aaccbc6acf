use std::sync::Arc;

use base::{KeyspaceId, ShardId};
use bytes::Bytes;
use proptest::prelude::*;
use table::MemoryTree;

use super::*;
use crate::principals::keys;

struct Case {
    table: Table,
    machine: Machine,
}

impl Case {
    fn new() -> Case {
        Case::on(Table::new(Arc::new(MemoryTree::default())))
    }

    fn on(table: Table) -> Case {
        Case { machine: Machine::open(table.clone()).unwrap(), table }
    }

    /// Founded with members 1 to `count`.
    fn founded(count: u64) -> Case {
        let mut case = Case::new();
        case.done(found((1..=count).map(|id| named(id, MemberStanding::Active)).collect()));
        case
    }

    fn done(&mut self, command: Command) {
        assert_eq!(self.machine.apply(command.clone()), Ok(Reply::Done), "{command:?}");
    }

    #[track_caller]
    fn refused(&mut self, command: Command, kind: Kind, text: &str) {
        let before = self.state();
        let error = self.machine.apply(command.clone()).unwrap_err();
        assert_eq!(error.kind, kind, "{command:?}: {error}");
        assert!(error.message.contains(text), "{command:?}: {error}");
        assert_eq!(self.state(), before, "a refused command changes nothing");
    }

    fn standings(&self) -> Vec<(NodeId, MemberStanding)> {
        self.machine.members().map(|member| (member.id, member.standing)).collect()
    }

    fn state(&self) -> State {
        State::of(&self.machine)
    }

    fn records(&self) -> Vec<(Bytes, Bytes)> {
        let (from, to) = record::keys();
        self.table.range(from, to, Direction::Forward).collect::<Result<_>>().unwrap()
    }
}

/// All that a machine knows.
#[derive(Debug, PartialEq)]
struct State {
    found: Option<(ClusterId, u32)>,
    members: Vec<Member>,
    removed: Vec<NodeId>,
    keyspaces: Vec<KeyspaceEntry>,
}

impl State {
    fn of(machine: &Machine) -> State {
        State {
            found: machine.found(),
            members: machine.members().cloned().collect(),
            removed: machine.removed().collect(),
            keyspaces: machine.keyspaces().cloned().collect(),
        }
    }
}

fn named(id: NodeId, standing: MemberStanding) -> Member {
    Member::new(id, format!("n{id}"), format!("n{id}:7000"), standing)
}

fn found(members: Vec<Member>) -> Command {
    Command::Found { cluster: 1, data_shards: 2, members }
}

fn add(id: NodeId) -> Command {
    Command::AddMember { id, name: format!("n{id}"), address: format!("n{id}:7000") }
}

fn started(id: NodeId, incarnation: u64) -> Command {
    Command::Started {
        id,
        incarnation,
        address: String::new(),
        client_urls: vec![format!("http://n{id}:2379")],
        name: String::new(),
        level: 0,
    }
}

fn replace(dead: NodeId, id: NodeId) -> Command {
    Command::Replace { dead, id, name: format!("n{id}"), address: format!("n{id}:7000") }
}

use Command::{Activate, Drain, ForgetMember, RemoveMember};
use Kind::{Conflict, Invalid, NotFound, Precondition};
use MemberStanding::{Active, Joining, Leaving};

#[test]
fn a_cluster_is_founded_once() {
    let mut case = Case::founded(3);
    assert_eq!(case.standings(), [(1, Active), (2, Active), (3, Active)]);
    let before = case.state();
    case.done(found(vec![named(9, Active)]));
    assert_eq!(case.state(), before, "the members of the first time stay");
    let other = Command::Found { cluster: 2, data_shards: 2, members: Vec::new() };
    case.refused(other, Conflict, "founded already");
    case.refused(Command::Found { cluster: 0, data_shards: 2, members: Vec::new() }, Invalid, "not zero");
}

#[test]
fn founders_are_active_and_differ() {
    let mut case = Case::new();
    case.refused(found(vec![named(1, Joining)]), Invalid, "active");
    case.refused(found(vec![named(0, Active)]), Invalid, "not zero");
    case.refused(found(vec![named(1, Active), Member { id: 2, ..named(1, Active) }]), Invalid, "the same");
    case.refused(found(vec![named(1, Active), Member::new(2, "n2", "", Active)]), Invalid, "URLs");
    case.refused(found((1..=8).map(|id| named(id, Active)).collect()), Invalid, "7 members at most");
    case.refused(add(1), Precondition, "not founded");
    case.done(found(vec![Member::new(1, "alone", "", Active)]));
}

/// Logs written before there was version 2: first the cluster, then its member.
#[test]
fn a_log_of_version_1_is_applied_as_it_was_then() {
    let mut case = Case::new();
    let log = [
        &b"\x01\x01\x01\0\0\0\0\0\0\0\x02\0\0\0"[..],
        b"\x01\x02\x07\0\0\0\0\0\0\0\x02\0n1",
        b"\x01\x03\x01\0\0\0\x01\0\0\0\x07\0default",
        b"\x01\x02\x07\0\0\0\0\0\0\0\x02\0n2",
    ];
    for entry in log {
        case.done(Command::decode(Bytes::from_static(entry)).unwrap());
    }
    assert_eq!(case.state().members, [Member::new(7, "n2", "", Active)]);
    assert_eq!(case.machine.keyspaces().count(), 1);
    case.done(found(vec![named(7, Active)]));
    assert_eq!(case.machine.member(7).unwrap().name, "n2");
}

/// A build of version 1 that stopped between the cluster and its member.
#[test]
fn a_cluster_without_members_takes_the_first_ones() {
    let mut case = Case::new();
    case.done(found(Vec::new()));
    case.refused(add(2), Precondition, "not founded");
    case.done(found(vec![named(1, Active)]));
    assert_eq!(case.standings(), [(1, Active)]);
}

#[test]
fn a_table_of_version_1_is_read() {
    let table = Table::new(Arc::new(MemoryTree::default()));
    let put = |key: &'static [u8], value: &'static [u8]| table.put(Bytes::from_static(key), Bytes::from_static(value));
    put(b"\0\0\0\0f", b"\x01\x01\x01\0\0\0\0\0\0\0\x02\0\0\0");
    put(b"\0\0\0\0m\0\0\0\0\0\0\0\x07", b"\x01\x02\x07\0\0\0\0\0\0\0\x02\0n1");
    put(b"\0\0\0\0kdefault", b"\x01\x03\x01\0\0\0\x01\0\0\0\x07\0default");
    let mut case = Case::on(table);
    assert_eq!(case.machine.found(), Some((1, 2)));
    assert_eq!(case.state().members, [Member::new(7, "n1", "", Active)]);
    case.done(Command::Started {
        id: 7,
        incarnation: 5,
        address: "n1:7000".into(),
        client_urls: Vec::new(),
        name: String::new(),
        level: 0,
    });
    assert_eq!(case.records().len(), 3, "the record is written anew under its key");
    assert_eq!(Case::on(case.table.clone()).state(), case.state());
    case.table.put(Bytes::from_static(b"\0\0\0\0x"), Bytes::from_static(b"\x06x"));
    assert!(Machine::open(case.table).err().unwrap().message.contains("version 6"));
}

#[test]
fn a_member_joins_and_is_active() {
    let mut case = Case::founded(1);
    case.done(add(2));
    case.done(add(2));
    assert_eq!(case.standings(), [(1, Active), (2, Joining)]);
    case.refused(add(3), Conflict, "member 2 (n2) is joining");
    case.refused(RemoveMember { id: 1 }, Conflict, "member 2 (n2) is joining");
    case.done(Activate { id: 2 });
    case.done(Activate { id: 2 });
    case.done(add(2));
    assert_eq!(case.standings(), [(1, Active), (2, Active)]);
    case.done(add(3));
}

#[test]
fn what_is_in_use_is_not_added() {
    let mut case = Case::founded(2);
    let with = |id, name: &str, address: &str| Command::AddMember { id, name: name.into(), address: address.into() };
    case.refused(with(2, "n3", "n3:7000"), Conflict, "etcdserver: member ID already exist");
    case.refused(with(3, "n3", "n2:7000"), Conflict, "etcdserver: Peer URLs already exists");
    case.refused(with(3, "n2", "n3:7000"), Conflict, "a member named n2 exists");
    case.refused(with(3, "n3", ""), Invalid, "etcdserver: given member URLs are invalid");
    case.refused(with(3, "n3", &"x".repeat(513)), Invalid, "etcdserver: given member URLs are invalid");
    case.refused(with(3, &"x".repeat(1_025), "n3:7000"), Invalid, "longer than 1024");
    case.refused(with(0, "n0", "n0:7000"), Invalid, "not zero");
    case.done(with(3, "", "n3:7000"));
}

#[test]
fn members_have_a_bound() {
    let mut case = Case::founded(7);
    for id in 8..=100 {
        case.done(add(id));
        case.done(Activate { id });
    }
    case.refused(add(101), Precondition, "100 members at most");
}

#[test]
fn a_member_that_lost_its_disk_is_told_so() {
    let mut case = Case::founded(2);
    case.done(started(1, 10));
    case.done(started(1, 10));
    let member = case.machine.member(1).unwrap();
    assert_eq!((member.incarnation, member.address.as_str()), (10, "n1:7000"));
    assert_eq!(member.client_urls, ["http://n1:2379"]);
    case.refused(started(1, 11), Conflict, "its disk was lost: replace it");
    case.refused(started(3, 1), NotFound, "etcdserver: member not found");
    case.refused(started(1, 0), Invalid, "not zero");
    case.done(RemoveMember { id: 1 });
    case.done(ForgetMember { id: 1 });
    case.refused(started(1, 10), Precondition, "removed");
}

#[test]
fn a_member_moves() {
    let mut case = Case::founded(2);
    let moved = |address: &str| Command::UpdateMember { id: 1, address: address.into() };
    case.done(moved("n1:7001"));
    case.refused(moved("n2:7000"), Conflict, "etcdserver: Peer URLs already exists");
    case.refused(moved(""), Invalid, "URLs");
    case.refused(Command::UpdateMember { id: 3, address: "n3:7000".into() }, NotFound, "etcdserver: member not found");
    let start = |address: &str| Command::Started {
        id: 1,
        incarnation: 1,
        address: address.into(),
        client_urls: Vec::new(),
        name: String::new(),
        level: 0,
    };
    case.refused(start("n2:7000"), Conflict, "etcdserver: Peer URLs already exists");
    case.done(start("n1:7002"));
    assert_eq!(case.machine.member(1).unwrap().address, "n1:7002");
    let too_many = Command::Started {
        id: 1,
        incarnation: 1,
        address: String::new(),
        client_urls: vec![String::new(); 65],
        name: String::new(),
        level: 0,
    };
    case.refused(too_many, Invalid, "64 client URLs");
}

#[test]
fn a_member_leaves_for_good() {
    let mut case = Case::founded(3);
    case.refused(ForgetMember { id: 2 }, Precondition, "remove it first");
    case.done(RemoveMember { id: 2 });
    case.done(RemoveMember { id: 2 });
    case.refused(RemoveMember { id: 3 }, Conflict, "member 2 (n2) is being taken out");
    case.refused(add(4), Conflict, "member 2 (n2) is being taken out");
    case.refused(Activate { id: 2 }, Precondition, "being taken out");
    let records = case.records().len();
    case.done(ForgetMember { id: 2 });
    case.done(ForgetMember { id: 2 });
    assert_eq!(case.standings(), [(1, Active), (3, Active)]);
    assert_eq!(case.records().len(), records, "one record for the other");
    assert!(case.machine.is_removed(2) && !case.machine.is_removed(3));
    case.refused(add(2), Conflict, "an id never comes back");
    case.refused(RemoveMember { id: 2 }, NotFound, "etcdserver: member not found");
    case.refused(Drain { id: 2, drained: true }, NotFound, "etcdserver: member not found");
    assert_eq!(Case::on(case.table.clone()).state(), case.state());
}

#[test]
fn somebody_stays() {
    let enough = "etcdserver: re-configuration failed due to not enough started members";
    let mut case = Case::founded(1);
    case.refused(RemoveMember { id: 1 }, Precondition, enough);
    case.done(replace(1, 2));
    case.refused(RemoveMember { id: 2 }, Precondition, enough);
    case.done(replace(2, 3));
    assert_eq!(case.standings(), [(1, Leaving), (2, Leaving), (3, Joining)]);
}

#[test]
fn who_joins_may_be_taken_out_again() {
    let mut case = Case::founded(1);
    case.done(add(2));
    case.done(RemoveMember { id: 2 });
    case.refused(add(2), Conflict, "member ID already exist");
    case.done(ForgetMember { id: 2 });
    assert_eq!(case.standings(), [(1, Active)]);
}

#[test]
fn a_dead_member_is_replaced() {
    let mut case = Case::founded(3);
    // The machine is a new one in the same place.
    let in_place = Command::Replace { dead: 2, id: 4, name: "n2".into(), address: "n2:7000".into() };
    case.done(in_place.clone());
    case.done(in_place.clone());
    assert_eq!(case.standings(), [(1, Active), (2, Leaving), (3, Active), (4, Joining)]);
    case.refused(replace(3, 5), Conflict, "member 4 (n2) is joining");
    case.done(Command::Started {
        id: 4,
        incarnation: 9,
        address: "n2:7000".into(),
        client_urls: Vec::new(),
        name: String::new(),
        level: 0,
    });
    case.done(Activate { id: 4 });
    case.done(ForgetMember { id: 2 });
    case.done(in_place);
    assert_eq!(case.standings(), [(1, Active), (3, Active), (4, Active)]);
    case.refused(replace(2, 5), NotFound, "etcdserver: member not found");
    case.refused(replace(1, 1), Conflict, "etcdserver: member ID already exist");
    case.refused(replace(1, 2), Conflict, "an id never comes back");
    case.refused(Command::Replace { dead: 1, id: 5, name: "n3".into(), address: "n5:7000".into() }, Conflict, "named n3");
}

/// While 3 is taken out, 2 dies for good, and without 2 and 3 there is no quorum of those who stay.
#[test]
fn a_death_in_the_midst_of_a_removal_has_a_way_on() {
    let mut case = Case::founded(3);
    case.done(RemoveMember { id: 3 });
    case.done(replace(2, 4));
    assert_eq!(case.standings(), [(1, Active), (2, Leaving), (3, Leaving), (4, Joining)]);
    // The one who joins dies, too.
    case.done(replace(4, 5));
    case.done(Activate { id: 5 });
    [2, 3, 4].into_iter().for_each(|id| case.done(ForgetMember { id }));
    assert_eq!(case.standings(), [(1, Active), (5, Active)]);
}

#[test]
fn a_member_is_drained() {
    let mut case = Case::founded(2);
    case.done(Drain { id: 2, drained: true });
    assert!(case.machine.member(2).unwrap().drained);
    case.done(Drain { id: 2, drained: false });
    assert!(!case.machine.member(2).unwrap().drained);
}

#[test]
fn the_last_thousand_removed_are_remembered() {
    let mut case = Case::founded(1);
    for id in 2..=1_102 {
        case.done(add(id));
        case.done(RemoveMember { id });
        case.done(ForgetMember { id });
    }
    assert_eq!(case.machine.removed().collect::<Vec<_>>(), (103..=1_102).collect::<Vec<_>>());
    assert_eq!(case.records().len(), 1_002, "what is no longer remembered has no record");
    assert_eq!(Case::on(case.table.clone()).state(), case.state());
}

#[test]
fn keyspaces_are_created_once() {
    let mut case = Case::founded(1);
    let entry = |id, name: &str, shard| {
        Command::CreateKeyspace(KeyspaceEntry { id: KeyspaceId(id), name: name.into(), shard: ShardId(shard) })
    };
    case.done(entry(1, "default", 1));
    case.done(entry(1, "default", 1));
    case.refused(entry(1, "other", 1), Conflict, "exists already");
    case.refused(entry(2, "default", 1), Conflict, "exists already");
    case.refused(entry(2, "other", 3), Invalid, "a data shard that exists");
    case.refused(entry(2, "other", 0), Invalid, "a data shard that exists");
}

fn any_command() -> impl Strategy<Value = Command> {
    let id = 1..8_u64;
    prop_oneof![
        (id.clone(), 0..3_u64).prop_map(|(id, other)| Command::AddMember {
            id,
            name: format!("n{id}"),
            address: format!("n{}:7000", id + other / 2),
        }),
        (id.clone(), 0..3_u64).prop_map(|(id, incarnation)| started(id, incarnation)),
        id.clone().prop_map(|id| Activate { id }),
        (id.clone(), id.clone()).prop_map(|(id, other)| Command::UpdateMember { id, address: format!("n{other}:7000") }),
        id.clone().prop_map(|id| RemoveMember { id }),
        id.clone().prop_map(|id| ForgetMember { id }),
        (id.clone(), any::<bool>()).prop_map(|(id, drained)| Drain { id, drained }),
        (id.clone(), id.clone()).prop_map(|(dead, id)| replace(dead, id)),
        (id.clone(), id).prop_map(|(dead, id)| Command::Replace {
            dead,
            id,
            name: format!("n{dead}"),
            address: format!("n{dead}:7000"),
        }),
    ]
}

proptest! {
    /// Whatever comes: a refusal changes nothing, nor does a repetition; somebody stays; one joins at most; no two who stay
    /// share an address, no removed one is back, and the table holds it all.
    #[test]
    fn the_members_keep_their_word(commands in prop::collection::vec(any_command(), 0..60), count in 1..4_u64) {
        let mut case = Case::founded(count);
        for command in commands {
            let before = case.state();
            let outcome = case.machine.apply(command.clone());
            let after = case.state();
            prop_assert!(outcome.is_ok() || before == after, "{:?}", command);
            let again = case.machine.apply(command.clone());
            prop_assert!(outcome.is_err() || again.is_ok(), "{:?}: {:?}", command, again);
            prop_assert_eq!(&after, &case.state());

            let staying = || after.members.iter().filter(|member| member.standing != Leaving);
            prop_assert!(staying().count() > 0);
            prop_assert!(after.members.iter().filter(|member| member.standing == Joining).count() <= 1);
            let addresses: std::collections::BTreeSet<_> = staying().map(|member| &member.address).collect();
            prop_assert_eq!(addresses.len(), staying().count());
            prop_assert!(after.members.iter().all(|member| !after.removed.contains(&member.id)));
            prop_assert_eq!(&State::of(&Machine::open(case.table.clone()).unwrap()), &after);
        }
    }
}

fn reads(id: NodeId, level: u32) -> Command {
    Command::Started { id, incarnation: id, address: String::new(), client_urls: Vec::new(), name: String::new(), level }
}

/// Formats are written only when every member reads them, and nobody comes who does not.
#[test]
fn the_level_is_raised_when_all_read_it() {
    let mut case = Case::founded(3);
    assert_eq!(case.machine.level(), crate::LEVEL_FIRST);
    case.done(Command::Raise { level: 1 });
    case.done(reads(1, 3));
    case.done(reads(2, 2));
    case.refused(Command::Raise { level: 2 }, Precondition, "member 3 (n3) reads formats up to level 0, not 2");
    case.done(reads(3, 2));
    case.refused(Command::Raise { level: 3 }, Precondition, "member 2 (n2)");
    case.done(Command::Raise { level: 2 });
    case.done(Command::Raise { level: 1 });
    assert_eq!(case.machine.level(), 2);
    case.refused(reads(2, 1), Kind::Unsupported, "up to level 1, and the cluster writes level 2");
    assert_eq!(Case::on(case.table.clone()).machine.level(), 2);
}

/// A new cluster writes what all of its founders read; one that was founded by an older build goes on with what it has.
#[test]
fn a_cluster_begins_at_what_its_founders_read() {
    let of_level = |id, level| Member { level, ..named(id, Active) };
    for (levels, begins) in [([2, 2], 2), ([2, 0], 1), ([1, 2], 1), ([3, 3], 3)] {
        let mut case = Case::new();
        let command = found(levels.into_iter().zip(1..).map(|(level, id)| of_level(id, level)).collect());
        case.done(Command::decode(command.encode()).unwrap());
        assert_eq!(case.machine.level(), begins, "{levels:?}");
        assert_eq!(Case::on(case.table.clone()).machine.level(), begins);
        case.done(found(vec![of_level(1, 9), of_level(2, 9)]));
        assert_eq!(case.machine.level(), begins, "it is founded once");
    }
    assert_eq!(crate::LEVEL, 3, "this build's, which its founders say");
}

/// What an older member could not read is refused, before it is proposed and in the log alike.
#[test]
fn new_kinds_of_commands_wait_for_their_level() {
    let mut case = Case::founded(1);
    let topics = Command::Catalogue(crate::catalogue::Command::DeleteTopic { id: 1 });
    let user = crate::principals::Command::SetUser { name: "ann".into(), enabled: true, is_admin: false, time_ms: 0 };
    let users = Command::Principals(user);
    for command in [&topics, &users] {
        let text = "level 2, and the cluster writes level 1: upgrade every member, then run \"manifold ctl upgrade --finish\"";
        case.refused(command.clone(), Precondition, text);
        assert!(case.machine.check_level(command).is_err());
    }
    assert!(case.machine.check_level(&add(2)).is_ok());
    case.done(reads(1, 2));
    case.done(Command::Raise { level: 2 });
    case.done(users);
    case.refused(topics, NotFound, "does not host this topic ID");
    let revoke = keys::Command::Revoke { id: keys::KeyId(1), time_ms: 0 };
    let keys = Command::Principals(crate::principals::Command::Key(revoke));
    case.refused(keys.clone(), Precondition, "level 3, and the cluster writes level 2: upgrade every member");
    assert!(case.machine.check_level(&keys).is_err());
    case.done(reads(1, 3));
    case.done(Command::Raise { level: 3 });
    case.refused(keys, NotFound, "there is no key");
}

/// Topics and users lie in the table beside everything else, and come back from there.
#[test]
fn topics_and_users_are_found_again() {
    let mut case = Case::new();
    case.done(found(vec![Member { level: 2, ..named(1, Active) }]));
    case.done(Command::CreateKeyspace(KeyspaceEntry { id: KeyspaceId(5), name: "five".into(), shard: ShardId(2) }));
    let create = |id, name: &str, shard, keyspace| {
        Command::Catalogue(crate::catalogue::Command::CreateTopic {
            id,
            name: name.into(),
            shards: vec![ShardId(shard)],
            configs: [("a".to_owned(), "b".to_owned())].into(),
            created_ms: 1,
            internal: false,
            keyspace,
        })
    };
    case.done(create(1, "t.a", 2, Some(KeyspaceId(5))));
    case.done(create(2, "u", 1, None));
    case.done(Command::Catalogue(crate::catalogue::Command::DeleteTopic { id: 2 }));
    case.refused(create(3, "v", 1, Some(KeyspaceId(5))), Invalid, "in the key space's shard");
    case.refused(create(3, "v", 3, None), Invalid, "1 to 2");
    let user = |name: &str| crate::principals::Command::SetUser { name: name.into(), enabled: true, is_admin: true, time_ms: 1 };
    case.done(Command::Principals(user("ann")));
    case.done(Command::Principals(user("bob")));

    let mut again = Case::on(case.table.clone());
    assert_eq!(again.state(), case.state());
    let catalogue = again.machine.catalogue();
    assert_eq!(catalogue.topics(None).collect::<Vec<_>>(), case.machine.catalogue().topics(None).collect::<Vec<_>>());
    assert_eq!(catalogue.dropped(ShardId(1)).collect::<Vec<_>>(), [2]);
    assert_eq!((catalogue.version(), catalogue.partitions()), (3, 1));
    let users: Vec<&str> = again.machine.principals().users(None).map(|user| user.name.as_str()).collect();
    assert_eq!((users, again.machine.principals().version()), (vec!["ann", "bob"], 2));
    again.refused(create(3, "t_a", 1, None), Invalid, "collides with existing topic: t.a");
}

#[test]
fn a_member_says_its_name_and_takes_nobody_s() {
    let mut case = Case::founded(2);
    case.done(Command::AddMember { id: 3, name: String::new(), address: "n3:7000".into() });
    let named = |name: &str| Command::Started {
        id: 3,
        incarnation: 3,
        address: String::new(),
        client_urls: Vec::new(),
        name: name.into(),
        level: 1,
    };
    case.done(named("n1"));
    assert_eq!(case.machine.member(3).unwrap().name, "");
    case.done(named("n3"));
    case.done(named(""));
    assert_eq!(case.machine.member(3).unwrap().name, "n3");
    case.refused(named(&"n".repeat(2_000)), Invalid, "longer than");
}

#[test]
fn one_member_goes_on_alone_under_another_cluster_id() {
    let mut case = Case::founded(3);
    case.done(Drain { id: 2, drained: true });
    case.done(Command::AddMember { id: 4, name: "n4".into(), address: "n4:7000".into() });
    case.refused(Command::Recover { id: 9, cluster: 5 }, NotFound, "member not found");
    case.refused(Command::Recover { id: 2, cluster: 0 }, Invalid, "not zero");
    case.done(Command::Recover { id: 2, cluster: 5 });
    case.done(Command::Recover { id: 2, cluster: 5 });
    assert_eq!(case.standings(), [(2, Active)]);
    assert_eq!(case.machine.found(), Some((5, 2)));
    assert!(!case.machine.member(2).unwrap().drained);
    assert!([1, 3, 4].into_iter().all(|id| case.machine.is_removed(id)));
    assert_eq!(Case::on(case.table.clone()).state(), case.state());
}
