//! Who may do what: the grants as questions need them. The rules are those of Kafka's `StandardAuthorizer`.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use super::{
    grant::{ANY, Grant, Grantee, Operation, Pattern, Permission, Resource},
    host::Host,
    patterns::{Map, Patterns},
    user::User,
};

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The name of who asks, without `User:`.
    pub principal: &'q str,
    /// The address that they come from.
    pub host: IpAddr,
    /// What they want to do.
    pub operation: Operation,
    /// With what kind of resource.
    pub resource: Resource,
    /// Kafka's `allow.everyone.if.no.acl.found`: what no grant speaks of is allowed to all.
    pub allow_ungranted: bool,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed: an admin may do everything.
    Admin,
    /// Allowed by a grant.
    Granted,
    /// Allowed since no grant speaks of the resource, and the question said that this is enough.
    Ungranted,
    /// Denied by a grant.
    Forbidden,
    /// Denied since nothing allows it.
    NotGranted,
    /// Denied since the user is disabled.
    Disabled,
}

impl Decision {
    /// Whether it may be done.
    pub fn is_allowed(self) -> bool {
        matches!(self, Decision::Admin | Decision::Granted | Decision::Ungranted)
    }
}

/// Grants of one pattern to one grantee: sets of operations, a bit each.
#[derive(Clone, Debug, Default)]
struct Rules {
    from_anywhere: Masks,
    /// By the texts of hosts: grants for one address in two ways of writing come and go by themselves.
    from: Vec<(Box<str>, Host, Masks)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    allow: u32,
    deny: u32,
}

impl Masks {
    fn of(&mut self, permission: Permission) -> &mut u32 {
        match permission {
            Permission::Allow => &mut self.allow,
            Permission::Deny => &mut self.deny,
        }
    }

    fn add(&mut self, other: Masks) {
        self.allow |= other.allow;
        self.deny |= other.deny;
    }
}

impl Rules {
    fn masks(&mut self, host: &str) -> &mut Masks {
        if host == ANY {
            return &mut self.from_anywhere;
        }
        let at = self.from.iter().position(|(known, ..)| **known == *host).unwrap_or_else(|| {
            self.from.push((host.into(), Host::of(host), Masks::default()));
            self.from.len() - 1
        });
        &mut self.from[at].2
    }

    fn at(&self, host: IpAddr) -> Masks {
        let mut masks = self.from_anywhere;
        for (_, known, more) in &self.from {
            match known {
                Host::Address(address) if *address != host => {}
                Host::Any | Host::Address(_) => masks.add(*more),
                Host::Unreadable => masks.deny |= more.deny,
            }
        }
        masks
    }

    /// Forgets hosts of which nothing is said any more. Whether nothing is left.
    fn tidy(&mut self) -> bool {
        self.from.retain(|(.., masks)| *masks != Masks::default());
        self.from.is_empty() && self.from_anywhere == Masks::default()
    }
}

/// All that is granted to one grantee, by the kind of resource.
#[derive(Clone, Debug, Default)]
struct Granted {
    of: [Patterns<Rules>; RESOURCES],
}

const RESOURCES: usize = Resource::ALL_KINDS.len();

fn place(resource: Resource) -> usize {
    match resource {
        Resource::Topic => 0,
        Resource::Group => 1,
        Resource::Cluster => 2,
        Resource::TransactionalId => 3,
        Resource::DelegationToken => 4,
        Resource::User => 5,
        Resource::Keys => 6,
        Resource::Namespace => 7,
    }
}

impl Granted {
    fn is_empty(&self) -> bool {
        self.of.iter().all(Patterns::is_empty)
    }
}

/// What is known of a name that asks.
#[derive(Clone, Debug, Default)]
struct Principal {
    /// As a user, if it is one: whether it is enabled, and whether it is an admin.
    user: Option<(bool, bool)>,
    granted: Option<Box<Granted>>,
}

