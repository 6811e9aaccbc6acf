//! Topics as a request may have to do with them: found, and allowed.
//!
//! A history of the configuration store is read by who may read its namespace, whatever grants are enforced for other topics: the
//! store is shut to strangers, so this door does not let them see it. What grants deny of its topic is denied as well.

use std::sync::Arc;

use cluster::{
    catalogue::Topic,
    principals::{Access, Operation, Question, Resource},
};
use kafka_wire::{ErrorCode, messages::ApiKey};

use crate::{
    authorization::{denied, needs},
    histories::is_history,
    security::Identity,
    topics::Place,
    transport::Context,
};

/// Whether somebody may read a namespace, by the topic of this name.
fn lets_read(access: &Access, identity: &Identity, namespace: &str, topic: &str) -> bool {
    let Identity { principal, host, is_known } = identity;
    let question = |resource| Question { principal, host: *host, operation: Operation::Read, resource, allow_ungranted: false };
    *is_known
        && access.authorize(&question(Resource::Namespace), namespace.as_bytes()).is_allowed()
        && !access.denies(&question(Resource::Topic), topic.as_bytes())
}

impl Context {
    /// Whether a request may have to do with the topic of this name, whether there is one or not.
    ///
    /// # Errors
    /// `TOPIC_AUTHORIZATION_FAILED`; `INVALID_TOPIC_EXCEPTION` for what would change a history, as Kafka answers for its internal topics.
    pub(crate) fn topic(&self, api: ApiKey, name: &str) -> Result<(), ErrorCode> {
        match self.door.topics.namespace_shown(name) {
            Some(namespace) => self.history(api, &namespace, name),
            None => self.authority.topic(api, name),
        }
    }

    /// The same of a topic that was found.
    ///
    /// # Errors
    /// As [`Context::topic`].
    pub(crate) fn allowed(&self, api: ApiKey, topic: &Topic) -> Result<(), ErrorCode> {
        match config::Topic::named(&topic.name).filter(|_| is_history(topic)) {
            Some((_, namespace)) => self.history(api, &namespace, &topic.name),
            None => self.authority.topic(api, &topic.name),
        }
    }

    /// The same of what is about to be shown: who looked it up may have been asked for another topic of that name.
    ///
    /// # Errors
    /// `TOPIC_AUTHORIZATION_FAILED`.
    pub(crate) fn lets_show(&self, place: &Place) -> Result<(), ErrorCode> {
        match &place.history {
            Some(history) => self.history(ApiKey::Fetch, history.namespace(), &history.name()),
            None => Ok(()),
        }
    }

    /// A topic that may be read, by name.
    ///
    /// # Errors
    /// As [`Context::topic`]; `UNKNOWN_TOPIC_OR_PARTITION`.
    pub(crate) fn find(&self, api: ApiKey, name: &str) -> Result<Arc<Topic>, ErrorCode> {
        match self.door.topics.readable(name) {
            Some(topic) => self.allowed(api, &topic).map(|()| topic),
            None => self.topic(api, name).and(Err(ErrorCode::UnknownTopicOrPartition)),
        }
    }

    /// Histories that who asks may read.
    pub(crate) fn histories(&self) -> Vec<Arc<Topic>> {
        let identity = self.authority.identity();
        if !identity.is_known {
            return Vec::new();
        }
        let Some(access) = self.access() else { return Vec::new() };
        let may = |topic: config::Topic, namespace: &str| {
            topic.name_of(namespace).is_some_and(|name| lets_read(&access, identity, namespace, &name))
        };
        self.door.topics.histories(may)
    }

    /// All grants as they are now, enforced for other topics or not.
    fn access(&self) -> Option<Arc<Access>> {
        self.door.topics.node().look_at_cluster(|machine| machine.principals().access().clone())
    }

    fn history(&self, api: ApiKey, namespace: &str, name: &str) -> Result<(), ErrorCode> {
        match needs(api, Resource::Topic) {
            Some(Operation::Read | Operation::Describe | Operation::DescribeConfigs) => {
                let may = self.access().is_some_and(|access| lets_read(&access, self.authority.identity(), namespace, name));
                if may { Ok(()) } else { Err(denied(Resource::Topic)) }
            }
            _ => Err(ErrorCode::InvalidTopicException),
        }
    }
}
