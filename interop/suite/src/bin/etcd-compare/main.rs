//! The project's table of numbers beside the real etcd: alternating runs on one machine, with one client, medians.
//!
//! `benchmarks/etcd-compare` builds what this needs and calls it. Each row starts its servers on empty data directories
//! on a real disk (`--under`), drives them with `storm`, and prints what `storm` printed; at the end comes a Markdown
//! table with the medians and their ratio.

mod rows;
mod storm;
mod trio;

use clap::Parser;
use interop::Settings;
use interop::peers::peers;
use interop::table::Table;
use std::path::PathBuf;

/// Measures ours beside the real etcd.
#[derive(Parser, Debug)]
#[command(about)]
struct Options {
    /// Runs of each server; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only these rows (put, get, list, one, iops, watch, million, lease, disk, idle, three, three-iops); all unless said.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Minutes of load for the bytes that the disk gets.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// A tenth of the load in each run: to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Only these servers: etcd, ours.
    #[arg(long, value_delimiter = ',', default_value = "ours,etcd")]
    servers: Vec<String>,
    /// Where data directories are made; a folder on the disk that is to be measured.
    #[arg(long)]
    under: PathBuf,
    /// A file for every value of every run; figures in it that are not measured this time stay.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The load generator's binary.
    #[arg(long)]
    storm: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse();
    std::fs::create_dir_all(&options.under).expect("the folder for data can be made");
    let mut servers = Vec::new();
    for name in &options.servers {
        let settings = match name.as_str() {
            "etcd" => Settings::etcd(peers("the comparison").expect("the real etcd needs Go")),
            "ours" => Settings::manifold(),
            other => panic!("--servers takes etcd and ours, not {other:?}"),
        };
        servers.push((name.clone(), settings.under(&options.under)));
    }
    let wanted = |row: &str| options.only.is_empty() || options.only.iter().any(|o| o == row);
    let bench = rows::Bench { storm: options.storm.clone(), part: if options.quick { 10 } else { 1 }, minutes: options.minutes };
    let mut table = Table::beside("etcd", "etcd 3.7.3");
    for row in rows::ROWS.iter().filter(|r| wanted(r)) {
        // A run of minutes is long enough to be taken once.
        let runs = if matches!(*row, "million" | "disk" | "idle") { 1 } else { options.runs };
        for run in 0..runs {
            for (name, settings) in &servers {
                eprintln!("{row}, run {} of {runs}, {name}", run + 1);
                for (figure, value) in bench.run(row, settings).await {
                    table.add(figure, name == "ours", value);
                }
            }
        }
    }
    print!("{}", table.markdown());
    if let Some(file) = &options.json {
        table.keep(file).expect("the figures can be kept");
    }
}
