//! What comes and goes in bulk: imports, exports, watches.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use http_body_util::BodyExt;
use serde_json::Value;

use super::{
    super::{client, progress::Line},
    answer,
    ask::Ask,
    print, text,
};
use crate::exit::{Code, Failure, Outcome};

/// What is imported, and how.
pub(super) struct Import {
    pub(super) file: PathBuf,
    pub(super) format: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) mode: String,
    pub(super) dry_run: bool,
    pub(super) comment: Option<String>,
}

/// By the name of a file.
fn format_of(file: Option<&Path>, given: Option<String>) -> String {
    given.unwrap_or_else(|| {
        let extension = file.and_then(Path::extension).and_then(|extension| extension.to_str());
        let name = file.and_then(Path::file_name).and_then(|name| name.to_str());
        match (extension, name) {
            (Some("yaml" | "yml"), _) => "yaml",
            (Some("env"), _) | (_, Some(".env")) => "env",
            _ => "jsonl",
        }
        .to_owned()
    })
}

pub(super) fn import(data_dir: &Path, json: bool, asked: Import) -> Outcome {
    let Import { file, format, namespace, mode, dry_run, comment } = asked;
    let unreadable = |error: io::Error| Failure::new(Code::Failed, format!("{} cannot be read: {error}", file.display()));
    let body = if file == Path::new("-") {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body).map_err(unreadable)?;
        body
    } else {
        fs::read(&file).map_err(unreadable)?
    };
    let format = format_of(Some(&file), format);
    let ask = Ask::new(data_dir, "POST", "/api/v1/import").with("format", Some(format)).with("mode", Some(mode));
    let ask = ask.with("namespace", namespace).with("dryRun", dry_run.then_some("1")).with("comment", comment).body(body);
    answer(json, &ask.tell()?.json()?, imported)
}

fn imported(told: &Value) -> String {
    if told["dryRun"] == true {
        let actions = told["actions"].as_object().into_iter().flatten();
        let lines: String = actions.map(|(action, count)| format!("  {action}  {count}\n")).collect();
        return format!("{} keys would be imported:\n{lines}Nothing was changed.\n", text(told, "items"));
    }
    let (items, deleted, first, last) = (text(told, "items"), text(told, "deleted"), text(told, "first"), text(told, "position"));
    format!("{items} changes, {deleted} of them deletions, are visible as positions {first} to {last}.\n")
}

pub(super) fn export(data_dir: &Path, file: Option<&Path>, format: Option<String>, namespace: Option<String>) -> Outcome {
    let format = format_of(file, format);
    let ask = Ask::new(data_dir, "GET", "/api/v1/export").with("format", Some(format)).with("namespace", namespace);
    save(ask, file)
}

/// Writes an answer into a file, or to stdout, as it comes. A file that is there already is not touched.
pub(super) fn save(ask: Ask<'_>, file: Option<&Path>) -> Outcome {
    let failed = |error: io::Error| {
        let name = file.map_or_else(|| "stdout".to_owned(), |file| file.display().to_string());
        Failure::new(Code::Failed, format!("{name} cannot be written: {error}"))
    };
    let runtime = client::runtime()?;
    runtime.block_on(async {
        let mut body = ask.stream().await?.into_body();
        let mut out: Box<dyn Write> = match file {
            Some(file) => Box::new(File::create_new(file).map_err(failed)?),
            None => Box::new(io::stdout().lock()),
        };
        let mut progress = Line::new();
        let mut written = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(client::broken)?;
            let Some(piece) = frame.data_ref() else { continue };
            match out.write_all(piece) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                outcome => outcome.map_err(failed)?,
            }
            written += piece.len() as u64;
            if file.is_some() {
                progress.show(|| format!("{written} bytes"));
            }
        }
        out.flush().map_err(failed)
    })
}

/// Prints events until the stream ends.
pub(super) fn watch(ask: Ask<'_>, json: bool) -> Outcome {
    client::runtime()?.block_on(async {
        let ask = ask.header("accept", Some("text/event-stream"));
        let mut body = ask.stream().await?.into_body();
        let mut held = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(client::broken)?;
            held.extend_from_slice(frame.data_ref().map_or(&[][..], |piece| piece));
            while let Some(end) = held.windows(2).position(|window| window == b"\n\n") {
                let block: Vec<u8> = held.drain(..end + 2).collect();
                let block = String::from_utf8_lossy(&block).into_owned();
                let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
                let line = if json { data.to_owned() } else { shown(data) };
                print(format!("{line}\n").as_bytes())?;
            }
        }
        Err(Failure::new(Code::Failed, "the node ended the watch: it stops, or whoever watches may not any more"))
    })
}

fn shown(data: &str) -> String {
    let Ok(event) = serde_json::from_str::<Value>(data) else { return data.to_owned() };
    let [position, time, action, namespace] = ["position", "timestamp", "action", "namespace"].map(|name| text(&event, name));
    let place = if event["key"].is_null() { namespace } else { format!("{namespace} {}", text(&event, "key")) };
    let value = event["value"].as_str().map(|value| format!(" = {}", value.escape_debug())).unwrap_or_default();
    format!("{position}  {time}  {action}  {place}  by {}{value}", text(&event, "actor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_are() {
        for (name, format) in [("a.yaml", "yaml"), ("a.yml", "yaml"), (".env", "env"), ("prod.env", "env"), ("a", "jsonl")] {
            assert_eq!(format_of(Some(Path::new(name)), None), format, "{name}");
        }
        assert_eq!(format_of(None, Some("yaml".to_owned())), "yaml");
    }
}
