//! `ctl snapshot save`: the backup of a running node into one file.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use door_http::admin::ESTIMATED_BYTES;
use http_body_util::BodyExt;
use serde::Serialize;

use super::{client, progress::Line};
use crate::{
    config::readable,
    exit::{Code, Failure, Outcome},
};

/// What was written.
#[derive(Debug, Serialize)]
pub(crate) struct Saved {
    file: PathBuf,
    bytes: u64,
    seconds: f64,
}

impl Saved {
    pub(crate) fn to_text(&self) -> String {
        format!("{} holds the backup: {} in {:.1} s\n", self.file.display(), readable(self.bytes), self.seconds)
    }
}

/// Streams the backup into a file beside `file`, checks it, and gives it its name when it is whole and durable.
pub(crate) fn save(data_dir: &Path, file: &Path) -> Outcome<Saved> {
    let start = Instant::now();
    let partial = partial_name(file)?;
    let bytes = client::runtime()?.block_on(receive(data_dir, &partial)).and_then(|bytes| {
        super::restore::verify(&partial)?;
        fs::rename(&partial, file).and_then(|()| sync_parent(file)).map_err(|error| cannot_write(file, &error))?;
        Ok(bytes)
    });
    if bytes.is_err() {
        // Whether or not there was anything to remove, the failure to tell is the one above.
        let _ = fs::remove_file(&partial);
    }
    Ok(Saved { file: file.to_owned(), bytes: bytes?, seconds: start.elapsed().as_secs_f64() })
}

async fn receive(data_dir: &Path, partial: &Path) -> Outcome<u64> {
    let response = client::get(data_dir, "/v1/snapshot").await?;
    let expected = response.headers().get(ESTIMATED_BYTES).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut out = File::create(partial).map_err(|error| cannot_write(partial, &error))?;
    let mut progress = Line::new();
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Failure::new(Code::Failed, format!("the backup broke off after {bytes} bytes: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        out.write_all(&data).map_err(|error| cannot_write(partial, &error))?;
        bytes += data.len() as u64;
        progress.show(|| bar(bytes, expected));
    }
    drop(progress);
    out.sync_all().map_err(|error| cannot_write(partial, &error))?;
    Ok(bytes)
}

fn partial_name(file: &Path) -> Outcome<PathBuf> {
    let name = file.file_name().ok_or_else(|| Failure::new(Code::Failed, format!("{} is not a file's name", file.display())))?;
    let mut name = name.to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    Ok(file.with_file_name(name))
}

fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{} cannot be written: {error}", file.display()))
}

/// The expected size is a guess from the current keys: history makes the backup larger, so the bar may stand at its end.
fn bar(bytes: u64, expected: Option<u64>) -> String {
    const WIDTH: u64 = 30;
    match expected.filter(|expected| *expected > 0) {
        None => readable(bytes),
        Some(expected) => {
            let filled = (bytes.saturating_mul(WIDTH) / expected).min(WIDTH) as usize;
            format!("[{:<30}] {} of about {}", "#".repeat(filled), readable(bytes), readable(expected))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_never_overflows() {
        assert_eq!(bar(50, Some(100)), format!("[{}{}] 50 B of about 100 B", "#".repeat(15), " ".repeat(15)));
        assert_eq!(bar(500, Some(100)), format!("[{}] 500 B of about 100 B", "#".repeat(30)));
        assert_eq!(bar(500, Some(0)), "500 B");
    }
}
