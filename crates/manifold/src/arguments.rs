//! The command line. Flags of `serve` come from the table of [`config::SETTINGS`], so that there is one list of settings.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand};

use crate::config::{self, Flags, SETTINGS};

/// What the process was started for.
pub(crate) enum Action {
    Serve(Flags),
    Ctl(Ctl),
    Inspect(Inspect),
}

/// `manifold ctl …`
#[derive(Args, Debug)]
pub(crate) struct Ctl {
    /// Where the node keeps its data; its socket is admin.sock in there
    #[arg(long, global = true, value_name = "DIR", env = "MANIFOLD_DATA_DIR", default_value = config::DATA_DIR)]
    pub(crate) data_dir: PathBuf,
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: CtlCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum CtlCommand {
    /// What the node and each of its shards are doing
    Status,
    /// Who belongs to the cluster
    #[command(subcommand)]
    Member(MemberCommand),
    /// Take a backup of a running node
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Bring a backup back: offline, into an empty data directory
    #[command(
        after_help = "Example:\n  manifold ctl restore backup.manifold --data-dir ./restored\n  manifold serve --data-dir ./restored"
    )]
    Restore {
        /// A file that `manifold ctl snapshot save` or `etcdctl snapshot save` wrote
        file: PathBuf,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum MemberCommand {
    /// One line per member
    List,
}

#[derive(Subcommand, Debug)]
pub(crate) enum SnapshotCommand {
    /// Write everything up to now into one file, which appears under its name only when it is whole and on disk
    #[command(after_help = "Example:\n  manifold ctl snapshot save backup.manifold")]
    Save {
        /// Where to; a file of that name is replaced
        file: PathBuf,
    },
}

/// `manifold inspect …`
#[derive(Subcommand, Debug)]
pub(crate) enum Inspect {
    /// Print and verify the journal of a node that is not running
    #[command(after_help = "Examples:\n  manifold inspect journal\n  manifold inspect journal /var/lib/manifold\n\n\
        Ends with code 65 if anything is damaged. Nothing is changed.")]
    Journal {
        /// The data directory, or the journal directory inside it
        #[arg(default_value = config::DATA_DIR)]
        dir: PathBuf,
        /// Every write and record, too, also what lies behind damage
        #[arg(long)]
        writes: bool,
        /// Answer in JSON, one object a line: the journal, then each write
        #[arg(long)]
        json: bool,
    },
}

const EXAMPLES: &str = "\
Try it:
  manifold                                     serve with the defaults
  etcdctl put greeting hello                   write through the etcd door
  etcdctl watch greeting                       see every change of a key
  curl -s http://127.0.0.1:8480/health         ask whether it is well
  manifold ctl status                          see what each shard is doing
  manifold ctl snapshot save backup.manifold   take a backup

Settings are taken from flags, then MANIFOLD_* variables, then the file that --config names, then the defaults.";

/// Reads the command line; on a mistake or a request for help it answers and ends the process.
pub(crate) fn parse() -> Action {
    let mut command = command();
    let matches = command.get_matches_mut();
    let action = match matches.subcommand() {
        Some(("ctl", matches)) => Ctl::from_arg_matches(matches).map(Action::Ctl),
        Some(("inspect", matches)) => Inspect::from_arg_matches(matches).map(Action::Inspect),
        Some((_, matches)) => Ok(Action::Serve(flags(matches))),
        None => Ok(Action::Serve(flags(&matches))),
    };
    action.unwrap_or_else(|error| error.format(&mut command).exit())
}

fn command() -> Command {
    let serve = Command::new("serve").about("Serve (what `manifold` alone does)").args(serve_arguments());
    let ctl = Ctl::augment_args(Command::new("ctl").about("Ask a running node, take a backup, bring one back"));
    let inspect = Inspect::augment_subcommands(Command::new("inspect").about("Look at stored files without a node"));
    Command::new("manifold")
        .about("One server, one log, many doors: an etcd-compatible store whose acknowledgement means fsynced")
        .version(concat!(env!("CARGO_PKG_VERSION"), " (answers as etcd 3.7.3)"))
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .args(serve_arguments())
        .subcommand(serve)
        .subcommand(ctl.arg_required_else_help(true))
        .subcommand(inspect.subcommand_required(true).arg_required_else_help(true))
        .after_help(EXAMPLES)
}

fn serve_arguments() -> Vec<Arg> {
    let file = Arg::new(config::FILE_FLAG)
        .long(config::FILE_FLAG)
        .value_name("FILE")
        .help(format!("A TOML file of the settings below, by the same names [env: {}]", config::FILE_VARIABLE));
    let setting = |setting: &'static config::Setting| {
        let help = format!("{} [env: {}] [default: {}]", setting.help, setting.variable(), setting.default);
        Arg::new(setting.key).long(setting.key).value_name(setting.value).help(help)
    };
    std::iter::once(file).chain(SETTINGS.iter().map(setting)).collect()
}

fn flags(matches: &ArgMatches) -> Flags {
    let given = |key: &str| matches.get_one::<String>(key).cloned();
    Flags {
        file: given(config::FILE_FLAG),
        settings: SETTINGS.iter().filter_map(|setting| Some((setting.key, given(setting.key)?))).collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
