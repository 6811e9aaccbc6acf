use base::Kind::{self, Invalid, Precondition};
use bytes::Bytes;
use proptest::prelude::*;
use table::{Direction, MemoryTree};

use super::*;
use Command::{AddGrants, RemoveCredential, RemoveGrants, RemoveUser, SetCredential, SetUser};

struct Case {
    table: Table,
    principals: Principals,
}

impl Case {
    fn new() -> Case {
        let table = Table::new(Arc::new(MemoryTree::default()));
        Case { principals: Principals::new(table.clone()), table }
    }

    /// Done, and done again without effect.
    #[track_caller]
    fn done(&mut self, command: Command) {
        self.principals.apply(command.clone()).unwrap();
        let after = state(&self.principals);
        self.principals.apply(command.clone()).unwrap();
        assert_eq!(state(&self.principals), after, "{command:?}");
        assert_eq!(state(&reopen(&self.table)), after, "{command:?}");
    }

    #[track_caller]
    fn refused(&mut self, command: Command, kind: Kind, text: &str) {
        let before = state(&self.principals);
        let error = self.principals.apply(command).unwrap_err();
        assert!(error.kind == kind && error.message.contains(text), "{error}");
        assert_eq!(state(&self.principals), before, "a refused command changes nothing");
    }
}

fn reopen(table: &Table) -> Principals {
    let mut principals = Principals::new(table.clone());
    let (from, to) = crate::record::keys();
    for pair in table.range(from, to, Direction::Forward) {
        match crate::record::Record::decode(pair.unwrap().1).unwrap() {
            crate::record::Record::Principals(record) => principals.learn(record),
            other => panic!("{other:?}"),
        }
    }
    principals
}

const HOST: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

type State = (Vec<User>, Vec<Grant>, u64, Vec<Decision>);

fn state(principals: &Principals) -> State {
    let mut decisions = Vec::new();
    for principal in ["u0", "u1", "u2"] {
        for operation in [Operation::Read, Operation::Write] {
            let resource = Resource::Topic;
            let question = Question { principal, host: HOST, operation, resource, allow_ungranted: true };
            decisions.extend(["t0", "t1", "x"].map(|name| principals.access().authorize(&question, name.as_bytes())));
        }
    }
    let users = principals.users(None).cloned().collect();
    (users, principals.grants().cloned().collect(), principals.version(), decisions)
}

fn credential(mechanism: Mechanism, fill: u8) -> Credential {
    Credential {
        mechanism,
        iterations: 4_096,
        salt: Bytes::from_static(b"pepper"),
        stored_key: vec![fill; mechanism.hash_bytes()].into(),
        server_key: vec![fill; mechanism.hash_bytes()].into(),
    }
}

fn set_user(name: &str, enabled: bool, is_admin: bool, time_ms: u64) -> Command {
    SetUser { name: name.into(), enabled, is_admin, time_ms }
}

fn set_credential(name: &str, credential: Credential) -> Command {
    SetCredential { name: name.into(), credential, time_ms: 7 }
}

fn grant(name: &str, who: &str) -> Grant {
    Grant {
        resource: Resource::Topic,
        pattern: Pattern::Literal,
        name: name.into(),
        grantee: Grantee::parse(&format!("User:{who}")).unwrap(),
        host: ANY.into(),
        operation: Operation::Read,
        permission: Permission::Allow,
    }
}

use Mechanism::{ScramSha256, ScramSha512};

#[test]
fn a_user_comes_changes_and_goes() {
    let mut case = Case::new();
    case.done(set_user("ann", true, false, 5));
    case.done(set_credential("ann", credential(ScramSha256, 1)));
    case.done(set_user("ann", true, true, 9));
    let user = case.principals.user("ann").unwrap().clone();
    assert_eq!((user.created_ms, user.changed_ms, user.is_admin, user.credentials.len()), (5, 9, true, 1));
    let version = case.principals.version();
    case.done(set_user("ann", true, true, 11));
    assert_eq!((case.principals.user("ann"), case.principals.version()), (Some(&user), version), "nothing changed");
    case.done(set_user("bob", false, true, 6));
    let after = |name| case.principals.users(name).map(|user| user.name.as_str()).collect::<Vec<_>>();
    assert_eq!((after(None), after(Some("ann")), after(Some("c"))), (vec!["ann", "bob"], vec!["bob"], vec![]));
    case.done(RemoveUser { name: "ann".into() });
    assert_eq!(case.principals.user("ann"), None);
    case.done(set_user("ann", true, false, 20));
    assert!(case.principals.user("ann").unwrap().credentials.is_empty(), "who comes back has no old credentials");
}

