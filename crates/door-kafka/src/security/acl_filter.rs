//! Which grants a request means (`AclBindingFilter`).

use cluster::principals::{ANY, Grant, Operation, Pattern, Permission, Resource};

use super::acls::is_ours;

/// Any kind: of resources, patterns, operations, permissions alike.
const ANY_KIND: i8 = 1;
/// Patterns that take the name: the name itself, its prefixes, and the one that stands for all (KIP-290).
const MATCH: i8 = 2;

/// Which grants are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// `None`: any.
    resource: Option<Resource>,
    pattern: Patterns,
    name: Option<String>,
    grantee: Option<String>,
    host: Option<String>,
    operation: Option<Operation>,
    permission: Option<Permission>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patterns {
    Any,
    Matching,
    Only(Pattern),
}

/// A kind by its number, `None` within for any; `None` for a number that none has.
fn kind<K>(code: i8, from_code: impl Fn(u8) -> Option<K>) -> Option<Option<K>> {
    if code == ANY_KIND { Some(None) } else { Some(Some(from_code(u8::try_from(code).ok()?)?)) }
}

impl Filter {
    /// Resource kind, pattern kind and name; grantee and host; operation and permission. `None` if a kind is not known.
    pub(super) fn new(what: (i8, i8, Option<&str>), who: (Option<&str>, Option<&str>), how: (i8, i8)) -> Option<Filter> {
        let pattern = match what.1 {
            MATCH => Patterns::Matching,
            code => kind(code, Pattern::from_code)?.map_or(Patterns::Any, Patterns::Only),
        };
        Some(Filter {
            resource: kind(what.0, Resource::from_code)?,
            pattern,
            name: what.2.map(str::to_owned),
            grantee: who.0.map(str::to_owned),
            host: who.1.map(str::to_owned),
            operation: kind(how.0, Operation::from_code)?,
            permission: kind(how.1, Permission::from_code)?,
        })
    }

    /// Whether this grant is meant.
    pub(super) fn takes(&self, grant: &Grant) -> bool {
        !is_ours(grant.resource)
            && self.resource.is_none_or(|resource| resource == grant.resource)
            && self.takes_name(grant)
            && self.grantee.as_ref().is_none_or(|grantee| *grantee == grant.grantee.to_string())
            && self.host.as_ref().is_none_or(|host| grant.is_from(host))
            && self.operation.is_none_or(|operation| operation == grant.operation)
            && self.permission.is_none_or(|permission| permission == grant.permission)
    }

    fn takes_name(&self, grant: &Grant) -> bool {
        let name = self.name.as_deref();
        match (self.pattern, grant.pattern) {
            (Patterns::Only(only), pattern) if only != pattern => false,
            (Patterns::Any | Patterns::Only(_), _) => name.is_none_or(|name| name == grant.name),
            (Patterns::Matching, Pattern::Literal) => name.is_none_or(|name| name == grant.name || grant.name == ANY),
            (Patterns::Matching, Pattern::Prefixed) => name.is_none_or(|name| name.starts_with(&grant.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use cluster::principals::Grantee;

    use super::*;

    fn grant(pattern: Pattern, name: &str) -> Grant {
        Grant {
            resource: Resource::Topic,
            pattern,
            name: name.to_owned(),
            grantee: Grantee::User("alice".to_owned()),
            host: "*".to_owned(),
            operation: Operation::Read,
            permission: Permission::Allow,
        }
    }

    fn taken(pattern: i8, name: Option<&str>) -> Vec<String> {
        let all = [
            grant(Pattern::Literal, "orders"),
            grant(Pattern::Literal, "*"),
            grant(Pattern::Prefixed, "ord"),
            grant(Pattern::Prefixed, "x"),
        ];
        let filter = Filter::new((2, pattern, name), (None, None), (1, 1)).expect("known kinds");
        all.iter().filter(|grant| filter.takes(grant)).map(|grant| format!("{:?} {}", grant.pattern, grant.name)).collect()
    }

    #[test]
    fn patterns_are_taken_as_kafka_takes_them() {
        assert_eq!(taken(1, None).len(), 4);
        assert_eq!(taken(1, Some("ord")), ["Prefixed ord"]);
        assert_eq!(taken(2, Some("orders")), ["Literal orders", "Literal *", "Prefixed ord"]);
        assert_eq!(taken(2, None).len(), 4);
        assert_eq!(taken(3, Some("orders")), ["Literal orders"]);
        assert_eq!(taken(3, Some("*")), ["Literal *"]);
        assert_eq!(taken(4, None), ["Prefixed ord", "Prefixed x"]);
        assert_eq!(taken(4, Some("orders")), [""; 0]);
    }

    #[test]
    fn each_part_narrows() {
        let takes = |what, who, how| Filter::new(what, who, how).expect("known kinds").takes(&grant(Pattern::Literal, "orders"));
        let all = ((1, 1, None), (None, None), (1, 1));
        assert!(takes(all.0, all.1, all.2));
        assert!(!takes((3, 1, None), all.1, all.2), "another resource");
        assert!(takes(all.0, (Some("User:alice"), Some("*")), all.2));
        assert!(!takes(all.0, (Some("alice"), None), all.2), "a principal has its kind in front");
        assert!(!takes(all.0, (None, Some("10.0.0.1")), all.2), "a host is that host, and * is all of them");
        let filter = Filter::new(all.0, (None, Some("0:0::1")), all.2).expect("known kinds");
        assert!(filter.takes(&Grant { host: "::1".to_owned(), ..grant(Pattern::Literal, "orders") }), "however it is written");
        assert!(takes(all.0, all.1, (3, 3)));
        assert!(!takes(all.0, all.1, (4, 3)), "another operation");
        assert!(!takes(all.0, all.1, (3, 2)), "another permission");
        let ours = Grant { resource: Resource::Keys, ..grant(Pattern::Literal, "orders") };
        assert!(!Filter::new(all.0, all.1, all.2).expect("known").takes(&ours), "it is none of Kafka's");
    }

    #[test]
    fn unknown_kinds_make_no_filter() {
        for (what, how) in
            [((0, 1), (1, 1)), ((1, 0), (1, 1)), ((1, 5), (1, 1)), ((1, 1), (0, 1)), ((1, 1), (1, 4)), ((-1, 1), (1, 1))]
        {
            assert_eq!(Filter::new((what.0, what.1, None), (None, None), how), None);
        }
    }
}
