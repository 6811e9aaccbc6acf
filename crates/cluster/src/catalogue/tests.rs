use std::sync::Arc;

use base::Kind::{self, Conflict, Invalid, NotFound, Overloaded, Precondition};
use table::{Direction, MemoryTree};

use super::*;
use Command::{AlterBrokerConfig, AlterTopicConfig, CreatePartitions, DeleteTopic, TopicDropped};

mod model;

/// A catalogue in a cluster with three data shards and one key space, 5, on shard 2.
struct Case {
    table: Table,
    catalogue: Catalogue,
    keyspaces: BTreeMap<String, KeyspaceEntry>,
}

impl Case {
    fn new() -> Case {
        let table = Table::new(Arc::new(MemoryTree::default()));
        let entry = KeyspaceEntry { id: KeyspaceId(5), name: "five".into(), shard: ShardId(2) };
        Case { catalogue: Catalogue::new(table.clone()), table, keyspaces: [("five".to_owned(), entry)].into() }
    }

    fn apply(&mut self, command: Command) -> Result<()> {
        self.catalogue.apply(command, &Surroundings { data_shards: 3, keyspaces: &self.keyspaces })
    }

    /// Done, and done again without effect.
    #[track_caller]
    fn done(&mut self, command: Command) {
        self.apply(command.clone()).unwrap();
        let after = state(&self.catalogue);
        self.apply(command.clone()).unwrap();
        assert_eq!(state(&self.catalogue), after, "{command:?}");
        assert_eq!(state(&reopen(&self.table).unwrap()), after, "{command:?}");
    }

    #[track_caller]
    fn refused(&mut self, command: Command, kind: Kind, text: &str) {
        let before = state(&self.catalogue);
        let error = self.apply(command.clone()).unwrap_err();
        assert_eq!(error.kind, kind, "{command:?}: {error}");
        assert!(error.message.contains(text), "{command:?}: {error}");
        assert_eq!(state(&self.catalogue), before, "a refused command changes nothing");
    }

    fn configs(&self, id: TopicId) -> (Vec<(&str, &str)>, u64) {
        let topic = self.catalogue.topic_by_id(id).unwrap();
        (topic.configs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(), topic.config_version)
    }
}

fn reopen(table: &Table) -> Result<Catalogue> {
    let mut catalogue = Catalogue::new(table.clone());
    let (from, to) = crate::record::keys();
    for pair in table.range(from, to, Direction::Forward) {
        match crate::record::Record::decode(pair?.1)? {
            crate::record::Record::Catalogue(record) => catalogue.learn(record),
            other => panic!("{other:?}"),
        }
    }
    catalogue.check_whole().map(|()| catalogue)
}

/// All that a catalogue knows.
#[derive(Debug, PartialEq)]
struct State {
    topics: Vec<Topic>,
    by_id: Vec<Topic>,
    unified: Vec<(Box<str>, Arc<str>)>,
    dropped: Vec<(ShardId, TopicId)>,
    brokers: (Configs, u64),
    numbers: (u64, usize, usize),
}

fn state(catalogue: &Catalogue) -> State {
    let (brokers, version) = catalogue.broker_configs();
    State {
        topics: catalogue.topics(None).map(|topic| (**topic).clone()).collect(),
        by_id: catalogue.by_id.values().map(|topic| (**topic).clone()).collect(),
        unified: catalogue.unified.clone().into_iter().collect(),
        dropped: (0..5).flat_map(|shard| catalogue.dropped(ShardId(shard)).map(move |id| (ShardId(shard), id))).collect(),
        brokers: (brokers.clone(), version),
        numbers: (catalogue.version(), catalogue.partitions(), catalogue.config_bytes),
    }
}

fn places(shards: &[u32]) -> Vec<ShardId> {
    shards.iter().copied().map(ShardId).collect()
}

fn create_with(id: TopicId, name: &str, shards: &[u32], configs: Configs, keyspace: Option<KeyspaceId>) -> Command {
    let (name, shards) = (name.to_owned(), places(shards));
    Command::CreateTopic { id, name, shards, configs, created_ms: 10, internal: false, keyspace }
}

