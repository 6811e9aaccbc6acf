//! Other clients, run through the proxy.

use std::{
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::Mutex,
};

use crate::{broker::PROXY_PORT, golden::Golden, proxy};

/// The programs of `interop/clients/run`, and which client each of them is.
const CLIENTS: [(&str, &str); 5] = [
    ("java", "kafka-java-4.3.0"),
    ("franz-go", "franz-go-1.22.3"),
    ("librdkafka", "librdkafka-2.16.1"),
    ("kcat", "librdkafka-2.0.2"),
    ("aiokafka", "aiokafka-0.14.0"),
];

/// Runs each client's program once and records what it says. Its report is not looked at: other tests hold it against what is
/// expected.
pub(crate) fn record(golden: &Golden, folder: &Path) {
    for (program, who) in CLIENTS {
        let is_over = Mutex::new(false);
        let status = std::thread::scope(|scope| {
            proxy::serve(scope, golden, who, &is_over);
            let mut command = Command::new(folder.join("run"));
            command.arg(program).args(["--bootstrap", &format!("127.0.0.1:{PROXY_PORT}")]);
            let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            proxy::end(&is_over);
            status
        });
        let ran = status.as_ref().is_ok_and(ExitStatus::success);
        assert!(ran, "{program} ended with {status:?}: interop/clients/build builds it");
    }
}
