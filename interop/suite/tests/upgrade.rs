//! Two builds that follow each other serve together: members are upgraded one by one under load, and back, and up again until
//! the upgrade is finished; from then on the older build takes no part. The newer build is this one, told to behave like the one
//! after it: it says a later level of formats, a later version of the peers' protocol, and writes batches of a later version.

use interop::cluster::{Cluster, Plan, ctl_json, within};
use interop::serials::{Load, Size};
use interop::wire::Wire;
use std::time::Duration;

const SMALL: [&str; 4] = ["--journal-segment", "16MiB", "--settle", "1MiB"];
const MODERATE: Size = Size { bound: 2, roaming: 3, pause: Duration::from_millis(5) };
const NEXT: &str = "MANIFOLD_NEXT_BUILD";
/// This build's level of formats, `cluster::LEVEL`, at which a new cluster begins.
const LEVEL: u33 = 2;

/// Restarts one member after the other as this build or the next one.
async fn change_all(cluster: &mut Cluster, next: bool, load: &mut Load) {
    for member in 0..3 {
        cluster.servers[member].ctl(&["drain", "--wait"]).expect("it is drained");
        let status = cluster.servers[member].stop(30).expect("it stops");
        assert_eq!(status.code(), Some(0), "{}", cluster.servers[member].log_tail());
        let environment = &mut cluster.servers[member].settings_mut().environment;
        environment.retain(|(name, _)| name != NEXT);
        if next {
            environment.push((NEXT.to_owned(), "1".to_owned()));
        }
        cluster.spawn(member);
        cluster.servers[member].wait_ready().await;
        cluster.servers[member].ctl(&["drain", "--off"]).expect("it may lead again");
        let wanted = if next { LEVEL + 1 } else { LEVEL };
        within(30, "a member that says what it reads", async || {
            let upgrade = ctl_json(&cluster.servers[(member + 1) % 3], &["upgrade"]);
            let name = interop::cluster::name(member);
            let members = upgrade["members"].as_array().expect("members").clone();
            members.iter().any(|known| known["name"] == name && known["level"] == wanted).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        load.assert_alive();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn builds_that_follow_each_other_serve_together_and_there_is_a_way_back() {
    let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;

    change_all(&mut cluster, true, &mut load).await;
    let upgrade = ctl_json(&cluster.servers[0], &["upgrade"]);
    assert_eq!((upgrade["level"].clone(), upgrade["common"].clone()), (LEVEL.into(), (LEVEL + 1).into()), "{upgrade}");
    change_all(&mut cluster, false, &mut load).await;
    let refused = cluster.servers[0].ctl(&["upgrade", "--finish"]).expect_err("there is nothing new to write");
    assert!(refused.contains("nothing to finish"), "{refused}");
    change_all(&mut cluster, true, &mut load).await;

    let finished = cluster.servers[1].ctl(&["upgrade", "--finish"]).expect("all members read it");
    assert!(finished.contains("finished"), "{finished}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (number, port) in ports.iter().enumerate() {
        Wire::lazy(*port).put(format!("after/{number}"), "the upgrade").await.expect("every member writes");
    }
    let report = load.finish().await;
    println!("{report:?}");
    cluster.assert_equal().await;

    // There is no way back any more, and the one who tries is told.
    cluster.servers[2].stop(30).expect("it stops");
    cluster.servers[2].settings_mut().environment.clear();
    cluster.spawn(2);
    let status = cluster.servers[2].wait_exit(30).expect("it cannot take part");
    let said = cluster.servers[2].log_text();
    assert!(!status.success() && said.contains("this build reads"), "{status}: {said}");
    assert!(!replaced(&cluster), "a version that is not known is no damage");
    cluster.servers[2].kill();
    cluster.servers[2].settings_mut().environment.push((NEXT.to_owned(), "1".to_owned()));
    cluster.spawn(2);
    cluster.servers[2].wait_ready().await;
    cluster.assert_equal().await;
}

/// Whether anybody lost its place.
fn replaced(cluster: &Cluster) -> bool {
    cluster.servers.iter().any(|server| server.data_dir().join("rebuild").exists() || server.data_dir().join("damaged").exists())
}
