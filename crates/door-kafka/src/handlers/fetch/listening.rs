//! What a fetch session hears between two fetches and while one waits.

use std::{collections::BTreeMap, sync::Arc};

use base::ShardId;
use kafka_wire::ErrorCode;
use replica::streams::{Bell, Leadership, StreamShard};
use rustc_hash::FxHashMap;
use stream::PartitionId;

use crate::{
    sessions::{Slot, Topic, Wanted},
    topics::{Place, Topics},
};

/// A bell that hangs on every partition of a session, and where the partitions are.
///
/// A partition that was read to its end after the bell was hung on it, and that has not rung since, has nothing new. So a fetch
/// looks at those that rang, and not at ten thousand.
#[derive(Default)]
pub(crate) struct Listening {
    bell: Bell,
    places: FxHashMap<Slot, Result<Place, ErrorCode>>,
    slots: FxHashMap<PartitionId, Slot>,
    /// The catalogue's version when the places were looked up.
    version: u64,
    /// Who led the shards, as this node saw it.
    led: BTreeMap<ShardId, Leadership>,
}

/// Where a partition is that a consumer wants.
pub(super) fn place(topics: &Topics, topic: &Topic, partition: i32) -> Result<Place, ErrorCode> {
    let (topic, unknown): (Option<Arc<_>>, _) = match topic {
        Topic::Name(name) => (topics.readable(name), ErrorCode::UnknownTopicOrPartition),
        Topic::Id(id) => (topics.readable_by_id(u128::from_be_bytes(*id)), ErrorCode::UnknownTopicId),
    };
    topics.place(&*topic.ok_or(unknown)?, partition)
}

impl Listening {
    /// Nothing was heard yet: everything is to be looked at.
    pub(super) fn new(topics: &Topics) -> Listening {
        let mut listening = Listening { version: topics.version(), ..Listening::default() };
        listening.led_otherwise(topics);
        listening
    }

    /// Whether the catalogue is what it was when places were looked up; from now on, it is.
    pub(super) fn is_current(&mut self, topics: &Topics) -> bool {
        let version = topics.version();
        std::mem::replace(&mut self.version, version) == version
    }

    /// Forgets what was kept for a partition that is wanted no more.
    pub(super) fn forget(&mut self, slot: Slot) {
        if let Some(Ok(place)) = self.places.remove(&slot) {
            self.bell.take_off(place.id);
            self.slots.remove(&place.id);
        }
    }

    /// Where a partition is; the bell hangs on it from now on.
    pub(super) fn place(&mut self, topics: &Topics, slot: Slot, wanted: &Wanted) -> Result<Place, ErrorCode> {
        match self.places.get(&slot) {
            Some(Ok(place)) => Ok(place.clone()),
            // A history may have come into being, of which the catalogue says nothing.
            Some(Err(_)) if may_be_history(&wanted.topic) => self.look_up(topics, slot, wanted),
            Some(Err(code)) => Err(*code),
            None => self.look_up(topics, slot, wanted),
        }
    }

    /// Looks a partition up, again if need be: it may have come into being, or be another one of the same name.
    pub(super) fn look_up(&mut self, topics: &Topics, slot: Slot, wanted: &Wanted) -> Result<Place, ErrorCode> {
        let place = place(topics, &wanted.topic, wanted.partition);
        let before = self.places.get(&slot).and_then(|place| place.as_ref().ok()).map(|place| place.id);
        if before != place.as_ref().ok().map(|place| place.id) {
            self.forget(slot);
        }
        if let Ok(place) = &place {
            place.hang(&mut self.bell);
            self.slots.insert(place.id, slot);
        }
        self.places.insert(slot, place.clone());
        place
    }

    /// Partitions that rang since the last time.
    pub(super) fn heard(&self) -> Vec<Slot> {
        self.slots_of(&self.bell.take_moved())
    }

    /// Waits until one rings.
    pub(super) async fn hear(&self) -> Vec<Slot> {
        self.slots_of(&self.bell.moved().await)
    }

    fn slots_of(&self, moved: &[PartitionId]) -> Vec<Slot> {
        moved.iter().filter_map(|id| self.slots.get(id)).copied().collect()
    }

    /// Partitions of shards that are led otherwise than they were, or by whom this node did not follow.
    pub(super) fn led_otherwise(&mut self, topics: &Topics) -> Vec<Slot> {
        let led = leaders(topics.shards().values());
        let before = std::mem::replace(&mut self.led, led);
        if before == self.led {
            return Vec::new();
        }
        let is_otherwise = |place: &Place| before.get(&place.shard.id()) != self.led.get(&place.shard.id());
        let changed = self.places.iter().filter(|(_, place)| place.as_ref().is_ok_and(is_otherwise));
        changed.map(|(slot, _)| *slot).collect()
    }
}

fn may_be_history(topic: &Topic) -> bool {
    match topic {
        Topic::Name(name) => config::topics::is_reserved(name),
        Topic::Id(id) => config::Topic::of_id(u128::from_be_bytes(*id)).is_some(),
    }
}

/// Who leads these shards.
pub(super) fn leaders<'s>(shards: impl Iterator<Item = &'s StreamShard>) -> BTreeMap<ShardId, Leadership> {
    shards.map(|shard| (shard.id(), shard.leadership())).collect()
}
