//! The project's numbers beside the real Apache Kafka: alternating runs on one machine, with Kafka's own load tools, medians.
//!
//! Each row of each run starts its server, or its three nodes, on empty data on a real disk (`--under`), warms both ends up, and
//! lets the tool measure. At the end comes a table with the medians and their ratio, and with `--json` every value.

mod cold;
mod rows;
mod subject;

use clap::Parser;
use interop::kafka_peer::kafka_libraries;
use interop::table::Table;
use rows::{Bench, ROWS};
use std::path::PathBuf;
use subject::Kind;

/// Measures ours beside the real Kafka.
#[derive(Parser, Debug)]
#[command(about)]
struct Options {
    /// Runs of each server; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only these rows (produce-default, produce-128k, produce-flush, produce-100k, consume, consume-cold, end-to-end,
    /// three); all unless said.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The real Kafka alone.
    #[arg(long)]
    peer_only: bool,
    /// A tenth of the load in each run: to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Where data directories are made; a folder on the disk that is to be measured.
    #[arg(long)]
    under: PathBuf,
    /// A file for every value of every run; figures in it that are not measured this time stay.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse();
    std::fs::create_dir_all(&options.under).expect("the folder for data can be made");
    let libraries = kafka_libraries("the comparison").expect("the load tools need Java and Maven");
    if let Some(unknown) = options.only.iter().find(|name| !ROWS.contains(&name.as_str())) {
        panic!("no row is named {unknown:?}; there are {}", ROWS.join(", "));
    }
    let kinds: &[Kind] = if options.peer_only { &[Kind::Kafka] } else { &[Kind::Manifold, Kind::Kafka] };
    let bench = Bench { libraries, under: options.under.clone(), part: if options.quick { 10 } else { 1 } };
    let mut table = Table::beside(Kind::Kafka.name(), "Kafka 4.3.0");
    for row in ROWS.iter().filter(|row| options.only.is_empty() || options.only.iter().any(|name| name == *row)) {
        for run in 0..options.runs {
            for kind in kinds {
                eprintln!("{row}, run {} of {}, {}", run + 1, options.runs, kind.name());
                for (figure, value) in bench.run(row, *kind).await {
                    eprintln!("  {figure}: {value:.2}");
                    table.add(figure, *kind == Kind::Manifold, value);
                }
            }
        }
    }
    print!("{}", table.markdown());
    if let Some(file) = &options.json {
        table.keep(file).expect("the figures can be kept");
    }
}
