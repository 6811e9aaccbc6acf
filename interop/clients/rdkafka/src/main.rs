//! Asks a Kafka server with the Rust crate rdkafka, and reports in lines that are the same in every run.
//!
//! ```text
//! rdkafka-story --bootstrap HOST:PORT [--only NAME]... [--list] [--sasl PLAIN:USER:PASSWORD]
//! ```
//!
//! The crate builds librdkafka without OpenSSL here, so there is neither TLS nor SCRAM.

mod admin;
mod groups;
mod records;
mod report;

use report::Run;
use std::process::ExitCode;

/// A case's name, and what it does.
type Case = (&'static str, fn(&Run) -> report::Said);

const CASES: [Case; 4] =
    [("topics", admin::topics), ("codecs", records::codecs), ("sequences", records::sequences), ("going-on", groups::going_on)];

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(Some(options)) => {
            report(&options);
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("rdkafka-story: {why}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
struct Options {
    bootstrap: String,
    sasl: Option<String>,
    cases: Vec<Case>,
}

/// None where the list of cases is all that was asked for.
fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { bootstrap: "127.0.0.1:9092".to_owned(), sasl: None, cases: Vec::new() };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--bootstrap" => options.bootstrap = value()?,
            "--sasl" => options.sasl = Some(value()?),
            "--only" => {
                let name = value()?;
                let case = CASES.iter().find(|(case, _)| *case == name);
                options.cases.push(*case.ok_or_else(|| format!("no case is named {name}"))?);
            }
            "--list" => {
                CASES.iter().for_each(|(name, _)| println!("{name}"));
                return Ok(None);
            }
            unknown => return Err(format!("{unknown} is none of --bootstrap, --only, --list and --sasl")),
        }
    }
    if options.cases.is_empty() {
        options.cases = CASES.to_vec();
    }
    Ok(Some(options))
}

fn report(options: &Options) {
    for (name, case) in &options.cases {
        let (run, begin) = (Run::new(&options.bootstrap, options.sasl.as_deref(), name), std::time::Instant::now());
        println!("case {name}");
        match case(&run) {
            Ok(lines) => lines.iter().for_each(|line| println!("  {}", run.plain(line))),
            Err(error) => println!("  error {}", run.plain(&error.to_string())),
        }
        eprintln!("{name}: {:.1} s", begin.elapsed().as_secs_f64());
    }
}
