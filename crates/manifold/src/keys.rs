//! Bringing the cluster's API keys to what a file says, once, by whoever leads.

use std::time::Duration;

use base::Error;
use door_http::keys::{FixedKey, Imported, import};
use replica::{Node, runtime};

/// How long a node that starts waits for its keys before its doors open: clients that come at once find them.
const OPENING_MAX: Duration = Duration::from_secs(2);

/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Imports the keys, or goes on with that beside everything else if it takes long: in a cluster somebody has to lead first.
pub(crate) async fn bring(node: Node, keys: Vec<FixedKey>) {
    if keys.is_empty() {
        return;
    }
    let importing = tokio::spawn(until_it_is_done(node, keys));
    let _ = tokio::time::timeout(OPENING_MAX, importing).await;
}

async fn until_it_is_done(node: Node, keys: Vec<FixedKey>) {
    let (id, mut told) = (node.status().node_id, None);
    loop {
        // One node is enough: the others would find everything there.
        if node.cluster_leader() == Some(id) {
            match import(&node, &keys).await {
                Ok(imported) => return tell(&imported),
                Err(error) => tell_once(&mut told, &error),
            }
        } else if are_there(&node, &keys) {
            return;
        }
        runtime::sleep(PAUSE).await;
    }
}

fn are_there(node: &Node, keys: &[FixedKey]) -> bool {
    keys.iter().all(|key| key.is_there(node))
}

/// Each reason once: it is tried again and again.
fn tell_once(told: &mut Option<String>, error: &Error) {
    let why = error.to_string();
    if told.as_ref() != Some(&why) {
        tracing::warn!("keys cannot be imported yet: {why}");
        *told = Some(why);
    }
}

fn tell(Imported { changed, unchanged, refused }: &Imported) {
    for (name, why) in refused {
        tracing::warn!(name, "a key is not imported: {why}");
    }
    let names = changed.join(",");
    tracing::info!(changed = names, unchanged, refused = refused.len(), by = "import-keys", "API keys imported");
}
