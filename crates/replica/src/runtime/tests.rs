//! openraft's own suite for runtimes, and what it does not ask.

use std::{future::pending, time::Duration};

use openraft::rt::{Watch, WatchReceiver, WatchSender, testing::Suite};

use super::*;

#[test]
fn openraft_s_suite_for_runtimes_passes() {
    Suite::<Hall>::test_all();
}

#[tokio::test]
async fn a_watch_wakes_in_the_order_of_arrival() {
    let (sender, receiver) = watch::OrderedWatch::channel(0);
    let (order, mut woken) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..20 {
        let (mut receiver, order) = (receiver.clone(), order.clone());
        spawn(async move {
            receiver.changed().await.expect("the sender lives");
            order.send(number).expect("the test listens");
        });
        tokio::task::yield_now().await;
    }
    sender.send(1).expect("there are receivers");
    for number in 0..20 {
        assert_eq!(woken.recv().await, Some(number));
    }
}

#[tokio::test]
async fn a_watch_ends_with_its_last_sender() {
    let (sender, mut receiver) = watch::OrderedWatch::channel(0);
    let second = sender.clone();
    drop(sender);
    second.send(7).expect("there is a receiver");
    drop(second);
    receiver.changed().await.expect("a value sent before the end is still seen");
    assert_eq!(*receiver.borrow_watched(), 7);
    receiver.changed().await.expect_err("no sender is left");
}

#[tokio::test]
async fn who_stops_waiting_leaves_no_waker_behind() {
    let (sender, receiver) = watch::OrderedWatch::channel(0);
    for _ in 0..100 {
        let mut receiver = receiver.clone();
        tokio::select! {
            biased;
            _ = receiver.changed() => panic!("nothing was sent"),
            () = sleep(Duration::ZERO) => {}
        }
    }
    assert_eq!(sender.waiting_now(), 0);
}

#[tokio::test]
async fn a_panic_is_told_to_who_joins() {
    let task = spawn(async { panic!("on purpose") });
    assert_eq!(task.await, Err::<(), _>(Lost::Panicked));
}

#[tokio::test]
async fn sleeping_takes_its_time() {
    let before = now();
    sleep(Duration::from_millis(20)).await;
    assert!(now() - before >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_microsecond_is_not_rounded_up_to_a_timer_s_grain() {
    let quickest = async {
        let mut quickest = Duration::MAX;
        for _ in 0..20 {
            let before = now();
            sleep(Duration::from_micros(1)).await;
            let took = now() - before;
            assert!(took >= Duration::from_micros(1));
            quickest = quickest.min(took);
        }
        quickest
    };
    assert!(quickest.await < Duration::from_micros(900));
}

struct Still;

impl Executor for Still {
    fn spawn(&self, _task: Task) {}

    fn now(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn wall_ms(&self) -> u64 {
        6
    }

    fn sleep_until(&self, _deadline: Duration) -> Task {
        Box::pin(pending())
    }

    fn random_u64(&self) -> u64 {
        7
    }
}

#[test]
fn an_entered_thread_asks_its_executor_for_everything() {
    let guard = enter(Arc::new(Still));
    assert!(is_simulated());
    assert_eq!((now(), wall_ms(), random_u64()), (Duration::from_secs(5), 6, 7));
    {
        let _nested = enter(Arc::new(Still));
    }
    assert!(is_simulated(), "leaving an inner executor returns to the outer one");
    drop(guard);
    assert!(!is_simulated());
}
