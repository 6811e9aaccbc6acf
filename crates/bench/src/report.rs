//! What one run gives, for programs and for people.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::{
    ledger::Verdict,
    limits::LATENCY_US_MAX,
    resources::{self, Usage},
};

/// The percentiles that are told, with their names.
const PERCENTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];
const BYTES_PER_MIB: f64 = 1_048_576.0;
const HEADINGS: [&str; 17] = [
    "TARGET",
    "RUN",
    "DONE",
    "SECONDS",
    "PER_SECOND",
    "MB/S",
    "P50_MS",
    "P90_MS",
    "P95_MS",
    "P99_MS",
    "P99.9_MS",
    "MAX_MS",
    "ERRORS",
    "CPU_US/OP",
    "RSS_MIB",
    "PEAK_MIB",
    "WRITTEN_MB",
];

/// The flag behind which is a secret.
const API_KEY: &str = "--api-key";

/// What is said of a run with `--no-verify`.
pub(crate) const UNPROVED: &str = "nothing was read back, so nothing is said of what was lost";

/// No latencies yet, in microseconds.
pub(crate) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("the bounds are valid")
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report {
    /// The command: `produce`, `put`, ...
    pub(crate) operation: &'static str,
    /// What is counted: records, requests, events.
    pub(crate) unit: &'static str,
    /// Whom it was measured on.
    pub(crate) target: String,
    pub(crate) address: String,
    /// Counted from 1.
    pub(crate) run: u32,
    pub(crate) seconds: f64,
    /// Acknowledged or received.
    pub(crate) done: u64,
    /// Of payloads.
    pub(crate) bytes: u64,
    /// Microseconds; of what, `latency_of` says.
    pub(crate) latency: Histogram<u64>,
    pub(crate) latency_of: &'static str,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) server: Option<Usage>,
    /// Of this process while it loaded.
    pub(crate) client_cpu_seconds: f64,
    /// None where nothing was read back.
    pub(crate) verdict: Option<Verdict>,
    /// What is said where there is no verdict and nothing is broken.
    pub(crate) unproved: &'static str,
    /// Promises that were broken beside those that the verdict counts, in words.
    pub(crate) broken: Vec<String>,
    /// What this operation has beside that.
    pub(crate) details: Map<String, Value>,
    /// Which of the details have columns of their own.
    pub(crate) columns: &'static [&'static str],
}

