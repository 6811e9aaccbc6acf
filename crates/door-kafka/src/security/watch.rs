//! Telling connections that users have changed.

use std::sync::Weak;

use replica::runtime;

use crate::{door::Shared, limits::PRINCIPALS_LOOK};

/// Looks at users and grants as long as the door is open, so that connections find out in time, without each looking by itself.
pub(crate) async fn watch(shared: Weak<Shared>) {
    loop {
        runtime::sleep(PRINCIPALS_LOOK).await;
        let Some(shared) = shared.upgrade() else { return };
        let version = shared.topics.node().look_at_cluster(|machine| machine.principals().version());
        let known = version.unwrap_or_default();
        shared.principals.send_if_modified(|told| {
            let is_new = *told != known;
            *told = known;
            is_new
        });
    }
}
