use base::Kind::{self, Conflict, Invalid, NotFound, Precondition};
use proptest::prelude::*;
use table::{Direction, MemoryTree, Table};

use super::*;
use crate::{
    limits::{KEYS_MAX, NAMESPACES_PER_KEY_MAX},
    principals::{self, Principals},
};

struct Case {
    table: Table,
    principals: Principals,
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

fn all(principals: &Principals) -> (Vec<ApiKey>, u64) {
    (principals.keys().all().map(|key| ApiKey::clone(key)).collect(), principals.version())
}

impl Case {
    fn new() -> Case {
        let table = Table::new(Arc::new(MemoryTree::default()));
        Case { principals: Principals::new(table.clone()), table }
    }

    fn apply(&mut self, command: Command) -> Result<()> {
        self.principals.apply(principals::Command::Key(command))
    }

    /// Done, and done again without effect.
    #[track_caller]
    fn done(&mut self, command: Command) {
        self.apply(command.clone()).unwrap();
        let after = all(&self.principals);
        self.apply(command.clone()).unwrap();
        assert_eq!(all(&self.principals), after, "{command:?}");
        assert_eq!(all(&reopen(&self.table)), after, "{command:?}");
    }

    #[track_caller]
    fn refused(&mut self, command: Command, kind: Kind, text: &str) {
        let before = all(&self.principals);
        let error = self.apply(command).unwrap_err();
        assert!(error.kind == kind && error.message.contains(text), "{error}");
        assert_eq!(all(&self.principals), before, "a refused command changes nothing");
    }

    fn keys(&self) -> &Keys {
        self.principals.keys()
    }

