//! Starts the real Apache Kafka for a person, or around a command.
//!
//! ```sh
//! cargo run -p interop --bin kafka-peer                                    # one broker, until Ctrl-C; prints its address
//! cargo run -p interop --bin kafka-peer -- --brokers 3 --set num.partitions=4
//! cargo run -p interop --bin kafka-peer -- -- kcat -b {} -L                # {} is the address; ends with the command
//! ```

use clap::Parser;
use interop::kafka_peer::{KafkaPeer, KafkaSettings, Login, kafka_libraries};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often it is seen whether the command has ended.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(20);

/// Starts the real Apache Kafka on free ports of 127.0.0.1, on empty data that is removed at the end.
#[derive(Parser, Debug)]
#[command(about)]
struct Options {
    /// How many brokers: 1 or 3.
    #[arg(long, default_value_t = 1)]
    brokers: u16,
    /// The first broker's port for clients; any that is free unless said.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A line of server.properties; may be given again.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Clients must log in as this user, over PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    #[arg(long, value_name = "USER:PASSWORD")]
    login: Option<String>,
    /// Where data is kept; in memory unless said.
    #[arg(long)]
    under: Option<PathBuf>,
    /// A command to run with KAFKA_BOOTSTRAP in its environment and {} replaced by the address; without one, Ctrl-C ends it.
    #[arg(last = true)]
    command: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let Some(libraries) = kafka_libraries("the real Kafka") else { return ExitCode::from(3) };
    let peer = KafkaPeer::start(settings(&options, KafkaSettings::new(libraries)));
    let bootstrap = peer.bootstrap();
    // Before the address is known, so that whoever reads it may stop this at once and nothing stays behind.
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be waited for");
    let Some((program, arguments)) = options.command.split_first() else {
        println!("{bootstrap}");
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return ExitCode::SUCCESS;
    };
    let arguments = arguments.iter().map(|argument| argument.replace("{}", &bootstrap));
    match Command::new(program).args(arguments).env("KAFKA_BOOTSTRAP", &bootstrap).spawn() {
        Ok(child) => around(child, &mut terminate).await,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for the command, and ends it when this process is asked to end.
async fn around(mut child: Child, terminate: &mut Signal) -> ExitCode {
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = terminate.recv() => break,
            () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
        }
        if let Some(status) = child.try_wait().expect("our own child can be asked") {
            return ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
        }
    }
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    ExitCode::FAILURE
}

fn settings(options: &Options, mut settings: KafkaSettings) -> KafkaSettings {
    assert!(matches!(options.brokers, 1 | 3), "--brokers takes 1 or 3");
    settings.brokers = options.brokers;
    settings.port = options.port;
    settings.login = options.login.as_deref().map(login);
    if let Some(under) = &options.under {
        settings.under.clone_from(under);
    }
    options.set.iter().fold(settings, |settings, line| {
        let (name, value) = line.split_once('=').expect("--set takes NAME=VALUE");
        settings.with(name, value)
    })
}

fn login(text: &str) -> Login {
    let (user, password) = text.split_once(':').expect("--login takes USER:PASSWORD");
    Login { user: user.into(), password: password.into() }
}
