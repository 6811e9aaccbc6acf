//! Runs the real clients' programs and holds their reports against those of the real Apache Kafka.
//!
//! ```sh
//! cargo run -p interop --bin kafka-clients                              # the real Kafka, started for it: must be equal
//! cargo run -p interop --bin kafka-clients -- --bootstrap HOST:PORT     # any server
//! cargo run -p interop --bin kafka-clients -- --programs java -- --only codecs
//! cargo run -p interop --bin kafka-clients -- --record                  # keep what the real Kafka answers
//! ```

use clap::Parser;
use interop::kafka_clients::{self, Outcome, PROGRAMS};
use interop::kafka_peer::{KafkaPeer, KafkaSettings, kafka_libraries};
use std::process::ExitCode;
use std::time::Instant;

/// The version that `interop/peers/kafka/pom.xml` fetches.
const KAFKA_VERSION: &str = "4.3.0";

/// Runs the real clients' programs and holds their reports against those of the real Apache Kafka.
#[derive(Parser, Debug)]
#[command(about)]
struct Options {
    /// The server to ask; the real Kafka, started for this, unless said.
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap: Option<String>,
    /// Only these programs; all unless said.
    #[arg(long, value_delimiter = ',')]
    programs: Vec<String>,
    /// Keep the reports as what is expected.
    #[arg(long)]
    record: bool,
    /// Arguments of the programs: --only CASE, --sasl MECHANISM:USER:PASSWORD, --ca FILE.
    #[arg(last = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(unknown) = options.programs.iter().find(|name| !PROGRAMS.contains(&name.as_str())) {
        eprintln!("there is no program {unknown}; there are {}", PROGRAMS.join(", "));
        return ExitCode::from(2);
    }
    if !kafka_clients::kafka_clients("the clients' reports") {
        return ExitCode::from(3);
    }
    let peer = options.bootstrap.is_none().then(|| {
        let libraries = kafka_libraries("the real Kafka").expect("the clients need Java too, and are there");
        KafkaPeer::start(KafkaSettings::new(libraries))
    });
    let bootstrap = options.bootstrap.clone().or_else(|| Some(peer.as_ref()?.bootstrap())).expect("one of them is there");
    let wanted = |name: &str| options.programs.is_empty() || options.programs.iter().any(|program| program == name);
    let mut is_equal = true;
    for program in PROGRAMS.iter().filter(|name| wanted(name)) {
        is_equal &= run(program, &bootstrap, &options).unwrap_or_else(|error| {
            println!("{program}: {error}");
            false
        });
    }
    if is_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether every case that reported is as expected.
fn run(program: &str, bootstrap: &str, options: &Options) -> Result<bool, String> {
    let begin = Instant::now();
    let report = kafka_clients::report(program, bootstrap, &options.arguments)?;
    let seconds = begin.elapsed().as_secs_f64();
    if options.record {
        kafka_clients::record(program, KAFKA_VERSION, &report).map_err(|e| e.to_string())?;
        println!("{program}: recorded in {seconds:.0} s");
        return Ok(true);
    }
    let mut outcomes = kafka_clients::compare(&kafka_clients::expected(program)?, &report);
    // Cases that were not asked for are not missed.
    if options.arguments.iter().any(|argument| argument == "--only") {
        outcomes.retain(|_, outcome| *outcome != Outcome::Missing);
    }
    let same = outcomes.values().filter(|outcome| **outcome == Outcome::Same).count();
    println!("{program}: {same} of {} cases the same, {seconds:.0} s", outcomes.len());
    for (case, outcome) in outcomes.iter().filter(|(_, outcome)| **outcome != Outcome::Same) {
        tell(program, case, outcome);
    }
    Ok(same == outcomes.len())
}

fn tell(program: &str, case: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Same => {}
        Outcome::Missing => println!("{program} {case}: no report"),
        Outcome::Unexpected => println!("{program} {case}: nothing is kept to compare with"),
        Outcome::Different { expected, got } => {
            println!("{program} {case}:");
            expected.iter().filter(|line| !got.contains(line)).for_each(|line| println!("  - {line}"));
            got.iter().filter(|line| !expected.contains(line)).for_each(|line| println!("  + {line}"));
            let (mut left, mut right) = (expected.clone(), got.clone());
            left.sort();
            right.sort();
            if left == right {
                println!("  the same lines in another order");
            }
        }
    }
}
