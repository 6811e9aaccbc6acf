//! Runs over all connections, and what they add up to.

use crate::connection::{Job, Outcome, play};
use crate::message::Ask;
use crate::options::{Options, xorshift};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Instant;
use tokio::task::LocalSet;

/// Seconds that reading back may take.
const READ_BACK_SECONDS: u64 = 600;

/// Asks `ask` for every serial, over all connections at once, which take them in turn. Gives the outcome and the seconds that
/// it took.
pub async fn run<S>(o: &Options, ask: Ask, serials: S, check: bool) -> (Outcome, f64)
where
    S: IntoIterator<Item = u64, IntoIter: Clone + 'static>,
{
    let begin = Instant::now();
    let serials = serials.into_iter();
    let o = Rc::new(o.clone());
    let local = LocalSet::new();
    let handles: Vec<_> = (0..o.conns)
        .map(|index| {
            let part: Box<dyn Iterator<Item = u64>> = Box::new(serials.clone().skip(index).step_by(o.conns));
            let (o, job) = (o.clone(), Job { ask, serials: part.peekable(), begin, check });
            local.spawn_local(async move { play(&o, index, job).await })
        })
        .collect();
    let mut all = Outcome::new();
    local
        .run_until(async {
            for handle in handles {
                match handle.await.expect("a connection does not panic") {
                    Ok(one) => all.add(one),
                    Err(e) => all.error(e.to_string(), 1),
                }
            }
        })
        .await;
    (all, begin.elapsed().as_secs_f64())
}

/// The serials of a run: writes take keys in turn, reads draw from all of them, the same ones in every run.
pub fn serials(o: &Options, ask: Ask) -> impl Iterator<Item = u64> + Clone + use<> {
    let (writes, keys) = (matches!(ask, Ask::Put | Ask::Txn), o.keys);
    let mut x = 0x2545_F491_4F6C_DD1Du64;
    (0..o.n).map(move |i| {
        if writes {
            return i;
        }
        x = xorshift(x);
        x % keys
    })
}

/// What reading back found.
#[derive(Debug, Clone, Copy)]
pub struct ReadBack {
    /// Keys that hold the last acknowledged value.
    pub held: u64,
    /// Keys that hold another one, or none.
    pub wrong: u64,
    /// Of those, that are not there.
    pub missing: u64,
    /// Keys that could not be read.
    pub unread: u64,
}

/// Reads every acknowledged key back.
///
/// With fewer requests than keys each key is written once, and the comparison is exact; a key written again and not
/// answered may rightly hold the later value, and would count as wrong.
pub async fn read_back(o: &Options, acknowledged: &[u64]) -> ReadBack {
    let mut last = HashMap::new();
    for serial in acknowledged {
        let e = last.entry(serial % o.keys).or_insert(*serial);
        *e = (*e).max(*serial);
    }
    let wrote = last.len() as u64;
    let quiet = Options { rate: None, seconds: READ_BACK_SECONDS, ..o.clone() };
    let last: Rc<[u64]> = last.into_values().collect();
    let (outcome, _) = run(&quiet, Ask::Get, (0..last.len()).map(move |place| last[place]), true).await;
    let read = outcome.acknowledged.len() as u64;
    let (wrong, missing) = (outcome.mismatched, outcome.missing);
    ReadBack { held: read - wrong, wrong, missing, unread: wrote - read }
}

/// The rate, the latencies and the errors of a run, as the inside of a JSON object.
pub fn figures(outcome: &Outcome, seconds: f64) -> String {
    let ok = outcome.acknowledged.len();
    let at = |q: f64| outcome.latency.value_at_quantile(q);
    let mut line = format!("\"ok\":{ok},\"seconds\":{seconds:.3},\"per_second\":{:.0}", ok as f64 / seconds);
    let _ = write!(line, ",\"p50_us\":{},\"p99_us\":{},\"p999_us\":{}", at(0.5), at(0.99), at(0.999));
    let _ = write!(line, ",\"max_us\":{},\"MBps_in\":{:.1}", outcome.latency.max(), outcome.bytes as f64 / seconds / 1e6);
    let _ = write!(line, ",\"errors\":{}", errors(outcome));
    line
}

/// Errors and how often each came, as a JSON object.
fn errors(outcome: &Outcome) -> String {
    let quoted = outcome.errors.iter().map(|(text, count)| format!("{}:{count}", quote(text)));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out + "\""
}

/// CPU seconds that the processes have used so far.
pub fn cpu_seconds(pids: &[u32]) -> f64 {
    pids.iter()
        .filter_map(|p| std::fs::read_to_string(format!("/proc/{p}/stat")).ok())
        .filter_map(|s| {
            let f: Vec<&str> = s.rsplit_once(')')?.1.split_whitespace().collect();
            Some((f.get(11)?.parse::<f64>().ok()? + f.get(12)?.parse::<f64>().ok()?) / 100.0)
        })
        .sum()
}
