//! What is counted of records over HTTP.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::metrics::{Exposition, Type};
use crate::problem::{REASONS, Reason};

/// By which route records came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Produce,
    Batch,
    Fire,
    Topic,
}

const ROUTES: [(Route, &str); 4] =
    [(Route::Produce, "produce"), (Route::Batch, "batch"), (Route::Fire, "fire"), (Route::Topic, "topic")];

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is durable on a quorum.
    Acknowledged,
    /// It was taken, and nobody waits for more.
    Accepted,
    /// It was not appended.
    Refused,
    /// It may have been appended.
    Unknown,
}

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Acknowledged, "acknowledged"),
    (Outcome::Accepted, "accepted"),
    (Outcome::Refused, "refused"),
    (Outcome::Unknown, "unknown"),
];

/// The counters of one node.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    requests: [AtomicU64; ROUTES.len()],
    records: [[AtomicU64; OUTCOMES.len()]; ROUTES.len()],
    bytes: [AtomicU64; ROUTES.len()],
    refused: [AtomicU64; REASONS.len()],
    delivered: AtomicU64,
    lost: AtomicU64,
    read_records: AtomicU64,
    read_bytes: AtomicU64,
}

/// What is under way now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnderWay {
    pub(crate) bytes: usize,
    pub(crate) waiting_reads: usize,
}

impl Meters {
    pub(crate) fn request(&self, route: Route) {
        self.requests[route as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn records(&self, route: Route, outcome: Outcome, count: usize) {
        self.records[route as usize][outcome as usize].fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn bytes(&self, route: Route, count: usize) {
        self.bytes[route as usize].fetch_add(count as u64, Relaxed);
    }

    /// A request, or a record of one, was refused.
    pub(crate) fn refused(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn fired(&self, delivered: usize, lost: usize) {
        self.delivered.fetch_add(delivered as u64, Relaxed);
        self.lost.fetch_add(lost as u64, Relaxed);
    }

    pub(crate) fn read(&self, records: usize, bytes: usize) {
        self.read_records.fetch_add(records as u64, Relaxed);
        self.read_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn expose(&self, out: &mut Exposition, under_way: UnderWay) {
        use Type::{Counter, Gauge};
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        out.family("manifold_ingest_requests_total", Counter, "Requests with records over HTTP, by route.");
        for (route, name) in ROUTES {
            out.sample(&[("route", name)], get(&self.requests[route as usize]));
        }
        out.family("manifold_ingest_records_total", Counter, "Records that came over HTTP, by route and outcome.");
        for (route, name) in ROUTES {
            for (outcome, became) in OUTCOMES {
                out.sample(&[("route", name), ("outcome", became)], get(&self.records[route as usize][outcome as usize]));
            }
        }
        out.family("manifold_ingest_bytes_total", Counter, "Bytes of bodies with records over HTTP, by route.");
        for (route, name) in ROUTES {
            out.sample(&[("route", name)], get(&self.bytes[route as usize]));
        }
        out.family("manifold_ingest_refused_total", Counter, "Requests and records over HTTP that were not done, by reason.");
        for reason in REASONS {
            out.sample(&[("reason", reason.name())], get(&self.refused[reason as usize]));
        }
        let help = "Records fired and forgotten that are durable on a quorum.";
        out.single("manifold_ingest_fire_delivered_total", Counter, help, get(&self.delivered));
        let help = "Records fired and forgotten that are not known to be durable.";
        out.single("manifold_ingest_fire_lost_total", Counter, help, get(&self.lost));
        out.single("manifold_ingest_under_way_bytes", Gauge, "Bytes of records over HTTP under way.", under_way.bytes);
        out.single("manifold_topic_reads_waiting", Gauge, "Reads over HTTP that wait for records.", under_way.waiting_reads);
        out.single("manifold_topic_read_records_total", Counter, "Records read over HTTP.", get(&self.read_records));
        out.single("manifold_topic_read_bytes_total", Counter, "Bytes of answers with records.", get(&self.read_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_moves_its_own_sample() {
        let meters = Meters::default();
        meters.request(Route::Batch);
        meters.records(Route::Fire, Outcome::Unknown, 2);
        meters.bytes(Route::Topic, 3);
        meters.refused(Reason::Deadline);
        meters.fired(5, 6);
        meters.read(7, 8);
        let mut out = Exposition::default();
        meters.expose(&mut out, UnderWay { bytes: 9, waiting_reads: 10 });
        let text = out.into_text();
        let moved: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0")).collect();
        let expected = [
            "manifold_ingest_requests_total{route=\"batch\"} 1",
            "manifold_ingest_records_total{route=\"fire\",outcome=\"unknown\"} 2",
            "manifold_ingest_bytes_total{route=\"topic\"} 3",
            "manifold_ingest_refused_total{reason=\"deadline\"} 1",
            "manifold_ingest_fire_delivered_total 5",
            "manifold_ingest_fire_lost_total 6",
            "manifold_ingest_under_way_bytes 9",
            "manifold_topic_reads_waiting 10",
            "manifold_topic_read_records_total 7",
            "manifold_topic_read_bytes_total 8",
        ];
        assert_eq!(moved, expected);
    }

    #[test]
    fn routes_and_outcomes_are_listed_by_their_numbers() {
        assert!(ROUTES.iter().enumerate().all(|(number, (route, _))| *route as usize == number));
        assert!(OUTCOMES.iter().enumerate().all(|(number, (outcome, _))| *outcome as usize == number));
    }
}
