//! The programs of `interop/clients` that ask a Kafka server, their reports, and what the real one answered.

use crate::peers::repository;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// All programs, by the names that `interop/clients/run` takes.
pub const PROGRAMS: &[&str] = &["librdkafka", "aiokafka", "java", "tools", "franz-go", "kcat", "rdkafka"];

/// The first word of a line that begins a case.
const CASE: &str = "case ";
/// The first word of a line of an expected report that is not part of it.
const HEADING: &str = "# ";
/// How a difference says why there is one, and that ours is not asked at all.
const WHY: &str = "why: ";
const NOT_ASKED: &str = "not asked: ";

/// Builds the programs on first use: whether they are there; says what is left out where a tool chain is missing. With `CI=true`
/// that is a failure instead.
pub fn kafka_clients(left_out: &str) -> bool {
    static BUILT: OnceLock<bool> = OnceLock::new();
    is_built(*BUILT.get_or_init(|| build(&[])), left_out)
}

/// The same for Java's client alone.
pub fn java_client(left_out: &str) -> bool {
    static BUILT: OnceLock<bool> = OnceLock::new();
    is_built(*BUILT.get_or_init(|| build(&["java"])), left_out)
}

fn build(names: &[&str]) -> bool {
    let status = Command::new(repository().join("interop/clients/build")).args(names).status();
    let status = status.expect("interop/clients/build can be run");
    assert!(matches!(status.code(), Some(0 | 3)), "interop/clients/build failed; its output is above");
    status.success()
}

fn is_built(is_built: bool, left_out: &str) -> bool {
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

/// What ours answers differently from Kafka by choice, case by case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences(BTreeMap<String, Difference>);

/// A case that comes out differently by choice.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Why, for a person.
    pub why: String,
    /// The lines that ours reports; `None`: ours is not asked.
    pub lines: Option<Vec<String>>,
}

impl Differences {
    /// Reads a list: each case has a line `why: ...` and then its report, or `not asked: ...` alone.
    ///
    /// # Errors
    /// A case without a reason, or one that is not asked and has a report.
    pub fn parse(text: &str) -> Result<Differences, String> {
        let read = |(name, lines): (String, Vec<String>)| {
            let Some((first, report)) = lines.split_first() else { return Err(format!("{name}: no reason is given")) };
            let difference = match (first.strip_prefix(WHY), first.strip_prefix(NOT_ASKED)) {
                (Some(why), _) if !why.is_empty() => Difference { why: why.to_owned(), lines: Some(report.to_vec()) },
                (_, Some(why)) if report.is_empty() => Difference { why: why.to_owned(), lines: None },
                _ => return Err(format!("{name}: the first line is `{WHY}REASON`, or `{NOT_ASKED}REASON` alone")),
            };
            Ok((name, difference))
        };
        cases(text).into_iter().map(read).collect::<Result<_, String>>().map(Differences)
    }

    /// Those of a program.
    ///
    /// # Errors
    /// As [`Differences::parse`].
    pub fn of(program: &str) -> Result<Differences, String> {
        let file = repository().join("interop/clients/differences").join(format!("{program}.txt"));
        match fs::read_to_string(&file) {
            Ok(text) => Differences::parse(&text).map_err(|error| format!("{}: {error}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Differences::default()),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    /// The arguments that have all cases of Kafka's report asked but those that ours is not asked.
    pub fn arguments(&self, expected: &str) -> Vec<String> {
        if self.0.values().all(|difference| difference.lines.is_some()) {
            return Vec::new();
        }
        let is_asked = |name: &String| self.0.get(name).is_none_or(|difference| difference.lines.is_some());
        cases(expected).into_keys().filter(is_asked).flat_map(|name| ["--only".to_owned(), name]).collect()
    }

    /// What is wrong with a report of ours: every case is to be Kafka's, or else to be what is written here. A difference that is not
    /// there any more is wrong, too.
    pub fn complaints(&self, expected: &str, got: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, outcome) in compare(expected, got) {
            match (self.0.get(&name).map(|difference| &difference.lines), outcome) {
                (None, Outcome::Same) | (Some(None), Outcome::Missing) => {}
                (None, outcome) => complaints.push(format!("{name}: {outcome:#?}")),
                (Some(_), Outcome::Same) => complaints.push(format!("{name} is as Kafka's now: take it off the list")),
                (Some(Some(lines)), Outcome::Different { got, .. }) if *lines == got => {}
                (Some(lines), outcome) => complaints.push(format!("{name}: {outcome:#?}\nand not, as the list says, {lines:#?}")),
            }
        }
        let known = cases(expected);
        let unknown = self.0.keys().filter(|name| !known.contains_key(*name));
        complaints.extend(unknown.map(|name| format!("{name}: the list has a case that there is not")));
        complaints
    }
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
    fn differences_by_choice_are_held_to_what_is_written() {
        let list = "case one\nwhy: because\n  b\ncase two\nnot asked: it takes hours\n";
        let list = Differences::parse(list).expect("is well written");
        let got = |one: &str| format!("case one\n{one}case three\n");
        assert_eq!(list.complaints(EXPECTED, &got("  b\n")), [""; 0]);
        assert_eq!(list.complaints(EXPECTED, &got("  x\n")).len(), 1, "another difference");
        assert_eq!(list.complaints(EXPECTED, &got("  a\n  b\n")).len(), 1, "none any more");
        assert_eq!(list.complaints(EXPECTED, "case one\n  b\n").len(), 1, "a case that is missed");
        assert_eq!(list.complaints("case one\n  a\n", "case one\n  b\n").len(), 1, "a case that there is not");
        assert_eq!(list.arguments(EXPECTED), ["--only", "one", "--only", "three"]);
        assert_eq!(Differences::default().arguments(EXPECTED), [""; 0]);
        for bad in ["case one\n", "case one\n  b\n", "case one\nwhy: \n  b\n", "case one\nnot asked: x\n  b\n"] {
            assert!(Differences::parse(bad).is_err(), "{bad:?}");
        }
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
