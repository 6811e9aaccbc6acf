//! Log lines, written by a thread of their own.
//!
//! Whoever logs hands a finished line to a bounded channel and goes on at once. When nobody reads stderr, the thread waits,
//! the channel fills, and further lines are dropped and counted: service never waits for a log. Once lines flow again the
//! count is told as a line of its own, and `/metrics` has it too.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Lines that may wait to be written.
const WAITING_LINES_MAX: usize = 4096;

/// How long the last lines may take to be written when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    format: LogFormat,
}

impl Log {
    /// Starts the thread and makes this the process's log.
    pub(crate) fn start(config: &Config) -> io::Result<Log> {
        let log = Log::over(io::stderr(), config.log_format)?;
        // The level was checked with the rest of the configuration.
        let filter = EnvFilter::try_new(directives(&config.log_level)).unwrap_or_default();
        let registry = tracing_subscriber::registry().with(filter);
        let format = tracing_subscriber::fmt::layer().with_writer(log.clone());
        match config.log_format {
            LogFormat::Json => registry.with(format.json()).init(),
            LogFormat::Text => registry.with(format.with_ansi(colour(&io::stderr()))).init(),
        }
        let panics = log.clone();
        std::panic::set_hook(Box::new(move |panic| {
            panics.tell(&format!("{panic}\n{}", std::backtrace::Backtrace::capture()));
            panics.flush();
        }));
        Ok(log)
    }

    /// Tells an error whatever the level is: why the process ends.
    pub(crate) fn tell(&self, message: &str) {
        let line = match self.format {
            LogFormat::Text => format!("manifold: {message}\n"),
            LogFormat::Json => {
                let line = serde_json::json!({ "level": "ERROR", "fields": { "message": message }, "target": "manifold" });
                format!("{line}\n")
            }
        };
        if self.lines.try_send(Message::Line(line.into_bytes())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn over(sink: impl Write + Send + 'static, format: LogFormat) -> io::Result<Log> {
        let (lines, waiting) = sync_channel(WAITING_LINES_MAX);
        let dropped = Arc::<AtomicU64>::default();
        let log = Log { lines, dropped: dropped.clone(), format };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(sink, &waiting, &dropped, format))?;
        Ok(log)
    }

    /// Lines dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits a little until what was logged before is written.
    pub(crate) fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.lines.try_send(Message::Flush(done)).is_ok() {
            // An error is a reader who does not read, or a thread that is gone: nobody would see the lines.
            let _ = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

/// openraft tells its every step at `info`, and at `warn` every attempt at a peer that is away, a hundred a second; who dials the
/// peer tells that once. Both are of use to who looks for a fault in it and asks for `openraft=info`.
fn directives(level: &str) -> String {
    let quiet = ["off", "error"].contains(&level.to_lowercase().as_str());
    if quiet { level.to_owned() } else { format!("openraft=error,{level}") }
}

/// Whether to use colour: only for a person's eyes, and not against their will.
pub(crate) fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

impl Write for Log {
    /// Takes one whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// The thread. A sink that fails (a closed pipe) is as good as one that nobody reads.
fn write(mut sink: impl Write, waiting: &Receiver<Message>, dropped: &AtomicU64, format: LogFormat) {
    let mut told = 0;
    while let Ok(message) = waiting.recv() {
        match message {
            Message::Line(line) => {
                if sink.write_all(&line).is_err() {
                    dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Flush(done) => {
                let _ = sink.flush();
                // Who asked may have stopped waiting.
                let _ = done.try_send(());
            }
        }
        let total = dropped.load(Ordering::Relaxed);
        if total > told && sink.write_all(notice(total - told, format).as_bytes()).is_ok() {
            told = total;
        }
    }
}

fn notice(lines: u64, format: LogFormat) -> String {
    let message = format!("{lines} log lines were dropped because they were not read fast enough");
    match format {
        LogFormat::Text => format!("WARN manifold::log: {message}\n"),
        LogFormat::Json => {
            format!("{{\"level\":\"WARN\",\"fields\":{{\"message\":\"{message}\"}},\"target\":\"manifold::log\"}}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A reader who does not read until told to.
    #[derive(Clone, Default)]
    struct Gate {
        shut: Arc<Mutex<()>>,
        text: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _open = self.shut.lock().unwrap();
            self.text.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_does_not_read_holds_nobody_up_and_hears_what_was_missed() {
        let gate = Gate::default();
        let shut = gate.shut.lock().unwrap();
        let mut log = Log::over(gate.clone(), LogFormat::Text).unwrap();
        for _ in 0..WAITING_LINES_MAX * 2 {
            log.write_all(b"line\n").unwrap();
        }
        // One line may already be in the thread's hands.
        let dropped = log.dropped();
        assert!((WAITING_LINES_MAX as u64 - 1..=WAITING_LINES_MAX as u64).contains(&dropped), "{dropped}");
        drop(shut);
        while !String::from_utf8_lossy(&gate.text.lock().unwrap()).contains("dropped") {
            std::thread::yield_now();
        }
        let text = String::from_utf8(gate.text.lock().unwrap().clone()).unwrap();
        assert!(text.contains(&format!("WARN manifold::log: {dropped} log lines were dropped")), "{text}");
    }
}
