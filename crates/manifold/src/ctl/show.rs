//! Status and members, for people.

use door_http::admin::{
    Doors, Protection, Shard, Status,
    members::{Member, Standing},
};

use crate::{config::readable, table::table};

/// What `ctl status` prints.
pub(crate) fn status(status: &Status) -> String {
    let Status { name, node_id, cluster_id, version, etcd_version, .. } = status;
    let up = elapsed(status.uptime_seconds);
    let keyspace = &status.keyspace;
    let alarms: Vec<String> = status.alarms.iter().map(|alarm| format!("{} (member {})", alarm.alarm, alarm.member)).collect();
    let alarms = if alarms.is_empty() { "none".to_owned() } else { alarms.join(", ") };
    let disk = match (status.disk_free_bytes, status.disk_total_bytes) {
        (Some(free), Some(total)) => format!("{} free of {}", readable(free), readable(total)),
        _ => "unknown".to_owned(),
    };
    let head = [
        ("node", format!("{name} ({node_id}), cluster {cluster_id}, up {up}")),
        ("version", format!("{version}, answers as etcd {etcd_version}")),
        ("doors", doors(&status.doors)),
        ("peers", protection(status.protection).to_owned()),
        ("journal", readable(status.journal_bytes)),
        ("disk", disk),
        ("alarms", alarms),
        (
            "keyspace",
            format!(
                "default: revision {}, compacted at {}, {} keys, {}, {} leases",
                keyspace.revision,
                keyspace.compact_revision,
                keyspace.keys,
                readable(keyspace.bytes),
                keyspace.leases
            ),
        ),
    ];
    let head: String = head.iter().map(|(label, text)| format!("{label:<10}{text}\n")).collect();
    let headings = ["SHARD", "LEADER", "TERM", "LAST", "APPLIED", "SETTLED", "WAITING", "UNSETTLED", "TREE"];
    let rows: Vec<_> = status.shards.iter().map(|shard| row(shard, node_id)).collect();
    format!("{head}\n{}\n{}", members(&status.members), table(headings, &rows))
}

fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::None => "in plain text, on this machine only",
        Protection::Secret => "under the cluster's secret",
        Protection::Certificates => "with certificates",
    }
}

fn row(shard: &Shard, node_id: &str) -> [String; 9] {
    let leader = match &shard.leader {
        None => "none".to_owned(),
        Some(leader) if leader == node_id && shard.leading => "this node".to_owned(),
        Some(leader) if leader == node_id => "this node, not ready".to_owned(),
        Some(leader) => leader.clone(),
    };
    let index = |index: Option<u64>| index.map_or_else(|| "-".to_owned(), |index| index.to_string());
    [
        shard.shard.to_string(),
        leader,
        shard.term.to_string(),
        index(shard.last),
        index(shard.applied),
        index(shard.settled),
        shard.waiting.to_string(),
        readable(shard.unsettled_bytes),
        readable(shard.tree_bytes),
    ]
}

/// What `ctl member list` prints: a line for each, and below them why one is not reached.
pub(crate) fn members(members: &[Member]) -> String {
    let headings = ["ID", "NAME", "STATUS", "PEER", "CLIENTS", "REACHABLE", "LEADS"];
    let row = |member: &Member| {
        [
            member.id.clone(),
            member.name.clone(),
            standing(member),
            or_dash(&member.address),
            or_dash(&member.client_urls.join(",")),
            reachable(member),
            format!("{} of {}", member.leads, member.shards),
        ]
    };
    let rows: Vec<_> = members.iter().map(row).collect();
    let lost = members.iter().filter(|member| member.reachable == Some(false));
    let why = lost.filter_map(|member| Some(format!("{} is not reached: {}\n", member.name, member.trouble.as_ref()?)));
    table(headings, &rows) + &why.collect::<String>()
}

fn standing(member: &Member) -> String {
    let standing = match member.standing {
        Standing::Joining => "joining",
        Standing::Active if member.learner => "learning",
        Standing::Active => "active",
        Standing::Leaving => "leaving",
    };
    if member.drained { format!("{standing}, drained") } else { standing.to_owned() }
}