    fn standing(&self, fill: u8, now_ms: u64) -> Option<(u64, Standing)> {
        let found = self.keys().find(&hash(fill), now_ms).map(|(key, standing)| (key.id.0, standing));
        let reopened = reopen(&self.table);
        assert_eq!(reopened.keys().find(&hash(fill), now_ms).map(|(key, standing)| (key.id.0, standing)), found);
        found
    }
}

fn hash(fill: u8) -> Hash {
    Hash([fill; 32])
}

fn secret(fill: u8) -> Secret {
    Secret { hash: hash(fill), prefix: format!("mfk_{fill}") }
}

fn terms(name: &str) -> Terms {
    Terms { name: name.into(), owner: "ann".into(), rights: Rights::of(Role::Editor), expires_ms: 0, rate: None }
}

fn create(id: u64, name: &str, fill: u8) -> Command {
    Command::Create { id: KeyId(id), terms: terms(name), secret: secret(fill), time_ms: 5 }
}

fn import(id: u64, terms: Terms, fill: u8) -> Command {
    Command::Import { id: KeyId(id), terms, secret: secret(fill), time_ms: 6 }
}

fn rotate(id: u64, fill: u8, former_until_ms: u64, time_ms: u64) -> Command {
    Command::Rotate { id: KeyId(id), secret: secret(fill), former_until_ms, time_ms }
}

fn revoke(id: u64) -> Command {
    Command::Revoke { id: KeyId(id), time_ms: 9 }
}

use Standing::{Expired, Good, Revoked, Rotated};

#[test]
fn a_key_comes_is_rotated_and_goes() {
    let mut case = Case::new();
    assert!(case.keys().is_empty());
    case.done(create(1, "ci", 1));
    case.done(create(2, "ops", 2));
    assert_eq!((case.standing(1, 10), case.standing(2, 10), case.standing(3, 10)), (Some((1, Good)), Some((2, Good)), None));
    case.done(rotate(1, 3, 100, 50));
    assert_eq!((case.standing(3, 99), case.standing(1, 99)), (Some((1, Good)), Some((1, Good))), "both are good for a while");
    assert_eq!(case.standing(1, 100), Some((1, Rotated)));
    case.done(rotate(1, 4, 0, 60));
    assert_eq!((case.standing(3, 0), case.standing(1, 0)), (Some((1, Rotated)), None), "one former secret is remembered");
    case.done(revoke(1));
    assert_eq!(case.standing(4, 10), Some((1, Revoked)));
    case.refused(rotate(1, 5, 0, 70), Precondition, "revoked");
    case.done(create(3, "ci", 5));
    assert_eq!(case.keys().named("ci").unwrap().id, KeyId(3), "a revoked key gives its name up");
    case.done(revoke(2));
    case.done(revoke(3));
    assert!(case.keys().is_empty());
}

#[test]
fn a_key_expires() {
    let mut case = Case::new();
    let terms = Terms { expires_ms: 100, ..terms("ci") };
    case.done(Command::Create { id: KeyId(1), terms, secret: secret(1), time_ms: 5 });
    assert_eq!((case.standing(1, 99), case.standing(1, 100)), (Some((1, Good)), Some((1, Expired))));
    case.refused(rotate(1, 2, 0, 100), Precondition, "expired");
    case.refused(create(2, "ci", 2), Conflict, "there is a key \"ci\" already");
}

#[test]
fn what_is_in_use_or_none_is_refused() {
    let mut case = Case::new();
    case.done(create(1, "ci", 1));
    case.done(rotate(1, 2, 0, 6));
    case.refused(create(1, "other", 9), Conflict, "id");
    case.refused(create(2, "ci", 9), Conflict, "already");
    case.refused(create(2, "other", 2), Conflict, "secret");
    case.refused(create(2, "other", 1), Conflict, "secret");
    case.refused(create(0, "other", 9), Invalid, "not zero");
    case.refused(create(2, "", 9), Invalid, "name");
    case.refused(create(2, "a\nb", 9), Invalid, "name");
    case.refused(create(2, &"x".repeat(129), 9), Invalid, "name");
    case.refused(revoke(7), NotFound, "there is no key 0000000000000007");
    case.refused(rotate(7, 9, 0, 6), NotFound, "no key");
    case.done(create(2, "other", 3));
    case.refused(rotate(2, 1, 0, 6), Conflict, "secret");
    let mut with = |change: &dyn Fn(&mut Terms), text: &str| {
        let mut terms = terms("more");
        change(&mut terms);
        case.refused(Command::Create { id: KeyId(9), terms, secret: secret(9), time_ms: 5 }, Invalid, text);
    };
    with(&|terms| terms.owner = "".into(), "user's name");
    with(&|terms| terms.rate = Some(Rate { per_second: 1, burst: 0 }), "at least 1");
    with(&|terms| terms.rights.operations = Some([Operation::Keys].into_iter().collect()), "could do nothing");
    for path in ["", "/a", "a/", "a//b", "a/../b", "a b", "ä"] {
        with(&|terms| terms.rights.namespaces = vec![path.into()], "is no path");
    }
    with(&|terms| terms.rights.namespaces = vec!["a".into(); NAMESPACES_PER_KEY_MAX + 1], "at most");
    let prefix = Secret { hash: hash(9), prefix: "x".repeat(25) };
    case.refused(Command::Create { id: KeyId(9), terms: terms("more"), secret: prefix, time_ms: 5 }, Invalid, "24 bytes");
}

#[test]
fn keys_are_bounded_and_the_oldest_revoked_ones_forgotten() {
    let mut case = Case::new();
    let create = |id: u64| {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&id.to_le_bytes());
        let secret = Secret { hash: Hash(hash), prefix: String::new() };
        Command::Create { id: KeyId(id), terms: terms(&format!("k{id}")), secret, time_ms: 5 }
    };
    let max = u64::try_from(KEYS_MAX).unwrap();
    (1..=max).for_each(|id| case.apply(create(id)).unwrap());
    case.refused(create(max + 1), Precondition, "10000 keys at most");
    let revoked_max = u64::try_from(REVOKED_KEYS_MAX).unwrap();
    for id in 1..=revoked_max + 1 {
        case.apply(Command::Revoke { id: KeyId(id), time_ms: id }).unwrap();
    }
    assert!(case.keys().get(KeyId(1)).is_none() && case.keys().get(KeyId(2)).is_some());
    assert_eq!(case.keys().all().len(), KEYS_MAX - 1);
    assert_eq!(all(&reopen(&case.table)), all(&case.principals));
    assert_eq!(case.keys().found.len(), KEYS_MAX - 1, "nothing is left of what was forgotten");
}

