//! The command line. Flags of `serve` come from the table of [`config::SETTINGS`], so that there is one list of settings.

mod keys;

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand};

use crate::{
    config::{self, Flags, SETTINGS, endpoint},
    ctl::{members::Entry, store::arguments as store, streams::arguments as streams},
};

pub(crate) use keys::{KeyArguments, KeyCommand};

/// What the process was started for.
pub(crate) enum Action {
    Serve(Flags),
    Ctl(Ctl),
    Inspect(Inspect),
    Bench(bench::Bench),
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
    /// What the node, its cluster and each of its shards are doing
    Status,
    /// Who belongs to the cluster, and changing that
    #[command(subcommand)]
    Member(MemberCommand),
    /// Who may sign in, and changing that
    #[command(subcommand)]
    User(UserCommand),
    /// Who may do what, and changing that
    #[command(subcommand)]
    Acl(AclCommand),
    /// API keys of the HTTP door, and changing them; the first one is made here
    #[command(subcommand)]
    Key(KeyCommand),
    /// Keep a member from leading, before its machine is worked on
    #[command(after_help = "Examples:\n  manifold ctl drain --wait       this node; returns when it leads nothing\n  \
        manifold ctl drain n2           another one\n  manifold ctl drain n2 --off     let it lead again\n\n\
        Nothing is interrupted: others take the lead over, shard by shard.")]
    Drain {
        /// Name or id of the member; this node if not given
        member: Option<String>,
        /// Let it lead again
        #[arg(long, conflicts_with = "wait")]
        off: bool,
        /// Return when it leads nothing
        #[arg(long)]
        wait: bool,
    },
    /// Hand a member the lead of one shard, or of all
    #[command(after_help = "Examples:\n  manifold ctl move-leader n2\n  manifold ctl move-leader n2 --shard 1")]
    MoveLeader {
        /// Name or id of the member
        member: String,
        /// Only this shard
        #[arg(long, value_name = "N")]
        shard: Option<u32>,
    },
    /// Read everything on the node's disk now, and compare it with its checksums
    #[command(after_help = "A node that finds damage ends, and is rebuilt from the other members when it starts again.")]
    Scrub,
    /// Which formats the members read and the cluster writes, while members are upgraded one by one
    #[command(after_help = "Examples:\n  manifold ctl upgrade             who reads what\n  \
        manifold ctl upgrade --finish    when every member has the new build: there is no way back\n\n\
        Until it is finished the cluster writes what the older build reads, and each member can go back to it.")]
    Upgrade {
        /// Write what every member reads from now on
        #[arg(long)]
        finish: bool,
    },
    /// Go on with one member when the quorum is lost for good: offline, with its data directory
    #[command(after_help = "Examples:\n  manifold ctl recover --data-dir ./n1 --dry-run    what it has; changes nothing\n  \
        manifold ctl recover --data-dir ./n1              go on with it, after a question\n\n\
        Writes that the other members acknowledged and this one does not have are lost. Look at every member that can\n\
        still be read first, and go on with the one that has most. If a majority can be started, start it instead.")]
    Recover {
        /// Only say what the member has, and what may be lost
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// The secret that the nodes of a cluster share; needs no running node
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Take a backup of a running node
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Namespaces of the configuration store, and changing them
    #[command(subcommand)]
    Ns(store::NamespaceCommand),
    /// Keys of the configuration store: reading, writing, history, watching, import and export
    #[command(subcommand)]
    Config(store::ConfigCommand),
    /// The configuration store's audit trail, and proving it
    #[command(subcommand)]
    Audit(store::AuditCommand),
    /// Topics of the Kafka door, and changing them
    Topic(streams::Topic),
    /// Consumer groups of the Kafka door: who reads what, how far behind, and where from
    Group(streams::Group),
    /// Send lines to a topic, and tell how fast that was
    Produce(streams::Produce),
    /// Print the records of a topic
    Consume(streams::Consume),
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
    /// One line per member, as this node sees it
    List,
    /// Announce a new member, and print what to start it with
    #[command(after_help = "Example:\n  manifold ctl member add n4=10.0.0.4:7480\n\n\
        The command returns at once; the new node takes part when it was started and caught up.")]
    Add {
        /// Its name, and where the other nodes will reach it
        #[arg(value_name = "NAME=HOST:PORT", value_parser = endpoint::member)]
        member: Entry,
    },
    /// Print once more what to start an announced member with
    #[command(after_help = "Example:\n  manifold ctl member ticket n4")]
    Ticket {
        /// Its name or id
        member: String,
    },
    /// Take a member out of the cluster for good, and wait until it is gone
    #[command(
        after_help = "Examples:\n  manifold ctl member remove n3\n  manifold ctl member remove n3 --yes    without being asked"
    )]
    Remove {
        /// Its name or id
        member: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Announce a new member in the place of one whose data is lost, in one step
    #[command(after_help = "Example:\n  manifold ctl member replace n3 n5=10.0.0.5:7480\n\n\
        A node that lost its data directory never comes back as who it was: it is replaced.")]
    Replace {
        /// Name or id of the member that is gone for good
        dead: String,
        /// The new one's name, and where the other nodes will reach it
        #[arg(value_name = "NAME=HOST:PORT", value_parser = endpoint::member)]
        member: Entry,
    },
    /// Say where the other nodes reach a member from now on
    #[command(after_help = "Example:\n  manifold ctl member update n3 10.0.0.33:7480")]
    Update {
        /// Its name or id
        member: String,
        /// Where it is reached
        #[arg(value_name = "HOST:PORT", value_parser = address)]
        address: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum UserCommand {
    /// One line per user
    List,
    /// Make one; its password is the first line of a file or of stdin, and never an argument
    #[command(after_help = "Examples:\n  manifold ctl user add root --admin                         asks for the password\n  \
        manifold ctl user add alice --password-file alice.password\n  pass show alice | manifold ctl user add alice")]
    Add {
        /// Its name, as it signs in and as grants name it
        name: String,
        /// It may do everything, whatever is granted
        #[arg(long)]
        admin: bool,
        /// A file that nobody else may read
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Give one another password
    Password {
        /// Its name
        name: String,
        /// A file that nobody else may read
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Take one away; its connections end within a second
    Remove {
        /// Its name
        name: String,
    },
    /// Keep one out; its connections end within a second, and its password and its grants stay
    Disable {
        /// Its name; a name that certificates give is made a user before, by "user add"
        name: String,
    },
    /// Let one in again that was disabled
    Enable {
        /// Its name
        name: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum AclCommand {
    /// One line per grant
    List,
    /// Allow something, or deny it
    #[command(after_help = "Examples:\n  manifold ctl acl add --principal alice --operation write --topic orders\n  \
        manifold ctl acl add --principal alice --operation read --topic orders- --prefixed\n  \
        manifold ctl acl add --principal 'User:*' --operation read --group dashboards\n  \
        manifold ctl acl add --principal alice --operation read --topic orders --namespace teams/orders    both at once")]
    Add(AclArguments),
    /// Take a grant away, as the list shows it
    Remove(AclArguments),
}

/// A grant on the command line.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("resource").required(true).multiple(true).args(["topic", "group", "cluster", "transactional_id", "namespace", "keys"]))]
pub(crate) struct AclArguments {
    /// Whom it is for: a user's name, User:NAME, or User:* for everyone
    #[arg(long, value_name = "NAME")]
    pub(crate) principal: String,
    /// all, read, write, create, delete, alter, describe, describe-configs, alter-configs, ...
    #[arg(long, value_name = "OPERATION")]
    pub(crate) operation: String,
    /// A topic; * for all
    #[arg(long, value_name = "NAME")]
    pub(crate) topic: Option<String>,
    /// A consumer group; * for all
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// The cluster
    #[arg(long)]
    pub(crate) cluster: bool,
    /// A transactional id; * for all
    #[arg(long, value_name = "ID")]
    pub(crate) transactional_id: Option<String>,
    /// A namespace of the configuration store; * for all
    #[arg(long, value_name = "PATH")]
    pub(crate) namespace: Option<String>,
    /// A key of a key space, like default/app/name; * for all. Kept for later: the etcd door does not ask for grants yet
    #[arg(long, value_name = "KEYSPACE/KEY")]
    pub(crate) keys: Option<String>,
    /// The name is the beginning of names
    #[arg(long, conflicts_with = "cluster")]
    pub(crate) prefixed: bool,
    /// Deny it, whatever else allows it
    #[arg(long)]
    pub(crate) deny: bool,
    /// Only from this address, IPv4 or IPv6
    #[arg(long, value_name = "ADDRESS", default_value = "*")]
    pub(crate) host: String,
}

#[derive(Subcommand, Debug)]
pub(crate) enum SecretCommand {
    /// Make a new one; whoever has it is a node of the cluster
    #[command(after_help = "Examples:\n  manifold ctl secret new /etc/manifold/cluster-secret\n  \
        MANIFOLD_CLUSTER_SECRET=$(manifold ctl secret new) manifold serve ...")]
    New {
        /// A new file to write it into, which only its owner may read; if not given it is printed
        file: Option<PathBuf>,
    },
}

fn address(text: &str) -> Result<String, String> {
    endpoint::Endpoint::parse(text).map(|_| text.to_owned())
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
  manifold ctl topic create orders             make a topic for Kafka's clients
  echo hello | manifold ctl produce orders     send a line to it
  manifold ctl consume orders                  read it, and what comes
  manifold ctl snapshot save backup.manifold   take a backup
  manifold bench produce --start               how fast it is here, and that nothing is lost

Three nodes, each on its machine with its own name and the same secret and list:
  manifold ctl secret new cluster-secret
  manifold serve --name n1 --peer 10.0.0.1:7480 --cluster-secret cluster-secret \\
    --cluster n1=10.0.0.1:7480,n2=10.0.0.2:7480,n3=10.0.0.3:7480
  manifold ctl member list                     see them; \"manifold ctl member --help\" changes them

Settings are taken from flags, then MANIFOLD_* variables, then the file that --config names, then the defaults.";

/// Reads the command line; on a mistake or a request for help it answers and ends the process.
pub(crate) fn parse() -> Action {
    let mut command = command();
    let matches = command.get_matches_mut();
    let action = match matches.subcommand() {
        Some(("ctl", matches)) => Ctl::from_arg_matches(matches).map(Action::Ctl),
        Some(("inspect", matches)) => Inspect::from_arg_matches(matches).map(Action::Inspect),
        Some(("bench", matches)) => bench::Bench::from_arg_matches(matches).map(Action::Bench),
        Some((_, matches)) => Ok(Action::Serve(flags(matches))),
        None => Ok(Action::Serve(flags(&matches))),
    };
    action.unwrap_or_else(|error| error.format(&mut command).exit())
}

fn command() -> Command {
    let serve = Command::new("serve").about("Serve (what `manifold` alone does)").args(serve_arguments());
    let ctl = Ctl::augment_args(Command::new("ctl"));
    let ctl = ctl.about("Ask a running node, change its cluster, work with its streams, take a backup, bring one back");
    let inspect = Inspect::augment_subcommands(Command::new("inspect")).about("Look at stored files without a node");
    let bench = bench::Bench::augment_args(Command::new("bench"));
    let bench = bench.about("Measure a node, or an etcd or a Kafka beside it, and prove that what it acknowledged is there");
    Command::new("manifold")
        .about("One server, one log, many doors: an etcd-compatible store whose acknowledgement means fsynced")
        .version(concat!(env!("CARGO_PKG_VERSION"), " (answers as etcd 3.7.3)"))
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .args(serve_arguments())
        .subcommand(serve)
        .subcommand(ctl.arg_required_else_help(true))
        .subcommand(inspect.subcommand_required(true).arg_required_else_help(true))
        .subcommand(bench.arg_required_else_help(true))
        .after_help(EXAMPLES)
}

fn serve_arguments() -> Vec<Arg> {
    let file = Arg::new(config::FILE_FLAG)
        .long(config::FILE_FLAG)
        .value_name("FILE")
        .help(format!("A TOML file of the settings below, by the same names\n[env: {}]", config::FILE_VARIABLE));
    let setting = |setting: &'static config::Setting| {
        let default = if setting.default.is_empty() { String::new() } else { format!(" [default: {}]", setting.default) };
        // On a line of their own, the variable and the default are never torn apart.
        let help = format!("{}\n[env: {}]{default}", setting.help, setting.variable());
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