impl Report {
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.seconds.max(1e-9)
    }

    /// Milliseconds, if anything was measured.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        (!self.latency.is_empty()).then(|| self.latency.value_at_quantile(quantile) as f64 / 1e3)
    }

    pub(crate) fn server_cpu_us(&self) -> Option<f64> {
        self.server.map(|usage| usage.cpu_seconds * 1e6 / self.done.max(1) as f64)
    }

    /// What was promised and not held, in words; none if all was.
    pub(crate) fn complaint(&self) -> Option<String> {
        let mut complaints = self.broken.clone();
        if let Some(verdict) = self.verdict.as_ref().filter(|verdict| verdict.faults() > 0) {
            complaints.push(verdict.to_text());
        }
        if self.done == 0 {
            let errors = self.errors.iter().map(|(text, count)| format!("{count} times {text}")).collect::<Vec<_>>().join(", ");
            let errors = if errors.is_empty() { "and no error came either".to_owned() } else { errors };
            complaints.push(format!("nothing was done: {errors}"));
        }
        (!complaints.is_empty())
            .then(|| format!("{} of {} at {}: {}", self.operation, self.target, self.address, complaints.join("; ")))
    }

    /// One object.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        let latency: Map<String, Value> = PERCENTILES
            .iter()
            .map(|(name, quantile)| (name.replace('.', ""), self.quantile_ms(*quantile)))
            .chain([("max".to_owned(), (!self.latency.is_empty()).then(|| self.latency.max() as f64 / 1e3))])
            .map(|(name, value)| (format!("{name}_ms"), value.map_or(Value::Null, |value| json!(rounded(value, 3)))))
            .collect();
        let mut object = json!({
            "operation": self.operation, "unit": self.unit, "target": self.target, "address": self.address, "run": self.run,
            "version": version, "build": build(), "command_line": command_line(std::env::args()),
            "kernel": resources::kernel(), "cores": cores(),
            "seconds": rounded(self.seconds, 6), "done": self.done, "per_second": rounded(self.per_second(), 1),
            "bytes": self.bytes, "bytes_per_second": rounded(self.bytes as f64 / self.seconds.max(1e-9), 1),
            "latency_of": self.latency_of, "latency": latency, "errors": self.errors,
            "client_cpu_us_per_operation": rounded(self.client_cpu_seconds * 1e6 / self.done.max(1) as f64, 3),
            "server": self.server.as_ref().map(|usage| usage_json(usage, self.done)),
            "verified": self.verdict.as_ref().map(verdict_json), "broken": self.broken,
        });
        if let Value::Object(object) = &mut object {
            object.extend(self.details.clone());
        }
        object
    }

    fn headings(&self) -> Vec<String> {
        HEADINGS.iter().map(|heading| (*heading).to_owned()).chain(self.columns.iter().map(|name| name.to_uppercase())).collect()
    }

    fn cells(&self) -> Vec<String> {
        let ms = |quantile| self.quantile_ms(quantile).map_or_else(dash, |ms| format!("{ms:.2}"));
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / BYTES_PER_MIB);
        let server = |told: &dyn Fn(&Usage) -> String| self.server.as_ref().map_or_else(dash, told);
        let figures = [
            self.target.clone(),
            self.run.to_string(),
            self.done.to_string(),
            format!("{:.2}", self.seconds),
            format!("{:.0}", self.per_second()),
            format!("{:.2}", self.bytes as f64 / self.seconds.max(1e-9) / 1e6),
            ms(0.5),
            ms(0.9),
            ms(0.95),
            ms(0.99),
            ms(0.999),
            ms(1.0),
            self.errors.values().sum::<u64>().to_string(),
            self.server_cpu_us().map_or_else(dash, |us| format!("{us:.2}")),
            server(&|usage| format!("{}>{}", mib(usage.resident_before_bytes), mib(usage.resident_after_bytes))),
            server(&|usage| mib(usage.resident_peak_bytes)),
            server(&|usage| usage.written_bytes.map_or_else(dash, |bytes| format!("{:.2}", bytes as f64 / 1e6))),
        ];
        let details = self.columns.iter().map(|name| self.details.get(*name).map_or_else(dash, Value::to_string));
        figures.into_iter().chain(details).collect()
    }

    /// What does not fit a table.
    pub(crate) fn notes(&self) -> String {
        let mut text = format!("{} {}, run {}: ", self.target, self.address, self.run);
        text += &match (&self.verdict, self.broken.is_empty()) {
            (Some(verdict), _) => verdict.to_text(),
            (None, false) => self.broken.join("; "),
            (None, true) => self.unproved.to_owned(),
        };
        text += &format!("; client CPU {:.2} us/op", self.client_cpu_seconds * 1e6 / self.done.max(1) as f64);
        for (name, value) in self.details.iter().filter(|(name, _)| !self.columns.contains(&&name[..])) {
            text += &format!("; {name} {value}");
        }
        for (error, count) in &self.errors {
            text += &format!("\n  {count} times {error}");
        }
        text + "\n"
    }
}

fn usage_json(usage: &Usage, done: u64) -> Value {
    json!({
        "cpu_seconds": rounded(usage.cpu_seconds, 2), "cpu_us_per_operation": rounded(usage.cpu_seconds * 1e6 / done.max(1) as f64, 3),
        "resident_before_bytes": usage.resident_before_bytes, "resident_after_bytes": usage.resident_after_bytes,
        "resident_peak_bytes": usage.resident_peak_bytes, "written_bytes": usage.written_bytes,
    })
}

fn verdict_json(verdict: &Verdict) -> Value {
    json!({
        "read": verdict.read, "acknowledged": verdict.acknowledged, "held": verdict.held, "lost": verdict.lost,
        "duplicated": verdict.duplicated, "changed": verdict.changed, "foreign": verdict.foreign,
        "disordered": verdict.disordered, "crc_wrong": verdict.crc_wrong, "unacknowledged_held": verdict.unacknowledged_held,
        "unacknowledged_missing": verdict.unacknowledged_missing,
    })
}

