//! `manifold inspect`: what is stored, as it is, without a node and without changing anything.
