//! Who comes in, and what is written down of those who do not.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use axum::http::{HeaderMap, HeaderValue, Method};
use config::{Action, Command, Context, Refused, Who};
use parking_lot::Mutex;
use replica::Lane;

use super::{
    ConfigDoor,
    call::who,
    routes::{Access, Route},
};
use crate::{
    keys::{Caller, Doorkeeper},
    limits::REFUSALS_AUDITED,
    problem::{Problem, Reason},
    visitor::Visitor,
};

/// Who comes in.
pub(crate) struct Admission {
    doorkeeper: Doorkeeper,
    audited: Mutex<Bucket>,
    not_audited: AtomicU64,
}

/// How many may go on.
struct Bucket {
    left: f64,
    since: Instant,
}

impl Admission {
    pub(crate) fn new(doorkeeper: Doorkeeper) -> Admission {
        let audited = Mutex::new(Bucket { left: f64::from(REFUSALS_AUDITED.1), since: Instant::now() });
        Admission { doorkeeper, audited, not_audited: AtomicU64::new(0) }
    }

    /// Refused attempts that were not written to the audit trail, since there were too many.
    pub(crate) fn not_audited(&self) -> u64 {
        self.not_audited.load(Relaxed)
    }

    fn is_audited(&self) -> bool {
        let (rate, burst) = REFUSALS_AUDITED;
        let mut bucket = self.audited.lock();
        let now = Instant::now();
        let earned = now.duration_since(bucket.since).as_secs_f64() * f64::from(rate);
        bucket.left = (bucket.left + earned).min(f64::from(burst));
        bucket.since = now;
        let goes_on = bucket.left >= 1.0;
        if goes_on {
            bucket.left -= 1.0;
        } else {
            self.not_audited.fetch_add(1, Relaxed);
        }
        goes_on
    }
}

impl ConfigDoor {
    pub(crate) fn doorkeeper(&self) -> &Doorkeeper {
        &self.0.admission.doorkeeper
    }

    /// Who sends a request to this route, if they may.
    pub(crate) async fn admit(
        &self,
        route: &Route,
        parts: &[String],
        headers: &HeaderMap,
        visitor: Visitor,
        request_id: &HeaderValue,
    ) -> Result<Option<Caller>, Problem> {
        if route.access == Access::Anybody {
            return Ok(None);
        }
        let namespace = parts.first().map(String::as_str).filter(|_| route.path.contains("{ns}"));
        let refuse = |who: Who, problem: Problem| {
            self.audit_refusal(route, namespace, parts.get(1).cloned(), who, &problem, request_id);
            problem
        };
        let doorkeeper = self.doorkeeper();
        let caller = doorkeeper.authenticate(headers, visitor).await.map_err(|refusal| {
            let address = visitor.address.map(|address| address.to_string()).unwrap_or_default();
            refuse(Who { address, ..Who::default() }, refusal.into())
        })?;
        let is_allowed = match route.access {
            Access::Anybody => Ok(()),
            Access::Here(right) => doorkeeper.require(&caller, right, namespace),
            Access::Everywhere(right) => doorkeeper.require(&caller, right, None),
            Access::Somewhere(right) if doorkeeper.may_somewhere(&caller, right) => Ok(()),
            Access::Somewhere(right) => doorkeeper.require(&caller, right, None),
        };
        match is_allowed {
            Ok(()) => Ok(Some(caller)),
            Err(refusal) => Err(refuse(who(&caller), refusal.into())),
        }
    }

    /// Writes an attempt to the audit trail, unless there are too many. Nobody waits for that.
    fn audit_refusal(
        &self,
        route: &Route,
        namespace: Option<&str>,
        key: Option<String>,
        who: Who,
        problem: &Problem,
        request_id: &HeaderValue,
    ) {
        let is_forbidden = matches!(problem.reason, Reason::Denied | Reason::Unauthenticated);
        // What cannot be a namespace or a key is not written down.
        let namespace = namespace.unwrap_or_default();
        let is_namespace = namespace.is_empty() || config::check_namespace(namespace).is_ok();
        let key = key.filter(|key| is_namespace && !namespace.is_empty() && config::check_key(key).is_ok());
        if !is_forbidden || !self.0.admission.is_audited() {
            return;
        }
        let Ok(store) = self.store() else { return };
        let comment: String = format!("{}: {}", route.name, problem.detail).chars().take(256).collect();
        let refused = Refused {
            context: Context { who, request_id: request_id.to_str().unwrap_or_default().to_owned(), comment },
            attempted: attempted(route),
            namespace: if is_namespace { namespace.to_owned() } else { String::new() },
            key,
        };
        replica::runtime::spawn(async move {
            if let Err(error) = store.propose(Lane::Bulk, &Command::Refused(refused)).await {
                tracing::debug!(%error, "a refused attempt is not in the audit trail");
            }
        });
    }
}

/// What a route would have done. The trail has no word for reading: that it was about is in the comment.
fn attempted(route: &Route) -> Action {
    let is_of_namespace = route.path == "/api/v1/namespaces/{ns}";
    match (&route.method, is_of_namespace) {
        (&Method::PUT, true) => Action::NamespaceUpdated,
        (&Method::DELETE, true) => Action::NamespaceDeleted,
        (&Method::DELETE, false) => Action::ConfigDeleted,
        (&Method::GET, _) => Action::Refused,
        _ => Action::ConfigUpdated,
    }
}