/// Users and grants, indexed. A question costs one look-up for each length of prefixes that speak of such resources, to who asks
/// and to everyone, however many grants there are.
///
/// Whoever asks often keeps an `Arc` of it and takes the next one when the version differs. What is kept does not change: the
/// machine then goes on with a copy, which shares all but what changes.
#[derive(Clone, Debug, Default)]
pub struct Access {
    version: u64,
    principals: Map<Arc<str>, Arc<Principal>>,
    everyone: Arc<Granted>,
    /// How many grants speak of a resource, whoever they are for.
    spoken: Arc<[Patterns<usize>; RESOURCES]>,
}

fn bit(operation: Operation) -> u32 {
    1 << operation.code()
}

/// The operations of which any one, allowed, allows `operation`. Denying has no such implications.
fn allowing(operation: Operation) -> u32 {
    use Operation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    let implying: &[Operation] = match operation {
        Describe => &[Read, Write, Delete, Alter],
        DescribeConfigs => &[AlterConfigs],
        _ => &[],
    };
    implying.iter().fold(bit(operation) | bit(All), |mask, more| mask | bit(*more))
}

fn denying(operation: Operation) -> u32 {
    bit(operation) | bit(Operation::All)
}

impl Access {
    /// Of all that is known of principals, as [`Principals::version`](super::Principals::version) says it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether `question` is answered with yes for the resource `name`.
    pub fn authorize(&self, question: &Question<'_>, name: &[u8]) -> Decision {
        let known = self.principals.get(question.principal).map(|known| &**known);
        if let Some(decision) = known.and_then(by_user) {
            return decision;
        }
        let (place, host) = (place(question.resource), question.host.to_canonical());
        let mut masks = Masks::default();
        let granted = known.and_then(|known| known.granted.as_deref());
        for granted in granted.into_iter().chain([&*self.everyone]) {
            granted.of[place].of(name, |rules| masks.add(rules.at(host)));
        }
        if masks.deny & denying(question.operation) != 0 {
            return Decision::Forbidden;
        }
        if masks.allow & allowing(question.operation) != 0 {
            return Decision::Granted;
        }
        if question.allow_ungranted {
            let mut is_spoken_of = false;
            self.spoken[place].of(name, |_| is_spoken_of = true);
            if !is_spoken_of {
                return Decision::Ungranted;
            }
        }
        Decision::NotGranted
    }

    /// Whether `question` is answered with no whatever else allows it: a grant denies it, or the user is disabled. So is asked for
    /// who has rights from elsewhere, as [API keys](super::keys) have.
    pub fn denies(&self, question: &Question<'_>, name: &[u8]) -> bool {
        matches!(self.authorize(question, name), Decision::Forbidden | Decision::Disabled)
    }

    /// Whether there is a name for which [`denies`](Access::denies) says yes.
    pub fn denies_some(&self, question: &Question<'_>) -> bool {
        let known = self.principals.get(question.principal).map(|known| &**known);
        match known.and_then(by_user) {
            Some(decision) => decision == Decision::Disabled,
            None => {
                let (place, host) = (place(question.resource), question.host.to_canonical());
                let denied = denying(question.operation);
                let granted = known.and_then(|known| known.granted.as_deref());
                let mut all = granted.into_iter().chain([&*self.everyone]).flat_map(|granted| granted.of[place].all());
                all.any(|(_, _, rules)| rules.at(host).deny & denied != 0)
            }
        }
    }

