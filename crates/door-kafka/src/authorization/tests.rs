use kafka_wire::messages::APIS;

use super::*;
use crate::handlers::api_versions;

fn authority(access: Option<Arc<Access>>) -> Authority {
    let identity = Identity { principal: "alice".into(), is_known: true, host: [127, 0, 0, 1].into() };
    Authority::new(Arc::new(identity), access)
}

#[test]
fn whatever_is_served_is_held_against_grants() {
    for api in APIS.iter().filter(|api| api_versions::serves(api.key)) {
        assert!(is_enforced(api.key), "{} is served, and its handler has to ask what it needs", api.name);
    }
}

#[test]
fn what_is_enforced_is_in_the_table() {
    let needs_nothing = [ApiKey::ApiVersions, ApiKey::SaslHandshake, ApiKey::SaslAuthenticate, ApiKey::DescribeCluster];
    let resources = [Resource::Topic, Resource::Group, Resource::Cluster, Resource::TransactionalId];
    for api in APIS.iter().filter(|api| is_enforced(api.key)) {
        let has_row = resources.iter().any(|resource| needs(api.key, *resource).is_some());
        assert_eq!(has_row, !needs_nothing.contains(&api.key), "{}", api.name);
    }
}

#[test]
fn without_grants_nothing_is_allowed_and_where_they_are_off_everything_is() {
    let (nobody, anybody) = (authority(Some(Arc::default())), authority(None));
    for api in APIS {
        for resource in [Resource::Topic, Resource::Group, Resource::Cluster, Resource::TransactionalId] {
            let expected = Err(denied(resource));
            // Twice: what was decided is kept.
            for _ in 0..2 {
                assert_eq!(nobody.check(api.key, resource, "x"), expected, "{} {resource:?}", api.name);
            }
            assert_eq!(anybody.check(api.key, resource, "x"), Ok(()));
        }
    }
    assert_eq!(nobody.produce_idempotently(), Err(ErrorCode::ClusterAuthorizationFailed));
    assert_eq!(nobody.create("x"), Err(ErrorCode::TopicAuthorizationFailed));
    assert_eq!((nobody.is_for_all(), anybody.is_for_all()), (false, true));
    assert_eq!((nobody.among(0xffff, Resource::Topic, "x"), anybody.among(0x118, Resource::Topic, "x")), (0, 0x118));
}

#[test]
fn what_is_kept_of_decisions_is_bounded() {
    let nobody = authority(Some(Arc::default()));
    for topic in 0..3 * DECISIONS_KEPT_MAX {
        assert!(!nobody.may(Resource::Topic, Operation::Read, &topic.to_string()));
    }
    assert!(nobody.topics.lock().len() <= DECISIONS_KEPT_MAX);
}
