//! Collects figures of two servers and prints medians, for a person and for a program.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures by name, in the order in which they first came, and for each server its values.
#[derive(Debug, Default)]
pub struct Table {
    figures: Vec<&'static str>,
    values: BTreeMap<(&'static str, String), Vec<f64>>,
}

impl Table {
    /// Adds one run's value.
    pub fn add(&mut self, figure: &'static str, server: &str, value: f64) {
        if !self.figures.contains(&figure) {
            self.figures.push(figure);
        }
        self.values.entry((figure, server.to_owned())).or_default().push(value);
    }

    /// The middle one of a server's values; of an even number of them the upper one.
    pub fn median(&self, figure: &'static str, server: &str) -> Option<f64> {
        let mut values = self.values.get(&(figure, server.to_owned()))?.clone();
        values.sort_by(f64::total_cmp);
        Some(values[values.len() / 2])
    }

    /// The medians of `ours` beside those of the server `peer`, whose column bears `heading`; Markdown with aligned columns.
    pub fn markdown(&self, peer: &str, heading: &str) -> String {
        let mut rows = vec![["what", heading, "ours", &format!("ours / {peer}"), "runs"].map(ToOwned::to_owned)];
        for figure in &self.figures {
            let (theirs, ours) = (self.median(figure, peer), self.median(figure, "ours"));
            let ratio = match (theirs, ours) {
                (Some(theirs), Some(ours)) if theirs > 0.0 => format!("{:.2}", ours / theirs),
                _ => String::new(),
            };
            let runs = self.values.iter().filter(|((name, _), _)| name == figure).map(|(_, v)| v.len()).max().unwrap_or(0);
            let show = |value: Option<f64>| value.map(pretty).unwrap_or_default();
            rows.push([(*figure).to_owned(), show(theirs), show(ours), ratio, runs.to_string()]);
        }
        aligned(&rows)
    }

    /// Every value of every run: `{figure: {server: [value]}}`.
    pub fn json(&self) -> Value {
        let mut figures = Map::new();
        for figure in &self.figures {
            let of_it = self.values.iter().filter(|((name, _), _)| name == figure);
            figures.insert((*figure).to_owned(), of_it.map(|((_, server), values)| (server.clone(), json!(values))).collect());
        }
        Value::Object(figures)
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
        let mut table = Table::default();
        for value in [30_000.0, 10_000.0, 20_000.0] {
            table.add("records a second", "kafka", value);
        }
        table.add("records a second", "ours", 50_000.0);
        table.add("p99, ms", "kafka", 2.5);
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
        assert_eq!(table().markdown("kafka", "Kafka 4.3.0"), expected);
    }

    #[test]
    fn every_value_is_in_the_json() {
        let expected = json!({
            "records a second": {"kafka": [30_000.0, 10_000.0, 20_000.0], "ours": [50_000.0]},
            "p99, ms": {"kafka": [2.5]},
        });
        assert_eq!(table().json(), expected);
    }
}
