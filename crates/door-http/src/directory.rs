//! Users and grants, as administration looks at them and changes them.

use base::Result;
use cluster::{
    Command,
    principals::{self, Grant, User},
};
use futures_util::future::BoxFuture;
use replica::Node;

/// What the administrative socket asks about users and grants.
pub trait Directory: Send + Sync + 'static {
    /// All users, by name.
    fn users(&self) -> Vec<User>;

    /// All grants.
    fn grants(&self) -> Vec<Grant>;

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

    fn change(&self, command: principals::Command) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.change_cluster(&Command::Principals(command)).await })
    }
}
