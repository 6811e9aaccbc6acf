//! The command line of `ctl topic`, `group`, `produce` and `consume`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kafka_wire::batch::Codec;

use super::{place::Place, record_text::Format};
use crate::config::endpoint::Endpoint;

/// Where a Kafka door is.
#[derive(Args, Debug)]
pub(crate) struct Bootstrap {
    /// A broker to ask first; if not given, the Kafka door of the node that serves from --data-dir
    #[arg(long, global = true, value_name = "HOST:PORT", value_parser = address)]
    pub(super) bootstrap: Option<String>,
}

/// `manifold ctl topic …`
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Topic {
    #[command(flatten)]
    pub(super) at: Bootstrap,
    #[command(subcommand)]
    pub(super) command: TopicCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum TopicCommand {
    /// One line per topic
    List,
    /// Make a topic
    #[command(after_help = "Examples:\n  manifold ctl topic create orders\n  \
        manifold ctl topic create orders --partitions 12 --config retention.ms=86400000\n\n\
        Without --partitions the server's default decides. Every member of the cluster holds every partition.")]
    Create {
        /// 1 to 249 letters, digits, dots, underlines and hyphens
        name: String,
        /// How many partitions it has
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// A setting; may be given several times
        #[arg(long = "config", value_name = "KEY=VALUE", value_parser = pair)]
        configs: Vec<(String, String)>,
    },
    /// Settings of a topic, and who leads each partition, where it begins and where it ends
    #[command(
        after_help = "Examples:\n  manifold ctl topic describe orders\n  manifold ctl topic describe orders --all-settings"
    )]
    Describe {
        /// Its name
        name: String,
        /// Show the settings that are as by default, too
        #[arg(long)]
        all_settings: bool,
    },
    /// Delete a topic with all its records, for good
    #[command(
        after_help = "Examples:\n  manifold ctl topic delete orders\n  manifold ctl topic delete orders --yes    without being asked"
    )]
    Delete {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Change settings of a topic; what is not named stays
    #[command(
        after_help = "Examples:\n  manifold ctl topic alter orders --config retention.ms=3600000 --config retention.bytes=1073741824\n  \
        manifold ctl topic alter orders --delete-config retention.ms    back to the default"
    )]
    Alter {
        /// Its name
        name: String,
        /// A setting to set; may be given several times
        #[arg(long = "config", value_name = "KEY=VALUE", value_parser = pair, required_unless_present = "deleted")]
        configs: Vec<(String, String)>,
        /// A setting to take back to its default; may be given several times
        #[arg(long = "delete-config", id = "deleted", value_name = "KEY")]
        deleted: Vec<String>,
    },
    /// Give a topic more partitions
    #[command(after_help = "Example:\n  manifold ctl topic grow orders --partitions 24\n\n\
        Partitions are never taken away. Records with the same key may go to another partition than before.")]
    Grow {
        /// Its name
        name: String,
        /// How many it has then
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: i32,
    },
    /// Delete the records of a partition that lie before an offset
    #[command(after_help = "Examples:\n  manifold ctl topic trim orders --partition 0 --before 15000\n  \
        manifold ctl topic trim orders --partition 0 --before end      all of them")]
    Trim {
        /// Its name
        name: String,
        /// Which partition
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
        partition: i32,
        /// The first offset that stays, or "end"
        #[arg(long, value_name = "OFFSET", value_parser = before)]
        before: i64,
    },
}

/// `manifold ctl group …`
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Group {
    #[command(flatten)]
    pub(super) at: Bootstrap,
    #[command(subcommand)]
    pub(super) command: GroupCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum GroupCommand {
    /// One line per consumer group
    List,
    /// Members of a group, what each reads, and how far behind they are in each partition
    #[command(after_help = "Examples:\n  manifold ctl group describe billing\n  \
        manifold ctl group describe billing --watch           once a second, until Ctrl-C\n  \
        manifold ctl group describe billing --watch --json    one object a line\n\n\
        The lag of a partition is how many records were appended after what the group committed.")]
    Describe {
        /// Its name
        name: String,
        /// Look again every second
        #[arg(long)]
        watch: bool,
    },
    /// Delete a group that nobody is in, with all that it committed
    #[command(
        after_help = "Examples:\n  manifold ctl group delete billing\n  manifold ctl group delete billing --yes    without being asked"
    )]
    Delete {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Say where a group that nobody is in goes on; shows it first, and does it with --execute
    #[command(after_help = "Examples:\n  manifold ctl group reset billing --topic orders --to earliest\n  \
        manifold ctl group reset billing --topic orders --to 2026-11-28T13:00:00Z --execute\n  \
        manifold ctl group reset billing --topic orders --to 15m --execute               what came in the last 15 minutes\n  \
        manifold ctl group reset billing --topic orders --partition 3 --to 1500 --execute\n\n\
        An offset before the first record or behind the last one is held within what there is.")]
    Reset {
        /// Its name
        name: String,
        /// Which topic
        #[arg(long)]
        topic: String,
        /// Only this partition
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
        partition: Option<i32>,
        /// earliest, latest, an offset, a time like 2026-11-28T13:00:00Z, or how long ago like 15m
        #[arg(long, value_name = "PLACE", value_parser = Place::parse)]
        to: Place,
        /// Do it
        #[arg(long)]
        execute: bool,
    },
}