#[test]
fn users_have_names_and_a_bound() {
    let mut case = Case::new();
    for name in ["", "*", "a\0b", "a\nb", &"x".repeat(1_025)] {
        case.refused(set_user(name, true, false, 0), Invalid, "1 to 1024 bytes");
        case.refused(set_credential(name, credential(ScramSha256, 1)), Invalid, "1 to 1024 bytes");
    }
    case.done(set_user("CN=ä, O=x", true, false, 0));
    for nth in 1..10_000 {
        case.principals.apply(set_user(&format!("u{nth}"), true, false, 0)).unwrap();
    }
    case.refused(set_user("more", true, false, 0), Precondition, "10000 users at most");
    case.refused(set_credential("more", credential(ScramSha256, 1)), Precondition, "10000 users at most");
    case.done(set_user("u1", false, false, 0));
}

#[test]
fn credentials_are_given_and_taken() {
    let mut case = Case::new();
    case.done(set_credential("ann", credential(ScramSha256, 1)));
    let user = case.principals.user("ann").unwrap();
    assert!(user.enabled && !user.is_admin, "as Kafka's tools expect");
    case.done(set_credential("ann", credential(ScramSha512, 2)));
    case.done(set_credential("ann", credential(ScramSha256, 3)));
    assert_eq!(case.principals.credential("ann", ScramSha256), Some(&credential(ScramSha256, 3)));
    assert_eq!(case.principals.credential("bob", ScramSha256), None);
    case.done(RemoveCredential { name: "ann".into(), mechanism: ScramSha256, time_ms: 8 });
    assert_eq!(case.principals.credential("ann", ScramSha256), None);
    assert!(case.principals.credential("ann", ScramSha512).is_some());
    case.done(RemoveCredential { name: "bob".into(), mechanism: ScramSha256, time_ms: 8 });
    assert!(case.principals.user("bob").is_none());
    case.done(set_user("ann", false, false, 9));
    assert_eq!(case.principals.credential("ann", ScramSha512), None, "who is disabled cannot sign in");
    for wrong in [
        Credential { iterations: 4_095, ..credential(ScramSha256, 1) },
        Credential { iterations: 16_385, ..credential(ScramSha256, 1) },
        Credential { salt: Bytes::new(), ..credential(ScramSha256, 1) },
        Credential { salt: vec![0; 256].into(), ..credential(ScramSha256, 1) },
        Credential { stored_key: vec![0; 64].into(), ..credential(ScramSha256, 1) },
        Credential { server_key: vec![0; 32].into(), ..credential(ScramSha512, 1) },
    ] {
        case.refused(set_credential("ann", wrong), Invalid, "a SCRAM credential has");
    }
}

/// What is printed ends in logs.
#[test]
fn no_key_and_no_salt_is_printed() {
    let mut case = Case::new();
    let secret = Credential {
        salt: Bytes::from_static(b"SALTSALT"),
        stored_key: Bytes::from_static(b"STOREDKEYSTOREDKEYSTOREDKEYSTORE"),
        server_key: Bytes::from_static(b"SERVERKEYSERVERKEYSERVERKEYSERVE"),
        ..credential(ScramSha256, 0)
    };
    let command = crate::Command::Principals(set_credential("ann", secret));
    let printed = format!("{command:?} {command:#?}");
    case.done(match command {
        crate::Command::Principals(command) => command,
        _ => unreachable!(),
    });
    let user = case.principals.user("ann").unwrap();
    let record = crate::record::Record::Principals(Record::User(user.clone()));
    let printed = format!("{printed} {user:?} {:?} {record:?}", case.principals.access());
    assert!(printed.contains("ScramSha256") && printed.contains("4096"), "{printed}");
    for (text, bytes) in [("SALT", "83, 65"), ("STOREDKEY", "83, 84"), ("SERVERKEY", "83, 69")] {
        assert!(!printed.contains(text) && !printed.contains(bytes), "{printed}");
    }
}

#[test]
fn grants_are_added_all_or_none_and_removed_one_by_one() {
    let mut case = Case::new();
    case.done(AddGrants { grants: vec![grant("t", "ann"), grant("t", "*"), grant("t", "ann")] });
    assert_eq!((case.principals.grants().len(), case.principals.version()), (2, 1));
    for (wrong, text) in [
        (Grant { name: String::new(), ..grant("t", "ann") }, "Resource name should not be empty"),
        (Grant { name: "x".repeat(4_097), ..grant("t", "ann") }, "4096 bytes at most"),
        (Grant { host: String::new(), ..grant("t", "ann") }, "an address, or * for all"),
        (Grant { host: "h".repeat(256), ..grant("t", "ann") }, "1 to 255 bytes"),
        (Grant { grantee: Grantee::User("*".into()), ..grant("t", "ann") }, "is not \"*\""),
        (Grant { grantee: Grantee::User(String::new()), ..grant("t", "ann") }, "1 to 1024 bytes"),
    ] {
        case.refused(AddGrants { grants: vec![grant("new", "ann"), wrong] }, Invalid, text);
    }
    case.done(RemoveGrants { grants: vec![grant("other", "ann"), grant("t", "ann")] });
    assert!(!case.principals.has_grant(&grant("t", "ann")) && case.principals.has_grant(&grant("t", "*")));
    case.done(set_user("bob", true, false, 0));
    case.done(AddGrants { grants: vec![grant("t", "bob")] });
    case.done(RemoveUser { name: "bob".into() });
    assert!(case.principals.has_grant(&grant("t", "bob")), "a grant is for whoever is called so");
}

