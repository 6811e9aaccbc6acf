//! Ours beside the real etcd 3.7.3: long random sequences, every answer equal.
//!
//! `INTEROP_SEED` begins at another seed, `INTEROP_REQUESTS` asks for more in all. `INTEROP_SUBJECT=etcd` compares etcd
//! with itself, which proves the harness.

use interop::differ::{Pair, Tally, run};
use interop::peers::peers;
use interop::{Settings, random::Random};
use std::time::{Duration, Instant};

/// Requests of one sequence; each begins on empty servers.
const REQUESTS_EACH: usize = 3_400;
/// Requests in all.
const REQUESTS: usize = 102_000;
/// How long a difference may be made smaller, unless `INTEROP_SHRINK_SECONDS` says otherwise.
const SHRINK_SECONDS: u64 = 90;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not {v:?}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_equal() {
    let Some(peers) = peers("the comparison with the real etcd") else { return };
    let pair = Pair { reference: Settings::etcd(peers), subject: Settings::subject() };
    let first = number("INTEROP_SEED", 1);
    let wanted = number("INTEROP_REQUESTS", REQUESTS as u64) as usize;
    let shrink = Duration::from_secs(number("INTEROP_SHRINK_SECONDS", SHRINK_SECONDS));
    let begin = Instant::now();
    let (mut all, mut seed) = (Tally::default(), first);
    while all.requests < wanted {
        match run(&pair, seed, REQUESTS_EACH.min(wanted), shrink).await {
            Ok(tally) => all += tally,
            Err(story) => panic!(
                "{story}\n\nTo see it again: INTEROP_SEED={seed} INTEROP_REQUESTS={REQUESTS_EACH} \
                 cargo test --profile sim -p interop --test differential"
            ),
        }
        seed += 1;
    }
    println!("{all:?} in {:.0} s, seeds {first} to {}", begin.elapsed().as_secs_f64(), seed - 1);
    assert!(all.refused > all.requests / 50, "errors were compared too: {all:?}");
    assert!(all.events > all.requests / 10, "watch events were compared too: {all:?}");
    // The generator itself is a function of its seed.
    assert_eq!(Random::new(first).bits(), Random::new(first).bits());
}

/// The alarm rings: an etcd that allows fewer operations in a transaction differs from one with the defaults, and the
/// sequence that shows it is made short.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_difference_is_found() {
    let Some(peers) = peers("the planted difference") else { return };
    let subject = Settings::etcd(peers).with_arguments(&["--max-txn-ops", "100"]);
    let pair = Pair { reference: Settings::etcd(peers), subject };
    for seed in 1..6 {
        if let Err(story) = run(&pair, seed, REQUESTS_EACH, Duration::from_secs(20)).await {
            assert!(story.contains("too many operations in txn request"), "{story}");
            let steps = story.split("difference, ").nth(1).and_then(|s| s.split(' ').next()?.parse::<usize>().ok());
            assert!(steps.is_some_and(|s| s < 200), "made smaller: {steps:?} steps");
            return;
        }
    }
    panic!("no difference was found where there is one");
}
