//! The roof: one binary that serves, asks a running node, and looks at stored files.
//!
//! `manifold serve` (what `manifold` alone does) reads its [`config`], binds its addresses, opens the node and puts the doors
//! in front of it ([`serve`]); it stops in the reverse order. `manifold ctl` asks a running node over the socket in its data
//! directory ([`ctl`]), or restores a backup into an empty one. `manifold inspect` reads what is stored, without a node.
//! `manifold bench` is a client of the doors that measures them ([`mod@bench`]).
//!
//! Nothing here decides anything about data: this crate only wires rooms together and speaks with people. Every way to end
//! has a number ([`exit`]) that scripts can rely on.

mod arguments;
mod bench;
mod config;
mod ctl;
mod doors;

mod exit;
mod inspect;
mod keys;
mod log;
mod serve;
mod signing;
mod table;
mod welcome;

use std::process::ExitCode;

use arguments::Action;

/// Threads hand values to each other all the time, which costs the C library's allocator a fifth more processor time for a put,
/// and memory that it keeps.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match arguments::parse() {
        Action::Serve(flags) => serve::run(&flags),
        Action::Ctl(command) => ctl::run(command).map(|()| ExitCode::SUCCESS),
        Action::Inspect(command) => inspect::run(&command).map(|()| ExitCode::SUCCESS),
        Action::Bench(command) => bench::run(&command).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|failure| failure.report())
}
