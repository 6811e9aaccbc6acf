//! Three members on hosts of their own (network namespaces), cut apart with routes, slowed down with `tc`, and killed, under load
//! that is checked write by write. Needs root; what cannot be made here is named.

use interop::cluster::{Cluster, Plan, figures, put_until_acknowledged};
use interop::namespaces::Hosts;
use interop::serials::{Load, Size};
use std::time::{Duration, Instant};

const SMALL: [&str; 2] = ["--journal-segment", "16MiB"];
const MODERATE: Size = Size { bound: 2, roaming: 3, pause: Duration::from_millis(5) };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_are_cut_apart_lose_nothing() {
    let Some(hosts) = Hosts::new("hosts that are cut apart", 3).await else { return };
    let plan = Plan { arguments: &SMALL, secret: true, hosts: Some(&hosts), ..Plan::default() };
    let mut cluster = Cluster::start(3, &plan).await;
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;
    type Harm<'a> = (&'a str, &'a dyn Fn(usize, usize, usize) -> bool);
    let cut = |act: &dyn Fn()| {
        act();
        true
    };
    let harms: [Harm<'_>; 6] = [
        ("the leader is cut off", &|leader, _, _| cut(&|| hosts.isolate(leader))),
        ("a follower is cut off", &|_, one, _| cut(&|| hosts.isolate(one))),
        ("the leader is heard by nobody", &|leader, one, other| {
            cut(&|| {
                hosts.cut(leader, one);
                hosts.cut(leader, other);
            })
        }),
        ("a follower hears the leader and is not heard", &|leader, one, _| cut(&|| hosts.cut(one, leader))),
        ("a follower is 700 ms away", &|_, one, _| hosts.weather(one, Some("delay 700ms 50ms"))),
        ("the leader loses a tenth of its packets", &|leader, _, _| hosts.weather(leader, Some("loss 10% delay 5ms 5ms"))),
    ];
    for (what, harm) in harms {
        let leader = cluster.leader().await;
        let (one, other) = ((leader + 1) % 3, (leader + 2) % 3);
        if !harm(leader, one, other) {
            continue;
        }
        let begin = Instant::now();
        // `other` is on the side of the majority in all of them.
        let first = put_until_acknowledged(ports[other], "in spite of it").await;
        let mut slow = Vec::new();
        while begin.elapsed() < Duration::from_secs(3) || slow.len() < 5 {
            slow.push(put_until_acknowledged(ports[other], "in spite of it").await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        hosts.mend();
        if what.contains("700 ms") {
            hosts.weather(one, None);
        }
        if what.contains("packets") {
            hosts.weather(leader, None);
        }
        let healed = Instant::now();
        for port in &ports {
            put_until_acknowledged(*port, "healed").await;
        }
        println!("{what}: first write after {first:.2?}, then {}; healed in {:.2?}", figures(&mut slow), healed.elapsed());
        load.assert_alive();
    }
    let leader = cluster.leader().await;
    cluster.servers[leader].kill();
    println!("the leader's host dies: first write after {:.2?}", put_until_acknowledged(ports[(leader + 1) % 3], "after").await);
    cluster.spawn(leader);
    cluster.servers[leader].wait_ready().await;
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
}
