use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::{Error, NodeId};
use bytes::Bytes;
use replica::{
    Identity,
    network::{BoxFuture, CallError, Channel, Message, Network, Receiver, Reception, Sender, Standing},
    runtime,
};

use super::{Crash, Weather, Wires};
use crate::executor::{Group, STAGE, World, inhabit, world};

const A: NodeId = 0xa;
const B: NodeId = 0xb;
const GROUP_A: Group = Group(10);
const GROUP_B: Group = Group(11);
const MESSAGE: Message = Message { kind: 1, shard: 1 };
const SECOND: Duration = Duration::from_secs(1);

/// Answers with what it was asked, knows two nodes, and writes down what it got.
#[derive(Default)]
struct Echo {
    got: Mutex<Vec<Bytes>>,
}

impl Reception for Echo {
    fn call(&self, _from: NodeId, _message: Message, body: Bytes) -> BoxFuture<'static, Result<Bytes, Error>> {
        self.got.lock().unwrap().push(body.clone());
        Box::pin(async move { Ok(body) })
    }

    fn stream(&self, _from: NodeId, _message: Message, mut receiver: Receiver, mut sender: Sender) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while let Some(Ok(body)) = receiver.next().await {
                if sender.send(body).await.is_err() {
                    return;
                }
            }
            sender.finish();
        })
    }

    fn standing(&self, node: NodeId) -> Standing {
        if [A, B].contains(&node) { Standing::Member } else { Standing::Unknown }
    }
}

struct Two {
    wires: Wires,
    a: Arc<dyn Network>,
    echo: Arc<Echo>,
}

fn join(wires: &Wires, node: NodeId, group: Group, name: &str) -> (Arc<dyn Network>, Arc<Echo>) {
    let echo = Arc::new(Echo::default());
    let identity = Identity { cluster_id: 1, node_id: node, incarnation: 1, founders: vec![A, B], begun: false };
    let network = wires.maker(name, group)(&identity, echo.clone()).unwrap();
    network.set_address(A, "a");
    network.set_address(B, "b");
    (network, echo)
}

impl Two {
    fn new(weather: Weather) -> Two {
        let wires = Wires::new(weather, 8 << 10);
        let (a, _) = join(&wires, A, GROUP_A, "a");
        let (_, echo) = join(&wires, B, GROUP_B, "b");
        Two { wires, a, echo }
    }

    async fn ask(&self, word: &'static str, timeout: Duration) -> Result<Bytes, CallError> {
        self.a.call(B, Channel::Small, MESSAGE, Bytes::from_static(word.as_bytes()), timeout).await
    }

    fn cut(&self) {
        self.wires.cut(&[(A, B), (B, A)]);
    }

    fn mend(&self) {
        self.wires.mend(&[(A, B), (B, A)]);
    }
}

/// Runs `story` as a task of node A; the trace.
fn play<F>(seed: u64, weather: Weather, story: impl FnOnce(Two) -> F) -> u64
where
    F: Future<Output = ()> + Send + 'static,
{
    let world = World::new(seed);
    inhabit(&world, || {
        let ended = Arc::new(Mutex::new(false));
        let (story, told) = (story(Two::new(weather)), ended.clone());
        world.spawn_in(GROUP_A, async move {
            story.await;
            *told.lock().unwrap() = true;
        });
        world.run(|| *ended.lock().unwrap() || !world.panics().is_empty());
        assert!(world.panics().is_empty(), "{:?}", world.panics());
        assert!(*ended.lock().unwrap(), "the story has an end");
    });
    world.trace()
}

#[test]
fn a_call_is_answered_and_says_whether_it_was_sent() {
    play(1, Weather::FAIR, |two| async move {
        assert_eq!(two.ask("word", SECOND).await.unwrap(), "word");
        assert!(two.a.is_reachable(B));
        let unknown = two.a.call(0xc, Channel::Small, MESSAGE, Bytes::new(), SECOND).await;
        assert!(unknown.unwrap_err().surely_not_sent());
        two.cut();
        assert!(matches!(two.ask("lost", SECOND).await, Err(CallError::Unknown(_))), "it went out, and nobody knows more");
        let bulk = two.a.call(B, Channel::Bulk, MESSAGE, Bytes::new(), SECOND).await;
        assert!(bulk.unwrap_err().surely_not_sent(), "there never was a connection for it");
        two.mend();
        assert_eq!(two.ask("back", 20 * SECOND).await.unwrap(), "back");
    });
}

#[test]
fn who_is_not_known_is_turned_away() {
    play(1, Weather::FAIR, |two| async move {
        let (stranger, _) = join(&two.wires, 0xd, GROUP_A, "d");
        let refused = stranger.call(B, Channel::Small, MESSAGE, Bytes::new(), SECOND).await.unwrap_err();
        assert!(refused.surely_not_sent() && refused.to_string().contains("unknown"), "{refused}");
        assert!(stranger.trouble(B).is_some());
    });
}

