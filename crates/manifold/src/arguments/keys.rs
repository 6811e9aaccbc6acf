//! `manifold ctl key` on the command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use crate::config;

#[derive(Subcommand, Debug)]
pub(crate) enum KeyCommand {
    /// One line per key
    List {
        /// Those that were revoked lately, too
        #[arg(long)]
        revoked: bool,
    },
    /// Make one, and print its text, which is shown now and never again
    #[command(after_help = "Examples:\n  manifold ctl key create root --role admin\n  \
        manifold ctl key create ci --role editor --namespace teams/payments --expires 90d\n  \
        manifold ctl key create robot --role editor --operation write --rate 50 --burst 200 > robot.key\n\n\
        Roles: viewer (read, audit), editor (write, too), publisher (publish, too), admin (manage, keys and operate, too).")]
    Create(KeyArguments),
    /// Give one another text, and print that
    #[command(after_help = "Example:\n  manifold ctl key rotate ci --grace 24h    both texts are good for a day")]
    Rotate {
        /// Its name or id
        key: String,
        /// How long the former text is good beside the new one
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = long_duration)]
        grace: Duration,
    },
    /// End one for good
    Revoke {
        /// Its name or id
        key: String,
    },
    /// What a key lets do; its text is the first line of a file or of stdin, and never an argument
    #[command(after_help = "Example:\n  manifold ctl key whoami --key-file ci.key")]
    Whoami {
        /// A file that nobody else may read
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
}

/// A key on the command line.
#[derive(Args, Debug)]
pub(crate) struct KeyArguments {
    /// What people call it
    pub(crate) name: String,
    /// viewer, editor, publisher or admin
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: String,
    /// The principal that acts through it; if not given: its name
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Only this of the role's operations, may be given several times: read, audit, write, publish, manage, keys, operate
    #[arg(long = "operation", value_name = "OPERATION", value_delimiter = ',')]
    pub(crate) operations: Vec<String>,
    /// Only in this namespace and those below it, may be given several times
    #[arg(long = "namespace", value_name = "PATH", value_delimiter = ',')]
    pub(crate) namespaces: Vec<String>,
    /// How long it is good, like 12h or 90d; if not given: until it is revoked
    #[arg(long, value_name = "TIME", value_parser = long_duration)]
    pub(crate) expires: Option<Duration>,
    /// Requests a second, on each node by itself
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Requests at once after a rest; if not given: as many as in a second
    #[arg(long, value_name = "N", requires = "rate", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: Option<u32>,
}

/// A time that may be days.
fn long_duration(text: &str) -> Result<Duration, String> {
    const HOURS_PER_DAY: u64 = 24;
    let Some(days) = text.strip_suffix('d') else { return config::duration(text).map_err(|error| format!("{error}, or 90d")) };
    let days: Option<u64> = days.trim_end().parse().ok();
    let hours = days.and_then(|days| days.checked_mul(HOURS_PER_DAY)).ok_or("is not a number of days")?;
    config::duration(&format!("{hours}h")).map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_days() {
        let hours = |hours: u64| Ok(Duration::from_secs(hours * 60 * 60));
        assert_eq!((long_duration("90d"), long_duration("12h")), (hours(90 * 24), hours(12)));
        for text in ["d", "-1d", "1.5d", "90", "d90", "99999999999999999999d"] {
            assert!(long_duration(text).is_err(), "{text}");
        }
    }
}
