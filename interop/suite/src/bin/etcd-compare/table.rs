//! Collects figures and prints medians.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures by name, in the order in which they first came, and for each server its values.
#[derive(Debug, Default)]
pub(crate) struct Table {
    figures: Vec<&'static str>,
    values: BTreeMap<(&'static str, String), Vec<f64>>,
}

impl Table {
    /// Adds one run's value.
    pub(crate) fn add(&mut self, figure: &'static str, server: &str, value: f64) {
        if !self.figures.contains(&figure) {
            self.figures.push(figure);
        }
        self.values.entry((figure, server.to_owned())).or_default().push(value);
    }

    fn median(&self, figure: &'static str, server: &str) -> Option<f64> {
        let mut values = self.values.get(&(figure, server.to_owned()))?.clone();
        values.sort_by(f64::total_cmp);
        Some(values[values.len() / 2])
    }

    /// The medians side by side.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from("\n| what | etcd 3.7.3 | ours | ours / etcd | runs |\n|---|---|---|---|---|\n");
        for figure in &self.figures {
            let (etcd, ours) = (self.median(figure, "etcd"), self.median(figure, "ours"));
            let ratio = match (etcd, ours) {
                (Some(etcd), Some(ours)) if etcd > 0.0 => format!("{:.2}", ours / etcd),
                _ => String::new(),
            };
            let runs = self.values.iter().filter(|((name, _), _)| name == figure).map(|(_, v)| v.len()).max().unwrap_or(0);
            let show = |value: Option<f64>| value.map(pretty).unwrap_or_default();
            let _ = writeln!(out, "| {figure} | {} | {} | {ratio} | {runs} |", show(etcd), show(ours));
        }
        out
    }
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