/// An older build takes any text for a host, and its commands are in logs and come from members that are not upgraded yet: were the
/// machine to refuse them, replicas would differ. So doors refuse, and the machine does not.
#[test]
fn hosts_are_held_against_addresses_at_doors_and_not_in_the_machine() {
    let from = |host: &str| Grant { host: host.into(), ..grant("t", "ann") };
    for host in ["localhost", "10.0.0.0/8", "::1%lo"] {
        assert_eq!(from(host).proposed().unwrap_err().kind, Invalid, "{host}");
        let mut case = Case::new();
        case.done(AddGrants { grants: vec![from(host)] });
        case.done(RemoveGrants { grants: vec![from(host)] });
        assert_eq!(case.principals.grants().len(), 0);
    }
    assert_eq!(from("0:0:0:0:0:0:0:1").proposed(), Ok(from("::1")));
    assert_eq!(from("::ffff:10.0.0.1").proposed(), Ok(from("10.0.0.1")));
    assert_eq!(from("*").proposed(), Ok(from("*")));
    assert!(from("::ffff:10.0.0.1").is_same(&from("10.0.0.1")) && from("localhost").is_same(&from("localhost")));
    assert!(!from("localhost").is_same(&from("elsewhere")) && !from("*").is_same(&from("10.0.0.1")));
    assert!(!from("::1").is_same(&Grant { name: "u".into(), ..from("::1") }));
}

/// What a door keeps stays as it was, and says that it is old.
#[test]
fn what_is_kept_does_not_change() {
    let mut case = Case::new();
    case.done(AddGrants { grants: vec![grant("t", "ann")] });
    let kept = case.principals.access().clone();
    let question =
        Question { principal: "ann", host: HOST, operation: Operation::Read, resource: Resource::Topic, allow_ungranted: false };
    case.done(set_user("ann", false, false, 0));
    case.done(RemoveGrants { grants: vec![grant("t", "ann")] });
    assert_eq!(kept.authorize(&question, b"t"), Decision::Granted);
    assert_eq!(case.principals.access().authorize(&question, b"t"), Decision::Disabled);
    assert_eq!((kept.version(), case.principals.access().version(), case.principals.version()), (1, 3, 3));
}

#[test]
fn grants_have_bounds() {
    let mut case = Case::new();
    let some = |from: usize, count: usize| (from..from + count).map(|nth| grant(&format!("t{nth}"), "ann")).collect::<Vec<_>>();
    case.refused(AddGrants { grants: some(0, 1_001) }, Invalid, "1000 grants at most");
    case.refused(RemoveGrants { grants: some(0, 1_001) }, Invalid, "1000 grants at most");
    for part in 0..50 {
        case.principals.apply(AddGrants { grants: some(part * 1_000, 1_000) }).unwrap();
    }
    case.refused(AddGrants { grants: some(49_999, 2) }, Precondition, "50000 grants at most");
    case.principals.apply(AddGrants { grants: some(49_000, 1_000) }).unwrap();
}

#[test]
fn numbers_and_texts_are_kafkas() {
    assert_eq!(Grantee::parse("User:ann").unwrap().to_string(), "User:ann");
    assert_eq!(Grantee::parse("User:*").unwrap(), Grantee::Everyone);
    assert_eq!(Grantee::Everyone.to_string(), "User:*");
    assert_eq!(Grantee::parse("User:a:b").unwrap(), Grantee::User("a:b".into()));
    for wrong in ["", "ann", "Group:a", "User:", "user:ann"] {
        assert_eq!(Grantee::parse(wrong).unwrap_err().kind, Invalid, "{wrong}");
    }
    let codes: Vec<u8> = Operation::ALL_KINDS.iter().map(|operation| operation.code()).collect();
    assert_eq!(codes, (2..=15).collect::<Vec<u8>>());
    let codes: Vec<u8> = Resource::ALL_KINDS.iter().map(|resource| resource.code()).collect();
    assert_eq!(codes, [2, 3, 4, 5, 6, 7, 64, 65]);
    for code in 0..=255 {
        assert!(Operation::from_code(code).is_none_or(|kind| kind.code() == code));
        assert_eq!(Pattern::from_code(code).is_some(), code == 3 || code == 4);
        assert_eq!(Permission::from_code(code).is_some(), code == 2 || code == 3);
        assert_eq!(Mechanism::from_code(code).is_some(), code == 1 || code == 2);
    }
    assert_eq!((Pattern::Prefixed.code(), Permission::Deny.code(), Operation::IdempotentWrite.code()), (4, 2, 12));
}

