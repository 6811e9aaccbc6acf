//! Other clients, run through the proxy.

use std::{
    path::Path,
    process::{Command, Stdio},
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

/// Runs each client's program once and records what it says.
pub(crate) fn record(golden: &Golden, folder: &Path) {
    for (program, who) in CLIENTS {
        let is_over = Mutex::new(false);
        std::thread::scope(|scope| {
            proxy::serve(scope, golden, who, &is_over);
            let mut command = Command::new(folder.join("run"));
            command.arg(program).args(["--bootstrap", &format!("127.0.0.1:{PROXY_PORT}")]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.status();
            proxy::end(&is_over);
            // Its report is not looked at here, since other tests hold it against what is expected; that it ran is.
            match status {
                Ok(status) if status.success() => {}
                other => eprintln!("{program} ended with {other:?}; what it said until then is recorded"),
            }
        });
    }
}
