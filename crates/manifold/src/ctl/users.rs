//! `ctl user`: who may sign in. Passwords come from a file or from stdin, never from arguments, which `ps` shows.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use door_http::admin::{
    members::Done,
    users::{Chosen, Secret, User},
};
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};
use serde::Serialize;

use super::client;
use crate::{
    exit::{Code, Failure, Outcome},
    table::table,
};

/// Far more than a password has.
const FILE_BYTES_MAX: u64 = 4096;

/// What was done.
#[derive(Serialize)]
pub(super) struct Changed {
    user: String,
    #[serde(skip)]
    text: String,
}

impl Changed {
    pub(super) fn to_text(&self) -> String {
        self.text.clone()
    }
}

pub(super) fn add(data_dir: &Path, name: String, admin: bool, file: Option<&Path>) -> Outcome<Changed> {
    let secret = Secret { name: name.clone(), admin, password: password(file)? };
    let Done {} = client::tell(data_dir, "/v1/users/add", &secret)?;
    let what = if admin { "may sign in and do everything" } else { "may sign in, and do what is granted" };
    Ok(Changed { text: format!("{name} {what}.\n"), user: name })
}

pub(super) fn set_password(data_dir: &Path, name: String, file: Option<&Path>) -> Outcome<Changed> {
    let secret = Secret { name: name.clone(), admin: false, password: password(file)? };
    let Done {} = client::tell(data_dir, "/v1/users/password", &secret)?;
    let text = format!("{name} signs in by the new password from now on; connections that are open stay.\n");
    Ok(Changed { text, user: name })
}

pub(super) fn remove(data_dir: &Path, name: String) -> Outcome<Changed> {
    let Done {} = client::tell(data_dir, "/v1/users/remove", &Chosen { name: name.clone() })?;
    let text = format!("{name} is gone, and so are its connections. Grants to that name stay: \"manifold ctl acl list\".\n");
    Ok(Changed { text, user: name })
}

pub(super) fn disable(data_dir: &Path, name: String) -> Outcome<Changed> {
    let Done {} = client::tell(data_dir, "/v1/users/disable", &Chosen { name: name.clone() })?;
    let text = format!("{name} is kept out, and its connections end. Its password and its grants stay.\n");
    Ok(Changed { text, user: name })
}

pub(super) fn enable(data_dir: &Path, name: String) -> Outcome<Changed> {
    let Done {} = client::tell(data_dir, "/v1/users/enable", &Chosen { name: name.clone() })?;
    Ok(Changed { text: format!("{name} may come in again, by the password that it had.\n"), user: name })
}

pub(super) fn list(data_dir: &Path) -> Outcome<Vec<User>> {
    client::ask(data_dir, "/v1/users")
}

pub(super) fn to_text(users: &[User]) -> String {
    if users.is_empty() {
        return "There are no users. The first administrator is made by: manifold ctl user add NAME --admin\n".to_owned();
    }
    let row = |user: &User| {
        let standing = match (user.enabled, user.admin) {
            (false, _) => "disabled",
            (true, true) => "admin",
            (true, false) => "user",
        };
        [user.name.clone(), standing.to_owned(), user.mechanisms.join(",")]
    };
    table(["NAME", "STANDING", "SIGNS IN BY"], &users.iter().map(row).collect::<Vec<_>>())
}

fn password(file: Option<&Path>) -> Outcome<String> {
    secret_line(file, "Password: ", "password")
}

/// The first line of a file that nobody else may read, or of stdin.
pub(super) fn secret_line(file: Option<&Path>, prompt: &str, what: &str) -> Outcome<String> {
    let text = match file {
        Some(path) => read_file(path).map_err(|error| Failure::new(Code::Failed, format!("{} {error}", path.display())))?,
        None => read_stdin(prompt).map_err(|error| Failure::new(Code::Failed, format!("stdin cannot be read: {error}")))?,
    };
    first_line(&text).map(str::to_owned).ok_or_else(|| {
        let advice = "put it there, alone on the first line";
        Failure::new(
            Code::Failed,
            format!("there is no {what} in {}; {advice}", if file.is_some() { "the file" } else { "stdin" }),
        )
    })
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().next().filter(|line| !line.is_empty())
}

fn read_file(path: &Path) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    gate::private::check_mode(path, &file)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

fn read_stdin(prompt: &str) -> io::Result<String> {
    let stdin = io::stdin();
    let mut line = String::new();
    if !isatty(&stdin) {
        stdin.take(FILE_BYTES_MAX).read_to_string(&mut line)?;
        return Ok(line);
    }
    eprint!("{prompt}");
    let shown = tcgetattr(&stdin)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
    let read = stdin.read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Flush, &shown)?;
    eprintln!();
    read.map(|_| line)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_password_is_the_first_line_of_a_file_that_nobody_else_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        for (text, expected) in [("wonder\n", Some("wonder")), (" a b \r\nc", Some(" a b ")), ("\nx", None), ("", None)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(password(Some(&path)).ok().as_deref(), expected, "{text:?}");
        }
        fs::write(&path, "wonder").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(password(Some(&path)).is_err(), "others may read it");
    }
}
