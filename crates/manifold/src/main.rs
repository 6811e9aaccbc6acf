//! One server, one log, four doors.
fn main() {}
