//! Whose offsets may expire (KIP-211).

use std::{collections::BTreeSet, sync::Arc};

use super::{Coordinator, Effect, State, StoredGroup, group::Group};

/// Which offsets of a group may expire once they are old enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// All of them: it has no members.
    All,
    /// Those of topics that none of its members is subscribed to.
    Unsubscribed(BTreeSet<String>),
    /// None: it is rebalancing, or what its members want is not known.
    Nothing,
}

impl Expiry {
    /// Whether offsets of a topic may expire; `None`: a topic that is not known by a name.
    pub fn takes(&self, topic: Option<&str>) -> bool {
        match self {
            Expiry::All => true,
            Expiry::Unsubscribed(subscribed) => topic.is_some_and(|topic| !subscribed.contains(topic)),
            Expiry::Nothing => false,
        }
    }
}

impl Coordinator {
    /// Which offsets of a group may expire, as Kafka's `ClassicGroup.offsetExpirationCondition` has it.
    pub fn expiry(&self, group_id: &str) -> Expiry {
        if !self.serves() {
            return Expiry::Nothing;
        }
        let Some(group) = self.groups.get(group_id) else { return Expiry::All };
        match group.state {
            State::Empty => Expiry::All,
            State::Stable => subscribed(group).map_or(Expiry::Nothing, Expiry::Unsubscribed),
            State::PreparingRebalance | State::CompletingRebalance | State::Dead => Expiry::Nothing,
        }
    }

    /// Whether it has a group of this name.
    pub fn knows(&self, group_id: &str) -> bool {
        self.groups.contains_key(group_id)
    }

    /// The log has a group that is not known here: a commit made it that was on its way when the group was forgotten.
    pub fn adopt(&mut self, now_ms: u64, group: StoredGroup) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.serves() && !self.knows(&group.group_id) {
            self.take_in(group, now_ms, &mut effects);
        }
        effects
    }

    /// The log has the group no more, since all of its offsets have expired. One that somebody is joining is stored again with its
    /// members.
    pub fn forget(&mut self, now_ms: u64, group_id: &str) {
        let Some(id): Option<Arc<str>> = self.find(group_id) else { return };
        self.turn(&id, now_ms, &mut Vec::new(), |turn| {
            if turn.group.state == State::Empty {
                turn.group.durable = false;
            }
        });
    }
}

/// The topics that consumers are subscribed to; `None` if they are no consumers, or do not say it in a way that is understood.
fn subscribed(group: &Group) -> Option<BTreeSet<String>> {
    let is_of_consumers = group.protocol_type().is_some_and(|kind| kind == "consumer");
    let protocol = group.protocol.as_deref().filter(|_| is_of_consumers)?;
    let mut all = BTreeSet::new();
    for member in group.members().values() {
        all.extend(subscriptions(&member.metadata(Some(protocol)))?);
    }
    Some(all)
}

/// The topics that a consumer is subscribed to, by its metadata: a version, then a list of names (ConsumerProtocolSubscription).
pub fn subscriptions(metadata: &[u8]) -> Option<Vec<String>> {
    let mut rest = metadata;
    let mut take = |bytes: usize| {
        let (taken, behind) = rest.split_at_checked(bytes)?;
        rest = behind;
        Some(taken)
    };
    take(2)?;
    let count = i32::from_be_bytes(take(4)?.try_into().ok()?);
    let mut names = Vec::new();
    for _ in 0..count {
        let length = i16::from_be_bytes(take(2)?.try_into().ok()?);
        names.push(String::from_utf8(take(usize::try_from(length).ok()?)?.to_vec()).ok()?);
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_read_if_they_are_some() {
        let mut metadata = vec![0, 1, 0, 0, 0, 2, 0, 1, b'a', 0, 2, b'b', b'c', 0xff];
        assert_eq!(subscriptions(&metadata), Some(vec!["a".to_owned(), "bc".to_owned()]));
        metadata.truncate(9);
        assert_eq!(subscriptions(&metadata), None);
        assert_eq!(subscriptions(&[0, 0, 0x7f, 0xff, 0xff, 0xff]), None);
        assert_eq!(subscriptions(&[0, 0, 0, 0, 0, 0]), Some(vec![]));
    }
}
