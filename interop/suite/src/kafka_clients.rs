//! The programs of `interop/clients` that ask a Kafka server, their reports, and what the real one answered.

use crate::peers::repository;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// All programs, by the names that `interop/clients/run` takes.
pub const PROGRAMS: &[&str] = &["librdkafka", "aiokafka", "java", "tools", "franz-go", "kcat"];

/// The first word of a line that begins a case.
const CASE: &str = "case ";
/// The first word of a line of an expected report that is not part of it.
const HEADING: &str = "# ";

/// Builds the programs on first use: whether they are there; says what is left out where a tool chain is missing. With `CI=true`
/// that is a failure instead.
pub fn kafka_clients(left_out: &str) -> bool {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let is_built = *BUILT.get_or_init(|| {
        let status = Command::new(repository().join("interop/clients/build")).status().expect("interop/clients/build can be run");
        assert!(matches!(status.code(), Some(0 | 3)), "interop/clients/build failed; its output is above");
        status.success()
    });
    assert!(is_built || std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out");
    if !is_built {
        eprintln!("LEFT OUT: {left_out}: a tool chain is missing");
    }
    is_built
}

/// What a program reports of the server at `bootstrap`, with more arguments of its own. What it says besides goes to standard error.
/// The error says how it ended.
pub fn report(program: &str, bootstrap: &str, arguments: &[String]) -> Result<String, String> {
    let mut command = Command::new(repository().join("interop/clients/run"));
    command.arg(program).args(["--bootstrap", bootstrap]).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("interop/clients/run: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{program} ended with {}", output.status)) }
}

/// The file that holds what a program reported of the real Kafka.
pub fn expected_file(program: &str) -> PathBuf {
    repository().join("interop/clients/expected").join(format!("{program}.txt"))
}

/// What a program reported of the real Kafka.
pub fn expected(program: &str) -> Result<String, String> {
    let file = expected_file(program);
    fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))
}

/// Keeps a report of the real Kafka.
pub fn record(program: &str, version: &str, report: &str) -> std::io::Result<()> {
    let heading = format!(
        "# {program} against Apache Kafka {version}; recorded by: cargo run -p interop --bin kafka-clients -- --record\n"
    );
    fs::write(expected_file(program), heading + report)
}

/// How one case came out beside what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The same lines.
    Same,
    /// Other lines: those that are expected and those that came.
    Different {
        /// The lines that are expected.
        expected: Vec<String>,
        /// The lines that came.
        got: Vec<String>,
    },
    /// The case did not report at all.
    Missing,
    /// Nobody expects this case.
    Unexpected,
}

/// Every case of two reports, by its name.
pub fn compare(expected: &str, got: &str) -> BTreeMap<String, Outcome> {
    let (mut wanted, got) = (cases(expected), cases(got));
    let mut outcomes = BTreeMap::new();
    for (name, lines) in got {
        let outcome = match wanted.remove(&name) {
            None => Outcome::Unexpected,
            Some(expected) if expected == lines => Outcome::Same,
            Some(expected) => Outcome::Different { expected, got: lines },
        };
        outcomes.insert(name, outcome);
    }
    outcomes.extend(wanted.into_keys().map(|name| (name, Outcome::Missing)));
    outcomes
}

/// The lines of each case; headings are left out.
fn cases(report: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut current: Option<&mut Vec<String>> = None;
    for line in report.lines().filter(|line| !line.starts_with(HEADING)) {
        match (line.strip_prefix(CASE), &mut current) {
            (Some(name), _) => current = Some(found.entry(name.to_owned()).or_default()),
            (None, Some(lines)) => lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str = "# a heading\ncase one\n  a\n  b\ncase two\n  c\ncase three\n";

    #[test]
    fn equal_reports_are_the_same_case_by_case() {
        let outcomes = compare(EXPECTED, "case one\n  a\n  b\ncase two\n  c\ncase three\n");
        assert_eq!(outcomes.len(), 3);
        assert!(outcomes.values().all(|outcome| *outcome == Outcome::Same));
    }

    #[test]
    fn each_kind_of_difference_is_told_of_its_case_alone() {
        let outcomes = compare(EXPECTED, "case one\n  b\n  a\ncase three\ncase four\n");
        let lines = |words: [&str; 2]| words.map(ToOwned::to_owned).to_vec();
        let different = Outcome::Different { expected: lines(["  a", "  b"]), got: lines(["  b", "  a"]) };
        assert_eq!(outcomes["one"], different);
        assert_eq!(outcomes["two"], Outcome::Missing);
        assert_eq!(outcomes["three"], Outcome::Same);
        assert_eq!(outcomes["four"], Outcome::Unexpected);
    }

    #[test]
    fn every_program_has_a_report_of_the_real_one() {
        for program in PROGRAMS {
            let report = expected(program).expect("it is kept");
            assert!(report.starts_with(HEADING), "{program}: the first line says what it was recorded from");
            assert!(!cases(&report).is_empty(), "{program} has cases");
        }
    }
}
