//! `manifold inspect`
use crate::{arguments::Inspect, exit::Outcome};
pub(crate) fn run(_command: &Inspect) -> Outcome {
    Ok(())
}
