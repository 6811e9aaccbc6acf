//! `ctl group list | describe | delete`: who reads what, and how far behind.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal, Write},
    thread::sleep,
};

use kafka_wire::messages::{
    delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse},
    describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember},
    list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup},
    offset_fetch::{OffsetFetchRequest, OffsetFetchResponse},
};
use serde::Serialize;

use super::{
    assignment::{self, Partitions},
    client::{Client, patiently},
    fault::Fault,
    limits::WATCH_INTERVAL,
    place::{LATEST, readable_time, wall_ms},
    topics::silent,
};
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

const LIST_NEWEST: i16 = 4;
const DESCRIBE_NEWEST: i16 = 5;
const DELETE_NEWEST: i16 = 2;
/// Later versions ask for several groups at once, and then name topics by ids.
const OFFSET_FETCH_NEWEST: i16 = 7;
/// The state of a group that is not there.
const DEAD: &str = "Dead";

/// A line of `group list`.
#[derive(Serialize)]
pub(super) struct Listed {
    group: String,
    state: String,
    protocol: String,
}

/// Each broker knows the groups that it coordinates. One that is not reached is told on stderr, and coordinates none for long.
pub(super) fn list(client: &mut Client) -> Outcome<Vec<Listed>> {
    patiently(|| client.metadata(Some(&[])))?;
    let mut listed = Vec::new();
    for number in client.brokers() {
        match list_of(client, number) {
            Ok(groups) => listed.extend(groups),
            Err(Fault::Lost(text)) => {
                // Without stderr nobody would hear it.
                let _ = writeln!(io::stderr(), "manifold: groups that broker {number} coordinates are left out: {text}");
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    listed.sort_unstable_by(|left, right| left.group.cmp(&right.group));
    Ok(listed)
}

fn list_of(client: &mut Client, number: i32) -> Result<Vec<Listed>, Fault> {
    let answer = client.broker(number)?.ask(&ListGroupsRequest::default(), LIST_NEWEST)?;
    let told: ListGroupsResponse<'_> = answer.read()?;
    Fault::check(told.error_code, None, format_args!("the groups of broker {number}"))?;
    let listed = |group: &ListedGroup<'_>| Listed {
        group: group.group_id.to_string(),
        state: group.group_state.to_string(),
        protocol: group.protocol_type.to_string(),
    };
    Ok(told.groups.iter().map(listed).collect())
}

pub(super) fn list_text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "There is no group; one comes with the first consumer that joins it.\n".to_owned();
    }
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let row = |group: &Listed| [group.group.clone(), dash(&group.state), dash(&group.protocol)];
    table(["GROUP", "STATE", "PROTOCOL"], &listed.iter().map(row).collect::<Vec<_>>())
}

/// What `group describe` tells.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Described {
    group: String,
    pub(super) state: String,
    assignor: String,
    coordinator: String,
    pub(super) members: Vec<Member>,
    partitions: Vec<Position>,
    /// Of all partitions that something was committed of.
    lag: i64,
}

/// A member of a group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Member {
    member: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    client: String,
    host: String,
    assigned: Partitions,
}

/// How far a group is in a partition.
#[derive(Clone, Debug, Serialize)]
struct Position {
    topic: String,
    partition: i32,
    /// The offset that is read next; none if nothing was committed.
    committed: Option<i64>,
    /// None: the topic is gone.
    end: Option<i64>,
    lag: Option<i64>,
    /// Who reads it now.
    member: Option<String>,
}

/// Who is in a group, without its offsets.
pub(super) fn look(client: &mut Client, group: &str) -> Outcome<Described> {
    let question = DescribeGroupsRequest { groups: vec![Cow::Borrowed(group)], ..DescribeGroupsRequest::default() };
    let mut described = client.ask_coordinator(group, &question, DESCRIBE_NEWEST, |answer| {
        let told: DescribeGroupsResponse<'_> = answer.read()?;
        let told = told.groups.first().ok_or_else(silent)?;
        Fault::check(told.error_code, told.error_message.as_ref(), format_args!("group {group}"))?;
        Described::new(told)
    })?;
    let number = patiently(|| client.coordinator(group))?;
    described.coordinator = format!("broker {number} at {}", client.address(number).unwrap_or("?"));
    Ok(described)
}