#[test]
fn a_stream_is_in_order_whatever_is_lost() {
    let foul = Weather { delay_us: 20_000, loss: 300, duplication: 300, replay: 300 };
    play(2, foul, |two| async move {
        let (mut sender, mut receiver) = two.a.open(B, Channel::Bulk, MESSAGE).await.unwrap();
        runtime::spawn(async move {
            for number in 0..200_u32 {
                sender.send(Bytes::copy_from_slice(&[&number.to_le_bytes()[..], &[0; 1000]].concat())).await.unwrap();
            }
            sender.finish();
        });
        for number in 0..200_u32 {
            let body = receiver.next().await.unwrap().unwrap();
            assert_eq!(body[..4], number.to_le_bytes());
        }
        assert!(receiver.next().await.is_none());
    });
}

#[test]
fn a_sender_waits_for_credit() {
    play(3, Weather::FAIR, |two| async move {
        let (mut sender, mut receiver) = two.a.open(B, Channel::Bulk, MESSAGE).await.unwrap();
        // Nobody takes what comes back, so the echo stops reading in the end.
        let sent = Arc::new(Mutex::new(0));
        let count = sent.clone();
        runtime::spawn(async move {
            while sender.send(Bytes::from_static(&[0; 1000])).await.is_ok() {
                *count.lock().unwrap() += 1;
            }
        });
        runtime::sleep(10 * SECOND).await;
        let held = *sent.lock().unwrap();
        assert!((8..40).contains(&held), "{held} of a thousand bytes each");
        for _ in 0..held {
            receiver.next().await.unwrap().unwrap();
        }
        runtime::sleep(SECOND).await;
        assert!(*sent.lock().unwrap() > held);
    });
}

#[test]
fn a_short_cut_is_waited_out_and_a_long_one_breaks_both_ends() {
    play(4, Weather::FAIR, |two| async move {
        let (mut sender, mut receiver) = two.a.open(B, Channel::Bulk, MESSAGE).await.unwrap();
        sender.send(Bytes::from_static(b"one")).await.unwrap();
        assert_eq!(receiver.next().await.unwrap().unwrap(), "one");
        two.cut();
        sender.send(Bytes::from_static(b"two")).await.unwrap();
        runtime::sleep(3 * SECOND).await;
        two.mend();
        assert_eq!(receiver.next().await.unwrap().unwrap(), "two");
        two.cut();
        let begin = runtime::now();
        assert!(receiver.next().await.unwrap().is_err());
        assert!(receiver.next().await.is_none(), "the error comes once");
        let noticed = runtime::now() - begin;
        assert!((5 * SECOND..9 * SECOND).contains(&noticed), "{noticed:?}");
        assert!(sender.send(Bytes::new()).await.is_err());
    });
}

#[test]
fn a_killed_process_resets_and_a_dead_host_is_silent() {
    for (how, most) in [(Crash::Reset, SECOND), (Crash::Silent, 9 * SECOND)] {
        play(5, Weather::FAIR, |two| async move {
            let (_sender, mut receiver) = two.a.open(B, Channel::Bulk, MESSAGE).await.unwrap();
            runtime::sleep(SECOND).await;
            let begin = runtime::now();
            two.wires.crash(B, GROUP_B, how);
            world().kill(GROUP_B);
            assert!(receiver.next().await.unwrap().is_err());
            let noticed = runtime::now() - begin;
            assert!(noticed < most && (how == Crash::Reset || noticed > 4 * SECOND), "{how:?}: {noticed:?}");
            let again = two.ask("word", SECOND).await.unwrap_err();
            assert!(again.surely_not_sent(), "{again}");
            two.wires.power_on(B);
            join(&two.wires, B, GROUP_B, "b");
            // A peer that was not reached is given a rest.
            runtime::sleep(3 * SECOND).await;
            assert_eq!(two.ask("word", 10 * SECOND).await.unwrap(), "word");
        });
    }
}

#[test]
fn a_host_that_is_back_resets_what_it_does_not_know() {
    play(6, Weather::FAIR, |two| async move {
        let (mut sender, mut receiver) = two.a.open(B, Channel::Bulk, MESSAGE).await.unwrap();
        runtime::sleep(SECOND).await;
        two.wires.crash(B, GROUP_B, Crash::Silent);
        world().kill(GROUP_B);
        two.wires.power_on(B);
        sender.send(Bytes::from_static(b"who?")).await.unwrap();
        let error = receiver.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn small_calls_arrive_again_and_are_answered_once() {
    let foul = Weather { duplication: 500, replay: 500, ..Weather::FAIR };
    play(7, foul, |two| async move {
        for _ in 0..100 {
            assert_eq!(two.ask("word", SECOND).await.unwrap(), "word");
        }
        runtime::sleep(6 * SECOND).await;
        let got = two.echo.got.lock().unwrap().len();
        assert!((150..300).contains(&got), "{got}");
    });
}

#[test]
fn one_seed_gives_one_trace() {
    let foul = Weather { delay_us: 5_000, loss: 100, duplication: 100, replay: 100 };
    let story = |two: Two| async move {
        for round in 0..50 {
            let _ = two.ask("word", SECOND).await;
            if round % 10 == 0 {
                world().spawn_in(STAGE, async {});
                two.cut();
                runtime::sleep(SECOND / 2).await;
                two.mend();
            }
        }
    };
    assert_eq!(play(8, foul, story), play(8, foul, story));
    assert_ne!(play(8, foul, story), play(9, foul, story));
}