    /// Whether `question` is answered with yes for at least one name that could be, as Kafka asks before it gives out producer
    /// ids (`Authorizer.authorizeByResourceType`, KIP-679): for a name that is in nobody's mind, or by a grant that no denial
    /// covers whole.
    ///
    /// Nothing is implied here: a grant counts if it is for the very operation, or for all.
    pub fn authorize_any(&self, question: &Question<'_>) -> Decision {
        // Kafka asks for this name, too.
        let other = self.authorize(question, b"hardcode");
        if other.is_allowed() || other == Decision::Disabled {
            return other;
        }
        let (place, wanted) = (place(question.resource), denying(question.operation));
        let known = self.principals.get(question.principal).and_then(|known| known.granted.as_deref());
        let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
        for (pattern, name, rules) in known.into_iter().chain([&*self.everyone]).flat_map(|granted| granted.of[place].all()) {
            let masks = rules.at(question.host.to_canonical());
            if masks.deny & wanted != 0 {
                denied.insert((pattern, name));
            }
            if masks.allow & wanted != 0 {
                allowed.insert((pattern, name));
            }
        }
        let all = (Pattern::Literal, ANY.as_bytes());
        if denied.contains(&all) {
            return Decision::Forbidden;
        }
        let is_covered = |(pattern, name): (Pattern, &[u8])| {
            let by_prefix = (1..=name.len()).any(|length| denied.contains(&(Pattern::Prefixed, &name[..length])));
            by_prefix || (pattern == Pattern::Literal && denied.contains(&(pattern, name)))
        };
        if allowed.contains(&all) || allowed.iter().any(|allowed| !is_covered(*allowed)) {
            return Decision::Granted;
        }
        if allowed.is_empty() { Decision::NotGranted } else { Decision::Forbidden }
    }

    pub(super) fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    pub(super) fn set_user(&mut self, user: &User) {
        self.principal(&user.name).user = Some((user.enabled, user.is_admin));
    }

    pub(super) fn remove_user(&mut self, name: &str) {
        self.principal(name).user = None;
        self.forget_if_empty(name);
    }

    /// Adds a grant that is not here yet.
    pub(super) fn add(&mut self, grant: &Grant) {
        let place = place(grant.resource);
        let rules = self.granted(&grant.grantee).of[place].entry(grant.pattern, &grant.name);
        *rules.masks(&grant.host).of(grant.permission) |= bit(grant.operation);
        *Arc::make_mut(&mut self.spoken)[place].entry(grant.pattern, &grant.name) += 1;
    }

    /// Removes a grant that is here.
    pub(super) fn remove(&mut self, grant: &Grant) {
        let place = place(grant.resource);
        let patterns = &mut self.granted(&grant.grantee).of[place];
        let rules = patterns.entry(grant.pattern, &grant.name);
        *rules.masks(&grant.host).of(grant.permission) &= !bit(grant.operation);
        if rules.tidy() {
            patterns.remove(grant.pattern, &grant.name);
        }
        if let Grantee::User(name) = &grant.grantee {
            self.forget_if_empty(name);
        }
        let spoken = &mut Arc::make_mut(&mut self.spoken)[place];
        let count = spoken.entry(grant.pattern, &grant.name);
        *count -= 1;
        if *count == 0 {
            spoken.remove(grant.pattern, &grant.name);
        }
    }

    fn principal(&mut self, name: &str) -> &mut Principal {
        Arc::make_mut(self.principals.entry(name.into()).or_default())
    }

    fn granted(&mut self, grantee: &Grantee) -> &mut Granted {
        match grantee {
            Grantee::Everyone => Arc::make_mut(&mut self.everyone),
            Grantee::User(name) => self.principal(name).granted.get_or_insert_default(),
        }
    }

    /// Forgets a name that is no user's and has no grants.
    fn forget_if_empty(&mut self, name: &str) {
        let is_empty = |principal: &Principal| principal.granted.as_deref().is_none_or(Granted::is_empty);
        if self.principals.get(name).is_some_and(|principal| principal.user.is_none() && is_empty(principal)) {
            self.principals.remove(name);
        }
    }
}

/// What is decided by who somebody is, whatever is granted.
fn by_user(principal: &Principal) -> Option<Decision> {
    match principal.user? {
        (false, _) => Some(Decision::Disabled),
        (true, true) => Some(Decision::Admin),
        (true, false) => None,
    }
}

#[cfg(test)]
mod tests;