impl Described {
    fn new(told: &DescribedGroup<'_>) -> Result<Described, Fault> {
        let member = |member: &DescribedGroupMember<'_>| {
            // What another kind of group keeps in there is its own business.
            let assigned = if told.protocol_type == "consumer" {
                assignment::decode(&member.member_assignment)
            } else {
                Ok(Partitions::new())
            };
            let assigned = assigned.map_err(|error| {
                Fault::failed(format!("the assignment of member {} is not understood: {error}", member.member_id))
            })?;
            Ok(Member {
                member: member.member_id.to_string(),
                instance: member.group_instance_id.as_deref().map(str::to_owned),
                client: member.client_id.to_string(),
                host: member.client_host.trim_start_matches('/').to_owned(),
                assigned,
            })
        };
        Ok(Described {
            group: told.group_id.to_string(),
            state: told.group_state.to_string(),
            assignor: told.protocol_data.to_string(),
            coordinator: String::new(),
            members: told.members.iter().map(member).collect::<Result<_, Fault>>()?,
            partitions: Vec::new(),
            lag: 0,
        })
    }

    /// Whether there is no such group.
    pub(super) fn is_missing(&self) -> bool {
        self.state.is_empty() || self.state == DEAD
    }

    /// Whether nobody is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds a partition and sums the lags up anew.
    fn add(&mut self, (topic, partition): &(String, i32), committed: Option<i64>, end: Option<i64>) {
        let holds = |member: &&Member| member.assigned.get(topic).is_some_and(|partitions| partitions.contains(partition));
        let lag = committed.zip(end).map(|(committed, end)| (end - committed).max(0));
        self.lag += lag.unwrap_or(0);
        let member = self.members.iter().find(holds).map(|member| member.member.clone());
        self.partitions.push(Position { topic: topic.clone(), partition: *partition, committed, end, lag, member });
    }
}

/// What a group has committed, by topic and partition.
pub(super) fn committed(client: &mut Client, group: &str) -> Outcome<BTreeMap<(String, i32), i64>> {
    let question = OffsetFetchRequest { group_id: Cow::Borrowed(group), topics: None, ..OffsetFetchRequest::default() };
    client.ask_coordinator(group, &question, OFFSET_FETCH_NEWEST, |answer| {
        let told: OffsetFetchResponse<'_> = answer.read()?;
        Fault::check(told.error_code, None, format_args!("the offsets of group {group}"))?;
        let mut committed = BTreeMap::new();
        for topic in &told.topics {
            for partition in &topic.partitions {
                let what = format_args!("the offset of group {group} in {}, partition {}", topic.name, partition.partition_index);
                Fault::check(partition.error_code, None, what)?;
                if partition.committed_offset >= 0 {
                    committed.insert((topic.name.to_string(), partition.partition_index), partition.committed_offset);
                }
            }
        }
        Ok(committed)
    })
}

pub(super) fn describe(client: &mut Client, group: &str) -> Outcome<Described> {
    let mut described = look(client, group)?;
    let committed = committed(client, group)?;
    if described.is_missing() && committed.is_empty() {
        return Err(missing(group));
    }
    let assigned = described.members.iter().flat_map(|member| &member.assigned);
    let assigned = assigned.flat_map(|(topic, partitions)| partitions.iter().map(|partition| (topic.clone(), *partition)));
    let all: BTreeSet<(String, i32)> = committed.keys().cloned().chain(assigned).collect();
    let topics: BTreeSet<&String> = all.iter().map(|(topic, _)| topic).collect();
    let there = patiently(|| client.metadata(None))?;
    let mut ends = BTreeMap::new();
    for topic in there.iter().filter(|topic| topics.contains(&topic.name)) {
        let wanted = topic.partitions.iter().map(|partition| (partition.index, LATEST)).collect();
        let found = client.offsets(&topic.name, &wanted)?;
        ends.extend(found.into_iter().map(|(partition, end)| ((topic.name.clone(), partition), end)));
    }
    for place in &all {
        described.add(place, committed.get(place).copied(), ends.get(place).copied());
    }
    Ok(described)
}

