//! Configuration: one list of settings, four layers, and an answer that names what to change.
//!
//! A setting has the same name everywhere: `data-dir` in the file, `--data-dir` as a flag, `MANIFOLD_DATA_DIR` as a variable.
//! A flag wins over a variable, that over the file, that over the default. Everything is read and checked before the data
//! directory is touched, and all mistakes are told at once, each with the place it came from.
//!
//! A key of the file that is not known is refused, with the nearest one that is. A variable that is not known only earns a
//! warning: Kubernetes puts `MANIFOLD_SERVICE_HOST` and the like into every container beside a service called `manifold`.
//!
//! One variable is not like its flag: `--cluster-secret` and its key name a file, `MANIFOLD_CLUSTER_SECRET` holds the secret
//! itself, since a flag would show it to everyone who asks for the list of processes. No message repeats what it holds.

pub(crate) mod endpoint;
mod kafka;
mod keys;
mod nearest;
mod peers;
mod secret;
mod settings;
mod tls;
mod units;

pub(crate) use settings::{Config, LogFormat, SETTINGS, Setting};
pub(crate) use tls::{Door, DoorTls};
pub(crate) use units::{duration, readable};

use std::{collections::BTreeMap, fmt::Write};

use crate::exit::{Code, Failure, Outcome};
use secret::{SECRET, is_secret};

/// Where data is kept unless something else is said.
pub(crate) const DATA_DIR: &str = "./manifold-data";

/// The flag that names the file.
pub(crate) const FILE_FLAG: &str = "config";

/// The variable that names the file.
pub(crate) const FILE_VARIABLE: &str = "MANIFOLD_CONFIG";

const VARIABLES: &str = "MANIFOLD_";

/// What the command line gave, as it was written there.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// The file's path.
    pub(crate) file: Option<String>,
    /// Setting and text.
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// What loading gives: the configuration, and what should be said about it once there is a log.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) warnings: Vec<String>,
}

/// A text for a setting and where it came from.
struct Given {
    text: String,
    origin: String,
    layer: Layer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    File,
    Variable,
    Flag,
}

impl Given {
    /// Makes it part of the configuration, or says what is wrong with it.
    fn apply(&self, setting: &Setting, config: &mut Config) -> Result<(), String> {
        let (text, origin) = (&self.text, &self.origin);
        if setting.key == SECRET && self.layer == Layer::Variable {
            let secret = secret::from_variable(text).map_err(|problem| format!("{origin} {problem}"))?;
            config.cluster_secret = Some(secret);
            return Ok(());
        }
        (setting.set)(config, text).map_err(|problem| match is_secret(text) {
            true => format!("{origin} {problem}"),
            false => format!("{origin}: \"{text}\" {problem}"),
        })
    }
}

/// Reads all layers. `variables` are the process's environment.
pub(crate) fn load(flags: &Flags, variables: impl Iterator<Item = (String, String)>) -> Outcome<Loaded> {
    let variables: BTreeMap<String, String> = variables.filter(|(name, _)| name.starts_with(VARIABLES)).collect();
    let mut problems = Vec::new();
    let mut given: BTreeMap<&str, Given> = BTreeMap::new();

    let path = flags.file.as_ref().or_else(|| variables.get(FILE_VARIABLE));
    if let Some(path) = path {
        from_file(path, &mut given, &mut problems);
    }
    let mut warnings = from_variables(&variables, &mut given);
    for (key, text) in &flags.settings {
        given.insert(key, Given { text: text.clone(), origin: format!("--{key}"), layer: Layer::Flag });
    }

    let mut config = Config::default();
    for (key, given) in &given {
        // Only known keys were let in.
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == *key) else { continue };
        if let Err(problem) = given.apply(setting, &mut config) {
            problems.push(problem);
        }
    }
    if problems.is_empty() {
        config.check(&mut problems);
        warnings.extend(config.advice());
    }
    if problems.is_empty() { Ok(Loaded { config, warnings }) } else { Err(refusal(&problems)) }
}

fn refusal(problems: &[String]) -> Failure {
    if let [problem] = problems {
        return Failure::new(Code::Configuration, problem);
    }
    let mut message = "the configuration cannot be used:".to_owned();
    for problem in problems {
        // Writing to a string cannot fail.
        let _ = write!(message, "\n  {problem}");
    }
    Failure::new(Code::Configuration, message)
}

fn from_file(path: &str, given: &mut BTreeMap<&str, Given>, problems: &mut Vec<String>) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return problems.push(format!("{path}: the configuration file cannot be read: {error}")),
    };
    let table: toml::Table = match toml::from_str(&text) {
        Ok(table) => table,
        Err(error) => return problems.push(format!("{path}: not TOML: {}", error.to_string().trim_end())),
    };
    for (key, value) in table {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
            problems.push(format!("{path}: unknown key \"{key}\"{}", suggestion(&key)));
            continue;
        };
        match plain(&value) {
            Some(text) => {
                drop(given.insert(setting.key, Given { text, origin: format!("{path}: {key}"), layer: Layer::File }));
            }
            None => problems.push(format!("{path}: {key}: a {} where one value is expected", value.type_str())),
        }
    }
}

fn from_variables(variables: &BTreeMap<String, String>, given: &mut BTreeMap<&str, Given>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, text) in variables.iter().filter(|(name, _)| *name != FILE_VARIABLE) {
        match SETTINGS.iter().find(|setting| setting.variable() == *name) {
            Some(setting) => {
                let (text, origin) = (text.clone(), name.clone());
                drop(given.insert(setting.key, Given { text, origin, layer: Layer::Variable }));
            }
            None => {
                let key = name[VARIABLES.len()..].to_lowercase().replace('_', "-");
                let near = nearest::nearest(&key, SETTINGS.iter().map(|setting| setting.key));
                let near = near.and_then(|near| SETTINGS.iter().find(|setting| setting.key == near));
                let hint = near.map(|near| format!("; did you mean {}?", near.variable())).unwrap_or_default();
                warnings.push(format!("unknown variable {name} is ignored{hint}"));
            }
        }
    }
    warnings
}

fn suggestion(key: &str) -> String {
    let near = nearest::nearest(key, SETTINGS.iter().map(|setting| setting.key));
    near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default()
}

/// A value of the file as the text that a flag would carry.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
