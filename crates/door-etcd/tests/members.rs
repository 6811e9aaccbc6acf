//! Members and leaders, over the wire: on a node alone, and among three.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod house;

use std::time::Duration;

use door_etcd::{DoorOptions, pb};
use house::{Client, House, get, listener};
use prost::Message;
use replica::Start;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;
use tonic::{Code, Request, Status};

const ADD: &str = "/etcdserverpb.Cluster/MemberAdd";
const REMOVE: &str = "/etcdserverpb.Cluster/MemberRemove";
const UPDATE: &str = "/etcdserverpb.Cluster/MemberUpdate";
const PROMOTE: &str = "/etcdserverpb.Cluster/MemberPromote";
const LIST: &str = "/etcdserverpb.Cluster/MemberList";
const MOVE: &str = "/etcdserverpb.Maintenance/MoveLeader";

const INVALID: (Code, &str) = (Code::InvalidArgument, "etcdserver: given member URLs are invalid");
const NOT_FOUND: (Code, &str) = (Code::NotFound, "etcdserver: member not found");
const EXISTS: (Code, &str) = (Code::FailedPrecondition, "etcdserver: Peer URLs already exists");
const TOO_FEW: (Code, &str) = (Code::Unknown, "etcdserver: re-configuration failed due to not enough started members");
const NOT_IN_SYNC: (Code, &str) =
    (Code::FailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader");
const NOT_LEADER: (Code, &str) = (Code::FailedPrecondition, "etcdserver: not leader");
const BAD_TRANSFEREE: (Code, &str) = (Code::FailedPrecondition, "etcdserver: bad leader transferee");
const NO_LEADER: (Code, &str) = (Code::Unavailable, "etcdserver: no leader");
const TIMED_OUT: (Code, &str) = (Code::Unavailable, "etcdserver: request timed out");

/// How long the cluster may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

fn refusal<A: std::fmt::Debug>(outcome: Result<A, Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    (status.code(), status.message().to_owned())
}

fn urls(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|url| (*url).to_owned()).collect()
}

/// Asks something that is to be refused.
async fn refused(client: &mut Client, path: &'static str, request: impl Message + 'static) -> (Code, String) {
    refusal(client.call::<_, pb::MemberListResponse>(path, request).await)
}

fn is(refusal: &(Code, String), expected: (Code, &str)) {
    assert_eq!((refusal.0, refusal.1.as_str()), expected);
}

fn add(url: &str) -> pb::MemberAddRequest {
    pb::MemberAddRequest { peer_ur_ls: urls(&[url]), is_learner: true }
}

fn update(id: u64, given: &[&str]) -> pb::MemberUpdateRequest {
    pb::MemberUpdateRequest { id, peer_ur_ls: urls(given) }
}

async fn list(client: &mut Client) -> Vec<pb::Member> {
    let listed: pb::MemberListResponse = client.call(LIST, pb::MemberListRequest { linearizable: true }).await.unwrap();
    assert_eq!(listed.header.unwrap().revision, 0);
    listed.members
}

async fn status(client: &mut Client) -> pb::StatusResponse {
    client.call("/etcdserverpb.Maintenance/Status", pb::StatusRequest {}).await.unwrap()
}