impl Described {
    pub(super) fn to_text(&self) -> String {
        let state = if self.is_missing() { "no members, only offsets" } else { &self.state };
        let assignor = if self.assignor.is_empty() { String::new() } else { format!(", assigned by {}", self.assignor) };
        let head = format!(
            "group        {}\nstate        {state}{assignor}\ncoordinator  {}\nlag          {} in all\n",
            self.group, self.coordinator, self.lag
        );
        let dash = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let member = |member: &Member| {
            let name = member.instance.as_ref().unwrap_or(&member.member).clone();
            [name, member.client.clone(), member.host.clone(), assignment::readable(&member.assigned)]
        };
        let members: Vec<_> = self.members.iter().map(member).collect();
        let position = |position: &Position| {
            [
                position.topic.clone(),
                position.partition.to_string(),
                dash(position.committed),
                dash(position.end),
                dash(position.lag),
                position.member.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        };
        let positions: Vec<_> = self.partitions.iter().map(position).collect();
        let mut text = head;
        if !members.is_empty() {
            text += &format!("\n{}", table(["MEMBER", "CLIENT", "HOST", "ASSIGNED"], &members));
        }
        if !positions.is_empty() {
            text += &format!("\n{}", table(["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"], &positions));
        }
        text
    }
}

/// Describes a group once a second, until it is stopped: drawn over the last time on a terminal, else one after the other.
pub(super) fn watch(client: &mut Client, group: &str, json: bool) -> Outcome {
    let redraws = io::stdout().is_terminal() && !json;
    loop {
        let described = describe(client, group)?;
        let text = if json {
            serde_json::to_string(&described).map_err(|error| Failure::new(Code::Failed, error))? + "\n"
        } else if redraws {
            // Home, each line to its end, and what is left below.
            let page = format!("{}{}", described.to_text(), format_args!("\n{}, stops with Ctrl-C\n", readable_time(wall_ms())));
            format!("\x1b[H{}\x1b[J", page.replace('\n', "\x1b[K\n"))
        } else {
            described.to_text() + "\n"
        };
        let mut out = io::stdout();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::new(Code::Failed, format!("stdout cannot be written: {error}"))),
            Ok(()) => sleep(WATCH_INTERVAL),
        }
    }
}

/// A group that something was done to.
#[derive(Serialize)]
pub(super) struct Deleted {
    group: String,
    state: &'static str,
}

impl Deleted {
    pub(super) fn to_text(&self) -> String {
        format!("{} is deleted, with all that it committed\n", self.group)
    }
}

pub(super) fn delete(client: &mut Client, group: &str) -> Outcome<Deleted> {
    let question = DeleteGroupsRequest { groups_names: vec![Cow::Borrowed(group)] };
    let what = format!("group {group} cannot be deleted");
    patiently(|| {
        let number = client.coordinator(group)?;
        let answer = client.broker(number)?.ask(&question, DELETE_NEWEST).map_err(Fault::once)?;
        let told: DeleteGroupsResponse<'_> = answer.read()?;
        Fault::check(told.results.first().ok_or_else(silent)?.error_code, None, &what)
    })?;
    Ok(Deleted { group: group.to_owned(), state: "deleted" })
}

pub(super) fn missing(group: &str) -> Failure {
    Failure::new(Code::Failed, format!("there is no group {group}, see \"manifold ctl group list\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_page_with_its_lag() {
        let member = Member {
            member: "m-1".to_owned(),
            instance: None,
            client: "app".to_owned(),
            host: "10.0.0.9".to_owned(),
            assigned: Partitions::from([("orders".to_owned(), vec![0, 1])]),
        };
        let mut described = Described {
            group: "billing".to_owned(),
            state: "Stable".to_owned(),
            assignor: "range".to_owned(),
            coordinator: "broker 7 at n1:9092".to_owned(),
            members: vec![member],
            partitions: Vec::new(),
            lag: 0,
        };
        described.add(&("gone".to_owned(), 0), Some(4), None);
        described.add(&("orders".to_owned(), 0), Some(90), Some(100));
        described.add(&("orders".to_owned(), 1), None, Some(5));
        // A commit beyond the end, as after a topic was made anew, is no negative lag.
        described.add(&("orders".to_owned(), 2), Some(9), Some(2));
        let expected = "\
group        billing
state        Stable, assigned by range
coordinator  broker 7 at n1:9092
lag          10 in all

MEMBER  CLIENT      HOST  ASSIGNED
m-1     app     10.0.0.9  orders: 0-1

TOPIC   PARTITION  COMMITTED  END  LAG  MEMBER
gone            0          4    -    -  -
orders          0         90  100   10  m-1
orders          1          -    5    -  m-1
orders          2          9    2    0  -
";
        assert_eq!(described.to_text(), expected);
        let json = serde_json::to_value(&described).unwrap();
        assert_eq!(
            (&json["lag"], &json["partitions"][1]["lag"], &json["partitions"][0]["end"]),
            (&10.into(), &10.into(), &serde_json::Value::Null)
        );
    }
}
