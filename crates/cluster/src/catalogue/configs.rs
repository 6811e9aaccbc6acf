//! Changing settings.

use base::{Error, Kind, Result};

use super::topic::Configs;
use crate::limits::{CONFIG_BYTES_MAX, CONFIG_NAME_BYTES_MAX, CONFIGS_MAX};

/// What becomes of settings. Nothing but strings here: what a name means, and whether a value fits it, is said by
/// [settings](crate::settings) and checked before it is proposed, and so is adding to a list (it is read, and set whole).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigChange {
    /// The version of the settings that the proposer looked at. If they changed since, the change is refused (`Conflict`), and
    /// the proposer looks again: two alterations do not lose one another.
    pub seen: u64,
    /// Names that go back to their defaults.
    pub delete: Vec<String>,
    /// Names and values; one that is also deleted is set.
    pub set: Vec<(String, String)>,
}

impl ConfigChange {
    /// What `before`, which is of version `version`, becomes; `None` if it is so already.
    pub(super) fn apply(self, before: &Configs, version: u64) -> Result<Option<Configs>> {
        let mut after = before.clone();
        self.delete.iter().for_each(|name| {
            after.remove(name);
        });
        after.extend(self.set);
        if after == *before {
            return Ok(None);
        }
        if self.seen != version {
            return Err(Error::new(Kind::Conflict, "the settings changed meanwhile: read them again and repeat"));
        }
        check(&after)?;
        Ok(Some(after))
    }
}

/// Whether settings are within their bounds.
pub(super) fn check(configs: &Configs) -> Result<()> {
    let is_name = |name: &String| (1..=CONFIG_NAME_BYTES_MAX).contains(&name.len());
    if configs.keys().all(is_name) && configs.len() <= CONFIGS_MAX && bytes(configs) <= CONFIG_BYTES_MAX {
        return Ok(());
    }
    let text = format!(
        "there are {CONFIGS_MAX} settings of {CONFIG_BYTES_MAX} bytes together at most, with names of 1 to {CONFIG_NAME_BYTES_MAX}"
    );
    Err(Error::new(Kind::Invalid, text))
}

/// Bytes of their names and values.
pub(super) fn bytes(configs: &Configs) -> usize {
    configs.iter().map(|(name, value)| name.len() + value.len()).sum()
}
