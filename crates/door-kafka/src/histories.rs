//! Histories of the configuration store as topics: a namespace's audit trail as `audit.NAME`, the changes of its keys as `config.NAME`.
//!
//! Nothing is stored for them. A record's offset is its ordinal among those of its path, which the store keeps anyway and which is the
//! same on every node; a batch is built for each answer. To everything else they are topics of the catalogue with one partition in the
//! store's shard, led by who leads that. `docs/decisions/0016-histories-as-topics.md` says why.

use std::sync::Arc;

use base::Result;
use bytes::Bytes;
use cluster::catalogue::{Configs, Topic};
use config::{Action, Content, Machine, Record, told};
use kafka_wire::{
    batch::{BatchBuilder, Codec, Place as Found, set_base_offset},
    limits::BATCH_HEADER_BYTES,
};
use replica::{
    ConfigStore, runtime,
    streams::{self, Batches, Bell},
};
use stream::{PartitionId, TopicId};
use tokio::sync::Semaphore;

use crate::{
    limits::{BATCH_BYTES_MAX, HISTORY_PAGE, HISTORY_READERS_MAX, HISTORY_RECORD_BYTES},
    topics::Topics,
};

/// To who would change one.
pub(crate) const READ_ONLY: &str = "the topic shows the history of a namespace of the configuration store, and is read only";

/// What a topic shows of the store.
#[derive(Clone)]
pub(crate) struct History {
    store: ConfigStore,
    topic: config::Topic,
    namespace: Arc<str>,
    id: PartitionId,
    readers: Readers,
}

/// A bound on those who read histories at once, since each keeps a thread.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Semaphore>);

impl Default for Readers {
    fn default() -> Readers {
        Readers(Arc::new(Semaphore::new(HISTORY_READERS_MAX)))
    }
}

/// A history as it would be in the catalogue.
fn as_topic(topic: config::Topic, namespace: &str, number: u64, store: &ConfigStore) -> Option<Arc<Topic>> {
    // Nothing of it is ever dropped.
    let configs = ["retention.bytes", "retention.ms"].map(|name| (name.to_owned(), "-1".to_owned()));
    Some(Arc::new(Topic {
        id: topic.id(number),
        name: topic.name_of(namespace)?.into(),
        shards: Arc::from([store.shard_id()]),
        configs: Configs::from(configs),
        config_version: 0,
        created_ms: 0,
        // So that it is not among those that a pattern means unless it is asked for.
        internal: true,
        keyspace: None,
    }))
}

/// Whether a topic that was found is one.
pub(crate) fn is_history(topic: &Topic) -> bool {
    config::Topic::of_id(topic.id).is_some()
}

impl Topics {
    /// The topic of this name, be it in the catalogue or a history. What changes topics asks the catalogue alone.
    pub(crate) fn readable(&self, name: &str) -> Option<Arc<Topic>> {
        self.topic(name).or_else(|| {
            let (topic, namespace) = config::Topic::named(name)?;
            let store = self.node().config_store().ok()?;
            as_topic(topic, &namespace, store.machine().topic_number(&namespace)?, &store)
        })
    }

    /// The same by its id.
    pub(crate) fn readable_by_id(&self, id: u128) -> Option<Arc<Topic>> {
        self.topic_by_id(id).or_else(|| {
            let (topic, number) = config::Topic::of_id(id)?;
            let store = self.node().config_store().ok()?;
            let found = as_topic(topic, &store.machine().topic_path(number)?, number, &store)?;
            // A topic of that name in the catalogue has it for itself.
            self.topic(&found.name).is_none().then_some(found)
        })
    }

    /// All histories of namespaces that `may` takes.
    pub(crate) fn histories(&self, may: impl Fn(config::Topic, &str) -> bool) -> Vec<Arc<Topic>> {
        let Ok(store) = self.node().config_store() else { return Vec::new() };
        let paths = store.machine().topic_paths();
        let each = config::Topic::ALL.into_iter().flat_map(|topic| paths.iter().map(move |path| (topic, path)));
        let found = each.filter_map(|(topic, (path, number))| {
            let found = as_topic(topic, path, *number, &store)?;
            (may(topic, path) && self.topic(&found.name).is_none()).then_some(found)
        });
        found.collect()
    }

