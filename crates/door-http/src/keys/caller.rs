//! Who asks.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use bytes::Bytes;
use cluster::principals::{
    self, Access, Question, Resource,
    keys::{ApiKey, Hash, KeyId, Operation},
};

/// The name of the cluster among resources.
const CLUSTER: &str = "kafka-cluster";

/// Who asks, as they were known when they were let in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom the key belongs to, or the user.
    pub principal: Arc<str>,
    /// The key, if it was one.
    pub key_id: Option<KeyId>,
    /// Where they come from; `None`: the administrative socket.
    pub address: Option<IpAddr>,
    pub(super) standing: Standing,
    pub(super) access: Arc<Access>,
}

/// What somebody's rights come from.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    /// The administrative socket: whoever may open it may do everything.
    Operator,
    /// The key and the hash of what was sent: a key may have two secrets for a while.
    Key { key: Arc<ApiKey>, hash: Hash },
    /// A user. One that was removed and made again, or has another password, is another one.
    User { created_ms: u64, stored_key: Bytes },
}

impl Caller {
    /// Who comes by the administrative socket.
    pub fn operator() -> Caller {
        let (standing, access) = (Standing::Operator, Arc::default());
        Caller { principal: "operator".into(), key_id: None, address: None, standing, access }
    }

    /// The key, if it was one.
    pub fn key(&self) -> Option<&ApiKey> {
        match &self.standing {
            Standing::Key { key, .. } => Some(key),
            _ => None,
        }
    }

    /// In words, for messages.
    pub(super) fn words(&self) -> String {
        match self.key() {
            Some(key) => format!("the key \"{}\"", key.terms.name),
            None => format!("the user \"{}\"", self.principal),
        }
    }

    /// Whether they may do `operation` in `namespace`; `None`: in all of them together, or with the store as a whole.
    pub(super) fn may(&self, operation: Operation, namespace: Option<&str>) -> bool {
        let (question, name) = self.question(operation, namespace);
        match &self.standing {
            Standing::Operator => true,
            Standing::Key { key, .. } => {
                key.terms.rights.allow(operation, namespace) && !self.is_denied(&question, name, namespace)
            }
            Standing::User { .. } => {
                self.access.authorize(&question, name.as_bytes()).is_allowed() && !self.is_denied(&question, name, namespace)
            }
        }
    }

    /// Whether they may do `operation` in at least one namespace.
    pub(super) fn may_somewhere(&self, operation: Operation) -> bool {
        match &self.standing {
            Standing::Operator => true,
            Standing::Key { key, .. } => key.terms.rights.allow_somewhere(operation),
            Standing::User { .. } => {
                self.access.authorize_any(&self.question(operation, None).0).is_allowed() || self.may(operation, None)
            }
        }
    }

    /// What grants are asked. Nothing is called by the empty name, so that only a grant for all speaks of it.
    fn question<'a>(&'a self, operation: Operation, namespace: Option<&'a str>) -> (Question<'a>, &'a str) {
        let (resource, granted) = granted_as(operation);
        let name = if resource == Resource::Cluster { CLUSTER } else { namespace.unwrap_or_default() };
        (self.asking(resource, granted), name)
    }

    pub(super) fn asking(&self, resource: Resource, operation: principals::Operation) -> Question<'_> {
        let host = self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Question { principal: &self.principal, host, operation, resource, allow_ungranted: false }
    }

    /// Whether grants keep them from it, whatever else allows it. All namespaces together are denied if one is.
    fn is_denied(&self, question: &Question<'_>, name: &str, namespace: Option<&str>) -> bool {
        if question.resource == Resource::Namespace && namespace.is_none() {
            return self.access.denies_some(question);
        }
        self.access.denies(question, name.as_bytes())
    }
}

/// The grant that lets a user do an operation.
pub(super) fn granted_as(operation: Operation) -> (Resource, principals::Operation) {
    match operation {
        Operation::Read | Operation::Audit => (Resource::Namespace, principals::Operation::Read),
        Operation::Write => (Resource::Namespace, principals::Operation::Write),
        Operation::Publish => (Resource::Namespace, principals::Operation::AlterConfigs),
        Operation::Manage => (Resource::Namespace, principals::Operation::Alter),
        Operation::Keys | Operation::Operate => (Resource::Cluster, principals::Operation::Alter),
    }
}