#[test]
fn a_file_makes_and_changes_its_own_keys() {
    let mut case = Case::new();
    case.done(import(1, terms("suite"), 1));
    assert!(case.keys().named("suite").unwrap().is_imported);
    let version = case.principals.version();
    case.apply(import(2, terms("suite"), 1)).unwrap();
    assert_eq!((case.principals.version(), case.keys().all().len()), (version, 1), "another id changes nothing");
    let viewer = Terms { rights: Rights::of(Role::Viewer), ..terms("suite") };
    case.done(import(2, viewer.clone(), 1));
    assert_eq!(case.keys().get(KeyId(1)).unwrap().terms, viewer);
    case.done(import(2, viewer.clone(), 2));
    assert_eq!((case.standing(1, 0), case.standing(2, 0)), (None, Some((1, Good))), "another secret is there at once");
    case.done(import(2, terms("renamed"), 2));
    assert_eq!(case.keys().named("renamed").unwrap().id, KeyId(1));
    assert!(case.keys().named("suite").is_none());
    // What an administrator did stays.
    case.done(rotate(1, 3, 0, 7));
    case.done(import(2, terms("renamed"), 2));
    assert_eq!((case.standing(2, 10), case.standing(3, 10)), (Some((1, Rotated)), Some((1, Good))));
    case.done(revoke(1));
    case.refused(import(2, terms("renamed"), 3), Conflict, "was revoked, and a file does not bring it back");
    case.refused(import(2, terms("other"), 2), Conflict, "was revoked");
    case.done(import(2, terms("renamed"), 4));
    // Keys that were made by hand are not the file's.
    case.done(create(3, "hand", 5));
    case.refused(import(4, terms("hand"), 6), Conflict, "was not imported");
    case.refused(import(4, terms("hands"), 5), Conflict, "was not imported");
    case.refused(import(4, terms("hand"), 4), Conflict, "another key has this secret");
    case.refused(import(4, terms(""), 7), Invalid, "name");
}

#[test]
fn roles_contain_each_other_and_scopes_are_paths() {
    for pair in Role::ALL.windows(2) {
        let [less, more] = pair else { unreachable!("windows of two") };
        assert!(more.operations().covers(less.operations()) && !less.operations().covers(more.operations()));
    }
    let list = |role: Role| role.operations().iter().map(Operation::name).collect::<Vec<_>>().join(" ");
    assert_eq!(list(Role::Viewer), "read audit");
    assert_eq!(list(Role::Editor), "read audit write");
    assert_eq!(list(Role::Publisher), "read audit write publish");
    assert_eq!(list(Role::Admin), "read audit write publish manage keys operate");

    let rights = Rights { namespaces: vec!["teams/a".into(), "x".into()], ..Rights::of(Role::Editor) };
    for (path, reaches) in [("teams/a", true), ("teams/a/b", true), ("teams", false), ("teams/ab", false), ("x/y", true)] {
        assert_eq!(rights.allow(Operation::Write, Some(path)), reaches, "{path}");
    }
    assert!(!rights.allow(Operation::Read, None) && !rights.allow(Operation::Manage, Some("x")));
    let all = Rights::of(Role::Admin);
    assert!(all.allow(Operation::Operate, None) && all.allow(Operation::Read, Some("any")));
    assert!(all.cover(&rights) && rights.cover(&rights) && !rights.cover(&Rights::of(Role::Viewer)));
    let below = Rights { namespaces: vec!["teams/a/b".into()], ..Rights::of(Role::Viewer) };
    assert!(rights.cover(&below) && !below.cover(&rights));
    let writes = Rights { operations: Some([Operation::Write].into_iter().collect()), ..Rights::of(Role::Editor) };
    assert!(!writes.allow(Operation::Read, None) && writes.allow(Operation::Write, None));
    assert!(!writes.cover(&below) && Rights::of(Role::Editor).cover(&writes));
}

#[test]
fn nothing_that_is_printed_has_a_hash() {
    let mut case = Case::new();
    case.done(create(1, "ci", 213));
    case.done(rotate(1, 214, 7, 6));
    let printed = format!("{:?} {:?}", case.keys().get(KeyId(1)), create(2, "x", 213));
    assert!(!printed.contains("213, ") && !printed.contains("d5d5"), "{printed}");
}

#[test]
fn ids_are_written_in_one_way() {
    assert_eq!(KeyId(0xab).to_string(), "00000000000000ab");
    assert_eq!(KeyId::parse("00000000000000ab"), Some(KeyId(0xab)));
    for text in ["", "ab", "00000000000000AB", "0000000000000000", "+0000000000000ab", "000000000000000ab"] {
        assert_eq!(KeyId::parse(text), None, "{text}");
    }
}