/// The command line without what is a secret in it.
fn command_line(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut is_secret = false;
    let shown = arguments.map(|argument| {
        let was_secret = std::mem::replace(&mut is_secret, argument == API_KEY);
        match argument.split_once('=') {
            _ if was_secret => "...".to_owned(),
            Some((API_KEY, _)) => format!("{API_KEY}=..."),
            _ => argument,
        }
    });
    shown.collect()
}

/// How this program was built: only an optimised build measures anything but itself.
pub(crate) fn build() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn dash() -> String {
    "-".to_owned()
}

fn rounded(value: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (value * unit).round() / unit
}

/// The middle one of some figures, or the mean of the two in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(figures[middle]),
        _ => Some((figures[middle - 1] + figures[middle]) / 2.0),
    }
}

/// What a run gives to compare, if it gives it.
type Figure = fn(&Report) -> Option<f64>;

/// Medians of several runs, ours and those of a peer, if there is one.
#[derive(Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Of each figure its name, the median of ours and that of the peer.
    medians: Vec<(&'static str, f64, Option<f64>)>,
}

impl Comparison {
    /// None for one run alone. The first run is ours.
    pub(crate) fn of(reports: &[Report]) -> Option<Comparison> {
        let ours = &reports.first().filter(|_| reports.len() > 1)?.target;
        let (left, right): (Vec<_>, Vec<_>) = reports.iter().partition(|report| report.target == *ours);
        let figures: [(&str, Figure); 5] = [
            ("per_second", |report| Some(report.per_second())),
            ("p50_ms", |report| report.quantile_ms(0.5)),
            ("p99_ms", |report| report.quantile_ms(0.99)),
            ("max_ms", |report| report.quantile_ms(1.0)),
            ("server_cpu_us_per_operation", Report::server_cpu_us),
        ];
        let medians = figures.into_iter().filter_map(|(name, figure)| {
            let of = |reports: &[&Report]| median(reports.iter().filter_map(|report| figure(report)).collect());
            Some((name, of(&left)?, of(&right)))
        });
        Some(Comparison { medians: medians.collect() })
    }

    pub(crate) fn to_json(&self) -> Value {
        let figure = |(name, ours, peer): &(&str, f64, Option<f64>)| {
            let mut figures = json!({ "ours": rounded(*ours, 3) });
            if let Some(peer) = peer {
                figures["peer"] = json!(rounded(*peer, 3));
                figures["ratio"] = json!(rounded(ours / peer, 3));
            }
            ((*name).to_owned(), figures)
        };
        json!({ "medians": self.medians.iter().map(figure).collect::<Map<_, _>>() })
    }

    pub(crate) fn to_text(&self) -> String {
        let cells = |(name, ours, peer): &(&str, f64, Option<f64>)| {
            let told = |value: Option<f64>| value.map_or_else(dash, |value| format!("{value:.2}"));
            vec![(*name).to_owned(), told(Some(*ours)), told(*peer), told(peer.map(|peer| ours / peer))]
        };
        let headings = ["MEDIAN", "OURS", "PEER", "RATIO"].map(str::to_owned).to_vec();
        table(headings, self.medians.iter().map(cells))
    }
}

/// All runs as a table; they are of one operation.
pub(crate) fn text(reports: &[Report]) -> String {
    table(reports.first().map_or_else(Vec::new, Report::headings), reports.iter().map(Report::cells))
}

/// The same in Markdown.
pub(crate) fn markdown(reports: &[Report]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let first = reports.first().map_or_else(Vec::new, Report::headings);
    let headings: Vec<String> = std::iter::once("operation".to_owned()).chain(first.iter().map(|h| h.to_lowercase())).collect();
    let rule = format!("|{}\n", "---|".repeat(headings.len()));
    let row = |report: &Report| {
        let mut cells = vec![report.operation.to_owned()];
        cells.extend(report.cells());
        line(&cells)
    };
    line(&headings) + &rule + &reports.iter().map(row).collect::<String>()
}

/// Rows under their headings, flush right but for the first column.
fn table(headings: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|cells| cells[column].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let mut line = format!("{:<width$}", cells[0], width = widths[0]);
        for (cell, width) in cells.iter().zip(&widths).skip(1) {
            line += &format!("  {cell:>width$}");
        }
        line + "\n"
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