/// Asks again until it is so.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < give_up, "not in time: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_alone_refuses_changes_of_members_as_etcd_does() {
    let house = House::open_as("n1", DoorOptions::default(), Start::Alone, Some(listener().await)).await;
    let mut client = house.client().await;
    let own = house.node.status().node_id;
    let members =
        until("the address is recorded", async || Some(list(&mut client).await).filter(|all| !all[0].peer_ur_ls.is_empty()))
            .await;
    let [member] = &members[..] else { panic!("{members:?}") };
    assert_eq!((member.id, member.name.as_str(), member.is_learner), (own, "n1", false));
    assert_eq!(member.client_ur_ls, ["http://n1:2379"]);
    let peer_url = member.peer_ur_ls[0].clone();

    for wrong in
        ["bad", "http://nope", "http://1.2.3.4:80/path", "ftp://1.2.3.4:80", "http://1.2.3.4:x", "http://::1:80", "http://"]
    {
        is(&refused(&mut client, ADD, add(wrong)).await, INVALID);
    }
    let none = pb::MemberAddRequest::default();
    is(&refused(&mut client, ADD, none).await, INVALID);
    is(&refused(&mut client, ADD, add(&peer_url)).await, EXISTS);
    is(&refused(&mut client, REMOVE, pb::MemberRemoveRequest { id: 5 }).await, NOT_FOUND);
    is(&refused(&mut client, REMOVE, pb::MemberRemoveRequest { id: own }).await, TOO_FEW);
    is(&refused(&mut client, UPDATE, update(5, &["http://1.2.3.4:80"])).await, NOT_FOUND);
    is(&refused(&mut client, UPDATE, update(own, &[])).await, INVALID);
    is(&refused(&mut client, PROMOTE, pb::MemberPromoteRequest { id: 5 }).await, NOT_FOUND);
    is(&refused(&mut client, MOVE, pb::MoveLeaderRequest { target_id: 5 }).await, BAD_TRANSFEREE);
    let _: pb::MemberPromoteResponse = client.call(PROMOTE, pb::MemberPromoteRequest { id: own }).await.unwrap();
    let moved: pb::MoveLeaderResponse = client.call(MOVE, pb::MoveLeaderRequest { target_id: own }).await.unwrap();
    assert_eq!(moved, pb::MoveLeaderResponse::default());
    let updated: pb::MemberUpdateResponse = client.call(UPDATE, update(own, &[&peer_url])).await.unwrap();
    assert_eq!(updated.members, list(&mut client).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_peer_address_takes_no_members() {
    let house = House::open().await;
    let mut client = house.client().await;
    let (code, text) = refused(&mut client, ADD, add("http://1.2.3.4:80")).await;
    assert_eq!(code, Code::FailedPrecondition);
    assert!(text.contains("--peer"), "{text}");
    assert_eq!(list(&mut client).await[0].peer_ur_ls, Vec::<String>::new());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_added_through_a_follower_catches_up_and_is_removed() {
    let houses = House::open_three().await;
    let mut clients = [houses[0].client().await, houses[1].client().await, houses[2].client().await];
    for client in &mut clients {
        client.put("k", "v").await.unwrap();
        let members = list(client).await;
        assert_eq!(members.len(), 3);
        assert!(members.iter().all(|member| member.peer_ur_ls[0].starts_with("http://127.0.0.1:") && !member.is_learner));
    }
    let client = &mut clients[follower(&houses).await];
    let peer_url = list(client).await[0].peer_ur_ls[0].clone();
    is(&refused(client, ADD, add(&peer_url)).await, EXISTS);

    let fourth = listener().await;
    let url = format!("http://{}", fourth.local_addr().unwrap());
    let added: pb::MemberAddResponse = client.call(ADD, add(&url)).await.unwrap();
    let member = added.member.unwrap();
    assert_eq!((member.name.as_str(), member.is_learner, &member.peer_ur_ls), ("", true, &vec![url]));
    assert_eq!(added.members.len(), 4);
    let promote = pb::MemberPromoteRequest { id: member.id };
    is(&refused(client, PROMOTE, promote).await, NOT_IN_SYNC);
    let too_many = (Code::FailedPrecondition, "etcdserver: too many learner members in cluster");
    is(&refused(client, ADD, add("http://127.0.0.1:1")).await, too_many);
    is(&refused(client, UPDATE, update(member.id, &[&peer_url])).await, EXISTS);

    let ticket = houses[0].node.ticket(member.id).unwrap();
    let fourth = House::open_as("n4", DoorOptions::default(), Start::Join(ticket), Some(fourth)).await;
    let promoted: pb::MemberPromoteResponse =
        until("the fourth promotes itself", async || client.call(PROMOTE, promote).await.ok()).await;
    let known = promoted.members.iter().find(|known| known.id == member.id).unwrap();
    assert_eq!((known.is_learner, &known.client_ur_ls), (false, &vec!["http://n4:2379".to_owned()]));
    assert_eq!(known.name, "n4", "it says its name when it starts");
    let mut there = fourth.client().await;
    assert_eq!(there.range(get("k")).await.unwrap().count, 1);
    assert_eq!(list(&mut there).await, list(client).await);

    let remove = pb::MemberRemoveRequest { id: member.id };
    let _: pb::MemberRemoveResponse = client.call(REMOVE, remove).await.unwrap();
    until("the fourth is gone", async || (list(client).await.len() == 3).then_some(())).await;
    is(&refused(client, REMOVE, remove).await, NOT_FOUND);
    is(&refused(client, PROMOTE, promote).await, NOT_FOUND);
    fourth.close().await;
    for house in houses {
        house.close().await;
    }
}

/// One of the nodes that do not lead the key space.
async fn follower(houses: &[House]) -> usize {
    let mut client = houses[0].client().await;
    let leader = until("there is a leader", async || Some(status(&mut client).await.leader).filter(|leader| *leader != 0)).await;
    houses.iter().position(|house| house.node.status().node_id != leader).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn leadership_is_handed_over_by_who_has_it() {
    let houses = House::open_three().await;
    // Where it belongs it stays; from elsewhere it moves back after a while.
    let ids = houses[0].node.status().members.iter().map(|member| member.id).collect::<Vec<_>>();
    let (owner, target) = (ids[1], ids[2]);
    let at = |id| houses.iter().find(|house| house.node.status().node_id == id).unwrap();
    let (mut leader, mut client) = (at(owner).client().await, at(target).client().await);
    until("leadership is where it belongs", async || (status(&mut client).await.leader == owner).then_some(())).await;
    let told = status(&mut client).await;
    assert_eq!((told.is_learner, told.raft_term > 0, told.errors), (false, true, Vec::<String>::new()));
    is(&refused(&mut client, MOVE, pb::MoveLeaderRequest { target_id: target }).await, NOT_LEADER);
    is(&refused(&mut client, MOVE, pb::MoveLeaderRequest { target_id: 5 }).await, NOT_LEADER);
    is(&refused(&mut leader, MOVE, pb::MoveLeaderRequest { target_id: 5 }).await, BAD_TRANSFEREE);
    let _: pb::MoveLeaderResponse = leader.call(MOVE, pb::MoveLeaderRequest { target_id: target }).await.unwrap();
    for client in [&mut leader, &mut client] {
        until("all know the new leader", async || (status(client).await.leader == target).then_some(())).await;
        client.put("k", "v").await.unwrap();
    }
    for house in houses {
        house.close().await;
    }
}

fn with_leader<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("hasleader", "true".parse().unwrap());
    request
}

fn watch() -> Vec<pb::WatchRequest> {
    let create = pb::WatchCreateRequest { key: "k".into(), ..pb::WatchCreateRequest::default() };
    vec![pb::WatchRequest { request_union: Some(pb::watch_request::RequestUnion::CreateRequest(create)) }]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_requires_a_leader_is_told_when_there_is_none() {
    const WATCH: &str = "/etcdserverpb.Watch/Watch";
    let [first, second, third] = House::open_three().await;
    let mut client = first.client().await;
    client.put("k", "v").await.unwrap();
    let mut strict = client.both_ways::<_, pb::WatchResponse>(WATCH, with_leader(watch())).await.unwrap();
    let mut patient = client.both_ways::<_, pb::WatchResponse>(WATCH, Request::new(watch())).await.unwrap();
    assert!(strict.next().await.unwrap().unwrap().created && patient.next().await.unwrap().unwrap().created);
    // One that stops hands over first; with one left of three there is nobody to hand over to.
    second.close().await;
    client.put("k", "two are enough").await.unwrap();
    for stream in [&mut strict, &mut patient] {
        assert_eq!(stream.next().await.unwrap().unwrap().events.len(), 1);
    }
    third.close().await;
    let ended = timeout(PATIENCE, strict.next()).await.unwrap().unwrap();
    is(&refusal(ended), NO_LEADER);
    is(&refusal(client.call_with::<_, pb::RangeResponse>("/etcdserverpb.KV/Range", with_leader(get("k"))).await), NO_LEADER);
    let told = status(&mut client).await;
    assert_eq!((told.leader, told.errors), (0, vec!["etcdserver: no leader".to_owned()]));
    let local = pb::RangeRequest { serializable: true, ..get("k") };
    assert_eq!(client.range(local).await.unwrap().kvs[0].value, "two are enough");
    assert!(timeout(Duration::from_millis(100), patient.next()).await.is_err(), "who requires none goes on");

    // Each waits as long as etcd lets it wait, though they queue up.
    let begin = Instant::now();
    let mut others: Vec<Client> = (0..6).map(|_| client.clone()).collect();
    let writes = others.iter_mut().zip(0..).map(async |(client, number)| {
        sleep(Duration::from_millis(300) * number).await;
        client.put("k", "never").await
    });
    let (writes, read, members) =
        tokio::join!(futures_util::future::join_all(writes), async { client.clone().range(get("k")).await }, async {
            refused(&mut client.clone(), LIST, pb::MemberListRequest { linearizable: true }).await
        },);
    let took = begin.elapsed();
    assert!((Duration::from_secs(7)..Duration::from_secs(10)).contains(&took), "{took:?}");
    is(&refusal(read), TIMED_OUT);
    is(&members, TIMED_OUT);
    for write in writes {
        let (code, text) = refusal(write);
        assert!(code == Code::Unavailable && text.starts_with(TIMED_OUT.1), "{text}");
    }
    first.close().await;
}
