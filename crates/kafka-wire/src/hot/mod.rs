//! Produce and Fetch without what the generated code costs: requests are walked where they lie, answers leave without a copy of
//! their records.

pub mod fetch;
pub mod produce;
