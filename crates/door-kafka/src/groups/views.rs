//! DescribeGroups and ListGroups.

use bytes::Bytes;

use super::{Coordinator, State, group::Group, member::Member};

/// A member as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The member's id.
    pub member_id: String,
    /// Its instance id (version 4).
    pub instance_id: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// Where the client is.
    pub client_host: String,
    /// What it said under the chosen protocol; empty unless the group is stable.
    pub metadata: Bytes,
    /// What it has to do.
    pub assignment: Bytes,
}

/// A group as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its state.
    pub state: State,
    /// The kind of group, or empty.
    pub protocol_type: String,
    /// The protocol; empty unless the group is stable.
    pub protocol: String,
    /// The members by id.
    pub members: Vec<MemberView>,
}

/// A group as ListGroups shows it. All groups of this coordinator are of the type `classic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its name.
    pub group_id: String,
    /// The kind of group, or empty.
    pub protocol_type: String,
    /// Its state (version 4).
    pub state: State,
}

impl Coordinator {
    /// One group, if there is one. For one that does not exist DescribeGroups answers the state Dead, and from version 6 on
    /// GROUP_ID_NOT_FOUND.
    pub fn describe(&self, group_id: &str) -> Option<GroupView> {
        let group = self.groups.get(group_id)?;
        let protocol = group.protocol.as_deref().filter(|_| group.state == State::Stable);
        let members = group.members().iter().map(|(id, member)| view(id, member, protocol)).collect();
        Some(GroupView {
            state: group.state,
            protocol_type: group.protocol_type().cloned().unwrap_or_default(),
            protocol: protocol.unwrap_or_default().to_owned(),
            members,
        })
    }

    /// The groups whose state and type are among those given, whatever their case; an empty list takes all. By name.
    pub fn list(&self, states: &[String], types: &[String]) -> Vec<ListedGroup> {
        let wanted = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one.eq_ignore_ascii_case(name));
        let all = self.groups.values().filter(|_| wanted(types, "classic"));
        let mut groups: Vec<_> = all.filter(|group| wanted(states, group.state.name())).map(listed).collect();
        groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
        groups
    }
}

fn view(member_id: &str, member: &Member, protocol: Option<&str>) -> MemberView {
    MemberView {
        member_id: member_id.to_owned(),
        instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        metadata: member.metadata(protocol),
        assignment: member.assignment.clone(),
    }
}

fn listed(group: &Group) -> ListedGroup {
    ListedGroup {
        group_id: group.id.to_string(),
        protocol_type: group.protocol_type().cloned().unwrap_or_default(),
        state: group.state,
    }
}
