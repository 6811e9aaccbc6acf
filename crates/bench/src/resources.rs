//! What processes use, from `/proc` (proc(5)).

use std::{cell::RefCell, fs};

use crate::error::{Error, Result};

/// The kernel counts CPU time for programs in hundredths of a second, whatever it does inside.
const TICKS_PER_SECOND: f64 = 100.0;
const BYTES_PER_KIB: u64 = 1_024;

/// What the servers used during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_before_bytes: u64,
    pub(crate) resident_after_bytes: u64,
    /// The most that was seen when it was looked at.
    pub(crate) resident_peak_bytes: u64,
    /// What was handed to disks; none where the kernel does not tell it of a process of somebody else.
    pub(crate) written_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    cpu_seconds: f64,
    resident_bytes: u64,
    written_bytes: Option<u64>,
}

/// Some processes from one moment on.
#[derive(Debug)]
pub(crate) struct Meter {
    pids: Vec<u32>,
    before: Sample,
    peak: RefCell<u64>,
}

impl Meter {
    /// Begins to measure. A process that is not there is a mistake.
    pub(crate) fn begin(pids: &[u32]) -> Result<Meter> {
        for pid in pids {
            if stat(*pid).is_none() {
                return Err(Error::usage(format!(
                    "there is no process {pid}; --pid takes the process id of a server on this machine"
                )));
            }
        }
        let before = sample(pids);
        Ok(Meter { pids: pids.to_vec(), before, peak: RefCell::new(before.resident_bytes) })
    }

    /// Looks at the memory.
    pub(crate) fn look(&self) {
        let now = self.pids.iter().filter_map(|pid| resident(*pid)).sum();
        let mut peak = self.peak.borrow_mut();
        *peak = (*peak).max(now);
    }

    /// What was used; none without processes.
    pub(crate) fn end(&self) -> Option<Usage> {
        self.look();
        let after = sample(&self.pids);
        (!self.pids.is_empty()).then(|| Usage {
            cpu_seconds: after.cpu_seconds - self.before.cpu_seconds,
            resident_before_bytes: self.before.resident_bytes,
            resident_after_bytes: after.resident_bytes,
            resident_peak_bytes: *self.peak.borrow(),
            written_bytes: after.written_bytes.zip(self.before.written_bytes).map(|(after, before)| after - before),
        })
    }
}

/// CPU seconds that this process has used.
pub(crate) fn own_cpu_seconds() -> f64 {
    stat(std::process::id()).unwrap_or_default()
}

/// The kernel's release.
pub(crate) fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn sample(pids: &[u32]) -> Sample {
    Sample {
        cpu_seconds: pids.iter().filter_map(|pid| stat(*pid)).sum(),
        resident_bytes: pids.iter().filter_map(|pid| resident(*pid)).sum(),
        written_bytes: pids.iter().map(|pid| written(*pid)).sum(),
    }
}

/// CPU seconds of a process. Its name, in parentheses, may hold anything.
fn stat(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / TICKS_PER_SECOND)
}

fn resident(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(field(&text, "VmRSS:")? * BYTES_PER_KIB)
}

fn written(pid: u32) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{pid}/io")).ok()?, "write_bytes:")
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_measured_and_one_that_is_not_there_refused() {
        let meter = Meter::begin(&[std::process::id()]).expect("this process is there");
        let grown = vec![1_u8; 32 << 20];
        meter.look();
        drop(grown);
        let usage = meter.end().expect("there is a process");
        assert!(usage.resident_before_bytes > 0 && usage.resident_peak_bytes >= usage.resident_before_bytes + (16 << 20));
        assert!(usage.written_bytes.is_some() && usage.cpu_seconds >= 0.0);
        assert!(Meter::begin(&[u32::MAX]).expect_err("it is not there").message.contains("no process"));
        assert!(Meter::begin(&[]).expect("nothing to measure").end().is_none());
    }
}
