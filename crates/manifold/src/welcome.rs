//! What a person sees when the node is ready: where its doors are, and a command to try each.

use std::io::{self, Write};

use door_http::admin::Doors;
use gate::tls::ClientAuth;

use crate::{
    config::{Config, Door, DoorTls},
    log,
};

/// Prints the block, from a thread of its own: a stdout that nobody reads must not hold up service.
pub(crate) fn print(doors: &Doors, client_urls: &[String], config: &Config) {
    let text = block(doors, client_urls, config, log::colour(&io::stdout()));
    let print = move || {
        let mut out = io::stdout().lock();
        // A closed stdout has no reader to miss it.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    };
    // Without a thread there is no greeting; the log says the same.
    let _ = std::thread::Builder::new().name("welcome".to_owned()).spawn(print);
}

fn block(doors: &Doors, client_urls: &[String], config: &Config, colour: bool) -> String {
    let (bold, plain) = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let dir = config.data_dir.display();
    let mut text = format!("\n{bold}Manifold {} is ready{plain}, its data in {dir}\n\n", env!("CARGO_PKG_VERSION"));
    if let Some(etcd) = &doors.etcd {
        let client = format!("etcdctl --endpoints {}{}", endpoint(etcd, client_urls, config), credentials(config, Door::Etcd));
        text += &format!("  {bold}etcd{plain}   {client} put greeting hello\n");
        text += &format!("         {client} get greeting\n");
    }
    if let Some(kafka) = &doors.kafka {
        let client = format!("kcat -b {kafka}{}", kafka_credentials(config));
        text += &format!("  {bold}kafka{plain}  echo hello | {client} -t greetings -P\n");
        text += &format!("         {client} -t greetings -C -e\n");
    }
    if let Some(http) = &doors.http {
        let (scheme, credentials) = (config.scheme(Door::Http), credentials(config, Door::Http));
        text += &format!("  {bold}http{plain}   curl -s{credentials} {scheme}://{http}/health\n");
        text += &format!("         manifold ctl config set greetings first hello --data-dir {dir}\n");
        text += &format!("         manifold ctl config get greetings first --data-dir {dir}\n");
    }
    if let Some(peer) = &doors.peer {
        text += &format!("  {bold}peer{plain}   other nodes reach this one at {peer}\n");
    }
    text += &format!("  {bold}admin{plain}  manifold ctl status --data-dir {dir}\n\nCtrl-C stops it.\n\n");
    text
}

/// Where to try the etcd door. A certificate names what clients are told, if anything.
fn endpoint<'a>(address: &'a str, client_urls: &'a [String], config: &Config) -> &'a str {
    let told = client_urls.iter().find(|url| url.starts_with("https://"));
    told.filter(|_| config.door_tls(Door::Etcd) != DoorTls::Off).map_or(address, String::as_str)
}

/// What `kcat` needs for a door with TLS, or where clients sign in.
fn kafka_credentials(config: &Config) -> String {
    let tls = config.tls_options(Door::Kafka);
    let sasl = config.kafka_security_options().sasl;
    let protocol = match (&sasl, &tls) {
        (None, None) => return String::new(),
        (None, Some(_)) => "ssl",
        (Some(_), None) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    let mut text = format!(" -X security.protocol={protocol}");
    if let Some(options) = tls {
        text += &format!(" -X ssl.ca.location={}", options.files.cert.display());
        if options.client_auth == ClientAuth::Require {
            text += " -X ssl.certificate.location=CLIENT.pem -X ssl.key.location=CLIENT-KEY.pem";
        }
    }
    if let Some(mechanism) = sasl.as_ref().and_then(|sasl| sasl.mechanisms.first()) {
        text += &format!(" -X sasl.mechanism={} -X sasl.username=NAME -X sasl.password=PASSWORD", mechanism.name());
    }
    text
}

/// What `etcdctl` and `curl` alike need for a door with TLS. Both trust a certificate that they are given itself, whoever signed it.
fn credentials(config: &Config, door: Door) -> String {
    let Some(options) = config.tls_options(door) else { return String::new() };
    let own = if options.client_auth == ClientAuth::Require { " --cert CLIENT.pem --key CLIENT-KEY.pem" } else { "" };
    format!(" --cacert {}{own}", options.files.cert.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_doors_are_shown() {
        let doors = Doors { http: Some("127.0.0.1:1".to_owned()), ..Doors::default() };
        let text = block(&doors, &[], &Config::default(), false);
        assert!(
            text.contains("curl -s http://127.0.0.1:1/health")
                && !text.contains("etcdctl")
                && !text.contains("other nodes")
                && !text.contains('\x1b'),
            "{text}"
        );
    }

    #[test]
    fn doors_with_tls_are_tried_with_their_certificate() {
        let (etcd, http) = (Some("127.0.0.1:1".to_owned()), Some("127.0.0.1:2".to_owned()));
        let doors = Doors { etcd, http, ..Doors::default() };
        let urls = ["https://n1:1".to_owned()];
        let mut config = Config::default();
        let plain = block(&doors, &["http://n1:1".to_owned()], &config, false);
        assert!(plain.contains("  etcdctl --endpoints 127.0.0.1:1 put greeting hello\n"), "{plain}");
        config.tls_files.cert = Some("/c.pem".into());
        config.tls_files.key = Some("/k.pem".into());
        let text = block(&doors, &urls, &config, false);
        assert!(text.contains("  etcdctl --endpoints https://n1:1 --cacert /c.pem put greeting hello\n"), "{text}");
        assert!(text.contains("  curl -s --cacert /c.pem https://127.0.0.1:2/health\n"), "{text}");
        config.tls_files.client_ca = Some("/a.pem".into());
        config.http_tls = Some(DoorTls::Off);
        let text = block(&doors, &urls, &config, false);
        let shown = "--cacert /c.pem --cert CLIENT.pem --key CLIENT-KEY.pem get greeting";
        assert!(text.contains(shown) && text.contains("  curl -s http://127.0.0.1:2/health\n"), "{text}");
    }
}