    /// The namespace whose history a name means, whether there is one or not; `None` where a topic of the catalogue has that name.
    pub(crate) fn namespace_shown(&self, name: &str) -> Option<String> {
        let (_, namespace) = config::Topic::named(name)?;
        self.topic(name).is_none().then_some(namespace)
    }

    /// What a topic that was found shows, if it is a history.
    pub(crate) fn history(&self, topic: &Topic) -> Option<History> {
        let (kind, _) = config::Topic::of_id(topic.id)?;
        let (_, namespace) = config::Topic::named(&topic.name)?;
        let store = self.node().config_store().ok()?;
        let id = PartitionId { topic: TopicId(topic.id), partition: 0 };
        Some(History { store, topic: kind, namespace: namespace.into(), id, readers: self.readers().clone() })
    }
}

impl History {
    /// Whose it is.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What its topic is called.
    pub(crate) fn name(&self) -> String {
        self.topic.name_of(&self.namespace).unwrap_or_default()
    }

    /// How many records it has here: the high watermark.
    pub(crate) fn end(&self) -> i64 {
        let end = self.store.machine().topic_end(&self.namespace, self.topic).unwrap_or(0);
        i64::try_from(end).unwrap_or(i64::MAX)
    }

    /// Lets a bell ring when it becomes longer.
    pub(crate) fn hang(&self, bell: &mut Bell) {
        self.store.hang(bell, self.id);
    }

    /// Records from an offset on as one batch of at most `bytes_max`; with `at_least_one`, the first whatever its size.
    ///
    /// # Errors
    /// What the store answers.
    pub(crate) async fn read(&self, offset: i64, bytes_max: usize, at_least_one: bool) -> Result<streams::Found> {
        let Ok(from) = u64::try_from(offset) else { return Ok(streams::Found::BelowStart) };
        match offset.cmp(&self.end()) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Ok(streams::Found::AtEnd),
            std::cmp::Ordering::Greater => return Ok(streams::Found::BeyondEnd),
        }
        let build = move |history: &History, machine: &Machine| history.batch(machine, from, bytes_max, at_least_one);
        self.blocking(build).await.map(streams::Found::Batches)
    }

    /// The first record of this time, in ms, or a later one.
    ///
    /// # Errors
    /// As [`History::read`].
    pub(crate) async fn first_at_or_after(&self, time_ms: i64) -> Result<Option<Found>> {
        let time_ms = u64::try_from(time_ms).unwrap_or(0);
        self.blocking(move |history, machine| history.first_since(machine, time_ms)).await
    }

    /// The first of those with the greatest time, which are the last ones.
    ///
    /// # Errors
    /// As [`History::read`].
    pub(crate) async fn greatest(&self) -> Result<Option<Found>> {
        let find = |history: &History, machine: &Machine| {
            let end = machine.topic_end(&history.namespace, history.topic).unwrap_or(0);
            let Some(last) = end.checked_sub(1) else { return Ok(None) };
            match machine.topic(&history.namespace, history.topic, last, 1, false)?.first() {
                Some(event) => history.first_since(machine, event.record.time_ms),
                None => Ok(None),
            }
        };
        self.blocking(find).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History, &Machine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // Nobody closes it.
        let _turn = self.readers.0.acquire().await.ok();
        let history = self.clone();
        runtime::spawn_blocking(move || read(&history, history.store.machine())).await
    }

    fn first_since(&self, machine: &Machine, time_ms: u64) -> Result<Option<Found>> {
        let at = machine.topic_offset_at(&self.namespace, self.topic, time_ms)?;
        let found = machine.topic(&self.namespace, self.topic, at, 1, false)?;
        let found = found.first().map(|event| Found { offset: number(at), timestamp: number(event.record.time_ms) });
        Ok(found)
    }

    fn batch(&self, machine: &Machine, from: u64, bytes_max: usize, at_least_one: bool) -> Result<Batches> {
        let room = bytes_max.min(BATCH_BYTES_MAX).saturating_sub(BATCH_HEADER_BYTES);
        let (mut builder, mut next) = (BatchBuilder::new(Codec::None), from);
        'pages: loop {
            let page = self.page(machine, next)?;
            let is_last = page.len() < HISTORY_PAGE;
            for shown in page {
                let must_give = at_least_one && builder.count() == 0;
                if builder.record_bytes() + shown.bytes() > room && !must_give {
                    break 'pages;
                }
                shown.push(&mut builder);
                next += 1;
            }
            if is_last {
                break;
            }
        }
        let mut batches = Batches { next: number(next), ..Batches::default() };
        if builder.count() > 0 {
            let mut batch = builder.finish();
            set_base_offset(&mut batch, number(from));
            batches.bytes = batch.len();
            batches.pieces.push(Bytes::from(batch));
        }
        Ok(batches)
    }

    fn page(&self, machine: &Machine, from: u64) -> Result<Vec<Shown>> {
        let mut told = Vec::with_capacity(512);
        match self.topic {
            config::Topic::Audit => {
                let page = machine.audit_topic(&self.namespace, from, HISTORY_PAGE, true)?;
                let each = page.into_iter().map(|audited| {
                    told.clear();
                    told::put_audited(&mut told, &audited, false);
                    Shown { value: Some(told.clone()), record: audited.record }
                });
                Ok(each.collect())
            }
            config::Topic::Config => {
                let page = machine.topic(&self.namespace, self.topic, from, HISTORY_PAGE, true)?;
                let each = page.into_iter().map(|event| {
                    told.clear();
                    told::put_event(&mut told, &event.record, &event.content, true);
                    let is_gone = event.record.action == Action::ConfigDeleted || event.content == Content::Deleted;
                    Shown { value: (!is_gone).then(|| told.clone()), record: event.record }
                });
                Ok(each.collect())
            }
        }
    }
}

