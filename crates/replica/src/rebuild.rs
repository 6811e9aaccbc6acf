//! Beginning anew: a node whose journal or settled state is damaged or lost takes a new place in its cluster.
//!
//! What it had acknowledged it no longer has, so under its old id it must neither vote nor confirm anything: it would deny what
//! it lost. It notes that down in a file and ends. At its next start it asks the others, under its old id, to put a member with
//! a new id and the same name and address into its place; puts what is left of its data aside; and joins under the new id like
//! any newcomer, who has no vote until it has caught up. Every step may be repeated.
//! `docs/decisions/0010-repair.md` says why so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use base::{Disk, Error, Kind, NodeId, Result};
use bytes::Bytes;
use cluster::Command;

use crate::{
    identity::Identity,
    limits::{FOUNDING_LOOK_MS, FOUNDING_TELL_MS, LEADER_WAIT_MS},
    network::{BoxFuture, CallError, Channel, Message, Network, NetworkMaker, Receiver, Reception, Sender, Standing, kind},
    paper, runtime,
};

/// The note that a node is to begin anew.
const ORDER: &str = "rebuild";
const ORDER_FORMAT: u64 = 1;
/// Where the other members were last.
pub(crate) const BOOK: &str = "peers";
const BOOK_FORMAT: u64 = 1;

/// Where the other members are, as far as this node heard.
pub type Book = BTreeMap<NodeId, String>;

/// That a node is to begin anew, and as whom. Drawn once, so that asking again asks for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    node_id: NodeId,
    incarnation: u64,
    /// What was found.
    pub why: String,
}

impl Order {
    /// The order that stands, if one does.
    ///
    /// # Errors
    /// `Corrupt` if it cannot be read.
    pub fn load(home: &dyn Disk) -> Result<Option<Order>> {
        let Some(text) = read(home, ORDER, ORDER_FORMAT)? else { return Ok(None) };
        let number = |name| paper::field(&text, name).and_then(|value| u64::from_str_radix(value, 16).ok());
        let fields = number("node_id").zip(number("incarnation")).zip(paper::field(&text, "why"));
        let order = fields.map(|((node_id, incarnation), why)| Order { node_id, incarnation, why: why.to_owned() });
        order.map(Some).ok_or_else(|| unreadable(ORDER, "lacks a line"))
    }

    fn store(&self, home: &dyn Disk) -> Result<()> {
        let Order { node_id, incarnation, why } = self;
        let text = format!("format = {ORDER_FORMAT}\nnode_id = {node_id:016x}\nincarnation = {incarnation:016x}\nwhy = {why}\n");
        paper::store(home, ORDER, &paper::seal(text))
    }

    /// Asks the other members for the new place until one of them answers that it is given. `maker` makes the network of this
    /// node under its old id.
    ///
    /// # Errors
    /// `Precondition` if the cluster does not know this node any more.
    pub async fn ask(&self, old: &Identity, name: &str, address: &str, others: &Book, maker: NetworkMaker) -> Result<()> {
        let network = maker(old, Arc::new(Absent(others.keys().copied().collect())))?;
        for (id, address) in others {
            network.set_address(*id, address);
        }
        let (dead, name, address) = (old.node_id, name.to_owned(), address.to_owned());
        let command = Command::Replace { dead, id: self.node_id, name, address }.encode();
        let outcome = ask_on(&*network, others, command).await;
        network.shutdown().await;
        outcome
    }

    /// Whether this is the new place already: the process ended just before the order was done with.
    pub fn is_taken(&self, identity: &Identity) -> bool {
        self.node_id == identity.node_id
    }

    /// Does away with the order.
    ///
    /// # Errors
    /// `Unavailable` if the disk refuses.
    pub fn end(&self, home: &dyn Disk) -> Result<()> {
        paper::remove(home, ORDER)
    }

    /// The new place is given and the old data is gone: from here on this node is another one. Gives who.
    ///
    /// # Errors
    /// `Unavailable` if the disk refuses.
    pub fn take(self, home: &dyn Disk, old: &Identity, others: &Book) -> Result<Identity> {
        let (node_id, incarnation) = (self.node_id, self.incarnation);
        let identity = Identity { cluster_id: old.cluster_id, node_id, incarnation, founders: Vec::new(), begun: false };
        store_book(home, others)?;
        identity.store(home)?;
        self.end(home)?;
        Ok(identity)
    }
}

/// Notes that this node has to begin anew because of `why`, unless that is noted already. Gives what to end with.
pub(crate) fn order(home: &dyn Disk, why: &Error) -> Error {
    let noted = Order::load(home).and_then(|order| match order {
        Some(_) => Ok(()),
        None => {
            let text = why.message.lines().next().unwrap_or_default().to_owned();
            Order { node_id: runtime::random_u64().max(1), incarnation: runtime::random_u64().max(1), why: text }.store(home)
        }
    });
    let message = match noted {
        Ok(()) => format!("{why}. This node will be rebuilt from the other members when it starts again"),
        Err(error) => format!("{why}. It could not be noted that this node has to be rebuilt from the other members: {error}"),
    };
    Error::new(Kind::Corrupt, message)
}

/// The other members as this node heard of them last; `None` if it never did.
///
/// # Errors
/// `Corrupt` if what was noted is damaged; `Unavailable` if it cannot be read.
pub fn load_book(home: &dyn Disk) -> Result<Option<Book>> {
    let Some(text) = read(home, BOOK, BOOK_FORMAT)? else { return Ok(None) };
    let peer = |line: &str| {
        let (id, address) = line.strip_prefix("peer.")?.split_once(" = ")?;
        Some((u64::from_str_radix(id, 16).ok()?, address.to_owned()))
    };
    Ok(Some(text.lines().filter_map(peer).collect()))
}

