//! Users, grants and keys, as doors and administration look at them and change them.

use base::Result;
use cluster::{
    Command,
    principals::{self, Grant, Principals, User},
};
use futures_util::future::BoxFuture;
use replica::Node;

/// What is asked about users, grants and keys.
pub trait Directory: Send + Sync + 'static {
    /// All users, by name.
    fn users(&self) -> Vec<User>;

    /// All grants.
    fn grants(&self) -> Vec<Grant>;

    /// Looks at users, grants and keys as they are known here. `look` is not called before this node knows any.
    fn look(&self, look: &mut dyn FnMut(&Principals));

    /// Changes them; the change is known here when this returns.
    fn change(&self, command: principals::Command) -> BoxFuture<'_, Result<()>>;
}

impl Directory for Node {
    fn users(&self) -> Vec<User> {
        self.look_at_cluster(|machine| machine.principals().users(None).cloned().collect()).unwrap_or_default()
    }

    fn grants(&self) -> Vec<Grant> {
        self.look_at_cluster(|machine| machine.principals().grants().cloned().collect()).unwrap_or_default()
    }

    fn look(&self, look: &mut dyn FnMut(&Principals)) {
        self.look_at_cluster(|machine| look(machine.principals()));
    }

    fn change(&self, command: principals::Command) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.change_cluster(&Command::Principals(command)).await })
    }
}
