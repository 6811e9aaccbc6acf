//! `ctl member …`: who belongs to the cluster, and changing that.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    net::Ipv4Addr,
    path::Path,
    thread::sleep,
    time::Duration,
};

use door_http::admin::{
    Protection,
    members::{Add, Announced, Chosen, Done, Member, Replace, Update},
};
use serde::Serialize;

use super::{client, progress::Line};
use crate::{
    config::endpoint::Endpoint,
    exit::{Code, Failure, Outcome},
};

/// How often the node is asked how far something is.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A member's name and where peers reach it.
pub(crate) type Entry = (String, String);

/// The members, as the node sees them.
pub(super) fn list(data_dir: &Path) -> Outcome<Vec<Member>> {
    client::ask(data_dir, "/v1/members")
}

/// A member that is awaited, with the command that starts it.
#[derive(Serialize)]
pub(super) struct Awaited {
    #[serde(flatten)]
    member: Announced,
    command: String,
}

impl Awaited {
    fn new(member: Announced) -> Self {
        Self { command: command(&member), member }
    }

    pub(super) fn to_text(&self) -> String {
        let Announced { id, name, address, ticket, .. } = &self.member;
        format!(
            "{name} ({id}) is awaited at {address}. Its ticket, which is no secret:\n\n  {ticket}\n\n\
             Start it on its machine, with the settings of the other nodes and an empty data directory:\n\n  {}\n\n\
             \"manifold ctl member list\" tells when it takes part; \"manifold ctl member remove {name}\" takes this back.\n",
            self.command
        )
    }
}

pub(super) fn add(data_dir: &Path, (name, address): Entry) -> Outcome<Awaited> {
    client::tell(data_dir, "/v1/members/add", &Add { name, address }).map(Awaited::new)
}

pub(super) fn replace(data_dir: &Path, dead: &str, (name, address): Entry) -> Outcome<Awaited> {
    let members = list(data_dir)?;
    let dead = find(&members, dead)?;
    if dead.this_node {
        let message = format!("{} is the node that was asked, and it lives; ask another one", dead.name);
        return Err(Failure::new(Code::Failed, message));
    }
    let request = Replace { dead: dead.id.clone(), name, address };
    client::tell(data_dir, "/v1/members/replace", &request).map(Awaited::new)
}

pub(super) fn ticket(data_dir: &Path, member: &str) -> Outcome<Awaited> {
    let members = list(data_dir)?;
    let request = Chosen { member: find(&members, member)?.id.clone() };
    client::tell(data_dir, "/v1/members/ticket", &request).map(Awaited::new)
}

/// A member that something was done to.
#[derive(Serialize)]
pub(super) struct Changed {
    pub(super) id: String,
    pub(super) name: String,
    /// What is so now.
    pub(super) state: &'static str,
    #[serde(skip)]
    pub(super) text: String,
}

impl Changed {
    pub(super) fn to_text(&self) -> String {
        format!("{} ({}) {}\n", self.name, self.id, self.text)
    }
}

pub(super) fn update(data_dir: &Path, member: &str, address: String) -> Outcome<Changed> {
    let members = list(data_dir)?;
    let Member { id, name, .. } = find(&members, member)?.clone();
    let text = format!("is reached at {address} from now on");
    let Done {} = client::tell(data_dir, "/v1/members/update", &Update { member: id.clone(), address })?;
    Ok(Changed { id, name, state: "updated", text })
}

/// Takes a member out, and waits until it is gone.
pub(super) fn remove(data_dir: &Path, member: &str, yes: bool) -> Outcome<Changed> {
    let members = list(data_dir)?;
    let Member { id, name, this_node, .. } = find(&members, member)?.clone();
    confirm(yes, &format!("Remove {name} ({id}) from this cluster of {} members for good?", members.len()))?;
    let Done {} = client::tell(data_dir, "/v1/members/remove", &Chosen { member: id.clone() })?;
    let mut line = Line::new();
    loop {
        let members = match list(data_dir) {
            Ok(members) => members,
            // A node that is no member any more has no reason to go on.
            Err(Failure { code: Code::NoNode, .. }) if this_node => break,
            Err(failure) => return Err(failure),
        };
        let Some(member) = members.iter().find(|member| member.id == id) else { break };
        line.show(|| {
            let Member { leads, shards, .. } = member;
            format!("{name} is leaving; it leads {leads} of {shards} shards. It goes on if this command is stopped.")
        });
        sleep(POLL_INTERVAL);
    }
    let text = "is no member any more; stop it if it runs, its data directory is of no more use".to_owned();
    Ok(Changed { id, name, state: "removed", text })
}

