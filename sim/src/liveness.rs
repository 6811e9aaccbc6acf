//! The end of a run: faults stop, and the cluster must come back, serve on every node, and agree.

use std::time::Duration;

use bytes::Bytes;
use kv::{Cold, Command, KeyValue, RangeRequest, Span};
use replica::{Lane, runtime};

use crate::{
    clients::{Desk, one, proposed, put_request},
    cluster::{Cluster, tell},
    diary::{Deed, Write},
    house::House,
    inspector::StateDigest,
};

/// Writes, and linearizable reads, that every node has to serve.
const DEEDS: usize = 10;
/// Within how long every node has to have served them.
const LIVELY_MAX: Duration = Duration::from_secs(30);
/// How long one attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// Within how long all replicas have to be equal once nobody writes.
const AGREE_MAX: Duration = Duration::from_secs(20);
/// Time for every lease to end: the longest of them on the slowest clock, and a failover's delay.
const LEASES_END: Duration = Duration::from_secs(20);

/// Takes every fault away.
pub(crate) fn heal(cluster: &Cluster) {
    tell("faults stop");
    for house in cluster.houses() {
        house.heal();
        house.start();
    }
}

/// Asks every node until it has served enough; how long the slowest took.
pub(crate) async fn serve_everywhere(desk: &Desk) -> Duration {
    let begin = runtime::now();
    let asked: Vec<_> =
        desk.cluster.houses().iter().map(|house| runtime::spawn(serve(desk.clone(), house.clone(), begin))).collect();
    for one in asked {
        // A task of the stage is not ended by anybody.
        let _ = one.await;
    }
    tell("every node has served");
    runtime::now() - begin
}

async fn serve(desk: Desk, house: House, begin: Duration) {
    let (mut writes, mut reads) = (0, 0);
    let mut attempt = 0;
    while writes < DEEDS || reads < DEEDS {
        if runtime::now() > begin + LIVELY_MAX {
            let complaint = format!(
                "{} served {writes} writes and {reads} reads within {LIVELY_MAX:?} after the last fault: {:?}",
                house.name(),
                house.failure()
            );
            desk.diary().complaints.push(complaint);
            return;
        }
        attempt += 1;
        let key = format!("live/{}/{attempt}", house.name());
        if let Some(revision) = write(&desk, &house, &key).await {
            writes += 1;
            reads += usize::from(read(&desk, &house, &key, revision).await);
        } else {
            runtime::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn write(desk: &Desk, house: &House, key: &str) -> Option<i64> {
    let start = runtime::now();
    let serving = house.serving_now()?;
    let command = Command::Put(put_request(key, key.rsplit('/').next().unwrap_or_default(), 0));
    let work = proposed(serving.keyspace.clone(), Lane::Normal, command);
    let answer = tokio::select! {
        biased;
        answer = house.within(&serving, work) => answer,
        () = runtime::sleep(ATTEMPT_MAX) => None,
    };
    let revision = answer.and_then(Result::ok);
    let (deed, node) = (Deed::Put { key: key.to_owned() }, house.name().to_owned());
    desk.diary().writes.push(Write { deed, start, end: runtime::now(), revision, node });
    revision
}

/// Whether a linearizable read was answered; what it says must be what was just written.
async fn read(desk: &Desk, house: &House, key: &str, written: i64) -> bool {
    let Some(serving) = house.serving_now() else { return false };
    let (keyspace, request) = (serving.keyspace.clone(), RangeRequest { span: one(key), ..RangeRequest::default() });
    let work = async move {
        keyspace.barrier().await?;
        keyspace.range(request).await
    };
    let answer = tokio::select! {
        biased;
        answer = house.within(&serving, work) => answer,
        () = runtime::sleep(ATTEMPT_MAX) => None,
    };
    let Some(Ok((found, _))) = answer else { return false };
    if found.kvs.first().map(|kv| kv.mod_revision) != Some(written) {
        let complaint = format!("{} wrote {key} at {written}, and reads {:?}", house.name(), found.kvs.first());
        desk.diary().complaints.push(complaint);
    }
    true
}

/// Waits for all leases to end and all replicas to agree; the state on which they do.
pub(crate) async fn agree(desk: &Desk) -> Vec<KeyValue> {
    runtime::sleep(LEASES_END).await;
    let give_up = runtime::now() + AGREE_MAX;
    loop {
        let states: Vec<Option<Result<StateDigest, String>>> =
            desk.cluster.houses().iter().map(|house| Some(StateDigest::of(&house.serving_now()?.keyspace))).collect();
        let is_equal = states.iter().all(|state| matches!(state, Some(Ok(_)))) && states.windows(2).all(|two| two[0] == two[1]);
        if is_equal {
            return final_state(desk);
        }
        if runtime::now() >= give_up {
            let houses = desk.cluster.houses().iter().map(House::name);
            let told: Vec<_> = houses.zip(&states).collect();
            desk.diary().complaints.push(format!("the nodes do not agree in the end: {told:?}"));
            return final_state(desk);
        }
        runtime::sleep(Duration::from_millis(100)).await;
    }
}

fn final_state(desk: &Desk) -> Vec<KeyValue> {
    let Some(serving) = desk.cluster.houses()[0].serving_now() else { return Vec::new() };
    let everything = Span { key: Bytes::from_static(b"\0"), range_end: Bytes::from_static(b"\0") };
    let request = RangeRequest { span: everything, ..RangeRequest::default() };
    match serving.keyspace.machine().range(&request, Cold::Allow) {
        Some(Ok((reply, _))) => reply.kvs,
        other => {
            desk.diary().complaints.push(format!("the final read was answered {:?}", other.map(|answer| answer.err())));
            Vec::new()
        }
    }
}
