//! What the kernel says about a process: CPU time, memory, bytes written.

use std::fs;

/// CPU seconds that process `pid` has used so far, user and system; `None` once it is gone.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// Resident bytes of process `pid`.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    line(pid, "status", "VmRSS:").map(|kib| kib * 1024)
}

/// Bytes that process `pid` caused to be written to storage.
pub fn written_bytes(pid: u32) -> Option<u64> {
    line(pid, "io", "write_bytes:")
}

/// How many file descriptors process `pid` has open.
pub fn open_files(pid: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{pid}/fd")).ok().map(Iterator::count)
}

fn line(pid: u32, file: &str, label: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    text.lines().find_map(|l| l.strip_prefix(label)?.split_whitespace().next()?.parse().ok())
}
