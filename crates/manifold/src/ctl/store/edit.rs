//! `ctl config edit`: a value in the editor, written only if nobody else changed it meanwhile.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    answer,
    arguments::{Change, Key},
    ask::{Ask, key_of},
    keys, text,
};
use crate::exit::{Code, Failure, Outcome};

/// A file that is removed when this is dropped, unless it is kept.
struct Draft {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

pub(super) fn edit(data_dir: &Path, json: bool, key: &Key, comment: Option<String>) -> Outcome {
    let ask = Ask::new(data_dir, "GET", key_of(&key.namespace, &key.key));
    let told = ask.header("accept", Some("application/octet-stream")).tell()?;
    let position = told.header("etag").and_then(|tag| tag.trim_matches('"').parse().ok());
    let value_type = told.header("manifold-type").unwrap_or("string").to_owned();
    let failed = |error: std::io::Error| Failure::new(Code::Failed, format!("the value cannot be edited: {error}"));
    let mut draft = Draft { path: draft_path(key, &value_type), is_kept: false };
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&draft.path).map_err(failed)?;
    file.write_all(&told.body).map_err(failed)?;
    drop(file);
    let editor = env::var("VISUAL").or_else(|_| env::var("EDITOR")).unwrap_or_else(|_| "vi".to_owned());
    // The variable may hold arguments, as it may for others.
    let status = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&draft.path).status();
    if !status.map_err(failed)?.success() {
        return Err(Failure::new(Code::Failed, format!("{editor} failed, and nothing was written")));
    }
    let value = fs::read(&draft.path).map_err(failed)?;
    // Editors end the last line.
    let ends_alike = value.strip_suffix(b"\n").is_some_and(|value| value == &told.body[..]);
    if value == told.body || ends_alike {
        return answer(json, &serde_json::json!({ "changed": false }), |_| "Nothing was changed.\n".to_owned());
    }
    let change = Change { if_match: position, comment };
    match keys::put(data_dir, key, value, &value_type, &change) {
        Ok(written) => answer(json, &written, |written| {
            format!("{} in {} is at version {} now.\n", key.key, key.namespace, text(written, "version"))
        }),
        Err(failure) => {
            draft.is_kept = true;
            Err(Failure::new(failure.code, format!("{}; what you wrote is in {}", failure.message, draft.path.display())))
        }
    }
}

/// Called so that editors know what it is, and unlike all others.
fn draft_path(key: &Key, value_type: &str) -> PathBuf {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(60).collect()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let extension = if value_type == "json" { "json" } else { "txt" };
    env::temp_dir().join(format!("manifold-{}-{}-{now:x}.{extension}", plain(&key.key), std::process::id()))
}