/// The formats page's examples.
#[test]
fn a_key_is_written_as_it_is_drawn() {
    let rights =
        Rights { role: Role::Editor, operations: Some([Operation::Write].into_iter().collect()), namespaces: vec!["a/b".into()] };
    let terms =
        Terms { name: "ci".into(), owner: "ann".into(), rights, expires_ms: 9, rate: Some(Rate { per_second: 5, burst: 6 }) };
    let drawn_terms = "02000000 6369 03000000 616e6e 02 0400 01000000 03000000 612f62 0900000000000000 05000000 06000000";
    let drawn_secret = format!("{} 05000000 6d666b5f37", "07".repeat(32));
    let secret = secret(7);
    let create = Command::Create { id: KeyId(1), terms: terms.clone(), secret: secret.clone(), time_ms: 5 };
    let command = crate::Command::Principals(principals::Command::Key(create));
    let drawn = format!("05 0f 07 0100000000000000 {drawn_terms} {drawn_secret} 0500000000000000");
    assert_eq!(hex(&command.encode()), drawn.replace(' ', ""));
    assert_eq!(crate::Command::decode(command.encode()).unwrap(), command);
    assert_eq!(command.level(), 3);

    let key = ApiKey {
        id: KeyId(1),
        terms,
        secret,
        former: Some((hash(8), 4)),
        is_imported: true,
        created_ms: 5,
        rotated_ms: 6,
        revoked_ms: 0,
    };
    let record = crate::record::Record::Principals(principals::Record::Key(key));
    let drawn = format!(
        "05 78 0100000000000000 {drawn_terms} {drawn_secret} 01 {} 0400000000000000 01 0500000000000000 0600000000000000 0000000000000000",
        "08".repeat(32)
    );
    assert_eq!(hex(&record.encode()), drawn.replace(' ', ""));
    assert_eq!(hex(&record.key()), "00000000780000000000000001");
    assert_eq!(crate::record::Record::decode(record.encode()).unwrap(), record);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Commands of a later build are refused by their version; those that are cut or have the wrong one are damaged.
#[test]
fn versions_are_held_apart() {
    let whole = crate::Command::Principals(principals::Command::Key(create(1, "ci", 1))).encode();
    let with_version = |version: u8| {
        let mut bytes = whole.to_vec();
        bytes[0] = version;
        crate::Command::decode(bytes.into()).unwrap_err().kind
    };
    assert_eq!((with_version(6), with_version(4), with_version(3)), (Kind::Unsupported, Kind::Corrupt, Kind::Corrupt));
    for cut in 1..whole.len() {
        assert_eq!(crate::Command::decode(whole.slice(..cut)).unwrap_err().kind, Kind::Corrupt, "{cut}");
    }
    for place in [0, 1] {
        // Another version of a user's command, and another kind of its record.
        let user = principals::Command::RemoveUser { name: "ann".into() };
        let mut bytes = crate::Command::Principals(user).encode().to_vec();
        bytes[0] = 5;
        bytes[1] += place * 64;
        assert_eq!(crate::Command::decode(bytes.into()).unwrap_err().kind, Kind::Corrupt);
    }
}

fn commands() -> impl Strategy<Value = Command> {
    let names = prop_oneof![Just("a"), Just("b"), Just("c")];
    let (ids, fills, times) = (1..5_u64, 1..8_u8, 1..40_u64);
    prop_oneof![
        (ids.clone(), names.clone(), fills.clone()).prop_map(|(id, name, fill)| create(id, name, fill)),
        (ids.clone(), names, fills.clone()).prop_map(|(id, name, fill)| import(id, terms(name), fill)),
        (ids.clone(), fills, times.clone(), times).prop_map(|(id, fill, until, time)| rotate(id, fill, until, time)),
        ids.prop_map(revoke),
    ]
}

proptest! {
    /// Whatever is done: the state is the same after it is read again, no two keys share a secret or a name, and what is found is
    /// what a search of all keys finds.
    #[test]
    fn any_sequence_leaves_keys_that_can_be_told_apart(commands in prop::collection::vec(commands(), 1..60)) {
        let mut case = Case::new();
        for command in commands {
            let decoded = crate::Command::decode(crate::Command::Principals(principals::Command::Key(command.clone())).encode());
            prop_assert_eq!(decoded.unwrap(), crate::Command::Principals(principals::Command::Key(command.clone())));
            let _ = case.apply(command);
            let reopened = reopen(&case.table);
            prop_assert_eq!(all(&reopened), all(&case.principals));
            for fill in 1..8 {
                let holders: Vec<u64> = case
                    .keys()
                    .all()
                    .filter(|key| hashes(key).any(|known| known == hash(fill)))
                    .map(|key| key.id.0)
                    .collect();
                prop_assert!(holders.len() <= 1);
                prop_assert_eq!(case.standing(fill, 20).map(|(id, _)| id), holders.first().copied());
            }
            for name in ["a", "b", "c"] {
                let live = case.keys().all().filter(|key| key.terms.name == name && !key.is_revoked()).count();
                prop_assert_eq!(case.keys().named(name).is_some(), live == 1);
                prop_assert!(live <= 1);
            }
        }
    }
}
