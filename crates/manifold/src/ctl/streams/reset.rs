//! `ctl group reset`: where a group that nobody is in goes on.

use std::{borrow::Cow, collections::BTreeMap};

use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use serde::Serialize;

use super::{
    client::{Client, patiently},
    fault::Fault,
    groups,
    place::{EARLIEST, LATEST, Place},
};
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

/// Later versions name topics by their ids.
pub(super) const COMMIT_NEWEST: i16 = 7;
/// Who commits without being a member.
const NO_GENERATION: i32 = -1;

/// What a reset does, or would do.
#[derive(Serialize)]
pub(super) struct Reset {
    group: String,
    topic: String,
    /// Whether it was done.
    executed: bool,
    partitions: Vec<Moved>,
}

#[derive(Serialize)]
struct Moved {
    partition: i32,
    from: Option<i64>,
    to: i64,
    /// Records that will be read (again), up to the end as it is now.
    lag: i64,
}

impl Reset {
    pub(super) fn to_text(&self) -> String {
        let row = |moved: &Moved| {
            let from = moved.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
            [moved.partition.to_string(), from, moved.to.to_string(), moved.lag.to_string()]
        };
        let rows: Vec<_> = self.partitions.iter().map(row).collect();
        let last = if self.executed {
            format!("Group {} goes on from there.\n", self.group)
        } else {
            "Nothing was changed; add --execute to do it.\n".to_owned()
        };
        format!("{}{last}", table(["PARTITION", "COMMITTED", "NEW", "LAG"], &rows))
    }
}

pub(super) fn reset(
    client: &mut Client,
    group: &str,
    topic: &str,
    partition: Option<i32>,
    to: Place,
    execute: bool,
) -> Outcome<Reset> {
    let described = groups::look(client, group)?;
    if !described.is_empty() {
        let count = super::topics::counted(described.members.len(), "member");
        let message = format!("group {group} has {count}, which would commit over it; stop them first");
        return Err(Failure::new(Code::Failed, message));
    }
    let partitions = patiently(|| client.topic(topic))?.chosen(partition)?;
    let committed = groups::committed(client, group)?;
    let (targets, ends) = targets(client, topic, &partitions, to)?;
    let moved = |(partition, to): (&i32, &i64)| Moved {
        partition: *partition,
        from: committed.get(&(topic.to_owned(), *partition)).copied(),
        to: *to,
        lag: ends.get(partition).map_or(0, |end| end - to),
    };
    let reset = Reset {
        group: group.to_owned(),
        topic: topic.to_owned(),
        executed: execute,
        partitions: targets.iter().map(moved).collect(),
    };
    if execute {
        commit(client, group, (NO_GENERATION, ""), topic, &targets)?;
    }
    Ok(reset)
}

/// Where a place is in each partition, and where each ends. An offset is held within what there is.
pub(super) fn targets(
    client: &mut Client,
    topic: &str,
    partitions: &[i32],
    place: Place,
) -> Outcome<(BTreeMap<i32, i64>, BTreeMap<i32, i64>)> {
    let all = |timestamp: i64| partitions.iter().map(|partition| (*partition, timestamp)).collect::<BTreeMap<_, _>>();
    let ends = client.offsets(topic, &all(LATEST))?;
    let found = match (place, place.timestamp()) {
        (Place::Offset(offset), _) => {
            let starts = client.offsets(topic, &all(EARLIEST))?;
            let hold = |(partition, start): (i32, i64)| {
                (partition, offset.clamp(start, ends.get(&partition).copied().unwrap_or(start).max(start)))
            };
            starts.into_iter().map(hold).collect()
        }
        (_, Some(LATEST)) => ends.clone(),
        (_, timestamp) => client.offsets(topic, &all(timestamp.unwrap_or(EARLIEST)))?,
    };
    // Nothing is as young as the time that was asked for: what comes next is.
    let known = |(partition, offset): (i32, i64)| {
        (partition, if offset < 0 { ends.get(&partition).copied().unwrap_or(0) } else { offset })
    };
    Ok((found.into_iter().map(known).collect(), ends))
}

/// Commits the offsets of one topic, as a member of a generation or as nobody.
pub(super) fn commit(
    client: &mut Client,
    group: &str,
    (generation, member): (i32, &str),
    topic: &str,
    offsets: &BTreeMap<i32, i64>,
) -> Outcome {
    let partition = |(index, offset): (&i32, &i64)| OffsetCommitRequestPartition {
        partition_index: *index,
        committed_offset: *offset,
        committed_metadata: Some(Cow::Borrowed("")),
        ..OffsetCommitRequestPartition::default()
    };
    let partitions = offsets.iter().map(partition).collect();
    let topics = vec![OffsetCommitRequestTopic { name: Cow::Borrowed(topic), partitions, ..OffsetCommitRequestTopic::default() }];
    let question = OffsetCommitRequest {
        group_id: Cow::Borrowed(group),
        generation_id_or_member_epoch: generation,
        member_id: Cow::Borrowed(member),
        topics,
        ..OffsetCommitRequest::default()
    };
    client.ask_coordinator(group, &question, COMMIT_NEWEST, |answer| {
        let told: OffsetCommitResponse<'_> = answer.read()?;
        for topic in &told.topics {
            for partition in &topic.partitions {
                let index = partition.partition_index;
                let what = format_args!("group {group} cannot commit in {}, partition {index}", topic.name);
                Fault::check(partition.error_code, None, what)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_says_that_it_is_one() {
        let partitions =
            vec![Moved { partition: 0, from: Some(10), to: 0, lag: 20 }, Moved { partition: 1, from: None, to: 3, lag: 0 }];
        let mut reset = Reset { group: "billing".to_owned(), topic: "orders".to_owned(), executed: false, partitions };
        let expected = "\
PARTITION  COMMITTED  NEW  LAG
        0         10    0   20
        1          -    3    0
Nothing was changed; add --execute to do it.
";
        assert_eq!(reset.to_text(), expected);
        reset.executed = true;
        assert!(reset.to_text().ends_with("Group billing goes on from there.\n"));
    }
}
