//! The catalogue against a plain list of topics, while it is opened anew from its table again and again.

use proptest::prelude::*;

use super::*;

/// The rules in the plainest words.
#[derive(Default)]
struct Model {
    topics: Vec<Topic>,
    dropped: Vec<(ShardId, TopicId)>,
    brokers: (Configs, u64),
    changes: u64,
}

const KEYSPACE: u32 = 5;
const ITS_SHARD: ShardId = ShardId(2);

impl Model {
    fn apply(&mut self, command: Command) -> Result<(), Kind> {
        let before = (self.topics.clone(), self.dropped.clone(), self.brokers.clone());
        self.decide(command)?;
        if before != (self.topics.clone(), self.dropped.clone(), self.brokers.clone()) {
            self.changes += 1;
        }
        Ok(())
    }

    fn decide(&mut self, command: Command) -> Result<(), Kind> {
        match command {
            Command::CreateTopic { id, name, shards, configs, created_ms, internal, keyspace } => {
                if self.topics.iter().any(|topic| topic.id == id && *topic.name == *name) {
                    return Ok(());
                }
                let was_used = self.dropped.iter().any(|(_, dropped)| *dropped == id);
                if was_used || self.topics.iter().any(|topic| topic.id == id || *topic.name == *name) {
                    return Err(Conflict);
                }
                let alike = |topic: &Topic| topic.name.replace('.', "_") == name.replace('.', "_");
                if self.topics.iter().any(alike) || shards.is_empty() {
                    return Err(Invalid);
                }
                fits(&shards, keyspace)?;
                let (name, shards) = (name.into(), shards.into());
                self.topics.push(Topic { id, name, shards, configs, config_version: 0, created_ms, internal, keyspace });
            }
            CreatePartitions { id, seen, count, shards } => {
                let topic = self.topics.iter_mut().find(|topic| topic.id == id).ok_or(NotFound)?;
                let (seen, count, now) = (seen as usize, count as usize, topic.shards.len());
                if count > seen && count - seen != shards.len() {
                    return Err(Invalid);
                }
                if !shards.is_empty() && count == now && topic.shards.ends_with(&shards) && seen + shards.len() == count {
                    return Ok(());
                }
                if count <= now {
                    return Err(Invalid);
                }
                if seen != now {
                    return Err(Conflict);
                }
                fits(&shards, topic.keyspace)?;
                topic.shards = topic.shards.iter().copied().chain(shards).collect();
            }
            AlterTopicConfig { id, change } => {
                let topic = self.topics.iter_mut().find(|topic| topic.id == id).ok_or(NotFound)?;
                alter(&mut topic.configs, &mut topic.config_version, change)?;
            }
            AlterBrokerConfig { change } => alter(&mut self.brokers.0, &mut self.brokers.1, change)?,
            DeleteTopic { id } => {
                let Some(at) = self.topics.iter().position(|topic| topic.id == id) else {
                    return if self.dropped.iter().any(|(_, dropped)| *dropped == id) { Ok(()) } else { Err(NotFound) };
                };
                let topic = self.topics.remove(at);
                self.dropped.extend(topic.shards.iter().map(|shard| (*shard, id)));
                self.dropped.sort_unstable();
                self.dropped.dedup();
            }
            TopicDropped { shard, id } => self.dropped.retain(|dropped| *dropped != (shard, id)),
        }
        Ok(())
    }
}

fn fits(shards: &[ShardId], keyspace: Option<KeyspaceId>) -> Result<(), Kind> {
    if shards.iter().any(|shard| !(1..=3).contains(&shard.0)) {
        return Err(Invalid);
    }
    match keyspace {
        None => Ok(()),
        Some(KeyspaceId(KEYSPACE)) if shards.iter().all(|shard| *shard == ITS_SHARD) => Ok(()),
        Some(KeyspaceId(KEYSPACE)) => Err(Invalid),
        Some(_) => Err(NotFound),
    }
}

