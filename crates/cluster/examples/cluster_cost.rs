//! What topics and grants cost: `cargo run --profile sim -p cluster --example cluster_cost`.
//!
//! Prints resident bytes for each topic and partition, the time of creating and of opening, and nanoseconds for a question of who
//! may do what.

#![expect(clippy::disallowed_methods, reason = "a measurement reads what the system says of the process")]

use std::{hint::black_box, sync::Arc};

use base::{ShardId, ids::ClusterId};
use cluster::{
    Command, Machine, Member, MemberStanding,
    catalogue::{self, Configs, TopicId},
    principals::{self, ANY, Grant, Grantee, Operation, Pattern, Permission, Question, Resource},
};
use table::{Mark, MemoryTree, Table};

const CLUSTER: ClusterId = 1;
const DATA_SHARDS: u32 = 8;
const OPENED: u64 = 50;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn busy_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedstat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn apply(machine: &mut Machine, command: Command) {
    machine.apply(command).unwrap_or_else(|error| panic!("{error}"));
}

fn open(table: &Table) -> Machine {
    Machine::open(table.clone()).unwrap_or_else(|error| panic!("{error}"))
}

fn founded() -> (Table, Machine) {
    let table = Table::new(Arc::new(MemoryTree::default()));
    let mut machine = open(&table);
    let member = Member { level: cluster::LEVEL, ..Member::new(1, "n1", "", MemberStanding::Active) };
    apply(&mut machine, Command::Found { cluster: CLUSTER, data_shards: DATA_SHARDS, members: vec![member] });
    (table, machine)
}

fn create(number: u32, partitions: u32) -> Command {
    Command::Catalogue(catalogue::Command::CreateTopic {
        id: TopicId::from(number) + 1,
        name: format!("team-{:02}.service-{number:05}", number % 50),
        shards: (0..partitions).map(|partition| ShardId(1 + (number + partition) % DATA_SHARDS)).collect(),
        configs: Configs::new(),
        created_ms: 1,
        internal: false,
        keyspace: None,
    })
}

fn topics(count: u32, partitions: u32) {
    let (table, mut machine) = founded();
    let start = busy_ns();
    (0..count).for_each(|number| apply(&mut machine, create(number, partitions)));
    let created_us = (busy_ns() - start) / 1_000;
    if let Some(sealed) = table.seal(Mark::default()) {
        table.settle(sealed, Vec::new(), &[]).unwrap_or_else(|error| panic!("{error}"));
    }
    // Several, since the system counts in pages and in ticks; the first one takes what was free in the process already. They
    // stay, so that what comes next finds nothing free.
    let first = open(&table);
    let before = resident_bytes();
    let start = busy_ns();
    let others: Vec<Machine> = (0..OPENED).map(|_| open(&table)).collect();
    let opened_us = (busy_ns() - start) / 1_000 / OPENED;
    let bytes = resident_bytes().saturating_sub(before) / OPENED;
    let catalogue = first.catalogue();
    println!(
        "{} topics, {} partitions: create {created_us} us, open {opened_us} us, {} bytes a topic, {} a partition ({} open)",
        catalogue.len(),
        catalogue.partitions(),
        bytes / catalogue.len().max(1) as u64,
        bytes / catalogue.partitions().max(1) as u64,
        others.len() + 1,
    );
    let found = black_box(catalogue.topic("team-07.service-00007").is_some());
    let names: Vec<String> = (0..1_000).map(|nth| format!("team-{:02}.service-{:05}", nth % 50, nth)).collect();
    let start = busy_ns();
    for round in 0..1_000_usize {
        names.iter().for_each(|name| {
            black_box(catalogue.topic(name));
        });
        black_box(round);
    }
    std::mem::forget(others);
    println!("    a topic by its name: {} ns (found {found})", (busy_ns() - start) / 1_000_000);
}

/// A thousand grants for a hundred principals, names, prefixes of fifteen lengths and hosts mixed, and ten for everyone.
fn grants() {
    let (table, mut machine) = founded();
    let grant = |number: usize| Grant {
        resource: if number.is_multiple_of(3) { Resource::Group } else { Resource::Topic },
        pattern: if number.is_multiple_of(2) { Pattern::Literal } else { Pattern::Prefixed },
        name: format!("team-{:02}.{}", number % 50, &"service-00000"[..number % 14]),
        grantee: if number.is_multiple_of(100) { Grantee::Everyone } else { Grantee::User(format!("user-{}", number % 100)) },
        host: if number.is_multiple_of(7) { format!("10.0.0.{}", number % 250) } else { ANY.to_owned() },
        operation: Operation::ALL_KINDS[number / 7 % 6],
        permission: if number.is_multiple_of(11) { Permission::Deny } else { Permission::Allow },
    };
    let command = principals::Command::AddGrants { grants: (0..1_000).map(grant).collect() };
    apply(&mut machine, Command::Principals(command));
    let access = open(&table).principals().access().clone();
    println!("{} grants", machine.principals().grants().len());
    let principals: Vec<String> = (0..100).map(|nth| format!("user-{nth}")).collect();
    let names: Vec<String> = (0..100).map(|nth| format!("team-{:02}.service-{nth:05}", nth % 50)).collect();
    let host = std::net::IpAddr::from([10, 0, 0, 49]);
    for allow_ungranted in [false, true] {
        let (mut allowed, mut asked) = (0_u64, 0_u64);
        let start = busy_ns();
        for _ in 0..100 {
            for principal in &principals {
                for name in &names {
                    let resource = Resource::Topic;
                    let question = Question { principal, host, operation: Operation::Write, resource, allow_ungranted };
                    allowed += u64::from(black_box(access.authorize(&question, name.as_bytes())).is_allowed());
                    asked += 1;
                }
            }
        }
        let ns = (busy_ns() - start) / asked;
        println!("    may they write: {ns} ns a question (ungranted allowed: {allow_ungranted}; {allowed} of {asked} may)");
    }
}

fn main() {
    topics(10_000, 1);
    topics(1, 10_000);
    topics(2_000, 100);
    grants();
}
