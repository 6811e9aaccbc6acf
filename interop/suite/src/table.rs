//! Collects figures of two servers and prints medians, for a person and for a program.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The layout of [`Table::json`]; another one is refused.
const VERSION: u64 = 1;
/// The column of the server that is not ours, and of ours.
const SIDES: [&str; 2] = ["peer", "ours"];

/// Figures in the order in which they first came, with the values of ours and of a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    peer: String,
    heading: String,
    figures: Vec<Figure>,
}

#[derive(Clone, Debug, PartialEq)]
struct Figure {
    what: String,
    /// By side.
    values: [Vec<f64>; 2],
}

impl Figure {
    /// The middle one of a side's values; of an even number of them the upper one.
    fn median(&self, side: usize) -> Option<f64> {
        let mut values = self.values[side].clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}

impl Table {
    /// An empty one of ours beside the server `peer`, whose column bears `heading`.
    pub fn beside(peer: &str, heading: &str) -> Self {
        Self { peer: peer.to_owned(), heading: heading.to_owned(), figures: Vec::new() }
    }

    /// Adds one run's value, of ours or of the peer.
    pub fn add(&mut self, what: &str, is_ours: bool, value: f64) {
        let at = self.figures.iter().position(|figure| figure.what == what).unwrap_or_else(|| {
            self.figures.push(Figure { what: what.to_owned(), values: [Vec::new(), Vec::new()] });
            self.figures.len() - 1
        });
        self.figures[at].values[usize::from(is_ours)].push(value);
    }

    /// The medians of ours beside those of the peer; Markdown with aligned columns.
    pub fn markdown(&self) -> String {
        let mut rows = vec![["what", &self.heading, "ours", &format!("ours / {}", self.peer), "runs"].map(ToOwned::to_owned)];
        for figure in &self.figures {
            let (theirs, ours) = (figure.median(0), figure.median(1));
            let ratio = match (theirs, ours) {
                (Some(theirs), Some(ours)) if theirs > 0.0 => format!("{:.2}", ours / theirs),
                _ => String::new(),
            };
            let runs = figure.values.iter().map(Vec::len).max().unwrap_or(0);
            let show = |value: Option<f64>| value.map(pretty).unwrap_or_default();
            rows.push([figure.what.clone(), show(theirs), show(ours), ratio, runs.to_string()]);
        }
        aligned(&rows)
    }

    /// Every value of every run.
    pub fn json(&self) -> Value {
        let figures: Vec<Value> =
            self.figures.iter().map(|f| json!({"what": f.what, SIDES[0]: f.values[0], SIDES[1]: f.values[1]})).collect();
        json!({"version": VERSION, "peer": self.peer, "heading": self.heading, "figures": figures})
    }

    /// What [`Table::json`] made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        if value["version"] != VERSION {
            return Err(format!("the version of these figures is {}, and only {VERSION} is known", value["version"]));
        }
        let text = |value: &Value, name: &str| {
            value[name].as_str().map(ToOwned::to_owned).ok_or_else(|| format!("{name:?} is missing in {value}"))
        };
        let mut table = Self { peer: text(value, "peer")?, heading: text(value, "heading")?, figures: Vec::new() };
        for figure in value["figures"].as_array().ok_or("there are no figures")? {
            let what = text(figure, "what")?;
            for (side, name) in SIDES.iter().enumerate() {
                for value in figure[name].as_array().ok_or_else(|| format!("{name:?} is missing in {figure}"))? {
                    let value = value.as_f64().ok_or_else(|| format!("{value} of {what:?} is no number"))?;
                    table.add(&what, side == 1, value);
                }
            }
        }
        Ok(table)
    }

    /// Takes over what `newer` has; figures that it lacks stay.
    pub fn renew(&mut self, newer: Table) {
        for figure in newer.figures {
            match self.figures.iter_mut().find(|own| own.what == figure.what) {
                Some(own) => *own = figure,
                None => self.figures.push(figure),
            }
        }
    }

    /// Keeps every value in `file`; figures that are there and were not measured this time stay.
    ///
    /// # Errors
    /// Why it cannot be read or written.
    pub fn keep(self, file: &Path) -> Result<(), String> {
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
        let mut kept = match fs::read_to_string(file) {
            Ok(text) => {
                let value = serde_json::from_str(&text).map_err(|e| failed(&e))?;
                Self::from_json(&value).map_err(|e| failed(&e))?
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Self::beside(&self.peer, &self.heading),
            Err(e) => return Err(failed(&e)),
        };
        kept.renew(self);
        fs::write(file, format!("{:#}\n", kept.json())).map_err(|e| failed(&e))
    }
}

/// The first row is the heading; the first column is text, the others are numbers.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> =
        (0..N).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3)).collect();
    let mut out = String::from("\n");
    for (number, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = if column == 0 { write!(out, "| {cell:<width$} ") } else { write!(out, "| {cell:>width$} ") };
        }
        out.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let _ =
                    if column == 0 { write!(out, "|{:-<1$}", "", width + 2) } else { write!(out, "|{:-<1$}:", "", width + 1) };
            }
            out.push_str("|\n");
        }
    }
    out
}

/// Three digits, thousands apart.
fn pretty(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let digits = format!("{value:.0}");
        let mut out = String::new();
        for (n, digit) in digits.chars().enumerate() {
            if n > 0 && (digits.len() - n).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        return out;
    }
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::beside("kafka", "Kafka 4.3.0");
        for value in [30_000.0, 10_000.0, 20_000.0] {
            table.add("records a second", false, value);
        }
        table.add("records a second", true, 50_000.0);
        table.add("p99, ms", false, 2.5);
        table
    }

    #[test]
    fn the_median_counts_and_the_ratio_is_ours_to_theirs() {
        let expected = "
| what             | Kafka 4.3.0 |   ours | ours / kafka | runs |
|------------------|------------:|-------:|-------------:|-----:|
| records a second |      20,000 | 50,000 |         2.50 |    3 |
| p99, ms          |        2.50 |        |              |    1 |
";
        assert_eq!(table().markdown(), expected);
    }

    #[test]
    fn every_value_is_in_the_json_and_comes_back() {
        let json = table().json();
        assert_eq!(json["figures"][0]["peer"], json!([30_000.0, 10_000.0, 20_000.0]));
        assert_eq!(Table::from_json(&json), Ok(table()));
        for (member, value) in
            [("version", json!(2)), ("heading", json!(null)), ("figures", json!([{"what": "x", "peer": ["a"]}]))]
        {
            let mut wrong = json.clone();
            wrong[member] = value;
            assert!(Table::from_json(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_not_measured_again_stays() {
        let file = tempfile::tempdir().unwrap();
        let file = file.path().join("figures.json");
        table().keep(&file).unwrap();
        let mut newer = Table::beside("kafka", "Kafka 4.3.0");
        newer.add("p99, ms", true, 1.0);
        newer.clone().keep(&file).unwrap();
        let kept = Table::from_json(&serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap()).unwrap();
        let mut expected = table();
        expected.figures[1] = newer.figures[0].clone();
        assert_eq!(kept, expected);
    }
}
