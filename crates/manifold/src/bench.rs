//! `manifold bench`: the room of that name, its errors as this program's.

use bench::{Bench, Kind};

use crate::exit::{Code, Failure, Outcome};

/// Runs one command.
pub(crate) fn run(command: &Bench) -> Outcome {
    bench::run(command, env!("CARGO_PKG_VERSION")).map_err(|error| {
        let code = match error.kind {
            Kind::Usage => Code::Configuration,
            Kind::Unreachable => Code::NoNode,
            Kind::Failed => Code::Failed,
        };
        Failure::new(code, error)
    })
}
