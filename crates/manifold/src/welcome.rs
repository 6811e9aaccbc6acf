//! What a person sees when the node is ready: where its doors are, and a command to try each.

use std::{
    io::{self, Write},
    path::Path,
};

use door_http::admin::Doors;

use crate::log;

/// Prints the block, from a thread of its own: a stdout that nobody reads must not hold up service.
pub(crate) fn print(doors: &Doors, data_dir: &Path) {
    let text = block(doors, data_dir, log::colour(&io::stdout()));
    let print = move || {
        let mut out = io::stdout().lock();
        // A closed stdout has no reader to miss it.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    };
    // Without a thread there is no greeting; the log says the same.
    let _ = std::thread::Builder::new().name("welcome".to_owned()).spawn(print);
}

fn block(doors: &Doors, data_dir: &Path, colour: bool) -> String {
    let (bold, plain) = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let dir = data_dir.display();
    let mut text = format!("\n{bold}Manifold {} is ready{plain}, its data in {dir}\n\n", env!("CARGO_PKG_VERSION"));
    if let Some(etcd) = &doors.etcd {
        text += &format!("  {bold}etcd{plain}   etcdctl --endpoints {etcd} put greeting hello\n");
        text += &format!("         etcdctl --endpoints {etcd} get greeting\n");
    }
    if let Some(kafka) = &doors.kafka {
        text += &format!("  {bold}kafka{plain}  echo hello | kcat -b {kafka} -t greetings -P\n");
        text += &format!("         kcat -b {kafka} -t greetings -C -e\n");
    }
    if let Some(http) = &doors.http {
        text += &format!("  {bold}http{plain}   curl -s http://{http}/health\n");
    }
    if let Some(peer) = &doors.peer {
        text += &format!("  {bold}peer{plain}   other nodes reach this one at {peer}\n");
    }
    text += &format!("  {bold}admin{plain}  manifold ctl status --data-dir {dir}\n\nCtrl-C stops it.\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_doors_are_shown() {
        let doors = Doors { http: Some("127.0.0.1:1".to_owned()), ..Doors::default() };
        let text = block(&doors, Path::new("d"), false);
        assert!(
            text.contains("curl -s http://127.0.0.1:1/health")
                && !text.contains("etcdctl")
                && !text.contains("other nodes")
                && !text.contains('\x1b'),
            "{text}"
        );
    }
}
