//! Making, rotating and revoking keys, for the API and the administrative socket alike. Each change is a line in the log of the node
//! that was asked, with who did it; secrets are in none.

use std::{sync::Arc, time::Duration};

use base::{Error, Kind, Result};
use cluster::principals::{
    self,
    keys::{ApiKey, Command, KeyId, Operation, Rights, Role, Terms},
};
use replica::runtime;

use super::{
    caller::{Caller, Standing},
    doorkeeper::look_at,
    text::{Drawn, draw, draw_id},
};
use crate::{Directory, limits::GRACE_MAX};

/// A key and its secret, which is shown now and never again.
pub(crate) struct Made {
    pub(crate) key: Arc<ApiKey>,
    pub(crate) text: String,
}

/// Whether `caller` may make such keys, see them, and change them: those that let do no more than what they may do themselves.
pub(super) fn may_manage(caller: &Caller, rights: &Rights) -> bool {
    let may_in = |namespace: Option<&str>| caller.may(Operation::Keys, namespace);
    match &caller.standing {
        Standing::Operator => true,
        Standing::User { .. } => may_in(None),
        Standing::Key { key, .. } => {
            let may_there = match &rights.namespaces[..] {
                [] => may_in(None),
                some => some.iter().all(|namespace| may_in(Some(namespace))),
            };
            may_there && key.terms.rights.cover(rights)
        }
    }
}

/// Makes a key. `caller` may manage such ones.
pub(crate) async fn create(directory: &dyn Directory, caller: &Caller, terms: Terms) -> Result<Made> {
    if *terms.owner != *caller.principal && !may_manage(caller, &Rights::of(Role::Admin)) {
        return Err(Error::new(Kind::Denied, "only an administrator of the whole store makes keys for other principals"));
    }
    let id = draw_id();
    let Drawn { text, secret } = draw(id);
    let time_ms = runtime::wall_ms();
    if terms.expires_ms != 0 && terms.expires_ms <= time_ms {
        return Err(Error::new(Kind::Invalid, "the key would have expired already: choose a later time"));
    }
    change(directory, Command::Create { id, terms, secret, time_ms }).await?;
    let key = find(directory, id)?;
    tell(caller, &key, "an API key was made");
    Ok(Made { key, text })
}

/// Gives a key another secret. The one before is good for `grace` beside it.
pub(crate) async fn rotate(directory: &dyn Directory, caller: &Caller, id: KeyId, grace: Duration) -> Result<Made> {
    if grace > GRACE_MAX {
        let days = GRACE_MAX.as_secs() / (24 * 60 * 60);
        return Err(Error::new(Kind::Invalid, format!("a former secret is good for {days} days at most")));
    }
    let Drawn { text, secret } = draw(id);
    let time_ms = runtime::wall_ms();
    let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
    let former_until_ms = if grace_ms == 0 { 0 } else { time_ms.saturating_add(grace_ms) };
    change(directory, Command::Rotate { id, secret, former_until_ms, time_ms }).await?;
    let key = find(directory, id)?;
    tell(caller, &key, "an API key was rotated");
    Ok(Made { key, text })
}

/// Ends a key for good.
pub(crate) async fn revoke(directory: &dyn Directory, caller: &Caller, id: KeyId) -> Result<Arc<ApiKey>> {
    change(directory, Command::Revoke { id, time_ms: runtime::wall_ms() }).await?;
    let key = find(directory, id)?;
    tell(caller, &key, "an API key was revoked");
    Ok(key)
}

pub(super) async fn change(directory: &dyn Directory, command: Command) -> Result<()> {
    directory.change(principals::Command::Key(command)).await
}

/// The key with this id.
pub(crate) fn find(directory: &dyn Directory, id: KeyId) -> Result<Arc<ApiKey>> {
    let found = look_at(directory, |principals| principals.keys().get(id).cloned()).ok().flatten();
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no key {id}")))
}

fn tell(caller: &Caller, key: &ApiKey, what: &'static str) {
    let Terms { name, owner, rights, .. } = &key.terms;
    let by_key = caller.key_id.map(tracing::field::display);
    let client = caller.address.map(tracing::field::display);
    let (by, role, owner) = (&*caller.principal, rights.role.name(), &**owner);
    tracing::info!(key = %key.id, name, owner, role, by, by_key, client, "{what}");
}
