//! What a door demands of who comes in.

use std::time::Duration;

use gate::tls::PrincipalRules;

use super::mechanism::Mechanism;

/// What the door demands. The default lets everybody in and lets them do everything.
#[derive(Clone, Debug, Default)]
pub struct SecurityOptions {
    /// Signing in; `None`: nobody has to, and who shows a certificate is who that says.
    pub sasl: Option<SaslOptions>,
    /// Whether grants are enforced. What no grant speaks of is then denied (Kafka's `allow.everyone.if.no.acl.found=false`).
    pub authorization: bool,
    /// What certificates' names become.
    pub principal_rules: PrincipalRules,
}

/// How clients sign in.
#[derive(Clone, Debug)]
pub struct SaslOptions {
    /// The mechanisms that are offered, in this order.
    pub mechanisms: Vec<Mechanism>,
    /// How long somebody is signed in before they have to do it again (KIP-368); `None`: as long as the connection lasts.
    pub session: Option<Duration>,
}
