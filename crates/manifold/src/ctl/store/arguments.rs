//! `ctl ns`, `ctl config` and `ctl audit` on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand, Debug)]
pub(crate) enum NamespaceCommand {
    /// One line per namespace
    List {
        /// Only those whose paths begin so
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// What a namespace is
    Get {
        /// Its path, such as teams/payments
        path: String,
    },
    /// Create a namespace or change it; what is not said stays
    #[command(after_help = "Example:\n  manifold ctl ns set teams/payments --owner alice --keep 50")]
    Set {
        /// Its path
        path: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whose it is
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// Versions kept of each key
        #[arg(long, value_name = "N")]
        keep: Option<u32>,
        /// Whether the audit trail shows values
        #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
        audit_values: Option<String>,
    },
    /// Delete a namespace, its keys and their versions
    Delete {
        /// Its path
        path: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A key on the command line.
#[derive(Args, Debug)]
pub(crate) struct Key {
    /// The namespace, such as teams/payments
    pub(crate) namespace: String,
    /// The key
    pub(crate) key: String,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// One line per key of a namespace
    List {
        /// The namespace
        namespace: String,
        /// Only those whose names begin so
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// Print a value
    #[command(after_help = "Examples:\n  manifold ctl config get teams/payments limits\n  \
        manifold ctl config get teams/payments limits --at v3\n  \
        manifold ctl config get teams/payments limits --at 2026-01-31T12:00:00Z --json")]
    Get {
        #[command(flatten)]
        key: Key,
        /// A position (42), a version (v3) or a time
        #[arg(long)]
        at: Option<String>,
    },
    /// Write a value: an argument, a file, or what stdin brings
    #[command(after_help = "Examples:\n  manifold ctl config set teams/payments limit 5 --type number\n  \
        manifold ctl config set teams/payments rules --file rules.json --type json --comment 'as agreed'")]
    Set {
        #[command(flatten)]
        key: Key,
        /// The value; if not given: of --file, or stdin
        value: Option<String>,
        /// A file with the value
        #[arg(long, value_name = "FILE", conflicts_with = "value")]
        file: Option<PathBuf>,
        /// string, number, boolean, json or binary
        #[arg(long = "type", value_name = "TYPE", default_value = "string")]
        value_type: String,
        #[command(flatten)]
        change: Change,
    },
    /// Delete a key
    Delete {
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        change: Change,
    },
    /// Change a value in $VISUAL or $EDITOR; it is written only if nobody else changed it meanwhile
    Edit {
        #[command(flatten)]
        key: Key,
        /// Why
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// What changed between two versions; if not given: the last one and the one before
    Diff {
        #[command(flatten)]
        key: Key,
        /// A version; 0: nothing
        #[arg(long, value_name = "VERSION")]
        from: Option<u64>,
        /// A version
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
    },
    /// The versions of a key, the newest first
    Log {
        #[command(flatten)]
        key: Key,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Write the value of an earlier version again: a new version
    Rollback {
        #[command(flatten)]
        key: Key,
        /// The earlier version
        version: u64,
        #[command(flatten)]
        change: Change,
    },
    /// Changes as they come, a line each, until Ctrl-C
    #[command(
        after_help = "Examples:\n  manifold ctl config watch\n  manifold ctl config watch teams/payments --prefix limit --since 42"
    )]
    Watch {
        /// Only of this namespace
        namespace: Option<String>,
        /// Only of this key
        #[arg(requires = "namespace")]
        key: Option<String>,
        /// Only of keys whose names begin so
        #[arg(long, value_name = "TEXT", requires = "namespace", conflicts_with = "key")]
        prefix: Option<String>,
        /// What comes after this position
        #[arg(long, value_name = "POSITION")]
        since: Option<u64>,
    },
    /// Take keys in from a file, all at one moment or not at all
    #[command(after_help = "Examples:\n  manifold ctl config import all.jsonl --dry-run\n  \
        manifold ctl config import app.env --namespace apps/web --mode replace")]
    Import {
        /// JSON lines, YAML (.yaml, .yml) or variables (.env); - for stdin
        file: PathBuf,
        /// jsonl, yaml or env; if not given: by the file's name
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// The namespace of keys that do not say theirs
        #[arg(long, value_name = "PATH")]
        namespace: Option<String>,
        /// replace: other keys of the namespaces that are named go
        #[arg(long, value_name = "merge|replace", value_parser = ["merge", "replace"], default_value = "merge")]
        mode: String,
        /// Only tell what it would do
        #[arg(long)]
        dry_run: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Give keys out, into a file or to stdout
    Export {
        /// The file; if not given: stdout
        file: Option<PathBuf>,
        /// jsonl, yaml or env; if not given: by the file's name
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// Only this namespace
        #[arg(long, value_name = "PATH")]
        namespace: Option<String>,
    },
}

/// What goes along with a change.
#[derive(Args, Debug)]
pub(crate) struct Change {
    /// Only if the key is at this position: the ETag, without quotes
    #[arg(long, value_name = "POSITION")]
    pub(crate) if_match: Option<u64>,
    /// Why; it goes into the audit trail
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum AuditCommand {
    /// Who changed what, the newest first
    List {
        /// Only of this namespace
        #[arg(long, value_name = "PATH")]
        namespace: Option<String>,
        /// Only of this key
        #[arg(long, requires = "namespace")]
        key: Option<String>,
        /// Only what this principal did
        #[arg(long, value_name = "NAME")]
        actor: Option<String>,
        /// Only what was done so, such as config.deleted
        #[arg(long)]
        action: Option<String>,
        /// Not before this time
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Not after this time
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// The root of the trail, signed: keep it where this machine cannot change it
    Checkpoint {
        /// The file; if not given: stdout
        file: Option<PathBuf>,
    },
    /// The whole trail, a record a line, with the bytes that are hashed
    Export {
        /// The file; if not given: stdout
        file: Option<PathBuf>,
    },
    /// Hold an export against checkpoints that were kept elsewhere; needs no node
    #[command(after_help = "Example:\n  manifold ctl audit export trail.jsonl\n  \
        manifold ctl audit verify trail.jsonl last-year.checkpoint --key manifold-c1+0a1b2c3d+AQID...\n\n\
        The key is what \"manifold ctl audit checkpoint\" prints as the verifier. Keep it with the checkpoints.")]
    Verify {
        /// What `ctl audit export` wrote
        export: PathBuf,
        /// What `ctl audit checkpoint` wrote
        #[arg(required = true)]
        checkpoints: Vec<PathBuf>,
        /// The verifier: name, id and key with plus signs between; may be given several times
        #[arg(long, value_name = "NAME+ID+KEY", required = true)]
        key: Vec<String>,
    },
}