/// The same, where one that cannot be read is as good as none.
pub(crate) fn known_book(home: &dyn Disk) -> Option<Book> {
    load_book(home).unwrap_or_else(|error| {
        tracing::warn!(%error, "it is not known where the other members were");
        None
    })
}

/// Notes the other members.
pub(crate) fn store_book(home: &dyn Disk, book: &Book) -> Result<()> {
    let mut text = format!("format = {BOOK_FORMAT}\n");
    for (id, address) in book {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "peer.{id:016x} = {address}");
    }
    paper::store(home, BOOK, &paper::seal(text))
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the file {name} in the data directory {why}: remove it and start the node again"))
}

/// A paper of this format, whole; `None` if there is none.
pub(crate) fn read(home: &dyn Disk, name: &str, format: u64) -> Result<Option<String>> {
    let cannot = |error| Error::new(Kind::Unavailable, format!("the file {name} in the data directory cannot be read: {error}"));
    let Some(text) = paper::load(home, name).map_err(cannot)? else { return Ok(None) };
    if !paper::is_sealed(&text) {
        return Err(unreadable(name, "is damaged"));
    }
    match paper::field(&text, "format") {
        Some(known) if known == format.to_string() => Ok(Some(text)),
        other => {
            let text = format!(
                "the file {name} has format {}, this build reads {format}: use the build that wrote it",
                other.unwrap_or("?")
            );
            Err(Error::new(Kind::Unsupported, text))
        }
    }
}

async fn ask_on(network: &dyn Network, others: &Book, command: Bytes) -> Result<()> {
    let message = Message { kind: kind::ANNOUNCE, shard: 0 };
    let timeout = Duration::from_millis(LEADER_WAIT_MS);
    let mut tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
    loop {
        let mut last = None;
        for peer in others.keys() {
            match network.call(*peer, Channel::Small, message, command.clone(), timeout).await {
                Ok(_) => return Ok(()),
                Err(CallError::Answered(error)) if matches!(error.kind, Kind::NotFound | Kind::Invalid) => {
                    let text = format!("this node lost its data and cannot be rebuilt: {error}");
                    return Err(Error::new(Kind::Precondition, text));
                }
                // Another change of members may be under way, or nobody leads: that passes.
                Err(error) => last = Some(error.to_string()),
            }
        }
        // Whoever is no member any more may have been given the new place before it heard so; under that it is told.
        if network.is_removed() {
            return Ok(());
        }
        if runtime::now() >= tell {
            tell = runtime::now() + Duration::from_millis(FOUNDING_TELL_MS);
            tracing::warn!(why = last.as_deref(), "recovering: waiting for the cluster to give this node a new place");
        }
        runtime::sleep(Duration::from_millis(FOUNDING_LOOK_MS)).await;
    }
}

/// Who answers under the old id meanwhile: nobody.
struct Absent(BTreeSet<NodeId>);

impl Reception for Absent {
    fn call(&self, _from: NodeId, _message: Message, _body: Bytes) -> BoxFuture<'static, Result<Bytes>> {
        Box::pin(async { Err(Error::new(Kind::Unavailable, "this node lost its data and is being rebuilt")) })
    }

    fn stream(&self, _from: NodeId, _message: Message, _receiver: Receiver, _sender: Sender) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn standing(&self, node: NodeId) -> Standing {
        if self.0.contains(&node) { Standing::Member } else { Standing::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use base::disk::MemoryDisk;

    use super::*;

    #[test]
    fn an_order_stands_until_it_is_carried_out() {
        let disk = MemoryDisk::new();
        assert_eq!(Order::load(&disk).unwrap(), None);
        let told = order(&disk, &Error::new(Kind::Corrupt, "the tree is damaged\nand more"));
        assert!(told.message.starts_with("the tree is damaged") && told.message.contains("rebuilt"), "{told}");
        let first = Order::load(&disk).unwrap().expect("was noted");
        assert_eq!(first.why, "the tree is damaged");
        order(&disk, &Error::new(Kind::Corrupt, "something else"));
        assert_eq!(Order::load(&disk).unwrap(), Some(first.clone()), "the same place is asked for again");
        let old = Identity { cluster_id: 1, node_id: 2, incarnation: 3, founders: vec![2, 4], begun: true };
        let others = Book::from([(4, "n4:1".to_owned()), (5, "n5:1".to_owned())]);
        let new = first.clone().take(&disk, &old, &others).unwrap();
        assert_eq!((new.cluster_id, new.node_id, new.begun), (1, first.node_id, false));
        assert_eq!(Identity::load(&disk).unwrap(), Some(new));
        assert_eq!(load_book(&disk).unwrap(), Some(others));
        assert_eq!(Order::load(&disk).unwrap(), None);
    }

    #[test]
    fn papers_that_are_damaged_or_of_another_build_are_refused() {
        let disk = MemoryDisk::new();
        paper::store(&disk, ORDER, "format = 1\n").unwrap();
        assert_eq!(Order::load(&disk).unwrap_err().kind, Kind::Corrupt);
        paper::store(&disk, ORDER, &paper::seal("format = 9\n".into())).unwrap();
        assert_eq!(Order::load(&disk).unwrap_err().kind, Kind::Unsupported);
        paper::store(&disk, BOOK, &paper::seal("format = 2\n".into())).unwrap();
        assert_eq!(load_book(&disk).unwrap_err().kind, Kind::Unsupported);
    }
}