fn create(id: TopicId, name: &str, shards: &[u32]) -> Command {
    create_with(id, name, shards, Configs::new(), None)
}

fn grow(id: TopicId, seen: u32, count: u32, shards: &[u32]) -> Command {
    CreatePartitions { id, seen, count, shards: places(shards) }
}

fn change(seen: u64, set: &[(&str, &str)], delete: &[&str]) -> ConfigChange {
    ConfigChange {
        seen,
        delete: delete.iter().map(ToString::to_string).collect(),
        set: set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

#[test]
fn a_topic_is_created_once() {
    let mut case = Case::new();
    case.done(create(7, "orders", &[1, 2, 3, 1]));
    let topic = case.catalogue.topic("orders").unwrap().clone();
    assert_eq!((topic.id, topic.partitions(), topic.created_ms, topic.internal), (7, 4, 10, false));
    assert_eq!(topic.shards[..], places(&[1, 2, 3, 1]));
    assert!(Arc::ptr_eq(case.catalogue.topic_by_id(7).unwrap(), &topic), "kept once");
    assert_eq!((case.catalogue.len(), case.catalogue.partitions(), case.catalogue.version()), (1, 4, 1));
    // Proposed again after it was changed.
    case.done(AlterTopicConfig { id: 7, change: change(0, &[("a", "1")], &[]) });
    case.done(create(7, "orders", &[1, 2, 3, 1]));
    assert_eq!(case.configs(7), (vec![("a", "1")], 1));
    case.refused(create(8, "orders", &[1]), Conflict, "Topic 'orders' already exists.");
    case.refused(create(7, "other", &[1]), Conflict, "draw a new one");
    case.refused(create(0, "other", &[1]), Invalid, "not zero");
    case.refused(create(8, "other", &[]), Invalid, "Number of partitions must be larger than 0.");
}

#[test]
fn partitions_live_in_shards_that_exist() {
    let mut case = Case::new();
    case.refused(create(1, "a", &[1, 0]), Invalid, "1 to 3");
    case.refused(create(1, "a", &[1, 4]), Invalid, "1 to 3");
    let bound = |shards: &[u32], keyspace| create_with(1, "a", shards, Configs::new(), Some(KeyspaceId(keyspace)));
    case.refused(bound(&[2], 6), NotFound, "create it first");
    case.refused(bound(&[2, 1], 5), Invalid, "in the key space's shard");
    case.done(bound(&[2, 2], 5));
    case.refused(grow(1, 2, 3, &[1]), Invalid, "in the key space's shard");
    case.refused(grow(1, 2, 3, &[4]), Invalid, "1 to 3");
    case.done(grow(1, 2, 3, &[2]));
    assert_eq!(case.catalogue.topic("a").unwrap().keyspace, Some(KeyspaceId(5)));
}

/// Kafka's rules and texts.
#[test]
fn names_are_kafkas() {
    for (name, text) in [
        ("", "Topic name is invalid: the empty string is not allowed"),
        (".", "Topic name is invalid: '.' is not allowed"),
        ("..", "Topic name is invalid: '..' is not allowed"),
        (&"x".repeat(250), "longer than the max allowed length 249"),
        ("a b", "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
        ("ä", "one or more characters"),
        ("a/b", "one or more characters"),
    ] {
        Case::new().refused(create(1, name, &[1]), Invalid, text);
    }
    let mut case = Case::new();
    for (name, id) in ["...", "x", "A-Z.a_z-09", &"y".repeat(249)].into_iter().zip(1..) {
        case.done(create(id, name, &[1]));
    }
    case.done(create(9, "a.b_c", &[1]));
    for name in ["a_b.c", "a.b.c", "a_b_c"] {
        case.refused(create(10, name, &[1]), Invalid, &format!("Topic '{name}' collides with existing topic: a.b_c"));
    }
    case.refused(create(10, "a.b_c", &[1]), Conflict, "already exists");
    case.done(create(10, "a-b-c", &[1]));
    case.done(DeleteTopic { id: 9 });
    case.done(create(11, "a_b_c", &[1]));
}

/// A topic grows only; the texts are Kafka's.
#[test]
fn partitions_are_added() {
    let mut case = Case::new();
    case.done(create(1, "bar", &[1, 2]));
    case.done(grow(1, 2, 4, &[3, 1]));
    assert_eq!(case.catalogue.topic("bar").unwrap().shards[..], places(&[1, 2, 3, 1]));
    assert_eq!(case.catalogue.partitions(), 4);
    case.refused(grow(1, 4, 4, &[]), Invalid, "Topic already has 4 partition(s).");
    case.refused(grow(1, 4, 3, &[]), Invalid, "The topic bar currently has 4 partition(s); 3 would not be an increase.");
    case.refused(grow(1, 2, 4, &[1, 1]), Invalid, "Topic already has 4 partition(s).");
    case.refused(grow(1, 4, 6, &[1]), Invalid, "one shard for each");
    case.refused(grow(1, 3, 5, &[1, 1]), Conflict, "read them again");
    case.refused(grow(1, u32::MAX, 5, &[1, 1]), Conflict, "read them again");
    case.refused(grow(2, 4, 5, &[1]), NotFound, "This server does not host this topic ID.");
}

/// Two who add to one list at once: the second one looks again.
#[test]
fn alterations_do_not_lose_one_another() {
    let mut case = Case::new();
    let first = [("cleanup.policy".to_owned(), "delete".to_owned())];
    case.done(create_with(1, "t", &[1], first.into(), None));
    case.done(AlterTopicConfig { id: 1, change: change(0, &[("cleanup.policy", "delete,compact")], &[]) });
    let late = change(0, &[("cleanup.policy", "delete,other")], &[]);
    case.refused(AlterTopicConfig { id: 1, change: late }, Conflict, "read them again and repeat");
    case.done(AlterTopicConfig { id: 1, change: change(1, &[("b", "2")], &["cleanup.policy", "unknown"]) });
    assert_eq!(case.configs(1), (vec![("b", "2")], 2));
    case.done(AlterTopicConfig { id: 1, change: change(0, &[("b", "2")], &["c"]) });
    assert_eq!(case.configs(1), (vec![("b", "2")], 2), "it was so already");
    case.refused(AlterTopicConfig { id: 2, change: change(0, &[], &[]) }, NotFound, "does not host");

    case.done(AlterBrokerConfig { change: change(0, &[("log.retention.ms", "1")], &[]) });
    case.refused(AlterBrokerConfig { change: change(0, &[("x", "1")], &[]) }, Conflict, "read them again");
    case.done(AlterBrokerConfig { change: change(1, &[("x", "1")], &["log.retention.ms"]) });
    assert_eq!(case.catalogue.broker_configs(), (&[("x".to_owned(), "1".to_owned())].into(), 2));
}

#[test]
fn settings_have_bounds() {
    let mut case = Case::new();
    case.done(create(1, "t", &[1]));
    let mut refused = |set: &[(&str, &str)]| {
        case.refused(AlterTopicConfig { id: 1, change: change(0, set, &[]) }, Invalid, "256 settings of 65536 bytes");
        case.refused(AlterBrokerConfig { change: change(0, set, &[]) }, Invalid, "256 settings of 65536 bytes");
    };
    refused(&[("", "1")]);
    refused(&[(&"n".repeat(257), "1")]);
    refused(&[("n", &"v".repeat(65_536))]);
    let names: Vec<String> = (0..257).map(|nth| format!("n{nth}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    refused(&many);
    case.done(AlterTopicConfig { id: 1, change: change(0, &many[1..], &[]) });
    case.done(AlterTopicConfig {
        id: 1,
        change: change(1, &[("n", &"v".repeat(65_535))], &names.iter().map(|n| &**n).collect::<Vec<_>>()),
    });

    let big = [("n".to_owned(), "v".repeat(65_535))];
    for id in 2..=1_024 {
        case.apply(create_with(id, &format!("t{id}"), &[1], big.clone().into(), None)).unwrap();
    }
    case.refused(
        create_with(9_999, "last", &[1], [("n".to_owned(), String::new())].into(), None),
        Precondition,
        "67108864 bytes",
    );
    case.done(create(9_999, "last", &[1]));
    case.refused(AlterTopicConfig { id: 9_999, change: change(0, &[("n", "v")], &[]) }, Precondition, "67108864 bytes");
    case.done(AlterTopicConfig { id: 5, change: change(0, &[], &["n"]) });
    case.done(AlterTopicConfig { id: 9_999, change: change(0, &[("n", "v")], &[]) });
}

/// A deleted topic is gone at once, and each shard is owed its word that the data is gone, too.
#[test]
fn a_deleted_topic_is_dropped_shard_by_shard() {
    let mut case = Case::new();
    case.done(create(1, "t", &[1, 3, 1]));
    case.done(create(2, "u", &[1]));
    case.done(DeleteTopic { id: 1 });
    assert!(case.catalogue.topic("t").is_none() && case.catalogue.topic_by_id(1).is_none());
    assert_eq!(case.catalogue.partitions(), 1);
    case.done(DeleteTopic { id: 2 });
    let dropped = |case: &Case, shard| case.catalogue.dropped(ShardId(shard)).collect::<Vec<_>>();
    assert_eq!((dropped(&case, 1), dropped(&case, 2), dropped(&case, 3)), (vec![1, 2], vec![], vec![1]));
    // A topic of the same name is another one, and an id never comes back while data of it may be there.
    case.refused(create(1, "t", &[2]), Conflict, "draw a new one");
    case.done(create(3, "t", &[2]));
    case.done(TopicDropped { shard: ShardId(2), id: 1 });
    case.done(TopicDropped { shard: ShardId(1), id: 1 });
    assert_eq!((dropped(&case, 1), dropped(&case, 3)), (vec![2], vec![1]));
    case.done(DeleteTopic { id: 1 });
    case.done(TopicDropped { shard: ShardId(3), id: 1 });
    case.refused(DeleteTopic { id: 1 }, NotFound, "does not host");
    case.refused(DeleteTopic { id: 9 }, NotFound, "does not host");
}

#[test]
fn topics_and_partitions_have_a_bound() {
    let mut case = Case::new();
    let many = vec![1; 199_998];
    case.apply(create(1, "large", &many)).unwrap();
    case.refused(create(2, "b", &[1, 1, 1]), Precondition, "200000 partitions at most, and there are 199998");
    case.refused(grow(1, 199_998, 200_001, &[1, 1, 1]), Precondition, "200000 partitions");
    case.apply(create(2, "b", &[1])).unwrap();
    case.apply(grow(1, 199_998, 199_999, &[2])).unwrap();
    case.refused(create(3, "c", &[1]), Precondition, "200000 partitions");
    case.apply(DeleteTopic { id: 1 }).unwrap();
    for id in 3..=100_001 {
        case.apply(create(id, &format!("t{id}"), &[1])).unwrap();
    }
    assert_eq!(case.catalogue.len(), 100_000);
    case.refused(create(200_000, "more", &[1]), Precondition, "100000 topics at most");
    for id in 2..=99_999 {
        case.apply(DeleteTopic { id }).unwrap();
    }
    case.refused(create(200_000, "more", &[1]), Overloaded, "try again later");
    case.apply(TopicDropped { shard: ShardId(1), id: 5 }).unwrap();
    case.apply(create(200_000, "more", &[1])).unwrap();
}

#[test]
fn topics_are_read_in_the_order_of_names_from_anywhere() {
    let mut case = Case::new();
    for (name, id) in ["b", "a", "d", "c"].into_iter().zip(1..) {
        case.done(create(id, name, &[1]));
    }
    let after = |name| case.catalogue.topics(name).map(|topic| &*topic.name).collect::<Vec<_>>();
    assert_eq!(after(None), ["a", "b", "c", "d"]);
    assert_eq!(after(Some("b")), ["c", "d"]);
    assert_eq!(after(Some("bb")), ["c", "d"]);
    assert!(after(Some("d")).is_empty());
}

/// A table that lost a part of a topic is not opened as if the topic were another one.
#[test]
fn a_torn_table_is_damaged() {
    for key in [record::topic_key(1), record::places_key(1)] {
        let mut case = Case::new();
        case.done(create(1, "t", &[1]));
        case.table.delete(key);
        assert_eq!(reopen(&case.table).err().unwrap().kind, Kind::Corrupt);
    }
}
