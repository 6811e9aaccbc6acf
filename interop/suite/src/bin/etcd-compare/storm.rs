//! Calls the load generator and reads its line.

use interop::Server;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Runs `storm` against `server` with these arguments, prints its line, and gives it. The error says what it said.
pub(crate) fn storm(binary: &Path, server: &Server, arguments: &str) -> Result<Value, String> {
    print!("{:?} ", server.kind());
    storm_at(binary, &server.address(), &format!("--pid {} {arguments}", server.pid()))
}

/// The same against servers at these addresses.
pub(crate) fn storm_at(binary: &Path, addresses: &str, arguments: &str) -> Result<Value, String> {
    let output = Command::new(binary)
        .args(["--addr", addresses])
        .args(arguments.split_whitespace())
        .output()
        .map_err(|e| format!("{}: {e}", binary.display()))?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    println!("{arguments}: {line}");
    let value: Value = serde_json::from_str(&line)
        .map_err(|e| format!("{arguments}: {e}: {line}{}", String::from_utf8_lossy(&output.stderr)))?;
    if !output.status.success() {
        return Err(format!("{arguments}: not everything acknowledged could be read back"));
    }
    Ok(value)
}

/// A number inside the line, by the names on the way to it.
pub(crate) fn number(line: &Value, path: &[&str]) -> f64 {
    path.iter().try_fold(line, |v, name| v.get(name)).and_then(Value::as_f64).unwrap_or(f64::NAN)
}
