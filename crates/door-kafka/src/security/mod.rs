//! Who comes in: signing in by SASL, names from certificates, and the calls that manage users and grants.
//!
//! A connection has one [`Session`], which sees each request before its handler does. It takes those that sign in, turns away what
//! may not come yet, and gives handlers an [`Authority`](crate::authorization::Authority): who asks and what they may do.

mod acl_filter;
mod acls;
mod exchange;
mod identity;
mod likeness;
mod mechanism;
mod options;
mod scram_users;
mod session;
mod vault;
mod watch;

use futures_util::future::BoxFuture;
use kafka_wire::messages::ApiKey;

pub(crate) use identity::Identity;
pub use mechanism::Mechanism;
pub use options::{SaslOptions, SecurityOptions};
pub(crate) use session::{Received, Session};
pub(crate) use vault::Vault;
pub(crate) use watch::watch;

use crate::transport::{Answer, Call, Context};

/// What is served here, in every version of the table.
const SERVED: [ApiKey; 7] = [
    ApiKey::SaslHandshake,
    ApiKey::SaslAuthenticate,
    ApiKey::DescribeAcls,
    ApiKey::CreateAcls,
    ApiKey::DeleteAcls,
    ApiKey::DescribeUserScramCredentials,
    ApiKey::AlterUserScramCredentials,
];

/// Whether a request is served here.
pub(crate) fn serves(key: ApiKey) -> bool {
    SERVED.contains(&key)
}

/// Answers a request that is served here.
pub(crate) fn answer(key: ApiKey, context: Context, call: Call) -> BoxFuture<'static, Answer> {
    match key {
        ApiKey::DescribeAcls => Box::pin(acls::describe(context, call)),
        ApiKey::CreateAcls => Box::pin(acls::create(context, call)),
        ApiKey::DeleteAcls => Box::pin(acls::delete(context, call)),
        ApiKey::DescribeUserScramCredentials => Box::pin(scram_users::describe(context, call)),
        ApiKey::AlterUserScramCredentials => Box::pin(scram_users::alter(context, call)),
        // The session takes those that sign in before they come here.
        _ => Box::pin(async move { Answer::Close(format!("{key:?} came out of its order")) }),
    }
}
