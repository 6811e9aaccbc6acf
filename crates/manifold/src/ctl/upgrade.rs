//! `ctl upgrade`: which formats the members' builds read, and which the cluster writes.

use std::path::Path;

use door_http::admin::{
    Status,
    members::{Done, Raise},
};
use serde::Serialize;

use super::client;
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

/// How far an upgrade is.
#[derive(Serialize)]
pub(super) struct Upgrade {
    /// What the cluster writes.
    level: u32,
    /// What every member reads.
    common: u32,
    members: Vec<Reader>,
    finished: bool,
}

#[derive(Serialize)]
struct Reader {
    id: String,
    name: String,
    level: u32,
}

impl Upgrade {
    pub(super) fn to_text(&self) -> String {
        let Self { level, common, members, finished } = self;
        let rows: Vec<[String; 3]> =
            members.iter().map(|member| [member.id.clone(), member.name.clone(), member.level.to_string()]).collect();
        let table = table(["ID", "NAME", "READS UP TO"], &rows);
        let rest = if *finished {
            "The upgrade is finished: builds that read less cannot take part any more.".to_owned()
        } else if common > level {
            format!(
                "Every member reads level {common}. Until \"manifold ctl upgrade --finish\" each can still go back to the build before."
            )
        } else if members.iter().any(|member| member.level > *common) {
            "Members with the older build are still to be upgraded.".to_owned()
        } else {
            "Nothing is to be finished.".to_owned()
        };
        format!("The cluster writes formats of level {level}.\n\n{table}\n{rest}\n")
    }
}

/// Looks, and raises the cluster's level to what all members read if that is wanted.
pub(super) fn upgrade(data_dir: &Path, finish: bool) -> Outcome<Upgrade> {
    let look = || -> Outcome<Upgrade> {
        let status: Status = client::ask(data_dir, "/v1/status")?;
        let reader = |member: door_http::admin::members::Member| Reader {
            id: member.id,
            name: member.name,
            level: member.level.max(cluster::LEVEL_FIRST),
        };
        let members: Vec<Reader> = status.members.into_iter().map(reader).collect();
        let common = members.iter().map(|member| member.level).min().unwrap_or(status.level);
        Ok(Upgrade { level: status.level, common, members, finished: false })
    };
    let found = look()?;
    if !finish {
        return Ok(found);
    }
    if found.common <= found.level {
        let text =
            format!("there is nothing to finish: the cluster writes level {}, and not every member reads more", found.level);
        return Err(Failure::new(Code::Failed, text));
    }
    let Done {} = client::tell(data_dir, "/v1/level", &Raise { level: found.common })?;
    Ok(Upgrade { level: found.common, finished: true, ..found })
}
