//! A group out of the log and into it.

use super::{State, StoredGroup, group::Group, member::Member};

impl Group {
    /// A group as it was stored; every member has its whole session timeout from now on.
    pub(super) fn load(stored: StoredGroup, now_ms: u64) -> Group {
        let mut group = Group::new(&stored.group_id);
        group.state = if stored.members.is_empty() { State::Empty } else { State::Stable };
        group.generation = stored.generation;
        group.set_protocol_type(stored.protocol_type.filter(|kind| !kind.is_empty()));
        group.durable = true;
        let protocol = stored.protocol.as_deref().unwrap_or("").to_owned();
        for member in stored.members {
            let (id, member) = (member.member_id.clone(), Member::load(member, &protocol));
            let held = member.instance_id.as_ref().is_some_and(|instance_id| group.instance(instance_id).is_some());
            if held || group.members().contains_key(&id) {
                continue;
            }
            group.insert(id.clone(), member);
            group.renew_session(&id, now_ms);
        }
        group.protocol = stored.protocol;
        let leader = stored.leader.filter(|leader| group.members().contains_key(leader));
        group.leader = leader.or(group.leader);
        group
    }

    /// The group as it is to be stored.
    pub(super) fn to_stored(&self) -> StoredGroup {
        StoredGroup {
            group_id: self.id.to_string(),
            protocol_type: self.protocol_type().cloned(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: self.members().iter().map(|(id, member)| member.store(id, self.protocol.as_deref())).collect(),
        }
    }
}
