//! Who asks, and what they may do. Who knows that is the [`Keeper`]; the door only asks.

use std::sync::Arc;

use axum::http::HeaderMap;
use config::Who;
use gate::Peer;

use crate::problem::Problem;

/// What is done with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// To see namespaces, keys, values and versions, and to watch them.
    Read,
    /// To see the audit trail.
    Audit,
    /// To change keys.
    Write,
    /// To create, alter and delete namespaces.
    Manage,
    /// What is about the store as a whole.
    Operate,
}

/// Somebody who is known.
pub trait Holder: Send + Sync + 'static {
    /// For the audit trail.
    fn who(&self) -> &Who;

    /// Whether they may do this in a namespace; `None`: in all of them together.
    fn may(&self, right: Right, namespace: Option<&str>) -> bool;

    /// Whether they may do this in some namespace at least.
    fn may_somewhere(&self, right: Right) -> bool;
}

/// Who knows who may come in.
pub trait Keeper: Send + Sync + 'static {
    /// Who sends these headers.
    ///
    /// # Errors
    /// Why they may not come in.
    fn identify(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Arc<dyn Holder>, Refusal>;
}

/// Why somebody does not come in.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal(pub(crate) Problem);
