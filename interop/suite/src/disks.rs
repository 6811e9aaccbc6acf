//! Disks of a test's own: mounted, frozen, slowed down. All of that needs root; who cannot is told what was left out.

use crate::Server;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of our own, unmounted at the end.
#[derive(Debug)]
pub struct Mount {
    at: tempfile::TempDir,
    is_frozen: std::cell::Cell<bool>,
}

impl Mount {
    /// Mounts with these arguments of `mount`, or says why not.
    pub fn new(what: &str, arguments: &[&str]) -> Option<Self> {
        let at = tempfile::tempdir().expect("a folder can be made");
        let done = Command::new("mount").args(arguments).arg(at.path()).output();
        match done {
            Ok(output) if output.status.success() => Some(Self { at, is_frozen: std::cell::Cell::new(false) }),
            failed => {
                eprintln!("LEFT OUT: {what}: a file system cannot be mounted here: {failed:?}");
                None
            }
        }
    }

    /// An ext4 of so many MiB in a file of `folder`, as a disk of its own.
    pub fn ext4(what: &str, folder: &Path, name: &str, mebibytes: u64) -> Option<Self> {
        let image = folder.join(name);
        let file = fs::File::create(&image).expect("an image can be made");
        file.set_len(mebibytes << 20).expect("an image can be sparse");
        let made = Command::new("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=1"]).arg(&image).status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("LEFT OUT: {what}: mkfs.ext4 is missing");
            return None;
        }
        Self::new(what, &["-o", "loop", image.to_str().expect("the folders of tests have plain names")])
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.at.path()
    }

    /// Changes its options.
    pub fn remount(&self, options: &str) -> bool {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()).status();
        done.is_ok_and(|status| status.success())
    }

    /// Lets every write wait until [`Mount::thaw`].
    pub fn freeze(&self) {
        self.is_frozen.set(true);
        self.fsfreeze("--freeze");
    }

    /// Lets writes go on.
    pub fn thaw(&self) {
        self.fsfreeze("--unfreeze");
        self.is_frozen.set(false);
    }

    fn fsfreeze(&self, how: &str) {
        let done = Command::new("fsfreeze").arg(how).arg(self.path()).status();
        assert!(done.is_ok_and(|status| status.success()), "fsfreeze {how} fails");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.is_frozen.get() {
            // What hangs on it could otherwise never be ended.
            let _ = Command::new("fsfreeze").arg("--unfreeze").arg(self.path()).status();
        }
        // Lazily: what still uses it keeps it until it ends.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// A control group (version 1) of the server's own, which counts what it writes to the disk and can slow that down.
///
/// The kernel's count for a process (`/proc/PID/io`) will not do: where a file system caches files in large pieces it
/// adds a whole piece for each byte that makes it dirty.
#[derive(Debug)]
pub struct Throttle {
    folder: PathBuf,
    pid: u32,
    device: String,
}

impl Throttle {
    /// Over a server.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn over(server: &Server) -> Result<Self, String> {
        Self::of(server.pid(), &server.data_dir())
    }

    /// Over the process `pid`, whose data is in `data`.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn of(pid: u32, data: &Path) -> Result<Self, String> {
        let device = disk_of(data)?;
        let folder = PathBuf::from(format!("/sys/fs/cgroup/blkio/manifold-interop-{pid}"));
        let failed = |e| format!("no control group for the disk here (that needs root and blkio, version 1): {e}");
        fs::create_dir(&folder).map_err(failed)?;
        let group = Self { folder, pid, device };
        fs::write(group.folder.join("cgroup.procs"), group.pid.to_string()).map_err(failed)?;
        Ok(group)
    }

    /// Lets the server write so many times a second.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn slow_down(&self, writes_per_second: u32) -> Result<(), String> {
        let limit = format!("{} {writes_per_second}", self.device);
        fs::write(self.folder.join("blkio.throttle.write_iops_device"), limit)
            .map_err(|e| format!("the disk cannot be slowed down: {e}"))
    }

    /// Bytes that reached the disk since the group began.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn written(&self) -> Result<f64, String> {
        let text = fs::read_to_string(self.folder.join("blkio.throttle.io_service_bytes")).map_err(|e| e.to_string())?;
        let line = format!("{} Write ", self.device);
        Ok(text.lines().find_map(|l| l.strip_prefix(&line)?.trim().parse().ok()).unwrap_or(0.0))
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        // Back to where it came from, so that the group can go.
        let _ = fs::write("/sys/fs/cgroup/blkio/cgroup.procs", self.pid.to_string());
        if let Err(e) = fs::remove_dir(&self.folder) {
            eprintln!("{} is left behind: {e}", self.folder.display());
        }
    }
}

/// `major:minor` of the whole disk that holds `folder`.
fn disk_of(folder: &Path) -> Result<String, String> {
    let output = Command::new("findmnt").args(["-n", "-o", "MAJ:MIN", "--target"]).arg(folder).output();
    let output = output.map_err(|e| format!("findmnt: {e}"))?;
    let partition = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // A partition's limit has to be set on its disk.
    let parent = fs::canonicalize(format!("/sys/dev/block/{partition}/../dev")).ok();
    let disk = parent.and_then(|p| fs::read_to_string(p).ok()).map(|d| d.trim().to_owned());
    match disk.unwrap_or(partition) {
        disk if disk.contains(':') => Ok(disk),
        _ => Err(format!("{} lies on no disk", folder.display())),
    }
}
