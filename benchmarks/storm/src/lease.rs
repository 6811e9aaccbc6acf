//! Leases that all end at one moment: how long until their keys are gone, and what other writes feel.
//!
//! Each lease is granted with what is left until that moment, so that granting may take a while, and holds one key.
//! Puts go on at a fixed rate: first a while without anything else, then while the leases end.

use crate::message::{self, Ask};
use crate::options::Options;
use crate::run::{figures, run};
use std::time::{Duration, Instant};

/// The rate of the other puts, unless `--rate` says otherwise.
const OTHER_PUTS_PER_SECOND: f64 = 500.0;
/// Seconds of quiet puts, to compare with.
const QUIET_SECONDS: u64 = 5;
/// How often the leases' keys are counted.
const COUNT_EVERY: Duration = Duration::from_millis(100);
/// Seconds after which leases that still hold keys are given up.
const GIVE_UP_SECONDS: u64 = 300;
/// Grants between two looks at the clock.
const GRANTS_AT_ONCE: u64 = 2_000;

/// Runs it and gives the JSON line.
pub async fn lease(o: &Options) -> String {
    let end = Instant::now() + Duration::from_secs(o.ttl);
    let leased = Options { prefix: format!("{}leased/", o.prefix), keys: o.n, value: 8, rate: None, ..o.clone() };
    let mut errors = 0;
    let mut from = 0;
    while from < o.n {
        let to = (from + GRANTS_AT_ONCE).min(o.n);
        // Whole seconds only, rounded up: they end within a second after that moment, never before it.
        let ttl = end.saturating_duration_since(Instant::now()).as_secs_f64().ceil() as u64;
        for ask in [Ask::Grant { ttl }, Ask::PutWithLease] {
            let (outcome, _) = run(&leased, ask, from..to, false).await;
            errors += (to - from) - outcome.acknowledged.len() as u64;
        }
        from = to;
    }
    let granted_in = o.ttl as f64 - end.saturating_duration_since(Instant::now()).as_secs_f64();
    let others = Options {
        prefix: format!("{}other/", o.prefix),
        rate: Some(o.rate.unwrap_or(OTHER_PUTS_PER_SECOND)),
        conns: 4,
        seconds: QUIET_SECONDS,
        ..o.clone()
    };
    let (quiet, quiet_seconds) = run(&others, Ask::Put, 0..1 << 20, false).await;
    let spare = end.saturating_duration_since(Instant::now() + Duration::from_secs(2));
    tokio::time::sleep(spare).await;
    let held = count(&leased).await;

    let waiting = wait_until_gone(&leased, end);
    let during = Options { seconds: QUIET_SECONDS + 7, ..others };
    let ((first, last), (busy, busy_seconds)) = tokio::join!(waiting, run(&during, Ask::Put, 0..1 << 20, false));
    format!(
        "{{\"op\":\"lease\",\"leases\":{},\"errors\":{errors},\"granted_in_seconds\":{granted_in:.1},\"held_before\":{held},\
         \"first_gone_after_seconds\":{first:.2},\"all_gone_after_seconds\":{last:.2},\"quiet\":{{{}}},\"meanwhile\":{{{}}}}}",
        o.n,
        figures(&quiet, quiet_seconds),
        figures(&busy, busy_seconds)
    )
}

/// Seconds from `end` until the first of the keys and until all of them are gone (negative: too early).
async fn wait_until_gone(o: &Options, end: Instant) -> (f64, f64) {
    let since = || Instant::now().duration_since(end).as_secs_f64() - end.saturating_duration_since(Instant::now()).as_secs_f64();
    let all = o.n;
    let (mut first, mut left) = (None, all);
    while left > 0 && since() < GIVE_UP_SECONDS as f64 {
        tokio::time::sleep(COUNT_EVERY).await;
        left = count(o).await;
        if left < all {
            first.get_or_insert_with(since);
        }
    }
    (first.unwrap_or_else(since), since())
}

/// How many keys have the prefix.
async fn count(o: &Options) -> u64 {
    let one = Options { conns: 1, streams: 1, rate: None, seconds: GIVE_UP_SECONDS, ..o.clone() };
    let (outcome, _) = run(&one, Ask::Count, [0], true).await;
    if outcome.acknowledged.is_empty() {
        return u64::MAX;
    }
    message::number_of(&outcome.last_message, 4)
}
