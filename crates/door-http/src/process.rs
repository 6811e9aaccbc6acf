//! What the kernel says of this process.

use std::fs;

use crate::metrics::{Exposition, Type};

/// The fields of `/proc/self/stat` that are reported (see `proc_pid_stat(5)`).
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    start_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

/// Adds the `process_*` and `os_fd_*` families, each only if the kernel tells it.
pub(crate) fn collect(out: &mut Exposition) {
    use Type::{Counter, Gauge};
    let ticks = rustix::param::clock_ticks_per_second();
    let stat = fs::read_to_string("/proc/self/stat").ok().and_then(|text| parse(&text, ticks));
    if let Some(stat) = stat {
        let page = rustix::param::page_size() as u64;
        out.single("process_cpu_seconds_total", Counter, "Total user and system CPU time spent in seconds.", stat.cpu_seconds);
        out.single("process_resident_memory_bytes", Gauge, "Resident memory size in bytes.", stat.resident_pages * page);
        out.single("process_virtual_memory_bytes", Gauge, "Virtual memory size in bytes.", stat.virtual_bytes);
        if let Some(start) = start_seconds(stat.start_ticks, ticks) {
            out.single("process_start_time_seconds", Gauge, "Start time of the process since unix epoch in seconds.", start);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let open = open.count();
        out.single("process_open_fds", Gauge, "Number of open file descriptors.", open);
        out.single("os_fd_used", Gauge, "The number of used file descriptors.", open);
    }
    if let Some(limit) = fs::read_to_string("/proc/self/limits").ok().and_then(|text| descriptor_limit(&text)) {
        out.single("process_max_fds", Gauge, "Maximum number of open file descriptors.", limit);
        out.single("os_fd_limit", Gauge, "The file descriptor limit.", limit);
    }
}

/// The second field is the program's name in parentheses and may hold spaces, so counting starts behind it.
fn parse(text: &str, ticks: u64) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let cpu_ticks = number(11)? + number(12)?;
    Some(Stat {
        cpu_seconds: cpu_ticks as f64 / ticks as f64,
        start_ticks: number(19)?,
        virtual_bytes: number(20)?,
        resident_pages: number(21)?,
    })
}

fn start_seconds(start_ticks: u64, ticks: u64) -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot as f64 + start_ticks as f64 / ticks as f64)
}

fn descriptor_limit(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_spaces_does_not_shift_the_fields() {
        let text = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 17 18 1000 4096 12 rest";
        let expected = Stat { cpu_seconds: 3.0, start_ticks: 1000, virtual_bytes: 4096, resident_pages: 12 };
        assert_eq!(parse(text, 100), Some(expected));
        assert_eq!(parse("nonsense", 100), None);
    }

    #[test]
    fn the_limit_of_descriptors_is_the_soft_one() {
        let text = "Limit  Soft  Hard  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(descriptor_limit(text), Some(1024));
    }
}
