//! What the kernel says about a process: CPU time, memory, bytes written.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

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

/// How many of them are not for files in `folder`: sockets, pipes and the like.
pub fn open_elsewhere(pid: u32, folder: &Path) -> Option<usize> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    // One that was closed meanwhile is none any more.
    let targets = all.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Some(targets.filter(|target| !target.starts_with(folder)).count())
}

fn line(pid: u32, file: &str, label: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    text.lines().find_map(|l| l.strip_prefix(label)?.split_whitespace().next()?.parse().ok())
}

/// The rest between two looks at a process's memory.
const PEAK_PAUSE: Duration = Duration::from_millis(10);

/// Watches the resident memory of a process until it is asked.
#[derive(Debug)]
pub struct Peak {
    before: u64,
    is_over: Arc<AtomicBool>,
    looking: JoinHandle<u64>,
}

impl Peak {
    /// Begins with what it uses now.
    pub fn begin(pid: u32) -> Self {
        let before = resident_bytes(pid).expect("the process is there");
        let is_over = Arc::<AtomicBool>::default();
        let asked = is_over.clone();
        let looking = std::thread::spawn(move || {
            let mut peak = before;
            while !asked.load(Relaxed) {
                peak = peak.max(resident_bytes(pid).unwrap_or_default());
                std::thread::sleep(PEAK_PAUSE);
            }
            peak
        });
        Self { before, is_over, looking }
    }

    /// Bytes by which it grew at most since the beginning.
    pub fn growth(self) -> u64 {
        self.is_over.store(true, Relaxed);
        self.looking.join().expect("looking does not panic") - self.before
    }
}
