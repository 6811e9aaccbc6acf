//! Who asks at the HTTP door, and what they may do: API keys, and users with their passwords.
//!
//! A route asks the [`Doorkeeper`] twice: [`authenticate`](Doorkeeper::authenticate) says who the [`Caller`] is, and
//! [`require`](Doorkeeper::require), or [`may`](Doorkeeper::may), whether they may do a thing. Both look at what this node has
//! applied of shard 0: a key that was revoked through this node is refused from the next request on, elsewhere once that is applied
//! there. A key costs a hash and a look-up; nothing is kept of it but the hash.
//!
//! Without any key the door is shut, from loopback, too: the first one is made by `manifold ctl key create` on the node.
//!
//! A caller who stays (a watch) is looked at anew with [`renew`](Doorkeeper::renew) when [`version`](Doorkeeper::version) has risen.

mod caller;
mod desk;
mod doorkeeper;
mod import;
mod moment;
mod passwords;
mod permitted;
mod rates;
mod refusal;
mod routes;
mod text;
mod words;

pub use caller::Caller;
pub use cluster::principals::keys::{KeyId, Operation};
pub use doorkeeper::Doorkeeper;
pub use import::{FixedKey, Imported, import, read_fixed_keys};
pub use permitted::Permitted;
pub use refusal::Refusal;
pub use routes::router;
pub use words::Limit;

pub(crate) use desk::{Made, create, revoke, rotate};
pub(crate) use words::{namespaces, operations, rate, rights, standing};
