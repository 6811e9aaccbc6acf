//! Which formats this process reads and writes. See [`cluster::LEVEL`].

use std::sync::OnceLock;

/// Makes a build with assertions, which nobody runs in earnest, behave like the build after it.
const NEXT: &str = "MANIFOLD_NEXT_BUILD";

/// The greatest level of formats that this process reads and writes: its build's. In a build with assertions that is told so, one
/// more, so that tests can run two builds that follow each other together.
pub fn level() -> u32 {
    static LEVEL: OnceLock<u32> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return cluster::LEVEL;
    }
    *LEVEL.get_or_init(|| cluster::LEVEL + u32::from(std::env::var_os(NEXT).is_some()))
}

/// Whether this process is to behave like the build after it.
pub(crate) fn is_next() -> bool {
    level() > cluster::LEVEL
}