/// `manifold ctl produce`
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  echo hello | manifold ctl produce greetings\n  \
    manifold ctl produce orders --key-separator : < orders.txt    \"42:paid\" has the key 42\n  \
    manifold ctl produce orders --file orders.txt --codec zstd\n\n\
    Each line is a record. Keys go to the partitions that Kafka's own clients choose. Records that come again after a broken\n\
    connection are not appended twice. The exit code is not 0 unless every record was acknowledged, which means that a majority\n\
    has it on disk.")]
pub(crate) struct Produce {
    #[command(flatten)]
    pub(super) at: Bootstrap,
    /// A topic that there is
    pub(super) topic: String,
    /// Read lines from a file instead of stdin
    #[arg(long)]
    pub(super) file: Option<PathBuf>,
    /// What stands between a line's key and its value; a line without it has no key
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) key_separator: Option<String>,
    /// Send all to this partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub(super) partition: Option<i32>,
    /// How batches are compressed
    #[arg(long, value_enum, default_value_t = Compression::None)]
    pub(super) codec: Compression,
    /// A header of every record; may be given several times
    #[arg(long = "header", value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) headers: Vec<(String, String)>,
    /// Ask for no producer id; then nothing is sent again when a connection breaks
    #[arg(long)]
    pub(super) no_idempotence: bool,
}

/// A codec's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl From<Compression> for Codec {
    fn from(compression: Compression) -> Codec {
        match compression {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip,
            Compression::Snappy => Codec::Snappy,
            Compression::Lz4 => Codec::Lz4,
            Compression::Zstd => Codec::Zstd,
        }
    }
}

/// `manifold ctl consume`
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  manifold ctl consume orders                              all there is, and what comes, until Ctrl-C\n  \
    manifold ctl consume orders --from latest                only what comes\n  \
    manifold ctl consume orders --from 15m --exit-at-end     the last 15 minutes\n  \
    manifold ctl consume orders --partition 0 --from 1500 --count 1\n  \
    manifold ctl consume orders --group billing              go on where the group was, and commit\n  \
    manifold ctl consume orders --format json | jq .value\n\n\
    A group's offsets are committed every 5 seconds and at the end, behind what was printed: after a crash a record may come\n\
    again, none is left out. Records of transactions are shown whether they were committed or aborted."
)]
pub(crate) struct Consume {
    #[command(flatten)]
    pub(super) at: Bootstrap,
    /// A topic that there is
    pub(super) topic: String,
    /// Only this partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub(super) partition: Option<i32>,
    /// earliest, latest, an offset, a time like 2026-11-28T13:00:00Z, or how long ago like 15m; with --group, where it committed
    /// nothing
    #[arg(long, value_name = "PLACE", value_parser = Place::parse, default_value = "earliest")]
    pub(super) from: Place,
    /// Be the only member of this group: go on where it was, and commit
    #[arg(long)]
    pub(super) group: Option<String>,
    /// Stop after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,
    /// Stop at what is the end when this begins
    #[arg(long)]
    pub(super) exit_at_end: bool,
    /// How records are printed; --json is the same as json
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

fn address(text: &str) -> Result<String, String> {
    Endpoint::parse(text).map(|_| text.to_owned())
}

/// "end", or an offset; DeleteRecords calls the end -1.
fn before(text: &str) -> Result<i64, &'static str> {
    match text {
        "end" => Ok(-1),
        _ => text.parse().ok().filter(|offset| *offset >= 0).ok_or("is neither an offset nor \"end\""),
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("is not KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("=b").is_err() && pair("a").is_err());
        assert_eq!((before("end"), before("7")), (Ok(-1), Ok(7)));
        assert!(before("-1").is_err() && before("x").is_err());
    }
}
