//! `ctl drain` and `ctl move-leader`: who leads shards.

use std::{path::Path, thread::sleep};

use door_http::admin::members::{Done, Drain, Lead, Member, Standing};
use serde::Serialize;

use super::{
    client,
    members::{Changed, POLL_INTERVAL, find, list},
    progress::Line,
};
use crate::exit::{Code, Failure, Outcome};

/// Keeps a member from leading, or lets it again; with `wait`, until it leads nothing.
pub(super) fn drain(data_dir: &Path, member: Option<&str>, off: bool, wait: bool) -> Outcome<Changed> {
    let members = list(data_dir)?;
    let Member { id, name, .. } = match member {
        Some(member) => find(&members, member)?.clone(),
        None => own(&members)?.clone(),
    };
    let Done {} = client::tell(data_dir, "/v1/members/drain", &Drain { member: id.clone(), drained: !off })?;
    if off {
        return Ok(Changed { id, name, state: "active", text: "may lead again".to_owned() });
    }
    let (leads, shards) = if wait { wait_until_idle(data_dir, &id, &name)? } else { leads(&list(data_dir)?, &id) };
    let (state, text) = match leads {
        0 => ("drained", format!("leads nothing and will not, until \"manifold ctl drain {name} --off\"")),
        _ => ("draining", format!("is asked to lead nothing; it leads {leads} of {shards} shards still, --wait waits")),
    };
    Ok(Changed { id, name, state, text })
}

fn own(members: &[Member]) -> Outcome<&Member> {
    let own = members.iter().find(|member| member.this_node);
    own.ok_or_else(|| Failure::new(Code::Failed, "this node is no member of its cluster any more; name the member that is meant"))
}

fn leads(members: &[Member], id: &str) -> (usize, usize) {
    members.iter().find(|member| member.id == id).map_or((0, 0), |member| (member.leads, member.shards))
}

fn wait_until_idle(data_dir: &Path, id: &str, name: &str) -> Outcome<(usize, usize)> {
    let mut line = Line::new();
    loop {
        let members = list(data_dir)?;
        let (leads, shards) = leads(&members, id);
        if leads == 0 {
            return Ok((leads, shards));
        }
        if !members.iter().any(|other| other.id != id && other.standing == Standing::Active && !other.drained) {
            let message = format!("{name} goes on leading {leads} of {shards} shards: no other member may lead");
            return Err(Failure::new(Code::Failed, message));
        }
        line.show(|| format!("{name} leads {leads} of {shards} shards still. It goes on if this command is stopped."));
        sleep(POLL_INTERVAL);
    }
}

/// Who leads now.
#[derive(Serialize)]
pub(super) struct Moved {
    id: String,
    name: String,
    shard: Option<u32>,
}

impl Moved {
    pub(super) fn to_text(&self) -> String {
        let shard = self.shard.map_or_else(|| "every shard".to_owned(), |shard| format!("shard {shard}"));
        format!("{} ({}) leads {shard}\n", self.name, self.id)
    }
}

/// Hands a member the lead of one shard, or of all.
pub(super) fn move_leader(data_dir: &Path, member: &str, shard: Option<u32>) -> Outcome<Moved> {
    let members = list(data_dir)?;
    let Member { id, name, .. } = find(&members, member)?.clone();
    let Done {} = client::tell(data_dir, "/v1/leader", &Lead { to: id.clone(), shard })?;
    Ok(Moved { id, name, shard })
}