/// The member that is called so, by name or by id.
pub(super) fn find<'a>(members: &'a [Member], wanted: &str) -> Outcome<&'a Member> {
    let id = u64::from_str_radix(wanted, 16).ok().map(|id| format!("{id:x}"));
    let mut found = members.iter().filter(|member| member.name == wanted || Some(&member.id) == id.as_ref());
    let told = |problem: &str| {
        let known: Vec<String> = members.iter().map(|member| format!("{} ({})", member.name, member.id)).collect();
        Failure::new(Code::Failed, format!("{problem}; the members are {}", known.join(", ")))
    };
    match (found.next(), found.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err(told(&format!("there is no member {wanted}"))),
        (Some(_), Some(_)) => Err(told(&format!("{wanted} is one member's name and another's id"))),
    }
}

/// Asks a person, where there is one.
pub(super) fn confirm(yes: bool, question: &str) -> Outcome {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let message = format!("{question} There is no terminal to ask on; add --yes if so");
        return Err(Failure::new(Code::Failed, message));
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
    if asked.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, "nothing was done"))
}

/// What starts an awaited member, as it is typed into a shell. A name is no address to listen on, so there all are listened on.
fn command(member: &Announced) -> String {
    let Announced { name, address, ticket, protection, .. } = member;
    let listen = match Endpoint::parse(address) {
        Ok(endpoint) if endpoint.ip().is_some() => format!("--peer {}", quoted(address)),
        Ok(endpoint) if endpoint.is_loopback() => format!("--peer {}:{}", Ipv4Addr::LOCALHOST, endpoint.port),
        Ok(endpoint) => format!("--peer {}:{} --peer-advertise {address}", Ipv4Addr::UNSPECIFIED, endpoint.port),
        // Another build of the node has its own idea of an address.
        Err(_) => format!("--peer-advertise {}", quoted(address)),
    };
    let protection = match protection {
        Protection::None => "",
        Protection::Secret => " --cluster-secret FILE",
        Protection::Certificates => " --peer-ca FILE --peer-cert FILE --peer-key FILE",
    };
    format!("manifold serve --name {} {listen}{protection} --join {}", quoted(name), quoted(ticket))
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:=/@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(name: &str, address: &str, protection: Protection) -> Announced {
        let (id, ticket) = ("a2".to_owned(), "manifold-join-1:c1:a2:a1=10.0.0.1:7480".to_owned());
        Announced { id, name: name.to_owned(), address: address.to_owned(), ticket, protection }
    }

    #[test]
    fn the_new_node_s_command_is_whole() {
        let join = "--join manifold-join-1:c1:a2:a1=10.0.0.1:7480";
        let cases = [
            ("10.0.0.4:7480", Protection::Secret, "--peer 10.0.0.4:7480 --cluster-secret FILE"),
            ("[fd00::4]:7480", Protection::Secret, "--peer '[fd00::4]:7480' --cluster-secret FILE"),
            ("localhost:7490", Protection::None, "--peer 127.0.0.1:7490"),
            (
                "n4.example.org:7480",
                Protection::Certificates,
                "--peer 0.0.0.0:7480 --peer-advertise n4.example.org:7480 --peer-ca FILE --peer-cert FILE --peer-key FILE",
            ),
        ];
        for (address, protection, expected) in cases {
            let command = command(&announced("n4", address, protection));
            assert_eq!(command, format!("manifold serve --name n4 {expected} {join}"));
        }
        assert!(command(&announced("it's", "10.0.0.4:1", Protection::None)).contains(r"--name 'it'\''s' "));
    }

    #[test]
    fn members_are_found_by_name_and_by_id() {
        let member =
            |id: &str, name: &str| Member { id: id.to_owned(), name: name.to_owned(), ..super::super::show::tests::member() };
        let members = [member("a1", "n1"), member("b2", "n2"), member("c3", "b2")];
        assert_eq!(find(&members, "n1").unwrap().id, "a1");
        assert_eq!(find(&members, "00C3").unwrap().name, "b2");
        assert_eq!(
            find(&members, "b2").unwrap_err().message,
            "b2 is one member's name and another's id; the members are n1 (a1), n2 (b2), b2 (c3)"
        );
        assert_eq!(find(&members, "n9").unwrap_err().message, "there is no member n9; the members are n1 (a1), n2 (b2), b2 (c3)");
    }
}