fn alter(configs: &mut Configs, version: &mut u64, change: ConfigChange) -> Result<(), Kind> {
    let mut after = configs.clone();
    for name in change.delete {
        after.remove(&name);
    }
    for (name, value) in change.set {
        after.insert(name, value);
    }
    if after == *configs {
        return Ok(());
    }
    if change.seen != *version {
        return Err(Conflict);
    }
    (*configs, *version) = (after, *version + 1);
    Ok(())
}

fn some_shards() -> impl Strategy<Value = Vec<ShardId>> {
    prop::collection::vec((0..5_u32).prop_map(|shard| ShardId(if shard == 4 { 2 } else { shard.max(1) })), 0..3)
}

fn some_change() -> impl Strategy<Value = ConfigChange> {
    let name = || prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned);
    let set = prop::collection::vec((name(), name()), 0..2);
    (0..3_u64, prop::collection::vec(name(), 0..2), set).prop_map(|(seen, delete, set)| ConfigChange { seen, delete, set })
}

fn some_command() -> impl Strategy<Value = Command> {
    let id = || 1..6_u128;
    let name = prop::sample::select(vec!["a", "b.c", "b_c", "b-c", "d.e"]);
    let keyspace = prop::option::weighted(0.2, 5..7_u32);
    prop_oneof![
        3 => (id(), name, some_shards(), keyspace, any::<bool>()).prop_map(|(id, name, shards, keyspace, internal)| {
            Command::CreateTopic {
                id,
                name: name.to_owned(),
                shards,
                configs: Configs::new(),
                created_ms: 1,
                internal,
                keyspace: keyspace.map(KeyspaceId),
            }
        }),
        2 => (id(), 0..4_u32, 0..6_u32, some_shards())
            .prop_map(|(id, seen, count, shards)| CreatePartitions { id, seen, count, shards }),
        1 => (id(), 1..4_u32, some_shards()).prop_map(|(id, seen, shards)| {
            CreatePartitions { id, seen, count: seen + u32::try_from(shards.len()).unwrap(), shards }
        }),
        2 => (id(), some_change()).prop_map(|(id, change)| AlterTopicConfig { id, change }),
        1 => some_change().prop_map(|change| AlterBrokerConfig { change }),
        1 => id().prop_map(|id| DeleteTopic { id }),
        2 => (1..4_u32, id()).prop_map(|(shard, id)| TopicDropped { shard: ShardId(shard), id }),
    ]
}

fn records(table: &Table) -> Vec<table::Pair> {
    let (from, to) = crate::record::keys();
    table.range(from, to, Direction::Forward).collect::<Result<_>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, the catalogue does what the model does; one that is opened anew from the table every now and then knows
    /// and writes the same as one that never was.
    #[test]
    fn it_is_the_plain_list(commands in prop::collection::vec((some_command(), prop::bool::weighted(0.1)), 0..60)) {
        let (mut model, mut case, mut restarted) = (Model::default(), Case::new(), Case::new());
        for (command, restart) in commands {
            let expected = model.apply(command.clone());
            let outcome = case.apply(command.clone());
            prop_assert_eq!(outcome.as_ref().map_err(|why| why.kind), expected.as_ref().map_err(|kind| *kind), "{:?}", command);
            if restart {
                restarted.catalogue = reopen(&restarted.table).unwrap();
            }
            prop_assert_eq!(restarted.apply(command), outcome);

            let known = state(&case.catalogue);
            model.topics.sort_by(|a, b| a.name.cmp(&b.name));
            prop_assert_eq!(&known.topics, &model.topics);
            prop_assert_eq!(&known.dropped, &model.dropped);
            prop_assert_eq!(&known.brokers, &model.brokers);
            let partitions = model.topics.iter().map(Topic::partitions).sum();
            let bytes = model.topics.iter().map(|topic| configs::bytes(&topic.configs)).sum();
            prop_assert_eq!(known.numbers, (model.changes, partitions, bytes));
            prop_assert_eq!(&state(&restarted.catalogue), &known);
        }
        prop_assert_eq!(&state(&reopen(&case.table).unwrap()), &state(&case.catalogue));
        prop_assert_eq!(records(&case.table), records(&restarted.table));
    }
}