/// A record of a history as consumers see it.
struct Shown {
    record: Record,
    /// `None`: the key is gone.
    value: Option<Vec<u8>>,
}

impl Shown {
    /// Bytes that it takes in a batch at most.
    fn bytes(&self) -> usize {
        let key = self.record.key.as_ref().map_or(0, String::len);
        key + self.value.as_ref().map_or(0, Vec::len) + HISTORY_RECORD_BYTES
    }

    fn push(&self, builder: &mut BatchBuilder) {
        let Record { position, time_ms, action, key, .. } = &self.record;
        let position = position.to_string();
        let headers = [("action", Some(action.name().as_bytes())), ("position", Some(position.as_bytes()))];
        builder.push(number(*time_ms), key.as_deref().map(str::as_bytes), self.value.as_deref(), &headers);
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::Batch;

    use super::*;

    /// What is reckoned for a record is never less than what it takes.
    #[test]
    fn a_record_takes_no_more_than_was_reckoned() {
        for (key, value) in [(None, None), (Some(""), Some(0)), (Some("k"), Some(70_000)), (Some("kk"), None)] {
            for action in Action::ALL {
                let record = Record { key: key.map(str::to_owned), action, position: u64::MAX, time_ms: u64::MAX, ..record() };
                let shown = Shown { value: value.map(|bytes| vec![b'x'; bytes]), record };
                let mut builder = BatchBuilder::new(Codec::None);
                // Far from the first one, so that its numbers are long.
                builder.push(0, None, None, &[]);
                let before = builder.record_bytes();
                shown.push(&mut builder);
                assert!(builder.record_bytes() - before <= shown.bytes(), "{key:?} {action:?}");
                let bytes = builder.finish();
                let (batch, rest) = Batch::split(&bytes).expect("is one").expect("is whole");
                assert!(rest.is_empty() && batch.count() == 2);
            }
        }
    }

    fn record() -> Record {
        Record {
            position: 1,
            first: 1,
            closes: true,
            time_ms: 1,
            action: Action::ConfigCreated,
            attempted: None,
            who: [String::new(), String::new(), String::new()],
            request_id: String::new(),
            comment: String::new(),
            namespace: "a".to_owned(),
            namespace_id: config::NamespaceId::default(),
            key: None,
            version: 1,
            replaced: 0,
            restored: 0,
            import: 0,
            keys: 0,
            value_type: config::ValueType::String,
            bytes: 0,
            before: None,
            after: None,
            shows_values: true,
        }
    }
}
