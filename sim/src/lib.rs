//! Whole nodes in one process on virtual time, from one seed.