fn reachable(member: &Member) -> String {
    match (member.this_node, member.reachable, member.round_trip_us) {
        (true, ..) => "this node".to_owned(),
        (_, Some(true), Some(micros)) => format!("in {}.{} ms", micros / 1_000, micros % 1_000 / 100),
        (_, Some(true), None) => "yes".to_owned(),
        (_, Some(false), _) => "no".to_owned(),
        (_, None, _) => "-".to_owned(),
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn doors(doors: &Doors) -> String {
    let open = [("etcd", &doors.etcd), ("kafka", &doors.kafka), ("http", &doors.http), ("peer", &doors.peer)];
    let open: Vec<String> = open.iter().filter_map(|(name, address)| Some(format!("{name} {}", address.as_ref()?))).collect();
    if open.is_empty() { "none".to_owned() } else { open.join(", ") }
}

pub(super) fn elapsed(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use door_http::admin::{Alarm, Keyspace};

    /// The node that is asked, a member alone.
    pub(in crate::ctl) fn member() -> Member {
        Member {
            id: "a1".to_owned(),
            name: "edge".to_owned(),
            standing: Standing::Active,
            learner: false,
            drained: false,
            address: "10.0.0.1:7480".to_owned(),
            client_urls: vec!["http://10.0.0.1:2379".to_owned()],
            this_node: true,
            reachable: None,
            round_trip_us: None,
            trouble: None,
            level: 1,
            leads: 1,
            shards: 2,
        }
    }

    fn example() -> Status {
        let shard = |shard, leader: Option<&str>, leading, applied| Shard {
            shard,
            leader: leader.map(str::to_owned),
            leading,
            term: 3,
            last: Some(1_200),
            applied,
            settled: None,
            waiting: 0,
            unsettled_bytes: 70_000,
            tree_bytes: 0,
            voters: vec!["a1".to_owned()],
            learners: Vec::new(),
        };
        Status {
            name: "edge".to_owned(),
            node_id: "a1".to_owned(),
            cluster_id: "c2".to_owned(),
            version: "0.1.0".to_owned(),
            etcd_version: "3.7.3".to_owned(),
            uptime_seconds: 3_725,
            doors: Doors { etcd: Some("127.0.0.1:2379".to_owned()), ..Doors::default() },
            protection: Protection::Secret,
            journal_bytes: 128 << 20,
            disk_free_bytes: Some(79 << 30),
            disk_total_bytes: Some(252 << 30),
            scrub: door_http::admin::Scrub::default(),
            alarms: vec![Alarm { member: "a1".to_owned(), alarm: "NOSPACE".to_owned() }],
            keyspace: Keyspace { revision: 12, compact_revision: 0, keys: 3, bytes: 120, leases: 1 },
            members: vec![member()],
            level: 1,
            shards: vec![shard(0, Some("a1"), true, Some(1_199)), shard(1, None, false, None)],
        }
    }

    #[test]
    fn status_is_a_page_for_people() {
        let expected = "\
node      edge (a1), cluster c2, up 1 h 2 m
version   0.1.0, answers as etcd 3.7.3
doors     etcd 127.0.0.1:2379
peers     under the cluster's secret
journal   128.0 MiB
disk      79.0 GiB free of 252.0 GiB
alarms    NOSPACE (member a1)
keyspace  default: revision 12, compacted at 0, 3 keys, 120 B, 1 leases

ID  NAME  STATUS  PEER           CLIENTS               REACHABLE   LEADS
a1  edge  active  10.0.0.1:7480  http://10.0.0.1:2379  this node  1 of 2

SHARD  LEADER     TERM  LAST  APPLIED  SETTLED  WAITING  UNSETTLED  TREE
    0  this node     3  1200     1199        -        0   68.4 KiB   0 B
    1  none          3  1200        -        -        0   68.4 KiB   0 B
";
        assert_eq!(status(&example()), expected);
    }

    #[test]
    fn members_are_a_table() {
        let other = |id: &str, name: &str| Member {
            id: id.to_owned(),
            name: name.to_owned(),
            this_node: false,
            reachable: Some(true),
            leads: 0,
            ..member()
        };
        let near = Member { round_trip_us: Some(1_250), drained: true, ..other("b22", "near") };
        let far = Member { reachable: Some(false), trouble: Some("connection refused".to_owned()), ..other("c3", "far") };
        let (address, client_urls) = (String::new(), Vec::new());
        let new = Member { standing: Standing::Joining, reachable: None, address, client_urls, ..other("d4", "new") };
        let expected = "\
ID   NAME  STATUS           PEER           CLIENTS               REACHABLE   LEADS
a1   edge  active           10.0.0.1:7480  http://10.0.0.1:2379  this node  1 of 2
b22  near  active, drained  10.0.0.1:7480  http://10.0.0.1:2379  in 1.2 ms  0 of 2
c3   far   active           10.0.0.1:7480  http://10.0.0.1:2379  no         0 of 2
d4   new   joining          -              -                     -          0 of 2
far is not reached: connection refused
";
        assert_eq!(members(&[member(), near, far, new]), expected);
    }
}