fn some_command() -> impl Strategy<Value = Command> {
    let name = || (0..3_u8).prop_map(|nth| format!("u{nth}"));
    let mechanism = || prop::sample::select(&Mechanism::ALL[..]);
    let some_grant = (0..2_u8, 0..4_u8, any::<bool>(), any::<bool>()).prop_map(|(topic, who, denies, writes)| Grant {
        grantee: if who == 3 { Grantee::Everyone } else { Grantee::User(format!("u{who}")) },
        permission: if denies { Permission::Deny } else { Permission::Allow },
        operation: if writes { Operation::Write } else { Operation::Read },
        ..grant(&format!("t{topic}"), "*")
    });
    let some_grants = prop::collection::vec(some_grant, 0..4);
    prop_oneof![
        (name(), any::<bool>(), any::<bool>(), 0..9_u64).prop_map(|(name, enabled, is_admin, time_ms)| SetUser {
            name,
            enabled,
            is_admin,
            time_ms
        }),
        name().prop_map(|name| RemoveUser { name }),
        (name(), mechanism(), 0..3_u8, 0..9_u64).prop_map(|(name, mechanism, fill, time_ms)| SetCredential {
            name,
            credential: credential(mechanism, fill),
            time_ms,
        }),
        (name(), mechanism(), 0..9_u64).prop_map(|(name, mechanism, time_ms)| RemoveCredential { name, mechanism, time_ms }),
        some_grants.clone().prop_map(|grants| AddGrants { grants }),
        some_grants.prop_map(|grants| RemoveGrants { grants }),
    ]
}

/// The rules in the plainest words: users and grants, and how often they changed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    users: BTreeMap<String, User>,
    grants: Vec<Grant>,
}

impl Model {
    fn apply(&mut self, command: Command) {
        let before = self.users.clone();
        let time = match command {
            SetUser { name, enabled, is_admin, time_ms } => {
                let user = self.user(name, time_ms);
                (user.enabled, user.is_admin) = (enabled, is_admin);
                time_ms
            }
            RemoveUser { name } => {
                self.users.remove(&name);
                0
            }
            SetCredential { name, credential, time_ms } => {
                self.user(name, time_ms).credentials.insert(credential.mechanism, credential);
                time_ms
            }
            RemoveCredential { name, mechanism, time_ms } => {
                self.users.get_mut(&name).map(|user| user.credentials.remove(&mechanism));
                time_ms
            }
            AddGrants { grants } => {
                self.grants.extend(grants);
                self.grants.sort();
                self.grants.dedup();
                0
            }
            RemoveGrants { grants } => {
                self.grants.retain(|grant| !grants.contains(grant));
                0
            }
            Command::Key(command) => panic!("keys have tests of their own: {command:?}"),
        };
        for (name, user) in &mut self.users {
            if before.get(name) != Some(&*user) {
                user.changed_ms = time;
            }
        }
    }

    fn user(&mut self, name: String, time_ms: u64) -> &mut User {
        let new = User {
            name: name.clone(),
            enabled: true,
            is_admin: false,
            created_ms: time_ms,
            changed_ms: time_ms,
            credentials: BTreeMap::new(),
        };
        self.users.entry(name).or_insert(new)
    }
}

fn records(table: &Table) -> Vec<table::Pair> {
    let (from, to) = crate::record::keys();
    table.range(from, to, Direction::Forward).collect::<Result<_>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, the principals do what the model does; those that are opened anew from the table every now and then know
    /// and write the same as those that never were, and what is decided does not depend on the way there.
    #[test]
    fn they_are_the_plain_lists(commands in prop::collection::vec((some_command(), prop::bool::weighted(0.1)), 0..60)) {
        let (mut model, mut changes, mut case, mut restarted) = (Model::default(), 0, Case::new(), Case::new());
        for (command, restart) in commands {
            let before = model.clone();
            model.apply(command.clone());
            changes += u64::from(model != before);
            case.principals.apply(command.clone()).unwrap();
            if restart {
                restarted.principals = reopen(&restarted.table);
            }
            restarted.principals.apply(command).unwrap();
            let known = state(&case.principals);
            prop_assert_eq!(&known.0, &model.users.values().cloned().collect::<Vec<_>>());
            prop_assert_eq!(&known.1, &model.grants);
            prop_assert_eq!(known.2, changes);
            prop_assert_eq!(&state(&restarted.principals), &known);
        }
        prop_assert_eq!(&state(&reopen(&case.table)), &state(&case.principals));
        prop_assert_eq!(records(&case.table), records(&restarted.table));
    }
}
