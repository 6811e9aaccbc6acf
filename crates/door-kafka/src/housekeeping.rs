//! What shards' leaders do by themselves: records that are too old or too many go, and so does the data of deleted topics.
//!
//! A leader decides by its own clock and proposes; every replica trims when that is applied. Nothing here is lost with a leader that
//! dies: the next one looks again.

use base::{Result, ShardId};
use cluster::{
    catalogue::{self, Topic, TopicId},
    settings::TopicSettings,
};
use futures_util::future::BoxFuture;
use replica::{Lane, Node, runtime, streams::StreamShard};
use rustc_hash::FxHashSet;
use segments::Retention;
use stream::{Command, PartitionId};

use crate::{
    limits::{FORGOTTEN_AT_ONCE_MAX, HOUSEKEEPING_TICK},
    topics::Topics,
};

/// Runs as long as the node does, whether its Kafka door is open or not: records come in by other doors, too.
pub fn housekeeping(node: Node) -> BoxFuture<'static, ()> {
    Box::pin(keep_house(node))
}

async fn keep_house(node: Node) {
    let topics = Topics::new(node);
    loop {
        runtime::sleep(HOUSEKEEPING_TICK).await;
        for shard in topics.shards().values().filter(|shard| shard.leadership().is_here) {
            if let Err(error) = tidy(&topics, shard).await {
                tracing::info!(shard = %shard.id(), %error, "old records or deleted topics stay a while longer");
            }
        }
    }
}

async fn tidy(topics: &Topics, shard: &StreamShard) -> Result<()> {
    drop_deleted(topics, shard).await?;
    forget_offsets(topics, shard).await?;
    trim(topics, shard).await
}

/// Drops what is left of deleted topics, and records that it is gone here.
async fn drop_deleted(topics: &Topics, shard: &StreamShard) -> Result<()> {
    let dropped: Vec<TopicId> =
        topics.node().look_at_cluster(|machine| machine.catalogue().dropped(shard.id()).collect()).unwrap_or_default();
    for id in dropped {
        let command = Command::Drop { topic: stream::TopicId(id), partitions: None };
        // It refuses nothing: a topic that is not known is dropped already.
        // Behind the appends that were taken before, or one of them would make the partition anew.
        let _ = shard.submit(Lane::Normal, &command)?.await?;
        topics.change(catalogue::Command::TopicDropped { shard: shard.id(), id }).await?;
    }
    Ok(())
}

/// Forgets the offsets that groups of this shard keep of topics that are gone. Where partitions of a topic lie is of no matter to its
/// offsets, so the catalogue's list of shards that hold some says nothing here; and a commit may come in after its topic was dropped.
async fn forget_offsets(topics: &Topics, shard: &StreamShard) -> Result<()> {
    // Looked at before the catalogue: the topic of an offset was known when it was committed.
    let mut kept = shard.machine().offset_topics();
    retain_unknown(topics, &mut kept);
    if kept.is_empty() {
        return Ok(());
    }
    // One that is not known may be newer than what this node knows.
    topics.node().cluster_barrier().await?;
    retain_unknown(topics, &mut kept);
    // Data goes only where the catalogue says so.
    let held: FxHashSet<stream::TopicId> = shard.machine().partitions().into_iter().map(|(id, _)| id.topic).collect();
    kept.retain(|topic| !held.contains(topic));
    kept.sort_unstable();
    for topics in kept.chunks(FORGOTTEN_AT_ONCE_MAX) {
        let drop = |topic: &stream::TopicId| shard.submit(Lane::Normal, &Command::Drop { topic: *topic, partitions: None });
        let submitted = topics.iter().map(drop).collect::<Result<Vec<_>>>()?;
        for submitted in submitted {
            // It refuses nothing.
            let _ = submitted.await?;
        }
    }
    Ok(())
}

/// Leaves those that the catalogue does not know. All are known to a node that does not know the catalogue; so are the configuration
/// store's histories, which never go.
fn retain_unknown(topics: &Topics, ids: &mut Vec<stream::TopicId>) {
    ids.retain(|id| config::Topic::of_id(id.0).is_none());
    let looked = topics.node().look_at_cluster(|machine| ids.retain(|id| machine.catalogue().topic_by_id(id.0).is_none()));
    if looked.is_none() {
        ids.clear();
    }
}

async fn trim(topics: &Topics, shard: &StreamShard) -> Result<()> {
    let now = i64::try_from(runtime::wall_ms()).unwrap_or(i64::MAX);
    let wanted: Vec<(PartitionId, Retention)> = topics
        .all()
        .iter()
        .filter_map(|topic| Some((topic, retention(&topics.settings(topic), now)?)))
        .flat_map(|(topic, retention)| partitions_in(topic, shard.id()).map(move |id| (id, retention)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for (partition, log_start) in shard.retention_cuts(wanted).await? {
        let submitted = shard.submit(Lane::Bulk, &Command::Trim { partition, log_start })?;
        // One that was dropped meanwhile has nothing to trim.
        let _ = submitted.await?;
    }
    Ok(())
}

/// What a topic may keep; `None`: everything.
fn retention(settings: &TopicSettings, now: i64) -> Option<Retention> {
    if !settings.drops_old_records {
        return None;
    }
    let age = |age: u64| now.saturating_sub_unsigned(age);
    let retention = Retention { older_than_ms: settings.retention_ms.map(age), bytes_max: settings.retention_bytes };
    (retention != Retention::default()).then_some(retention)
}

fn partitions_in(topic: &Topic, shard: ShardId) -> impl Iterator<Item = PartitionId> {
    let id = stream::TopicId(topic.id);
    let here = topic.shards.iter().enumerate().filter(move |(_, at)| **at == shard);
    let numbers: Vec<u32> = here.filter_map(|(number, _)| u32::try_from(number).ok()).collect();
    numbers.into_iter().map(move |partition| PartitionId { topic: id, partition })
}

#[cfg(test)]
mod tests {
    use cluster::settings::{BrokerConfigs, Overrides};

    use super::*;

    fn kept(configs: &[(&str, &str)]) -> Option<(Option<i64>, Option<u64>)> {
        let configs: Overrides = configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let retention = retention(&TopicSettings::resolve(&configs, &BrokerConfigs::default()), 1_000_000_000_000)?;
        Some((retention.older_than_ms, retention.bytes_max))
    }

    #[test]
    fn a_topic_keeps_what_its_settings_say() {
        assert_eq!(kept(&[]), Some((Some(1_000_000_000_000 - 604_800_000), None)));
        assert_eq!(kept(&[("retention.ms", "1000"), ("retention.bytes", "7")]), Some((Some(999_999_999_000), Some(7))));
        assert_eq!(kept(&[("retention.ms", "-1")]), None);
        assert_eq!(kept(&[("retention.bytes", "7"), ("cleanup.policy", "")]), None, "nothing is dropped at all");
    }
}
